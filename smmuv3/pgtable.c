/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * pgtable.c - write stage-2 tables through a cursor that passes each table once a batch.
 *
 * Sits under target.c: run in, descriptor stores and spans out. Phases for each run:
 *   1. seek: leave the tables that the run has passed;
 *   2. descend: into live tables, or into a fresh one where an entry must be cut;
 *   3. store: entries that the run covers, at the highest level that policy allows.
 * A table that changed is settled when the cursor leaves it or the batch ends: linked if it is fresh (one store,
 * all holes of the batch already in it), unlinked if it is empty, replaced by a block if it is whole.
 * Owns: a walker sees each page's old or its new access at every moment and no fault for one that stays; what
 * replaced a valid descriptor is in a span. Callers: host lock held.
 * Spec: DDI 0487, VMSAv8-64 stage 2; IHI 0070, Translation table and TLB; Break-before-make level 2.
 */
#include "smmuv3/pgtable.h"

#include "engine/assert.h"
#include "engine/order.h"
#include "smmuv3/pgtable_pages.h"

static uint64_t entry_read(const struct pgtable_place *place, unsigned index)
{
	if (place->fresh && index >= place->filled)
		return place->inherited + index * place->inherited_step;
	return place->entry[index];
}

/* Fresh table: entries below @index that the batch does not change keep what they inherit. */
static void fill_to(struct pgtable *pgtable, struct pgtable_place *place, unsigned index)
{
	uint64_t value = place->inherited + place->filled * place->inherited_step;

	for (; place->filled < index; place->filled++) {
		order_fill_descriptor(&place->entry[place->filled], value);
		value += place->inherited_step;
		pgtable->stats.writes++;
	}
}

static void count_leaves(struct pgtable *pgtable, struct pgtable_page *table, unsigned count, bool read_write)
{
	table->valid = (uint16_t)(table->valid + count);
	table->leaves = (uint16_t)(table->leaves + count);
	if (read_write)
		table->whole = (uint16_t)(table->whole + count);
	pgtable->stats.leaves[table->level] += count;
}

static void discount_leaves(struct pgtable *pgtable, struct pgtable_page *table, unsigned count, unsigned whole)
{
	table->valid = (uint16_t)(table->valid - count);
	table->leaves = (uint16_t)(table->leaves - count);
	table->whole = (uint16_t)(table->whole - whole);
	pgtable->stats.leaves[table->level] -= count;
}

static void note_memory(struct pgtable_page *table, enum shadow_memory memory)
{
	if (!table->leaves)
		table->memory = (uint8_t)memory;
	else if (table->memory != memory)
		table->mixed = true;
}

/* One entry of a table that the cursor is in: to or from a table, or a leaf that takes a table's place. */
static void store_one(struct pgtable *pgtable, unsigned level, unsigned index, uint64_t value)
{
	struct pgtable_place *place = &pgtable->place[level];
	struct pgtable_page *table = &pgtable->page[place->page];
	uint64_t old = entry_read(place, index);

	place->changed = true;
	if (pte_is_leaf(old, level))
		discount_leaves(pgtable, table, 1, pte_is_rw(old));
	else if (pte_is_valid(old))
		table->valid--;
	if (pte_is_leaf(value, level)) {
		note_memory(table, pte_memory(value));
		count_leaves(pgtable, table, 1, pte_is_rw(value));
	} else if (pte_is_valid(value)) {
		table->valid++;
	}
	if (place->fresh) {
		fill_to(pgtable, place, index);
		order_fill_descriptor(&place->entry[index], value);
		if (place->filled <= index)
			place->filled = index + 1;
	} else {
		order_store_descriptor(&place->entry[index], value);
	}
	pgtable->stats.writes++;
}

/* Entries of a table that no walker sees: nothing to compare with, nothing to invalidate. */
static void store_fresh(struct pgtable *pgtable, struct pgtable_place *place, unsigned index, unsigned count,
			uint64_t value, uint64_t step)
{
	struct pgtable_page *table = &pgtable->page[place->page];

	if (place->inherited)
		discount_leaves(pgtable, table, count, pte_is_rw(place->inherited) ? count : 0);
	fill_to(pgtable, place, index);
	for (unsigned i = 0; i < count; i++, value += step)
		order_fill_descriptor(&place->entry[index + i], value);
	if (place->filled < index + count)
		place->filled = index + count;
	pgtable->stats.writes += count;
}

/* Entries that a walker may read at any moment. Stops at a table. Return: entries passed. */
static unsigned store_live(struct pgtable *pgtable, unsigned level, unsigned index, unsigned count, uint64_t page,
			   uint64_t value, uint64_t step, unsigned *kept)
{
	struct pgtable_place *place = &pgtable->place[level];
	uint64_t *entry = place->entry + index;
	unsigned lg2 = pte_level_lg2(level);
	unsigned replaced = 0, whole = 0, unchanged = 0, span = 0, i;

	for (i = 0; i < count; i++, value += step) {
		uint64_t old = entry[i];

		if (pte_is_valid(old) && old != value) {
			if (pte_is_table(old, level))
				break;
			replaced++;
			whole += pte_is_rw(old);
			order_store_descriptor(&entry[i], value);
			continue;
		}
		if (replaced != span)	/* the row of replaced leaves ends here */
			tlbi_spans_add(pgtable->spans, page + ((uint64_t)(i - (replaced - span)) << lg2),
				       page + ((uint64_t)i << lg2), (uint8_t)level, true);
		span = replaced;
		if (old == value)
			unchanged++;
		else
			order_store_descriptor(&entry[i], value);
	}
	if (replaced != span)
		tlbi_spans_add(pgtable->spans, page + ((uint64_t)(i - (replaced - span)) << lg2),
			       page + ((uint64_t)i << lg2), (uint8_t)level, true);
	discount_leaves(pgtable, &pgtable->page[place->page], replaced, whole);
	pgtable->stats.writes += i - unchanged;
	*kept = unchanged;
	return i;
}

/* Up to @count entries from @index on take the run's access. Return: entries passed. */
static unsigned store_leaves(struct pgtable *pgtable, unsigned level, unsigned index, unsigned count, uint64_t page,
			     const struct run *run)
{
	struct pgtable_place *place = &pgtable->place[level];
	struct pgtable_page *table = &pgtable->page[place->page];
	uint64_t value = 0, step = 0;
	unsigned kept = 0;

	place->changed = true;
	if (run->access) {
		value = pte_leaf_attributes(run->access, run->memory, level) | page << SHADOW_PAGE_LG2;
		step = SHADOW_PAGE_BYTES << pte_level_lg2(level);
		note_memory(table, run->memory);
	}
	if (place->fresh)
		store_fresh(pgtable, place, index, count, value, step);
	else
		count = store_live(pgtable, level, index, count, page, value, step, &kept);
	if (run->access)
		count_leaves(pgtable, table, count - kept, run->access == SHADOW_ACCESS_RW);
	return count;
}

/* Does this entry, a leaf or invalid, already say what the run asks for? */
static bool entry_agrees(uint64_t pte, unsigned level, const struct run *run)
{
	if (!run->access || !pte_is_valid(pte))
		return !run->access && !pte_is_valid(pte);
	return (pte & ~PTE_ADDRESS) == pte_leaf_attributes(run->access, run->memory, level);
}

static unsigned entry_index(const struct pgtable *pgtable, unsigned level, uint64_t page)
{
	uint64_t index = page >> pte_level_lg2(level);

	return (unsigned)(level == pgtable->start_level ? index : index & (PTE_ENTRIES - 1));
}

static bool can_collapse(const struct pgtable *pgtable, const struct pgtable_page *table)
{
	return table->whole == PTE_ENTRIES && !table->mixed && pgtable->blocks && table->level > 1;
}

/* Bring a table that the batch has changed in line: link it, unlink it, or let a block take its place.
 * The cursor stays in a table that is linked afterwards. */
static void settle(struct pgtable *pgtable, unsigned level)
{
	struct pgtable_place *place = &pgtable->place[level];
	uint32_t page = place->page;
	struct pgtable_page *table = &pgtable->page[page];
	unsigned parent = level - 1;
	unsigned index = entry_index(pgtable, parent, table->base);
	uint64_t old = entry_read(&pgtable->place[parent], index);
	bool collapses = can_collapse(pgtable, table), fresh = place->fresh;
	uint64_t value = 0;

	if (collapses)
		value = pte_leaf_attributes(SHADOW_ACCESS_RW, (enum shadow_memory)table->memory, parent) |
			table->base << SHADOW_PAGE_LG2;
	else if (table->valid)
		value = pte_table(pages_pfn(pgtable, page));
	if (fresh && pte_is_table(value, parent)) {
		fill_to(pgtable, place, PTE_ENTRIES);
		order_before_link();
		pgtable->stats.splits += pte_is_valid(old);
	}
	if (value != old) {
		store_one(pgtable, parent, index, value);
		if (pte_is_leaf(old, parent) && !pgtable->place[parent].fresh)
			tlbi_spans_add(pgtable->spans, table->base, table->base + pte_level_pages(parent),
				       (uint8_t)parent, true);
	}
	place->fresh = place->changed = false;
	if (pte_is_table(value, parent))
		return;
	place->page = PGTABLE_NONE;
	if (fresh) {
		pgtable->stats.leaves[level] -= table->leaves;
		pages_untake(pgtable, page);
	} else {
		pgtable->stats.collapses += collapses;
		pages_unlink(pgtable, page);
	}
}

/* Live, neither empty nor whole: most tables stay what they are. */
static void settle_if_needed(struct pgtable *pgtable, unsigned level)
{
	struct pgtable_place *place = &pgtable->place[level];
	const struct pgtable_page *table = &pgtable->page[place->page];

	if (place->fresh || !table->valid || can_collapse(pgtable, table))
		settle(pgtable, level);
	else
		place->changed = false;
}

/* The deepest level at which the cursor is in the table of @page; it leaves the others. */
static unsigned seek(struct pgtable *pgtable, uint64_t page)
{
	unsigned level = PTE_LEVEL_PAGE;

	for (; level > pgtable->start_level; level--) {
		struct pgtable_place *place = &pgtable->place[level];

		if (place->page == PGTABLE_NONE)
			continue;
		if ((page ^ pgtable->page[place->page].base) >> pte_level_lg2(level - 1) == 0)
			break;
		if (place->changed)
			settle_if_needed(pgtable, level);
		place->page = PGTABLE_NONE;
	}
	return level;
}

static void enter_live(struct pgtable *pgtable, unsigned level, uint64_t pte)
{
	uint32_t page = pages_of_table(pgtable, pte);

	pgtable->place[level] = (struct pgtable_place){ .entry = pages_entries(pgtable, page), .page = page };
}

static int enter_fresh(struct pgtable *pgtable, unsigned level, uint64_t page, uint64_t old)
{
	uint64_t base = page & ~(pte_level_pages(level - 1) - 1);
	bool zero = !pte_is_valid(old);
	uint32_t at = pages_take(pgtable, level, base, &zero);
	struct pgtable_place *place = &pgtable->place[level];

	if (at == PGTABLE_NONE)
		return -SHADOW_ENOMEM;
	*place = (struct pgtable_place){ .entry = pages_entries(pgtable, at), .page = at, .fresh = true, .changed = true };
	if (pte_is_valid(old)) {
		place->inherited = pte_split(old, level - 1);
		place->inherited_step = SHADOW_PAGE_BYTES << pte_level_lg2(level);
		pgtable->page[at].memory = (uint8_t)pte_memory(old);
		count_leaves(pgtable, &pgtable->page[at], PTE_ENTRIES, pte_is_rw(old));
	} else if (zero) {
		place->filled = PTE_ENTRIES;
	}
	return 0;
}

static void skip_entry(uint64_t *page, uint64_t size, const struct run *run)
{
	uint64_t next = (*page | (size - 1)) + 1;

	*page = next < run->end ? next : run->end;
}

/* From the entry of @level that holds *@page: go down one table, or store as many entries as the run covers
 * there and advance *@page past them. Return: 0 or -SHADOW_ENOMEM. */
static int descend_or_store(struct pgtable *pgtable, unsigned level, uint64_t *page, const struct run *run)
{
	unsigned index = entry_index(pgtable, level, *page);
	uint64_t old = entry_read(&pgtable->place[level], index);
	uint64_t size = pte_level_pages(level), count = (run->end - *page) >> pte_level_lg2(level);
	unsigned entries = level == pgtable->start_level ? pgtable->start_pages << PTE_ENTRIES_LG2 : PTE_ENTRIES;
	bool covered = count && !(*page & (size - 1));

	if (pte_is_table(old, level)) {
		if (run->access || !covered) {
			enter_live(pgtable, level + 1, old);
			return 0;
		}
		store_one(pgtable, level, index, 0);
		tlbi_spans_add(pgtable->spans, *page, *page + size, 0, false);
		pages_unlink(pgtable, pages_of_table(pgtable, old));
		*page += size;
		return 0;
	}
	if (!covered || (run->access && !pages_leaf_allowed(pgtable, level, run->memory))) {
		if (!entry_agrees(old, level, run))
			return enter_fresh(pgtable, level + 1, *page, old);
		skip_entry(page, size, run);
		return 0;
	}
	if (count > entries - index)
		count = entries - index;
	*page += (uint64_t)store_leaves(pgtable, level, index, (unsigned)count, *page, run) << pte_level_lg2(level);
	return 0;
}

/* The cursor may still be in a table from an earlier batch that this run covers as a whole, and may unlink. */
static void forget_covered(struct pgtable *pgtable, const struct run *run)
{
	if (run->end - run->start < PTE_ENTRIES)
		return;
	for (unsigned level = PTE_LEVEL_PAGE; level > pgtable->start_level; level--) {
		struct pgtable_place *place = &pgtable->place[level];
		uint64_t base;

		if (place->page == PGTABLE_NONE)
			continue;
		base = pgtable->page[place->page].base;
		if (base >= run->start && base + pte_level_pages(level - 1) <= run->end)
			place->page = PGTABLE_NONE;
	}
}

int pgtable_apply(struct pgtable *pgtable, const struct run *run)
{
	uint64_t page = run->start;
	int error;

	forget_covered(pgtable, run);
	while (page < run->end) {
		error = descend_or_store(pgtable, seek(pgtable, page), &page, run);
		if (error)
			return error;
	}
	return 0;
}

void pgtable_prefetch(const struct pgtable *pgtable, uint64_t page)
{
	const uint64_t *entry = pgtable->place[pgtable->start_level].entry;
	uint64_t index = entry_index(pgtable, pgtable->start_level, page);

	for (unsigned level = pgtable->start_level; level < PTE_LEVEL_PAGE && pte_is_table(entry[index], level);) {
		entry = pages_entries(pgtable, pages_of_table(pgtable, entry[index]));
		level++;
		index = entry_index(pgtable, level, page);
	}
	__builtin_prefetch(&entry[index], 1);
}

void pgtable_close(struct pgtable *pgtable)
{
	for (unsigned level = PTE_LEVEL_PAGE; level > pgtable->start_level; level--)
		if (pgtable->place[level].page != PGTABLE_NONE && pgtable->place[level].changed)
			settle_if_needed(pgtable, level);
	pgtable->reserved = 0;
	pgtable->promised = false;
}

int pgtable_init(struct pgtable *pgtable, const struct shadow_smmu_target_config *config, struct pgtable_page *page,
		 struct tlbi_spans *spans)
{
	uint64_t page_count = config->pool.bytes >> SHADOW_PAGE_LG2;
	struct pgtable_list none = { PGTABLE_NONE, PGTABLE_NONE };

	if (page_count > PGTABLE_NONE - 1 || page_count < pgtable_start_pages(config->map.ia_bits))
		return -SHADOW_ENOMEM;
	*pgtable = (struct pgtable){
		.pool = config->pool,
		.page = page,
		.page_count = (uint32_t)page_count,
		.ia_bits = config->map.ia_bits,
		.start_level = pgtable_start_level(config->map.ia_bits),
		.start_pages = pgtable_start_pages(config->map.ia_bits),
		.blocks = config->bbml == 2,
		.limit = (uint32_t)page_count,
		.free = none,
		.free_zero = none,
		.pending = none,
		.retired = none,
		.spans = spans,
	};
	pgtable->tables_max = (uint32_t)pgtable_tables_max(config, config->pool.bytes);
	pgtable->bump = pgtable->live = pgtable->peak = pgtable->start_pages;
	for (unsigned level = 0; level <= PTE_LEVEL_PAGE; level++)
		pgtable->place[level].page = PGTABLE_NONE;
	page[0] = (struct pgtable_page){ .level = (uint8_t)pgtable->start_level, .next = PGTABLE_NONE };
	pgtable->place[pgtable->start_level] = (struct pgtable_place){ .entry = pages_entries(pgtable, 0) };
	return 0;
}
