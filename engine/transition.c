/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * transition.c - cut a transition into pieces of one effect.
 *
 * The first stage of queueing. Called from shadow_queue() on any CPU; pure.
 */
#include "engine/transition.h"

static enum transition_effect effect_at(const struct shadow_transition *transition, uint64_t offset)
{
	enum shadow_state old_state = transition->old_state;

	if (transition->old_states)
		old_state = (enum shadow_state)transition->old_states[offset];
	return transition_effect(old_state, transition->new_state);
}

enum shadow_access transition_access(unsigned bits)
{
	return bits ? (enum shadow_access)(bits & SHADOW_ACCESS_RW) : SHADOW_ACCESS_RW;
}

bool transition_next(const struct shadow_transition *transition, uint64_t *offset, struct transition_piece *piece)
{
	uint64_t page = transition->start.addr >> SHADOW_PAGE_LG2;
	uint64_t at = *offset, end;

	if (!transition->old_states) {
		piece->effect = effect_at(transition, 0);
		if (at || piece->effect == TRANSITION_NOTHING)
			return false;
		end = transition->page_count;
	} else {
		while (at < transition->page_count && effect_at(transition, at) == TRANSITION_NOTHING)
			at++;
		if (at == transition->page_count) {
			*offset = at;
			return false;
		}
		piece->effect = effect_at(transition, at);
		end = at + 1;
		while (end < transition->page_count && effect_at(transition, end) == piece->effect)
			end++;
	}
	piece->access = piece->effect == TRANSITION_GRANT ? transition_access(transition->access) : SHADOW_ACCESS_NONE;
	piece->start = page + at;
	piece->end = page + end;
	*offset = end;
	return true;
}
