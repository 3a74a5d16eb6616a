/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_model_cache.c - a model that sees of memory what was cleaned.
 *
 * Proves: a store reaches the model's walker only by a clean or an eviction, and events reach the CPU only by
 * an invalidation; a revoke, nT and a break are in force only if their store was cleaned before the command;
 * a table has to be in memory before it is linked, and is free only when memory has that it is not; cleans
 * are counted, and those that did nothing are told apart.
 */
#include "model_rig.h"

#include <stdlib.h>
#include <string.h>

#include "seeded.h"

#define GRANTED		UINT64_C(0x7000) /* page 7 of rig_up_mapped() is not mapped */
#define PAGE_SLOT(page) (rig_table(3) + 8 * (uint64_t)(page))

static struct rig rig;

static int setup(void **state)
{
	(void)state;
	rig_config(&rig);
	rig.noncoherent = true;
	rig.config.bbml = 1;
	rig_up_mapped(&rig);
	rig_expect_pa(&rig, 0x2000, 0x2000); /* the stream is used: its tables are live */
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	rig_free(&rig);
	return 0;
}

/* ---- the cache alone --------------------------------------------------------------------- */

enum {
	LINES = 32,
	WORDS = LINES * 8
};

static void a_store_reaches_memory_by_its_clean_and_takes_its_line_along(void **state)
{
	_Alignas(64) uint64_t live[WORDS] = { 0 };
	struct model_cache *cache = model_cache_new(live, sizeof(live));
	const uint64_t *memory = model_cache_view(cache);

	(void)state;
	live[8] = 1;
	live[15] = 2;
	live[16] = 3;
	assert_int_equal(memory[8], 0);
	model_cache_clean(cache, 8 * 8, 8);

	assert_int_equal(memory[8], 1);
	assert_int_equal(memory[15], 2);
	assert_int_equal(memory[16], 0);
	model_cache_clean(cache, 8 * 15, 16); /* two lines */
	assert_int_equal(memory[16], 3);
	model_cache_clean(cache, sizeof(live), 64);
	model_cache_clean(cache, 8, 0);
	assert_int_equal(model_cache_counters(cache)->cleaned, 3);
	model_cache_free(cache);
}

static void an_invalidation_brings_what_the_device_wrote_and_drops_the_rest(void **state)
{
	_Alignas(64) uint64_t live[WORDS] = { 0 };
	struct model_cache *cache = model_cache_new(live, sizeof(live));
	uint64_t *memory = model_cache_view(cache);

	(void)state;
	memory[3] = 7;
	memory[9] = 8;
	live[10] = 9;
	assert_int_equal(live[3], 0);
	model_cache_invalidate(cache, 0, 128);

	assert_int_equal(live[3], 7);
	assert_int_equal(live[9], 8);
	assert_int_equal(live[10], 0); /* it was dirty */
	assert_int_equal(model_cache_counters(cache)->invalidated, 2);
	assert_int_equal(model_cache_counters(cache)->lost, 1);
	model_cache_free(cache);
}

static void a_line_that_both_write_is_written_back_whole(void **state)
{
	_Alignas(64) uint64_t live[WORDS] = { 0 };
	struct model_cache *cache = model_cache_new(live, sizeof(live));
	uint64_t *memory = model_cache_view(cache);

	(void)state;
	memory[0] = 5;
	model_cache_clean(cache, 0, 64); /* clean: the device's word stays */
	assert_int_equal(memory[0], 5);
	live[1] = 6;
	model_cache_clean(cache, 0, 64);
	assert_int_equal(memory[0], 0);
	model_cache_free(cache);
}

static void cleans_that_do_nothing_or_come_twice_are_redundant(void **state)
{
	_Alignas(64) uint64_t live[WORDS] = { 0 };
	struct model_cache *cache = model_cache_new(live, sizeof(live));
	const struct model_cache_counters *counters = model_cache_counters(cache);

	(void)state;
	live[0] = 1;
	model_cache_clean(cache, 0, 8);
	assert_int_equal(counters->redundant, 0);
	live[1] = 1;
	model_cache_clean(cache, 8, 8); /* dirty, but the second time */
	assert_int_equal(counters->redundant, 1);
	model_cache_doorbell(cache);
	live[2] = 1;
	model_cache_clean(cache, 16, 8);
	assert_int_equal(counters->redundant, 1);
	model_cache_doorbell(cache);
	model_cache_clean(cache, 16, 8); /* not dirty */
	assert_int_equal(counters->redundant, 2);
	assert_int_equal(counters->cleaned, 4);
	model_cache_free(cache);
}

static void evictions_write_every_dirty_line_and_no_other(void **state)
{
	_Alignas(64) uint64_t live[WORDS] = { 0 };
	struct model_cache *cache = model_cache_new(live, sizeof(live));
	uint64_t *memory = model_cache_view(cache), random = seeded_start(), expected[WORDS];
	unsigned index, count = 0;

	(void)state;
	memory[8 * 5] = 9; /* line 5 is clean here: the device's */
	for (index = 0; index < LINES; index += 3)
		live[8 * index + seeded_below(&random, 8)] = index + 1;
	memcpy(expected, live, sizeof(expected));
	expected[8 * 5] = 9;
	while (model_cache_evict(cache, seeded_below(&random, UINT64_MAX)))
		count++;

	assert_int_equal(count, (LINES + 2) / 3);
	assert_int_equal(model_cache_counters(cache)->evicted, count);
	assert_memory_equal(memory, expected, sizeof(expected));
	model_cache_free(cache);
}

/* ---- the model behind it ----------------------------------------------------------------- */

static void idr0_says_that_walks_are_not_coherent(void **state)
{
	(void)state;
	assert_int_equal(model_read32(rig.model, 0) >> 4 & 1, 0);
}

static void a_grant_is_not_seen_before_it_is_cleaned(void **state)
{
	(void)state;
	rig_store(&rig, PAGE_SLOT(7), GRANTED | RIG_PAGE);
	rig_expect_fault(&rig, GRANTED, MODEL_F_TRANSLATION);
	rig_clean(&rig, PAGE_SLOT(7), 8);
	rig_expect_pa(&rig, GRANTED, GRANTED);
	assert_int_equal(rig.violations, 0);
}

static void a_grant_may_be_seen_early_by_an_eviction(void **state)
{
	(void)state;
	rig_store(&rig, PAGE_SLOT(7), GRANTED | RIG_PAGE);
	assert_true(model_cache_evict(rig.cache, 1));
	rig_expect_pa(&rig, GRANTED, GRANTED);
	assert_false(model_cache_evict(rig.cache, 1));
}

static void a_command_that_is_not_cleaned_is_not_the_one_executed(void **state)
{
	uint64_t *slot = rig_word(&rig, RIG_CMDQ);

	(void)state;
	slot[0] = RIG_SYNC;
	model_write32(rig.model, 0x98, 1);
	rig_run(&rig);
	assert_int_equal(model_read32(rig.model, 0x60), 1); /* opcode 0 is illegal */
}

/* Revoke page 1 while the device keeps using it. */
static void revoke_page_1(bool clean)
{
	model_watch(rig.model, RIG_SID, 0x1000);
	rig_expect_pa(&rig, 0x1000, 0x1000);
	rig_store(&rig, PAGE_SLOT(1), 0);
	if (clean)
		rig_clean(&rig, PAGE_SLOT(1), 8);
	rig_sync(&rig, RIG_S2_IPA, 0x1000 | RIG_LEAF);
}

static void a_revoke_that_is_cleaned_is_in_force_after_its_sync(void **state)
{
	(void)state;
	revoke_page_1(true);
	rig_expect_fault(&rig, 0x1000, MODEL_F_TRANSLATION);
}

static void dropping_one_clean_makes_a_revoke_ineffective(void **state)
{
	(void)state;
	revoke_page_1(false);
	rig_expect_pa(&rig, 0x1000, 0x1000);
}

static void a_clean_after_the_sync_is_too_late(void **state)
{
	(void)state;
	revoke_page_1(false);
	rig_clean(&rig, PAGE_SLOT(1), 8);
	rig_expect_pa(&rig, 0x1000, 0x1000); /* cached again meanwhile */
}

static void fill(uint64_t table, uint64_t pa)
{
	unsigned index;

	for (index = 0; index < 512; index++)
		*rig_word(&rig, table + 8 * (uint64_t)index) = (pa + 0x1000 * (uint64_t)index) | RIG_PAGE;
}

static void a_table_linked_before_it_is_cleaned_is_a_violation(void **state)
{
	(void)state;
	fill(rig_table(5), 0x400000);
	rig_store(&rig, rig_table(2) + 16, rig_table(5) | RIG_TABLE);
	assert_int_equal(rig.violations, 1);
	assert_int_equal(rig.last.rule, MODEL_RULE_CLEAN);
	assert_string_equal(model_rule_name(rig.last.rule), "clean");
	rig_clean(&rig, rig_table(2) + 16, 8);
	rig_expect_fault(&rig, 0x400000, MODEL_F_TRANSLATION);
}

static void one_line_of_a_table_left_out_is_a_violation(void **state)
{
	(void)state;
	fill(rig_table(5), 0x400000);
	rig_clean(&rig, rig_table(5), 4096 - 64);
	rig_store(&rig, rig_table(2) + 16, rig_table(5) | RIG_TABLE);
	assert_int_equal(rig.violations, 1);
	assert_int_equal(rig.last.rule, MODEL_RULE_CLEAN);
}

static void a_table_cleaned_before_it_is_linked_is_fine(void **state)
{
	(void)state;
	fill(rig_table(5), 0x400000);
	rig_clean(&rig, rig_table(5), 4096);
	rig_store(&rig, rig_table(2) + 16, rig_table(5) | RIG_TABLE);
	assert_int_equal(rig.violations, 0);
	rig_clean(&rig, rig_table(2) + 16, 8);
	rig_expect_pa(&rig, 0x400000, 0x400000);
}

/* Split the live block of rig_up_mapped() as BBML 1 wants it. */
static void split_by_nt(bool clean_nt)
{
	rig_store(&rig, rig_table(2) + 8, UINT64_C(0x200000) | RIG_BLOCK | RIG_NT);
	if (clean_nt)
		rig_clean(&rig, rig_table(2) + 8, 8);
	rig_sync(&rig, RIG_S2_IPA, 0x200000 | RIG_LEAF);
	fill(rig_table(5), 0x200000);
	rig_clean(&rig, rig_table(5), 4096);
	rig_store(&rig, rig_table(2) + 8, rig_table(5) | RIG_TABLE);
}

static void nt_counts_once_memory_has_it(void **state)
{
	(void)state;
	split_by_nt(true);
	assert_int_equal(rig.violations, 0);
}

static void nt_that_was_not_cleaned_before_its_sync_does_not_count(void **state)
{
	(void)state;
	split_by_nt(false);
	assert_int_equal(rig.violations, 1);
	assert_int_equal(rig.last.rule, MODEL_RULE_BBM_BLOCK);
}

static void a_break_that_was_not_cleaned_is_none(void **state)
{
	(void)state;
	rig_store(&rig, PAGE_SLOT(1), 0);
	rig_sync(&rig, RIG_S2_IPA, 0x1000 | RIG_LEAF);
	rig_clean(&rig, PAGE_SLOT(1), 8);
	assert_int_equal(rig.violations, 0);
	rig_store(&rig, PAGE_SLOT(1), 0x9000 | RIG_PAGE);
	assert_int_equal(rig.violations, 1);
	assert_int_equal(rig.last.rule, MODEL_RULE_BBM_OUTPUT);
}

static void a_table_is_not_free_while_memory_still_links_it(void **state)
{
	(void)state;
	rig_store(&rig, rig_table(2), 0);
	rig_sync(&rig, RIG_S12_VMALL, 0);
	rig_store(&rig, PAGE_SLOT(7), 0x400000 | RIG_PAGE);
	assert_int_equal(rig.violations, 1);
	assert_int_equal(rig.last.rule, MODEL_RULE_TABLE_REUSE);
}

static void an_event_is_read_after_an_invalidation(void **state)
{
	const uint64_t *record = rig_word(&rig, RIG_EVTQ);

	(void)state;
	rig_expect_fault(&rig, GRANTED, MODEL_F_TRANSLATION);
	assert_int_equal(model_read32(rig.model, 0x100a8), 1);
	assert_int_equal(record[0], 0);
	model_cache_invalidate(rig.cache, RIG_EVTQ - RIG_BASE, 32);
	assert_int_equal(record[0] & 0xff, MODEL_F_TRANSLATION);
	assert_int_equal(model_cache_counters(rig.cache)->lost, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_store_reaches_memory_by_its_clean_and_takes_its_line_along),
		cmocka_unit_test(an_invalidation_brings_what_the_device_wrote_and_drops_the_rest),
		cmocka_unit_test(a_line_that_both_write_is_written_back_whole),
		cmocka_unit_test(cleans_that_do_nothing_or_come_twice_are_redundant),
		cmocka_unit_test(evictions_write_every_dirty_line_and_no_other),
		TEST(idr0_says_that_walks_are_not_coherent),
		TEST(a_grant_is_not_seen_before_it_is_cleaned),
		TEST(a_grant_may_be_seen_early_by_an_eviction),
		TEST(a_command_that_is_not_cleaned_is_not_the_one_executed),
		TEST(a_revoke_that_is_cleaned_is_in_force_after_its_sync),
		TEST(dropping_one_clean_makes_a_revoke_ineffective),
		TEST(a_clean_after_the_sync_is_too_late),
		TEST(a_table_linked_before_it_is_cleaned_is_a_violation),
		TEST(one_line_of_a_table_left_out_is_a_violation),
		TEST(a_table_cleaned_before_it_is_linked_is_fine),
		TEST(nt_counts_once_memory_has_it),
		TEST(nt_that_was_not_cleaned_before_its_sync_does_not_count),
		TEST(a_break_that_was_not_cleaned_is_none),
		TEST(a_table_is_not_free_while_memory_still_links_it),
		TEST(an_event_is_read_after_an_invalidation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
