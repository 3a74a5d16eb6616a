/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_latency.c - the modelled clock: serial on one SMMU, side by side on several, queued behind earlier
 * syncs.
 */
#include "bench/replay/latency.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct latency latency;

static int set_up(void **state)
{
	(void)state;
	return latency_init(&latency, 2, 1000);
}

static int tear_down(void **state)
{
	(void)state;
	latency_free(&latency);
	return 0;
}

static void a_flush_without_a_sync_is_complete_at_its_trigger(void **state)
{
	(void)state;
	latency_begin(&latency, 500);

	assert_int_equal(latency_end(&latency, 500), 500);
}

static void syncs_of_one_smmu_follow_one_another(void **state)
{
	(void)state;
	latency_begin(&latency, 500);
	latency_sync_published(&latency, 0);
	latency_sync_published(&latency, 0);
	latency_sync_seen(&latency, 0);
	latency_sync_seen(&latency, 0);

	assert_int_equal(latency_end(&latency, 500), 2500);
}

static void smmus_that_are_told_before_any_wait_run_side_by_side(void **state)
{
	(void)state;
	latency_begin(&latency, 500);
	latency_sync_published(&latency, 0);
	latency_sync_published(&latency, 1);
	latency_sync_seen(&latency, 0);
	latency_sync_seen(&latency, 1);

	assert_int_equal(latency_end(&latency, 500), 1500);
}

static void smmus_that_are_waited_for_one_by_one_add_up(void **state)
{
	(void)state;
	latency_begin(&latency, 500);
	latency_sync_published(&latency, 0);
	latency_sync_seen(&latency, 0);
	latency_sync_published(&latency, 1);
	latency_sync_seen(&latency, 1);

	assert_int_equal(latency_end(&latency, 500), 2500);
}

static void a_flush_waits_behind_the_syncs_before_it(void **state)
{
	(void)state;
	latency_begin(&latency, 500);
	latency_sync_published(&latency, 0);
	latency_sync_seen(&latency, 0);

	latency_begin(&latency, 600);
	latency_sync_published(&latency, 0);
	latency_sync_seen(&latency, 0);

	assert_int_equal(latency_end(&latency, 600), 2500);
}

static void a_flush_without_a_sync_does_not_wait_behind_others(void **state)
{
	(void)state;
	latency_begin(&latency, 500);
	latency_sync_published(&latency, 0);
	latency_sync_seen(&latency, 0);

	latency_begin(&latency, 600);

	assert_int_equal(latency_end(&latency, 600), 600);
}

static void no_samples_are_zero(void **state)
{
	struct latency_summary summary = latency_summarise(&latency.grant);

	(void)state;
	assert_int_equal(summary.p50 + summary.p99 + summary.max, 0);
	assert_int_equal(latency_summarise_all(&latency, &summary), 0);
	assert_int_equal(summary.p50 + summary.p99 + summary.max, 0);
}

static void percentiles_are_nearest_ranks(void **state)
{
	struct latency_summary summary;

	(void)state;
	for (uint64_t ns = 200; ns; ns--)
		assert_int_equal(histogram_add(&latency.revoke, ns), 0);
	summary = latency_summarise(&latency.revoke);

	assert_int_equal(summary.p50, 100);
	assert_int_equal(summary.p90, 180);
	assert_int_equal(summary.p99, 198);
	assert_int_equal(summary.p999, 200);
	assert_int_equal(summary.max, 200);
}

static void a_single_sample_is_every_percentile(void **state)
{
	struct latency_summary summary;

	(void)state;
	assert_int_equal(histogram_add(&latency.grant, 7), 0);
	summary = latency_summarise(&latency.grant);

	assert_int_equal(summary.p50, 7);
	assert_int_equal(summary.p99, 7);
	assert_int_equal(summary.max, 7);
}

static void all_is_revokes_and_grants_together(void **state)
{
	struct latency_summary summary;

	(void)state;
	for (uint64_t i = 0; i < 3; i++)
		assert_int_equal(histogram_add(&latency.revoke, 1000), 0);
	assert_int_equal(histogram_add(&latency.grant, 1), 0);
	assert_int_equal(latency_summarise_all(&latency, &summary), 0);

	assert_int_equal(summary.p50, 1000);
	assert_int_equal(summary.max, 1000);
	assert_int_equal(latency.revoke.total, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_flush_without_a_sync_is_complete_at_its_trigger, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(syncs_of_one_smmu_follow_one_another, set_up, tear_down),
		cmocka_unit_test_setup_teardown(smmus_that_are_told_before_any_wait_run_side_by_side, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(smmus_that_are_waited_for_one_by_one_add_up, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_flush_waits_behind_the_syncs_before_it, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_flush_without_a_sync_does_not_wait_behind_others, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(no_samples_are_zero, set_up, tear_down),
		cmocka_unit_test_setup_teardown(percentiles_are_nearest_ranks, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_single_sample_is_every_percentile, set_up, tear_down),
		cmocka_unit_test_setup_teardown(all_is_revokes_and_grants_together, set_up, tear_down),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
