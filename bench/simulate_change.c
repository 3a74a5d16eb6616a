/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * simulate_change.c - transitions, flushes and waits, with the oracle beside them.
 *
 * Owns: the oracle changes in the host's order, under the host lock.
 */
#include "bench/simulate_change.h"

#define WATCHED 24u

/* ---- one transition ------------------------------------------------------------------------------------------ */

bool simulate_is_free(const struct simulate *world, uint64_t start, uint64_t count)
{
	if (world->shape.no_pending)
		return true;
	for (uint64_t i = start; i < start + count; i++)
		if (world->page[i].pending)
			return false;
	return true;
}

void simulate_warm(struct trip *trip, uint64_t start, uint64_t count)
{
	struct simulate *world = trip->world;
	unsigned smmu = (unsigned)sim_random(world->shape.smmus);
	uint64_t page = simulate_page_at(world, start + sim_random(count));

	simulate_access(world, smmu, page, true);
	simulate_keep(world, smmu, page, true);
	if (simulate_chance(70))
		return;
	if (++trip->watched % WATCHED == 0)
		model_unwatch_all(world->smmu[smmu].model);
	if (world->shape.smmu[smmu].ats && world->smmu[smmu].atc_watched < WATCHED) {
		world->smmu[smmu].atc_watched++;
		model_atc_watch(world->smmu[smmu].model, SIMULATE_ATS_SID + (uint32_t)sim_random(SIMULATE_ATS_MAX),
				page << world->shape.granule_lg2);
	}
	model_watch(world->smmu[smmu].model, SIMULATE_SID, page << world->shape.granule_lg2);
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
		      simulate_page_at(world, start), count, (int64_t)number);
}

bool simulate_change(struct trip *trip, uint64_t start, uint64_t count, enum shadow_state state, unsigned access)
{
	struct simulate *world = trip->world;
	uint8_t old_states[SIMULATE_RANGE_MAX];
	struct shadow_transition transition = { .start = { simulate_page_at(world, start) << world->shape.granule_lg2 },
						.page_count = count, .new_state = state, .access = access,
						.old_states = old_states };
	uint64_t before;
	int error;

	if (!simulate_is_free(world, start, count)) {
		world->counts.pending_refused++;
		simulate_note(world, HISTORY_REFUSED, simulate_page_at(world, start), count, 0);
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
		simulate_note(world, HISTORY_REFUSED, simulate_page_at(world, start), count, error);
		/* Pages of many states side by side may have more pieces than a queue has slots. */
		if (!(error == -SHADOW_EIO && world->lost) &&
		    (error != -SHADOW_ENOMEM || count <= world->shape.queue_slots))
			simulate_violate(world, simulate_page_at(world, start), count, "a reservation fails with %d", error);
		return false;
	}
	before = world->number;
	commit(trip, start, count, state, access);
	if (shadow_queue(world->engine, trip->cpu, before + 1, &transition) != (world->number != before))
		simulate_violate(world, simulate_page_at(world, start), count, "the engine disagrees on what changes access");
	return true;
}

/* ---- flush and wait --------------------------------------------------------------------------------------------- */

static void raise_to(uint64_t *number, uint64_t to)
{
	if (*number < to)
		*number = to;
}

/* Trips that have left their flush to others, and got it. */
static unsigned served(struct simulate *world)
{
	unsigned count = 0;

	for (unsigned cpu = 0; cpu < world->shape.cpus && world->joined_count; cpu++) {
		if (!world->joined[cpu] || world->joined[cpu] > world->visible)
			continue;
		world->joined[cpu] = 0;
		world->joined_count--;
		count++;
	}
	return count;
}

static void count_group(struct simulate *world, unsigned trips)
{
	world->counts.group_two += trips == 2;
	world->counts.group_three += trips == 3;
	world->counts.group_many += trips > 3;
}

shadow_ticket_t simulate_flush(struct trip *trip, unsigned own)
{
	struct simulate *world = trip->world;
	shadow_ticket_t ticket;

	world->counts.flushes++;
	world->counts.in_flight += world->visible > world->complete;
	ticket = shadow_flush(world->engine);
	raise_to(&world->visible, ticket.number);
	count_group(world, own + served(world));
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

	while (simulate_chance(30)) {
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

int simulate_wait(struct trip *trip, uint64_t number)
{
	if (simulate_chance(15)) {
		int error = wait_for(trip, number, 1 + sim_random(1000));

		if (error != -SHADOW_ETIMEDOUT)
			return error;
		trip->world->counts.timeouts++;
	}
	return wait_for(trip, number, SIMULATE_WAIT_NS);
}
