/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_cost_device.c - descriptions of devices: what is in them is read, what is wrong is refused with its line.
 */
#include "bench/cost/cost_device.h"

#include "tests/unit/said.h"

static const char good[] = "# a comment\n"
			   "name\tone from two\n"
			   "ranges yes from a manual\n"
			   "command_ns 12.5 assumed: nothing is known\n"
			   "range_ns 3 assumed\nvmid_ns 4 assumed\nstage1_ns 5 assumed\nsync_ns 6 assumed\n"
			   "main_ns 7 assumed\nwalk_ns 8 assumed\nread_ns 9 assumed\n"
			   "piece_ns 10 from a manual # and a comment\n"
			   "main 64 4 fifo from x\n"
			   "micro 8 full lru assumed; from hearsay\n"
			   "walk2 none assumed\n";

static int read_file(void *into, FILE *file)
{
	return cost_device_read(into, file, SAID_PATH);
}

/* Return: what it says on standard error. */
static const char *read_text(struct cost_device *device, const char *text, int expected)
{
	int result;
	const char *said = said_of(read_file, device, text, &result);

	assert_int_equal(result, expected);
	return said;
}

static void every_value_and_its_origin_is_read(void **state)
{
	struct cost_device device;
	char text[sizeof(good)];
	unsigned key = 0;

	(void)state;
	strcpy(text, good);
	memcpy(strstr(text, "one from two"), "one         ", strlen("one from two"));
	assert_string_equal(read_text(&device, text, 0), "");
	assert_string_equal(device.name, "one");
	assert_true(device.ranges);
	assert_true(device.ns[COST_NS_COMMAND] == 12.5);
	assert_true(device.ns[COST_NS_PIECE] == 10);
	assert_int_equal(device.shape.main.entries, 64);
	assert_int_equal(device.shape.main.ways, 4);
	assert_int_equal(device.shape.main.replace, COST_FIFO);
	assert_int_equal(device.shape.micro.ways, 0);
	assert_int_equal(device.shape.walk[2].entries, 0);
	assert_false(device.shape.shared);
	while (strcmp(cost_device_key(key), "piece_ns"))
		key++;
	assert_false(device.origin[key].assumed);
	assert_string_equal(device.origin[key].source, "a manual");
	while (strcmp(cost_device_key(key), "micro"))
		key++;
	assert_true(device.origin[key].assumed);
}

static void what_is_wrong_is_refused_with_its_line(void **state)
{
	static const struct said_wrong wrong[] = {
		{ "colour blue assumed\n", "x.txt:1: unknown key 'colour'" },
		{ "sync_ns 5\n", "x.txt:1: neither 'from'" },
		{ "sync_ns 5 from\n", "x.txt:1: neither 'from'" },
		{ "sync_ns -5 assumed\n", "x.txt:1: not a time" },
		{ "sync_ns 5e3 assumed\n", "x.txt:1: not a time" },
		{ "sync_ns 1 2 assumed\n", "x.txt:1: a time is one number" },
		{ "sync_ns 2000000000 assumed\n", "x.txt:1: not a time" },
		{ "ranges maybe assumed\n", "x.txt:1: ranges is yes or no" },
		{ "main 64 assumed\n", "x.txt:1: a cache is ENTRIES WAYS" },
		{ "main 64 5 lru assumed\n", "x.txt:1: entries are not so many sets" },
		{ "main 64 0 lru assumed\n", "x.txt:1: entries are not so many sets" },
		{ "main 0 1 lru assumed\n", "x.txt:1: entries are not so many sets" },
		{ "main 64 4 plru assumed\n", "x.txt:1: none of lru" },
		{ "main 6x 4 lru assumed\n", "x.txt:1: not a number" },
		{ "\nmain 8 4 lru assumed\nmain 8 4 lru assumed\n", "x.txt:3: a second 'main'" },
		{ "walk 8 4 lru assumed\nwalk1 8 4 lru assumed\n", "x.txt:2: walk has all levels" },
		{ "walk3 8 4 lru assumed\nwalk 8 4 lru assumed\n", "x.txt:2: walk has all levels" },
		{ "name a b\n", "x.txt:1: name takes one word" },
		{ "a b c d e f g h i j assumed\n", "x.txt:1: too many words" },
		{ "", "x.txt: there is no name" },
		{ "name x\n", "x.txt: there is no ranges" },
	};
	struct cost_device device;

	(void)state;
	said_refuses(read_file, &device, wrong, sizeof(wrong) / sizeof(wrong[0]));
}

static void a_device_without_a_tlb_is_refused(void **state)
{
	struct cost_device device;
	char text[sizeof(good)];

	(void)state;
	strcpy(text, good);
	memcpy(strstr(text, "one from two"), "one         ", strlen("one from two"));
	*strstr(text, "main 64") = '\0';
	assert_string_equal(read_text(&device, text, -1), "s2shadow: x.txt: there is neither a main nor a micro TLB\n");
}

static void those_that_are_built_in_are_whole(void **state)
{
	struct cost_device device;
	unsigned count = 0;

	(void)state;
	for (; cost_device_builtin(count); count++) {
		assert_int_equal(cost_device_load(&device, cost_device_builtin(count)), 0);
		assert_string_equal(device.name, cost_device_builtin(count));
		for (unsigned key = 1; key < COST_KEYS; key++)
			assert_true(!device.origin[key].given || device.origin[key].assumed || device.origin[key].source[0]);
	}
	assert_int_equal(count, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_value_and_its_origin_is_read),
		cmocka_unit_test(what_is_wrong_is_refused_with_its_line),
		cmocka_unit_test(a_device_without_a_tlb_is_refused),
		cmocka_unit_test(those_that_are_built_in_are_whole),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
