/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * simulate_change.c - transitions, flushes and waits, with the oracle beside them.
 *
 * Owns: the oracle changes in the host's order, under the host lock.
 */
#include "bench/simulate/simulate_change.h"

#define WATCHED 24u

/* ---- one transition ------------------------------------------------------------------------------------------ */

static bool is_free(const struct simulate *world, uint64_t start, uint64_t count)
{
	for (uint64_t i = start; i < start + count; i++)
		if (world->page[i].pending)
			return false;
	return true;
}

shadow_ipa_t simulate_ipa(const struct simulate *world, uint64_t index)
{
	return (shadow_ipa_t){ simulate_page_at(world, index) << world->shape.granule_lg2 };
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

/* Devices lose a page, or get it. */
static void set_access(struct simulate_page *page, uint64_t number, unsigned access)
{
	if (!access)
		page->taken = page->access;
	page->access = (uint8_t)access;
	page->number = number;
	if (!access)
		page->revoked = number;
}

/* Pages that gave consent are out of devices' reach already. */
static bool changes_access(const struct simulate_page *page, bool revoke)
{
	return revoke ? page->state != SHADOW_STATE_NOPAGE && !page->ahead : page->state == SHADOW_STATE_NOPAGE;
}

void simulate_commit(struct trip *trip, uint64_t start, uint64_t count, enum shadow_state state, unsigned access)
{
	struct simulate *world = trip->world;
	bool revoke = state == SHADOW_STATE_NOPAGE, changes = false;
	uint64_t number = world->number + 1;

	for (uint64_t i = start; i < start + count; i++) {
		struct simulate_page *page = &world->page[i];

		if (changes_access(page, revoke)) {
			set_access(page, number, revoke ? SHADOW_ACCESS_NONE : access ? access : SHADOW_ACCESS_RW);
			page->ahead = false;
			changes = true;
		}
		page->state = (uint8_t)state;
	}
	world->counts.transitions++;
	world->recent[world->recent_count++ % SIMULATE_RECENT] = start;
	if (changes)
		world->number = number;
	simulate_note(world, !changes ? HISTORY_KEEP : revoke ? HISTORY_REVOKE : HISTORY_GRANT,
		      simulate_page_at(world, start), count, (int64_t)number);
}

struct shadow_transition simulate_transition(const struct simulate *world, uint64_t start, uint64_t count,
					     enum shadow_state state, unsigned access, uint8_t *old_states)
{
	struct shadow_transition transition = { .start = simulate_ipa(world, start), .page_count = count,
						.new_state = state, .access = access, .old_states = old_states };

	for (uint64_t i = 0; i < count; i++)
		old_states[i] = world->page[start + i].state;
	if (count == 1) {
		transition.old_state = (enum shadow_state)old_states[0];
		transition.old_states = NULL;
	}
	return transition;
}

bool simulate_refused(struct trip *trip, uint64_t start, uint64_t count, int error)
{
	struct simulate *world = trip->world;

	if (!error)
		return false;
	simulate_note(world, HISTORY_REFUSED, simulate_page_at(world, start), count, error);
	if (error == -SHADOW_EAGAIN && !is_free(world, start, count))
		world->counts.pending_refused++;
	/* Pages of many states side by side may have more pieces than a queue has slots. */
	else if (!(error == -SHADOW_EIO && world->lost) &&
		 (error != -SHADOW_ENOMEM || count <= world->shape.queue_slots))
		simulate_violate(world, simulate_page_at(world, start), count, "a reservation fails with %d", error);
	return true;
}

/* A grant is reserved: what is still queued of these pages is this trip's own, and nobody else can know of it. */
static void check_cancel(struct trip *trip, uint64_t start, uint64_t count)
{
	struct simulate *world = trip->world;

	for (uint64_t i = start; i < start + count; i++) {
		const struct simulate_page *page = &world->page[i];

		if (page->state != SHADOW_STATE_NOPAGE || page->revoked <= world->visible ||
		    (page->revoked > trip->began && page->revoked > world->given))
			continue;
		if (shadow_queued(world->engine, simulate_ipa(world, i), 1))
			simulate_violate(world, simulate_page_at(world, i), 1,
					 "a grant of page %llx goes with a revoke that others know of",
					 (unsigned long long)simulate_page_at(world, i));
	}
}

bool simulate_change(struct trip *trip, uint64_t start, uint64_t count, enum shadow_state state, unsigned access)
{
	struct simulate *world = trip->world;
	uint8_t old_states[SIMULATE_RANGE_MAX];
	struct shadow_transition transition = simulate_transition(world, start, count, state, access, old_states);
	uint64_t before = world->number;

	if (simulate_refused(trip, start, count,
			     shadow_reserve(world->engine, trip->cpu, &transition, SIMULATE_WAIT_NS)))
		return false;
	if (state != SHADOW_STATE_NOPAGE)
		check_cancel(trip, start, count);
	simulate_commit(trip, start, count, state, access);
	if (shadow_queue(world->engine, trip->cpu, before + 1, &transition) != (world->number != before))
		simulate_violate(world, simulate_page_at(world, start), count, "the engine disagrees on what changes access");
	return true;
}

/* ---- consent ------------------------------------------------------------------------------------------------------ */

/* Does the call concern the page? */
static bool concerns(const struct simulate_page *page, bool withdraw)
{
	return page->state != SHADOW_STATE_NOPAGE && page->ahead == withdraw;
}

static void commit_consent(struct trip *trip, uint64_t start, uint64_t count, bool withdraw)
{
	struct simulate *world = trip->world;

	world->number++;
	for (uint64_t i = start; i < start + count; i++) {
		if (!concerns(&world->page[i], withdraw))
			continue;
		set_access(&world->page[i], world->number, withdraw ? SHADOW_ACCESS_RW : SHADOW_ACCESS_NONE);
		world->page[i].ahead = !withdraw;
	}
	world->recent[world->recent_count++ % SIMULATE_RECENT] = start;
	simulate_note(world, withdraw ? HISTORY_WITHDRAW : HISTORY_CONSENT, simulate_page_at(world, start), count,
		      (int64_t)world->number);
}

bool simulate_consent(struct trip *trip, uint64_t start, uint64_t count, bool withdraw)
{
	struct simulate *world = trip->world;
	uint8_t states[SIMULATE_RANGE_MAX];
	int expected = 0, done;

	for (uint64_t i = 0; i < count; i++) {
		states[i] = world->page[start + i].state;
		expected += concerns(&world->page[start + i], withdraw);
	}
	done = (withdraw ? shadow_withdraw : shadow_consent)(world->engine, trip->cpu, world->number + 1,
							    simulate_ipa(world, start), count, states,
							    SIMULATE_WAIT_NS);
	if (simulate_refused(trip, start, count, done < 0 ? done : 0))
		return false;
	if (done != expected)
		simulate_violate(world, simulate_page_at(world, start), count, "%s %d pages, and not %d",
				 withdraw ? "a withdrawal gives back" : "a consent takes", done, expected);
	if (done)
		commit_consent(trip, start, count, withdraw);
	return done;
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

void simulate_flushed(struct simulate *world, shadow_ticket_t ticket)
{
	raise_to(&world->visible, ticket.number);
	raise_to(&world->given, ticket.number);
}

static shadow_ticket_t flush_all_or_some(struct simulate *world)
{
	shadow_ticket_t ticket;
	bool more;

	if (!simulate_chance(15))
		return shadow_flush(world->engine);
	ticket = shadow_flush_some(world->engine, 1 + (unsigned)sim_random(4), &more);
	world->counts.bounded++;
	world->counts.bounded_more += more;
	return ticket;
}

shadow_ticket_t simulate_flush(struct trip *trip, unsigned own)
{
	struct simulate *world = trip->world;
	shadow_ticket_t ticket;

	world->counts.flushes++;
	world->counts.in_flight += world->visible > world->complete;
	ticket = flush_all_or_some(world);
	simulate_flushed(world, ticket);
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

void simulate_completed(struct trip *trip, uint64_t number)
{
	raise_to(&trip->world->complete, number);
	raise_to(&trip->told, number);
}

/* Return: as shadow_wait(). */
static int wait_for(struct trip *trip, uint64_t number, uint64_t wait_ns)
{
	struct simulate *world = trip->world;
	shadow_ticket_t ticket = { number };
	int error;

	while (simulate_chance(30)) {
		if (shadow_complete(world->engine, ticket)) {
			simulate_completed(trip, number);
			break;
		}
	}
	check_complete(trip);
	error = shadow_wait(world->engine, ticket, wait_ns);
	if (!error)
		simulate_completed(trip, number);
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
