/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * cost_summary.h - what follows from a sweep: where one strategy beats another, and parameters for the planner.
 */
#ifndef BENCH_COST_SUMMARY_H
#define BENCH_COST_SUMMARY_H

#include "bench/cost/cost_lines.h"
#include "bench/cost/cost_propose.h"

/* How far a planner is from the cheapest strategy of each point; modelled. */
struct cost_rating {
	double mean, worst;	       /* times as dear; mean: geometric */
	unsigned points;
};

/* For streams with or without a stage 1. */
struct cost_advice {
	bool given, nested;
	struct cost_worth worth;
	struct shadow_tlbi_cost now, proposed; /* now: what the sweep's planner was given */
	struct cost_rating rating_now, rating_proposed;
};

struct cost_summary {
	struct cost_crossing *crossing;
	size_t crossings;
	struct cost_crossing *cpu;     /* the same of the CPU's time, measured; on straight lines between the rows */
	size_t cpus;
	struct cost_advice advice[2];  /* by nested */
};

/* @row: of a sweep, points one after the other. @layout: all of them are of this; then there are no crossings. NULL: each
 * is of its own. Return: 0 or a negative SHADOW_E*, with nothing to free. */
int cost_summary_make(struct cost_summary *summary, struct cost_bench *bench, const struct cost_common *common,
		      const struct cost_layout *layout, const struct cost_row *row, size_t rows)
	__attribute__((warn_unused_result));
void cost_summary_free(struct cost_summary *summary);

#endif
