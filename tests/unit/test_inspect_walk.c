/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_inspect_walk.c - one address through tables of every shape, step by step.
 */
#include "inspect_rig.h"

#include <stdio.h>
#include <string.h>

static struct inspect_rig rig;
static struct inspect_walk walk;
static char said[512]; /* on standard error */

static int tear_down(void **state)
{
	(void)state;
	inspect_rig_close(&rig);
	return 0;
}

static const struct shape {
	unsigned granule_lg2, ia_bits;
	int start_level;
	bool large;
	unsigned start_tables;
} shapes[] = {
	{ 12, 32, 1, false, 1 },  { 12, 34, 2, false, 16 }, { 12, 40, 1, false, 2 },
	{ 12, 43, 1, false, 16 }, { 12, 41, 0, false, 1 },  { 12, 48, 0, false, 1 },
	{ 12, 52, 0, true, 16 },  { 12, 52, -1, true, 1 },  { 12, 49, -1, true, 1 },
	{ 14, 36, 2, false, 1 },  { 14, 40, 2, false, 16 }, { 14, 47, 1, false, 1 },
	{ 14, 48, 1, false, 2 },  { 14, 52, 0, true, 1 },   { 14, 51, 1, true, 16 },
	{ 16, 32, 2, false, 1 },  { 16, 46, 2, false, 16 }, { 16, 48, 1, false, 1 },
	{ 16, 52, 1, true, 1 },
};

/* The last page of the space, so that every index is the last of its table. */
static void every_shape_is_walked_to_its_last_page(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(shapes) / sizeof(*shapes); i++) {
		const struct shape *shape = &shapes[i];
		uint64_t page = (UINT64_C(1) << shape->ia_bits) - (UINT64_C(1) << shape->granule_lg2);
		uint64_t pa = page & ((UINT64_C(1) << (shape->large ? 52 : 48)) - 1),
			 table = INSPECT_RIG_BASE;
		unsigned last = (1u << (shape->granule_lg2 - 3)) - 1, index;

		inspect_rig_open(&rig, shape->granule_lg2, shape->ia_bits, shape->start_level, shape->large,
				 4);
		index = (1u << rig.shape.start_entries_lg2) - 1;
		for (int level = shape->start_level; level < 3; level++, index = last) {
			uint64_t next = inspect_rig_table(&rig);

			inspect_rig_set(&rig, table, index, inspect_rig_link(&rig, next));
			table = next;
		}
		inspect_rig_set(&rig, table, index, inspect_rig_leaf(&rig, 3, pa));

		inspect_walk(&rig.image, &rig.shape, page + 0x123, &walk);
		assert_int_equal(rig.shape.start_tables, shape->start_tables);
		assert_int_equal(walk.fault, MODEL_OK);
		assert_true(walk.leaf.valid && walk.leaf.read && walk.leaf.write && !walk.leaf.device);
		assert_true(walk.leaf.pa == pa);
		assert_true(walk.start == page && walk.end == UINT64_C(1) << shape->ia_bits);
		assert_int_equal(walk.count, 4 - shape->start_level);
		assert_int_equal(walk.step[walk.count - 1].level, 3);
		assert_int_equal(walk.step[walk.count - 1].index, last);
		assert_true(walk.step[walk.count - 1].table == table);
		assert_true(walk.step[0].table ==
			    INSPECT_RIG_BASE + ((uint64_t)(shape->start_tables - 1) << shape->granule_lg2));
		tear_down(NULL);
	}
	inspect_rig_open(&rig, 12, 40, 1, false, 0);
}

static void a_hole_ends_the_walk_at_its_level(void **state)
{
	(void)state;
	inspect_rig_open(&rig, 12, 40, 1, false, 2);
	inspect_rig_descend(&rig, 2);
	inspect_walk(&rig.image, &rig.shape, 0x212345, &walk);

	assert_int_equal(walk.fault, MODEL_OK);
	assert_false(walk.leaf.valid);
	assert_int_equal(walk.count, 2);
	assert_int_equal(walk.step[1].index, 1);
	assert_true(walk.start == 0x200000 && walk.end == 0x400000);
	assert_string_equal(inspect_fault_text(&walk), "nothing is mapped");
}

static void a_table_outside_the_image_is_named(void **state)
{
	(void)state;
	inspect_rig_open(&rig, 12, 40, 1, false, 0);
	inspect_rig_set(&rig, INSPECT_RIG_BASE, 0, inspect_rig_link(&rig, 0x1000));
	inspect_walk(&rig.image, &rig.shape, 0x3000, &walk);

	assert_int_equal(walk.fault, MODEL_F_WALK_EABT);
	assert_int_equal(walk.count, 2);
	assert_false(walk.step[1].fetched);
	assert_true(walk.step[1].table == 0x1000);
	assert_true(walk.start == 0 && walk.end == 0x200000);
	assert_string_equal(inspect_fault_name(walk.fault), "F_WALK_EABT");
}

static void an_address_beyond_the_input_size_takes_no_step(void **state)
{
	(void)state;
	inspect_rig_open(&rig, 12, 40, 1, false, 0);
	inspect_walk(&rig.image, &rig.shape, UINT64_C(1) << 40, &walk);

	assert_int_equal(walk.fault, MODEL_F_TRANSLATION);
	assert_int_equal(walk.count, 0);
	assert_string_equal(inspect_fault_text(&walk), "the address lies beyond the input size");
}

static void a_loop_ends_at_level_3(void **state)
{
	(void)state;
	inspect_rig_open(&rig, 12, 48, 0, false, 0);
	inspect_rig_set(&rig, INSPECT_RIG_BASE, 0, inspect_rig_link(&rig, INSPECT_RIG_BASE));
	inspect_walk(&rig.image, &rig.shape, 0, &walk);

	assert_int_equal(walk.count, 4);
	assert_true(walk.leaf.valid); /* what links above is a page here */
	assert_true(walk.leaf.pa == INSPECT_RIG_BASE);
}

static int shape_of(const struct imagefile *image)
{
	FILE *kept = stderr, *file = fmemopen(said, sizeof(said), "w");
	struct inspect_shape shape;
	int result;

	assert_non_null(file);
	stderr = file;
	result = inspect_shape_of(&shape, image, "file");
	stderr = kept;
	fclose(file);
	return result;
}

static void a_note_that_contradicts_its_entry_is_refused(void **state)
{
	(void)state;
	inspect_rig_open(&rig, 12, 40, 1, false, 0);
	rig.image.ia_bits = 39;

	assert_int_equal(shape_of(&rig.image), -1);
	assert_non_null(strstr(said, "file: the note says"));
}

static void an_illegal_entry_is_refused(void **state)
{
	(void)state;
	inspect_rig_open(&rig, 12, 40, 1, false, 0);
	rig.image.ste[0] = 1 | 4 << 1; /* bypass */

	assert_int_equal(shape_of(&rig.image), -1);
	assert_non_null(strstr(said, "no legal one with stage 2"));
}

static void groups_are_as_large_as_the_architecture_says(void **state)
{
	(void)state;
	assert_int_equal(level_contiguous_lg2(12, 1), 4);
	assert_int_equal(level_contiguous_lg2(12, 2), 4);
	assert_int_equal(level_contiguous_lg2(12, 3), 4);
	assert_int_equal(level_contiguous_lg2(14, 2), 5);
	assert_int_equal(level_contiguous_lg2(14, 3), 7);
	assert_int_equal(level_contiguous_lg2(16, 2), 5);
	assert_int_equal(level_contiguous_lg2(16, 3), 5);
	assert_int_equal(level_contiguous_lg2(12, 0) | level_contiguous_lg2(14, 1) | level_contiguous_lg2(16, 1), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(every_shape_is_walked_to_its_last_page, tear_down),
		cmocka_unit_test_teardown(a_hole_ends_the_walk_at_its_level, tear_down),
		cmocka_unit_test_teardown(a_table_outside_the_image_is_named, tear_down),
		cmocka_unit_test_teardown(an_address_beyond_the_input_size_takes_no_step, tear_down),
		cmocka_unit_test_teardown(a_loop_ends_at_level_3, tear_down),
		cmocka_unit_test_teardown(a_note_that_contradicts_its_entry_is_refused, tear_down),
		cmocka_unit_test_teardown(an_illegal_entry_is_refused, tear_down),
		cmocka_unit_test(groups_are_as_large_as_the_architecture_says),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
