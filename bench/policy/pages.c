/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * pages.c - the stage-2 table of the two baselines.
 *
 * pages_build() is the snapshot, before any walker. pages_change() is what a transition costs: walk from the
 * root, then one pass over the entries of that leaf table. The walk is repeated for each leaf table, as
 * the originals do; nothing is remembered between two calls.
 * Called by baseline.c. Leaves all invalidation to eager.c and strict.c.
 * Spec: DDI 0487, VMSAv8-64 translation table format descriptors, stage 2.
 */
#include "bench/policy/pages.h"

#include <shadow/error.h>

#include "engine/order.h"
#include "smmuv3/format.h"

/* Both originals know the granule when they are compiled. */
#define INDEX_LG2  9u
#define ENTRIES	   (UINT64_C(1) << INDEX_LG2)
#define LEVEL_PAGE 3u

static inline unsigned level_lg2(unsigned level)
{
	return INDEX_LG2 * (LEVEL_PAGE - level);
}

/* Start tables are concatenated, so an index into them may exceed one table. */
static inline uint64_t entry_index(const struct pages *pages, uint64_t page, unsigned level)
{
	uint64_t index = page >> level_lg2(level);

	return level == pages->start_level ? index : index & (ENTRIES - 1);
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
	const struct shadow_address_map map = { .ia_bits = ia_bits };
	uint64_t root;

	*pages = (struct pages){ .pool = *pool, .limit = pool->bytes, .ia_bits = ia_bits };
	if (ia_bits > PAGES_IA_BITS_MAX || format_init(&pages->format, &map, SHADOW_START_DEFAULT, false))
		return -SHADOW_EINVAL;
	pages->start_level = LEVEL_PAGE - pages->format.start;
	return take_tables(pages, format_start_tables(&pages->format) * SHADOW_PAGE_BYTES, &root) ?
		       0 :
		       -SHADOW_ENOMEM;
}

/* The table under a table-level entry; a new one, zeroed by the pool and linked with one store, if there is
 * none. Return: NULL with *@error if a block is in the way or the pool is used up. */
static uint64_t *table_under(struct pages *pages, uint64_t *entry, unsigned level, bool grow, int *error)
{
	uint64_t descriptor = *entry, pa;

	if (pte_is_table(descriptor, LEVEL_PAGE - level))
		return pages_virt(pages, format_page(&pages->format, descriptor) << SHADOW_PAGE_LG2);
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
	order_before_link(true); /* [T1] */
	order_store_descriptor(entry, format_table(&pages->format, pa >> SHADOW_PAGE_LG2));
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
		return LEVEL_PAGE;
	while (level < LEVEL_PAGE) {
		uint64_t span = UINT64_C(1) << level_lg2(level);

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
		unsigned lg2 = level_lg2(level);
		uint64_t index = entry_index(pages, page, level) & (ENTRIES - 1);
		uint64_t count = (run->end - page) >> lg2, i, descriptor, *entry;
		int error = 0;

		/* At the end of the table a run may have become aligned to larger blocks. */
		if (count > ENTRIES - index)
			count = ENTRIES - index;
		entry = walk(pages, page, level, true, &error);
		if (!entry)
			return error;
		descriptor = format_leaf(&pages->format, run->access, run->memory, LEVEL_PAGE - level, page);
		for (i = 0; i < count; i++)
			order_fill_descriptor(&entry[i], descriptor + (i << (lg2 + SHADOW_PAGE_LG2)));
		pages->stats.writes += count;
		pages->stats.leaves[level] += count;
		page += count << lg2;
	}
	return 0;
}

/* Clear @count entries, of pages from @page on. */
static int revoke_entries(struct pages *pages, uint64_t *entry, uint64_t page, uint64_t count,
			  pages_span *span, void *ctx)
{
	uint64_t i = 0, first;
	int error = 0;

	for (; i < count && !error; i++) {
		for (first = i; i < count && pte_is_valid(entry[i]); i++)
			order_store_descriptor(&entry[i], 0);
		if (i == first)
			continue;
		pages->stats.writes += i - first;
		pages->stats.leaves[LEVEL_PAGE] -= i - first;
		error = span(ctx, page + first, page + i);
	}
	return error;
}

/* Bring @count entries, of pages from @page on, to @wanted, that of the first one. */
static int grant_entries(struct pages *pages, uint64_t *entry, uint64_t page, uint64_t count, uint64_t wanted,
			 pages_span *span, void *ctx)
{
	uint64_t i, first = 0, granted = 0, changed = 0; /* a span of live ones that changed: first .. i */
	int error = 0;

	for (i = 0; i < count && !error; i++, wanted += SHADOW_PAGE_BYTES) {
		uint64_t old_value = entry[i];

		if (old_value != wanted)
			order_store_descriptor(&entry[i], wanted);
		if (pte_is_valid(old_value) && old_value != wanted) {
			changed++;
			continue;
		}
		granted += old_value != wanted;
		if (first < i)
			error = span(ctx, page + first, page + i);
		first = i + 1;
	}
	if (!error && first < i)
		error = span(ctx, page + first, page + i);
	pages->stats.writes += granted + changed;
	pages->stats.leaves[LEVEL_PAGE] += granted;
	return error;
}

int pages_change(struct pages *pages, const struct run *run, pages_span *span, void *ctx)
{
	bool grant = run->access != SHADOW_ACCESS_NONE;
	uint64_t page = run->start, attributes = 0;
	int error = 0;

	if (grant)
		attributes = format_attributes(&pages->format, run->access, run->memory, 0);
	while (page < run->end && !error) {
		uint64_t end = (page | (ENTRIES - 1)) + 1;
		uint64_t *entry = walk(pages, page, LEVEL_PAGE, grant, &error);

		if (end > run->end)
			end = run->end;
		if (entry && grant)
			error = grant_entries(pages, entry, page, end - page,
					      attributes | page << SHADOW_PAGE_LG2, span, ctx);
		else if (entry)
			error = revoke_entries(pages, entry, page, end - page, span, ctx);
		page = end;
	}
	return error;
}
