/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_traced.c - what a tracer is told: each event when it happens, in order, and with the numbers that are
 * documented.
 */
#include "failures.h"

#include "bench/replay/traced.h"

#define PAGE	   CORE_MEMORY_PAGE
#define BLOCK	   512u
#define EVENTS_MAX 4096u

static struct core core;

static struct hit {
	enum platform_trace_event event;
	uint64_t a, b;
} hits[EVENTS_MAX];
static unsigned hit_count;

static void hit(void *ctx, enum platform_trace_event event, uint64_t a, uint64_t b)
{
	assert_ptr_equal(ctx, &core);
	assert_true(hit_count < EVENTS_MAX);
	hits[hit_count++] = (struct hit){ event, a, b };
}

static int set_up(void **state)
{
	(void)state;
	core_init(&core);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	traced_set(NULL, NULL);
	core_down(&core);
	return 0;
}

static void trace_up(void)
{
	core_up(&core);
	hit_count = 0;
	traced_set(hit, &core);
}

static unsigned count(enum platform_trace_event event)
{
	unsigned found = 0;

	for (unsigned i = 0; i < hit_count; i++)
		found += hits[i].event == event;
	return found;
}

/* The only one, or the last one. */
static const struct hit *last(enum platform_trace_event event)
{
	for (unsigned i = hit_count; i > 0; i--)
		if (hits[i - 1].event == event)
			return &hits[i - 1];
	fail_msg("event %d is missing", event);
	return NULL;
}

/* Stages, and what they are between, in order; all else is left out. */
static void expect_stages(const enum platform_trace_event *expected, unsigned expected_count)
{
	unsigned found = 0;

	for (unsigned i = 0; i < hit_count; i++) {
		if (hits[i].event < PLATFORM_TRACE_FLUSH_START || hits[i].event > PLATFORM_TRACE_SYNC)
			continue;
		assert_true(found < expected_count);
		assert_int_equal(hits[i].event, expected[found]);
		found++;
	}
	assert_int_equal(found, expected_count);
}

#define EXPECT_STAGES(...)                                                           \
	do {                                                                         \
		static const enum platform_trace_event expected[] = { __VA_ARGS__ }; \
		expect_stages(expected, sizeof(expected) / sizeof(expected[0]));     \
	} while (0)

/* ---- transitions and stages --------------------------------------------------------------------------- */

static void each_transition_is_seen_with_its_number_and_place(void **state)
{
	struct shadow_transition transition = {
		.start = { PAGE << 12 },
		.page_count = 1,
		.old_state = SHADOW_STATE_OWNED,
		.new_state = SHADOW_STATE_NOPAGE,
	};

	(void)state;
	trace_up();
	assert_int_equal(shadow_reserve(core.engine, 0, &transition, CORE_WAIT_NS), 0);
	shadow_queue(core.engine, 0, ++core.number, &transition);

	assert_int_equal(hit_count, 1);
	assert_int_equal(hits[0].event, PLATFORM_TRACE_QUEUE);
	assert_int_equal(hits[0].a, core.number);
	assert_int_equal(hits[0].b, (uintptr_t)&transition);
}

static void a_flush_of_one_goes_through_its_stages_in_order(void **state)
{
	(void)state;
	trace_up();
	core_revoke(&core, PAGE, 1);
	hit_count = 0;
	core_finish(&core);

	EXPECT_STAGES(PLATFORM_TRACE_FLUSH_START, PLATFORM_TRACE_DRAIN, PLATFORM_TRACE_PLAN,
		      PLATFORM_TRACE_WRITE, PLATFORM_TRACE_INVALIDATE, PLATFORM_TRACE_FLUSH_END,
		      PLATFORM_TRACE_SYNC, PLATFORM_TRACE_RETIRE);
	assert_int_equal(last(PLATFORM_TRACE_FLUSH_START)->a, core.number - 1);
	assert_int_equal(last(PLATFORM_TRACE_PLAN)->a, 1);
	assert_int_equal(last(PLATFORM_TRACE_WRITE)->a, 1);
	assert_int_equal(last(PLATFORM_TRACE_INVALIDATE)->a, core.number);
	assert_int_equal(last(PLATFORM_TRACE_FLUSH_END)->a, core.number);
	assert_int_equal(last(PLATFORM_TRACE_SYNC)->a, core.number);
}

static void several_ranges_are_coalesced_after_tables_of_earlier_flushes_are_back(void **state)
{
	(void)state;
	trace_up();
	core_revoke(&core, PAGE, BLOCK);
	assert_int_equal(shadow_wait(core.engine, shadow_flush(core.engine), CORE_WAIT_NS), 0);
	core_revoke(&core, PAGE + 2 * BLOCK, 1);
	core_revoke(&core, PAGE + 2 * BLOCK + 8, 1);
	hit_count = 0;
	core_finish(&core);

	EXPECT_STAGES(PLATFORM_TRACE_FLUSH_START, PLATFORM_TRACE_DRAIN, PLATFORM_TRACE_RETIRE,
		      PLATFORM_TRACE_COALESCE, PLATFORM_TRACE_PLAN, PLATFORM_TRACE_WRITE,
		      PLATFORM_TRACE_INVALIDATE, PLATFORM_TRACE_FLUSH_END, PLATFORM_TRACE_SYNC,
		      PLATFORM_TRACE_RETIRE);
	assert_int_equal(last(PLATFORM_TRACE_COALESCE)->a, 2);
}

static void a_target_that_prepares_is_seen_to(void **state)
{
	(void)state;
	core.bbml = 1;
	trace_up();
	core_revoke(&core, PAGE, 1);
	hit_count = 0;
	core_finish(&core);

	EXPECT_STAGES(PLATFORM_TRACE_FLUSH_START, PLATFORM_TRACE_DRAIN, PLATFORM_TRACE_PLAN,
		      PLATFORM_TRACE_PREPARE, PLATFORM_TRACE_PLAN, PLATFORM_TRACE_WRITE,
		      PLATFORM_TRACE_INVALIDATE, PLATFORM_TRACE_FLUSH_END, PLATFORM_TRACE_SYNC,
		      PLATFORM_TRACE_RETIRE);
	assert_int_equal(count(PLATFORM_TRACE_DOORBELL), 2);
}

static void planning_goes_on_after_each_64_runs(void **state)
{
	(void)state;
	core.queue_slots = 256;
	trace_up();
	for (unsigned i = 0; i < 65; i++)
		core_revoke(&core, PAGE + 2 * i, 1);
	hit_count = 0;
	core_finish(&core);

	EXPECT_STAGES(PLATFORM_TRACE_FLUSH_START, PLATFORM_TRACE_DRAIN, PLATFORM_TRACE_COALESCE,
		      PLATFORM_TRACE_PLAN, PLATFORM_TRACE_WRITE, PLATFORM_TRACE_PLAN, PLATFORM_TRACE_WRITE,
		      PLATFORM_TRACE_INVALIDATE, PLATFORM_TRACE_FLUSH_END, PLATFORM_TRACE_SYNC,
		      PLATFORM_TRACE_RETIRE);
	assert_int_equal(last(PLATFORM_TRACE_PLAN)->a, 2); /* the last of the 64, and one more */
	assert_int_equal(last(PLATFORM_TRACE_WRITE)->a, 1);
}

static void a_flush_of_nothing_ends_where_it_began(void **state)
{
	(void)state;
	trace_up();
	(void)shadow_flush(core.engine);

	EXPECT_STAGES(PLATFORM_TRACE_FLUSH_START, PLATFORM_TRACE_DRAIN, PLATFORM_TRACE_FLUSH_END);
	assert_int_equal(last(PLATFORM_TRACE_FLUSH_END)->a, last(PLATFORM_TRACE_FLUSH_START)->a);
}

static void a_flush_in_parts_is_one_flush(void **state)
{
	bool more;

	(void)state;
	trace_up();
	for (unsigned i = 0; i < 4; i++)
		core_revoke(&core, PAGE + 2 * i, 1);
	hit_count = 0;
	(void)shadow_flush_some(core.engine, 2, &more);

	assert_int_equal(count(PLATFORM_TRACE_FLUSH_START), 1);
	assert_int_equal(count(PLATFORM_TRACE_FLUSH_END), 1);
	assert_int_equal(last(PLATFORM_TRACE_FLUSH_START)->b, (uintptr_t)core.engine);
}

/* ---- devices ------------------------------------------------------------------------------------------ */

static void every_doorbell_is_followed_by_its_sync_and_the_ticket(void **state)
{
	uint64_t rung[2] = { 0 }, seen[2] = { 0 };

	(void)state;
	core.smmu_count = 2;
	trace_up();
	for (unsigned i = 0; i < 8; i++) {
		core_revoke(&core, PAGE + 2 * i, 1);
		core_finish(&core);
	}
	for (unsigned i = 0; i < hit_count; i++) {
		if (hits[i].event == PLATFORM_TRACE_DOORBELL)
			rung[hits[i].a] = hits[i].b;
		else if (hits[i].event == PLATFORM_TRACE_SYNC_SEEN)
			seen[hits[i].a] = hits[i].b;
		else if (hits[i].event == PLATFORM_TRACE_TICKET)
			for (unsigned smmu = 0; smmu < 2; smmu++)
				assert_int_equal(rung[smmu], seen[smmu]);
	}

	assert_int_equal(count(PLATFORM_TRACE_DOORBELL), 16);
	assert_int_equal(count(PLATFORM_TRACE_TICKET), 8);
	assert_int_equal(last(PLATFORM_TRACE_TICKET)->a, core.number);
	assert_int_equal(last(PLATFORM_TRACE_TICKET)->b, last(PLATFORM_TRACE_FLUSH_END)->b);
}

static void a_wait_that_is_given_up_is_seen(void **state)
{
	shadow_ticket_t ticket;

	(void)state;
	trace_up();
	core_revoke(&core, PAGE, 1);
	core_stall(&core, true);
	ticket = shadow_flush(core.engine);
	assert_int_equal(shadow_wait(core.engine, ticket, 1), -SHADOW_ETIMEDOUT);
	assert_int_equal(count(PLATFORM_TRACE_TIMEOUT), 1);
	assert_int_equal(last(PLATFORM_TRACE_TIMEOUT)->a, ticket.number);
	assert_int_equal(count(PLATFORM_TRACE_TICKET), 0);
	core_stall(&core, false);
	core_finish(&core);
	assert_int_equal(count(PLATFORM_TRACE_TICKET), 1);
}

static void whatever_is_reported_is_an_error(void **state)
{
	(void)state;
	trace_up();
	core_stall(&core, true);
	core_revoke(&core, PAGE, 1);
	(void)shadow_flush(core.engine);
	refuse_command_and_cover(core.smmu[0].model);
	core_stall(&core, false);
	core_finish(&core);

	assert_int_equal(count(PLATFORM_TRACE_ERROR), core.report_count);
	assert_true(core.report_count >= 2);
	for (unsigned i = 0, at = 0; i < hit_count; i++) {
		if (hits[i].event != PLATFORM_TRACE_ERROR)
			continue;
		assert_int_equal(hits[i].a, core.reports[at].what);
		assert_int_equal(hits[i].b, core.reports[at].a);
		at++;
	}
}

/* ---- tables ------------------------------------------------------------------------------------------- */

static void splits_and_collapses_are_seen_with_page_and_level(void **state)
{
	struct shadow_table_stats before, after;

	(void)state;
	core.collapse = SHADOW_COLLAPSE_EAGER;
	trace_up();
	before = core_table_stats(&core);
	core_revoke(&core, PAGE + BLOCK + 3, 1);
	core_finish(&core);
	/* Memory was one block of 1 GiB: the table that takes its place is linked last, with all below it. */
	assert_int_equal(last(PLATFORM_TRACE_SPLIT)->a, PAGE);
	assert_int_equal(last(PLATFORM_TRACE_SPLIT)->b, 1);
	assert_int_equal(count(PLATFORM_TRACE_SPLIT), 2);
	core_grant(&core, PAGE + BLOCK + 3, 1);
	core_finish(&core);
	after = core_table_stats(&core);

	assert_int_equal(count(PLATFORM_TRACE_SPLIT), after.splits - before.splits);
	assert_int_equal(count(PLATFORM_TRACE_COLLAPSE), after.collapses - before.collapses);
	assert_true(count(PLATFORM_TRACE_COLLAPSE) >= 1);
}

static void nobody_is_told_after_the_tracer_has_left(void **state)
{
	(void)state;
	trace_up();
	traced_set(NULL, NULL);
	core_revoke(&core, PAGE, 1);
	core_finish(&core);

	assert_int_equal(hit_count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_transition_is_seen_with_its_number_and_place, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_flush_of_one_goes_through_its_stages_in_order, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(
			several_ranges_are_coalesced_after_tables_of_earlier_flushes_are_back, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(a_target_that_prepares_is_seen_to, set_up, tear_down),
		cmocka_unit_test_setup_teardown(planning_goes_on_after_each_64_runs, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_flush_of_nothing_ends_where_it_began, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_flush_in_parts_is_one_flush, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(every_doorbell_is_followed_by_its_sync_and_the_ticket, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_wait_that_is_given_up_is_seen, set_up, tear_down),
		cmocka_unit_test_setup_teardown(whatever_is_reported_is_an_error, set_up, tear_down),
		cmocka_unit_test_setup_teardown(splits_and_collapses_are_seen_with_page_and_level, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(nobody_is_told_after_the_tracer_has_left, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
