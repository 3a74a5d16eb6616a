/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * sim_past.h - values that shared words had before: a load may have taken place earlier than its place in the program.
 *
 * Internal to sim*.c. Time is a count of stores that drained. A CPU's loads take place after its floor, which acquires
 * and barriers raise, and never before an earlier load of the same word.
 */
#ifndef ENGINE_PLATFORM_SIM_PAST_H
#define ENGINE_PLATFORM_SIM_PAST_H

#include <stdbool.h>
#include <stdint.h>

#define SIM_PAST 64u
#define SIM_SEEN 64u

struct sim_past {
	struct {
		const void *where;
		uint64_t value;
		uint64_t until;	       /* it was replaced then */
	} was[SIM_PAST];
	uint64_t now;
};

/* What one CPU may no longer miss. */
struct sim_seen {
	uint64_t floor;
	struct {
		const void *where;
		uint64_t time;
	} word[SIM_SEEN];
};

/* @where is about to be something else than @value. */
void sim_past_replaced(struct sim_past *past, const void *where, uint64_t value);

/* The CPU knows of all that drained so far. */
static inline void sim_seen_all(struct sim_seen *seen, const struct sim_past *past)
{
	seen->floor = past->now;
}

/* It knows of @where as of now, or of @time. */
void sim_seen_word(struct sim_seen *seen, const void *where, uint64_t time);

/* The newest value before the present one that a load may still find, if any. */
bool sim_past_find(const struct sim_past *past, const struct sim_seen *seen, const void *where, uint64_t *value,
		   uint64_t *time);

#endif
