/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * pgtable_mark.c - see pgtable_mark.h.
 *
 * Owns: at BBM level 1 no table takes the place of a block, nor a block that of a table, without nT and a sync
 * that every device has seen in between; and no group with the hint gets another access while the hint may be
 * cached. Callers: host lock held, the cursor settled.
 * Spec: IHI 0070, Break-before-make level 1; DDI 0487, Block translation entry.
 */
#include "smmuv3/pgtable_mark.h"

#include "smmuv3/pgtable_cursor.h"
#include "smmuv3/pgtable_hint.h"
#include "smmuv3/pgtable_tidy.h"

static bool is_run_access(const struct pgtable *pgtable, uint64_t pte, unsigned height, const struct run *run)
{
	return run->access &&
	       ((pte ^ format_attributes(&pgtable->format, run->access, run->memory, height)) &
		pgtable->format.attributes) == 0;
}

/* A live block that holds @page and that the run covers in part only. */
static void mark_edge(struct pgtable *pgtable, uint64_t page, const struct run *run)
{
	unsigned height = cursor_walk(pgtable, page);
	unsigned index = cursor_index(pgtable, height, page);
	uint64_t pte = pgtable->place[height].entry[index], size = format_pages(&pgtable->format, height);
	uint64_t base = page & ~(size - 1);

	if (!height || !pte_is_leaf(pte, height) || (run->start <= base && base + size <= run->end) ||
	    is_run_access(pgtable, pte, height, run))
		return;
	if (pte & PTE_NT)	       /* from a collapse whose sync is outstanding: that must be waited for */
		tlbi_spans_add(pgtable->spans, base, base + size, cursor_ttl(height), true);
	else			       /* its group has lost the hint by then */
		cursor_store(pgtable, height, index, (pte & ~PTE_CONTIGUOUS) | PTE_NT);
}

/* Groups that will be given another access lose the hint first: until that is out of every TLB, an entry for the group
 * would say one thing and an entry for a member another. A revoke leaves nothing to disagree with. */
static void mark_groups(struct pgtable *pgtable, const struct run *run)
{
	for (uint64_t page = run->start; page < run->end;) {
		unsigned height = cursor_walk(pgtable, page);
		unsigned index = cursor_index(pgtable, height, page), end = index + 1;
		uint64_t pte = pgtable->place[height].entry[index];
		uint64_t group = format_pages(&pgtable->format, height) << pgtable->format.contiguous_lg2[height];

		if (pte & PTE_CONTIGUOUS && pte_is_leaf(pte, height) && !is_run_access(pgtable, pte, height, run)) {
			hint_drop(pgtable, height, &index, &end, PTE_VALID);
			tlbi_spans_add(pgtable->spans, page & ~(group - 1), (page & ~(group - 1)) + group,
				       cursor_ttl(height), true);
		}
		page = (page | (group - 1)) + 1;
	}
}

void pgtable_mark(struct pgtable *pgtable, const struct run *run)
{
	pgtable->moved = true;
	if (pgtable->bbml == 1) {
		mark_edge(pgtable, run->start, run);
		mark_edge(pgtable, run->end - 1, run);
	}
	if (pgtable->contiguous && run->access)
		mark_groups(pgtable, run);
}

static void mark_forget(struct pgtable *pgtable, struct pgtable_list *list, const struct pgtable_page *same)
{
	for (uint32_t at = list->first; at != PGTABLE_NONE; at = pgtable->page[at].next) {
		struct pgtable_page *table = &pgtable->page[at];

		if (table->at == same->at && table->height == same->height)
			table->marked = false;
	}
}

void mark_set(struct pgtable *pgtable, uint32_t page)
{
	/* A table that was here before is of no concern to this block. */
	mark_forget(pgtable, &pgtable->pending, &pgtable->page[page]);
	mark_forget(pgtable, &pgtable->retired, &pgtable->page[page]);
	pgtable->page[page].marked = true;
}

void mark_clear(struct pgtable *pgtable, uint32_t page)
{
	struct pgtable_page *table = &pgtable->page[page];
	uint64_t base = pages_base(pgtable, table);
	unsigned height = cursor_walk(pgtable, base);
	unsigned index = cursor_index(pgtable, height, base);
	uint64_t pte = pgtable->place[height].entry[index];

	table->marked = false;
	/* It may have been split again, or taken away. */
	if (height != table->height + 1u || !pte_is_leaf(pte, height) || !(pte & PTE_NT))
		return;
	cursor_store(pgtable, height, index, pte & ~PTE_NT);
	pgtable->moved = true;
	/* With nT it could not be in a group. */
	if (pgtable->contiguous)
		tidy_note(pgtable, pgtable->place[height].page);
}
