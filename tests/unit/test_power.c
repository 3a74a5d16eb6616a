/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_power.c - suspend and resume: an SMMU is detached, loses its power, and is enabled again.
 *
 * While it is off nothing touches its registers, and the host goes on. What it has lost and what its caches have kept is
 * drawn anew each time; afterwards its registers are as they were, and no device finds anything of before.
 */
#include "core_rig.h"

#include "tests/unit/seeded.h"

#define PAGE  CORE_MEMORY_PAGE
#define PAGES 24u
#define SIDS  4u
#define ATS_SID 40u

static struct core core;
static bool off;
static bool gone;     /* reads find nothing but @dead, and writes go nowhere */
static uint64_t dead;
static uint64_t seed;

/* ---- an SMMU whose registers nobody may touch while it is off -------------------------------------------- */

static uint32_t power_read32(void *ctx, uint32_t offset)
{
	assert_false(off);
	return gone ? (uint32_t)dead : core_read32(ctx, offset);
}

static uint64_t power_read64(void *ctx, uint32_t offset)
{
	assert_false(off);
	return gone ? dead : core_read64(ctx, offset);
}

static void power_write32(void *ctx, uint32_t offset, uint32_t value)
{
	assert_false(off);
	if (!gone)
		core_write32(ctx, offset, value);
}

static void power_write64(void *ctx, uint32_t offset, uint64_t value)
{
	assert_false(off);
	if (!gone)
		core_write64(ctx, offset, value);
}

static void differs(unsigned number, struct shadow_smmu_config *config)
{
	static const struct platform_linux_device device = { power_read32, power_read64, power_write32, power_write64 };

	if (core.smmu[number].model) {
		platform_linux_remove_device(core.smmu[number].registers);
		core.smmu[number].registers = platform_linux_add_device(&device, &core.smmu[number], 0x40000);
		config->registers = core.smmu[number].registers;
	}
	config->sid_bits = 12;
	config->sid_split = 6;
	config->sid_tables = SIDS;
}

static void up(unsigned ecmdq)
{
	off = gone = false;
	core_init(&core);
	core.smmu_differs = differs;
	core.ats = core.msi = core.hyp = true;
	core.ecmdq = ecmdq;
	core_up(&core);
}

static struct shadow_smmu *smmu(void)
{
	return core.smmu[0].smmu;
}

static struct model *model(void)
{
	return core.smmu[0].model;
}

static void suspend(unsigned kept)
{
	assert_int_equal(shadow_smmu_detach(smmu()), 0);
	off = true;
	model_power_cycle(model(), kept);
}

static void resume(void)
{
	off = false;
	assert_int_equal(shadow_smmu_enable(smmu()), 0);
	assert_int_equal(core.violations, 0);
	assert_int_equal(core.report_count, 0);
}

static enum model_fault fault_of(uint32_t sid, uint64_t page)
{
	return model_dma(model(), sid, page << 12, true).fault;
}

/* ---- what there was before is there again, and nothing else ---------------------------------------------- */

static const uint32_t registers[] = { 0x20, 0x24, 0x28, 0x2c, 0x44, 0x50, 0x54, 0x80, 0x84, 0x88, 0x90, 0x94, 0xa0, 0xa4 };

#define REGISTERS (sizeof(registers) / sizeof(registers[0]))

static void registers_are_as_they_were(void **state)
{
	uint32_t before[REGISTERS];

	(void)state;
	up(2);
	for (unsigned i = 0; i < REGISTERS; i++)
		before[i] = model_read32(model(), registers[i]);

	suspend(0);
	for (unsigned i = 0; i < REGISTERS; i++)
		assert_true(registers[i] == 0x44 || model_read32(model(), registers[i]) == 0);
	resume();

	for (unsigned i = 0; i < REGISTERS; i++)
		if (model_read32(model(), registers[i]) != before[i])
			fail_msg("register %#x", registers[i]);
	core_down(&core);
}

static void events_and_tickets_work_as_before(void **state)
{
	(void)state;
	for (unsigned kept = 0; kept < 4; kept++) {
		up(kept & 1 ? 3 : 0);
		for (unsigned round = 0; round < 5; round++) {
			core_forget(&core);
			core_revoke(&core, PAGE + round, 1);
			core_finish(&core);
			assert_int_equal(fault_of(CORE_SID, PAGE + round), MODEL_F_TRANSLATION);
			if (round & 1)
				assert_int_equal(shadow_smmu_events(smmu(), 100), 1);
			core_forget(&core);
			suspend(kept);
			core_revoke(&core, PAGE + 8 + round, 1);
			core_finish(&core);
			assert_int_equal(shadow_smmu_events(smmu(), 100), 0);
			resume();
			assert_int_equal(shadow_smmu_events(smmu(), 100), 0);
			assert_int_equal(fault_of(CORE_SID, PAGE + 8 + round), MODEL_F_TRANSLATION);
			assert_int_equal(shadow_smmu_events(smmu(), 100), 1);
			core.time_ns += SHADOW_EVENT_PERIOD_NS;
		}
		core_down(&core);
	}
}

static unsigned below(unsigned limit)
{
	return (unsigned)seeded_below(&seed, limit);
}

/* The host in the oracle's eyes: what it has of PAGES, and which streams are in. */
static bool owned[PAGES], in[SIDS];

/* Streams in level-2 tables of their own. */
static uint32_t sid_of(unsigned stream)
{
	return CORE_SID + stream * 64;
}

static void nothing_stale_is_found(unsigned round)
{
	for (unsigned stream = 0; stream < SIDS; stream++)
		for (unsigned page = 0; page < PAGES; page++) {
			bool expected = in[stream] && owned[page];

			if ((fault_of(sid_of(stream), PAGE + page) == MODEL_OK) != expected)
				fail_msg("round %u: stream %u, page %u should %s", round, stream, page,
					 expected ? "be reached" : "fault");
		}
}

static void host_goes_on(void)
{
	for (unsigned changes = below(6); changes; changes--) {
		unsigned page = below(PAGES);

		if (owned[page])
			core_revoke(&core, PAGE + page, 1);
		else
			core_grant(&core, PAGE + page, 1);
		owned[page] = !owned[page];
		if (below(2))
			core_finish(&core);
	}
	core_finish(&core);
	for (unsigned stream = 1; stream < SIDS; stream++) {
		if (below(4))
			continue;
		if (in[stream])
			assert_int_equal(shadow_smmu_stream_abort(smmu(), sid_of(stream)), 0);
		else
			assert_int_equal(shadow_smmu_stream(smmu(), sid_of(stream)), 0);
		in[stream] = !in[stream];
	}
}

static void nothing_of_before_survives(void **state)
{
	(void)state;
	seed = seeded_start();
	for (unsigned turn = 0; turn < 6; turn++) {
		up(turn & 1 ? 2 : 0);
		for (unsigned page = 0; page < PAGES; page++)
			owned[page] = true;
		for (unsigned stream = 0; stream < SIDS; stream++)
			in[stream] = stream == 0;
		for (unsigned round = 0; round < 20; round++) {
			core.log_count = 0;
			nothing_stale_is_found(round);
			host_goes_on();
			nothing_stale_is_found(round);
			suspend(below(4));
			host_goes_on();
			resume();
			nothing_stale_is_found(round);
		}
		core_down(&core);
	}
}

/* They may have kept what went meanwhile: they abort until they are let in again. */
static void devices_that_keep_translations_are_let_in_again(void **state)
{
	(void)state;
	up(0);
	assert_int_equal(shadow_smmu_stream_ats(smmu(), ATS_SID, NULL), 0);
	assert_int_equal(model_atc_request(model(), ATS_SID, PAGE << 12, true).fault, MODEL_OK);
	suspend(MODEL_KEPT_CONFIGURATION | MODEL_KEPT_TLB);
	core_revoke(&core, PAGE, 1);
	core_finish(&core);
	resume();

	assert_int_not_equal(model_atc_dma(model(), ATS_SID, PAGE << 12, true).fault, MODEL_OK);
	assert_int_equal(fault_of(ATS_SID, PAGE + 1), MODEL_ABORT);

	assert_int_equal(shadow_smmu_stream_ats(smmu(), ATS_SID, NULL), 0);
	assert_int_not_equal(model_atc_dma(model(), ATS_SID, PAGE << 12, true).fault, MODEL_OK);
	assert_int_equal(fault_of(ATS_SID, PAGE + 1), MODEL_OK);
	core_down(&core);
}

/* ---- power that goes without a word is a failure, not a suspend ------------------------------------------- */

static uint64_t lost_page;

static void found_by_a_wait(void)
{
	core_revoke(&core, lost_page, 1);
	assert_int_equal(shadow_wait(core.engine, shadow_flush(core.engine), 10 * CORE_WAIT_NS), 0);
}

static void found_by_who_asks(void)
{
	shadow_ticket_t ticket;

	core_revoke(&core, lost_page, 1);
	ticket = shadow_flush(core.engine);
	while (!shadow_complete(core.engine, ticket))
		core.time_ns += 100;
}

/* A flush writes no register but the doorbell, and reads none, as long as there is room in the ring. */
static void found_by_a_flush_that_needs_room(void)
{
	for (unsigned i = 0; !core_smmu_stats(&core, 0).closed; i++) {
		assert_true(i <= UINT32_C(1) << core.cmdq_lg2);
		core_revoke(&core, lost_page + i, 1);
		(void)shadow_flush(core.engine);
	}
}

static void found_by_who_reads_events(void)
{
	assert_int_equal(shadow_smmu_events(smmu(), 100), 0);
}

static void found_by_the_error_handler(void)
{
	assert_int_equal(shadow_smmu_gerror(smmu()), -SHADOW_EIO);
}

static void found_by_who_lets_a_stream_in(void)
{
	assert_int_equal(shadow_smmu_stream(smmu(), sid_of(1)), -SHADOW_EIO);
}

static void found_by_who_shuts_a_stream_out(void)
{
	assert_int_equal(shadow_smmu_stream_abort(smmu(), sid_of(2)), 0);
}

static void found_by_enable(void)
{
	assert_int_equal(shadow_smmu_enable(smmu()), -SHADOW_EAGAIN);
}

/* Whoever it is finds it with one call; devices abort then, nothing that waits is held up, and the SMMU comes back. */
static void power_that_goes_without_a_word_is_found(void **state)
{
	static void (*const found[])(void) = { found_by_a_wait,		  found_by_who_asks,
					       found_by_a_flush_that_needs_room, found_by_who_reads_events,
					       found_by_the_error_handler,	  found_by_who_lets_a_stream_in,
					       found_by_who_shuts_a_stream_out,	  found_by_enable };

	(void)state;
	for (unsigned i = 0; i < 2 * sizeof(found) / sizeof(found[0]); i++) {
		up(i & 1 ? 2 : 0);
		lost_page = PAGE;
		assert_int_equal(shadow_smmu_stream(smmu(), sid_of(2)), 0);
		/* Their records stand in memory when PROD is 0 again. */
		core_revoke(&core, PAGE + 100, 1);
		core_finish(&core);
		for (unsigned events = 0; events < 3; events++)
			assert_int_equal(fault_of(CORE_SID, PAGE + 100), MODEL_F_TRANSLATION);
		assert_int_equal(shadow_smmu_events(smmu(), 1), 1);
		core_forget(&core);
		model_power_cycle(model(), MODEL_KEPT_TLB);

		found[i / 2]();

		assert_int_equal(core.report_count, 2);
		assert_int_equal(core.reports[0].what, PLATFORM_REPORT_SMMU_RESET);
		assert_int_equal(core.reports[1].what, PLATFORM_REPORT_SMMU_CLOSED);
		assert_int_equal(core_smmu_stats(&core, 0).failure, SHADOW_SMMU_RESET);
		assert_int_equal(fault_of(CORE_SID, PAGE + 1), MODEL_ABORT);
		core_revoke(&core, PAGE + 99, 1);
		core_finish(&core);
		core.report_count = 0;
		assert_int_equal(shadow_smmu_detach(smmu()), 0);
		resume();
		assert_int_equal(fault_of(CORE_SID, PAGE + 99), MODEL_F_TRANSLATION);
		assert_int_equal(fault_of(CORE_SID, PAGE + 200), MODEL_OK);
		core_down(&core);
	}
}

/* The limit: until one of these calls is made, nobody knows. A flush alone finds nothing, and says so: no ticket of it is
 * complete. Where an SMMU passes everything by after a reset, devices do so for that long. */
static void until_somebody_looks_no_ticket_is_complete(void **state)
{
	shadow_ticket_t ticket;

	(void)state;
	up(0);
	model_power_cycle(model(), 0);

	core_revoke(&core, PAGE, 1);
	ticket = shadow_flush(core.engine);

	assert_false(core_smmu_stats(&core, 0).closed);
	assert_int_equal(core.report_count, 0);
	assert_int_equal(shadow_wait(core.engine, ticket, 10 * CORE_WAIT_NS), 0);
	assert_true(core_smmu_stats(&core, 0).closed);
	assert_int_equal(fault_of(CORE_SID, PAGE), MODEL_ABORT);
	core_down(&core);
}

/* Power that has gone and not come back: registers answer with all ones, or with nothing. Abort cannot be confirmed then. */
static void registers_that_are_gone_are_isolation_that_is_lost(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 6; i++) {
		up(i & 1 ? 2 : 0);
		dead = i & 1 ? UINT64_MAX : 0;
		gone = true;
		if (i / 2 == 0)
			assert_int_equal(shadow_smmu_events(smmu(), 100), 0);
		else if (i / 2 == 1)
			assert_int_equal(shadow_smmu_gerror(smmu()), -SHADOW_EIO);
		else
			assert_int_equal(shadow_smmu_enable(smmu()), -SHADOW_EIO);

		assert_true(core_smmu_stats(&core, 0).isolation_lost);
		assert_int_equal(core.reports[core.report_count - 1].what, PLATFORM_REPORT_ISOLATION_LOST);
		core_revoke(&core, PAGE, 1);
		assert_int_equal(shadow_wait(core.engine, shadow_flush(core.engine), CORE_WAIT_NS), -SHADOW_EIO);
		gone = false;
		core_down(&core);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(registers_are_as_they_were),
		cmocka_unit_test(events_and_tickets_work_as_before),
		cmocka_unit_test(nothing_of_before_survives),
		cmocka_unit_test(devices_that_keep_translations_are_let_in_again),
		cmocka_unit_test(power_that_goes_without_a_word_is_found),
		cmocka_unit_test(until_somebody_looks_no_ticket_is_complete),
		cmocka_unit_test(registers_that_are_gone_are_isolation_that_is_lost),
	};

	return cmocka_run_group_tests_name("power", tests, NULL, NULL);
}
