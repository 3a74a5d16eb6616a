/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * pgtable_cursor.h - where a batch stands in the tables, and the stores it makes there.
 *
 * Internal to pgtable*.c. The cursor is in at most one table at each height, each inside the one above; the
 * one at the start is always entered. Every descriptor is stored through here, so that counts, spans, hints
 * and, where walks are not coherent, cache lines follow.
 */
#ifndef SMMUV3_PGTABLE_CURSOR_H
#define SMMUV3_PGTABLE_CURSOR_H

#include "engine/order.h"
#include "smmuv3/pgtable_pages.h"

static inline unsigned cursor_entries(const struct pgtable *pgtable, unsigned height)
{
	return 1u << (height == pgtable->format.start ? pgtable->format.start_lg2 : pgtable->format.index_lg2);
}

/* Of the entry that translates @page, in its table at @height. */
static inline unsigned cursor_index(const struct pgtable *pgtable, unsigned height, uint64_t page)
{
	return (unsigned)(page >> format_lg2(&pgtable->format, height)) & (cursor_entries(pgtable, height) - 1);
}

/* What the entry says, or will say once a fresh table is filled. */
static inline uint64_t cursor_read(const struct pgtable_place *place, unsigned index)
{
	if (place->fresh && index >= place->filled)
		return place->inherited + index * place->inherited_step;
	return place->entry[index];
}

/* Level hint of an invalidation for leaves of @height: TTL cannot name the levels above 1. */
static inline uint8_t cursor_ttl(unsigned height)
{
	return height < 3 ? (uint8_t)(3 - height) : 0;
}

static inline void cursor_enter(struct pgtable *pgtable, unsigned height, uint32_t page)
{
	pgtable->place[height] = (struct pgtable_place){ .entry = pages_entries(pgtable, page), .page = page };
}

/* Leave the table at @height, which is settled. */
static inline void cursor_leave(struct pgtable *pgtable, unsigned height)
{
	pgtable->place[height].page = PGTABLE_NONE;
}

/* Between batches, without moving: the leaf or the invalid entry that translates @page, at *@height. */
uint64_t cursor_look(const struct pgtable *pgtable, uint64_t page, unsigned *height);

/* Between batches, or in one that has moved nothing yet: into the deepest table that translates @page. Return: its height. */
unsigned cursor_walk(struct pgtable *pgtable, uint64_t page);

/* Fresh table: entries below @index that the batch does not change keep what they inherit. */
void cursor_fill(struct pgtable *pgtable, unsigned height, unsigned index);

/* One entry to or from a table, or a leaf in a table's place. A live leaf that is replaced adds its span. */
void cursor_store(struct pgtable *pgtable, unsigned height, unsigned index, uint64_t value);

static inline void cursor_count(struct pgtable *pgtable, struct pgtable_page *table, unsigned count, bool read_write)
{
	table->valid = (uint16_t)(table->valid + count);
	table->leaves = (uint16_t)(table->leaves + count);
	if (read_write)
		table->whole = (uint16_t)(table->whole + count);
	pgtable->stats.leaves[format_level(table->height)] += count;
}

static inline void cursor_discount(struct pgtable *pgtable, struct pgtable_page *table, unsigned count, unsigned whole)
{
	table->valid = (uint16_t)(table->valid - count);
	table->leaves = (uint16_t)(table->leaves - count);
	table->whole = (uint16_t)(table->whole - whole);
	pgtable->stats.leaves[format_level(table->height)] -= count;
}

static inline void cursor_note_memory(struct pgtable_page *table, enum shadow_memory memory)
{
	if (!table->leaves)
		table->memory = memory & 1;
	else if (table->memory != memory)
		table->mixed = true;
}

#endif
