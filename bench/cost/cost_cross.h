/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * cost_cross.h - where one strategy becomes cheaper than another.
 */
#ifndef BENCH_COST_CROSS_H
#define BENCH_COST_CROSS_H

#include "bench/cost/cost_sweep.h"

/**
 * cost_cross_find() - the smallest number from which on something holds.
 * @most: largest number that is asked about.
 * @holds: asked for numbers, any order; *@yes. Return: 0 or a negative SHADOW_E*.
 * @at: 0: it does not hold for @most or any number tried below.
 *
 * Powers of two come first, and then what lies below the first one for which it holds: if it comes and goes in between, one
 * of the places where it comes is found. Return: 0, or what @holds returned.
 */
int cost_cross_find(uint64_t most, int (*holds)(void *ctx, uint64_t number, bool *yes), void *ctx, uint64_t *at)
	__attribute__((warn_unused_result));

/* Runs in one flush from which on the whole VMID costs at most what a list does; modelled. */
struct cost_crossing {
	struct cost_point point;       /* length, gap and nesting of the runs */
	enum cost_strategy strategy;   /* the list's; planned: from where on the planner itself prefers the whole VMID */
	uint64_t runs;		       /* 0: not up to most */
	uint64_t most;
};

/* @point: its runs and batch do not count. */
int cost_cross(struct cost_bench *bench, const struct cost_common *common, const struct cost_point *point,
	       enum cost_strategy strategy, const struct shadow_tlbi_cost *planner, struct cost_crossing *crossing)
	__attribute__((warn_unused_result));

#endif
