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
#include "smmuv3/pgtable_dirty.h"
#include "smmuv3/pgtable_policy.h"

static unsigned group_lg2(const struct pgtable *pgtable, unsigned height)
{
	return pgtable->contiguous ? pgtable->format.contiguous_lg2[height] : 0;
}

static bool is_hinted(uint64_t pte)
{
	return (pte & (PTE_VALID | PTE_CONTIGUOUS)) == (PTE_VALID | PTE_CONTIGUOUS);
}

/* The row that is about to change, and what its first entry is to say. */
struct change {
	unsigned from, to;
	uint64_t value, step;
};

/* Does the group at @first have the hint, and will a member say something else? Members agree: one tells for all. */
static bool group_changes(const uint64_t *entry, unsigned first, const struct change *change)
{
	unsigned member = first > change->from ? first : change->from;
	uint64_t value = change->value ? change->value + (member - change->from) * change->step : 0;

	return is_hinted(entry[member]) && (entry[member] & ~PTE_CONTIGUOUS) != value;
}

/* Members that stay lose the hint; with a row of leaves also those that change, or they would disagree for a while. */
static void group_drop(struct pgtable *pgtable, struct pgtable_place *place, unsigned first, unsigned count,
		       const struct change *change)
{
	for (unsigned i = first; i < first + count; i++) {
		if (!change->value && i >= change->from && i < change->to)
			continue;
		order_store_descriptor(&place->entry[i], place->entry[i] & ~PTE_CONTIGUOUS);
		pgtable->stats.writes++;
	}
	dirty_note(pgtable, &place->entry[first], count);
	pgtable->stats.hints_dropped++;
}

void hint_drop(struct pgtable *pgtable, unsigned height, unsigned *index, unsigned *end, uint64_t value)
{
	const struct change change = { *index, *end, value, format_step(&pgtable->format, height) };
	struct pgtable_place *place = &pgtable->place[height];
	unsigned lg2 = group_lg2(pgtable, height), count = 1u << lg2, first = change.from & ~(count - 1);

	for (; lg2 && first < change.to; first += count) {
		bool cut = first < change.from || first + count > change.to;

		/* A revoke of a whole group leaves no member to disagree. */
		if ((!cut && !value) || !group_changes(place->entry, first, &change))
			continue;
		group_drop(pgtable, place, first, count, &change);
		*index = first < *index ? first : *index;
		*end = first + count > *end ? first + count : *end;
	}
}

/* Four at once: then it does not matter what else the loop does, and where the linker puts it. */
static void fill(uint64_t *entry, unsigned count, uint64_t value, uint64_t step)
{
	for (; count >= 4; count -= 4, entry += 4, value += 4 * step) {
		order_fill_descriptor(entry, value);
		order_fill_descriptor(entry + 1, value + step);
		order_fill_descriptor(entry + 2, value + 2 * step);
		order_fill_descriptor(entry + 3, value + 3 * step);
	}
	for (; count; count--, entry++, value += step)
		order_fill_descriptor(entry, value);
}

void hint_fill(struct pgtable *pgtable, unsigned height, unsigned index, unsigned count, uint64_t value, uint64_t step)
{
	uint64_t *entry = &pgtable->place[height].entry[index];
	unsigned lg2 = value && pgtable->bbml ? group_lg2(pgtable, height) : 0;
	unsigned before = (0 - index) & ((1u << lg2) - 1), whole;

	pgtable->stats.writes += count;
	if (!lg2 || count <= before) {
		fill(entry, count, value, step);
		return;
	}
	whole = (count - before) >> lg2 << lg2;
	fill(entry, before, value, step);
	fill(entry + before, whole, (value + before * step) | PTE_CONTIGUOUS, step);
	fill(entry + before + whole, count - before - whole, value + (before + whole) * step, step);
	pgtable->stats.hints += whole >> lg2;
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
	bool ordered = place->fresh;

	for (unsigned i = 0; lg2 && i < entries; i += count) {
		uint64_t page = base + ((uint64_t)i << format_lg2(&pgtable->format, height));

		if (!group_is_whole(&place->entry[i], count, height, step) ||
		    (pgtable->bbml == 0 && !policy_never_transitions(pgtable, page,
							     format_pages(&pgtable->format, height) << lg2)))
			continue;
		/* [T1] Members before a hint, through which a walker takes one for all. Observer: SMMU. */
		if (!ordered)
			order_before_link(pgtable->coherent);
		ordered = true;
		for (unsigned j = i; j < i + count; j++)
			if (place->fresh)
				order_fill_descriptor(&place->entry[j], place->entry[j] | PTE_CONTIGUOUS);
			else
				order_store_descriptor(&place->entry[j], place->entry[j] | PTE_CONTIGUOUS);
		if (!place->fresh)
			dirty_note(pgtable, &place->entry[i], count);
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
