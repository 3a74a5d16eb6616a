/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_cost_cross.c - crossings agree with trying every number; sweeps count what formulae say; what is proposed to the
 * planner makes it cross where the model does.
 */
#include "bench/cost/cost_cross.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "bench/cost/cost_propose.h"
#include "bench/cost/cost_summary.h"
#include "tests/unit/seeded.h"

/* ---- the search --------------------------------------------------------------------------------------------------- */

struct threshold {
	uint64_t from;
	unsigned asked;
	int fails_at;
};

static int is_there(void *ctx, uint64_t number, bool *yes)
{
	struct threshold *threshold = ctx;

	*yes = number >= threshold->from;
	return (int)++threshold->asked == threshold->fails_at ? -7 : 0;
}

static void a_threshold_is_found_wherever_it_is(void **state)
{
	(void)state;
	for (uint64_t most = 1; most <= 40; most++)
		for (uint64_t from = 1; from <= most + 2; from++) {
			struct threshold threshold = { .from = from };
			uint64_t at;

			assert_int_equal(cost_cross_find(most, is_there, &threshold, &at), 0);
			assert_int_equal(at, from <= most ? from : 0);
			assert_in_range(threshold.asked, 1, 14);
		}
}

static void a_search_that_fails_says_so(void **state)
{
	struct threshold threshold = { .from = 1000, .fails_at = 12 };
	uint64_t at;

	(void)state;
	assert_int_equal(cost_cross_find(4096, is_there, &threshold, &at), -7);
}

/* ---- sweeps ------------------------------------------------------------------------------------------------------- */

/* Small enough to try everything, with nothing left to chance. */
static struct cost_common small(bool ranges)
{
	struct cost_common common = { .device = { .name = "small", .ranges = ranges },
				      .stream = { .pattern = COST_SEQUENTIAL, .pages = 64, .accesses = 128, .leaf = 3, .seed = 3 },
				      .strategy = { true, true, true, true, true, true } };
	double *ns = common.device.ns;

	ns[COST_NS_COMMAND] = 20;
	ns[COST_NS_RANGE] = 30;
	ns[COST_NS_VMID] = 100;
	ns[COST_NS_STAGE1] = 70;
	ns[COST_NS_SYNC] = 500;
	ns[COST_NS_WALK] = 10;
	ns[COST_NS_READ] = 7;
	common.device.shape.main = (struct cost_geometry){ .entries = 128 };
	common.device.shape.walk[0] = (struct cost_geometry){ .entries = 256 };
	common.device.shape.shared = true;
	return common;
}

static double modelled(struct cost_bench *bench, const struct cost_common *common, struct cost_point point,
		       enum cost_strategy strategy)
{
	struct cost_row row;

	point.batch = point.runs;
	assert_int_equal(cost_sweep_one(bench, common, &point, strategy, NULL, &row), 0);
	return cost_modelled_ns(&row);
}

static void crossings_agree_with_trying_every_number(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 8; round++) {
		bool nested = round & 1, ranges = round & 2;
		struct cost_common common = small(ranges);
		const struct cost_point point = { .length = 1 + (round & 4), .gap = 5, .smmus = 1, .nested = nested };
		struct cost_bench bench = { 0 };

		for (unsigned i = 0; i < COST_VMID; i++) {
			struct cost_crossing crossing;
			unsigned runs = 1;

			if (!cost_is_swept(&common, (enum cost_strategy)i))
				continue;
			assert_int_equal(cost_cross(&bench, &common, &point, (enum cost_strategy)i, NULL, &crossing), 0);
			for (;; runs++) {
				struct cost_point tried = point;

				tried.runs = runs;
				if (modelled(&bench, &common, tried, COST_VMID) <=
				    modelled(&bench, &common, tried, (enum cost_strategy)i))
					break;
				assert_true(runs < 5000);
			}
			assert_int_equal(crossing.runs, runs);
		}
		cost_bench_close(&bench);
	}
}

static void a_small_flush_costs_what_can_be_added_up(void **state)
{
	/* The device uses 64 pages, all of which fit: 3 runs of 2 pages take nothing from it but with the whole VMID, after
	 * which it walks for each page: 4 reads for the first, one for each other in its table. */
	struct cost_common common = small(true);
	const struct cost_point point = { .runs = 3, .length = 2, .gap = 50, .batch = 3, .smmus = 2 };
	struct cost_row row[COST_STRATEGIES];
	struct cost_bench bench = { 0 };

	(void)state;
	assert_int_equal(cost_sweep_point(&bench, &common, &point, row), COST_STRATEGIES);
	for (unsigned i = 0; i < COST_STRATEGIES; i++) {
		unsigned commands = i == COST_PAGE ? 6 : i == COST_VMID ? 1 : 3;

		assert_int_equal(row[i].strategy, i);
		assert_int_equal(cost_commands(&row[i].counts), 2 * commands);
		assert_int_equal(row[i].counts.kind[COST_KIND_SYNC], 2);
		assert_int_equal(row[i].counts.doorbells, 2);
		assert_int_equal(row[i].counts.named, i == COST_VMID ? 0 : 6);
		assert_true(row[i].device_ns == 500 + commands * (i == COST_PAGE ? 20.0 : i == COST_VMID ? 100.0 : 30.0));
		assert_true(row[i].extra.main == (i == COST_VMID ? 64 : 0));
		assert_true(row[i].extra.reads == (i == COST_VMID ? 64 + 3 : 0));
		assert_true(row[i].after_ns == (i == COST_VMID ? 64 * 10.0 + 67 * 7.0 : 0));
	}
	cost_bench_close(&bench);
}

static void batches_ring_and_sync_once_each(void **state)
{
	struct cost_common common = small(true);
	const struct cost_point point = { .runs = 10, .length = 1, .gap = 9, .batch = 3, .smmus = 2, .nested = true };
	struct cost_bench bench = { 0 };
	struct cost_row row;

	(void)state;
	assert_int_equal(cost_sweep_one(&bench, &common, &point, COST_EXACT, NULL, &row), 0);
	assert_int_equal(row.counts.flushes, 4);
	assert_int_equal(row.counts.doorbells, 2 * 4);
	assert_int_equal(row.counts.kind[COST_KIND_SYNC], 2 * 4 * 2);
	assert_int_equal(row.counts.kind[COST_KIND_STAGE1], 2 * 4);
	assert_int_equal(row.counts.kind[COST_KIND_RANGE], 2 * 10);
	cost_bench_close(&bench);
}

static void flushes_take_the_runs_in_their_order(void **state)
{
	const struct cost_point point = { .runs = 10, .length = 4, .gap = 6, .batch = 3, .smmus = 1 };
	const struct cost_stream stream = { .pages = 100, .leaf = 2, .seed = 9 };
	const size_t ends[4] = { 3, 6, 9, 10 };
	struct cost_layout layout;

	(void)state;
	assert_int_equal(cost_layout_make(&layout, &point, &stream), 0);
	assert_int_equal(layout.flushes, 4);
	assert_memory_equal(layout.end, ends, sizeof(ends));
	for (size_t i = 0; i < layout.spans; i++) {
		assert_int_equal(layout.span[i].end - layout.span[i].start, 4);
		if (i)
			assert_in_range(layout.span[i].start - layout.span[i - 1].end, 1, 11);
		/* None of what is revoked is used. */
		for (unsigned j = 0; j < layout.pages; j++)
			assert_false(layout.span[i].start <= layout.page[j] && layout.page[j] < layout.span[i].end);
	}
	cost_layout_free(&layout);
}

static void a_device_without_ranges_is_asked_for_none(void **state)
{
	struct cost_common common = small(false);
	const struct cost_point point = { .runs = 3, .length = 2, .gap = 50, .batch = 3, .smmus = 1 };
	struct cost_row row[COST_STRATEGIES];
	struct cost_bench bench = { 0 };

	(void)state;
	assert_int_equal(cost_sweep_point(&bench, &common, &point, row), 3);
	for (unsigned i = 0; i < 3; i++) {
		assert_false(cost_strategy_needs_ranges(row[i].strategy));
		assert_int_equal(row[i].counts.kind[COST_KIND_RANGE], 0);
	}
	cost_bench_close(&bench);
}

/* ---- the planner -------------------------------------------------------------------------------------------------- */

static void what_is_proposed_makes_the_planner_cross_where_the_model_does(void **state)
{
	(void)state;
	for (unsigned nested = 0; nested < 2; nested++) {
		struct cost_common common = small(true);
		const struct cost_point point = { .length = 1, .gap = 500, .smmus = 1, .nested = nested };
		struct cost_crossing model, planner;
		struct shadow_tlbi_cost proposed;
		struct cost_bench bench = { 0 };
		struct cost_worth worth;

		assert_int_equal(cost_worth_find(&bench, &common, nested, &worth), 0);
		proposed = cost_propose(&worth);
		assert_int_equal(cost_cross(&bench, &common, &point, COST_BRIDGED, NULL, &model), 0);
		assert_int_equal(cost_cross(&bench, &common, &point, COST_PLANNED, &proposed, &planner), 0);
		assert_true(model.runs > 1 || nested);
		assert_in_range(planner.runs + 2, model.runs, model.runs + 4);
		cost_bench_close(&bench);
	}
}

static void proposals_are_always_legal(void **state)
{
	uint64_t seed = seeded_start();

	(void)state;
	for (unsigned round = 0; round < 2000; round++) {
		struct cost_worth worth = { .command = (double)seeded_below(&seed, 1000),
					    .sync = (double)seeded_below(&seed, 1u << seeded_below(&seed, 30)) - 1000,
					    .entry = (double)seeded_below(&seed, 10000) / 7,
					    .table = (double)seeded_below(&seed, 10000) / 3,
					    .vmid = (double)seeded_below(&seed, UINT64_C(1) << seeded_below(&seed, 40)) - 5000 };
		struct shadow_tlbi_cost cost = cost_propose(&worth);

		assert_in_range(cost.command, 1, SHADOW_TLBI_COST_COMMAND);
		assert_in_range(cost.sync, 0, SHADOW_TLBI_COST_MAX);
		assert_in_range(cost.entry, 0, SHADOW_TLBI_COST_MAX);
		assert_in_range(cost.table, 0, SHADOW_TLBI_COST_MAX);
		assert_in_range(cost.vmid, 0, SHADOW_TLBI_COST_MAX);
		assert_int_equal(cost.share, SHADOW_TLBI_COST_SHARE);
		if (worth.vmid > 0 && worth.command > 0 && cost.command > 8)
			assert_true(fabs(cost.vmid / (double)cost.command - worth.vmid / worth.command) <=
				    0.1 + 0.1 * worth.vmid / worth.command);
	}
}

static void the_summary_rates_given_and_proposed_parameters(void **state)
{
	struct cost_common common = small(true);
	struct cost_row row[2 * COST_STRATEGIES];
	struct cost_summary summary;
	struct cost_bench bench = { 0 };
	size_t rows = 0;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		const struct cost_point point = { .runs = i ? 300 : 2, .length = 1, .gap = 50, .batch = 300, .smmus = 1 };

		rows += (size_t)cost_sweep_point(&bench, &common, &point, &row[rows]);
	}
	assert_int_equal(rows, 2 * COST_STRATEGIES);
	assert_int_equal(cost_summary_make(&summary, &bench, &common, NULL, row, rows), 0);
	assert_int_equal(summary.crossings, COST_STRATEGIES - 1);
	assert_true(summary.advice[0].given);
	assert_false(summary.advice[1].given);
	assert_int_equal(summary.advice[0].rating_now.points, 2);
	assert_int_equal(summary.advice[0].now.vmid, SHADOW_TLBI_COST_VMID);
	/* Its defaults go on with a list of 300 where the whole VMID costs a small device less; a page costs it less than a range. */
	assert_true(summary.advice[0].rating_now.worst > 1.5);
	assert_true(summary.advice[0].rating_proposed.worst < 1.05);
	cost_summary_free(&summary);
	cost_bench_close(&bench);
}

static void spreads_have_their_quarters(void **state)
{
	double odd[5] = { 5, 1, 4, 2, 3 }, even[4] = { 40, 10, 30, 20 }, one[1] = { 7 };
	struct cost_spread spread = cost_spread(odd, 5);

	(void)state;
	assert_true(spread.median == 3 && spread.low == 2 && spread.high == 4);
	spread = cost_spread(even, 4);
	assert_true(spread.median == 25 && spread.low == 10 && spread.high == 40);
	spread = cost_spread(one, 1);
	assert_true(spread.median == 7 && spread.low == 7 && spread.high == 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_threshold_is_found_wherever_it_is),
		cmocka_unit_test(a_search_that_fails_says_so),
		cmocka_unit_test(crossings_agree_with_trying_every_number),
		cmocka_unit_test(a_small_flush_costs_what_can_be_added_up),
		cmocka_unit_test(batches_ring_and_sync_once_each),
		cmocka_unit_test(flushes_take_the_runs_in_their_order),
		cmocka_unit_test(a_device_without_ranges_is_asked_for_none),
		cmocka_unit_test(what_is_proposed_makes_the_planner_cross_where_the_model_does),
		cmocka_unit_test(proposals_are_always_legal),
		cmocka_unit_test(the_summary_rates_given_and_proposed_parameters),
		cmocka_unit_test(spreads_have_their_quarters),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
