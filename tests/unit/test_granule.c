/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_granule.c - pages of 4, 16 and 64 KiB, from the host's transition to the target's run and back to reports.
 */
#include "fake_target.h"

#include "seeded.h"

#define NOPAGE SHADOW_STATE_NOPAGE
#define OWNED  SHADOW_STATE_OWNED
#define NONE   SHADOW_ACCESS_NONE
#define RW     SHADOW_ACCESS_RW

static const unsigned granules[] = { 12, 14, 16 };

static struct fake fake;

/* Each test, once a granule. */
#define EACH_GRANULE(name)                                                       \
	static void name(void **state)                                           \
	{                                                                        \
		(void)state;                                                     \
		for (unsigned i = 0; i < sizeof(granules) / sizeof(granules[0]); i++) { \
			fake_init(&fake, granules[i]);                           \
			name##_of(granules[i]);                                  \
			fake_down(&fake);                                        \
		}                                                                \
	}

/* ---- set-up ------------------------------------------------------------------------------------------- */

static void granules_that_there_are_not_have_no_engine(void **state)
{
	(void)state;
	for (unsigned granule_lg2 = 1; granule_lg2 < 32; granule_lg2++) {
		struct shadow_engine_config config = { .cpu_count = 1, .queue_slots = 16,
						       .map = { .ia_bits = 40, .granule_lg2 = granule_lg2 } };
		bool legal = granule_lg2 == 12 || granule_lg2 == 14 || granule_lg2 == 16;

		assert_int_equal(shadow_engine_bytes(&config) > 0, legal);
	}
}

static void no_granule_stands_for_4_kib(void **state)
{
	(void)state;
	fake_init(&fake, 12);
	fake.map.granule_lg2 = 0;
	fake_up_to_snapshot(&fake);
	fake.host.granule_lg2 = 0;
	assert_int_equal(shadow_snapshot(fake.engine, &fake.host), 0);
	fake_forget(&fake);

	fake_revoke(&fake, 77, 2);
	fake_finish(&fake);

	fake_assert_run(&fake, 0, FAKE_APPLY, 77, 79, NONE);
	fake_down(&fake);
}

static void a_target_of_another_granule_is_refused_of(unsigned granule_lg2)
{
	assert_int_equal(fake_engine_up(&fake), 0);
	for (unsigned i = 0; i < sizeof(granules) / sizeof(granules[0]); i++) {
		fake.base.granule_lg2 = granules[i];
		if (granules[i] != granule_lg2)
			assert_int_equal(shadow_engine_register(fake.engine, &fake.base), -SHADOW_EINVAL);
	}
	fake.base.granule_lg2 = granule_lg2;
	assert_int_equal(shadow_engine_register(fake.engine, &fake.base), 0);
}
EACH_GRANULE(a_target_of_another_granule_is_refused)

static void a_host_table_of_another_granule_is_refused_of(unsigned granule_lg2)
{
	fake_up_to_snapshot(&fake);
	for (unsigned other = 0; other < 20; other++) {
		struct shadow_host_table table = fake.host;

		table.granule_lg2 = other;
		if (other != granule_lg2 && (other || granule_lg2 != 12))
			assert_int_equal(shadow_snapshot(fake.engine, &table), -SHADOW_EINVAL);
	}
	/* Nothing was begun. */
	assert_int_equal(shadow_snapshot(fake.engine, &fake.host), 0);
}
EACH_GRANULE(a_host_table_of_another_granule_is_refused)

static void memory_that_ends_inside_a_page_is_refused_of(unsigned granule_lg2)
{
	struct shadow_engine_config config;
	struct shadow_engine *engine;
	size_t bytes;
	void *memory;

	fake.memory[0].end -= UINT64_C(1) << (granule_lg2 - 1);
	config = fake_engine_config(&fake);
	bytes = shadow_engine_bytes(&config);
	memory = platform_linux_alloc(bytes, 64);
	assert_int_equal(shadow_engine_init(memory, bytes, &config, &engine), -SHADOW_EINVAL);
	fake.memory[0].end += UINT64_C(1) << (granule_lg2 - 1);
	assert_int_equal(shadow_engine_init(memory, bytes, &config, &engine), 0);
	platform_linux_free(memory, bytes);
}
EACH_GRANULE(memory_that_ends_inside_a_page_is_refused)

/* ---- the snapshot ------------------------------------------------------------------------------------- */

static void the_snapshot_builds_runs_of_whole_pages_of(unsigned granule_lg2)
{
	uint64_t pool = FAKE_POOL_PA >> granule_lg2;
	uint64_t pool_end = ((FAKE_POOL_PA + FAKE_POOL_BYTES - 1) >> granule_lg2) + 1;

	fake_up_to_snapshot(&fake);
	assert_int_equal(shadow_snapshot(fake.engine, &fake.host), 0);

	/* Memory, MMIO up to the pool, MMIO after the last page that the pool has a byte in. */
	assert_int_equal(fake_count(&fake, FAKE_BUILD), 3);
	fake_assert_run(&fake, 0, FAKE_BUILD, 0, UINT64_C(1) << (32 - granule_lg2), RW);
	fake_assert_run(&fake, 1, FAKE_BUILD, UINT64_C(1) << (32 - granule_lg2), pool, RW);
	fake_assert_run(&fake, 2, FAKE_BUILD, pool_end, UINT64_C(1) << (FAKE_IA_BITS - granule_lg2), RW);
}
EACH_GRANULE(the_snapshot_builds_runs_of_whole_pages)

static void an_annotated_page_of_the_host_s_table_is_left_out_of(unsigned granule_lg2)
{
	unsigned index_lg2 = granule_lg2 - 3;
	uint64_t block = UINT64_C(1) << (granule_lg2 == 12 ? 2 * index_lg2 : index_lg2);

	fake_up_to_snapshot(&fake);
	((uint64_t *)fake.host_memory)[1] = 0x2000;
	assert_int_equal(shadow_snapshot(fake.engine, &fake.host), 0);

	fake_assert_run(&fake, 0, FAKE_BUILD, 0, block, RW);
	assert_int_equal(fake.log[1].run.start, 2 * block);
}
EACH_GRANULE(an_annotated_page_of_the_host_s_table_is_left_out)

/* ---- queue and flush ---------------------------------------------------------------------------------- */

static void pages_one_after_the_other_are_one_slot_and_one_run_of(unsigned granule_lg2)
{
	(void)granule_lg2;
	fake_up(&fake);
	for (uint64_t page = 100; page < 1100; page++)
		fake_revoke(&fake, page, 1);
	fake_finish(&fake);

	assert_int_equal(fake_stats(&fake).slots, 1);
	fake_assert_run(&fake, 0, FAKE_APPLY, 100, 1100, NONE);
	fake_assert_call(&fake, 1, FAKE_PUBLISH);
	assert_int_equal(fake.log[0].run.memory, SHADOW_MEMORY_NORMAL);
}
EACH_GRANULE(pages_one_after_the_other_are_one_slot_and_one_run)

/* The second page lies where the first slot would end if its pages were of 4 KiB. */
static void a_page_with_the_address_of_another_granule_s_next_one_is_not_taken_for_it_of(unsigned granule_lg2)
{
	uint64_t page = 100, end = page << (granule_lg2 - 12);

	fake_up(&fake);
	fake_revoke(&fake, end == page ? 99 : end - 1, 1);
	fake_revoke(&fake, page, 1);
	fake_finish(&fake);

	assert_int_equal(fake_stats(&fake).slots, end == page ? 1 : 2);
	for (uint64_t at = page - 1; at <= end; at++)
		assert_int_equal(fake.access[at], at == page || at == end - 1 ? NONE : RW);
}
EACH_GRANULE(a_page_with_the_address_of_another_granule_s_next_one_is_not_taken_for_it)

static void runs_of_pages_descend_and_adjoin_as_well_of(unsigned granule_lg2)
{
	(void)granule_lg2;
	fake.cpu_count = 2;
	fake_up(&fake);
	assert_int_equal(fake_change_on(&fake, 0, 30, 10, OWNED, NOPAGE), 0);
	assert_int_equal(fake_change_on(&fake, 0, 20, 10, OWNED, NOPAGE), 0);
	assert_int_equal(fake_change_on(&fake, 1, 40, 7, OWNED, NOPAGE), 0);
	fake_finish(&fake);

	assert_int_equal(fake_stats(&fake).slots, 2);
	assert_int_equal(fake_stats(&fake).runs, 1);
	fake_assert_run(&fake, 0, FAKE_APPLY, 20, 47, NONE);
}
EACH_GRANULE(runs_of_pages_descend_and_adjoin_as_well)

static void mixed_old_states_are_states_of_pages_of(unsigned granule_lg2)
{
	static const uint8_t old[] = { OWNED, NOPAGE, OWNED, OWNED, NOPAGE };
	struct shadow_transition transition;

	(void)granule_lg2;
	fake_up(&fake);
	transition = fake_transition(&fake, 50, 5, OWNED, NOPAGE);
	transition.old_states = old;
	assert_int_equal(shadow_reserve(fake.engine, 0, &transition, FAKE_WAIT_NS), 0);
	assert_true(shadow_queue(fake.engine, 0, ++fake.number, &transition));
	fake_finish(&fake);

	fake_assert_run(&fake, 0, FAKE_APPLY, 50, 51, NONE);
	fake_assert_run(&fake, 1, FAKE_APPLY, 52, 54, NONE);
	fake_assert_call(&fake, 2, FAKE_PUBLISH);
}
EACH_GRANULE(mixed_old_states_are_states_of_pages)

static void a_run_is_cut_where_memory_meets_mmio_of(unsigned granule_lg2)
{
	uint64_t border = UINT64_C(1) << (32 - granule_lg2);

	fake_up(&fake);
	fake_revoke(&fake, border - 2, 5);
	fake_finish(&fake);

	fake_assert_run(&fake, 0, FAKE_APPLY, border - 2, border, NONE);
	assert_int_equal(fake.log[0].run.memory, SHADOW_MEMORY_NORMAL);
	fake_assert_run(&fake, 1, FAKE_APPLY, border, border + 3, NONE);
	assert_int_equal(fake.log[1].run.memory, SHADOW_MEMORY_DEVICE);
}
EACH_GRANULE(a_run_is_cut_where_memory_meets_mmio)

static void a_reserved_range_closes_every_page_that_it_touches_of(unsigned granule_lg2)
{
	uint64_t page = UINT64_C(1) << granule_lg2;

	/* The last 4 KiB of page 10 and the first 4 KiB of page 12, or all of both. */
	fake.reserved[0] = (struct shadow_range){ 11 * page - 0x1000, 12 * page + 0x1000 };
	fake.map.reserved_count = 1;
	fake_up(&fake);
	fake_grant(&fake, 5, 20);
	fake_finish(&fake);

	fake_assert_run(&fake, 0, FAKE_APPLY, 5, 10, RW);
	fake_assert_run(&fake, 1, FAKE_APPLY, 13, 25, RW);
	fake_assert_call(&fake, 2, FAKE_PUBLISH);
	assert_int_equal(fake.report_count, 1);
	assert_int_equal(fake.reports[0].what, PLATFORM_REPORT_RESERVED);
	assert_int_equal(fake.reports[0].a, 10 * page);
	assert_int_equal(fake.reports[0].b, 13 * page);
}
EACH_GRANULE(a_reserved_range_closes_every_page_that_it_touches)

static void queued_is_asked_by_address_of(unsigned granule_lg2)
{
	uint64_t page = UINT64_C(1) << granule_lg2;

	fake_up(&fake);
	fake_revoke(&fake, 50, 4);

	assert_false(shadow_queued(fake.engine, (shadow_ipa_t){ 49 * page }, 1));
	assert_true(shadow_queued(fake.engine, (shadow_ipa_t){ 49 * page }, 2));
	assert_true(shadow_queued(fake.engine, (shadow_ipa_t){ 53 * page }, 1));
	assert_false(shadow_queued(fake.engine, (shadow_ipa_t){ 54 * page }, 100));
}
EACH_GRANULE(queued_is_asked_by_address)

/* ---- reservation -------------------------------------------------------------------------------------- */

static void a_start_inside_a_page_or_a_range_past_the_space_is_refused_of(unsigned granule_lg2)
{
	uint64_t top = UINT64_C(1) << (FAKE_IA_BITS - granule_lg2);
	struct shadow_transition transition;

	fake_up(&fake);
	/* Once with nothing promised, once with the zone promised. */
	for (unsigned i = 0; i < 2; i++) {
		for (unsigned bit = 0; bit < granule_lg2; bit++) {
			transition = fake_transition(&fake, 9, 1, OWNED, NOPAGE);
			transition.start.addr += UINT64_C(1) << bit;
			assert_int_equal(shadow_reserve(fake.engine, 0, &transition, FAKE_WAIT_NS),
					 -SHADOW_EINVAL);
		}
		transition = fake_transition(&fake, top - 1, 1, OWNED, NOPAGE);
		assert_int_equal(shadow_reserve(fake.engine, 0, &transition, FAKE_WAIT_NS), 0);
		transition = fake_transition(&fake, top - 1, 2, OWNED, NOPAGE);
		assert_int_equal(shadow_reserve(fake.engine, 0, &transition, FAKE_WAIT_NS), -SHADOW_EINVAL);
		transition = fake_transition(&fake, top, 1, OWNED, NOPAGE);
		assert_int_equal(shadow_reserve(fake.engine, 0, &transition, FAKE_WAIT_NS), -SHADOW_EINVAL);
		transition = fake_transition(&fake, 8, 1, OWNED, NOPAGE);
		assert_int_equal(shadow_reserve(fake.engine, 0, &transition, FAKE_WAIT_NS), 0);
	}
}
EACH_GRANULE(a_start_inside_a_page_or_a_range_past_the_space_is_refused)

static void a_grant_of_a_page_with_a_queued_revoke_is_flushed_for_of(unsigned granule_lg2)
{
	(void)granule_lg2;
	fake_up(&fake);
	fake_revoke(&fake, 50, 4);
	/* The same group of pages in the map of revokes, but not revoked. */
	fake_grant(&fake, 54, 1);
	assert_int_equal(fake_stats(&fake).flushes_forced, 0);

	fake.complete = 1;
	fake_grant(&fake, 53, 1);
	assert_int_equal(fake_stats(&fake).flushes_forced, 1);
	fake_finish(&fake);

	assert_int_equal(fake.access[52], NONE);
	assert_int_equal(fake.access[53], RW);
}
EACH_GRANULE(a_grant_of_a_page_with_a_queued_revoke_is_flushed_for)

/* ---- against one state a page ------------------------------------------------------------------------- */

static void random_changes_end_as_page_by_page(void **state)
{
	static uint8_t old[FAKE_PAGES];
	uint64_t seed = seeded_start();

	(void)state;
	for (unsigned round = 0; round < 30; round++) {
		fake_init(&fake, granules[round % 3]);
		fake.cpu_count = 3;
		fake.queue_slots = 32;
		fake.base.prepares = round & 1;
		fake_up(&fake);
		memset(old, OWNED, sizeof(old));
		for (unsigned i = 0; i < 400; i++) {
			uint64_t first = seeded_below(&seed, FAKE_PAGES), count = 1 + seeded_below(&seed, 20);
			unsigned cpu = (unsigned)seeded_below(&seed, 3);
			struct shadow_transition transition;

			if (count > FAKE_PAGES - first)
				count = FAKE_PAGES - first;
			transition = fake_transition(&fake, first, count, OWNED,
						     (enum shadow_state)seeded_below(&seed, 4));
			transition.old_states = &old[first];
			fake_pass(&fake);
			fake.complete++; /* what reserve() flushes is complete as well */
			assert_int_equal(shadow_reserve(fake.engine, cpu, &transition, FAKE_WAIT_NS), 0);
			if (shadow_queue(fake.engine, cpu, fake.number + 1, &transition))
				fake.number++;
			memset(&old[first], (int)transition.new_state, count);
			fake.log_count = 0;
			if (seeded_below(&seed, 10))
				continue;
			fake_finish(&fake);
			for (unsigned page = 0; page < FAKE_PAGES; page++)
				assert_int_equal(fake.access[page], old[page] == NOPAGE ? NONE : RW);
		}
		fake_down(&fake);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(granules_that_there_are_not_have_no_engine),
		cmocka_unit_test(no_granule_stands_for_4_kib),
		cmocka_unit_test(a_target_of_another_granule_is_refused),
		cmocka_unit_test(a_host_table_of_another_granule_is_refused),
		cmocka_unit_test(memory_that_ends_inside_a_page_is_refused),
		cmocka_unit_test(the_snapshot_builds_runs_of_whole_pages),
		cmocka_unit_test(an_annotated_page_of_the_host_s_table_is_left_out),
		cmocka_unit_test(pages_one_after_the_other_are_one_slot_and_one_run),
		cmocka_unit_test(a_page_with_the_address_of_another_granule_s_next_one_is_not_taken_for_it),
		cmocka_unit_test(runs_of_pages_descend_and_adjoin_as_well),
		cmocka_unit_test(mixed_old_states_are_states_of_pages),
		cmocka_unit_test(a_run_is_cut_where_memory_meets_mmio),
		cmocka_unit_test(a_reserved_range_closes_every_page_that_it_touches),
		cmocka_unit_test(queued_is_asked_by_address),
		cmocka_unit_test(a_start_inside_a_page_or_a_range_past_the_space_is_refused),
		cmocka_unit_test(a_grant_of_a_page_with_a_queued_revoke_is_flushed_for),
		cmocka_unit_test(random_changes_end_as_page_by_page),
	};

	return cmocka_run_group_tests_name("granule", tests, NULL, NULL);
}
