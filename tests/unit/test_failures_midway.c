/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_failures_midway.c - an SMMU that fails while somebody waits for it: each kind of failure, in each place that waits.
 *
 * Two SMMUs. The first stands still until its driver waits for it; what happens then is the failure. Whatever the call
 * was, that SMMU ends in confirmed abort and is reported, and the other one obeys: with and without a stage 1.
 */
#include "failures.h"

#define PAGE	CORE_MEMORY_PAGE
#define LONG_NS (20 * (uint64_t)CORE_WAIT_NS) /* a waiter that outlasts every limit of an SMMU */

static struct core core;
static const struct failure *failure;
static enum shadow_smmu_failure is;    /* what it is taken for */
static bool happens;		       /* at the next wait */
static shadow_ticket_t asked;	       /* by another CPU in every wait; 0: nobody asks */

static bool has_commands(struct model *model)
{
	return (model_read32(model, 0x24) & 8) && model_read32(model, 0x98) != (model_read32(model, 0x9c) & 0xffffff);
}

/* Somebody waits, for commands if something is to happen. Another CPU may ask meanwhile, which must not change anything. */
static void relax(void *ctx)
{
	if (happens && has_commands(core.smmu[0].model)) {
		happens = false;
		model_stall_commands(core.smmu[0].model, false);
		failure->inject(core.smmu[0].model);
	}
	core_relax(ctx);
	if (asked.number)
		(void)shadow_complete(core.engine, asked);
}

static int tear_down(void **state)
{
	(void)state;
	core_down(&core);
	return 0;
}

static void prepare(unsigned bbml, bool nested)
{
	core_init(&core);
	platform_linux_set_relax(relax, &core);
	core.smmu_count = 2;
	core.cmdq_lg2 = 5;
	core.bbml = bbml;
	core.nested = nested;
	asked.number = 0;
	happens = false;
}

/* From now on the first SMMU takes no command; when one is waited for it fails. */
static void fail_at_the_next_wait(void)
{
	model_stall_commands(core.smmu[0].model, true);
	happens = true;
}

static unsigned reports_of(enum platform_report what, unsigned smmu)
{
	unsigned count = 0;

	for (unsigned i = 0; i < core.report_count; i++)
		count += core.reports[i].what == what && core.reports[i].a == smmu;
	return count;
}

static void is_reported(void)
{
	assert_false(happens);
	assert_false(core_smmu_stats(&core, 0).isolation_lost);
	assert_int_equal(core_smmu_stats(&core, 0).failure, is);
	assert_int_equal(reports_of(PLATFORM_REPORT_SMMU_CLOSED, 0), 1);
	assert_int_equal(reports_of(PLATFORM_REPORT_SMMU_CLOSED, 1), 0);
	assert_int_equal(reports_of(PLATFORM_REPORT_SMMU_RESET, 0), is == SHADOW_SMMU_RESET);
	failure_is_shut(core.smmu[0].model, PAGE + 5);
}

/* The other one goes on, and the one that is shut costs nothing any more. */
static void the_other_goes_on(void)
{
	assert_false(core_smmu_stats(&core, 1).closed);
	assert_int_equal(core_smmu_stats(&core, 1).failure, SHADOW_SMMU_SOUND);
	asked.number = 0;
	assert_true(core_reaches(&core, 1, PAGE + 5));
	core_forget(&core);
	core_revoke(&core, PAGE + 5, 1);
	core_finish(&core);
	assert_false(core_reaches(&core, 1, PAGE + 5));
	core_grant(&core, PAGE + 5, 1);
	core_finish(&core);
	assert_true(core_reaches(&core, 1, PAGE + 5));
	assert_int_equal(core_count(&core, CORE_DOORBELL, 0), 0);
	assert_int_equal(core_count(&core, CORE_CONS_READ, 0), 0);
	assert_int_equal(core.report_count, 0);
	assert_int_equal(core.violations, 0);
}

static void is_closed_and_the_other_goes_on(void)
{
	is_reported();
	assert_true(core_smmu_stats(&core, 0).closed);
	the_other_goes_on();
}

/* Once for each failure, stage 2 alone and with a stage 1. */
static void each(void (*situation)(bool nested))
{
	for (unsigned i = 0; i < 2 * FAILURES; i++) {
		failure = &failures[i / 2];
		is = failure->is;
		print_message("%s%s\n", failure->what, i % 2 ? ", nested" : "");
		situation(i % 2);
		core_down(&core);
	}
}

/* ---- a flush and its ticket ----------------------------------------------------------------------------- */

/* Several flushes are outstanding, and somebody waits for one in the middle. */
static void flights(bool nested)
{
	shadow_ticket_t ticket[5];

	prepare(2, nested);
	core_up(&core);
	fail_at_the_next_wait();
	for (unsigned i = 0; i < 5; i++) {
		assert_true(core_reaches(&core, 1, PAGE + 10 + i));
		core_revoke(&core, PAGE + 10 + i, 1);
		ticket[i] = shadow_flush(core.engine);
	}
	assert_int_equal(shadow_wait(core.engine, ticket[2], LONG_NS), 0);
	for (unsigned i = 0; i < 3; i++)
		assert_false(core_reaches(&core, 1, PAGE + 10 + i));
	assert_int_equal(shadow_wait(core.engine, ticket[4], LONG_NS), 0);
	for (unsigned i = 0; i < 5; i++) {
		assert_true(shadow_complete(core.engine, ticket[i]));
		assert_false(core_reaches(&core, 1, PAGE + 10 + i));
	}
	is_closed_and_the_other_goes_on();
}

static void a_failure_with_several_flights_outstanding(void **state)
{
	(void)state;
	each(flights);
}

/* One CPU waits for the first of two tickets, and at every turn another asks for the second. */
static void others_ask(bool nested)
{
	shadow_ticket_t first;

	prepare(2, nested);
	core_up(&core);
	fail_at_the_next_wait();
	core_revoke(&core, PAGE + 10, 1);
	first = shadow_flush(core.engine);
	core_revoke(&core, PAGE + 11, 1);
	asked = shadow_flush(core.engine);
	assert_int_equal(shadow_wait(core.engine, first, LONG_NS), 0);
	assert_int_equal(shadow_wait(core.engine, asked, LONG_NS), 0);
	assert_false(core_reaches(&core, 1, PAGE + 10));
	assert_false(core_reaches(&core, 1, PAGE + 11));
	is_closed_and_the_other_goes_on();
}

static void a_failure_that_several_cpus_wait_for(void **state)
{
	(void)state;
	each(others_ask);
}

/* The ring is full, and the flush waits for room in the middle of its list. */
static void full_ring(bool nested)
{
	prepare(2, nested);
	core.no_ril = true;
	core.queue_slots = 64;
	core.cmdq_lg2 = 3;
	core_up(&core);
	core_revoke(&core, PAGE + 511, 1);
	core_finish(&core);
	core_forget(&core);
	fail_at_the_next_wait();
	core_revoke(&core, PAGE + 10, 40);
	assert_int_equal(shadow_wait(core.engine, shadow_flush(core.engine), LONG_NS), 0);
	for (unsigned i = 0; i < 40; i++)
		assert_false(core_reaches(&core, 1, PAGE + 10 + i));
	is_closed_and_the_other_goes_on();
}

static void a_failure_while_a_flush_waits_for_room(void **state)
{
	(void)state;
	each(full_ring);
}

/* ---- break-before-make level 1: the marks are waited for --------------------------------------------------- */

static void marks(bool nested)
{
	shadow_ticket_t ticket;

	prepare(1, nested);
	core_up(&core);
	/* Both hold the block that is cut. */
	assert_true(core_reaches(&core, 0, PAGE + 10) && core_reaches(&core, 1, PAGE + 10));
	fail_at_the_next_wait();
	core_revoke(&core, PAGE + 10, 1);
	ticket = shadow_flush(core.engine);
	assert_false(happens);
	assert_int_equal(shadow_wait(core.engine, ticket, LONG_NS), 0);
	assert_false(core_reaches(&core, 1, PAGE + 10));
	is_closed_and_the_other_goes_on();
}

static void a_failure_while_marks_are_waited_for(void **state)
{
	(void)state;
	each(marks);
}

/* The marks are known to both, and the second list meets the failure. */
static void cuts(bool nested)
{
	shadow_ticket_t ticket;

	prepare(1, nested);
	core_up(&core);
	core_revoke(&core, PAGE + 10, 1);
	ticket = shadow_flush(core.engine);
	fail_at_the_next_wait();
	assert_int_equal(shadow_wait(core.engine, ticket, LONG_NS), 0);
	assert_false(core_reaches(&core, 1, PAGE + 10));
	is_closed_and_the_other_goes_on();
}

static void a_failure_after_the_marks(void **state)
{
	(void)state;
	each(cuts);
}

/* Each command takes half of the time that none may take. */
static void slowly(void *ctx)
{
	struct model *model = core.smmu[0].model;
	uint64_t before = failure_next(model);

	core_relax(ctx);
	while (failure_next(model) == before && model_step(model))
		;
	core.time_ns += CORE_WAIT_NS / 2;
}

static void an_smmu_that_is_slow_with_marks_is_not_shut(void **state)
{
	(void)state;
	prepare(1, false);
	core.smmu_count = 1;
	core.no_ril = true;
	core.queue_slots = 64;
	core_up(&core);
	core_revoke(&core, PAGE + 511, 1); /* leaves blocks of 2 MiB */
	core_finish(&core);
	core.smmu[0].stalled = true;
	platform_linux_set_relax(slowly, &core);
	for (unsigned i = 1; i < 20; i++)
		core_revoke(&core, PAGE + 512 * i + 7, 1);

	assert_int_equal(shadow_wait(core.engine, shadow_flush(core.engine), LONG_NS), 0);

	assert_false(core_smmu_stats(&core, 0).closed);
	assert_int_equal(core.report_count, 0);
	assert_true(core_reaches(&core, 0, PAGE + 5));
	assert_false(core_reaches(&core, 0, PAGE + 519));
}

/* ---- idle work ------------------------------------------------------------------------------------------- */

static void compaction(unsigned bbml, bool nested)
{
	shadow_ticket_t ticket;

	prepare(bbml, nested);
	core.collapse = SHADOW_COLLAPSE_NEVER;
	core_up(&core);
	core_revoke(&core, PAGE + 10, 1);
	core_revoke(&core, PAGE + 522, 1);
	core_finish(&core);
	core_grant(&core, PAGE + 10, 1);
	core_grant(&core, PAGE + 522, 1);
	core_finish(&core);
	core_forget(&core);
	fail_at_the_next_wait();
	(void)shadow_compact(core.engine, 4, &ticket);
	assert_true(core_table_stats(&core).collapses > 0);
	assert_int_equal(shadow_wait(core.engine, ticket, LONG_NS), 0);
	is_closed_and_the_other_goes_on();
	shadow_reclaim(core.engine);
	assert_int_equal(core_table_stats(&core).bytes_retired, 0);
}

static void compaction_at_level_1(bool nested)
{
	compaction(1, nested);
}

static void compaction_at_level_2(bool nested)
{
	compaction(2, nested);
}

static void a_failure_during_a_compaction(void **state)
{
	(void)state;
	each(compaction_at_level_1);
	each(compaction_at_level_2);
}

/* ---- coming and going -------------------------------------------------------------------------------------- */

/* The one that fails is shut; the table is in use on the other. */
static void at_the_snapshot(bool nested)
{
	prepare(2, nested);
	core_up_to_snapshot(&core);
	assert_int_equal(shadow_smmu_stream(core.smmu[0].smmu, CORE_SID + 1), 0);
	fail_at_the_next_wait();
	assert_int_equal(shadow_snapshot(core.engine, &core.host), 0);
	failure_is_shut(core.smmu[0].model, PAGE);
	is_closed_and_the_other_goes_on();
}

static void a_failure_at_the_snapshot(void **state)
{
	(void)state;
	each(at_the_snapshot);
}

/* Where nothing is left the snapshot fails, and so it does where one cannot be shut. */
static void a_snapshot_with_no_smmu_left_fails(void **state)
{
	(void)state;
	prepare(2, false);
	core_up_to_snapshot(&core);
	model_stall_commands(core.smmu[0].model, true);
	model_stall_commands(core.smmu[1].model, true);

	assert_int_equal(shadow_snapshot(core.engine, &core.host), -SHADOW_ETIMEDOUT);

	failure_is_shut(core.smmu[0].model, PAGE);
	failure_is_shut(core.smmu[1].model, PAGE);
	core_down(&core);

	prepare(2, false);
	core_up_to_snapshot(&core);
	model_stall_commands(core.smmu[0].model, true);
	model_stall_registers(core.smmu[0].model, true);
	assert_int_equal(shadow_snapshot(core.engine, &core.host), -SHADOW_ETIMEDOUT);
	assert_int_equal(reports_of(PLATFORM_REPORT_ISOLATION_LOST, 0), 1);
	assert_int_equal(model_dma(core.smmu[1].model, CORE_SID, PAGE << 12, false).fault, MODEL_ABORT);
}

/* Whoever lets it go learns that it had failed. */
static void detached(bool nested)
{
	prepare(2, nested);
	core_up(&core);
	core_revoke(&core, PAGE + 10, 1);
	core_finish(&core);
	fail_at_the_next_wait();
	assert_int_equal(shadow_smmu_detach(core.smmu[0].smmu), 0);
	is_reported();
	the_other_goes_on();
}

static void a_failure_during_a_detach(void **state)
{
	(void)state;
	each(detached);
}

static void detached_with_flights(bool nested)
{
	shadow_ticket_t ticket;

	prepare(2, nested);
	core_up(&core);
	core_revoke(&core, PAGE + 10, 1);
	ticket = shadow_flush(core.engine);
	asked = ticket;
	fail_at_the_next_wait();
	assert_int_equal(shadow_smmu_detach(core.smmu[0].smmu), 0);
	assert_int_equal(shadow_wait(core.engine, ticket, LONG_NS), 0);
	assert_false(core_reaches(&core, 1, PAGE + 10));
	is_reported();
	the_other_goes_on();
}

static void a_failure_during_a_detach_that_others_wait_beside(void **state)
{
	(void)state;
	each(detached_with_flights);
}

static void enabled(bool nested)
{
	prepare(2, nested);
	core_up(&core);
	assert_int_equal(shadow_smmu_detach(core.smmu[0].smmu), 0);
	fail_at_the_next_wait();
	assert_true(shadow_smmu_enable(core.smmu[0].smmu) < 0);
	/* All that was on yet was that queue. */
	if (is == SHADOW_SMMU_STOPPED)
		is = SHADOW_SMMU_RESET;
	is_closed_and_the_other_goes_on();
}

static void a_failure_during_an_enable(void **state)
{
	(void)state;
	each(enabled);
}

/* The stream stays out. A queue that has failed is found out here; one that is merely late, by the next who waits. */
static void stream_added(bool nested)
{
	prepare(2, nested);
	core_up(&core);
	fail_at_the_next_wait();
	assert_true(shadow_smmu_stream(core.smmu[0].smmu, CORE_SID + 1) < 0);
	assert_int_equal(model_dma(core.smmu[0].model, CORE_SID + 1, PAGE << 12, false).fault, MODEL_ABORT);
	if (is != SHADOW_SMMU_SILENT)
		is_reported();
	core_revoke(&core, PAGE + 10, 1);
	assert_int_equal(shadow_wait(core.engine, shadow_flush(core.engine), LONG_NS), 0);
	assert_false(core_reaches(&core, 1, PAGE + 10));
	is_closed_and_the_other_goes_on();
}

static void a_failure_while_a_stream_is_let_in(void **state)
{
	(void)state;
	each(stream_added);
}

/* ---- abort cannot be confirmed ------------------------------------------------------------------------------ */

/* A flush is outstanding, its SMMU fails and follows no handshake any more, and a second publish comes upon that. */
static void lost(unsigned bbml, bool nested, bool compacts)
{
	shadow_ticket_t earlier, ticket;

	prepare(bbml, nested);
	core.collapse = SHADOW_COLLAPSE_NEVER;
	core_up(&core);
	core_revoke(&core, PAGE + 10, 1);
	core_revoke(&core, PAGE + 1034, 1);
	core_finish(&core);
	core_grant(&core, PAGE + 10, 1);
	core_finish(&core);
	core_forget(&core);
	core.smmu[0].stalled = true;
	core_revoke(&core, PAGE + 1040, 1);
	earlier = shadow_flush(core.engine);
	failure->inject(core.smmu[0].model);
	model_run(core.smmu[0].model);
	model_stall_registers(core.smmu[0].model, true);
	core.smmu[0].stalled = false;

	if (compacts) {
		(void)shadow_compact(core.engine, 4, &ticket);
	} else {
		core_revoke(&core, PAGE + 2000, 1);
		ticket = shadow_flush(core.engine);
	}

	assert_int_equal(shadow_wait(core.engine, ticket, LONG_NS), -SHADOW_EIO);
	assert_int_equal(shadow_wait(core.engine, earlier, LONG_NS), -SHADOW_EIO);
	assert_true(core_smmu_stats(&core, 0).isolation_lost);
	assert_int_equal(core_smmu_stats(&core, 0).failure, failure->is);
	assert_int_equal(reports_of(PLATFORM_REPORT_ISOLATION_LOST, 0), 1);
	assert_int_equal(reports_of(PLATFORM_REPORT_SMMU_CLOSED, 0), 0);
	model_stall_registers(core.smmu[0].model, false);
	assert_false(shadow_complete(core.engine, ticket));
	assert_false(shadow_complete(core.engine, earlier));
}

static void lost_while_marks_are_waited_for(bool nested)
{
	lost(1, nested, false);
}

static void lost_during_a_compaction(bool nested)
{
	lost(1, nested, true);
	core_down(&core);
	lost(2, nested, true);
}

static void no_ticket_completes_where_abort_is_not_confirmed(void **state)
{
	(void)state;
	each(lost_while_marks_are_waited_for);
	each(lost_during_a_compaction);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_failure_with_several_flights_outstanding),
		TEST(a_failure_that_several_cpus_wait_for),
		TEST(a_failure_while_a_flush_waits_for_room),
		TEST(a_failure_while_marks_are_waited_for),
		TEST(a_failure_after_the_marks),
		TEST(an_smmu_that_is_slow_with_marks_is_not_shut),
		TEST(a_failure_during_a_compaction),
		TEST(a_failure_at_the_snapshot),
		TEST(a_snapshot_with_no_smmu_left_fails),
		TEST(a_failure_during_a_detach),
		TEST(a_failure_during_a_detach_that_others_wait_beside),
		TEST(a_failure_during_an_enable),
		TEST(a_failure_while_a_stream_is_let_in),
		TEST(no_ticket_completes_where_abort_is_not_confirmed),
	};
#undef TEST

	return cmocka_run_group_tests_name("failures_midway", tests, NULL, NULL);
}
