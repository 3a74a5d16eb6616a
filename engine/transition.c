/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * transition.c - cut a transition whose pages have different old states into pieces of one effect.
 *
 * The slow path of the first stage of queueing. Called from shadow_queue() on any CPU; pure.
 */
#include "engine/transition.h"

static enum transition_effect effect_at(const struct shadow_transition *transition, uint64_t offset)
{
	return transition_effect((enum shadow_state)transition->old_states[offset], transition->new_state);
}

bool transition_mixed(const struct shadow_transition *transition, unsigned granule_lg2, uint64_t *offset,
		      struct transition_piece *piece)
{
	uint64_t page = transition->start.addr >> granule_lg2;
	uint64_t at = *offset, end;

	while (at < transition->page_count && effect_at(transition, at) == TRANSITION_NOTHING)
		at++;
	*offset = at;
	if (at == transition->page_count)
		return false;
	piece->effect = effect_at(transition, at);
	piece->access = SHADOW_ACCESS_NONE;
	if (piece->effect == TRANSITION_GRANT)
		piece->access = transition_access(transition->access);
	for (end = at + 1; end < transition->page_count; end++)
		if (effect_at(transition, end) != piece->effect)
			break;
	piece->start = page + at;
	piece->end = page + end;
	*offset = end;
	return true;
}
