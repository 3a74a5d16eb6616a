/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_observer.c - what stands in the log, in which order, and when a K comes.
 *
 * A log is compared without its words: "T1 W C D S K1", repeated letters as one.
 */
#include "replay_rig.h"

#include "engine/platform/linux.h"

/* Trips of two CPUs that overlap; a T that changes nothing. */
#define TRACE                                                \
	REPLAY_RIG_HEAD "T 1 0 1000 a 40201000 1000 O N u\n" \
			"T 2 1 2000 a 40401000 1000 O N u\n" \
			"T 3 0 3000 a 40800000 1000 O S u\n" \
			"X 4 0 4000 hvc a 1 1 0 0\n"         \
			"X 5 1 5000 hvc a 1 1 0 0\n"         \
			"T 6 0 6000 a 40201000 1000 N O u\n" \
			"X 7 0 7000 hvc a 1 1 0 0\n"

static struct replay_rig rig;
static char shape[512];
static unsigned writes; /* W lines from the first T on */

static int tear_down(void **state)
{
	(void)state;
	replay_rig_fini(&rig);
	return 0;
}

/* From the first T of a number on. */
static void read_shape(FILE *log)
{
	FILE *out = fmemopen(shape, sizeof(shape), "w");
	char line[128], last = 0;
	bool playing = false;

	assert_non_null(out);
	rewind(log);
	writes = 0;
	while (fgets(line, sizeof(line), log)) {
		playing |= line[0] == 'T' && line[2] != '-';
		if (!playing)
			continue;
		line[strcspn(line, "\n")] = '\0';
		writes += line[0] == 'W';
		if (line[0] == 'T' || line[0] == 'K')
			fprintf(out, "%c%s ", line[0], line + 2);
		else if (line[0] != last)
			fprintf(out, "%c ", line[0]);
		last = line[0];
	}
	fclose(out);
}

static void play(const char *text, const char *options)
{
	FILE *log = tmpfile();

	assert_non_null(log);
	replay_rig_init(&rig, text, options);
	replay_rig_open_observed(&rig, NULL, log);
	assert_int_equal(replay_rig_play(&rig), 0);
	read_shape(log);
	fclose(log);
}

static void eager_completes_each_change_before_the_next_record(void **state)
{
	(void)state;
	play(TRACE, "--policy eager");

	assert_string_equal(shape, "T1 W C D C D S K1 T2 W C D C D S K2 T3 T6 W K6 ");
}

static void strict_rings_once_a_change(void **state)
{
	(void)state;
	play(TRACE, "--policy strict");

	assert_string_equal(shape, "T1 W C D S K1 T2 W C D S K2 T3 T6 W K6 ");
}

static void transition_completes_each_revoke_and_carries_grants(void **state)
{
	(void)state;
	play(TRACE, "--policy batched --flush transition --bbml 0");

	assert_string_equal(shape, "T1 W C D S K1 T2 W C D S K2 T3 T6 W K6 ");
}

static void trip_completes_all_cpus_at_the_first_x_and_repeats_no_k(void **state)
{
	(void)state;
	play(TRACE, "--policy batched --bbml 0");

	assert_string_equal(shape, "T1 T2 T3 W C D S K3 T6 W K6 ");
}

static void a_forced_flush_comes_before_the_t_that_forced_it(void **state)
{
	(void)state;
	play(TRACE, "--policy batched --bbml 0 --flush 100");

	assert_string_equal(shape, "T1 T2 T3 W C D S K3 T6 W K6 ");
	assert_int_equal(rig.observer.flushes_forced, 1);
}

static void a_k_is_not_repeated_at_the_end(void **state)
{
	(void)state;
	play(TRACE, "--policy batched --bbml 0 --until 5");

	assert_string_equal(shape, "T1 T2 T3 W C D S K3 ");
}

static void until_flushes_in_the_middle_of_a_trip(void **state)
{
	(void)state;
	play(TRACE, "--policy batched --bbml 0 --until 1");

	assert_string_equal(shape, "T1 W C D S K1 ");
}

static void at_level_1_blocks_are_marked_and_waited_for_before_they_are_cut(void **state)
{
	(void)state;
	play(TRACE, "--policy batched --verify --bbml 1 --collapse never");

	assert_string_equal(shape, "T1 T2 T3 W C D S W C D S K3 T6 W K6 ");
	assert_false(observer_failed(&rig.observer));
}

static void what_idle_time_does_comes_after_the_k(void **state)
{
	struct policy_stats stats;

	(void)state;
	play(TRACE, "--policy batched --verify --collapse never --compact 1");
	rig.ops->stats(rig.policy, &stats);

	assert_string_equal(shape, "T1 T2 T3 W C D S K3 T6 W K6 W C D S ");
	assert_int_equal(stats.tables.splits, 2);
	assert_int_equal(stats.tables.collapses, 1);
	assert_false(observer_failed(&rig.observer));
}

static void idle_time_is_in_no_latency(void **state)
{
	(void)state;
	play(TRACE, "--policy batched --collapse never --compact 1 --flush 1 --sync-ns 500");

	assert_int_equal(latency_summarise(&rig.observer.latency.revoke).max, 500);
	assert_int_equal(latency_summarise(&rig.observer.latency.grant).max, 0);
}

static void devices_that_are_not_coherent_read_what_was_cleaned(void **state)
{
	(void)state;
	play(TRACE, "--policy batched --verify --non-coherent --contiguous");

	assert_non_null(rig.observer.cache);
	assert_true(model_cache_counters(rig.observer.cache)->cleaned > 0);
	assert_false(observer_failed(&rig.observer));
}

static void without_cleaning_they_read_something_else(void **state)
{
	(void)state;
	replay_rig_init(&rig, TRACE, "--policy batched --verify --non-coherent");
	replay_rig_open_observed(&rig, NULL, NULL);
	platform_linux_set_clean(NULL, NULL);
	replay_rig_play(&rig);

	assert_true(observer_failed(&rig.observer));
}

static void eager_and_strict_have_coherent_devices(void **state)
{
	(void)state;
	play(TRACE, "--policy strict --verify --non-coherent");

	assert_null(rig.observer.cache);
	assert_false(observer_failed(&rig.observer));
}

static void every_store_is_a_w_line_and_a_write(void **state)
{
	struct policy_stats stats;

	(void)state;
	play(TRACE, "--policy batched --verify");
	rig.ops->stats(rig.policy, &stats);

	assert_int_equal(writes, rig.observer.counts.table_writes);
	assert_true(writes > 512);
	assert_int_equal(rig.observer.counts.tlbi, 1); /* two blocks that adjoin are one span */
	assert_int_equal(rig.observer.counts.doorbells, 1);
	assert_int_equal(rig.observer.counts.syncs, 1);
}

static void latencies_run_from_record_to_trigger_and_sync(void **state)
{
	struct latency_summary revoke, grant;

	(void)state;
	play(TRACE, "--policy batched --bbml 0 --sync-ns 500");
	revoke = latency_summarise(&rig.observer.latency.revoke);
	grant = latency_summarise(&rig.observer.latency.grant);

	assert_int_equal(rig.observer.latency.revoke.total, 2);
	assert_int_equal(revoke.p50, 2500); /* T 2 to X 4, and a sync */
	assert_int_equal(revoke.max, 3500); /* T 1 to X 4, and a sync */
	assert_int_equal(grant.max, 1000);  /* T 6 to X 7 */
}

static void eager_waits_for_one_smmu_after_the_other(void **state)
{
	struct latency_summary revoke;

	(void)state;
	play(TRACE, "--policy eager --smmus 2 --nested --sync-ns 100");
	revoke = latency_summarise(&rig.observer.latency.revoke);

	assert_int_equal(revoke.p50, 400);
	assert_int_equal(revoke.max, 400);
}

static void batched_waits_for_all_smmus_at_once(void **state)
{
	struct latency_summary revoke;

	(void)state;
	play(TRACE, "--policy batched --flush transition --smmus 2 --nested --sync-ns 100");
	revoke = latency_summarise(&rig.observer.latency.revoke);

	assert_int_equal(revoke.p50, 200);
	assert_int_equal(revoke.max, 200);
}

static void refused_grants_of_reserved_ranges_are_counted(void **state)
{
	(void)state;
	play(TRACE, "--policy batched --verify --reserve 40201000-40202000");

	assert_int_equal(rig.observer.reserved_attempts, 1);
	assert_false(observer_failed(&rig.observer));
	assert_int_equal(rig.observer.verify.counts.touched_before_revoke, 1);
	assert_int_equal(rig.observer.verify.counts.untouchable, 0);
}

static void a_consent_has_a_line_before_the_t_that_follows_it(void **state)
{
	(void)state;
	play(REPLAY_RIG_HEAD "T 1 0 1000 a 40800000 1000 O S u\n"
			     "T 2 0 2000 a 40200000 1000 O N u\n"
			     "X 3 0 3000 hvc a 1 1 0 0\n"
			     "T 4 0 4000 a 40201000 1000 O N u\n"
			     "X 5 0 5000 hvc a 1 1 0 0\n",
	     "--policy batched --verify --bbml 0 --ahead 8K");

	assert_string_equal(shape, "T1 A T2 W C D S K2 T4 K4 ");
	assert_false(observer_failed(&rig.observer));
}

/* CPU 1 waits from 2500 on, for the sync that ends at 6000, and then for its own. */
static void who_shares_a_flush_waits_for_its_turn(void **state)
{
	struct latency_summary latency;

	(void)state;
	play(REPLAY_RIG_HEAD "T 1 0 1000 a 40200000 1000 O N u\n"
			     "X 2 0 2000 hvc a 1 1 0 0\n"
			     "T 3 1 2200 a 40400000 1000 O N u\n"
			     "X 4 1 2500 hvc a 1 1 0 0\n"
			     "T 5 0 2600 a 40200000 1000 N O u\n"
			     "X 6 0 2700 hvc a 1 1 0 0\n",
	     "--policy batched --verify --bbml 0 --group --sync-ns 4000");

	assert_string_equal(shape, "T1 W C D S K1 T3 W C D S K3 T5 W K5 ");
	latency = latency_summarise(&rig.observer.latency.revoke);
	assert_int_equal(latency.p50, 5000); /* 1000 to 6000 */
	assert_int_equal(latency.max, 7800); /* 2200 to 10000 */
	latency = latency_summarise(&rig.observer.latency.grant);
	assert_int_equal(latency.max, 100);
	assert_false(observer_failed(&rig.observer));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(eager_completes_each_change_before_the_next_record, tear_down),
		cmocka_unit_test_teardown(strict_rings_once_a_change, tear_down),
		cmocka_unit_test_teardown(transition_completes_each_revoke_and_carries_grants, tear_down),
		cmocka_unit_test_teardown(trip_completes_all_cpus_at_the_first_x_and_repeats_no_k, tear_down),
		cmocka_unit_test_teardown(a_forced_flush_comes_before_the_t_that_forced_it, tear_down),
		cmocka_unit_test_teardown(a_k_is_not_repeated_at_the_end, tear_down),
		cmocka_unit_test_teardown(until_flushes_in_the_middle_of_a_trip, tear_down),
		cmocka_unit_test_teardown(at_level_1_blocks_are_marked_and_waited_for_before_they_are_cut,
					  tear_down),
		cmocka_unit_test_teardown(what_idle_time_does_comes_after_the_k, tear_down),
		cmocka_unit_test_teardown(idle_time_is_in_no_latency, tear_down),
		cmocka_unit_test_teardown(devices_that_are_not_coherent_read_what_was_cleaned, tear_down),
		cmocka_unit_test_teardown(without_cleaning_they_read_something_else, tear_down),
		cmocka_unit_test_teardown(eager_and_strict_have_coherent_devices, tear_down),
		cmocka_unit_test_teardown(every_store_is_a_w_line_and_a_write, tear_down),
		cmocka_unit_test_teardown(latencies_run_from_record_to_trigger_and_sync, tear_down),
		cmocka_unit_test_teardown(eager_waits_for_one_smmu_after_the_other, tear_down),
		cmocka_unit_test_teardown(batched_waits_for_all_smmus_at_once, tear_down),
		cmocka_unit_test_teardown(a_consent_has_a_line_before_the_t_that_follows_it, tear_down),
		cmocka_unit_test_teardown(who_shares_a_flush_waits_for_its_turn, tear_down),
		cmocka_unit_test_teardown(refused_grants_of_reserved_ranges_are_counted, tear_down),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
