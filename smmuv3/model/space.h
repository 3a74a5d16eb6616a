/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * space.h - the cached descriptors of one address space and one granule, found by address.
 */
#ifndef SMMUV3_MODEL_SPACE_H
#define SMMUV3_MODEL_SPACE_H

#include <stdbool.h>
#include <stdint.h>

enum {
	SPACE_ADDRESS_BITS = 52
};

struct space;

/** space_new() - an empty space. Return: NULL if memory is short. */
struct space *space_new(unsigned granule_lg2);
void space_free(struct space *space);

struct space_hit {
	bool leaf, table; /* found: a leaf that covers the address; a cached table pointer */
	bool overlap;	  /* leaves of more than one level cover the address */
	bool overlap_nt;  /* and all but the smallest have nT set */
	int leaf_level, table_level;
	uint64_t leaf_descriptor; /* its output address is that of the address's own granule or block */
	uint64_t leaf_time;
	uint64_t smallest;	   /* the deepest leaf's descriptor */
	uint64_t table_descriptor; /* the deepest one */
};

/** space_find() - the oldest leaf and the deepest table pointer for @address. */
void space_find(struct space *space, uint64_t address, struct space_hit *hit);

/** space_fill() - keep a descriptor seen at @time. Nothing changes if the slot already holds one, unless
 * @replace. Return: false if memory is short. */
bool space_fill(struct space *space, uint64_t address, int level, bool table, uint64_t descriptor,
		uint64_t time, bool replace);

/* The part of an address space in which descriptors went away. Empty while first > last. */
struct space_extent {
	uint64_t first, last;
};

/** space_invalidate() - forget what was filled up to @time and covers an address in [first, last]: leaves
 * at the levels of one mask (LEVEL_BIT), table pointers at those of the other. @extent, if given, grows by
 * what went. */
void space_invalidate(struct space *space, uint64_t first, uint64_t last, unsigned leaf_levels,
		      unsigned table_levels, uint64_t time, struct space_extent *extent);

/** space_get() - what the slot of @address at exactly @level holds. Return: false if nothing. */
bool space_get(struct space *space, uint64_t address, int level, bool table, uint64_t *descriptor);

/** space_each() - every descriptor that covers an address in [first, last]. @entry must not change the space.
 */
void space_each(struct space *space, uint64_t first, uint64_t last, void *ctx,
		void (*entry)(void *ctx, uint64_t address, int level, bool table, uint64_t descriptor));

/** space_each_grouped() - every leaf of exactly @level that stands for a contiguous group around @address. */
void space_each_grouped(struct space *space, uint64_t address, int level, void *ctx,
			void (*entry)(void *ctx, uint64_t address, int level, bool table,
				      uint64_t descriptor));

#endif
