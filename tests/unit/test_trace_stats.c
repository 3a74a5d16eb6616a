/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_trace_stats.c - what is counted in a trace, on traces small enough to count by hand.
 *
 * The figures of the recorded traces stand in bench/traces/README.md; tests/cli/inputs.py compares them.
 */
#include "bench/trace/trace_stats.h"

#include <string.h>

#include "trace_text.h"

#define HEAD                                 \
	TRACE_TEXT_MAGIC TRACE_TEXT_SNAPSHOT \
		"# G ia_bits 36 start_level 1 pgd_pages 1\n# R 0 40000000 4000000 flags 0\n"

static struct trace trace;
static struct trace_stats stats;

static void count(const char *text)
{
	trace_text_load(text, &trace);
	assert_int_equal(trace_stats_count(&stats, &trace, "test"), 0);
}

static int tear_down(void **state)
{
	(void)state;
	trace_stats_free(&stats);
	trace_free(&trace);
	return 0;
}

static void stats_count_what_the_host_loses_keeps_and_regains(void **state)
{
	(void)state;
	count(HEAD "T 1 0 10 init 40000000 2000 O N u\n"
		   "T 2 0 20 init 40002000 1000 O S u\n"
		   "T 3 0 30 init 40000000 1000 N B u\n"
		   "T 4 0 40 init 40001000 1000 N N u\n");

	assert_int_equal(stats.lost.records, 1);
	assert_int_equal(stats.lost.pages, 2);
	assert_int_equal(stats.regained.pages, 1);
	assert_int_equal(stats.kept.records, 2);
	assert_int_equal(stats.no_change, 1);
	assert_int_equal(stats.changed_pages, 2);
	assert_int_equal(stats.changed_blocks, 1);
	assert_int_equal(stats.peak_pages, 2);
	assert_int_equal(stats.duration_ns, 30);
}

static void stats_tell_records_of_one_cause_by_their_change(void **state)
{
	(void)state;
	count(HEAD "T 1 0 10 reclaim 40000000 1000 O N u\n"
		   "T 2 0 20 reclaim 40000000 1000 N O u\n"
		   "T 3 0 30 reclaim 40001000 1000 O N u\n");

	assert_int_equal(stats.kinds, 2);
	assert_int_equal(stats.kind[0].share.records, 2);
	assert_int_equal(stats.kind[0].new_state, TRACE_STATE_NOPAGE);
	assert_int_equal(stats.kind[1].share.records, 1);
}

static void stats_end_a_run_where_a_page_or_the_change_does_not_follow(void **state)
{
	(void)state;
	count(HEAD "T 1 0 10 init 40000000 1000 O N u\n" /* three up */
		   "T 2 1 11 init 40100000 1000 O N u\n" /* another CPU's does not part them */
		   "T 3 0 20 init 40001000 1000 O N u\n"
		   "T 4 0 30 init 40002000 1000 O N u\n"
		   "T 5 0 40 init 40003000 1000 O S u\n"   /* adjacent, another change */
		   "T 6 0 50 init 40003000 1000 S O u\n"   /* the same page */
		   "T 7 0 60 init 40002000 1000 N O u\n"   /* adjacent below, another change */
		   "T 8 0 70 init 40001000 1000 N O u\n"); /* below */

	assert_int_equal(stats.step[TRACE_STEP_ABOVE], 2);
	assert_int_equal(stats.step[TRACE_STEP_BELOW], 1);
	assert_int_equal(stats.step[TRACE_STEP_OTHER], 2);
	assert_int_equal(stats.step[TRACE_STEP_SAME], 1);
	assert_int_equal(stats.steps, 6);
	assert_int_equal(stats.run.bucket[0], 3); /* 5, 6, and CPU 1's */
	assert_int_equal(stats.run.bucket[1], 2); /* 1 3 4, and 7 8 */
	assert_int_equal(stats.cpu_changes, 2);
	assert_int_equal(stats.cpu[1], 1);
}

static void stats_count_trips_with_and_without_transitions(void **state)
{
	(void)state;
	count(HEAD "T 1 0 10 init 40002000 1000 O N u\n"
		   "T 2 0 11 init 40000000 1000 O N u\n"
		   "T 3 0 12 init 40001000 1000 O N u+\n"
		   "X 4 0 20 hvc pkvm_init 10 2 0 5\n"
		   "M 5 0 25 40100000 200000 mem\n"
		   "X 6 0 30 abort - 3 0 1 0\n"
		   "X 7 1 30 hvc pkvm_init 20 0 0 1\n");

	assert_int_equal(stats.trips_with, 1);
	assert_int_equal(stats.trips_without, 8);
	assert_int_equal(stats.trips_mapped, 1);
	assert_int_equal(stats.calls_per_trip.bucket[1], 1);	/* the piece is no call of its own */
	assert_int_equal(stats.segments_per_trip.bucket[0], 1); /* one run, whatever the order */
	assert_int_equal(stats.trips, 2);
	assert_int_equal(stats.trip[0].trips, 2);
	assert_int_equal(stats.trip[0].with_transition, 1);
	assert_int_equal(stats.trip[0].p50_ns, 20);
	assert_int_equal(stats.map_size.tally[0].value, 512);
}

static void stats_measure_how_long_a_page_is_away_in_transitions(void **state)
{
	(void)state;
	count(HEAD "T 1 0 10 init 40000000 1000 O N u\n"
		   "T 2 0 20 init 40001000 1000 O N u\n"
		   "T 3 0 30 init 40000000 1000 N B u\n"   /* away for 2 */
		   "T 4 0 40 init 40000000 1000 B N u\n"   /* back for 1 */
		   "T 5 0 50 init 40001000 1000 N O u\n"); /* away for 3 */

	assert_int_equal(stats.away.bucket[1], 2);
	assert_int_equal(stats.back.bucket[0], 1);
}

static void stats_count_whole_blocks_without_access_at_the_peak(void **state)
{
	(void)state;
	count(HEAD "# S 40200000 1ff000 N\n"
		   "T 1 0 10 init 403ff000 1000 O N u\n"
		   "T 2 0 20 init 40200000 1000 N O u\n");

	assert_int_equal(stats.peak_pages, 512);
	assert_int_equal(stats.peak_blocks, 1);
}

static void stats_of_a_trace_without_records_are_zero_and_printable(void **state)
{
	FILE *sink = fopen("/dev/null", "w");
	json_t *json;

	(void)state;
	count(HEAD);
	trace_stats_print(sink, &stats, &trace);
	json = trace_stats_json(&stats, &trace);

	assert_int_equal(stats.records, 0);
	assert_non_null(json_object_get(json, "transitions"));
	json_decref(json);
	fclose(sink);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(stats_count_what_the_host_loses_keeps_and_regains),
		TEST(stats_tell_records_of_one_cause_by_their_change),
		TEST(stats_end_a_run_where_a_page_or_the_change_does_not_follow),
		TEST(stats_count_trips_with_and_without_transitions),
		TEST(stats_measure_how_long_a_page_is_away_in_transitions),
		TEST(stats_count_whole_blocks_without_access_at_the_peak),
		TEST(stats_of_a_trace_without_records_are_zero_and_printable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
