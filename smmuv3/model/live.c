/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * live.c - the map of known tables: open addressing, linear probing, at most half full.
 */
#include "live.h"

#include "alloc.h"
#include "state.h"

enum {
	ROOM_LG2_MIN = 6
};

static unsigned home_of(const struct live_map *map, uint64_t page)
{
	return page * UINT64_C(0x9e3779b97f4a7c15) >> (64 - map->room_lg2);
}

static unsigned next_of(const struct live_map *map, unsigned slot)
{
	return (slot + 1) & ((1u << map->room_lg2) - 1);
}

struct live_table *live_find(const struct live_map *map, uint64_t page)
{
	unsigned slot;

	if (!map->table)
		return NULL;
	for (slot = home_of(map, page); map->table[slot].entries; slot = next_of(map, slot)) {
		if (map->table[slot].page == page)
			return &map->table[slot];
	}
	return NULL;
}

static void grow(struct live_map *map)
{
	struct live_map larger = { .room_lg2 = map->table ? map->room_lg2 + 1 : ROOM_LG2_MIN };
	unsigned slot;

	larger.table = model_must_alloc(sizeof(*larger.table) << larger.room_lg2);
	for (slot = 0; map->table && slot < 1u << map->room_lg2; slot++) {
		if (map->table[slot].entries)
			live_put(&larger, &map->table[slot]);
	}
	model_release(map->table);
	*map = larger;
}

void live_put(struct live_map *map, const struct live_table *table)
{
	struct live_table *known = live_find(map, table->page);
	unsigned slot;

	if (known) {
		*known = *table;
		return;
	}
	if (!map->table || 2 * map->count >= 1u << map->room_lg2)
		grow(map);
	for (slot = home_of(map, table->page); map->table[slot].entries;)
		slot = next_of(map, slot);
	map->table[slot] = *table;
	map->count++;
}

/* Close the gap, so that no search ends early: move up whatever may live in it. */
void live_remove(struct live_map *map, uint64_t page)
{
	struct live_table *known = live_find(map, page);
	unsigned mask = (1u << map->room_lg2) - 1, gap, slot;

	if (!known)
		return;
	gap = known - map->table;
	for (slot = next_of(map, gap); map->table[slot].entries; slot = next_of(map, slot)) {
		unsigned home = home_of(map, map->table[slot].page);

		if (((slot - home) & mask) < ((slot - gap) & mask))
			continue;
		map->table[gap] = map->table[slot];
		gap = slot;
	}
	map->table[gap] = (struct live_table){ .entries = 0 };
	map->count--;
}

void live_free(struct live_map *map)
{
	model_release(map->table);
}
