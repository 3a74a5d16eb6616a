/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * cost_options.h - the command line of `s2shadow profile`.
 */
#ifndef BENCH_COST_OPTIONS_H
#define BENCH_COST_OPTIONS_H

#include "bench/cost/cost_sweep.h"

#define COST_LIST_MAX 16u

struct cost_list {
	uint64_t value[COST_LIST_MAX];
	unsigned count;
};

struct cost_options {
	struct cost_common common;
	struct cost_list runs, length, gap, batch, smmus, nested;
	const char *device;
	const char *trace;	       /* instead of a sweep; NULL: none */
	const char *measured;	       /* likewise: figures of real hardware */
	const char *flush, *until;     /* of its replay */
	const char *swept, *varied;    /* options of sweeps alone, and of sweeps and traces, that were given; NULL: none */
	const char *csv, *json, *plot; /* files to write; NULL: none */
};

/* Return: -1 to go on, or the exit status. */
int cost_options_read(struct cost_options *options, int argc, char **argv);

/* Points: every combination; runs turn fastest. Of a trace, all but SMMUs and nesting is 0. */
size_t cost_options_points(const struct cost_options *options);
struct cost_point cost_options_point(const struct cost_options *options, size_t index);

#endif
