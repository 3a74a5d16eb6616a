/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_event.c - events are counted, some are reported, and whatever becomes of them nothing else changes.
 */
#include "core_rig.h"

#include <limits.h>

#define PAGE CORE_MEMORY_PAGE
#define QUEUE 16u		       /* records of the rig's event queues */

static struct core core;

/* What an SMMU that has gone wrong says of its event queue; 0: the truth. */
static uint32_t forged_prod;
static unsigned reports_at_cons; /* made when CONS was written first */

static uint32_t listen_read32(void *ctx, uint32_t offset)
{
	return offset == 0x100a8 && forged_prod ? forged_prod : core_read32(ctx, offset);
}

static void listen_write32(void *ctx, uint32_t offset, uint32_t value)
{
	if (offset == 0x100ac && reports_at_cons > core.report_count)
		reports_at_cons = core.report_count;
	core_write32(ctx, offset, value);
}

/* Registers that the test can listen to. */
static void listen(unsigned smmu, struct shadow_smmu_config *config)
{
	static const struct platform_linux_device device = { listen_read32, core_read64, listen_write32, core_write64 };

	if (!core.smmu[smmu].model)
		return;
	platform_linux_remove_device(core.smmu[smmu].registers);
	core.smmu[smmu].registers = platform_linux_add_device(&device, &core.smmu[smmu], 0x20000);
	config->registers = core.smmu[smmu].registers;
}

static int set_up(void **state)
{
	(void)state;
	forged_prod = 0;
	core_init(&core);
	core.smmu_differs = listen;
	core_up(&core);
	core_revoke(&core, PAGE, 64);
	core_finish(&core);
	core_forget(&core);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	core_down(&core);
	return 0;
}

static struct shadow_smmu *smmu(void)
{
	return core.smmu[0].smmu;
}

static void fault(uint64_t page)
{
	assert_false(core_reaches(&core, 0, page));
}

static unsigned reports_of(enum platform_report what)
{
	unsigned count = 0;

	for (unsigned i = 0; i < core.report_count; i++)
		count += core.reports[i].what == what;
	return count;
}

static void next_period(void)
{
	core.time_ns += SHADOW_EVENT_PERIOD_NS;
	core.report_count = 0;
}

static void an_event_says_which_stream_asked_for_which_page(void **state)
{
	(void)state;
	fault(PAGE + 3);
	fault(PAGE + 5);

	assert_int_equal(shadow_smmu_events(smmu(), 100), 2);

	assert_int_equal(core.report_count, 2);
	assert_int_equal(core.reports[0].what, PLATFORM_REPORT_EVENT);
	assert_int_equal(core.reports[0].a, CORE_SID);
	assert_int_equal(core.reports[0].b, (PAGE + 3) << 12 | 0x10);
	assert_int_equal(core.reports[1].b, (PAGE + 5) << 12 | 0x10);
	assert_int_equal(shadow_smmu_events(smmu(), 100), 0);
	assert_int_equal(core_smmu_stats(&core, 0).events, 2);
}

static void batches_of_every_size_wrap_at_every_position(void **state)
{
	for (unsigned batch = 1; batch <= QUEUE; batch++) {
		uint64_t taken = 0;

		set_up(state);
		for (unsigned turn = 0; turn < 4 * QUEUE; turn++) {
			next_period();
			for (unsigned i = 0; i < batch; i++)
				fault(PAGE + i);
			assert_int_equal(shadow_smmu_events(smmu(), 100), batch);
			taken += batch;
			for (unsigned i = 0; i < core.report_count; i++)
				assert_int_equal(core.reports[i].b, (PAGE + i) << 12 | 0x10);
		}
		assert_int_equal(core_smmu_stats(&core, 0).events, taken);
		assert_int_equal(core_smmu_stats(&core, 0).events_lost, 0);
		tear_down(state);
	}
}

static void no_more_are_taken_than_asked_for(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 10; i++)
		fault(PAGE + i);

	assert_int_equal(shadow_smmu_events(smmu(), 4), 4);
	assert_int_equal(shadow_smmu_events(smmu(), 4), 4);
	assert_int_equal(shadow_smmu_events(smmu(), 4), 2);

	assert_int_equal(core_smmu_stats(&core, 0).events, 10);
}

static void reports_are_limited_and_everything_is_counted(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 1000; i++) {
		fault(PAGE + i % 64);
		assert_int_equal(shadow_smmu_events(smmu(), 1), 1);
	}
	assert_int_equal(reports_of(PLATFORM_REPORT_EVENT), SHADOW_EVENT_REPORTS);
	assert_int_equal(core_smmu_stats(&core, 0).events, 1000);
	assert_int_equal(core_smmu_stats(&core, 0).events_unreported, 1000 - SHADOW_EVENT_REPORTS);

	next_period();
	fault(PAGE);
	assert_int_equal(shadow_smmu_events(smmu(), 1), 1);
	assert_int_equal(core.report_count, 1);
}

/* Neither a wait nor an abort depends on room for an event. */
static void a_queue_that_is_full_loses_events_and_nothing_else(void **state)
{
	(void)state;
	for (unsigned round = 1; round <= 3; round++) {
		for (unsigned i = 0; i < 3 * QUEUE; i++)
			fault(PAGE + i);
		core_revoke(&core, PAGE + 100 + round, 1);
		core_finish(&core);
		assert_false(core_reaches(&core, 0, PAGE + 100 + round));
		next_period();

		assert_int_equal(shadow_smmu_events(smmu(), 100), QUEUE);

		assert_int_equal(reports_of(PLATFORM_REPORT_EVENTS_LOST), 0);
		assert_int_equal(core_smmu_stats(&core, 0).events_lost, round);
		/* Acknowledged: there is room, and a loss to come would show. */
		assert_int_equal((model_read32(core.smmu[0].model, 0x100a8) ^
				  model_read32(core.smmu[0].model, 0x100ac)) >> 31, 0);
		fault(PAGE);
		assert_int_equal(shadow_smmu_events(smmu(), 100), 1);
	}
	next_period();
	for (unsigned i = 0; i < QUEUE + 1; i++)
		fault(PAGE + i);
	while (shadow_smmu_events(smmu(), 4) == 4)
		next_period();
	assert_int_equal(core_smmu_stats(&core, 0).events_lost, 4);
}

static void a_loss_is_reported(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3 * QUEUE; i++)
		fault(PAGE + i);

	assert_int_equal(shadow_smmu_events(smmu(), 2), 2);

	assert_int_equal(core.report_count, 3);
	assert_int_equal(core.reports[2].what, PLATFORM_REPORT_EVENTS_LOST);
	assert_int_equal(core.reports[2].a, 0);
	assert_int_equal(core.reports[2].b, 1);
}

static void an_event_that_could_not_be_written_is_acknowledged(void **state)
{
	(void)state;
	model_raise_gerror(core.smmu[0].model, 1u << 2);

	assert_int_equal(shadow_smmu_events(smmu(), 4), 0);
	assert_int_equal(shadow_smmu_events(smmu(), 4), 0);

	assert_int_equal(core_smmu_stats(&core, 0).events_lost, 1);
	assert_int_equal(model_read32(core.smmu[0].model, 0x60), model_read32(core.smmu[0].model, 0x64));
	/* A command error that comes later is still seen. */
	model_inject_cerror(core.smmu[0].model, model_counters(core.smmu[0].model)->commands, 1);
	core_revoke(&core, PAGE + 100, 1);
	core_finish(&core);
	assert_int_equal(core_smmu_stats(&core, 0).commands_repaired, 1);
}

/* More than the queue has room for, for each distance that is so. */
static void what_cannot_be_in_the_queue_is_not_taken_out(void **state)
{
	(void)state;
	for (uint32_t ahead = QUEUE + 1; ahead < 2 * QUEUE; ahead++) {
		uint32_t cons = model_read32(core.smmu[0].model, 0x100ac);
		uint64_t lost = core_smmu_stats(&core, 0).events_lost, taken = core_smmu_stats(&core, 0).events;

		forged_prod = (cons & 0x80000000) | ((cons + ahead) & (2 * QUEUE - 1)) | 0x100;
		assert_int_equal(shadow_smmu_events(smmu(), 100), 0);
		forged_prod = 0;

		assert_int_equal(core_smmu_stats(&core, 0).events, taken);
		assert_int_equal(core_smmu_stats(&core, 0).events_lost, lost + 1);
	}
	core_revoke(&core, PAGE + 100, 1);
	core_finish(&core);
	assert_false(core_reaches(&core, 0, PAGE + 100));
	assert_false(core_smmu_stats(&core, 0).closed);
}

static void records_are_read_before_their_places_are_given_back(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3; i++)
		fault(PAGE + i);
	reports_at_cons = UINT_MAX;

	assert_int_equal(shadow_smmu_events(smmu(), 100), 3);

	assert_int_equal(reports_at_cons, 3);
	assert_int_equal(core.report_count, 3);
}

static void an_smmu_that_is_off_is_left_alone(void **state)
{
	(void)state;
	fault(PAGE);
	assert_int_equal(shadow_smmu_detach(smmu()), 0);
	assert_int_equal(shadow_smmu_events(smmu(), 4), 0);
	assert_int_equal(shadow_smmu_enable(smmu()), 0);
	/* What was in the queue is gone with it. */
	assert_int_equal(shadow_smmu_events(smmu(), 4), 0);
	fault(PAGE + 1);
	assert_int_equal(shadow_smmu_events(smmu(), 4), 1);
	assert_int_equal(core.reports[core.report_count - 1].b, (PAGE + 1) << 12 | 0x10);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(an_event_says_which_stream_asked_for_which_page),
		cmocka_unit_test(batches_of_every_size_wrap_at_every_position),
		TEST(no_more_are_taken_than_asked_for),
		TEST(reports_are_limited_and_everything_is_counted),
		TEST(a_queue_that_is_full_loses_events_and_nothing_else),
		TEST(a_loss_is_reported),
		TEST(an_event_that_could_not_be_written_is_acknowledged),
		TEST(what_cannot_be_in_the_queue_is_not_taken_out),
		TEST(records_are_read_before_their_places_are_given_back),
		TEST(an_smmu_that_is_off_is_left_alone),
	};
#undef TEST

	return cmocka_run_group_tests_name("event", tests, NULL, NULL);
}
