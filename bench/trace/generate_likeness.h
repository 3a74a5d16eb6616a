/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * generate_likeness.h - what a trace is made of, taken apart and put together again in another order.
 *
 * Each CPU's transitions are cut into runs. Their order is drawn anew so that each kind of run follows each
 * other kind as often as before, in windows, so that phases stay where they were; the same for whose turn it
 * is. Times come with the turns. Which pages a run takes is not kept if they were touched before: only how
 * long ago.
 */
#ifndef BENCH_GENERATE_LIKENESS_H
#define BENCH_GENERATE_LIKENESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/trace/trace.h"

/* Adjacent transitions of a CPU of one cause, change and size, in one direction. */
struct likeness_run {
	uint32_t cause;
	uint8_t old_state, new_state, flags;
	bool down;
	bool last_ends; /* its last transition ends a trip */
	bool fresh;	/* its first page was never touched before */
	uint8_t why;	/* of the trip that it ends last */
	uint32_t id;
	uint32_t pages; /* of each transition */
	uint32_t count;
	uint32_t ends;	   /* so many of them end a trip */
	uint32_t distance; /* not fresh: transitions since its first page's last */
	uint64_t page;	   /* its first */
};

/* Whose turn a transition is, and when. */
struct likeness_turn {
	uint8_t cpu;
	uint64_t after_ns; /* since the one before it, whosever that was */
};

struct likeness {
	struct likeness_run *run; /* CPU by CPU */
	size_t runs;
	size_t first[TRACE_CPUS_MAX + 1]; /* index of each CPU's first, and of one more */
	struct likeness_turn *turn;
	size_t turns;
	uint32_t *trip_ns; /* of the trips with transitions, in the file's order */
	uint32_t *trip_id; /* beside it */
	size_t trips;
};

/* Take @trace apart. Return: 0; -1 if memory is short. Release with likeness_free(). */
int likeness_init(struct likeness *likeness, const struct trace *trace) __attribute__((warn_unused_result));
void likeness_free(struct likeness *likeness);

/* Draw the order anew. Return: 0; -1 if memory is short. */
int likeness_shuffle(struct likeness *likeness, uint64_t *random) __attribute__((warn_unused_result));

/**
 * likeness_rearrange() - another sequence with the same first and last element and the same neighbours.
 * @kind:   of each element, below @count.
 * @order:  filled with where each place's element comes from.
 *
 * Each kind follows each kind as often as before. Return: 0; -1 if memory is short.
 */
int likeness_rearrange(const uint32_t *kind, size_t count, uint32_t *order, uint64_t *random)
	__attribute__((warn_unused_result));

#endif
