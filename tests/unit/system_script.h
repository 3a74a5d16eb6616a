/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * system_script.h - what a host does to a whole system, step by step, while devices try what they can.
 *
 * Used with random steps by test_system, and with steps that a fuzzer chose by tests/fuzz. The script
 * remembers the ranges that changed since the last wait, "open": outside of them every access is certain at
 * any moment, inside only some.
 */
#ifndef TESTS_UNIT_SYSTEM_SCRIPT_H
#define TESTS_UNIT_SYSTEM_SCRIPT_H

#include "system_rig.h"

#define SCRIPT_OPEN_MAX 256u

struct script_range {
	uint64_t page, count;
	bool limited; /* some pages were read-only or write-only before */
};

struct script {
	struct system system;
	struct shadow_region region[2];
	struct script_range open[SCRIPT_OPEN_MAX];
	unsigned count;
	shadow_ticket_t compaction; /* of the newest */
	unsigned touch_every;	    /* stores from one access of a device to the next */
	uint64_t stores;
};

/* Let @config declare a region of each kind in the middle of memory, of odd sizes. Before system_open(). */
void script_declare_regions(struct script *script, struct system_config *config);

/* A range, by the system's random numbers: they meet in a few blocks, so that splits and collapses are
 * common. */
struct script_range script_pick(struct system *system);

/* Devices try the range and what is around it, then the host changes it. At most SCRIPT_OPEN_MAX ranges may
 * be open. Return: what shadow_reserve() said; nothing is changed if that was an error. */
int script_transition(struct script *script, unsigned cpu, struct script_range range,
		      enum shadow_state new_state, enum shadow_access access);

/* At break-before-make level 0, may the host be refused this range, because blocks were declared there? */
bool script_may_be_refused(const struct script *script, struct script_range range);

/* Flush and wait for nothing: what was granted is in reach at once. */
void script_flush(struct script *script);

/* Flush, wait, and look at every open range: none is open any more. */
void script_end_batch(struct script *script);

/* Idle time between two trips: nothing is queued, but syncs may be outstanding. */
void script_compact(struct script *script, unsigned blocks, bool wait);

/* One access to @page: as it must be if the page is in no open range. */
void script_touch(struct script *script, uint64_t page);

/* The raw tables, once the newest compaction is complete. */
void script_check_tables(struct script *script);

#endif
