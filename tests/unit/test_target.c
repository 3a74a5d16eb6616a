/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_target.c - the commands of a flush, word by word, and what becomes of an SMMU that fails.
 *
 * Covers target.c and attach.c over software SMMUs; commands are compared with the specification's numbers.
 */
#include "core_rig.h"

#include "seeded.h"
#include "smmuv3/target.h"

#define PAGE   CORE_MEMORY_PAGE
#define OWNED  SHADOW_STATE_OWNED
#define NOPAGE SHADOW_STATE_NOPAGE

#define VMID	 ((uint64_t)CORE_VMID << 32)
#define NUM(n)	 ((uint64_t)(n) << 12)
#define SCALE(n) ((uint64_t)(n) << 20)
#define TTL(n)	 ((uint64_t)(n) << 8)
#define TG_4K	 (UINT64_C(1) << 10)
#define LEAF	 UINT64_C(1)

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

static void assert_command(unsigned smmu, unsigned index, uint64_t word0, uint64_t word1)
{
	const struct core_entry *entry = core_command(&core, smmu, index);

	assert_int_equal(entry->word[0], word0);
	assert_int_equal(entry->word[1], word1);
}

/* [S2 ...,] SYNC and one doorbell on every SMMU. */
static void assert_commands(unsigned count)
{
	for (unsigned smmu = 0; smmu < core.smmu_count; smmu++) {
		assert_int_equal(core_count(&core, CORE_COMMAND, smmu), count);
		assert_int_equal(core_count(&core, CORE_DOORBELL, smmu), count != 0);
	}
}

/* Split the block of memory, so that what follows meets pages. */
static void split_memory(void)
{
	core_revoke(&core, PAGE + 1, 1);
	core_finish(&core);
	core_forget(&core);
}

/* Worth less than a second command. */
static void cheap_vmid(unsigned smmu, struct shadow_smmu_config *config)
{
	(void)smmu;
	config->cost = (struct shadow_tlbi_cost){ .command = 64, .sync = 64, .entry = 8, .table = 8, .vmid = 64, .share = 16 };
}

/* ---- commands of a flush ------------------------------------------------------------------------------ */

static void a_page_is_one_command_and_one_sync_on_every_smmu(void **state)
{
	(void)state;
	core.smmu_count = 3;
	core_up(&core);
	split_memory();

	core_revoke(&core, PAGE + 7, 1);
	core_finish(&core);

	assert_commands(2);
	for (unsigned smmu = 0; smmu < 3; smmu++) {
		assert_command(smmu, 0, CORE_TLBI_S2_IPA | VMID, (PAGE + 7) << 12 | TG_4K | TTL(3) | LEAF);
		assert_command(smmu, 1, CORE_SYNC, 0);
	}
}

static void a_split_names_the_whole_old_block(void **state)
{
	(void)state;
	core_up(&core);

	core_revoke(&core, PAGE + 7, 1);
	core_finish(&core);

	assert_commands(2);
	assert_command(0, 0, CORE_TLBI_S2_IPA | VMID | NUM(31) | SCALE(13),
		       PAGE << 12 | TG_4K | TTL(1) | LEAF);
	assert_command(0, 1, CORE_SYNC, 0);
	core_forget(&core);

	core_revoke(&core, PAGE + 512, 1);
	core_finish(&core);

	assert_commands(2);
	assert_command(0, 0, CORE_TLBI_S2_IPA | VMID | NUM(31) | SCALE(4),
		       (PAGE + 512) << 12 | TG_4K | TTL(2) | LEAF);
}

static void a_nested_smmu_drops_stage_1_after_stage_2_is_gone(void **state)
{
	(void)state;
	core.nested = true;
	core.smmu_count = 2;
	core_up(&core);
	split_memory();

	core_revoke(&core, PAGE + 7, 1);
	core_revoke(&core, PAGE + 100, 1);
	core_finish(&core);

	assert_commands(5);
	for (unsigned smmu = 0; smmu < 2; smmu++) {
		assert_command(smmu, 0, CORE_TLBI_S2_IPA | VMID, (PAGE + 7) << 12 | TG_4K | TTL(3) | LEAF);
		assert_command(smmu, 1, CORE_TLBI_S2_IPA | VMID, (PAGE + 100) << 12 | TG_4K | TTL(3) | LEAF);
		assert_command(smmu, 2, CORE_SYNC, 0);
		assert_command(smmu, 3, CORE_TLBI_NH_ALL | VMID, 0);
		assert_command(smmu, 4, CORE_SYNC, 0);
	}
}

static void five_hundred_pages_on_four_nested_smmus_are_eight_syncs(void **state)
{
	(void)state;
	core.nested = true;
	core.smmu_count = 4;
	core_up(&core);
	core_revoke(&core, PAGE + 1024, 1); /* cuts the block of 1 GiB */
	core_finish(&core);
	core_forget(&core);

	for (unsigned i = 0; i < 512; i++)
		core_revoke(&core, PAGE + 512 + i, 1);
	core_finish(&core);

	for (unsigned i = 0; i < 4; i++) {
		unsigned run = 0, syncs = 0;

		for (unsigned j = 0; j < core_count(&core, CORE_COMMAND, i); j++) {
			run = core_opcode(&core, i, j) == CORE_SYNC ? 0 : run + 1;
			syncs += run == 0;
			assert_in_range(run, 0, 3);
		}
		assert_int_equal(syncs, 2);
		assert_int_equal(core_count(&core, CORE_DOORBELL, i), 1);
	}
	for (unsigned i = 0, rung = 0; i < core.log_count; i++) {
		rung += core.log[i].event == CORE_DOORBELL;
		if (core.log[i].event == CORE_CONS_READ)
			assert_int_equal(rung, 4);
	}
}

/* How long @count SMMUs are waited for that all need the same time. */
static uint64_t time_of_512_pages(unsigned count)
{
	shadow_ticket_t ticket;
	uint64_t start_ns;

	core_init(&core);
	core.nested = true;
	core.smmu_count = count;
	core_up(&core);
	for (unsigned i = 0; i < 512; i++)
		core_revoke(&core, PAGE + 512 + i, 1);
	ticket = shadow_flush(core.engine);
	start_ns = core.time_ns;
	assert_int_equal(shadow_wait(core.engine, ticket, CORE_WAIT_NS), 0);
	start_ns = core.time_ns - start_ns;
	core_down(&core);
	return start_ns;
}

static void four_smmus_are_waited_for_side_by_side(void **state)
{
	uint64_t one;

	(void)state;
	one = time_of_512_pages(1);
	assert_in_range(time_of_512_pages(4), one, one + one / 2);
}

static void a_nested_ticket_waits_for_the_second_sync(void **state)
{
	shadow_ticket_t ticket;

	(void)state;
	core.nested = true;
	core_up(&core);
	assert_true(core_reaches(&core, 0, PAGE + 7));
	core_revoke(&core, PAGE + 7, 1);
	ticket = shadow_flush(core.engine);

	while (model_counters(core.smmu[0].model)->syncs < core_smmu_stats(&core, 0).syncs) {
		if (core_reaches(&core, 0, PAGE + 7))
			assert_false(shadow_complete(core.engine, ticket));
		assert_true(model_step(core.smmu[0].model));
	}
	assert_true(shadow_complete(core.engine, ticket));
	assert_false(core_reaches(&core, 0, PAGE + 7));
}

static void a_grant_of_what_is_invalid_needs_no_command(void **state)
{
	(void)state;
	core.smmu_count = 2;
	core.nested = true;
	core_up(&core);
	core_revoke(&core, PAGE, 40);
	core_finish(&core);
	core_forget(&core);

	core_grant(&core, PAGE + 3, 20);
	core_finish(&core);

	assert_commands(0);
	for (unsigned i = 0; i < 40; i++)
		assert_int_equal(core_reaches(&core, 1, PAGE + i), i >= 3 && i < 23);
}

static void every_smmu_is_rung_before_any_is_waited_for(void **state)
{
	unsigned rung = 0;

	(void)state;
	core.smmu_count = 4;
	core.nested = true;
	core_up(&core);
	core_revoke(&core, PAGE, 1);
	core_finish(&core);

	for (unsigned i = 0; i < core.log_count; i++) {
		if (core.log[i].event == CORE_DOORBELL)
			rung++;
		if (core.log[i].event == CORE_CONS_READ)
			assert_int_equal(rung, 4);
	}
	assert_int_equal(rung, 4);
}

static void one_question_about_a_ticket_reads_each_cons_at_most_once(void **state)
{
	(void)state;
	core.smmu_count = 2;
	core_up(&core);
	split_memory();
	for (unsigned i = 0; i < 5; i++) {
		core_revoke(&core, PAGE + 10 + 2 * i, 1);
		(void)shadow_flush(core.engine);
	}
	for (unsigned i = 0; i < 2; i++)
		model_run(core.smmu[i].model);
	core_forget(&core);

	assert_true(shadow_complete(core.engine, shadow_ticket(core.engine)));

	assert_int_equal(core_count(&core, CORE_CONS_READ, 0), 1);
	assert_int_equal(core_count(&core, CORE_CONS_READ, 1), 1);
}

/* The last page of a table goes, its ticket is outstanding, and another page there is granted: a walk cache
 * may still lead to the old table, where that page is a hole. */
static void a_grant_behind_an_unlinked_table_does_not_fault(void **state)
{
	(void)state;
	core_up(&core);
	core_revoke(&core, PAGE + 513, 510);
	core_revoke(&core, PAGE + 512, 1);
	core_finish(&core);
	assert_true(core_reaches(&core, 0, PAGE + 1023));
	core_revoke(&core, PAGE + 1023, 1);
	(void)shadow_flush(core.engine);

	core_grant(&core, PAGE + 512, 1);
	(void)shadow_flush(core.engine);

	assert_true(core_reaches(&core, 0, PAGE + 512));
	core_finish(&core);
	assert_true(core_reaches(&core, 0, PAGE + 512));
	assert_false(core_reaches(&core, 0, PAGE + 1023));
}

/* The zone's tables were promised to an earlier transition of the batch: that says nothing about walk caches.
 */
static void a_grant_behind_an_unlinked_table_does_not_rely_on_a_promise(void **state)
{
	(void)state;
	core_up(&core);
	core_revoke(&core, PAGE + 512, 511);
	core_finish(&core);
	assert_true(core_reaches(&core, 0, PAGE + 1023));
	core_revoke(&core, PAGE + 1023, 1);
	(void)shadow_flush(core.engine);

	core_revoke(&core, PAGE + 5000, 1);
	core_grant(&core, PAGE + 512, 1);
	(void)shadow_flush(core.engine);

	assert_true(core_reaches(&core, 0, PAGE + 512));
}

/* With a pool for the worst case, what is reserved and not queued yet survives the flush that the grant needs. */
static void a_grant_behind_an_unlinked_table_may_follow_a_reservation(void **state)
{
	struct shadow_transition revoke = core_transition(PAGE + 5000, 1, OWNED, NOPAGE);
	struct shadow_transition grant = core_transition(PAGE + 512, 1, NOPAGE, OWNED);

	(void)state;
	core_up(&core);
	core_revoke(&core, PAGE + 512, 511);
	core_finish(&core);
	core_revoke(&core, PAGE + 1023, 1);
	(void)shadow_flush(core.engine);

	assert_int_equal(shadow_reserve(core.engine, 0, &revoke, CORE_WAIT_NS), 0);
	assert_int_equal(shadow_reserve(core.engine, 0, &grant, CORE_WAIT_NS), 0);
}

/* Tables for MMIO are in no promise: a flush would give them up. */
static void no_flush_gives_up_what_was_set_aside_for_mmio(void **state)
{
	struct shadow_transition mmio = core_transition(5, 1, OWNED, NOPAGE);
	struct shadow_transition grant = core_transition(PAGE, 1, NOPAGE, OWNED);

	(void)state;
	core_up(&core);
	core_revoke(&core, PAGE, 1);
	shadow_trip_end(core.engine, 0);
	assert_int_equal(shadow_reserve(core.engine, 0, &mmio, CORE_WAIT_NS), 0);

	assert_int_equal(shadow_reserve(core.engine, 0, &grant, CORE_WAIT_NS), -SHADOW_EAGAIN);

	assert_true(shadow_queue(core.engine, 0, ++core.number, &mmio));
	assert_int_equal(shadow_reserve(core.engine, 0, &grant, CORE_WAIT_NS), 0);
}

static void a_grant_elsewhere_does_not_wait_for_an_unlinked_table(void **state)
{
	(void)state;
	core_up(&core);
	core_revoke(&core, PAGE + 512, 512);
	core_revoke(&core, PAGE + 2000, 1);
	core_finish(&core);
	core_grant(&core, PAGE + 512, 1);
	core_finish(&core);
	core_revoke(&core, PAGE + 512, 1);
	(void)shadow_flush(core.engine);
	assert_true(core_table_stats(&core).bytes_retired > 0);

	core_grant(&core, PAGE + 2000, 1);

	assert_int_equal(core_stats(&core).flushes_forced, 0);
}

static void without_ranges_each_old_descriptor_is_one_command(void **state)
{
	(void)state;
	core.no_ril = true;
	core_up(&core);
	core_revoke(&core, PAGE + 512, 1);
	core_finish(&core);
	assert_commands(2);
	assert_command(0, 0, CORE_TLBI_S2_IPA | VMID, PAGE << 12 | LEAF);
	core_forget(&core);

	/* Pages and blocks that adjoin stay what they are. */
	core_revoke(&core, PAGE + 1021, 3);
	core_revoke(&core, PAGE + 1024, 1024);
	core_finish(&core);

	assert_commands(6);
	for (unsigned i = 0; i < 3; i++)
		assert_command(0, i, CORE_TLBI_S2_IPA | VMID, (PAGE + 1021 + i) << 12 | LEAF);
	assert_command(0, 3, CORE_TLBI_S2_IPA | VMID, (PAGE + 1024) << 12 | LEAF);
	assert_command(0, 4, CORE_TLBI_S2_IPA | VMID, (PAGE + 1536) << 12 | LEAF);
	assert_command(0, 5, CORE_SYNC, 0);
}

/* ---- collapses ---------------------------------------------------------------------------------------- */

/* A hole is closed again: the block is stored with the grant, its invalidation is owed. */
static void collapse_memory(void)
{
	split_memory();
	core_grant(&core, PAGE + 1, 1);
	core_finish(&core);
	assert_commands(0);
	assert_int_equal(core_table_stats(&core).collapses, 2);
	assert_int_equal(core_table_stats(&core).bytes_retired, 2 * 4096);
	assert_int_equal(core_table_stats(&core).leaves[3], 0);
	core_forget(&core);
}

static void a_collapse_is_invalidated_with_the_next_revoke_anywhere(void **state)
{
	(void)state;
	core_up(&core);
	collapse_memory();

	core_revoke(&core, 0, 1 << 18); /* the first GiB, MMIO */
	core_finish(&core);

	/* Two spans that touch: one command for both, of every level, tables included. */
	assert_commands(2);
	assert_command(0, 0, CORE_TLBI_S2_IPA | VMID | NUM(31) | SCALE(14), TG_4K);
	assert_command(0, 1, CORE_SYNC, 0);
	assert_int_equal(core_table_stats(&core).bytes_retired, 0);
}

static void a_collapse_and_a_revoke_apart_are_a_command_each(void **state)
{
	(void)state;
	core_up(&core);
	collapse_memory();

	core_revoke(&core, UINT64_C(5) << 18, 1 << 18);
	core_finish(&core);

	assert_commands(3);
	assert_command(0, 0, CORE_TLBI_S2_IPA | VMID | NUM(31) | SCALE(13), PAGE << 12 | TG_4K);
	assert_command(0, 1, CORE_TLBI_S2_IPA | VMID | NUM(31) | SCALE(13),
		       UINT64_C(5) << 30 | TG_4K | TTL(1) | LEAF);
	assert_command(0, 2, CORE_SYNC, 0);
}

static void a_revoke_inside_a_collapsed_block_drops_table_pointers_too(void **state)
{
	(void)state;
	core_up(&core);
	for (unsigned i = 0; i < 4; i++)
		assert_true(core_reaches(&core, 0, PAGE + 2 + i));
	collapse_memory();
	assert_true(core_reaches(&core, 0, PAGE + 2));

	core_revoke(&core, PAGE + 2, 1);
	core_finish(&core);

	assert_commands(2);
	assert_command(0, 0, CORE_TLBI_S2_IPA | VMID | NUM(31) | SCALE(13), PAGE << 12 | TG_4K);
	assert_false(core_reaches(&core, 0, PAGE + 2));
	assert_true(core_reaches(&core, 0, PAGE + 3));
}

static void a_forced_flush_gives_collapsed_tables_back(void **state)
{
	(void)state;
	core_up(&core);
	collapse_memory();
	core_revoke(&core, UINT64_C(5) << 18, 1 << 18);
	shadow_trip_end(core.engine, 0);
	core_forget(&core);

	core_grant(&core, UINT64_C(5) << 18, 1); /* its revoke is queued */

	assert_int_equal(core_stats(&core).flushes_forced, 1);
	assert_int_equal(core_table_stats(&core).bytes_retired, 0);
	assert_int_equal(core_count(&core, CORE_DOORBELL, 0), 1);
}

/* ---- the ring ----------------------------------------------------------------------------------------- */

static void a_flush_that_exceeds_the_ring_rings_again_and_says_so(void **state)
{
	(void)state;
	core.no_ril = true;
	core.cmdq_lg2 = 3;
	core_up(&core);
	split_memory();

	core_revoke(&core, PAGE + 10, 20);
	core_finish(&core);

	assert_int_equal(core_count(&core, CORE_COMMAND, 0), 21);
	assert_in_range(core_count(&core, CORE_DOORBELL, 0), 2, 21);
	assert_int_equal(core_smmu_stats(&core, 0).doorbells_extra, core_count(&core, CORE_DOORBELL, 0) - 1);
	for (unsigned i = 0; i < 40; i++)
		assert_int_equal(core_reaches(&core, 0, PAGE + i), i != 1 && (i < 10 || i >= 30));
}

static void a_flush_that_just_fits_rings_once(void **state)
{
	(void)state;
	core.no_ril = true;
	core.nested = true;
	core.cmdq_lg2 = 4;
	core_up(&core);
	split_memory();

	core_revoke(&core, PAGE + 10, 13); /* and SYNC, NH_ALL, SYNC: sixteen */
	core_finish(&core);

	assert_int_equal(core_count(&core, CORE_COMMAND, 0), 16);
	assert_int_equal(core_count(&core, CORE_DOORBELL, 0), 1);
	assert_int_equal(core_smmu_stats(&core, 0).doorbells_extra, 0);
}

static void the_smallest_ring_serves(void **state)
{
	(void)state;
	core.cmdq_lg2 = 2;
	core.nested = true;
	core_up(&core);
	for (unsigned i = 0; i < 10; i++) {
		core_revoke(&core, PAGE + 3 * i, 1);
		core_revoke(&core, PAGE + 3 * i + 1000, 1);
		core_finish(&core);
	}
	for (unsigned i = 0; i < 30; i++)
		assert_int_equal(core_reaches(&core, 0, PAGE + i), i % 3 != 0);
	assert_true(core_smmu_stats(&core, 0).doorbells_extra > 0);
}

static void the_ring_wraps_many_times(void **state)
{
	(void)state;
	core.cmdq_lg2 = 3;
	core_up(&core);
	for (unsigned i = 0; i < 100; i++) {
		assert_true(core_reaches(&core, 0, PAGE + i));
		core_revoke(&core, PAGE + i, 1);
		core_finish(&core);
		assert_false(core_reaches(&core, 0, PAGE + i));
	}
	assert_int_equal(core_smmu_stats(&core, 0).doorbells_extra, 0);
	assert_int_equal(core_count(&core, CORE_DOORBELL, 0), 100);
}

static void spans_that_do_not_fit_become_the_whole_vmid(void **state)
{
	(void)state;
	core.queue_slots = 2;
	core_up(&core);
	/* Every second page of a stretch goes, then the stretch: a span for each page that is left. */
	for (unsigned i = 0; i < 200; i++) {
		core_revoke(&core, PAGE + 2 * i, 1);
		if (i % 2)
			core_finish(&core);
	}
	core_forget(&core);

	for (unsigned i = 1; i < 400; i += 2)
		assert_true(core_reaches(&core, 0, PAGE + i));
	core_revoke(&core, PAGE, 400);
	core_finish(&core);

	assert_commands(2);
	assert_command(0, 0, CORE_TLBI_S12_VMALL | VMID, 0);
	for (unsigned i = 0; i < 400; i++)
		assert_false(core_reaches(&core, 0, PAGE + i));

	/* That was for once. */
	core_forget(&core);
	core_revoke(&core, PAGE + 500, 1);
	core_finish(&core);
	assert_commands(2);
	assert_command(0, 0, CORE_TLBI_S2_IPA | VMID, (PAGE + 500) << 12 | TG_4K | TTL(3) | LEAF);
}

/* Both stages in one command: there is no second step. */
static void the_whole_vmid_is_one_step_when_nested(void **state)
{
	(void)state;
	core.nested = true;
	core.smmu_count = 2;
	core.smmu_differs = cheap_vmid;
	core_up(&core);
	split_memory();
	assert_true(core_reaches(&core, 0, PAGE + 7));
	assert_true(core_reaches(&core, 1, PAGE + 100));

	core_revoke(&core, PAGE + 7, 1);
	core_revoke(&core, PAGE + 100, 1);
	core_finish(&core);

	assert_commands(2);
	for (unsigned smmu = 0; smmu < 2; smmu++) {
		assert_command(smmu, 0, CORE_TLBI_S12_VMALL | VMID, 0);
		assert_command(smmu, 1, CORE_SYNC, 0);
		assert_false(core_reaches(&core, smmu, PAGE + 7));
		assert_false(core_reaches(&core, smmu, PAGE + 100));
	}
}

static void the_statistics_count_what_was_published(void **state)
{
	struct shadow_smmu_stats before, after;

	(void)state;
	core.nested = true;
	core_up(&core);
	before = core_smmu_stats(&core, 0);
	for (unsigned i = 0; i < 7; i++) {
		core_revoke(&core, PAGE + 5 * i, 1);
		core_finish(&core);
	}
	after = core_smmu_stats(&core, 0);

	assert_int_equal(after.tlbi - before.tlbi, 14);
	assert_int_equal(after.syncs - before.syncs, 14);
	assert_int_equal(after.doorbells - before.doorbells, 7);
	assert_int_equal(after.cfgi, before.cfgi);
	assert_int_equal(core_count(&core, CORE_COMMAND, 0), 28);
	assert_int_equal(model_counters(core.smmu[0].model)->tlbi, after.tlbi);
	assert_int_equal(model_counters(core.smmu[0].model)->syncs, after.syncs);
	assert_false(after.closed);
}

static void a_target_without_an_smmu_completes_at_once(void **state)
{
	(void)state;
	core.smmu_count = 0;
	core_up(&core);
	core_revoke(&core, PAGE, 1);
	core_finish(&core);
	core_revoke(&core, PAGE, 3);
	core_finish(&core);
	assert_true(shadow_complete(core.engine, shadow_ticket(core.engine)));
}

/* ---- failures ----------------------------------------------------------------------------------------- */

static bool was_reported(enum platform_report what)
{
	for (unsigned i = 0; i < core.report_count; i++)
		if (core.reports[i].what == what)
			return true;
	return false;
}

static uint64_t next_position(unsigned smmu)
{
	return model_counters(core.smmu[smmu].model)->commands;
}

static void a_refused_invalidation_is_covered_by_a_wider_one(void **state)
{
	(void)state;
	core_up(&core);
	for (unsigned i = 0; i < 4; i++)
		assert_true(core_reaches(&core, 0, PAGE + i));
	model_inject_cerror(core.smmu[0].model, next_position(0), 1);
	core_revoke(&core, PAGE, 2);
	core_finish(&core);

	assert_int_equal(core_smmu_stats(&core, 0).commands_repaired, 1);
	assert_true(was_reported(PLATFORM_REPORT_COMMAND_ERROR));
	assert_false(core_reaches(&core, 0, PAGE));
	assert_false(core_reaches(&core, 0, PAGE + 1));
	assert_true(core_reaches(&core, 0, PAGE + 2));
	assert_false(core_smmu_stats(&core, 0).closed);
}

static void an_smmu_that_fails_is_shut_and_the_others_go_on(void **state)
{
	(void)state;
	core.smmu_count = 3;
	core_up(&core);
	for (unsigned i = 0; i < 3; i++)
		assert_true(core_reaches(&core, i, PAGE));
	model_inject_cerror(core.smmu[1].model, next_position(1), 2); /* the fetch aborts */
	core_revoke(&core, PAGE, 1);
	core_finish(&core);

	assert_true(was_reported(PLATFORM_REPORT_SMMU_CLOSED));
	assert_true(core_smmu_stats(&core, 1).closed);
	assert_false(core_smmu_stats(&core, 0).closed);
	for (unsigned i = 0; i < 3; i++)
		assert_false(core_reaches(&core, i, PAGE));
	/* Confirmed: the registers say so, and nothing gets through any more. */
	assert_int_equal(model_read32(core.smmu[1].model, 0x44) >> 20 & 0x801, 1);
	assert_int_equal(model_read32(core.smmu[1].model, 0x24) & 1, 0);
	assert_int_equal(model_dma(core.smmu[1].model, CORE_SID, (PAGE + 5) << 12, false).fault, MODEL_ABORT);
	assert_true(core_reaches(&core, 0, PAGE + 5));

	core_forget(&core);
	core_revoke(&core, PAGE + 5, 1);
	core_finish(&core);
	assert_int_equal(core_count(&core, CORE_DOORBELL, 1), 0);
	assert_int_equal(core_count(&core, CORE_DOORBELL, 0), 1);
	assert_false(core_reaches(&core, 2, PAGE + 5));
}

static void an_smmu_in_service_failure_mode_is_shut(void **state)
{
	(void)state;
	core_up(&core);
	core.smmu[0].stalled = true;
	core_revoke(&core, PAGE, 1);
	(void)shadow_flush(core.engine);
	assert_false(shadow_complete(core.engine, (shadow_ticket_t){ 1 }));
	model_raise_gerror(core.smmu[0].model, 1u << 8);
	core.smmu[0].stalled = false;

	assert_int_equal(shadow_wait(core.engine, (shadow_ticket_t){ 1 }, CORE_WAIT_NS), 0);
	assert_true(core_smmu_stats(&core, 0).closed);
	assert_int_equal(model_dma(core.smmu[0].model, CORE_SID, PAGE << 12, false).fault, MODEL_ABORT);
}

static void without_a_confirmed_abort_no_ticket_completes_any_more(void **state)
{
	(void)state;
	core.smmu_count = 2;
	core_up(&core);
	assert_true(core_reaches(&core, 1, PAGE));
	model_inject_cerror(core.smmu[1].model, next_position(1), 2);
	core_revoke(&core, PAGE, 1);
	(void)shadow_flush(core.engine);
	model_run(core.smmu[0].model);
	model_run(core.smmu[1].model);
	model_stall_registers(core.smmu[1].model, true);

	assert_int_equal(shadow_wait(core.engine, (shadow_ticket_t){ 1 }, CORE_WAIT_NS), -SHADOW_EIO);

	assert_true(was_reported(PLATFORM_REPORT_ISOLATION_LOST));
	assert_false(was_reported(PLATFORM_REPORT_SMMU_CLOSED));
	assert_true(core_smmu_stats(&core, 1).isolation_lost);
	assert_false(core_smmu_stats(&core, 1).closed);
	assert_false(core_smmu_stats(&core, 0).isolation_lost);
	for (unsigned i = 0; i < 3; i++) {
		assert_false(shadow_complete(core.engine, (shadow_ticket_t){ 1 }));
		assert_int_equal(shadow_wait(core.engine, (shadow_ticket_t){ 1 }, CORE_WAIT_NS), -SHADOW_EIO);
	}
	/* Nor does anything later, even should the SMMU come back. */
	model_stall_registers(core.smmu[1].model, false);
	core_revoke(&core, PAGE + 9, 1);
	(void)shadow_flush(core.engine);
	assert_int_equal(shadow_wait(core.engine, shadow_ticket(core.engine), CORE_WAIT_NS), -SHADOW_EIO);
	assert_int_equal(core.report_count, 1);
}

static void the_tables_of_an_unconfirmed_revoke_stay_quarantined(void **state)
{
	(void)state;
	core_up(&core);
	split_memory();
	core_revoke(&core, PAGE, 1 << 18);
	model_inject_cerror(core.smmu[0].model, next_position(0), 2);
	(void)shadow_flush(core.engine);
	model_run(core.smmu[0].model);
	model_stall_registers(core.smmu[0].model, true);
	assert_int_equal(shadow_wait(core.engine, shadow_ticket(core.engine), CORE_WAIT_NS), -SHADOW_EIO);
	assert_int_equal(core_table_stats(&core).bytes_retired, 2 * 4096);
}

static void a_queue_that_stands_still_while_room_is_needed_is_shut(void **state)
{
	(void)state;
	core.no_ril = true;
	core.cmdq_lg2 = 3;
	core.smmu_count = 2;
	core_up(&core);
	split_memory();
	assert_true(core_reaches(&core, 1, PAGE + 12));
	model_stall_commands(core.smmu[0].model, true);

	core_revoke(&core, PAGE + 10, 20);
	core_finish(&core);

	assert_true(core_smmu_stats(&core, 0).closed);
	assert_false(core_smmu_stats(&core, 1).closed);
	assert_int_equal(model_dma(core.smmu[0].model, CORE_SID, (PAGE + 12) << 12, false).fault,
			 MODEL_ABORT);
	assert_false(core_reaches(&core, 1, PAGE + 12));
}

/* ---- streams and bring-up ----------------------------------------------------------------------------- */

static void a_nested_stream_takes_the_host_s_stage_1_and_nothing_else(void **state)
{
	uint64_t context = UINT64_C(0x80001000), ste[8];
	/* Context descriptor, S1CDMax 1, and what the host must not decide: bypass, full ATS. */
	uint64_t stage1[2] = { UINT64_C(1) << 59 | context | 4 << 1, UINT64_C(1) << 28 | UINT64_C(2) };

	(void)state;
	core.nested = true;
	core_up(&core);
	assert_int_equal(shadow_smmu_stream_nested(core.smmu[0].smmu, CORE_SID + 1, stage1), 0);

	shadow_smmu_ste(core.smmu[0].smmu, CORE_SID + 1, ste);
	assert_int_equal(ste[0], UINT64_C(1) << 59 | context | 7 << 1 | 1);
	assert_int_equal(ste[1] & 3, 2);
	assert_int_equal(ste[1] >> 28 & 3, 0);
}

static void a_stream_has_a_stage_1_only_on_a_nested_smmu(void **state)
{
	uint64_t stage1[2] = { 0, 0 };

	(void)state;
	core_up(&core);

	assert_int_equal(shadow_smmu_stream_nested(core.smmu[0].smmu, CORE_SID + 1, stage1), -SHADOW_EINVAL);
}

static void a_stream_s_entry_says_what_the_table_is(void **state)
{
	struct model_config config = { 0 };
	struct model_stage2 stage2;
	uint64_t ste[8];

	(void)state;
	core.nested = true;
	core_up(&core);
	model_config_default(&config);
	config.s1p = true;
	shadow_smmu_ste(core.smmu[0].smmu, CORE_SID, ste);
	stage2 = model_decode_ste(ste, &config);

	assert_true(stage2.valid);
	assert_true(stage2.nested);
	assert_true(stage2.record);
	assert_int_equal(stage2.vmid, CORE_VMID);
	assert_int_equal(stage2.ia_bits, CORE_IA_BITS);
	assert_int_equal(stage2.start_level, 1);
	assert_int_equal(stage2.ttb, CORE_POOL_PA);
	assert_int_equal(stage2.granule_lg2, 12);
}

static void a_stream_of_a_live_target_works_at_once(void **state)
{
	(void)state;
	core_up(&core);
	assert_int_equal(model_dma(core.smmu[0].model, CORE_SID + 1, PAGE << 12, false).fault, MODEL_ABORT);
	assert_int_equal(shadow_smmu_stream(core.smmu[0].smmu, CORE_SID + 1), 0);
	assert_int_equal(model_dma(core.smmu[0].model, CORE_SID + 1, PAGE << 12, false).fault, MODEL_OK);
}

static void a_stream_beyond_the_table_is_refused(void **state)
{
	(void)state;
	core_up_to_snapshot(&core);
	assert_int_equal(shadow_smmu_stream(core.smmu[0].smmu, 64), -SHADOW_EINVAL);
	assert_int_equal(shadow_smmu_stream(core.smmu[0].smmu, UINT32_MAX), -SHADOW_EINVAL);
	assert_int_equal(shadow_smmu_stream(core.smmu[0].smmu, 63), 0);
}

static void more_streams_than_there_is_place_for_are_refused(void **state)
{
	int error = 0;
	unsigned count = 0;

	(void)state;
	core.smmu_count = 5;
	core_up_to_snapshot(&core); /* one stream on each */
	for (; count < 5 * 64 && !error; count++)
		if (count % 64 != CORE_SID)
			error = shadow_smmu_stream(core.smmu[count / 64].smmu, count % 64);
	assert_int_equal(error, -SHADOW_ENOSPC);
	assert_int_equal(load_relaxed_u32(&smmu_target_of(core.target)->stream_count), SHADOW_STREAMS_MAX);
}

/* Words that an aborting entry does not use, and then the rest: no stream has a turn of its own. */
static void many_streams_are_let_in_at_once(void **state)
{
	struct shadow_smmu_stats before, after;

	(void)state;
	core_up_to_snapshot(&core);
	for (uint32_t sid = 0; sid < 32; sid++)
		if (sid != CORE_SID)
			assert_int_equal(shadow_smmu_stream(core.smmu[0].smmu, sid), 0);
	shadow_smmu_stats(core.smmu[0].smmu, &before);

	assert_int_equal(shadow_snapshot(core.engine, &core.host), 0);

	shadow_smmu_stats(core.smmu[0].smmu, &after);
	assert_int_equal(after.cfgi - before.cfgi, 2);
	assert_int_equal(after.syncs - before.syncs, 2);
	for (uint32_t sid = 0; sid < 32; sid++)
		assert_int_equal(model_dma(core.smmu[0].model, sid, PAGE << 12, false).fault, MODEL_OK);
	assert_int_equal(model_dma(core.smmu[0].model, 32, PAGE << 12, false).fault, MODEL_ABORT);
}

/* The SMMU never says that it has dropped its copies of the entries; by then a stream is in use. */
static void stall_once_a_stream_is_live(void *ctx)
{
	struct core *stalling = ctx;
	struct model *model = stalling->smmu[0].model;

	if (!model_dma(model, CORE_SID, PAGE << 12, false).fault)
		model_stall_commands(model, true);
	core_relax(stalling);
}

static void a_stream_that_was_let_in_is_shut_out_when_the_snapshot_fails(void **state)
{
	(void)state;
	core_up_to_snapshot(&core);
	assert_int_equal(shadow_smmu_stream(core.smmu[0].smmu, CORE_SID + 1), 0);
	platform_linux_set_relax(stall_once_a_stream_is_live, &core);

	assert_int_equal(shadow_snapshot(core.engine, &core.host), -SHADOW_ETIMEDOUT);

	platform_linux_set_relax(core_relax, &core);
	model_stall_commands(core.smmu[0].model, false);
	assert_int_equal(model_dma(core.smmu[0].model, CORE_SID, PAGE << 12, false).fault, MODEL_ABORT);
	assert_int_equal(model_dma(core.smmu[0].model, CORE_SID + 1, PAGE << 12, false).fault, MODEL_ABORT);
}

static void stall_registers_too_once_a_stream_is_live(void *ctx)
{
	struct model *model = core.smmu[0].model;

	if (!model_dma(model, CORE_SID, PAGE << 12, false).fault)
		model_stall_registers(model, true);
	if (!model_dma(model, CORE_SID, PAGE << 12, false).fault)
		model_stall_commands(model, true);
	core_relax(ctx);
}

static void no_wait_succeeds_when_a_failed_snapshot_lost_isolation(void **state)
{
	(void)state;
	core_up_to_snapshot(&core);
	assert_int_equal(shadow_smmu_stream(core.smmu[0].smmu, CORE_SID + 1), 0);
	platform_linux_set_relax(stall_registers_too_once_a_stream_is_live, &core);

	assert_int_equal(shadow_snapshot(core.engine, &core.host), -SHADOW_ETIMEDOUT);

	assert_true(was_reported(PLATFORM_REPORT_ISOLATION_LOST));
	core_revoke(&core, PAGE, 1);
	assert_int_equal(shadow_wait(core.engine, shadow_flush(core.engine), CORE_WAIT_NS), -SHADOW_EIO);
	assert_false(shadow_complete(core.engine, shadow_ticket(core.engine)));
}

static void a_stream_is_taken_once(void **state)
{
	(void)state;
	core_up(&core);
	core_forget(&core);

	assert_int_equal(shadow_smmu_stream(core.smmu[0].smmu, CORE_SID), -SHADOW_EBUSY);

	assert_int_equal(core_count(&core, CORE_DOORBELL, 0), 0);
	assert_int_equal(shadow_smmu_stream(core.smmu[0].smmu, CORE_SID + 1), 0);
}

static void a_stream_that_could_not_be_let_in_may_be_tried_again(void **state)
{
	(void)state;
	core_up(&core);
	core.smmu[0].stalled = true;
	assert_int_equal(shadow_smmu_stream(core.smmu[0].smmu, CORE_SID + 1), -SHADOW_ETIMEDOUT);
	core.smmu[0].stalled = false;

	assert_int_equal(shadow_smmu_stream(core.smmu[0].smmu, CORE_SID + 1), 0);

	assert_int_equal(model_dma(core.smmu[0].model, CORE_SID + 1, PAGE << 12, false).fault, MODEL_OK);
}

static void an_smmu_is_attached_once(void **state)
{
	struct shadow_smmu_config config;
	struct shadow_smmu *smmu = NULL;

	(void)state;
	core_up_to_snapshot(&core);
	config = core_smmu_config(&core, 0);
	assert_int_equal(shadow_smmu_attach(core.target, &config, &smmu), -SHADOW_EBUSY);
	assert_null(smmu);
}

static void no_smmu_joins_a_live_target(void **state)
{
	struct shadow_smmu_config config;
	struct shadow_smmu *smmu = NULL;

	(void)state;
	core_up(&core);
	config = core_smmu_config(&core, 0);
	assert_int_equal(shadow_smmu_attach(core.target, &config, &smmu), -SHADOW_EBUSY);
	assert_null(smmu);
}

static void a_target_has_room_for_so_many_smmus(void **state)
{
	struct shadow_smmu_config config;
	struct shadow_smmu *smmu = NULL;

	(void)state;
	core.pool_bytes = 4 << 20;
	core_engine_up(&core);
	core_target_up(&core);
	core_model_up(&core, 0);
	config = core_smmu_config(&core, 0);
	/* As if the others were attached: only the count matters here. */
	smmu_target_of(core.target)->smmu_count = SHADOW_SMMUS_MAX - 1;
	assert_int_equal(shadow_smmu_attach(core.target, &config, &smmu), 0);
	config.registers++;
	assert_int_equal(shadow_smmu_attach(core.target, &config, &smmu), -SHADOW_ENOSPC);
}

static void a_wide_vmid_needs_an_smmu_that_has_it(void **state)
{
	struct shadow_smmu_target_config config = core_target_config(&core);
	struct shadow_smmu_config smmu_config;
	struct model_config model = { 0 };
	struct shadow_smmu *smmu = NULL;

	(void)state;
	core_target_up(&core);
	core_model_up(&core, 0);
	model_free(core.smmu[0].model);
	model_config_default(&model);
	model.vmid16 = false;
	model.memory = (struct model_memory){ &core, core_pa_read, core_pa_write };
	core.smmu[0].model = model_new(&model);
	smmu_config = core_smmu_config(&core, 0);
	config.pool = core.pool;
	config.vmid = 256;
	memset(core.target_memory, 0, core.target_bytes);
	assert_int_equal(
		shadow_smmu_target_init(core.target_memory, core.target_bytes, &config, &core.target), 0);

	assert_int_equal(shadow_smmu_attach(core.target, &smmu_config, &smmu), -SHADOW_ENODEV);

	config.vmid = 255;
	memset(core.target_memory, 0, core.target_bytes);
	assert_int_equal(
		shadow_smmu_target_init(core.target_memory, core.target_bytes, &config, &core.target), 0);
	assert_int_equal(shadow_smmu_attach(core.target, &smmu_config, &smmu), 0);
}

static int attach_with_oas(unsigned oas_bits)
{
	struct shadow_smmu_config smmu_config;
	struct model_config model = { 0 };
	struct shadow_smmu *smmu;

	model_free(core.smmu[0].model);
	model_config_default(&model);
	model.oas_bits = oas_bits;
	model.memory = (struct model_memory){ &core, core_pa_read, core_pa_write };
	core.smmu[0].model = model_new(&model);
	smmu_config = core_smmu_config(&core, 0);
	return shadow_smmu_attach(core.target, &smmu_config, &smmu);
}

/* Its entries would be illegal, or lead to tables out of its reach: every device would fault. */
static void an_smmu_that_cannot_address_the_space_or_the_pool_is_refused(void **state)
{
	(void)state;
	core_target_up(&core);
	core_model_up(&core, 0);
	assert_true(CORE_POOL_PA >> 44 && CORE_IA_BITS < 44);
	assert_int_equal(attach_with_oas(44), -SHADOW_ENODEV);
	assert_int_equal(attach_with_oas(48), 0);
}

static void an_smmu_of_fewer_address_bits_than_the_map_is_refused(void **state)
{
	struct shadow_smmu_target_config config;

	(void)state;
	core_target_up(&core);
	core_model_up(&core, 0);
	config = core_target_config(&core);
	config.pool = core.pool;
	config.pool.base.addr = CORE_GIB;
	memset(core.target_memory, 0, core.target_bytes);
	assert_int_equal(
		shadow_smmu_target_init(core.target_memory, core.target_bytes, &config, &core.target), 0);
	assert_int_equal(attach_with_oas(32), -SHADOW_ENODEV);
}

static void a_target_of_another_size_than_the_engine_is_refused(void **state)
{
	(void)state;
	core_target_up(&core);
	core.map.ia_bits = CORE_IA_BITS + 4;
	core_engine_up(&core);
	assert_int_equal(shadow_engine_register(core.engine, core.target), -SHADOW_EINVAL);
	core.map.ia_bits = CORE_IA_BITS;
}

static void a_bad_configuration_makes_no_target(void **state)
{
	struct shadow_smmu_target_config good, bad;
	struct shadow_target *target = NULL;
	size_t bytes;
	void *memory;

	(void)state;
	core_target_up(&core);
	good = core_target_config(&core);
	good.pool = core.pool;
	bytes = shadow_smmu_target_bytes(&good);
	memory = core_alloc(bytes);

	for (unsigned i = 0; i < 11; i++) {
		bad = good;
		bad.region_count = i == 10 ? SHADOW_REGIONS_MAX + 1 : good.region_count;
		bad.bbml = i == 1 ? 3 : good.bbml;
		bad.map.granule_lg2 = i == 0 ? 13 : good.map.granule_lg2;
		bad.start = i == 8 ? SHADOW_START_SINGLE + 2 : good.start;
		bad.collapse = i == 9 ? SHADOW_COLLAPSE_NEVER + 1 : good.collapse;
		bad.runs_max = i == 2 ? 0 : good.runs_max;
		bad.pool.base.addr += i == 3 ? 0x1000 : 0;
		bad.map.ia_bits = i == 4 ? SHADOW_IA_BITS_MIN - 1 :
				  i == 5 ? SHADOW_IA_BITS_MAX + 1 :
					   good.map.ia_bits;
		bad.pool.base.addr = i == 6 ? UINT64_C(1) << 48 : bad.pool.base.addr;
		bad.pool.bytes -= i == 7 ? 0x800 : 0;
		if (i != 7)
			assert_int_equal(shadow_smmu_target_bytes(&bad), 0);
		assert_int_equal(shadow_smmu_target_init(memory, bytes, &bad, &target), -SHADOW_EINVAL);
	}
	assert_int_equal(shadow_smmu_target_init((char *)memory + 8, bytes, &good, &target), -SHADOW_EINVAL);
	assert_int_equal(shadow_smmu_target_init(memory, bytes - 1, &good, &target), -SHADOW_ENOMEM);
	good.pool.bytes = 0;
	assert_int_equal(shadow_smmu_target_init(memory, bytes, &good, &target), -SHADOW_ENOMEM);
	assert_null(target);
	platform_linux_free(memory, bytes);
}

/* ---- the size of the pool ----------------------------------------------------------------------------- */

static struct shadow_range random_piece(uint64_t *seed, uint64_t from, uint64_t top)
{
	static const uint64_t units[] = { 0x1000, 0x200000, CORE_GIB };
	uint64_t unit = units[seeded_below(seed, 3)];
	uint64_t start = (from + seeded_below(seed, 3 * unit + CORE_GIB)) & ~(unit - 1);
	uint64_t end = start + (1 + seeded_below(seed, 5)) * units[seeded_below(seed, 3)];

	if (start < from)
		start = from;
	return (struct shadow_range){ start, end < top ? end : top };
}

static void a_pool_of_the_size_said_holds_the_worst_case_and_all_queues(void **state)
{
	static struct pgtable_page pages[1];
	uint64_t seed = seeded_start();

	(void)state;
	for (unsigned round = 0; round < 3000; round++) {
		struct shadow_range memory[4], reserved[3];
		uint64_t top, at = 0, bytes;
		struct shadow_smmu_target_config config = { .bbml = 2, .runs_max = 1 };
		struct shadow_smmu_config smmus[3];
		unsigned smmu_count = (unsigned)seeded_below(&seed, 4);
		struct pgtable pgtable;
		struct tlbi_spans spans;

		config.map.ia_bits = 32 + (unsigned)seeded_below(&seed, 12);
		top = UINT64_C(1) << config.map.ia_bits;
		config.map.memory = memory;
		config.map.reserved = reserved;
		while (config.map.memory_count < 4) {
			struct shadow_range piece = random_piece(&seed, at, top);

			if (piece.start >= piece.end)
				break;
			memory[config.map.memory_count++] = piece;
			at = piece.end;
		}
		for (unsigned i = 0; i < seeded_below(&seed, 4); i++) {
			reserved[config.map.reserved_count] =
				random_piece(&seed, seeded_below(&seed, top), top);
			if (reserved[config.map.reserved_count].start <
			    reserved[config.map.reserved_count].end)
				config.map.reserved_count++;
			if (config.map.reserved_count == 3)
				break;
		}
		for (unsigned i = 0; i < smmu_count; i++)
			smmus[i] = (struct shadow_smmu_config){
				.cmdq_lg2 = 2 + (unsigned)seeded_below(&seed, 18),
				.evtq_lg2 = 2 + (unsigned)seeded_below(&seed, 18),
				.sid_bits = (unsigned)seeded_below(&seed, 20)
			};
		/* Around a GiB boundary, so that growing by a little cuts one more. */
		config.pool.base.addr =
			CORE_GIB * (1 + seeded_below(&seed, 8)) - 0x200000 * seeded_below(&seed, 8);

		bytes = shadow_smmu_pool_bytes(&config, smmus, smmu_count);

		assert_true(bytes > 0);
		assert_int_equal(bytes % 0x200000, 0);
		config.pool.bytes = bytes;
		memset(&spans, 0, sizeof(spans));
		memset(pages, 0, sizeof(pages));
		assert_int_equal(pgtable_init(&pgtable, &config, pages, NULL, &spans), 0);
		for (unsigned i = 0; i < smmu_count; i++) {
			uint64_t parts[] = { smmu_cmdq_bytes(&smmus[i]), smmu_strtab_bytes(&smmus[i]),
					     smmu_evtq_bytes(&smmus[i]) };

			for (unsigned part = 0; part < 3; part++) {
				shadow_pa_t pa;

				assert_non_null(pgtable_carve(&pgtable, parts[part], &pa));
				assert_int_equal(pa.addr & (parts[part] - 1), 0);
			}
		}
		if (pgtable.limit < pgtable_tables_max(&config, bytes))
			fail_msg("round %u: %u pages for %llu tables", round, pgtable.limit,
				 (unsigned long long)pgtable_tables_max(&config, bytes));
	}
}

static void a_queue_that_no_smmu_has_needs_no_pool(void **state)
{
	struct shadow_smmu_target_config config = core_target_config(&core);
	struct shadow_smmu_config good = core_smmu_config(&core, 0), bad;

	(void)state;
	good.wait_ns = 0;
	assert_true(shadow_smmu_pool_bytes(&config, &good, 1) > 0);
	for (unsigned i = 0; i < 5; i++) {
		bad = good;
		bad.cmdq_lg2 = i == 0 ? 1 : i == 1 ? 20 : good.cmdq_lg2;
		bad.evtq_lg2 = i == 2 ? 1 : i == 3 ? 64 : good.evtq_lg2;
		bad.sid_bits = i == 4 ? 33 : good.sid_bits;
		assert_int_equal(shadow_smmu_pool_bytes(&config, &bad, 1), 0);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_page_is_one_command_and_one_sync_on_every_smmu),
		TEST(a_split_names_the_whole_old_block),
		TEST(a_nested_stream_takes_the_host_s_stage_1_and_nothing_else),
		TEST(a_stream_has_a_stage_1_only_on_a_nested_smmu),
		TEST(a_nested_smmu_drops_stage_1_after_stage_2_is_gone),
		TEST(five_hundred_pages_on_four_nested_smmus_are_eight_syncs),
		TEST(four_smmus_are_waited_for_side_by_side),
		TEST(a_nested_ticket_waits_for_the_second_sync),
		TEST(a_grant_of_what_is_invalid_needs_no_command),
		TEST(every_smmu_is_rung_before_any_is_waited_for),
		TEST(one_question_about_a_ticket_reads_each_cons_at_most_once),
		TEST(a_grant_behind_an_unlinked_table_does_not_fault),
		TEST(a_grant_behind_an_unlinked_table_does_not_rely_on_a_promise),
		TEST(a_grant_behind_an_unlinked_table_may_follow_a_reservation),
		TEST(no_flush_gives_up_what_was_set_aside_for_mmio),
		TEST(a_grant_elsewhere_does_not_wait_for_an_unlinked_table),
		TEST(without_ranges_each_old_descriptor_is_one_command),
		TEST(a_collapse_is_invalidated_with_the_next_revoke_anywhere),
		TEST(a_collapse_and_a_revoke_apart_are_a_command_each),
		TEST(a_revoke_inside_a_collapsed_block_drops_table_pointers_too),
		TEST(a_forced_flush_gives_collapsed_tables_back),
		TEST(a_flush_that_exceeds_the_ring_rings_again_and_says_so),
		TEST(a_flush_that_just_fits_rings_once),
		TEST(the_smallest_ring_serves),
		TEST(the_ring_wraps_many_times),
		TEST(spans_that_do_not_fit_become_the_whole_vmid),
		TEST(the_whole_vmid_is_one_step_when_nested),
		TEST(the_statistics_count_what_was_published),
		TEST(a_target_without_an_smmu_completes_at_once),
		TEST(a_refused_invalidation_is_covered_by_a_wider_one),
		TEST(an_smmu_that_fails_is_shut_and_the_others_go_on),
		TEST(an_smmu_in_service_failure_mode_is_shut),
		TEST(without_a_confirmed_abort_no_ticket_completes_any_more),
		TEST(the_tables_of_an_unconfirmed_revoke_stay_quarantined),
		TEST(a_queue_that_stands_still_while_room_is_needed_is_shut),
		TEST(a_stream_s_entry_says_what_the_table_is),
		TEST(a_stream_of_a_live_target_works_at_once),
		TEST(a_stream_beyond_the_table_is_refused),
		TEST(more_streams_than_there_is_place_for_are_refused),
		TEST(many_streams_are_let_in_at_once),
		TEST(a_stream_that_was_let_in_is_shut_out_when_the_snapshot_fails),
		TEST(no_wait_succeeds_when_a_failed_snapshot_lost_isolation),
		TEST(a_stream_is_taken_once),
		TEST(a_stream_that_could_not_be_let_in_may_be_tried_again),
		TEST(an_smmu_is_attached_once),
		TEST(no_smmu_joins_a_live_target),
		TEST(a_target_has_room_for_so_many_smmus),
		TEST(a_wide_vmid_needs_an_smmu_that_has_it),
		TEST(an_smmu_that_cannot_address_the_space_or_the_pool_is_refused),
		TEST(an_smmu_of_fewer_address_bits_than_the_map_is_refused),
		TEST(a_target_of_another_size_than_the_engine_is_refused),
		TEST(a_bad_configuration_makes_no_target),
		TEST(a_pool_of_the_size_said_holds_the_worst_case_and_all_queues),
		TEST(a_queue_that_no_smmu_has_needs_no_pool),
	};

	return cmocka_run_group_tests_name("target", tests, NULL, NULL);
}
