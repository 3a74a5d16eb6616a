/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * snapshot.h - what the host may reach, read from its raw stage-2 descriptors.
 *
 * Yields maximal ranges of one access in ascending order; ranges without access are left out.
 * Spec: DDI 0487, VMSAv8-64 stage 2 descriptor formats, 4 KiB granule.
 */
#ifndef ENGINE_SNAPSHOT_H
#define ENGINE_SNAPSHOT_H

#include <shadow/shadow.h>

struct snapshot_walk {
	struct shadow_host_table table;
	uint64_t next;		       /* page; everything below has been yielded */
	int error;		       /* -SHADOW_EINVAL once a table could not be read or is malformed */
};

/* Return: 0, or -SHADOW_EINVAL if the table's shape is not legal. */
int snapshot_begin(struct snapshot_walk *walk, const struct shadow_host_table *table);

/* The next range [*@start, *@end) of pages. Return: false at the end of the space, or on walk->error. */
bool snapshot_next(struct snapshot_walk *walk, uint64_t *start, uint64_t *end, enum shadow_access *access);

#endif
