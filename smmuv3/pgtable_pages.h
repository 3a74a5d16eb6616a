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

static inline uint64_t *pages_entries(const struct pgtable *pgtable, uint32_t page)
{
	return (uint64_t *)pgtable->pool.virt + ((uint64_t)page << pgtable->format.index_lg2);
}

/* The descriptor that points to a table in pool page @page. */
static inline uint64_t pages_table(const struct pgtable *pgtable, uint32_t page)
{
	return format_table(&pgtable->format, (pgtable->pool.base.addr >> pgtable->format.granule_lg2) + page);
}

/* First page that a table translates. */
static inline uint64_t pages_base(const struct pgtable *pgtable, const struct pgtable_page *table)
{
	return (uint64_t)table->at << pgtable->format.index_lg2;
}

/* The pool page that a table descriptor points to; isolation is lost if it is not one of ours. */
uint32_t pages_of_table(const struct pgtable *pgtable, uint64_t pte);

/* Pages that can be taken now. */
static inline uint32_t pages_available(const struct pgtable *pgtable)
{
	return pgtable->limit - pgtable->live - pgtable->unlinked;
}

/* Take a page for a table of @height whose first entry translates page @base. PGTABLE_NONE if there is none.
 * @zero: in: zero entries are wanted; out: the page's entries are all zero. */
uint32_t pages_take(struct pgtable *pgtable, unsigned height, uint64_t base, bool *zero);

/* Give back a page that was never linked. */
void pages_untake(struct pgtable *pgtable, uint32_t page);

/* The page's table, and every table below it, has just been unlinked. */
void pages_unlink(struct pgtable *pgtable, uint32_t page);

/* Lists through pgtable_page.next. */
void pages_push(struct pgtable *pgtable, struct pgtable_list *list, uint32_t page);
uint32_t pages_pop(struct pgtable *pgtable, struct pgtable_list *list);

#endif
