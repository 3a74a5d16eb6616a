/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * flush.c - drain, coalesce, plan, prepare, write, invalidate; and later sync, retire.
 *
 *   1. drain: copy every CPU's slots, the open ones too, since the host lock is held;
 *   2. coalesce: sort, cut in front of a grant that would undo a queued revoke, merge;
 *   3. plan: cut along memory types, leave out what is reserved;
 *   4. prepare and write: the target's tables, in one pass over the address space;
 *   5. invalidate: the target publishes its commands, every SMMU's doorbell before any wait;
 *   6. sync and retire: shadow_complete() and shadow_wait() see the fence pass and give tables back.
 * Owns: a ticket is complete only when everything up to its number is in force.
 */
#include <shadow/platform.h>

#include "engine/engine.h"

/* Take out all that is queued, at engine->item. @number rises to the newest. Return: items. */
static uint32_t drain(struct shadow_engine *engine, uint64_t *number)
{
	uint32_t made = 0;

	for (unsigned cpu = 0; cpu < engine->config.cpu_count; cpu++) {
		struct queue *queue = &engine->queue[cpu];
		uint32_t count = queue_count(queue);
		uint64_t last = 0;

		for (uint32_t i = 0; i < count; i++) {
			const struct queue_slot *slot = queue_peek(queue, i);

			engine->item[made++] = (struct coalesce_item){ slot->start, slot->end,
								       coalesce_stamp(slot->first, slot->access) };
			/* Pieces of one transition have one number. */
			engine->stats.transitions_access += slot->last - (slot->first > last ? slot->first - 1 : last);
			last = slot->last;
		}
		if (last > *number)
			*number = last;
		if (count)
			queue_drop(queue, count);
	}
	return made;
}

static void report_reserved(struct shadow_engine *engine, const struct plan_cursor *cursor)
{
	engine->stats.reserved_attempts++;
	platform_report(PLATFORM_REPORT_RESERVED, cursor->reserved_first << SHADOW_PAGE_LG2,
			cursor->reserved_end << SHADOW_PAGE_LG2);
}

/* Write one sorted, conflict-free batch to the target, some runs at a time so that it can look ahead. */
static void apply_batch(struct shadow_engine *engine, const struct coalesce_item *item, uint32_t count)
{
	const struct target_ops *ops = engine->target->ops;
	struct plan_cursor cursor;
	unsigned runs = 0;

	for (uint32_t i = 0; i < count; i++) {
		plan_cut(&cursor, &engine->zones, item[i].start, item[i].end, coalesce_access(&item[i]));
		while (plan_next(&cursor, &engine->run[runs])) {
			if (++runs < ENGINE_RUNS)
				continue;
			ops->apply(engine->target, engine->run, runs);
			runs = 0;
		}
		if (cursor.reserved_pages && coalesce_is_grant(&item[i]))
			report_reserved(engine, &cursor);
	}
	ops->apply(engine->target, engine->run, runs);
	engine->stats.runs += count;
}

/* Move items stamped from @cut on to the end, keeping the order of the others. Return: how many are before. */
static uint32_t split_at(struct coalesce_item *item, struct coalesce_item *spare, uint32_t count, uint64_t cut)
{
	uint32_t before = 0, after = 0;

	for (uint32_t i = 0; i < count; i++) {
		if (item[i].stamp < cut)
			item[before++] = item[i];
		else
			spare[after++] = item[i];
	}
	for (uint32_t i = 0; i < after; i++)
		item[before + i] = spare[i];
	return before;
}

/* One round a conflict, and one more; each round is a batch of its own for the tables. */
static void apply_all(struct shadow_engine *engine, uint32_t count)
{
	struct coalesce_item *item, *spare;

	if (count == 1) {
		apply_batch(engine, engine->item, 1);
		return;
	}
	item = coalesce_sort(engine->item, engine->spare, count, &engine->scratch);
	spare = item == engine->item ? engine->spare : engine->item;
	while (count) {
		uint64_t cut = coalesce_conflict(item, count);
		uint32_t before = cut == UINT64_MAX ? count : split_at(item, spare, count, cut);

		apply_batch(engine, engine->merged, coalesce_merge(item, before, engine->merged));
		item += before;
		spare += before;
		count -= before;
		if (count)
			engine->target->ops->rewind(engine->target);
	}
}

/* Remember what the newest fence covers. When too many are outstanding the newest two become one. */
static void flight_add(struct shadow_engine *engine, uint64_t number, uint64_t fence)
{
	struct engine_flight *flight;

	if (engine->flight_count < ENGINE_FLIGHTS)
		engine->flight_count++;
	flight = &engine->flight[(engine->flight_first + engine->flight_count - 1) % ENGINE_FLIGHTS];
	*flight = (struct engine_flight){ number, fence };
}

void engine_flush(struct shadow_engine *engine, bool all)
{
	uint64_t number = engine->flushed_number;
	uint32_t count = drain(engine, &number);

	engine_forget_revoked(engine);
	engine->promise_holds = engine->counted = false;
	if (count || all) {
		engine->stats.flushes += count != 0;
		apply_all(engine, count);
		flight_add(engine, number, engine->target->ops->publish(engine->target, all));
	}
	engine->flushed_number = number;
}

shadow_ticket_t shadow_flush(struct shadow_engine *engine)
{
	shadow_assert(platform_host_lock_held());
	if (!engine->open)
		return (shadow_ticket_t){ engine->flushed_number };
	engine_flush(engine, false);
	for (unsigned cpu = 0; cpu < engine->config.cpu_count; cpu++)
		queue_unreserve(&engine->queue[cpu]);
	return (shadow_ticket_t){ engine->flushed_number };
}

/* Is the oldest outstanding flight complete? Then retire it. Return: 1, 0 or -SHADOW_EIO. */
static int flight_poll(struct shadow_engine *engine)
{
	const struct engine_flight *flight = &engine->flight[engine->flight_first];
	int done = engine->target->ops->complete(engine->target, flight->fence);

	if (done != 1)
		return done;
	engine->target->ops->retire(engine->target, flight->fence);
	engine->complete_number = flight->number;
	engine->flight_first = (engine->flight_first + 1) % ENGINE_FLIGHTS;
	engine->flight_count--;
	return 1;
}

/* Give back what is complete, up to the flight that covers @number; UINT64_MAX: all flights. Return: 1 if that is
 * all in force, 0 if not yet, or -SHADOW_EIO. */
static int flights_poll(struct shadow_engine *engine, uint64_t number)
{
	int done = 1;

	while (engine->complete_number < number && engine->flight_count && done == 1)
		done = flight_poll(engine);
	return done;
}

/* The same for a ticket, which may be from before the snapshot, or not be flushed yet: -SHADOW_EAGAIN. */
static int ticket_poll(struct shadow_engine *engine, shadow_ticket_t ticket)
{
	/* Gate closed: nothing is in force, unless a snapshot failed and so did the abort after it. */
	if (!engine->open)
		return engine->target ? engine->target->ops->complete(engine->target, 0) : 1;
	if (ticket.number > engine->flushed_number)
		return -SHADOW_EAGAIN;
	return flights_poll(engine, ticket.number);
}

/* What is complete at the first look, @done, costs no clock read. Later the clock is read before the look, so
 * that a caller who was held up between the two does not take a finished sync for a late one. */
static int wait_for(struct shadow_engine *engine, int done, uint64_t number, uint64_t wait_ns)
{
	uint64_t start = done ? 0 : platform_time_ns();

	while (!done) {
		bool late = platform_time_ns() - start > wait_ns;

		done = flights_poll(engine, number);
		if (done)
			break;
		if (late)
			return -SHADOW_ETIMEDOUT;
		platform_relax();
	}
	return done == 1 ? 0 : done;
}

int engine_wait_all(struct shadow_engine *engine, uint64_t wait_ns)
{
	return wait_for(engine, flights_poll(engine, UINT64_MAX), UINT64_MAX, wait_ns);
}

bool shadow_complete(struct shadow_engine *engine, shadow_ticket_t ticket)
{
	shadow_assert(platform_host_lock_held());
	return ticket_poll(engine, ticket) == 1;
}

int shadow_wait(struct shadow_engine *engine, shadow_ticket_t ticket, uint64_t wait_ns)
{
	shadow_assert(platform_host_lock_held());
	if (!wait_ns || wait_ns > SHADOW_WAIT_NS_MAX)
		return -SHADOW_EINVAL;
	return wait_for(engine, ticket_poll(engine, ticket), ticket.number, wait_ns);
}
