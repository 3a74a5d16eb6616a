/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_model_decode.c - stream table entries, descriptors and walks without a TLB.
 *
 * Proves: the known S2-only entry decodes; every illegal field makes it illegal; the pairs of input size and
 * start level are exactly those of the architecture's tables, for all three granules, small and 52-bit; the
 * walker reads blocks and pages of all granules, refuses what has no such form, and covers every address
 * once.
 */
#include "model_rig.h"

#include <stdlib.h>
#include <string.h>

static struct model_config config;

static int setup(void **state)
{
	(void)state;
	config = (struct model_config){ .seed = 0 };
	model_config_default(&config);
	return 0;
}

/* S2-only, 4K, 40-bit IPA, VMID 5, 40-bit PA: the constant of the facts, and a table base. */
static void known_entry(uint64_t ste[8])
{
	memset(ste, 0, 64);
	ste[0] = 0xd;
	ste[2] = (24 | 1 << 6 | 1 << 8 | 1 << 10 | 3 << 12 | UINT64_C(2) << 16) << 32 | UINT64_C(1) << 51 |
		 UINT64_C(1) << 54 | UINT64_C(1) << 58 | 5;
	ste[3] = 0x80002000;
}

static void known_stage2_entry_decodes(void **state)
{
	struct model_stage2 stage2;
	uint64_t ste[8];

	(void)state;
	known_entry(ste);
	assert_int_equal(ste[2], UINT64_C(0x044a355800000005));
	stage2 = model_decode_ste(ste, &config);

	assert_true(stage2.valid);
	assert_false(stage2.nested);
	assert_int_equal(stage2.granule_lg2, 12);
	assert_int_equal(stage2.ia_bits, 40);
	assert_int_equal(stage2.start_level, 1);
	assert_int_equal(stage2.oas_bits, 40);
	assert_int_equal(stage2.vmid, 5);
	assert_int_equal(stage2.ttb, 0x80002000);
	assert_true(stage2.record);
	assert_false(stage2.affd);
}

static void nested_entry_needs_stage_1(void **state)
{
	uint64_t ste[8];

	(void)state;
	known_entry(ste);
	ste[0] = 0xf;
	assert_false(model_decode_ste(ste, &config).valid);
	config.s1p = true;
	assert_true(model_decode_ste(ste, &config).valid);
	assert_true(model_decode_ste(ste, &config).nested);
	config.s2p = false;
	assert_false(model_decode_ste(ste, &config).valid);
}

static void each_illegal_field_makes_the_entry_illegal(void **state)
{
	static const struct {
		unsigned word;
		uint64_t clear, set;
	} flaws[] = {
		{ 0, 1, 0 },					 /* V */
		{ 0, 0, UINT64_C(1) << 59 },			 /* S1CDMax */
		{ 1, 0, UINT64_C(1) << 25 },			 /* S2FWB */
		{ 1, 0, UINT64_C(1) << 28 },			 /* EATS */
		{ 1, 0, UINT64_C(2) << 30 },			 /* STRW */
		{ 2, UINT64_C(0x3f) << 32, UINT64_C(15) << 32 }, /* S2T0SZ */
		{ 2, UINT64_C(0x3f) << 32, UINT64_C(40) << 32 },
		{ 2, 0, UINT64_C(3) << 38 },		     /* S2SL0=3 */
		{ 2, 0, UINT64_C(3) << 46 },		     /* S2TG=3 */
		{ 2, UINT64_C(3) << 44, UINT64_C(1) << 44 }, /* S2SH0=1 */
		{ 2, UINT64_C(1) << 51, 0 },		     /* S2AA64 */
		{ 2, 0, UINT64_C(1) << 52 },		     /* S2ENDI */
		{ 2, 0, UINT64_C(1) << 55 },		     /* S2HD */
		{ 2, 0, UINT64_C(1) << 56 },		     /* S2HA */
		{ 2, 0, UINT64_C(1) << 57 },		     /* S2S */
		{ 2, 0, UINT64_C(1) << 59 },		     /* S2HAFT */
		{ 2, 0, UINT64_C(1) << 60 },		     /* S2PIE */
		{ 2, 0, UINT64_C(1) << 61 },		     /* S2POE */
		{ 3, 0, UINT64_C(1) << 2 },		     /* S2SL0_2 */
		{ 3, 0, UINT64_C(1) << 3 },		     /* S2DS */
		{ 3, 0, UINT64_C(1) << 40 },		     /* S2TTB beyond S2PS */
	};
	unsigned index;
	uint64_t ste[8];

	(void)state;
	for (index = 0; index < sizeof(flaws) / sizeof(flaws[0]); index++) {
		known_entry(ste);
		ste[flaws[index].word] = (ste[flaws[index].word] & ~flaws[index].clear) | flaws[index].set;
		if (model_decode_ste(ste, &config).valid)
			print_error("flaw %u is accepted\n", index);
		assert_false(model_decode_ste(ste, &config).valid);
	}
}

static void features_make_fields_legal(void **state)
{
	uint64_t ste[8];

	(void)state;
	known_entry(ste);
	ste[2] |= UINT64_C(3) << 55 | 0xff00;
	ste[1] = UINT64_C(1) << 28;
	config.httu = config.ats = true;
	assert_true(model_decode_ste(ste, &config).valid);
	config.vmid16 = false;
	assert_false(model_decode_ste(ste, &config).valid);
}

/* One row of the architecture's tables: input bits for 1 .. 16 tables at this start level. */
struct row {
	unsigned granule_lg2, start_level, ia_min, ia_max;
};

static bool row_allows(unsigned granule_lg2, unsigned start_level, unsigned ia_bits)
{
	static const struct row rows[] = {
		{ 12, 0, 40, 48 }, { 12, 1, 31, 43 }, { 12, 2, 25, 34 }, { 14, 1, 37, 48 }, { 14, 2, 26, 40 },
		{ 14, 3, 25, 29 }, { 16, 1, 43, 48 }, { 16, 2, 30, 46 }, { 16, 3, 25, 33 },
	};
	unsigned index;

	for (index = 0; index < sizeof(rows) / sizeof(rows[0]); index++) {
		const struct row *row = &rows[index];

		if (row->granule_lg2 == granule_lg2 && row->start_level == start_level)
			return ia_bits >= row->ia_min && ia_bits <= row->ia_max;
	}
	return false;
}

static void sizes_and_start_levels_are_those_of_the_architecture(void **state)
{
	static const unsigned granules[] = { 12, 16, 14 }; /* by S2TG */
	unsigned tg, sl0, t0sz;

	(void)state;
	for (tg = 0; tg < 3; tg++) {
		for (sl0 = 0; sl0 < 4; sl0++) {
			for (t0sz = 0; t0sz < 64; t0sz++) {
				unsigned start = (tg ? 3 : 2) - sl0;
				uint64_t ste[8];
				struct model_stage2 stage2;

				known_entry(ste);
				ste[3] = 0x80000000;
				ste[2] = (ste[2] & ~(UINT64_C(0xc0ff) << 32) & ~(UINT64_C(7) << 48)) |
					 (uint64_t)t0sz << 32 | (uint64_t)sl0 << 38 | (uint64_t)tg << 46 |
					 UINT64_C(5) << 48;
				stage2 = model_decode_ste(ste, &config);
				assert_int_equal(stage2.valid, row_allows(granules[tg], start, 64 - t0sz));
				if (!stage2.valid)
					continue;
				assert_int_equal(stage2.granule_lg2, granules[tg]);
				assert_int_equal(stage2.start_level, start);
				assert_int_equal(stage2.ia_bits, 64 - t0sz);
			}
		}
	}
}

/* With IDR5.DS, an OAS of 52 bits and perhaps IDR3.STT: by S2DS, with -1 for S2SL0_2. */
static bool large_row_allows(unsigned granule_lg2, bool ds, bool stt, int start, unsigned ia_bits)
{
	static const struct {
		unsigned granule_lg2;
		bool ds;
		int start;
		unsigned ia_min, ia_min_stt, ia_max; /* ia_min 0: only with STT */
	} rows[] = {
		{ 12, false, 0, 40, 40, 48 }, { 12, false, 1, 31, 31, 43 }, { 12, false, 2, 25, 22, 34 },
		{ 12, false, 3, 0, 16, 25 },  { 12, true, -1, 49, 49, 52 }, { 12, true, 0, 40, 40, 52 },
		{ 12, true, 1, 31, 31, 43 },  { 12, true, 2, 25, 22, 34 },  { 12, true, 3, 0, 16, 25 },
		{ 14, false, 1, 37, 37, 48 }, { 14, false, 2, 26, 26, 40 }, { 14, false, 3, 25, 16, 29 },
		{ 14, true, 0, 48, 48, 52 },  { 14, true, 1, 37, 37, 51 },  { 14, true, 2, 26, 26, 40 },
		{ 14, true, 3, 25, 16, 29 },  { 16, false, 1, 43, 43, 52 }, { 16, false, 2, 30, 30, 46 },
		{ 16, false, 3, 25, 17, 33 },
	};
	unsigned index;

	for (index = 0; index < sizeof(rows) / sizeof(rows[0]); index++) {
		if (rows[index].granule_lg2 != granule_lg2 || rows[index].ds != ds ||
		    rows[index].start != start)
			continue;
		if (!stt && !rows[index].ia_min)
			return false;
		return ia_bits >= (stt ? rows[index].ia_min_stt : rows[index].ia_min) &&
		       ia_bits <= rows[index].ia_max;
	}
	return false;
}

static void large_size_check(unsigned tg, unsigned fields, unsigned t0sz)
{
	static const unsigned granules[] = { 12, 16, 14 }; /* by S2TG */
	unsigned sl0 = fields & 3;
	bool sl0_2 = fields >> 2 & 1, ds = fields >> 3 & 1;
	int start = (tg ? 3 : 2) - (int)sl0;
	struct model_stage2 stage2;
	uint64_t ste[8];

	if (!tg && sl0 == 3)
		start = 3;
	if (sl0_2)
		start = !tg && !sl0 ? -1 : 9;
	known_entry(ste);
	ste[2] = (ste[2] & ~(UINT64_C(0xc0ff) << 32) & ~(UINT64_C(7) << 48)) | (uint64_t)t0sz << 32 |
		 (uint64_t)sl0 << 38 | (uint64_t)tg << 46 | UINT64_C(6) << 48;
	ste[3] = UINT64_C(0x800080000000) | (uint64_t)ds << 3 | (uint64_t)sl0_2 << 2;
	stage2 = model_decode_ste(ste, &config);
	if (stage2.valid != large_row_allows(granules[tg], ds, config.stt, start, 64 - t0sz))
		print_error("S2TG %u, S2SL0 %u, S2SL0_2 %d, S2DS %d, T0SZ %u\n", tg, sl0, sl0_2, ds, t0sz);
	assert_int_equal(stage2.valid, large_row_allows(granules[tg], ds, config.stt, start, 64 - t0sz));
	if (!stage2.valid)
		return;
	assert_int_equal(stage2.start_level, start);
	assert_int_equal(stage2.ia_bits, 64 - t0sz);
	assert_int_equal(stage2.ds, ds);
	assert_int_equal(stage2.large, ds || tg == 1);
	assert_int_equal(stage2.oas_bits, ds || tg == 1 ? 52 : 48);
}

static void sizes_and_start_levels_with_52_bit_addresses_and_small_tables(void **state)
{
	unsigned tg, fields, t0sz, stt;

	(void)state;
	config.ds = true;
	config.oas_bits = 52;
	for (stt = 0; stt < 2; stt++) {
		config.stt = stt;
		for (tg = 0; tg < 3; tg++) {
			for (fields = 0; fields < 16; fields++) {
				for (t0sz = 0; t0sz < 64; t0sz++)
					large_size_check(tg, fields, t0sz);
			}
		}
	}
}

static void start_tables_of_small_inputs_may_be_small_but_for_64_bytes(void **state)
{
	struct model_stage2 stage2;
	uint64_t ste[8];

	(void)state;
	known_entry(ste);
	ste[2] = (ste[2] & ~(UINT64_C(0xff) << 32)) | UINT64_C(39) << 32; /* 25 bits, level 2: 16 entries */
	ste[3] = 0x80000780;
	stage2 = model_decode_ste(ste, &config);
	assert_true(stage2.valid);
	assert_int_equal(stage2.start_level, 2);
	assert_int_equal(stage2.ttb, 0x80000780);
	config.stt = true;
	ste[2] = (ste[2] & ~(UINT64_C(0xff) << 32)) | UINT64_C(42) << 32; /* 22 bits: 2 entries */
	ste[3] = 0x800007f0;
	stage2 = model_decode_ste(ste, &config);
	assert_true(stage2.valid);
	assert_int_equal(stage2.ttb, 0x800007c0);
}

static void concatenation_is_mandatory_where_the_output_size_says_so(void **state)
{
	uint64_t ste[8];

	(void)state;
	known_entry(ste);
	ste[2] = (ste[2] & ~(UINT64_C(3) << 38)) | UINT64_C(2) << 38; /* 40 bits in, level 0 */
	assert_true(model_decode_ste(ste, &config).valid);
	config.oas_bits = 40;
	assert_false(model_decode_ste(ste, &config).valid);
	config.oas_bits = 42;
	assert_false(model_decode_ste(ste, &config).valid);
	config.oas_bits = 44;
	assert_true(model_decode_ste(ste, &config).valid);

	ste[2] = (ste[2] & ~(UINT64_C(0xc0ff) << 32)) | UINT64_C(24) << 32 | UINT64_C(2) << 38 |
		 UINT64_C(2) << 46;
	assert_true(model_decode_ste(ste, &config).valid); /* 16K, 40 bits in, level 1 */
	config.oas_bits = 42;
	assert_true(model_decode_ste(ste, &config).valid);
	config.oas_bits = 40;
	assert_false(model_decode_ste(ste, &config).valid);
}

static void outputs_beyond_48_bits_need_the_52_bit_format(void **state)
{
	uint64_t ste[8];

	(void)state;
	config.oas_bits = 52;
	config.ds = true;
	known_entry(ste);
	ste[2] |= UINT64_C(6) << 48;
	ste[3] = UINT64_C(1) << 48;
	assert_false(model_decode_ste(ste, &config).valid);
	ste[3] |= UINT64_C(1) << 3; /* S2DS */
	assert_true(model_decode_ste(ste, &config).valid);
	assert_int_equal(model_decode_ste(ste, &config).oas_bits, 52);
	ste[2] = (ste[2] & ~(UINT64_C(7) << 48)) | UINT64_C(5) << 48; /* S2PS of 48 bits */
	assert_false(model_decode_ste(ste, &config).valid);
	config.ds = false;
	ste[2] |= UINT64_C(6) << 48;
	assert_false(model_decode_ste(ste, &config).valid);
}

static void s2fwb_is_legal_where_it_is_offered(void **state)
{
	uint64_t ste[8];

	(void)state;
	known_entry(ste);
	assert_false(model_decode_ste(ste, &config).fwb);
	ste[1] = UINT64_C(1) << 25;
	config.fwb = true;
	assert_true(model_decode_ste(ste, &config).valid);
	assert_true(model_decode_ste(ste, &config).fwb);
}

static void granules_that_are_not_offered_are_illegal(void **state)
{
	uint64_t ste[8];

	(void)state;
	known_entry(ste);
	ste[2] |= UINT64_C(1) << 46; /* 64K, level 2 */
	assert_true(model_decode_ste(ste, &config).valid);
	config.gran64k = false;
	assert_false(model_decode_ste(ste, &config).valid);
}

/* ---- walks ------------------------------------------------------------------------------- */

static uint64_t *memory; /* [0, 2 MiB) */
enum {
	MEMORY_BYTES = 0x200000
};

static const void *memory_read(void *ctx, uint64_t pa, size_t bytes)
{
	(void)ctx;
	return pa + bytes <= MEMORY_BYTES ? (const char *)memory + pa : NULL;
}

static const struct model_memory readable = { NULL, memory_read, NULL };

static int setup_memory(void **state)
{
	memory = calloc(1, MEMORY_BYTES);
	assert_non_null(memory);
	return setup(state);
}

static int teardown_memory(void **state)
{
	(void)state;
	free(memory);
	return 0;
}

static struct model_stage2 stage2_of(unsigned granule_lg2, unsigned ia_bits, int start_level)
{
	return (struct model_stage2){ .valid = true,
				      .granule_lg2 = granule_lg2,
				      .ia_bits = ia_bits,
				      .start_level = start_level,
				      .oas_bits = 48,
				      .ttb = 0x10000 };
}

static void walk_reads_known_leaves(void **state)
{
	struct model_stage2 stage2 = stage2_of(12, 40, 1);
	struct model_leaf leaf;

	(void)state;
	memory[0x10000 / 8 + 1] = 0x40000000 | 0x7fd;
	memory[0x10000 / 8 + 512] = 0x20000 | 3;
	memory[0x20000 / 8 + 3] = 0x30000 | 3;
	memory[0x30000 / 8 + 4] = 0x12345000 | 0x4c7;
	memory[0x30000 / 8 + 5] = 0x12346000 | (0x7ff & ~0x80) | UINT64_C(1) << 52;

	assert_int_equal(model_walk(&readable, &stage2, 0x7fffffff, &leaf), MODEL_OK);
	assert_true(leaf.valid && leaf.read && leaf.write && !leaf.device && !leaf.contiguous);
	assert_int_equal(leaf.level, 1);
	assert_int_equal(leaf.start, 0x40000000);
	assert_int_equal(leaf.end, 0x80000000);
	assert_int_equal(leaf.pa, 0x40000000);
	assert_int_equal(leaf.descriptor_pa, 0x10008);
	assert_int_equal(model_walk(&readable, &stage2, UINT64_C(0x8000604abc), &leaf), MODEL_OK);
	assert_true(leaf.valid && leaf.read && leaf.write && leaf.device);
	assert_int_equal(leaf.level, 3);
	assert_int_equal(leaf.start, UINT64_C(0x8000604000));
	assert_int_equal(leaf.pa, 0x12345000);
	assert_int_equal(model_walk(&readable, &stage2, UINT64_C(0x8000605000), &leaf), MODEL_OK);
	assert_true(leaf.valid && leaf.read && !leaf.write && leaf.contiguous);
	assert_int_equal(model_walk(&readable, &stage2, UINT64_C(0x8000606000), &leaf), MODEL_OK);
	assert_false(leaf.valid);
	assert_int_equal(leaf.end - leaf.start, 0x1000);
}

static void walk_refuses_what_has_no_such_form(void **state)
{
	struct model_stage2 stage2 = stage2_of(12, 48, 0);
	struct model_leaf leaf;

	(void)state;
	memory[0x10000 / 8] = 0x7fd; /* block at level 0 */
	assert_int_equal(model_walk(&readable, &stage2, 0, &leaf), MODEL_F_TRANSLATION);
	assert_false(leaf.valid);
	memory[0x10000 / 8] = 0x20003;
	memory[0x20000 / 8] = 0x30003;
	memory[0x30000 / 8] = 0x40003;
	memory[0x40000 / 8] = 0x7fd; /* block form at level 3 */
	assert_int_equal(model_walk(&readable, &stage2, 0, &leaf), MODEL_F_TRANSLATION);
	memory[0x40000 / 8] = 0x7ff & ~0x400; /* AF=0 */
	assert_int_equal(model_walk(&readable, &stage2, 0, &leaf), MODEL_F_ACCESS);
	stage2.affd = true;
	assert_int_equal(model_walk(&readable, &stage2, 0, &leaf), MODEL_OK);
	stage2.oas_bits = 40;
	memory[0x40000 / 8] = UINT64_C(1) << 40 | 0x7ff;
	assert_int_equal(model_walk(&readable, &stage2, 0, &leaf), MODEL_F_ADDR_SIZE);
	memory[0x30000 / 8] = UINT64_C(1) << 40 | 3;
	assert_int_equal(model_walk(&readable, &stage2, 0, &leaf), MODEL_F_ADDR_SIZE);
	memory[0x30000 / 8] = MEMORY_BYTES | 3;
	assert_int_equal(model_walk(&readable, &stage2, 0, &leaf), MODEL_F_WALK_EABT);
	assert_int_equal(model_walk(&readable, &stage2, UINT64_C(1) << 48, &leaf), MODEL_F_TRANSLATION);
	stage2.valid = false;
	assert_int_equal(model_walk(&readable, &stage2, 0, &leaf), MODEL_F_TRANSLATION);
}

static void walk_knows_the_larger_granules(void **state)
{
	struct model_stage2 stage2 = stage2_of(16, 42, 2);
	struct model_leaf leaf;

	(void)state;
	memory[0x10000 / 8 + 2] = 0x40000000 | 0x7fd; /* 512 MiB */
	memory[0x10000 / 8 + 3] = 0x20003;
	memory[0x20000 / 8 + 8191] = 0x12340000 | 0x7ff;
	assert_int_equal(model_walk(&readable, &stage2, 0x5fffffff, &leaf), MODEL_OK);
	assert_int_equal(leaf.end - leaf.start, 0x20000000);
	assert_int_equal(model_walk(&readable, &stage2, 0x7fffffff, &leaf), MODEL_OK);
	assert_int_equal(leaf.pa, 0x12340000);
	assert_int_equal(leaf.end - leaf.start, 0x10000);

	stage2 = stage2_of(14, 40, 2);		      /* 16 concatenated tables */
	memory[0x10000 / 8 + 2] = 0x40000000 | 0x7fd; /* 32 MiB */
	memory[0x10000 / 8 + 32767] = 0x100003;
	memory[0x100000 / 8 + 2047] = 0x12344000 | 0x7ff;
	assert_int_equal(model_walk(&readable, &stage2, 0x5ffffff, &leaf), MODEL_OK);
	assert_int_equal(leaf.end - leaf.start, 0x2000000);
	assert_int_equal(leaf.pa, 0x40000000);
	assert_int_equal(model_walk(&readable, &stage2, UINT64_C(0xffffffffff), &leaf), MODEL_OK);
	assert_int_equal(leaf.pa, 0x12344000);
	memory[0x10000 / 8] = 0x7fd;
	stage2 = stage2_of(14, 47, 1);
	assert_int_equal(model_walk(&readable, &stage2, 0, &leaf),
			 MODEL_F_TRANSLATION); /* no blocks at level 1 */
}

static void walk_knows_level_minus_1_and_512_gib_blocks(void **state)
{
	struct model_stage2 stage2 = stage2_of(12, 52, -1);
	struct model_leaf leaf;

	(void)state;
	stage2.ds = stage2.large = true;
	stage2.oas_bits = 52;
	memory[0x10000 / 8 + 15] = 0x20003;
	memory[0x20000 / 8 + 511] = UINT64_C(0x3ff8000000000) | 3 << 8 | 0x4fd; /* 512 GiB at the very top */
	memory[0x20000 / 8 + 1] = 0x30003;
	memory[0x30000 / 8] = 0x40003;
	memory[0x40000 / 8] = 0x50003;
	memory[0x50000 / 8 + 1] = UINT64_C(0x2000012345000) | 1 << 8 | 0x4ff;

	assert_int_equal(model_walk(&readable, &stage2, UINT64_C(0xfffffffffffff), &leaf), MODEL_OK);
	assert_int_equal(leaf.level, 0);
	assert_int_equal(leaf.start, UINT64_C(0xfff8000000000));
	assert_int_equal(leaf.end, UINT64_C(1) << 52);
	assert_int_equal(leaf.pa, UINT64_C(0xfff8000000000));
	assert_int_equal(model_walk(&readable, &stage2, UINT64_C(0xf008000001abc), &leaf), MODEL_OK);
	assert_int_equal(leaf.level, 3);
	assert_int_equal(leaf.pa, UINT64_C(0x6000012345000));
	stage2.oas_bits = 48;
	assert_int_equal(model_walk(&readable, &stage2, UINT64_C(0xf008000001abc), &leaf), MODEL_F_ADDR_SIZE);
	memory[0x10000 / 8 + 15] = 0x7fd; /* no block at level -1 */
	assert_int_equal(model_walk(&readable, &stage2, UINT64_C(0xf008000001abc), &leaf),
			 MODEL_F_TRANSLATION);
}

static void walk_knows_the_52_bit_addresses_of_16k_and_64k(void **state)
{
	struct model_stage2 stage2 = stage2_of(14, 52, 0);
	struct model_leaf leaf;

	(void)state;
	stage2.ds = stage2.large = true;
	stage2.oas_bits = 52;
	memory[0x10000 / 8 + 31] = 0x20003;
	memory[0x20000 / 8 + 2047] = UINT64_C(0x3fff000000000) | 3 << 8 | 0x4fd; /* 64 GiB */
	assert_int_equal(model_walk(&readable, &stage2, UINT64_C(0xfffffffffffff), &leaf), MODEL_OK);
	assert_int_equal(leaf.level, 1);
	assert_int_equal(leaf.pa, UINT64_C(0xffff000000000));
	assert_int_equal(leaf.end - leaf.start, UINT64_C(1) << 36);

	stage2 = stage2_of(16, 52, 1);
	stage2.large = true;
	stage2.oas_bits = 52;
	memory[0x10000 / 8 + 1023] = UINT64_C(0xfc0000000000) | 0xf << 12 | 0x7fd; /* 4 TiB */
	memory[0x10000 / 8 + 1022] = 0x20003;
	memory[0x20000 / 8] = 0x40003;
	memory[0x40000 / 8] = UINT64_C(0x123456780000) | 0xa << 12 | 0x7ff;
	assert_int_equal(model_walk(&readable, &stage2, UINT64_C(0xfffffffffffff), &leaf), MODEL_OK);
	assert_int_equal(leaf.level, 1);
	assert_int_equal(leaf.pa, UINT64_C(0xffc0000000000));
	assert_int_equal(leaf.end - leaf.start, UINT64_C(1) << 42);
	assert_int_equal(model_walk(&readable, &stage2, UINT64_C(0xff80000000000), &leaf), MODEL_OK);
	assert_int_equal(leaf.pa, UINT64_C(0xa123456780000));
	stage2.large = false;
	stage2.oas_bits = 48;
	assert_int_equal(model_walk(&readable, &stage2, UINT64_C(0xffc0000000000), &leaf),
			 MODEL_F_TRANSLATION);
}

static void memory_types_are_read_as_s2fwb_says(void **state)
{
	struct model_stage2 stage2 = stage2_of(12, 25, 2);
	struct model_leaf leaf;
	unsigned memattr;

	(void)state;
	for (memattr = 0; memattr < 16; memattr++) {
		memory[0x10000 / 8] = 0x20003;
		memory[0x20000 / 8] = 0x7c3 | memattr << 2;
		stage2.fwb = false;
		assert_int_equal(model_walk(&readable, &stage2, 0, &leaf), MODEL_OK);
		assert_int_equal(leaf.device, memattr < 4);
		stage2.fwb = true;
		assert_int_equal(model_walk(&readable, &stage2, 0, &leaf), MODEL_OK);
		assert_int_equal(leaf.device, (memattr & 7) < 4);
	}
}

struct tables_seen {
	unsigned count, by_level[5];
	struct model_table last;
};

static void table_add(void *ctx, const struct model_table *table)
{
	struct tables_seen *seen = ctx;

	seen->count++;
	seen->by_level[table->level + 1]++;
	seen->last = *table;
}

static void walk_tables_finds_each_table_and_each_part_of_the_start(void **state)
{
	struct model_stage2 stage2 = stage2_of(14, 40, 2); /* 16 concatenated tables */
	struct tables_seen seen = { 0 };

	(void)state;
	memory[0x10000 / 8 + 32767] = 0x100003;
	assert_int_equal(model_walk_tables(&readable, &stage2, &seen, table_add), MODEL_OK);
	assert_int_equal(seen.count, 17);
	assert_int_equal(seen.by_level[3], 16);
	assert_int_equal(seen.last.pa, 0x100000);
	assert_int_equal(seen.last.level, 3);
	assert_int_equal(seen.last.start, UINT64_C(0xfffe000000));
	assert_int_equal(seen.last.end, UINT64_C(1) << 40);
	assert_int_equal(seen.last.entries, 2048);

	stage2 = stage2_of(12, 25, 2);
	seen = (struct tables_seen){ 0 };
	assert_int_equal(model_walk_tables(&readable, &stage2, &seen, table_add), MODEL_OK);
	assert_int_equal(seen.count, 1);
	assert_int_equal(seen.last.entries, 16);
	memory[0x10000 / 8] = MEMORY_BYTES | 3;
	assert_int_equal(model_walk_tables(&readable, &stage2, &seen, table_add), MODEL_F_WALK_EABT);
}

struct cover {
	uint64_t next;
	unsigned leaves, valid;
	uint64_t valid_bytes;
};

static void cover_add(void *ctx, const struct model_leaf *leaf)
{
	struct cover *cover = ctx;

	assert_int_equal(leaf->start, cover->next);
	assert_true(leaf->end > leaf->start);
	cover->next = leaf->end;
	cover->leaves++;
	cover->valid += leaf->valid;
	cover->valid_bytes += leaf->valid ? leaf->end - leaf->start : 0;
}

static void walk_all_covers_every_address_once(void **state)
{
	struct model_stage2 stage2 = stage2_of(12, 40, 1);
	struct cover cover = { 0, 0, 0, 0 };

	(void)state;
	memory[0x10000 / 8 + 1] = 0x40000000 | 0x7fd;
	memory[0x10000 / 8 + 512] = 0x20000 | 3;
	memory[0x20000 / 8 + 3] = 0x30000 | 3;
	memory[0x30000 / 8 + 4] = 0x12345000 | 0x4c7;

	assert_int_equal(model_walk_all(&readable, &stage2, &cover, cover_add), MODEL_OK);
	assert_int_equal(cover.next, UINT64_C(1) << 40);
	assert_int_equal(cover.leaves, 1023 + 511 + 512);
	assert_int_equal(cover.valid, 2);
	assert_int_equal(cover.valid_bytes, 0x40001000);
}

static void walk_all_stops_at_what_is_malformed(void **state)
{
	struct model_stage2 stage2 = stage2_of(12, 40, 1);
	struct cover cover = { 0, 0, 0, 0 };

	(void)state;
	memory[0x10000 / 8 + 2] = MEMORY_BYTES | 3;
	assert_int_equal(model_walk_all(&readable, &stage2, &cover, cover_add), MODEL_F_WALK_EABT);
	assert_int_equal(cover.next, UINT64_C(2) << 30);
	memory[0x10000 / 8 + 2] = 0x20003;
	memory[0x20000 / 8] = 0x30003;
	memory[0x30000 / 8] = 0x7fd;
	cover.next = 0;
	assert_int_equal(model_walk_all(&readable, &stage2, &cover, cover_add), MODEL_F_TRANSLATION);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(known_stage2_entry_decodes, setup),
		cmocka_unit_test_setup(nested_entry_needs_stage_1, setup),
		cmocka_unit_test_setup(each_illegal_field_makes_the_entry_illegal, setup),
		cmocka_unit_test_setup(features_make_fields_legal, setup),
		cmocka_unit_test_setup(sizes_and_start_levels_are_those_of_the_architecture, setup),
		cmocka_unit_test_setup(sizes_and_start_levels_with_52_bit_addresses_and_small_tables, setup),
		cmocka_unit_test_setup(start_tables_of_small_inputs_may_be_small_but_for_64_bytes, setup),
		cmocka_unit_test_setup(outputs_beyond_48_bits_need_the_52_bit_format, setup),
		cmocka_unit_test_setup(s2fwb_is_legal_where_it_is_offered, setup),
		cmocka_unit_test_setup(concatenation_is_mandatory_where_the_output_size_says_so, setup),
		cmocka_unit_test_setup(granules_that_are_not_offered_are_illegal, setup),
		cmocka_unit_test_setup_teardown(walk_reads_known_leaves, setup_memory, teardown_memory),
		cmocka_unit_test_setup_teardown(walk_refuses_what_has_no_such_form, setup_memory,
						teardown_memory),
		cmocka_unit_test_setup_teardown(walk_knows_the_larger_granules, setup_memory,
						teardown_memory),
		cmocka_unit_test_setup_teardown(walk_knows_level_minus_1_and_512_gib_blocks, setup_memory,
						teardown_memory),
		cmocka_unit_test_setup_teardown(walk_knows_the_52_bit_addresses_of_16k_and_64k, setup_memory,
						teardown_memory),
		cmocka_unit_test_setup_teardown(memory_types_are_read_as_s2fwb_says, setup_memory,
						teardown_memory),
		cmocka_unit_test_setup_teardown(walk_tables_finds_each_table_and_each_part_of_the_start,
						setup_memory, teardown_memory),
		cmocka_unit_test_setup_teardown(walk_all_covers_every_address_once, setup_memory,
						teardown_memory),
		cmocka_unit_test_setup_teardown(walk_all_stops_at_what_is_malformed, setup_memory,
						teardown_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
