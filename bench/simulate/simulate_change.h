/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * simulate_change.h - what trips are made of: one transition, a flush, a wait, each noted by the oracle.
 */
#ifndef BENCH_SIMULATE_CHANGE_H
#define BENCH_SIMULATE_CHANGE_H

#include "bench/simulate/simulate_world.h"

#define SIMULATE_RANGE_MAX 8192u       /* pages of a transition: a block of 64 KiB pages */

/* One CPU on its trips. */
struct trip {
	struct simulate *world;
	unsigned cpu;
	uint64_t next;		       /* index after the page of the last trip: trips go on there */
	uint64_t began;		       /* the newest number when this trip began */
	uint64_t told;		       /* this CPU was told that all up to here is complete */
	unsigned watched;
};

static inline bool simulate_chance(uint64_t percent)
{
	return sim_random(100) < percent;
}

/** simulate_warm() - devices know the pages: they were just used, and the adversary keeps using some. */
void simulate_warm(struct trip *trip, uint64_t start, uint64_t count);

shadow_ipa_t simulate_ipa(const struct simulate *world, uint64_t index);

/** simulate_transition() - as the engine is told of it; @old_states: room for @count. */
struct shadow_transition simulate_transition(const struct simulate *world, uint64_t start, uint64_t count,
					     enum shadow_state state, unsigned access, uint8_t *old_states);

/** simulate_commit() - the oracle takes it in. */
void simulate_commit(struct trip *trip, uint64_t start, uint64_t count, enum shadow_state state, unsigned access);

/** simulate_refused() - @error of a call that reserves: is there one, and has it a reason? */
bool simulate_refused(struct trip *trip, uint64_t start, uint64_t count, int error);

/** simulate_change() - reserve, commit, queue. Pages from @start on lie side by side. Host lock held.
 * Return: false if refused. */
bool simulate_change(struct trip *trip, uint64_t start, uint64_t count, enum shadow_state state, unsigned access);

/** simulate_consent() - give DMA up ahead of a donation, or take that back. Host lock held. Return: did any page? */
bool simulate_consent(struct trip *trip, uint64_t start, uint64_t count, bool withdraw);

/** simulate_flushed() - a flush has returned @ticket. */
void simulate_flushed(struct simulate *world, shadow_ticket_t ticket);
/** simulate_completed() - this CPU was told that all up to @number is complete. */
void simulate_completed(struct trip *trip, uint64_t number);

/** simulate_flush() - of everything, or only of the oldest. @own: trips that it is made for. Host lock held. */
shadow_ticket_t simulate_flush(struct trip *trip, unsigned own);

/** simulate_wait() - perhaps for too short a time first. Return: as shadow_wait(). */
int simulate_wait(struct trip *trip, uint64_t number);

#endif
