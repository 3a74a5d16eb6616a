/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * sim_past.c - a ring of replaced values, and what each CPU has seen.
 *
 * What is forgotten makes loads later, never earlier: a replaced value that left the ring cannot be found, and a word
 * that leaves a CPU's table raises its floor.
 */
#include "engine/platform/sim_past.h"

void sim_past_replaced(struct sim_past *past, const void *where, uint64_t value)
{
	uint64_t place = past->now % SIM_PAST;

	past->was[place].where = where;
	past->was[place].value = value;
	past->was[place].until = ++past->now;
}

static unsigned place_of(const void *where)
{
	return (unsigned)(((uintptr_t)where >> 2) * UINT64_C(0x9e3779b97f4a7c15) >> 58) % SIM_SEEN;
}

void sim_seen_word(struct sim_seen *seen, const void *where, uint64_t time)
{
	unsigned place = place_of(where);

	if (seen->word[place].where != where && seen->word[place].time > seen->floor)
		seen->floor = seen->word[place].time;
	seen->word[place].where = where;
	seen->word[place].time = time;
}

bool sim_past_find(const struct sim_past *past, const struct sim_seen *seen, const void *where, uint64_t *value,
		   uint64_t *time)
{
	unsigned place = place_of(where);
	uint64_t least = seen->floor, back;

	if (seen->word[place].where == where && seen->word[place].time > least)
		least = seen->word[place].time;
	for (back = 0; back < SIM_PAST && back < past->now && past->now - back > least; back++) {
		uint64_t at = (past->now - back - 1) % SIM_PAST;

		if (past->was[at].where != where)
			continue;
		*value = past->was[at].value;
		*time = past->was[at].until - 1;
		return true;
	}
	return false;
}
