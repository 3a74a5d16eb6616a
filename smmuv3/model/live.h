/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * live.h - a map from physical pages to the translation tables that lie in them.
 */
#ifndef SMMUV3_MODEL_LIVE_H
#define SMMUV3_MODEL_LIVE_H

#include <stdbool.h>
#include <stdint.h>

/* A table that walks reach, or that they may still reach through a cached pointer. */
struct live_table {
	uint64_t page; /* its key: physical address / granule */
	uint64_t pa;
	uint64_t base; /* first input address */
	int level;
	unsigned entries; /* 0: the slot of the map is free */
	bool unlinked;	  /* no descriptor points to it any more */
};

struct live_map {
	struct live_table *table;
	unsigned room_lg2, count;
};

/** live_find() - Return: NULL if no table is known at @page. Valid until the map changes. */
struct live_table *live_find(const struct live_map *map, uint64_t page);
void live_put(struct live_map *map, const struct live_table *table);
void live_remove(struct live_map *map, uint64_t page);
void live_free(struct live_map *map);

#endif
