/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_trace_scale.c - a trace of larger pages is the same trace, page for page, with a host table to match.
 */
#include "bench/trace/trace_scale.h"

#include "trace_text.h"

#include "bench/replay/oracle.h"

#define HEAD TRACE_TEXT_MAGIC TRACE_TEXT_SNAPSHOT

static const unsigned scales[] = { 2, 4 };

#define SCALES (sizeof(scales) / sizeof(scales[0]))

static void load_scaled(const char *text, unsigned scale_lg2, struct trace *trace)
{
	struct trace_error error;

	trace_text_load(text, trace);
	if (trace_scale(trace, scale_lg2, &error))
		fail_msg("%s", error.message);
}

static void every_address_and_size_is_multiplied_and_nothing_else(void **state)
{
	static const char text[] = HEAD "# G ia_bits 36 start_level 1 pgd_pages 1\n"
					"# R 0 40000000 4000000 flags 0\n"
					"# R 1 44000000 1000 flags 4\n"
					"# S 40005000 2000 N\n"
					"# L 40200000 400000 2 owner hyp\n"
					"T 1 3 100 a 40001000 3000 O N u\n"
					"X 2 3 200 hvc a 300 1 1 7\n"
					"M 3 0 300 42200000 200000 mem\n"
					"F 4 0 400 801\n"
					"K 5 0 500 b0b\n"
					"# snapshot end seq 6\n"
					"# S 40001000 3000 N\n# S 40005000 2000 N\n";

	(void)state;
	for (size_t i = 0; i < SCALES; i++) {
		const unsigned lg2 = scales[i];
		struct trace plain, trace;

		trace_text_load(text, &plain);
		load_scaled(text, lg2, &trace);
		assert_int_equal(trace_page_lg2(&trace), 12 + lg2);
		assert_int_equal(trace.ia_bits, 36 + lg2);
		assert_int_equal(trace.regions[1].start, UINT64_C(0x44000000) << lg2);
		assert_int_equal(trace.regions[1].end, UINT64_C(0x44001000) << lg2);
		assert_int_equal(trace.memory_count, 1);
		assert_int_equal(trace.memory[0].start, UINT64_C(0x40000000) << lg2);
		assert_int_equal(trace.memory[0].end, UINT64_C(0x44001000) << lg2);
		assert_int_equal(trace.snapshots[0].states[0].end, UINT64_C(0x40007000) << lg2);
		assert_int_equal(trace.snapshots[0].leaves[0].start, UINT64_C(0x40200000) << lg2);
		assert_int_equal(trace.snapshots[0].leaves[0].end, UINT64_C(0x40600000) << lg2);
		assert_int_equal(trace.snapshots[1].states[1].start, UINT64_C(0x40005000) << lg2);
		assert_int_equal(trace.records_count, plain.records_count);
		for (size_t r = 0; r < trace.records_count; r++) {
			struct trace_record expected = plain.records[r];

			expected.start <<= expected.type == TRACE_K ? 0 : lg2;
			expected.bytes <<= lg2;
			assert_memory_equal(&trace.records[r], &expected, sizeof(expected));
		}
		trace_free(&plain);
		trace_free(&trace);
	}
}

static void the_host_has_the_fewest_levels_that_its_input_allows(void **state)
{
	static const struct {
		const char *g;
		unsigned scale_lg2, start_level, pgd_pages;
	} cases[] = {
		{ "25 start_level 2 pgd_pages 1", 2, 3, 4 }, { "25 start_level 2 pgd_pages 1", 4, 3, 1 },
		{ "31 start_level 2 pgd_pages 2", 2, 2, 1 }, { "31 start_level 2 pgd_pages 2", 4, 2, 1 },
		{ "38 start_level 1 pgd_pages 1", 2, 2, 16 }, { "38 start_level 1 pgd_pages 1", 4, 2, 1 },
		{ "39 start_level 1 pgd_pages 1", 2, 1, 1 }, { "40 start_level 1 pgd_pages 2", 4, 2, 4 },
		{ "42 start_level 0 pgd_pages 1", 4, 2, 16 }, { "43 start_level 0 pgd_pages 1", 4, 1, 1 },
		{ "46 start_level 0 pgd_pages 1", 2, 1, 2 }, { "44 start_level 0 pgd_pages 1", 4, 1, 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct trace trace;
		char text[200];

		snprintf(text, sizeof(text), HEAD "# G ia_bits %s\n# R 0 0 1000 flags 0\n", cases[i].g);
		load_scaled(text, cases[i].scale_lg2, &trace);
		assert_int_equal(trace.start_level, cases[i].start_level);
		assert_int_equal(trace.pgd_pages, cases[i].pgd_pages);
		trace_free(&trace);
	}
}

static void leaves_are_the_largest_that_are_not_larger_than_scaled(void **state)
{
	/* From level 0 on; annotated ones may be where no block is. At 44 bits of input a walk starts at level 1,
	 * at 40 with 64 KiB at level 2. */
	static const struct {
		const char *g;
		unsigned scale_lg2;
		uint8_t levels[7];
	} cases[] = {
		{ "44 start_level 0 pgd_pages 1", 2, { 1, 2, 2, 3, 3, 3, 3 } },
		{ "44 start_level 0 pgd_pages 1", 4, { 1, 2, 2, 3, 3, 3, 3 } },
		{ "40 start_level 0 pgd_pages 1", 4, { 2, 2, 2, 3, 3, 3, 3 } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct trace trace;
		char text[600];

		snprintf(text, sizeof(text), HEAD "# G ia_bits %s\n# R 0 0 1000 flags 0\n"
						  "# L 0 8000000000 0 owner hyp\n"
						  "# L 8000000000 40000000 1 owner hyp\n"
						  "# L 8040000000 40000000 1 valid RW\n"
						  "# L 8080000000 200000 2 owner guest\n"
						  "# L 8080200000 200000 2 valid R\n"
						  "# L 8080400000 1000 3 owner hyp\n"
						  "# L 8080401000 1000 3 valid W\n",
			 cases[i].g);
		load_scaled(text, cases[i].scale_lg2, &trace);
		for (size_t l = 0; l < 7; l++)
			assert_int_equal(trace.snapshots[0].leaves[l].level, cases[i].levels[l]);
		trace_free(&trace);
	}
}

static void addresses_that_would_not_fit_are_refused_and_nothing_changes(void **state)
{
	static const char text[] = HEAD "# G ia_bits 46 start_level 0 pgd_pages 1\n# R 0 1000 1000 flags 0\n";
	struct trace_error error;
	struct trace trace;

	(void)state;
	trace_text_load(text, &trace);
	assert_int_equal(trace_scale(&trace, 4, &error), -1);
	assert_int_equal(error.line, 0);
	assert_string_equal(error.message, "ia_bits 46 with pages of 64 KiB would be 50, above 48");
	assert_int_equal(trace.ia_bits, 46);
	assert_int_equal(trace.regions[0].start, 0x1000);
	assert_int_equal(trace_page_lg2(&trace), 12);
	assert_int_equal(trace_scale(&trace, 2, &error), 0);
	assert_int_equal(trace.ia_bits, 48);
	trace_free(&trace);
}

static void nothing_is_scaled_by_one(void **state)
{
	struct trace_error error;
	struct trace trace;

	(void)state;
	trace_text_load_file("tests/data/good_1tib.txt", &trace);
	assert_int_equal(trace_scale(&trace, 0, &error), 0);
	assert_int_equal(trace.start_level, 1);
	assert_int_equal(trace_page_lg2(&trace), 12);
	trace_free(&trace);
}

/* ---- the oracle follows -------------------------------------------------------------------------------- */

struct runs {
	struct oracle_run run[4096];
	size_t count, next;
	unsigned lg2;
};

static bool keep(void *ctx, const struct oracle_run *run)
{
	struct runs *runs = ctx;

	assert_true(runs->count < 4096);
	runs->run[runs->count++] = *run;
	return true;
}

static bool compare(void *ctx, const struct oracle_run *run)
{
	struct runs *runs = ctx;
	const struct oracle_run *plain = &runs->run[runs->next++];

	assert_true(runs->next <= runs->count);
	assert_int_equal(run->start, plain->start << runs->lg2);
	assert_int_equal(run->end, plain->end << runs->lg2);
	assert_int_equal(run->access, plain->access);
	assert_int_equal(run->memory, plain->memory);
	return true;
}

static void apply_all(struct oracle *oracle)
{
	struct oracle_change change;

	for (size_t r = 0; r < oracle->trace->records_count; r++)
		assert_int_equal(oracle_apply(oracle, &oracle->trace->records[r], &change), 0);
}

static void the_oracle_of_a_scaled_trace_is_the_oracle_scaled(void **state)
{
	(void)state;
	for (size_t i = 0; i < SCALES; i++) {
		static struct runs runs;
		struct oracle plain_oracle, oracle;
		struct trace_error error;
		struct trace plain, trace;

		runs = (struct runs){ .lg2 = scales[i] };
		trace_text_load_file("tests/data/good_regions.txt", &plain);
		trace_text_load_file("tests/data/good_regions.txt", &trace);
		assert_int_equal(trace_scale(&trace, scales[i], &error), 0);
		assert_int_equal(oracle_init(&plain_oracle, &plain, NULL, 0), 0);
		assert_int_equal(oracle_init(&oracle, &trace, NULL, 0), 0);
		apply_all(&plain_oracle);
		apply_all(&oracle);
		oracle_map(&plain_oracle, keep, &runs);
		oracle_map(&oracle, compare, &runs);
		assert_int_equal(runs.next, runs.count);
		assert_int_equal(oracle.pages_unreachable, plain_oracle.pages_unreachable);
		assert_int_equal(oracle.pages_nopage, plain_oracle.pages_nopage);
		oracle_free(&oracle);
		oracle_free(&plain_oracle);
		trace_free(&trace);
		trace_free(&plain);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_address_and_size_is_multiplied_and_nothing_else),
		cmocka_unit_test(the_host_has_the_fewest_levels_that_its_input_allows),
		cmocka_unit_test(leaves_are_the_largest_that_are_not_larger_than_scaled),
		cmocka_unit_test(addresses_that_would_not_fit_are_refused_and_nothing_changes),
		cmocka_unit_test(nothing_is_scaled_by_one),
		cmocka_unit_test(the_oracle_of_a_scaled_trace_is_the_oracle_scaled),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
