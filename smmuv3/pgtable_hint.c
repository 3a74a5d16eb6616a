/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * pgtable_hint.c - see pgtable_hint.h.
 *
 * Owns: all members of a group have the hint or none has, and only where they are leaves of one kind with
 * consecutive addresses. At BBM level 1 and 2 the bit alone may change at any time; what was cached for the
 * group is dropped with the invalidation of the whole group.
 * At BBM level 0 nothing may change in a group with the hint, so only what never transitions gets it.
 * Spec: DDI 0487, The Contiguous bit; IHI 0070, Break-before-make level 1 and 2.
 */
#include "smmuv3/pgtable_hint.h"

#include "smmuv3/pgtable_cursor.h"
#include "smmuv3/pgtable_policy.h"

static unsigned group_lg2(const struct pgtable *pgtable, unsigned height)
{
	return pgtable->contiguous ? pgtable->format.contiguous_lg2[height] : 0;
}

static bool is_hinted(uint64_t pte)
{
	return (pte & (PTE_VALID | PTE_CONTIGUOUS)) == (PTE_VALID | PTE_CONTIGUOUS);
}

/* Members of the group from @first on, but for those of [@from, @to), lose the hint. */
static void group_drop(struct pgtable *pgtable, struct pgtable_place *place, unsigned first, unsigned count,
		       unsigned from, unsigned to)
{
	for (unsigned i = first; i < first + count; i++) {
		if (i >= from && i < to)
			continue;
		order_store_descriptor(&place->entry[i], place->entry[i] & ~PTE_CONTIGUOUS);
		pgtable->stats.writes++;
	}
	cursor_dirty(pgtable, place, first, count);
	pgtable->stats.hints_dropped++;
}

void hint_drop(struct pgtable *pgtable, unsigned height, unsigned *index, unsigned *end, uint64_t value)
{
	struct pgtable_place *place = &pgtable->place[height];
	unsigned lg2 = group_lg2(pgtable, height), count = 1u << lg2, from = *index, to = *end;
	unsigned head = from & ~(count - 1), tail = (to - 1) & ~(count - 1);
	uint64_t last_value;

	if (!lg2)
		return;
	/* Members of a group agree: if the first does not change, none does. */
	if (is_hinted(place->entry[from]) && (place->entry[from] & ~PTE_CONTIGUOUS) != value) {
		if (head < from || head + count > to)
			group_drop(pgtable, place, head, count, from, to);
		*index = head;
		if (head + count > to)
			*end = head + count;
	}
	if (tail == head)
		return;
	last_value = value ? value + (to - 1 - from) * format_step(&pgtable->format, height) : 0;
	if (tail + count > to && is_hinted(place->entry[to - 1]) &&
	    (place->entry[to - 1] & ~PTE_CONTIGUOUS) != last_value) {
		group_drop(pgtable, place, tail, count, from, to);
		*end = tail + count;
	}
}

/* All members are leaves without the hint, of one kind and one address after the other. */
static bool group_is_whole(const uint64_t *entry, unsigned count, unsigned height, uint64_t step)
{
	uint64_t value = entry[0];

	if (!pte_is_leaf(value, height) || value & PTE_CONTIGUOUS || (height && value & PTE_NT))
		return false;
	for (unsigned i = 1; i < count; i++)
		if (entry[i] != value + i * step)
			return false;
	return true;
}

void hint_give(struct pgtable *pgtable, unsigned height)
{
	struct pgtable_place *place = &pgtable->place[height];
	unsigned lg2 = group_lg2(pgtable, height), count = 1u << lg2, entries = cursor_entries(pgtable, height);
	uint64_t base = pages_base(pgtable, &pgtable->page[place->page]);
	uint64_t step = format_step(&pgtable->format, height);

	for (unsigned i = 0; lg2 && i < entries; i += count) {
		uint64_t page = base + ((uint64_t)i << format_lg2(&pgtable->format, height));

		if (!group_is_whole(&place->entry[i], count, height, step) ||
		    (pgtable->bbml == 0 && !policy_never_transitions(pgtable, page)))
			continue;
		for (unsigned j = i; j < i + count; j++)
			if (place->fresh)
				order_fill_descriptor(&place->entry[j], place->entry[j] | PTE_CONTIGUOUS);
			else
				order_store_descriptor(&place->entry[j], place->entry[j] | PTE_CONTIGUOUS);
		if (!place->fresh)
			cursor_dirty(pgtable, place, i, count);
		pgtable->stats.writes += count;
		pgtable->stats.hints++;
	}
}

/* Is @page inside a group with the hint whose first page it is not? */
static bool is_inside_group(const struct pgtable *pgtable, uint64_t page)
{
	unsigned height = pgtable->format.start;
	const uint64_t *entry = pgtable->place[height].entry;
	uint64_t pte = entry[cursor_index(pgtable, height, page)];

	for (; pte_is_table(pte, height); height--)
		pte = pages_entries(pgtable, pages_of_table(pgtable, pte))[cursor_index(pgtable, height - 1, page)];
	return is_hinted(pte) &&
	       page & ((format_pages(&pgtable->format, height) << pgtable->format.contiguous_lg2[height]) - 1);
}

bool hint_is_cut(const struct pgtable *pgtable, const struct run *run)
{
	return pgtable->contiguous && (is_inside_group(pgtable, run->start) ||
				       (run->end < format_top(&pgtable->format) && is_inside_group(pgtable, run->end)));
}
