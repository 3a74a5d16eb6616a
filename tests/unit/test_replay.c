/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_replay.c - the subcommand as a function: exit status, and what two passes agree on.
 *
 * What it prints and writes is tests/cli's business.
 */
#include "bench/replay/replay.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#define ARGUMENTS_MAX 24

#define HEAD                                                                                      \
	"# pkvm-host-trace 1\n# snapshot start seq 0\n# G ia_bits 36 start_level 1 pgd_pages 1\n" \
	"# R 0 40000000 4000000 flags 0\n"
#define TRIP                                                                                          \
	"T 1 0 100 a 40201000 1000 O N u\nT 2 0 200 a 40202000 1000 O N u\nX 3 0 300 hvc a 1 2 0 0\n" \
	"T 4 0 400 a 40201000 2000 N O u\nX 5 0 500 hvc a 1 2 0 0\n"

static json_t *root;

/* A file in memory with this content; 0: empty. */
static int file_of(const char *text, char path[64])
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	assert_true(fd >= 0);
	if (text)
		assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	snprintf(path, 64, "/proc/self/fd/%d", fd);
	return fd;
}

/* Replay @text with @line of options; standard output is dropped. */
static int run(const char *text, const char *line)
{
	char words[256], trace[64], *arguments[ARGUMENTS_MAX] = { "replay" };
	int fd = file_of(text, trace), kept = dup(STDOUT_FILENO), count = 1, status;
	FILE *null = fopen("/dev/null", "w");

	assert_non_null(null);
	snprintf(words, sizeof(words), "%s", line);
	for (char *word = strtok(words, " "); word; word = strtok(NULL, " "))
		arguments[count++] = word;
	arguments[count++] = trace;
	fflush(stdout);
	dup2(fileno(null), STDOUT_FILENO);
	status = replay_main(count, arguments);
	fflush(stdout);
	dup2(kept, STDOUT_FILENO);
	close(kept);
	fclose(null);
	close(fd);
	return status;
}

static json_t *run_json(const char *text, const char *line)
{
	char path[] = "/tmp/s2shadow-test-XXXXXX", options[256];
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	close(fd);
	snprintf(options, sizeof(options), "%s --json %s", line, path);
	assert_int_equal(run(text, options), 0);
	root = json_load_file(path, 0, NULL);
	unlink(path);
	assert_non_null(root);
	return json_object_get(root, "runs");
}

static int tear_down(void **state)
{
	(void)state;
	json_decref(root);
	root = NULL;
	return 0;
}

static json_int_t number(json_t *runs, size_t index, const char *key)
{
	return json_integer_value(json_object_get(json_array_get(runs, index), key));
}

static void a_good_trace_is_status_0(void **state)
{
	(void)state;
	assert_int_equal(run(HEAD TRIP, "--verify"), 0);
	assert_int_equal(run(HEAD, "--verify"), 0);
	assert_int_equal(run(NULL, "--help"), 0);
}

static void a_bad_one_is_status_2(void **state)
{
	(void)state;
	assert_int_equal(run(HEAD "T 1 0 100 a 40201000 1000 N O u\n", ""), 2);
	assert_int_equal(run(NULL, ""), 2);
}

static void policies_come_in_one_order_and_differ_where_they_should(void **state)
{
	json_t *runs =
		run_json(HEAD TRIP, "--policy batched --policy eager --policy strict --smmus 2 --nested");

	(void)state;
	assert_int_equal(json_array_size(runs), 3);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(number(runs, i, "transitions"), 3);
		assert_int_equal(number(runs, i, "pages_revoked"), 2);
		assert_int_equal(number(runs, i, "pages_granted"), 2);
	}
	assert_int_equal(number(runs, 0, "flushes"), 3);
	assert_int_equal(number(runs, 2, "flushes"), 2);
	assert_int_equal(number(runs, 0, "syncs"), 2 * 2 * 2);
	assert_int_equal(number(runs, 1, "syncs"), 2 * 2 * 2);
	assert_int_equal(number(runs, 2, "syncs"), 2 * 2);
	assert_int_equal(number(runs, 2, "doorbells"), 2);
}

static void a_flush_whose_grants_replace_invalid_entries_issues_no_command(void **state)
{
	json_t *all = run_json(HEAD TRIP, "--policy batched --bbml 0"), *revokes;
	json_int_t tlbi = number(all, 0, "tlbi"), syncs = number(all, 0, "syncs");

	(void)state;
	assert_int_equal(number(all, 0, "flushes"), 2);
	json_decref(root);
	revokes = run_json(HEAD TRIP, "--policy batched --bbml 0 --until 3");
	assert_int_equal(number(revokes, 0, "flushes"), 1);

	assert_int_equal(number(revokes, 0, "tlbi"), tlbi);
	assert_int_equal(number(revokes, 0, "syncs"), syncs);
}

#define ROUNDS 300 /* two flushes each: more than a patient table waits for */

/* One page of a block goes and comes back, again and again. */
static const char *one_page_forever(void)
{
	static char text[ROUNDS * 128 + 512];
	int at = snprintf(text, sizeof(text), HEAD);

	for (unsigned i = 0; i < ROUNDS; i++)
		at += snprintf(text + at, sizeof(text) - (size_t)at,
			       "T %u 0 %u a 40201000 1000 O N u\nX %u 0 %u hvc a 1 1 0 0\n"
			       "T %u 0 %u a 40201000 1000 N O u\nX %u 0 %u hvc a 1 1 0 0\n",
			       4 * i + 1, 4 * i + 1, 4 * i + 2, 4 * i + 2, 4 * i + 3, 4 * i + 3, 4 * i + 4,
			       4 * i + 4);
	return text;
}

static void a_page_that_comes_and_goes_costs_one_store_each_time(void **state)
{
	json_t *runs = run_json(one_page_forever(), "--policy batched");

	(void)state;
	assert_int_equal(number(runs, 0, "splits"), 1);
	assert_int_equal(number(runs, 0, "collapses"), 0);
	assert_int_equal(number(runs, 0, "table_writes"), 512 + 1 + 2 * ROUNDS - 1);
}

static void eager_collapse_splits_its_block_each_time(void **state)
{
	json_t *runs = run_json(one_page_forever(), "--policy batched --collapse eager");

	(void)state;
	assert_int_equal(number(runs, 0, "splits"), ROUNDS);
	assert_int_equal(number(runs, 0, "collapses"), ROUNDS);
}

static void compaction_splits_it_each_time_too(void **state)
{
	json_t *runs = run_json(one_page_forever(), "--policy batched --collapse never --compact 1");

	(void)state;
	assert_int_equal(number(runs, 0, "splits"), ROUNDS);
	assert_int_equal(number(runs, 0, "collapses"), ROUNDS);
}

static void eager_and_strict_keep_pages_whatever_the_table_should_be_like(void **state)
{
	json_t *runs =
		run_json(HEAD TRIP, "--policy eager --policy strict --bbml 1 --collapse eager --contiguous "
				    "--fwb --non-coherent --compact 1 --verify");

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(number(runs, i, "splits"), 0);
		assert_int_equal(number(runs, i, "hints"), 0);
		assert_int_equal(number(runs, i, "table_writes"), 4);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(a_good_trace_is_status_0, tear_down),
		cmocka_unit_test_teardown(a_bad_one_is_status_2, tear_down),
		cmocka_unit_test_teardown(policies_come_in_one_order_and_differ_where_they_should, tear_down),
		cmocka_unit_test_teardown(a_flush_whose_grants_replace_invalid_entries_issues_no_command,
					  tear_down),
		cmocka_unit_test_teardown(a_page_that_comes_and_goes_costs_one_store_each_time, tear_down),
		cmocka_unit_test_teardown(eager_collapse_splits_its_block_each_time, tear_down),
		cmocka_unit_test_teardown(compaction_splits_it_each_time_too, tear_down),
		cmocka_unit_test_teardown(eager_and_strict_keep_pages_whatever_the_table_should_be_like,
					  tear_down),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
