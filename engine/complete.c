/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * complete.c - flights: what a flush published, seen complete by whoever asks, outside of every lock.
 *
 * A flight says which numbers are in force once a fence has passed. Flushes add flights at the tail, under the
 * host lock. Whoever waits or asks takes the completion lock for one look at the devices and moves the head; all
 * others read the number that this leaves behind. So a waiter needs no hand-over from the one that flushed, and
 * the host lock is free while a sync is waited for.
 * Owns: the complete number never runs ahead of the devices, and never goes back.
 */
#include <shadow/platform.h>

#include "engine/engine.h"
#include "engine/trace.h"

/* What a ticket waits for: a number, or the fence of a compaction. */
static struct engine_flight goal_of(shadow_ticket_t ticket)
{
	if (ticket.number & ENGINE_TICKET_FENCE)
		return (struct engine_flight){ .fence = ticket.number & ~ENGINE_TICKET_FENCE };
	return (struct engine_flight){ .number = ticket.number };
}

/* [P1] Pairs with flight_pass(). Observer: CPU. */
static bool is_complete(const struct shadow_engine *engine, struct engine_flight goal)
{
	return load_acquire_u64(&engine->complete_number) >= goal.number &&
	       load_acquire_u64(&engine->complete_fence) >= goal.fence;
}

/* The devices are past the oldest flight. Completion lock held. */
static inline void flight_pass(struct shadow_engine *engine, uint32_t head)
{
	const struct engine_flight *flight = &engine->flight[head % ENGINE_FLIGHTS];

	platform_trace(PLATFORM_TRACE_TICKET, flight->number, flight->fence);
	/* [P1] Devices were seen before anyone is told. Pairs with is_complete() and engine_retire(). Observer: CPU. */
	store_release_u64(&engine->complete_fence, flight->fence);
	store_release_u64(&engine->complete_number, flight->number);
	/* [Q2] The flight was read before its place is free. Pairs with engine_flight_add(). Observer: CPU. */
	store_release_u32(&engine->flight_head, head + 1);
}

/* Look at the devices, oldest flight first, until @goal is complete. Completion lock held.
 * Return: 1 if all that was looked at is complete, 0 if not yet, or -SHADOW_EIO. */
static int flights_look(struct shadow_engine *engine, struct engine_flight goal)
{
	uint32_t head = load_relaxed_u32(&engine->flight_head);
	int done = 1;

	/* [Q1] Flight before tail. Pairs with engine_flight_add(). Observer: CPU. */
	while (head != load_acquire_u32(&engine->flight_tail) && !is_complete(engine, goal)) {
		done = engine->target->ops->complete(engine->target, engine->flight[head % ENGINE_FLIGHTS].fence);
		if (done != 1)
			break;
		flight_pass(engine, head++);
	}
	return done;
}

/* One flight is outstanding, and the devices are done with it: what a lone trip finds that waits for its own flush. Return:
 * false if it is not that, and all else has to be asked. */
static bool flight_landed(struct shadow_engine *engine, uint64_t number)
{
	struct shadow_target *target = engine->target;
	const struct engine_flight *flight;
	uint32_t head;
	bool landed;

	if (!order_try_lock(&target->completing))
		return false;
	head = load_relaxed_u32(&engine->flight_head);
	flight = &engine->flight[head % ENGINE_FLIGHTS];
	/* [Q1] Flight before tail. Pairs with engine_flight_add(). Observer: CPU. */
	landed = load_acquire_u32(&engine->flight_tail) == head + 1 && flight->number >= number &&
		 target->ops->landed(target, flight->fence);
	if (landed)
		flight_pass(engine, head);
	order_unlock(&target->completing);
	return landed;
}

/* One look, unless someone else is looking. Return: 1 if @goal is complete, 0 if not yet, or -SHADOW_EIO. */
static int flights_poll(struct shadow_engine *engine, struct engine_flight goal)
{
	int done;

	if (is_complete(engine, goal))
		return 1;
	if (!order_try_lock(&engine->target->completing))
		return 0;
	done = flights_look(engine, goal);
	order_unlock(&engine->target->completing);
	return done;
}

/* The newest two flights become one. Both locks held: nobody looks. */
static void flight_merge(struct shadow_engine *engine, struct engine_flight flight)
{
	engine->flight[(load_relaxed_u32(&engine->flight_tail) - 1) % ENGINE_FLIGHTS] = flight;
}

void engine_flight_crowd(struct shadow_engine *engine, uint32_t tail, struct engine_flight flight)
{
	while (!order_try_lock(&engine->target->completing))
		platform_relax();
	if (tail - load_acquire_u32(&engine->flight_head) == ENGINE_FLIGHTS)
		flight_merge(engine, flight);
	else
		engine_flight_append(engine, tail, flight);
	order_unlock(&engine->target->completing);
}

bool engine_land(struct shadow_engine *engine, uint64_t number)
{
	/* Nor is anything complete any more once isolation is lost. */
	if (engine_is_flying(engine) || engine->target->ops->complete(engine->target, 0) != 1)
		return false;
	platform_trace(PLATFORM_TRACE_TICKET, number, load_relaxed_u64(&engine->fence));
	/* [P1] Without a flight nobody else writes it: who looks moves it from one flight to the next. Before it is said
	 * to be flushed: who finds that out, and no flight, has to find this. Pairs with is_complete(). Observer: CPU. */
	store_release_u64(&engine->complete_number, number);
	store_release_u64(&engine->flushed_number, number);
	return true;
}

void engine_retire(struct shadow_engine *engine)
{
	uint64_t fence = load_acquire_u64(&engine->complete_fence);

	if (fence == engine->retired_fence)
		return;
	platform_trace(PLATFORM_TRACE_RETIRE, fence, (uintptr_t)engine);
	if (engine->target->retires)
		engine->target->ops->retire(engine->target, fence);
	engine->retired_fence = fence;
}

void shadow_reclaim(struct shadow_engine *engine)
{
	shadow_assert(platform_host_lock_held());
	if (engine->target)
		engine_retire(engine);
}

/* A ticket may be from before the snapshot, or not be flushed yet: -SHADOW_EAGAIN. */
static int ticket_poll(struct shadow_engine *engine, struct engine_flight goal)
{
	/* Gate closed: nothing is in force, unless a snapshot failed and so did the abort after it. */
	if (!engine->open)
		return engine->target ? engine->target->ops->complete(engine->target, 0) : 1;
	if (goal.number > load_acquire_u64(&engine->flushed_number) || goal.fence > load_acquire_u64(&engine->fence))
		return -SHADOW_EAGAIN;
	return flights_poll(engine, goal);
}

/* What is complete at the first look, @done, costs no clock read. Later the clock is read before the look, so
 * that a caller who was held up between the two does not take a finished sync for a late one. */
__attribute__((__noinline__)) static int wait_for(struct shadow_engine *engine, int done, struct engine_flight goal,
					      uint64_t wait_ns)
{
	uint64_t start = done ? 0 : platform_time_ns();

	while (!done) {
		bool late = platform_time_ns() - start > wait_ns;

		done = flights_poll(engine, goal);
		if (done)
			break;
		if (late) {
			platform_trace(PLATFORM_TRACE_TIMEOUT, goal.number, goal.fence);
			return -SHADOW_ETIMEDOUT;
		}
		platform_relax();
	}
	return done == 1 ? 0 : done;
}

int engine_wait_all(struct shadow_engine *engine, uint64_t wait_ns)
{
	const struct engine_flight newest = { load_relaxed_u64(&engine->flushed_number),
					      load_relaxed_u64(&engine->fence) };
	int error;

	platform_trace(PLATFORM_TRACE_SYNC, newest.number, wait_ns);
	error = wait_for(engine, flights_poll(engine, newest), newest, wait_ns);
	engine_retire(engine);
	return error;
}

bool shadow_complete(struct shadow_engine *engine, shadow_ticket_t ticket)
{
	return ticket_poll(engine, goal_of(ticket)) == 1;
}

int shadow_wait(struct shadow_engine *engine, shadow_ticket_t ticket, uint64_t wait_ns)
{
	struct engine_flight goal = goal_of(ticket);
	int done;

	if (!wait_ns || wait_ns > SHADOW_WAIT_NS_MAX)
		return -SHADOW_EINVAL;
	platform_trace(PLATFORM_TRACE_SYNC, ticket.number, wait_ns);
	if (!goal.fence && engine->open && (is_complete(engine, goal) || flight_landed(engine, goal.number)))
		return 0;
	done = ticket_poll(engine, goal);
	return done == 1 ? 0 : wait_for(engine, done, goal, wait_ns);
}
