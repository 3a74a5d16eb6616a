/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_fuzz_corpus.c - the inputs that the fuzzer has kept, played once each; no fuzzer needed.
 *
 * Run from the top of the tree. An argument is one input to play instead, such as one that make fuzz has
 * left.
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/fuzz/play.h"

#define CORPUS	  "tests/fuzz/corpus"
#define INPUT_MAX 4096u

static const char *only;

static void play_file(const char *path)
{
	static uint8_t data[INPUT_MAX];
	FILE *file = fopen(path, "rb");
	size_t size;

	assert_non_null(file);
	size = fread(data, 1, sizeof(data), file);
	(void)fclose(file);
	print_message("%s\n", path);
	fuzz_play(data, size);
}

static void every_input_that_the_fuzzer_kept_plays_as_the_oracle_says(void **state)
{
	DIR *folder = opendir(CORPUS);
	const struct dirent *entry;
	unsigned count = 0;

	(void)state;
	assert_non_null(folder);
	while ((entry = readdir(folder))) {
		char path[512];

		if (entry->d_name[0] == '.')
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", CORPUS, entry->d_name);
		play_file(path);
		count++;
	}
	(void)closedir(folder);
	assert_in_range(count, 50, 300);
}

static void the_input_that_was_named_plays_as_the_oracle_says(void **state)
{
	(void)state;
	play_file(only);
}

static void no_bytes_at_all_are_an_input(void **state)
{
	(void)state;
	fuzz_play((const uint8_t *)"", 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest one[] = { cmocka_unit_test(
		the_input_that_was_named_plays_as_the_oracle_says) };
	const struct CMUnitTest all[] = {
		cmocka_unit_test(no_bytes_at_all_are_an_input),
		cmocka_unit_test(every_input_that_the_fuzzer_kept_plays_as_the_oracle_says),
	};

	if (argc < 2)
		return cmocka_run_group_tests(all, NULL, NULL);
	only = argv[1];
	return cmocka_run_group_tests(one, NULL, NULL);
}
