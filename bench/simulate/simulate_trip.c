/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * simulate_trip.c - donate, reclaim, share, unshare, borrow, return and tear down, as a hypervisor's CPUs do.
 *
 * A trip holds the host lock while it changes pages. One that revokes waits for its ticket before it hands the pages
 * over, as simulate_claim.c says.
 */
#include "bench/simulate/simulate_trip.h"

#include "bench/simulate/simulate_claim.h"
#include "bench/simulate/simulate_smmu.h"
#include "bench/simulate/simulate_trace.h"

#define GROUP_PAGES 16u
#define RECENT_PAGES 4u		       /* that trips choose again */
#define RETRIES	   64u		       /* looks for a page that suits */
#define STUCK_TRANSITIONS 200u	       /* to notice an SMMU that is stuck */

/* ---- grants: reclaim, borrow, tear down ----------------------------------------------------------------------- */

/* A host that nobody waits for may leave what it has queued to the next flush. Return: did it? */
static bool leaves_flush(struct simulate *world)
{
	bool leaves = world->shape.lazy_percent && simulate_chance(world->shape.lazy_percent);

	world->counts.left += leaves;
	return leaves;
}

static void granted(struct trip *trip)
{
	shadow_trip_end(trip->world->engine, trip->cpu);
	if (!leaves_flush(trip->world))
		simulate_flush(trip, 0);
	sim_host_unlock();
}

/* Every page of a block that can be had comes back, a few in each transition. */
static void tear_down(struct trip *trip, uint64_t start)
{
	struct simulate *world = trip->world;
	uint64_t block = UINT64_C(1) << simulate_block_lg2(world);
	uint64_t first = start & ~(block - 1), end = first + block;
	uint64_t at = first;

	world->torn_down++;
	while (at < end && at < simulate_pages(world) && !world->violated) {
		uint64_t count = 1 + sim_random(block / 4);

		if (count > end - at)
			count = end - at;
		if (at + count > simulate_pages(world))
			count = simulate_pages(world) - at;
		if (simulate_page_at(world, at + count - 1) - simulate_page_at(world, at) != count - 1)
			count = 1;
		(void)simulate_change(trip, at, count, SHADOW_STATE_OWNED, 0);
		at += count;
	}
	granted(trip);
}

/* ---- choices ------------------------------------------------------------------------------------------------------ */

static uint64_t recent(const struct simulate *world)
{
	unsigned known = world->recent_count < SIMULATE_RECENT ? world->recent_count : SIMULATE_RECENT;
	unsigned newest = known < RECENT_PAGES ? known : RECENT_PAGES;

	return world->recent[(world->recent_count - 1 - sim_random(newest)) % SIMULATE_RECENT];
}

/* Where the next trip goes: on from the last one, or to a block that many use, or anywhere. */
static uint64_t choose_start(struct trip *trip)
{
	uint64_t pages = simulate_pages(trip->world), many = UINT64_C(2) << simulate_block_lg2(trip->world);

	if (simulate_chance(50) && trip->next < pages)
		return trip->next;
	/* Slots of several CPUs for the same pages are what makes their order count. */
	if (trip->world->shape.lazy_percent && trip->world->recent_count && simulate_chance(30))
		return recent(trip->world);
	return simulate_chance(70) ? sim_random(pages < many ? pages : many) : sim_random(pages);
}

/* Pages side by side from *@start on; larger ranges are aligned to their size. */
static uint64_t choose_count(const struct simulate *world, uint64_t *start)
{
	uint64_t what = sim_random(100), count = 1;

	if (what >= 97)
		count = UINT64_C(1) << simulate_block_lg2(world);
	else if (what >= 92)
		count = GROUP_PAGES;
	else if (what >= 80)
		count = 1 + sim_random(24);
	if (what >= 92)
		*start &= ~(count - 1);
	if (*start + count > simulate_pages(world) ||
	    simulate_page_at(world, *start + count - 1) - simulate_page_at(world, *start) != count - 1)
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
		at = (at + 1) % simulate_pages(world);
	}
	return start;
}

/* The first page from @start on that gave consent. */
static uint64_t look_for_ahead(const struct simulate *world, uint64_t start)
{
	for (uint64_t i = 0; i < simulate_pages(world); i++)
		if (world->page[(start + i) % simulate_pages(world)].ahead)
			return (start + i) % simulate_pages(world);
	return start;
}

static void trip_revoke(struct trip *trip, uint64_t start)
{
	uint64_t count;

	start = look_for(trip->world, start, false);
	count = choose_count(trip->world, &start);
	trip->next = start + count;
	simulate_warm(trip, start, count);
	simulate_claim(trip, start, count);
}

/* In two halves, around a change of the host's own table. */
static void trip_overlap(struct trip *trip, uint64_t start)
{
	bool revoke = simulate_chance(50);
	uint64_t count;

	start = look_for(trip->world, start, !revoke);
	count = choose_count(trip->world, &start);
	if (count > SIMULATE_OVERLAP_MAX)
		count = SIMULATE_OVERLAP_MAX;
	trip->next = start + count;
	simulate_warm(trip, start, count);
	simulate_overlap(trip, start, count, revoke ? SHADOW_STATE_NOPAGE : SHADOW_STATE_OWNED);
}

/* The host gives up DMA to what it will donate soon, or wants it back; a hostile one asks for either at any time. */
static void trip_ahead(struct trip *trip, uint64_t start)
{
	struct simulate *world = trip->world;
	bool withdraw = simulate_chance(35);
	uint64_t count;

	if (withdraw && simulate_chance(80))
		start = look_for_ahead(world, start);
	count = choose_count(world, &start);
	if (count == 1)
		count = choose_count(world, &start);
	trip->next = start;
	simulate_warm(trip, start, count);
	if (simulate_consent(trip, start, count, withdraw)) {
		world->counts.consents += !withdraw;
		world->counts.withdrawals += withdraw;
	}
	shadow_trip_end(world->engine, trip->cpu);
	if (simulate_chance(70))
		simulate_flush(trip, 0);
	sim_host_unlock();
}

static void trip_grant(struct trip *trip, uint64_t start)
{
	static const unsigned accesses[] = { 0, 0, SHADOW_ACCESS_RW, SHADOW_ACCESS_R, SHADOW_ACCESS_W };
	enum shadow_state state = simulate_chance(80) ? SHADOW_STATE_OWNED : SHADOW_STATE_SHARED_BORROWED;
	uint64_t count;

	start = look_for(trip->world, start, true);
	count = choose_count(trip->world, &start);
	trip->next = start + count;
	(void)simulate_change(trip, start, count, state, simulate_chance(90) ? 0 : accesses[sim_random(5)]);
	granted(trip);
}

/* Share and unshare change no access. */
static void trip_keep(struct trip *trip, uint64_t start)
{
	start = look_for(trip->world, start, false);
	if (trip->world->page[start].state == SHADOW_STATE_OWNED)
		(void)simulate_change(trip, start, 1, SHADOW_STATE_SHARED_OWNED, 0);
	else if (trip->world->page[start].state == SHADOW_STATE_SHARED_OWNED)
		(void)simulate_change(trip, start, 1, SHADOW_STATE_OWNED, 0);
	granted(trip);
}

/* Several changes of a few pages in one trip, and one flush for all: later ones undo earlier ones. */
static void trip_list(struct trip *trip, uint64_t start)
{
	for (uint64_t left = 2 + sim_random(6); left && !trip->world->violated; left--) {
		uint64_t page = start + sim_random(4);

		if (page >= simulate_pages(trip->world))
			continue;
		(void)simulate_change(trip, page, 1,
			     trip->world->page[page].state == SHADOW_STATE_NOPAGE ? SHADOW_STATE_OWNED : SHADOW_STATE_NOPAGE, 0);
	}
	shadow_trip_end(trip->world->engine, trip->cpu);
	if (!leaves_flush(trip->world)) {
		simulate_flush(trip, 0);
		if (simulate_chance(60))
			(void)simulate_wait(trip, trip->world->number);
	}
	sim_host_unlock();
}

/* A trip that finds out late that it cannot go on: it takes back what it has revoked itself, and nobody has seen. */
static void trip_cancel(struct trip *trip, uint64_t start)
{
	struct simulate *world = trip->world;
	uint64_t count;

	start = look_for(world, start, false);
	count = choose_count(world, &start);
	simulate_warm(trip, start, count);
	if (simulate_change(trip, start, count, SHADOW_STATE_NOPAGE, 0) && simulate_chance(90)) {
		uint64_t part = simulate_chance(50) ? count : 1 + sim_random(count);

		(void)simulate_change(trip, start, part, SHADOW_STATE_OWNED, 0);
	}
	granted(trip);
}

static void trip_compact(struct trip *trip)
{
	struct simulate *world = trip->world;
	shadow_ticket_t ticket;

	(void)shadow_compact(world->engine, 1 + (unsigned)sim_random(4), &ticket);
	world->counts.compacts++;
	simulate_note(world, HISTORY_COMPACT, 0, 0, 0);
	sim_host_unlock();
	if (simulate_chance(50) && shadow_wait(world->engine, ticket, SIMULATE_WAIT_NS) && !world->lost)
		simulate_violate(world, 0, 0, "a wait for a compaction fails");
}

static void one_trip(struct trip *trip)
{
	uint64_t what = sim_random(100), start;

	sim_host_lock();
	trip->world->counts.trips++;
	trip->began = trip->world->number;
	start = choose_start(trip);
	if (what < 36)
		trip_revoke(trip, start);
	else if (what < 41)
		trip_overlap(trip, start);
	else if (what < 46)
		trip_ahead(trip, start);
	else if (what < 80)
		trip_grant(trip, start);
	else if (what < 85)
		trip_list(trip, start);
	else if (what < 89)
		trip_keep(trip, start);
	else if (what < 93)
		trip_cancel(trip, start);
	else if (what < 96)
		trip_compact(trip);
	else
		tear_down(trip, start);
}

static bool goes_on(struct simulate *world)
{
	if (world->lost)
		return world->counts.accesses < world->accesses_wanted || (world->trips_left && world->trips_left--);
	return world->counts.transitions < world->transitions_wanted + (world->stuck ? STUCK_TRANSITIONS : 0) ||
	       world->counts.accesses < world->accesses_wanted;
}

void simulate_worker(void *ctx, unsigned cpu)
{
	struct trip trip = { .world = ctx, .cpu = cpu };

	while (trip.world->trace ? simulate_trace_trip(&trip) : goes_on(trip.world)) {
		if (!trip.world->trace)
			one_trip(&trip);
		if (simulate_chance(trip.world->shape.restless ? 20 : 4))
			simulate_smmu_manage(trip.world);
		for (uint64_t turns = sim_random(4); turns; turns--)
			sim_point();
	}
}

void simulate_finish(void *ctx, unsigned cpu)
{
	struct trip trip = { .world = ctx, .cpu = cpu };
	shadow_ticket_t ticket;

	sim_host_lock();
	ticket = shadow_flush(trip.world->engine);
	simulate_flushed(trip.world, ticket);
	(void)simulate_wait(&trip, ticket.number);
	(void)shadow_compact(trip.world->engine, 64, &ticket);
	if (shadow_wait(trip.world->engine, ticket, SIMULATE_WAIT_NS) && !trip.world->lost)
		simulate_violate(trip.world, 0, 0, "the last wait fails");
	sim_host_unlock();
}
