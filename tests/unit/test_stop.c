/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_stop.c - streams that are made to abort, one or all at once, and SMMUs that go for good.
 */
#include "core_rig.h"

#define PAGE  CORE_MEMORY_PAGE
#define SMMUS 2u
#define SIDS  3u		       /* CORE_SID .. CORE_SID + SIDS - 1 of each SMMU */
#define ATS_SID 40u

static struct core core;

static int set_up(void **state)
{
	(void)state;
	core_init(&core);
	core.smmu_count = SMMUS;
	core.ats = true;
	core_up(&core);
	for (unsigned i = 0; i < SMMUS; i++)
		for (uint32_t sid = CORE_SID + 1; sid < CORE_SID + SIDS; sid++)
			assert_int_equal(shadow_smmu_stream(core.smmu[i].smmu, sid), 0);
	core_forget(&core);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	core_down(&core);
	return 0;
}

static struct shadow_smmu *smmu(unsigned number)
{
	return core.smmu[number].smmu;
}

static enum model_fault fault_of(unsigned number, uint32_t sid, uint64_t page)
{
	return model_dma(core.smmu[number].model, sid, page << 12, true).fault;
}

/* Whatever they were, they have used it and have it in their caches. */
static void all_translate(void)
{
	for (unsigned i = 0; i < SMMUS; i++)
		for (uint32_t sid = CORE_SID; sid < CORE_SID + SIDS; sid++)
			assert_int_equal(fault_of(i, sid, PAGE), MODEL_OK);
}

static void all_abort(unsigned number)
{
	for (uint32_t sid = CORE_SID; sid < CORE_SID + SIDS; sid++)
		assert_int_equal(fault_of(number, sid, PAGE), MODEL_ABORT);
}

static void everything_aborts_at_once(void **state)
{
	(void)state;
	all_translate();

	assert_int_equal(shadow_smmu_abort(core.target), 0);

	for (unsigned i = 0; i < SMMUS; i++) {
		all_abort(i);
		/* One look at the configuration, however many streams there are. */
		assert_int_equal(core_count(&core, CORE_COMMAND, i), 2);
		assert_int_equal(core_opcode(&core, i, 0), 0x04);
		assert_int_equal(core_opcode(&core, i, 1), CORE_SYNC);
	}
	assert_int_equal(core.report_count, 0);
	assert_int_equal(core.violations, 0);
}

static void flushes_go_on_and_streams_come_back_one_by_one(void **state)
{
	(void)state;
	all_translate();
	assert_int_equal(shadow_smmu_abort(core.target), 0);
	core_revoke(&core, PAGE, 1);
	core_finish(&core);

	assert_int_equal(shadow_smmu_stream(smmu(0), CORE_SID), 0);

	assert_int_equal(fault_of(0, CORE_SID, PAGE), MODEL_F_TRANSLATION);
	assert_int_equal(fault_of(0, CORE_SID, PAGE + 1), MODEL_OK);
	assert_int_equal(fault_of(0, CORE_SID + 1, PAGE + 1), MODEL_ABORT);
	all_abort(1);
	assert_int_equal(shadow_smmu_stream(smmu(0), CORE_SID), -SHADOW_EBUSY);
}

static void what_was_made_to_abort_does_not_come_back_with_its_smmu(void **state)
{
	(void)state;
	assert_int_equal(shadow_smmu_stream_abort(smmu(0), CORE_SID), 0);
	assert_int_equal(shadow_smmu_detach(smmu(0)), 0);
	assert_int_equal(shadow_smmu_stream_abort(smmu(0), CORE_SID + 1), 0);

	assert_int_equal(shadow_smmu_enable(smmu(0)), 0);

	assert_int_equal(fault_of(0, CORE_SID, PAGE), MODEL_ABORT);
	assert_int_equal(fault_of(0, CORE_SID + 1, PAGE), MODEL_ABORT);
	assert_int_equal(fault_of(0, CORE_SID + 2, PAGE), MODEL_OK);
	assert_int_equal(shadow_smmu_stream(smmu(0), CORE_SID + 1), 0);
	assert_int_equal(fault_of(0, CORE_SID + 1, PAGE), MODEL_OK);
}

static void what_was_made_to_abort_does_not_come_with_the_snapshot(void **state)
{
	(void)state;
	tear_down(state);
	core_init(&core);
	core.smmu_count = SMMUS;
	core_up_to_snapshot(&core);
	assert_int_equal(shadow_smmu_abort(core.target), 0);
	assert_int_equal(shadow_smmu_stream(smmu(1), CORE_SID), 0);

	assert_int_equal(shadow_snapshot(core.engine, &core.host), 0);

	assert_int_equal(fault_of(0, CORE_SID, PAGE), MODEL_ABORT);
	assert_int_equal(fault_of(1, CORE_SID, PAGE), MODEL_OK);
}

static void one_stream_aborts_and_the_others_go_on(void **state)
{
	(void)state;
	all_translate();

	assert_int_equal(shadow_smmu_stream_abort(smmu(0), CORE_SID + 1), 0);

	assert_int_equal(fault_of(0, CORE_SID, PAGE), MODEL_OK);
	assert_int_equal(fault_of(0, CORE_SID + 1, PAGE), MODEL_ABORT);
	assert_int_equal(fault_of(0, CORE_SID + 2, PAGE), MODEL_OK);
	assert_int_equal(fault_of(1, CORE_SID + 1, PAGE), MODEL_OK);
	assert_int_equal(core_count(&core, CORE_COMMAND, 1), 0);
	assert_int_equal(shadow_smmu_stream_abort(smmu(0), CORE_SID + SIDS), -SHADOW_EINVAL);
	assert_int_equal(shadow_smmu_stream_abort(smmu(0), CORE_SID + 1), 0);
	assert_int_equal(shadow_smmu_stream(smmu(0), CORE_SID + 1), 0);
	assert_int_equal(fault_of(0, CORE_SID + 1, PAGE), MODEL_OK);
}

/* It may be somebody else's device then, with a stage 1 of its own. */
static void a_stream_comes_back_with_what_it_is_given_then(void **state)
{
	const uint64_t first[2] = { 0x1000, 1 }, second[2] = { 0x2000, 2 };
	uint64_t ste[8];

	(void)state;
	tear_down(state);
	core_init(&core);
	core.nested = true;
	core_up(&core);
	assert_int_equal(shadow_smmu_stream_nested(smmu(0), 9, first), 0);
	assert_int_equal(shadow_smmu_stream_abort(smmu(0), 9), 0);

	assert_int_equal(shadow_smmu_stream_nested(smmu(0), 9, second), 0);

	for (unsigned i = 0; i < 2; i++) {
		shadow_smmu_ste(smmu(0), 9, ste);
		assert_int_equal(ste[0], 0x2000 | 0xf);
		assert_int_equal(ste[1] & 0xff, 2);
		assert_int_equal(shadow_smmu_detach(smmu(0)), 0);
		assert_int_equal(shadow_smmu_enable(smmu(0)), 0);
	}
}

/* ---- SMMUs that do not follow -------------------------------------------------------------------------- */

static void an_smmu_that_does_not_follow_is_shut(void **state)
{
	(void)state;
	all_translate();
	core.smmu[0].stalled = false;
	model_stall_commands(core.smmu[0].model, true);

	assert_int_equal(shadow_smmu_abort(core.target), 0);

	assert_true(core_smmu_stats(&core, 0).closed);
	assert_false(core_smmu_stats(&core, 1).closed);
	all_abort(0);
	all_abort(1);
	assert_int_equal(core.report_count, 1);
	assert_int_equal(core.reports[0].what, PLATFORM_REPORT_SMMU_CLOSED);
}

static void an_smmu_that_cannot_be_shut_is_told_and_the_others_abort(void **state)
{
	(void)state;
	all_translate();
	model_stall_commands(core.smmu[0].model, true);
	model_stall_registers(core.smmu[0].model, true);

	assert_int_equal(shadow_smmu_abort(core.target), -SHADOW_EIO);

	assert_true(core_smmu_stats(&core, 0).isolation_lost);
	all_abort(1);
	assert_int_equal(shadow_smmu_stream_abort(smmu(0), CORE_SID), -SHADOW_EIO);
}

/* ---- devices that keep translations -------------------------------------------------------------------- */

static enum model_fault atc_fault(uint32_t sid)
{
	return model_atc_dma(core.smmu[0].model, sid, PAGE << 12, true).fault;
}

static void ask(uint32_t sid)
{
	assert_int_equal(model_atc_request(core.smmu[0].model, sid, PAGE << 12, true).fault, MODEL_OK);
	assert_int_equal(atc_fault(sid), MODEL_OK);
}

static void what_a_device_keeps_is_of_no_use_to_it(void **state)
{
	(void)state;
	assert_int_equal(shadow_smmu_stream_ats(smmu(0), ATS_SID, NULL), 0);
	ask(ATS_SID);

	assert_int_equal(shadow_smmu_abort(core.target), 0);

	assert_true(atc_fault(ATS_SID) != MODEL_OK);
	assert_int_equal(shadow_smmu_stream_ats(smmu(0), ATS_SID, NULL), 0);
	assert_int_equal(atc_fault(ATS_SID), MODEL_F_TRANSLATION);
	ask(ATS_SID);
	core_revoke(&core, PAGE, 1);
	core_finish(&core);
	assert_true(atc_fault(ATS_SID) != MODEL_OK);
}

/* A device that is gone does not answer: nobody asks it, and no other has to suffer for it. */
static void a_device_that_was_made_to_abort_may_go(void **state)
{
	(void)state;
	for (uint32_t sid = ATS_SID; sid < ATS_SID + 3; sid++) {
		assert_int_equal(shadow_smmu_stream_ats(smmu(0), sid, NULL), 0);
		ask(sid);
	}
	assert_int_equal(shadow_smmu_stream_abort(smmu(0), ATS_SID + 1), 0);
	model_atc_mute(core.smmu[0].model, ATS_SID + 1);

	core_revoke(&core, PAGE, 1);
	core_finish(&core);

	assert_int_equal(core.report_count, 0);
	assert_int_equal(core_smmu_stats(&core, 0).commands_repaired, 0);
	assert_int_equal(fault_of(0, ATS_SID, PAGE + 1), MODEL_OK);
	assert_int_equal(fault_of(0, ATS_SID + 1, PAGE + 1), MODEL_ABORT);
	assert_int_equal(fault_of(0, ATS_SID + 2, PAGE + 1), MODEL_OK);
	for (uint32_t sid = ATS_SID; sid < ATS_SID + 3; sid++)
		assert_true(atc_fault(sid) != MODEL_OK);
}

/* Places are used again; and each time it is asked, and so are the others. */
static void a_device_may_come_and_go_any_number_of_times(void **state)
{
	(void)state;
	assert_int_equal(shadow_smmu_stream_ats(smmu(0), ATS_SID, NULL), 0);
	assert_int_equal(shadow_smmu_stream_ats(smmu(0), ATS_SID + 1, NULL), 0);
	for (unsigned i = 0; i < 2 * SHADOW_STREAMS_MAX + 3; i++) {
		core.log_count = 0;
		ask(ATS_SID + 1);
		assert_int_equal(shadow_smmu_stream_abort(smmu(0), ATS_SID), 0);
		assert_int_equal(shadow_smmu_stream_ats(smmu(0), ATS_SID, NULL), 0);
	}
	ask(ATS_SID);
	ask(ATS_SID + 1);

	core_revoke(&core, PAGE, 1);
	core_finish(&core);

	assert_true(atc_fault(ATS_SID) != MODEL_OK);
	assert_true(atc_fault(ATS_SID + 1) != MODEL_OK);
}

/* ---- for good ------------------------------------------------------------------------------------------ */

static void an_smmu_that_is_shut_down_does_not_come_back(void **state)
{
	(void)state;
	all_translate();

	assert_int_equal(shadow_smmu_shutdown(smmu(0)), 0);

	all_abort(0);
	assert_int_equal(model_read32(core.smmu[0].model, 0x20), 0);
	assert_int_equal(model_read32(core.smmu[0].model, 0x24), 0);
	assert_int_equal(model_read32(core.smmu[0].model, 0x44) >> 20 & 0x801, 1);
	assert_int_equal(shadow_smmu_enable(smmu(0)), -SHADOW_ENODEV);
	assert_int_equal(fault_of(1, CORE_SID, PAGE), MODEL_OK);
	core_revoke(&core, PAGE, 1);
	core_finish(&core);
	all_abort(0);
	assert_int_equal(shadow_smmu_shutdown(smmu(0)), 0);
	assert_int_equal(core.report_count, 0);
}

static void an_smmu_that_does_not_go_is_not_gone(void **state)
{
	(void)state;
	model_stall_registers(core.smmu[0].model, true);

	assert_int_equal(shadow_smmu_shutdown(smmu(0)), -SHADOW_EIO);

	assert_true(core_smmu_stats(&core, 0).isolation_lost);
	assert_int_equal(shadow_smmu_enable(smmu(0)), -SHADOW_EIO);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(everything_aborts_at_once),
		TEST(flushes_go_on_and_streams_come_back_one_by_one),
		TEST(what_was_made_to_abort_does_not_come_back_with_its_smmu),
		TEST(what_was_made_to_abort_does_not_come_with_the_snapshot),
		TEST(one_stream_aborts_and_the_others_go_on),
		TEST(a_stream_comes_back_with_what_it_is_given_then),
		TEST(an_smmu_that_does_not_follow_is_shut),
		TEST(an_smmu_that_cannot_be_shut_is_told_and_the_others_abort),
		TEST(what_a_device_keeps_is_of_no_use_to_it),
		TEST(a_device_that_was_made_to_abort_may_go),
		TEST(a_device_may_come_and_go_any_number_of_times),
		TEST(an_smmu_that_is_shut_down_does_not_come_back),
		TEST(an_smmu_that_does_not_go_is_not_gone),
	};
#undef TEST

	return cmocka_run_group_tests_name("stop", tests, NULL, NULL);
}
