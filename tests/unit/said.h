/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * said.h - for readers of text files: give them a text, and see what they say on standard error.
 */
#ifndef TESTS_UNIT_SAID_H
#define TESTS_UNIT_SAID_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define SAID_PATH "x.txt"

/* @read: of an open file that is called SAID_PATH. Return: all that it said; @result: what it returned. */
static inline const char *said_of(int (*read)(void *into, FILE *file), void *into, const char *text, int *result)
{
	static char said[400];
	char copy[4000];
	FILE *kept = stderr, *file, *error;

	memset(said, 0, sizeof(said));
	assert_true(strlen(text) < sizeof(copy));
	strcpy(copy, text);
	file = fmemopen(copy, strlen(copy), "r");
	error = fmemopen(said, sizeof(said), "w");
	assert_non_null(file);
	assert_non_null(error);
	stderr = error;
	*result = read(into, file);
	stderr = kept;
	fclose(error);
	fclose(file);
	return said;
}

/* A text, and a part of the one line that refuses it. */
struct said_wrong {
	const char *text, *says;
};

static inline void said_refuses(int (*read)(void *into, FILE *file), void *into, const struct said_wrong *wrong, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int result;
		const char *said = said_of(read, into, wrong[i].text, &result);

		assert_int_equal(result, -1);
		if (!strstr(said, wrong[i].says))
			fail_msg("%s says %s", wrong[i].text, said);
		assert_ptr_equal(strchr(said, '\n'), said + strlen(said) - 1);
	}
}

#endif
