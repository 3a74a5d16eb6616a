/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * oracle.c - the flat truth of a replay: per page its host state and what a device may reach.
 *
 * Sits on trace.c; tests and the command compare tables with it. One byte per page says state,
 * missing rights and whether the page is reserved; a byte of zero is OWNED and rw, so that what no
 * line names needs no memory. Pages are kept in a radix tree of three steps, 2^18, 512 and one page,
 * in which an aligned group with one value is that value: a fresh 1 TiB host costs 8 KiB, a T of
 * any size costs at most its pages, and walking the map costs what differs, not 2^ia_bits.
 * Owns: access and states follow the records alone, page by page; nothing here is shared with the
 * engine, the SMMU code or the model.
 */
#include "bench/replay/oracle.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* The byte of a page. */
#define PAGE_STATE 0x03u     /* enum trace_state */
#define PAGE_MISSING_SHIFT 2 /* enum trace_access bits that are NOT there */
#define PAGE_MISSING 0x0cu
#define PAGE_RESERVED 0x10u
#define PAGE_CONSENT 0x20u

/* An entry of the tree: 0 or odd, all its pages have the value entry >> 1; else a node's address. */
#define FANOUT_LG2 9
#define FANOUT (1u << FANOUT_LG2)
#define ROOT_LG2 (2 * FANOUT_LG2) /* pages per root entry */

/* Below a root entry 512 entries; below one of these 512 bytes, one per page. */
struct oracle_node {
	struct oracle_node *next;
	uint64_t entries[];
};

/* What an update does to each byte, and what it counts. */
struct edit {
	uint8_t clear;
	uint8_t set;
	uint8_t old_state;	      /* with change: what the record says it was, */
	bool any_state;		      /* unless that does not matter */
	struct oracle_change *change; /* NULL: count nothing */
};

static uint64_t page_of(const struct oracle *oracle, uint64_t addr)
{
	return addr >> trace_page_lg2(oracle->trace);
}

static uint64_t addr_of(const struct oracle *oracle, uint64_t page)
{
	return page << trace_page_lg2(oracle->trace);
}

static unsigned value_access(unsigned value)
{
	if (value & (PAGE_RESERVED | PAGE_CONSENT))
		return TRACE_ACCESS_NONE;
	return ~(value >> PAGE_MISSING_SHIFT) & TRACE_ACCESS_RW;
}

static bool entry_is_node(uint64_t entry)
{
	return entry && !(entry & 1);
}

static struct oracle_node *entry_node(uint64_t entry)
{
	return (struct oracle_node *)(uintptr_t)entry;
}

static uint8_t *entry_pages(uint64_t entry)
{
	return (uint8_t *)entry_node(entry)->entries;
}

static uint8_t entry_value(uint64_t entry)
{
	return (uint8_t)(entry >> 1);
}

static uint64_t value_entry(uint8_t value)
{
	return (uint64_t)value << 1 | 1;
}

static struct oracle_node *node_new(struct oracle *oracle, size_t bytes)
{
	struct oracle_node *node = malloc(sizeof(*node) + bytes);

	if (!node)
		return NULL;
	node->next = oracle->nodes;
	oracle->nodes = node;
	return node;
}

/* Replace a uniform entry by a node whose 512 parts all have its value. */
static int entry_split(struct oracle *oracle, uint64_t *entry, bool into_pages)
{
	uint8_t value = entry_value(*entry);
	struct oracle_node *node;

	node = node_new(oracle, into_pages ? FANOUT : FANOUT * sizeof(uint64_t));
	if (!node)
		return -1;
	if (into_pages) {
		memset(node->entries, value, FANOUT);
	} else {
		for (unsigned i = 0; i < FANOUT; i++)
			node->entries[i] = value_entry(value);
	}
	*entry = (uintptr_t)node;
	return 0;
}

/* ---- updates ---- */

/* Count what @pages pages from @first on do when they go from @old to @new. */
static void count_change(struct oracle *oracle, const struct edit *edit, uint64_t first, uint64_t pages,
			 unsigned old, unsigned new)
{
	struct oracle_change *change = edit->change;
	unsigned access_old = value_access(old), access_new = value_access(new);
	unsigned state_old = old & PAGE_STATE;

	if (state_old != edit->old_state && !edit->any_state) {
		if (!change->pages_contradicting) {
			change->contradiction_addr = addr_of(oracle, first);
			change->contradiction_state = (enum trace_state)state_old;
		}
		change->pages_contradicting += pages;
	}
	if (access_old && !access_new) {
		change->pages_revoked += pages;
		oracle->pages_unreachable += pages;
	}
	if (access_new & ~access_old) {
		change->pages_granted += pages;
		if (!access_old)
			oracle->pages_unreachable -= pages;
	}
	if (state_old == TRACE_STATE_NOPAGE)
		oracle->pages_nopage -= pages;
	if ((new &PAGE_STATE) == TRACE_STATE_NOPAGE)
		oracle->pages_nopage += pages;
}

/* The new value of @pages pages that all have the value @old. */
static uint8_t edit_value(struct oracle *oracle, const struct edit *edit, uint64_t first, uint64_t pages,
			  uint8_t old)
{
	uint8_t new = (uint8_t)((old & ~edit->clear) | edit->set);

	if (edit->change)
		count_change(oracle, edit, first, pages, old, new);
	return new;
}

/*
 * Edit the pages [first, end) of the entry whose pages begin at @base and number 2^@lg2. A uniform
 * entry that is covered whole, or that the edit leaves as it is, stays uniform.
 */
static int entry_update(struct oracle *oracle, uint64_t *entry, unsigned lg2, uint64_t first, uint64_t end,
			const struct edit *edit)
{
	bool into_pages = lg2 == FANOUT_LG2;
	uint64_t base = first >> lg2 << lg2;

	if (!entry_is_node(*entry)) {
		uint8_t old = entry_value(*entry);
		uint8_t new = (uint8_t)((old & ~edit->clear) | edit->set);

		if (new == old || end - first == 1ull << lg2) {
			*entry = value_entry(edit_value(oracle, edit, first, end - first, old));
			return 0;
		}
		if (entry_split(oracle, entry, into_pages))
			return -1;
	}
	if (into_pages) {
		uint8_t *pages = entry_pages(*entry);

		for (uint64_t page = first; page < end; page++)
			pages[page - base] = edit_value(oracle, edit, page, 1, pages[page - base]);
		return 0;
	}
	lg2 -= FANOUT_LG2;
	for (uint64_t page = first; page < end;) {
		uint64_t next = ((page >> lg2) + 1) << lg2;
		uint64_t *child = &entry_node(*entry)->entries[(page - base) >> lg2];

		if (next > end)
			next = end;
		if (entry_update(oracle, child, lg2, page, next, edit))
			return -1;
		page = next;
	}
	return 0;
}

/* Edit the pages of [start, end), which lies within 0..2^ia_bits. */
static int update(struct oracle *oracle, uint64_t start, uint64_t end, const struct edit *edit)
{
	uint64_t page = page_of(oracle, start);
	uint64_t last = page_of(oracle, end);

	while (page < last) {
		uint64_t next = ((page >> ROOT_LG2) + 1) << ROOT_LG2;

		if (next > last)
			next = last;
		if (entry_update(oracle, &oracle->roots[page >> ROOT_LG2], ROOT_LG2, page, next, edit))
			return -1;
		page = next;
	}
	return 0;
}

/* ---- reading ---- */

static uint64_t limit_bytes(const struct oracle *oracle)
{
	return 1ull << oracle->trace->ia_bits;
}

/* The value at @page, and the end of the group that surely has it too. */
static uint8_t value_at(const struct oracle *oracle, uint64_t page, uint64_t *group_end)
{
	uint64_t entry = oracle->roots[page >> ROOT_LG2];
	unsigned lg2 = ROOT_LG2;

	if (entry_is_node(entry)) {
		lg2 = FANOUT_LG2;
		entry = entry_node(entry)->entries[(page >> FANOUT_LG2) & (FANOUT - 1)];
		if (entry_is_node(entry)) {
			*group_end = page + 1;
			return entry_pages(entry)[page & (FANOUT - 1)];
		}
	}
	*group_end = ((page >> lg2) + 1) << lg2;
	return entry_value(entry);
}

/* The end of the maximal run from @page, up to @limit, of pages whose values have one key. */
static uint64_t run_end(const struct oracle *oracle, uint64_t page, uint64_t limit,
			unsigned (*key)(unsigned value), unsigned *key_found)
{
	uint64_t group_end;

	*key_found = key(value_at(oracle, page, &group_end));
	while (group_end < limit) {
		uint64_t next_end;

		if (key(value_at(oracle, group_end, &next_end)) != *key_found)
			return group_end;
		group_end = next_end;
	}
	return limit;
}

static unsigned key_state(unsigned value)
{
	return value & PAGE_STATE;
}

static unsigned key_access(unsigned value)
{
	return value_access(value);
}

/* Pages of memory without access, and not because they are reserved, are 1. */
static unsigned key_unreachable(unsigned value)
{
	return !(value & PAGE_RESERVED) && !value_access(value);
}

unsigned oracle_access(const struct oracle *oracle, uint64_t addr)
{
	uint64_t group_end;

	if (addr >= limit_bytes(oracle))
		return TRACE_ACCESS_NONE;
	return value_access(value_at(oracle, page_of(oracle, addr), &group_end));
}

enum trace_state oracle_state(const struct oracle *oracle, uint64_t addr)
{
	uint64_t group_end;

	if (addr >= limit_bytes(oracle))
		return TRACE_STATE_OWNED;
	return (enum trace_state)key_state(value_at(oracle, page_of(oracle, addr), &group_end));
}

bool oracle_is_memory(const struct oracle *oracle, uint64_t addr)
{
	return trace_touches_memory(oracle->trace, addr, addr + 1);
}

bool oracle_is_reserved(const struct oracle *oracle, uint64_t addr)
{
	uint64_t group_end;

	if (addr >= limit_bytes(oracle))
		return false;
	return value_at(oracle, page_of(oracle, addr), &group_end) & PAGE_RESERVED;
}

bool oracle_check_snapshot(const struct oracle *oracle, const struct trace_snapshot *snapshot,
			   struct oracle_mismatch *mismatch)
{
	const struct trace *trace = oracle->trace;
	size_t s = 0;

	for (size_t m = 0; m < trace->memory_count; m++) {
		uint64_t page = page_of(oracle, trace->memory[m].start);
		uint64_t end = page_of(oracle, trace->memory[m].end);

		while (page < end) {
			unsigned recorded = TRACE_STATE_OWNED;
			uint64_t limit = end;
			unsigned replayed;
			uint64_t next;

			while (s < snapshot->states_count &&
			       page_of(oracle, snapshot->states[s].end) <= page)
				s++;
			if (s < snapshot->states_count) {
				const struct trace_state_run *run = &snapshot->states[s];
				bool inside = page_of(oracle, run->start) <= page;
				uint64_t edge = page_of(oracle, inside ? run->end : run->start);

				if (inside)
					recorded = run->state;
				if (edge < limit)
					limit = edge;
			}
			next = run_end(oracle, page, limit, key_state, &replayed);
			if (replayed != recorded) {
				mismatch->addr = addr_of(oracle, page);
				mismatch->replayed = (enum trace_state)replayed;
				mismatch->recorded = (enum trace_state)recorded;
				return false;
			}
			page = next;
		}
	}
	return true;
}

/* Visit the reachable runs of [start, end), which has one memory type. */
static bool map_segment(const struct oracle *oracle, uint64_t start, uint64_t end, bool memory,
			bool (*visit)(void *context, const struct oracle_run *run), void *context)
{
	uint64_t page = page_of(oracle, start);
	uint64_t limit = page_of(oracle, end);

	while (page < limit) {
		unsigned access;
		uint64_t next = run_end(oracle, page, limit, key_access, &access);
		struct oracle_run run = {addr_of(oracle, page), addr_of(oracle, next), access, memory};

		if (access && !visit(context, &run))
			return false;
		page = next;
	}
	return true;
}

void oracle_map(const struct oracle *oracle, bool (*visit)(void *context, const struct oracle_run *run),
		void *context)
{
	const struct trace *trace = oracle->trace;
	uint64_t addr = 0;

	for (size_t m = 0; m < trace->memory_count; m++) {
		const struct trace_region *region = &trace->memory[m];

		if (!map_segment(oracle, addr, region->start, false, visit, context) ||
		    !map_segment(oracle, region->start, region->end, true, visit, context))
			return;
		addr = region->end;
	}
	map_segment(oracle, addr, limit_bytes(oracle), false, visit, context);
}

struct map_file {
	FILE *file;
	bool failed;
};

static bool write_run(void *context, const struct oracle_run *run)
{
	static const char *const rights[] = {
		[TRACE_ACCESS_R] = "ro",
		[TRACE_ACCESS_W] = "wo",
		[TRACE_ACCESS_RW] = "rw",
	};
	struct map_file *map = context;

	if (fprintf(map->file, "%" PRIx64 " %" PRIx64 " %s %s\n", run->start, run->end, rights[run->access],
		    run->memory ? "mem" : "mmio") < 0)
		map->failed = true;
	return !map->failed;
}

int oracle_map_write(const struct oracle *oracle, FILE *file)
{
	struct map_file map = {.file = file};

	oracle_map(oracle, write_run, &map);
	return map.failed || fflush(file) ? -1 : 0;
}

/* ---- life ---- */

/* Memory pages whose value has the key 1. */
static uint64_t count_memory(const struct oracle *oracle, unsigned (*key)(unsigned value))
{
	const struct trace *trace = oracle->trace;
	uint64_t count = 0;

	for (size_t m = 0; m < trace->memory_count; m++) {
		uint64_t page = page_of(oracle, trace->memory[m].start);
		uint64_t end = page_of(oracle, trace->memory[m].end);

		while (page < end) {
			unsigned found;
			uint64_t next = run_end(oracle, page, end, key, &found);

			if (found)
				count += next - page;
			page = next;
		}
	}
	return count;
}

static unsigned key_nopage(unsigned value)
{
	return (value & PAGE_STATE) == TRACE_STATE_NOPAGE;
}

static int init_pages(struct oracle *oracle, const struct oracle_range *reserved, size_t reserved_count)
{
	const struct trace_snapshot *snapshot = &oracle->trace->snapshots[0];
	uint64_t limit = limit_bytes(oracle);

	for (size_t i = 0; i < snapshot->states_count; i++) {
		const struct trace_state_run *run = &snapshot->states[i];
		struct edit edit = {.clear = PAGE_STATE, .set = run->state};

		if (update(oracle, run->start, run->end, &edit))
			return -1;
	}
	for (size_t i = 0; i < snapshot->leaves_count; i++) {
		const struct trace_leaf_run *run = &snapshot->leaves[i];
		unsigned missing = ~(unsigned)run->access & TRACE_ACCESS_RW;
		struct edit edit = {.clear = PAGE_MISSING, .set = (uint8_t)(missing << PAGE_MISSING_SHIFT)};

		if (update(oracle, run->start, run->end, &edit))
			return -1;
	}
	for (size_t i = 0; i < reserved_count; i++) {
		uint64_t end = reserved[i].end < limit ? reserved[i].end : limit;
		struct edit edit = {.set = PAGE_RESERVED};

		if (reserved[i].start < end && update(oracle, reserved[i].start, end, &edit))
			return -1;
	}
	return 0;
}

int oracle_init(struct oracle *oracle, const struct trace *trace, const struct oracle_range *reserved,
		size_t reserved_count)
{
	memset(oracle, 0, sizeof(*oracle));
	oracle->trace = trace;
	oracle->roots_count = 1;
	if (trace->ia_bits > trace_page_lg2(trace) + ROOT_LG2)
		oracle->roots_count = (size_t)1 << (trace->ia_bits - trace_page_lg2(trace) - ROOT_LG2);
	oracle->roots = calloc(oracle->roots_count, sizeof(*oracle->roots));
	if (!oracle->roots || init_pages(oracle, reserved, reserved_count)) {
		oracle_free(oracle);
		return -1;
	}
	oracle->pages_nopage = count_memory(oracle, key_nopage);
	oracle->pages_unreachable = count_memory(oracle, key_unreachable);
	return 0;
}

void oracle_free(struct oracle *oracle)
{
	while (oracle->nodes) {
		struct oracle_node *next = oracle->nodes->next;

		free(oracle->nodes);
		oracle->nodes = next;
	}
	free(oracle->roots);
	memset(oracle, 0, sizeof(*oracle));
}

int oracle_apply(struct oracle *oracle, const struct trace_record *record, struct oracle_change *change)
{
	struct edit edit = {.change = change};

	memset(change, 0, sizeof(*change));
	if (record->type != TRACE_T)
		return 0;
	change->revokes = trace_record_revokes(record);
	change->grants = trace_record_grants(record);
	edit.old_state = record->old_state;
	edit.clear = PAGE_STATE;
	edit.set = record->new_state;
	if (change->revokes)
		edit.set |= PAGE_MISSING;
	if (change->grants)
		edit.clear |= PAGE_MISSING | PAGE_CONSENT;
	if (update(oracle, record->start, record->start + record->bytes, &edit))
		return -1;
	if (change->pages_contradicting)
		oracle->contradictions++;
	return 0;
}

static unsigned key_gives(unsigned value)
{
	return (value & PAGE_STATE) != TRACE_STATE_NOPAGE;
}

int oracle_consent(struct oracle *oracle, uint64_t start, uint64_t end, struct oracle_change *change)
{
	struct edit edit = {.set = PAGE_CONSENT, .any_state = true, .change = change};
	uint64_t page = page_of(oracle, start), last = page_of(oracle, end);

	memset(change, 0, sizeof(*change));
	while (page < last) {
		unsigned gives;
		uint64_t next = run_end(oracle, page, last, key_gives, &gives);

		if (gives && update(oracle, addr_of(oracle, page), addr_of(oracle, next), &edit))
			return -1;
		page = next;
	}
	return 0;
}

bool oracle_has_consent(const struct oracle *oracle, uint64_t addr)
{
	uint64_t group_end;

	return addr < limit_bytes(oracle) &&
	       (value_at(oracle, page_of(oracle, addr), &group_end) & PAGE_CONSENT);
}

/* ---- points ---- */

/* Fill in the spread: T number i * (n / (spread + 1)), the first T left out. */
static void spread_points(const struct trace *trace, uint64_t count, size_t spread,
			  struct oracle_points *points)
{
	uint64_t number = 0;

	for (size_t i = 0; i < trace->records_count; i++) {
		size_t next = points->spread_count + 1;

		if (trace->records[i].type != TRACE_T)
			continue;
		if (next <= spread && number && number >= next * count / (spread + 1))
			points->spread_seq[points->spread_count++] = trace->records[i].seq;
		number++;
	}
}

int oracle_points(const struct trace *trace, size_t spread, struct oracle_points *points)
{
	struct oracle oracle;
	struct oracle_change change;
	uint64_t count = 0;

	memset(points, 0, sizeof(*points));
	if (spread > ORACLE_SPREAD_MAX)
		spread = ORACLE_SPREAD_MAX;
	if (oracle_init(&oracle, trace, NULL, 0))
		return -1;
	points->peak_nopage = oracle.pages_nopage;
	for (size_t i = 0; i < trace->records_count; i++) {
		const struct trace_record *record = &trace->records[i];

		points->last_seq = record->seq;
		if (record->type != TRACE_T)
			continue;
		if (oracle_apply(&oracle, record, &change)) {
			oracle_free(&oracle);
			return -1;
		}
		if (count++ == 0)
			points->first_seq = record->seq;
		if (count == 1 || oracle.pages_unreachable > points->peak_unreachable) {
			points->peak_unreachable = oracle.pages_unreachable;
			points->peak_seq = record->seq;
		}
		if (oracle.pages_nopage > points->peak_nopage)
			points->peak_nopage = oracle.pages_nopage;
	}
	points->any = count > 0;
	oracle_free(&oracle);
	spread_points(trace, count, spread, points);
	return 0;
}
