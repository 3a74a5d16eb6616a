/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * pieces.c - cut a transition along the pages that gave consent.
 */
#include "engine/pieces.h"

/* What is left of a revoke, without pages that devices cannot reach already. */
static bool next_revoke(struct pieces *pieces, struct transition_piece *piece)
{
	while (pieces->rest.start < pieces->rest.end) {
		uint64_t start = pieces->rest.start;
		bool given;

		pieces->rest.start = bits_run(pieces->consent, start, pieces->rest.end, &given);
		if (!given) {
			*piece = pieces->rest;
			piece->start = start;
			piece->end = pieces->rest.start;
			return true;
		}
		pieces->inherited += pieces->rest.start - start;
	}
	return false;
}

static bool next_of_transition(struct pieces *pieces, struct transition_piece *piece)
{
	while (!next_revoke(pieces, piece)) {
		if (!transition_next(pieces->transition, pieces->granule_lg2, &pieces->offset, piece))
			return false;
		if (piece->effect == TRANSITION_GRANT)
			return true;
		pieces->rest = *piece;
	}
	return true;
}

/* Did the page give consent, and does the host still have it? */
static bool gives_back(const struct pieces *pieces, uint64_t offset)
{
	const struct shadow_transition *transition = pieces->transition;
	uint64_t page = (transition->start.addr >> pieces->granule_lg2) + offset;

	return bits_any(pieces->consent, page, page + 1) &&
	       (!transition->old_states || transition->old_states[offset] != SHADOW_STATE_NOPAGE);
}

static bool next_of_withdrawal(struct pieces *pieces, struct transition_piece *piece)
{
	uint64_t base = pieces->transition->start.addr >> pieces->granule_lg2, at = pieces->offset,
		 count = pieces->transition->page_count;

	while (at < count && !gives_back(pieces, at))
		at++;
	*piece = (struct transition_piece){ base + at, base + at, TRANSITION_GRANT, SHADOW_ACCESS_RW };
	while (at < count && gives_back(pieces, at))
		at++;
	piece->end = base + at;
	pieces->offset = at;
	return piece->start < piece->end;
}

bool pieces_next(struct pieces *pieces, struct transition_piece *piece)
{
	return pieces->withdraw ? next_of_withdrawal(pieces, piece) : next_of_transition(pieces, piece);
}
