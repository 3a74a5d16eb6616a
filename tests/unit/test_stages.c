/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_stages.c - what is counted belongs to the stage in which it was counted.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bench/replay/stages.h"

static uint64_t clock_ns, cycles; /* of a kernel that the test plays; cycles are the only counter */
static unsigned asked;
static struct counters counters;
static struct stages stages;

static int fake_open(struct perf_event_attr *attr)
{
	(void)attr;
	return asked++ == COUNTER_CYCLES ? 7 : -1;
}

static ssize_t fake_read(int fd, void *buffer, size_t bytes)
{
	const uint64_t words[3] = { cycles, clock_ns, clock_ns };

	assert_int_equal(fd, 7);
	assert_int_equal(bytes, sizeof(words));
	memcpy(buffer, words, sizeof(words));
	return (ssize_t)bytes;
}

static int fake_close(int fd)
{
	(void)fd;
	return 0;
}

static int set_up(void **state)
{
	static const struct counters_kernel kernel = { fake_open, fake_read, fake_close };
	const char *why;

	(void)state;
	clock_ns = 1;
	cycles = 1000;
	asked = 0;
	assert_int_equal(counters_open(&counters, &kernel, &why), 0);
	stages_begin(&stages, &counters);
	return 0;
}

static void spend(uint64_t count)
{
	clock_ns += count;
	cycles += count;
}

static void hit(enum platform_trace_event event, uint64_t then)
{
	stages_hit(&stages, event, 0, 0);
	spend(then);
}

static uint64_t spent_in(enum stage stage)
{
	return stages.sum[stage].counter[COUNTER_CYCLES].value;
}

static void a_flush_goes_from_the_host_through_its_stages_and_back(void **state)
{
	static const struct {
		enum platform_trace_event event;
		enum stage stage;
	} steps[] = {
		{ PLATFORM_TRACE_QUEUE, STAGE_HOST },
		{ PLATFORM_TRACE_FLUSH_START, STAGE_HOST },
		{ PLATFORM_TRACE_DRAIN, STAGE_DRAIN },
		{ PLATFORM_TRACE_RETIRE, STAGE_RETIRE },
		{ PLATFORM_TRACE_COALESCE, STAGE_COALESCE },
		{ PLATFORM_TRACE_PLAN, STAGE_PLAN },
		{ PLATFORM_TRACE_PREPARE, STAGE_PREPARE },
		{ PLATFORM_TRACE_DOORBELL, STAGE_PREPARE },
		{ PLATFORM_TRACE_SYNC_SEEN, STAGE_PREPARE },
		{ PLATFORM_TRACE_PLAN, STAGE_PLAN },
		{ PLATFORM_TRACE_WRITE, STAGE_WRITE },
		{ PLATFORM_TRACE_SPLIT, STAGE_WRITE },
		{ PLATFORM_TRACE_INVALIDATE, STAGE_INVALIDATE },
		{ PLATFORM_TRACE_COLLAPSE, STAGE_INVALIDATE },
		{ PLATFORM_TRACE_FLUSH_END, STAGE_HOST },
		{ PLATFORM_TRACE_SYNC, STAGE_SYNC },
		{ PLATFORM_TRACE_SYNC_SEEN, STAGE_SYNC },
		{ PLATFORM_TRACE_TICKET, STAGE_SYNC },
		{ PLATFORM_TRACE_RETIRE, STAGE_SYNC },
		{ PLATFORM_TRACE_QUEUE, STAGE_HOST },
		{ PLATFORM_TRACE_RETIRE, STAGE_HOST },
		{ PLATFORM_TRACE_ERROR, STAGE_HOST },
	};
	enum stage now = STAGE_HOST;

	(void)state;
	for (unsigned i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		now = stages_next(now, steps[i].event);
		assert_int_equal(now, steps[i].stage);
	}
}

static void each_stage_has_what_was_spent_in_it(void **state)
{
	(void)state;
	spend(1);
	for (unsigned i = 0; i < 2; i++) {
		hit(PLATFORM_TRACE_QUEUE, 10);
		hit(PLATFORM_TRACE_FLUSH_START, 0);
		hit(PLATFORM_TRACE_DRAIN, 100);
		hit(PLATFORM_TRACE_PLAN, 1000);
		hit(PLATFORM_TRACE_WRITE, 10000);
		hit(PLATFORM_TRACE_INVALIDATE, 50000);
		hit(PLATFORM_TRACE_DOORBELL, 50000);
		hit(PLATFORM_TRACE_FLUSH_END, 2);
		hit(PLATFORM_TRACE_SYNC, 500000);
		hit(PLATFORM_TRACE_TICKET, 500000);
		assert_int_equal(stages_hooks.flush_after(&stages, NULL), 0);
		spend(20);
	}
	hit(PLATFORM_TRACE_DRAIN, 0);

	assert_int_equal(spent_in(STAGE_HOST), 1 + 2 * (10 + 2 + 20));
	assert_int_equal(spent_in(STAGE_DRAIN), 200);
	assert_int_equal(spent_in(STAGE_PLAN), 2000);
	assert_int_equal(spent_in(STAGE_WRITE), 20000);
	assert_int_equal(spent_in(STAGE_INVALIDATE), 200000);
	assert_int_equal(spent_in(STAGE_SYNC), 2000000);
	assert_int_equal(stages.entered[STAGE_WRITE], 2);
	assert_int_equal(stages.entered[STAGE_SYNC], 2);
	assert_int_equal(stages.entered[STAGE_PREPARE], 0);
}

static void a_line_is_printed_for_each_stage_that_was_entered(void **state)
{
	char *text = NULL;
	size_t bytes;
	FILE *file = open_memstream(&text, &bytes);

	(void)state;
	assert_non_null(file);
	for (unsigned i = 0; i < 2; i++) {
		hit(PLATFORM_TRACE_DRAIN, 30 + i);
		hit(PLATFORM_TRACE_FLUSH_END, 0);
	}
	stages_print(&stages, file);
	fclose(file);

	assert_non_null(strstr(text, "drain            2     30.5         - "));
	assert_null(strstr(text, "retire"));
	for (const char *line = text; *line;) {
		size_t length = strcspn(line, "\n");

		assert_in_range(length, 1, 80);
		line += length + 1;
	}
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_flush_goes_from_the_host_through_its_stages_and_back, set_up),
		cmocka_unit_test_setup(each_stage_has_what_was_spent_in_it, set_up),
		cmocka_unit_test_setup(a_line_is_printed_for_each_stage_that_was_entered, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
