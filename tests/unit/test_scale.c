/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_scale.c - trips on CPUs with clocks: the bound, the closed form, the same results again, and what is refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "bench/scale/scale_main.h"
#include "bench/scale/scale_report.h"
#include "tests/unit/seeded.h"

static struct scale_point point_of(enum scale_policy policy, unsigned cpus)
{
	return (struct scale_point){ .policy = policy, .cpus = cpus, .smmus = 1, .batch = 1, .unlocked_ns = 1000,
				     .spread_percent = 50, .locked_ns = 500, .tlbi_ns = 300, .after_percent = 50,
				     .sync_ns = 2000, .flights = 8, .trips = 20, .seed = 1,
				     .costs = { .access_ps = 200, .doorbell_ns = 40, .line_ns = 10, .mmio_ns = 100, .relax_ns = 25 } };
}

/* Nothing but U, L and S takes time, and polling is close. */
static struct scale_point free_of_cost(enum scale_policy policy, unsigned cpus)
{
	struct scale_point point = point_of(policy, cpus);

	point.costs = (struct scale_costs){ .relax_ns = 10 };
	return point;
}

static struct scale_result run(const struct scale_point *point)
{
	struct scale_result result;

	assert_int_equal(scale_run(point, &result), 0);
	return result;
}

static double speed(const struct scale_point *point)
{
	return run(point).trips_per_second / scale_one_cpu(point);
}

static void eager_on_one_cpu_takes_what_the_closed_form_says(void **state)
{
	struct scale_point point = free_of_cost(SCALE_EAGER, 1);

	(void)state;
	for (point.smmus = 1; point.smmus <= 4; point.smmus += 3) {
		double expected = 1e9 / (1000 + 500 + 2000.0 * point.smmus);
		struct scale_result result = run(&point);

		assert_true(result.trips_per_second <= expected);
		assert_true(result.trips_per_second > 0.995 * expected);
		assert_true(result.p50_ns >= 2000 * point.smmus && result.p99_ns <= 2000 * point.smmus + 10 * point.smmus);
	}
}

static void eager_on_many_cpus_is_as_fast_as_its_lock(void **state)
{
	struct scale_point point = free_of_cost(SCALE_EAGER, 16);
	double trips = run(&point).trips_per_second, expected = 1e9 / (500 + 2000);

	(void)state;
	assert_true(trips <= 1.001 * expected);
	assert_true(trips > 0.99 * expected);
}

static void eager_waits_twice_where_streams_are_nested(void **state)
{
	struct scale_point point = free_of_cost(SCALE_EAGER, 1);

	(void)state;
	point.nested = true;
	assert_true(run(&point).p50_ns >= 4000);
}

static void smmus_are_waited_for_side_by_side_by_the_engine(void **state)
{
	struct scale_point point = free_of_cost(SCALE_HELD, 1);

	(void)state;
	point.smmus = 4;
	assert_true(run(&point).p50_ns < 2100);
	point.policy = SCALE_STRICT;
	assert_true(run(&point).p50_ns >= 8000);
}

static void an_overlap_hides_the_invalidation_of_the_cpus_tlbs(void **state)
{
	struct scale_point point = free_of_cost(SCALE_OVERLAP, 1);
	double expected = 1e9 / (1000 + 500 - 300 + 2000), trips = run(&point).trips_per_second;

	(void)state;
	assert_true(trips <= expected);
	assert_true(trips > 0.995 * expected);
}

static void no_policy_exceeds_the_bound(void **state)
{
	static const unsigned cpus[] = { 1, 3, 16, 48 };
	static const uint64_t times[][2] = { { 500, 100 }, { 5000, 100 }, { 500, 2800 }, { 5000, 2800 } };
	uint64_t seed = seeded_start();

	(void)state;
	for (int policy = 0; policy < SCALE_POLICIES; policy++)
		for (unsigned i = 0; i < 4; i++)
			for (unsigned j = 0; j < 4; j++) {
				struct scale_point point = free_of_cost((enum scale_policy)policy, cpus[i]);

				/* What overlaps is in the bound twice. */
				point.tlbi_ns = 0;
				point.seed = seed;
				point.sync_ns = times[j][0];
				point.locked_ns = times[j][1];
				/* The CPUs are measured over windows that are not quite the same. */
				assert_true(speed(&point) <= 1.005 * scale_bound(&point));
			}
}

static void group_is_close_to_the_bound_where_code_costs_nothing(void **state)
{
	static const unsigned cpus[] = { 1, 16, 64 };

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct scale_point point = free_of_cost(SCALE_GROUP, cpus[i]);

		assert_true(speed(&point) >= 0.8 * scale_bound(&point));
	}
}

static void a_group_shares_its_syncs(void **state)
{
	struct scale_point point = point_of(SCALE_GROUP, 64);
	struct scale_result result = run(&point);

	(void)state;
	assert_true(4 * result.syncs < result.trips);
	point.policy = SCALE_EAGER;
	result = run(&point);
	assert_int_equal(result.syncs, result.trips);
}

static void syncs_one_after_the_other_take_longer(void **state)
{
	struct scale_point point = point_of(SCALE_GROUP, 4);
	uint64_t latency = run(&point).p50_ns;

	(void)state;
	point.busy_percent = 100;
	point.flights = 1;
	assert_true(run(&point).p50_ns > latency);
}

static void syncs_of_several_doorbells_overlap_where_streams_are_nested_too(void **state)
{
	struct scale_point point = free_of_cost(SCALE_GROUP, 4);

	(void)state;
	point.nested = true;
	assert_true(run(&point).p50_ns < 5000);
}

static void each_cost_takes_time(void **state)
{
	struct scale_point point = point_of(SCALE_GROUP, 16);
	double trips = run(&point).trips_per_second;

	(void)state;
	point.costs.access_ps = 3200;
	assert_true(run(&point).trips_per_second < trips);
	point = point_of(SCALE_GROUP, 16);
	point.costs.line_ns = 100;
	assert_true(run(&point).trips_per_second < trips);
	point = point_of(SCALE_GROUP, 16);
	point.costs.doorbell_ns = 400;
	assert_true(run(&point).trips_per_second < trips);
	point = point_of(SCALE_GROUP, 16);
	point.costs.mmio_ns = 1000;
	assert_true(run(&point).trips_per_second < trips);
	point = point_of(SCALE_GROUP, 16);
	point.costs.lock_ns = 300;
	assert_true(run(&point).trips_per_second < trips);
}

static void the_same_seed_gives_the_same_results(void **state)
{
	(void)state;
	for (int policy = 0; policy < SCALE_POLICIES; policy++) {
		struct scale_point point = point_of((enum scale_policy)policy, 3);
		struct scale_result first, second, other;

		point.unlocked_ns = 20000;
		first = run(&point);
		second = run(&point);
		assert_memory_equal(&first, &second, sizeof(first));
		point.seed++;
		other = run(&point);
		assert_memory_not_equal(&first, &other, sizeof(first));
	}
}

static void as_many_cpus_as_there_may_be_make_their_trips(void **state)
{
	struct scale_point point = point_of(SCALE_GROUP, SCALE_CPUS_MAX);

	(void)state;
	point.trips = 2;
	assert_true(run(&point).trips >= 2 * SCALE_CPUS_MAX);
}

static void goals_name_the_worst_row(void **state)
{
	struct scale_row row[3] = { { .point = point_of(SCALE_GROUP, 16) }, { .point = point_of(SCALE_GROUP, 64) },
				    { .point = point_of(SCALE_EAGER, 64) } };
	struct scale_goal goal;

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		row[i].result.trips_per_second = scale_one_cpu(&row[i].point) * scale_bound(&row[i].point);
	row[2].result.trips_per_second /= 4;
	goal = scale_goal_bound(row, 3);
	assert_true(goal.met);
	row[1].result.trips_per_second *= 0.79;
	goal = scale_goal_bound(row, 3);
	assert_false(goal.met);
	assert_ptr_equal(goal.worst, &row[1]);
	/* The bound of 7 asks for no ten times. */
	assert_null(scale_goal_ten(row, 3).worst);
	row[0].point.sync_ns = 5000;
	row[0].result.trips_per_second = 9.9 * scale_one_cpu(&row[0].point);
	goal = scale_goal_ten(row, 3);
	assert_false(goal.met);
	assert_ptr_equal(goal.worst, &row[0]);
}

/* ---- the command ------------------------------------------------------------------------------------------------ */

/* Standard error goes to a file, and one line of it is asked for. */
static void refuses(const char *option, const char *value)
{
	char first[32], second[64], name[] = "scale";
	char *argv[] = { name, first, value ? second : NULL, NULL };
	FILE *file = tmpfile();
	int saved = dup(STDERR_FILENO), lines = 0, status;

	assert_non_null(file);
	snprintf(first, sizeof(first), "%s", option);
	snprintf(second, sizeof(second), "%s", value ? value : "");
	fflush(stderr);
	dup2(fileno(file), STDERR_FILENO);
	status = scale_main(value ? 3 : 2, argv);
	fflush(stderr);
	dup2(saved, STDERR_FILENO);
	close(saved);
	rewind(file);
	for (int c = fgetc(file); c != EOF; c = fgetc(file))
		lines += c == '\n';
	fclose(file);
	if (status != 2 || lines != 1)
		print_error("%s %s: status %d, %d lines\n", option, value ? value : "", status, lines);
	assert_int_equal(status, 2);
	assert_int_equal(lines, 1);
}

static void bad_options_are_refused_with_one_line(void **state)
{
	static const char *const bad[][2] = {
		{ "--cpus", "0" },	   { "--cpus", "257" },	     { "--cpus", "1,,2" },    { "--cpus", "1," },
		{ "--cpus", "" },	   { "--cpus", "x" },	     { "--smmus", "9" },      { "--policy", "fast" },
		{ "--policy", "" },	   { "--sync-ns", "-1" },    { "--sync-ns", "1e3" },  { "--locked-ns", "0" },
		{ "--busy-percent", "101" }, { "--flights", "0" },   { "--flights", "16" },   { "--after-percent", "101" },
		{ "--spread-percent", "101" }, { "--trips", "3" },   { "--trips", "0" },      { "--access-ps", "0" },
		{ "--relax-ns", "0" },	   { "--line-ns", "1000001" }, { "--doorbell-ns", "x" }, { "--seed", "18446744073709551616" },
		{ "--cpus", "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1" }, { "--unknown", NULL }, { "word", NULL },
		{ "--csv", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		refuses(bad[i][0], bad[i][1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(eager_on_one_cpu_takes_what_the_closed_form_says),
		cmocka_unit_test(eager_on_many_cpus_is_as_fast_as_its_lock),
		cmocka_unit_test(eager_waits_twice_where_streams_are_nested),
		cmocka_unit_test(smmus_are_waited_for_side_by_side_by_the_engine),
		cmocka_unit_test(an_overlap_hides_the_invalidation_of_the_cpus_tlbs),
		cmocka_unit_test(no_policy_exceeds_the_bound),
		cmocka_unit_test(group_is_close_to_the_bound_where_code_costs_nothing),
		cmocka_unit_test(a_group_shares_its_syncs),
		cmocka_unit_test(syncs_one_after_the_other_take_longer),
		cmocka_unit_test(syncs_of_several_doorbells_overlap_where_streams_are_nested_too),
		cmocka_unit_test(each_cost_takes_time),
		cmocka_unit_test(the_same_seed_gives_the_same_results),
		cmocka_unit_test(as_many_cpus_as_there_may_be_make_their_trips),
		cmocka_unit_test(goals_name_the_worst_row),
		cmocka_unit_test(bad_options_are_refused_with_one_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
