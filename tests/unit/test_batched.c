/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_batched.c - the batched policy: nothing reaches the SMMU before the flush, and little with it.
 */
#include "tests/unit/policy_rig.h"

#include "bench/policy/batched.h"

static struct rig rig;

static void start(unsigned smmu_count, bool nested)
{
	struct storm_config config = storm_config_default();

	config.smmu_count = smmu_count;
	config.nested = nested;
	rig_init(&rig, &config);
	rig_open(&rig, &policy_batched);
}

static int flush(void)
{
	return policy_batched.flush(rig.storm.policy);
}

static void a_transition_only_queues(void **state)
{
	(void)state;
	start(1, false);

	assert_int_equal(rig_revoke(&rig, 7, 1), 0);

	assert_string_equal(rig.text, "");
	assert_int_equal(rig_access(&rig, 7), 3);
	assert_true(policy_batched.queued(rig.storm.policy,
					  (shadow_ipa_t){ (STORM_BASE + 7) << SHADOW_PAGE_LG2 }, 1));
	assert_false(policy_batched.queued(rig.storm.policy,
					   (shadow_ipa_t){ (STORM_BASE + 8) << SHADOW_PAGE_LG2 }, 1));
	rig_fini(&rig);
}

static void a_flush_takes_one_doorbell_and_one_sync(void **state)
{
	(void)state;
	start(1, false);
	assert_int_equal(rig_revoke(&rig, 7, 1), 0);
	assert_int_equal(rig_revoke(&rig, 8, 1), 0);

	assert_int_equal(flush(), 0);

	assert_string_equal(rig.text, "0:IPA:7+2:3 0:SYNC 0:! 0:?");
	assert_int_equal(rig_access(&rig, 7), 0);
	assert_int_equal(rig_access(&rig, 8), 0);
	rig_fini(&rig);
}

static void all_smmus_are_rung_before_any_is_waited_for(void **state)
{
	(void)state;
	start(2, true);
	assert_int_equal(rig_revoke(&rig, 0, 16), 0);

	assert_int_equal(flush(), 0);

	assert_string_equal(rig.text, "0:IPA:0+16:3 0:SYNC 0:NH_ALL 0:SYNC 0:! "
				      "1:IPA:0+16:3 1:SYNC 1:NH_ALL 1:SYNC 1:! 0:? 1:?");
	rig_fini(&rig);
}

static void grants_alone_take_no_command(void **state)
{
	(void)state;
	start(1, false);
	assert_int_equal(rig_revoke(&rig, 0, 4), 0);
	assert_int_equal(flush(), 0);
	assert_int_equal(rig_grant(&rig, 0, 4, 0), 0);

	assert_int_equal(flush(), 0);

	assert_string_equal(rig.text, "");
	assert_int_equal(rig_access(&rig, 3), 3);
	rig_fini(&rig);
}

static void a_flush_of_nothing_is_not_counted(void **state)
{
	struct policy_stats stats;

	(void)state;
	start(1, false);
	policy_batched.trip_end(rig.storm.policy, 0);

	assert_int_equal(flush(), 0);

	storm_stats(&rig.storm, &stats);
	assert_int_equal(stats.flushes, 0);
	assert_string_equal(rig.text, "");
	assert_non_null(batched_engine(rig.storm.policy));
	rig_fini(&rig);
}

static void idle_time_gives_blocks_back_and_waits_for_it(void **state)
{
	struct storm_config config = storm_config_default();
	struct policy_stats stats;

	(void)state;
	rig_init(&rig, &config);
	rig.storm.world.bbml = 2;
	rig.storm.world.collapse = SHADOW_COLLAPSE_NEVER;
	rig.storm.world.compact = 1;
	rig_open(&rig, &policy_batched);
	assert_int_equal(rig_revoke(&rig, 7, 1), 0);
	assert_int_equal(flush(), 0);
	assert_int_equal(policy_batched.idle(rig.storm.policy), 0);
	storm_stats(&rig.storm, &stats);
	assert_int_equal(stats.tables.splits, 2);
	assert_int_equal(stats.tables.collapses, 0);
	assert_int_equal(rig_grant(&rig, 7, 1, 0), 0);
	assert_int_equal(flush(), 0);
	assert_string_equal(rig.text, "");

	assert_int_equal(policy_batched.idle(rig.storm.policy), 0);

	assert_string_equal(rig.text, "0:IPA:0+512:0 0:SYNC 0:! 0:?");
	storm_stats(&rig.storm, &stats);
	assert_int_equal(stats.tables.collapses, 1);
	assert_int_equal(stats.tables.bytes_retired, 0);
	rig_fini(&rig);
}

/* Another one is refused, since that would be a wait without end: pages are handed over first. */
static void a_page_that_is_pending_takes_no_transition(void **state)
{
	shadow_ipa_t start = { (STORM_BASE + 7) << SHADOW_PAGE_LG2 };
	struct storm_config config = storm_config_default();

	(void)state;
	rig_init(&rig, &config);
	rig.storm.world.pending = true;
	rig_open(&rig, &policy_batched);
	assert_int_equal(rig_revoke(&rig, 7, 2), 0);
	assert_int_equal(flush(), 0);
	assert_int_equal(policy_batched.pending(rig.storm.policy, 0, start, 1), 0);

	assert_int_equal(rig_grant(&rig, 7, 1, 0), -SHADOW_EAGAIN);
	assert_int_equal(rig_grant(&rig, 8, 1, 0), 0);
	policy_batched.pending_end(rig.storm.policy, 0);

	assert_int_equal(rig_grant(&rig, 7, 1, 0), 0);
	rig_fini(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_transition_only_queues),
		cmocka_unit_test(a_flush_takes_one_doorbell_and_one_sync),
		cmocka_unit_test(all_smmus_are_rung_before_any_is_waited_for),
		cmocka_unit_test(grants_alone_take_no_command),
		cmocka_unit_test(a_flush_of_nothing_is_not_counted),
		cmocka_unit_test(idle_time_gives_blocks_back_and_waits_for_it),
		cmocka_unit_test(a_page_that_is_pending_takes_no_transition),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
