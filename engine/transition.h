/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * transition.h - which change of a page's host state grants access, revokes it, or changes nothing.
 *
 * Decided by access and page by page, so that a range whose old states are mixed is right. Pages are of the host's
 * granule. Pure.
 */
#ifndef ENGINE_TRANSITION_H
#define ENGINE_TRANSITION_H

#include <shadow/shadow.h>

enum transition_effect { TRANSITION_NOTHING, TRANSITION_GRANT, TRANSITION_REVOKE };

/* From NOPAGE to anything grants, from anything to NOPAGE revokes, all else is ignored. */
static inline enum transition_effect transition_effect(enum shadow_state old_state, enum shadow_state new_state)
{
	if ((old_state == SHADOW_STATE_NOPAGE) == (new_state == SHADOW_STATE_NOPAGE))
		return TRANSITION_NOTHING;
	return new_state == SHADOW_STATE_NOPAGE ? TRANSITION_REVOKE : TRANSITION_GRANT;
}

/* A piece of a transition: adjoining pages with one effect. */
struct transition_piece {
	uint64_t start, end;	       /* pages, END exclusive */
	enum transition_effect effect;
	enum shadow_access access;     /* afterwards; NONE if and only if it revokes */
};

/* What a grant of these access bits gives; an unknown bit gives nothing. */
static inline enum shadow_access transition_access(unsigned bits)
{
	return bits ? (enum shadow_access)(bits & SHADOW_ACCESS_RW) : SHADOW_ACCESS_RW;
}

/* All of a transition whose pages have one old state. Return: false if it changes no access. */
static inline bool transition_uniform(const struct shadow_transition *transition, unsigned granule_lg2,
				      struct transition_piece *piece)
{
	piece->start = transition->start.addr >> granule_lg2;
	piece->end = piece->start + transition->page_count;
	piece->effect = transition_effect(transition->old_state, transition->new_state);
	piece->access = SHADOW_ACCESS_NONE;
	if (piece->effect == TRANSITION_GRANT)
		piece->access = transition_access(transition->access);
	return piece->effect != TRANSITION_NOTHING;
}

/* The next piece of a transition with old_states, from page offset *@offset on; advances *@offset.
 * Return: false when no page from there on changes access. */
bool transition_mixed(const struct shadow_transition *transition, unsigned granule_lg2, uint64_t *offset,
		      struct transition_piece *piece);

/* The next piece that changes access, of any transition; see transition_mixed(). */
static inline bool transition_next(const struct shadow_transition *transition, unsigned granule_lg2,
				   uint64_t *offset, struct transition_piece *piece)
{
	if (__builtin_expect(transition->old_states != NULL, 0))
		return transition_mixed(transition, granule_lg2, offset, piece);
	if (*offset)
		return false;
	*offset = transition->page_count;
	return transition_uniform(transition, granule_lg2, piece);
}

#endif
