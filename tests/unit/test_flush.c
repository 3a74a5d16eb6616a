/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_flush.c - a flush from queue to fence: order, tickets, waits, and many flushes outstanding.
 */
#include "core_rig.h"

#include "engine/engine.h"
#include "seeded.h"

#define PAGE   CORE_MEMORY_PAGE
#define OWNED  SHADOW_STATE_OWNED
#define NOPAGE SHADOW_STATE_NOPAGE

static struct core core;

static int setup(void **state)
{
	(void)state;
	core_init(&core);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	core_down(&core);
	return 0;
}

/* ---- tickets ------------------------------------------------------------------------------------------ */

static void flush_ticket_complete_and_wait_are_separate(void **state)
{
	shadow_ticket_t queued, flushed;

	(void)state;
	core_up(&core);
	assert_true(core_reaches(&core, 0, PAGE));
	core_revoke(&core, PAGE, 1);
	queued = shadow_ticket(core.engine);
	assert_int_equal(queued.number, 1);
	assert_false(shadow_complete(core.engine, queued));
	assert_int_equal(core_count(&core, CORE_DOORBELL, 0), 0);
	assert_true(core_reaches(&core, 0, PAGE));

	flushed = shadow_flush(core.engine);
	assert_int_equal(flushed.number, 1);
	assert_int_equal(core_count(&core, CORE_DOORBELL, 0), 1);
	assert_int_equal(core_count(&core, CORE_CONS_READ, 0), 0);
	assert_false(shadow_complete(core.engine, flushed));
	/* Written, but the device still has it in its TLB: that is why there is a ticket. */
	assert_true(core_reaches(&core, 0, PAGE));

	assert_int_equal(shadow_wait(core.engine, queued, CORE_WAIT_NS), 0);
	assert_true(shadow_complete(core.engine, flushed));
	assert_false(core_reaches(&core, 0, PAGE));
}

static void complete_becomes_true_without_a_wait(void **state)
{
	shadow_ticket_t ticket;

	(void)state;
	core_up(&core);
	core_revoke(&core, PAGE, 1);
	ticket = shadow_flush(core.engine);
	assert_false(shadow_complete(core.engine, ticket));
	core_run_models(&core);
	assert_true(shadow_complete(core.engine, ticket));
	assert_false(core_reaches(&core, 0, PAGE));
}

static void a_ticket_of_the_beginning_is_always_complete(void **state)
{
	(void)state;
	core_up(&core);
	core_revoke(&core, PAGE, 1);
	assert_true(shadow_complete(core.engine, (shadow_ticket_t){ 0 }));
	assert_int_equal(shadow_wait(core.engine, (shadow_ticket_t){ 0 }, 1), 0);
}

static void waiting_for_what_is_not_flushed_is_refused(void **state)
{
	(void)state;
	core_up(&core);
	core_revoke(&core, PAGE, 1);

	assert_int_equal(shadow_wait(core.engine, shadow_ticket(core.engine), CORE_WAIT_NS), -SHADOW_EAGAIN);
	core_finish(&core);
	assert_int_equal(shadow_wait(core.engine, (shadow_ticket_t){ 2 }, CORE_WAIT_NS), -SHADOW_EAGAIN);
	assert_false(shadow_complete(core.engine, (shadow_ticket_t){ 2 }));
}

static void a_wait_has_a_limit_and_can_be_repeated(void **state)
{
	shadow_ticket_t ticket;
	uint64_t start;

	(void)state;
	core_up(&core);
	assert_true(core_reaches(&core, 0, PAGE));
	core_revoke(&core, PAGE, 1);
	core_stall(&core, true);
	ticket = shadow_flush(core.engine);

	start = core.time_ns;
	assert_int_equal(shadow_wait(core.engine, ticket, 5000), -SHADOW_ETIMEDOUT);
	assert_in_range(core.time_ns - start, 5000, 6000);
	assert_false(shadow_complete(core.engine, ticket));
	assert_true(core_reaches(&core, 0, PAGE));

	core_stall(&core, false);
	assert_int_equal(shadow_wait(core.engine, ticket, CORE_WAIT_NS), 0);
	assert_false(core_reaches(&core, 0, PAGE));
}

static void a_wait_time_out_of_range_is_refused(void **state)
{
	(void)state;
	core_up(&core);
	core_revoke(&core, PAGE, 1);
	(void)shadow_flush(core.engine);

	assert_int_equal(shadow_wait(core.engine, (shadow_ticket_t){ 1 }, 0), -SHADOW_EINVAL);
	assert_int_equal(shadow_wait(core.engine, (shadow_ticket_t){ 1 }, SHADOW_WAIT_NS_MAX + 1),
			 -SHADOW_EINVAL);
	assert_int_equal(shadow_wait(core.engine, (shadow_ticket_t){ 1 }, SHADOW_WAIT_NS_MAX), 0);
}

/* A hypervisor may be held up between a look at the queue and a look at the clock: here at the third one. */
static unsigned looks;

static uint64_t late_time(void *ctx)
{
	(void)ctx;
	if (++looks < 3)
		return 0;
	core_run_models(&core);
	return UINT64_C(1000000000);
}

static void a_waiter_who_was_held_up_does_not_take_a_finished_sync_for_a_late_one(void **state)
{
	shadow_ticket_t ticket;

	(void)state;
	core_up(&core);
	core_revoke(&core, PAGE, 1);
	ticket = shadow_flush(core.engine);
	core_stall(&core, true);
	looks = 0;
	platform_linux_set_time(late_time, NULL);

	assert_int_equal(shadow_wait(core.engine, ticket, 1000), 0);
}

static void several_flushes_may_be_outstanding_and_complete_in_order(void **state)
{
	shadow_ticket_t tickets[8];

	(void)state;
	core_up(&core);
	core_stall(&core, true);
	for (unsigned i = 0; i < 8; i++) {
		core_revoke(&core, PAGE + 10 * i, 1);
		tickets[i] = shadow_flush(core.engine);
		assert_int_equal(tickets[i].number, i + 1);
	}
	for (unsigned i = 0; i < 8; i++)
		assert_false(shadow_complete(core.engine, tickets[i]));

	core_stall(&core, false);
	assert_int_equal(shadow_wait(core.engine, tickets[3], CORE_WAIT_NS), 0);
	for (unsigned i = 0; i <= 3; i++)
		assert_false(core_reaches(&core, 0, PAGE + 10 * i));
	assert_int_equal(shadow_wait(core.engine, tickets[7], CORE_WAIT_NS), 0);
	for (unsigned i = 0; i < 8; i++)
		assert_true(shadow_complete(core.engine, tickets[i]));
}

static void more_flushes_than_there_are_places_for_are_waited_for_together(void **state)
{
	shadow_ticket_t ticket = { 0 };

	(void)state;
	core.cmdq_lg2 = 10;
	core_up(&core);
	for (unsigned i = 0; i < 60; i++)
		assert_true(core_reaches(&core, 0, PAGE + 10 * i));
	core_stall(&core, true);
	for (unsigned i = 0; i < 60; i++) {
		core_revoke(&core, PAGE + 10 * i, 1);
		ticket = shadow_flush(core.engine);
	}
	assert_int_equal(ticket.number, 60);

	core_stall(&core, false);
	/* A ticket that shares its place waits for more than it covers, never for less. */
	for (unsigned i = 0; i < 60; i++) {
		assert_int_equal(shadow_wait(core.engine, (shadow_ticket_t){ i + 1 }, CORE_WAIT_NS), 0);
		assert_false(core_reaches(&core, 0, PAGE + 10 * i));
	}
}

static void tickets_are_complete_one_step_of_the_device_at_a_time(void **state)
{
	(void)state;
	core_up(&core);
	for (unsigned i = 0; i < 40; i++)
		assert_true(core_reaches(&core, 0, PAGE + 10 * i));
	for (unsigned i = 0; i < 12; i++) {
		core_revoke(&core, PAGE + 10 * i, 1);
		(void)shadow_flush(core.engine);
	}

	for (bool moving = true; moving;) {
		moving = model_step(core.smmu[0].model);
		for (unsigned i = 0; i < 12; i++)
			if (shadow_complete(core.engine, (shadow_ticket_t){ i + 1 }))
				assert_false(core_reaches(&core, 0, PAGE + 10 * i));
	}
	assert_true(shadow_complete(core.engine, (shadow_ticket_t){ 12 }));
}

/* ---- what a flush does -------------------------------------------------------------------------------- */

static void a_flush_of_nothing_does_nothing(void **state)
{
	(void)state;
	core_up(&core);
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(shadow_flush(core.engine).number, 0);
	assert_int_equal(core_stats(&core).flushes, 0);
	assert_int_equal(core.log_count, 0);
	assert_int_equal(core.stores, 0);
}

static void a_flush_takes_what_every_cpu_has_queued(void **state)
{
	(void)state;
	core.cpu_count = 8;
	core_up(&core);
	for (unsigned cpu = 0; cpu < 8; cpu++)
		assert_int_equal(core_change_on(&core, cpu, PAGE + 3 * cpu, 1, OWNED, NOPAGE), 0);
	core_finish(&core);

	for (unsigned i = 0; i < 24; i++)
		assert_int_equal(core_reaches(&core, 0, PAGE + i), i % 3 != 0);
	assert_int_equal(core_stats(&core).flushes, 1);
	assert_int_equal(core_stats(&core).runs, 8);
	assert_int_equal(core_count(&core, CORE_DOORBELL, 0), 1);
}

static void runs_of_several_cpus_that_adjoin_become_one(void **state)
{
	(void)state;
	core.cpu_count = 4;
	core_up(&core);
	for (unsigned i = 0; i < 32; i++)
		assert_int_equal(core_change_on(&core, i % 4, PAGE + 31 - i, 1, OWNED, NOPAGE), 0);
	core_finish(&core);

	assert_int_equal(core_stats(&core).slots, 32);
	assert_int_equal(core_stats(&core).runs, 1);
}

static void a_slot_that_is_extended_after_a_flush_belongs_to_the_next_one(void **state)
{
	shadow_ticket_t first, second;

	(void)state;
	core_up(&core);
	core_revoke(&core, PAGE, 1);
	first = shadow_flush(core.engine);
	core_revoke(&core, PAGE + 1, 1);
	assert_int_equal(shadow_wait(core.engine, first, CORE_WAIT_NS), 0);

	assert_false(core_reaches(&core, 0, PAGE));
	assert_true(core_reaches(&core, 0, PAGE + 1));
	assert_int_equal(shadow_wait(core.engine, shadow_ticket(core.engine), CORE_WAIT_NS), -SHADOW_EAGAIN);
	second = shadow_flush(core.engine);
	assert_int_equal(second.number, 2);
	assert_int_equal(shadow_wait(core.engine, second, CORE_WAIT_NS), 0);
	assert_false(core_reaches(&core, 0, PAGE + 1));
}

/* A host that did not reserve may queue a grant behind a revoke of the same page: two rounds, nothing lost.
 */
static void a_grant_that_undoes_a_revoke_of_its_batch_is_a_round_of_its_own(void **state)
{
	struct shadow_transition revoke = core_transition(PAGE, 4, OWNED, NOPAGE);
	struct shadow_transition grant = core_transition(PAGE + 1, 1, NOPAGE, OWNED);
	struct shadow_transition again = core_transition(PAGE + 1, 1, OWNED, NOPAGE);

	(void)state;
	core_up(&core);
	assert_true(core_reaches(&core, 0, PAGE + 1));
	assert_true(shadow_queue(core.engine, 0, 1, &revoke));
	assert_true(shadow_queue(core.engine, 0, 2, &grant));
	core_finish(&core);
	assert_false(core_reaches(&core, 0, PAGE));
	assert_true(core_reaches(&core, 0, PAGE + 1));
	/* The revoke was not dropped: its command went out. */
	assert_int_equal(core_opcode(&core, 0, 0), CORE_TLBI_S2_IPA);

	assert_true(shadow_queue(core.engine, 0, 3, &again));
	assert_true(shadow_queue(core.engine, 0, 4, &grant));
	assert_true(shadow_queue(core.engine, 0, 5, &again));
	assert_true(shadow_queue(core.engine, 0, 6, &grant));
	core_finish(&core);
	assert_true(core_reaches(&core, 0, PAGE + 1));
	assert_false(core_reaches(&core, 0, PAGE + 2));

	/* The tables have kept count: the last grants make one block of it. */
	core.number = 6;
	core_grant(&core, PAGE, 1);
	core_grant(&core, PAGE + 2, 2);
	core_finish(&core);
	assert_int_equal(core_table_stats(&core).leaves[3] | core_table_stats(&core).leaves[2], 0);
}

static void more_runs_than_are_handed_over_at_once_all_arrive(void **state)
{
	(void)state;
	core.queue_slots = 512;
	core_up(&core);
	for (unsigned i = 0; i < 400; i++)
		core_revoke(&core, PAGE + 3 * i, 1);
	core_finish(&core);

	assert_int_equal(core_stats(&core).runs, 400);
	for (unsigned i = 0; i < 1200; i++)
		assert_int_equal(core_reaches(&core, 0, PAGE + i), i % 3 != 0);
}

static void reserved_pages_cut_runs_at_the_border_of_what_is_handed_over(void **state)
{
	(void)state;
	/* Two runs for each queued range, so that the last hand-over is sometimes empty. */
	core.queue_slots = 128;
	core.reserved[0] = (struct shadow_range){ CORE_GIB + 0x5000, CORE_GIB + 0x6000 };
	core.map.reserved_count = 1;
	core_up(&core);
	for (unsigned ranges = ENGINE_RUNS - 2; ranges <= ENGINE_RUNS + 1; ranges++) {
		core_forget(&core);
		core_revoke(&core, PAGE + 4, 3);
		for (unsigned i = 1; i < ranges; i++)
			core_revoke(&core, PAGE + 8 * i, 1);
		core_finish(&core);
		assert_false(core_reaches(&core, 0, PAGE + 4));
		assert_false(core_reaches(&core, 0, PAGE + 6));
		assert_true(core_reaches(&core, 0, PAGE + 7));
		assert_false(core_reaches(&core, 0, PAGE + 8 * (ranges - 1)));
		core_grant(&core, PAGE + 4, 3);
		for (unsigned i = 1; i < ranges; i++)
			core_grant(&core, PAGE + 8 * i, 1);
		core_finish(&core);
		assert_true(core_reaches(&core, 0, PAGE + 4));
		assert_false(core_reaches(&core, 0, PAGE + 5));
		assert_true(core_reaches(&core, 0, PAGE + 8 * (ranges - 1)));
		assert_int_equal(core.report_count, 1);
	}
}

/* ---- marks before cuts, and idle time ----------------------------------------------------------------- */

static void a_flush_that_cuts_a_live_block_at_level_1_syncs_its_mark_first(void **state)
{
	(void)state;
	core.bbml = 1;
	core_up(&core);
	assert_true(core_reaches(&core, 0, PAGE));
	core_revoke(&core, PAGE, 1);
	(void)shadow_flush(core.engine);
	assert_int_equal(core_count(&core, CORE_DOORBELL, 0), 2);
	assert_true(core_count(&core, CORE_CONS_READ, 0) > 0);
	core_finish(&core);
	assert_false(core_reaches(&core, 0, PAGE));
	assert_true(core_reaches(&core, 0, PAGE + 1));

	/* Its neighbour needs no cut any more. */
	core_forget(&core);
	core_revoke(&core, PAGE + 1, 1);
	(void)shadow_flush(core.engine);
	assert_int_equal(core_count(&core, CORE_DOORBELL, 0), 1);
	assert_int_equal(core_count(&core, CORE_CONS_READ, 0), 0);
	core_finish(&core);
	assert_false(core_reaches(&core, 0, PAGE + 1));
}

/* One page goes and comes back, and its table stays until there is time. */
static void leave_a_whole_table(uint64_t page)
{
	core_revoke(&core, page, 1);
	core_finish(&core);
	core_grant(&core, page, 1);
	core_finish(&core);
}

static void idle_calls_make_blocks_again_and_their_tickets_give_the_tables_back(void **state)
{
	(void)state;
	for (unsigned bbml = 1; bbml <= 2; bbml++) {
		struct shadow_table_stats before, after;
		shadow_ticket_t ticket;
		bool more = true;

		core_init(&core);
		core.bbml = bbml;
		core.collapse = SHADOW_COLLAPSE_NEVER;
		core_up(&core);
		before = core_table_stats(&core);
		leave_a_whole_table(PAGE);
		leave_a_whole_table(PAGE + 1024);
		assert_true(core_table_stats(&core).leaves[3] >= 1024);

		for (unsigned calls = 0; more; calls++) {
			assert_true(calls < 10);
			more = shadow_compact(core.engine, 1, &ticket);
			assert_true(core_reaches(&core, 0, PAGE));
			assert_true(core_reaches(&core, 0, PAGE + 1023));
		}
		assert_int_equal(shadow_wait(core.engine, ticket, CORE_WAIT_NS), 0);

		shadow_reclaim(core.engine);
		after = core_table_stats(&core);
		assert_int_equal(after.leaves[3], before.leaves[3]);
		assert_int_equal(after.leaves[2], before.leaves[2]);
		assert_int_equal(after.bytes_retired, 0);
		assert_int_equal(after.bytes_live, before.bytes_live);
		core_finish(&core);
		core_down(&core);
	}
	core_init(&core);
}

/* ---- against one state a page ------------------------------------------------------------------------- */

#define PAGES 2048u

static void random_cpus_keep_the_host_s_order(void **state)
{
	uint64_t seed = seeded_start();

	(void)state;
	for (unsigned round = 0; round < 6; round++) {
		uint8_t old[PAGES];

		core_init(&core);
		core.cpu_count = 4;
		core.queue_slots = 32;
		core.smmu_count = 1 + round % 2;
		core.nested = round % 3 == 2;
		core.bbml = round / 2 % 3;
		core_up(&core);
		memset(old, OWNED, sizeof(old));
		for (unsigned i = 0; i < 300; i++) {
			unsigned cpu = (unsigned)seeded_below(&seed, 4);
			uint64_t first = seeded_below(&seed, PAGES), count = 1 + seeded_below(&seed, 64);
			struct shadow_transition transition;
			int error;

			if (seeded_below(&seed, 10) == 0)
				count = 512;
			if (count > PAGES - first)
				count = PAGES - first;
			transition = core_transition(PAGE + first, count, OWNED,
						     (enum shadow_state)seeded_below(&seed, 4));
			transition.old_states = &old[first];
			(void)core_reaches(&core, 0, PAGE + first);
			error = shadow_reserve(core.engine, cpu, &transition, CORE_WAIT_NS);
			if (error == -SHADOW_ENOMEM && count > core.queue_slots)
				continue; /* more pieces than slots */
			assert_int_equal(error, 0);
			if (shadow_queue(core.engine, cpu, core.number + 1, &transition))
				core.number++;
			memset(&old[first], (int)transition.new_state, count);
			if (seeded_below(&seed, 8) == 0)
				shadow_trip_end(core.engine, cpu);
			if (seeded_below(&seed, 6) == 0)
				(void)shadow_flush(core.engine);
			if (seeded_below(&seed, 20))
				continue;
			core_finish(&core);
			for (unsigned page = 0; page < PAGES; page++)
				for (unsigned smmu = 0; smmu < core.smmu_count; smmu++)
					assert_int_equal(core_reaches(&core, smmu, PAGE + page),
							 old[page] != NOPAGE);
		}
		assert_int_equal(core.violations, 0);
		core_down(&core);
	}
	core_init(&core);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(flush_ticket_complete_and_wait_are_separate),
		TEST(complete_becomes_true_without_a_wait),
		TEST(a_ticket_of_the_beginning_is_always_complete),
		TEST(waiting_for_what_is_not_flushed_is_refused),
		TEST(a_wait_has_a_limit_and_can_be_repeated),
		TEST(a_wait_time_out_of_range_is_refused),
		TEST(a_waiter_who_was_held_up_does_not_take_a_finished_sync_for_a_late_one),
		TEST(several_flushes_may_be_outstanding_and_complete_in_order),
		TEST(more_flushes_than_there_are_places_for_are_waited_for_together),
		TEST(tickets_are_complete_one_step_of_the_device_at_a_time),
		TEST(a_flush_of_nothing_does_nothing),
		TEST(a_flush_takes_what_every_cpu_has_queued),
		TEST(runs_of_several_cpus_that_adjoin_become_one),
		TEST(a_slot_that_is_extended_after_a_flush_belongs_to_the_next_one),
		TEST(a_grant_that_undoes_a_revoke_of_its_batch_is_a_round_of_its_own),
		TEST(more_runs_than_are_handed_over_at_once_all_arrive),
		TEST(reserved_pages_cut_runs_at_the_border_of_what_is_handed_over),
		TEST(a_flush_that_cuts_a_live_block_at_level_1_syncs_its_mark_first),
		TEST(idle_calls_make_blocks_again_and_their_tickets_give_the_tables_back),
		TEST(random_cpus_keep_the_host_s_order),
	};

	return cmocka_run_group_tests_name("flush", tests, NULL, NULL);
}
