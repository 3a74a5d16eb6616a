/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * reserve.c - the host's check phase: slots and tables set aside, and revokes that a grant would undo.
 *
 * Owns: what shadow_reserve() granted can be queued and flushed without running out; a grant is not queued
 * behind a revoke of the same page. The latter is looked up in a bit map of page groups, filled as slots
 * close, so that a grant need not read every queued slot. Host lock held.
 */
#include "engine/engine.h"

#include <shadow/platform.h>

#include "engine/cancel.h"

#define GROUP_LG2 4u		       /* pages that share a bit: 64 KiB of 4 KiB pages */
#define GROUPS (ENGINE_REVOKED_WORDS * 64u)

static bool overlaps(const struct queue_slot *slot, uint64_t start, uint64_t end)
{
	return slot->start < end && start < slot->end;
}

bool shadow_queued(const struct shadow_engine *engine, shadow_ipa_t start, uint64_t page_count)
{
	uint64_t first = start.addr >> engine->granule_lg2, end = first + page_count;

	for (unsigned cpu = 0; cpu < engine->config.cpu_count; cpu++) {
		const struct queue *queue = &engine->queue[cpu];
		uint32_t count = queue_count(queue);

		for (uint32_t i = 0; i < count; i++)
			if (overlaps(queue_peek(queue, i), first, end))
				return true;
	}
	return false;
}

/* ---- revokes that are still queued -------------------------------------------------------------- */

/* Groups of pages [@start, @end), each once: more than there are bits say no more than all bits. */
static uint64_t group_count(uint64_t start, uint64_t end)
{
	uint64_t count = ((end - 1) >> GROUP_LG2) - (start >> GROUP_LG2) + 1;

	return count < GROUPS ? count : GROUPS;
}

static void revoked_mark(struct shadow_engine *engine, const struct queue_slot *slot)
{
	uint64_t group = slot->start >> GROUP_LG2, end = group + group_count(slot->start, slot->end);

	for (; group < end; group++)
		engine->revoked[group / 64 % ENGINE_REVOKED_WORDS] |= UINT64_C(1) << group % 64;
	engine->revoked_any = true;
}

/* May a slot that is not open any more revoke one of these pages? */
static bool revoked_test(const struct shadow_engine *engine, uint64_t start, uint64_t end)
{
	uint64_t group = start >> GROUP_LG2, after = group + group_count(start, end);

	for (; group < after; group++)
		if (engine->revoked[group / 64 % ENGINE_REVOKED_WORDS] >> group % 64 & 1)
			return true;
	return false;
}

/* Enter what has closed since the last time. Return: does the slot that is still open revoke these pages? */
static bool revoked_update(struct shadow_engine *engine, struct queue *queue, uint64_t start, uint64_t end)
{
	uint32_t count = queue_count(queue);

	while (queue->indexed < count) {
		const struct queue_slot *slot = queue_peek(queue, queue->indexed);
		bool revokes = slot->access == SHADOW_ACCESS_NONE;

		if (slot == queue->newest)
			return revokes && overlaps(slot, start, end);
		if (revokes)
			revoked_mark(engine, slot);
		queue->indexed++;
	}
	return false;
}

/* Would this grant undo a revoke of the same batch? That is not allowed to happen unseen. */
static bool undoes_revoke(struct shadow_engine *engine, const struct transition_piece *piece)
{
	bool open = false;

	for (unsigned cpu = 0; cpu < engine->config.cpu_count; cpu++)
		if (queue_revokes(&engine->queue[cpu]))
			open |= revoked_update(engine, &engine->queue[cpu], piece->start, piece->end);
	if (open || !engine->revoked_any || !revoked_test(engine, piece->start, piece->end))
		return open;
	return shadow_queued(engine, (shadow_ipa_t){ piece->start << engine->granule_lg2 },
			     piece->end - piece->start);
}

void engine_forget_revoked(struct shadow_engine *engine)
{
	for (unsigned cpu = 0; cpu < engine->config.cpu_count; cpu++)
		if (engine->queue[cpu].indexed)
			engine->queue[cpu].indexed = 0;
	for (unsigned i = 0; engine->revoked_any && i < ENGINE_REVOKED_WORDS; i++)
		engine->revoked[i] = 0;
	engine->revoked_any = false;
}

/* ---- slots and tables ----------------------------------------------------------------------------- */

static inline bool in_promised_zone(const struct shadow_engine *engine, const struct transition_piece *piece)
{
	return piece->start >= engine->promised.start && piece->start < piece->end &&
	       piece->end <= engine->promised.end;
}

/* Of a zone whose tables were promised: once more since the last flush. Return: 0, or as the target's reserve(). */
__attribute__((__noinline__)) static int reserve_again(struct shadow_engine *engine, const struct transition_piece *piece)
{
	const struct run run = { piece->start, piece->end, piece->access, engine->promised.memory };
	int granted = engine->target->ops->reserve(engine->target, &run);

	engine->promise_holds |= granted == 1; /* until the next flush */
	engine->counted |= granted == 0;
	return granted < 0 ? granted : 0;
}

/* Ask the target for tables for every run of the piece. */
static int reserve_piece(struct shadow_engine *engine, const struct transition_piece *piece)
{
	struct plan_cursor cursor;
	struct run run;
	int granted;

	if (in_promised_zone(engine, piece)) {
		/* Tables are promised, but what an outstanding flush unlinked may hide a grant. */
		if (engine->promise_holds && !(piece->access && engine_is_flying(engine)))
			return 0;
		return reserve_again(engine, piece);
	}
	plan_cut(&cursor, &engine->zones, piece->start, piece->end, piece->access);
	while (plan_next(&cursor, &run)) {
		granted = engine->target->ops->reserve(engine->target, &run);
		if (granted < 0)
			return granted;
		if (granted == 1) {
			engine->promised = plan_zone_of(&engine->zones, &run);
			engine->promise_holds = true;
		} else {
			engine->counted = true;
		}
	}
	return 0;
}

static int reserve_all(struct shadow_engine *engine, unsigned cpu, struct pieces all)
{
	struct transition_piece piece;
	uint32_t pieces = 0;
	int error;

	for (; pieces_next(&all, &piece); pieces++) {
		bool back = piece.effect == TRANSITION_GRANT && undoes_revoke(engine, &piece);

		if (back && !cancel_is_allowed(engine, cpu, &piece))
			return -SHADOW_EAGAIN;
		/* Nothing is written for what is taken back, so no device can miss it. */
		error = reserve_piece(engine, &piece);
		if (error && !(back && error == -SHADOW_EAGAIN))
			return error;
	}
	return queue_reserve(&engine->queue[cpu], pieces) ? 0 : -SHADOW_EAGAIN;
}

/* Was something reserved that is not queued yet? Its tables are safe from a flush only if all are promised. */
static bool outstanding(const struct shadow_engine *engine)
{
	bool any = false;

	for (unsigned cpu = 0; cpu < engine->config.cpu_count; cpu++)
		any |= engine->queue[cpu].promised != engine->queue[cpu].taken;
	return any && (engine->counted || !engine->promise_holds);
}

/* Pages of the host's address space, one or more, and a CPU and a limit that there are. */
static inline bool is_valid(const struct shadow_engine *engine, unsigned cpu, const struct shadow_transition *transition,
			    uint64_t wait_ns)
{
	uint64_t page = transition->start.addr >> engine->granule_lg2;

	return wait_ns && wait_ns <= SHADOW_WAIT_NS_MAX && cpu < engine->config.cpu_count &&
	       page << engine->granule_lg2 == transition->start.addr && transition->page_count &&
	       page < engine->page_top && transition->page_count <= engine->page_top - page;
}

__attribute__((__noinline__)) int engine_reserve(struct shadow_engine *engine, unsigned cpu, const struct pieces *pieces,
					     uint64_t wait_ns)
{
	const struct shadow_transition *transition = pieces->transition;
	uint64_t page = transition->start.addr >> engine->granule_lg2;
	int error;

	if (!engine->open)
		return 0;
	if (!is_valid(engine, cpu, transition, wait_ns))
		return -SHADOW_EINVAL;
	if (bits_any(&engine->pending, page, page + transition->page_count))
		return -SHADOW_EAGAIN;
	/* Something was queued that had not been reserved: it holds nothing back from others. */
	if (engine->queue[cpu].promised < engine->queue[cpu].taken)
		queue_unreserve(&engine->queue[cpu]);
	error = reserve_all(engine, cpu, *pieces);
	if (error != -SHADOW_EAGAIN && error != -SHADOW_ENOMEM)
		return error;
	if (outstanding(engine))
		return -SHADOW_EAGAIN;
	engine->stats.flushes_forced++;
	engine_flush(engine, true);
	error = engine_wait_all(engine, wait_ns);
	if (!error)
		error = reserve_all(engine, cpu, *pieces);
	return error == -SHADOW_EAGAIN ? -SHADOW_ENOMEM : error;
}

/* A revoke, or a grant, of pages that have one old state, in a zone that was promised, of which no bit says anything. */
static inline bool is_plain(const struct shadow_engine *engine, unsigned cpu, const struct shadow_transition *transition,
			    enum transition_effect effect, struct transition_piece *piece)
{
	return !transition->old_states && transition_uniform(transition, engine->granule_lg2, piece) &&
	       piece->effect == effect && in_promised_zone(engine, piece) &&
	       !engine->consent.set && !(engine->pending.set && bits_any(&engine->pending, piece->start, piece->end)) &&
	       piece->start << engine->granule_lg2 == transition->start.addr && cpu < engine->config.cpu_count;
}

/* Is what was promised set aside? After a flush of which the target says so it still is. */
static inline bool promise_holds(struct shadow_engine *engine)
{
	if (!engine->promise_holds) {
		engine->promise_holds = engine->target->keeps;
		engine->target->keeps = false;
	}
	return engine->promise_holds;
}

/* A grant where tables are promised: is nothing queued that it could undo, and no flush outstanding that could hide it? */
static inline bool is_plain_grant(const struct shadow_engine *engine)
{
	if (engine_is_flying(engine))
		return false;
	for (unsigned cpu = 0; cpu < engine->config.cpu_count; cpu++)
		if (queue_revokes(&engine->queue[cpu]))
			return false;
	return true;
}

/* Takes what shadow_reserve() takes, in that order: where the fast path fails, a jump is enough. */
__attribute__((__noinline__)) static int reserve_slow(struct shadow_engine *engine, unsigned cpu,
						  const struct shadow_transition *transition, uint64_t wait_ns)
{
	struct transition_piece piece;
	struct pieces pieces;

	/* Pages that the host lends or gets back: it keeps its access. Nothing is queued for them. */
	if (!transition->old_states && !engine->pending.set &&
	    transition_effect(transition->old_state, transition->new_state) == TRANSITION_NOTHING &&
	    is_valid(engine, cpu, transition, wait_ns))
		return 0;
	/* The first revoke after a flush. */
	if (!engine->promise_holds && is_plain(engine, cpu, transition, TRANSITION_REVOKE, &piece) &&
	    !reserve_again(engine, &piece) && queue_reserve(&engine->queue[cpu], 1))
		return 0;
	pieces = engine_pieces(engine, transition);
	return engine_reserve(engine, cpu, &pieces, wait_ns);
}

__attribute__((__noinline__)) static int reserve_grant(struct shadow_engine *engine, unsigned cpu,
						   const struct shadow_transition *transition, uint64_t wait_ns)
{
	struct transition_piece piece;

	if (is_plain(engine, cpu, transition, TRANSITION_GRANT, &piece) && promise_holds(engine) &&
	    is_plain_grant(engine) && queue_reserve(&engine->queue[cpu], 1))
		return 0;
	return reserve_slow(engine, cpu, transition, wait_ns);
}

/* Most transitions: a revoke in a zone whose tables are promised, on a queue with room. */
int shadow_reserve(struct shadow_engine *engine, unsigned cpu, const struct shadow_transition *transition,
		   uint64_t wait_ns)
{
	struct transition_piece piece;

	shadow_assert(platform_host_lock_held());
	if (transition->new_state != SHADOW_STATE_NOPAGE)
		return reserve_grant(engine, cpu, transition, wait_ns);
	if (is_plain(engine, cpu, transition, TRANSITION_REVOKE, &piece) && promise_holds(engine) &&
	    queue_reserve(&engine->queue[cpu], 1))
		return 0;
	return reserve_slow(engine, cpu, transition, wait_ns);
}
