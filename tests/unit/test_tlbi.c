/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_tlbi.c - spans: merged where they say the same, nothing lost.
 */
#include "smmuv3/tlbi.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "seeded.h"

#define SPANS_MAX 600

static struct tlbi_span storage[SPANS_MAX], original[SPANS_MAX];

static struct tlbi_spans spans_new(unsigned capacity)
{
	return (struct tlbi_spans){ .span = storage, .capacity = capacity };
}

static void assert_span(const struct tlbi_span *span, uint64_t start, uint64_t end, unsigned level, bool leaf)
{
	assert_int_equal(span->start, start);
	assert_int_equal(span->end, end);
	assert_int_equal(span->level, level);
	assert_int_equal(span->leaf, leaf);
}

static void neighbours_of_one_level_merge_as_they_are_added(void **state)
{
	struct tlbi_spans spans = spans_new(4);

	(void)state;

	tlbi_spans_add(&spans, 10, 11, 3, true);
	tlbi_spans_add(&spans, 11, 12, 3, true);
	tlbi_spans_add(&spans, 8, 10, 3, true);
	tlbi_spans_add(&spans, 9, 13, 3, true);
	assert_int_equal(spans.count, 1);
	assert_span(&storage[0], 8, 13, 3, true);

	tlbi_spans_add(&spans, 14, 15, 3, true);
	assert_int_equal(spans.count, 2);
}

static void what_touches_merges_if_it_is_of_one_kind(void **state)
{
	struct tlbi_spans spans = spans_new(8);

	(void)state;

	tlbi_spans_add(&spans, 1536, 1538, 3, true);
	tlbi_spans_add(&spans, 512, 1024, 2, true);
	tlbi_spans_add(&spans, 510, 512, 3, true);
	tlbi_spans_add(&spans, 1024, 1536, 2, true);
	tlbi_spans_close(&spans);

	assert_int_equal(spans.count, 3);
	assert_span(&storage[0], 510, 512, 3, true);
	assert_span(&storage[1], 512, 1536, 2, true);
	assert_span(&storage[2], 1536, 1538, 3, true);
}

static void a_split_inside_a_pending_collapse_costs_nothing_more(void **state)
{
	struct tlbi_spans spans = spans_new(8);

	(void)state;

	tlbi_spans_add(&spans, 512, 1024, 0, false);
	tlbi_spans_add(&spans, 512, 1024, 2, true);
	tlbi_spans_add(&spans, 600, 601, 3, true);
	tlbi_spans_close(&spans);

	assert_int_equal(spans.count, 1);
	assert_span(&storage[0], 512, 1024, 0, false);
}

static void a_leaf_span_does_not_cover_a_freed_table(void **state)
{
	struct tlbi_spans spans = spans_new(8);

	(void)state;

	tlbi_spans_add(&spans, 512, 1024, 0, true);
	tlbi_spans_add(&spans, 512, 1024, 3, false);
	tlbi_spans_close(&spans);

	assert_int_equal(spans.count, 2);
}

static void spans_that_are_apart_stay_as_they_are(void **state)
{
	struct tlbi_spans spans = spans_new(8);

	(void)state;

	tlbi_spans_add(&spans, 0, 1, 3, true);
	tlbi_spans_add(&spans, 2, 4, 3, true);
	tlbi_spans_add(&spans, 512, 1024, 2, true);
	tlbi_spans_close(&spans);

	assert_int_equal(spans.count, 3);
	assert_span(&storage[0], 0, 1, 3, true);
	assert_span(&storage[1], 2, 4, 3, true);
	assert_span(&storage[2], 512, 1024, 2, true);
}

static void more_than_fits_is_everything(void **state)
{
	struct tlbi_spans spans = spans_new(3);

	(void)state;

	for (unsigned i = 0; i < 3; i++)
		tlbi_spans_add(&spans, 10 * i, 10 * i + 1, 3, true);
	assert_false(spans.all);
	tlbi_spans_add(&spans, 21, 22, 3, true);
	assert_false(spans.all);
	tlbi_spans_add(&spans, 40, 41, 3, true);
	assert_true(spans.all);
	tlbi_spans_close(&spans);
	assert_true(spans.all);
}

/* Is this page still said to be replaced, at its level or at any, as a leaf or with its table? */
static bool is_said(const struct tlbi_spans *spans, uint64_t page, const struct tlbi_span *by)
{
	for (unsigned i = 0; i < spans->count; i++) {
		const struct tlbi_span *span = &spans->span[i];

		if (span->start <= page && page < span->end && (span->level == by->level || span->level == 0) &&
		    (by->leaf || !span->leaf))
			return true;
	}
	return false;
}

static void random_spans_lose_nothing_and_come_sorted(void **state)
{
	uint64_t random = seeded_start();

	(void)state;

	for (unsigned round = 0; round < 4000; round++) {
		unsigned count = 1 + (unsigned)seeded_below(&random, round % 16 ? 12 : SPANS_MAX);
		struct tlbi_spans spans = spans_new(SPANS_MAX);

		for (unsigned i = 0; i < count; i++) {
			uint8_t level = (uint8_t)seeded_below(&random, 4);
			uint64_t unit = level == 2 ? 512 : 1, start = seeded_below(&random, 4096) / unit * unit;

			original[i] = (struct tlbi_span){ start, start + unit * (1 + seeded_below(&random, 5)), level,
							  seeded_below(&random, 4) != 0 };
			tlbi_spans_add(&spans, original[i].start, original[i].end, level, original[i].leaf);
		}
		tlbi_spans_close(&spans);

		for (unsigned i = 0; i < count; i++)
			for (uint64_t page = original[i].start; page < original[i].end; page++)
				assert_true(is_said(&spans, page, &original[i]));
		for (unsigned i = 1; i < spans.count; i++)
			assert_true(storage[i].start >= storage[i - 1].start);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(neighbours_of_one_level_merge_as_they_are_added),
		cmocka_unit_test(what_touches_merges_if_it_is_of_one_kind),
		cmocka_unit_test(a_split_inside_a_pending_collapse_costs_nothing_more),
		cmocka_unit_test(a_leaf_span_does_not_cover_a_freed_table),
		cmocka_unit_test(spans_that_are_apart_stay_as_they_are),
		cmocka_unit_test(more_than_fits_is_everything),
		cmocka_unit_test(random_spans_lose_nothing_and_come_sorted),
	};

	return cmocka_run_group_tests_name("tlbi", tests, NULL, NULL);
}
