/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_schedule.c - where the flushes of each mode fall, and how transitions are numbered.
 *
 * A schedule is written as text: T and its number (n: changes nothing, ?: asks first), E and its CPU for the
 * end of a trip, F and its trigger for a flush, . for the last flush, I for idle time.
 */
#include "trace_text.h"

#include "bench/schedule.h"

#define HEAD                                                                              \
	TRACE_TEXT_MAGIC TRACE_TEXT_SNAPSHOT "# G ia_bits 36 start_level 1 pgd_pages 1\n" \
					     "# R 0 40000000 4000000 flags 0\n"

/* Two CPUs whose trips overlap; one T that changes nothing; a trip that changes nothing. */
static const char two_cpus[] = HEAD "T 1 0 100 a 40000000 1000 O N u\n"
				    "T 2 1 200 a 40001000 2000 O N u\n"
				    "T 3 0 300 a 40003000 1000 O S u\n"
				    "X 4 0 400 hvc a 1 2 0 0\n"
				    "T 5 1 500 a 40000000 1000 N O u\n"
				    "X 6 1 600 hvc a 1 2 0 0\n"
				    "T 7 0 700 a 40003000 1000 S O u\n"
				    "X 8 0 800 hvc a 1 1 0 0\n";

static char text[256];

static const char *write_down(const struct schedule *schedule)
{
	FILE *file = fmemopen(text, sizeof(text), "w");

	assert_non_null(file);
	for (size_t i = 0; i < schedule->count; i++) {
		const struct op *op = &schedule->ops[i];

		if (op->kind == OP_TRANSITION)
			fprintf(file, "T%u%s%s ", op->number, op->changes_access ? "" : "n",
				op->asks ? "?" : "");
		else if (op->kind == OP_TRIP_END)
			fprintf(file, "E%u ", op->cpu);
		else if (op->kind == OP_IDLE)
			fprintf(file, "I ");
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
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
