/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_ahead.c - where a host would consent ahead, and for how long pages are unreachable early.
 *
 * Blocks of two pages; what is found is written as RECORD:PAGE, both from 0.
 */
#include "trace_text.h"

#include "bench/policy/ahead.h"

#define HEAD                                                                              \
	TRACE_TEXT_MAGIC TRACE_TEXT_SNAPSHOT "# G ia_bits 36 start_level 1 pgd_pages 1\n" \
					     "# R 0 40000000 4000000 flags 0\n"

static struct trace trace;
static struct ahead ahead;
static char text[256];

static const char *look(const char *records, uint64_t block_pages)
{
	size_t length = 0;

	trace_text_load(records, &trace);
	assert_int_equal(ahead_make(&ahead, &trace, trace.records_count, block_pages), 0);
	text[0] = '\0';
	for (size_t i = 0; i < ahead.count; i++)
		length += (size_t)snprintf(text + length, sizeof(text) - length, "%zu:%" PRIu64 " ",
					   ahead.consent[i].record, ahead.consent[i].start - 0x40000);
	return text;
}

static int tear_down(void **state)
{
	(void)state;
	ahead_free(&ahead);
	trace_free(&trace);
	return 0;
}

static void a_block_that_is_donated_whole_gives_consent_at_its_first_page(void **state)
{
	(void)state;
	assert_string_equal(look(HEAD "T 1 0 100 a 40003000 1000 O N u\n"
				      "T 2 1 150 a 40008000 1000 O N u\n"
				      "T 3 1 300 a 40002000 1000 O N u\n",
				 2),
			    "0:2 ");
	assert_int_equal(ahead.pages_early, 1);
	assert_int_equal(ahead.page_ns, 200);
	assert_int_equal(ahead.ns_max, 200);
}

static void early_time_is_that_of_each_page(void **state)
{
	(void)state;
	assert_string_equal(look(HEAD "T 1 0 100 a 40000000 1000 O N u\n"
				      "T 2 0 110 a 40001000 2000 O N u\n"
				      "T 3 0 400 a 40003000 1000 S N u\n",
				 4),
			    "0:0 ");
	assert_int_equal(ahead.pages_early, 3);
	assert_int_equal(ahead.page_ns, 10 + 10 + 300);
	assert_int_equal(ahead.ns_max, 300);
}

static void a_page_that_returns_first_spoils_it(void **state)
{
	(void)state;
	assert_string_equal(look(HEAD "T 1 0 100 a 40000000 1000 O N u\n"
				      "T 2 0 200 a 40000000 1000 N O u\n"
				      "T 3 0 300 a 40001000 1000 O N u\n"
				      "T 4 0 400 a 40000000 1000 O N u\n",
				 2),
			    "2:0 ");
}

static void a_page_that_returns_while_others_are_gone_spoils_it(void **state)
{
	(void)state;
	assert_string_equal(look(HEAD "T 1 0 100 a 40000000 2000 O N u\n"
				      "T 2 0 200 a 40000000 1000 N O u\n"
				      "T 3 0 300 a 40002000 2000 O N u\n"
				      "T 4 0 400 a 40000000 1000 O N u\n",
				 4),
			    "");
	assert_int_equal(ahead.pages_early, 0);
}

static void once_spoilt_it_must_be_whole_again(void **state)
{
	(void)state;
	assert_string_equal(look(HEAD "T 1 0 100 a 40000000 2000 O N u\n"
				      "T 2 0 200 a 40000000 1000 N O u\n"
				      "T 3 0 300 a 40000000 1000 O N u\n"
				      "T 4 0 400 a 40000000 2000 N O u\n"
				      "T 5 0 500 a 40001000 1000 O N u\n"
				      "T 6 0 600 a 40000000 1000 O N u\n",
				 2),
			    "4:0 ");
}

static void pages_that_are_gone_at_first_are_not_given(void **state)
{
	(void)state;
	assert_string_equal(look(HEAD "# S 40000000 1000 N\n"
				      "T 1 0 100 a 40001000 1000 O N u\n"
				      "T 2 0 200 a 40000000 2000 N O u\n"
				      "T 3 0 300 a 40001000 1000 O N u\n"
				      "T 4 0 400 a 40000000 1000 O N u\n",
				 2),
			    "2:0 ");
}

static void a_block_that_one_transition_takes_needs_no_consent(void **state)
{
	(void)state;
	assert_string_equal(look(HEAD "T 1 0 100 a 40000000 2000 O N u\n", 2), "");
	assert_int_equal(ahead.pages_early, 0);
}

static void one_transition_may_open_several_blocks(void **state)
{
	(void)state;
	assert_string_equal(look(HEAD "T 1 0 100 a 40001000 2000 O N u\n"
				      "T 2 0 200 a 40003000 1000 O N u\n"
				      "T 3 0 300 a 40000000 1000 O N u\n",
				 2),
			    "0:0 0:2 ");
	assert_int_equal(ahead.page_ns, 300);
}

static void a_block_that_reaches_beyond_memory_gives_none(void **state)
{
	(void)state;
	assert_string_equal(look(TRACE_TEXT_MAGIC TRACE_TEXT_SNAPSHOT "# G ia_bits 36 start_level 1 pgd_pages 1\n"
								      "# R 0 40000000 1000 flags 0\n"
								      "T 1 0 100 a 40000000 1000 O N u\n",
				 2),
			    "");
}

static void sharing_is_no_donation_and_no_return(void **state)
{
	(void)state;
	assert_string_equal(look(HEAD "T 1 0 100 a 40000000 1000 O N u\n"
				      "T 2 0 200 a 40001000 1000 O S u\n"
				      "T 3 0 300 a 40001000 1000 S N u\n",
				 2),
			    "0:0 ");
}

static void many_blocks_are_all_found(void **state)
{
	char *records = NULL;
	size_t bytes;
	FILE *file = open_memstream(&records, &bytes);

	(void)state;
	assert_non_null(file);
	fputs(HEAD, file);
	for (unsigned page = 0; page < 8192; page++)
		fprintf(file, "T %u 0 %u a %x 1000 O N u\n", page + 1, page, 0x40000000 + page * 0x1000);
	fclose(file);
	trace_text_load(records, &trace);
	free(records);

	assert_int_equal(ahead_make(&ahead, &trace, trace.records_count, 2), 0);

	assert_int_equal(ahead.count, 4096);
	for (size_t i = 0; i < ahead.count; i++) {
		assert_int_equal(ahead.consent[i].record, 2 * i);
		assert_int_equal(ahead.consent[i].start, 0x40000 + 2 * i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(a_block_that_is_donated_whole_gives_consent_at_its_first_page, tear_down),
		cmocka_unit_test_teardown(early_time_is_that_of_each_page, tear_down),
		cmocka_unit_test_teardown(a_page_that_returns_first_spoils_it, tear_down),
		cmocka_unit_test_teardown(a_page_that_returns_while_others_are_gone_spoils_it, tear_down),
		cmocka_unit_test_teardown(once_spoilt_it_must_be_whole_again, tear_down),
		cmocka_unit_test_teardown(pages_that_are_gone_at_first_are_not_given, tear_down),
		cmocka_unit_test_teardown(a_block_that_one_transition_takes_needs_no_consent, tear_down),
		cmocka_unit_test_teardown(one_transition_may_open_several_blocks, tear_down),
		cmocka_unit_test_teardown(a_block_that_reaches_beyond_memory_gives_none, tear_down),
		cmocka_unit_test_teardown(sharing_is_no_donation_and_no_return, tear_down),
		cmocka_unit_test_teardown(many_blocks_are_all_found, tear_down),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
