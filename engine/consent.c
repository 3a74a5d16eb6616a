/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * consent.c - revoke-ahead: the host gives up DMA to pages that it is about to donate, many at a time.
 *
 * Owns: a page whose bit is set has no grant behind its last revoke, so devices cannot reach it once the ticket of that
 * revoke is complete. The bit goes with every grant. What the host asks for costs him as much as any transition, and
 * takes nothing but his own DMA. Host lock.
 */
#include <limits.h>
#include <shadow/platform.h>

#include "engine/engine.h"

/* Take in what is left of the transition. Return: pages, at most INT_MAX. */
static int queue_pieces(struct shadow_engine *engine, unsigned cpu, uint64_t number, struct pieces pieces)
{
	struct transition_piece piece;
	uint64_t pages = 0;

	while (pieces_next(&pieces, &piece)) {
		engine_queue_piece(engine, cpu, number, pieces.transition, &piece);
		bits_fill(&engine->consent, piece.start, piece.end, piece.effect == TRANSITION_REVOKE);
		pages += piece.end - piece.start;
	}
	return pages < INT_MAX ? (int)pages : INT_MAX;
}

static int change(struct shadow_engine *engine, unsigned cpu, uint64_t number,
		  const struct shadow_transition *transition, bool withdraw, uint64_t wait_ns)
{
	struct pieces pieces = engine_pieces(engine, transition);
	uint64_t first = transition->start.addr >> engine->granule_lg2;
	int error;

	shadow_assert(platform_host_lock_held());
	if (!engine->open)
		return 0;
	if (transition->page_count > engine->page_top ||
	    !bits_hold(&engine->consent, first, first + transition->page_count))
		return -SHADOW_EINVAL;
	pieces.withdraw = withdraw;
	error = engine_reserve(engine, cpu, &pieces, wait_ns);
	return error ? error : queue_pieces(engine, cpu, number, pieces);
}

int shadow_consent(struct shadow_engine *engine, unsigned cpu, uint64_t number, shadow_ipa_t start,
		   uint64_t page_count, const uint8_t *states, uint64_t wait_ns)
{
	const struct shadow_transition donation = { .start = start,
						    .page_count = page_count,
						    .new_state = SHADOW_STATE_NOPAGE,
						    .old_state = SHADOW_STATE_OWNED,
						    .old_states = states };
	int pages = change(engine, cpu, number, &donation, false, wait_ns);

	if (pages > 0) {
		engine->consent_number = number;
		engine->stats.pages_ahead += (unsigned)pages;
	}
	return pages;
}

int shadow_withdraw(struct shadow_engine *engine, unsigned cpu, uint64_t number, shadow_ipa_t start,
		    uint64_t page_count, const uint8_t *states, uint64_t wait_ns)
{
	const struct shadow_transition back = { .start = start,
						.page_count = page_count,
						.new_state = SHADOW_STATE_OWNED,
						.old_state = SHADOW_STATE_NOPAGE,
						.old_states = states };
	int pages = change(engine, cpu, number, &back, true, wait_ns);

	if (pages > 0)
		engine->stats.pages_withdrawn += (unsigned)pages;
	return pages;
}

shadow_ticket_t shadow_consent_ticket(struct shadow_engine *engine)
{
	shadow_assert(platform_host_lock_held());
	return engine_give_ticket(engine, engine->consent_number);
}
