/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_inspect_survey.c - counts, runs and problems of tables; and that nothing in an image can hold it up.
 */
#include "inspect_rig.h"

#include <string.h>

#include "seeded.h"

#define GIB (UINT64_C(1) << 30)
#define MIB (UINT64_C(1) << 20)

static struct inspect_rig rig;

static int tear_down(void **state)
{
	(void)state;
	inspect_rig_close(&rig);
	return 0;
}

static const struct inspect_level *level_of(const struct inspect_survey *survey, int level)
{
	return &survey->level[level - INSPECT_LEVEL_MIN];
}

/* 40 bits from level 1: a block, then tables down to one page. */
static uint64_t open_small(unsigned tables)
{
	uint64_t pages;

	inspect_rig_open(&rig, 12, 40, 1, false, tables);
	pages = inspect_rig_descend(&rig, 3);
	inspect_rig_set(&rig, INSPECT_RIG_BASE, 1, inspect_rig_device(&rig, 1, GIB));
	return pages;
}

static void every_level_is_counted(void **state)
{
	uint64_t pages = open_small(2);
	const struct inspect_survey *survey;

	(void)state;
	inspect_rig_set(&rig, pages, 0, inspect_rig_leaf(&rig, 3, 0));
	inspect_rig_set(&rig, pages, 7, 2 << 8); /* software's mark */
	survey = inspect_rig_survey(&rig);

	assert_int_equal(level_of(survey, 1)->tables, 2);
	assert_int_equal(level_of(survey, 1)->table_bytes, 8192);
	assert_int_equal(level_of(survey, 1)->links, 1);
	assert_int_equal(level_of(survey, 1)->leaves, 1);
	assert_int_equal(level_of(survey, 1)->holes, 1022);
	assert_int_equal(level_of(survey, 2)->tables, 1);
	assert_int_equal(level_of(survey, 2)->holes, 511);
	assert_int_equal(level_of(survey, 3)->leaves, 1);
	assert_int_equal(level_of(survey, 3)->holes, 511);
	assert_int_equal(level_of(survey, 3)->holes_marked, 1);
	assert_true(survey->mapped_bytes == GIB + 4096);
	assert_true(survey->device_bytes == GIB);
	assert_true(survey->mapped_bytes + survey->hole_bytes == UINT64_C(1) << 40);
	assert_true(survey->identity);
	assert_int_equal(survey->problem_count, 0);
}

static void runs_join_levels_and_part_at_what_a_device_sees(void **state)
{
	uint64_t pages = open_small(2);
	const struct inspect_survey *survey;

	(void)state;
	for (unsigned i = 0; i < 512; i++)
		inspect_rig_set(&rig, pages, i, inspect_rig_leaf(&rig, 3, 4096 * i));
	inspect_rig_set(&rig, INSPECT_RIG_BASE + 8192, 1, inspect_rig_leaf(&rig, 2, 2 * MIB));
	inspect_rig_set(&rig, INSPECT_RIG_BASE + 8192, 2,
			inspect_rig_leaf(&rig, 2, 4 * MIB) & ~(UINT64_C(1) << 7)); /* read-only */
	survey = inspect_rig_survey(&rig);

	assert_int_equal(survey->run_count, 5);
	assert_true(survey->runs[0].start == 0 && survey->runs[0].end == 4 * MIB);
	assert_int_equal(survey->runs[0].entries[3 - INSPECT_LEVEL_MIN], 512);
	assert_int_equal(survey->runs[0].entries[2 - INSPECT_LEVEL_MIN], 1);
	assert_true(survey->runs[1].read && !survey->runs[1].write);
	assert_int_equal(survey->runs[2].kind, INSPECT_HOLE);
	assert_true(survey->runs[3].device);
	assert_true(survey->runs[4].end == UINT64_C(1) << 40);
	assert_true(survey->read_only_bytes == 2 * MIB);
	assert_int_equal(survey->hole_runs, 2);
	assert_true(survey->largest_hole == (UINT64_C(1) << 40) - 2 * GIB);
}

static void an_address_that_moves_is_no_identity(void **state)
{
	uint64_t pages = open_small(2);

	(void)state;
	inspect_rig_set(&rig, pages, 0, inspect_rig_leaf(&rig, 3, 0x5000));

	assert_false(inspect_rig_survey(&rig)->identity);
}

static void marked_blocks_are_counted(void **state)
{
	const uint64_t nt = UINT64_C(1) << 16;
	uint64_t pages = open_small(2);

	(void)state;
	inspect_rig_set(&rig, pages, 16, inspect_rig_leaf(&rig, 3, 0x10000)); /* an address bit there */
	inspect_rig_set(&rig, INSPECT_RIG_BASE + 8192, 1, inspect_rig_leaf(&rig, 2, 2 * MIB) | nt);
	inspect_rig_survey(&rig);

	assert_int_equal(level_of(&rig.survey, 2)->leaves_marked, 1);
	assert_int_equal(level_of(&rig.survey, 1)->leaves_marked, 0);
	assert_int_equal(level_of(&rig.survey, 3)->leaves_marked, 0);
	assert_int_equal(rig.survey.problem_count, 0);
}

static void the_fewest_leaves_are_known(void **state)
{
	uint64_t pages = open_small(2);

	(void)state;
	for (unsigned i = 0; i < 512; i++)
		inspect_rig_set(&rig, pages, i, inspect_rig_leaf(&rig, 3, 4096 * i));
	inspect_rig_survey(&rig);
	assert_int_equal(rig.survey.leaves, 513); /* and the block at 1 GiB */
	assert_int_equal(rig.survey.leaves_fewest, 2);

	inspect_rig_set(&rig, pages, 3, 0);
	inspect_rig_survey(&rig);
	assert_int_equal(rig.survey.leaves, 512);
	assert_int_equal(rig.survey.leaves_fewest, 512);

	for (unsigned i = 0; i < 512; i++) /* no address fits a block */
		inspect_rig_set(&rig, pages, i, inspect_rig_leaf(&rig, 3, 4096 * (i + 1)));
	inspect_rig_survey(&rig);
	assert_int_equal(rig.survey.leaves_fewest, 513);

	for (unsigned i = 0; i < 512; i++)
		inspect_rig_set(&rig, INSPECT_RIG_BASE + 8192, i,
				inspect_rig_leaf(&rig, 2, (uint64_t)i << 21));
	inspect_rig_survey(&rig);
	assert_int_equal(rig.survey.leaves, 513);
	assert_int_equal(rig.survey.leaves_fewest, 2); /* normal memory, then the device */
}

static void larger_blocks_count_where_the_format_has_them(void **state)
{
	(void)state;
	for (unsigned large = 0; large < 2; large++) {
		inspect_rig_open(&rig, 12, 48, 0, large, 1);
		inspect_rig_descend(&rig, 1);
		for (unsigned i = 0; i < 512; i++)
			inspect_rig_set(&rig, INSPECT_RIG_BASE + 4096, i,
					inspect_rig_device(&rig, 1, (UINT64_C(1) << 40) + GIB * i));
		inspect_rig_survey(&rig);
		assert_int_equal(rig.survey.leaves, 512);
		assert_int_equal(rig.survey.leaves_fewest, large ? 1 : 512);
		tear_down(NULL);
	}
	inspect_rig_open(&rig, 12, 40, 1, false, 0);
}

/* ---- contiguous groups --------------------------------------------------------------------------- */

static void hint(uint64_t pages, unsigned first, unsigned count)
{
	for (unsigned i = first; i < first + count; i++)
		inspect_rig_set(&rig, pages, i, inspect_rig_leaf(&rig, 3, 4096 * i) | INSPECT_RIG_HINT);
}

static void whole_groups_are_counted(void **state)
{
	uint64_t pages = open_small(2);
	const struct inspect_survey *survey;

	(void)state;
	hint(pages, 16, 32);
	survey = inspect_rig_survey(&rig);

	assert_int_equal(level_of(survey, 3)->groups, 2);
	assert_int_equal(level_of(survey, 3)->leaves_hinted, 32);
	assert_int_equal(survey->problem_count, 0);
}

static void one_group_is_a_problem(const char *what)
{
	const struct inspect_survey *survey = inspect_rig_survey(&rig);

	assert_int_equal(survey->problem_count, 1);
	assert_string_equal(survey->problems[0].what, what);
	assert_true(survey->problems[0].start == 0x10000 && survey->problems[0].end == 0x20000);
	assert_int_equal(level_of(survey, 3)->groups, 0);
}

static void a_group_without_its_first_last_or_middle_is_a_problem(void **state)
{
	uint64_t pages = open_small(2);

	(void)state;
	for (unsigned missing = 16; missing < 32; missing++) {
		hint(pages, 16, 16);
		inspect_rig_set(&rig, pages, missing, 0);
		one_group_is_a_problem("a contiguous group that is not whole");
		inspect_rig_set(&rig, pages, missing, inspect_rig_leaf(&rig, 3, 4096 * missing));
		one_group_is_a_problem("a contiguous group that is not whole");
	}
}

static void a_member_that_differs_is_a_problem(void **state)
{
	uint64_t pages = open_small(2);

	(void)state;
	hint(pages, 16, 16);
	inspect_rig_set(&rig, pages, 20, inspect_rig_device(&rig, 3, 4096 * 20) | INSPECT_RIG_HINT);
	one_group_is_a_problem("a contiguous group that is not whole");
	inspect_rig_set(&rig, pages, 20, inspect_rig_leaf(&rig, 3, 4096 * 21) | INSPECT_RIG_HINT);
	one_group_is_a_problem("a contiguous group that is not whole");
}

static void a_hint_where_there_are_no_groups_is_a_problem(void **state)
{
	const struct inspect_survey *survey;

	(void)state;
	inspect_rig_open(&rig, 12, 52, 0, true, 0);
	inspect_rig_set(&rig, INSPECT_RIG_BASE, 0, inspect_rig_leaf(&rig, 0, 0) | INSPECT_RIG_HINT);
	survey = inspect_rig_survey(&rig);

	assert_int_equal(survey->problem_count, 2); /* the block holds the tables, too */
	assert_string_equal(survey->problems[0].what, "a contiguous hint at a level that has none");
}

/* ---- what no right shadow has -------------------------------------------------------------------- */

static void expect_problem(const char *what, uint64_t start, uint64_t end)
{
	const struct inspect_survey *survey = inspect_rig_survey(&rig);

	assert_int_equal(survey->problem_count, 1);
	assert_string_equal(survey->problems[0].what, what);
	assert_true(survey->problems[0].start == start && survey->problems[0].end == end);
}

static void faults_are_problems_and_the_rest_is_still_read(void **state)
{
	uint64_t pages = open_small(2);

	(void)state;
	inspect_rig_set(&rig, pages, 511, inspect_rig_leaf(&rig, 3, 4096 * 511));
	inspect_rig_set(&rig, pages, 1, 1 | 0x1000);
	expect_problem("a reserved descriptor", 0x1000, 0x2000);
	inspect_rig_set(&rig, pages, 1, inspect_rig_leaf(&rig, 3, 0x1000) & ~(UINT64_C(1) << 10));
	expect_problem("the access flag is clear", 0x1000, 0x2000);
	inspect_rig_set(&rig, pages, 1, 0);
	inspect_rig_set(&rig, INSPECT_RIG_BASE + 8192, 9, inspect_rig_link(&rig, 0x70000000));
	expect_problem("a link to a table that is not in the image", 18 * MIB, 20 * MIB);

	assert_int_equal(level_of(&rig.survey, 3)->leaves, 1);
	assert_int_equal(level_of(&rig.survey, 1)->leaves, 1);
	assert_true(rig.survey.fault_bytes == 2 * MIB);
	assert_true(rig.survey.mapped_bytes + rig.survey.hole_bytes + rig.survey.fault_bytes ==
		    UINT64_C(1) << 40);
}

static void a_second_link_to_a_table_is_a_problem(void **state)
{
	uint64_t pages = open_small(2);

	(void)state;
	inspect_rig_set(&rig, INSPECT_RIG_BASE + 8192, 1, inspect_rig_link(&rig, pages));
	expect_problem("a link to a table that was entered before", 2 * MIB, 4 * MIB);
	inspect_rig_set(&rig, INSPECT_RIG_BASE + 8192, 1, inspect_rig_link(&rig, INSPECT_RIG_BASE));
	expect_problem("a link to a table that was entered before", 2 * MIB, 4 * MIB);

	assert_int_equal(level_of(&rig.survey, 3)->tables, 1);
}

static void tables_in_reach_of_a_device_are_a_problem(void **state)
{
	(void)state;
	open_small(2);
	inspect_rig_set(&rig, INSPECT_RIG_BASE, 256, inspect_rig_leaf(&rig, 1, INSPECT_RIG_BASE));

	expect_problem("a device can reach tables", INSPECT_RIG_BASE, INSPECT_RIG_BASE + 16384);
}

static void loops_everywhere_take_no_longer_than_reading_the_image(void **state)
{
	const struct inspect_survey *survey;

	(void)state;
	inspect_rig_open(&rig, 12, 48, 0, false, 0);
	for (unsigned i = 0; i < 512; i++)
		inspect_rig_set(&rig, INSPECT_RIG_BASE, i, inspect_rig_link(&rig, INSPECT_RIG_BASE));
	survey = inspect_rig_survey(&rig);

	assert_int_equal(survey->problem_count, 1); /* one stretch */
	assert_int_equal(level_of(survey, 0)->tables, 1);
	assert_true(survey->fault_bytes == UINT64_C(1) << 48);
}

/* 64 KiB tables of which only the end is there: every link would lead on, again and again. */
static void a_table_in_part_is_not_entered(void **state)
{
	uint64_t table;

	(void)state;
	inspect_rig_open(&rig, 16, 48, 1, false, 1);
	table = inspect_rig_table(&rig);
	for (unsigned i = 0; i < 64; i++)
		inspect_rig_set(&rig, INSPECT_RIG_BASE, i, inspect_rig_link(&rig, table - 0x10000));
	for (unsigned i = 0; i < 8192; i++)
		inspect_rig_set(&rig, table, i, inspect_rig_link(&rig, table));
	rig.image.segments[0].bytes -= 0x1000; /* the last page of the table is missing */
	inspect_rig_set(&rig, INSPECT_RIG_BASE, 0, inspect_rig_link(&rig, table));
	inspect_rig_survey(&rig);

	assert_int_equal(level_of(&rig.survey, 2)->tables, 0);
	assert_string_equal(rig.survey.problems[0].what, "a link to a table that is not in the image");
	assert_true(rig.survey.fault_bytes == UINT64_C(1) << 48);
}

/* ---- random tables ------------------------------------------------------------------------------- */

struct tally {
	uint64_t leaves[INSPECT_LEVELS], holes[INSPECT_LEVELS], mapped_bytes;
};

static void tally_leaf(void *ctx, const struct model_leaf *leaf)
{
	struct tally *tally = ctx;

	if (leaf->valid) {
		tally->leaves[leaf->level - INSPECT_LEVEL_MIN]++;
		tally->mapped_bytes += leaf->end - leaf->start;
	} else {
		tally->holes[leaf->level - INSPECT_LEVEL_MIN]++;
	}
}

static const void *read_image(void *ctx, uint64_t pa, size_t bytes)
{
	return imagefile_at(ctx, pa, bytes);
}

/* Links, leaves and holes at random, each table linked once. */
static void fill(uint64_t *seed, uint64_t table, int level, unsigned entries, uint64_t start)
{
	unsigned shift = level_shift(rig.image.granule_lg2, level);

	for (unsigned i = 0; i < entries; i++) {
		uint64_t address = start + ((uint64_t)i << shift);
		bool room = rig.used + (UINT64_C(1) << rig.image.granule_lg2) <= rig.image.length;

		switch (seeded_below(seed, 8)) {
		case 0:
			break;
		case 1:
			if (level < 3 && room) {
				uint64_t next = inspect_rig_table(&rig);

				inspect_rig_set(&rig, table, i, inspect_rig_link(&rig, next));
				fill(seed, next, level + 1, 1u << (rig.image.granule_lg2 - 3), address);
			}
			break;
		default:
			if (level >= 2 || (level == 1 && rig.image.granule_lg2 == 12))
				inspect_rig_set(&rig, table, i, inspect_rig_leaf(&rig, level, address));
		}
	}
}

static void a_survey_agrees_with_the_models_own_walk(void **state)
{
	uint64_t seed = seeded_start();

	(void)state;
	for (unsigned round = 0; round < 12; round++) {
		static const unsigned granules[] = { 12, 14, 16 };
		static const int starts[] = { 1, 1, 2 };
		static const unsigned bits[] = { 41, 40, 43 };
		const struct model_memory memory = { .ctx = &rig.image, .read = read_image };
		const struct inspect_survey *survey;
		struct tally tally = { { 0 }, { 0 }, 0 };
		unsigned i = round % 3;

		inspect_rig_open(&rig, granules[i], bits[i], starts[i], false, 8);
		fill(&seed, INSPECT_RIG_BASE, starts[i], 1u << rig.shape.start_entries_lg2, 0);
		survey = inspect_rig_survey(&rig);
		assert_int_equal(model_walk_all(&memory, &rig.shape.stage2, &tally, tally_leaf), MODEL_OK);

		assert_true(survey->mapped_bytes == tally.mapped_bytes);
		for (unsigned level = 0; level < INSPECT_LEVELS; level++) {
			assert_int_equal(survey->level[level].leaves, tally.leaves[level]);
			assert_int_equal(survey->level[level].holes, tally.holes[level]);
		}
		assert_true(survey->identity);
		tear_down(NULL);
	}
	inspect_rig_open(&rig, 12, 40, 1, false, 0);
}

/* Extents and runs cover every address once, whatever the tables say. */
static void check_cover(const struct inspect_survey *survey, uint64_t end)
{
	uint64_t extent_end = 0, run_end = 0;

	for (size_t i = 0; i < survey->extent_count; i++) {
		assert_true(survey->extents[i].start == extent_end && survey->extents[i].end > extent_end);
		extent_end = survey->extents[i].end;
	}
	for (size_t i = 0; i < survey->run_count; i++) {
		assert_true(survey->runs[i].start == run_end && survey->runs[i].end > run_end);
		run_end = survey->runs[i].end;
	}
	assert_true(extent_end == end && run_end == end);
	assert_true(survey->mapped_bytes + survey->hole_bytes + survey->fault_bytes == end);
}

static void garbage_is_surveyed_to_the_end(void **state)
{
	uint64_t seed = seeded_start();

	(void)state;
	for (unsigned round = 0; round < 60; round++) {
		static const unsigned granules[] = { 12, 14, 16, 12 };
		static const unsigned bits[] = { 48, 47, 48, 52 };
		static const int starts[] = { 0, 1, 1, -1 };
		unsigned shape = round % 4;

		inspect_rig_open(&rig, granules[shape], bits[shape], starts[shape], shape == 3, 6);
		for (uint64_t at = 0; at < rig.image.length; at += 8) {
			uint64_t value = seeded_next(&seed);

			/* Most links stay in the image, so that walks get deep. */
			if (seeded_below(&seed, 4))
				value = inspect_rig_link(&rig,
							 INSPECT_RIG_BASE +
								 (seeded_below(&seed, rig.image.length) >>
								  granules[shape] << granules[shape])) |
					(value & (UINT64_C(0xf) << 52 | 0xf << 2));
			inspect_rig_set(&rig, INSPECT_RIG_BASE + at, 0, value);
		}
		check_cover(inspect_rig_survey(&rig), UINT64_C(1) << bits[shape]);
		tear_down(NULL);
	}
	inspect_rig_open(&rig, 12, 40, 1, false, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(every_level_is_counted, tear_down),
		cmocka_unit_test_teardown(runs_join_levels_and_part_at_what_a_device_sees, tear_down),
		cmocka_unit_test_teardown(an_address_that_moves_is_no_identity, tear_down),
		cmocka_unit_test_teardown(marked_blocks_are_counted, tear_down),
		cmocka_unit_test_teardown(the_fewest_leaves_are_known, tear_down),
		cmocka_unit_test_teardown(larger_blocks_count_where_the_format_has_them, tear_down),
		cmocka_unit_test_teardown(whole_groups_are_counted, tear_down),
		cmocka_unit_test_teardown(a_group_without_its_first_last_or_middle_is_a_problem, tear_down),
		cmocka_unit_test_teardown(a_member_that_differs_is_a_problem, tear_down),
		cmocka_unit_test_teardown(a_hint_where_there_are_no_groups_is_a_problem, tear_down),
		cmocka_unit_test_teardown(faults_are_problems_and_the_rest_is_still_read, tear_down),
		cmocka_unit_test_teardown(a_second_link_to_a_table_is_a_problem, tear_down),
		cmocka_unit_test_teardown(tables_in_reach_of_a_device_are_a_problem, tear_down),
		cmocka_unit_test_teardown(loops_everywhere_take_no_longer_than_reading_the_image, tear_down),
		cmocka_unit_test_teardown(a_table_in_part_is_not_entered, tear_down),
		cmocka_unit_test_teardown(a_survey_agrees_with_the_models_own_walk, tear_down),
		cmocka_unit_test_teardown(garbage_is_surveyed_to_the_end, tear_down),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
