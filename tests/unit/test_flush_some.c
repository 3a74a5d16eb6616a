/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_flush_some.c - a bounded flush: the oldest first, nothing lost, nothing that was reserved given up.
 */
#include "core_rig.h"
#include "seeded.h"

#define PAGE   CORE_MEMORY_PAGE
#define OWNED  SHADOW_STATE_OWNED
#define NOPAGE SHADOW_STATE_NOPAGE
#define PAGES  4096u

static struct core core;

static int set_up(void **state)
{
	(void)state;
	core_init(&core);
	core.cpu_count = 3;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	core_down(&core);
	return 0;
}

static void revoke_on(unsigned cpu, uint64_t page)
{
	assert_int_equal(core_change_on(&core, cpu, page, 1, OWNED, NOPAGE), 0);
}

static void the_oldest_slots_of_all_cpus_go_first(void **state)
{
	static const unsigned cpus[] = { 2, 0, 1, 1, 0, 2, 0 };
	shadow_ticket_t ticket;
	bool more;

	(void)state;
	core_up(&core);
	for (unsigned i = 0; i < 7; i++)
		revoke_on(cpus[i], PAGE + 16 * i);
	for (unsigned taken = 2; taken < 7; taken += 2) {
		ticket = shadow_flush_some(core.engine, 2, &more);
		assert_true(more);
		assert_int_equal(ticket.number, taken);
		assert_int_equal(shadow_wait(core.engine, ticket, CORE_WAIT_NS), 0);
		for (unsigned i = 0; i < 7; i++)
			assert_int_equal(core_reaches(&core, 0, PAGE + 16 * i), i >= taken);
		assert_int_equal(shadow_ticket(core.engine).number, 7);
		assert_int_equal(shadow_wait(core.engine, shadow_ticket(core.engine), CORE_WAIT_NS), -SHADOW_EAGAIN);
	}
	ticket = shadow_flush_some(core.engine, 2, &more);
	assert_false(more);
	assert_int_equal(ticket.number, 7);
	ticket = shadow_flush_some(core.engine, 2, &more);
	assert_false(more);
	assert_int_equal(ticket.number, 7);
	assert_int_equal(core_stats(&core).flushes, 4);
}

static void pieces_of_one_transition_stay_together(void **state)
{
	uint8_t old_states[6] = { 0, 3, 0, 3, 0, 3 };
	struct shadow_transition mixed = core_transition(PAGE, 6, OWNED, NOPAGE);
	bool more;

	(void)state;
	core_up(&core);
	mixed.old_states = old_states;
	assert_int_equal(shadow_reserve(core.engine, 0, &mixed, CORE_WAIT_NS), 0);
	assert_true(shadow_queue(core.engine, 0, ++core.number, &mixed));
	revoke_on(1, PAGE + 50);
	assert_int_equal(shadow_flush_some(core.engine, 1, &more).number, 1);
	assert_true(more);
	core_finish(&core);
	assert_false(core_reaches(&core, 0, PAGE + 4));
}

/* What is written before it may unlink the table that the grant was to go to. */
static void no_grant_is_left_behind(void **state)
{
	bool more;

	(void)state;
	core_up(&core);
	core_revoke(&core, PAGE + 7, 1);
	core_finish(&core);
	revoke_on(0, PAGE + 100);
	revoke_on(0, PAGE + 200);
	assert_int_equal(core_change_on(&core, 1, PAGE + 7, 1, NOPAGE, OWNED), 0);
	revoke_on(0, PAGE + 300);
	assert_int_equal(shadow_flush_some(core.engine, 1, &more).number, core.number - 1);
	assert_true(more);
	assert_true(core_reaches(&core, 0, PAGE + 7));
	assert_true(core_reaches(&core, 0, PAGE + 300));
}

/* A pool that holds just this: nothing may be left, since nothing could be promised anew. */
static void where_tables_were_counted_everything_is_flushed(void **state)
{
	bool more;

	(void)state;
	core_up(&core);
	assert_int_equal(core_change_on(&core, 0, 5, 1, OWNED, NOPAGE), 0); /* MMIO */
	revoke_on(1, PAGE + 3);
	assert_int_equal(shadow_flush_some(core.engine, 1, &more).number, 2);
	assert_false(more);
	assert_false(core_reaches(&core, 0, PAGE + 3));
}

static bool owned[PAGES];

static void random_trips(unsigned trips, uint64_t *seed)
{
	unsigned left = 0;

	memset(owned, true, sizeof(owned));
	for (unsigned i = 0; i < trips; i++) {
		unsigned cpu = (unsigned)seeded_below(seed, 3), page = (unsigned)seeded_below(seed, PAGES), end = page,
			 most = seeded_below(seed, 4) ? 3 : 1500;
		bool more;
		int error;

		while (end < PAGES && end < page + most && owned[end] == owned[page])
			end++;
		error = core_change_on(&core, cpu, PAGE + page, end - page, owned[page] ? OWNED : NOPAGE,
				       owned[page] ? NOPAGE : OWNED);
		assert_int_equal(error, 0);
		memset(&owned[page], !owned[page], end - page);
		shadow_trip_end(core.engine, cpu);
		if (seeded_below(seed, 4) == 0) {
			shadow_ticket_t ticket = shadow_flush_some(core.engine, 1 + (unsigned)seeded_below(seed, 4), &more);

			left += more;
			assert_true(more == (shadow_ticket(core.engine).number > ticket.number));
			if (seeded_below(seed, 2))
				assert_int_equal(shadow_wait(core.engine, ticket, CORE_WAIT_NS), 0);
		}
		if (seeded_below(seed, 40))
			continue;
		core_finish(&core);
		core_forget(&core);
		for (page = 0; page < PAGES; page++)
			assert_int_equal(core_reaches(&core, 0, PAGE + page), owned[page]);
	}
	assert_true(left > trips / 100);
}

static void random_trips_end_as_the_host_says_at_every_bbm_level_with_the_least_pool(void **state)
{
	uint64_t seed = seeded_start();

	(void)state;
	for (unsigned bbml = 1; bbml <= 2; bbml++)
		for (unsigned collapse = SHADOW_COLLAPSE_PATIENT; collapse <= SHADOW_COLLAPSE_NEVER; collapse++) {
			core.bbml = bbml;
			core.collapse = (enum shadow_collapse)collapse;
			core_up(&core);
			random_trips(1500, &seed);
			core_down(&core);
			core_init(&core);
			core.cpu_count = 3;
		}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(the_oldest_slots_of_all_cpus_go_first),
		TEST(pieces_of_one_transition_stay_together),
		TEST(no_grant_is_left_behind),
		TEST(where_tables_were_counted_everything_is_flushed),
		TEST(random_trips_end_as_the_host_says_at_every_bbm_level_with_the_least_pool),
	};

	return cmocka_run_group_tests_name("bounded flushes", tests, NULL, NULL);
}
