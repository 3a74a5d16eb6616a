/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_pool_exhaustion.c - a pool that runs out at its every page: refused in time, and nothing half done.
 */
#include "core_rig.h"
#include "seeded.h"

#define PAGE	    CORE_MEMORY_PAGE
#define OWNED	    SHADOW_STATE_OWNED
#define NOPAGE	    SHADOW_STATE_NOPAGE
#define SECOND_SID  (CORE_SID + 1)
#define QUEUE_PAGES 3u /* command queue, stream table, event queue: a page each */
#define ANNOTATION  0x2000u

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

/* Up to the snapshot, with room for this many tables. */
static void up_with(unsigned tables, unsigned bbml, unsigned smmu_count)
{
	core_init(&core);
	core.bbml = bbml;
	core.smmu_count = smmu_count;
	core.pool_bytes = (uint64_t)(tables + QUEUE_PAGES * smmu_count) << 12;
	core.memory[0] = (struct shadow_range){ CORE_GIB, CORE_GIB + 0x1000000 };
	core.memory[1] = (struct shadow_range){ 3 * CORE_GIB + 0x3000, 3 * CORE_GIB + 0x7ff000 };
	core.map.memory_count = 2;
	core_up_to_snapshot(&core);
	for (unsigned i = 0; i < smmu_count; i++)
		assert_int_equal(shadow_smmu_stream(core.smmu[i].smmu, SECOND_SID), 0);
}

/* A host that has taken back a page here and there, in memory and MMIO. */
static void host_with_holes(void)
{
	static const uint64_t holes[] = { 77,	       PAGE + 5,	 PAGE + 700,
					  PAGE + 3000, (3 << 18) + 0x10, UINT64_C(60) << 18 };

	for (unsigned i = 0; i < sizeof(holes) / sizeof(holes[0]); i++)
		*core_host_entry(&core, holes[i], 3) = ANNOTATION;
}

static void assert_shut(void)
{
	struct shadow_transition grant = core_transition(PAGE, 1, NOPAGE, OWNED);
	struct shadow_transition revoke = core_transition(PAGE, 1, OWNED, NOPAGE);
	static const uint64_t pages[] = { 0, 77, PAGE, PAGE + 5, PAGE + 600, 3 << 18, UINT64_C(63) << 18 };
	uint64_t ste[8];

	for (unsigned smmu = 0; smmu < core.smmu_count; smmu++) {
		for (uint32_t sid = 0; sid < 64; sid++) {
			shadow_smmu_ste(core.smmu[smmu].smmu, sid, ste);
			assert_int_equal(ste[0], 1); /* valid, abort */
			for (unsigned i = 0; i < sizeof(pages) / sizeof(pages[0]); i++)
				assert_int_equal(
					model_dma(core.smmu[smmu].model, sid, pages[i] << 12, false).fault,
					MODEL_ABORT);
		}
		assert_int_equal(core_count(&core, CORE_COMMAND, smmu), 0);
		assert_int_equal(core_count(&core, CORE_DOORBELL, smmu), 0);
	}
	assert_int_equal(shadow_reserve(core.engine, 0, &revoke, CORE_WAIT_NS), 0);
	assert_false(shadow_queue(core.engine, 0, 1, &revoke));
	assert_false(shadow_queue(core.engine, 0, 1, &grant));
	assert_int_equal(shadow_flush(core.engine).number, 0);
	assert_true(shadow_complete(core.engine, (shadow_ticket_t){ 0 }));
	assert_int_equal(core_stats(&core).transitions | core_stats(&core).flushes, 0);
	assert_int_equal(shadow_snapshot(core.engine, &core.host), -SHADOW_EBUSY);
	assert_int_equal(core.violations, 0);
}

static void assert_open(void)
{
	for (unsigned smmu = 0; smmu < core.smmu_count; smmu++) {
		assert_false(core_reaches(&core, smmu, 77));
		assert_true(core_reaches(&core, smmu, 78));
		assert_false(core_reaches(&core, smmu, PAGE + 5));
		assert_true(core_reaches(&core, smmu, PAGE + 6));
		assert_false(core_reaches(&core, smmu, PAGE + 700));
		assert_false(core_reaches(&core, smmu, (3 << 18) + 0x10));
		assert_true(core_reaches(&core, smmu, (3 << 18) + 0x11));
		assert_false(core_reaches(&core, smmu, UINT64_C(60) << 18));
		assert_true(core_reaches(&core, smmu, (UINT64_C(63) << 18)));
	}
}

static void exhaust_snapshot(unsigned bbml, unsigned smmu_count)
{
	unsigned needed;

	up_with(64, bbml, smmu_count);
	host_with_holes();
	assert_int_equal(shadow_snapshot(core.engine, &core.host), 0);
	assert_open();
	needed = (unsigned)(core_table_stats(&core).bytes_peak >> 12);
	core_down(&core);
	assert_in_range(needed, 12, 30);

	for (unsigned tables = 1; tables < needed; tables++) {
		up_with(tables, bbml, smmu_count);
		host_with_holes();
		core_forget(&core);
		assert_int_equal(shadow_snapshot(core.engine, &core.host), -SHADOW_ENOMEM);
		assert_shut();
		core_down(&core);
	}

	up_with(needed, bbml, smmu_count);
	host_with_holes();
	assert_int_equal(shadow_snapshot(core.engine, &core.host), 0);
	assert_open();
	core_down(&core);
}

static void a_snapshot_that_runs_out_at_any_page_leaves_everything_shut(void **state)
{
	(void)state;
	exhaust_snapshot(2, 1);
	core_init(&core);
}

static void the_same_with_memory_in_pages_and_several_smmus(void **state)
{
	(void)state;
	exhaust_snapshot(0, 3);
	core_init(&core);
}

static void a_pool_without_room_for_queues_attaches_no_smmu(void **state)
{
	(void)state;
	for (unsigned pages = 1; pages <= 1 + QUEUE_PAGES; pages++) {
		core_init(&core);
		core.pool_bytes = (uint64_t)pages << 12;
		core_engine_up(&core);
		core_target_up(&core);
		assert_int_equal(core_attach(&core, 0), pages < 1 + QUEUE_PAGES ? -SHADOW_ENOMEM : 0);
		if (pages < 1 + QUEUE_PAGES) {
			/* It was only looked at. */
			assert_null(core.smmu[0].smmu);
			assert_int_equal(model_read32(core.smmu[0].model, 0x20), 0);
			assert_int_equal(model_counters(core.smmu[0].model)->doorbells, 0);
		}
		core_down(&core);
	}
	core_init(&core);
}

static void a_pool_without_room_for_the_start_tables_makes_no_target(void **state)
{
	struct shadow_smmu_target_config config;
	struct shadow_target *target = NULL;
	size_t bytes;
	void *memory;

	(void)state;
	core.map.ia_bits = 42; /* eight start tables */
	core.pool_bytes = 8 << 12;
	core_target_up(&core);
	config = core_target_config(&core);
	config.pool = core.pool;
	config.pool.bytes = 7 << 12;
	bytes = shadow_smmu_target_bytes(&config);
	memory = core_alloc(bytes);
	assert_int_equal(shadow_smmu_target_init(memory, bytes, &config, &target), -SHADOW_ENOMEM);
	assert_null(target);
	platform_linux_free(memory, bytes);
}

/* ---- after the snapshot ------------------------------------------------------------------------------- */

#define UNITS 8u /* 2 MiB units of the first memory region */

static int revoke_in(unsigned unit)
{
	return core_change_on(&core, 0, PAGE + 512 * unit + 3, 1, OWNED, NOPAGE);
}

/* Tables of a snapshot without holes: the start table, one a GiB with memory, two at the ends of region 2. */
static unsigned tables_at_rest(void)
{
	unsigned tables;

	up_with(64, 2, 1);
	assert_int_equal(shadow_snapshot(core.engine, &core.host), 0);
	tables = (unsigned)(core_table_stats(&core).bytes_live >> 12);
	core_down(&core);
	return tables;
}

static void a_reservation_that_does_not_fit_is_refused_and_nothing_is_changed(void **state)
{
	unsigned rest = tables_at_rest();

	(void)state;
	for (unsigned spare = 0; spare < UNITS; spare++) {
		uint64_t stores;

		up_with(rest + spare, 2, 1);
		assert_int_equal(shadow_snapshot(core.engine, &core.host), 0);
		for (unsigned unit = 0; unit < spare; unit++)
			assert_int_equal(revoke_in(unit), 0);
		core_finish(&core);
		stores = core.stores;

		for (unsigned unit = spare; unit < UNITS; unit++)
			assert_int_equal(revoke_in(unit), -SHADOW_ENOMEM);

		assert_int_equal(core.stores, stores);
		assert_int_equal(core.number, spare);
		core_finish(&core);
		for (unsigned unit = 0; unit < UNITS; unit++) {
			assert_int_equal(core_reaches(&core, 0, PAGE + 512 * unit + 3), unit >= spare);
			assert_true(core_reaches(&core, 0, PAGE + 512 * unit + 4));
		}
		core_down(&core);
	}
	core_init(&core);
}

static void a_refused_reservation_keeps_the_batch_that_it_met(void **state)
{
	unsigned rest = tables_at_rest();

	(void)state;
	up_with(rest + 2, 2, 1);
	assert_int_equal(shadow_snapshot(core.engine, &core.host), 0);
	assert_int_equal(revoke_in(0), 0);
	assert_int_equal(revoke_in(1), 0);

	assert_int_equal(revoke_in(2), -SHADOW_ENOMEM);

	/* It was flushed and is in force: that was the attempt to make room. */
	assert_int_equal(core_stats(&core).flushes_forced, 1);
	assert_true(shadow_complete(core.engine, (shadow_ticket_t){ 2 }));
	assert_false(core_reaches(&core, 0, PAGE + 3));
	assert_false(core_reaches(&core, 0, PAGE + 512 + 3));
	assert_true(core_reaches(&core, 0, PAGE + 1024 + 3));
}

static void tables_that_were_given_back_are_enough_for_the_next_revoke(void **state)
{
	unsigned rest = tables_at_rest();

	(void)state;
	up_with(rest + 1, 2, 1);
	assert_int_equal(shadow_snapshot(core.engine, &core.host), 0);
	/* One spare table goes from unit to unit; it is owed to a collapse each time, until a forced flush.
	 */
	for (unsigned round = 0; round < 3 * UNITS; round++) {
		uint64_t page = PAGE + 512 * (round % UNITS) + 3;

		assert_true(core_reaches(&core, 0, page));
		core_revoke(&core, page, 1);
		core_finish(&core);
		assert_false(core_reaches(&core, 0, page));
		core_grant(&core, page, 1);
		core_finish(&core);
		assert_true(core_reaches(&core, 0, page));
		assert_int_equal(core_stats(&core).flushes_forced, round);
	}
	assert_int_equal(core_table_stats(&core).bytes_peak >> 12, rest + 1);
	assert_int_equal(core.violations, 0);
}

/* What was promised for all of memory holds for one batch: by the next one, tables may be owed to collapses.
 */
static void a_promise_for_all_memory_ends_with_its_batch(void **state)
{
	unsigned worst = tables_at_rest() + UNITS + 2; /* and the two whole units of the second region */

	(void)state;
	up_with(worst, 2, 1);
	assert_int_equal(shadow_snapshot(core.engine, &core.host), 0);
	for (unsigned round = 0; round < 4; round++) {
		for (unsigned unit = 0; unit < UNITS; unit++)
			assert_int_equal(revoke_in(unit), 0);
		core_finish(&core);
		for (unsigned unit = 0; unit < UNITS; unit++)
			core_grant(&core, PAGE + 512 * unit + 3, 1);
		core_finish(&core);
		assert_int_equal(core_table_stats(&core).bytes_retired, UNITS * 4096);
		assert_int_equal(core_stats(&core).flushes_forced, round);
	}
}

static void a_stalled_smmu_keeps_its_tables_and_the_next_revoke_waits_for_them(void **state)
{
	unsigned rest = tables_at_rest();
	struct shadow_transition revoke = core_transition(PAGE + 512, 1, OWNED, NOPAGE);

	(void)state;
	up_with(rest + 1, 2, 1);
	assert_int_equal(shadow_snapshot(core.engine, &core.host), 0);
	core_revoke(&core, PAGE, 1);
	core_finish(&core);
	core_grant(&core, PAGE, 1);
	core_finish(&core);
	core.smmu[0].stalled = true;

	assert_int_equal(shadow_reserve(core.engine, 0, &revoke, 3000), -SHADOW_ETIMEDOUT);
	assert_int_equal(core_table_stats(&core).bytes_retired, 4096);
	core.smmu[0].stalled = false;
	assert_int_equal(shadow_reserve(core.engine, 0, &revoke, CORE_WAIT_NS), 0);
	assert_true(shadow_queue(core.engine, 0, ++core.number, &revoke));
	core_finish(&core);
	assert_false(core_reaches(&core, 0, PAGE + 512));
}

/* ---- any pool, any transitions ------------------------------------------------------------------------ */

#define FIRST  (PAGE - 1024u) /* MMIO, 16 MiB of memory, MMIO */
#define WINDOW 6144u

static bool owned[WINDOW];
static uint64_t random_state;

static uint64_t below(uint64_t limit)
{
	return seeded_below(&random_state, limit);
}

/* One transition of pages that all have the same state. Return: as shadow_reserve(). */
static int change_at_random(void)
{
	unsigned start = (unsigned)below(WINDOW), most = 1 + (unsigned)below(below(4) ? 3 : 1500),
		 end = start;
	bool was = owned[start];
	int error;

	while (end < WINDOW && end - start < most && owned[end] == was)
		end++;
	error = core_change_on(&core, 0, FIRST + start, end - start, was ? OWNED : NOPAGE,
			       was ? NOPAGE : OWNED);
	for (unsigned i = start; !error && i < end; i++)
		owned[i] = !was;
	return error;
}

/* Where blocks cannot be cut, whatever the pool. */
static bool is_refused_for_good(int error)
{
	return error == -SHADOW_EOPNOTSUPP && core.bbml == 0;
}

static void assert_as_the_host_says(void)
{
	for (unsigned i = 0; i < 200; i++) {
		unsigned at = (unsigned)below(WINDOW);

		assert_int_equal(core_reaches(&core, 0, FIRST + at), owned[at]);
	}
	assert_int_equal(core.violations, 0);
}

/* Return: reservations that were refused since nothing was left. */
static unsigned random_trips(unsigned trips)
{
	unsigned refused = 0;

	for (unsigned i = 0; i < WINDOW; i++)
		owned[i] = true;
	for (; trips > 0; trips--) {
		struct shadow_table_stats stats;

		for (uint64_t count = below(8); count > 0; count--) {
			int error = change_at_random();

			if (error && !is_refused_for_good(error))
				assert_int_equal(error, -SHADOW_ENOMEM);
			refused += error == -SHADOW_ENOMEM;
			stats = core_table_stats(&core);
			assert_true(stats.bytes_live + stats.bytes_retired + stats.bytes_reserved <=
				    core.pool.bytes);
		}
		core_finish(&core);
		assert_int_equal(core_table_stats(&core).bytes_reserved, 0);
		if (!below(4))
			assert_as_the_host_says();
	}
	assert_as_the_host_says();
	return refused;
}

static void a_flush_never_runs_out_with_a_pool_of_any_size(void **state)
{
	(void)state;
	random_state = seeded_start();
	for (unsigned bbml = 0; bbml < 3; bbml++) {
		unsigned rest, refused = 0, tables;

		up_with(64, bbml, 1);
		assert_int_equal(shadow_snapshot(core.engine, &core.host), 0);
		rest = (unsigned)(core_table_stats(&core).bytes_live >> 12);
		core_down(&core);
		for (tables = rest; tables < rest + 24; tables += 1 + (unsigned)below(3)) {
			up_with(tables, bbml, 1);
			assert_int_equal(shadow_snapshot(core.engine, &core.host), 0);
			refused += random_trips(100);
			core_down(&core);
		}
		assert_true(bbml == 0 || refused > 0);
	}
	core_init(&core);
}

/* A page of MMIO that comes and goes takes from what is promised to memory only the tables that it has. */
static void mmio_that_is_cut_does_not_end_the_promise_for_memory(void **state)
{
	unsigned worst = tables_at_rest() + UNITS + 2;

	(void)state;
	up_with(worst + 2, 2, 1);
	assert_int_equal(shadow_snapshot(core.engine, &core.host), 0);
	for (unsigned round = 0; round < 3; round++) {
		core_revoke(&core, UINT64_C(9) << 18, 1);
		assert_int_equal(core_table_stats(&core).bytes_reserved >> 12, 2);
		core_finish(&core);
		core_revoke(&core, PAGE + 3, 1);
		/* All that is left of the worst case is set aside: eight units and two. */
		assert_int_equal(core_table_stats(&core).bytes_reserved >> 12, UNITS + 2);
		core_finish(&core);
		core_grant(&core, PAGE + 3, 1);
		core_grant(&core, UINT64_C(9) << 18, 1);
		core_finish(&core);
		while (shadow_compact(core.engine, 8, &(shadow_ticket_t){ 0 }))
			;
		core_finish(&core);
	}
	for (unsigned unit = 0; unit < UNITS; unit++)
		assert_int_equal(revoke_in(unit), 0);
	assert_int_equal(core_stats(&core).flushes_forced, 0);
	core_finish(&core);
	assert_int_equal(core.violations, 0);
}

static void two_transitions_that_share_a_table_need_it_once(void **state)
{
	unsigned rest = tables_at_rest();

	(void)state;
	up_with(rest + 1, 2, 1);
	assert_int_equal(shadow_snapshot(core.engine, &core.host), 0);
	core_revoke(&core, PAGE + 3, 1);
	core_revoke(&core, PAGE + 100, 2);
	core_revoke(&core, PAGE + 300, 1);
	assert_int_equal(core_table_stats(&core).bytes_reserved, 4096);
	assert_int_equal(core_stats(&core).flushes_forced, 0);
	core_finish(&core);
	assert_int_equal(core_table_stats(&core).bytes_reserved, 0);
	assert_false(core_reaches(&core, 0, PAGE + 101));
	assert_true(core_reaches(&core, 0, PAGE + 102));
}

static void what_was_reserved_and_never_queued_is_free_after_a_flush(void **state)
{
	const struct shadow_transition revoke = { .start = { (PAGE + 3) << 12 },
						  .page_count = 1,
						  .old_state = OWNED,
						  .new_state = NOPAGE };
	unsigned rest = tables_at_rest();

	(void)state;
	up_with(rest + 1, 2, 1);
	assert_int_equal(shadow_snapshot(core.engine, &core.host), 0);
	assert_int_equal(shadow_reserve(core.engine, 0, &revoke, CORE_WAIT_NS), 0);
	assert_int_equal(core_table_stats(&core).bytes_reserved, 4096);
	core_finish(&core);
	assert_int_equal(core_table_stats(&core).bytes_reserved, 0);
	/* The claim went with it: the table is counted again, and again there is one for it. */
	core_revoke(&core, PAGE + 3, 1);
	assert_int_equal(core_table_stats(&core).bytes_reserved, 4096);
	core_finish(&core);
	assert_false(core_reaches(&core, 0, PAGE + 3));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_snapshot_that_runs_out_at_any_page_leaves_everything_shut),
		TEST(the_same_with_memory_in_pages_and_several_smmus),
		TEST(a_pool_without_room_for_queues_attaches_no_smmu),
		TEST(a_pool_without_room_for_the_start_tables_makes_no_target),
		TEST(a_reservation_that_does_not_fit_is_refused_and_nothing_is_changed),
		TEST(a_refused_reservation_keeps_the_batch_that_it_met),
		TEST(tables_that_were_given_back_are_enough_for_the_next_revoke),
		TEST(a_promise_for_all_memory_ends_with_its_batch),
		TEST(a_flush_never_runs_out_with_a_pool_of_any_size),
		TEST(mmio_that_is_cut_does_not_end_the_promise_for_memory),
		TEST(two_transitions_that_share_a_table_need_it_once),
		TEST(what_was_reserved_and_never_queued_is_free_after_a_flush),
		TEST(a_stalled_smmu_keeps_its_tables_and_the_next_revoke_waits_for_them),
	};

	return cmocka_run_group_tests_name("pool exhaustion", tests, NULL, NULL);
}
