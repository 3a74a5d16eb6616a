/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_compact.c - idle time: when blocks may take the place of tables, and when the tables are back.
 */
#include "fake_target.h"

#include "engine/engine.h"
#include "seeded.h"

#define NOPAGE SHADOW_STATE_NOPAGE
#define OWNED  SHADOW_STATE_OWNED

static struct fake fake;

static int setup(void **state)
{
	(void)state;
	fake_init(&fake, 12);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fake_down(&fake);
	return 0;
}

/* Newest fence whose tables were given back; 0 if none were. */
static uint64_t retired(void)
{
	shadow_reclaim(fake.engine);
	for (unsigned i = fake.log_count; i > 0; i--)
		if (fake.log[i - 1].call == FAKE_RETIRE)
			return fake.log[i - 1].fence;
	return 0;
}

static shadow_ticket_t compact(unsigned blocks, bool more)
{
	shadow_ticket_t ticket = { 12345 };

	assert_int_equal(shadow_compact(fake.engine, blocks, &ticket), more);
	return ticket;
}

/* ---- what it does ------------------------------------------------------------------------------------- */

static void without_a_target_and_before_the_snapshot_there_is_nothing(void **state)
{
	shadow_ticket_t ticket;

	(void)state;
	fake.whole = 5;
	assert_int_equal(fake_engine_up(&fake), 0);
	ticket = compact(1, false);
	assert_true(shadow_complete(fake.engine, ticket));
	assert_int_equal(shadow_wait(fake.engine, ticket, FAKE_WAIT_NS), 0);
	fake_down(&fake);

	fake_init(&fake, 12);
	fake.whole = 5;
	fake_up_to_snapshot(&fake);
	ticket = compact(1, false);
	assert_true(shadow_complete(fake.engine, ticket));
	assert_int_equal(fake_count(&fake, FAKE_COMPACT), 0);
}

static void each_call_takes_no_more_than_it_was_told_and_says_whether_more_is_left(void **state)
{
	(void)state;
	fake_up(&fake);
	fake.whole = 7;

	(void)compact(3, true);
	assert_int_equal(fake.whole, 4);
	(void)compact(3, true);
	assert_int_equal(fake.whole, 1);
	(void)compact(3, false);
	assert_int_equal(fake.whole, 0);
	(void)compact(3, false);
	assert_int_equal(fake_count(&fake, FAKE_COMPACT), 4);
}

static void no_blocks_is_no_work(void **state)
{
	(void)state;
	fake_up(&fake);
	fake.whole = 7;

	(void)compact(0, false);
	assert_int_equal(fake.log_count, 0);
}

static void nobody_needs_the_ticket(void **state)
{
	(void)state;
	fake_up(&fake);
	fake.whole = 2;

	assert_true(shadow_compact(fake.engine, 1, NULL));
	assert_false(shadow_compact(fake.engine, 1, NULL));
}

static void nothing_is_taken_while_something_is_queued(void **state)
{
	(void)state;
	fake.cpu_count = 3;
	fake_up(&fake);
	fake.whole = 7;
	assert_int_equal(fake_change_on(&fake, 2, 10, 1, OWNED, NOPAGE), 0);

	assert_true(shadow_complete(fake.engine, compact(1, false)));
	assert_int_equal(fake_count(&fake, FAKE_COMPACT), 0);
	assert_true(shadow_queued(fake.engine, (shadow_ipa_t){ 10 << 12 }, 1));
	assert_int_equal(shadow_ticket(fake.engine).number, 1);

	(void)shadow_flush(fake.engine);
	(void)compact(1, true);
	assert_int_equal(fake_count(&fake, FAKE_COMPACT), 1);
}

static void nothing_is_taken_while_something_is_reserved(void **state)
{
	struct shadow_transition transition;

	(void)state;
	fake.cpu_count = 3;
	fake_up(&fake);
	fake.whole = 7;
	transition = fake_transition(&fake, 10, 1, OWNED, NOPAGE);
	assert_int_equal(shadow_reserve(fake.engine, 1, &transition, FAKE_WAIT_NS), 0);

	(void)compact(1, false);
	assert_int_equal(fake_count(&fake, FAKE_COMPACT), 0);

	/* What was reserved in vain is given up by a flush. */
	(void)shadow_flush(fake.engine);
	(void)compact(1, true);
}

/* The promise was made for tables as they were. */
static void after_it_the_target_is_asked_for_tables_again(void **state)
{
	(void)state;
	fake_up(&fake);
	fake.whole = 2;
	fake_revoke(&fake, 10, 1);
	fake_finish(&fake);
	fake_revoke(&fake, 20, 1);
	fake_revoke(&fake, 30, 1);
	assert_int_equal(fake.reserved_runs, 2);
	fake_finish(&fake);
	fake.reserved_runs = 0;
	(void)compact(1, true);

	fake_revoke(&fake, 40, 1);
	assert_int_equal(fake.reserved_runs, 1);
	fake_revoke(&fake, 50, 1);
	assert_int_equal(fake.reserved_runs, 1);
}

/* A grant must not go where a device could still walk the table that a block has replaced. */
static void while_it_is_outstanding_every_grant_is_asked_for(void **state)
{
	(void)state;
	fake_up(&fake);
	fake.whole = 1;
	(void)compact(1, false);
	fake_grant(&fake, 10, 1);
	fake_grant(&fake, 20, 1);
	assert_int_equal(fake.reserved_runs, 2);

	fake_pass(&fake);
	fake_finish(&fake);
	fake.reserved_runs = 0;
	fake_grant(&fake, 30, 1);
	fake_grant(&fake, 40, 1);
	assert_int_equal(fake.reserved_runs, 1);
}

/* What the target once promised it may only count now: nobody's flush may take it before it is queued. */
static void a_reservation_that_was_only_counted_is_not_flushed_away(void **state)
{
	struct shadow_transition counted, promised, refused;

	(void)state;
	fake_up(&fake);
	fake_revoke(&fake, 10, 1);
	fake_finish(&fake);
	fake.whole = 1;
	(void)compact(1, false);
	counted = fake_transition(&fake, 20, 1, OWNED, NOPAGE);
	promised = fake_transition(&fake, 30, 1, OWNED, NOPAGE);
	refused = fake_transition(&fake, UINT64_C(1) << 21, 1, OWNED, NOPAGE); /* MMIO */

	fake.granted = 0;
	assert_int_equal(shadow_reserve(fake.engine, 0, &counted, FAKE_WAIT_NS), 0);
	fake.granted = 1;
	assert_int_equal(shadow_reserve(fake.engine, 0, &promised, FAKE_WAIT_NS), 0);
	fake.granted = -SHADOW_ENOMEM;
	assert_int_equal(shadow_reserve(fake.engine, 0, &refused, FAKE_WAIT_NS), -SHADOW_EAGAIN);
	assert_int_equal(fake_stats(&fake).flushes_forced, 0);
}

/* ---- when the tables are back ------------------------------------------------------------------------- */

static void its_ticket_is_complete_when_its_fence_is_and_then_the_tables_are_back(void **state)
{
	shadow_ticket_t ticket;

	(void)state;
	fake_up(&fake);
	fake_revoke(&fake, 10, 1);
	fake_finish(&fake);
	fake.whole = 1;
	ticket = compact(1, false);
	assert_int_equal(fake.fence, 2);

	assert_false(shadow_complete(fake.engine, ticket));
	assert_int_equal(shadow_wait(fake.engine, ticket, 1000), -SHADOW_ETIMEDOUT);
	assert_int_equal(retired(), 1);
	fake_pass(&fake);
	assert_true(shadow_complete(fake.engine, ticket));
	assert_int_equal(retired(), 2);
	assert_int_equal(shadow_wait(fake.engine, ticket, FAKE_WAIT_NS), 0);
}

static void before_the_first_transition_it_has_a_ticket_as_well(void **state)
{
	shadow_ticket_t ticket;

	(void)state;
	fake_up(&fake);
	fake.whole = 1;
	ticket = compact(1, false);

	assert_true(shadow_complete(fake.engine, (shadow_ticket_t){ 0 }));
	assert_false(shadow_complete(fake.engine, ticket));
	fake_pass(&fake);
	assert_int_equal(shadow_wait(fake.engine, ticket, FAKE_WAIT_NS), 0);
	assert_int_equal(retired(), 1);
}

static void tickets_that_were_complete_stay_so(void **state)
{
	shadow_ticket_t flushed;

	(void)state;
	fake_up(&fake);
	fake_revoke(&fake, 10, 1);
	flushed = shadow_flush(fake.engine);
	fake_pass(&fake);
	assert_true(shadow_complete(fake.engine, flushed));
	fake.whole = 1;

	(void)compact(1, false);
	assert_true(shadow_complete(fake.engine, flushed));
	assert_true(shadow_complete(fake.engine, shadow_ticket(fake.engine)));
	assert_int_equal(shadow_wait(fake.engine, flushed, FAKE_WAIT_NS), 0);
}

static void a_wait_for_a_later_flush_gives_the_tables_back(void **state)
{
	shadow_ticket_t ticket;

	(void)state;
	fake_up(&fake);
	fake.whole = 1;
	ticket = compact(1, false);
	fake_revoke(&fake, 10, 1);
	fake_finish(&fake);

	assert_int_equal(retired(), 2);
	assert_true(shadow_complete(fake.engine, ticket));
}

static void its_ticket_covers_flushes_before_it_and_none_after_it(void **state)
{
	shadow_ticket_t before, ticket, after;

	(void)state;
	fake_up(&fake);
	fake_revoke(&fake, 10, 1);
	before = shadow_flush(fake.engine);
	fake.whole = 1;
	ticket = compact(1, false);
	fake_revoke(&fake, 20, 1);
	after = shadow_flush(fake.engine);

	fake.complete = 1;
	assert_false(shadow_complete(fake.engine, ticket));
	assert_true(shadow_complete(fake.engine, before));
	fake.complete = 2;
	assert_true(shadow_complete(fake.engine, ticket));
	assert_false(shadow_complete(fake.engine, after));
}

static void a_call_that_found_nothing_has_a_ticket_that_waits_for_nothing_new(void **state)
{
	(void)state;
	fake_up(&fake);
	fake_revoke(&fake, 10, 1);
	fake_finish(&fake);

	assert_true(shadow_complete(fake.engine, compact(4, false)));
	assert_int_equal(fake_count(&fake, FAKE_COMPACT), 1);
	assert_int_equal(retired(), 1);
}

static void a_ticket_that_nobody_was_given_is_not_flushed_yet(void **state)
{
	shadow_ticket_t ticket;

	(void)state;
	fake_up(&fake);
	fake.whole = 2;
	ticket = compact(1, true);
	ticket.number++;

	assert_false(shadow_complete(fake.engine, ticket));
	assert_int_equal(shadow_wait(fake.engine, ticket, FAKE_WAIT_NS), -SHADOW_EAGAIN);
	fake_pass(&fake);
	assert_int_equal(shadow_wait(fake.engine, ticket, FAKE_WAIT_NS), -SHADOW_EAGAIN);
	assert_int_equal(compact(1, false).number, ticket.number);
	fake_pass(&fake);
	assert_int_equal(shadow_wait(fake.engine, ticket, FAKE_WAIT_NS), 0);
}

/* More compactions than there are places for flights, and a target that runs out of fences. */
static void many_may_be_outstanding(void **state)
{
	shadow_ticket_t tickets[3 * ENGINE_FLIGHTS];

	(void)state;
	for (unsigned fences = ENGINE_FLIGHTS / 2; fences <= 4 * ENGINE_FLIGHTS; fences *= 2) {
		fake_init(&fake, 12);
		fake_up(&fake);
		fake.fence_max = fences;
		fake.whole = 3 * ENGINE_FLIGHTS + 1;
		for (unsigned i = 0; i < 3 * ENGINE_FLIGHTS; i++)
			tickets[i] = compact(1, true);
		for (unsigned i = 0; i < 3 * ENGINE_FLIGHTS; i++)
			assert_false(shadow_complete(fake.engine, tickets[i]));
		for (unsigned i = 0; i < 3 * ENGINE_FLIGHTS; i++) {
			fake.complete = (tickets[i].number & ~ENGINE_TICKET_FENCE) - 1;
			assert_false(shadow_complete(fake.engine, tickets[i]));
			fake_pass(&fake);
			fake.complete = i + 1 < ENGINE_FLIGHTS && i + 1 < fences ? i + 1 : fake.fence;
			assert_true(shadow_complete(fake.engine, tickets[i]));
			assert_true(retired() >= (tickets[i].number & ~ENGINE_TICKET_FENCE));
			if (fake.complete == fake.fence)
				break;
		}
		for (unsigned i = 0; i < 3 * ENGINE_FLIGHTS; i++)
			assert_true(shadow_complete(fake.engine, tickets[i]));
		assert_int_equal(retired(), fake.fence);
		fake_down(&fake);
	}
	fake_init(&fake, 12);
}

/* Any mixture: a ticket is complete once its fence is, not before, and for good. */
static void random_flushes_and_compactions_complete_in_their_order(void **state)
{
	enum { TICKETS = 12 };
	uint64_t seed = seeded_start();

	(void)state;
	for (unsigned round = 0; round < 200; round++) {
		shadow_ticket_t tickets[TICKETS];
		uint64_t fences[TICKETS];
		bool done[TICKETS] = { false };
		unsigned count = 0;

		fake_init(&fake, 12);
		fake_up(&fake);
		for (unsigned step = 0; step < 60; step++) {
			uint64_t kind = seeded_below(&seed, 4);

			fake.whole = (unsigned)seeded_below(&seed, 4);
			if (kind == 0 && count < TICKETS) {
				fake_revoke(&fake, 100 * (uint64_t)step, 1);
				tickets[count] = shadow_flush(fake.engine);
				fences[count++] = fake.fence;
			} else if (kind == 1 && count < TICKETS) {
				(void)shadow_compact(fake.engine, 2, &tickets[count]);
				fences[count++] = fake.fence;
			} else if (fake.complete < fake.fence) {
				fake.complete++;
			}
			for (unsigned i = 0; i < count; i++) {
				unsigned which = (unsigned)seeded_below(&seed, count);
				bool now = shadow_complete(fake.engine, tickets[which]);

				assert_int_equal(now, fences[which] <= fake.complete);
				assert_true(now || !done[which]);
				done[which] = now;
				if (now)
					assert_true(retired() >= fences[which]);
			}
		}
		fake_down(&fake);
	}
	fake_init(&fake, 12);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(without_a_target_and_before_the_snapshot_there_is_nothing),
		TEST(each_call_takes_no_more_than_it_was_told_and_says_whether_more_is_left),
		TEST(no_blocks_is_no_work),
		TEST(nobody_needs_the_ticket),
		TEST(nothing_is_taken_while_something_is_queued),
		TEST(nothing_is_taken_while_something_is_reserved),
		TEST(after_it_the_target_is_asked_for_tables_again),
		TEST(while_it_is_outstanding_every_grant_is_asked_for),
		TEST(a_reservation_that_was_only_counted_is_not_flushed_away),
		TEST(its_ticket_is_complete_when_its_fence_is_and_then_the_tables_are_back),
		TEST(before_the_first_transition_it_has_a_ticket_as_well),
		TEST(tickets_that_were_complete_stay_so),
		TEST(a_wait_for_a_later_flush_gives_the_tables_back),
		TEST(its_ticket_covers_flushes_before_it_and_none_after_it),
		TEST(a_call_that_found_nothing_has_a_ticket_that_waits_for_nothing_new),
		TEST(a_ticket_that_nobody_was_given_is_not_flushed_yet),
		TEST(many_may_be_outstanding),
		TEST(random_flushes_and_compactions_complete_in_their_order),
	};

	return cmocka_run_group_tests_name("compact", tests, NULL, NULL);
}
