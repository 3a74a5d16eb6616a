/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_ste.c - stream table entries and event records against words worked out from the specification.
 */
#include "smmuv3/ste.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "smmuv3/event.h"

static const struct smmu_stage2 stage2_40 = {
	.ttb = 0x80004000,
	.ia_bits = 40,
	.start_level = 1,
	.ps = 2,
	.vmid = 5,
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

static void size_and_start_level_follow_the_table(void **state)
{
	static const struct {
		unsigned ia_bits, start_level, t0sz, sl0;
	} cases[] = {
		{ 32, 1, 32, 1 }, { 34, 2, 30, 0 }, { 39, 1, 25, 1 }, { 44, 0, 20, 2 }, { 48, 0, 16, 2 }
	};

	(void)state;

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct smmu_stage2 stage2 = stage2_40;
		struct smmu_ste ste;

		stage2.ia_bits = cases[i].ia_bits;
		stage2.start_level = cases[i].start_level;
		ste = smmu_ste_s2(stage2);

		assert_int_equal(ste.word[2] >> 32 & 0x3f, cases[i].t0sz);
		assert_int_equal(ste.word[2] >> 38 & 3, cases[i].sl0);
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
		cmocka_unit_test(size_and_start_level_follow_the_table),
		cmocka_unit_test(a_nested_entry_takes_stage_1_from_the_host),
		cmocka_unit_test(a_host_that_sets_every_bit_gains_nothing),
		cmocka_unit_test(address_sizes_decode_as_idr5_counts_them),
		cmocka_unit_test(a_recorded_stage_2_translation_fault_decodes),
		cmocka_unit_test(an_aborted_descriptor_fetch_tells_where),
	};

	return cmocka_run_group_tests_name("ste", tests, NULL, NULL);
}
