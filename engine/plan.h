/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * plan.h - what lies where: memory, MMIO, reserved; and runs cut along those lines.
 *
 * Owns: no run that leaves this stage touches a page with a reserved byte in it, and each has one memory type.
 * Pages are of the map's granule. Host lock: the zones remember the last search. Called by snapshot and flush.
 */
#ifndef ENGINE_PLAN_H
#define ENGINE_PLAN_H

#include "engine/run.h"

struct plan_zone {
	uint64_t end;		       /* page after the last; it starts where the one before it ends */
	bool reserved;
	enum shadow_memory memory;
};

/* The whole space 0 .. 2^ia_bits in ascending order, neighbours differ. */
struct plan_zones {
	struct plan_zone *zone;	       /* the caller's memory */
	unsigned count, capacity;
	unsigned granule_lg2;	       /* of the pages */
	unsigned recent;	       /* where the last search ended: the next one looks there first */
	struct run whole;	       /* the zone that plan_whole() found last, or empty */
};

/* Zones that any map of this shape may need, with @extra further reserved ranges. */
unsigned plan_zones_max(const struct shadow_address_map *map, unsigned extra);

/* Memory comes in whole pages. Reserved ranges are aligned to 4 KiB whatever the granule, as register frames and
 * message words are, and are rounded outwards to pages: that closes more, never less.
 * Return: 0; -SHADOW_EINVAL if a range is not aligned or is empty, or if memory is unsorted, overlaps or leaves the
 * space. */
int plan_zones_init(struct plan_zones *zones, const struct shadow_address_map *map);

/* Mark one more range of bytes as reserved, rounded outwards to pages; parts outside the space are ignored. */
void plan_zones_reserve(struct plan_zones *zones, struct shadow_range range);

/* The zone that holds the pages of @run, which plan_next() has made. */
struct run plan_zone_of(struct plan_zones *zones, const struct run *run);

/* Cuts a run [start, end) of pages with one access into runs that devices may be given. */
struct plan_cursor {
	const struct plan_zones *zones;
	unsigned index;
	uint64_t next, end;
	enum shadow_access access;
	uint64_t reserved_pages;       /* left out so far */
	uint64_t reserved_first;       /* first page left out, if any, */
	uint64_t reserved_end;	       /* and the page after the last one */
};

void plan_cut(struct plan_cursor *cursor, struct plan_zones *zones, uint64_t start, uint64_t end,
	      enum shadow_access access);

/* Return: false when the run is used up. */
bool plan_next(struct plan_cursor *cursor, struct run *run);

/* As plan_whole(), of any zone. */
bool plan_whole_slow(struct plan_zones *zones, uint64_t start, uint64_t end, enum shadow_access access,
		     struct run *run);

/* What is cut is nearly always one run, in the zone of the one before it: a short cut. Return: false if [@start, @end)
 * has to be cut after all. */
static inline bool plan_whole(struct plan_zones *zones, uint64_t start, uint64_t end, enum shadow_access access,
			      struct run *run)
{
	if (start < zones->whole.start || end > zones->whole.end || start >= end)
		return start < end && plan_whole_slow(zones, start, end, access, run);
	/* Member by member: gcc makes more of the whole. */
	run->start = start;
	run->end = end;
	run->access = access;
	run->memory = zones->whole.memory;
	return true;
}

#endif
