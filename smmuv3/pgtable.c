/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * pgtable.c - write stage-2 tables through a cursor that passes each table once a batch.
 *
 * Sits under target.c: run in, descriptor stores and spans out. Phases for each run:
 *   1. seek: leave the tables that the run has passed;
 *   2. descend: into live tables, or into a fresh one where an entry must be cut;
 *   3. store: entries that the run covers, at the highest level that policy allows.
 * A table that changed is settled when the cursor leaves it or the batch ends: linked if it is fresh (one store,
 * all holes of the batch already in it), unlinked if it is empty, noted if a block could take its place.
 * Owns: a walker sees each page's old or its new access at every moment and no fault for one that stays; what
 * replaced a valid descriptor is in a span. Callers: host lock held.
 * Spec: DDI 0487, VMSAv8-64 stage 2; IHI 0070, Translation table and TLB; Break-before-make level 2.
 */
#include "smmuv3/pgtable.h"

#include <shadow/error.h>

#include "engine/assert.h"
#include "engine/trace.h"
#include "smmuv3/pgtable_cursor.h"
#include "smmuv3/pgtable_dirty.h"
#include "smmuv3/pgtable_hint.h"
#include "smmuv3/pgtable_policy.h"
#include "smmuv3/pgtable_reserve.h"
#include "smmuv3/pgtable_tidy.h"

/* ---- rows of leaves ------------------------------------------------------------------------------- */

/* Entries of a table that no walker sees: nothing to compare with, nothing to invalidate. */
static void fill_row(struct pgtable *pgtable, unsigned height, unsigned index, unsigned count, uint64_t value,
		     uint64_t step)
{
	struct pgtable_place *place = &pgtable->place[height];

	if (place->inherited)
		cursor_discount(pgtable, &pgtable->page[place->page], count,
				pte_is_rw(place->inherited) ? count : 0);
	cursor_fill(pgtable, height, index);
	hint_fill(pgtable, height, index, count, value, step);
	if (place->filled < index + count)
		place->filled = index + count;
}

/* A row of live entries that the run wants to be @value, @value + @step, ... */
struct row {
	unsigned height, index, count;
	uint64_t value, step;
	unsigned replaced, whole, unchanged; /* what was found: leaves, of these read-write; entries that are right */
};

static void row_span(struct pgtable *pgtable, const struct row *row, unsigned from, unsigned to)
{
	unsigned lg2 = format_lg2(&pgtable->format, row->height);
	uint64_t base = pages_base(pgtable, &pgtable->page[pgtable->place[row->height].page]);

	if (from < to)
		tlbi_spans_add(pgtable->spans, base + ((uint64_t)from << lg2), base + ((uint64_t)to << lg2),
			       cursor_ttl(row->height), true);
}

static unsigned count_valid(const uint64_t *entry, unsigned count)
{
	unsigned valid = 0;

	for (; count >= 4; count -= 4, entry += 4)
		valid += (unsigned)((entry[0] & PTE_VALID) + (entry[1] & PTE_VALID) + (entry[2] & PTE_VALID) +
				    (entry[3] & PTE_VALID));
	for (; count; count--, entry++)
		valid += (unsigned)(*entry & PTE_VALID);
	return valid;
}

/* All of the row is valid leaves, or all of it is invalid: no entry need be looked at on its own. The smaller part
 * of the table is read; its counts say the rest. */
static bool row_is_uniform(const struct pgtable_page *table, const uint64_t *entry, const struct row *row,
			   unsigned entries)
{
	unsigned end = row->index + row->count, wanted = row->value ? 0 : row->count;
	bool counted = entries <= UINT16_MAX; /* the counts of start tables may be larger than their fields */

	if (!row->value && table->leaves == entries)
		return true;
	if (!row->value && row->height && (table->leaves != table->valid || !counted))
		return false;
	if (!counted || row->count <= entries / 2)
		return count_valid(entry + row->index, row->count) == wanted;
	return count_valid(entry, row->index) + count_valid(entry + end, entries - end) + wanted == table->valid;
}

/* Four at once: then it does not matter what else the loop does, and where the linker puts it. */
static void store_entries(uint64_t *entry, unsigned count, uint64_t value, uint64_t step)
{
	for (; count >= 4; count -= 4, entry += 4, value += 4 * step) {
		order_store_descriptor(entry, value);
		order_store_descriptor(entry + 1, value + step);
		order_store_descriptor(entry + 2, value + 2 * step);
		order_store_descriptor(entry + 3, value + 3 * step);
	}
	for (; count; count--, entry++, value += step)
		order_store_descriptor(entry, value);
}

/* A revoke of leaves, or a grant of what is invalid. */
static void row_store(struct pgtable *pgtable, struct row *row)
{
	struct pgtable_place *place = &pgtable->place[row->height];
	const struct pgtable_page *table = &pgtable->page[place->page];
	uint64_t *entry = place->entry + row->index;

	if (!row->value) {
		row->replaced = row->whole = row->count;
		if (table->whole != table->leaves) {
			row->whole = 0;
			for (unsigned i = 0; i < row->count; i++)
				row->whole += pte_is_rw(entry[i]);
		}
		row_span(pgtable, row, row->index, row->index + row->count);
	}
	store_entries(entry, row->count, row->value, row->step);
}

/* Entries of every kind. Stops at a table: row->count becomes what was passed. */
static void row_store_mixed(struct pgtable *pgtable, struct row *row)
{
	struct pgtable_place *place = &pgtable->place[row->height];
	uint64_t keep = pgtable->contiguous ? PTE_CONTIGUOUS : 0, value = row->value;
	unsigned span = row->index, i;

	for (i = row->index; i < row->index + row->count; i++, value += row->step) {
		uint64_t old = place->entry[i];

		if (pte_is_table(old, row->height))
			break;
		if ((old & ~keep) == value) {
			row->unchanged++;
		} else {
			order_store_descriptor(&place->entry[i], value);
			if (pte_is_valid(old)) {
				row->replaced++;
				row->whole += pte_is_rw(old);
				continue;
			}
		}
		row_span(pgtable, row, span, i); /* replaced leaves end here */
		span = i + 1;
	}
	row_span(pgtable, row, span, i);
	row->count = i - row->index;
}

/* Below BBM level 2 no table may take the place of a block while that may be cached; see pgtable_reserve(). */
static void note_gone(struct pgtable *pgtable, const struct row *row)
{
	unsigned lg2 = format_lg2(&pgtable->format, row->height);
	uint64_t base = pages_base(pgtable, &pgtable->page[pgtable->place[row->height].page]);
	uint64_t start = base + ((uint64_t)row->index << lg2), end = start + ((uint64_t)row->count << lg2);

	if (pgtable->gone_start == pgtable->gone_end || start < pgtable->gone_start)
		pgtable->gone_start = start;
	if (end > pgtable->gone_end)
		pgtable->gone_end = end;
	pgtable->gone_fence = 0;
}

/* Entries that a walker may read at any moment. Return: entries passed, up to a table. */
static unsigned change_row(struct pgtable *pgtable, struct row *row)
{
	struct pgtable_place *place = &pgtable->place[row->height];
	struct pgtable_page *table = &pgtable->page[place->page];
	unsigned first = row->index, end = row->index + row->count;

	hint_drop(pgtable, row->height, &first, &end, row->value);
	row_span(pgtable, row, first, row->index);
	if (row_is_uniform(table, place->entry, row, cursor_entries(pgtable, row->height)))
		row_store(pgtable, row);
	else
		row_store_mixed(pgtable, row);
	row_span(pgtable, row, row->index + row->count, end);
	dirty_note(pgtable, place->entry + row->index, row->count);
	cursor_discount(pgtable, table, row->replaced, row->whole);
	/* At level 0 nor may members of a group without the hint; only declared regions have it there. */
	if (!row->value && row->replaced && pgtable->bbml < 2 &&
	    (row->height || (pgtable->bbml == 0 && pgtable->contiguous && pgtable->region_count)))
		note_gone(pgtable, row);
	pgtable->stats.writes += row->count - row->unchanged;
	return row->count;
}

/* Up to @count entries from @index on take the run's access. Return: entries passed. */
static unsigned store_leaves(struct pgtable *pgtable, unsigned height, unsigned index, unsigned count, uint64_t page,
			     const struct run *run)
{
	struct pgtable_place *place = &pgtable->place[height];
	struct pgtable_page *table = &pgtable->page[place->page];
	struct row row = { .height = height, .index = index, .count = count };

	place->changed = true;
	if (run->access) {
		row.value = format_leaf(&pgtable->format, run->access, run->memory, height, page);
		row.step = format_step(&pgtable->format, height);
		cursor_note_memory(table, run->memory);
		place->granted = true;
	}
	if (place->fresh)
		fill_row(pgtable, height, index, count, row.value, row.step);
	else
		count = change_row(pgtable, &row);
	if (run->access)
		cursor_count(pgtable, table, count - row.unchanged, run->access == SHADOW_ACCESS_RW);
	return count;
}

/* ---- tables that the cursor leaves ------------------------------------------------------------------ */

/* What the table above should say about this one: a table, a block, or nothing. */
static uint64_t settled_value(struct pgtable *pgtable, unsigned height)
{
	const struct pgtable_place *place = &pgtable->place[height];
	const struct pgtable_page *table = &pgtable->page[place->page];

	if (place->fresh && tidy_is_whole(pgtable, table))
		return format_leaf(&pgtable->format, SHADOW_ACCESS_RW, (enum shadow_memory)table->memory, height + 1,
				   pages_base(pgtable, table));
	return table->valid ? pages_table(pgtable, place->page) : 0;
}

/* Complete, and in memory where walks are not coherent, before anything can lead to it. */
static void finish_fresh(struct pgtable *pgtable, unsigned height)
{
	struct pgtable_place *place = &pgtable->place[height];

	cursor_fill(pgtable, height, format_entries(&pgtable->format));
	if (pgtable->contiguous)
		hint_give(pgtable, height);
	if (!pgtable->coherent)
		order_clean(place->entry, sizeof(uint64_t) << pgtable->format.index_lg2);
	order_before_link(pgtable->coherent);
	pgtable->page[place->page].linked = true;
}

/* Bring a table that is fresh or empty in line with the one above it. The cursor stays in one that is linked. */
static void settle_fresh_or_empty(struct pgtable *pgtable, unsigned height)
{
	struct pgtable_place *place = &pgtable->place[height], *above = &pgtable->place[height + 1];
	uint32_t page = place->page;
	unsigned index = cursor_index(pgtable, height + 1, pages_base(pgtable, &pgtable->page[page]));
	uint64_t old = cursor_read(above, index), value = settled_value(pgtable, height);
	bool links = pte_is_table(value, height + 1), fresh = place->fresh;

	if (fresh && links) {
		finish_fresh(pgtable, height);
		pgtable->stats.splits += pte_is_valid(old);
		if (pte_is_valid(old))
			platform_trace(PLATFORM_TRACE_SPLIT, pages_base(pgtable, &pgtable->page[page]),
				       format_level(height + 1));
	}
	if (value != old && (value || pte_is_valid(old)))
		cursor_store(pgtable, height + 1, index, value);
	place->fresh = place->changed = place->granted = false;
	if (links)
		return;
	cursor_leave(pgtable, height);
	if (fresh) {
		pgtable->stats.leaves[format_level(height)] -= pgtable->page[page].leaves;
		pages_untake(pgtable, page);
	} else {
		pages_unlink(pgtable, page);
	}
}

/* Live and not empty: most tables stay what they are. */
static void settle(struct pgtable *pgtable, unsigned height)
{
	struct pgtable_place *place = &pgtable->place[height];
	const struct pgtable_page *table = &pgtable->page[place->page];

	if (place->fresh || (!table->valid && height < pgtable->format.start)) {
		settle_fresh_or_empty(pgtable, height);
		return;
	}
	if (place->granted && pgtable->bbml && (pgtable->contiguous || tidy_is_whole(pgtable, table)))
		tidy_note(pgtable, place->page);
	place->changed = place->granted = false;
}

/* The lowest height at which the cursor is in the table of @page; it leaves the others. */
static unsigned seek(struct pgtable *pgtable, uint64_t page)
{
	unsigned height = 0;

	for (; height < pgtable->format.start; height++) {
		struct pgtable_place *place = &pgtable->place[height];

		if (place->page == PGTABLE_NONE)
			continue;
		if ((page ^ pages_base(pgtable, &pgtable->page[place->page])) >>
			    format_lg2(&pgtable->format, height + 1) == 0)
			break;
		if (place->changed)
			settle(pgtable, height);
		cursor_leave(pgtable, height);
	}
	return height;
}

void pgtable_settle(struct pgtable *pgtable)
{
	for (unsigned height = 0; height <= pgtable->format.start; height++) {
		struct pgtable_place *place = &pgtable->place[height];

		if (place->page != PGTABLE_NONE && place->changed)
			settle(pgtable, height);
	}
}

void pgtable_close(struct pgtable *pgtable)
{
	pgtable_settle(pgtable);
	if (!pgtable->kept)
		tidy_batch(pgtable);
	pgtable_clean(pgtable);
	pgtable->batch++;
	if (!pgtable->kept)
		pgtable_release(pgtable);
	pgtable->kept = pgtable->moved = false;
}

/* ---- runs ------------------------------------------------------------------------------------------- */

/* Does this entry, a leaf or invalid, already say what the run asks for? */
static bool entry_agrees(const struct pgtable *pgtable, uint64_t pte, unsigned height, const struct run *run)
{
	if (!run->access || !pte_is_valid(pte))
		return !run->access && !pte_is_valid(pte);
	return ((pte ^ format_attributes(&pgtable->format, run->access, run->memory, height)) &
		pgtable->format.attributes) == 0;
}

bool pgtable_agrees(const struct pgtable *pgtable, const struct run *run)
{
	uint64_t page = run->start;
	bool agrees = true;

	while (page < run->end && agrees) {
		unsigned height;
		uint64_t pte = cursor_look(pgtable, page, &height);

		agrees = entry_agrees(pgtable, pte, height, run);
		page = (page | (format_pages(&pgtable->format, height) - 1)) + 1;
	}
	return agrees;
}

static int enter_fresh(struct pgtable *pgtable, unsigned height, uint64_t page, uint64_t old, const struct run *run)
{
	uint64_t base = page & ~(format_pages(&pgtable->format, height + 1) - 1);
	bool zero = !pte_is_valid(old);
	uint32_t at = pages_take(pgtable, height, base, &zero);
	struct pgtable_place *place = &pgtable->place[height];

	if (at == PGTABLE_NONE)
		return -SHADOW_ENOMEM;
	reserve_made(pgtable, at, run->memory);
	cursor_enter(pgtable, height, at);
	place->fresh = place->changed = true;
	if (pte_is_valid(old)) {
		place->inherited = format_split(old, height + 1);
		place->inherited_step = format_step(&pgtable->format, height);
		pgtable->page[at].memory = pte_memory(old) & 1;
		cursor_count(pgtable, &pgtable->page[at], format_entries(&pgtable->format), pte_is_rw(old));
	} else if (zero) {
		place->filled = format_entries(&pgtable->format);
	}
	return 0;
}

static uint64_t next_entry(uint64_t page, uint64_t size, const struct run *run)
{
	uint64_t next = (page | (size - 1)) + 1;

	return next < run->end ? next : run->end;
}

/* From the entry at @height that holds *@page: go down one table, or store as many entries as the run covers
 * there and advance *@page past them. Return: 0 or -SHADOW_ENOMEM. */
static int descend_or_store(struct pgtable *pgtable, unsigned height, uint64_t *page, const struct run *run)
{
	unsigned index = cursor_index(pgtable, height, *page), lg2 = format_lg2(&pgtable->format, height);
	uint64_t old = cursor_read(&pgtable->place[height], index);
	uint64_t size = UINT64_C(1) << lg2, count = (run->end - *page) >> lg2;
	bool covered = count && !(*page & (size - 1));

	if (pte_is_table(old, height)) {
		if (run->access || !covered) {
			cursor_enter(pgtable, height - 1, pages_of_table(pgtable, old));
			return 0;
		}
		cursor_store(pgtable, height, index, 0);
		tlbi_spans_add(pgtable->spans, *page, *page + size, 0, false);
		pages_unlink(pgtable, pages_of_table(pgtable, old));
		*page += size;
		return 0;
	}
	if (!covered || (run->access && !(pgtable->leaf_heights >> height & 1))) {
		if (!entry_agrees(pgtable, old, height, run))
			return enter_fresh(pgtable, height - 1, *page, old, run);
		*page = next_entry(*page, size, run);
		return 0;
	}
	if (count > cursor_entries(pgtable, height) - index)
		count = cursor_entries(pgtable, height) - index;
	*page += (uint64_t)store_leaves(pgtable, height, index, (unsigned)count, *page, run) << lg2;
	return 0;
}

/* The cursor may still be in a table from an earlier batch that this run covers as a whole, and may unlink. */
static void forget_covered(struct pgtable *pgtable, const struct run *run)
{
	if (run->end - run->start < format_entries(&pgtable->format))
		return;
	for (unsigned height = 0; height < pgtable->format.start; height++) {
		struct pgtable_place *place = &pgtable->place[height];
		uint64_t base;

		if (place->page == PGTABLE_NONE)
			continue;
		base = pages_base(pgtable, &pgtable->page[place->page]);
		if (base >= run->start && base + format_pages(&pgtable->format, height + 1) <= run->end)
			cursor_leave(pgtable, height);
	}
}

/* Return: the end of the part of the run from @page on that has one mapping and leaves a constant step apart. */
static uint64_t part_end(struct pgtable *pgtable, uint64_t page, const struct run *run)
{
	uint64_t end;

	pgtable->leaf_heights = policy_heights(pgtable, page, run->memory, &end);
	if (pgtable->format.large) {
		uint64_t linear = ((page >> pgtable->format.linear_lg2) + 1) << pgtable->format.linear_lg2;

		end = end < linear ? end : linear;
	}
	return end < run->end ? end : run->end;
}

int pgtable_apply(struct pgtable *pgtable, const struct run *run)
{
	struct run part = *run;
	int error;

	pgtable->moved = true;
	forget_covered(pgtable, run);
	for (uint64_t page = run->start; page < run->end;) {
		part.end = part_end(pgtable, page, run);
		while (page < part.end) {
			error = descend_or_store(pgtable, seek(pgtable, page), &page, &part);
			if (error)
				return error;
		}
	}
	return 0;
}

void pgtable_prefetch(const struct pgtable *pgtable, uint64_t page)
{
	unsigned height = pgtable->format.start;
	const uint64_t *entry = &pgtable->place[height].entry[cursor_index(pgtable, height, page)];

	while (pte_is_table(*entry, height)) {
		uint32_t table = pages_of_table(pgtable, *entry);

		height--;
		entry = &pages_entries(pgtable, table)[cursor_index(pgtable, height, page)];
		if (!height)
			break;
	}
	__builtin_prefetch(entry, 1);
}

/* ---- set-up ------------------------------------------------------------------------------------------- */

int pgtable_init(struct pgtable *pgtable, const struct shadow_smmu_target_config *config, struct pgtable_page *page,
		 struct shadow_region *region, struct tlbi_spans *spans)
{
	struct pgtable_list none = { PGTABLE_NONE, PGTABLE_NONE };
	struct pgtable_format format;
	uint64_t page_count;
	int error = format_init(&format, &config->map, config->start, config->fwb);

	if (error)
		return error;
	page_count = config->pool.bytes >> format.granule_lg2;
	if (page_count > PGTABLE_NONE - 1 || page_count < format_start_tables(&format))
		return -SHADOW_ENOMEM;
	*pgtable = (struct pgtable){
		.format = format,
		.pool = config->pool,
		.page = page,
		.page_count = (uint32_t)page_count,
		.singles_pages = UINT64_C(1) << (format.index_lg2 +
						 (format.start == 1 ? format.start_lg2 : format.index_lg2)),
		.bbml = config->bbml,
		.collapse = config->collapse,
		.contiguous = config->contiguous,
		.coherent = true,
		.limit = (uint32_t)page_count,
		.free = none,
		.free_zero = none,
		.pending = none,
		.retired = none,
		.untidy = none,
		.spans = spans,
	};
	error = policy_init(pgtable, config, region);
	if (error)
		return error;
	error = reserve_init(pgtable, config);
	if (error)
		return error;
	pgtable->bump = pgtable->live = pgtable->peak = format_start_tables(&format);
	for (unsigned height = 0; height < FORMAT_HEIGHTS; height++)
		pgtable->place[height].page = PGTABLE_NONE;
	page[0] = (struct pgtable_page){ .height = format.start, .linked = true, .next = PGTABLE_NONE };
	cursor_enter(pgtable, format.start, 0);
	return 0;
}
