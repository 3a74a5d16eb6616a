/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_bound.c - the worst case in tables: against a count page by page, and against real tables.
 *
 * Three references, each with its own arithmetic:
 *   - an array with a byte a page of a small space, from which every unit is judged alone;
 *   - real tables of random maps in spaces of any size, in the one state of the host that takes most;
 *   - real tables of small maps in every state that a handful of page groups can be in.
 * And reservations: with any pool, what was granted can be applied.
 *
 * With --table it prints the examples of docs/memory.md instead.
 */
#include "smmuv3/pgtable_bound.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include <shadow/error.h>

#include "seeded.h"
#include "smmuv3/pgtable.h"

#define RANGES_MAX     8u
#define POOL_PAGES_MAX 8192u
#define SPANS_MAX      4096u
#define PIECES_MAX     64u
#define HOLES_MAX      4096u

#define KIB UINT64_C(0x400)
#define MIB UINT64_C(0x100000)
#define GIB UINT64_C(0x40000000)
#define TIB UINT64_C(0x10000000000)

/* ---- the map under test ------------------------------------------------------------------------------- */

static struct shadow_range memory[RANGES_MAX], reserved[RANGES_MAX];
static struct shadow_region regions[RANGES_MAX];
static struct shadow_smmu_target_config config;

static void map_init(unsigned granule_lg2, unsigned ia_bits, unsigned bbml)
{
	memset(&config, 0, sizeof(config));
	config.map.ia_bits = ia_bits;
	config.map.granule_lg2 = granule_lg2;
	config.map.memory = memory;
	config.map.reserved = reserved;
	config.regions = regions;
	config.bbml = bbml;
	config.vmid = 1;
	config.runs_max = 16;
	config.collapse = SHADOW_COLLAPSE_EAGER;
	/* Beyond most spaces; a hole in MMIO of the others. */
	config.pool.base.addr = 240 * TIB;
}

static void add_memory(uint64_t start, uint64_t end)
{
	assert_true(config.map.memory_count < RANGES_MAX);
	memory[config.map.memory_count++] = (struct shadow_range){ start, end };
}

static void add_reserved(uint64_t start, uint64_t end)
{
	assert_true(config.map.reserved_count < RANGES_MAX);
	reserved[config.map.reserved_count++] = (struct shadow_range){ start, end };
}

static void add_region(uint64_t start, uint64_t end, enum shadow_mapping mapping)
{
	assert_true(config.region_count < RANGES_MAX);
	regions[config.region_count++] = (struct shadow_region){ { start, end }, mapping };
}

static bool inside(const struct shadow_range *range, unsigned count, uint64_t address)
{
	for (unsigned i = 0; i < count; i++)
		if (address >= range[i].start && address < range[i].end)
			return true;
	return false;
}

static const struct shadow_region *region_of(uint64_t address)
{
	for (unsigned i = 0; i < config.region_count; i++)
		if (inside(&regions[i].range, 1, address))
			return &regions[i];
	return NULL;
}

static bool is_reserved(uint64_t address)
{
	uint64_t page = UINT64_C(1) << config.map.granule_lg2;
	struct shadow_range pool = { config.pool.base.addr, config.pool.base.addr + config.pool.bytes };

	/* Any 4 KiB of the page. */
	for (uint64_t at = address & ~(page - 1); at < (address | (page - 1)); at += 4 * KIB)
		if (inside(reserved, config.map.reserved_count, at) || inside(&pool, 1, at))
			return true;
	return false;
}

static bool is_memory(uint64_t address)
{
	return inside(memory, config.map.memory_count, address);
}

/* May this page be revoked or granted alone, or is it one of many pages anyway? */
static bool moves(uint64_t address)
{
	const struct shadow_region *region = region_of(address);

	if (region && region->mapping == SHADOW_MAPPING_PAGES)
		return true;
	return is_memory(address) && !(region && config.bbml == 0);
}

/* Every place where something starts or ends, sorted. Return: how many. */
static unsigned pieces(uint64_t *piece)
{
	uint64_t top = UINT64_C(1) << config.map.ia_bits, mask = (UINT64_C(1) << config.map.granule_lg2) - 1;
	unsigned count = 0, kept = 0;

	piece[count++] = 0;
	piece[count++] = top;
	for (unsigned i = 0; i < config.map.memory_count; i++) {
		piece[count++] = memory[i].start;
		piece[count++] = memory[i].end;
	}
	for (unsigned i = 0; i < config.map.reserved_count; i++) {
		piece[count++] = reserved[i].start & ~mask;
		piece[count++] = (reserved[i].end + mask) & ~mask;
	}
	for (unsigned i = 0; i < config.region_count; i++) {
		piece[count++] = regions[i].range.start;
		piece[count++] = regions[i].range.end;
	}
	piece[count++] = config.pool.base.addr;
	piece[count++] = config.pool.base.addr + ((config.pool.bytes + mask) & ~mask);
	assert_true(count <= PIECES_MAX);
	for (unsigned i = 1; i < count; i++)
		for (unsigned j = i; j > 0 && piece[j] < piece[j - 1]; j--) {
			uint64_t swap = piece[j];

			piece[j] = piece[j - 1];
			piece[j - 1] = swap;
		}
	for (unsigned i = 0; i < count; i++)
		if (piece[i] <= top && (!kept || piece[i] != piece[kept - 1]))
			piece[kept++] = piece[i];
	return kept;
}

static uint64_t formula(void)
{
	return pgtable_tables_max(&config, config.pool.bytes);
}

/* ---- page by page ------------------------------------------------------------------------------------- */

/* The format, from the architecture's tables. */
static unsigned index_lg2(void)
{
	return config.map.granule_lg2 - 3;
}

static bool has_block(unsigned height)
{
	static const unsigned highest[3][2] = { { 2, 3 }, { 1, 2 }, { 1, 2 } };

	return height <= highest[config.map.granule_lg2 == 12 ? 0 :
				 config.map.granule_lg2 == 14 ? 1 :
								2][config.map.ia_bits > 48];
}

enum {
	SEEN_MOVES = 1,
	SEEN_MEMORY = 2,
	SEEN_DEVICE = 4,
	SEEN_RESERVED = 8,
	SEEN_EDGE = 16 /* a region starts here */
};

static uint8_t page_class(uint64_t address)
{
	uint8_t seen = 0;

	if (is_reserved(address))
		seen = SEEN_RESERVED;
	else
		seen = (uint8_t)((is_memory(address) ? SEEN_MEMORY : SEEN_DEVICE) |
				 (moves(address) ? SEEN_MOVES : 0));
	if (address && region_of(address) != region_of(address - 1))
		seen |= SEEN_EDGE;
	return seen;
}

static uint64_t count_by_pages(unsigned start_height, uint64_t start_tables)
{
	uint64_t page_count = UINT64_C(1) << (config.map.ia_bits - config.map.granule_lg2), piece[PIECES_MAX];
	uint8_t *seen = malloc(page_count);
	uint64_t tables = start_tables;
	unsigned count = pieces(piece);

	assert_non_null(seen);
	for (unsigned i = 0; i + 1 < count; i++) {
		uint64_t first = piece[i] >> config.map.granule_lg2,
			 end = piece[i + 1] >> config.map.granule_lg2;

		if (first == end)
			continue;
		memset(seen + first, page_class(piece[i]) & ~SEEN_EDGE, end - first);
		seen[first] = page_class(piece[i]);
	}
	for (unsigned height = 0; height < start_height; height++) {
		uint64_t unit = UINT64_C(1) << index_lg2() * (height + 1);

		for (uint64_t first = 0; first < page_count; first += unit) {
			unsigned any = seen[first] & ~SEEN_EDGE;

			for (uint64_t page = first + 1; page < first + unit; page++)
				any |= seen[page];
			if (!(any & (SEEN_MEMORY | SEEN_DEVICE)))
				continue;
			tables += any & (SEEN_MOVES | SEEN_RESERVED | SEEN_EDGE) || !has_block(height + 1) ||
				  (any & SEEN_MEMORY && any & SEEN_DEVICE);
		}
	}
	free(seen);
	return tables;
}

static uint64_t random_state;

static uint64_t below(uint64_t limit)
{
	return seeded_below(&random_state, limit);
}

/* Near an edge of some unit, or anywhere. */
static uint64_t random_address(uint64_t from, uint64_t to, unsigned align_lg2)
{
	unsigned lg2 = config.map.granule_lg2 + index_lg2() * (unsigned)below(3) + (unsigned)below(3);
	uint64_t address = from + below(to - from);

	if (lg2 < config.map.ia_bits - 1 && below(3))
		address = (address >> lg2 << lg2) + (below(2) ? 0 : (below(4) << config.map.granule_lg2));
	address = address >> align_lg2 << align_lg2;
	return address < from ? from : address > to ? to : address;
}

/* Random ranges inside [from, to). */
static void random_map(uint64_t from, uint64_t to)
{
	unsigned granule_lg2 = config.map.granule_lg2;
	uint64_t at = from, edge[2 * RANGES_MAX];
	unsigned count;

	config.map.memory_count = config.map.reserved_count = config.region_count = 0;
	for (unsigned which = 0; which < 2; which++) {
		count = 2 * (unsigned)below(which ? 4 : RANGES_MAX / 2);
		for (unsigned i = 0; i < count; i++)
			edge[i] = random_address(from, to, granule_lg2);
		for (unsigned i = 1; i < count; i++)
			for (unsigned j = i; j > 0 && edge[j] < edge[j - 1]; j--) {
				at = edge[j];
				edge[j] = edge[j - 1];
				edge[j - 1] = at;
			}
		for (unsigned i = 0; i + 1 < count; i += 1 + (unsigned)below(2)) {
			if (edge[i] == edge[i + 1])
				continue;
			if (which)
				add_region(edge[i], edge[i + 1],
					   below(2) ? SHADOW_MAPPING_BLOCKS : SHADOW_MAPPING_PAGES);
			else
				add_memory(edge[i], edge[i + 1]);
		}
	}
	count = (unsigned)below(RANGES_MAX);
	for (unsigned i = 0; i < count; i++) {
		uint64_t start = random_address(from, to, 12), end = random_address(from, to, 12);

		if (below(2))
			end = start + (1 + below(6)) * 4 * KIB;
		if (start < end)
			add_reserved(start, end);
	}
	config.pool.base.addr = random_address(from, to, 21);
	config.pool.bytes = (1 + below(40)) << granule_lg2;
}

static void the_formula_is_what_a_count_page_by_page_gives(void **state)
{
	static const struct {
		unsigned granule_lg2, ia_bits;
		enum shadow_start start;
		unsigned start_height;
		uint64_t start_tables;
	} spaces[] = {
		{ 12, 32, SHADOW_START_SINGLE, 2, 1 },	      { 12, 32, SHADOW_START_CONCATENATED, 1, 4 },
		{ 12, 34, SHADOW_START_CONCATENATED, 1, 16 }, { 12, 33, SHADOW_START_DEFAULT, 2, 1 },
		{ 14, 32, SHADOW_START_DEFAULT, 1, 1 },	      { 14, 36, SHADOW_START_DEFAULT, 1, 1 },
		{ 14, 37, SHADOW_START_DEFAULT, 1, 2 },	      { 14, 38, SHADOW_START_SINGLE, 2, 1 },
		{ 16, 32, SHADOW_START_SINGLE, 1, 1 },	      { 16, 33, SHADOW_START_CONCATENATED, 0, 16 },
		{ 16, 40, SHADOW_START_DEFAULT, 1, 1 },
	};

	(void)state;
	random_state = seeded_start();
	for (unsigned round = 0; round < 110; round++) {
		unsigned which = round % (sizeof(spaces) / sizeof(spaces[0]));
		uint64_t top = UINT64_C(1) << spaces[which].ia_bits;

		map_init(spaces[which].granule_lg2, spaces[which].ia_bits, (unsigned)below(3));
		config.start = spaces[which].start;
		if (below(2))
			random_map(0, top);
		else
			random_map(top / 2 - (UINT64_C(1) << 30), top / 2 + (UINT64_C(1) << 30));
		assert_int_equal(formula(),
				 count_by_pages(spaces[which].start_height, spaces[which].start_tables));
	}
}

/* ---- real tables -------------------------------------------------------------------------------------- */

static struct pgtable pgtable;
static struct pgtable_page pages[POOL_PAGES_MAX];
static struct tlbi_span span_storage[SPANS_MAX];
static struct tlbi_spans spans;
static struct shadow_region region_storage[RANGES_MAX];
static uint64_t fence;

static void tables_up(unsigned page_count)
{
	size_t bytes = (size_t)page_count << config.map.granule_lg2;
	struct shadow_smmu_target_config pooled = config;

	assert_true(page_count <= POOL_PAGES_MAX);
	memset(pages, 0, sizeof(pages));
	spans = (struct tlbi_spans){ .span = span_storage, .capacity = SPANS_MAX };
	/* Zeroes, as pages are touched. */
	pooled.pool.virt =
		mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	pooled.pool.bytes = bytes;
	assert_ptr_not_equal(pooled.pool.virt, MAP_FAILED);
	assert_int_equal(pgtable_init(&pgtable, &pooled, pages, region_storage, &spans), 0);
	fence = 0;
}

static void tables_down(void)
{
	munmap(pgtable.pool.virt, pgtable.pool.bytes);
}

/* One batch of runs, and all that follows until its fence is complete. */
static void batch_end(void)
{
	pgtable_close(&pgtable);
	pgtable_retire(&pgtable, ++fence);
	pgtable_reclaim(&pgtable, fence);
	spans.count = 0;
	spans.all = false;
}

static struct run run_of(uint64_t start, uint64_t end, enum shadow_access access)
{
	return (struct run){ start >> config.map.granule_lg2, end >> config.map.granule_lg2, access,
			     is_memory(start) ? SHADOW_MEMORY_NORMAL : SHADOW_MEMORY_DEVICE };
}

/* All that is not reserved, in runs of one memory type each. */
static void map_everything(void)
{
	uint64_t piece[PIECES_MAX];
	unsigned count = pieces(piece);

	for (unsigned i = 0; i + 1 < count;) {
		unsigned end = i + 1;
		struct run run;

		while (end + 1 < count && is_reserved(piece[end]) == is_reserved(piece[i]) &&
		       is_memory(piece[end]) == is_memory(piece[i]))
			end++;
		run = run_of(piece[i], piece[end], SHADOW_ACCESS_RW);
		if (!is_reserved(piece[i]) && run.start < run.end)
			assert_int_equal(pgtable_apply(&pgtable, &run), 0);
		i = end;
	}
}

/* A batch of one run. */
static void change(const struct run *run)
{
	if (pgtable.bbml == 1) {
		pgtable_mark(&pgtable, run);
		spans.count = 0;
	}
	assert_int_equal(pgtable_apply(&pgtable, run), 0);
	batch_end();
}

static bool one_piece_moves(uint64_t first, uint64_t end)
{
	uint64_t piece[PIECES_MAX];
	unsigned count = pieces(piece);

	for (unsigned i = 0; i + 1 < count; i++)
		if (piece[i] < end && piece[i + 1] > first && (is_reserved(piece[i]) || !moves(piece[i])))
			return false;
	return true;
}

/* One page of every smallest unit that moves as a whole. What is cut anyway needs no help. */
static void revoke_one_page_in_each_unit(void)
{
	uint64_t unit = UINT64_C(1) << (config.map.granule_lg2 + index_lg2()), piece[PIECES_MAX];
	unsigned count = pieces(piece);

	for (unsigned i = 0; i + 1 < count; i++) {
		if (is_reserved(piece[i]) || !moves(piece[i]))
			continue;
		for (uint64_t at = piece[i] & ~(unit - 1); at < piece[i + 1]; at += unit) {
			struct run hole =
				run_of(at + unit / 2, at + unit / 2 + (UINT64_C(1) << config.map.granule_lg2),
				       SHADOW_ACCESS_NONE);

			if (at >= piece[i] && one_piece_moves(at, at + unit))
				change(&hole);
		}
	}
}

static void the_worst_state_of_the_host_takes_exactly_what_the_formula_says(void **state)
{
	static const struct {
		unsigned granule_lg2, ia_bits;
		enum shadow_start start;
	} spaces[] = {
		{ 12, 32, SHADOW_START_SINGLE },  { 12, 40, SHADOW_START_DEFAULT },
		{ 12, 41, SHADOW_START_SINGLE },  { 12, 44, SHADOW_START_DEFAULT },
		{ 12, 48, SHADOW_START_DEFAULT }, { 12, 52, SHADOW_START_DEFAULT },
		{ 12, 52, SHADOW_START_SINGLE },  { 14, 36, SHADOW_START_DEFAULT },
		{ 14, 40, SHADOW_START_SINGLE },  { 14, 48, SHADOW_START_DEFAULT },
		{ 14, 52, SHADOW_START_DEFAULT }, { 16, 40, SHADOW_START_DEFAULT },
		{ 16, 46, SHADOW_START_SINGLE },  { 16, 48, SHADOW_START_DEFAULT },
		{ 16, 52, SHADOW_START_DEFAULT },
	};

	(void)state;
	random_state = seeded_start();
	for (unsigned round = 0; round < 300; round++) {
		unsigned which = round % (sizeof(spaces) / sizeof(spaces[0]));
		unsigned granule_lg2 = spaces[which].granule_lg2, most;
		uint64_t window, from;

		map_init(granule_lg2, spaces[which].ia_bits, (unsigned)below(3));
		config.start = spaces[which].start;
		/* Some forty of the smallest units, around a border of larger ones. */
		window = UINT64_C(40) << (granule_lg2 + index_lg2());
		from = ((UINT64_C(1) << config.map.ia_bits) - window) / 2 >> granule_lg2 << granule_lg2;
		random_map(from, from + window);
		/* The pool that is really used. */
		config.pool.bytes = UINT64_C(64) << granule_lg2;
		most = (unsigned)formula();
		assert_in_range(most, 1, POOL_PAGES_MAX);
		tables_up(most + 8);
		config.pool.bytes = (uint64_t)(most + 8) << granule_lg2;
		most = (unsigned)formula();
		tables_down();
		tables_up((unsigned)(config.pool.bytes >> granule_lg2));

		map_everything();
		pgtable_built(&pgtable);
		batch_end();
		assert_true(pgtable.live <= most);
		revoke_one_page_in_each_unit();

		assert_int_equal(pgtable.live, most);
		tables_down();
	}
}

/* ---- every state of a small map ----------------------------------------------------------------------- */

#define GROUPS_MAX 12u

struct group {
	uint64_t start, end;
};

static struct group groups[GROUPS_MAX];
static unsigned group_count;

static void add_group(uint64_t start, uint64_t end)
{
	assert_true(group_count < GROUPS_MAX);
	groups[group_count++] = (struct group){ start, end };
}

/* Through every subset of groups that may be revoked, one change at a time. Return: the most live tables. */
static unsigned most_in_any_state(void)
{
	unsigned subset = 0, most = pgtable.live;

	for (unsigned step = 1; step < 1u << group_count; step++) {
		unsigned index = (unsigned)__builtin_ctz(step);
		struct run run;

		subset ^= 1u << index;
		run = run_of(groups[index].start, groups[index].end,
			     subset >> index & 1 ? SHADOW_ACCESS_NONE : SHADOW_ACCESS_RW);
		assert_in_range(pgtable_reserve(&pgtable, &run), 0, 1);
		change(&run);
		most = pgtable.live > most ? pgtable.live : most;
		assert_true(pgtable.live <= formula());
	}
	return most;
}

/* Five of the smallest units around a border of larger ones; what moves is one page and the rest of each
 * unit. */
static void small_map(unsigned granule_lg2, unsigned ia_bits, unsigned bbml, enum shadow_start start)
{
	uint64_t unit, page = UINT64_C(1) << granule_lg2, base;

	map_init(granule_lg2, ia_bits, bbml);
	config.start = start;
	unit = page << index_lg2();
	base = (unit << index_lg2()) < UINT64_C(1) << (ia_bits - 1) ? unit << index_lg2() : 8 * unit;
	base -= 2 * unit;
	add_memory(base, base + 5 * unit);
	group_count = 0;
	for (unsigned i = 0; i < 5; i++) {
		uint64_t at = base + i * unit;

		add_group(at, at + page);
		add_group(at + page, at + unit);
	}
}

static void no_state_of_a_small_map_takes_more_and_one_takes_as_much(void **state)
{
	static const struct {
		unsigned granule_lg2, ia_bits;
		enum shadow_start start;
	} spaces[] = {
		{ 12, 32, SHADOW_START_SINGLE },  { 12, 34, SHADOW_START_CONCATENATED },
		{ 12, 40, SHADOW_START_DEFAULT }, { 12, 48, SHADOW_START_DEFAULT },
		{ 12, 52, SHADOW_START_SINGLE },  { 14, 36, SHADOW_START_DEFAULT },
		{ 14, 40, SHADOW_START_SINGLE },  { 14, 48, SHADOW_START_DEFAULT },
		{ 14, 52, SHADOW_START_DEFAULT }, { 16, 40, SHADOW_START_DEFAULT },
		{ 16, 48, SHADOW_START_DEFAULT }, { 16, 52, SHADOW_START_DEFAULT },
	};

	(void)state;
	for (unsigned which = 0; which < 3 * sizeof(spaces) / sizeof(spaces[0]); which++) {
		unsigned at = which / 3;

		small_map(spaces[at].granule_lg2, spaces[at].ia_bits, which % 3, spaces[at].start);
		config.pool.bytes = (formula() + 8) << config.map.granule_lg2;
		tables_up((unsigned)(config.pool.bytes >> config.map.granule_lg2));
		map_everything();
		pgtable_built(&pgtable);
		batch_end();

		assert_int_equal(most_in_any_state(), formula());
		tables_down();
	}
}

static void no_state_takes_more_with_declared_regions_and_reserved_pages(void **state)
{
	static const unsigned granules[] = { 12, 14, 16 };

	(void)state;
	for (unsigned which = 0; which < 9; which++) {
		unsigned granule_lg2 = granules[which / 3], bbml = which % 3;
		uint64_t unit = UINT64_C(1) << (2 * granule_lg2 - 3), page = UINT64_C(1) << granule_lg2;
		uint64_t base = 8 * unit;

		map_init(granule_lg2, 40, bbml);
		/* Blocks that stay at BBM level 0, memory that moves, and MMIO in pages of which some is
		 * revoked. */
		add_memory(base, base + 4 * unit + unit / 2);
		add_region(base, base + 2 * unit, SHADOW_MAPPING_BLOCKS);
		add_region(base + 6 * unit, base + 8 * unit, SHADOW_MAPPING_PAGES);
		add_reserved(base + 4 * unit + 3 * page, base + 4 * unit + 5 * page);
		add_reserved(base + 9 * unit, base + 11 * unit);
		group_count = 0;
		add_group(base + 2 * unit, base + 3 * unit);
		add_group(base + 3 * unit, base + 3 * unit + page);
		add_group(base + 4 * unit, base + 4 * unit + 3 * page);
		add_group(base + 4 * unit + 5 * page, base + 4 * unit + unit / 2);
		add_group(base + 6 * unit, base + 6 * unit + page);
		add_group(base + 6 * unit + page, base + 8 * unit);
		if (bbml) {
			add_group(base + unit, base + unit + page);
			add_group(base, base + unit);
			add_group(base + 2 * unit - page, base + 2 * unit);
		}
		config.pool.bytes = (formula() + 8) << granule_lg2;
		tables_up((unsigned)(config.pool.bytes >> granule_lg2));
		map_everything();
		pgtable_built(&pgtable);
		batch_end();

		/* Where blocks move, group 2 revokes its unit as a whole: each of the others is cut at some
		 * time. */
		if (bbml)
			assert_true(most_in_any_state() >= formula() - 2);
		else
			assert_int_equal(most_in_any_state(), formula());
		tables_down();
	}
}

/* ---- reservations ------------------------------------------------------------------------------------- */

#define WINDOW_UNITS 12u
#define WINDOW_PAGES (WINDOW_UNITS << 13)

static uint8_t access_now[WINDOW_PAGES], access_next[WINDOW_PAGES], touched[WINDOW_PAGES];
static uint64_t window_start; /* in bytes */
static unsigned window_pages;

static uint64_t address_of(unsigned index)
{
	return window_start + ((uint64_t)index << config.map.granule_lg2);
}

/* From the page at @index on, the pages up to @end of one memory type that are not reserved. */
static bool next_run(unsigned *index, unsigned end, enum shadow_access access, struct run *run)
{
	unsigned first = *index, after;

	while (first < end && is_reserved(address_of(first)))
		first++;
	for (after = first; after < end && !is_reserved(address_of(after)) &&
			    is_memory(address_of(after)) == is_memory(address_of(first));
	     after++)
		;
	*index = after;
	if (first < after)
		*run = run_of(address_of(first), address_of(after), access);
	return first < after;
}

static void mark_run(const struct run *run)
{
	pgtable_mark(&pgtable, run);
}

static void apply_run(const struct run *run)
{
	assert_int_equal(pgtable_apply(&pgtable, run), 0);
}

/* Everything that this batch wants, in ascending order. */
static void each_wanted(void (*what)(const struct run *run))
{
	for (unsigned at = 0; at < window_pages;) {
		unsigned end = at;
		struct run run;

		while (end < window_pages && touched[end] == touched[at] &&
		       access_next[end] == access_next[at])
			end++;
		while (at < end && touched[at])
			if (next_run(&at, end, (enum shadow_access)access_next[at], &run))
				what(&run);
		at = end;
	}
}

static uint32_t pages_in_use(void)
{
	return pgtable.live + pgtable.unlinked;
}

static void apply_wanted(void)
{
	uint32_t before = pgtable.peak = pages_in_use(), granted = pgtable.reserved;

	if (pgtable.bbml == 1)
		each_wanted(mark_run);
	each_wanted(apply_run);
	assert_true(pgtable.peak - before <= granted);
	memcpy(access_now, access_next, sizeof(access_now));
	memset(touched, 0, sizeof(touched));
	pgtable_close(&pgtable);
	pgtable_retire(&pgtable, ++fence);
	spans.count = 0;
	spans.all = false;
}

/* Return: as pgtable_reserve() for the first run that is refused. */
static int reserve_pages(unsigned start, unsigned end, enum shadow_access access)
{
	struct run run;

	while (start < end)
		if (next_run(&start, end, access, &run)) {
			int granted = pgtable_reserve(&pgtable, &run);

			if (granted < 0)
				return granted;
			assert_true(pgtable.reserved <= pgtable.limit - pages_in_use());
		}
	return 0;
}

static bool undoes_revoke(unsigned start, unsigned end)
{
	for (unsigned i = start; i < end; i++)
		if (touched[i] && access_next[i] == SHADOW_ACCESS_NONE)
			return true;
	return false;
}

static unsigned granted_count, refused_count, promised_count;

static void one_transition(void)
{
	enum shadow_access access = below(2) ? SHADOW_ACCESS_RW : SHADOW_ACCESS_NONE;
	unsigned unit = 1u << index_lg2(), start = (unsigned)below(window_pages), count = 1, end;
	int error;

	if (!below(4))
		count = 1 + (unsigned)below(2 * unit);
	if (!below(3))
		start = start / unit * unit;
	end = start + count < window_pages ? start + count : window_pages;
	if (access && undoes_revoke(start, end))
		return;
	error = reserve_pages(start, end, access);
	/* As the engine does: once more with nothing outstanding. */
	if (error == -SHADOW_ENOMEM || error == -SHADOW_EAGAIN) {
		apply_wanted();
		pgtable_reclaim(&pgtable, fence);
		error = reserve_pages(start, end, access);
		assert_int_not_equal(error, -SHADOW_EAGAIN);
	}
	refused_count += error != 0;
	if (error)
		return;
	granted_count++;
	promised_count += pgtable.promised;
	for (unsigned i = start; i < end; i++) {
		if (is_reserved(address_of(i)))
			continue;
		access_next[i] = (uint8_t)access;
		touched[i] = 1;
	}
}

static enum shadow_access walk(uint64_t address)
{
	const struct pgtable_format *format = &pgtable.format;
	unsigned height = format->start;
	uint64_t page = address >> format->granule_lg2, pte;
	const uint64_t *table = pgtable.pool.virt;

	for (;;) {
		uint64_t index = page >> format_lg2(format, height);

		pte = table[height == format->start ? index : index % format_entries(format)];
		if (!pte_is_table(pte, height))
			break;
		table = (const uint64_t *)pgtable.pool.virt +
			((format_page(format, pte) - (config.pool.base.addr >> format->granule_lg2))
			 << format->index_lg2);
		height--;
	}
	return (enum shadow_access)(pte_is_valid(pte) ? pte >> 6 & 3 : 0);
}

static void assert_table_says(void)
{
	for (unsigned i = 0; i < 400; i++) {
		unsigned at = (unsigned)below(window_pages);

		if (!is_reserved(address_of(at)))
			assert_int_equal(walk(address_of(at)), access_now[at]);
	}
}

/* Units that the worst case counts for what may transition, and that have no table now. */
static uint64_t tables_lacking(void)
{
	uint64_t lacking = 0, unit_pages;

	for (unsigned height = 0; height < pgtable.format.start; height++) {
		uint64_t base = window_start, unit, end = address_of(window_pages - 1);

		unit_pages = UINT64_C(1) << index_lg2() * (height + 1);
		unit = unit_pages << config.map.granule_lg2;
		for (base &= ~(unit - 1); base <= end; base += unit) {
			uint64_t first = base < window_start ? window_start : base;
			bool moving = false, has_table = false;

			for (uint64_t at = first; at < base + unit && at <= end;
			     at += UINT64_C(1) << config.map.granule_lg2)
				moving |= !is_reserved(at) && moves(at);
			for (uint32_t page = 1; page < pgtable.bump; page++)
				has_table |= pgtable.page[page].linked &&
					     pgtable.page[page].height == height &&
					     (uint64_t)pgtable.page[page].at << pgtable.format.index_lg2 ==
						     base >> config.map.granule_lg2;
			lacking += moving && !has_table;
		}
	}
	return lacking;
}

static void assert_promises_can_be_kept(void)
{
	uint64_t counted = pgtable.live - pgtable.beyond;

	assert_true(pgtable.beyond <= pgtable.live);
	assert_true(tables_lacking() <= (pgtable.tables_max > counted ? pgtable.tables_max - counted : 0));
}

static void tables_up_mapped(unsigned page_count)
{
	config.pool.bytes = (uint64_t)page_count << config.map.granule_lg2;
	tables_up(page_count);
	map_everything();
	pgtable_built(&pgtable);
	batch_end();
	for (unsigned i = 0; i < window_pages; i++)
		access_now[i] = access_next[i] =
			is_reserved(address_of(i)) ? SHADOW_ACCESS_NONE : SHADOW_ACCESS_RW;
	memset(touched, 0, sizeof(touched));
}

static void random_batches(unsigned batches)
{
	for (unsigned batch = 0; batch < batches; batch++) {
		for (uint64_t count = below(12); count > 0; count--)
			one_transition();
		apply_wanted();
		if (below(3))
			pgtable_reclaim(&pgtable, fence - below(2));
		assert_table_says();
		if (!below(8))
			assert_promises_can_be_kept();
	}
}

static bool enough(void)
{
	return granted_count > 1000 && refused_count > 1000 && promised_count > 1000;
}

static void what_was_granted_can_be_applied_with_a_pool_of_any_size(void **state)
{
	static const struct {
		unsigned granule_lg2, ia_bits;
	} spaces[] = { { 12, 32 }, { 12, 40 }, { 12, 41 }, { 14, 40 },
		       { 16, 44 }, { 16, 46 }, { 14, 36 }, { 12, 36 } };

	(void)state;
	random_state = seeded_start();
	granted_count = refused_count = promised_count = 0;
	/* Small pools refuse a lot and large ones nothing: on until there was enough of each to look at. */
	for (unsigned round = 0; round < 40 || !enough(); round++) {
		unsigned which = round % (sizeof(spaces) / sizeof(spaces[0])), rest, most;

		map_init(spaces[which].granule_lg2, spaces[which].ia_bits, (unsigned)below(3));
		window_pages = WINDOW_UNITS << index_lg2();
		window_start = ((UINT64_C(1) << config.map.ia_bits) -
				((uint64_t)window_pages << config.map.granule_lg2)) /
			       2;
		window_start = window_start >> config.map.granule_lg2 << config.map.granule_lg2;
		random_map(window_start, address_of(window_pages));
		config.collapse = (enum shadow_collapse)below(3);
		config.pool.base.addr = 240 * TIB;
		most = (unsigned)formula();
		tables_up_mapped(most + 64);
		rest = pgtable.live;
		tables_down();
		for (unsigned page_count = rest; page_count <= most + 4;
		     page_count += 1 + (unsigned)below(6)) {
			tables_up_mapped(page_count);
			random_batches(12);
			tables_down();
		}
	}
}

/* One GiB of memory, with MMIO below and above. */
static void plain_map(unsigned bbml)
{
	map_init(12, 36, bbml);
	add_memory(GIB, 2 * GIB);
	window_start = 0;
	window_pages = 4;
}

static int reserve_one(uint64_t address, enum shadow_access access)
{
	struct run run = run_of(address, address + 4 * KIB, access);

	return pgtable_reserve(&pgtable, &run);
}

static void change_one(uint64_t address, enum shadow_access access)
{
	struct run run = run_of(address, address + 4 * KIB, access);

	change(&run);
}

static void two_runs_that_need_the_same_tables_need_them_once(void **state)
{
	(void)state;
	plain_map(2);
	/* The start table, and two for a page of the block of a GiB. */
	tables_up_mapped(3);

	assert_int_equal(reserve_one(GIB, SHADOW_ACCESS_NONE), 0);
	assert_int_equal(pgtable.reserved, 2);
	assert_int_equal(reserve_one(GIB + 8 * KIB, SHADOW_ACCESS_NONE), 0);
	assert_int_equal(pgtable.reserved, 2);
	assert_int_equal(reserve_one(GIB + 2 * MIB, SHADOW_ACCESS_NONE), -SHADOW_ENOMEM);
	/* A refusal may make later runs count more than they need, never less. */
	assert_in_range(pgtable.reserved, 2, 3);
	change_one(GIB, SHADOW_ACCESS_NONE);
	assert_int_equal(pgtable.reserved, 0);
	assert_int_equal(pgtable.live, 3);
	assert_int_equal(reserve_one(GIB + 12 * KIB, SHADOW_ACCESS_NONE), 0);
	assert_int_equal(pgtable.reserved, 0);
	tables_down();
}

/* What a reservation alone counts, since no pool holds the worst case. */
static void reserve_exactly(const struct run *run)
{
	uint32_t before = pgtable.peak = pages_in_use(), reserved_count;

	pgtable.tables_max = UINT32_MAX;
	assert_int_equal(pgtable_reserve(&pgtable, run), 0);
	reserved_count = pgtable.reserved;
	if (pgtable.bbml == 1)
		pgtable_mark(&pgtable, run);
	assert_int_equal(pgtable_apply(&pgtable, run), 0);
	assert_int_equal(pgtable.peak - before, reserved_count);
	batch_end();
}

/* Revoke from tables as the snapshot made them; then grant within what was revoked as a whole. */
static void a_run_alone_is_counted_exactly(void **state)
{
	static const struct {
		unsigned granule_lg2, ia_bits;
	} spaces[] = { { 12, 36 }, { 14, 46 }, { 16, 48 }, { 12, 48 } };

	(void)state;
	random_state = seeded_start();
	for (unsigned round = 0; round < 400; round++) {
		unsigned which = round % (sizeof(spaces) / sizeof(spaces[0]));
		unsigned lg2 = spaces[which].granule_lg2, unit_lg2 = 2 * lg2 - 3;
		uint64_t top = UINT64_C(1) << (which ? 42 : 36), start, end;
		struct run run, inner;

		map_init(lg2, spaces[which].ia_bits, (unsigned)below(3));
		add_memory(top / 8, top / 2);
		do {
			start = below(top) >> lg2 << lg2;
			end = start + ((1 + below(UINT64_C(4) << unit_lg2 >> below(unit_lg2))) >> lg2 << lg2);
			if (below(3) == 0)
				start = start >> unit_lg2 << unit_lg2;
			if (below(3) == 0)
				end = end >> unit_lg2 << unit_lg2;
		} while (start >= end || end > top || is_memory(start) != is_memory(end - 1) ||
			 (config.bbml == 0 && !is_memory(start)));
		config.pool.bytes = UINT64_C(4000) << lg2;
		if (config.bbml == 0) {
			/* Memory in pages would take too many: only what is revoked is left in them. */
			memory[0] = (struct shadow_range){ start >> unit_lg2 << unit_lg2,
							   ((end - 1) >> unit_lg2 << unit_lg2) +
								   (UINT64_C(1) << unit_lg2) };
		}
		window_start = 0;
		window_pages = 0;
		tables_up_mapped(4000);
		run = run_of(start, end, SHADOW_ACCESS_NONE);
		reserve_exactly(&run);
		inner = run;
		inner.start += below(run.end - run.start);
		inner.end -= below(run.end - inner.start);
		inner.access = SHADOW_ACCESS_RW;
		reserve_exactly(&inner);
		tables_down();
	}
}

static void tables_of_every_height_are_counted(void **state)
{
	struct run run;

	(void)state;
	plain_map(0);
	config.pool.bytes = 2000 << 12;
	tables_up_mapped(600);
	assert_int_equal(pgtable.live, 2 + 512);
	run = run_of(GIB, 2 * GIB, SHADOW_ACCESS_NONE);
	reserve_exactly(&run);
	assert_int_equal(pgtable.live, 1);
	run = run_of(GIB + 1 * MIB, GIB + 11 * MIB, SHADOW_ACCESS_RW);
	reserve_exactly(&run);
	assert_int_equal(pgtable.live, 2 + 6);
	tables_down();

	/* Unit 0 of two heights. */
	plain_map(2);
	config.pool.bytes = 2000 << 12;
	tables_up_mapped(600);
	run = run_of(0, 4 * KIB, SHADOW_ACCESS_NONE);
	reserve_exactly(&run);
	assert_int_equal(pgtable.live, 3);
	tables_down();
}

static void a_pool_of_the_worst_case_promises_it_in_every_state(void **state)
{
	(void)state;
	for (unsigned bbml = 0; bbml < 3; bbml++) {
		plain_map(bbml);
		/* Both ends of memory share tables with MMIO, which a snapshot comes to first at one of them.
		 */
		memory[0] = (struct shadow_range){ GIB + 5 * MIB, GIB + 21 * MIB };
		config.pool.bytes = 64 << 12;
		tables_up_mapped((unsigned)formula());
		assert_int_equal(pgtable.beyond, 0);
		for (uint64_t at = GIB + 5 * MIB; at < GIB + 21 * MIB; at += MIB) {
			assert_int_equal(reserve_one(at, SHADOW_ACCESS_NONE), 1);
			assert_int_equal(pgtable.live + pgtable.reserved, formula());
			change_one(at, SHADOW_ACCESS_NONE);
		}
		tables_down();
	}
}

static void a_grant_behind_a_table_with_holes_waits_until_that_is_forgotten(void **state)
{
	struct run run;

	(void)state;
	plain_map(2);
	config.pool.bytes = 2000 << 12;
	tables_up_mapped((unsigned)formula() + 2);
	change_one(GIB, SHADOW_ACCESS_NONE);
	/* The rest of its table: nothing is left in it. */
	run = run_of(GIB + 4 * KIB, GIB + 2 * MIB, SHADOW_ACCESS_NONE);
	assert_int_equal(pgtable_apply(&pgtable, &run), 0);
	pgtable_close(&pgtable);
	pgtable_retire(&pgtable, ++fence);
	assert_int_equal(pgtable.unlinked, 1);

	assert_int_equal(reserve_one(GIB + 8 * KIB, SHADOW_ACCESS_RW), -SHADOW_EAGAIN);
	assert_int_equal(reserve_one(GIB + 8 * KIB, SHADOW_ACCESS_NONE), 1);
	assert_int_equal(reserve_one(GIB + 2 * MIB, SHADOW_ACCESS_RW), 1);
	pgtable_reclaim(&pgtable, fence);
	assert_int_equal(reserve_one(GIB + 8 * KIB, SHADOW_ACCESS_RW), 1);
	change_one(GIB + 8 * KIB, SHADOW_ACCESS_RW);

	/* A table that a block has replaced says of each page what a grant would say. */
	change_one(GIB + 4 * MIB, SHADOW_ACCESS_NONE);
	run = run_of(GIB + 4 * MIB, GIB + 4 * MIB + 4 * KIB, SHADOW_ACCESS_RW);
	assert_int_equal(pgtable_apply(&pgtable, &run), 0);
	pgtable_close(&pgtable);
	pgtable_retire(&pgtable, ++fence);
	assert_int_equal(pgtable.unlinked, 1);
	assert_int_equal(reserve_one(GIB + 4 * MIB, SHADOW_ACCESS_RW), 1);
	tables_down();
}

static void a_cut_in_mmio_costs_the_promise_no_more_than_its_tables_and_for_no_longer(void **state)
{
	(void)state;
	plain_map(2);
	config.pool.bytes = 2000 << 12;
	/* All that memory may need, and two tables for a page of MMIO. */
	tables_up_mapped((unsigned)formula() + 2);
	assert_int_equal(reserve_one(GIB, SHADOW_ACCESS_NONE), 1);
	assert_int_equal(pgtable.reserved, formula() - 1);
	batch_end();

	assert_int_equal(reserve_one(5 * GIB, SHADOW_ACCESS_NONE), 0);
	assert_int_equal(reserve_one(GIB, SHADOW_ACCESS_NONE), 1);
	assert_int_equal(pgtable.reserved, formula() + 1);
	assert_int_equal(reserve_one(6 * GIB, SHADOW_ACCESS_NONE), -SHADOW_ENOMEM);
	change_one(5 * GIB, SHADOW_ACCESS_NONE);
	assert_int_equal(pgtable.beyond, 2);
	assert_int_equal(reserve_one(GIB, SHADOW_ACCESS_NONE), 1);
	batch_end();

	/* Once its tables are gone there is room for another. */
	change_one(5 * GIB, SHADOW_ACCESS_RW);
	assert_int_equal(pgtable.beyond, 0);
	assert_int_equal(reserve_one(6 * GIB, SHADOW_ACCESS_NONE), 0);
	change_one(6 * GIB, SHADOW_ACCESS_NONE);
	assert_int_equal(reserve_one(GIB, SHADOW_ACCESS_NONE), 1);
	tables_down();
}

static void at_bbm_level_0_a_declared_block_is_refused_however_large_the_pool(void **state)
{
	struct run whole;

	(void)state;
	plain_map(0);
	add_region(GIB, GIB + 64 * MIB, SHADOW_MAPPING_BLOCKS);
	config.pool.bytes = 2000 << 12;
	tables_up_mapped((unsigned)formula() + 8);

	/* So that the engine goes on asking, zero is what memory gets here. */
	assert_int_equal(reserve_one(GIB + 64 * MIB, SHADOW_ACCESS_NONE), 0);
	assert_true(pgtable.promised);
	assert_int_equal(reserve_one(GIB + 4 * KIB, SHADOW_ACCESS_NONE), -SHADOW_EOPNOTSUPP);
	assert_int_equal(reserve_one(3 * GIB, SHADOW_ACCESS_NONE), -SHADOW_EOPNOTSUPP);
	/* A whole block is no cut. */
	whole = run_of(GIB + 2 * MIB, GIB + 4 * MIB, SHADOW_ACCESS_NONE);
	assert_int_equal(pgtable_reserve(&pgtable, &whole), 0);
	change(&whole);
	/* Of what is invalid a page may be granted: its table is one that the worst case does not know. */
	assert_int_equal(reserve_one(GIB + 2 * MIB, SHADOW_ACCESS_RW), 0);
	change_one(GIB + 2 * MIB, SHADOW_ACCESS_RW);
	assert_int_equal(pgtable.beyond, 1);
	tables_down();
}

static void mmio_in_pages_is_promised_like_memory(void **state)
{
	(void)state;
	plain_map(0);
	add_region(5 * GIB, 5 * GIB + 4 * MIB, SHADOW_MAPPING_PAGES);
	config.pool.bytes = 2000 << 12;
	tables_up_mapped((unsigned)formula());
	assert_int_equal(pgtable.live, formula());

	assert_int_equal(reserve_one(5 * GIB, SHADOW_ACCESS_NONE), 0);
	assert_int_equal(pgtable.reserved, 0);
	assert_true(pgtable.promised);
	tables_down();
}

/* ---- the pool, and the table in the documentation ----------------------------------------------------- */

static const struct shadow_smmu_config example_smmu = {
	.registers = 4096, .cmdq_lg2 = 8, .evtq_lg2 = 7, .sid_bits = 8, .wait_ns = 1000000
};

static uint64_t pool_bytes(void)
{
	return shadow_smmu_pool_bytes(&config, &example_smmu, 1);
}

static void the_advised_pool_holds_the_worst_case_that_it_makes_itself(void **state)
{
	(void)state;
	random_state = seeded_start();
	for (unsigned round = 0; round < 600; round++) {
		static const unsigned granules[] = { 12, 14, 16 };
		uint64_t top, granule, queues;

		map_init(granules[round % 3], 40, (unsigned)below(3));
		top = UINT64_C(1) << 40;
		granule = UINT64_C(1) << config.map.granule_lg2;
		random_map(top / 2 - GIB, top / 2 + GIB);
		queues = 3 * (granule > 16 * KIB ? granule : 16 * KIB);
		config.pool.bytes = pool_bytes();
		assert_int_equal(config.pool.bytes % (2 * MIB), 0);
		assert_true(formula() * granule < config.pool.bytes);
		/* No more than what it adds, what is cut, and the alignment. */
		assert_true(config.pool.bytes <=
			    (formula() + 8) * granule + queues + 8 * MIB + config.pool.bytes / index_lg2());
	}
}

#define ROW_MAX 160u

/* 64 GiB of memory from 2 GiB on, the registers of an SMMU at 144 MiB, the pool at 3 GiB. */
static void example_map(unsigned granule_lg2, unsigned ia_bits, unsigned bbml)
{
	map_init(granule_lg2, ia_bits, bbml);
	add_memory(2 * GIB, 66 * GIB);
	add_reserved(144 * MIB, 144 * MIB + 128 * KIB);
	if (bbml == 0)
		add_region(6 * GIB, 66 * GIB, SHADOW_MAPPING_BLOCKS);
	config.pool.base.addr = 3 * GIB;
	config.pool.bytes = pool_bytes();
}

static void example_row(char *row, unsigned granule_lg2, unsigned ia_bits)
{
	uint64_t declared, tables[FORMAT_HEIGHTS];
	struct bound bound;
	size_t used;

	example_map(granule_lg2, ia_bits, 0);
	declared = formula();
	example_map(granule_lg2, ia_bits, 2);
	assert_int_equal(bound_compute(&bound, &config, config.pool.bytes), 0);
	for (unsigned height = 0; height < FORMAT_HEIGHTS; height++)
		tables[height] = bound.moving[height] + bound.cut[height];
	used = (size_t)snprintf(row, ROW_MAX, "| %u KiB | %u | %" PRIu64, 1u << (granule_lg2 - 10), ia_bits,
				bound.start);
	for (unsigned height = FORMAT_HEIGHTS - 1; height-- > 0;)
		used += (size_t)snprintf(row + used, ROW_MAX - used, " | %" PRIu64, tables[height]);
	snprintf(row + used, ROW_MAX - used,
		 " | %" PRIu64 " | %.1f MiB | %" PRIu64 " MiB | %" PRIu64 " | %.1f MiB |\n", formula(),
		 (double)(formula() << granule_lg2) / (double)MIB, config.pool.bytes / MIB, declared,
		 (double)(declared << granule_lg2) / (double)MIB);
}

static const struct {
	unsigned granule_lg2, ia_bits;
} examples[] = {
	{ 12, 40 }, { 12, 41 }, { 12, 48 }, { 12, 52 }, { 14, 40 }, { 14, 41 },
	{ 14, 48 }, { 14, 52 }, { 16, 40 }, { 16, 41 }, { 16, 48 }, { 16, 52 },
};

#define EXAMPLES (sizeof(examples) / sizeof(examples[0]))

static void the_table_in_the_documentation_is_what_the_formula_gives(void **state)
{
	FILE *file = fopen("docs/memory.md", "r");
	char row[ROW_MAX], line[512];

	(void)state;
	if (!file)
		skip(); /* not started in the project's folder */
	for (unsigned i = 0; i < EXAMPLES; i++) {
		bool found = false;

		example_row(row, examples[i].granule_lg2, examples[i].ia_bits);
		rewind(file);
		while (fgets(line, sizeof(line), file))
			found |= !strcmp(line, row);
		if (!found)
			print_error("missing: %s", row);
		assert_true(found);
	}
	fclose(file);
}

static int print_table(void)
{
	char row[ROW_MAX];

	for (unsigned i = 0; i < EXAMPLES; i++) {
		example_row(row, examples[i].granule_lg2, examples[i].ia_bits);
		fputs(row, stdout);
	}
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_formula_is_what_a_count_page_by_page_gives),
		cmocka_unit_test(the_worst_state_of_the_host_takes_exactly_what_the_formula_says),
		cmocka_unit_test(no_state_of_a_small_map_takes_more_and_one_takes_as_much),
		cmocka_unit_test(no_state_takes_more_with_declared_regions_and_reserved_pages),
		cmocka_unit_test(two_runs_that_need_the_same_tables_need_them_once),
		cmocka_unit_test(a_run_alone_is_counted_exactly),
		cmocka_unit_test(tables_of_every_height_are_counted),
		cmocka_unit_test(a_pool_of_the_worst_case_promises_it_in_every_state),
		cmocka_unit_test(a_grant_behind_a_table_with_holes_waits_until_that_is_forgotten),
		cmocka_unit_test(a_cut_in_mmio_costs_the_promise_no_more_than_its_tables_and_for_no_longer),
		cmocka_unit_test(at_bbm_level_0_a_declared_block_is_refused_however_large_the_pool),
		cmocka_unit_test(mmio_in_pages_is_promised_like_memory),
		cmocka_unit_test(the_advised_pool_holds_the_worst_case_that_it_makes_itself),
		cmocka_unit_test(the_table_in_the_documentation_is_what_the_formula_gives),
		cmocka_unit_test(what_was_granted_can_be_applied_with_a_pool_of_any_size),
	};

	if (argc == 2 && !strcmp(argv[1], "--table"))
		return print_table();
	return cmocka_run_group_tests_name("bound", tests, NULL, NULL);
}
