/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * overlap.c - the two halves of a change around the host's own: the devices' invalidation goes on beside the CPUs'.
 *
 * A revoke may be ahead of the host's own table, a grant never is. Host lock, over both halves.
 */
#include <shadow/shadow.h>

/* A transition to NOPAGE has nothing but revokes in it, any other has nothing but grants. */
static bool is_revoke(const struct shadow_transition *transition)
{
	return transition->new_state == SHADOW_STATE_NOPAGE;
}

static shadow_ticket_t queue_and_flush(struct shadow_engine *engine, unsigned cpu, uint64_t *number,
				       const struct shadow_transition *transition)
{
	*number += shadow_queue(engine, cpu, *number, transition);
	return shadow_flush(engine);
}

int shadow_prepare(struct shadow_engine *engine, unsigned cpu, uint64_t *number,
		   const struct shadow_transition *transition, uint64_t wait_ns, shadow_ticket_t *ticket)
{
	int error = shadow_reserve(engine, cpu, transition, wait_ns);

	*ticket = (shadow_ticket_t){ 0 };
	if (!error && is_revoke(transition))
		*ticket = queue_and_flush(engine, cpu, number, transition);
	return error;
}

int shadow_finish(struct shadow_engine *engine, unsigned cpu, uint64_t *number,
		  const struct shadow_transition *transition, uint64_t wait_ns, shadow_ticket_t ticket)
{
	if (is_revoke(transition))
		return shadow_wait(engine, ticket, wait_ns);
	queue_and_flush(engine, cpu, number, transition);
	return 0;
}
