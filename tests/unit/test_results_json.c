/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_results_json.c - the JSON of results: form of addresses and numbers, what is null, what is skipped.
 */
#include "bench/replay/results.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

static struct shadow_range reserved[] = { { 0x1000, 0x3000 } };
static struct options options;
static struct results results;
static json_t *root;

static int set_up(void **state)
{
	(void)state;
	options = (struct options){
		.policy = { true, false, true },
		.policies_count = 2,
		.flush = { .mode = SCHEDULE_COUNT, .count = 512 },
		.smmus = 2,
		.bbml = 2,
		.reserved = reserved,
		.reserved_count = 1,
	};
	results = (struct results){ .options = &options };
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	results_free(&results);
	json_decref(root);
	root = NULL;
	return 0;
}

static struct result *add(enum options_policy policy)
{
	struct result *result = results_add(&results, "name", policy);

	assert_non_null(result);
	result->transitions = 4;
	result->transitions_access = 2;
	result->native_ns = 300;
	return result;
}

static void write_and_read(void)
{
	char *text = NULL;
	size_t bytes;
	FILE *file = open_memstream(&text, &bytes);

	assert_non_null(file);
	assert_int_equal(results_write_json(&results, file), 0);
	fclose(file);
	root = json_loads(text, 0, NULL);
	free(text);
	assert_non_null(root);
}

static json_t *run_at(size_t index)
{
	return json_array_get(json_object_get(root, "runs"), index);
}

static void every_key_is_there(void **state)
{
	static const char *const keys[] = {
		"trace",
		"policy",
		"pool",
		"reserved",
		"ste",
		"vmid",
		"transitions",
		"transitions_access",
		"pages_granted",
		"pages_revoked",
		"flushes",
		"flushes_forced",
		"tlbi",
		"syncs",
		"syncs_per_1000_revoked",
		"what_if",
		"ahead",
		"doorbells",
		"table_writes",
		"table_bytes_live",
		"table_bytes_peak",
		"table_bytes_reserved",
		"table_writes_per_access",
		"splits",
		"collapses",
		"splits_per_1000",
		"collapses_per_1000",
		"hints",
		"hints_dropped",
		"leaves",
		"cpu_ns",
		"latency_ns",
		"verify",
		"init",
	};

	(void)state;
	add(OPTIONS_EAGER);
	write_and_read();

	assert_true(json_is_string(json_object_get(root, "version")));
	assert_true(json_is_string(json_object_get(root, "build")));
	assert_true(json_is_object(json_object_get(root, "machine")));
	assert_true(json_is_object(json_object_get(root, "config")));
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		assert_non_null(json_object_get(run_at(0), keys[i]));
}

static void words_are_text_and_counts_are_numbers(void **state)
{
	struct result *result = add(OPTIONS_EAGER);
	json_t *run;

	(void)state;
	result->pool_base = UINT64_C(0x8000000000000000);
	result->pool_bytes = 4096;
	result->ste[7] = UINT64_MAX;
	result->tlbi = UINT64_C(1) << 40;
	write_and_read();
	run = run_at(0);

	assert_string_equal(json_string_value(json_object_get(json_object_get(run, "pool"), "base")),
			    "0x8000000000000000");
	assert_int_equal(json_integer_value(json_object_get(json_object_get(run, "pool"), "bytes")), 4096);
	assert_string_equal(json_string_value(json_array_get(json_object_get(run, "ste"), 7)),
			    "0xffffffffffffffff");
	assert_string_equal(json_string_value(json_array_get(json_object_get(run, "ste"), 0)), "0x0");
	assert_true(json_integer_value(json_object_get(run, "tlbi")) == INT64_C(1) << 40);
	assert_true(json_real_value(json_object_get(run, "cpu_ns")) == 150);
	assert_true(json_real_value(json_object_get(run, "cpu_ns_per_t")) == 75);
}

static void splits_and_collapses_are_also_per_1000_changes_of_access(void **state)
{
	struct result *result = add(OPTIONS_BATCHED);
	json_t *run;

	(void)state;
	result->splits = 3;
	result->collapses = 1;
	result->table_writes = 5;
	write_and_read();
	run = run_at(0);

	assert_int_equal(json_integer_value(json_object_get(run, "splits")), 3);
	assert_true(json_real_value(json_object_get(run, "splits_per_1000")) == 1500);
	assert_true(json_real_value(json_object_get(run, "collapses_per_1000")) == 500);
	assert_true(json_real_value(json_object_get(run, "table_writes_per_access")) == 2.5);
}

static void the_configuration_says_what_the_table_is_like(void **state)
{
	json_t *config;

	(void)state;
	options.collapse = SHADOW_COLLAPSE_EAGER;
	options.contiguous = options.non_coherent = true;
	options.compact = 9;
	add(OPTIONS_BATCHED);
	write_and_read();
	config = json_object_get(root, "config");

	assert_string_equal(json_string_value(json_object_get(config, "collapse")), "eager");
	assert_int_equal(json_integer_value(json_object_get(config, "compact")), 9);
	assert_true(json_is_true(json_object_get(config, "contiguous")));
	assert_true(json_is_false(json_object_get(config, "fwb")));
	assert_true(json_is_false(json_object_get(config, "coherent")));
}

static void reserved_lists_the_options_alone(void **state)
{
	json_t *list, *range;

	(void)state;
	add(OPTIONS_EAGER);
	write_and_read();
	list = json_object_get(run_at(0), "reserved");
	range = json_array_get(list, 0);

	assert_int_equal(json_array_size(list), 1);
	assert_string_equal(json_string_value(json_object_get(range, "base")), "0x1000");
	assert_int_equal(json_integer_value(json_object_get(range, "bytes")), 8192);
}

static void what_was_not_asked_for_is_null(void **state)
{
	json_t *config;

	(void)state;
	add(OPTIONS_BATCHED);
	write_and_read();
	config = json_object_get(root, "config");

	assert_true(json_is_null(json_object_get(run_at(0), "verify")));
	assert_true(json_is_null(json_object_get(run_at(0), "ratio_to_eager")));
	assert_true(json_is_null(json_object_get(config, "until")));
	assert_true(json_is_null(json_object_get(config, "assumes")));
	assert_string_equal(json_string_value(json_object_get(config, "what_if")), "hand-over late");
	assert_string_equal(json_string_value(json_object_get(config, "flush")), "512");
}

static void what_was_skipped_is_no_run(void **state)
{
	json_t *skipped;

	(void)state;
	add(OPTIONS_EAGER)->skipped = strdup("too large");
	add(OPTIONS_BATCHED);
	write_and_read();
	skipped = json_array_get(json_object_get(root, "skipped"), 0);

	assert_int_equal(json_array_size(json_object_get(root, "runs")), 1);
	assert_string_equal(json_string_value(json_object_get(run_at(0), "policy")), "batched");
	assert_string_equal(json_string_value(json_object_get(skipped, "why")), "too large");
}

static void a_full_disk_is_an_error(void **state)
{
	FILE *file = fopen("/dev/full", "w");

	(void)state;
	assert_non_null(file);
	setvbuf(file, NULL, _IONBF, 0);
	add(OPTIONS_EAGER);

	assert_int_equal(results_write_json(&results, file), -1);
	fclose(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_key_is_there, set_up, tear_down),
		cmocka_unit_test_setup_teardown(words_are_text_and_counts_are_numbers, set_up, tear_down),
		cmocka_unit_test_setup_teardown(splits_and_collapses_are_also_per_1000_changes_of_access,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_configuration_says_what_the_table_is_like, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(reserved_lists_the_options_alone, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_was_not_asked_for_is_null, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_was_skipped_is_no_run, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_full_disk_is_an_error, set_up, tear_down),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
