/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_model_decode.c - stream table entries, descriptors and walks without a TLB.
 *
 * Proves: the known S2-only entry decodes; every illegal field makes it illegal; the pairs of input size and
 * start level are exactly those of the architecture's tables, for all three granules; the walker reads
 * blocks and pages of all granules, refuses what has no such form, and covers every address once.
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

static struct model_stage2 stage2_of(unsigned granule_lg2, unsigned ia_bits, unsigned start_level)
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
		cmocka_unit_test_setup(concatenation_is_mandatory_where_the_output_size_says_so, setup),
		cmocka_unit_test_setup(granules_that_are_not_offered_are_illegal, setup),
		cmocka_unit_test_setup_teardown(walk_reads_known_leaves, setup_memory, teardown_memory),
		cmocka_unit_test_setup_teardown(walk_refuses_what_has_no_such_form, setup_memory,
						teardown_memory),
		cmocka_unit_test_setup_teardown(walk_knows_the_larger_granules, setup_memory,
						teardown_memory),
		cmocka_unit_test_setup_teardown(walk_all_covers_every_address_once, setup_memory,
						teardown_memory),
		cmocka_unit_test_setup_teardown(walk_all_stops_at_what_is_malformed, setup_memory,
						teardown_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
