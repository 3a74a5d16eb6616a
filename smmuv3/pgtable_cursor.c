/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * pgtable_cursor.c - see pgtable_cursor.h.
 *
 * Owns: a live entry changes by one single-copy atomic store, and its line is noted to be cleaned.
 * Spec: DDI 0487, VMSAv8-64 stage 2; IHI 0070, Translation table coherency.
 */
#include "smmuv3/pgtable_cursor.h"

#include "smmuv3/pgtable_dirty.h"
#include "smmuv3/pgtable_hint.h"

uint64_t cursor_look(const struct pgtable *pgtable, uint64_t page, unsigned *height)
{
	uint64_t pte;

	*height = pgtable->format.start;
	pte = pgtable->place[*height].entry[cursor_index(pgtable, *height, page)];
	while (pte_is_table(pte, *height)) {
		const uint64_t *entry = pages_entries(pgtable, pages_of_table(pgtable, pte));

		pte = entry[cursor_index(pgtable, --*height, page)];
	}
	return pte;
}

unsigned cursor_walk(struct pgtable *pgtable, uint64_t page)
{
	unsigned height = pgtable->format.start;

	for (;;) {
		uint64_t pte = pgtable->place[height].entry[cursor_index(pgtable, height, page)];
		uint32_t table;

		if (!pte_is_table(pte, height))
			break;
		table = pages_of_table(pgtable, pte);
		height--;
		if (pgtable->place[height].page == table)
			continue;
		cursor_enter(pgtable, height, table);
	}
	for (unsigned below = 0; below < height; below++)
		cursor_leave(pgtable, below);
	return height;
}

void cursor_fill(struct pgtable *pgtable, unsigned height, unsigned index)
{
	struct pgtable_place *place = &pgtable->place[height];
	unsigned filled = place->filled;

	if (index <= filled)
		return;
	hint_fill(pgtable, height, filled, index - filled, place->inherited + filled * place->inherited_step,
		  place->inherited_step);
	place->filled = index;
}

static void store_fresh(struct pgtable *pgtable, unsigned height, unsigned index, uint64_t value)
{
	struct pgtable_place *place = &pgtable->place[height];

	cursor_fill(pgtable, height, index);
	order_fill_descriptor(&place->entry[index], value);
	if (place->filled <= index)
		place->filled = index + 1;
}

static void store_live(struct pgtable *pgtable, unsigned height, unsigned index, uint64_t old, uint64_t value)
{
	const struct pgtable_format *format = &pgtable->format;
	struct pgtable_place *place = &pgtable->place[height];
	unsigned first = index, end = index + 1;

	if (pte_is_leaf(old, height)) {
		uint64_t base = pages_base(pgtable, &pgtable->page[place->page]);

		hint_drop(pgtable, height, &first, &end, value & ~PTE_CONTIGUOUS);
		tlbi_spans_add(pgtable->spans, base + ((uint64_t)first << format_lg2(format, height)),
			       base + ((uint64_t)end << format_lg2(format, height)), cursor_ttl(height), true);
	}
	order_store_descriptor(&place->entry[index], value);
	dirty_note(pgtable, &place->entry[index], 1);
}

void cursor_store(struct pgtable *pgtable, unsigned height, unsigned index, uint64_t value)
{
	struct pgtable_place *place = &pgtable->place[height];
	struct pgtable_page *table = &pgtable->page[place->page];
	uint64_t old = cursor_read(place, index);

	place->changed = true;
	if (place->fresh)
		store_fresh(pgtable, height, index, value);
	else
		store_live(pgtable, height, index, old, value);
	pgtable->stats.writes++;
	if (pte_is_leaf(old, height))
		cursor_discount(pgtable, table, 1, pte_is_rw(old));
	else if (pte_is_valid(old))
		table->valid--;
	if (pte_is_leaf(value, height)) {
		cursor_note_memory(table, pte_memory(value));
		cursor_count(pgtable, table, 1, pte_is_rw(value));
		place->granted = true;
	} else if (pte_is_valid(value)) {
		table->valid++;
	}
}
