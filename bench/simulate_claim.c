/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * simulate_claim.c - what comes between a revoke and the new owner: flush, wait, and the hand-over or its failure.
 *
 * The lock is held throughout, or dropped and the pages marked pending, and then perhaps without a flush of its own
 * (group commit: whoever flushes next serves it). No trip changes a page that is pending for another.
 */
#include "bench/simulate_claim.h"

static void mark(struct trip *trip, const struct claim *claim, unsigned pending)
{
	for (uint64_t i = claim->start; i < claim->start + claim->count; i++)
		trip->world->page[i].pending = (uint16_t)pending;
}

/* The new owner gets the pages. Host lock held. */
static void hand_over(struct trip *trip, const struct claim *claim)
{
	struct simulate *world = trip->world;

	simulate_note(world, HISTORY_HANDED, simulate_page_at(world, claim->start), claim->count, (int64_t)claim->number);
	for (uint64_t i = claim->start; i < claim->start + claim->count; i++)
		if (world->page[i].access || world->page[i].revoked > world->complete)
			simulate_violate(world, simulate_page_at(world, i), 1,
					 "page %llx is handed over, but a device may reach it",
					 (unsigned long long)simulate_page_at(world, i));
}

/* Nobody can promise that devices are done with the pages. Host lock held or not: they are this trip's own. */
static void quarantine(struct trip *trip, const struct claim *claim)
{
	trip->world->counts.quarantined += claim->count;
	mark(trip, claim, SIMULATE_QUARANTINE);
}

/* The trip fails before it knows that the revoke is complete: the host gets its pages back, as one more transition.
 * Host lock held. */
static void roll_back(struct trip *trip, const struct claim *claim)
{
	mark(trip, claim, 0);
	if (simulate_change(trip, claim->start, claim->count, SHADOW_STATE_OWNED, 0))
		trip->world->counts.rollbacks++;
	shadow_trip_end(trip->world->engine, trip->cpu);
	simulate_flush(trip, 0);
}

/* Flush what a wait has found not to be flushed yet. Host lock not held. */
static void flush_late(struct trip *trip, const struct claim *claim)
{
	for (uint64_t turns = sim_random(8); turns; turns--)
		platform_relax();
	sim_host_lock();
	if (trip->world->visible < claim->number)
		simulate_flush(trip, 0);
	sim_host_unlock();
}

/* The lock is dropped while the ticket is waited for. */
static void wait_unlocked(struct trip *trip, const struct claim *claim)
{
	int error;

	mark(trip, claim, trip->cpu + 1);
	sim_host_unlock();
	while ((error = simulate_wait(trip, claim->number)) == -SHADOW_EAGAIN)
		flush_late(trip, claim);
	sim_host_lock();
	if (error) {
		quarantine(trip, claim);
	} else if (simulate_chance(5)) {
		roll_back(trip, claim);
	} else {
		hand_over(trip, claim);
		mark(trip, claim, 0);
	}
	sim_host_unlock();
}

/* Whoever flushes next serves it. */
static void join_next(struct trip *trip, const struct claim *claim)
{
	trip->world->joined[trip->cpu] = claim->number;
	trip->world->joined_count++;
}

void simulate_claim(struct trip *trip, const struct claim *claim)
{
	struct simulate *world = trip->world;
	bool drop = simulate_chance(world->shape.drop_percent);
	bool join = drop && simulate_chance(world->shape.join_percent);

	shadow_trip_end(world->engine, trip->cpu);
	if (join)
		join_next(trip, claim);
	else
		simulate_flush(trip, 1);
	if (drop) {
		wait_unlocked(trip, claim);
		return;
	}
	if (simulate_chance(5))
		roll_back(trip, claim);
	else if (!simulate_wait(trip, claim->number))
		hand_over(trip, claim);
	else
		quarantine(trip, claim);
	sim_host_unlock();
}
