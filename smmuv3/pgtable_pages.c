/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * pgtable_pages.c - life of the pages that serve as tables.
 *
 * Owns: a page is taken again only after the fence of an invalidation that covers its last use, walk caches
 * included. An unlinked table keeps its content until then, since a walker may still read it.
 * Callers: pgtable*.c and target.c, host lock held.
 */
#include "smmuv3/pgtable_pages.h"

#include "engine/assert.h"
#include "smmuv3/pgtable_mark.h"
#include "smmuv3/pgtable_reserve.h"

void pages_push(struct pgtable *pgtable, struct pgtable_list *list, uint32_t page)
{
	pgtable->page[page].next = PGTABLE_NONE;
	if (list->first == PGTABLE_NONE)
		list->first = page;
	else
		pgtable->page[list->last].next = page;
	list->last = page;
}

uint32_t pages_pop(struct pgtable *pgtable, struct pgtable_list *list)
{
	uint32_t page = list->first;

	if (page != PGTABLE_NONE)
		list->first = pgtable->page[page].next;
	return page;
}

uint32_t pages_of_table(const struct pgtable *pgtable, uint64_t pte)
{
	const struct pgtable_format *format = &pgtable->format;
	uint64_t page = format_page(format, pte) - (pgtable->pool.base.addr >> format->granule_lg2);

	shadow_require(page < pgtable->limit);
	return (uint32_t)page;
}

/* A free page whose entries are all zero: one that was emptied, or never used. */
static uint32_t pop_zero(struct pgtable *pgtable)
{
	uint32_t page = pages_pop(pgtable, &pgtable->free_zero);

	if (page == PGTABLE_NONE && pgtable->bump < pgtable->limit)
		page = pgtable->bump++;
	return page;
}

uint32_t pages_take(struct pgtable *pgtable, unsigned height, uint64_t base, bool *zero)
{
	uint32_t page = *zero ? pop_zero(pgtable) : pages_pop(pgtable, &pgtable->free);
	struct pgtable_page *table;

	if (page == PGTABLE_NONE) {
		*zero = !*zero;
		page = *zero ? pop_zero(pgtable) : pages_pop(pgtable, &pgtable->free);
	}
	if (page == PGTABLE_NONE)
		return PGTABLE_NONE;
	table = &pgtable->page[page];
	/* The list of untidy tables may still name the page from its last life. */
	*table = (struct pgtable_page){ .height = (uint8_t)height, .next = PGTABLE_NONE,
					.at = (uint32_t)(base >> pgtable->format.index_lg2),
					.untidy = table->untidy, .next_untidy = table->next_untidy };
	pgtable->live++;
	if (pgtable->peak < pgtable->live + pgtable->unlinked)
		pgtable->peak = pgtable->live + pgtable->unlinked;
	return page;
}

void pages_untake(struct pgtable *pgtable, uint32_t page)
{
	pgtable->live--;
	reserve_gone(pgtable, page);
	pages_push(pgtable, &pgtable->free, page);
}

/* Every entry of an empty table is zero. */
static struct pgtable_list *free_list_of(struct pgtable *pgtable, uint32_t page)
{
	return pgtable->page[page].valid ? &pgtable->free : &pgtable->free_zero;
}

/* The pending list is its own work list: what is appended is looked at in turn. */
void pages_unlink(struct pgtable *pgtable, uint32_t page)
{
	pages_push(pgtable, &pgtable->pending, page);
	for (uint32_t at = page; at != PGTABLE_NONE; at = pgtable->page[at].next) {
		struct pgtable_page *table = &pgtable->page[at];
		const uint64_t *entry = pages_entries(pgtable, at);

		table->linked = false;
		reserve_gone(pgtable, at);
		pgtable->live--;
		pgtable->unlinked++;
		pgtable->stats.leaves[format_level(table->height)] -= table->leaves;
		if (table->valid == table->leaves)
			continue;
		for (unsigned i = 0; i < format_entries(&pgtable->format); i++)
			if (pte_is_table(entry[i], table->height))
				pages_push(pgtable, &pgtable->pending, pages_of_table(pgtable, entry[i]));
	}
}

void pgtable_pending_spans(const struct pgtable *pgtable, struct tlbi_spans *spans)
{
	for (uint32_t at = pgtable->pending.first; at != PGTABLE_NONE; at = pgtable->page[at].next) {
		const struct pgtable_page *table = &pgtable->page[at];
		uint64_t base = pages_base(pgtable, table);

		tlbi_spans_add(spans, base, base + format_pages(&pgtable->format, table->height + 1u), 0, false);
	}
}

void pgtable_retire(struct pgtable *pgtable, uint64_t fence)
{
	if (!pgtable->gone_fence)
		pgtable->gone_fence = fence;
	for (uint32_t page; (page = pages_pop(pgtable, &pgtable->pending)) != PGTABLE_NONE;) {
		pgtable->page[page].stamp = fence;
		pages_push(pgtable, &pgtable->retired, page);
	}
}

__attribute__((__noinline__)) static void reclaim_retired(struct pgtable *pgtable, uint64_t fence)
{
	while (pgtable->retired.first != PGTABLE_NONE && pgtable->page[pgtable->retired.first].stamp <= fence) {
		uint32_t page = pages_pop(pgtable, &pgtable->retired);

		if (pgtable->page[page].marked)
			mark_clear(pgtable, page);
		pgtable->unlinked--;
		pages_push(pgtable, free_list_of(pgtable, page), page);
	}
	pgtable_clean(pgtable);	       /* of marks that were cleared */
}

void pgtable_reclaim(struct pgtable *pgtable, uint64_t fence)
{
	if (pgtable->gone_fence && pgtable->gone_fence <= fence)
		pgtable->gone_start = pgtable->gone_end = 0;
	if (pgtable->retired.first != PGTABLE_NONE)
		reclaim_retired(pgtable, fence);
}

void *pgtable_carve(struct pgtable *pgtable, uint64_t bytes, shadow_pa_t *pa)
{
	unsigned granule_lg2 = pgtable->format.granule_lg2;
	uint64_t base = pgtable->pool.base.addr, least = UINT64_C(1) << granule_lg2;
	uint64_t low = base + ((uint64_t)pgtable->bump << granule_lg2);
	uint64_t end = base + ((uint64_t)pgtable->limit << granule_lg2);
	uint64_t size = bytes < least ? least : bytes;
	uint64_t start = (end - size) & ~(size - 1);

	if (size > end || start < low)
		return NULL;
	pgtable->limit = (uint32_t)((start - base) >> granule_lg2);
	pa->addr = start;
	return (char *)pgtable->pool.virt + (start - base);
}
