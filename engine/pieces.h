/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * pieces.h - a transition as the engine takes it: its pieces, but for what the host has consented to before.
 *
 * Pages that gave up DMA ahead of their donation are not revoked again. A withdrawal is the other way round: only
 * they are granted, if the host still has them. Host lock.
 */
#ifndef ENGINE_PIECES_H
#define ENGINE_PIECES_H

#include "engine/bits.h"
#include "engine/transition.h"

struct pieces {
	const struct shadow_transition *transition; /* of a withdrawal: old_states are the host's, or NULL */
	const struct bits *consent;
	unsigned granule_lg2;
	bool withdraw;
	uint64_t offset;	       /* pages looked at */
	struct transition_piece rest;  /* of a piece that consent cuts: not looked at yet */
	uint64_t inherited;	       /* pages left out so far since they gave consent */
};

/* The next piece that changes access. Return: false when there is none. */
bool pieces_next(struct pieces *pieces, struct transition_piece *piece);

#endif
