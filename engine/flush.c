/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * flush.c - drain, coalesce, plan, prepare, write, invalidate; and later sync, retire.
 *
 *   1. drain: copy every CPU's slots, the open ones too, since the host lock is held;
 *   2. coalesce: sort, cut in front of a grant that would undo a queued revoke, merge;
 *   3. plan: cut along memory types, leave out what is reserved;
 *   4. prepare: at break-before-make level 1, the target marks what it will cut live and waits until every device
 *      knows; it is given all runs of a round before any is written;
 *   5. write: the target's tables, in one pass over the address space;
 *   6. invalidate: the target publishes its commands, every SMMU's doorbell before any wait;
 *   7. sync: whoever asks or waits sees the fence pass, in complete.c; the next flush gives tables back.
 * A round is what lies before one cut of stage 2; stages 3 to 5 are done for each.
 * One slot in all queues that is one run, which is what hosts make that give one page a trip, goes from its slot to
 * stage 5 in flush_lone(). Each stage of the target has a short way of its own for one page.
 * Owns: a ticket is complete only when everything up to its number is in force.
 */
#include "engine/drain.h"
#include "engine/trace.h"

static void report_reserved(struct shadow_engine *engine, const struct plan_cursor *cursor)
{
	engine->stats.reserved_attempts++;
	trace_report(PLATFORM_REPORT_RESERVED, cursor->reserved_first << engine->granule_lg2,
		     cursor->reserved_end << engine->granule_lg2);
}

/* Another run was made; @left: ranges, the one at hand with them. Return: how many wait now to be handed on. */
static inline unsigned add_run(struct shadow_engine *engine, unsigned runs,
			       void (*take)(struct shadow_target *, const struct run *, unsigned), uint32_t left)
{
	if (++runs < ENGINE_RUNS)
		return runs;
	take(engine->target, engine->run, runs);
	platform_trace(PLATFORM_TRACE_PLAN, left, (uintptr_t)engine);
	return 0;
}

/* Cut one sorted, conflict-free batch into runs and hand them on, some at a time so that the target can look ahead. */
static inline void hand_on(struct shadow_engine *engine, const struct coalesce_item *item, uint32_t count,
			   void (*take)(struct shadow_target *, const struct run *, unsigned), bool report)
{
	struct plan_cursor cursor;
	unsigned runs = 0;

	platform_trace(PLATFORM_TRACE_PLAN, count, (uintptr_t)engine);
	for (const struct coalesce_item *end = item + count; item < end; item++) {
		if (plan_whole(&engine->zones, item->start, item->end, coalesce_access(item), &engine->run[runs])) {
			runs = add_run(engine, runs, take, (uint32_t)(end - item));
			continue;
		}
		plan_cut(&cursor, &engine->zones, item->start, item->end, coalesce_access(item));
		while (plan_next(&cursor, &engine->run[runs]))
			runs = add_run(engine, runs, take, (uint32_t)(end - item));
		if (report && cursor.reserved_pages && coalesce_is_grant(item))
			report_reserved(engine, &cursor);
	}
	take(engine->target, engine->run, runs);
}

/* One round. Each prepares for itself: an earlier one may have made live blocks that this one cuts. */
static void apply_batch(struct shadow_engine *engine, const struct coalesce_item *item, uint32_t count)
{
	const struct target_ops *ops = engine->target->ops;

	if (engine->target->prepares) {
		hand_on(engine, item, count, ops->prepare, false);
		ops->prepared(engine->target);
	}
	hand_on(engine, item, count, ops->apply, true);
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
	platform_trace(PLATFORM_TRACE_COALESCE, count, (uintptr_t)engine);
	item = coalesce_sort(engine->item, engine->spare, count, &engine->scratch);
	spare = item == engine->item ? engine->spare : engine->item;
	while (count) {
		uint64_t cut = coalesce_conflict(item, count);
		uint32_t before = cut == UINT64_MAX ? count : split_at(item, spare, count, cut);

		apply_batch(engine, engine->merged, coalesce_merge(item, before, engine->merged));
		item += before;
		spare += before;
		count -= before;
		if (count) {
			engine->target->ops->rewind(engine->target);
			platform_trace(PLATFORM_TRACE_COALESCE, count, (uintptr_t)engine);
		}
	}
}

/* The last stage of a flush up to transition @number. */
static inline void publish(struct shadow_engine *engine, uint64_t number, bool all)
{
	uint64_t fence;

	platform_trace(PLATFORM_TRACE_INVALIDATE, number, (uintptr_t)engine);
	fence = engine->target->ops->publish(engine->target, all);
	if (fence != load_relaxed_u64(&engine->fence) || !engine_land(engine, number))
		engine_flight_add(engine, number, fence);
	platform_trace(PLATFORM_TRACE_FLUSH_END, number, fence);
}

void engine_flush(struct shadow_engine *engine, bool all)
{
	uint64_t before = load_relaxed_u64(&engine->flushed_number), number = before;
	uint32_t count;

	platform_trace(PLATFORM_TRACE_FLUSH_START, before, (uintptr_t)engine);
	platform_trace(PLATFORM_TRACE_DRAIN, engine->config.cpu_count, (uintptr_t)engine);
	count = drain_all(engine, &number);
	engine_retire(engine);
	engine_forget_revoked(engine);
	engine->promise_holds = engine->counted = false;
	/* Where all was taken back there is a number to move on, if nothing else. */
	if (number == before && !all) {
		engine->target->ops->release(engine->target);
		platform_trace(PLATFORM_TRACE_FLUSH_END, number, load_relaxed_u64(&engine->fence));
		return;
	}
	engine->stats.flushes += number != before;
	apply_all(engine, count);
	publish(engine, number, all);
}

/* The queue that has the only slot of all; NULL if there are more, or none. Slots set aside for what is not queued are free
 * again in any case. */
static inline struct queue *lone_queue(struct shadow_engine *engine)
{
	struct queue *queue = engine->queue, *end = queue + engine->config.cpu_count, *found = NULL;
	uint32_t slots = 0;

	for (; queue < end; queue++) {
		uint32_t count = queue_count(queue);

		queue_unreserve(queue);
		slots += count;
		if (count)
			found = queue;
	}
	return slots == 1 ? found : NULL;
}

/* One slot that is one run: nothing to copy, sort or cut. Return: false if it is not that; then slots set aside are free again,
 * and nothing else has changed. */
static bool flush_lone(struct shadow_engine *engine)
{
	struct shadow_target *target = engine->target;
	struct queue *queue = lone_queue(engine);
	const struct queue_slot *slot;
	struct run run;
	uint64_t number;

	if (!queue || target->prepares)
		return false;
	slot = queue_peek(queue, 0);
	/* What it takes back would be a slot before it. */
	shadow_assert(!slot->takes_back);
	if (!plan_whole(&engine->zones, slot->start, slot->end, slot->access, &run))
		return false;
	platform_trace(PLATFORM_TRACE_FLUSH_START, load_relaxed_u64(&engine->flushed_number), (uintptr_t)engine);
	platform_trace(PLATFORM_TRACE_DRAIN, engine->config.cpu_count, (uintptr_t)engine);
	platform_trace(PLATFORM_TRACE_PLAN, queue_count(queue), (uintptr_t)engine);
	number = slot->last;
	engine->stats.transitions_access += number - slot->first + 1;
	queue_drop(queue, 1);
	target->cpu = (unsigned)(queue - engine->queue);
	engine_retire(engine);
	queue->indexed = 0;
	if (engine->revoked_any)
		engine_forget_revoked(engine);
	engine->promise_holds = engine->counted = false;
	engine->stats.flushes++;
	target->ops->apply(target, &run, 1);
	engine->stats.runs++;
	publish(engine, number, false);
	return true;
}

shadow_ticket_t shadow_flush(struct shadow_engine *engine)
{
	shadow_assert(platform_host_lock_held());
	if (!engine->open)
		return (shadow_ticket_t){ load_relaxed_u64(&engine->flushed_number) };
	if (flush_lone(engine))
		return (shadow_ticket_t){ load_relaxed_u64(&engine->flushed_number) };
	engine_flush(engine, false);
	for (unsigned cpu = 0; cpu < engine->config.cpu_count; cpu++)
		queue_unreserve(&engine->queue[cpu]);
	return (shadow_ticket_t){ load_relaxed_u64(&engine->flushed_number) };
}

/* Tables stay set aside for what is left only where all are promised at once: else nothing may be left. Return: is
 * something left? */
static bool is_left(struct shadow_engine *engine)
{
	return drain_is_needed(engine) && engine->promise_holds && !engine->counted &&
	       engine->target->ops->keep(engine->target);
}

shadow_ticket_t shadow_flush_some(struct shadow_engine *engine, unsigned slots, bool *more)
{
	uint64_t number = load_relaxed_u64(&engine->flushed_number);
	uint32_t count;

	shadow_assert(platform_host_lock_held());
	*more = false;
	if (!engine->open || !slots || !drain_is_needed(engine))
		return shadow_flush(engine);
	platform_trace(PLATFORM_TRACE_FLUSH_START, number, (uintptr_t)engine);
	platform_trace(PLATFORM_TRACE_DRAIN, engine->config.cpu_count, (uintptr_t)engine);
	count = drain_some(engine, slots, &number);
	engine_retire(engine);
	engine_forget_revoked(engine);
	engine->stats.flushes++;
	apply_all(engine, count);
	*more = is_left(engine);
	if (!*more) {
		platform_trace(PLATFORM_TRACE_DRAIN, engine->config.cpu_count, (uintptr_t)engine);
		count = drain_all(engine, &number);
		engine->promise_holds = engine->counted = false;
		if (count) {
			engine->target->ops->rewind(engine->target);
			apply_all(engine, count);
		}
	}
	publish(engine, number, false);
	return (shadow_ticket_t){ number };
}

/* Tables were set aside for what is queued or reserved as they are now: no collapse may take them away. */
static bool is_idle(const struct shadow_engine *engine)
{
	bool idle = true;

	for (unsigned cpu = 0; cpu < engine->config.cpu_count; cpu++)
		idle &= !queue_count(&engine->queue[cpu]) && engine->queue[cpu].promised <= engine->queue[cpu].taken;
	return idle;
}

bool shadow_compact(struct shadow_engine *engine, unsigned blocks, shadow_ticket_t *ticket)
{
	uint64_t fence = 0;
	bool more = false;

	shadow_assert(platform_host_lock_held());
	engine_retire(engine);
	if (engine->open && blocks && is_idle(engine)) {
		more = engine->target->ops->compact(engine->target, blocks, &fence);
		engine->promise_holds = false;
		/* A flight of its own, so that its tables come back even if no flush follows. */
		if (fence != load_relaxed_u64(&engine->fence))
			engine_flight_add(engine, load_relaxed_u64(&engine->flushed_number), fence);
	}
	if (ticket)
		*ticket = (shadow_ticket_t){ fence | ENGINE_TICKET_FENCE };
	return more;
}
