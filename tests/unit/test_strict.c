/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_strict.c - the baseline strict: exactly what it tells the SMMUs, and what that costs.
 */
#include "tests/unit/policy_rig.h"

#include <stdio.h>
#include <string.h>

#define STRICT		 1u /* in struct runner */
#define INSTRUCTIONS_MAX 1300

static struct rig rig;

static void start(unsigned smmu_count, bool nested, bool no_ril)
{
	rig_start(&rig, &policy_strict, smmu_count, nested, no_ril);
}

static void one_page_takes_one_doorbell_and_one_wait(void **state)
{
	(void)state;
	start(1, false, false);

	assert_int_equal(rig_revoke(&rig, 7, 1), 0);

	assert_string_equal(rig.text, "0:IPA:7+1:3 0:SYNC 0:! 0:?");
	assert_int_equal(rig.word[0], UINT64_C(0x000000050000002a));
	assert_int_equal(rig.word[1], UINT64_C(0x0000000040007701)); /* TTL 3, TG 1, Leaf */
	rig_fini(&rig);
}

static void a_range_is_cut_low_bits_first(void **state)
{
	static const struct {
		uint64_t first, count;
		const char *text;
	} cases[] = {
		{ 0, 16, "0:IPA:0+16:3 0:SYNC 0:! 0:?" },
		{ 1, 33, "0:IPA:1+1:3 0:IPA:2+32:3 0:SYNC 0:! 0:?" },
		{ 1, 511, "0:IPA:1+31:3 0:IPA:32+480:3 0:SYNC 0:! 0:?" },
		{ 512, 512, "0:IPA:512+512:3 0:SYNC 0:! 0:?" },
		{ 100, 2047, "0:IPA:100+31:3 0:IPA:131+992:3 0:IPA:1123+1024:3 0:SYNC 0:! 0:?" },
		{ 0, 262143,
		  "0:IPA:0+31:3 0:IPA:31+992:3 0:IPA:1023+31744:3 0:IPA:32767+229376:3 0:SYNC 0:! 0:?" },
	};
	unsigned i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		start(1, false, false);

		assert_int_equal(rig_revoke(&rig, cases[i].first, cases[i].count), 0);

		assert_string_equal(rig.text, cases[i].text);
		assert_int_equal(rig_access(&rig, cases[i].first), 0);
		assert_int_equal(rig_access(&rig, cases[i].first + cases[i].count - 1), 0);
		rig_fini(&rig);
	}
}

static void sixteen_pages_are_encoded_as_the_specification_has_them(void **state)
{
	(void)state;
	start(1, false, false);

	assert_int_equal(rig_revoke(&rig, 0, 16), 0);

	assert_int_equal(rig.word[0], UINT64_C(0x000000050040002a)); /* NUM 0, SCALE 4 */
	assert_int_equal(rig.word[1], UINT64_C(0x0000000040000701));
	rig_fini(&rig);
}

static void a_nested_smmu_gets_a_second_batch_after_the_first_is_complete(void **state)
{
	(void)state;
	start(1, true, false);

	assert_int_equal(rig_revoke(&rig, 0, 33), 0);

	assert_string_equal(rig.text, "0:IPA:0+1:3 0:IPA:1+32:3 0:SYNC 0:! 0:? 0:NH_ALL 0:SYNC 0:! 0:?");
	rig_fini(&rig);
}

static void smmus_are_served_one_after_the_other(void **state)
{
	(void)state;
	start(2, false, false);

	assert_int_equal(rig_revoke(&rig, 0, 2), 0);

	assert_string_equal(rig.text, "0:IPA:0+2:3 0:SYNC 0:! 0:? 1:IPA:0+2:3 1:SYNC 1:! 1:?");
	rig_fini(&rig);
}

static void without_range_invalidation_each_page_has_a_command(void **state)
{
	(void)state;
	start(1, false, true);

	assert_int_equal(rig_revoke(&rig, 9, 3), 0);

	assert_string_equal(rig.text, "0:IPA:9 0:IPA:10 0:IPA:11 0:SYNC 0:! 0:?");
	rig_fini(&rig);
}

static void without_range_invalidation_64_commands_go_out_at_a_time(void **state)
{
	char expected[16384] = "";
	size_t length = 0;
	unsigned page;

	(void)state;
	start(1, false, true);
	for (page = 0; page < 511; page++)
		length += (size_t)snprintf(expected + length, sizeof(expected) - length, "%s0:IPA:%u ",
					   page && page % 64 == 0 ? "0:! " : "", page);
	snprintf(expected + length, sizeof(expected) - length, "0:SYNC 0:! 0:?");

	assert_int_equal(rig_revoke(&rig, 0, 511), 0);

	assert_string_equal(rig.text, expected);
	rig_fini(&rig);
}

static void without_range_invalidation_512_pages_are_the_whole_vmid(void **state)
{
	(void)state;
	start(1, true, true);

	assert_int_equal(rig_revoke(&rig, 0, 512), 0);

	assert_string_equal(rig.text, "0:VMALL 0:SYNC 0:! 0:?"); /* stage 1 goes with it */
	rig_fini(&rig);
}

static void a_grant_takes_no_command(void **state)
{
	(void)state;
	start(1, true, false);
	assert_int_equal(rig_revoke(&rig, 3, 2), 0);

	assert_int_equal(rig_grant(&rig, 3, 2, 0), 0);

	assert_string_equal(rig.text, "");
	assert_int_equal(rig_access(&rig, 4), 3);
	rig_fini(&rig);
}

static void one_range_covers_all_that_a_call_changed(void **state)
{
	(void)state;
	start(1, false, false);
	assert_int_equal(rig_revoke(&rig, 2, 2), 0);

	assert_int_equal(rig_revoke(&rig, 1, 4), 0); /* 1 and 4 were live */

	assert_string_equal(rig.text, "0:IPA:1+4:3 0:SYNC 0:! 0:?");
	rig_fini(&rig);
}

static void a_live_page_that_widens_is_invalidated(void **state)
{
	(void)state;
	start(1, false, false);
	assert_int_equal(rig_revoke(&rig, 5, 1), 0);
	assert_int_equal(rig_grant(&rig, 5, 1, SHADOW_ACCESS_R), 0);

	assert_int_equal(rig_grant(&rig, 4, 3, 0), 0);

	assert_string_equal(rig.text, "0:IPA:5+1:3 0:SYNC 0:! 0:?");
	assert_int_equal(rig_access(&rig, 5), 3);
	rig_fini(&rig);
}

static void pieces_of_mixed_old_states_share_one_sync(void **state)
{
	static const uint8_t old_states[] = { SHADOW_STATE_OWNED, SHADOW_STATE_NOPAGE,
					      SHADOW_STATE_SHARED_OWNED };

	(void)state;
	start(1, false, false);
	assert_int_equal(rig_revoke(&rig, 1, 1), 0);

	assert_int_equal(rig_transition(&rig, 0, 3, SHADOW_STATE_NOPAGE, old_states), 0);

	assert_string_equal(rig.text, "0:IPA:0+3:3 0:SYNC 0:! 0:?");
	rig_fini(&rig);
}

static void a_batch_larger_than_the_ring_waits_for_room(void **state)
{
	struct storm_config config = storm_config_default();
	struct policy_stats stats;

	(void)state;
	config.cmdq_lg2 = 2;
	config.no_ril = true;
	rig_init(&rig, &config);
	rig_open(&rig, &policy_strict);

	assert_int_equal(rig_revoke(&rig, 0, 5), 0);

	assert_string_equal(rig.text, "0:IPA:0 0:IPA:1 0:IPA:2 0:IPA:3 0:! 0:? 0:IPA:4 0:SYNC 0:! 0:?");
	storm_stats(&rig.storm, &stats);
	assert_int_equal(stats.doorbells_extra, 1);
	rig_fini(&rig);
}

static void one_page_takes_at_most_1300_instructions(void **state)
{
	(void)state;

	assert_in_range(rig_count_instructions(STRICT), 1, INSTRUCTIONS_MAX);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_page_takes_one_doorbell_and_one_wait),
		cmocka_unit_test(a_range_is_cut_low_bits_first),
		cmocka_unit_test(sixteen_pages_are_encoded_as_the_specification_has_them),
		cmocka_unit_test(a_nested_smmu_gets_a_second_batch_after_the_first_is_complete),
		cmocka_unit_test(smmus_are_served_one_after_the_other),
		cmocka_unit_test(without_range_invalidation_each_page_has_a_command),
		cmocka_unit_test(without_range_invalidation_64_commands_go_out_at_a_time),
		cmocka_unit_test(without_range_invalidation_512_pages_are_the_whole_vmid),
		cmocka_unit_test(a_grant_takes_no_command),
		cmocka_unit_test(one_range_covers_all_that_a_call_changed),
		cmocka_unit_test(a_live_page_that_widens_is_invalidated),
		cmocka_unit_test(pieces_of_mixed_old_states_share_one_sync),
		cmocka_unit_test(a_batch_larger_than_the_ring_waits_for_room),
		cmocka_unit_test(one_page_takes_at_most_1300_instructions),
	};

	if (rig_counted(argc, argv))
		return 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
