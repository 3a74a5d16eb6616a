/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * simulate_claim.c - from a revoke to the new owner: flush, wait, and the hand-over or its failure.
 *
 * The lock is held throughout, or dropped and the pages marked pending, and then perhaps without a flush of its own
 * (group commit: whoever flushes next serves it). Others may try what they like meanwhile, also to reclaim the pages by
 * force; the new owner may be gone when the ticket is complete. Pages that gave consent wait for that ticket as well.
 */
#include "bench/simulate/simulate_claim.h"

#include <string.h>

/* What one trip has revoked and waits for. */
struct claim {
	uint64_t start, count;	       /* pages, by index */
	uint64_t number;
	uint64_t torn_down;	       /* guests, when it began */
	bool pending;		       /* marked so */
};

static void mark(struct trip *trip, struct claim *claim, unsigned pending)
{
	struct simulate *world = trip->world;
	shadow_ipa_t ipa = simulate_ipa(world, claim->start);

	for (uint64_t i = claim->start; i < claim->start + claim->count && !world->shape.no_pending; i++)
		world->page[i].pending = (uint16_t)pending;
	if (world->shape.no_pending || claim->pending == (pending != 0))
		return;
	claim->pending = pending != 0;
	if (!pending)
		shadow_pending_end(world->engine, ipa, claim->count);
	else if (shadow_pending(world->engine, ipa, claim->count))
		simulate_violate(world, simulate_page_at(world, claim->start), claim->count, "pages cannot be marked pending");
}

/* The new owner gets the pages. Host lock held. */
static void hand_over(struct trip *trip, const struct claim *claim)
{
	struct simulate *world = trip->world;

	simulate_note(world, HISTORY_HANDED, simulate_page_at(world, claim->start), claim->count,
		      (int64_t)claim->number);
	for (uint64_t i = claim->start; i < claim->start + claim->count; i++)
		if (world->page[i].access || world->page[i].revoked > world->complete)
			simulate_violate(world, simulate_page_at(world, i), 1,
					 "page %llx is handed over, but a device may reach it",
					 (unsigned long long)simulate_page_at(world, i));
}

/* Nobody can promise that devices are done with the pages. Host lock held. */
static void quarantine(struct trip *trip, struct claim *claim)
{
	trip->world->counts.quarantined += claim->count;
	mark(trip, claim, SIMULATE_QUARANTINE);
}

/* The trip fails: the host gets its pages back, as one more transition. Host lock held. */
static void roll_back(struct trip *trip, struct claim *claim)
{
	mark(trip, claim, 0);
	trip->began = trip->world->number;
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

/* Is the owner that the pages were meant for still there? Host lock held. */
static bool owner_gone(struct trip *trip, const struct claim *claim)
{
	bool gone = !trip->world->trace && trip->world->torn_down != claim->torn_down && simulate_chance(50);

	trip->world->counts.owners_gone += gone;
	return gone;
}

/* What was recorded has not failed. */
static bool fails(struct trip *trip)
{
	return !trip->world->trace && simulate_chance(5);
}

/* The lock is dropped while the ticket is waited for. Some do not even wait: they are killed first. */
static void wait_unlocked(struct trip *trip, struct claim *claim)
{
	bool dies = fails(trip);
	int error = 0;

	mark(trip, claim, trip->cpu + 1);
	sim_host_unlock();
	while (!dies && (error = simulate_wait(trip, claim->number)) == -SHADOW_EAGAIN)
		flush_late(trip, claim);
	sim_host_lock();
	if (error) {
		quarantine(trip, claim);
	} else if (dies || owner_gone(trip, claim)) {
		roll_back(trip, claim);
	} else {
		hand_over(trip, claim);
		mark(trip, claim, 0);
	}
	sim_host_unlock();
}

static void wait_locked(struct trip *trip, struct claim *claim)
{
	int error;

	if (fails(trip)) {
		roll_back(trip, claim);
	} else {
		while ((error = simulate_wait(trip, claim->number)) == -SHADOW_EAGAIN)
			simulate_flush(trip, 1);
		if (error)
			quarantine(trip, claim);
		else
			hand_over(trip, claim);
	}
	sim_host_unlock();
}

/* Whoever flushes next serves it. */
static void join_next(struct trip *trip, struct claim *claim)
{
	struct simulate *world = trip->world;
	shadow_ticket_t ticket = shadow_ticket(world->engine);

	if (ticket.number < claim->number)
		simulate_violate(world, simulate_page_at(world, claim->start), claim->count,
				 "ticket %llu does not cover number %llu", (unsigned long long)ticket.number,
				 (unsigned long long)claim->number);
	if (world->given < ticket.number)
		world->given = ticket.number;
	claim->number = ticket.number;
	world->joined[trip->cpu] = claim->number;
	world->joined_count++;
}

/* What the claim waits for: its own number, and consents that it inherits. Host lock held. */
static struct claim claim_of(struct trip *trip, uint64_t start, uint64_t count)
{
	struct simulate *world = trip->world;
	struct claim claim = { .start = start, .count = count, .number = world->number, .torn_down = world->torn_down };
	bool inherits = false;

	for (uint64_t i = start; i < start + count; i++)
		inherits |= world->page[i].ahead;
	if (inherits) {
		shadow_ticket_t consents = shadow_consent_ticket(world->engine);

		if (world->given < consents.number)
			world->given = consents.number;
		if (claim.number < consents.number)
			claim.number = consents.number;
	}
	return claim;
}

void simulate_claim(struct trip *trip, uint64_t start, uint64_t count)
{
	struct simulate *world = trip->world;
	bool drop = simulate_chance(world->shape.drop_percent);
	bool join = drop && simulate_chance(world->shape.join_percent);
	struct claim claim;

	if (!simulate_change(trip, start, count, SHADOW_STATE_NOPAGE, 0)) {
		sim_host_unlock();
		return;
	}
	claim = claim_of(trip, start, count);
	shadow_trip_end(world->engine, trip->cpu);
	if (join)
		join_next(trip, &claim);
	else
		simulate_flush(trip, 1);
	if (drop)
		wait_unlocked(trip, &claim);
	else
		wait_locked(trip, &claim);
}

/* ---- beside the host's own change --------------------------------------------------------------------------------- */

static void change_own_table(void)
{
	for (uint64_t turns = sim_random(6); turns; turns--)
		sim_point();
}

/* Return: false if it is refused, and the oracle is as it was. */
static bool prepare_revoke(struct trip *trip, const struct shadow_transition *transition, uint64_t start,
			   uint64_t *number, shadow_ticket_t *ticket)
{
	struct simulate *world = trip->world;
	struct simulate_page before[SIMULATE_OVERLAP_MAX];
	uint64_t number_before = world->number, count = transition->page_count;
	int error;

	memcpy(before, &world->page[start], count * sizeof(*before));
	/* Before the call: it may take effect within it. */
	simulate_commit(trip, start, count, SHADOW_STATE_NOPAGE, 0);
	error = shadow_prepare(world->engine, trip->cpu, number, transition, SIMULATE_WAIT_NS, ticket);
	if (!error) {
		simulate_flushed(world, *ticket);
		return true;
	}
	memcpy(&world->page[start], before, count * sizeof(*before));
	world->number = number_before;
	return !simulate_refused(trip, start, count, error);
}

static bool prepare_grant(struct trip *trip, const struct shadow_transition *transition, uint64_t start,
			  uint64_t *number, shadow_ticket_t *ticket)
{
	struct simulate *world = trip->world;

	if (simulate_refused(trip, start, transition->page_count,
			     shadow_prepare(world->engine, trip->cpu, number, transition, SIMULATE_WAIT_NS, ticket)))
		return false;
	simulate_commit(trip, start, transition->page_count, transition->new_state, 0);
	return true;
}

static void finish(struct trip *trip, struct claim *claim, const struct shadow_transition *transition,
		   uint64_t *number, shadow_ticket_t ticket)
{
	struct simulate *world = trip->world;
	bool revoke = transition->new_state == SHADOW_STATE_NOPAGE;
	int error = shadow_finish(world->engine, trip->cpu, number, transition, SIMULATE_WAIT_NS, ticket);

	simulate_note(world, HISTORY_WAIT, 0, ticket.number, error);
	if (*number != world->number + 1)
		simulate_violate(world, simulate_page_at(world, claim->start), claim->count,
				 "the engine counts up to %llu, and the host to %llu", (unsigned long long)*number - 1,
				 (unsigned long long)world->number);
	if (error && !world->lost)
		simulate_violate(world, 0, 0, "a change beside the host's own fails with %d", error);
	if (error) {
		quarantine(trip, claim);
	} else if (revoke) {
		simulate_completed(trip, ticket.number);
		hand_over(trip, claim);
	} else {
		simulate_flushed(world, (shadow_ticket_t){ world->number });
	}
}

void simulate_overlap(struct trip *trip, uint64_t start, uint64_t count, enum shadow_state state)
{
	struct simulate *world = trip->world;
	uint8_t old_states[SIMULATE_RANGE_MAX];
	struct shadow_transition transition = simulate_transition(world, start, count, state, 0, old_states);
	struct claim claim = { .start = start, .count = count };
	uint64_t number = world->number + 1;
	shadow_ticket_t ticket = { 0 };
	bool done = (state == SHADOW_STATE_NOPAGE ? prepare_revoke : prepare_grant)(trip, &transition, start, &number,
										    &ticket);

	if (done) {
		world->counts.overlapped++;
		change_own_table();
		finish(trip, &claim, &transition, &number, ticket);
	}
	shadow_trip_end(world->engine, trip->cpu);
	sim_host_unlock();
}
