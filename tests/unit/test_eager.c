/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_eager.c - the baseline eager: exactly what it tells the SMMUs, and what that costs.
 */
#include "tests/unit/policy_rig.h"

#define EAGER		 0u /* in struct runner */
#define INSTRUCTIONS_MAX 1000

static struct rig rig;

static void start(unsigned smmu_count, bool nested, bool no_ril)
{
	rig_start(&rig, &policy_eager, smmu_count, nested, no_ril);
}

static void a_revoked_page_takes_two_commands_two_doorbells_and_one_wait(void **state)
{
	(void)state;
	start(1, false, false);

	assert_int_equal(rig_revoke(&rig, 7, 1), 0);

	assert_string_equal(rig.text, "0:IPA:7+1:3 0:! 0:SYNC 0:! 0:?");
	assert_int_equal(rig.word[0], UINT64_C(0x000000050000002a));
	assert_int_equal(rig.word[1], UINT64_C(0x0000000040007701)); /* TTL 3, TG 1, Leaf */
	assert_int_equal(rig_access(&rig, 7), 0);
	assert_int_equal(rig_access(&rig, 6), 3);
	assert_int_equal(rig_access(&rig, 8), 3);
	rig_fini(&rig);
}

static void without_range_invalidation_the_granule_is_left_open(void **state)
{
	(void)state;
	start(1, false, true);

	assert_int_equal(rig_revoke(&rig, 7, 1), 0);

	assert_string_equal(rig.text, "0:IPA:7 0:! 0:SYNC 0:! 0:?");
	assert_int_equal(rig.word[0], UINT64_C(0x000000050000002a));
	assert_int_equal(rig.word[1], UINT64_C(0x0000000040007001)); /* TG 0, TTL 0, Leaf */
	rig_fini(&rig);
}

static void a_nested_smmu_gets_a_second_step_with_its_own_sync_and_wait(void **state)
{
	(void)state;
	start(1, true, false);

	assert_int_equal(rig_revoke(&rig, 0, 1), 0);

	assert_string_equal(rig.text, "0:IPA:0+1:3 0:! 0:SYNC 0:! 0:? 0:NH_ALL 0:! 0:SYNC 0:! 0:?");
	assert_int_equal(rig.word[0], UINT64_C(0x0000000500000010));
	rig_fini(&rig);
}

static void smmus_are_served_one_after_the_other(void **state)
{
	(void)state;
	start(2, false, false);

	assert_int_equal(rig_revoke(&rig, 0, 1), 0);

	assert_string_equal(rig.text, "0:IPA:0+1:3 0:! 0:SYNC 0:! 0:? 1:IPA:0+1:3 1:! 1:SYNC 1:! 1:?");
	rig_fini(&rig);
}

static void a_range_goes_page_by_page(void **state)
{
	(void)state;
	start(1, false, false);

	assert_int_equal(rig_revoke(&rig, 511, 3), 0); /* over the border of two leaf tables */

	assert_string_equal(rig.text, "0:IPA:511+1:3 0:! 0:SYNC 0:! 0:? 0:IPA:512+1:3 0:! 0:SYNC 0:! 0:? "
				      "0:IPA:513+1:3 0:! 0:SYNC 0:! 0:?");
	rig_fini(&rig);
}

static void a_grant_takes_no_command(void **state)
{
	(void)state;
	start(1, true, false);
	assert_int_equal(rig_revoke(&rig, 3, 2), 0);

	assert_int_equal(rig_grant(&rig, 3, 2, 0), 0);

	assert_string_equal(rig.text, "");
	assert_int_equal(rig_access(&rig, 3), 3);
	assert_int_equal(rig_access(&rig, 4), 3);
	rig_fini(&rig);
}

static void a_page_without_access_is_not_invalidated_again(void **state)
{
	(void)state;
	start(1, false, false);
	assert_int_equal(rig_revoke(&rig, 1, 1), 0);

	assert_int_equal(rig_revoke(&rig, 0, 3), 0);

	assert_string_equal(rig.text, "0:IPA:0+1:3 0:! 0:SYNC 0:! 0:? 0:IPA:2+1:3 0:! 0:SYNC 0:! 0:?");
	rig_fini(&rig);
}

static void a_live_page_that_widens_is_invalidated(void **state)
{
	(void)state;
	start(1, false, false);
	assert_int_equal(rig_revoke(&rig, 5, 1), 0);
	assert_int_equal(rig_grant(&rig, 5, 1, SHADOW_ACCESS_R), 0);
	assert_string_equal(rig.text, "");
	assert_int_equal(rig_access(&rig, 5), 1);

	assert_int_equal(rig_grant(&rig, 4, 3, 0), 0);

	assert_string_equal(rig.text, "0:IPA:5+1:3 0:! 0:SYNC 0:! 0:?");
	assert_int_equal(rig_access(&rig, 5), 3);
	rig_fini(&rig);
}

static void a_range_of_mixed_old_states_changes_only_what_changes_access(void **state)
{
	static const uint8_t old_states[] = { SHADOW_STATE_OWNED, SHADOW_STATE_NOPAGE,
					      SHADOW_STATE_SHARED_OWNED };

	(void)state;
	start(1, false, false);
	assert_int_equal(rig_revoke(&rig, 1, 1), 0);

	assert_int_equal(rig_transition(&rig, 0, 3, SHADOW_STATE_SHARED_BORROWED, old_states), 0);

	assert_string_equal(rig.text, "");
	assert_int_equal(rig_access(&rig, 1), 3);
	rig_fini(&rig);
}

static void a_reserved_range_is_left_out(void **state)
{
	struct shadow_range reserved = { (STORM_BASE + 4) << SHADOW_PAGE_LG2, (STORM_BASE + 6)
										      << SHADOW_PAGE_LG2 };
	struct storm_config config = storm_config_default();

	(void)state;
	rig_init(&rig, &config);
	rig.storm.world.map.reserved = &reserved;
	rig.storm.world.map.reserved_count = 1;
	rig_open(&rig, &policy_eager);
	assert_int_equal(rig_access(&rig, 4), 0);

	assert_int_equal(rig_revoke(&rig, 3, 4), 0);
	assert_string_equal(rig.text, "0:IPA:3+1:3 0:! 0:SYNC 0:! 0:? 0:IPA:6+1:3 0:! 0:SYNC 0:! 0:?");
	assert_int_equal(rig_grant(&rig, 3, 4, 0), 0);

	assert_int_equal(rig_access(&rig, 3), 3);
	assert_int_equal(rig_access(&rig, 4), 0);
	assert_int_equal(rig_access(&rig, 5), 0);
	assert_int_equal(rig_access(&rig, 6), 3);
	rig_fini(&rig);
}

static void a_device_that_is_gone_is_an_error(void **state)
{
	(void)state;
	start(1, false, false);
	instant_remove(&rig.storm.device[0]);

	assert_int_equal(rig_revoke(&rig, 0, 1), -SHADOW_EIO);

	rig_fini(&rig);
}

static void everything_is_counted(void **state)
{
	struct policy_stats before, after;

	(void)state;
	start(2, true, false);
	storm_stats(&rig.storm, &before);

	assert_int_equal(rig_revoke(&rig, 0, 10), 0);
	assert_int_equal(rig_grant(&rig, 0, 4, 0), 0);
	assert_int_equal(rig_grant(&rig, 100, 1, 0), 0); /* has it already */

	storm_stats(&rig.storm, &after);
	assert_int_equal(after.flushes - before.flushes, 3);
	assert_int_equal(after.tlbi - before.tlbi, 40);
	assert_int_equal(after.syncs - before.syncs, 40);
	assert_int_equal(after.doorbells - before.doorbells, 80);
	assert_int_equal(after.doorbells_extra, 0);
	assert_int_equal(after.tables.writes - before.tables.writes, 14);
	assert_int_equal(before.tables.leaves[3] - after.tables.leaves[3], 6);
	assert_int_equal(after.tables.bytes_live, before.tables.bytes_live);
	rig_fini(&rig);
}

static void a_ring_of_four_slots_wraps(void **state)
{
	struct storm_config config = storm_config_default();
	uint64_t page;

	(void)state;
	config.nested = true;
	config.cmdq_lg2 = 2;
	rig_init(&rig, &config);
	rig_open(&rig, &policy_eager);

	for (page = 0; page < 9; page++) {
		assert_int_equal(rig_revoke(&rig, 2, 1), 0);
		assert_string_equal(rig.text, "0:IPA:2+1:3 0:! 0:SYNC 0:! 0:? 0:NH_ALL 0:! 0:SYNC 0:! 0:?");
		assert_int_equal(rig_grant(&rig, 2, 1, 0), 0);
	}

	rig_fini(&rig);
}

static void a_sequential_revoke_takes_at_most_1000_instructions(void **state)
{
	(void)state;

	assert_in_range(rig_count_instructions(EAGER), 1, INSTRUCTIONS_MAX);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_revoked_page_takes_two_commands_two_doorbells_and_one_wait),
		cmocka_unit_test(without_range_invalidation_the_granule_is_left_open),
		cmocka_unit_test(a_nested_smmu_gets_a_second_step_with_its_own_sync_and_wait),
		cmocka_unit_test(smmus_are_served_one_after_the_other),
		cmocka_unit_test(a_range_goes_page_by_page),
		cmocka_unit_test(a_grant_takes_no_command),
		cmocka_unit_test(a_page_without_access_is_not_invalidated_again),
		cmocka_unit_test(a_live_page_that_widens_is_invalidated),
		cmocka_unit_test(a_range_of_mixed_old_states_changes_only_what_changes_access),
		cmocka_unit_test(a_reserved_range_is_left_out),
		cmocka_unit_test(a_device_that_is_gone_is_an_error),
		cmocka_unit_test(everything_is_counted),
		cmocka_unit_test(a_ring_of_four_slots_wraps),
		cmocka_unit_test(a_sequential_revoke_takes_at_most_1000_instructions),
	};

	if (rig_counted(argc, argv))
		return 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
