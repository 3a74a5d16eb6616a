/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * cost_cross.c - where one strategy becomes cheaper than another.
 */
#include "bench/cost/cost_cross.h"

#define RUNS_MAX UINT64_C(65536)
#define PAGES_MAX (UINT64_C(1) << 20)

int cost_cross_find(uint64_t most, int (*holds)(void *ctx, uint64_t number, bool *yes), void *ctx, uint64_t *at)
{
	uint64_t low = 0, high = 1;
	bool yes = false;
	int error;

	*at = 0;
	for (;; high = 2 * high < most ? 2 * high : most) {
		error = holds(ctx, high, &yes);
		if (error || (!yes && high == most))
			return error;
		if (yes)
			break;
		low = high;
	}
	/* It does not hold for LOW, and does for HIGH. */
	while (high - low > 1) {
		uint64_t middle = low + (high - low) / 2;

		error = holds(ctx, middle, &yes);
		if (error)
			return error;
		if (yes)
			high = middle;
		else
			low = middle;
	}
	*at = high;
	return 0;
}

struct asking {
	struct cost_bench *bench;
	const struct cost_common *common;
	const struct shadow_tlbi_cost *planner;
	struct cost_point point;
	enum cost_strategy strategy;
};

static int whole_is_cheaper(void *ctx, uint64_t runs, bool *yes)
{
	struct asking *asking = ctx;
	struct cost_row list, whole;
	int error;

	asking->point.runs = asking->point.batch = (unsigned)runs;
	error = cost_sweep_one(asking->bench, asking->common, &asking->point, asking->strategy, asking->planner, &list);
	if (error)
		return error;
	if (asking->strategy == COST_PLANNED) {
		*yes = list.counts.kind[COST_KIND_VMID] != 0;
		return 0;
	}
	error = cost_sweep_one(asking->bench, asking->common, &asking->point, COST_VMID, NULL, &whole);
	*yes = !error && cost_modelled_ns(&whole) <= cost_modelled_ns(&list);
	return error;
}

int cost_cross(struct cost_bench *bench, const struct cost_common *common, const struct cost_point *point,
	       enum cost_strategy strategy, const struct shadow_tlbi_cost *planner, struct cost_crossing *crossing)
{
	struct asking asking = { .bench = bench, .common = common, .planner = planner, .point = *point,
				 .strategy = strategy };
	uint64_t most = PAGES_MAX / point->length;

	*crossing = (struct cost_crossing){ .point = *point, .strategy = strategy, .most = most < RUNS_MAX ? most : RUNS_MAX };
	return cost_cross_find(crossing->most, whole_is_cheaper, &asking, &crossing->runs);
}
