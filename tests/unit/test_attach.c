/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_attach.c - SMMUs that come and go while flushes go on.
 */
#include "core_rig.h"

#include <limits.h>

#include "smmuv3/target.h"

#define PAGE CORE_MEMORY_PAGE
#define OWNED SHADOW_STATE_OWNED
#define NOPAGE SHADOW_STATE_NOPAGE

static struct core core;

/* The SMMU that comes later: the core's second one, behind registers that the test can listen to. */
#define LATE 1u

static void (*listening)(bool before);
static bool powered_off;
static unsigned register_writes;

static uint32_t late_read32(void *ctx, uint32_t offset)
{
	assert_false(powered_off);
	return core_read32(ctx, offset);
}

static uint64_t late_read64(void *ctx, uint32_t offset)
{
	assert_false(powered_off);
	return core_read64(ctx, offset);
}

static void late_write32(void *ctx, uint32_t offset, uint32_t value)
{
	assert_false(powered_off);
	if (listening)
		listening(true);
	core_write32(ctx, offset, value);
	register_writes++;
	if (listening)
		listening(false);
}

static void late_write64(void *ctx, uint32_t offset, uint64_t value)
{
	assert_false(powered_off);
	core_write64(ctx, offset, value);
}

/* Others have a turn where somebody waits, too. */
static void relax_and_listen(void *ctx)
{
	core_relax(ctx);
	if (listening)
		listening(false);
}

/* One SMMU is there from the start, and there is memory for two. */
static void set_up_at_level(unsigned bbml)
{
	listening = NULL;
	powered_off = false;
	register_writes = 0;
	core_init(&core);
	platform_linux_set_relax(relax_and_listen, &core);
	core.bbml = bbml;
	core.smmu_count = 2;
	core.cmdq_lg2 = 3;
	core_engine_up(&core);
	core_target_up(&core);
	core.smmu_count = 1;
	assert_int_equal(core_attach(&core, 0), 0);
	assert_int_equal(shadow_smmu_stream(core.smmu[0].smmu, CORE_SID), 0);
	assert_int_equal(shadow_engine_register(core.engine, core.target), 0);
	core_host_up(&core);
}

static int set_up(void **state)
{
	(void)state;
	set_up_at_level(2);
	return 0;
}

static void snapshot(void)
{
	assert_int_equal(shadow_snapshot(core.engine, &core.host), 0);
	assert_int_equal(core.violations, 0);
	core_forget(&core);
}

static int tear_down(void **state)
{
	(void)state;
	listening = NULL;
	powered_off = false;
	core.smmu_count = 2;
	core_down(&core);
	return 0;
}

static struct shadow_smmu *late(void)
{
	return core.smmu[LATE].smmu;
}

static int attach_late(void)
{
	static const struct platform_linux_device device = { late_read32, late_read64, late_write32, late_write64 };
	struct shadow_smmu_config config;

	if (!core.smmu[LATE].model) {
		core_model_up(&core, LATE);
		platform_linux_remove_device(core.smmu[LATE].registers);
		core.smmu[LATE].registers = platform_linux_add_device(&device, &core.smmu[LATE], 0x20000);
		assert_int_not_equal(core.smmu[LATE].registers, 0);
		core.smmu_count = 2;
	}
	config = core_smmu_config(&core, LATE);
	return shadow_smmu_attach(core.target, &config, &core.smmu[LATE].smmu);
}

static void attach_late_with_stream(void)
{
	assert_int_equal(attach_late(), 0);
	assert_int_equal(shadow_smmu_stream(late(), CORE_SID), 0);
}

static void late_aborts(void)
{
	assert_int_equal(model_dma(core.smmu[LATE].model, CORE_SID, PAGE << 12, false).fault, MODEL_ABORT);
}

/* ---- coming ------------------------------------------------------------------------------------------- */

static void an_smmu_that_is_attached_late_costs_nothing_until_it_is_enabled(void **state)
{
	(void)state;
	snapshot();
	attach_late_with_stream();
	assert_int_equal(register_writes, 0);
	powered_off = true;

	core_revoke(&core, PAGE, 1);
	core_finish(&core);
	core_grant(&core, PAGE, 1);
	core_finish(&core);

	assert_int_equal(core_smmu_stats(&core, LATE).syncs, 0);
	assert_false(core_smmu_stats(&core, LATE).closed);
}

static void an_enabled_smmu_obeys_from_then_on(void **state)
{
	(void)state;
	snapshot();
	core_revoke(&core, PAGE, 1);
	core_finish(&core);
	attach_late_with_stream();

	assert_int_equal(shadow_smmu_enable(late()), 0);

	assert_false(core_reaches(&core, LATE, PAGE));
	assert_true(core_reaches(&core, LATE, PAGE + 1));
	core_forget(&core);
	core_revoke(&core, PAGE + 1, 1);
	core_finish(&core);
	assert_int_equal(core_count(&core, CORE_DOORBELL, LATE), 1);
	assert_false(core_reaches(&core, LATE, PAGE + 1));
	assert_int_equal(core.report_count, 0);
}

static void a_stream_may_be_added_at_any_time(void **state)
{
	(void)state;
	snapshot();
	assert_int_equal(attach_late(), 0);
	assert_int_equal(shadow_smmu_enable(late()), 0);
	assert_int_equal(model_dma(core.smmu[LATE].model, CORE_SID, PAGE << 12, false).fault, MODEL_ABORT);

	assert_int_equal(shadow_smmu_stream(late(), CORE_SID), 0);

	assert_true(core_reaches(&core, LATE, PAGE));
	assert_int_equal(shadow_smmu_stream(late(), CORE_SID), -SHADOW_EBUSY);
}

static void what_does_not_fit_the_moment_is_refused(void **state)
{
	(void)state;
	assert_int_equal(attach_late(), 0);
	assert_int_equal(shadow_smmu_enable(late()), -SHADOW_EAGAIN);
	snapshot();
	assert_int_equal(shadow_smmu_enable(late()), -SHADOW_EBUSY);
	assert_int_equal(attach_late(), -SHADOW_EBUSY);
	assert_int_equal(shadow_smmu_detach(core.smmu[0].smmu), 0);
	assert_int_equal(shadow_smmu_detach(core.smmu[0].smmu), 0);
	assert_int_equal(shadow_smmu_enable(core.smmu[0].smmu), 0);
	assert_int_equal(shadow_smmu_enable(core.smmu[0].smmu), -SHADOW_EBUSY);
}

/* Tables were never cleaned for SMMUs that look into caches. */
static void an_smmu_that_does_not_look_into_caches_comes_too_late(void **state)
{
	struct shadow_smmu_config config;
	struct model_config model = { 0 };

	(void)state;
	snapshot();
	model_config_default(&model);
	model.cohacc = false;
	model.memory = (struct model_memory){ &core, core_pa_read, core_pa_write };
	core.smmu[LATE].core = &core;
	core.smmu[LATE].number = LATE;
	core_model_up(&core, LATE);
	model_free(core.smmu[LATE].model);
	core.smmu[LATE].model = model_new(&model);
	config = core_smmu_config(&core, LATE);

	assert_int_equal(shadow_smmu_attach(core.target, &config, &core.smmu[LATE].smmu), -SHADOW_ENODEV);
	assert_int_equal(shadow_smmu_refusal(core.target), SHADOW_REFUSAL_COHERENCE);
}

/* What is promised to transitions must still fit; a refusal takes nothing. */
static void memory_that_is_promised_is_not_taken(void **state)
{
	struct smmu_target *target;
	uint32_t limit, reserved;

	(void)state;
	snapshot();
	target = smmu_target_of(core.target);
	limit = target->pgtable.limit;
	reserved = target->pgtable.reserved;
	target->pgtable.reserved = limit - target->pgtable.live - target->pgtable.unlinked;

	assert_int_equal(attach_late(), -SHADOW_ENOMEM);

	assert_int_equal(shadow_smmu_refusal(core.target), SHADOW_REFUSAL_POOL);
	assert_int_equal(target->pgtable.limit, limit);
	target->pgtable.reserved = reserved;
	assert_int_equal(attach_late(), 0);
}

/* ---- flushes at every moment -------------------------------------------------------------------------- */

static unsigned moment, moments;
static shadow_ticket_t ticket;

/* At one moment of many another CPU revokes a page and flushes; at every moment devices use it. */
static void flush_at_this_moment(bool before)
{
	(void)before;
	(void)core_reaches(&core, 0, PAGE + 9);
	(void)model_dma(core.smmu[LATE].model, CORE_SID, (PAGE + 9) << 12, true);
	if (moments++ != moment)
		return;
	core_revoke(&core, PAGE + 9, 1);
	listening = NULL;
	ticket = shadow_flush(core.engine);
	listening = flush_at_this_moment;
}

static void a_flush_at_any_moment_of_an_enable_counts(void **state)
{
	unsigned last = UINT_MAX;

	for (moment = 0; moment <= last; moment++) {
		set_up(state);
		snapshot();
		attach_late_with_stream();
		moments = 0;
		listening = flush_at_this_moment;
		assert_int_equal(shadow_smmu_enable(late()), 0);
		listening = NULL;
		last = moments - 1;
		assert_int_equal(shadow_wait(core.engine, ticket, CORE_WAIT_NS), 0);

		assert_false(core_reaches(&core, 0, PAGE + 9));
		assert_false(core_reaches(&core, LATE, PAGE + 9));
		assert_true(core_reaches(&core, LATE, PAGE + 10));
		core_grant(&core, PAGE + 9, 1);
		core_finish(&core);
		assert_true(core_reaches(&core, LATE, PAGE + 9));
		tear_down(state);
	}
	assert_true(last > 20);
}

/* The same while it goes; nothing of it is used afterwards. */
static void a_ticket_that_is_outstanding_outlives_a_detach(void **state)
{
	(void)state;
	snapshot();
	attach_late_with_stream();
	assert_int_equal(shadow_smmu_enable(late()), 0);
	assert_true(core_reaches(&core, LATE, PAGE));
	core.smmu[0].stalled = true;
	core_revoke(&core, PAGE, 1);
	ticket = shadow_flush(core.engine);

	assert_int_equal(shadow_smmu_detach(late()), 0);
	powered_off = true;

	assert_false(shadow_complete(core.engine, ticket));
	core.smmu[0].stalled = false;
	assert_int_equal(shadow_wait(core.engine, ticket, CORE_WAIT_NS), 0);
	assert_false(core_reaches(&core, 0, PAGE));
	core_revoke(&core, PAGE + 1, 1);
	core_finish(&core);
	assert_int_equal(core.report_count, 0);
}

/* Positions of the new epoch are above those of the old one: what waits for one of the old is not held up. */
static void a_ticket_from_before_a_detach_does_not_wait_for_what_comes_back(void **state)
{
	(void)state;
	snapshot();
	attach_late_with_stream();
	assert_int_equal(shadow_smmu_enable(late()), 0);
	for (unsigned i = 0; i < 40; i++) {
		core_revoke(&core, PAGE + 100 + i, 1);
		core_finish(&core);
	}
	core.smmu[0].stalled = true;
	core_revoke(&core, PAGE, 1);
	ticket = shadow_flush(core.engine);
	assert_int_equal(shadow_smmu_detach(late()), 0);
	assert_int_equal(shadow_smmu_enable(late()), 0);
	assert_false(shadow_complete(core.engine, ticket));

	core.smmu[0].stalled = false;
	assert_int_equal(shadow_wait(core.engine, ticket, CORE_WAIT_NS), 0);

	assert_false(core_reaches(&core, LATE, PAGE));
	assert_true(core_reaches(&core, LATE, PAGE + 1));
}

/* ---- going, and coming back --------------------------------------------------------------------------- */

static void a_detached_smmu_aborts_and_is_off(void **state)
{
	(void)state;
	snapshot();
	attach_late_with_stream();
	assert_int_equal(shadow_smmu_enable(late()), 0);
	assert_true(core_reaches(&core, LATE, PAGE));

	assert_int_equal(shadow_smmu_detach(late()), 0);

	late_aborts();
	assert_int_equal(model_read32(core.smmu[LATE].model, 0x20), 0);
	assert_int_equal(model_read32(core.smmu[LATE].model, 0x24), 0);
	assert_int_equal(model_read32(core.smmu[LATE].model, 0x44) >> 20 & 0x801, 1);
	assert_false(core_smmu_stats(&core, LATE).closed);
	assert_int_equal(core.report_count, 0);
	assert_int_equal(core.violations, 0);
}

/* What it has cached from before must be gone, and its ring goes on wherever it was. */
static void an_smmu_comes_back_as_if_it_were_new(void **state)
{
	(void)state;
	snapshot();
	attach_late_with_stream();
	assert_int_equal(shadow_smmu_enable(late()), 0);
	for (unsigned round = 0; round < 20; round++) {
		uint64_t page = PAGE + 2 * round;

		assert_true(core_reaches(&core, LATE, page));
		assert_true(core_reaches(&core, LATE, page + 1));
		for (unsigned i = 0; i < round % 3; i++) {
			core_revoke(&core, PAGE + 100 + i, 1);
			core_finish(&core);
			core_grant(&core, PAGE + 100 + i, 1);
			core_finish(&core);
		}
		assert_int_equal(shadow_smmu_detach(late()), 0);
		powered_off = true;
		core_revoke(&core, page, 1);
		core_finish(&core);
		powered_off = false;

		assert_int_equal(shadow_smmu_enable(late()), 0);

		assert_false(core_reaches(&core, LATE, page));
		assert_true(core_reaches(&core, LATE, page + 1));
		core_revoke(&core, page + 1, 1);
		core_finish(&core);
		assert_false(core_reaches(&core, LATE, page + 1));
	}
	assert_int_equal(core.report_count, 0);
}

/* Whatever is asked of the engine, no register of an SMMU that is off is read or written, and it delays nothing. */
static void nothing_that_goes_on_touches_an_smmu_that_is_off(void **state)
{
	struct shadow_smmu_stats stats;
	shadow_ticket_t compacted;
	uint64_t time_ns;

	(void)state;
	tear_down(state);
	set_up_at_level(1);
	snapshot();
	attach_late_with_stream();
	assert_int_equal(shadow_smmu_enable(late()), 0);
	core_revoke(&core, PAGE + 300, 1);
	core_finish(&core);
	assert_int_equal(shadow_smmu_detach(late()), 0);
	powered_off = true;
	core_forget(&core);
	time_ns = core.time_ns;

	core_revoke(&core, PAGE + 1030, 1); /* marks, then cuts */
	ticket = shadow_flush(core.engine);
	assert_false(shadow_complete(core.engine, ticket));
	core_finish(&core);
	core_grant(&core, PAGE + 1030, 1);
	core_grant(&core, PAGE + 300, 1);
	core_finish(&core);
	(void)shadow_compact(core.engine, 8, &compacted);
	assert_int_equal(shadow_wait(core.engine, compacted, CORE_WAIT_NS), 0);
	core_revoke(&core, PAGE, 512);
	core_finish(&core);
	assert_int_equal(shadow_smmu_events(late(), 10), 0);
	assert_int_equal(shadow_smmu_stream(late(), CORE_SID + 1), 0);
	shadow_smmu_stats(late(), &stats);
	shadow_reclaim(core.engine);

	assert_true(core.time_ns - time_ns < CORE_WAIT_NS);
	assert_int_equal(core.report_count, 0);
	assert_false(stats.closed);
	powered_off = false;
	assert_int_equal(shadow_smmu_enable(late()), 0);
	assert_false(core_reaches(&core, LATE, PAGE + 511));
	assert_true(core_reaches(&core, LATE, PAGE + 1030));
	assert_int_equal(model_dma(core.smmu[LATE].model, CORE_SID + 1, (PAGE + 512) << 12, true).fault, MODEL_OK);
	assert_int_equal(core.violations, 0);
}

static void the_only_smmu_may_go(void **state)
{
	(void)state;
	snapshot();
	assert_true(core_reaches(&core, 0, PAGE));
	assert_int_equal(shadow_smmu_detach(core.smmu[0].smmu), 0);

	core_revoke(&core, PAGE, 1);
	core_finish(&core);

	assert_int_equal(shadow_smmu_enable(core.smmu[0].smmu), 0);
	assert_false(core_reaches(&core, 0, PAGE));
	assert_true(core_reaches(&core, 0, PAGE + 1));
}

static void an_smmu_that_is_off_at_the_snapshot_comes_later(void **state)
{
	(void)state;
	attach_late_with_stream();
	assert_int_equal(shadow_smmu_detach(late()), 0);
	powered_off = true;
	snapshot();
	powered_off = false;

	assert_int_equal(shadow_smmu_enable(late()), 0);

	assert_true(core_reaches(&core, LATE, PAGE));
}

/* ---- failures on the way ------------------------------------------------------------------------------ */

static void an_enable_that_fails_leaves_abort_and_may_be_repeated(void **state)
{
	(void)state;
	snapshot();
	attach_late_with_stream();
	model_stall_commands(core.smmu[LATE].model, true);

	assert_int_equal(shadow_smmu_enable(late()), -SHADOW_ETIMEDOUT);

	assert_true(core_smmu_stats(&core, LATE).closed);
	assert_int_equal(core_smmu_stats(&core, LATE).failure, SHADOW_SMMU_SILENT);
	late_aborts();
	core_revoke(&core, PAGE, 1);
	core_finish(&core);

	model_stall_commands(core.smmu[LATE].model, false);
	/* A flush could be under way that found it on. */
	assert_int_equal(shadow_smmu_enable(late()), -SHADOW_EAGAIN);
	late_aborts();
	assert_int_equal(shadow_smmu_detach(late()), 0);
	assert_int_equal(shadow_smmu_enable(late()), 0);
	assert_false(core_smmu_stats(&core, LATE).closed);
	assert_int_equal(core_smmu_stats(&core, LATE).failure, SHADOW_SMMU_SOUND);
	assert_false(core_reaches(&core, LATE, PAGE));
	assert_true(core_reaches(&core, LATE, PAGE + 1));
}

static void an_smmu_that_does_not_go_loses_isolation(void **state)
{
	(void)state;
	snapshot();
	attach_late_with_stream();
	assert_int_equal(shadow_smmu_enable(late()), 0);
	model_stall_registers(core.smmu[LATE].model, true);

	assert_int_equal(shadow_smmu_detach(late()), -SHADOW_EIO);

	assert_true(core_smmu_stats(&core, LATE).isolation_lost);
	core_revoke(&core, PAGE, 1);
	assert_int_equal(shadow_wait(core.engine, shadow_flush(core.engine), CORE_WAIT_NS), -SHADOW_EIO);
	model_stall_registers(core.smmu[LATE].model, false);
	assert_int_equal(shadow_smmu_enable(late()), -SHADOW_EIO);
	assert_int_equal(shadow_smmu_detach(late()), -SHADOW_EIO);
}

static void a_hung_smmu_can_be_detached(void **state)
{
	(void)state;
	snapshot();
	attach_late_with_stream();
	assert_int_equal(shadow_smmu_enable(late()), 0);
	model_stall_commands(core.smmu[LATE].model, true);

	assert_int_equal(shadow_smmu_detach(late()), 0);

	late_aborts();
	assert_int_equal(core.report_count, 1);
	assert_int_equal(core.reports[0].what, PLATFORM_REPORT_SMMU_CLOSED);
	assert_int_equal(core.reports[0].b >> 32, SHADOW_SMMU_SILENT);
	model_stall_commands(core.smmu[LATE].model, false);
	assert_int_equal(shadow_smmu_enable(late()), 0);
	assert_true(core_reaches(&core, LATE, PAGE));
}

/* The SMMU fails between its enable and the moment at which SMMUEN is acknowledged: whoever looks must not shut it
 * before, and have it switched on behind his back. */
static void fail_and_look(bool before)
{
	if (before || !(model_read32(core.smmu[LATE].model, 0x20) & 1))
		return;
	listening = NULL;
	model_raise_gerror(core.smmu[LATE].model, 1u << 8);
	model_stall_commands(core.smmu[LATE].model, true);
	core_revoke(&core, PAGE, 1);
	ticket = shadow_flush(core.engine);
	assert_false(shadow_complete(core.engine, ticket));
}

static void a_failure_during_an_enable_is_not_switched_on_again(void **state)
{
	(void)state;
	snapshot();
	attach_late_with_stream();
	listening = fail_and_look;

	assert_int_equal(shadow_smmu_enable(late()), 0);

	assert_int_equal(shadow_wait(core.engine, ticket, CORE_WAIT_NS), 0);
	assert_true(core_smmu_stats(&core, LATE).closed);
	late_aborts();
}

static void step_at_once(bool before)
{
	if (!before)
		(void)model_run(core.smmu[LATE].model);
}

static void refuse_late(void)
{
	model_inject_cerror(core.smmu[LATE].model, model_counters(core.smmu[LATE].model)->commands, 1);
}

/* GERROR counts errors by its parity, which an SMMU keeps while it is off. The engine does not look before the first. */
static void an_error_right_after_an_enable_is_seen(void **state)
{
	(void)state;
	snapshot();
	attach_late_with_stream();
	assert_int_equal(shadow_smmu_enable(late()), 0);
	refuse_late();
	core_revoke(&core, PAGE, 1);
	core_finish(&core);
	assert_int_equal(core_smmu_stats(&core, LATE).commands_repaired, 1);
	assert_int_equal(shadow_smmu_detach(late()), 0);
	refuse_late();
	listening = step_at_once;

	assert_int_equal(shadow_smmu_enable(late()), 0);

	listening = NULL;
	assert_int_equal(core_smmu_stats(&core, LATE).commands_repaired, 2);
	assert_false(core_reaches(&core, LATE, PAGE));
	assert_true(core_reaches(&core, LATE, PAGE + 1));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(an_smmu_that_is_attached_late_costs_nothing_until_it_is_enabled),
		TEST(an_enabled_smmu_obeys_from_then_on),
		TEST(a_stream_may_be_added_at_any_time),
		TEST(what_does_not_fit_the_moment_is_refused),
		TEST(an_smmu_that_does_not_look_into_caches_comes_too_late),
		TEST(memory_that_is_promised_is_not_taken),
		cmocka_unit_test(a_flush_at_any_moment_of_an_enable_counts),
		TEST(a_ticket_that_is_outstanding_outlives_a_detach),
		TEST(a_ticket_from_before_a_detach_does_not_wait_for_what_comes_back),
		TEST(a_detached_smmu_aborts_and_is_off),
		TEST(an_smmu_comes_back_as_if_it_were_new),
		TEST(nothing_that_goes_on_touches_an_smmu_that_is_off),
		TEST(the_only_smmu_may_go),
		TEST(an_smmu_that_is_off_at_the_snapshot_comes_later),
		TEST(an_enable_that_fails_leaves_abort_and_may_be_repeated),
		TEST(an_smmu_that_does_not_go_loses_isolation),
		TEST(a_hung_smmu_can_be_detached),
		TEST(a_failure_during_an_enable_is_not_switched_on_again),
		TEST(an_error_right_after_an_enable_is_seen),
	};
#undef TEST

	return cmocka_run_group_tests_name("attach", tests, NULL, NULL);
}
