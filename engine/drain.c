/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * drain.c - take slots out of the queues: all of them, or a first part of the order.
 *
 * Slots of all queues have disjoint intervals of numbers, so that their order is that of their first ones. A revoke
 * that its own trip took back is left out here, with the grant that did it. Host lock.
 */
#include "engine/drain.h"

bool drain_is_needed(const struct shadow_engine *engine)
{
	for (unsigned cpu = 0; cpu < engine->config.cpu_count; cpu++)
		if (queue_count(&engine->queue[cpu]))
			return true;
	return false;
}

/* Of what was taken so far, what is before @slot in the order does not revoke its pages after all. The slot that says so is not taken itself,
 * and each page is revoked once, so that there is room for the one item that this may add. Return: items. */
static uint32_t take_back(struct shadow_engine *engine, uint32_t made, const struct queue_slot *slot)
{
	uint64_t start = slot->start, end = slot->end, before = coalesce_stamp(slot->first, SHADOW_ACCESS_NONE);
	struct coalesce_item *item = engine->item, above = { 0 };
	uint32_t kept = 0;

	for (uint32_t i = 0; i < made; i++) {
		struct coalesce_item old = item[i];

		if (coalesce_is_grant(&old) || old.stamp >= before || old.start >= end || old.end <= start) {
			item[kept++] = old;
			continue;
		}
		engine->stats.pages_cancelled += (old.end < end ? old.end : end) - (old.start > start ? old.start : start);
		if (old.end > end)
			above = (struct coalesce_item){ end, old.end, old.stamp };
		if (old.start < start)
			item[kept++] = (struct coalesce_item){ old.start, start, old.stamp };
	}
	if (above.end)
		item[kept++] = above;
	return kept;
}

/* Take one slot; numbers up to *@last were seen. Pieces of one transition have one number. Return: items. */
static inline uint32_t take(struct shadow_engine *engine, uint32_t made, const struct queue_slot *slot, uint64_t *last)
{
	engine->stats.transitions_access += slot->last - (slot->first > *last ? slot->first - 1 : *last);
	*last = slot->last;
	if (__builtin_expect(slot->takes_back, 0))
		return take_back(engine, made, slot);
	engine->item[made] = (struct coalesce_item){ slot->start, slot->end, coalesce_stamp(slot->first, slot->access) };
	return made + 1;
}

uint32_t drain_all(struct shadow_engine *engine, uint64_t *number)
{
	uint32_t made = 0;

	for (unsigned cpu = 0; cpu < engine->config.cpu_count; cpu++) {
		struct queue *queue = &engine->queue[cpu];
		uint32_t count = queue_count(queue);
		uint64_t last = 0;

		for (uint32_t i = 0; i < count; i++)
			made = take(engine, made, queue_peek(queue, i), &last);
		if (last > *number)
			*number = last;
		if (!count)
			continue;
		queue_drop(queue, count);
		engine->target->cpu = cpu;
	}
	return made;
}

/* The queue whose oldest slot is the oldest of all; NULL if nothing is queued. */
static struct queue *oldest(struct shadow_engine *engine)
{
	struct queue *found = NULL;

	for (unsigned cpu = 0; cpu < engine->config.cpu_count; cpu++) {
		struct queue *queue = &engine->queue[cpu];

		if (queue_count(queue) && (!found || queue_peek(queue, 0)->first < queue_peek(found, 0)->first))
			found = queue;
	}
	return found;
}

static uint64_t newest_grant(const struct shadow_engine *engine)
{
	uint64_t number = 0;

	for (unsigned cpu = 0; cpu < engine->config.cpu_count; cpu++) {
		const struct queue *queue = &engine->queue[cpu];
		uint32_t count = queue_count(queue);

		for (uint32_t i = 0; i < count; i++)
			if (queue_peek(queue, i)->access && queue_peek(queue, i)->first > number)
				number = queue_peek(queue, i)->first;
	}
	return number;
}

uint32_t drain_some(struct shadow_engine *engine, uint32_t slots, uint64_t *number)
{
	uint64_t grants = newest_grant(engine), last = 0;
	uint32_t taken = 0, made = 0;
	struct queue *queue;

	while ((queue = oldest(engine)) && (taken++ < slots || queue_peek(queue, 0)->first <= grants ||
					    queue_peek(queue, 0)->first <= last)) {
		made = take(engine, made, queue_peek(queue, 0), &last);
		queue_drop(queue, 1);
		engine->target->cpu = (unsigned)(queue - engine->queue);
	}
	if (last > *number)
		*number = last;
	return made;
}
