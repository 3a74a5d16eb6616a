/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * pgtable_pages.h - the pool's pages that serve as tables: taken, linked, pending, retired, free.
 *
 * Internal to pgtable*.c. A page goes round: free, live, pending (unlinked), retired (its invalidation is
 * published), free.
 */
#ifndef SMMUV3_PGTABLE_PAGES_H
#define SMMUV3_PGTABLE_PAGES_H

#include "smmuv3/pgtable.h"
#include "smmuv3/pte.h"

static inline uint64_t *pages_entries(const struct pgtable *pgtable, uint32_t page)
{
	return (uint64_t *)pgtable->pool.virt + ((uint64_t)page << PTE_ENTRIES_LG2);
}

static inline uint64_t pages_pfn(const struct pgtable *pgtable, uint32_t page)
{
	return (pgtable->pool.base.addr >> SHADOW_PAGE_LG2) + page;
}

/* The pool page that a table descriptor points to; isolation is lost if it is not one of ours. */
uint32_t pages_of_table(const struct pgtable *pgtable, uint64_t pte);

/* Pages that can be taken now. */
static inline uint32_t pages_available(const struct pgtable *pgtable)
{
	return pgtable->limit - pgtable->live - pgtable->unlinked;
}

/* Take a page for a table of @level whose first entry translates page @base. PGTABLE_NONE if there is none.
 * @zero: in: zero entries are wanted; out: the page's entries are all zero. */
uint32_t pages_take(struct pgtable *pgtable, unsigned level, uint64_t base, bool *zero);

/* Give back a page that was never linked. */
void pages_untake(struct pgtable *pgtable, uint32_t page);

/* The page's table, and every table below it, has just been unlinked. */
void pages_unlink(struct pgtable *pgtable, uint32_t page);

/* May a leaf of this level and memory type exist under the target's policy? */
static inline bool pages_leaf_allowed(const struct pgtable *pgtable, unsigned level, enum shadow_memory memory)
{
	return level == PTE_LEVEL_PAGE || (level > 0 && (memory == SHADOW_MEMORY_DEVICE || pgtable->blocks));
}

#endif
