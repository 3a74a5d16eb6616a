/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * simulate_run.h - one seed, from boot to verdict. What the simulator's object shows to others.
 */
#ifndef BENCH_SIMULATE_RUN_H
#define BENCH_SIMULATE_RUN_H

#include "bench/simulate/simulate_world.h"

#define SIMULATE_TRANSITIONS 2000u
#define SIMULATE_ACCESSES    10000u

/* What options fix; the rest of a machine's shape is drawn from the seed. */
struct trace;

/* @transitions of a trace at most. */
struct simulate_options {
	int cpus, smmus, bbml, nested, non_coherent; /* -1: drawn */
	uint64_t transitions, accesses;	       /* at least */
	bool no_faults, no_moves, no_pending;
	const struct trace *trace;     /* whose trips to make, or NULL; then the least is the most as well */
	FILE *log;		       /* each event, or NULL */
};

void simulate_options_default(struct simulate_options *options);

/** simulate_seed() - run it. Return: 0; 1 if a rule was broken, see world->violation; -1 if memory is short.
 * simulate_close() in any case. */
int simulate_seed(struct simulate *world, const struct simulate_options *options, uint64_t seed);

/** simulate_main() - the subcommand. */
int simulate_main(int argc, char **argv);

#endif
