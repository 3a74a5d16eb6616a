/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_compare_stats.c - rank sums against all ways to deal ranks out, Holm, and intervals by resampling.
 */
#include "bench/compare/compare_stats.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/near.h"
#include "tests/unit/seeded.h"

#define SMALL_MAX 12u /* both samples together, for the reference */
#define PAIRS	  300u

static double uniform(uint64_t *random)
{
	return (double)(seeded_next(random) >> 11) / (double)(UINT64_C(1) << 53);
}

/* How far the left ranks' sum is from its mean. A rank counts values below it, itself, and half of its
 * equals. */
static double ref_distance(const double *value, unsigned count, unsigned left)
{
	double sum = 0, take = 0;

	for (unsigned i = 0; i < count; i++) {
		if (!(left >> i & 1))
			continue;
		take++;
		for (unsigned j = 0; j < count; j++)
			sum += i == j || value[j] < value[i] ? 1 : value[j] > value[i] ? 0 : 0.5;
	}
	return fabs(sum - take * (count + 1) / 2);
}

static double ref_rank_sum(const double *value, unsigned count, unsigned left_count)
{
	double seen = ref_distance(value, count, (1u << left_count) - 1), beyond = 0, all = 0;

	for (unsigned subset = 0; subset < 1u << count; subset++) {
		if (__builtin_popcount(subset) != (int)left_count)
			continue;
		all++;
		beyond += ref_distance(value, count, subset) >= seen - 1e-9;
	}
	return beyond / all;
}

static void rank_sums_agree_with_all_ways_to_deal_ranks_out(void **state)
{
	uint64_t random = seeded_start();

	(void)state;
	for (unsigned round = 0; round < PAIRS; round++) {
		unsigned left = 1 + (unsigned)seeded_below(&random, SMALL_MAX / 2);
		unsigned right = 1 + (unsigned)seeded_below(&random, SMALL_MAX / 2);
		uint64_t distinct = 1 + seeded_below(&random, 20);
		double value[SMALL_MAX];

		for (unsigned i = 0; i < left + right; i++)
			value[i] = (double)seeded_below(&random, distinct) + (i < left ? 0 : 2);

		assert_near(compare_rank_sum(value, left, value + left, right),
			    ref_rank_sum(value, left + right, left), 1e-9);
	}
}

static void the_least_probability_is_that_of_samples_wholly_apart(void **state)
{
	static const double low[] = { 1, 2, 3, 4, 5 }, high[] = { 6, 7, 8, 9, 10, 11 };

	(void)state;
	for (size_t i = 1; i <= 5; i++)
		for (size_t j = 1; j <= 6; j++)
			assert_near(compare_rank_sum_least(i, j), compare_rank_sum(low, i, high, j), 1e-9);
	assert_near(compare_rank_sum_least(3, 3), 0.1, 1e-9);
}

static void all_values_equal_tell_nothing(void **state)
{
	double equal[80];

	(void)state;
	for (unsigned i = 0; i < 80; i++)
		equal[i] = 7;

	assert_near(compare_rank_sum(equal, 10, equal, 10), 1, 1e-9);
	assert_near(compare_rank_sum(equal, 40, equal, 40), 1, 1e-9);
}

/* One value more than is counted exactly, dealt out anew many times: 0.06 is more than 5 standard deviations.
 */
static void the_approximation_agrees_with_dealing_ranks_out_at_random(void **state)
{
	uint64_t random = seeded_start();
	double value[COMPARE_STATS_EXACT + 1], first;
	unsigned count = COMPARE_STATS_EXACT + 1, left = 30, beyond = 0;

	(void)state;
	for (unsigned i = 0; i < count; i++)
		value[i] = floor(50 * uniform(&random)) + (i < left ? 0 : 5);
	first = compare_rank_sum(value, left, value + left, count - left);
	for (unsigned round = 0; round < 2000; round++) {
		for (unsigned i = count - 1; i; i--) {
			unsigned with = (unsigned)seeded_below(&random, i + 1);
			double kept = value[i];

			value[i] = value[with];
			value[with] = kept;
		}
		beyond += compare_rank_sum(value, left, value + left, count - left) <= first + 1e-12;
	}

	assert_near(first, beyond / 2000.0, 0.06);
}

static void holm_adjusts_for_how_many_there_are(void **state)
{
	double probability[] = { 0.01, 0.04, 0.03, 0.005 };

	(void)state;
	assert_int_equal(compare_holm(probability, 4), 0);

	assert_near(probability[0], 0.03, 1e-9);
	assert_near(probability[1], 0.06, 1e-9);
	assert_near(probability[2], 0.06, 1e-9);
	assert_near(probability[3], 0.02, 1e-9);
}

static void medians_are_in_the_middle(void **state)
{
	double odd[] = { 9, 1, 5 }, even[] = { 4, 1, 3, 100 };

	(void)state;
	assert_near(compare_median(odd, 3), 5, 0);
	assert_near(compare_median(even, 4), 3.5, 0);
}

static void the_interval_is_the_same_for_the_same_seed(void **state)
{
	static const double left[] = { 10, 11, 12, 13, 20 }, right[] = { 20, 21, 25, 26, 50 };
	struct compare_interval first, second;

	(void)state;
	assert_int_equal(compare_ratio_interval(left, 5, right, 5, 3, &first), 0);
	assert_int_equal(compare_ratio_interval(left, 5, right, 5, 3, &second), 0);

	assert_near(first.low, second.low, 0);
	assert_near(first.high, second.high, 0);
	assert_true(first.low >= 20.0 / 20 && first.high <= 50.0 / 10 && first.low < first.high);
}

/* 95 % are promised; the percentiles of so few resampled values are coarse. */
static void the_interval_mostly_holds_the_true_ratio(void **state)
{
	uint64_t random = seeded_start();
	unsigned held = 0;

	(void)state;
	for (unsigned round = 0; round < PAIRS; round++) {
		struct compare_interval interval;
		double left[15], right[15];

		for (unsigned i = 0; i < 15; i++) {
			left[i] = 100 + 5 * uniform(&random);
			right[i] = 1.5 * (100 + 5 * uniform(&random));
		}
		compare_median(left, 15);
		compare_median(right, 15);
		assert_int_equal(compare_ratio_interval(left, 15, right, 15, round, &interval), 0);
		held += interval.low <= 1.5 && 1.5 <= interval.high;
	}

	assert_in_range(held, PAIRS * 85 / 100, PAIRS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rank_sums_agree_with_all_ways_to_deal_ranks_out),
		cmocka_unit_test(the_least_probability_is_that_of_samples_wholly_apart),
		cmocka_unit_test(all_values_equal_tell_nothing),
		cmocka_unit_test(the_approximation_agrees_with_dealing_ranks_out_at_random),
		cmocka_unit_test(holm_adjusts_for_how_many_there_are),
		cmocka_unit_test(medians_are_in_the_middle),
		cmocka_unit_test(the_interval_is_the_same_for_the_same_seed),
		cmocka_unit_test(the_interval_mostly_holds_the_true_ratio),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
