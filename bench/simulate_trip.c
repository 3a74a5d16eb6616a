/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * simulate_trip.c - donate, reclaim, share, unshare, borrow, return and tear down, as a hypervisor's CPUs do.
 *
 * A trip holds the host lock while it changes pages. One that revokes waits for its ticket before it hands the pages
 * over: with the lock held, or with the lock dropped and the pages marked pending, and then perhaps without a flush of
 * its own (group commit: whoever flushes next serves it). No trip changes a page that is pending for another.
 * Owns: the oracle changes in the host's order, under the host lock.
 */
#include "bench/simulate_trip.h"

#include <string.h>

#define RANGE_MAX  512u
#define GROUP_LG2  4u
#define BLOCK_LG2  9u
#define RETRIES	   64u		       /* looks for a page that suits */
#define WATCHED    24u
#define STUCK_TRANSITIONS 200u	       /* to notice an SMMU that is stuck */

/* What one trip has revoked and waits for. */
struct claim {
	uint64_t start, count;	       /* pages, by index */
	uint64_t number;
};

struct trip {
	struct simulate *world;
	unsigned cpu;
	uint64_t next;		       /* index after the page of the last trip: trips go on there */
	uint64_t told;		       /* this CPU was told that all up to here is complete */
	unsigned watched;
};

static bool chance(uint64_t percent)
{
	return sim_random(100) < percent;
}

/* ---- one transition ------------------------------------------------------------------------------------------ */

static bool is_free(const struct simulate *world, uint64_t start, uint64_t count)
{
	if (world->shape.no_pending)
		return true;
	for (uint64_t i = start; i < start + count; i++)
		if (world->page[i].pending)
			return false;
	return true;
}

/* Devices know the pages: they were just used, and the adversary keeps using some. */
static void warm(struct trip *trip, uint64_t start, uint64_t count)
{
	struct simulate *world = trip->world;
	unsigned smmu = (unsigned)sim_random(world->shape.smmus);
	uint64_t page = simulate_page_at(start + sim_random(count));

	simulate_access(world, smmu, page, true);
	if (chance(70))
		return;
	if (++trip->watched % WATCHED == 0)
		model_unwatch_all(world->smmu[smmu].model);
	model_watch(world->smmu[smmu].model, SIMULATE_SID, page << SHADOW_PAGE_LG2);
}

static void commit(struct trip *trip, uint64_t start, uint64_t count, enum shadow_state state, unsigned access)
{
	struct simulate *world = trip->world;
	bool revoke = state == SHADOW_STATE_NOPAGE, changes = false;
	uint64_t number = world->number + 1;

	for (uint64_t i = start; i < start + count; i++) {
		struct simulate_page *page = &world->page[i];

		if (revoke != (page->state == SHADOW_STATE_NOPAGE)) {
			if (revoke)
				page->taken = page->access;
			page->access = revoke ? SHADOW_ACCESS_NONE : access ? access : SHADOW_ACCESS_RW;
			page->number = number;
			if (revoke)
				page->revoked = number;
			changes = true;
		}
		page->state = state;
	}
	world->counts.transitions++;
	world->recent[world->recent_count++ % SIMULATE_RECENT] = start;
	if (changes)
		world->number = number;
	simulate_note(world, !changes ? HISTORY_KEEP : revoke ? HISTORY_REVOKE : HISTORY_GRANT,
		      simulate_page_at(start), count, (int64_t)number);
}

/* Reserve, commit, queue. Pages from @start on lie side by side. Host lock held. Return: false if refused. */
static bool change(struct trip *trip, uint64_t start, uint64_t count, enum shadow_state state, unsigned access)
{
	struct simulate *world = trip->world;
	uint8_t old_states[RANGE_MAX];
	struct shadow_transition transition = { .start = { simulate_page_at(start) << SHADOW_PAGE_LG2 },
						.page_count = count, .new_state = state, .access = access,
						.old_states = old_states };
	uint64_t before;
	int error;

	if (!is_free(world, start, count)) {
		world->counts.refused++;
		simulate_note(world, HISTORY_REFUSED, simulate_page_at(start), count, 0);
		return false;
	}
	for (uint64_t i = 0; i < count; i++)
		old_states[i] = world->page[start + i].state;
	if (count == 1) {
		transition.old_state = (enum shadow_state)old_states[0];
		transition.old_states = NULL;
	}
	error = shadow_reserve(world->engine, trip->cpu, &transition, SIMULATE_WAIT_NS);
	if (error) {
		simulate_note(world, HISTORY_REFUSED, simulate_page_at(start), count, error);
		/* Pages of many states side by side may have more pieces than a queue has slots. */
		if (!(error == -SHADOW_EIO && world->lost) &&
		    (error != -SHADOW_ENOMEM || count <= world->shape.queue_slots))
			simulate_violate(world, simulate_page_at(start), count, "a reservation fails with %d", error);
		return false;
	}
	before = world->number;
	commit(trip, start, count, state, access);
	if (shadow_queue(world->engine, trip->cpu, before + 1, &transition) != (world->number != before))
		simulate_violate(world, simulate_page_at(start), count, "the engine disagrees on what changes access");
	return true;
}

/* ---- flush and wait --------------------------------------------------------------------------------------------- */

static void raise_to(uint64_t *number, uint64_t to)
{
	if (*number < to)
		*number = to;
}

static shadow_ticket_t flush(struct trip *trip)
{
	struct simulate *world = trip->world;
	uint64_t visible = world->visible;
	shadow_ticket_t ticket;

	world->counts.in_flight += world->visible > world->complete;
	ticket = shadow_flush(world->engine);
	raise_to(&world->visible, ticket.number);
	world->counts.groups += ticket.number - visible > 1;
	raise_to(&world->counts.group_largest, ticket.number - visible);
	simulate_note(world, HISTORY_FLUSH, 0, 0, (int64_t)ticket.number);
	return ticket;
}

/* What this CPU was told is complete stays so. */
static void check_complete(struct trip *trip)
{
	struct simulate *world = trip->world;
	const shadow_ticket_t told = { trip->told };

	if (!shadow_complete(world->engine, told) && !world->lost)
		simulate_violate(world, 0, 0, "ticket %llu was complete, and is not any more",
				 (unsigned long long)told.number);
}

/* Return: as shadow_wait(). */
static int wait_for(struct trip *trip, uint64_t number, uint64_t wait_ns)
{
	struct simulate *world = trip->world;
	shadow_ticket_t ticket = { number };
	int error;

	while (chance(30)) {
		if (shadow_complete(world->engine, ticket)) {
			raise_to(&world->complete, number);
			raise_to(&trip->told, number);
			break;
		}
	}
	check_complete(trip);
	error = shadow_wait(world->engine, ticket, wait_ns);
	if (!error) {
		raise_to(&world->complete, number);
		raise_to(&trip->told, number);
	}
	simulate_note(world, HISTORY_WAIT, 0, number, error);
	if (error && error != -SHADOW_EAGAIN && !(error == -SHADOW_ETIMEDOUT && wait_ns < SIMULATE_WAIT_NS) &&
	    !(error == -SHADOW_EIO && world->lost))
		simulate_violate(world, 0, 0, "a wait for ticket %llu fails with %d", (unsigned long long)number, error);
	return error;
}

static int wait(struct trip *trip, uint64_t number)
{
	if (chance(15)) {
		int error = wait_for(trip, number, 1 + sim_random(1000));

		if (error != -SHADOW_ETIMEDOUT)
			return error;
		trip->world->counts.timeouts++;
	}
	return wait_for(trip, number, SIMULATE_WAIT_NS);
}

/* ---- revokes: donate, return ---------------------------------------------------------------------------------- */

static void mark(struct trip *trip, const struct claim *claim, unsigned pending)
{
	for (uint64_t i = claim->start; i < claim->start + claim->count; i++)
		trip->world->page[i].pending = (uint16_t)pending;
}

/* The new owner gets the pages. Host lock held. */
static void hand_over(struct trip *trip, const struct claim *claim)
{
	struct simulate *world = trip->world;

	simulate_note(world, HISTORY_HANDED, simulate_page_at(claim->start), claim->count, (int64_t)claim->number);
	for (uint64_t i = claim->start; i < claim->start + claim->count; i++)
		if (world->page[i].access || world->page[i].revoked > world->complete)
			simulate_violate(world, simulate_page_at(i), 1,
					 "page %llx is handed over, but a device may reach it",
					 (unsigned long long)simulate_page_at(i));
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
	if (change(trip, claim->start, claim->count, SHADOW_STATE_OWNED, 0))
		trip->world->counts.rollbacks++;
	shadow_trip_end(trip->world->engine, trip->cpu);
	flush(trip);
}

/* Flush what a wait has found not to be flushed yet. Host lock not held. */
static void flush_late(struct trip *trip, const struct claim *claim)
{
	for (uint64_t turns = sim_random(8); turns; turns--)
		platform_relax();
	sim_host_lock();
	if (trip->world->visible < claim->number)
		flush(trip);
	sim_host_unlock();
}

/* The lock is dropped while the ticket is waited for. */
static void wait_unlocked(struct trip *trip, const struct claim *claim)
{
	int error;

	mark(trip, claim, trip->cpu + 1);
	sim_host_unlock();
	while ((error = wait(trip, claim->number)) == -SHADOW_EAGAIN)
		flush_late(trip, claim);
	sim_host_lock();
	if (error) {
		quarantine(trip, claim);
	} else if (chance(5)) {
		roll_back(trip, claim);
	} else {
		hand_over(trip, claim);
		mark(trip, claim, 0);
	}
	sim_host_unlock();
}

/* Ends the trip: host lock held before, free after. */
static void revoked(struct trip *trip, const struct claim *claim)
{
	struct simulate *world = trip->world;
	bool drop = chance(world->shape.drop_percent), join = drop && chance(world->shape.join_percent);

	shadow_trip_end(world->engine, trip->cpu);
	if (!join)
		flush(trip);
	if (drop) {
		wait_unlocked(trip, claim);
		return;
	}
	if (chance(5))
		roll_back(trip, claim);
	else if (!wait(trip, claim->number))
		hand_over(trip, claim);
	else
		quarantine(trip, claim);
	sim_host_unlock();
}

/* ---- grants: reclaim, borrow, tear down ----------------------------------------------------------------------- */

static void granted(struct trip *trip)
{
	shadow_trip_end(trip->world->engine, trip->cpu);
	flush(trip);
	sim_host_unlock();
}

/* Every page of a block that can be had comes back, a few in each transition. */
static void tear_down(struct trip *trip, uint64_t start)
{
	struct simulate *world = trip->world;
	uint64_t first = start & ~(uint64_t)(RANGE_MAX - 1), end = first + RANGE_MAX;
	uint64_t at = first;

	while (at < end && at < simulate_pages() && !world->violated) {
		uint64_t count = 1 + sim_random(RANGE_MAX / 4);

		if (count > end - at)
			count = end - at;
		if (at + count > simulate_pages())
			count = simulate_pages() - at;
		if (simulate_page_at(at + count - 1) - simulate_page_at(at) != count - 1)
			count = 1;
		if (is_free(world, at, count))
			(void)change(trip, at, count, SHADOW_STATE_OWNED, 0);
		at += count;
	}
	granted(trip);
}

/* ---- choices ------------------------------------------------------------------------------------------------------ */

/* Where the next trip goes: on from the last one, or to a block that many use, or anywhere. */
static uint64_t choose_start(struct trip *trip)
{
	uint64_t pages = simulate_pages();

	if (chance(50) && trip->next < pages)
		return trip->next;
	return chance(70) ? sim_random(pages < 2 * RANGE_MAX ? pages : 2 * RANGE_MAX) : sim_random(pages);
}

/* Pages side by side from *@start on; larger ranges are aligned to their size. */
static uint64_t choose_count(uint64_t *start)
{
	uint64_t what = sim_random(100), count = 1;

	if (what >= 97)
		count = 1u << BLOCK_LG2;
	else if (what >= 92)
		count = 1u << GROUP_LG2;
	else if (what >= 80)
		count = 1 + sim_random(24);
	if (what >= 92)
		*start &= ~(count - 1);
	if (*start + count > simulate_pages() ||
	    simulate_page_at(*start + count - 1) - simulate_page_at(*start) != count - 1)
		return 1;
	return count;
}

/* The first page from @start on whose access is, or is not, gone. */
static uint64_t look_for(const struct simulate *world, uint64_t start, bool gone)
{
	uint64_t at = start;

	for (unsigned i = 0; i < RETRIES; i++) {
		if ((world->page[at].state == SHADOW_STATE_NOPAGE) == gone)
			return at;
		at = (at + 1) % simulate_pages();
	}
	return start;
}

static void trip_revoke(struct trip *trip, uint64_t start)
{
	struct claim claim;

	start = look_for(trip->world, start, false);
	claim.count = choose_count(&start);
	claim.start = start;
	trip->next = start + claim.count;
	warm(trip, start, claim.count);
	if (!change(trip, start, claim.count, SHADOW_STATE_NOPAGE, 0)) {
		sim_host_unlock();
		return;
	}
	claim.number = trip->world->number;
	revoked(trip, &claim);
}

static void trip_grant(struct trip *trip, uint64_t start)
{
	static const unsigned accesses[] = { 0, 0, SHADOW_ACCESS_RW, SHADOW_ACCESS_R, SHADOW_ACCESS_W };
	enum shadow_state state = chance(80) ? SHADOW_STATE_OWNED : SHADOW_STATE_SHARED_BORROWED;
	uint64_t count;

	start = look_for(trip->world, start, true);
	count = choose_count(&start);
	trip->next = start + count;
	(void)change(trip, start, count, state, chance(90) ? 0 : accesses[sim_random(5)]);
	granted(trip);
}

/* Share and unshare change no access. */
static void trip_keep(struct trip *trip, uint64_t start)
{
	start = look_for(trip->world, start, false);
	if (trip->world->page[start].state == SHADOW_STATE_OWNED)
		(void)change(trip, start, 1, SHADOW_STATE_SHARED_OWNED, 0);
	else if (trip->world->page[start].state == SHADOW_STATE_SHARED_OWNED)
		(void)change(trip, start, 1, SHADOW_STATE_OWNED, 0);
	granted(trip);
}

/* Several changes of a few pages in one trip, and one flush for all: later ones undo earlier ones. */
static void trip_list(struct trip *trip, uint64_t start)
{
	for (uint64_t left = 2 + sim_random(6); left && !trip->world->violated; left--) {
		uint64_t page = start + sim_random(4);

		if (page >= simulate_pages() || !is_free(trip->world, page, 1))
			continue;
		(void)change(trip, page, 1,
			     trip->world->page[page].state == SHADOW_STATE_NOPAGE ? SHADOW_STATE_OWNED : SHADOW_STATE_NOPAGE, 0);
	}
	shadow_trip_end(trip->world->engine, trip->cpu);
	flush(trip);
	if (chance(60))
		(void)wait(trip, trip->world->number);
	sim_host_unlock();
}

static void trip_compact(struct trip *trip)
{
	struct simulate *world = trip->world;
	shadow_ticket_t ticket;

	(void)shadow_compact(world->engine, 1 + (unsigned)sim_random(4), &ticket);
	world->counts.compacts++;
	simulate_note(world, HISTORY_COMPACT, 0, 0, 0);
	sim_host_unlock();
	if (chance(50) && shadow_wait(world->engine, ticket, SIMULATE_WAIT_NS) && !world->lost)
		simulate_violate(world, 0, 0, "a wait for a compaction fails");
}

static void one_trip(struct trip *trip)
{
	uint64_t what = sim_random(100), start;

	sim_host_lock();
	trip->world->counts.trips++;
	start = choose_start(trip);
	if (what < 45)
		trip_revoke(trip, start);
	else if (what < 80)
		trip_grant(trip, start);
	else if (what < 85)
		trip_list(trip, start);
	else if (what < 92)
		trip_keep(trip, start);
	else if (what < 96)
		trip_compact(trip);
	else
		tear_down(trip, start);
}

static bool goes_on(struct simulate *world)
{
	if (world->lost)
		return world->trips_left && world->trips_left--;
	return world->counts.transitions < world->transitions_wanted + (world->stuck ? STUCK_TRANSITIONS : 0) ||
	       world->counts.accesses < world->accesses_wanted;
}

void simulate_worker(void *ctx, unsigned cpu)
{
	struct trip trip = { .world = ctx, .cpu = cpu };

	while (goes_on(trip.world)) {
		one_trip(&trip);
		for (uint64_t turns = sim_random(4); turns; turns--)
			sim_point();
	}
}

void simulate_finish(void *ctx, unsigned cpu)
{
	struct trip trip = { .world = ctx, .cpu = cpu };
	shadow_ticket_t ticket;

	sim_host_lock();
	ticket = flush(&trip);
	(void)wait(&trip, ticket.number);
	(void)shadow_compact(trip.world->engine, 64, &ticket);
	if (shadow_wait(trip.world->engine, ticket, SIMULATE_WAIT_NS) && !trip.world->lost)
		simulate_violate(trip.world, 0, 0, "the last wait fails");
	sim_host_unlock();
}
