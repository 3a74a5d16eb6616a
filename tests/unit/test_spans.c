/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_spans.c - sets of pages: ranges join, part, and are found; the same as a flat array.
 */
#include "bench/policy/spans.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/seeded.h"

#define PAGES 96u
#define STEPS 20000u

static struct spans spans;

static int tear_down(void **state)
{
	(void)state;
	spans_free(&spans);
	return 0;
}

static void ranges_that_adjoin_are_one(void **state)
{
	(void)state;
	assert_int_equal(spans_add(&spans, 4, 6), 0);
	assert_int_equal(spans_add(&spans, 8, 9), 0);
	assert_int_equal(spans.count, 2);

	assert_int_equal(spans_add(&spans, 6, 8), 0);

	assert_int_equal(spans.count, 1);
	assert_int_equal(spans.span[0].start, 4);
	assert_int_equal(spans.span[0].end, 9);
}

static void a_hole_parts_a_range(void **state)
{
	(void)state;
	assert_int_equal(spans_add(&spans, 0, 10), 0);
	assert_int_equal(spans_remove(&spans, 3, 5), 0);

	assert_int_equal(spans.count, 2);
	assert_true(spans_cover(&spans, 5, 10));
	assert_false(spans_cover(&spans, 2, 4));
	assert_true(spans_touch(&spans, 2, 4));
	assert_false(spans_touch(&spans, 3, 5));
}

static void an_empty_set_touches_nothing(void **state)
{
	(void)state;
	assert_false(spans_touch(&spans, 0, 100));
	assert_int_equal(spans_remove(&spans, 0, 100), 0);
	assert_int_equal(spans_add(&spans, 1, 2), 0);
	spans_clear(&spans);
	assert_false(spans_touch(&spans, 0, 100));
}

static void compare(const bool *flat, uint64_t start, uint64_t end)
{
	bool any = false, all = true;
	size_t runs = 0;

	for (uint64_t page = start; page < end; page++) {
		any |= flat[page];
		all &= flat[page];
	}
	for (uint64_t page = 0; page < PAGES; page++)
		runs += flat[page] && (!page || !flat[page - 1]);
	assert_int_equal(spans_touch(&spans, start, end), any);
	assert_int_equal(spans_cover(&spans, start, end), all);
	assert_int_equal(spans.count, runs);
}

static void random_sets_are_those_of_a_flat_array(void **state)
{
	bool flat[PAGES] = { false };
	uint64_t seed = seeded_start();

	(void)state;
	for (unsigned step = 0; step < STEPS; step++) {
		uint64_t start = seeded_below(&seed, PAGES);
		uint64_t end = start + 1 + seeded_below(&seed, PAGES - start);
		bool adds = seeded_next(&seed) & 1;

		assert_int_equal(adds ? spans_add(&spans, start, end) : spans_remove(&spans, start, end), 0);
		memset(&flat[start], adds, end - start);
		compare(flat, start, end);
		start = seeded_below(&seed, PAGES);
		compare(flat, start, start + 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(ranges_that_adjoin_are_one, tear_down),
		cmocka_unit_test_teardown(a_hole_parts_a_range, tear_down),
		cmocka_unit_test_teardown(an_empty_set_touches_nothing, tear_down),
		cmocka_unit_test_teardown(random_sets_are_those_of_a_flat_array, tear_down),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
