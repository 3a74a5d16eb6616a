/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_verify.c - verification has teeth: a policy that does less than it must is caught, one that does it is
 * not.
 *
 * Each bad policy is the batched one with one thing left out. Messages on standard error belong here.
 */
#include "replay_rig.h"

/* A page goes and comes back, beside one that stays; two trips. */
#define TRACE                                               \
	REPLAY_RIG_HEAD "T 1 0 100 a 40201000 1000 O N u\n" \
			"X 2 0 200 hvc a 1 1 0 0\n"         \
			"T 3 0 300 a 40201000 1000 N O u\n" \
			"X 4 0 400 hvc a 1 1 0 0\n"

static struct replay_rig rig;
static struct policy_ops bad;
static unsigned flushes;

static int tear_down(void **state)
{
	(void)state;
	replay_rig_fini(&rig);
	return 0;
}

static int flush_not(struct policy *policy)
{
	(void)policy;
	flushes++;
	return 0;
}

static int flush_not_the_first(struct policy *policy)
{
	return flushes++ ? runner_observed.policies[OPTIONS_BATCHED]->flush(policy) : 0;
}

static int flush_not_the_second(struct policy *policy)
{
	return flushes++ ? 0 : runner_observed.policies[OPTIONS_BATCHED]->flush(policy);
}

static const struct verify_counts *play(const char *text, const char *options,
					int (*flush)(struct policy *policy))
{
	flushes = 0;
	bad = *runner_observed.policies[OPTIONS_BATCHED];
	if (flush)
		bad.flush = flush;
	replay_rig_init(&rig, text, options);
	replay_rig_open_observed(&rig, flush ? &bad : NULL, NULL);
	assert_int_equal(replay_rig_play(&rig), 0);
	return &rig.observer.verify.counts;
}

static void a_good_policy_passes(void **state)
{
	static const char *const settings[] = {
		"--verify --policy batched",
		"--verify --policy eager",
		"--verify --policy strict",
		"--verify --policy batched --nested --smmus 3",
		"--verify --policy batched --bbml 0 --no-ril",
		"--verify --policy batched --bbml 1 --smmus 2",
		"--verify --policy batched --collapse eager --contiguous",
		"--verify --policy batched --collapse never --compact 4 --nested",
		"--verify --policy batched --non-coherent --fwb --bbml 1 --contiguous",
		"--verify --policy batched --granule 16K --nested --smmus 2 --contiguous",
		"--verify --policy batched --granule 64K --bbml 0 --no-ril",
		"--verify --policy batched --granule 64K --bbml 1 --collapse eager",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(settings) / sizeof(*settings); i++) {
		const struct verify_counts *counts = play(TRACE, settings[i], NULL);
		struct tables tables;

		replay_rig_tables(&rig, &tables, NULL);
		assert_int_equal(verify_tables(&rig.observer.verify, &tables), 0);
		assert_false(observer_failed(&rig.observer));
		assert_int_equal(counts->touched_before_revoke, rig.options.smmus);
		assert_int_equal(counts->untouchable, 0);
		assert_true(counts->accesses > 6 * rig.options.smmus);
		replay_rig_fini(&rig);
	}
}

/* A block of two pages goes page by page, on two CPUs, and comes back. */
#define BLOCK                                               \
	REPLAY_RIG_HEAD "T 1 0 100 a 40202000 1000 O N u\n" \
			"X 2 0 200 hvc a 1 1 0 0\n"         \
			"T 3 1 300 a 40203000 1000 O N u\n" \
			"X 4 1 400 hvc a 1 1 0 0\n"         \
			"T 5 0 500 a 40202000 1000 N O u\n" \
			"X 6 0 600 hvc a 1 1 0 0\n"         \
			"T 7 1 700 a 40203000 1000 N O u\n" \
			"X 8 1 800 hvc a 1 1 0 0\n"

static void what_ifs_pass(void **state)
{
	static const char *const settings[] = {
		"--verify --policy batched --group --sync-ns 5000",
		"--verify --policy batched --group --sync-ns 5000 --ahead 8K --nested --smmus 2",
		"--verify --policy batched --list 1",
		"--verify --policy batched --list 9 --smmus 2",
		"--verify --policy batched --list 9 --ahead 8K",
		"--verify --policy batched --ahead 8K",
		"--verify --policy batched --ahead 8K --bbml 1 --flush transition",
		"--verify --policy batched --granule 16K --group --sync-ns 5000",
		"--verify --policy batched --granule 64K --ahead 128K",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(settings) / sizeof(*settings); i++) {
		const struct verify_counts *counts = play(BLOCK, settings[i], NULL);
		struct policy_stats stats;
		struct tables tables;

		rig.ops->stats(rig.policy, &stats);
		replay_rig_tables(&rig, &tables, NULL);
		assert_int_equal(verify_tables(&rig.observer.verify, &tables), 0);
		assert_false(observer_failed(&rig.observer));
		assert_int_equal(counts->touched_before_revoke, 2 * rig.options.smmus);
		assert_int_equal(stats.flushes_forced, 0);
		assert_int_equal(stats.pages_ahead, rig.options.flush.ahead_pages);
		assert_int_equal(stats.pages_inherited, rig.options.flush.ahead_pages);
		replay_rig_fini(&rig);
	}
}

static int consent_not(struct policy *policy, unsigned cpu, shadow_ipa_t start, uint64_t page_count)
{
	(void)policy;
	(void)cpu;
	(void)start;
	(void)page_count;
	return 0;
}

static void a_consent_that_is_ignored_is_a_stale_hit(void **state)
{
	(void)state;
	bad = *runner_observed.policies[OPTIONS_BATCHED];
	bad.consent = consent_not;
	replay_rig_init(&rig, BLOCK, "--verify --policy batched --ahead 8K");
	replay_rig_open_observed(&rig, &bad, NULL);
	assert_int_equal(replay_rig_play(&rig), 0);

	assert_true(rig.observer.verify.counts.stale_hits > 0);
	assert_int_equal(rig.observer.verify.counts.spurious_faults, 0);
}

/* What a host reclaims stays away from its devices. */
static int grant_and_consent(struct policy *policy, unsigned cpu, uint64_t number,
			     const struct shadow_transition *transition)
{
	const struct policy_ops *good = runner_observed.policies[OPTIONS_BATCHED];
	int error = good->transition(policy, cpu, number, transition);

	if (error || transition->new_state == SHADOW_STATE_NOPAGE)
		return error;
	return good->consent(policy, cpu, transition->start, transition->page_count);
}

static void a_consent_that_outlives_a_reclaim_is_a_spurious_fault(void **state)
{
	(void)state;
	bad = *runner_observed.policies[OPTIONS_BATCHED];
	bad.transition = grant_and_consent;
	replay_rig_init(&rig, BLOCK, "--verify --policy batched --ahead 8K");
	replay_rig_open_observed(&rig, &bad, NULL);
	assert_int_equal(replay_rig_play(&rig), 0);

	assert_true(rig.observer.verify.counts.spurious_faults > 0);
	assert_int_equal(rig.observer.verify.counts.stale_hits, 0);
}

static void a_revoke_that_is_not_flushed_is_a_stale_hit(void **state)
{
	const struct verify_counts *counts = play(TRACE, "--verify --policy batched --until 2", flush_not);

	(void)state;
	assert_true(counts->stale_hits > 0);
	assert_int_equal(counts->spurious_faults, 0);
	assert_true(observer_failed(&rig.observer));
}

static void a_grant_that_is_not_flushed_is_a_spurious_fault(void **state)
{
	const struct verify_counts *counts = play(TRACE, "--verify --policy batched", flush_not_the_second);

	(void)state;
	assert_true(counts->spurious_faults > 0);
	assert_int_equal(counts->stale_hits, 0);
}

static void a_late_revoke_is_caught_though_it_ends_well(void **state)
{
	const struct verify_counts *counts = play(TRACE, "--verify --policy batched", flush_not_the_first);

	(void)state;
	assert_true(counts->stale_hits > 0);
}

static void in_idle_time_a_page_touched_before_is_accessed(void **state)
{
	const struct verify_counts *counts = play(TRACE, "--verify --policy batched", NULL);
	uint64_t accesses = counts->accesses;

	(void)state;
	verify_between(&rig.observer.verify);

	assert_int_equal(counts->accesses, accesses + 1);
	assert_false(observer_failed(&rig.observer));
}

static void an_access_before_the_stream_is_open_is_caught(void **state)
{
	const struct verify_counts *counts;
	struct verify *verify = &rig.observer.verify;

	(void)state;
	counts = play(REPLAY_RIG_HEAD "# S 40000000 4000000 N\n# L 40000000 4000000 2 owner hyp\n",
		      "--verify --policy batched", NULL);
	assert_true(counts->accesses > 0);
	verify_early(verify, 0);
	assert_int_equal(counts->stale_hits, 0);
	model_write32(rig.observer.model[0], 0x20, 0);		/* CR0: SMMU off ... */
	model_write32(rig.observer.model[0], 0x44, 0x80000000); /* ... and GBPA lets everything through */
	model_run(rig.observer.model[0]);
	verify_early(verify, 0);

	assert_int_equal(counts->stale_hits, 1);
}

static void tables_are_compared_at_every_address(void **state)
{
	const struct verify_counts *counts = play(TRACE, "--verify --policy batched", NULL);
	struct model_leaf leaf;
	struct tables tables;
	uint64_t *entry;

	(void)state;
	replay_rig_tables(&rig, &tables, NULL);
	assert_int_equal(model_walk(&tables.memory, &tables.stage2, UINT64_C(0x800000000), &leaf), MODEL_OK);
	entry = tables.memory.write(tables.memory.ctx, leaf.descriptor_pa, 8);
	*entry = 0;
	assert_int_equal(verify_tables(&rig.observer.verify, &tables), 0);

	assert_int_equal(counts->spurious_faults, 1);
	assert_int_equal(counts->stale_hits, 0);
}

static void a_page_too_many_in_the_tables_is_a_stale_hit(void **state)
{
	const struct verify_counts *counts = play(TRACE, "--verify --policy eager --until 2", NULL);
	struct model_leaf hole, beside;
	struct tables tables;
	uint64_t *entry;

	(void)state;
	replay_rig_tables(&rig, &tables, NULL);
	assert_int_equal(model_walk(&tables.memory, &tables.stage2, 0x40201000, &hole), MODEL_OK);
	assert_int_equal(model_walk(&tables.memory, &tables.stage2, 0x40202000, &beside), MODEL_OK);
	assert_false(hole.valid);
	entry = tables.memory.write(tables.memory.ctx, hole.descriptor_pa, 8);
	*entry = beside.descriptor - 0x1000;
	assert_int_equal(verify_tables(&rig.observer.verify, &tables), 0);

	assert_int_equal(counts->stale_hits, 1);
}

static void a_page_whose_grant_is_not_complete_is_untouchable(void **state)
{
	static const char trace[] = REPLAY_RIG_HEAD "T 1 0 100 a 40201000 1000 O N u\n"
						    "X 2 0 200 hvc a 1 1 0 0\n"
						    "T 3 0 300 a 40201000 1000 N O u\n"
						    "T 4 0 400 a 40201000 1000 O N u\n"
						    "X 5 0 500 hvc a 1 1 0 0\n";
	const struct verify_counts *counts = play(trace, "--verify --policy batched --smmus 2", NULL);

	(void)state;
	assert_int_equal(counts->touched_before_revoke, 2);
	assert_int_equal(counts->untouchable, 2);
	assert_false(observer_failed(&rig.observer));
	replay_rig_fini(&rig);

	counts = play(trace, "--verify --policy batched --smmus 2 --flush transition", NULL);
	assert_int_equal(counts->touched_before_revoke, 4);
	assert_int_equal(counts->untouchable, 0);
}

static void a_page_that_may_only_be_read_is_held_to_it(void **state)
{
	static const char trace[] = REPLAY_RIG_HEAD "# L 40201000 1000 3 valid R\n"
						    "T 1 0 100 a 40200000 1000 O N u\n"
						    "X 2 0 200 hvc a 1 1 0 0\n";
	const struct verify_counts *counts = play(trace, "--verify --policy batched", NULL);

	(void)state;
	assert_false(observer_failed(&rig.observer));
	assert_true(counts->accesses > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_policy_passes),
		cmocka_unit_test(what_ifs_pass),
		cmocka_unit_test_teardown(a_consent_that_is_ignored_is_a_stale_hit, tear_down),
		cmocka_unit_test_teardown(a_consent_that_outlives_a_reclaim_is_a_spurious_fault, tear_down),
		cmocka_unit_test_teardown(a_revoke_that_is_not_flushed_is_a_stale_hit, tear_down),
		cmocka_unit_test_teardown(a_grant_that_is_not_flushed_is_a_spurious_fault, tear_down),
		cmocka_unit_test_teardown(a_late_revoke_is_caught_though_it_ends_well, tear_down),
		cmocka_unit_test_teardown(in_idle_time_a_page_touched_before_is_accessed, tear_down),
		cmocka_unit_test_teardown(an_access_before_the_stream_is_open_is_caught, tear_down),
		cmocka_unit_test_teardown(tables_are_compared_at_every_address, tear_down),
		cmocka_unit_test_teardown(a_page_too_many_in_the_tables_is_a_stale_hit, tear_down),
		cmocka_unit_test_teardown(a_page_whose_grant_is_not_complete_is_untouchable, tear_down),
		cmocka_unit_test_teardown(a_page_that_may_only_be_read_is_held_to_it, tear_down),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
