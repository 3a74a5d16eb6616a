/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_model_late.c - a model that is told of stores before they drain from a store buffer.
 *
 * Proves: the first use of tables finds them as the model was told, and follows them from there on; a coherent SMMU
 * wants no clean before a link; what was replaced stays cached while memory still says it.
 */
#include "model_rig.h"

#include <stdlib.h>
#include <string.h>

static struct rig rig;  /* its memory is what has drained */
static struct rig told; /* this one's, as the model was told */

static const void *told_peek(void *ctx, uint64_t pa, size_t bytes)
{
	(void)ctx;
	(void)bytes;
	return rig_word(&told, pa);
}

static int setup(void **state)
{
	(void)state;
	rig_config(&rig);
	rig.config.bbml = 2;
	rig.config.peek = told_peek;
	rig_up_mapped(&rig);
	told.memory = aligned_alloc(MODEL_CACHE_LINE, RIG_BYTES);
	assert_non_null(told.memory);
	memcpy(told.memory, rig.memory, RIG_BYTES);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	free(told.memory);
	rig_free(&rig);
	return 0;
}

static uint64_t page_slot(unsigned page)
{
	return rig_table(3) + 8 * (uint64_t)page;
}

static void tell(uint64_t pa, uint64_t value)
{
	uint64_t *word = rig_word(&told, pa), old_value = *word;

	*word = value;
	model_observe_store(rig.model, pa, old_value, value);
}

static void drain(uint64_t pa)
{
	*rig_word(&rig, pa) = *rig_word(&told, pa);
}

/* A block takes the place of a table before any stream is used, and drains after that: the table was never live. */
static void a_first_use_finds_tables_as_they_were_told(void **state)
{
	(void)state;
	tell(rig_table(2), RIG_BLOCK);
	rig_expect_pa(&rig, 0x40000000, 0x40000000);
	drain(rig_table(2));
	tell(page_slot(1), 0x401000 | RIG_PAGE);
	assert_int_equal(rig.violations, 0);
}

static void a_coherent_smmu_wants_no_clean_before_a_link(void **state)
{
	(void)state;
	rig_expect_pa(&rig, 0x1000, 0x1000);
	for (unsigned index = 0; index < 512; index++)
		tell(rig_table(5) + 8 * (uint64_t)index, (0x400000 + 0x1000 * (uint64_t)index) | RIG_PAGE);
	tell(rig_table(2) + 16, rig_table(5) | RIG_TABLE);
	assert_int_equal(rig.violations, 0);
}

static void break_page_1(bool drains)
{
	rig_expect_pa(&rig, 0x1000, 0x1000);
	tell(page_slot(1), 0);
	if (drains)
		drain(page_slot(1));
	rig_sync(&rig, RIG_S2_IPA, 0x1000 | RIG_LEAF);
	tell(page_slot(1), 0x9000 | RIG_PAGE);
}

static void a_break_that_has_drained_before_its_sync_is_one(void **state)
{
	(void)state;
	break_page_1(true);
	assert_int_equal(rig.violations, 0);
}

static void a_break_that_drains_after_its_sync_is_none(void **state)
{
	(void)state;
	break_page_1(false);
	assert_int_equal(rig.violations, 1);
	assert_int_equal(rig.last.rule, MODEL_RULE_BBM_OUTPUT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(a_first_use_finds_tables_as_they_were_told),
		TEST(a_coherent_smmu_wants_no_clean_before_a_link),
		TEST(a_break_that_has_drained_before_its_sync_is_one),
		TEST(a_break_that_drains_after_its_sync_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
