/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * pgtable_tidy.c - see pgtable_tidy.h.
 *
 * Tables that may be tidied up wait in a list, oldest first. Eager: all of them at the end of their batch.
 * Patient: one a batch, once it has stayed as it is for SHADOW_PATIENCE batches, and not more often than splits
 * are paid for; so a page that goes back and forth keeps its table. Never: only pgtable_compact().
 * Owns: a walker finds the same translation in the table and in the block that takes its place; the table stays
 * intact until no walk cache leads to it. Spec: IHI 0070, Break-before-make level 1 and 2.
 */
#include "smmuv3/pgtable_tidy.h"

#include "engine/trace.h"
#include "smmuv3/pgtable_cursor.h"
#include "smmuv3/pgtable_hint.h"
#include "smmuv3/pgtable_mark.h"
#include "smmuv3/pgtable_policy.h"

#define TIDY_LOOKS 2u		       /* tables that a patient batch looks at */
#define TIDY_STORES 8u		       /* tables' worth of stores between two of its collapses: what it costs to split
					* again is an eighth of that at most */

bool tidy_is_whole(struct pgtable *pgtable, const struct pgtable_page *table)
{
	return table->whole == format_entries(&pgtable->format) && !table->mixed &&
	       table->height < pgtable->format.start && format_has_blocks(&pgtable->format, table->height + 1u) &&
	       policy_allows_leaf(pgtable, table->height + 1u, pages_base(pgtable, table),
				  (enum shadow_memory)table->memory);
}

static void untidy_push(struct pgtable *pgtable, struct pgtable_list *list, uint32_t page)
{
	pgtable->page[page].untidy = true;
	pgtable->page[page].next_untidy = PGTABLE_NONE;
	if (list->first == PGTABLE_NONE)
		list->first = page;
	else
		pgtable->page[list->last].next_untidy = page;
	list->last = page;
}

static uint32_t untidy_pop(struct pgtable *pgtable)
{
	uint32_t page = pgtable->untidy.first;

	if (page != PGTABLE_NONE) {
		pgtable->untidy.first = pgtable->page[page].next_untidy;
		pgtable->page[page].untidy = false;
	}
	return page;
}

void tidy_note(struct pgtable *pgtable, uint32_t page)
{
	pgtable->page[page].stamp = pgtable->batch;
	if (!pgtable->page[page].untidy)
		untidy_push(pgtable, &pgtable->untidy, page);
}

/* A block takes the place of the table that the cursor is in. */
static void collapse(struct pgtable *pgtable, unsigned height)
{
	uint32_t page = pgtable->place[height].page, above;
	struct pgtable_page *table = &pgtable->page[page];
	uint64_t base = pages_base(pgtable, table);
	uint64_t block = format_leaf(&pgtable->format, SHADOW_ACCESS_RW, (enum shadow_memory)table->memory,
				     height + 1, base);

	if (pgtable->bbml == 1) {
		mark_set(pgtable, page);
		block |= PTE_NT;
	}
	cursor_leave(pgtable, height);
	cursor_store(pgtable, height + 1, cursor_index(pgtable, height + 1, base), block);
	pages_unlink(pgtable, page);
	pgtable->stats.collapses++;
	platform_trace(PLATFORM_TRACE_COLLAPSE, base, format_level(height + 1));
	above = pgtable->place[height + 1].page;
	if (tidy_is_whole(pgtable, &pgtable->page[above]) || pgtable->contiguous)
		tidy_note(pgtable, above);
}

static void tidy_one(struct pgtable *pgtable, uint32_t page)
{
	const struct pgtable_page *table = &pgtable->page[page];
	uint64_t base = pages_base(pgtable, table);
	unsigned height = table->height;

	/* What is deeper does not matter here. */
	cursor_walk(pgtable, base);
	for (unsigned below = 0; below < height; below++)
		cursor_leave(pgtable, below);
	if (pgtable->bbml && tidy_is_whole(pgtable, table))
		collapse(pgtable, height);
	else
		hint_give(pgtable, height);
}

/* Is there still something to do? A page may have been freed, and even taken again, since it was noted. */
static bool is_worth_it(struct pgtable *pgtable, const struct pgtable_page *table)
{
	return table->linked && table->leaves && (pgtable->contiguous || tidy_is_whole(pgtable, table));
}

/* Nothing but hints to give, and the members of this batch are not in memory yet: a walker could find the hint of one
 * line beside the old members of another. Cleaning in between would clean lines twice. */
static bool is_too_fresh(struct pgtable *pgtable, const struct pgtable_page *table)
{
	return !pgtable->coherent && pgtable->contiguous && table->stamp == pgtable->batch &&
	       !(pgtable->bbml && tidy_is_whole(pgtable, table));
}

static void tidy_patiently(struct pgtable *pgtable)
{
	uint32_t first = PGTABLE_NONE;
	uint64_t due = UINT64_MAX;

	if (pgtable->stats.writes < pgtable->patient_writes || pgtable->batch < pgtable->patient_batch)
		return;
	for (unsigned look = 0; look < TIDY_LOOKS; look++) {
		uint32_t page = untidy_pop(pgtable);

		if (page == PGTABLE_NONE)
			return;
		if (!is_worth_it(pgtable, &pgtable->page[page]))
			continue;
		if (pgtable->batch - pgtable->page[page].stamp < SHADOW_PATIENCE) {
			untidy_push(pgtable, &pgtable->untidy, page);
			if (first == PGTABLE_NONE)
				first = page;
			if (due > pgtable->page[page].stamp + SHADOW_PATIENCE)
				due = pgtable->page[page].stamp + SHADOW_PATIENCE;
			/* Once round: a stamp moves later, and what is noted meanwhile is younger. */
			if (pgtable->untidy.first == first) {
				pgtable->patient_batch = due;
				return;
			}
			continue;
		}
		tidy_one(pgtable, page);
		pgtable->patient_writes = pgtable->stats.writes + TIDY_STORES * format_entries(&pgtable->format);
		return;
	}
}

static void tidy_eagerly(struct pgtable *pgtable)
{
	struct pgtable_list later = { PGTABLE_NONE, PGTABLE_NONE };
	uint32_t page;

	while ((page = untidy_pop(pgtable)) != PGTABLE_NONE) {
		if (is_too_fresh(pgtable, &pgtable->page[page]))
			untidy_push(pgtable, &later, page);
		else if (is_worth_it(pgtable, &pgtable->page[page]))
			tidy_one(pgtable, page);
	}
	pgtable->untidy = later;
}

void tidy_batch(struct pgtable *pgtable)
{
	if (pgtable->untidy.first == PGTABLE_NONE || pgtable->collapse == SHADOW_COLLAPSE_NEVER)
		return;
	if (pgtable->collapse == SHADOW_COLLAPSE_PATIENT)
		tidy_patiently(pgtable);
	else
		tidy_eagerly(pgtable);
}

bool pgtable_compact(struct pgtable *pgtable, unsigned blocks)
{
	pgtable->moved = true;
	for (; blocks; blocks--) {
		uint32_t page = untidy_pop(pgtable);

		if (page == PGTABLE_NONE)
			break;
		if (is_too_fresh(pgtable, &pgtable->page[page]))
			untidy_push(pgtable, &pgtable->untidy, page);
		else if (is_worth_it(pgtable, &pgtable->page[page]))
			tidy_one(pgtable, page);
	}
	return pgtable->untidy.first != PGTABLE_NONE;
}
