/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_compare.c - what is said of two results: equal ones are equal as often as promised, a planted tenth is
 * found, and what is counted is never weighed.
 */
#include "bench/compare/compare.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/near.h"
#include "tests/unit/seeded.h"

#define BENCHMARKS 12u /* measured values of a result */
#define REPEATS	   12u

static struct compare_options options;
static struct compare compare;

static int set_up(void **state)
{
	(void)state;
	options = (struct compare_options){ .least = 0, .fail_above = -1, .seed = 1 };
	compare = (struct compare){ .options = &options };
	compare.left = compare.right = (struct compare_input){ "a file", COMPARE_BENCHMARKS, .files = 1 };
	compare.left.series = json_object();
	compare.right.series = json_object();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	compare_input_free(&compare.left);
	compare_input_free(&compare.right);
	free(compare.row);
	return 0;
}

static void again(void)
{
	tear_down(NULL);
	set_up(NULL);
}

static void sample(struct compare_input *input, const char *name, const char *value, double number)
{
	json_array_append_new(compare_samples(input, name, value), json_real(number));
}

static double uniform(uint64_t *random)
{
	return (double)(1 + (seeded_next(random) >> 11)) / (double)(UINT64_C(1) << 53);
}

/* A time as machines give them: never below what the work takes, mostly 1 or 2 % above, at times far above.
 */
static double noisy(double ns, uint64_t *random)
{
	double normal = sqrt(-2 * log(uniform(random))) * cos(2 * acos(-1) * uniform(random));
	double spike = uniform(random) < 0.05 ? 0.3 * uniform(random) : 0;

	return ns * (1 + 0.015 * fabs(normal) + spike);
}

/* Two results of which only benchmark @slowed may differ. */
static void fill(uint64_t *random, unsigned slowed, double factor)
{
	for (unsigned benchmark = 0; benchmark < BENCHMARKS; benchmark++) {
		double ns = 3 + 1000 * uniform(random);
		char name[16];

		snprintf(name, sizeof(name), "stage/%u", benchmark);
		for (unsigned i = 0; i < REPEATS; i++) {
			sample(&compare.left, name, "cpu_ns", noisy(ns, random));
			sample(&compare.right, name, "cpu_ns",
			       noisy(benchmark == slowed ? ns * factor : ns, random));
		}
	}
	assert_int_equal(compare_rows(&compare), 0);
}

static unsigned count_of(enum compare_verdict verdict)
{
	unsigned count = 0;

	for (size_t i = 0; i < compare.count; i++)
		count += compare.row[i].verdict == verdict;
	return count;
}

/* 5 % of the pairs of results may show a difference that is none, whatever the number of benchmarks in them:
 * of 400, 20; 45 is more than 5 standard deviations above. Without Holm's adjustment it were 180. */
static void two_runs_of_the_same_compare_as_equal(void **state)
{
	uint64_t random = seeded_start();
	unsigned wrong = 0;

	(void)state;
	for (unsigned pair = 0; pair < 400; pair++) {
		fill(&random, BENCHMARKS, 1);
		assert_int_equal(compare.count, BENCHMARKS);
		wrong += count_of(COMPARE_EQUAL) != BENCHMARKS;
		again();
	}

	assert_in_range(wrong, 0, 45);
}

static void a_planted_tenth_is_found_and_nothing_else(void **state)
{
	uint64_t random = seeded_start();
	unsigned found = 0, wrong = 0;

	(void)state;
	for (unsigned pair = 0; pair < 200; pair++) {
		unsigned slowed = (unsigned)seeded_below(&random, BENCHMARKS);

		options.fail_above = 5;
		fill(&random, slowed, 1.1);
		found += compare.row[slowed].verdict == COMPARE_WORSE && compare_fails(&compare);
		wrong += count_of(COMPARE_EQUAL) < BENCHMARKS - 1;
		again();
	}

	assert_in_range(found, 180, 200);
	assert_in_range(wrong, 0, 30);
}

static void what_gets_faster_does_not_fail(void **state)
{
	uint64_t random = seeded_start();

	(void)state;
	options.fail_above = 0;
	fill(&random, 0, 0.5);

	assert_int_equal(compare.row[0].verdict, COMPARE_BETTER);
	assert_int_equal(compare_fails(&compare), count_of(COMPARE_WORSE) > 0);
}

static void few_samples_are_not_taken_for_equality(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		sample(&compare.left, "stage/1", "cpu_ns", 100 + i);
		sample(&compare.right, "stage/1", "cpu_ns", 200 + i);
	}
	assert_int_equal(compare_rows(&compare), 0);

	assert_int_equal(compare.row[0].verdict, COMPARE_UNTOLD);
	assert_near(compare.row[0].ratio, 2, 0.02);
}

static void measured_differences_below_the_least_are_none(void **state)
{
	(void)state;
	options.least = 5;
	for (unsigned i = 0; i < REPEATS; i++) {
		sample(&compare.left, "stage/1", "cpu_ns", 100 + i / 100.0);
		sample(&compare.right, "stage/1", "cpu_ns", 104 + i / 100.0);
	}
	assert_int_equal(compare_rows(&compare), 0);

	assert_int_equal(compare.row[0].verdict, COMPARE_EQUAL);
	assert_true(compare.row[0].probability < 0.01);
}

static void files_that_stand_alone_have_a_larger_least(void **state)
{
	(void)state;
	options.least = -1;
	assert_near(compare_least(&compare), COMPARE_LEAST_ALONE, 0);

	compare.left.files = compare.right.files = 6;
	assert_near(compare_least(&compare), COMPARE_LEAST, 0);
}

/* One of 5000, once: no test of samples would see it. */
static void counted_values_compare_exactly(void **state)
{
	(void)state;
	options.fail_above = 0;
	sample(&compare.left, "stage/1", "commands_per_page", 5000);
	sample(&compare.right, "stage/1", "commands_per_page", 5001);
	sample(&compare.left, "stage/2", "commands_per_page", 5000);
	sample(&compare.right, "stage/2", "commands_per_page", 5000);
	assert_int_equal(compare_rows(&compare), 0);

	assert_int_equal(compare.row[0].class.kind, COMPARE_COUNTED);
	assert_int_equal(compare.row[0].verdict, COMPARE_WORSE);
	assert_int_equal(compare.row[1].verdict, COMPARE_EQUAL);
	assert_true(compare_fails(&compare));
}

static void a_checksum_is_neither_better_nor_worse(void **state)
{
	(void)state;
	options.fail_above = 0;
	sample(&compare.left, "stage/1", "checksum", 17);
	sample(&compare.right, "stage/1", "checksum", 4711);
	assert_int_equal(compare_rows(&compare), 0);

	assert_int_equal(compare.row[0].verdict, COMPARE_DIFFERENT);
	assert_false(compare_fails(&compare));
}

static struct compare_class class_of(enum compare_format format, const char *value)
{
	json_t *samples = json_pack("[f]", 1.0);
	struct compare_class class = compare_classify(format, value, samples, samples);

	json_decref(samples);
	return class;
}

static void counted_measured_and_modelled_values_are_told_apart(void **state)
{
	(void)state;
	assert_int_equal(class_of(COMPARE_BENCHMARKS, "cpu_ns").kind, COMPARE_MEASURED);
	assert_int_equal(class_of(COMPARE_BENCHMARKS, "to_floor").kind, COMPARE_MEASURED);
	assert_int_equal(class_of(COMPARE_BENCHMARKS, "instructions").kind, COMPARE_MEASURED);
	assert_int_equal(class_of(COMPARE_BENCHMARKS, "callgrind_instructions").kind, COMPARE_COUNTED);
	assert_int_equal(class_of(COMPARE_BENCHMARKS, "eager_modelled_ns").kind, COMPARE_MODELLED);
	assert_int_equal(class_of(COMPARE_BENCHMARKS, "table_KiB").kind, COMPARE_COUNTED);
	assert_int_equal(class_of(COMPARE_BENCHMARKS, "pages").sense, COMPARE_REDUNDANT);
	assert_int_equal(class_of(COMPARE_REPLAY, "cpu_ns").kind, COMPARE_MEASURED);
	assert_int_equal(class_of(COMPARE_REPLAY, "latency_ns.revoke.p99").kind, COMPARE_MODELLED);
	assert_int_equal(class_of(COMPARE_REPLAY, "syncs").sense, COMPARE_COST);
	assert_int_equal(class_of(COMPARE_REPLAY, "pages_revoked").sense, COMPARE_WORK);
}

static void what_varies_from_repetition_to_repetition_was_not_counted(void **state)
{
	json_t *same = json_pack("[f,f]", 1.0, 1.0), *other = json_pack("[f,f]", 1.0, 1.5);

	(void)state;
	assert_int_equal(compare_classify(COMPARE_BENCHMARKS, "depth", same, same).kind, COMPARE_COUNTED);
	assert_int_equal(compare_classify(COMPARE_BENCHMARKS, "depth", same, other).kind, COMPARE_MEASURED);
	assert_int_equal(compare_classify(COMPARE_BENCHMARKS, "depth", other, same).kind, COMPARE_MEASURED);

	json_decref(same);
	json_decref(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(two_runs_of_the_same_compare_as_equal, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_planted_tenth_is_found_and_nothing_else, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_gets_faster_does_not_fail, set_up, tear_down),
		cmocka_unit_test_setup_teardown(few_samples_are_not_taken_for_equality, set_up, tear_down),
		cmocka_unit_test_setup_teardown(measured_differences_below_the_least_are_none, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(files_that_stand_alone_have_a_larger_least, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(counted_values_compare_exactly, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_checksum_is_neither_better_nor_worse, set_up, tear_down),
		cmocka_unit_test(counted_measured_and_modelled_values_are_told_apart),
		cmocka_unit_test(what_varies_from_repetition_to_repetition_was_not_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
