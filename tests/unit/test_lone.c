/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_lone.c - the short way of a flush of one page, and what keeps a flush from it.
 *
 * Each page that is changed lies in a table that has a hole already, so that nothing is cut or collapsed unless a
 * test is about that. That the short way was taken shows in what it leaves promised.
 */
#include "core_rig.h"

#include "engine/engine.h"
#include "smmuv3/target.h"

#define PAGE  CORE_MEMORY_PAGE
#define HOLE  (PAGE + 7)
#define LONE  (PAGE + 64)
#define OTHER (PAGE + 512) /* first page of the next table */
#define FAR   (PAGE + (1u << 18) + 512) /* and of one under another table above, where a test has that memory */

static struct core core;

static int set_up(void **state)
{
	(void)state;
	core_init(&core);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	core_down(&core);
	return 0;
}

/* The table of LONE has a hole, and so has the next one. */
static void up(void)
{
	core_up(&core);
	core_revoke(&core, HOLE, 1);
	core_revoke(&core, OTHER + 7, 1);
	core_finish(&core);
	core_forget(&core);
}

/* Every device uses it, loses it alone, and keeps its neighbours. */
static void revoke_lone(uint64_t page)
{
	for (unsigned i = 0; i < core.smmu_count; i++)
		assert_true(core_reaches(&core, i, page) && core_reaches(&core, i, page + 1));
	core_forget(&core);
	core_revoke(&core, page, 1);
	core_finish(&core);
	for (unsigned i = 0; i < core.smmu_count; i++) {
		assert_false(core_reaches(&core, i, page));
		assert_true(core_reaches(&core, i, page - 1) && core_reaches(&core, i, page + 1));
	}
}

static void assert_opcodes(unsigned smmu, const unsigned *wanted, unsigned count)
{
	assert_int_equal(core_count(&core, CORE_COMMAND, smmu), count);
	for (unsigned i = 0; i < count; i++)
		assert_int_equal(core_opcode(&core, smmu, i), wanted[i]);
}

static const unsigned one_page[] = { CORE_TLBI_S2_IPA, CORE_SYNC };

static bool was_short(void)
{
	return core.target->keeps;
}

/* ---- what it does ------------------------------------------------------------------------------------- */

static void a_lone_revoke_is_one_invalidation_and_a_sync_in_one_doorbell(void **state)
{
	struct shadow_stats before;

	(void)state;
	core.smmu_count = 3;
	up();
	before = core_stats(&core);
	revoke_lone(LONE);
	assert_true(was_short());
	for (unsigned i = 0; i < core.smmu_count; i++) {
		assert_opcodes(i, one_page, 2);
		assert_int_equal(core_count(&core, CORE_DOORBELL, i), 1);
	}
	assert_int_equal(core_stats(&core).flushes, before.flushes + 1);
	assert_int_equal(core_stats(&core).runs, before.runs + 1);
	assert_int_equal(core_stats(&core).slots, before.slots + 1);
	assert_int_equal(core_stats(&core).transitions_access, before.transitions_access + 1);
	assert_int_equal(core_stats(&core).flushes_forced, before.flushes_forced);
}

/* All SMMUs are told before any is waited for. */
static void every_doorbell_is_rung_before_a_look(void **state)
{
	unsigned doorbells = 0;

	(void)state;
	core.smmu_count = 4;
	up();
	revoke_lone(LONE);
	for (unsigned i = 0; i < core.log_count && core.log[i].event != CORE_CONS_READ; i++)
		doorbells += core.log[i].event == CORE_DOORBELL;
	assert_int_equal(doorbells, 4);
}

/* The same command as in a list of several. */
static void the_short_way_says_what_the_long_one_says(void **state)
{
	uint64_t word[2];

	(void)state;
	for (unsigned no_ril = 0; no_ril < 2; no_ril++) {
		core.no_ril = no_ril;
		up();
		revoke_lone(LONE);
		word[0] = core_command(&core, 0, 0)->word[0];
		word[1] = core_command(&core, 0, 0)->word[1];
		core_grant(&core, LONE, 1);
		core_finish(&core);
		core_forget(&core);
		core_revoke(&core, LONE, 1);
		core_revoke(&core, OTHER + 64, 1);
		core_finish(&core);
		assert_int_equal(core_count(&core, CORE_COMMAND, 0), 3);
		assert_int_equal(core_command(&core, 0, 0)->word[0], word[0]);
		assert_int_equal(core_command(&core, 0, 0)->word[1], word[1]);
		core_down(&core);
		core_init(&core);
	}
}

static void a_lone_grant_has_no_command_and_is_in_force_at_once(void **state)
{
	shadow_ticket_t ticket;

	(void)state;
	up();
	revoke_lone(LONE);
	core_forget(&core);
	core_stall(&core, true);
	core_grant(&core, LONE, 1);
	ticket = shadow_flush(core.engine);
	assert_true(was_short());
	assert_int_equal(ticket.number, core.number);
	assert_true(shadow_complete(core.engine, ticket));
	assert_int_equal(shadow_wait(core.engine, ticket, 1), 0);
	assert_int_equal(core.log_count, 0);
	assert_true(core_reaches(&core, 0, LONE));
}

/* Tickets complete in the order of their numbers. */
static void a_lone_grant_behind_a_revoke_waits_for_it(void **state)
{
	shadow_ticket_t revoke, grant;

	(void)state;
	up();
	core_stall(&core, true);
	core_revoke(&core, LONE, 1);
	revoke = shadow_flush(core.engine);
	core_grant(&core, HOLE, 1);
	grant = shadow_flush(core.engine);
	assert_false(shadow_complete(core.engine, grant));
	assert_int_equal(shadow_wait(core.engine, grant, 1000), -SHADOW_ETIMEDOUT);
	assert_false(shadow_complete(core.engine, revoke));
	core_stall(&core, false);
	assert_int_equal(shadow_wait(core.engine, grant, CORE_WAIT_NS), 0);
	assert_true(shadow_complete(core.engine, revoke));
}

static void a_lone_grant_does_not_complete_once_isolation_is_lost(void **state)
{
	(void)state;
	up();
	revoke_lone(LONE);
	store_relaxed_u32(&core.smmu[0].smmu->isolation_lost, 1);
	core_grant(&core, LONE, 1);
	assert_int_equal(shadow_wait(core.engine, shadow_flush(core.engine), CORE_WAIT_NS), -SHADOW_EIO);
}

/* Whoever waits for one of many looks at all SMMUs. */
static void a_ticket_waits_for_the_slowest_smmu(void **state)
{
	shadow_ticket_t ticket;

	(void)state;
	core.smmu_count = 3;
	up();
	for (unsigned slow = 0; slow < core.smmu_count; slow++) {
		core.smmu[slow].stalled = true;
		core_revoke(&core, LONE + slow, 1);
		ticket = shadow_flush(core.engine);
		for (unsigned i = 0; i < core.smmu_count; i++)
			if (i != slow)
				model_run(core.smmu[i].model);
		assert_int_equal(shadow_wait(core.engine, ticket, 1000), -SHADOW_ETIMEDOUT);
		core.smmu[slow].stalled = false;
		assert_int_equal(shadow_wait(core.engine, ticket, CORE_WAIT_NS), 0);
	}
}

/* ---- what keeps a flush from it ----------------------------------------------------------------------- */

static void a_nested_smmu_gets_its_stage_1_step(void **state)
{
	static const unsigned nested[] = { CORE_TLBI_S2_IPA, CORE_SYNC, CORE_TLBI_NH_ALL, CORE_SYNC };

	(void)state;
	core.nested = true;
	up();
	revoke_lone(LONE);
	assert_opcodes(0, nested, 4);
	assert_int_equal(core_command(&core, 0, 2)->word[0] >> 32 & 0xffff, CORE_VMID);
	assert_int_equal(core_count(&core, CORE_DOORBELL, 0), 1);
}

/* The ticket is not complete between the two SYNCs. */
static void a_nested_smmu_is_waited_for_to_its_last_sync(void **state)
{
	shadow_ticket_t ticket;

	(void)state;
	core.nested = true;
	up();
	core_stall(&core, true);
	core_revoke(&core, LONE, 1);
	ticket = shadow_flush(core.engine);
	while (model_read32(core.smmu[0].model, 0x9c) != ((core.smmu[0].prod - 2) & 0x7f))
		model_step(core.smmu[0].model);
	assert_false(shadow_complete(core.engine, ticket));
	core_run_models(&core);
	assert_true(shadow_complete(core.engine, ticket));
}

static void a_whole_vmid_is_cheap(unsigned smmu, struct shadow_smmu_config *config)
{
	(void)smmu;
	config->cost = (struct shadow_tlbi_cost){ .command = 8, .sync = 8, .entry = 1, .table = 1, .vmid = 1,
						  .share = 1 };
}

static void the_whole_vmid_goes_where_that_costs_less(void **state)
{
	static const unsigned whole[] = { CORE_TLBI_S12_VMALL, CORE_SYNC };

	(void)state;
	core.nested = true;
	core.smmu_differs = a_whole_vmid_is_cheap;
	up();
	revoke_lone(LONE);
	assert_opcodes(0, whole, 2);
}

static void an_smmu_that_loses_what_is_said_once_is_told_twice(void **state)
{
	static const unsigned twice[] = { CORE_TLBI_S2_IPA, CORE_SYNC, CORE_TLBI_S2_IPA, CORE_SYNC };

	(void)state;
	core.model_errata = MODEL_ERRATUM_LOSES_FIRST;
	core.errata = SHADOW_ERRATUM_REPEAT;
	up();
	revoke_lone(LONE);
	assert_opcodes(0, twice, 4);
}

static void what_devices_keep_is_invalidated(void **state)
{
	static const unsigned with_ats[] = { CORE_TLBI_S2_IPA, CORE_SYNC, CORE_ATC_INV, CORE_SYNC, CORE_SYNC };

	(void)state;
	core.ats = true;
	up();
	assert_int_equal(shadow_smmu_stream_ats(core.smmu[0].smmu, CORE_SID + 1, NULL), 0);
	revoke_lone(LONE);
	assert_opcodes(0, with_ats, 5);
}

/* A ring of four: two lists fill it. */
static void a_full_ring_is_waited_for(void **state)
{
	(void)state;
	core.cmdq_lg2 = 2;
	up();
	for (unsigned i = 0; i < 5; i++) {
		core_revoke(&core, LONE + i, 1);
		(void)shadow_flush(core.engine);
	}
	assert_true(core.time_ns > 0);
	core_finish(&core);
	for (unsigned i = 0; i < 5; i++)
		assert_false(core_reaches(&core, 0, LONE + i));
	assert_int_equal(core_smmu_stats(&core, 0).failure, SHADOW_SMMU_SOUND);
}

/* More lists than fences are told apart: the oldest keep their own. */
static void an_old_fence_is_not_given_again(void **state)
{
	shadow_ticket_t first, last;

	(void)state;
	up();
	core_stall(&core, true);
	core_revoke(&core, LONE, 1);
	first = last = shadow_flush(core.engine);
	for (unsigned i = 1; i < TARGET_FENCES + 3; i++) {
		core_revoke(&core, LONE + i, 1);
		last = shadow_flush(core.engine);
	}
	/* One list's worth: its two commands and what stands between. */
	for (unsigned steps = 0; steps < 12 && !shadow_complete(core.engine, first); steps++)
		model_step(core.smmu[0].model);
	assert_true(shadow_complete(core.engine, first));
	assert_false(shadow_complete(core.engine, last));
	core_run_models(&core);
	assert_true(shadow_complete(core.engine, last));
}

static void an_smmu_that_is_off_gets_no_command(void **state)
{
	uint64_t tlbi;

	(void)state;
	core.smmu_count = 2;
	up();
	assert_int_equal(shadow_smmu_detach(core.smmu[1].smmu), 0);
	core_forget(&core);
	tlbi = core_smmu_stats(&core, 1).tlbi;
	core_revoke(&core, LONE, 1);
	core_finish(&core);
	assert_opcodes(0, one_page, 2);
	assert_int_equal(core_smmu_stats(&core, 1).tlbi, tlbi);
	assert_false(core_reaches(&core, 0, LONE));
}

/* A grant that needed no command may have left a table that a walk cache still knows. */
static void a_table_that_is_unlinked_goes_with_the_next_page(void **state)
{
	(void)state;
	up();
	core_grant(&core, OTHER + 7, 1);
	core_finish(&core);
	assert_int_equal(core_table_stats(&core).collapses, 1);
	assert_int_equal(core_table_stats(&core).bytes_retired, 4096);
	revoke_lone(LONE);
	assert_int_equal(core_count(&core, CORE_COMMAND, 0), 3);
	assert_int_equal(core_table_stats(&core).bytes_retired, 0);
}

static void a_table_that_is_unlinked_makes_no_grant_long(void **state)
{
	(void)state;
	up();
	core_revoke(&core, LONE, 2);
	core_finish(&core);
	core_grant(&core, OTHER + 7, 1);
	core_finish(&core);
	assert_int_equal(core_table_stats(&core).collapses, 1);
	for (unsigned page = 0; page < 2; page++) {
		core_grant(&core, LONE + page, 1);
		core_finish(&core);
		assert_true(was_short());
	}
	assert_true(core_reaches(&core, 0, LONE) && core_reaches(&core, 0, LONE + 1));
}

static void a_table_that_is_whole_again_is_collapsed_when_policy_says(void **state)
{
	(void)state;
	up();
	core_grant(&core, HOLE, 1);
	core_finish(&core);
	assert_int_equal(core_table_stats(&core).collapses, 1);
	assert_false(was_short());
}

static void a_table_that_waits_holds_no_flush_up_and_does_not_wait_longer(void **state)
{
	(void)state;
	core.collapse = SHADOW_COLLAPSE_PATIENT;
	up();
	core_grant(&core, HOLE, 1);
	core_finish(&core);
	for (unsigned flush = 1; flush < SHADOW_PATIENCE; flush++) {
		flush % 2 ? core_revoke(&core, OTHER + 64, 1) : core_grant(&core, OTHER + 64, 1);
		core_finish(&core);
		assert_true(was_short());
	}
	assert_int_equal(core_table_stats(&core).collapses, 0);
	core_grant(&core, OTHER + 64, 1);
	core_finish(&core);
	assert_int_equal(core_table_stats(&core).collapses, 1);
}

/* Tables of pages under two tables above them: the cursor goes from one to the other, and nothing else does. */
static void pages_far_from_each_other_go_the_short_way(void **state)
{
	(void)state;
	core.memory[0].end = 3 * CORE_GIB;
	up();
	core_revoke(&core, FAR + 7, 1);
	core_finish(&core);
	for (unsigned i = 0; i < 3; i++) {
		revoke_lone(LONE + 2 * i);
		assert_true(was_short());
		revoke_lone(FAR + 64 + 2 * i);
		assert_true(was_short());
	}
	core_grant(&core, LONE, 1);
	core_finish(&core);
	assert_true(was_short() && core_reaches(&core, 0, LONE));
}

/* Of a batch whose last run comes alone: what the cursor has changed before is settled, a table that became empty with it. */
static void a_far_page_behind_a_batch_leaves_nothing_unsettled(void **state)
{
	uint64_t live;

	(void)state;
	core.memory[0].end = 3 * CORE_GIB;
	core.queue_slots = 256;
	up();
	core_revoke(&core, FAR + 7, 1);
	core_revoke(&core, OTHER, 7);
	core_revoke(&core, OTHER + 8, 503);
	core_finish(&core);
	live = core_table_stats(&core).bytes_live;
	for (unsigned i = 0; i < ENGINE_RUNS - 1; i++)
		core_revoke(&core, LONE + 2 * i, 1);
	core_revoke(&core, OTHER + 511, 1);
	core_revoke(&core, FAR + 64, 1);
	core_finish(&core);
	assert_int_equal(core_table_stats(&core).bytes_live, live - 4096);
	assert_false(core_reaches(&core, 0, OTHER + 511) || core_reaches(&core, 0, FAR + 64));
}

/* ---- what stays promised ------------------------------------------------------------------------------ */

static void what_is_promised_outlives_a_lone_flush_and_no_other(void **state)
{
	(void)state;
	up();
	assert_false(was_short());
	revoke_lone(LONE);
	assert_true(was_short());
	/* Nobody has reserved anything, so nothing is said to be reserved. */
	assert_int_equal(core_table_stats(&core).bytes_reserved, 0);
	core_revoke(&core, LONE + 8, 1);
	assert_true(core_table_stats(&core).bytes_reserved > 0);
	core_finish(&core);
	assert_true(was_short());
	/* Cuts a block, which takes a table. */
	core_revoke(&core, PAGE + 4 * 512, 1);
	core_finish(&core);
	assert_false(was_short());
	revoke_lone(LONE + 16);
	/* Nothing is queued: nothing is kept. */
	(void)shadow_flush(core.engine);
	assert_false(was_short());
	assert_int_equal(core_table_stats(&core).bytes_reserved, 0);
}

/* What a bounded flush leaves queued has a promise of its own, which is nobody else's to take. */
static void what_a_bounded_flush_leaves_is_reserved(void **state)
{
	bool more;

	(void)state;
	up();
	core_revoke(&core, LONE, 1);
	core_revoke(&core, LONE + 8, 1);
	(void)shadow_flush_some(core.engine, 1, &more);
	assert_true(more);
	assert_false(was_short());
	assert_true(core_table_stats(&core).bytes_reserved > 0);
	core_finish(&core);
	assert_false(core_reaches(&core, 0, LONE) || core_reaches(&core, 0, LONE + 8));
}

/* Between flushes, an SMMU may have the memory that nobody has reserved. */
static void an_smmu_is_attached_into_what_was_only_kept(void **state)
{
	(void)state;
	up();
	revoke_lone(LONE);
	assert_true(was_short());
	core.smmu_count = 2;
	assert_int_equal(core_attach(&core, 1), 0);
	assert_false(was_short());
}

/* A grant may not be behind a queued revoke of its page, nor hidden by an outstanding one. */
static void a_grant_in_haste_looks_at_what_is_queued(void **state)
{
	(void)state;
	up();
	revoke_lone(LONE);
	core_revoke(&core, LONE + 8, 1);
	shadow_trip_end(core.engine, 0);
	core_grant(&core, LONE + 8, 1);
	assert_int_equal(core_stats(&core).flushes_forced, 1);
	core_finish(&core);
	assert_true(core_reaches(&core, 0, LONE + 8));
}

/* Whoever queued it. */
static void a_grant_in_haste_looks_at_every_cpu(void **state)
{
	(void)state;
	core.cpu_count = 3;
	up();
	revoke_lone(LONE);
	assert_int_equal(core_change_on(&core, 2, LONE + 8, 1, SHADOW_STATE_OWNED, SHADOW_STATE_NOPAGE), 0);
	core_grant(&core, LONE + 8, 1);
	assert_int_equal(core_stats(&core).flushes_forced, 1);
	core_finish(&core);
	assert_true(core_reaches(&core, 0, LONE + 8));
}

/* A slot of another CPU is the only one as well: its pages, its queue. */
static void the_only_slot_may_be_any_cpus(void **state)
{
	(void)state;
	core.cpu_count = 3;
	core.ecmdq = 3;
	up();
	for (unsigned cpu = 0; cpu < core.cpu_count; cpu++) {
		uint64_t page = LONE + 8 * cpu;

		assert_true(core_reaches(&core, 0, page));
		assert_int_equal(core_change_on(&core, cpu, page, 1, SHADOW_STATE_OWNED, SHADOW_STATE_NOPAGE), 0);
		core_finish(&core);
		assert_true(was_short());
		assert_int_equal(core.target->cpu, cpu);
		assert_false(core_reaches(&core, 0, page));
	}
}

int main(void)
{
#define ONE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		ONE(a_lone_revoke_is_one_invalidation_and_a_sync_in_one_doorbell),
		ONE(every_doorbell_is_rung_before_a_look),
		ONE(the_short_way_says_what_the_long_one_says),
		ONE(a_lone_grant_has_no_command_and_is_in_force_at_once),
		ONE(a_lone_grant_behind_a_revoke_waits_for_it),
		ONE(a_lone_grant_does_not_complete_once_isolation_is_lost),
		ONE(a_ticket_waits_for_the_slowest_smmu),
		ONE(a_nested_smmu_gets_its_stage_1_step),
		ONE(a_nested_smmu_is_waited_for_to_its_last_sync),
		ONE(the_whole_vmid_goes_where_that_costs_less),
		ONE(an_smmu_that_loses_what_is_said_once_is_told_twice),
		ONE(what_devices_keep_is_invalidated),
		ONE(a_full_ring_is_waited_for),
		ONE(an_old_fence_is_not_given_again),
		ONE(an_smmu_that_is_off_gets_no_command),
		ONE(a_table_that_is_unlinked_goes_with_the_next_page),
		ONE(a_table_that_is_unlinked_makes_no_grant_long),
		ONE(a_table_that_is_whole_again_is_collapsed_when_policy_says),
		ONE(a_table_that_waits_holds_no_flush_up_and_does_not_wait_longer),
		ONE(pages_far_from_each_other_go_the_short_way),
		ONE(a_far_page_behind_a_batch_leaves_nothing_unsettled),
		ONE(what_is_promised_outlives_a_lone_flush_and_no_other),
		ONE(what_a_bounded_flush_leaves_is_reserved),
		ONE(an_smmu_is_attached_into_what_was_only_kept),
		ONE(a_grant_in_haste_looks_at_what_is_queued),
		ONE(a_grant_in_haste_looks_at_every_cpu),
		ONE(the_only_slot_may_be_any_cpus),
	};

	return cmocka_run_group_tests_name("lone", tests, NULL, NULL);
}
