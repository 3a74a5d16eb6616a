/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_prepare.c - marks before cuts: all runs of a round are prepared, then known, then written.
 */
#include "fake_target.h"

#include "engine/engine.h"
#include "seeded.h"

#define NOPAGE SHADOW_STATE_NOPAGE
#define OWNED  SHADOW_STATE_OWNED
#define NONE   SHADOW_ACCESS_NONE
#define RW     SHADOW_ACCESS_RW

static struct fake fake;

static int setup(void **state)
{
	(void)state;
	fake_init(&fake, 12);
	fake.base.prepares = true;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fake_down(&fake);
	return 0;
}

static void a_target_that_does_not_prepare_is_not_asked_to(void **state)
{
	(void)state;
	fake.base.prepares = false;
	fake_up(&fake);
	fake_revoke(&fake, 10, 5);
	fake_finish(&fake);

	fake_assert_run(&fake, 0, FAKE_APPLY, 10, 15, NONE);
	fake_assert_call(&fake, 1, FAKE_PUBLISH);
	fake_assert_call(&fake, 2, FAKE_RETIRE);
	assert_int_equal(fake.log_count, 3);
}

static void one_run_is_prepared_then_known_then_written_then_published(void **state)
{
	(void)state;
	fake_up(&fake);
	fake_revoke(&fake, 10, 5);
	fake_finish(&fake);

	fake_assert_run(&fake, 0, FAKE_PREPARE, 10, 15, NONE);
	fake_assert_call(&fake, 1, FAKE_PREPARED);
	fake_assert_run(&fake, 2, FAKE_APPLY, 10, 15, NONE);
	fake_assert_call(&fake, 3, FAKE_PUBLISH);
	fake_assert_call(&fake, 4, FAKE_RETIRE);
	assert_int_equal(fake.log_count, 5);
}

static void grants_are_prepared_as_revokes_are(void **state)
{
	(void)state;
	fake_up(&fake);
	fake_grant(&fake, 10, 5);
	fake_revoke(&fake, 20, 5);
	fake_finish(&fake);

	fake_assert_run(&fake, 0, FAKE_PREPARE, 10, 15, RW);
	fake_assert_run(&fake, 1, FAKE_PREPARE, 20, 25, NONE);
	fake_assert_call(&fake, 2, FAKE_PREPARED);
	fake_assert_run(&fake, 3, FAKE_APPLY, 10, 15, RW);
}

static void the_snapshot_and_a_flush_of_nothing_prepare_nothing(void **state)
{
	(void)state;
	fake_up_to_snapshot(&fake);
	assert_int_equal(shadow_snapshot(fake.engine, &fake.host), 0);
	(void)shadow_flush(fake.engine);

	assert_int_equal(fake_count(&fake, FAKE_PREPARE) + fake_count(&fake, FAKE_PREPARED), 0);
}

/* How the calls of one kind were cut into hand-overs: all full, but for the last one. */
static void assert_chunks(unsigned *at, enum fake_call call, unsigned runs)
{
	for (unsigned left = runs; left;) {
		unsigned here = left < ENGINE_RUNS ? left : ENGINE_RUNS;

		for (unsigned i = 0; i < here; i++, ++*at) {
			fake_assert_run(&fake, *at, call, 3 * (uint64_t)(runs - left + i),
					3 * (uint64_t)(runs - left + i) + 1, NONE);
			assert_int_equal(fake.log[*at].count, here);
		}
		left -= here;
	}
	if (runs % ENGINE_RUNS == 0) {
		fake_assert_call(&fake, *at, call);
		assert_int_equal(fake.log[(*at)++].count, 0);
	}
}

static void all_runs_of_a_long_batch_are_prepared_before_the_first_is_written(void **state)
{
	static const unsigned runs[] = { 1, ENGINE_RUNS - 1, ENGINE_RUNS, ENGINE_RUNS + 1, 3 * ENGINE_RUNS,
					 3 * ENGINE_RUNS + 7 };

	(void)state;
	fake.queue_slots = 512;
	fake_up(&fake);
	for (unsigned i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
		unsigned at = 0;

		fake_forget(&fake);
		for (unsigned run = 0; run < runs[i]; run++)
			fake_revoke(&fake, 3 * (uint64_t)run, 1);
		fake_finish(&fake);

		assert_chunks(&at, FAKE_PREPARE, runs[i]);
		fake_assert_call(&fake, at++, FAKE_PREPARED);
		assert_chunks(&at, FAKE_APPLY, runs[i]);
		fake_assert_call(&fake, at++, FAKE_PUBLISH);
		fake_assert_call(&fake, at++, FAKE_RETIRE);
		assert_int_equal(fake.log_count, at);
	}
}

/* What the second round makes whole, the third may have to cut live: no mark can be made before. */
static void each_round_of_a_flush_prepares_for_itself(void **state)
{
	(void)state;
	fake_up(&fake);
	fake_queue(&fake, 10, 2, NOPAGE);
	fake_queue(&fake, 10, 2, OWNED); /* second round */
	fake_queue(&fake, 20, 1, NOPAGE);
	fake_queue(&fake, 20, 1, OWNED); /* third round */
	fake_queue(&fake, 10, 1, NOPAGE);
	(void)shadow_flush(fake.engine);

	fake_assert_run(&fake, 0, FAKE_PREPARE, 10, 12, NONE);
	fake_assert_call(&fake, 1, FAKE_PREPARED);
	fake_assert_run(&fake, 2, FAKE_APPLY, 10, 12, NONE);
	fake_assert_call(&fake, 3, FAKE_REWIND);
	fake_assert_run(&fake, 4, FAKE_PREPARE, 10, 12, RW);
	fake_assert_run(&fake, 5, FAKE_PREPARE, 20, 21, NONE);
	fake_assert_call(&fake, 6, FAKE_PREPARED);
	fake_assert_run(&fake, 7, FAKE_APPLY, 10, 12, RW);
	fake_assert_run(&fake, 8, FAKE_APPLY, 20, 21, NONE);
	fake_assert_call(&fake, 9, FAKE_REWIND);
	fake_assert_run(&fake, 10, FAKE_PREPARE, 10, 11, NONE);
	fake_assert_run(&fake, 11, FAKE_PREPARE, 20, 21, RW);
	fake_assert_call(&fake, 12, FAKE_PREPARED);
	fake_assert_run(&fake, 13, FAKE_APPLY, 10, 11, NONE);
	fake_assert_run(&fake, 14, FAKE_APPLY, 20, 21, RW);
	fake_assert_call(&fake, 15, FAKE_PUBLISH);
	assert_int_equal(fake.log_count, 16);
}

static void what_is_reserved_is_not_prepared_and_reported_once(void **state)
{
	(void)state;
	fake.reserved[0] = (struct shadow_range){ 0x10000, 0x12000 };
	fake.map.reserved_count = 1;
	fake_up(&fake);
	fake_grant(&fake, 0xe, 6);
	fake_finish(&fake);

	fake_assert_run(&fake, 0, FAKE_PREPARE, 0xe, 0x10, RW);
	fake_assert_run(&fake, 1, FAKE_PREPARE, 0x12, 0x14, RW);
	fake_assert_call(&fake, 2, FAKE_PREPARED);
	fake_assert_run(&fake, 3, FAKE_APPLY, 0xe, 0x10, RW);
	fake_assert_run(&fake, 4, FAKE_APPLY, 0x12, 0x14, RW);
	assert_int_equal(fake.report_count, 1);
	assert_int_equal(fake_stats(&fake).reserved_attempts, 1);
}

static void statistics_count_runs_once(void **state)
{
	(void)state;
	fake_up(&fake);
	fake_revoke(&fake, 10, 5);
	fake_revoke(&fake, 20, 5);
	fake_finish(&fake);

	assert_int_equal(fake_stats(&fake).runs, 2);
	assert_int_equal(fake_stats(&fake).flushes, 1);
}

static void a_flush_that_a_reservation_forces_prepares_too(void **state)
{
	(void)state;
	fake_up(&fake);
	fake_revoke(&fake, 10, 5);
	fake.complete = 1;
	fake_grant(&fake, 10, 1);

	assert_int_equal(fake_stats(&fake).flushes_forced, 1);
	fake_assert_run(&fake, 0, FAKE_PREPARE, 10, 15, NONE);
	fake_assert_call(&fake, 1, FAKE_PREPARED);
	fake_assert_run(&fake, 2, FAKE_APPLY, 10, 15, NONE);
}

/* In any flush: runs that are prepared, in order, are those that are written, with one word in between. */
static void random_flushes_prepare_exactly_what_they_write(void **state)
{
	uint64_t seed = seeded_start();

	(void)state;
	fake.queue_slots = 512;
	fake.reserved[0] = (struct shadow_range){ 0x80000, 0x83000 };
	fake.map.reserved_count = 1;
	fake_up(&fake);
	for (unsigned round = 0; round < 300; round++) {
		unsigned at = 0;

		fake_forget(&fake);
		for (uint64_t i = 0, count = 1 + seeded_below(&seed, 200); i < count; i++)
			fake_queue(&fake, seeded_below(&seed, 256), 1 + seeded_below(&seed, 12),
				   seeded_below(&seed, 3) ? NOPAGE : OWNED);
		fake_finish(&fake);

		while (fake.log[at].call == FAKE_PREPARE) {
			unsigned first = at, count;

			while (fake.log[at].call == FAKE_PREPARE)
				at++;
			count = at - first;
			fake_assert_call(&fake, at++, FAKE_PREPARED);
			for (unsigned i = 0; i < count; i++) {
				fake_assert_run(&fake, at + i, FAKE_APPLY, fake.log[first + i].run.start,
						fake.log[first + i].run.end, fake.log[first + i].run.access);
				assert_int_equal(fake.log[at + i].count, fake.log[first + i].count);
			}
			at += count;
			if (fake.log[at].call == FAKE_REWIND)
				at++;
		}
		fake_assert_call(&fake, at, FAKE_PUBLISH);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_target_that_does_not_prepare_is_not_asked_to),
		TEST(one_run_is_prepared_then_known_then_written_then_published),
		TEST(grants_are_prepared_as_revokes_are),
		TEST(the_snapshot_and_a_flush_of_nothing_prepare_nothing),
		TEST(all_runs_of_a_long_batch_are_prepared_before_the_first_is_written),
		TEST(each_round_of_a_flush_prepares_for_itself),
		TEST(what_is_reserved_is_not_prepared_and_reported_once),
		TEST(statistics_count_runs_once),
		TEST(a_flush_that_a_reservation_forces_prepares_too),
		TEST(random_flushes_prepare_exactly_what_they_write),
	};

	return cmocka_run_group_tests_name("prepare", tests, NULL, NULL);
}
