/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * cost_sweep.h - what each strategy costs at one point of a sweep: counted, measured and modelled.
 */
#ifndef BENCH_COST_SWEEP_H
#define BENCH_COST_SWEEP_H

#include "bench/cost/cost_model.h"

/* What holds for all points. */
struct cost_common {
	struct cost_device device;
	struct cost_stream stream;
	struct shadow_tlbi_cost planner; /* all zero: the planner's defaults */
	bool strategy[COST_STRATEGIES]; /* asked for */
	unsigned repetitions;	       /* of what is measured; 0: nothing is */
};

struct cost_spread {
	double median, low, high;      /* low and high: a quarter is below, a quarter above */
};

struct cost_row {
	struct cost_point point;
	enum cost_strategy strategy;
	struct cost_counts counts;     /* of all flushes */
	struct cost_spread cpu_ns;     /* measured, of all flushes */
	struct cost_extra extra;       /* modelled, of one SMMU; as are these: */
	double device_ns, after_ns;
};

/* SMMUs that are kept for the next point. */
struct cost_bench {
	struct cost_flush *flush;
	struct cost_flush_config config;
};

void cost_bench_close(struct cost_bench *bench);

/* Can this device do it, and was it asked for? */
bool cost_is_swept(const struct cost_common *common, enum cost_strategy strategy);

/* One row for each strategy. Return: how many; negative: a SHADOW_E*. */
int cost_sweep_point(struct cost_bench *bench, const struct cost_common *common, const struct cost_point *point,
		     struct cost_row row[COST_STRATEGIES]);

/* The same for what is laid out already; @point says so of the rows, and of SMMUs. @stretch: pages or more that are timed at
 * once. */
int cost_sweep_layout(struct cost_bench *bench, const struct cost_common *common, const struct cost_layout *layout,
		      const struct cost_point *point, unsigned stretch, struct cost_row row[COST_STRATEGIES]);

/* The planner alone with other parameters, without measuring. */
int cost_sweep_planner(struct cost_bench *bench, const struct cost_common *common, const struct cost_layout *layout,
		       const struct cost_point *point, const struct shadow_tlbi_cost *planner, struct cost_row *row)
	__attribute__((warn_unused_result));

/* One strategy at one point, without measuring. @planner: instead of the common one, if it is not NULL. */
int cost_sweep_one(struct cost_bench *bench, const struct cost_common *common, const struct cost_point *point,
		   enum cost_strategy strategy, const struct shadow_tlbi_cost *planner, struct cost_row *row)
	__attribute__((warn_unused_result));

/* Modelled: what the SMMU takes and what the DMA waits. It never waits less than without flushes, but by chance. */
static inline double cost_modelled_ns(const struct cost_row *row)
{
	return row->device_ns + (row->after_ns > 0 ? row->after_ns : 0);
}

/* Sorts. @count: above 0. */
struct cost_spread cost_spread(double *value, unsigned count);

#endif
