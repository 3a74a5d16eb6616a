/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_tables.c - what raw tables in memory say.
 */
#include "replay_rig.h"

#define REVOKE_PAGE "T 1 0 100 a 40201000 1000 O N u\n"

static struct replay_rig rig;
static struct tables tables;

static int tear_down(void **state)
{
	(void)state;
	replay_rig_fini(&rig);
	return 0;
}

static void open_and_play(const char *text, const char *options)
{
	replay_rig_init(&rig, text, options);
	replay_rig_open_instant(&rig);
	assert_int_equal(replay_rig_play(&rig), 0);
	replay_rig_tables(&rig, &tables, NULL);
}

static void every_leaf_is_counted_by_its_level(void **state)
{
	struct tables_walk walk;

	(void)state;
	open_and_play(REPLAY_RIG_HEAD REVOKE_PAGE, "--policy batched");
	assert_int_equal(tables_walk(&tables, &walk, NULL, NULL), 0);

	assert_int_equal(walk.leaves[0], 0);
	assert_int_equal(walk.leaves[1], 63);
	assert_int_equal(walk.leaves[2], 510); /* one hole, and the pool */
	assert_int_equal(walk.leaves[3], 511);
	assert_true(walk.identity);
}

static void the_checksum_sees_one_page(void **state)
{
	struct tables_walk all, one_less;

	(void)state;
	open_and_play(REPLAY_RIG_HEAD REVOKE_PAGE, "--policy eager --until 0");
	assert_int_equal(tables_walk(&tables, &all, NULL, NULL), 0);
	replay_rig_fini(&rig);
	open_and_play(REPLAY_RIG_HEAD REVOKE_PAGE, "--policy eager");
	assert_int_equal(tables_walk(&tables, &one_less, NULL, NULL), 0);

	assert_true(all.checksum != one_less.checksum);
	assert_int_equal(all.leaves[3], one_less.leaves[3] + 1);
}

/* Change the entry that maps the last page of memory. */
static uint64_t *last_entry(void)
{
	struct model_leaf leaf;

	assert_int_equal(model_walk(&tables.memory, &tables.stage2, 0x43fff000, &leaf), MODEL_OK);
	return tables.memory.write(tables.memory.ctx, leaf.descriptor_pa, 8);
}

static void an_address_that_moves_is_found(void **state)
{
	struct tables_walk walk;

	(void)state;
	open_and_play(REPLAY_RIG_HEAD REVOKE_PAGE, "--policy eager");
	*last_entry() ^= UINT64_C(1) << 20;
	assert_int_equal(tables_walk(&tables, &walk, NULL, NULL), 0);

	assert_false(walk.identity);
	assert_int_equal(walk.moved_start, 0x43fff000);
	assert_int_equal(walk.moved_pa, 0x43fff000 ^ 1 << 20);
}

static void the_pages_of_a_table_are_all_found(void **state)
{
	struct tables_pages pages;
	struct policy_stats stats;

	(void)state;
	open_and_play(REPLAY_RIG_HEAD REVOKE_PAGE, "--policy batched");
	assert_int_equal(tables_pages(&tables, &pages), 0);
	rig.ops->stats(rig.policy, &stats);

	assert_int_equal(pages.count, 3);
	assert_int_equal(pages.count * 4096, stats.tables.bytes_live);
	for (size_t i = 1; i < pages.count; i++)
		assert_true(pages.pa[i - 1] < pages.pa[i]);
	tables_pages_free(&pages);
}

static void a_table_outside_memory_is_an_error(void **state)
{
	struct tables_pages pages;
	struct tables_walk walk;

	(void)state;
	open_and_play(REPLAY_RIG_HEAD REVOKE_PAGE, "--policy batched");
	*(uint64_t *)tables.memory.write(tables.memory.ctx, tables.stage2.ttb, 8) = 0x10003;

	assert_int_equal(tables_walk(&tables, &walk, NULL, NULL), -1);
	assert_int_equal(tables_pages(&tables, &pages), -1);
}

static void a_zero_ste_is_refused(void **state)
{
	const uint64_t ste[8] = { 0 };

	(void)state;
	open_and_play(REPLAY_RIG_HEAD, "--policy batched");

	assert_int_equal(tables_open(&tables, ste, &rig.world.model), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(every_leaf_is_counted_by_its_level, tear_down),
		cmocka_unit_test_teardown(the_checksum_sees_one_page, tear_down),
		cmocka_unit_test_teardown(an_address_that_moves_is_found, tear_down),
		cmocka_unit_test_teardown(the_pages_of_a_table_are_all_found, tear_down),
		cmocka_unit_test_teardown(a_table_outside_memory_is_an_error, tear_down),
		cmocka_unit_test_teardown(a_zero_ste_is_refused, tear_down),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
