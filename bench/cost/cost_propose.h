/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * cost_propose.h - the planner's parameters that go with a device and its DMA.
 *
 * The planner knows what it saves and spends in one unit; this says what each is worth, in time that is modelled: commands
 * and SYNCs as described, and what goes needlessly by what fetching it again costs the DMA. It has to be told what devices
 * use: here all of the memory around what is revoked, which is the most that a needless leaf can cost.
 */
#ifndef BENCH_COST_PROPOSE_H
#define BENCH_COST_PROPOSE_H

#include "bench/cost/cost_sweep.h"

/* What each is worth in modelled nanoseconds. */
struct cost_worth {
	double command;		       /* one more command; the unit */
	double sync;		       /* what a nested list has behind it, beside one more command */
	double entry, table;	       /* a leaf, and a pointer to a table, that goes needlessly */
	double vmid;		       /* everything, beside what a list of one page takes away */
};

/* Return: 0 or a negative SHADOW_E*. */
int cost_worth_find(struct cost_bench *bench, const struct cost_common *common, bool nested, struct cost_worth *worth)
	__attribute__((warn_unused_result));

/* In the planner's unit: a command is SHADOW_TLBI_COST_COMMAND, or less where something else would be too much to say. */
struct shadow_tlbi_cost cost_propose(const struct cost_worth *worth);

#endif
