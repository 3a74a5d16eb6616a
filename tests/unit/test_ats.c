/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_ats.c - devices that keep translations: none without leave, and none behind a ticket.
 *
 * The devices ask again as soon as they have lost something, so that what the SMMU still has comes back to them.
 */
#include "core_rig.h"

#include "seeded.h"
#include "smmuv3/ats.h"

#define PAGE CORE_MEMORY_PAGE
#define SID  (CORE_SID + 1)	       /* CORE_SID itself has no ATS */
#define EATS (UINT64_C(3) << 28)       /* word 1 of an entry */

static struct core core;

static int set_up(void **state)
{
	(void)state;
	core_init(&core);
	core.ats = true;
	core.queue_slots = 64;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	core_down(&core);
	return 0;
}

static struct model *model(unsigned smmu)
{
	return core.smmu[smmu].model;
}

/* Up, with one stream on each SMMU whose device may keep translations. */
static void up(void)
{
	static const uint64_t stage1[2];

	core_up(&core);
	for (unsigned i = 0; i < core.smmu_count; i++)
		assert_int_equal(shadow_smmu_stream_ats(core.smmu[i].smmu, SID, core.nested ? stage1 : NULL), 0);
	core_forget(&core);
}

static enum model_fault ask(unsigned smmu, uint32_t sid, uint64_t page)
{
	return model_atc_request(model(smmu), sid, page << 12, true).fault;
}

/* Does the device get through with what it keeps? */
static enum model_fault use(unsigned smmu, uint32_t sid, uint64_t page)
{
	struct model_access access = model_atc_dma(model(smmu), sid, page << 12, true);

	if (!access.fault)
		assert_int_equal(access.pa, page << 12);
	return access.fault;
}

static uint64_t word(unsigned smmu, uint32_t sid, unsigned index)
{
	uint64_t ste[8];

	shadow_smmu_ste(core.smmu[smmu].smmu, sid, ste);
	return ste[index];
}

static void assert_opcodes(unsigned smmu, const unsigned *wanted, unsigned count)
{
	assert_int_equal(core_count(&core, CORE_COMMAND, smmu), count);
	for (unsigned i = 0; i < count; i++)
		assert_int_equal(core_opcode(&core, smmu, i), wanted[i]);
}

/* ---- without leave -------------------------------------------------------------------------------------- */

static void whatever_the_host_asks_for_a_stream_has_no_ats(void **state)
{
	static const uint64_t all[2] = { UINT64_MAX, UINT64_MAX };

	(void)state;
	core.nested = true;
	core_up(&core);
	assert_int_equal(shadow_smmu_stream_nested(core.smmu[0].smmu, SID, all), 0);

	assert_int_equal(word(0, CORE_SID, 1) & EATS, 0);
	assert_int_equal(word(0, SID, 1) & EATS, 0);
	assert_int_equal(ask(0, CORE_SID, PAGE), MODEL_F_BAD_ATS_TREQ);
	/* CR0ACK.ATSCHK: nor can it use what it says that it has. */
	assert_true(model_read32(model(0), 0x24) & 1u << 4);
}

static void a_flush_sends_no_atc_inv_without_such_a_stream(void **state)
{
	(void)state;
	core_up(&core);

	core_revoke(&core, PAGE, 1);
	core_finish(&core);

	assert_int_equal(core_smmu_stats(&core, 0).atc, 0);
}

static void ats_needs_an_smmu_that_has_it(void **state)
{
	static const uint64_t stage1[2];

	(void)state;
	core.ats = false;
	core_up(&core);

	assert_int_equal(shadow_smmu_stream_ats(core.smmu[0].smmu, SID, NULL), -SHADOW_ENODEV);
	assert_int_equal(shadow_smmu_stream_ats(core.smmu[0].smmu, SID, stage1), -SHADOW_EINVAL);
}

static void a_stream_is_let_in_once(void **state)
{
	(void)state;
	up();

	assert_int_equal(shadow_smmu_stream_ats(core.smmu[0].smmu, SID, NULL), -SHADOW_EBUSY);
	assert_int_equal(shadow_smmu_stream_ats(core.smmu[0].smmu, CORE_SID, NULL), -SHADOW_EBUSY);
	assert_int_equal(shadow_smmu_stream(core.smmu[0].smmu, SID), -SHADOW_EBUSY);
}

/* ---- the order of a list --------------------------------------------------------------------------------- */

static void what_a_device_keeps_goes_after_what_the_smmu_has(void **state)
{
	static const unsigned wanted[] = { CORE_TLBI_S2_IPA, CORE_SYNC, CORE_ATC_INV, CORE_SYNC, CORE_SYNC };

	(void)state;
	up();
	assert_int_equal(ask(0, SID, PAGE), MODEL_OK);
	assert_int_equal(use(0, SID, PAGE), MODEL_OK);

	core_revoke(&core, PAGE, 1);
	core_finish(&core);

	assert_opcodes(0, wanted, 5);
	assert_int_equal(core_count(&core, CORE_DOORBELL, 0), 1);
	assert_int_equal(use(0, SID, PAGE), MODEL_F_TRANSLATION);
	assert_int_equal(ask(0, SID, PAGE), MODEL_F_TRANSLATION);
	assert_int_equal(ask(0, SID, PAGE + 1), MODEL_OK);
	assert_int_equal(core_smmu_stats(&core, 0).atc, 2);
}

static void nested_streams_lose_everything_after_both_stages(void **state)
{
	static const unsigned wanted[] = { CORE_TLBI_S2_IPA, CORE_SYNC, CORE_TLBI_NH_ALL, CORE_SYNC,
					   CORE_ATC_INV,     CORE_SYNC, CORE_SYNC };

	(void)state;
	core.nested = true;
	up();
	assert_int_equal(ask(0, SID, PAGE), MODEL_OK);

	core_revoke(&core, PAGE, 1);
	core_finish(&core);

	assert_opcodes(0, wanted, 7);
	assert_int_equal(core_command(&core, 0, 4)->word[0], (uint64_t)SID << 32 | CORE_ATC_INV);
	assert_int_equal(core_command(&core, 0, 4)->word[1], 52);
	assert_int_equal(use(0, SID, PAGE), MODEL_F_TRANSLATION);
}

static void a_ticket_waits_for_the_device(void **state)
{
	shadow_ticket_t ticket;

	(void)state;
	up();
	assert_int_equal(ask(0, SID, PAGE), MODEL_OK);
	core_revoke(&core, PAGE, 1);
	ticket = shadow_flush(core.engine);

	while (!shadow_complete(core.engine, ticket))
		assert_true(model_step(model(0)));
	assert_int_equal(model_counters(model(0))->atc, 2);
	assert_int_equal(use(0, SID, PAGE), MODEL_F_TRANSLATION);
}

static void a_device_that_asks_again_at_once_gets_nothing(void **state)
{
	uint64_t seed = seeded_start();

	(void)state;
	core.smmu_count = 2;
	up();
	for (unsigned round = 0; round < 300; round++) {
		uint64_t page = PAGE + seeded_below(&seed, 2048), count = 1 + seeded_below(&seed, 4);

		for (unsigned i = 0; i < 2; i++)
			for (uint64_t j = 0; j < count; j++) {
				assert_int_equal(ask(i, SID, page + j), MODEL_OK);
				if (round % 50 == 0)
					model_atc_watch(model(i), SID, (page + j) << 12);
			}
		core_revoke(&core, page, count);
		core_finish(&core);
		for (unsigned i = 0; i < 2; i++)
			for (uint64_t j = 0; j < count; j++)
				assert_int_equal(use(i, SID, page + j), MODEL_F_TRANSLATION);
		core_grant(&core, page, count);
		core_finish(&core);
		core_forget(&core);
	}
}

static void many_spans_are_one_message(void **state)
{
	unsigned messages = 0;

	(void)state;
	up();
	core_revoke(&core, PAGE + 511, 1); /* cuts the block */
	core_finish(&core);
	core_forget(&core);

	for (unsigned i = 0; i <= ATS_SPANS_MAX; i++)
		core_revoke(&core, PAGE + 2 * i, 1);
	core_finish(&core);

	for (unsigned i = 0; i < core_count(&core, CORE_COMMAND, 0); i++)
		messages += core_opcode(&core, 0, i) == CORE_ATC_INV;
	assert_int_equal(messages, 1);
}

static void pieces_are_aligned_and_cover_a_span_with_less_than_as_much_again(void **state)
{
	uint64_t seed = seeded_start();

	(void)state;

	for (unsigned round = 0; round < 100000; round++) {
		uint64_t start = seeded_below(&seed, UINT64_C(1) << (1 + seeded_below(&seed, 30)));
		uint64_t end = start + 1 + seeded_below(&seed, UINT64_C(1) << seeded_below(&seed, 20)), next, pages = 0;
		struct ats_piece piece[2];
		unsigned count = ats_pieces(start << 12, end << 12, piece);

		assert_in_range(count, 1, 2);
		next = piece[0].address >> 12;
		assert_true(next <= start);
		for (unsigned i = 0; i < count; i++) {
			assert_int_equal(piece[i].address >> 12, next);
			assert_int_equal(next & ((UINT64_C(1) << piece[i].size_lg2) - 1), 0);
			next += UINT64_C(1) << piece[i].size_lg2;
			pages += UINT64_C(1) << piece[i].size_lg2;
		}
		assert_true(next >= end);
		assert_true(pages < 2 * (end - start) + (end - start == 1 ? 0 : 1));
	}
}

/* ---- devices that do not confirm -------------------------------------------------------------------------- */

static unsigned reports_of(enum platform_report what)
{
	unsigned count = 0;

	for (unsigned i = 0; i < core.report_count; i++)
		count += core.reports[i].what == what;
	return count;
}

static void a_device_that_does_not_confirm_shuts_out_all_of_its_smmu(void **state)
{
	(void)state;
	core.smmu_count = 2;
	up();
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(shadow_smmu_stream_ats(core.smmu[i].smmu, SID + 1, NULL), 0);
		for (unsigned j = 0; j < 2; j++)
			assert_int_equal(ask(i, SID + j, PAGE), MODEL_OK);
	}
	core_forget(&core);
	model_atc_mute(model(0), SID);

	core_revoke(&core, PAGE, 1);
	core_finish(&core);

	/* It still has what it had, and so would others; the entry lets none of it pass. */
	for (unsigned j = 0; j < 2; j++) {
		assert_int_equal(word(0, SID + j, 0), 1);
		assert_int_equal(ask(0, SID + j, PAGE + 1), MODEL_ABORT);
		assert_int_equal(model_dma(model(0), SID + j, (PAGE + 1) << 12, true).fault, MODEL_ABORT);
		assert_int_equal(use(1, SID + j, PAGE), MODEL_F_TRANSLATION);
		assert_int_equal(ask(1, SID + j, PAGE + 1), MODEL_OK);
	}
	assert_int_equal(use(0, SID, PAGE), MODEL_ABORT);
	assert_int_equal(reports_of(PLATFORM_REPORT_STREAM_ABORTED), 2);
	assert_false(core_smmu_stats(&core, 0).closed);
	/* Streams without ATS go on. */
	assert_true(core_reaches(&core, 0, PAGE + 1));
	assert_false(core_reaches(&core, 0, PAGE));
}

static void devices_that_are_shut_out_are_not_asked_again(void **state)
{
	static const unsigned wanted[] = { CORE_TLBI_S2_IPA, CORE_SYNC };

	(void)state;
	up();
	model_atc_mute(model(0), SID);
	core_revoke(&core, PAGE, 1);
	core_finish(&core);
	core_forget(&core);

	core_revoke(&core, PAGE + 1, 1);
	core_finish(&core);

	assert_opcodes(0, wanted, 2);
}

static void no_ticket_completes_before_they_are_shut_out(void **state)
{
	(void)state;
	/* Several batches on their way, and every moment at which somebody could look. */
	up();
	assert_int_equal(ask(0, SID, PAGE), MODEL_OK);
	assert_int_equal(ask(0, SID, PAGE + 1), MODEL_OK);
	model_atc_mute(model(0), SID);
	core_revoke(&core, PAGE, 1);
	{
		shadow_ticket_t first = shadow_flush(core.engine), second;

		core_revoke(&core, PAGE + 1, 1);
		second = shadow_flush(core.engine);
		for (;;) {
			bool one = shadow_complete(core.engine, first), two = shadow_complete(core.engine, second);

			assert_true(!one || use(0, SID, PAGE) == MODEL_ABORT);
			assert_true(!two || use(0, SID, PAGE + 1) == MODEL_ABORT);
			if (one && two)
				break;
			(void)model_step(model(0));
		}
	}
	assert_int_equal(reports_of(PLATFORM_REPORT_STREAM_ABORTED), 1);
	assert_int_equal(core_smmu_stats(&core, 0).closed, 0);
}

static void a_second_device_may_fail_later_than_the_first(void **state)
{
	uint64_t position;

	(void)state;
	up();
	model_atc_mute(model(0), SID);
	core_revoke(&core, PAGE, 1);
	/* The SYNC behind the one that fails, and once more. */
	position = model_counters(model(0))->commands + 4;
	model_inject_cerror(model(0), position, 3);
	model_inject_cerror(model(0), position, 3);
	core_finish(&core);

	assert_false(core_smmu_stats(&core, 0).closed);
	assert_int_equal(word(0, SID, 0), 1);
}

static void a_list_that_goes_round_the_ring_is_repaired_as_well(void **state)
{
	(void)state;
	for (unsigned before = 0; before < 20; before++) {
		core_init(&core);
		core.ats = true;
		core.cmdq_lg2 = 3;
		up();
		for (unsigned i = 0; i < before; i++) {
			assert_int_equal(shadow_smmu_stream(core.smmu[0].smmu, SID + 1 + i), 0);
			core_forget(&core);
		}
		assert_int_equal(ask(0, SID, PAGE), MODEL_OK);
		model_atc_mute(model(0), SID);

		core_revoke(&core, PAGE, 1);
		core_finish(&core);

		assert_int_equal(use(0, SID, PAGE), MODEL_ABORT);
		assert_false(core_smmu_stats(&core, 0).closed);
		core_down(&core);
	}
	core_init(&core);
}

/* ---- letting in ------------------------------------------------------------------------------------------- */

static void a_device_that_does_not_confirm_when_it_is_let_in_stays_out_alone(void **state)
{
	(void)state;
	up();
	assert_int_equal(ask(0, SID, PAGE), MODEL_OK);
	model_atc_mute(model(0), SID + 1);

	assert_int_equal(shadow_smmu_stream_ats(core.smmu[0].smmu, SID + 1, NULL), -SHADOW_EIO);

	assert_int_equal(word(0, SID + 1, 0), 1);
	assert_int_equal(use(0, SID, PAGE), MODEL_OK);
	core_forget(&core);
	core_revoke(&core, PAGE, 1);
	core_finish(&core);
	assert_int_equal(use(0, SID, PAGE), MODEL_F_TRANSLATION);
	assert_int_equal(ask(0, SID, PAGE + 1), MODEL_OK);
	assert_int_equal(reports_of(PLATFORM_REPORT_STREAM_ABORTED), 0);
}

static void a_stream_that_was_shut_out_may_be_let_in_again(void **state)
{
	(void)state;
	up();
	assert_int_equal(ask(0, SID, PAGE), MODEL_OK);
	core_revoke(&core, PAGE, 1);
	model_inject_cerror(model(0), model_counters(model(0))->commands + 3, 3);
	core_finish(&core);
	assert_int_equal(word(0, SID, 0), 1);

	assert_int_equal(shadow_smmu_stream_ats(core.smmu[0].smmu, SID, NULL), 0);

	assert_int_equal(use(0, SID, PAGE), MODEL_F_TRANSLATION);
	assert_int_equal(ask(0, SID, PAGE + 1), MODEL_OK);
	core_revoke(&core, PAGE + 1, 1);
	core_finish(&core);
	assert_int_equal(use(0, SID, PAGE + 1), MODEL_F_TRANSLATION);
}

static void an_smmu_that_comes_back_does_not_trust_what_devices_kept(void **state)
{
	(void)state;
	up();
	assert_int_equal(ask(0, SID, PAGE), MODEL_OK);
	assert_int_equal(shadow_smmu_detach(core.smmu[0].smmu), 0);
	core_revoke(&core, PAGE, 1);
	core_finish(&core);
	assert_int_equal(shadow_smmu_enable(core.smmu[0].smmu), 0);

	assert_int_equal(use(0, SID, PAGE), MODEL_ABORT);
	assert_true(core_reaches(&core, 0, PAGE + 1));
	assert_int_equal(shadow_smmu_stream_ats(core.smmu[0].smmu, SID, NULL), 0);
	assert_int_equal(use(0, SID, PAGE), MODEL_F_TRANSLATION);
	assert_int_equal(ask(0, SID, PAGE + 1), MODEL_OK);
}

static void streams_are_let_in_before_the_snapshot_too(void **state)
{
	(void)state;
	core_up_to_snapshot(&core);
	assert_int_equal(shadow_smmu_stream_ats(core.smmu[0].smmu, SID, NULL), 0);
	assert_int_equal(ask(0, SID, PAGE), MODEL_ABORT);
	assert_int_equal(shadow_snapshot(core.engine, &core.host), 0);

	assert_int_equal(ask(0, SID, PAGE), MODEL_OK);
	core_revoke(&core, PAGE, 1);
	core_finish(&core);
	assert_int_equal(use(0, SID, PAGE), MODEL_F_TRANSLATION);
}

/* Marks at level 1 are waited for in the flush itself: a device that does not confirm them is shut out there. */
static void a_device_that_does_not_confirm_a_mark_is_shut_out_as_well(void **state)
{
	(void)state;
	core.bbml = 1;
	core.smmu_count = 2;
	up();
	assert_int_equal(ask(0, SID, PAGE), MODEL_OK);
	assert_int_equal(ask(1, SID, PAGE), MODEL_OK);
	model_atc_mute(model(0), SID);

	core_revoke(&core, PAGE, 1);
	core_finish(&core);

	assert_int_equal(word(0, SID, 0), 1);
	assert_int_equal(reports_of(PLATFORM_REPORT_STREAM_ABORTED), 1);
	assert_int_equal(reports_of(PLATFORM_REPORT_SMMU_CLOSED), 0);
	assert_true(use(0, SID, PAGE) != MODEL_OK);
	assert_int_equal(use(1, SID, PAGE), MODEL_F_TRANSLATION);
	assert_int_equal(ask(1, SID, PAGE + 1), MODEL_OK);
	assert_true(core_reaches(&core, 0, PAGE + 1));
}

/* It is not the SMMU that fails. */
static void a_device_that_does_not_confirm_at_the_snapshot_stays_out_alone(void **state)
{
	(void)state;
	core_up_to_snapshot(&core);
	assert_int_equal(shadow_smmu_stream_ats(core.smmu[0].smmu, SID, NULL), 0);
	assert_int_equal(shadow_smmu_stream_ats(core.smmu[0].smmu, SID + 1, NULL), 0);
	model_atc_mute(model(0), SID);

	assert_int_equal(shadow_snapshot(core.engine, &core.host), 0);

	assert_int_equal(word(0, SID, 0), 1);
	assert_int_equal(reports_of(PLATFORM_REPORT_STREAM_ABORTED), 1);
	assert_int_equal(reports_of(PLATFORM_REPORT_SMMU_CLOSED), 0);
	assert_int_equal(ask(0, SID + 1, PAGE), MODEL_OK);
	assert_true(core_reaches(&core, 0, PAGE));
}

static void devices_may_be_shut_out_and_let_in_any_number_of_times(void **state)
{
	(void)state;
	up();
	for (unsigned i = 0; i < 2 * SHADOW_STREAMS_MAX; i++) {
		core_revoke(&core, PAGE, 1);
		model_inject_cerror(model(0), model_counters(model(0))->commands + 3, 3);
		core_finish(&core);
		core_grant(&core, PAGE, 1);
		core_finish(&core);
		assert_int_equal(shadow_smmu_stream_ats(core.smmu[0].smmu, SID, NULL), 0);
		core_forget(&core);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(whatever_the_host_asks_for_a_stream_has_no_ats),
		TEST(a_flush_sends_no_atc_inv_without_such_a_stream),
		TEST(ats_needs_an_smmu_that_has_it),
		TEST(a_stream_is_let_in_once),
		TEST(what_a_device_keeps_goes_after_what_the_smmu_has),
		TEST(nested_streams_lose_everything_after_both_stages),
		TEST(a_ticket_waits_for_the_device),
		TEST(a_device_that_asks_again_at_once_gets_nothing),
		TEST(many_spans_are_one_message),
		TEST(pieces_are_aligned_and_cover_a_span_with_less_than_as_much_again),
		TEST(a_device_that_does_not_confirm_shuts_out_all_of_its_smmu),
		TEST(devices_that_are_shut_out_are_not_asked_again),
		TEST(no_ticket_completes_before_they_are_shut_out),
		TEST(a_second_device_may_fail_later_than_the_first),
		TEST(a_list_that_goes_round_the_ring_is_repaired_as_well),
		TEST(a_device_that_does_not_confirm_when_it_is_let_in_stays_out_alone),
		TEST(a_stream_that_was_shut_out_may_be_let_in_again),
		TEST(an_smmu_that_comes_back_does_not_trust_what_devices_kept),
		TEST(streams_are_let_in_before_the_snapshot_too),
		TEST(a_device_that_does_not_confirm_at_the_snapshot_stays_out_alone),
		TEST(a_device_that_does_not_confirm_a_mark_is_shut_out_as_well),
		TEST(devices_may_be_shut_out_and_let_in_any_number_of_times),
	};

	return cmocka_run_group_tests_name("ats", tests, NULL, NULL);
}
