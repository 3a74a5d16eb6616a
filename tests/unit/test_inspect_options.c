/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_inspect_options.c - what the arguments of an inspection become. What is refused: tests/cli/inspection.py.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "bench/inspect/inspect_options.h"

#define ARGUMENTS_MAX 16

static struct inspect_options options;
static char words[512];
static char *arguments[ARGUMENTS_MAX];

/* Arguments in one string, separated by spaces. */
static int parse(const char *line)
{
	int count = 0;

	snprintf(words, sizeof(words), "inspect %s", line);
	for (char *word = strtok(words, " "); word && count < ARGUMENTS_MAX - 1; word = strtok(NULL, " "))
		arguments[count++] = word;
	arguments[count] = NULL;
	return inspect_options_parse(&options, count, arguments);
}

static void an_image_alone_wants_the_text(void **state)
{
	(void)state;
	assert_int_equal(parse("a.img"), 0);

	assert_string_equal(options.image, "a.img");
	assert_null(options.json);
	assert_null(options.plot);
	assert_false(options.has_address || options.all || options.help);
}

static void every_option_is_taken_on_either_side_of_the_image(void **state)
{
	(void)state;
	assert_int_equal(parse("--all --addr 0x40201Abc a.img --json - --plot b.svg"), 0);

	assert_string_equal(options.image, "a.img");
	assert_string_equal(options.json, "-");
	assert_string_equal(options.plot, "b.svg");
	assert_true(options.all && options.has_address && options.plot_svg);
	assert_true(options.address == 0x40201abc);
}

static void addresses_are_hexadecimal_with_or_without_a_prefix(void **state)
{
	(void)state;
	assert_int_equal(parse("--addr 10 a.img"), 0);
	assert_true(options.address == 16);
	assert_int_equal(parse("--addr 0XFfffFfffFfffFfff a.img"), 0);
	assert_true(options.address == UINT64_MAX);
}

static void the_suffix_chooses_the_format(void **state)
{
	(void)state;
	assert_int_equal(parse("--plot b.png a.img"), 0);
	assert_false(options.plot_svg);
	assert_int_equal(parse("--plot b.png.svg a.img"), 0);
	assert_true(options.plot_svg);
}

static void help_needs_no_image(void **state)
{
	(void)state;
	assert_int_equal(parse("--help"), 0);
	assert_true(options.help);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_image_alone_wants_the_text),
		cmocka_unit_test(every_option_is_taken_on_either_side_of_the_image),
		cmocka_unit_test(addresses_are_hexadecimal_with_or_without_a_prefix),
		cmocka_unit_test(the_suffix_chooses_the_format),
		cmocka_unit_test(help_needs_no_image),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
