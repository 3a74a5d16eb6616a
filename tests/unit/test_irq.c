/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_irq.c - interrupts where the embedder asks for them, and what it does on one of them.
 */
#include "core_rig.h"

#include "engine/order.h"
#include "engine/target.h"

#define PAGE   CORE_MEMORY_PAGE
#define MSI_PA UINT64_C(0x300000000000)

static struct core core;
static unsigned irq;
static struct shadow_msi gerror_msi, events_msi;
static uint32_t *words;		       /* memory that MSIs arrive in */

static void differs(unsigned number, struct shadow_smmu_config *config)
{
	(void)number;
	config->irq = irq;
	config->gerror_msi = gerror_msi;
	config->events_msi = events_msi;
}

static void up(unsigned interrupts, bool msi)
{
	const struct shadow_msi none = { { 0 }, 0 };

	irq = interrupts;
	gerror_msi = events_msi = none;
	core_init(&core);
	core.smmu_differs = differs;
	core.msi = msi;
	words = core_alloc(4096);
	assert_int_equal(platform_linux_add_memory((shadow_pa_t){ MSI_PA }, words, 4096), 0);
}

static int set_up(void **state)
{
	(void)state;
	up(SHADOW_IRQ_GERROR | SHADOW_IRQ_EVENTS, false);
	core.ecmdq = 0;
	core_up(&core);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	core_down(&core);
	platform_linux_remove_memory((shadow_pa_t){ MSI_PA });
	platform_linux_free(words, 4096);
	return 0;
}

static struct shadow_smmu *smmu(void)
{
	return core.smmu[0].smmu;
}

static struct model *model(void)
{
	return core.smmu[0].model;
}

static uint64_t gerrors(void)
{
	return model_counters(model())->interrupts_gerror;
}

static uint64_t events(void)
{
	return model_counters(model())->interrupts_events;
}

static uint32_t active(void)
{
	return model_read32(model(), 0x60) ^ model_read32(model(), 0x64);
}

/* A revoke that nobody waits for. */
static shadow_ticket_t flush(uint64_t page)
{
	shadow_ticket_t ticket;

	core_revoke(&core, page, 1);
	ticket = shadow_flush(core.engine);
	model_run(model());
	return ticket;
}

/* ---- which of them ---------------------------------------------------------------------------------------- */

static void nothing_is_raised_that_was_not_asked_for(void **state)
{
	static const uint32_t fields[] = { 0, 1, 4, 5 };

	for (unsigned i = 0; i < 4; i++) {
		up(i, false);
		core_up(&core);
		core_revoke(&core, PAGE, 1);
		core_finish(&core);

		assert_int_equal(model_read32(model(), 0x50), fields[i]);
		assert_int_equal(model_read32(model(), 0x54), fields[i]);
		assert_false(core_reaches(&core, 0, PAGE));
		model_raise_gerror(model(), 1u << 2);
		assert_int_equal(gerrors(), i & SHADOW_IRQ_GERROR ? 1 : 0);
		assert_int_equal(events(), i & SHADOW_IRQ_EVENTS ? 1 : 0);
		assert_int_equal(core.violations, 0);
		tear_down(state);
	}
}

/* They come back with the SMMU, and are off with it. */
static void interrupts_are_off_while_the_smmu_is(void **state)
{
	(void)state;
	assert_int_equal(shadow_smmu_detach(smmu()), 0);
	assert_int_equal(model_read32(model(), 0x54), 0);

	assert_int_equal(shadow_smmu_gerror(smmu()), 0);
	assert_int_equal(shadow_smmu_enable(smmu()), 0);

	assert_int_equal(model_read32(model(), 0x54), 5);
}

static void interrupts_are_written_where_the_embedder_says(void **state)
{
	(void)state;
	up(SHADOW_IRQ_ALL, true);
	gerror_msi = (struct shadow_msi){ { MSI_PA + 16 }, 0x1234 };
	events_msi = (struct shadow_msi){ { MSI_PA + 32 }, 0x5678 };
	core_up(&core);
	core_revoke(&core, PAGE, 1);
	core_finish(&core);

	assert_false(core_reaches(&core, 0, PAGE));
	assert_int_equal(words[8], 0x5678);
	assert_int_equal(words[4], 0);
	model_raise_gerror(model(), 1u << 2);
	assert_int_equal(words[4], 0x1234);
	assert_int_equal(model_read32(model(), 0x74), 1);
	assert_int_equal(model_read32(model(), 0xbc), 1);
	tear_down(state);
}

/* An earlier owner's address may be anywhere in memory. */
static void nothing_is_written_where_an_earlier_owner_wanted_it(void **state)
{
	struct shadow_smmu_config config;

	(void)state;
	up(SHADOW_IRQ_ALL, true);
	core_engine_up(&core);
	core_target_up(&core);
	core_model_up(&core, 0);
	model_write64(model(), 0x68, MSI_PA);
	model_write32(model(), 0x70, 0xdead);
	model_write64(model(), 0xb0, MSI_PA);
	model_write32(model(), 0xb8, 0xdead);
	config = core_smmu_config(&core, 0);

	assert_int_equal(shadow_smmu_attach(core.target, &config, &core.smmu[0].smmu), 0);

	assert_int_not_equal(model_dma(model(), 1u << 12, 0, true).fault, MODEL_OK);
	model_raise_gerror(model(), 1u << 2);
	assert_int_equal(words[0], 0);
	assert_int_equal(gerrors(), 1);
	assert_int_equal(events(), 1);
	tear_down(state);
}

static void interrupts_that_cannot_be_had_are_refused(void **state)
{
	struct shadow_smmu_config config;
	struct shadow_smmu *made;

	(void)state;
	up(SHADOW_IRQ_ALL, false);
	core_engine_up(&core);
	core_target_up(&core);
	core_model_up(&core, 0);
	config = core_smmu_config(&core, 0);
	config.events_msi.address.addr = MSI_PA;
	assert_int_equal(shadow_smmu_attach(core.target, &config, &made), -SHADOW_ENODEV);
	assert_int_equal(shadow_smmu_refusal(core.target), SHADOW_REFUSAL_MSI);
	config.events_msi.address.addr = 0;
	config.gerror_msi.address.addr = MSI_PA;
	assert_int_equal(shadow_smmu_attach(core.target, &config, &made), -SHADOW_ENODEV);
	assert_int_equal(shadow_smmu_refusal(core.target), SHADOW_REFUSAL_MSI);
	config.gerror_msi.address.addr = MSI_PA + 2;
	assert_int_equal(shadow_smmu_attach(core.target, &config, &made), -SHADOW_EINVAL);
	config.gerror_msi.address.addr = UINT64_C(1) << 56;
	assert_int_equal(shadow_smmu_attach(core.target, &config, &made), -SHADOW_EINVAL);
	config.gerror_msi.address.addr = 0;
	config.irq = SHADOW_IRQ_ALL + 1;
	assert_int_equal(shadow_smmu_attach(core.target, &config, &made), -SHADOW_EINVAL);
	tear_down(state);
}

static void events_raise_one_whenever_there_were_none(void **state)
{
	(void)state;
	core_revoke(&core, PAGE, 4);
	core_finish(&core);
	for (unsigned i = 1; i < 40; i++) {
		core.report_count = 0;
		assert_false(core_reaches(&core, 0, PAGE));
		assert_false(core_reaches(&core, 0, PAGE + 1));
		assert_int_equal(events(), i);
		assert_int_equal(shadow_smmu_events(smmu(), 8), 2);
	}
}

/* ---- the handler ------------------------------------------------------------------------------------------ */

/* The invalidation, or the SYNC behind it. */
static void a_refused_command_is_repaired_though_nobody_waits(void **state)
{
	(void)state;
	for (unsigned command = 0; command < 2; command++) {
		shadow_ticket_t ticket;

		assert_true(core_reaches(&core, 0, PAGE + command));
		model_inject_cerror(model(), model_counters(model())->commands + command, 1);
		ticket = flush(PAGE + command);
		assert_int_equal(gerrors(), 1 + command);

		assert_int_equal(shadow_smmu_gerror(smmu()), 0);
		assert_int_equal(active(), 0);
		model_run(model());

		assert_false(core_reaches(&core, 0, PAGE + command));
		assert_true(shadow_complete(core.engine, ticket));
		assert_int_equal(core_smmu_stats(&core, 0).commands_repaired, 1 + command);
		assert_int_equal(shadow_smmu_gerror(smmu()), 0);
	}
}

static void an_error_of_any_queue_is_repaired(void **state)
{
	(void)state;
	tear_down(state);
	up(SHADOW_IRQ_GERROR, false);
	core.ecmdq = 3;
	core.cpu_count = 3;
	core_up(&core);
	for (unsigned cpu = 0; cpu < 3; cpu++) {
		shadow_ticket_t ticket;

		assert_true(core_reaches(&core, 0, PAGE + cpu));
		model_inject_cerror_on(model(), 1 + cpu, 0, 1);
		assert_int_equal(core_change_on(&core, cpu, PAGE + cpu, 1, SHADOW_STATE_OWNED, SHADOW_STATE_NOPAGE), 0);
		ticket = shadow_flush(core.engine);
		model_run(model());
		assert_int_equal(gerrors(), cpu + 1);

		assert_int_equal(shadow_smmu_gerror(smmu()), 0);
		assert_int_equal(active(), 0);
		model_run(model());

		assert_false(core_reaches(&core, 0, PAGE + cpu));
		assert_true(shadow_complete(core.engine, ticket));
	}
}

static void closed_after_gerror(enum shadow_smmu_failure failure)
{
	assert_int_equal(shadow_smmu_gerror(smmu()), -SHADOW_EIO);

	assert_true(core_smmu_stats(&core, 0).closed);
	assert_int_equal(core_smmu_stats(&core, 0).failure, failure);
	assert_int_equal(core.reports[core.report_count - 1].what, PLATFORM_REPORT_SMMU_CLOSED);
	assert_int_equal(model_dma(model(), CORE_SID, PAGE << 12, true).fault, MODEL_ABORT);
	assert_int_equal(shadow_smmu_gerror(smmu()), 0);
}

static void what_cannot_be_repaired_is_shut_though_nobody_waits(void **state)
{
	shadow_ticket_t ticket;

	(void)state;
	model_inject_cerror(model(), model_counters(model())->commands, 2);
	ticket = flush(PAGE);

	closed_after_gerror(SHADOW_SMMU_FETCH);
	assert_true(shadow_complete(core.engine, ticket));
}

static void service_failure_is_shut_though_nobody_waits(void **state)
{
	(void)state;
	model_raise_gerror(model(), 1u << 8);

	closed_after_gerror(SHADOW_SMMU_SERVICE);
}

static void isolation_that_is_lost_is_told_each_time(void **state)
{
	(void)state;
	model_raise_gerror(model(), 1u << 8);
	model_stall_registers(model(), true);

	assert_int_equal(shadow_smmu_gerror(smmu()), -SHADOW_EIO);

	assert_true(core_smmu_stats(&core, 0).isolation_lost);
	assert_int_equal(shadow_smmu_gerror(smmu()), -SHADOW_EIO);
}

/* Interrupts that could not be written, and those of a queue that we do not have. */
static void what_nobody_misses_is_acknowledged(void **state)
{
	(void)state;
	for (unsigned bit = 3; bit <= 9; bit++) {
		if (bit == 8)
			continue;
		model_raise_gerror(model(), 1u << bit);

		assert_int_equal(shadow_smmu_gerror(smmu()), 0);

		assert_int_equal(active(), 0);
	}
	assert_int_equal(core.report_count, 0);
	assert_int_equal(core.violations, 0);
}

static void events_that_could_not_be_written_are_left_to_who_reads_them(void **state)
{
	(void)state;
	model_raise_gerror(model(), 1u << 2);

	assert_int_equal(shadow_smmu_gerror(smmu()), 0);

	assert_int_equal(active(), 1u << 2);
	assert_int_equal(shadow_smmu_events(smmu(), 1), 0);
	assert_int_equal(active(), 0);
	assert_int_equal(core_smmu_stats(&core, 0).events_lost, 1);
}

/* It may have interrupted the very CPU that has the lock. */
static void a_handler_never_waits(void **state)
{
	uint64_t time_ns;

	(void)state;
	model_raise_gerror(model(), 1u << 7);
	assert_true(order_try_lock(&core.target->completing));
	time_ns = core.time_ns;

	assert_int_equal(shadow_smmu_gerror(smmu()), -SHADOW_EAGAIN);

	assert_int_equal(core.time_ns, time_ns);
	assert_int_equal(active(), 1u << 7);
	order_unlock(&core.target->completing);
	assert_int_equal(shadow_smmu_gerror(smmu()), 0);
	assert_int_equal(active(), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_raised_that_was_not_asked_for),
		TEST(interrupts_are_off_while_the_smmu_is),
		cmocka_unit_test(interrupts_are_written_where_the_embedder_says),
		cmocka_unit_test(nothing_is_written_where_an_earlier_owner_wanted_it),
		cmocka_unit_test(interrupts_that_cannot_be_had_are_refused),
		TEST(events_raise_one_whenever_there_were_none),
		TEST(a_refused_command_is_repaired_though_nobody_waits),
		TEST(an_error_of_any_queue_is_repaired),
		TEST(what_cannot_be_repaired_is_shut_though_nobody_waits),
		TEST(service_failure_is_shut_though_nobody_waits),
		TEST(isolation_that_is_lost_is_told_each_time),
		TEST(what_nobody_misses_is_acknowledged),
		TEST(events_that_could_not_be_written_are_left_to_who_reads_them),
		TEST(a_handler_never_waits),
	};
#undef TEST

	return cmocka_run_group_tests_name("irq", tests, NULL, NULL);
}
