/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_histogram.c - ranks beside those of the sorted values.
 */
#include "bench/common/histogram.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "seeded.h"

#define VALUES 3000u

static struct histogram histogram;

static int set_up(void **state)
{
	(void)state;
	histogram = (struct histogram){ 0 };
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	histogram_free(&histogram);
	return 0;
}

static void nothing_was_added_and_every_rank_is_zero(void **state)
{
	(void)state;
	assert_int_equal(histogram_rank(&histogram, 500000), 0);
	assert_int_equal(histogram_rank(&histogram, 1000000), 0);
	assert_int_equal(histogram_merge(&histogram, &(struct histogram){ 0 }), 0);
	assert_int_equal(histogram.total, 0);
}

static void small_values_are_kept_as_they_are(void **state)
{
	(void)state;
	for (uint64_t value = 2047; value; value--)
		assert_int_equal(histogram_add(&histogram, value), 0);
	for (uint32_t rank = 1; rank <= 2047; rank++)
		assert_int_equal(histogram_rank(&histogram, (uint32_t)(UINT64_C(1000000) * rank / 2047)), rank);
}

/* Values beside each power of two; one bucket holds nothing that differs by more. */
static void two_that_share_a_bucket_are_at_most_a_1024th_apart(void **state)
{
	(void)state;
	for (unsigned bit = 0; bit < 64; bit++)
		for (int beside = -1; beside <= 1; beside++) {
			uint64_t value = (UINT64_C(1) << bit) + (uint64_t)beside, read;

			histogram_free(&histogram);
			assert_int_equal(histogram_add(&histogram, value), 0);
			assert_int_equal(histogram_add(&histogram, UINT64_MAX), 0);
			assert_true(histogram_rank(&histogram, 1) == value);
			assert_true(histogram_rank(&histogram, 1000000) == UINT64_MAX);
			if (value > UINT64_MAX - value / 512)
				continue;
			assert_int_equal(histogram_add(&histogram, value + value / 1024 + 1), 0);
			read = histogram_rank(&histogram, 1);
			assert_true(read == value);
		}
}

static int compare(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return (a > b) - (a < b);
}

static void ranks_are_those_of_the_sorted_values(void **state)
{
	static const uint32_t ranks[] = { 1, 10000, 250000, 500000, 900000, 990000, 999000, 999999, 1000000 };
	uint64_t random = seeded_start();
	static uint64_t values[VALUES];

	(void)state;
	for (unsigned i = 0; i < VALUES; i++) {
		values[i] = seeded_below(&random, UINT64_MAX) >> seeded_below(&random, 64);
		assert_int_equal(histogram_add(&histogram, values[i]), 0);
	}
	qsort(values, VALUES, sizeof(values[0]), compare);
	for (unsigned i = 0; i < sizeof(ranks) / sizeof(ranks[0]); i++) {
		uint64_t value = values[((uint64_t)VALUES * ranks[i] + 999999) / 1000000 - 1];
		uint64_t read = histogram_rank(&histogram, ranks[i]);

		if (read < value || read - value > value / 1024)
			fail_msg("%u millionths: %llu, and it is %llu", ranks[i], (unsigned long long)read,
				 (unsigned long long)value);
	}
}

static void two_merged_are_as_one(void **state)
{
	struct histogram other = { 0 };
	uint64_t random = seeded_start();
	struct histogram both = { 0 };

	(void)state;
	for (unsigned i = 0; i < VALUES; i++) {
		uint64_t value = seeded_below(&random, UINT64_MAX) >> seeded_below(&random, 64);

		assert_int_equal(histogram_add(i % 3 ? &histogram : &other, value), 0);
		assert_int_equal(histogram_add(&both, value), 0);
	}
	assert_int_equal(histogram_merge(&histogram, &other), 0);
	assert_int_equal(histogram.total, VALUES);
	assert_true(histogram.max == both.max);
	for (uint32_t rank = 1000; rank <= 1000000; rank += 1000)
		assert_true(histogram_rank(&histogram, rank) == histogram_rank(&both, rank));
	histogram_free(&other);
	histogram_free(&both);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nothing_was_added_and_every_rank_is_zero, set_up, tear_down),
		cmocka_unit_test_setup_teardown(small_values_are_kept_as_they_are, set_up, tear_down),
		cmocka_unit_test_setup_teardown(two_that_share_a_bucket_are_at_most_a_1024th_apart, set_up, tear_down),
		cmocka_unit_test_setup_teardown(ranks_are_those_of_the_sorted_values, set_up, tear_down),
		cmocka_unit_test_setup_teardown(two_merged_are_as_one, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
