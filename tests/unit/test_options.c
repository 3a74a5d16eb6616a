/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_options.c - what the arguments of a replay become. What is refused: tests/cli/bad_input.py.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "bench/replay/options.h"

#define ARGUMENTS_MAX 16

static struct options options;
static char words[512];
static char *arguments[ARGUMENTS_MAX];

/* Arguments in one string, separated by spaces. */
static int parse(const char *line)
{
	int count = 0;

	snprintf(words, sizeof(words), "replay %s", line);
	for (char *word = strtok(words, " "); word && count < ARGUMENTS_MAX - 1; word = strtok(NULL, " "))
		arguments[count++] = word;
	arguments[count] = NULL;
	return options_parse(&options, count, arguments);
}

static int release(void **state)
{
	(void)state;
	options_free(&options);
	return 0;
}

static void defaults_are_all_policies_and_trip(void **state)
{
	(void)state;
	assert_int_equal(parse("a.txt"), 0);

	assert_int_equal(options.policies_count, 3);
	assert_true(options.policy[OPTIONS_EAGER] && options.policy[OPTIONS_STRICT] &&
		    options.policy[OPTIONS_BATCHED]);
	assert_int_equal(options.flush.mode, SCHEDULE_TRIP);
	assert_int_equal(options.smmus, 1);
	assert_int_equal(options.bbml, 2);
	assert_int_equal(options.collapse, SHADOW_COLLAPSE_PATIENT);
	assert_int_equal(options.compact, 0);
	assert_false(options.contiguous || options.fwb || options.non_coherent || options.flush.idle);
	assert_int_equal(options.sync_ns, 1000);
	assert_true(options.until == UINT64_MAX);
	assert_false(options.has_until || options.has_pool || options.nested || options.no_ril ||
		     options.lenient || options.verify);
	assert_int_equal(options.traces_count, 1);
	assert_string_equal(options.traces[0], "a.txt");
}

static void policies_add_up(void **state)
{
	(void)state;
	assert_int_equal(parse("--policy batched --policy eager --policy batched a b"), 0);

	assert_int_equal(options.policies_count, 2);
	assert_false(options.policy[OPTIONS_STRICT]);
	assert_int_equal(options.traces_count, 2);
}

static void every_flush_has_its_name_back(void **state)
{
	static const char *const names[] = { "transition", "trip", "1", "512", "65536" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		char line[64], name[16];

		snprintf(line, sizeof(line), "--flush %s a", names[i]);
		assert_int_equal(parse(line), 0);
		options_flush_name(&options.flush, name);
		assert_string_equal(name, names[i]);
	}
}

static void what_ifs_have_names_and_say_what_they_are(void **state)
{
	char name[16];

	(void)state;
	assert_int_equal(parse("--flush trip a"), 0);
	assert_null(options_what_if(&options.flush));
	assert_string_equal(options_assumes(&options.flush), "guest map at the trip's end");
	assert_int_equal(parse("--group a"), 0);
	options_flush_name(&options.flush, name);
	assert_string_equal(name, "group");
	assert_string_equal(options_what_if(&options.flush), "the host lock is dropped while a trip waits");
	assert_int_equal(parse("--list 4096 a"), 0);
	options_flush_name(&options.flush, name);
	assert_string_equal(name, "list 4096");
	assert_string_equal(options_what_if(&options.flush), "hand-over at the end of a list");
	assert_null(options_assumes(&options.flush));
	assert_int_equal(parse("--ahead 2M a"), 0);
	options_flush_name(&options.flush, name);
	assert_string_equal(name, "trip");
	assert_string_equal(options_what_if(&options.flush), "the host consents ahead");
}

static void a_flush_of_a_group_is_outstanding_for_each_sync_that_it_takes(void **state)
{
	(void)state;
	assert_int_equal(parse("--group --sync-ns 700 a"), 0);
	assert_int_equal(options.flush.outstanding_ns, 700);
	assert_int_equal(parse("--nested --sync-ns 700 --group a"), 0);
	assert_int_equal(options.flush.outstanding_ns, 1400);
}

static void the_size_of_consents_is_read_with_its_unit(void **state)
{
	static const struct {
		const char *line;
		uint64_t pages;
	} sizes[] = {
		{ "--ahead 8192 a", 2 },
		{ "--ahead 8K a", 2 },
		{ "--ahead 64K a", 16 },
		{ "--ahead 2M a", 512 },
		{ "--flush 7 --ahead 1G a", 262144 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		assert_int_equal(parse(sizes[i].line), 0);
		assert_int_equal(options.flush.ahead_pages, sizes[i].pages);
	}
	assert_int_equal(options.flush.mode, SCHEDULE_COUNT);
}

static void larger_pages_have_names_and_consents_count_in_them(void **state)
{
	(void)state;
	assert_int_equal(parse("--ahead 2M a"), 0);
	assert_string_equal(options_granule_name(&options), "4K");
	assert_string_equal(options_leaf_name(&options, 1), "1G");
	assert_int_equal(parse("--ahead 2M --granule 16K --policy batched a"), 0);
	assert_int_equal(options.scale_lg2, 2);
	assert_int_equal(options.flush.ahead_pages, 128);
	assert_string_equal(options_granule_name(&options), "16K");
	assert_null(options_leaf_name(&options, 1));
	assert_string_equal(options_leaf_name(&options, 2), "32M");
	assert_string_equal(options_leaf_name(&options, 3), "16K");
	assert_int_equal(parse("--granule 64K --policy batched --ahead 128K a"), 0);
	assert_int_equal(options.scale_lg2, 4);
	assert_int_equal(options.flush.ahead_pages, 2);
	assert_string_equal(options_leaf_name(&options, 2), "512M");
	assert_string_equal(options_leaf_name(&options, 3), "64K");
}

static void switches_and_numbers_are_read(void **state)
{
	(void)state;
	assert_int_equal(
		parse("--nested --no-ril --lenient --verify --smmus 64 --bbml 0 --sync-ns 0 --until 7 a"), 0);

	assert_true(options.nested && options.no_ril && options.lenient && options.verify);
	assert_int_equal(options.smmus, 64);
	assert_int_equal(options.bbml, 0);
	assert_int_equal(options.sync_ns, 0);
	assert_true(options.has_until);
	assert_int_equal(options.until, 7);
}

static void what_the_table_is_like_is_read(void **state)
{
	(void)state;
	assert_int_equal(
		parse("--bbml 1 --collapse eager --contiguous --fwb --non-coherent --compact 65536 a"), 0);

	assert_int_equal(options.bbml, 1);
	assert_int_equal(options.collapse, SHADOW_COLLAPSE_EAGER);
	assert_true(options.contiguous && options.fwb && options.non_coherent);
	assert_int_equal(options.compact, 65536);
}

static void idle_time_follows_each_flush_wherever_the_options_stand(void **state)
{
	(void)state;
	assert_int_equal(parse("--compact 1 --flush transition a"), 0);
	assert_true(options.flush.idle);
	assert_int_equal(parse("--flush 7 --compact 1 a"), 0);

	assert_true(options.flush.idle);
	assert_int_equal(options.flush.count, 7);
}

static void every_collapse_policy_has_its_name_back(void **state)
{
	static const char *const names[] = { "eager", "patient", "never" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		char line[64];

		snprintf(line, sizeof(line), "--collapse %s a", names[i]);
		assert_int_equal(parse(line), 0);
		assert_string_equal(options_collapse_name(options.collapse), names[i]);
	}
}

static void addresses_are_hexadecimal_with_or_without_0x(void **state)
{
	(void)state;
	assert_int_equal(parse("--pool 0x100000000 --reserve 1000-0x3000 --reserve fFf000-1000000000000 a"),
			 0);

	assert_true(options.has_pool);
	assert_true(options.pool == 0x100000000);
	assert_int_equal(options.reserved_count, 2);
	assert_true(options.reserved[0].start == 0x1000 && options.reserved[0].end == 0x3000);
	assert_true(options.reserved[1].start == 0xfff000 && options.reserved[1].end == UINT64_C(1) << 48);
}

static void options_may_follow_the_trace(void **state)
{
	(void)state;
	assert_int_equal(parse("a --policy eager --map m --log l --image i --json j"), 0);

	assert_string_equal(options.map, "m");
	assert_string_equal(options.log, "l");
	assert_string_equal(options.image, "i");
	assert_string_equal(options.json, "j");
	assert_string_equal(options.traces[0], "a");
}

static void help_needs_no_trace(void **state)
{
	(void)state;
	assert_int_equal(parse("--help"), 0);

	assert_true(options.help);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(defaults_are_all_policies_and_trip, release),
		cmocka_unit_test_teardown(policies_add_up, release),
		cmocka_unit_test_teardown(every_flush_has_its_name_back, release),
		cmocka_unit_test_teardown(what_ifs_have_names_and_say_what_they_are, release),
		cmocka_unit_test_teardown(a_flush_of_a_group_is_outstanding_for_each_sync_that_it_takes, release),
		cmocka_unit_test_teardown(the_size_of_consents_is_read_with_its_unit, release),
		cmocka_unit_test_teardown(larger_pages_have_names_and_consents_count_in_them, release),
		cmocka_unit_test_teardown(switches_and_numbers_are_read, release),
		cmocka_unit_test_teardown(what_the_table_is_like_is_read, release),
		cmocka_unit_test_teardown(idle_time_follows_each_flush_wherever_the_options_stand, release),
		cmocka_unit_test_teardown(every_collapse_policy_has_its_name_back, release),
		cmocka_unit_test_teardown(addresses_are_hexadecimal_with_or_without_0x, release),
		cmocka_unit_test_teardown(options_may_follow_the_trace, release),
		cmocka_unit_test_teardown(help_needs_no_trace, release),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
