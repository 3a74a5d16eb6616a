/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * snapshot.h - what the host may reach, read from its raw stage-2 descriptors.
 *
 * Yields maximal ranges of one access in ascending order; ranges without access are left out.
 * Spec: DDI 0487, VMSAv8-64 stage 2 descriptor formats; Translation levels; Concatenated translation tables.
 */
#ifndef ENGINE_SNAPSHOT_H
#define ENGINE_SNAPSHOT_H

#include <shadow/shadow.h>

struct snapshot_walk {
	struct shadow_host_table table;
	unsigned granule_lg2;
	int block_level;	       /* first that has blocks */
	bool large;		       /* 52-bit addresses: the top bits of an address lie apart */
	uint64_t zeros;		       /* bits of a valid descriptor's address field that hold none */
	uint64_t next;		       /* page; everything below has been yielded */
	const uint64_t *entry;	       /* the table read last, or NULL, */
	int level;		       /* its level, */
	uint64_t start, end;	       /* and the pages that it is for */
	int error;		       /* -SHADOW_EINVAL once a table could not be read or is malformed */
};

static inline unsigned snapshot_granule_lg2(const struct shadow_host_table *table)
{
	return table->granule_lg2 ? table->granule_lg2 : SHADOW_PAGE_LG2;
}

/* Return: 0, or -SHADOW_EINVAL if the table's shape is not legal. */
int snapshot_begin(struct snapshot_walk *walk, const struct shadow_host_table *table);

/* The next range [*@start, *@end) of pages. Return: false at the end of the space, or on walk->error. */
bool snapshot_next(struct snapshot_walk *walk, uint64_t *start, uint64_t *end, enum shadow_access *access);

#endif
