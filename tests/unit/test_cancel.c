/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_cancel.c - a trip takes back what it has revoked: only if nobody can know, and then it costs nothing.
 */
#include "core_rig.h"
#include "seeded.h"

#define PAGE   CORE_MEMORY_PAGE
#define OWNED  SHADOW_STATE_OWNED
#define NOPAGE SHADOW_STATE_NOPAGE

static struct core core;

static int set_up(void **state)
{
	(void)state;
	core_init(&core);
	core.cpu_count = 2;
	core_up(&core);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	core_down(&core);
	return 0;
}

static void cancelled(unsigned pages, unsigned flushes_forced)
{
	assert_int_equal(core_stats(&core).pages_cancelled, pages);
	assert_int_equal(core_stats(&core).flushes_forced, flushes_forced);
}

/* Nobody may know: each of these makes the grant flush the revoke first, and wait. */
static void flushed_first(void)
{
	unsigned doorbells = core_count(&core, CORE_DOORBELL, 0);

	core_grant(&core, PAGE + 3, 1);
	assert_int_equal(core_count(&core, CORE_DOORBELL, 0), doorbells + 1);
	core_finish(&core);
	cancelled(0, 1);
	assert_true(core_reaches(&core, 0, PAGE + 3));
}

static void a_trip_that_fails_takes_its_revoke_back_without_a_trace(void **state)
{
	uint64_t writes;

	(void)state;
	assert_true(core_reaches(&core, 0, PAGE + 3));
	writes = core_table_stats(&core).writes;
	core_forget(&core);
	core_revoke(&core, PAGE + 3, 1);
	core_grant(&core, PAGE + 3, 1);
	core_finish(&core);

	cancelled(1, 0);
	assert_int_equal(shadow_ticket(core.engine).number, core.number);
	assert_true(shadow_complete(core.engine, shadow_ticket(core.engine)));
	assert_int_equal(core_table_stats(&core).writes, writes);
	assert_int_equal(core_count(&core, CORE_COMMAND, 0), 0);
	assert_int_equal(core_stats(&core).transitions_access, 2);
	assert_true(core_reaches(&core, 0, PAGE + 3));
}

static void a_ticket_given_after_all_was_taken_back_completes(void **state)
{
	shadow_ticket_t ticket;

	(void)state;
	core_revoke(&core, PAGE + 3, 1);
	core_grant(&core, PAGE + 3, 1);
	ticket = shadow_ticket(core.engine);
	assert_int_equal(ticket.number, 2);

	assert_int_equal(shadow_flush(core.engine).number, 2);

	assert_int_equal(shadow_wait(core.engine, ticket, CORE_WAIT_NS), 0);
}

static void part_of_a_run_may_be_taken_back(void **state)
{
	(void)state;
	core_revoke(&core, PAGE, 8);
	core_revoke(&core, PAGE + 20, 2);
	core_grant(&core, PAGE + 2, 3);
	core_grant(&core, PAGE + 20, 1);
	core_finish(&core);

	cancelled(4, 0);
	for (unsigned page = 0; page < 24; page++)
		assert_int_equal(core_reaches(&core, 0, PAGE + page),
				 !(page < 2 || (page >= 5 && page < 8) || page == 21));
}

static void what_was_taken_back_may_be_revoked_again(void **state)
{
	(void)state;
	core_revoke(&core, PAGE, 4);
	core_grant(&core, PAGE, 4);
	core_revoke(&core, PAGE + 1, 1);
	core_finish(&core);

	cancelled(4, 0);
	assert_true(core_reaches(&core, 0, PAGE));
	assert_false(core_reaches(&core, 0, PAGE + 1));
}

static void another_cpu_s_later_revoke_stands(void **state)
{
	(void)state;
	assert_int_equal(core_change_on(&core, 1, PAGE, 2, OWNED, NOPAGE), 0);
	assert_int_equal(core_change_on(&core, 1, PAGE, 2, NOPAGE, OWNED), 0);
	assert_int_equal(core_change_on(&core, 0, PAGE, 1, OWNED, NOPAGE), 0);
	core_finish(&core);

	cancelled(2, 0);
	assert_false(core_reaches(&core, 0, PAGE));
	assert_true(core_reaches(&core, 0, PAGE + 1));
}

static void not_after_the_trip_has_ended(void **state)
{
	(void)state;
	core_revoke(&core, PAGE + 3, 1);
	shadow_trip_end(core.engine, 0);
	flushed_first();
}

static void not_once_someone_has_a_ticket(void **state)
{
	(void)state;
	core_revoke(&core, PAGE + 3, 1);
	assert_int_equal(shadow_ticket(core.engine).number, core.number);
	flushed_first();
}

static void an_older_ticket_does_no_harm(void **state)
{
	(void)state;
	core_revoke(&core, PAGE + 9, 1);
	(void)shadow_ticket(core.engine);
	core_revoke(&core, PAGE + 3, 1);
	core_grant(&core, PAGE + 3, 1);
	core_finish(&core);
	cancelled(1, 0);
}

static void not_what_another_cpu_has_revoked(void **state)
{
	(void)state;
	assert_int_equal(core_change_on(&core, 1, PAGE + 3, 1, OWNED, NOPAGE), 0);
	flushed_first();
}

static void not_pages_of_which_some_were_revoked_before(void **state)
{
	(void)state;
	core_revoke(&core, PAGE + 4, 1);
	core_finish(&core);
	core_revoke(&core, PAGE + 3, 1);
	core_forget(&core);
	core_grant(&core, PAGE + 3, 2);
	assert_int_equal(core_count(&core, CORE_DOORBELL, 0), 1);
	core_finish(&core);
	cancelled(0, 1);
	assert_true(core_reaches(&core, 0, PAGE + 3));
	assert_true(core_reaches(&core, 0, PAGE + 4));
}

static void not_to_another_access(void **state)
{
	struct shadow_transition back = core_transition(PAGE + 3, 1, NOPAGE, OWNED);

	(void)state;
	back.access = SHADOW_ACCESS_R;
	core_revoke(&core, PAGE + 3, 1);
	assert_int_equal(shadow_reserve(core.engine, 0, &back, CORE_WAIT_NS), 0);
	assert_true(shadow_queue(core.engine, 0, ++core.number, &back));
	core_finish(&core);
	cancelled(0, 1);
	assert_false(model_dma(core.smmu[0].model, CORE_SID, (PAGE + 3) << 12, false).fault);
	assert_true(model_dma(core.smmu[0].model, CORE_SID, (PAGE + 3) << 12, true).fault);
}

/* A grant of other pages that reaches the slot of an ordinary one from below. */
static void a_grant_beside_a_taken_back_page_is_its_own(void **state)
{
	(void)state;
	core_revoke(&core, PAGE + 10, 1);
	core_finish(&core);
	core_revoke(&core, PAGE + 11, 1);
	core_grant(&core, PAGE + 10, 1);
	core_grant(&core, PAGE + 11, 1);
	core_finish(&core);

	cancelled(1, 0);
	assert_true(core_reaches(&core, 0, PAGE + 10));
	assert_true(core_reaches(&core, 0, PAGE + 11));
}

#define PAGES 64u

static void trips_that_fail_at_random_leave_what_the_host_says(void **state)
{
	uint64_t seed = seeded_start(), taken_back = 0;
	bool owned[PAGES];

	(void)state;
	memset(owned, true, sizeof(owned));
	for (unsigned i = 0; i < 30000; i++) {
		unsigned cpu = (unsigned)seeded_below(&seed, 2), page = (unsigned)seeded_below(&seed, PAGES), end = page;

		while (end < PAGES && end < page + 4 && owned[end] == owned[page])
			end++;
		assert_int_equal(core_change_on(&core, cpu, PAGE + page, end - page, owned[page] ? OWNED : NOPAGE,
						owned[page] ? NOPAGE : OWNED), 0);
		memset(&owned[page], !owned[page], end - page);
		if (seeded_below(&seed, 4) == 0)
			shadow_trip_end(core.engine, cpu);
		if (seeded_below(&seed, 30) == 0)
			(void)shadow_ticket(core.engine);
		if (seeded_below(&seed, 12))
			continue;
		core_finish(&core);
		core_forget(&core);
		for (page = 0; page < PAGES; page++)
			assert_int_equal(core_reaches(&core, 0, PAGE + page), owned[page]);
	}
	taken_back = core_stats(&core).pages_cancelled;
	assert_true(taken_back > 100);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_trip_that_fails_takes_its_revoke_back_without_a_trace),
		TEST(a_ticket_given_after_all_was_taken_back_completes),
		TEST(part_of_a_run_may_be_taken_back),
		TEST(what_was_taken_back_may_be_revoked_again),
		TEST(another_cpu_s_later_revoke_stands),
		TEST(not_after_the_trip_has_ended),
		TEST(not_once_someone_has_a_ticket),
		TEST(an_older_ticket_does_no_harm),
		TEST(not_what_another_cpu_has_revoked),
		TEST(not_pages_of_which_some_were_revoked_before),
		TEST(not_to_another_access),
		TEST(a_grant_beside_a_taken_back_page_is_its_own),
		TEST(trips_that_fail_at_random_leave_what_the_host_says),
	};

	return cmocka_run_group_tests_name("cancel", tests, NULL, NULL);
}
