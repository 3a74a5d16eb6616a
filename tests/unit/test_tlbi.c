/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_tlbi.c - spans to commands: every old entry is named, with right hints and few commands.
 *
 * An expander of its own reads the commands back, bit by bit as the specification has them.
 */
#include "smmuv3/tlbi.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "seeded.h"

#define VMID	     5
#define SPANS_MAX    600
#define COMMANDS_MAX 2000

/* Every granule, and its smallest, usual and largest spaces. The first is what the tests of constants use. */
static const struct {
	unsigned granule_lg2, ia_bits;
} formats[] = {
	{ 12, 48 }, { 12, 32 }, { 12, 40 }, { 12, 52 }, { 14, 32 }, { 14, 47 },
	{ 14, 48 }, { 14, 52 }, { 16, 32 }, { 16, 48 }, { 16, 52 },
};

#define FORMATS (sizeof(formats) / sizeof(formats[0]))

static unsigned granule_lg2, ia_bits;
static uint64_t space; /* pages */

static void use_format(unsigned index)
{
	granule_lg2 = formats[index].granule_lg2;
	ia_bits = formats[index].ia_bits;
	space = UINT64_C(1) << (ia_bits - granule_lg2);
}

/* ---- reference: what a command invalidates ------------------------------------------------------ */

struct effect {
	bool vmall;
	bool range;	     /* TG given */
	uint64_t start, end; /* pages */
	unsigned ttl;
	bool leaf;
};

static uint64_t bits(uint64_t word, unsigned hi, unsigned lo)
{
	return word >> lo & (UINT64_MAX >> (63 - (hi - lo)));
}

static uint64_t level_pages(unsigned level)
{
	static const uint64_t pages_4k[] = { 1, 1 << 18, 1 << 9, 1 };
	static const uint64_t pages_16k[] = { 1, 1 << 22, 1 << 11, 1 };
	static const uint64_t pages_64k[] = { 1, 1 << 26, 1 << 13, 1 };

	return (granule_lg2 == 12 ? pages_4k : granule_lg2 == 14 ? pages_16k : pages_64k)[level];
}

/* Levels with leaves: of 16 KiB and 64 KiB, level 1 has them with 52-bit addresses only. */
static bool has_leaves(unsigned level)
{
	return level != 1 || granule_lg2 == 12 || ia_bits == 52;
}

/* Decode, and fail on everything that an SMMU may refuse or misunderstand. */
static struct effect expand(struct smmu_cmd cmd)
{
	uint64_t word0 = cmd.word[0], word1 = cmd.word[1];
	uint64_t num = bits(word0, 16, 12), scale = bits(word0, 25, 20), tg = bits(word1, 11, 10);
	struct effect effect = {
		.range = tg != 0,
		.start = bits(word1, 55, 12) >> (granule_lg2 - 12),
		.ttl = (unsigned)bits(word1, 9, 8),
		.leaf = bits(word1, 0, 0),
	};

	assert_int_equal(bits(word0, 47, 32), VMID);
	if (bits(word0, 7, 0) == 0x28) {
		assert_int_equal(word0, UINT64_C(0x28) | (uint64_t)VMID << 32);
		assert_int_equal(word1, 0);
		effect.vmall = true;
		return effect;
	}
	assert_int_equal(bits(word0, 7, 0), 0x2a);
	/* Reserved bits of both words. */
	assert_int_equal(word0 & ~(UINT64_C(0xffff) << 32 | 0x3f0 << 16 | 0x1f << 12 | 0xff), 0);
	assert_int_equal(word1 & ~(UINT64_C(0x00fffffffffff000) | 0xf01), 0);
	assert_int_equal(bits(word1, 55, 12) & ((UINT64_C(1) << (granule_lg2 - 12)) - 1), 0);
	assert_true(effect.start < space);
	if (tg == 0) {
		assert_int_equal(num | scale | effect.ttl, 0);
		effect.end = effect.start + 1;
		return effect;
	}
	assert_int_equal(tg, granule_lg2 == 12 ? 1 : granule_lg2 == 14 ? 2 : 3);
	assert_false(num == 0 && scale == 0 && effect.ttl == 0);
	assert_true(has_leaves(effect.ttl));
	/* Large scales are for SMMUs with IDR5.DS, which 52-bit tables of 4 KiB and 16 KiB need. */
	assert_in_range(scale, 0, ia_bits == 52 && granule_lg2 != 16 ? 39 : 31);
	effect.end = effect.start + ((num + 1) << scale);
	assert_true(effect.end <= space);
	if (effect.ttl != 0)
		assert_int_equal((effect.start | effect.end) & (level_pages(effect.ttl) - 1), 0);
	return effect;
}

/* Does the command remove a leaf of @level (0: of any level) that maps @page, which was replaced so? */
static bool effect_removes(const struct effect *effect, uint64_t page, unsigned level, bool leaf)
{
	uint64_t entry = page & ~(level_pages(level) - 1);

	if (effect->vmall)
		return true;
	if (!leaf && (effect->leaf || effect->ttl != 0))
		return false;
	if (effect->ttl != 0 && effect->ttl != level)
		return false;
	/* An entry goes if any address of it is named. */
	return effect->start < entry + level_pages(level) && entry < effect->end;
}

/* ---- spans under test --------------------------------------------------------------------------- */

static struct tlbi_span storage[SPANS_MAX], original[SPANS_MAX];
static struct effect effects[COMMANDS_MAX];
static unsigned effect_count;

static struct tlbi_spans spans_new(unsigned capacity)
{
	return (struct tlbi_spans){ .span = storage, .capacity = capacity };
}

static struct tlbi_format format_of(bool ril)
{
	return (struct tlbi_format){ ril, (uint8_t)granule_lg2, (uint8_t)ia_bits, VMID };
}

static void run_cursor(const struct tlbi_spans *spans, bool ril)
{
	struct tlbi_cursor cursor;
	struct smmu_cmd cmd;

	effect_count = 0;
	tlbi_cursor_init(&cursor, spans, format_of(ril));
	while (tlbi_cursor_next(&cursor, &cmd)) {
		assert_true(effect_count < COMMANDS_MAX);
		effects[effect_count++] = expand(cmd);
	}
	assert_false(tlbi_cursor_next(&cursor, &cmd));
}

static struct smmu_cmd single_command(uint64_t start, uint64_t end, uint8_t level, bool leaf, bool ril)
{
	struct tlbi_spans spans = spans_new(1);
	struct tlbi_cursor cursor;
	struct smmu_cmd cmd, extra;

	tlbi_spans_add(&spans, start, end, level, leaf);
	tlbi_spans_close(&spans, !ril);
	tlbi_cursor_init(&cursor, &spans, format_of(ril));
	assert_true(tlbi_cursor_next(&cursor, &cmd));
	assert_false(tlbi_cursor_next(&cursor, &extra));
	return cmd;
}

static bool removed(uint64_t page, unsigned level, bool leaf)
{
	for (unsigned i = 0; i < effect_count; i++)
		if (effect_removes(&effects[i], page, level, leaf))
			return true;
	return false;
}

/* Commands of one range span: gapless from its start to its end or less than 1/16 beyond. */
static void assert_range_span(const struct tlbi_span *span, const struct effect *first, unsigned count)
{
	uint64_t pages = span->end - span->start, end = 0;

	assert_in_range(count, 1, 2);
	assert_int_equal(first[0].start, span->start);
	for (unsigned i = 0; i < count; i++) {
		assert_true(i == 0 || first[i].start <= end);
		assert_true(first[i].end > end);
		end = first[i].end;
		if (first[i].ttl != 0)
			assert_int_equal(first[i].ttl, span->level);
		assert_int_equal(first[i].leaf, span->leaf);
	}
	assert_true(end >= span->end);
	if (end != span->end)
		assert_true(count == 1 && (end - span->end) * 16 < pages);
}

/* ---- constants ---------------------------------------------------------------------------------- */

static void assert_words(struct smmu_cmd cmd, uint64_t word0, uint64_t word1)
{
	assert_int_equal(cmd.word[0], word0);
	assert_int_equal(cmd.word[1], word1);
}

static void spans_come_out_as_the_known_constants(void **state)
{
	(void)state;

	assert_words(single_command(0x51001, 0x51002, 0, true, true), 0x000000050000002a, 0x51001001);
	assert_words(single_command(0x51001, 0x51002, 3, true, false), 0x000000050000002a, 0x51001001);
	assert_words(single_command(0x51000, 0x51010, 3, true, true), 0x000000050000f02a, 0x51000701);
	assert_words(single_command(0x40200, 0x40400, 2, true, true), 0x000000050041f02a, 0x40200601);
	assert_words(single_command(0x40200, 0x40400, 2, true, false), 0x000000050000002a, 0x40200001);
}

static void one_page_of_known_level_is_a_range_with_its_hint(void **state)
{
	(void)state;

	assert_words(single_command(0x51001, 0x51002, 3, true, true), 0x000000050000002a, 0x51001701);
}

static void a_collapsed_block_loses_its_table_pointers_of_every_level(void **state)
{
	(void)state;

	/* Leaf = 0, TTL = 0, whole block. */
	assert_words(single_command(0x40200, 0x40400, 3, false, true), 0x000000050041f02a, 0x40200400);
	/* One page: without a hint that is no range. */
	assert_words(single_command(0x40200, 0x40201, 3, false, true), 0x000000050000002a, 0x40200000);
}

static void a_gigabyte_block_is_one_command(void **state)
{
	(void)state;

	assert_words(single_command(0x40000, 0x80000, 1, true, true), 0x0000000500d1f02a, 0x40000501);
	assert_words(single_command(0x40000, 0x80000, 1, true, false), 0x000000050000002a, 0x40000001);
}

static void the_whole_address_space_is_one_range(void **state)
{
	(void)state;

	assert_words(single_command(0, space, 0, false, true), 0x0000000501f1f02a, 0x400);
}

/* ---- every length ------------------------------------------------------------------------------- */

static void every_length(uint8_t level, bool leaf)
{
	uint64_t unit = level_pages(level);

	for (uint64_t count = 1; count <= 20000 && (3 + count) * unit + (count * unit >> 4) < space;
	     count++) {
		struct tlbi_spans spans = spans_new(1);

		tlbi_spans_add(&spans, 3 * unit, (3 + count) * unit, level, leaf);
		run_cursor(&spans, true);

		assert_range_span(&storage[0], effects, effect_count);
		assert_int_equal(effect_count, 1);
		assert_int_equal(effects[0].ttl, leaf ? level : 0);
	}
}

static void every_length_is_one_command_with_little_excess(void **state)
{
	(void)state;

	for (unsigned i = 0; i < FORMATS; i++) {
		use_format(i);
		every_length(0, true);
		every_length(3, false);
		for (uint8_t level = 1; level <= 3; level++)
			if (has_leaves(level))
				every_length(level, true);
	}
}

static void at_the_end_of_the_address_space_two_exact_commands_replace_rounding(void **state)
{
	(void)state;

	for (unsigned i = 0; i < FORMATS; i++) {
		unsigned twos = 0;

		use_format(i);
		for (uint64_t count = 1; count <= 5000; count++) {
			for (unsigned level = 1; level <= 3; level++) {
				struct tlbi_spans spans = spans_new(1);

				if (!has_leaves(level) || count * level_pages(level) > space)
					continue;
				tlbi_spans_add(&spans, space - count * level_pages(level), space,
					       (uint8_t)level, true);
				run_cursor(&spans, true);

				assert_range_span(&storage[0], effects, effect_count);
				assert_int_equal(effects[effect_count - 1].end, space);
				twos += effect_count == 2;
			}
		}
		assert_true(twos > 1000);
	}
}

static void a_whole_space_is_one_range_at_every_size(void **state)
{
	(void)state;

	for (unsigned i = 0; i < FORMATS; i++) {
		struct tlbi_spans spans = spans_new(1);

		use_format(i);
		tlbi_spans_add(&spans, 0, space, 0, false);
		run_cursor(&spans, true);
		assert_int_equal(effect_count, 1);
		assert_int_equal(effects[0].end, space);
	}
}

static void level_1_of_16_kib_has_a_hint_with_52_bit_addresses_only(void **state)
{
	(void)state;

	for (unsigned i = 0; i < FORMATS; i++) {
		use_format(i);
		if (granule_lg2 != 14 || 2 * level_pages(1) > space)
			continue;
		assert_int_equal(expand(single_command(0, level_pages(1), 1, true, true)).ttl, ia_bits == 52);
	}
}

static void every_granule_comes_out_as_the_known_constants(void **state)
{
	(void)state;

	use_format(6);
	assert_words(single_command(0x51001, 0x51002, 0, true, true), 0x000000050000002a, 0x144004001);
	assert_words(single_command(0x51001, 0x51002, 3, true, true), 0x000000050000002a, 0x144004b01);
	assert_words(single_command(0x40800, 0x41000, 2, true, true), 0x000000050061f02a, 0x102000a01);
	use_format(9);
	assert_words(single_command(0x51001, 0x51002, 0, true, true), 0x000000050000002a, 0x510010001);
	assert_words(single_command(0x51001, 0x51002, 3, true, true), 0x000000050000002a, 0x510010f01);
	assert_words(single_command(0x42000, 0x44000, 2, true, true), 0x000000050081f02a, 0x420000e01);
	assert_words(single_command(0x42000, 0x44000, 2, true, false), 0x000000050000002a, 0x420000001);
}

static void a_hint_that_does_not_fit_the_span_is_left_out(void **state)
{
	(void)state;

	assert_int_equal(expand(single_command(0x201, 0x401, 2, true, true)).ttl, 0);
	assert_int_equal(expand(single_command(0x200, 0x401, 2, true, true)).ttl, 0);
	assert_int_equal(expand(single_command(0x200, 0x400, 1, true, true)).ttl, 0);
	assert_int_equal(expand(single_command(0x200, 0x400, 2, true, true)).ttl, 2);
}

/* ---- merging ------------------------------------------------------------------------------------ */

static void assert_span(const struct tlbi_span *span, uint64_t start, uint64_t end, unsigned level, bool leaf)
{
	assert_int_equal(span->start, start);
	assert_int_equal(span->end, end);
	assert_int_equal(span->level, level);
	assert_int_equal(span->leaf, leaf);
}

static void neighbours_of_one_level_merge_as_they_are_added(void **state)
{
	struct tlbi_spans spans = spans_new(4);

	(void)state;

	tlbi_spans_add(&spans, 10, 11, 3, true);
	tlbi_spans_add(&spans, 11, 12, 3, true);
	tlbi_spans_add(&spans, 8, 10, 3, true);
	tlbi_spans_add(&spans, 9, 13, 3, true);
	assert_int_equal(spans.count, 1);
	assert_span(&storage[0], 8, 13, 3, true);

	tlbi_spans_add(&spans, 14, 15, 3, true);
	assert_int_equal(spans.count, 2);
}

static void ranges_merge_across_levels_and_forget_what_differs(void **state)
{
	struct tlbi_spans spans = spans_new(8);

	(void)state;

	tlbi_spans_add(&spans, 1024, 1536, 2, true);
	tlbi_spans_add(&spans, 1020, 1024, 3, true);
	tlbi_spans_add(&spans, 4096, 4608, 3, false);
	tlbi_spans_add(&spans, 4608, 4610, 3, true);
	tlbi_spans_add(&spans, 8192, 8704, 2, true);
	tlbi_spans_close(&spans, false);

	assert_int_equal(spans.count, 3);
	assert_span(&storage[0], 1020, 1536, 0, true);
	assert_span(&storage[1], 4096, 4610, 3, false);
	assert_span(&storage[2], 8192, 8704, 2, true);
}

static void without_ranges_a_known_level_is_kept(void **state)
{
	struct tlbi_spans spans = spans_new(8);

	(void)state;

	tlbi_spans_add(&spans, 1536, 1538, 3, true);
	tlbi_spans_add(&spans, 512, 1024, 2, true);
	tlbi_spans_add(&spans, 510, 512, 3, true);
	tlbi_spans_add(&spans, 1024, 1536, 2, true);
	tlbi_spans_close(&spans, true);

	assert_int_equal(spans.count, 3);
	assert_span(&storage[0], 510, 512, 3, true);
	assert_span(&storage[1], 512, 1536, 2, true);
	assert_span(&storage[2], 1536, 1538, 3, true);
	run_cursor(&spans, false);
	assert_int_equal(effect_count, 6);
}

static void without_ranges_a_split_inside_a_pending_collapse_costs_nothing_more(void **state)
{
	struct tlbi_spans spans = spans_new(8);

	(void)state;

	tlbi_spans_add(&spans, 512, 1024, 0, false);
	tlbi_spans_add(&spans, 512, 1024, 2, true);
	tlbi_spans_add(&spans, 600, 601, 3, true);
	tlbi_spans_close(&spans, true);

	assert_int_equal(spans.count, 1);
	assert_span(&storage[0], 512, 1024, 0, false);
}

static void a_leaf_span_does_not_cover_a_freed_table(void **state)
{
	struct tlbi_spans spans = spans_new(8);

	(void)state;

	tlbi_spans_add(&spans, 512, 1024, 0, true);
	tlbi_spans_add(&spans, 512, 1024, 3, false);
	tlbi_spans_close(&spans, true);

	assert_int_equal(spans.count, 2);
}

static void spans_that_do_not_fit_become_the_whole_vmid(void **state)
{
	struct tlbi_spans spans = spans_new(3);

	(void)state;

	for (unsigned i = 0; i < 3; i++)
		tlbi_spans_add(&spans, 10 * i, 10 * i + 1, 3, true);
	assert_false(spans.all);
	tlbi_spans_add(&spans, 21, 22, 3, true);
	assert_false(spans.all);
	tlbi_spans_add(&spans, 40, 41, 3, true);
	assert_true(spans.all);
	tlbi_spans_close(&spans, false);

	for (unsigned ril = 0; ril < 2; ril++) {
		run_cursor(&spans, ril);
		assert_int_equal(effect_count, 1);
		assert_true(effects[0].vmall);
	}
}

static void without_ranges_more_than_512_commands_become_the_whole_vmid(void **state)
{
	(void)state;

	for (unsigned extra = 0; extra < 2; extra++) {
		struct tlbi_spans spans = spans_new(4);

		tlbi_spans_add(&spans, 0, 500, 3, true);
		tlbi_spans_add(&spans, 1024, 1024 + 512 * 12, 2, true);
		if (extra)
			tlbi_spans_add(&spans, 262144, 2 * 262144, 1, true);
		tlbi_spans_close(&spans, true);
		run_cursor(&spans, false);

		assert_int_equal(effect_count, extra ? 1 : 512);
		assert_int_equal(effects[0].vmall, extra);
	}
}

static void no_spans_make_no_command(void **state)
{
	struct tlbi_spans spans = spans_new(4);

	(void)state;

	for (unsigned ril = 0; ril < 2; ril++) {
		tlbi_spans_close(&spans, !ril);
		run_cursor(&spans, ril);
		assert_int_equal(effect_count, 0);
	}
}

/* ---- random ------------------------------------------------------------------------------------- */

static uint64_t random_state;

static uint64_t random_below(uint64_t limit)
{
	return seeded_below(&random_state, limit);
}

static struct tlbi_span random_span(uint64_t window)
{
	static const uint8_t levels[] = { 0, 1, 2, 2, 3, 3, 3, 3 };
	uint8_t level = levels[random_below(8)];
	uint64_t unit, start, count;

	if (!has_leaves(level) || 4 * level_pages(level) > space)
		level = 3;
	unit = level_pages(level);

	/* Small, or filling its window, or anywhere. */
	count = 1 + random_below(random_below(4) == 0 ? 5000 : 4);
	if (random_below(64) == 0)
		count = 1 + random_below(space / unit);
	else if (count * unit >= space / 4)
		count = 1;
	start = (random_below(2) == 0 ? random_below(window) : random_below(space)) / unit * unit;
	if (random_below(16) == 0)
		start = space - count * unit;
	if (start + count * unit > space)
		start = space - count * unit;
	return (struct tlbi_span){ start, start + count * unit, level, random_below(4) != 0 };
}

static void assert_all_removed(const struct tlbi_span *span)
{
	uint64_t unit = level_pages(span->level), entries = (span->end - span->start) / unit;

	for (unsigned i = 0; i < 24; i++) {
		uint64_t entry = i == 0 ? 0 : i == 1 ? entries - 1 : random_below(entries);
		uint64_t page = span->start + entry * unit + random_below(unit);

		if (!removed(page, span->level, span->leaf))
			fail_msg("page %#" PRIx64 " level %u leaf %d is not invalidated", page, span->level,
				 span->leaf);
	}
}

static void random_round(bool ril)
{
	unsigned count = 1 + (unsigned)random_below(random_below(8) == 0 ? SPANS_MAX : 12);
	uint64_t window = 1 + random_below(1 << 22);
	struct tlbi_spans spans = spans_new(random_below(16) == 0 ? count / 2 + 1 : SPANS_MAX);
	struct tlbi_cursor cursor;
	struct smmu_cmd cmd;
	unsigned i;

	for (i = 0; i < count; i++) {
		original[i] = random_span(window);
		tlbi_spans_add(&spans, original[i].start, original[i].end, original[i].level,
			       original[i].leaf);
	}
	tlbi_spans_close(&spans, !ril);
	for (i = 1; !spans.all && i < spans.count; i++)
		assert_true(ril ? storage[i].start > storage[i - 1].end :
				  storage[i].start >= storage[i - 1].start);

	run_cursor(&spans, ril);
	assert_true(effect_count <= (ril ? 2 * spans.count : 512));
	for (i = 0; i < count; i++)
		assert_all_removed(&original[i]);
	if (!ril || spans.all)
		return;

	/* Once more, span by span. */
	tlbi_cursor_init(&cursor, &spans, format_of(true));
	for (i = 0; i < spans.count; i++) {
		struct effect mine[3];
		unsigned mine_count = 0;

		while (cursor.index == i) {
			assert_true(mine_count < 3);
			assert_true(tlbi_cursor_next(&cursor, &cmd));
			mine[mine_count++] = expand(cmd);
		}
		assert_range_span(&storage[i], mine, mine_count);
	}
}

static void random_spans_are_invalidated_with_few_commands(void **state)
{
	(void)state;

	random_state = seeded_start();
	for (unsigned round = 0; round < 6000; round++) {
		use_format((unsigned)random_below(FORMATS));
		random_round(round % 2);
	}
}

static int setup(void **state)
{
	(void)state;
	use_format(0);
	return 0;
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, setup)
	const struct CMUnitTest tests[] = {
		TEST(spans_come_out_as_the_known_constants),
		TEST(one_page_of_known_level_is_a_range_with_its_hint),
		TEST(a_collapsed_block_loses_its_table_pointers_of_every_level),
		TEST(a_gigabyte_block_is_one_command),
		TEST(the_whole_address_space_is_one_range),
		TEST(every_length_is_one_command_with_little_excess),
		TEST(at_the_end_of_the_address_space_two_exact_commands_replace_rounding),
		TEST(a_whole_space_is_one_range_at_every_size),
		TEST(level_1_of_16_kib_has_a_hint_with_52_bit_addresses_only),
		TEST(every_granule_comes_out_as_the_known_constants),
		TEST(a_hint_that_does_not_fit_the_span_is_left_out),
		TEST(neighbours_of_one_level_merge_as_they_are_added),
		TEST(ranges_merge_across_levels_and_forget_what_differs),
		TEST(without_ranges_a_known_level_is_kept),
		TEST(without_ranges_a_split_inside_a_pending_collapse_costs_nothing_more),
		TEST(a_leaf_span_does_not_cover_a_freed_table),
		TEST(spans_that_do_not_fit_become_the_whole_vmid),
		TEST(without_ranges_more_than_512_commands_become_the_whole_vmid),
		TEST(no_spans_make_no_command),
		TEST(random_spans_are_invalidated_with_few_commands),
	};

	return cmocka_run_group_tests_name("tlbi", tests, NULL, NULL);
}
