/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_inspect_layout.c - every address has its row, every mapping and hole its pixel.
 */
#include "bench/inspect/inspect_layout.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "seeded.h"

#define GIB  (UINT64_C(1) << 30)
#define MIB  (UINT64_C(1) << 20)
#define PAGE UINT64_C(4096)

static struct inspect_extent extents[4096];
static struct inspect_survey survey;
static struct inspect_shape shape;
static struct inspect_layout layout;
static uint8_t pixel[1u << INSPECT_PIXELS_LG2];

static int set_up(void **state)
{
	(void)state;
	survey = (struct inspect_survey){ .extents = extents };
	shape = (struct inspect_shape){ .granule_lg2 = 12, .ia_bits = 40, .start_level = 1 };
	return 0;
}

/* The next extent, up to @end. */
static void add(uint64_t end, enum inspect_kind kind, int level)
{
	uint64_t start = survey.extent_count ? extents[survey.extent_count - 1].end : 0;

	assert_true(survey.extent_count < sizeof(extents) / sizeof(*extents));
	extents[survey.extent_count++] =
		(struct inspect_extent){ .start = start, .end = end, .kind = kind, .level = level };
}

static void lay_out(void)
{
	uint64_t end = 0;

	inspect_layout(&layout, &shape, &survey);
	assert_true(layout.count > 0);
	for (unsigned i = 0; i < layout.count; i++) {
		assert_true(layout.row[i].start == end && layout.row[i].end > end);
		assert_true(!layout.row[i].detail ||
			    layout.row[i].end - layout.row[i].start == UINT64_C(1) << layout.unit_lg2);
		end = layout.row[i].end;
	}
	assert_true(end == UINT64_C(1) << shape.ia_bits);
}

static void a_uniform_space_is_one_row(void **state)
{
	(void)state;
	add(1024 * GIB, INSPECT_MAPPED, 1);
	lay_out();

	assert_int_equal(layout.count, 1);
	assert_false(layout.row[0].detail);
}

static void one_page_gets_four_pixels_of_its_own(void **state)
{
	unsigned holes = 0;

	(void)state;
	add(5 * GIB, INSPECT_MAPPED, 1);
	add(5 * GIB + PAGE, INSPECT_HOLE, 3);
	add(5 * GIB + 2 * MIB, INSPECT_MAPPED, 3);
	add(6 * GIB, INSPECT_MAPPED, 2);
	add(1024 * GIB, INSPECT_MAPPED, 1);
	lay_out();

	assert_int_equal(layout.count, 4); /* blocks, detail, smaller blocks, blocks */
	assert_true(layout.row[1].detail && layout.row[1].start == 5 * GIB);
	assert_int_equal(layout.unit_lg2, 24);
	inspect_layout_pixels(&layout, &layout.row[1], &survey, pixel);
	for (size_t i = 0; i < sizeof(pixel); i++)
		holes += pixel[i] == INSPECT_CLASS_HOLE;
	assert_int_equal(holes, 4);
	assert_int_equal(pixel[0], INSPECT_CLASS_HOLE);
	assert_int_equal(inspect_class_level(pixel[4]), 3);
	assert_int_equal(inspect_class_level(pixel[2048]), 2);
}

static void rows_that_are_too_many_get_larger(void **state)
{
	unsigned holes = 0;

	(void)state;
	for (unsigned i = 0; i < 1000; i++) {
		add(GIB * i + 7 * MIB, INSPECT_MAPPED, 2);
		add(GIB * i + 7 * MIB + PAGE, INSPECT_HOLE, 3);
	}
	add(1024 * GIB, INSPECT_MAPPED, 2);
	lay_out();

	assert_true(layout.unit_lg2 > 24 && layout.count <= INSPECT_ROWS_MAX);
	for (unsigned i = 0; i < layout.count; i++) {
		if (!layout.row[i].detail)
			continue;
		inspect_layout_pixels(&layout, &layout.row[i], &survey, pixel);
		for (size_t j = 0; j < sizeof(pixel); j++)
			holes += pixel[j] == INSPECT_CLASS_HOLE;
	}
	assert_int_equal(holes, 1000); /* none is lost */
}

static void holes_and_smaller_mappings_come_before_larger_ones(void **state)
{
	const struct inspect_extent block = { .kind = INSPECT_MAPPED, .level = 2 };
	const struct inspect_extent page = { .kind = INSPECT_MAPPED, .level = 3, .device = true };
	const struct inspect_extent hole = { .kind = INSPECT_HOLE, .level = 1 };
	const struct inspect_extent fault = { .kind = INSPECT_FAULT, .level = 1 };

	(void)state;
	assert_true(inspect_class(&block) < inspect_class(&page));
	assert_true(inspect_class(&page) < inspect_class(&hole));
	assert_true(inspect_class(&hole) < inspect_class(&fault));
	assert_int_equal(inspect_class_level(inspect_class(&block)), 2);
	assert_int_equal(inspect_class_level(inspect_class(&page)), 3);
}

static void a_small_space_is_one_row_of_detail(void **state)
{
	(void)state;
	shape.ia_bits = 20;
	shape.start_level = 3;
	add(MIB / 2, INSPECT_MAPPED, 3);
	add(MIB, INSPECT_HOLE, 3);
	lay_out();

	assert_int_equal(layout.count, 1);
	assert_true(layout.row[0].detail);
	inspect_layout_pixels(&layout, &layout.row[0], &survey, pixel);
	assert_int_equal(inspect_class_level(pixel[sizeof(pixel) / 2 - 1]), 3);
	assert_int_equal(pixel[sizeof(pixel) / 2], INSPECT_CLASS_HOLE);
}

/* Each pixel shows the greatest class of what lies in it. */
static void random_spaces_show_what_is_there(void **state)
{
	uint64_t seed = seeded_start();

	(void)state;
	for (unsigned round = 0; round < 40; round++) {
		uint64_t end = UINT64_C(1) << 40;

		survey.extent_count = 0;
		while (survey.extent_count < 400) {
			uint64_t start = survey.extent_count ? extents[survey.extent_count - 1].end : 0;
			uint64_t next =
				start + (PAGE << seeded_below(&seed, 24)) * (1 + seeded_below(&seed, 3));

			if (next >= end)
				break;
			add(next, seeded_below(&seed, 3) ? INSPECT_MAPPED : INSPECT_HOLE,
			    (int)(1 + seeded_below(&seed, 3)));
		}
		add(end, INSPECT_MAPPED, 1);
		lay_out();
		for (size_t i = 0; i < survey.extent_count; i++) {
			const struct inspect_extent *extent = &extents[i];
			const struct inspect_row *row = layout.row;

			while (row->end <= extent->start)
				row++;
			if (!row->detail) {
				assert_int_equal(row->class, inspect_class(extent));
				continue;
			}
			inspect_layout_pixels(&layout, row, &survey, pixel);
			assert_true(pixel[(extent->start - row->start) >>
					  (layout.unit_lg2 - INSPECT_PIXELS_LG2)] >= inspect_class(extent));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_uniform_space_is_one_row, set_up),
		cmocka_unit_test_setup(one_page_gets_four_pixels_of_its_own, set_up),
		cmocka_unit_test_setup(rows_that_are_too_many_get_larger, set_up),
		cmocka_unit_test_setup(holes_and_smaller_mappings_come_before_larger_ones, set_up),
		cmocka_unit_test_setup(a_small_space_is_one_row_of_detail, set_up),
		cmocka_unit_test_setup(random_spaces_show_what_is_there, set_up),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
