/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_engine.c - life cycle, the gate that the snapshot opens, queueing and reservation.
 */
#include "core_rig.h"

#include <limits.h>

#define PAGE	 CORE_MEMORY_PAGE
#define OWNED	 SHADOW_STATE_OWNED
#define SHARED	 SHADOW_STATE_SHARED_OWNED
#define BORROWED SHADOW_STATE_SHARED_BORROWED
#define NOPAGE	 SHADOW_STATE_NOPAGE

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

/* ---- life cycle --------------------------------------------------------------------------------------- */

static void a_configuration_out_of_range_has_no_size_and_makes_no_engine(void **state)
{
	static const struct shadow_engine_config bad[] = {
		{ .cpu_count = 0, .queue_slots = 16, .map = { .ia_bits = 36 } },
		{ .cpu_count = SHADOW_CPUS_MAX + 1, .queue_slots = 16, .map = { .ia_bits = 36 } },
		{ .cpu_count = 1, .queue_slots = 0, .map = { .ia_bits = 36 } },
		{ .cpu_count = 1, .queue_slots = 1, .map = { .ia_bits = 36 } },
		{ .cpu_count = 1, .queue_slots = 12, .map = { .ia_bits = 36 } },
		{ .cpu_count = 1, .queue_slots = 131072, .map = { .ia_bits = 36 } },
		{ .cpu_count = 1, .queue_slots = 16, .map = { .ia_bits = SHADOW_IA_BITS_MIN - 1 } },
		{ .cpu_count = 1, .queue_slots = 16, .map = { .ia_bits = SHADOW_IA_BITS_MAX + 1 } },
		{ .cpu_count = 1, .queue_slots = 16, .map = { .ia_bits = 36, .memory_count = UINT_MAX } },
		{ .cpu_count = 1, .queue_slots = 16, .map = { .ia_bits = 36, .reserved_count = UINT_MAX } },
	};
	struct shadow_engine *engine = NULL;
	void *memory = core_alloc(1 << 20);

	(void)state;
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(shadow_engine_bytes(&bad[i]), 0);
		assert_int_equal(shadow_engine_init(memory, 1 << 20, &bad[i], &engine), -SHADOW_EINVAL);
		assert_null(engine);
	}
	platform_linux_free(memory, 1 << 20);
}

static void memory_too_small_or_misaligned_is_refused(void **state)
{
	struct shadow_engine_config config = core_engine_config(&core);
	size_t bytes = shadow_engine_bytes(&config);
	struct shadow_engine *engine = NULL;
	char *memory = core_alloc(bytes + 64);

	(void)state;
	assert_int_equal(shadow_engine_init(memory, bytes - 1, &config, &engine), -SHADOW_ENOMEM);
	assert_int_equal(shadow_engine_init(memory + 8, bytes, &config, &engine), -SHADOW_EINVAL);
	assert_null(engine);
	assert_int_equal(shadow_engine_init(memory, bytes, &config, &engine), 0);
	assert_non_null(engine);
	platform_linux_free(memory, bytes + 64);
}

static void a_bad_map_is_refused(void **state)
{
	struct shadow_engine_config config;
	struct shadow_engine *engine = NULL;
	size_t bytes;
	void *memory;

	(void)state;
	core.memory[0].end += 7;
	config = core_engine_config(&core);
	bytes = shadow_engine_bytes(&config);
	memory = core_alloc(bytes);
	assert_int_equal(shadow_engine_init(memory, bytes, &config, &engine), -SHADOW_EINVAL);
	assert_null(engine);
	platform_linux_free(memory, bytes);
}

static void the_map_s_arrays_are_copied(void **state)
{
	(void)state;
	core_up(&core);

	memset(core.memory, 0, sizeof(core.memory));
	core_revoke(&core, PAGE + 5, 1);
	core_finish(&core);

	assert_false(core_reaches(&core, 0, PAGE + 5));
	assert_true(core_reaches(&core, 0, PAGE + 6));
	assert_false(model_dma(core.smmu[0].model, CORE_SID, (PAGE + 6) << 12, false).device);
}

static void only_one_target_can_be_registered(void **state)
{
	(void)state;
	core_up_to_snapshot(&core);
	assert_int_equal(shadow_engine_register(core.engine, core.target), -SHADOW_EBUSY);
}

/* ---- without a target --------------------------------------------------------------------------------- */

static void without_a_target_every_call_succeeds_and_does_nothing(void **state)
{
	struct shadow_transition revoke = core_transition(PAGE, 8, OWNED, NOPAGE);
	struct shadow_host_table table = { .ia_bits = CORE_IA_BITS, .start_level = 1 };
	shadow_ticket_t ticket;
	struct shadow_stats stats;

	(void)state;
	core_engine_up(&core);

	assert_int_equal(shadow_snapshot(core.engine, &table), 0);
	for (unsigned i = 0; i < 1000; i++) {
		assert_int_equal(shadow_reserve(core.engine, 0, &revoke, CORE_WAIT_NS), 0);
		assert_false(shadow_queue(core.engine, 0, 1 + i, &revoke));
	}
	shadow_trip_end(core.engine, 0);
	assert_false(shadow_queued(core.engine, (shadow_ipa_t){ PAGE << 12 }, 8));
	ticket = shadow_flush(core.engine);
	assert_int_equal(ticket.number, 0);
	assert_int_equal(shadow_ticket(core.engine).number, 0);
	assert_true(shadow_complete(core.engine, ticket));
	assert_int_equal(shadow_wait(core.engine, ticket, CORE_WAIT_NS), 0);
	stats = core_stats(&core);
	assert_int_equal(stats.transitions | stats.slots | stats.flushes | stats.flushes_forced, 0);
	assert_int_equal(core.report_count, 0);
}

/* ---- the gate ----------------------------------------------------------------------------------------- */

static void transitions_before_the_snapshot_are_ignored(void **state)
{
	struct shadow_transition revoke = core_transition(PAGE, 1, OWNED, NOPAGE);

	(void)state;
	core_up_to_snapshot(&core);

	assert_int_equal(shadow_reserve(core.engine, 0, &revoke, CORE_WAIT_NS), 0);
	assert_false(shadow_queue(core.engine, 0, 1, &revoke));
	assert_int_equal(shadow_flush(core.engine).number, 0);
	assert_int_equal(core_stats(&core).transitions, 0);
	assert_int_equal(shadow_snapshot(core.engine, &core.host), 0);

	/* The host's table still said read-write. */
	assert_true(core_reaches(&core, 0, PAGE));
	assert_true(shadow_queue(core.engine, 0, 1, &revoke));
	core_finish(&core);
	assert_false(core_reaches(&core, 0, PAGE));
}

static void no_device_reaches_anything_before_the_snapshot(void **state)
{
	(void)state;
	core_up_to_snapshot(&core);
	assert_int_equal(model_dma(core.smmu[0].model, CORE_SID, PAGE << 12, false).fault, MODEL_ABORT);
	assert_int_equal(shadow_snapshot(core.engine, &core.host), 0);
	assert_true(core_reaches(&core, 0, PAGE));
	assert_int_equal(model_dma(core.smmu[0].model, CORE_SID + 1, PAGE << 12, false).fault, MODEL_ABORT);
}

static void a_second_snapshot_is_refused(void **state)
{
	(void)state;
	core_up(&core);
	assert_int_equal(shadow_snapshot(core.engine, &core.host), -SHADOW_EBUSY);
}

static void a_table_of_another_size_is_refused(void **state)
{
	struct shadow_host_table table;

	(void)state;
	core_up_to_snapshot(&core);
	table = core.host;
	table.ia_bits = CORE_IA_BITS + 1;
	assert_int_equal(shadow_snapshot(core.engine, &table), -SHADOW_EINVAL);
	table = core.host;
	table.start_level = 3;
	assert_int_equal(shadow_snapshot(core.engine, &table), -SHADOW_EINVAL);
	/* Nothing was begun. */
	assert_int_equal(shadow_snapshot(core.engine, &core.host), 0);
}

static void assert_gate_is_closed(void)
{
	struct shadow_transition grant = core_transition(PAGE, 1, NOPAGE, OWNED);

	assert_int_equal(model_dma(core.smmu[0].model, CORE_SID, PAGE << 12, false).fault, MODEL_ABORT);
	assert_false(shadow_queue(core.engine, 0, 1, &grant));
	assert_int_equal(shadow_flush(core.engine).number, 0);
	assert_int_equal(core_stats(&core).transitions, 0);
}

static void a_malformed_table_leaves_the_gate_closed(void **state)
{
	(void)state;
	core_up_to_snapshot(&core);
	*core_host_entry(&core, PAGE + 1000, 3) = 0x1; /* no page has such a form */

	assert_int_equal(shadow_snapshot(core.engine, &core.host), -SHADOW_EINVAL);

	assert_gate_is_closed();
}

/* A second attempt could keep what the first one mapped and the host has taken back since. */
static void after_a_failed_snapshot_there_is_no_second_one(void **state)
{
	(void)state;
	core_up_to_snapshot(&core);
	*core_host_entry(&core, PAGE + 1000, 3) = 0x1;
	assert_int_equal(shadow_snapshot(core.engine, &core.host), -SHADOW_EINVAL);

	*core_host_entry(&core, PAGE + 1000, 3) = 0;
	*core_host_entry(&core, PAGE + 3, 3) = 0x2000; /* annotated meanwhile */
	assert_int_equal(shadow_snapshot(core.engine, &core.host), -SHADOW_EBUSY);

	assert_gate_is_closed();
}

static void a_device_that_does_not_follow_leaves_the_gate_closed(void **state)
{
	(void)state;
	core_up_to_snapshot(&core);
	model_stall_commands(core.smmu[0].model, true);

	assert_int_equal(shadow_snapshot(core.engine, &core.host), -SHADOW_ETIMEDOUT);

	assert_gate_is_closed();
}

static void the_snapshot_maps_what_the_host_may_reach(void **state)
{
	static const struct {
		uint64_t page, entry;
		bool read, write;
	} pages[] = {
		{ PAGE + 0, 0x703 | 1 << 6 | (PAGE + 0) << 12, true, false },
		{ PAGE + 1, 0x703 | 1 << 7 | (PAGE + 1) << 12, false, true },
		{ PAGE + 2, 0x703 | 3 << 6 | (PAGE + 2) << 12, true, true },
		{ PAGE + 3, 0x703 | (PAGE + 3) << 12, false, false },
		{ PAGE + 4, 0x2000, false, false },
		{ PAGE + 5, 0, true, true },
		{ 7, 0x4000, false, false },
		{ 8, 0, true, true },
	};

	(void)state;
	core_up_to_snapshot(&core);
	for (unsigned i = 0; i < sizeof(pages) / sizeof(pages[0]); i++)
		*core_host_entry(&core, pages[i].page, 3) = pages[i].entry;

	assert_int_equal(shadow_snapshot(core.engine, &core.host), 0);

	for (unsigned i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		uint64_t iova = pages[i].page << 12;

		assert_int_equal(model_dma(core.smmu[0].model, CORE_SID, iova, false).fault == MODEL_OK,
				 pages[i].read);
		assert_int_equal(model_dma(core.smmu[0].model, CORE_SID, iova, true).fault == MODEL_OK,
				 pages[i].write);
	}
	assert_true(model_dma(core.smmu[0].model, CORE_SID, 8 << 12, true).device);
	assert_false(model_dma(core.smmu[0].model, CORE_SID, (PAGE + 5) << 12, true).device);
	assert_int_equal(core.violations, 0);
}

/* ---- queueing ----------------------------------------------------------------------------------------- */

static void each_of_the_sixteen_pairs_changes_what_devices_reach_as_it_should(void **state)
{
	(void)state;
	for (unsigned from = 0; from < 4; from++) {
		for (unsigned to = 0; to < 4; to++) {
			struct shadow_transition first = core_transition(PAGE, 1, OWNED, NOPAGE);
			struct shadow_transition transition =
				core_transition(PAGE, 1, (enum shadow_state)from, (enum shadow_state)to);
			bool changes = (from == NOPAGE) != (to == NOPAGE);

			core_init(&core);
			core_up(&core);
			if (from == NOPAGE) {
				assert_true(shadow_queue(core.engine, 0, ++core.number, &first));
				core_finish(&core);
			}

			assert_int_equal(shadow_reserve(core.engine, 0, &transition, CORE_WAIT_NS), 0);
			assert_int_equal(shadow_queue(core.engine, 0, core.number + 1, &transition), changes);
			assert_int_equal(shadow_ticket(core.engine).number, core.number + changes);
			core_finish(&core);

			assert_int_equal(core_reaches(&core, 0, PAGE), to != NOPAGE);
			core_down(&core);
		}
	}
	core_init(&core);
}

static void mixed_old_states_are_decided_page_by_page(void **state)
{
	uint8_t old[] = { OWNED, NOPAGE, SHARED, NOPAGE, NOPAGE, BORROWED };
	struct shadow_transition transition = core_transition(PAGE, 6, OWNED, NOPAGE);

	(void)state;
	core_up(&core);
	core_revoke(&core, PAGE + 1, 1);
	core_revoke(&core, PAGE + 3, 2);
	core_finish(&core);
	transition.old_states = old;

	assert_int_equal(shadow_reserve(core.engine, 0, &transition, CORE_WAIT_NS), 0);
	assert_true(shadow_queue(core.engine, 0, ++core.number, &transition));
	core_finish(&core);

	for (unsigned i = 0; i < 6; i++)
		assert_false(core_reaches(&core, 0, PAGE + i));
	assert_true(core_reaches(&core, 0, PAGE + 6));
	assert_int_equal(core_stats(&core).transitions_access, 3);
}

static void access_of_a_grant_follows_its_bits_and_unknown_ones_are_reported(void **state)
{
	static const struct {
		unsigned bits;
		bool read, write, reported;
	} cases[] = {
		{ SHADOW_ACCESS_R, true, false, false },
		{ SHADOW_ACCESS_W, false, true, false },
		{ SHADOW_ACCESS_RW, true, true, false },
		{ 0, true, true, false },
		{ 0x4, false, false, true },
		{ 0x4 | SHADOW_ACCESS_R, true, false, true },
		{ 0x80000000, false, false, true },
	};

	(void)state;
	core_up(&core);
	core_revoke(&core, PAGE, 16);
	core_finish(&core);

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct shadow_transition grant = core_transition(PAGE + i, 1, NOPAGE, OWNED);
		uint64_t iova = (PAGE + i) << 12;

		grant.access = cases[i].bits;
		core_forget(&core);
		assert_int_equal(shadow_reserve(core.engine, 0, &grant, CORE_WAIT_NS), 0);
		assert_true(shadow_queue(core.engine, 0, ++core.number, &grant));
		core_finish(&core);
		assert_int_equal(model_dma(core.smmu[0].model, CORE_SID, iova, false).fault == MODEL_OK,
				 cases[i].read);
		assert_int_equal(model_dma(core.smmu[0].model, CORE_SID, iova, true).fault == MODEL_OK,
				 cases[i].write);
		assert_int_equal(core.report_count, cases[i].reported);
		if (!cases[i].reported)
			continue;
		assert_int_equal(core.reports[0].what, PLATFORM_REPORT_ACCESS_UNKNOWN);
		assert_int_equal(core.reports[0].a, iova);
		assert_int_equal(core.reports[0].b, cases[i].bits);
	}
}

static void a_run_of_pages_costs_one_slot_over_many_trips(void **state)
{
	(void)state;
	core_up(&core);
	for (unsigned i = 0; i < 100; i++)
		core_revoke(&core, PAGE + i, 1);
	assert_int_equal(core_stats(&core).slots, 1);

	shadow_trip_end(core.engine, 0);
	core_revoke(&core, PAGE + 100, 1);

	assert_int_equal(core_stats(&core).slots, 1);
	core_finish(&core);
	assert_int_equal(core_stats(&core).transitions_access, 101);
	assert_int_equal(core_stats(&core).runs, 1);
}

static void a_number_that_another_cpu_used_opens_a_slot(void **state)
{
	(void)state;
	core.cpu_count = 2;
	core_up(&core);
	assert_int_equal(core_change_on(&core, 0, PAGE, 1, OWNED, NOPAGE), 0);
	assert_int_equal(core_change_on(&core, 1, PAGE + 50, 1, OWNED, NOPAGE), 0);
	assert_int_equal(core_change_on(&core, 0, PAGE + 1, 1, OWNED, NOPAGE), 0);

	assert_int_equal(core_stats(&core).slots, 3);
	core_finish(&core);
	assert_false(core_reaches(&core, 0, PAGE));
	assert_false(core_reaches(&core, 0, PAGE + 1));
	assert_false(core_reaches(&core, 0, PAGE + 50));
}

static void what_is_queued_is_known_until_it_is_flushed(void **state)
{
	(void)state;
	core.cpu_count = 2;
	core_up(&core);
	assert_int_equal(core_change_on(&core, 1, PAGE + 10, 5, OWNED, NOPAGE), 0);

	assert_false(shadow_queued(core.engine, (shadow_ipa_t){ PAGE << 12 }, 10));
	assert_true(shadow_queued(core.engine, (shadow_ipa_t){ PAGE << 12 }, 11));
	assert_true(shadow_queued(core.engine, (shadow_ipa_t){ (PAGE + 14) << 12 }, 1));
	assert_false(shadow_queued(core.engine, (shadow_ipa_t){ (PAGE + 15) << 12 }, 100));
	(void)shadow_flush(core.engine);
	assert_false(shadow_queued(core.engine, (shadow_ipa_t){ PAGE << 12 }, 100));
}

static void a_call_without_the_host_lock_is_a_broken_contract(void **state)
{
	struct shadow_transition revoke = core_transition(PAGE, 1, OWNED, NOPAGE);

	(void)state;
	core_up(&core);
	platform_linux_set_host_lock(false);
	expect_assert_failure((void)!shadow_reserve(core.engine, 0, &revoke, CORE_WAIT_NS));
	expect_assert_failure((void)shadow_queue(core.engine, 0, 1, &revoke));
	expect_assert_failure((void)shadow_flush(core.engine));
	expect_assert_failure(shadow_reclaim(core.engine));
	/* These may be asked by anyone. */
	assert_true(shadow_complete(core.engine, (shadow_ticket_t){ 0 }));
	assert_int_equal(shadow_wait(core.engine, (shadow_ticket_t){ 0 }, CORE_WAIT_NS), 0);
	platform_linux_set_host_lock(true);
}

/* ---- reservation -------------------------------------------------------------------------------------- */

static void a_bad_range_is_refused(void **state)
{
	const uint64_t top = UINT64_C(1) << (CORE_IA_BITS - 12);
	const struct {
		unsigned cpu;
		uint64_t start, count;
	} bad[] = {
		{ 1, PAGE << 12, 1 },	      { 0, (PAGE << 12) + 0x800, 1 }, { 0, PAGE << 12, 0 },
		{ 0, top << 12, 1 },	      { 0, (top - 1) << 12, 2 },      { 0, PAGE << 12, UINT64_MAX },
		{ 0, UINT64_MAX - 0xfff, 1 },
	};

	(void)state;
	core_up(&core);
	/* Before anything was reserved, and when all of memory is promised. */
	for (unsigned i = 0; i < 2 * sizeof(bad) / sizeof(bad[0]); i++) {
		unsigned which = i % (sizeof(bad) / sizeof(bad[0]));
		struct shadow_transition transition = core_transition(0, bad[which].count, OWNED, NOPAGE);
		struct shadow_transition lends = core_transition(0, bad[which].count, OWNED, SHADOW_STATE_SHARED_OWNED);

		transition.start.addr = lends.start.addr = bad[which].start;
		assert_int_equal(shadow_reserve(core.engine, bad[which].cpu, &transition, CORE_WAIT_NS),
				 -SHADOW_EINVAL);
		assert_int_equal(shadow_reserve(core.engine, bad[which].cpu, &lends, CORE_WAIT_NS), -SHADOW_EINVAL);
		if (i == sizeof(bad) / sizeof(bad[0]) - 1)
			core_revoke(&core, PAGE, 1);
	}
	assert_int_equal(core_stats(&core).flushes_forced, 0);
}

/* Not only when it has to wait. */
static void a_bad_wait_is_refused(void **state)
{
	struct shadow_transition revoke = core_transition(PAGE, 1, OWNED, NOPAGE);
	struct shadow_transition lends = core_transition(PAGE, 1, OWNED, SHADOW_STATE_SHARED_OWNED);

	(void)state;
	core_up(&core);
	assert_int_equal(shadow_reserve(core.engine, 0, &revoke, 0), -SHADOW_EINVAL);
	assert_int_equal(shadow_reserve(core.engine, 0, &revoke, SHADOW_WAIT_NS_MAX + 1), -SHADOW_EINVAL);
	assert_int_equal(shadow_reserve(core.engine, 0, &lends, 0), -SHADOW_EINVAL);
	assert_int_equal(shadow_reserve(core.engine, 0, &lends, SHADOW_WAIT_NS_MAX + 1), -SHADOW_EINVAL);
}

static void a_full_queue_is_flushed_by_reserve(void **state)
{
	(void)state;
	core.queue_slots = 4;
	core_up(&core);
	for (unsigned i = 0; i < 4; i++)
		core_revoke(&core, PAGE + 10 * i, 1);
	assert_int_equal(core_stats(&core).flushes, 0);

	core_revoke(&core, PAGE + 100, 1);

	assert_int_equal(core_stats(&core).flushes_forced, 1);
	assert_int_equal(core_stats(&core).flushes, 1);
	/* In force before reserve returned. */
	assert_true(shadow_complete(core.engine, (shadow_ticket_t){ 4 }));
	assert_false(core_reaches(&core, 0, PAGE + 30));
	core_finish(&core);
	assert_false(core_reaches(&core, 0, PAGE + 100));
}

static void more_pieces_than_slots_can_never_be_queued(void **state)
{
	uint8_t old[16];
	struct shadow_transition transition = core_transition(PAGE, 16, OWNED, NOPAGE);

	(void)state;
	core.queue_slots = 4;
	core_up(&core);
	for (unsigned i = 0; i < 16; i++)
		old[i] = i % 2 ? NOPAGE : OWNED;
	transition.old_states = old;

	assert_int_equal(shadow_reserve(core.engine, 0, &transition, CORE_WAIT_NS), -SHADOW_ENOMEM);
}

static void a_grant_of_a_page_whose_revoke_is_queued_flushes_first(void **state)
{
	(void)state;
	core.cpu_count = 2;
	core_up(&core);
	assert_true(core_reaches(&core, 0, PAGE + 4));
	assert_int_equal(core_change_on(&core, 1, PAGE, 8, OWNED, NOPAGE), 0);

	core_grant(&core, PAGE + 4, 1);

	assert_int_equal(core_stats(&core).flushes_forced, 1);
	assert_true(shadow_complete(core.engine, (shadow_ticket_t){ 1 }));
	assert_false(core_reaches(&core, 0, PAGE + 4));
	core_finish(&core);
	assert_true(core_reaches(&core, 0, PAGE + 4));
	assert_false(core_reaches(&core, 0, PAGE + 5));
}

static void a_revoke_of_a_page_whose_grant_is_queued_flushes_nothing(void **state)
{
	(void)state;
	core_up(&core);
	core_revoke(&core, PAGE, 8);
	core_finish(&core);
	core_grant(&core, PAGE, 8);

	core_revoke(&core, PAGE + 2, 1);

	assert_int_equal(core_stats(&core).flushes_forced, 0);
	core_finish(&core);
	assert_true(core_reaches(&core, 0, PAGE + 1));
	assert_false(core_reaches(&core, 0, PAGE + 2));
	assert_true(core_reaches(&core, 0, PAGE + 3));
}

static void a_reservation_whose_wait_fails_says_so(void **state)
{
	struct shadow_transition grant = core_transition(PAGE, 1, NOPAGE, OWNED);

	(void)state;
	core_up(&core);
	core_revoke(&core, PAGE, 1);
	shadow_trip_end(core.engine, 0);
	core.smmu[0].stalled = true;

	assert_int_equal(shadow_reserve(core.engine, 0, &grant, 2000), -SHADOW_ETIMEDOUT);
	core.smmu[0].stalled = false;
	assert_int_equal(shadow_reserve(core.engine, 0, &grant, CORE_WAIT_NS), 0);
}

static void mmio_that_would_have_to_be_cut_at_bbml_0_is_refused(void **state)
{
	(void)state;
	core.bbml = 0;
	core_up(&core);
	assert_int_equal(core_change_on(&core, 0, 5, 1, OWNED, NOPAGE), -SHADOW_EOPNOTSUPP);
	assert_int_equal(core_stats(&core).flushes_forced, 0);
	assert_int_equal(core_change_on(&core, 0, 0, 1 << 18, OWNED, NOPAGE), 0);
	core_finish(&core);
	assert_false(core_reaches(&core, 0, 5));
}

/* ---- reserved ranges ---------------------------------------------------------------------------------- */

static void reserved_ranges_and_the_pool_are_never_granted(void **state)
{
	(void)state;
	core.reserved[0] = (struct shadow_range){ CORE_GIB + 0x10000, CORE_GIB + 0x12000 };
	core.reserved[1] = (struct shadow_range){ 0x9000000, 0x9020000 };
	core.map.reserved_count = 2;
	core_up(&core);
	assert_false(core_reaches(&core, 0, PAGE + 0x10));
	assert_false(core_reaches(&core, 0, PAGE + 0x11));
	assert_false(core_reaches(&core, 0, 0x9000));
	assert_false(core_reaches(&core, 0, 0x901f));
	assert_true(core_reaches(&core, 0, PAGE + 0xf));
	assert_true(core_reaches(&core, 0, PAGE + 0x12));
	assert_true(core_reaches(&core, 0, 0x9020));

	core_revoke(&core, PAGE, 0x20);
	core_finish(&core);
	assert_int_equal(core.report_count, 0);
	core_grant(&core, PAGE, 0x20);
	core_finish(&core);

	assert_false(core_reaches(&core, 0, PAGE + 0x10));
	assert_false(core_reaches(&core, 0, PAGE + 0x11));
	assert_true(core_reaches(&core, 0, PAGE + 0xf));
	assert_true(core_reaches(&core, 0, PAGE + 0x12));
	assert_int_equal(core_stats(&core).reserved_attempts, 1);
	assert_int_equal(core.report_count, 1);
	assert_int_equal(core.reports[0].what, PLATFORM_REPORT_RESERVED);
	assert_int_equal(core.reports[0].a, CORE_GIB + 0x10000);
	assert_int_equal(core.reports[0].b, CORE_GIB + 0x12000);
}

static void a_grant_of_nothing_but_reserved_pages_is_reported_and_changes_nothing(void **state)
{
	(void)state;
	core.reserved[0] = (struct shadow_range){ CORE_GIB, CORE_GIB + 0x10000 };
	core.map.reserved_count = 1;
	core_up(&core);

	core_grant(&core, PAGE + 2, 3);
	core_finish(&core);

	assert_false(core_reaches(&core, 0, PAGE + 2));
	assert_int_equal(core.stores, 0);
	assert_int_equal(core.report_count, 1);
	assert_int_equal(core_stats(&core).reserved_attempts, 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_configuration_out_of_range_has_no_size_and_makes_no_engine),
		TEST(memory_too_small_or_misaligned_is_refused),
		TEST(a_bad_map_is_refused),
		TEST(the_map_s_arrays_are_copied),
		TEST(only_one_target_can_be_registered),
		TEST(without_a_target_every_call_succeeds_and_does_nothing),
		TEST(transitions_before_the_snapshot_are_ignored),
		TEST(no_device_reaches_anything_before_the_snapshot),
		TEST(a_second_snapshot_is_refused),
		TEST(a_table_of_another_size_is_refused),
		TEST(a_malformed_table_leaves_the_gate_closed),
		TEST(after_a_failed_snapshot_there_is_no_second_one),
		TEST(a_device_that_does_not_follow_leaves_the_gate_closed),
		TEST(the_snapshot_maps_what_the_host_may_reach),
		TEST(each_of_the_sixteen_pairs_changes_what_devices_reach_as_it_should),
		TEST(mixed_old_states_are_decided_page_by_page),
		TEST(access_of_a_grant_follows_its_bits_and_unknown_ones_are_reported),
		TEST(a_run_of_pages_costs_one_slot_over_many_trips),
		TEST(a_number_that_another_cpu_used_opens_a_slot),
		TEST(what_is_queued_is_known_until_it_is_flushed),
		TEST(a_call_without_the_host_lock_is_a_broken_contract),
		TEST(a_bad_range_is_refused),
		TEST(a_bad_wait_is_refused),
		TEST(a_full_queue_is_flushed_by_reserve),
		TEST(more_pieces_than_slots_can_never_be_queued),
		TEST(a_grant_of_a_page_whose_revoke_is_queued_flushes_first),
		TEST(a_revoke_of_a_page_whose_grant_is_queued_flushes_nothing),
		TEST(a_reservation_whose_wait_fails_says_so),
		TEST(mmio_that_would_have_to_be_cut_at_bbml_0_is_refused),
		TEST(reserved_ranges_and_the_pool_are_never_granted),
		TEST(a_grant_of_nothing_but_reserved_pages_is_reported_and_changes_nothing),
	};

	return cmocka_run_group_tests_name("engine", tests, NULL, NULL);
}
