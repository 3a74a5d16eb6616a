/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * pages.c - the stage-2 table of the two baselines.
 *
 * pages_build() is the snapshot, before any walker. pages_change_next() is what a transition costs: walk from
 * the root, then one pass over the entries of that leaf table. The walk is repeated for each leaf table, as
 * the originals do; nothing is remembered between two calls.
 * Called by baseline.c. Leaves all invalidation to eager.c and strict.c.
 * Spec: DDI 0487, VMSAv8-64 translation table format descriptors, stage 2.
 */
#include "bench/pages.h"

#include <shadow/error.h>

#include "engine/order.h"
#include "smmuv3/pgtable.h"
#include "smmuv3/pte.h"

/* Start tables are concatenated, so an index into them may exceed one table. */
static inline uint64_t entry_index(const struct pages *pages, uint64_t page, unsigned level)
{
	uint64_t index = page >> pte_level_lg2(level);

	return level == pages->start_level ? index : index & (PTE_ENTRIES - 1);
}

uint64_t pages_carve(struct pages *pages, uint64_t bytes)
{
	uint64_t size = bytes < SHADOW_PAGE_BYTES ? SHADOW_PAGE_BYTES : bytes;

	if (pages->limit < pages->used + size || ((pages->limit - size) & ~(size - 1)) < pages->used)
		return 0;
	pages->limit = (pages->limit - size) & ~(size - 1);
	return pages->pool.base.addr + pages->limit;
}

/* Take the next tables from the front. Return: false if the pool is used up. */
static bool take_tables(struct pages *pages, uint64_t bytes, uint64_t *pa)
{
	if (pages->limit - pages->used < bytes)
		return false;
	*pa = pages->pool.base.addr + pages->used;
	pages->used += bytes;
	pages->stats.bytes_live += bytes;
	pages->stats.bytes_peak = pages->stats.bytes_live; /* nothing is ever freed */
	return true;
}

int pages_init(struct pages *pages, const struct shadow_pool *pool, unsigned ia_bits)
{
	uint64_t root;

	if (ia_bits < SHADOW_IA_BITS_MIN || ia_bits > SHADOW_IA_BITS_MAX)
		return -SHADOW_EINVAL;
	*pages = (struct pages){.pool = *pool, .limit = pool->bytes, .ia_bits = ia_bits};
	pages->start_level = pgtable_start_level(ia_bits);
	return take_tables(pages, pgtable_start_pages(ia_bits) * SHADOW_PAGE_BYTES, &root) ? 0 :
											     -SHADOW_ENOMEM;
}

/* The table under a table-level entry; a new one, zeroed by the pool and linked with one store, if there is
 * none. Return: NULL with *@error if a block is in the way or the pool is used up. */
static uint64_t *table_under(struct pages *pages, uint64_t *entry, unsigned level, bool grow, int *error)
{
	uint64_t descriptor = *entry, pa;

	if (pte_is_table(descriptor, level))
		return pages_virt(pages, pte_pfn(descriptor) << SHADOW_PAGE_LG2);
	if (pte_is_valid(descriptor)) {
		*error = -SHADOW_EOPNOTSUPP;
		return NULL;
	}
	if (!grow)
		return NULL;
	if (!take_tables(pages, SHADOW_PAGE_BYTES, &pa)) {
		*error = -SHADOW_ENOMEM;
		return NULL;
	}
	order_before_link(); /* [T1] */
	order_store_descriptor(entry, pte_table(pa >> SHADOW_PAGE_LG2));
	pages->stats.writes++;
	return pages_virt(pages, pa);
}

/* Walk from the root to the entry of @page at @level; @grow makes the tables that are missing.
 * Return: NULL with *@error as table_under(), or 0 if there is no table and @grow is not set. */
static uint64_t *walk(struct pages *pages, uint64_t page, unsigned level, bool grow, int *error)
{
	uint64_t *table = pages->pool.virt;
	unsigned at;

	for (at = pages->start_level; at < level; at++) {
		table = table_under(pages, &table[entry_index(pages, page, at)], at, grow, error);
		if (!table)
			return NULL;
	}
	return &table[entry_index(pages, page, level)];
}

/* The level at which the snapshot maps the part of a run that starts at @page. */
static unsigned build_level(const struct pages *pages, const struct run *run, uint64_t page)
{
	unsigned level = pages->start_level > 1 ? pages->start_level : 1; /* no blocks at level 0 */

	if (run->memory == SHADOW_MEMORY_NORMAL)
		return PTE_LEVEL_PAGE;
	while (level < PTE_LEVEL_PAGE) {
		uint64_t span = pte_level_pages(level);

		if (!(page & (span - 1)) && run->end - page >= span)
			break;
		level++;
	}
	return level;
}

int pages_build(struct pages *pages, const struct run *run)
{
	uint64_t page = run->start;

	while (page < run->end) {
		unsigned level = build_level(pages, run, page);
		unsigned lg2 = pte_level_lg2(level);
		uint64_t index = entry_index(pages, page, level) & (PTE_ENTRIES - 1);
		uint64_t count = (run->end - page) >> lg2, i, descriptor, *entry;
		int error = 0;

		/* At the end of the table a run may have become aligned to larger blocks. */
		if (count > PTE_ENTRIES - index)
			count = PTE_ENTRIES - index;
		entry = walk(pages, page, level, true, &error);
		if (!entry)
			return error;
		descriptor = pte_leaf_attributes(run->access, run->memory, level) | page << SHADOW_PAGE_LG2;
		for (i = 0; i < count; i++)
			order_fill_descriptor(&entry[i], descriptor + (i << (lg2 + SHADOW_PAGE_LG2)));
		pages->stats.writes += count;
		pages->stats.leaves[level] += count;
		page += count << lg2;
	}
	return 0;
}

/* Find the entries of change->next. Return: false if there is no table to change, or on change->error. */
static bool find_table(struct pages_change *change)
{
	uint64_t end = (change->next | (PTE_ENTRIES - 1)) + 1;

	change->table_end = end < change->run.end ? end : change->run.end;
	change->entry = walk(change->pages, change->next, PTE_LEVEL_PAGE,
			     change->run.access != SHADOW_ACCESS_NONE, &change->error);
	return change->entry;
}

/* From change->next on, write entries that are not live, pass over those that are right.
 * Return: whether a live entry that must change was reached before the end of the table. */
static bool skip_to_live(struct pages_change *change, uint64_t wanted)
{
	uint64_t next = change->next, granted = 0;
	uint64_t *entry = change->entry;
	bool live = false;

	for (; next < change->table_end; next++, entry++) {
		uint64_t value = wanted ? wanted | next << SHADOW_PAGE_LG2 : 0;
		uint64_t old_value = *entry;

		live = pte_is_valid(old_value) && old_value != value;
		if (live)
			break;
		if (old_value != value) {
			order_store_descriptor(entry, value);
			granted++;
		}
	}
	change->next = next;
	change->entry = entry;
	change->pages->stats.leaves[PTE_LEVEL_PAGE] += granted;
	change->pages->stats.writes += granted;
	return live;
}

/* From change->next on, which is live and must change, write all that follow and are alike. */
static void write_live(struct pages_change *change, uint64_t wanted)
{
	uint64_t next = change->next;
	uint64_t *entry = change->entry;

	do {
		order_store_descriptor(entry++, wanted ? wanted | next << SHADOW_PAGE_LG2 : 0);
		next++;
	} while (next < change->table_end && pte_is_valid(*entry) &&
		 *entry != (wanted | next << SHADOW_PAGE_LG2));
	change->pages->stats.writes += next - change->next;
	if (!wanted)
		change->pages->stats.leaves[PTE_LEVEL_PAGE] -= next - change->next;
	change->next = next;
	change->entry = entry;
}

bool pages_change_next(struct pages_change *change, uint64_t *start, uint64_t *end)
{
	uint64_t wanted = 0; /* all of the descriptor but its output address */

	if (change->run.access != SHADOW_ACCESS_NONE)
		wanted = pte_leaf_attributes(change->run.access, change->run.memory, PTE_LEVEL_PAGE);
	while (change->next < change->run.end) {
		if (!change->entry && !find_table(change)) {
			if (change->error)
				return false;
			change->next = change->table_end;
			continue;
		}
		if (skip_to_live(change, wanted)) {
			*start = change->next;
			write_live(change, wanted);
			*end = change->next;
			if (change->next == change->table_end)
				change->entry = NULL;
			return true;
		}
		change->entry = NULL;
	}
	return false;
}
