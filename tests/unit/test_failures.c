/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_failures.c - devices that fail: each kind of failure on one of two SMMUs, and the other goes on.
 */
#include "failures.h"

#define PAGE CORE_MEMORY_PAGE
#define OWNED SHADOW_STATE_OWNED
#define NOPAGE SHADOW_STATE_NOPAGE
#define LONG_NS (20 * (uint64_t)CORE_WAIT_NS) /* a waiter that outlasts every limit of an SMMU */

static struct core core;

static int set_up(void **state)
{
	(void)state;
	core_init(&core);
	core.smmu_count = 2;
	core.cmdq_lg2 = 3;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	core_down(&core);
	return 0;
}

static bool was_reported(enum platform_report what)
{
	for (unsigned i = 0; i < core.report_count; i++)
		if (core.reports[i].what == what)
			return true;
	return false;
}

static const struct core_report *report_of(enum platform_report what)
{
	for (unsigned i = 0; i < core.report_count; i++)
		if (core.reports[i].what == what)
			return &core.reports[i];
	fail_msg("report %d is missing", what);
	return NULL;
}

/* ---- every kind of failure ---------------------------------------------------------------------------- */

/* Both devices hold the page, and the flush that revokes it is published. */
static shadow_ticket_t revoke_on_both(uint64_t page)
{
	for (unsigned i = 0; i < 2; i++)
		assert_true(core_reaches(&core, i, page));
	core_revoke(&core, page, 1);
	return shadow_flush(core.engine);
}

static void each_failure_shuts_its_smmu_and_the_other_goes_on(void **state)
{
	for (unsigned i = 0; i < FAILURES; i++) {
		const struct failure *failure = &failures[i];
		shadow_ticket_t ticket;

		print_message("%s\n", failure->what);
		set_up(state);
		core_up(&core);
		/* What is injected by position comes before the commands that it concerns; the rest behind them. */
		core.smmu[0].stalled = true;
		ticket = revoke_on_both(PAGE);
		failure->inject(core.smmu[0].model);
		core.smmu[0].stalled = false;

		assert_int_equal(shadow_wait(core.engine, ticket, LONG_NS), 0);
		assert_true(core_smmu_stats(&core, 0).closed);
		assert_false(core_smmu_stats(&core, 0).isolation_lost);
		assert_int_equal(core_smmu_stats(&core, 0).failure, failure->is);
		assert_int_equal(report_of(PLATFORM_REPORT_SMMU_CLOSED)->a, 0);
		assert_int_equal(report_of(PLATFORM_REPORT_SMMU_CLOSED)->b >> 32, failure->is);
		assert_int_equal(was_reported(PLATFORM_REPORT_SMMU_RESET), failure->is == SHADOW_SMMU_RESET);
		failure_is_shut(core.smmu[0].model, PAGE);
		failure_is_shut(core.smmu[0].model, PAGE + 5);

		/* The other one obeys, and nobody waits for the one that is shut. */
		assert_false(core_smmu_stats(&core, 1).closed);
		assert_int_equal(core_smmu_stats(&core, 1).failure, SHADOW_SMMU_SOUND);
		assert_false(core_reaches(&core, 1, PAGE));
		assert_true(core_reaches(&core, 1, PAGE + 5));
		core_forget(&core);
		core_revoke(&core, PAGE + 5, 1);
		core_finish(&core);
		assert_false(core_reaches(&core, 1, PAGE + 5));
		core_grant(&core, PAGE, 1);
		core_finish(&core);
		assert_true(core_reaches(&core, 1, PAGE));
		assert_int_equal(core_count(&core, CORE_DOORBELL, 0), 0);
		assert_int_equal(core_count(&core, CORE_CONS_READ, 0), 0);
		assert_int_equal(core.report_count, 0);
		tear_down(state);
	}
}

static void a_failure_without_a_confirmed_abort_completes_no_ticket(void **state)
{
	for (unsigned i = 0; i < FAILURES; i++) {
		shadow_ticket_t ticket;

		print_message("%s\n", failures[i].what);
		set_up(state);
		core_up(&core);
		core.smmu[0].stalled = true;
		ticket = revoke_on_both(PAGE);
		failures[i].inject(core.smmu[0].model);
		model_run(core.smmu[0].model);
		model_stall_registers(core.smmu[0].model, true);
		core.smmu[0].stalled = false;

		assert_int_equal(shadow_wait(core.engine, ticket, LONG_NS), -SHADOW_EIO);
		assert_true(core_smmu_stats(&core, 0).isolation_lost);
		assert_false(core_smmu_stats(&core, 0).closed);
		assert_int_equal(core_smmu_stats(&core, 0).failure, failures[i].is);
		assert_int_equal(report_of(PLATFORM_REPORT_ISOLATION_LOST)->b >> 32, failures[i].is);
		model_stall_registers(core.smmu[0].model, false);
		model_stall_commands(core.smmu[0].model, false);
		model_forge_cons(core.smmu[0].model, false, 0);
		for (unsigned again = 0; again < 3; again++) {
			core_relax(&core);
			assert_false(shadow_complete(core.engine, ticket));
			assert_int_equal(shadow_wait(core.engine, ticket, LONG_NS), -SHADOW_EIO);
		}
		tear_down(state);
	}
}

/* Once the cause is gone: all is forgotten that it had cached, and what was written meanwhile holds. */
static void a_mended_smmu_comes_back(void **state)
{
	for (unsigned i = 0; i < FAILURES; i++) {
		struct model *model;
		shadow_ticket_t ticket;

		print_message("%s\n", failures[i].what);
		set_up(state);
		core_up(&core);
		model = core.smmu[0].model;
		core.smmu[0].stalled = true;
		assert_true(core_reaches(&core, 0, PAGE + 5));
		ticket = revoke_on_both(PAGE);
		failures[i].inject(core.smmu[0].model);
		core.smmu[0].stalled = false;
		assert_int_equal(shadow_wait(core.engine, ticket, LONG_NS), 0);
		core_revoke(&core, PAGE + 5, 1);
		core_finish(&core);
		model_stall_commands(model, false);
		model_forge_cons(model, false, 0);

		if (failures[i].is == SHADOW_SMMU_SERVICE) {
			/* Only a reset ends service failure mode. */
			assert_int_equal(shadow_smmu_detach(core.smmu[0].smmu), 0);
			assert_int_equal(shadow_smmu_enable(core.smmu[0].smmu), -SHADOW_EIO);
			assert_int_equal(core_smmu_stats(&core, 0).failure, SHADOW_SMMU_SERVICE);
			failure_is_shut(core.smmu[0].model, PAGE);
			model_reset(model);
		}
		assert_int_equal(shadow_smmu_enable(core.smmu[0].smmu), -SHADOW_EAGAIN);
		assert_int_equal(shadow_smmu_detach(core.smmu[0].smmu), 0);
		assert_int_equal(shadow_smmu_enable(core.smmu[0].smmu), 0);
		assert_false(core_smmu_stats(&core, 0).closed);
		assert_int_equal(core_smmu_stats(&core, 0).failure, SHADOW_SMMU_SOUND);
		assert_true(shadow_complete(core.engine, ticket));
		assert_false(core_reaches(&core, 0, PAGE));
		assert_false(core_reaches(&core, 0, PAGE + 5));
		assert_true(core_reaches(&core, 0, PAGE + 6));
		/* It counts again. */
		model_stall_commands(model, true);
		core_revoke(&core, PAGE + 6, 1);
		ticket = shadow_flush(core.engine);
		assert_int_equal(shadow_wait(core.engine, ticket, CORE_WAIT_NS / 10), -SHADOW_ETIMEDOUT);
		model_stall_commands(model, false);
		assert_int_equal(shadow_wait(core.engine, ticket, CORE_WAIT_NS), 0);
		assert_false(core_reaches(&core, 0, PAGE + 6));
		assert_int_equal(core.violations, 0);
		tear_down(state);
	}
}

/* ---- a sync that never completes ---------------------------------------------------------------------- */

static void a_waiter_s_time_limit_is_its_own(void **state)
{
	shadow_ticket_t ticket;

	(void)state;
	core_up(&core);
	model_stall_commands(core.smmu[0].model, true);
	ticket = revoke_on_both(PAGE);

	assert_int_equal(shadow_wait(core.engine, ticket, CORE_WAIT_NS / 10), -SHADOW_ETIMEDOUT);

	assert_false(core_smmu_stats(&core, 0).closed);
	model_stall_commands(core.smmu[0].model, false);
	assert_int_equal(shadow_wait(core.engine, ticket, CORE_WAIT_NS / 10), 0);
	assert_int_equal(core.report_count, 0);
	assert_true(core_reaches(&core, 0, PAGE + 5));
}

static void whoever_asks_late_enough_shuts_a_silent_smmu(void **state)
{
	shadow_ticket_t ticket;

	(void)state;
	core_up(&core);
	model_stall_commands(core.smmu[0].model, true);
	ticket = revoke_on_both(PAGE);
	assert_false(shadow_complete(core.engine, ticket));

	core.time_ns += CORE_WAIT_NS - 10;
	assert_false(shadow_complete(core.engine, ticket));
	assert_false(core_smmu_stats(&core, 0).closed);
	core.time_ns += 10;
	/* One look shuts it; the other SMMU is seen with it. */
	assert_true(shadow_complete(core.engine, ticket));

	assert_int_equal(core_smmu_stats(&core, 0).failure, SHADOW_SMMU_SILENT);
	failure_is_shut(core.smmu[0].model, PAGE);
}

static void two_silent_smmus_are_silent_at_the_same_time(void **state)
{
	shadow_ticket_t ticket;
	uint64_t start_ns;

	(void)state;
	core_up(&core);
	model_stall_commands(core.smmu[0].model, true);
	model_stall_commands(core.smmu[1].model, true);
	ticket = revoke_on_both(PAGE);

	start_ns = core.time_ns;
	assert_int_equal(shadow_wait(core.engine, ticket, LONG_NS), 0);

	assert_true(core.time_ns - start_ns < CORE_WAIT_NS + CORE_WAIT_NS / 2);
	failure_is_shut(core.smmu[0].model, PAGE);
	failure_is_shut(core.smmu[1].model, PAGE);
}

/* Slow is not silent: each command takes half of the time that none may take. */
static void an_smmu_that_is_slow_is_not_shut(void **state)
{
	shadow_ticket_t ticket;

	(void)state;
	core.no_ril = true;
	core.cmdq_lg2 = 6;
	core_up(&core);
	core_revoke(&core, PAGE + 100, 1);
	core_finish(&core);
	core.smmu[0].stalled = core.smmu[1].stalled = true;
	core_revoke(&core, PAGE, 10);
	ticket = shadow_flush(core.engine);

	for (unsigned i = 0; !shadow_complete(core.engine, ticket); i++) {
		assert_true(i < 100);
		for (unsigned smmu = 0; smmu < 2; smmu++) {
			uint64_t before = failure_next(core.smmu[smmu].model);

			while (failure_next(core.smmu[smmu].model) == before && model_step(core.smmu[smmu].model))
				;
		}
		core.time_ns += CORE_WAIT_NS / 2;
	}
	assert_int_equal(core.report_count, 0);
	assert_true(core_reaches(&core, 0, PAGE + 11));
}

/* One who asks, is held up for long and asks again finds the queue done: not late. */
static void a_look_after_a_long_pause_takes_what_is_done(void **state)
{
	shadow_ticket_t ticket;

	(void)state;
	core_up(&core);
	core.smmu[0].stalled = true;
	ticket = revoke_on_both(PAGE);
	assert_false(shadow_complete(core.engine, ticket));

	core.time_ns += 10 * (uint64_t)CORE_WAIT_NS;
	model_run(core.smmu[0].model);
	model_run(core.smmu[1].model);

	assert_true(shadow_complete(core.engine, ticket));
	assert_int_equal(core.report_count, 0);
}

/* ---- a reset, wherever the ring is -------------------------------------------------------------------- */

/* A reset puts CONS back to 0, which for some positions is where the flush would leave it. */
static void a_reset_is_no_progress_wherever_the_ring_stands(void **state)
{
	for (unsigned before = 0; before < 16; before++)
		for (unsigned executed = 0; executed < 2; executed++) {
			shadow_ticket_t ticket;

			set_up(state);
			core.smmu_count = 1;
			core_up(&core);
			assert_true(core_reaches(&core, 0, PAGE + 600));
			for (unsigned i = 0; i < before; i++) {
				core_revoke(&core, PAGE + i, 1);
				core_finish(&core);
			}
			core.smmu[0].stalled = true;
			core_revoke(&core, PAGE + 600, 1);
			ticket = shadow_flush(core.engine);
			for (unsigned i = 0; i < executed; i++)
				model_step(core.smmu[0].model);
			model_reset(core.smmu[0].model);
			core.smmu[0].stalled = false;
			assert_int_equal(shadow_wait(core.engine, ticket, LONG_NS), 0);

			assert_int_equal(core_smmu_stats(&core, 0).failure, SHADOW_SMMU_RESET);
			failure_is_shut(core.smmu[0].model, PAGE + 600);
			/* GBPA was as a reset leaves it: it let everything through. */
			assert_int_equal(report_of(PLATFORM_REPORT_SMMU_RESET)->b >> 20 & 1, 0);
			tear_down(state);
		}
}

/* Bases are lost with the rest: a queue that were turned on again would be read from, or written to, anywhere. */
static void after_a_reset_no_queue_is_turned_on(void **state)
{
	shadow_ticket_t ticket;

	(void)state;
	core_up(&core);
	core.smmu[0].stalled = true;
	ticket = revoke_on_both(PAGE);
	model_reset(core.smmu[0].model);
	core.smmu[0].stalled = false;

	assert_int_equal(shadow_wait(core.engine, ticket, LONG_NS), 0);

	assert_int_equal(model_read32(core.smmu[0].model, 0x20), 0);
	assert_int_equal(model_read32(core.smmu[0].model, 0x24), 0);
}

/* An index of 0 that the SMMU has reached is progress as any other. */
static void an_index_of_0_is_progress_while_the_queue_is_on(void **state)
{
	(void)state;
	core_up(&core);
	for (unsigned i = 0; i < 40; i++) {
		core_revoke(&core, PAGE + i, 1);
		core_finish(&core);
		assert_false(core_reaches(&core, 0, PAGE + i));
	}
	assert_int_equal(core.report_count, 0);
}

/* ---- refused commands, side by side ------------------------------------------------------------------- */

static void both_smmus_may_refuse_in_one_flush(void **state)
{
	shadow_ticket_t ticket;

	(void)state;
	core_up(&core);
	model_inject_cerror(core.smmu[0].model, failure_next(core.smmu[0].model), 1);
	model_inject_cerror(core.smmu[1].model, failure_next(core.smmu[1].model) + 1, 1);
	ticket = revoke_on_both(PAGE);

	assert_int_equal(shadow_wait(core.engine, ticket, LONG_NS), 0);

	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(core_smmu_stats(&core, i).commands_repaired, 1);
		assert_false(core_smmu_stats(&core, i).closed);
		assert_false(core_reaches(&core, i, PAGE));
		assert_true(core_reaches(&core, i, PAGE + 5));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_failure_shuts_its_smmu_and_the_other_goes_on),
		cmocka_unit_test(a_failure_without_a_confirmed_abort_completes_no_ticket),
		cmocka_unit_test(a_mended_smmu_comes_back),
		cmocka_unit_test_setup_teardown(a_waiter_s_time_limit_is_its_own, set_up, tear_down),
		cmocka_unit_test_setup_teardown(whoever_asks_late_enough_shuts_a_silent_smmu, set_up, tear_down),
		cmocka_unit_test_setup_teardown(two_silent_smmus_are_silent_at_the_same_time, set_up, tear_down),
		cmocka_unit_test_setup_teardown(an_smmu_that_is_slow_is_not_shut, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_look_after_a_long_pause_takes_what_is_done, set_up, tear_down),
		cmocka_unit_test(a_reset_is_no_progress_wherever_the_ring_stands),
		cmocka_unit_test_setup_teardown(after_a_reset_no_queue_is_turned_on, set_up, tear_down),
		cmocka_unit_test_setup_teardown(an_index_of_0_is_progress_while_the_queue_is_on, set_up, tear_down),
		cmocka_unit_test_setup_teardown(both_smmus_may_refuse_in_one_flush, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("failures", tests, NULL, NULL);
}
