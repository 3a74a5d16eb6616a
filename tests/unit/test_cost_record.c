/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_cost_record.c - the flushes of a trace: each revoked page is in the flush that its revoke made, and no page that a
 * device uses is ever taken from the host.
 */
#include "bench/cost/cost_record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/trace_text.h"

#define TRACE_FILE "tests/data/good_small.txt"

static const struct cost_stream stream = { .pattern = COST_UNIFORM, .pages = 3000, .accesses = 10, .leaf = 3, .seed = 1 };

static bool covers(const struct cost_layout *layout, size_t flush, uint64_t page)
{
	for (size_t i = flush ? layout->end[flush - 1] : 0; i < layout->end[flush]; i++)
		if (layout->span[i].start <= page && page < layout->span[i].end)
			return true;
	return false;
}

static void each_revoke_has_a_flush_that_names_its_pages(void **state)
{
	struct cost_record record;
	struct trace trace;
	size_t flush = 0;

	(void)state;
	trace_text_load_file(TRACE_FILE, &trace);
	assert_int_equal(cost_record_make(&record, TRACE_FILE, "transition", NULL, &stream), 0);
	assert_string_equal(record.name, "good_small");
	assert_int_equal(record.whole, 0);
	for (size_t i = 0; i < trace.records_count; i++) {
		const struct trace_record *one = &trace.records[i];

		if (!trace_record_revokes(one))
			continue;
		assert_true(flush < record.layout.flushes);
		for (uint64_t at = one->start; at < one->start + one->bytes; at += TRACE_PAGE_BYTES)
			assert_true(covers(&record.layout, flush, at >> TRACE_PAGE_LG2));
		flush++;
	}
	assert_int_equal(record.layout.flushes, flush);
	assert_int_equal(record.layout.end[flush - 1], record.layout.spans);
	cost_record_free(&record);
	trace_free(&trace);
}

static void hear_command(void *ctx, unsigned smmu, const uint64_t word[2])
{
	struct cost_effect effect = cost_effect(word);

	(void)smmu;
	assert_int_equal(cost_drops_add(ctx, &effect), 0);
}

static void hear_nothing(void *ctx, unsigned smmu)
{
	(void)ctx;
	(void)smmu;
}

static void check_flush(struct cost_flush *flush, const struct cost_layout *layout, size_t index, enum cost_strategy strategy)
{
	size_t from = index ? layout->end[index - 1] : 0;
	struct cost_drops drops = { 0 };
	const struct cost_listener listener = { .ctx = &drops, .command = hear_command, .doorbell = hear_nothing };

	cost_flush_use(flush, strategy, &(struct shadow_tlbi_cost){ 0 });
	assert_int_equal(cost_flush_load(flush, &layout->span[from], layout->end[index] - from), 0);
	assert_int_equal(cost_flush_run(flush, &listener), 0);
	cost_drops_close(&drops);
	for (size_t i = from; i < layout->end[index]; i++) {
		const struct cost_span *span = &layout->span[i];
		unsigned level = span->level ? span->level : 3;
		uint64_t step = UINT64_C(1) << 9 * (3 - level);

		for (uint64_t page = span->start; page < span->end; page += step)
			assert_true(cost_drops_entry(&drops, page, step, level, true));
	}
	cost_drops_free(&drops);
}

static void every_strategy_names_what_a_flush_of_the_trace_replaced(void **state)
{
	const struct cost_flush_config config = { .smmus = 1, .ril = true };
	struct cost_record record;
	struct cost_flush *flush;

	(void)state;
	assert_int_equal(cost_record_make(&record, TRACE_FILE, NULL, NULL, &stream), 0);
	assert_int_equal(cost_flush_open(&flush, &config), 0);
	for (size_t i = 0; i < record.layout.flushes; i++)
		for (unsigned strategy = 0; strategy < COST_STRATEGIES; strategy++)
			check_flush(flush, &record.layout, i, (enum cost_strategy)strategy);
	cost_flush_close(flush);
	cost_record_free(&record);
}

static void spans_of_a_flush_come_in_order(void **state)
{
	struct cost_record record;

	(void)state;
	assert_int_equal(cost_record_make(&record, TRACE_FILE, "512", NULL, &stream), 0);
	assert_int_equal(record.layout.flushes, 1);
	assert_true(record.layout.spans >= 2);
	for (size_t i = 1; i < record.layout.spans; i++)
		assert_true(record.layout.span[i - 1].start <= record.layout.span[i].start);
	cost_record_free(&record);
}

static void a_replay_ends_where_it_is_told_to(void **state)
{
	struct cost_record record;

	(void)state;
	assert_int_equal(cost_record_make(&record, TRACE_FILE, "transition", "4", &stream), 0);
	assert_int_equal(record.layout.flushes, 2);
	cost_record_free(&record);
}

static void the_device_uses_memory_that_is_never_taken(void **state)
{
	struct cost_record record;
	struct trace trace;

	(void)state;
	trace_text_load_file(TRACE_FILE, &trace);
	assert_int_equal(cost_record_make(&record, TRACE_FILE, NULL, NULL, &stream), 0);
	assert_int_equal(record.layout.pages, stream.pages);
	for (unsigned i = 0; i < record.layout.pages; i++) {
		uint64_t start = record.layout.page[i] << TRACE_PAGE_LG2;

		assert_true(trace_is_memory(&trace, start, start + TRACE_PAGE_BYTES));
		for (size_t j = 0; j < trace.records_count; j++)
			if (trace_record_revokes(&trace.records[j]))
				assert_true(start < trace.records[j].start ||
					    start >= trace.records[j].start + trace.records[j].bytes);
		/* The S line of the trace: these are a guest's from the start. */
		assert_true(start < 0x43c00000);
	}
	cost_record_free(&record);
	trace_free(&trace);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_revoke_has_a_flush_that_names_its_pages),
		cmocka_unit_test(every_strategy_names_what_a_flush_of_the_trace_replaced),
		cmocka_unit_test(spans_of_a_flush_come_in_order),
		cmocka_unit_test(a_replay_ends_where_it_is_told_to),
		cmocka_unit_test(the_device_uses_memory_that_is_never_taken),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
