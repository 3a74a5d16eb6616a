/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_results.c - the table: its columns are marked and line up, and its marks and notes are there.
 */
#include "bench/replay/results.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COLUMNS_MAX 80

static struct options options;
static struct results results;
static char text[16384];

static int set_up(void **state)
{
	(void)state;
	options = (struct options){
		.policy = { true, true, true },
		.policies_count = 3,
		.flush = { .mode = SCHEDULE_TRIP },
		.smmus = 1,
		.bbml = 2,
		.sync_ns = 1000,
	};
	results = (struct results){ .options = &options };
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	results_free(&results);
	return 0;
}

static struct result *add(const char *trace, enum options_policy policy, uint64_t ns)
{
	struct result *result = results_add(&results, trace, policy);

	assert_non_null(result);
	result->transitions = 20;
	result->transitions_access = 10;
	result->native_ns = ns;
	return result;
}

static void print(void)
{
	FILE *file = fmemopen(text, sizeof(text), "w");

	assert_non_null(file);
	results_print(&results, file);
	fclose(file);
}

static void ratios_are_to_eager_on_the_same_trace(void **state)
{
	(void)state;
	add("first", OPTIONS_EAGER, 1000);
	add("first", OPTIONS_BATCHED, 100);
	add("second", OPTIONS_EAGER, 300);
	add("second", OPTIONS_STRICT, 150);

	assert_true(results_ratio_to_eager(&results, &results.result[0]) == 1);
	assert_true(results_ratio_to_eager(&results, &results.result[1]) == 10);
	assert_true(results_ratio_to_eager(&results, &results.result[3]) == 2);
}

static void without_eager_there_is_no_ratio(void **state)
{
	(void)state;
	add("first", OPTIONS_EAGER, 1000);
	add("second", OPTIONS_BATCHED, 100);
	add("third", OPTIONS_EAGER, 0)->skipped = strdup("why");
	add("third", OPTIONS_BATCHED, 100);

	assert_true(results_ratio_to_eager(&results, &results.result[1]) == 0);
	assert_true(results_ratio_to_eager(&results, &results.result[3]) == 0);
}

static void a_trace_named_twice_is_two_groups(void **state)
{
	(void)state;
	add("same", OPTIONS_EAGER, 1000);
	add("same", OPTIONS_BATCHED, 100);
	add("same", OPTIONS_EAGER, 500);
	add("same", OPTIONS_BATCHED, 100);

	assert_true(results_ratio_to_eager(&results, &results.result[1]) == 10);
	assert_true(results_ratio_to_eager(&results, &results.result[3]) == 5);
}

static void time_is_per_transition(void **state)
{
	struct result *result = add("first", OPTIONS_EAGER, 1000);

	(void)state;
	assert_true(result_ns_per(result, result->transitions_access) == 100);
	assert_true(result_ns_per(result, result->transitions) == 50);
	assert_true(result_ns_per(result, 0) == 0);
}

static void rates_are_per_transition_that_changes_access(void **state)
{
	struct result *result = add("first", OPTIONS_BATCHED, 1000);

	(void)state;
	result->splits = 2;
	result->collapses = 1;
	result->table_writes = 15;
	result->table_bytes_reserved = 8192;
	assert_true(result_per_access(result, 15) == 1.5);
	print();
	assert_non_null(strstr(text, "first batched         2            1       200.0          100.0        0\n"));
	assert_non_null(strstr(text, "first batched          0             1.50               8\n"));
	result->transitions_access = 0;

	assert_true(result_per_access(result, 15) == 0);
}

static void what_the_batched_table_is_like_is_said(void **state)
{
	(void)state;
	add("first", OPTIONS_BATCHED, 1000);
	print();
	assert_non_null(strstr(text, "\nbatched --collapse patient --flush trip"));
	options.collapse = SHADOW_COLLAPSE_NEVER;
	options.contiguous = options.fwb = options.non_coherent = true;
	options.compact = 4;
	print();
	assert_non_null(strstr(text,
			       "\nbatched --collapse never --compact 4 --contiguous --fwb --non-coherent "
			       "--flush trip (assumes: guest map at the trip's end)\n"));
	options.policy[OPTIONS_BATCHED] = false;
	print();

	assert_null(strstr(text, "batched --"));
}

static void every_column_is_marked(void **state)
{
	unsigned heads = 0;

	(void)state;
	options.verify = true;
	add("first", OPTIONS_EAGER, 1000);
	print();
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		if (strncmp(line, "trace policy", 12))
			continue;
		heads++;
		for (char *at = line + strlen("trace policy "); *at;) {
			size_t space = strspn(at, " "), word = strcspn(at + space, " ");
			const char *end = at + space + word;

			assert_true(!strncmp(end - 3, "(c)", 3) || !strncmp(end - 3, "(m)", 3) ||
				    !strncmp(end - 3, "(~)", 3));
			at += space + word;
		}
	}

	assert_int_equal(heads, 12);
}

static void lines_of_a_section_line_up_and_are_not_wide(void **state)
{
	size_t width = 0;
	char *next = text;

	(void)state;
	add("pingpong", OPTIONS_EAGER, 100000000)->table_writes = 12345678901;
	add("pvm-frag", OPTIONS_BATCHED, 1)->latency.max = 999999999;
	print();
	for (char *line; (line = strsep(&next, "\n"));) {
		bool row = !strncmp(line, "trace", 5) || !strncmp(line, "pingpong", 8) ||
			   !strncmp(line, "pvm-frag", 8);

		assert_true(strlen(line) <= COLUMNS_MAX);
		if (row && width)
			assert_int_equal(strlen(line), width);
		width = row ? strlen(line) : 0;
	}
}

static void assumptions_are_marked(void **state)
{
	(void)state;
	add("first", OPTIONS_BATCHED, 1000);
	print();
	assert_non_null(strstr(text, "assumes: guest map at the trip's end"));
	options.flush = (struct schedule_flush){ .mode = SCHEDULE_COUNT, .count = 512 };
	print();
	assert_non_null(strstr(text, "--flush 512 (what-if: hand-over late)"));
	options.flush = (struct schedule_flush){ .mode = SCHEDULE_GROUP, .ahead_pages = 512 };
	print();
	assert_non_null(strstr(text, "--group --ahead 2048K (assumes: guest map at the trip's end) (what-if: the "
				     "host lock is dropped while a trip waits; the host consents ahead)\n"));
	options.flush = (struct schedule_flush){ .mode = SCHEDULE_TRANSITION };
	print();
	assert_null(strstr(text, "assumes"));
	assert_null(strstr(text, "what-if"));
}

static void syncs_are_per_1000_pages_and_what_ifs_are_marked_in_their_lines(void **state)
{
	struct result *result;

	(void)state;
	options.flush = (struct schedule_flush){ .mode = SCHEDULE_LIST, .count = 16 };
	add("first", OPTIONS_EAGER, 1000)->syncs = 400;
	result = add("first", OPTIONS_BATCHED, 1000);
	results.result[0].pages_revoked = result->pages_revoked = 400;
	result->syncs = 25;
	result->ahead.pages_early = 3;
	result->ahead.page_ns = 12000;
	result->ahead.ns_max = 9000;
	assert_true(result_syncs_per_1000(result) == 62.5);
	assert_true(result_early_ns(result) == 4000);
	print();

	assert_non_null(strstr(text, "\nfirst eager              1000.0           0        0           0.0    0.0"));
	assert_non_null(strstr(text, "\nfirst batched      62.5 what-if           0        3           4.0    9.0"));
	options.flush = (struct schedule_flush){ .mode = SCHEDULE_TRIP };
	result->pages_revoked = 0;
	assert_true(result_syncs_per_1000(result) == 0);
	print();
	assert_null(strstr(text, "what-if"));
}

static void what_was_skipped_and_what_is_odd_is_noted(void **state)
{
	(void)state;
	add("first", OPTIONS_EAGER, 0)->skipped = strdup("needs 2053 MiB");
	add("first", OPTIONS_BATCHED, 1000)->contradictions = 3;
	results.result[1].doorbells_extra = 4;
	results.result[1].reserved_attempts = 5;
	print();

	assert_non_null(strstr(text, "note: first eager is skipped: needs 2053 MiB\n"));
	assert_non_null(strstr(text, "note: first batched: 3 T contradict"));
	assert_non_null(strstr(text, "4 doorbells more"));
	assert_non_null(strstr(text, "5 grants of reserved ranges"));
	assert_null(strstr(text, "\nfirst eager"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(ratios_are_to_eager_on_the_same_trace, set_up, tear_down),
		cmocka_unit_test_setup_teardown(without_eager_there_is_no_ratio, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_trace_named_twice_is_two_groups, set_up, tear_down),
		cmocka_unit_test_setup_teardown(time_is_per_transition, set_up, tear_down),
		cmocka_unit_test_setup_teardown(rates_are_per_transition_that_changes_access, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(what_the_batched_table_is_like_is_said, set_up, tear_down),
		cmocka_unit_test_setup_teardown(every_column_is_marked, set_up, tear_down),
		cmocka_unit_test_setup_teardown(lines_of_a_section_line_up_and_are_not_wide, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(assumptions_are_marked, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			syncs_are_per_1000_pages_and_what_ifs_are_marked_in_their_lines, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_was_skipped_and_what_is_odd_is_noted, set_up, tear_down),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
