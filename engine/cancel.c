/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * cancel.c - when a grant and the revoke before it may both be left out.
 *
 * Owns: only if nobody was handed the page in between. The revoke is still queued; the trip that made it, on the same
 * CPU, has not ended; no ticket that covers it was given out; every page of the grant was revoked by that trip, once;
 * and the descriptors, which the revoke has not touched yet, already say exactly what the grant asks for.
 */
#include "engine/cancel.h"

static uint64_t overlap(const struct queue_slot *slot, uint64_t start, uint64_t end)
{
	uint64_t from = slot->start > start ? slot->start : start, to = slot->end < end ? slot->end : end;

	return to > from ? to - from : 0;
}

static bool tables_agree(const struct shadow_engine *engine, const struct transition_piece *grant)
{
	struct plan_zones zones = engine->zones;
	struct plan_cursor cursor;
	struct run run;

	plan_cut(&cursor, &zones, grant->start, grant->end, grant->access);
	while (plan_next(&cursor, &run))
		if (!engine->target->ops->agrees(engine->target, &run))
			return false;
	return true;
}

bool cancel_is_allowed(const struct shadow_engine *engine, unsigned cpu, const struct transition_piece *grant)
{
	uint64_t revoked = 0;

	for (unsigned at = 0; at < engine->config.cpu_count; at++) {
		const struct queue *queue = &engine->queue[at];
		uint32_t count = queue_count(queue);

		for (uint32_t i = 0; i < count; i++) {
			const struct queue_slot *slot = queue_peek(queue, i);
			uint64_t pages = overlap(slot, grant->start, grant->end);

			if (pages && (at != cpu || slot->access || !queue_is_of_trip(queue, i) ||
				      slot->first <= engine->ticket_given))
				return false;
			revoked += pages;
		}
	}
	return revoked == grant->end - grant->start && tables_agree(engine, grant);
}
