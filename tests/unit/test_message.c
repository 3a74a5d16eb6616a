/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_message.c - messages are one line, and every error has its own words.
 */
#include "bench/common/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <shadow/error.h>

static void a_message_is_one_line_with_the_programs_name(void **state)
{
	char text[64] = { 0 };
	FILE *kept = stderr, *file = fmemopen(text, sizeof(text), "w");

	(void)state;
	assert_non_null(file);
	stderr = file;
	message("%s:%d: wrong", "file", 7);
	stderr = kept;
	fclose(file);

	assert_string_equal(text, "s2shadow: file:7: wrong\n");
}

static void every_error_has_words_of_its_own(void **state)
{
	static const int errors[] = { SHADOW_EIO,    SHADOW_EAGAIN,	SHADOW_ENOMEM,
				      SHADOW_EBUSY,  SHADOW_ENODEV,	SHADOW_EINVAL,
				      SHADOW_ENOSPC, SHADOW_EOPNOTSUPP, SHADOW_ETIMEDOUT };
	const size_t count = sizeof(errors) / sizeof(*errors);

	(void)state;
	for (size_t i = 0; i < count; i++) {
		assert_string_not_equal(message_error(-errors[i]), "unknown error");
		for (size_t other = 0; other < i; other++)
			assert_string_not_equal(message_error(-errors[i]), message_error(-errors[other]));
	}
	assert_string_equal(message_error(-9999), "unknown error");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_is_one_line_with_the_programs_name),
		cmocka_unit_test(every_error_has_words_of_its_own),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
