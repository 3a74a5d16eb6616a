/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_model_dma.c - what an access returns, which faults it meets and which records they leave.
 *
 * Proves: addresses, types, levels and permissions come from the leaf; every kind of fault is told apart;
 * the records have the documented bits; faults are silent without S2R; larger granules translate and are
 * invalidated by their own TG only.
 */
#include "model_rig.h"

static struct rig rig;

static int setup(void **state)
{
	(void)state;
	rig_config(&rig);
	rig_up_mapped(&rig);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	rig_free(&rig);
	return 0;
}

static void access_reports_address_type_and_level(void **state)
{
	struct model_access access;

	(void)state;
	access = rig_read(&rig, 0x1abc);
	assert_int_equal(access.fault, MODEL_OK);
	assert_int_equal(access.pa, 0x1abc);
	assert_int_equal(access.level, 3);
	assert_false(access.device || access.hit || access.bypass);
	access = rig_read(&rig, 0x1abc);
	assert_true(access.hit);
	access = rig_write(&rig, 0x6fffff);
	assert_int_equal(access.pa, 0x6fffff);
	assert_int_equal(access.level, 2);
	assert_true(access.device);
	assert_int_equal(rig_read(&rig, UINT64_C(0x80001ffffe)).pa, 0x11ffffe);
	assert_int_equal(model_counters(rig.model)->tlb_hits, 1);
	assert_int_equal(model_counters(rig.model)->walks, 3);
}

static void read_only_page_takes_reads_and_refuses_writes(void **state)
{
	(void)state;
	assert_int_equal(rig_read(&rig, 0x8000).fault, MODEL_OK);
	assert_int_equal(rig_write(&rig, 0x8000).fault, MODEL_F_PERMISSION);
	*rig_word(&rig, rig_table(3) + 8 * 9) = 0x9000 | (RIG_PAGE & ~UINT64_C(0x40));
	assert_int_equal(rig_write(&rig, 0x9000).fault, MODEL_OK);
	assert_int_equal(rig_read(&rig, 0x9000).fault, MODEL_F_PERMISSION);
}

static void every_fault_is_told_apart(void **state)
{
	uint64_t *entry = rig_word(&rig, rig_table(3) + 8 * 9), *table = rig_word(&rig, rig_table(2) + 16);

	(void)state;
	rig_expect_fault(&rig, 0x7000, MODEL_F_TRANSLATION);
	rig_expect_fault(&rig, UINT64_C(1) << 40, MODEL_F_TRANSLATION);
	*entry = 0x9000 | (RIG_PAGE & ~UINT64_C(0x400));
	rig_expect_fault(&rig, 0x9000, MODEL_F_ACCESS);
	*entry = 0x9000 | RIG_BLOCK; /* reserved at level 3 */
	rig_expect_fault(&rig, 0x9000, MODEL_F_TRANSLATION);
	*table = 0x90000003;
	rig_expect_fault(&rig, 0x400000, MODEL_F_WALK_EABT);
	assert_int_equal(model_event_count(rig.model, MODEL_F_TRANSLATION), 3); /* the queue holds four */
	assert_int_equal(model_event_count(rig.model, MODEL_F_ACCESS), 1);
}

static void output_beyond_the_size_is_an_address_fault(void **state)
{
	(void)state;
	rig_free(&rig);
	rig_config(&rig);
	rig.config.oas_bits = 40;
	rig_up_mapped(&rig);
	*rig_word(&rig, rig_table(3) + 8 * 9) = UINT64_C(1) << 40 | RIG_PAGE;
	*rig_word(&rig, rig_table(2) + 16) = UINT64_C(1) << 40 | RIG_TABLE;
	rig_expect_fault(&rig, 0x9000, MODEL_F_ADDR_SIZE);
	rig_expect_fault(&rig, 0x400000, MODEL_F_ADDR_SIZE);
}

static void record_of_a_stage_2_fault_has_the_documented_bits(void **state)
{
	uint64_t *event = rig_word(&rig, RIG_EVTQ);

	(void)state;
	rig_write(&rig, 0x7123);
	rig_read(&rig, UINT64_C(0xfffff7123));
	assert_int_equal(event[0], UINT64_C(0x0000001000000010));
	assert_int_equal(event[1], UINT64_C(0x0000028000000000)); /* as seen on QEMU */
	assert_int_equal(event[2], 0x7123);
	assert_int_equal(event[3], 0x7000);
	assert_int_equal(event[5], UINT64_C(0x0000028800000000));
}

static void record_of_a_fetch_fault_has_the_fetch_address(void **state)
{
	uint64_t *event = rig_word(&rig, RIG_EVTQ);

	(void)state;
	*rig_word(&rig, rig_table(2) + 16) = 0x90000003;
	rig_read(&rig, 0x400000 + 0x5000);
	assert_int_equal(event[0] & 0xff, 0x0b);
	assert_int_equal(event[3], 0x90000028);
}

static void record_of_an_illegal_entry_names_the_stream(void **state)
{
	uint64_t *event = rig_word(&rig, RIG_EVTQ);

	(void)state;
	model_dma(rig.model, 0x77, 0x1000, false);
	assert_int_equal(event[0], UINT64_C(0x0000007700000004));
	assert_int_equal(event[1], 0);
}

static void stage_2_faults_are_silent_without_s2r(void **state)
{
	(void)state;
	*rig_word(&rig, RIG_STRTAB + 64 * RIG_SID + 16) &= ~(UINT64_C(1) << 58);
	rig_expect_fault(&rig, 0x7000, MODEL_F_TRANSLATION);
	assert_int_equal(model_event_count(rig.model, MODEL_F_TRANSLATION), 0);
	assert_int_equal(model_read32(rig.model, 0x100a8), 0);
}

static void access_flag_may_be_ignored_by_the_stream(void **state)
{
	(void)state;
	*rig_word(&rig, RIG_STRTAB + 64 * RIG_SID + 16) |= UINT64_C(1) << 53;
	*rig_word(&rig, rig_table(3) + 8 * 9) = 0x9000 | (RIG_PAGE & ~UINT64_C(0x400));
	rig_expect_pa(&rig, 0x9000, 0x9000);
}

static void entry_without_access_flag_is_not_cached(void **state)
{
	(void)state;
	*rig_word(&rig, rig_table(3) + 8 * 9) = 0x9000 | (RIG_PAGE & ~UINT64_C(0x400));
	rig_expect_fault(&rig, 0x9000, MODEL_F_ACCESS);
	*rig_word(&rig, rig_table(3) + 8 * 9) = 0x9000 | RIG_PAGE;
	rig_expect_pa(&rig, 0x9000, 0x9000);
}

/* A stream with a granule of its own: @tg as in the STE; one leaf at @level of the first table. */
static void granule_case(unsigned tg, unsigned t0sz, unsigned sl0, uint64_t leaf, uint64_t iova, uint64_t pa,
			 uint64_t tlbi_other, uint64_t tlbi_own)
{
	uint64_t *ste = rig_word(&rig, RIG_STRTAB + 64 * 9), table = RIG_TABLES + 0x80000;

	rig_ste(&rig, 9, 6, 77, table);
	ste[2] = (ste[2] & ~(UINT64_C(0xc0ff) << 32)) | (uint64_t)t0sz << 32 | (uint64_t)sl0 << 38 |
		 (uint64_t)tg << 46;
	*rig_word(&rig, table) = leaf;
	rig_sync(&rig, RIG_CFGI_STE(9), 1);
	assert_int_equal(model_dma(rig.model, 9, iova, false).pa, pa);
	rig_store(&rig, table, 0);
	rig_sync(&rig, UINT64_C(0x4d0000002a), tlbi_other);
	assert_int_equal(model_dma(rig.model, 9, iova, false).pa, pa);
	rig_sync(&rig, UINT64_C(0x4d0000002a), tlbi_own);
	assert_int_equal(model_dma(rig.model, 9, iova, false).fault, MODEL_F_TRANSLATION);
}

static void larger_granules_translate_and_obey_their_own_tg(void **state)
{
	(void)state;
	/* 64K, 34 bits at level 2: a block of 512 MiB */
	granule_case(1, 30, 1, 0x40000000 | RIG_BLOCK, 0x1fffffff, 0x5fffffff,
		     RIG_LEAF | RIG_TTL(2) | RIG_TG(1), RIG_LEAF | RIG_TTL(2) | RIG_TG(3));
	/* 16K, 30 bits at level 2: a block of 32 MiB */
	granule_case(2, 34, 1, 0x40000000 | RIG_BLOCK, 0x1ffffff, 0x41ffffff,
		     RIG_LEAF | RIG_TTL(2) | RIG_TG(3), RIG_LEAF | RIG_TTL(2) | RIG_TG(2));
	/* 64K, 29 bits at level 3: a page; a single address of any granule removes it */
	granule_case(1, 35, 0, 0x50000 | RIG_PAGE, 0xffff, 0x5ffff, RIG_LEAF | RIG_TTL(3) | RIG_TG(2),
		     RIG_LEAF);
	assert_int_equal(rig.violations, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(access_reports_address_type_and_level),
		TEST(read_only_page_takes_reads_and_refuses_writes),
		TEST(every_fault_is_told_apart),
		TEST(output_beyond_the_size_is_an_address_fault),
		TEST(record_of_a_stage_2_fault_has_the_documented_bits),
		TEST(record_of_a_fetch_fault_has_the_fetch_address),
		TEST(record_of_an_illegal_entry_names_the_stream),
		TEST(stage_2_faults_are_silent_without_s2r),
		TEST(access_flag_may_be_ignored_by_the_stream),
		TEST(entry_without_access_flag_is_not_cached),
		TEST(larger_granules_translate_and_obey_their_own_tg),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
