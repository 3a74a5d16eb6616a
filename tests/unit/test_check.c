/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_check.c - a trace that contradicts itself is found, and where.
 */
#include "trace_text.h"

#include "bench/replay/check.h"

#define HEAD                                                                              \
	TRACE_TEXT_MAGIC TRACE_TEXT_SNAPSHOT "# G ia_bits 36 start_level 1 pgd_pages 1\n" \
					     "# R 0 40000000 4000000 flags 0\n"
#define REVOKE_TWO "T 1 0 100 a 40000000 2000 O N u\n"
#define GRANT_ONE  "T 2 0 200 a 40000000 1000 N O u\n"
#define SNAPSHOT   "# snapshot end seq 9\n"

static struct check check;
static char said[512]; /* on standard error */

static int run_with(const char *text, uint64_t until, bool lenient, const struct oracle_range *closed,
		    size_t closed_count)
{
	FILE *kept = stderr, *file = fmemopen(said, sizeof(said), "w");
	struct trace trace;
	size_t records = 0;
	int result;

	assert_non_null(file);
	trace_text_load(text, &trace);
	while (records < trace.records_count && trace.records[records].seq <= until)
		records++;
	stderr = file;
	result = check_trace(&check, "file", &trace, records, until, lenient, closed, closed_count);
	stderr = kept;
	fclose(file);
	trace_free(&trace);
	return result;
}

static int run(const char *text, uint64_t until, bool lenient)
{
	return run_with(text, until, lenient, NULL, 0);
}

static void pages_that_change_access_are_counted(void **state)
{
	(void)state;
	assert_int_equal(run(HEAD REVOKE_TWO GRANT_ONE SNAPSHOT "# S 40001000 1000 N\n", UINT64_MAX, false),
			 0);

	assert_int_equal(check.pages_revoked, 2);
	assert_int_equal(check.pages_granted, 1);
	assert_int_equal(check.contradictions, 0);
}

static void closed_pages_are_not_counted(void **state)
{
	const struct oracle_range closed = { 0x40000000, 0x40001000 };

	(void)state;
	assert_int_equal(run_with(HEAD REVOKE_TWO GRANT_ONE, UINT64_MAX, false, &closed, 1), 0);

	assert_int_equal(check.pages_revoked, 1);
	assert_int_equal(check.pages_granted, 0);
}

static void a_wrong_old_state_names_line_and_address(void **state)
{
	(void)state;
	assert_int_equal(run(HEAD REVOKE_TWO "T 2 0 200 a 40001000 1000 O N u\n", UINT64_MAX, false), -1);

	assert_non_null(strstr(said, "file:6: "));
	assert_non_null(strstr(said, "40001000 is in state N"));
}

static void lenient_counts_records_with_a_wrong_old_state(void **state)
{
	(void)state;
	assert_int_equal(run(HEAD REVOKE_TWO "T 2 0 200 a 40000000 2000 O N u\n", UINT64_MAX, true), 0);

	assert_int_equal(check.contradictions, 1);
	assert_int_equal(check.pages_revoked, 2);
}

static void a_snapshot_that_differs_is_an_error_even_if_lenient(void **state)
{
	(void)state;
	assert_int_equal(run(HEAD REVOKE_TWO SNAPSHOT "# S 40001000 1000 N\n", UINT64_MAX, true), -1);

	assert_non_null(strstr(said, "file:6: "));
	assert_non_null(strstr(said, "40000000"));
}

static void a_snapshot_that_is_not_reached_is_not_checked(void **state)
{
	(void)state;
	assert_int_equal(run(HEAD REVOKE_TWO SNAPSHOT, 8, false), 0);
	assert_int_equal(run(HEAD REVOKE_TWO SNAPSHOT, 9, false), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pages_that_change_access_are_counted),
		cmocka_unit_test(closed_pages_are_not_counted),
		cmocka_unit_test(a_wrong_old_state_names_line_and_address),
		cmocka_unit_test(lenient_counts_records_with_a_wrong_old_state),
		cmocka_unit_test(a_snapshot_that_differs_is_an_error_even_if_lenient),
		cmocka_unit_test(a_snapshot_that_is_not_reached_is_not_checked),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
