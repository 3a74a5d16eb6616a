/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_model_command.c - which commands the model refuses.
 *
 * Proves, through the queue as a driver sees it: every reserved encoding raises CERROR_ILL and leaves
 * CONS on the command, and after it was overwritten and GERRORN toggled the queue goes on; every legal
 * form is taken; what a stage, RIL, HYP or ATS brings is refused without it.
 */
#include "model_rig.h"

#include <stdio.h>

#include "smmuv3/model/command.h"
#include "smmuv3/model/decode.h"

enum feature {
	S2_ONLY = 0,
	S1 = 1,
	NO_RIL = 2,
	HYP = 4,
	ATS = 8,
	S1_ONLY = 16,
	VMID8 = 32,
	MSI = 64,
	DS = 128
};

struct form {
	const char *name;
	unsigned features;
	uint64_t word[2];
};

/* IPA 0x5100_1000 and friends; constants as SMMUv3 drivers encode them. */
static const struct form legal[] = {
	{ "S2_IPA, one page, TG=0", S2_ONLY, { 0x50000002a, 0x51001001 } },
	{ "S2_IPA, one page, TG=0, without RIL", NO_RIL, { 0x50000002a, 0x51001001 } },
	{ "S2_IPA, 16 pages, TTL=3, leaf", S2_ONLY, { 0x50000f02a, 0x51000701 } },
	{ "S2_IPA, a 2 MiB block", S2_ONLY, { 0x50041f02a, 0x40200601 } },
	{ "S2_IPA, a 1 GiB block", S2_ONLY, { 0x50000002a, 0x40000501 } },
	{ "S2_IPA, two pages of unknown level", S2_ONLY, { 0x50000102a, 0x51001401 } },
	{ "S2_IPA, start not aligned to SCALE", S2_ONLY, { 0x50010102a, 0x51001401 } },
	{ "S2_IPA, 16K granule, TTL=3", S2_ONLY, { 0x50000002a, 0x51004b01 } },
	{ "S2_IPA, 16K granule, TTL=1 acts as TTL 0", S2_ONLY, { 0x50000102a, 0x51004901 } },
	{ "S2_IPA, 64K granule, TTL=2", S2_ONLY, { 0x50000002a, 0x60000e01 } },
	{ "S2_IPA, not leaf", S2_ONLY, { 0x50041f02a, 0x40200400 } },
	{ "S2_IPA, 48-bit address", S2_ONLY, { 0x50000002a, 0xfffffffff001 } },
	{ "S2_IPA, 52-bit address", DS, { 0x50000002a, 0xffffffffff001 } },
	{ "S2_IPA, SCALE bit 25", DS, { 0x50200102a, 0x51001401 } },
	{ "S2_IPA, a 64 GiB block of 16K, TTL=1", DS, { 0x50000002a, 0x8001000000901 } },
	{ "S12_VMALL", S2_ONLY, { 0x500000028, 0 } },
	{ "S12_VMALL, 16-bit VMID", S2_ONLY, { 0xffff00000028, 0 } },
	{ "NSNH_ALL", S2_ONLY, { 0x30, 0 } },
	{ "NSNH_ALL, stage 1 only", S1_ONLY, { 0x30, 0 } },
	{ "NH_ALL", S1, { 0x500000010, 0 } },
	{ "NH_ASID", S1, { 0x12000500000011, 0 } },
	{ "NH_VA", S1, { 0x12000500000012, 0xffff800000001001 } },
	{ "NH_VAA, range", S1, { 0x50000f013, 0x51000701 } },
	{ "EL2_ALL", HYP, { 0x20, 0 } },
	{ "EL2_VA", HYP, { 0x12000000000022, 0x51001001 } },
	{ "CFGI_STE", S2_ONLY, { 0x1000000003, 1 } },
	{ "CFGI_STE_RANGE", S2_ONLY, { 0x1000000004, 5 } },
	{ "CFGI_ALL", S2_ONLY, { 0x4, 31 } },
	{ "CFGI_CD", S1, { 0x1000001005, 1 } },
	{ "CFGI_CD_ALL", S1, { 0x1000000006, 0 } },
	{ "PREFETCH_CONFIG", S2_ONLY, { 0x1000000001, 0 } },
	{ "ATC_INV, everything", ATS, { 0x1000000040, 52 } },
	{ "SYNC", S2_ONLY, { 0x46, 0 } },
	{ "SYNC, CS=SEV", S2_ONLY, { 0x2046, 0 } },
	{ "SYNC, interrupt without MSI", S2_ONLY, { 0x1046, 0 } },
	{ "SYNC, MSI", MSI, { 0x123456780fc01046, 0x40000000 } },
};

static const struct form illegal[] = {
	{ "opcode 0", S2_ONLY, { 0, 0 } },
	{ "unknown opcode", S2_ONLY, { 0x47, 0 } },
	{ "opcode between the S2 ones", S2_ONLY, { 0x29, 0 } },
	{ "one page of unknown level with TG=1", S2_ONLY, { 0x50000002a, 0x51001401 } },
	{ "the same with TG=3", S2_ONLY, { 0x50000002a, 0x51000c01 } },
	{ "16K, TTL=1 acts as TTL 0", S2_ONLY, { 0x50000002a, 0x51004901 } },
	{ "16K, TTL=1 not aligned to 64 GiB", DS, { 0x50000002a, 0x8000800000901 } },
	{ "TG=0 with SCALE bit 25", DS, { 0x50200002a, 0x51001001 } },
	{ "S12_VMALL, bit 25", DS, { 0x502000028, 0 } },
	{ "TG=0 with NUM", S2_ONLY, { 0x50000102a, 0x51001001 } },
	{ "TG=0 with SCALE", S2_ONLY, { 0x50010002a, 0x51001001 } },
	{ "TG=0 with TTL", S2_ONLY, { 0x50000002a, 0x51001301 } },
	{ "TTL=2 not aligned to 2 MiB", S2_ONLY, { 0x50041f02a, 0x40201601 } },
	{ "TTL=1 not aligned to 1 GiB", S2_ONLY, { 0x50000002a, 0x40200501 } },
	{ "16K not aligned", S2_ONLY, { 0x50000002a, 0x51001b01 } },
	{ "64K not aligned", S2_ONLY, { 0x50000002a, 0x51004f01 } },
	{ "64K, TTL=2 not aligned to 512 MiB", S2_ONLY, { 0x50000002a, 0x50000e01 } },
	{ "range without RIL", NO_RIL, { 0x50000f02a, 0x51000701 } },
	{ "TG without RIL", NO_RIL, { 0x50000002a, 0x51000401 } },
	{ "NUM without RIL", NO_RIL, { 0x50000102a, 0x51000001 } },
	{ "TTL128", S2_ONLY, { 0x50000002a, 0x51001081 } },
	{ "S2_IPA, RES0 bit 1 of word 1", S2_ONLY, { 0x50000002a, 0x51001002 } },
	{ "S2_IPA, address above bit 51", S2_ONLY, { 0x50000002a, 0x10000051001001 } },
	{ "S2_IPA, SSec", S2_ONLY, { 0x50000042a, 0x51001001 } },
	{ "S2_IPA, SCALE bit 25 without DS", S2_ONLY, { 0x50200102a, 0x51001401 } },
	{ "S2_IPA, bits 63:48", S2_ONLY, { 0x100050000002a, 0x51001001 } },
	{ "S2_IPA, 16-bit VMID not offered", VMID8, { 0x1000000002a, 0x51001001 } },
	{ "S12_VMALL, word 1", S2_ONLY, { 0x500000028, 1 } },
	{ "NSNH_ALL with a VMID", S2_ONLY, { 0x500000030, 0 } },
	{ "NH_ALL without stage 1", S2_ONLY, { 0x500000010, 0 } },
	{ "NH_ASID without stage 1", S2_ONLY, { 0x500000011, 0 } },
	{ "NH_VA without stage 1", S2_ONLY, { 0x500000012, 0x51001001 } },
	{ "NH_VAA without stage 1", S2_ONLY, { 0x500000013, 0x51001001 } },
	{ "NH_VAA with an ASID", S1, { 0x1000500000013, 0x51001001 } },
	{ "CFGI_CD without stage 1", S2_ONLY, { 0x1000000005, 1 } },
	{ "CFGI_CD_ALL without stage 1", S2_ONLY, { 0x1000000006, 0 } },
	{ "S2_IPA without stage 2", S1_ONLY, { 0x2a, 0x51001001 } },
	{ "S12_VMALL without stage 2", S1_ONLY, { 0x28, 0 } },
	{ "NH_ALL with a VMID but no stage 2", S1_ONLY, { 0x500000010, 0 } },
	{ "EL2_ALL without HYP", S2_ONLY, { 0x20, 0 } },
	{ "EL2_ASID without HYP", S2_ONLY, { 0x21, 0 } },
	{ "EL2_VA without HYP", S2_ONLY, { 0x22, 0x51001001 } },
	{ "EL2_VAA without HYP", S2_ONLY, { 0x23, 0x51001001 } },
	{ "EL2_VA, reserved range", HYP, { 0x22, 0x51001401 } },
	{ "ATC_INV without ATS", S2_ONLY, { 0x1000000040, 52 } },
	{ "PRI_RESP", S2_ONLY, { 0x41, 0 } },
	{ "RESUME", S2_ONLY, { 0x44, 0 } },
	{ "STALL_TERM", S2_ONLY, { 0x45, 0 } },
	{ "CFGI_VMS_PIDM", S2_ONLY, { 0x07, 0 } },
	{ "CFGI_STE with SSV", S2_ONLY, { 0x1000000803, 1 } },
	{ "CFGI_STE, word 1", S2_ONLY, { 0x1000000003, 2 } },
	{ "CFGI_STE_RANGE, Range beyond 31", S2_ONLY, { 0x4, 32 } },
	{ "SYNC, CS=3", S2_ONLY, { 0x3046, 0 } },
	{ "SYNC, MSI not offered", S2_ONLY, { 0x1046, 0x40000000 } },
	{ "SYNC, MSI data not offered", S2_ONLY, { 0x100001046, 0 } },
	{ "SYNC, RES0 bit 8", S2_ONLY, { 0x146, 0 } },
	{ "SYNC, RES0 bit 14", S2_ONLY, { 0x4046, 0 } },
};

static void rig_for(struct rig *rig, unsigned features)
{
	rig_config(rig);
	rig->config.s1p = features & (S1 | S1_ONLY);
	rig->config.s2p = !(features & S1_ONLY);
	rig->config.ril = !(features & NO_RIL);
	rig->config.hyp = features & HYP;
	rig->config.ats = features & ATS;
	rig->config.msi = features & MSI;
	rig->config.vmid16 = !(features & VMID8);
	rig->config.ds = features & DS;
	rig->config.oas_bits = features & DS ? 52 : 48;
	rig_up(rig);
}

static void legal_forms_are_taken(void **state)
{
	struct rig rig;
	unsigned index;

	(void)state;
	for (index = 0; index < sizeof(legal) / sizeof(legal[0]); index++) {
		rig_for(&rig, legal[index].features);
		rig_queue(&rig, legal[index].word[0], legal[index].word[1]);
		rig_run(&rig);

		if (model_read32(rig.model, 0x9c) != 1)
			print_error("refused: %s\n", legal[index].name);
		assert_int_equal(model_read32(rig.model, 0x9c), 1);
		assert_int_equal(model_read32(rig.model, 0x60), 0);
		rig_free(&rig);
	}
}

static void reserved_forms_are_refused_and_the_queue_recovers(void **state)
{
	struct rig rig;
	unsigned index;

	(void)state;
	for (index = 0; index < sizeof(illegal) / sizeof(illegal[0]); index++) {
		uint64_t *slot;

		rig_for(&rig, illegal[index].features);
		rig_queue(&rig, RIG_NSNH_ALL, 0);
		rig_queue(&rig, illegal[index].word[0], illegal[index].word[1]);
		rig_queue(&rig, RIG_SYNC, 0);
		rig_run(&rig);

		if (model_read32(rig.model, 0x9c) != 0x1000001)
			print_error("accepted: %s\n", illegal[index].name);
		assert_int_equal(model_read32(rig.model, 0x9c), 0x1000001); /* CERROR_ILL at index 1 */
		assert_int_equal(model_read32(rig.model, 0x60), 1);
		rig_run(&rig);
		assert_int_equal(model_read32(rig.model, 0x9c), 0x1000001);

		slot = rig_word(&rig, RIG_CMDQ + 16);
		slot[0] = RIG_NSNH_ALL;
		slot[1] = 0;
		model_write32(rig.model, 0x64, 1);
		rig_run(&rig);
		assert_int_equal(model_read32(rig.model, 0x9c) & 0xffff, 3);
		assert_int_equal(model_read32(rig.model, 0x60), 1);
		assert_int_equal(model_counters(rig.model)->syncs, 1);
		assert_int_equal(rig.violations, 0);
		rig_free(&rig);
	}
}

static void recovery_leaves_a_stale_error_code_in_cons(void **state)
{
	struct rig rig;
	uint64_t *slot;

	(void)state;
	rig_for(&rig, S2_ONLY);
	rig_queue(&rig, 0xff, 0);
	rig_run(&rig);
	slot = rig_word(&rig, RIG_CMDQ);
	slot[0] = RIG_SYNC;
	model_write32(rig.model, 0x64, 1);
	rig_run(&rig);

	assert_int_equal(model_read32(rig.model, 0x9c),
			 0x1000001); /* only GERROR says whether it is active */
	rig_free(&rig);
}

static void second_error_toggles_gerror_back(void **state)
{
	struct rig rig;

	(void)state;
	rig_for(&rig, S2_ONLY);
	rig_queue(&rig, 0xff, 0);
	rig_run(&rig);
	model_write32(rig.model, 0x64, 1);
	rig_run(&rig); /* the command is still there: refused again */

	assert_int_equal(model_read32(rig.model, 0x60), 0);
	assert_int_equal(model_read32(rig.model, 0x64), 1);
	assert_int_equal(model_counters(rig.model)->cerrors, 2);
	rig_free(&rig);
}

static struct invalidation reach_of(uint64_t word0, uint64_t word1, bool ds)
{
	struct model_config config = { .ds = ds };
	const uint64_t word[2] = { word0, word1 };
	struct command command;
	const char *why = NULL;

	model_config_default(&config);
	assert_int_equal(command_decode(word, &config, &command, &why), CERROR_NONE);
	assert_int_equal(command.kind, COMMAND_TLBI);
	return command.tlbi;
}

static void a_range_reaches_what_its_fields_say(void **state)
{
	struct invalidation tlbi;

	(void)state;
	tlbi = reach_of(0x50220102a, 0x51001401, true); /* NUM=1, SCALE=34 */
	assert_int_equal(tlbi.first, 0x51001000);
	assert_int_equal(tlbi.last, 0x51001000 + (UINT64_C(2) << 46) - 1);
	assert_int_equal(tlbi.leaf_levels, LEVELS_ALL);
	assert_int_equal(tlbi.table_levels, 0);
	tlbi = reach_of(0x503f0002a, 0xc00, true); /* SCALE=63 acts as 39; 64K, Leaf=0 */
	assert_int_equal(tlbi.last, (UINT64_C(1) << 55) - 1);
	assert_int_equal(tlbi.table_levels, LEVELS_TABLES);
	assert_int_equal(tlbi.granules, GRANULE_64K);
	tlbi = reach_of(0x50000002a, 0x8001000000901, true); /* 16K, TTL=1 */
	assert_int_equal(tlbi.leaf_levels, LEVEL_BIT(1));
	tlbi = reach_of(0x50000102a, 0x8001000000901, false); /* without DS: of any level */
	assert_int_equal(tlbi.leaf_levels, LEVELS_ALL);
	tlbi = reach_of(0x50000002a, 0x40200600, false); /* 4K, TTL=2, Leaf=0 */
	assert_int_equal(tlbi.leaf_levels, LEVEL_BIT(2));
	assert_int_equal(tlbi.table_levels, LEVEL_BIT(-1) | LEVEL_BIT(0) | LEVEL_BIT(1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(legal_forms_are_taken),
		cmocka_unit_test(reserved_forms_are_refused_and_the_queue_recovers),
		cmocka_unit_test(recovery_leaves_a_stale_error_code_in_cons),
		cmocka_unit_test(second_error_toggles_gerror_back),
		cmocka_unit_test(a_range_reaches_what_its_fields_say),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
