/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_ste.c - stream table entries and event records against words worked out from the specification.
 */
#ifndef SHADOW_DEBUG
#define SHADOW_DEBUG 1 /* the checks are under test */
#endif
#include "smmuv3/ste.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "smmuv3/event.h"
#include "tests/unit/fake_smmu.h"

static const struct smmu_stage2 stage2_40 = {
	.ttb = 0x80004000,
	.granule_lg2 = 12,
	.ia_bits = 40,
	.start_level = 1,
	.ps = 2,
	.vmid = 5,
	.coherent = true,
};

/* 4 KiB granule, 40 bits, VMID 5; bit 53 (S2AFFD) on top of the usual constant: AF never faults. */
#define WORD2_40                                                                                    \
	((UINT64_C(24) | 1 << 6 | 1 << 8 | 1 << 10 | 3 << 12 | 2 << 16) << 32 | UINT64_C(1) << 51 | \
	 UINT64_C(1) << 53 | UINT64_C(1) << 54 | UINT64_C(1) << 58 | 5)

static void an_aborting_entry_is_valid_and_otherwise_empty(void **state)
{
	struct smmu_ste ste = smmu_ste_abort();

	(void)state;

	assert_int_equal(ste.word[0], 1);
	for (unsigned i = 1; i < 8; i++)
		assert_int_equal(ste.word[i], 0);
}

static void stage_2_only_has_no_stage_1_and_no_ats(void **state)
{
	struct smmu_ste ste = smmu_ste_s2(stage2_40);

	(void)state;

	assert_int_equal(ste.word[0], 0xd);
	assert_int_equal(ste.word[1], UINT64_C(1) << 44);
	assert_int_equal(ste.word[2], WORD2_40);
	assert_int_equal(ste.word[3], 0x80004000);
	for (unsigned i = 4; i < 8; i++)
		assert_int_equal(ste.word[i], 0);
}

/* S2TG and {S2SL0_2, S2SL0} of every start level there is, at the sizes where it may begin and end. */
static void granule_size_and_start_level_follow_the_table(void **state)
{
	static const struct {
		unsigned granule_lg2;
		int start_level;
		bool ds;
		unsigned ia_first, ia_last, tg, sl0, sl0_2;
	} cases[] = {
		{ 12, 0, false, 40, 48, 0, 2, 0 }, { 12, 1, false, 31, 43, 0, 1, 0 },
		{ 12, 2, false, 25, 34, 0, 0, 0 }, { 12, 3, false, 16, 25, 0, 3, 0 },
		{ 12, -1, true, 49, 52, 0, 0, 1 }, { 12, 0, true, 40, 52, 0, 2, 0 },
		{ 12, 1, true, 31, 43, 0, 1, 0 },  { 12, 2, true, 25, 34, 0, 0, 0 },
		{ 14, 1, false, 37, 48, 2, 2, 0 }, { 14, 2, false, 26, 40, 2, 1, 0 },
		{ 14, 3, false, 25, 29, 2, 0, 0 }, { 14, 0, true, 48, 52, 2, 3, 0 },
		{ 14, 1, true, 37, 51, 2, 2, 0 },  { 14, 2, true, 26, 40, 2, 1, 0 },
		{ 16, 1, false, 43, 52, 1, 2, 0 }, { 16, 2, false, 30, 46, 1, 1, 0 },
		{ 16, 3, false, 25, 33, 1, 0, 0 },
	};

	(void)state;

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (unsigned ia_bits = cases[i].ia_first; ia_bits <= cases[i].ia_last; ia_bits++) {
			struct smmu_stage2 stage2 = stage2_40;
			struct smmu_ste ste;

			stage2.granule_lg2 = cases[i].granule_lg2;
			stage2.start_level = cases[i].start_level;
			stage2.ds = cases[i].ds;
			stage2.ia_bits = ia_bits;
			ste = smmu_ste_s2(stage2);

			assert_int_equal(ste.word[2] >> 32 & 0x3f, 64 - ia_bits);
			assert_int_equal(ste.word[2] >> 38 & 3, cases[i].sl0);
			assert_int_equal(ste.word[2] >> 46 & 3, cases[i].tg);
			assert_int_equal(ste.word[3], 0x80004000 | (uint64_t)cases[i].ds << 3 |
							      (uint64_t)cases[i].sl0_2 << 2);
			/* The rest says what it says for every table. */
			assert_int_equal(ste.word[0], 0xd);
			assert_int_equal(ste.word[1], UINT64_C(1) << 44);
			assert_int_equal(ste.word[2] & ~(UINT64_C(0xc0ff) << 32),
					 WORD2_40 & ~(UINT64_C(0xc0ff) << 32));
		}
	}
}

static void memory_types_that_stage_1_cannot_weaken_are_announced(void **state)
{
	struct smmu_stage2 stage2 = stage2_40;
	struct smmu_ste without = smmu_ste_s2(stage2), with;

	(void)state;
	stage2.fwb = true;
	with = smmu_ste_s2(stage2);

	assert_int_equal(with.word[1], without.word[1] | UINT64_C(1) << 25);
	assert_int_equal(with.word[2], without.word[2]);
	assert_int_equal(with.word[3], without.word[3]);
	assert_int_equal(smmu_ste_nested(stage2, (struct smmu_stage1){ { 0, 0 } }).word[1] >> 25 & 1, 1);
}

/* What the leaves map stays inner shareable with S2DS, which reads S2SH0 for it. */
static void walks_of_an_smmu_that_is_not_coherent_are_not_cacheable(void **state)
{
	struct smmu_stage2 stage2 = stage2_40;
	struct smmu_ste coherent = smmu_ste_s2(stage2), other;

	(void)state;
	stage2.coherent = false;
	other = smmu_ste_s2(stage2);

	assert_int_equal(other.word[2] >> 40 & 0xf, 0);
	assert_int_equal(other.word[2] >> 44 & 3, 3);
	assert_int_equal(other.word[2] | UINT64_C(5) << 40, coherent.word[2]);
	assert_int_equal(other.word[1], coherent.word[1]);
	assert_int_equal(other.word[3], coherent.word[3]);
}

static void the_largest_table_fills_its_fields(void **state)
{
	const struct smmu_stage2 stage2 = {
		.ttb = 0xfffffffffffc0,
		.granule_lg2 = 16,
		.ia_bits = 52,
		.start_level = 1,
		.ps = 6,
		.vmid = 0xffff,
		.coherent = true,
	};
	struct smmu_ste ste = smmu_ste_s2(stage2);

	(void)state;

	assert_int_equal(ste.word[2] & 0xffff, 0xffff);
	assert_int_equal(ste.word[2] >> 32 & 0x3f, 12);
	assert_int_equal(ste.word[2] >> 48 & 7, 6);
	assert_int_equal(ste.word[3], 0xfffffffffffc0);
}

static void expect_refused(struct smmu_stage2 stage2)
{
	expect_assert_failure((void)smmu_ste_s2(stage2));
}

static void a_table_that_no_walker_has_is_refused(void **state)
{
	(void)state;

	for (unsigned i = 0; i < 13; i++) {
		struct smmu_stage2 stage2 = stage2_40;

		switch (i) {
		case 0: /* alignment of the smallest start table */
			stage2.ttb = 0x80004020;
			break;
		case 1: /* beyond 52 bits */
			stage2.ttb = UINT64_C(1) << 52;
			break;
		case 2:
			stage2.granule_lg2 = 13;
			break;
		case 3: /* needs DS */
			stage2.start_level = -1;
			break;
		case 4:
			stage2.ia_bits = 49;
			break;
		case 5:
			stage2.ps = 6;
			break;
		case 6:
			stage2.start_level = 4;
			break;
		case 7: /* needs DS */
			stage2.granule_lg2 = 14;
			stage2.start_level = 0;
			break;
		case 8: /* is the 4 KiB granule's alone */
			stage2.granule_lg2 = 14;
			stage2.start_level = -1;
			stage2.ds = true;
			break;
		case 9: /* there is no such level */
			stage2.granule_lg2 = 16;
			stage2.start_level = 0;
			break;
		case 10: /* has 52 bits without it */
			stage2.granule_lg2 = 16;
			stage2.ds = true;
			break;
		case 11:
			stage2.ia_bits = 53;
			stage2.ds = true;
			break;
		case 12:
			stage2.ps = 7;
			stage2.ds = true;
			break;
		}

		expect_refused(stage2);
	}
}

static void a_nested_entry_takes_stage_1_from_the_host(void **state)
{
	struct smmu_stage1 stage1 = { .word = { UINT64_C(5) << 59 | 0x123456789 << 6 | 1 << 4 | 0xb,
						UINT64_C(1) << 27 | 0xe5 } };
	struct smmu_ste ste = smmu_ste_nested(stage2_40, stage1);

	(void)state;

	assert_int_equal(ste.word[0], UINT64_C(5) << 59 | 0x123456789 << 6 | 1 << 4 | 0xf);
	assert_int_equal(ste.word[1], UINT64_C(1) << 44 | UINT64_C(1) << 27 | 0xe5);
	assert_int_equal(ste.word[2], WORD2_40);
	assert_int_equal(ste.word[3], 0x80004000);
}

static void a_host_that_sets_every_bit_gains_nothing(void **state)
{
	struct smmu_stage1 stage1 = { .word = { UINT64_MAX, UINT64_MAX } };
	struct smmu_ste ste = smmu_ste_nested(stage2_40, stage1);

	(void)state;

	assert_int_equal(ste.word[0], UINT64_C(0xf8ffffffffffffff));
	assert_int_equal(ste.word[1] >> 28 & 3, 0); /* EATS: no ATS */
	assert_int_equal(ste.word[1] >> 30 & 3, 0); /* STRW: Non-secure EL1 */
	assert_int_equal(ste.word[1] >> 25 & 1, 0); /* S2FWB */
	assert_int_equal(ste.word[1], UINT64_C(1) << 44 | UINT64_C(1) << 27 | 0xff);
	assert_int_equal(ste.word[2], WORD2_40);
	assert_int_equal(ste.word[2] >> 57 & 1, 0); /* S2S: no stall */
}

static void address_sizes_decode_as_idr5_counts_them(void **state)
{
	static const unsigned bits[] = { 32, 36, 40, 42, 44, 48, 52, 56 };

	(void)state;

	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(smmu_oas_bits(i), bits[i]);
	assert_int_equal(smmu_oas_bits(8), 0);
}

/* What QEMU 10 records for a write to an unmapped page through a stage-2-only stream. */
static void a_recorded_stage_2_translation_fault_decodes(void **state)
{
	const uint64_t record[4] = { 0x0000001000000010, 0x0000028000000000, 0x51001234, 0x51001000 };
	struct smmu_event event = smmu_event_decode(record);

	(void)state;

	assert_int_equal(event.type, SMMU_EVENT_F_TRANSLATION);
	assert_int_equal(event.sid, 0x10);
	assert_false(event.ssid_valid);
	assert_true(event.translation);
	assert_true(event.stage2);
	assert_false(event.read);
	assert_false(event.stall);
	assert_int_equal(event.class, SMMU_EVENT_CLASS_IN);
	assert_int_equal(event.address, 0x51001234);
	assert_int_equal(event.ipa, 0x51001000);
}

static void an_aborted_descriptor_fetch_tells_where(void **state)
{
	const uint64_t record[4] = { 0x00000007000abb0b, 0, 0, 0x00000000800041f8 };
	struct smmu_event event = smmu_event_decode(record);

	(void)state;

	assert_int_equal(event.type, SMMU_EVENT_F_WALK_EABT);
	assert_int_equal(event.sid, 7);
	assert_true(event.ssid_valid);
	assert_int_equal(event.ssid, 0xab);
	assert_false(event.translation);
	assert_int_equal(event.fetch, 0x800041f8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_aborting_entry_is_valid_and_otherwise_empty),
		cmocka_unit_test(stage_2_only_has_no_stage_1_and_no_ats),
		cmocka_unit_test(granule_size_and_start_level_follow_the_table),
		cmocka_unit_test(memory_types_that_stage_1_cannot_weaken_are_announced),
		cmocka_unit_test(walks_of_an_smmu_that_is_not_coherent_are_not_cacheable),
		cmocka_unit_test(the_largest_table_fills_its_fields),
		cmocka_unit_test(a_table_that_no_walker_has_is_refused),
		cmocka_unit_test(a_nested_entry_takes_stage_1_from_the_host),
		cmocka_unit_test(a_host_that_sets_every_bit_gains_nothing),
		cmocka_unit_test(address_sizes_decode_as_idr5_counts_them),
		cmocka_unit_test(a_recorded_stage_2_translation_fault_decodes),
		cmocka_unit_test(an_aborted_descriptor_fetch_tells_where),
	};

	fake_reset();
	return cmocka_run_group_tests_name("ste", tests, NULL, NULL);
}
