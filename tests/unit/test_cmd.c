/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_cmd.c - command builders against encodings worked out by hand from the specification.
 */
#ifndef SHADOW_DEBUG
#define SHADOW_DEBUG 1 /* the checks are under test */
#endif
#include "smmuv3/cmd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/fake_smmu.h"

static void assert_words(struct smmu_cmd cmd, uint64_t word0, uint64_t word1)
{
	assert_int_equal(cmd.word[0], word0);
	assert_int_equal(cmd.word[1], word1);
}

static void one_page_without_a_range_names_the_page_and_leaf(void **state)
{
	(void)state;

	assert_words(smmu_cmd_tlbi_s2_ipa(5, 0x51001000, true), 0x000000050000002a, 0x51001001);
	assert_words(smmu_cmd_tlbi_s2_ipa(5, 0x51001000, false), 0x000000050000002a, 0x51001000);
	assert_words(smmu_cmd_tlbi_s2_ipa(0xffff, 0xfffffffff000, true), 0x0000ffff0000002a,
		     0x0000fffffffff001);
}

static void sixteen_pages_are_one_range_of_num_15(void **state)
{
	const struct smmu_tlbi_range range = {
		.ipa = 0x51000000,
		.num = 15,
		.tg = SMMU_CMD_TLBI_TG_4K,
		.ttl = 3,
		.leaf = true,
	};

	(void)state;

	assert_words(smmu_cmd_tlbi_s2_range(5, range), 0x000000050000f02a, 0x0000000051000701);
}

static void a_2m_block_is_one_range_of_num_31_and_scale_4(void **state)
{
	const struct smmu_tlbi_range range = {
		.ipa = 0x40200000,
		.num = 31,
		.scale = 4,
		.tg = SMMU_CMD_TLBI_TG_4K,
		.ttl = 2,
		.leaf = true,
	};

	(void)state;

	assert_words(smmu_cmd_tlbi_s2_range(0, range), 0x000000000041f02a, 0x0000000040200601);
}

static void blocks_of_other_granules_are_named_by_their_granule(void **state)
{
	/* 32 MiB of 16 KiB granules, 512 MiB of 64 KiB: a block of level 2 each. */
	struct smmu_tlbi_range range = {
		.ipa = 0x42000000,
		.num = 31,
		.scale = 6,
		.tg = smmu_cmd_tlbi_tg(14),
		.ttl = 2,
		.leaf = true,
	};

	(void)state;

	assert_words(smmu_cmd_tlbi_s2_range(5, range), 0x000000050061f02a, 0x0000000042000a01);
	range.ipa = 0x60000000;
	range.scale = 8;
	range.tg = smmu_cmd_tlbi_tg(16);
	assert_words(smmu_cmd_tlbi_s2_range(5, range), 0x000000050081f02a, 0x0000000060000e01);
}

static void expect_no_granule(unsigned lg2)
{
	expect_assert_failure((void)smmu_cmd_tlbi_tg(lg2));
}

static void granules_are_counted_as_commands_count_them(void **state)
{
	(void)state;

	assert_int_equal(smmu_cmd_tlbi_tg(12), 1);
	assert_int_equal(smmu_cmd_tlbi_tg(14), 2);
	assert_int_equal(smmu_cmd_tlbi_tg(16), 3);
	for (unsigned lg2 = 10; lg2 <= 18; lg2++)
		if (lg2 != 12 && lg2 != 14 && lg2 != 16)
			expect_no_granule(lg2);
}

static void addresses_of_52_bits_and_their_ranges_fit(void **state)
{
	const struct smmu_tlbi_range range = {
		.ipa = 0x000ffffffffff000,
		.num = 31,
		.scale = 39,
		.tg = SMMU_CMD_TLBI_TG_4K,
	};

	(void)state;

	assert_words(smmu_cmd_tlbi_s2_ipa(5, 0x000ffffffffff000, false), 0x000000050000002a,
		     0x000ffffffffff000);
	assert_words(smmu_cmd_tlbi_s2_range(5, range), 0x000000050271f02a, 0x000ffffffffff400);
}

static void a_scale_beyond_the_largest_is_refused(void **state)
{
	const struct smmu_tlbi_range range = { .scale = 40, .tg = SMMU_CMD_TLBI_TG_4K };

	(void)state;

	expect_assert_failure((void)smmu_cmd_tlbi_s2_range(5, range));
}

static void the_largest_range_without_ds_reaches_every_field_end(void **state)
{
	const struct smmu_tlbi_range range = { .num = 31, .scale = 31, .tg = SMMU_CMD_TLBI_TG_4K };

	(void)state;

	assert_words(smmu_cmd_tlbi_s2_range(0xffff, range), 0x0000ffff01f1f02a, 0x0000000000000400);
}

static void whole_vmid_commands_carry_the_vmid_and_nothing_else(void **state)
{
	(void)state;

	assert_words(smmu_cmd_tlbi_s12_vmall(0x1234), 0x0000123400000028, 0);
	assert_words(smmu_cmd_tlbi_nh_all(0x1234), 0x0000123400000010, 0);
	assert_words(smmu_cmd_tlbi_nsnh_all(), 0x30, 0);
	assert_words(smmu_cmd_tlbi_el2_all(), 0x20, 0);
}

static void configuration_commands_carry_the_stream_or_all(void **state)
{
	(void)state;

	assert_words(smmu_cmd_cfgi_ste(0x89abcdef, true), 0x89abcdef00000003, 1);
	assert_words(smmu_cmd_cfgi_ste(0x10, false), 0x0000001000000003, 0);
	assert_words(smmu_cmd_cfgi_ste_range(0x100, 8), 0x0000010000000004, 7);
	assert_words(smmu_cmd_cfgi_all(), 0x04, 31);
}

static void a_sync_asks_for_no_signal(void **state)
{
	(void)state;

	assert_words(smmu_cmd_sync(), 0x46, 0);
}

static void every_opcode_has_one_class(void **state)
{
	(void)state;

	for (unsigned opcode = 0; opcode < 256; opcode++) {
		struct smmu_cmd cmd = { .word = { UINT64_C(0x1234567800000000) | opcode, 0 } };

		assert_int_equal(smmu_cmd_opcode(cmd), opcode);
		assert_int_equal(smmu_cmd_is_tlbi(cmd), opcode >= 0x10 && opcode <= 0x30);
		assert_int_equal(smmu_cmd_is_cfgi(cmd), opcode >= 0x03 && opcode <= 0x07);
		assert_int_equal(smmu_cmd_is_sync(cmd), opcode == 0x46);
	}
}

static void one_page_of_unknown_level_is_refused_as_a_range(void **state)
{
	const struct smmu_tlbi_range range = { .ipa = 0x1000, .tg = SMMU_CMD_TLBI_TG_4K };

	(void)state;

	expect_assert_failure((void)smmu_cmd_tlbi_s2_range(5, range));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_page_without_a_range_names_the_page_and_leaf),
		cmocka_unit_test(sixteen_pages_are_one_range_of_num_15),
		cmocka_unit_test(a_2m_block_is_one_range_of_num_31_and_scale_4),
		cmocka_unit_test(blocks_of_other_granules_are_named_by_their_granule),
		cmocka_unit_test(granules_are_counted_as_commands_count_them),
		cmocka_unit_test(addresses_of_52_bits_and_their_ranges_fit),
		cmocka_unit_test(a_scale_beyond_the_largest_is_refused),
		cmocka_unit_test(the_largest_range_without_ds_reaches_every_field_end),
		cmocka_unit_test(whole_vmid_commands_carry_the_vmid_and_nothing_else),
		cmocka_unit_test(configuration_commands_carry_the_stream_or_all),
		cmocka_unit_test(a_sync_asks_for_no_signal),
		cmocka_unit_test(every_opcode_has_one_class),
		cmocka_unit_test(one_page_of_unknown_level_is_refused_as_a_range),
	};

	fake_reset();
	return cmocka_run_group_tests_name("cmd", tests, NULL, NULL);
}
