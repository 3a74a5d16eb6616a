/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_info.c - `s2shadow info` and the version strings.
 */
#include "bench/common/info.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char *const info_arguments[] = {(char[]){"info"}, (char[]){"more"}, NULL};

/* What info_main() prints on @stream, in memory from malloc(). */
static char *output_of_info(int argc, FILE *stream, int *status)
{
	char *text = calloc(1, 16384);
	FILE *file = tmpfile();
	int saved = dup(fileno(stream));

	assert_non_null(text);
	assert_non_null(file);
	assert_true(saved >= 0);
	fflush(stream);
	assert_true(dup2(fileno(file), fileno(stream)) >= 0);
	*status = info_main(argc, (char **)info_arguments);
	fflush(stream);
	assert_true(dup2(saved, fileno(stream)) >= 0);
	close(saved);
	rewind(file);
	assert_true(fread(text, 1, 16383, file) > 0);
	fclose(file);
	return text;
}

static void the_version_is_a_number_with_the_commit(void **state)
{
	unsigned major, minor, patch;
	char commit[64];

	(void)state;
	assert_int_equal(sscanf(info_version(), "%u.%u.%u (%63[^)])", &major, &minor, &patch, commit), 4);
}

static void the_build_names_configuration_and_compiler(void **state)
{
	(void)state;
	assert_true(strstr(info_build(), "gcc ") || strstr(info_build(), "clang "));
	assert_non_null(strchr(info_build(), ','));
}

static void info_says_where_it_runs_and_what_the_model_claims(void **state)
{
	static const char *const parts[] = {"version ",	  "build ",    "cpu ",	  "kernel ", "topology ",
					    "allocator ", "counters ", "SMMUv3:", " S2P",    "BBML "};
	int status;
	char *text = output_of_info(1, stdout, &status);

	(void)state;
	assert_int_equal(status, 0);
	assert_non_null(strstr(text, info_version()));
	for (unsigned i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (!strstr(text, parts[i]))
			fail_msg("'%s' is not in:\n%s", parts[i], text);
	free(text);
}

static void info_with_an_argument_is_one_line_and_status_2(void **state)
{
	int status;
	char *text = output_of_info(2, stderr, &status);

	(void)state;
	assert_int_equal(status, 2);
	assert_string_equal(text, "s2shadow: 'more' is one argument too many; try s2shadow info --help\n");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_version_is_a_number_with_the_commit),
		cmocka_unit_test(the_build_names_configuration_and_compiler),
		cmocka_unit_test(info_says_where_it_runs_and_what_the_model_claims),
		cmocka_unit_test(info_with_an_argument_is_one_line_and_status_2),
	};

	return cmocka_run_group_tests_name("info", tests, NULL, NULL);
}
