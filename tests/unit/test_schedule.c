/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_schedule.c - where the flushes of each mode fall, and how transitions are numbered.
 *
 * A schedule is written as text: T and its number (n: changes nothing, ?: asks first), E and its CPU for the
 * end of a trip, F and its trigger for a flush, . for the last flush, I for idle time; +LATE behind what happens
 * later than in the trace; A and a block for a consent; P and CPU:pages for what is pending, Q and the CPU for the
 * end of that.
 */
#include "trace_text.h"

#include "bench/policy/schedule.h"

#define HEAD                                                                              \
	TRACE_TEXT_MAGIC TRACE_TEXT_SNAPSHOT "# G ia_bits 36 start_level 1 pgd_pages 1\n" \
					     "# R 0 40000000 4000000 flags 0\n"

#define FIRST UINT64_C(0x40000) /* page of memory */

/* Two CPUs whose trips overlap; one T that changes nothing; a trip that changes nothing. */
static const char two_cpus[] = HEAD "T 1 0 100 a 40000000 1000 O N u\n"
				    "T 2 1 200 a 40001000 2000 O N u\n"
				    "T 3 0 300 a 40003000 1000 O S u\n"
				    "X 4 0 400 hvc a 1 2 0 0\n"
				    "T 5 1 500 a 40000000 1000 N O u\n"
				    "X 6 1 600 hvc a 1 2 0 0\n"
				    "T 7 0 700 a 40003000 1000 S O u\n"
				    "X 8 0 800 hvc a 1 1 0 0\n";

static char text[512];

static void write_transition(FILE *file, const struct op *op)
{
	fprintf(file, "T%u%s%s", op->number, op->changes_access ? "" : "n", op->asks ? "?" : "");
	if (op->late_ns)
		fprintf(file, "+%" PRIu64, op->late_ns);
	fputc(' ', file);
}

static const char *write_down(const struct schedule *schedule)
{
	FILE *file = fmemopen(text, sizeof(text), "w");

	assert_non_null(file);
	for (size_t i = 0; i < schedule->count; i++) {
		const struct op *op = &schedule->ops[i];

		if (op->kind == OP_TRANSITION)
			write_transition(file, op);
		else if (op->kind == OP_TRIP_END)
			fprintf(file, "E%u ", op->cpu);
		else if (op->kind == OP_IDLE)
			fprintf(file, "I ");
		else if (op->kind == OP_CONSENT)
			fprintf(file, "A%" PRIx64 "+%" PRIu64 " ", op->page - FIRST, op->count);
		else if (op->kind == OP_PENDING)
			fprintf(file, "P%u:%" PRIx64 "+%" PRIu64 " ", op->cpu, op->page - FIRST, op->count);
		else if (op->kind == OP_PENDING_END)
			fprintf(file, "Q%u ", op->cpu);
		else
			fprintf(file, "F%" PRIu64 "%s ", op->page, op->final ? "." : "");
	}
	fclose(file);
	return text;
}

static void expect(const char *trace_text, struct schedule_flush flush, uint64_t until, const char *expected)
{
	struct schedule schedule;
	struct trace trace;

	trace_text_load(trace_text, &trace);
	assert_int_equal(schedule_make(&schedule, &trace, schedule_records(&trace, until), flush), 0);
	assert_string_equal(write_down(&schedule), expected);
	schedule_free(&schedule);
	trace_free(&trace);
}

static const struct schedule_flush none = { .mode = SCHEDULE_NONE };
static const struct schedule_flush transition = { .mode = SCHEDULE_TRANSITION };
static const struct schedule_flush trip = { .mode = SCHEDULE_TRIP };

static struct schedule_flush every(unsigned count)
{
	return (struct schedule_flush){ .mode = SCHEDULE_COUNT, .count = count };
}

static void eager_and_strict_have_no_flush(void **state)
{
	(void)state;
	expect(two_cpus, none, UINT64_MAX, "T1 T2 T3n T3 T4n ");
}

static void transition_flushes_after_each_revoke(void **state)
{
	(void)state;
	expect(two_cpus, transition, UINT64_MAX, "T1? F100 T2? F200 T3n E0 T3 E1 T4n F800. ");
}

static void trip_flushes_where_a_trip_changed_access(void **state)
{
	(void)state;
	expect(two_cpus, trip, UINT64_MAX, "T1 T2 T3n E0 F400 T3 E1 F600 T4n F800. ");
}

static void a_number_counts_over_all_cpus_and_trips(void **state)
{
	(void)state;
	expect(two_cpus, every(2), UINT64_MAX, "T1 T2 F200 T3n E0 T3 E1 T4n F800. ");
	expect(two_cpus, every(1), UINT64_MAX, "T1 F100 T2 F200 T3n E0 T3 F500 E1 T4n F800. ");
	expect(two_cpus, every(65536), UINT64_MAX, "T1 T2 T3n E0 T3 E1 T4n F800. ");
}

static void idle_time_follows_each_flush_if_there_is_any(void **state)
{
	struct schedule_flush idle = trip, no_flush = none;

	(void)state;
	idle.idle = no_flush.idle = true;
	expect(two_cpus, idle, UINT64_MAX, "T1 T2 T3n E0 F400 I T3 E1 F600 I T4n F800. I ");
	expect(two_cpus, no_flush, UINT64_MAX, "T1 T2 T3n T3 T4n ");
}

static void until_stops_before_the_first_record_above_it(void **state)
{
	(void)state;
	expect(two_cpus, trip, 0, "F0. ");
	expect(two_cpus, trip, 1, "T1 F100. ");
	expect(two_cpus, trip, 5, "T1 T2 T3n E0 F400 T3 F500. ");
}

static void a_trigger_is_never_before_what_it_completes(void **state)
{
	static const char late[] = HEAD "T 1 0 500 a 40000000 1000 O N u\n"
					"X 2 0 400 hvc a 1 1 0 0\n";

	(void)state;
	expect(late, trip, UINT64_MAX, "T1 E0 F500 F500. ");
}

static void steps_name_their_records(void **state)
{
	struct schedule schedule;
	struct trace trace;

	(void)state;
	trace_text_load(two_cpus, &trace);
	assert_int_equal(schedule_make(&schedule, &trace, trace.records_count, trip), 0);

	assert_int_equal(schedule.cpu_count, 2);
	assert_int_equal(schedule.transitions, 5);
	assert_int_equal(schedule.transitions_access, 3);
	assert_int_equal(schedule.ops[1].page, 0x40001);
	assert_int_equal(schedule.ops[1].count, 2);
	assert_int_equal(schedule.ops[1].cpu, 1);
	assert_int_equal(schedule.ops[1].old_state, TRACE_STATE_OWNED);
	assert_int_equal(schedule.ops[1].new_state, TRACE_STATE_NOPAGE);
	assert_int_equal(trace.records[schedule.ops[1].record].seq, 2);
	assert_int_equal(trace.records[schedule.ops[4].record].seq, 4);
	schedule_free(&schedule);
	trace_free(&trace);
}

static void a_trace_without_records_has_one_cpu(void **state)
{
	struct schedule schedule;
	struct trace trace;

	(void)state;
	trace_text_load(HEAD, &trace);
	assert_int_equal(schedule_make(&schedule, &trace, 0, trip), 0);

	assert_int_equal(schedule.cpu_count, 1);
	assert_string_equal(write_down(&schedule), "F0. ");
	schedule_free(&schedule);
	trace_free(&trace);
}

/* ---- group ---- */

static struct schedule_flush group(uint64_t outstanding_ns)
{
	return (struct schedule_flush){ .mode = SCHEDULE_GROUP, .outstanding_ns = outstanding_ns };
}

/* CPU 0's sync is outstanding from 20 on when CPU 1's trip ends. */
#define TWO_TRIPS                                     \
	HEAD "T 1 0 10 a 40000000 1000 O N u\n"       \
	     "X 2 0 20 hvc a 1 1 0 0\n"               \
	     "T 3 1 30 a 40001000 1000 O N u\n"       \
	     "X 4 1 40 hvc a 1 1 0 0\n"

static void trips_that_end_while_a_sync_is_outstanding_share_the_next_flush(void **state)
{
	(void)state;
	expect(TWO_TRIPS "T 5 2 50 a 40002000 1000 O N u\n"
			 "X 6 2 60 hvc a 1 1 0 0\n"
			 "T 7 3 200 a 40003000 1000 O N u\n"
			 "X 8 3 210 hvc a 1 1 0 0\n",
	       group(100), UINT64_MAX,
	       "T1 E0 F20 T2 E1 P1:1+1 T3 E2 P2:2+1 F120 Q1 Q2 T4 E3 P3:3+1 F220 Q3 F220. ");
}

static void a_sync_that_takes_no_time_is_shared_by_nobody(void **state)
{
	(void)state;
	expect(TWO_TRIPS, group(0), UINT64_MAX, "T1 E0 F20 T2 E1 F40 F40. ");
}

static void who_touches_a_pending_page_waits_for_its_flush_and_its_sync(void **state)
{
	(void)state;
	expect(TWO_TRIPS "T 5 2 50 a 40001000 1000 N O u\n"
			 "X 6 2 60 hvc a 1 1 0 0\n",
	       group(100), UINT64_MAX, "T1 E0 F20 T2 E1 P1:1+1 F120 Q1 T3+170 E2 F230 F230. ");
}

static void who_touches_a_page_of_an_outstanding_flush_waits_for_that_alone(void **state)
{
	(void)state;
	expect(TWO_TRIPS "T 5 2 50 a 40000000 1000 N O u\n", group(100), UINT64_MAX,
	       "T1 E0 F20 T2 E1 P1:1+1 F120 Q1 T3+70 F120. ");
	expect(HEAD "T 1 0 10 a 40000000 1000 O N u\n"
		    "X 2 0 20 hvc a 1 1 0 0\n"
		    "T 3 1 30 a 40000000 1000 N O u\n"
		    "X 4 1 40 hvc a 1 1 0 0\n",
	       group(100), UINT64_MAX, "T1 E0 F20 T2+90 E1 F130 F130. ");
}

static void a_cpu_that_waits_makes_no_other_trip(void **state)
{
	(void)state;
	expect(TWO_TRIPS "M 5 1 50 40008000 1000 mem\n"
			 "T 6 2 60 a 40004000 1000 O S u\n",
	       group(100), UINT64_MAX, "T1 E0 F20 T2 E1 P1:1+1 F120 Q1 T3n+170 F230. ");
}

static void a_trip_that_an_earlier_flush_took_along_waits_for_that_one(void **state)
{
	(void)state;
	expect(HEAD "T 1 1 10 a 40001000 1000 O N u\n"
		    "T 2 0 15 a 40000000 1000 O N u\n"
		    "X 3 0 20 hvc a 1 1 0 0\n"
		    "X 4 1 30 hvc a 1 1 0 0\n"
		    "T 5 2 40 a 40001000 1000 N O u\n",
	       group(100), UINT64_MAX, "T1 T2 E0 F20 E1 T3+80 F120. ");
}

static void a_page_that_others_changed_within_a_trip_is_handed_over_by_the_last(void **state)
{
	(void)state;
	expect(HEAD "T 1 1 10 a 40001000 2000 O N u\n"
		    "T 2 0 15 a 40000000 1000 O N u\n"
		    "X 3 0 20 hvc a 1 1 0 0\n"
		    "T 4 2 30 a 40001000 1000 N O u\n"
		    "T 5 3 40 a 40001000 1000 O N u\n"
		    "T 6 1 50 a 40008000 1000 O N u\n"
		    "X 7 1 60 hvc a 1 1 0 0\n"
		    "X 8 3 70 hvc a 1 1 0 0\n",
	       group(100), UINT64_MAX, "T1 T2 E0 F20 T3 T4 T5 E1 P1:2+1 P1:8+1 E3 P3:1+1 F120 Q1 Q3 F120. ");
}

static void grants_alone_leave_nothing_outstanding(void **state)
{
	(void)state;
	expect(HEAD "# S 40000000 1000 N\n"
		    "T 1 0 10 a 40000000 1000 N O u\n"
		    "X 2 0 20 hvc a 1 1 0 0\n"
		    "T 3 1 30 a 40001000 1000 O N u\n"
		    "X 4 1 40 hvc a 1 1 0 0\n"
		    "T 5 2 50 a 40000000 1000 O S u\n",
	       group(100), UINT64_MAX, "T1 E0 F20 T2 E1 F40 T3n F50. ");
}

/* ---- list ---- */

static struct schedule_flush list(unsigned count)
{
	return (struct schedule_flush){ .mode = SCHEDULE_LIST, .count = count };
}

static void a_list_completes_when_its_cpu_has_made_that_many(void **state)
{
	static const char lists[] = HEAD "T 1 0 10 a 40000000 1000 O N u\n"
					 "X 2 0 20 hvc a 1 1 0 0\n"
					 "T 3 1 30 a 40004000 1000 O N u\n"
					 "T 4 0 40 a 40001000 1000 O N u\n"
					 "T 5 1 50 a 40005000 1000 O S u\n"
					 "T 6 1 60 a 40005000 1000 S N u\n";

	(void)state;
	expect(lists, list(2), UINT64_MAX,
	       "T1 P0:0+1 E0 T2 P1:4+1 T3 P0:1+1 F40 Q0 T4n T4 P1:5+1 F60 Q1 F60. ");
	expect(lists, list(9), UINT64_MAX, "T1 P0:0+1 E0 T2 P1:4+1 T3 P0:1+1 T4n T4 P1:5+1 F60. ");
}

static void who_touches_a_page_of_a_list_completes_it_first(void **state)
{
	(void)state;
	expect(HEAD "T 1 0 10 a 40000000 1000 O N u\n"
		    "T 2 1 20 a 40008000 1000 O N u\n"
		    "T 3 1 30 a 40000000 1000 N O u\n"
		    "T 4 1 40 a 40000000 1000 O N u\n",
	       list(9), UINT64_MAX, "T1 P0:0+1 T2 P1:8+1 F30 Q0 T3 F40 Q1 T4 P1:0+1 F40. ");
}

static void a_list_that_was_flushed_for_another_only_hands_over(void **state)
{
	(void)state;
	expect(HEAD "T 1 0 10 a 40000000 1000 O N u\n"
		    "T 2 1 20 a 40008000 1000 O N u\n"
		    "T 3 1 30 a 40009000 1000 O N u\n"
		    "T 4 1 40 a 40000000 1000 N O u\n",
	       list(2), UINT64_MAX, "T1 P0:0+1 T2 P1:8+1 T3 P1:9+1 F30 Q1 Q0 T4 F40. ");
}

/* ---- consents ---- */

static struct schedule_flush ahead_of(struct schedule_flush flush)
{
	flush.ahead_pages = 2;
	return flush;
}

#define BLOCK                                         \
	HEAD "T 1 0 10 a 40000000 1000 O N u\n"       \
	     "X 2 0 20 hvc a 1 1 0 0\n"               \
	     "T 3 1 30 a 40001000 1000 O N u\n"       \
	     "X 4 1 40 hvc a 1 1 0 0\n"               \
	     "T 5 0 500 a 40000000 1000 N O u\n"      \
	     "X 6 0 510 hvc a 1 1 0 0\n"

static void a_consent_precedes_the_first_donation_of_a_block(void **state)
{
	(void)state;
	expect(BLOCK, ahead_of(trip), UINT64_MAX, "A0+2 T1 E0 F20 T2 E1 F40 T3 E0 F510 F510. ");
	expect(BLOCK, ahead_of(none), UINT64_MAX, "T1 T2 T3 ");
	expect(BLOCK, ahead_of(list(9)), UINT64_MAX, "A0+2 T1 P0:0+1 E0 T2 P1:1+1 E1 F500 Q0 T3 E0 F510. ");
}

static void there_is_none_if_what_is_replayed_does_not_take_the_whole_block(void **state)
{
	(void)state;
	expect(BLOCK, ahead_of(trip), 2, "T1 E0 F20 F20. ");
}

static void a_trip_that_inherits_needs_no_sync_of_its_own(void **state)
{
	(void)state;
	expect(BLOCK, ahead_of(group(5)), UINT64_MAX, "A0+2 T1 E0 F20 T2 E1 F40 T3 E0 F510 F510. ");
	expect(BLOCK "T 7 2 600 a 40008000 1000 O N u\n", ahead_of(group(100)), 5,
	       "A0+2 T1 E0 F20 T2 E1 F40 T3 F500. ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(eager_and_strict_have_no_flush),
		cmocka_unit_test(transition_flushes_after_each_revoke),
		cmocka_unit_test(trip_flushes_where_a_trip_changed_access),
		cmocka_unit_test(a_number_counts_over_all_cpus_and_trips),
		cmocka_unit_test(idle_time_follows_each_flush_if_there_is_any),
		cmocka_unit_test(until_stops_before_the_first_record_above_it),
		cmocka_unit_test(a_trigger_is_never_before_what_it_completes),
		cmocka_unit_test(steps_name_their_records),
		cmocka_unit_test(a_trace_without_records_has_one_cpu),
		cmocka_unit_test(trips_that_end_while_a_sync_is_outstanding_share_the_next_flush),
		cmocka_unit_test(a_sync_that_takes_no_time_is_shared_by_nobody),
		cmocka_unit_test(who_touches_a_pending_page_waits_for_its_flush_and_its_sync),
		cmocka_unit_test(who_touches_a_page_of_an_outstanding_flush_waits_for_that_alone),
		cmocka_unit_test(a_cpu_that_waits_makes_no_other_trip),
		cmocka_unit_test(a_trip_that_an_earlier_flush_took_along_waits_for_that_one),
		cmocka_unit_test(a_page_that_others_changed_within_a_trip_is_handed_over_by_the_last),
		cmocka_unit_test(grants_alone_leave_nothing_outstanding),
		cmocka_unit_test(a_list_completes_when_its_cpu_has_made_that_many),
		cmocka_unit_test(who_touches_a_page_of_a_list_completes_it_first),
		cmocka_unit_test(a_list_that_was_flushed_for_another_only_hands_over),
		cmocka_unit_test(a_consent_precedes_the_first_donation_of_a_block),
		cmocka_unit_test(there_is_none_if_what_is_replayed_does_not_take_the_whole_block),
		cmocka_unit_test(a_trip_that_inherits_needs_no_sync_of_its_own),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
