/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * ghost.h - what break-before-make says of a new descriptor beside one that may still be cached. Pure.
 */
#ifndef SMMUV3_MODEL_GHOST_H
#define SMMUV3_MODEL_GHOST_H

#include "decode.h"

/* A descriptor and where it stands. A ghost is one that is gone from memory but may still be cached. */
struct placed {
	uint64_t address; /* first input address that it covers */
	int level;
	bool table;
	uint64_t descriptor;
};

struct verdict {
	const char *what; /* NULL: nothing wrong */
	enum model_rule rule;
};

/** ghost_against_leaf() - may the leaf @fresh be made while @ghost may be cached? They overlap. */
struct verdict ghost_against_leaf(const struct model_stage2 *stage2, unsigned bbml,
				  const struct placed *ghost, const struct placed *fresh);

/** ghost_against_table() - may a table be made in the slot of @ghost, a leaf? */
struct verdict ghost_against_table(unsigned bbml, const struct placed *ghost);

/** ghost_merge() - what one slot's ghost must stand for after @newer joins @older. */
uint64_t ghost_merge(int level, uint64_t older, uint64_t newer);

/* One member of a contiguous group. */
struct member {
	uint64_t descriptor;
	unsigned index; /* within the group */
	bool ghost;
};

/** contiguous_check() - may leaf @fresh stand beside @member, which may be itself? */
struct verdict contiguous_check(const struct model_stage2 *stage2, unsigned bbml, int level,
				const struct member *fresh, const struct member *member);

#endif
