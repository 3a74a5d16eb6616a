/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_tlbi_plan.c - spans to commands: every old entry is named, with right hints, and no other list is much cheaper.
 *
 * An expander of its own reads the commands back, bit by bit as the specification has them. What a list costs is added
 * up from that, and compared with the best of all cuts into groups.
 */
#include "smmuv3/tlbi_plan.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

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
static uint64_t space;	     /* pages */

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

static struct shadow_tlbi_cost cost; /* the defaults, unless a test says otherwise */

static struct tlbi_format format_of(bool ril)
{
	return (struct tlbi_format){ .ril = ril,
				     .granule_lg2 = (uint8_t)granule_lg2,
				     .ia_bits = (uint8_t)ia_bits,
				     .vmid = VMID,
				     .cost = tlbi_cost(&cost) };
}

/* All commands, through the short cut for pages where @room lets it. */
static void run_plan_by(const struct tlbi_spans *spans, struct tlbi_format format, unsigned room)
{
	struct smmu_cmd row[COMMANDS_MAX], cmd;
	struct tlbi_plan plan;

	effect_count = 0;
	tlbi_plan_init(&plan, spans, &format);
	do {
		unsigned pages = room ? tlbi_plan_pages(&plan, row[0].word, room) : 0;

		assert_true(effect_count + pages < COMMANDS_MAX && pages <= room);
		for (unsigned i = 0; i < pages; i++)
			effects[effect_count++] = expand(row[i]);
		if (!tlbi_plan_next(&plan, &cmd))
			break;
		effects[effect_count++] = expand(cmd);
	} while (effect_count < COMMANDS_MAX);
	assert_false(tlbi_plan_next(&plan, &cmd));
	assert_int_equal(tlbi_plan_pages(&plan, row[0].word, COMMANDS_MAX), 0);
}

static void run_plan(const struct tlbi_spans *spans, bool ril)
{
	run_plan_by(spans, format_of(ril), 0);
}

static struct smmu_cmd single_command(uint64_t start, uint64_t end, uint8_t level, bool leaf, bool ril)
{
	struct tlbi_spans spans = spans_new(1);
	struct tlbi_format format = format_of(ril);
	struct smmu_cmd cmd, extra;
	struct tlbi_plan plan;

	tlbi_spans_add(&spans, start, end, level, leaf);
	tlbi_spans_close(&spans);
	tlbi_plan_init(&plan, &spans, &format);
	assert_true(tlbi_plan_next(&plan, &cmd));
	assert_false(tlbi_plan_next(&plan, &extra));
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

static void every_length(uint8_t level, bool leaf, unsigned commands_max)
{
	uint64_t unit = level_pages(level);

	for (uint64_t count = 1; count <= 20000 && (3 + count) * unit + (count * unit >> 4) < space; count++) {
		struct tlbi_spans spans = spans_new(1);

		tlbi_spans_add(&spans, 3 * unit, (3 + count) * unit, level, leaf);
		run_plan(&spans, true);

		assert_range_span(&storage[0], effects, effect_count);
		assert_in_range(effect_count, 1, commands_max);
		assert_int_equal(effects[0].ttl, leaf ? level : 0);
	}
}

static void every_length_of_every_kind(unsigned commands_max)
{
	for (unsigned i = 0; i < FORMATS; i++) {
		use_format(i);
		every_length(0, true, commands_max);
		every_length(3, false, commands_max);
		for (uint8_t level = 1; level <= 3; level++)
			if (has_leaves(level))
				every_length(level, true, commands_max);
	}
}

static void every_length_is_one_command_with_little_excess_or_two_exact_ones(void **state)
{
	(void)state;

	every_length_of_every_kind(2);
}

static void every_length_is_one_command_where_excess_costs_nothing(void **state)
{
	(void)state;

	cost = format_of(true).cost;
	cost.entry = cost.table = 0;
	every_length_of_every_kind(1);
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
				tlbi_spans_add(&spans, space - count * level_pages(level), space, (uint8_t)level,
					       true);
				run_plan(&spans, true);

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
		run_plan(&spans, true);
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
	assert_int_equal(expand(single_command(0x200, 0x3ff, 2, true, true)).ttl, 0);
	assert_int_equal(expand(single_command(0x201, 0x400, 2, true, true)).ttl, 0);
	assert_int_equal(expand(single_command(0x200, 0x400, 1, true, true)).ttl, 0);
	assert_int_equal(expand(single_command(0x200, 0x400, 2, true, true)).ttl, 2);
}

/* ---- the whole VMID ----------------------------------------------------------------------------- */

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
	tlbi_spans_close(&spans);

	for (unsigned ril = 0; ril < 2; ril++) {
		run_plan(&spans, ril);
		assert_int_equal(effect_count, 1);
		assert_true(effects[0].vmall);
	}
}

static void more_commands_than_the_whole_vmid_costs_become_the_whole_vmid(void **state)
{
	unsigned most = (SHADOW_TLBI_COST_VMID + SHADOW_TLBI_COST_COMMAND) / SHADOW_TLBI_COST_COMMAND;

	(void)state;

	for (unsigned extra = 0; extra < 2; extra++) {
		struct tlbi_spans spans = spans_new(4);

		tlbi_spans_add(&spans, 0, 500, 3, true);
		tlbi_spans_add(&spans, 1024, 1024 + 512 * (most - 500), 2, true);
		if (extra)
			tlbi_spans_add(&spans, 1 << 20, (1 << 20) + 262144, 1, true);
		tlbi_spans_close(&spans);
		run_plan(&spans, false);

		assert_int_equal(effect_count, extra ? 1 : most);
		assert_int_equal(effects[0].vmall, extra);
	}
}

static struct tlbi_spans scattered(unsigned count, uint64_t distance)
{
	struct tlbi_spans spans = spans_new(SPANS_MAX);

	for (unsigned i = 0; i < count; i++)
		tlbi_spans_add(&spans, 7 + i * distance, 8 + i * distance, 3, true);
	tlbi_spans_close(&spans);
	return spans;
}

static void scattered_pages_have_exact_commands(void **state)
{
	(void)state;

	/* From neighbours but one to one in each table, on either kind of SMMU. */
	for (uint64_t distance = 2; distance < 2000; distance = distance * 3 / 2 + 1) {
		struct tlbi_spans spans = scattered(512, distance);

		for (unsigned kind = 0; kind < 4; kind++) {
			struct tlbi_format format = format_of(kind & 1);

			format.nested = kind >> 1;
			run_plan_by(&spans, format, 200);
			assert_int_equal(effect_count, 512);
			for (unsigned i = 0; i < 512; i++) {
				assert_false(effects[i].vmall);
				assert_int_equal(effects[i].start, 7 + i * distance);
				assert_int_equal(effects[i].end, 8 + i * distance);
			}
		}
	}
}

static void the_whole_vmid_goes_where_it_costs_less(void **state)
{
	struct tlbi_spans spans = scattered(20, 1000);

	(void)state;

	cost = format_of(true).cost;
	for (unsigned ril = 0; ril < 2; ril++) {
		for (unsigned nested = 0; nested < 2; nested++) {
			struct tlbi_format format = format_of(ril);

			/* As much as the list, and the command for stage 1 and its SYNC: the list wins a tie. */
			format.nested = nested;
			format.cost.vmid = 19 * cost.command + (nested ? cost.command + cost.sync : 0);
			run_plan_by(&spans, format, 0);
			assert_int_equal(effect_count, 20);
			format.cost.vmid--;
			run_plan_by(&spans, format, 0);
			assert_int_equal(effect_count, 1);
			assert_true(effects[0].vmall);
		}
	}
}

/* ---- bridges ------------------------------------------------------------------------------------ */

static void a_small_gap_between_large_spans_is_bridged(void **state)
{
	struct tlbi_spans spans = spans_new(4);

	(void)state;

	tlbi_spans_add(&spans, 1024, 1100, 3, true);
	tlbi_spans_add(&spans, 1101, 1152, 3, true);
	tlbi_spans_close(&spans);
	run_plan(&spans, true);
	assert_int_equal(effect_count, 1);
	assert_int_equal(effects[0].start, 1024);
	assert_int_equal(effects[0].end, 1152);
	assert_int_equal(effects[0].ttl, 3);
	run_plan(&spans, false);
	assert_int_equal(effect_count, 127);
}

static void a_gap_of_its_share_or_more_is_not_bridged(void **state)
{
	(void)state;

	for (uint64_t pages = 10; pages < 20; pages++) {
		struct tlbi_spans spans = spans_new(4);

		tlbi_spans_add(&spans, 1024, 1024 + pages, 3, true);
		tlbi_spans_add(&spans, 1025 + pages, 1026 + pages, 3, true);
		tlbi_spans_close(&spans);
		run_plan(&spans, true);
		assert_int_equal(effect_count, pages + 1 > 16 ? 1 : 2);
	}
}

/* Two commands before it and two behind it become one: a gap may cost as much as three. */
static void a_gap_between_two_that_need_two_commands_each_may_be_wider(void **state)
{
	(void)state;

	for (uint64_t gap = 1; gap < 40; gap++) {
		struct tlbi_spans spans = spans_new(2);

		tlbi_spans_add(&spans, 0, 330, 3, true);
		tlbi_spans_add(&spans, 330 + gap, 960, 3, true);
		tlbi_spans_close(&spans);
		run_plan(&spans, true);
		if (gap * SHADOW_TLBI_COST_ENTRY < 2 * SHADOW_TLBI_COST_COMMAND + 6 * SHADOW_TLBI_COST_ENTRY)
			assert_int_equal(effect_count, 1);
	}
}

/* However cheap what goes in vain is: gaps and rounding together stay below the share that is given. */
static void what_goes_in_vain_stays_below_its_share(void **state)
{
	static const uint32_t shares[] = { 1, 2, 16, 64, 1000 };

	(void)state;

	cost = format_of(true).cost;
	cost.entry = 0;
	for (unsigned i = 0; i < sizeof(shares) / sizeof(shares[0]); i++) {
		cost.share = shares[i];
		for (uint64_t pages = 2; pages < 3000; pages += 7) {
			for (uint64_t gap = 0; gap < 3; gap++) {
				struct tlbi_spans spans = spans_new(2);
				uint64_t named;

				tlbi_spans_add(&spans, 0, pages / 2, 3, true);
				tlbi_spans_add(&spans, pages / 2 + gap, pages + gap, 3, true);
				tlbi_spans_close(&spans);
				run_plan(&spans, true);
				if (effect_count > 1)
					continue;
				named = effects[0].end - effects[0].start;
				assert_true(named == pages || (named - pages) * shares[i] < pages);
			}
		}
	}
}

static void a_bridge_forgets_what_differs(void **state)
{
	struct tlbi_spans spans = spans_new(4);

	(void)state;

	/* Pages before a block, and a block before the table of another: touching, so nothing is in between. */
	tlbi_spans_add(&spans, 1020, 1024, 3, true);
	tlbi_spans_add(&spans, 1024, 1536, 2, true);
	tlbi_spans_close(&spans);
	run_plan(&spans, true);
	assert_int_equal(effects[0].ttl, 0);
	assert_true(effects[0].leaf);
	assert_true(removed(1020, 3, true) && removed(1024, 2, true));

	spans = spans_new(4);
	tlbi_spans_add(&spans, 1024, 1536, 2, true);
	tlbi_spans_add(&spans, 1536, 2048, 0, false);
	tlbi_spans_close(&spans);
	run_plan(&spans, true);
	assert_int_equal(effect_count, 1);
	assert_int_equal(effects[0].ttl, 0);
	assert_false(effects[0].leaf);
}

static void pointers_to_many_tables_are_not_given_up_for_one_command(void **state)
{
	struct tlbi_spans spans = spans_new(4);

	(void)state;

	tlbi_spans_add(&spans, 0, 512 * 64, 3, true);
	tlbi_spans_add(&spans, 512 * 64, 512 * 65, 0, false);
	tlbi_spans_close(&spans);
	run_plan(&spans, true);
	assert_true(effect_count > 1);
	for (unsigned i = 0; i < effect_count; i++)
		assert_true(effects[i].leaf || effects[i].start >= 512 * 64);

	/* Blocks have none below them. */
	spans = spans_new(4);
	tlbi_spans_add(&spans, 0, 512 * 64, 2, true);
	tlbi_spans_add(&spans, 512 * 64, 512 * 128, 0, false);
	tlbi_spans_close(&spans);
	run_plan(&spans, true);
	assert_int_equal(effect_count, 1);
}

static void costs_are_legal_in_their_ranges_only(void **state)
{
	const uint32_t most = SHADOW_TLBI_COST_MAX;
	const struct shadow_tlbi_cost legal[] = {
		{ 0 },
		{ .command = 1, .share = 1 },
		{ most, most, most, most, most, most },
	};
	const struct shadow_tlbi_cost illegal[] = {
		{ .command = most + 1, .share = 1 },
		{ .command = 1, .sync = most + 1, .share = 1 },
		{ .command = 1, .entry = most + 1, .share = 1 },
		{ .command = 1, .table = most + 1, .share = 1 },
		{ .command = 1, .vmid = most + 1, .share = 1 },
		{ .command = 1, .share = most + 1 },
		{ .command = 1 },
		/* All zero stands for the defaults, but some of them do not. */
		{ .sync = 1 },
		{ .entry = 1 },
		{ .table = 1 },
		{ .vmid = 1 },
		{ .share = 1 },
	};

	(void)state;

	for (unsigned i = 0; i < sizeof(legal) / sizeof(legal[0]); i++)
		assert_true(tlbi_cost_legal(&legal[i]));
	for (unsigned i = 0; i < sizeof(illegal) / sizeof(illegal[0]); i++)
		assert_false(tlbi_cost_legal(&illegal[i]));
}

static void a_long_chain_of_small_gaps_is_few_commands(void **state)
{
	struct tlbi_spans spans = spans_new(SPANS_MAX);

	(void)state;

	cost = format_of(true).cost;
	cost.entry = 1;
	for (unsigned i = 0; i < 500; i++)
		tlbi_spans_add(&spans, 33 * i, 33 * i + 32, 3, true);
	tlbi_spans_close(&spans);
	run_plan(&spans, true);
	assert_in_range(effect_count, 1, 20);
	for (unsigned i = 0; i < 33 * 500 - 1; i++)
		assert_true(i % 33 == 32 || removed(i, 3, true));
}

/* ---- nothing to do ------------------------------------------------------------------------------ */

static void no_spans_make_no_command(void **state)
{
	struct tlbi_spans spans = spans_new(4);

	(void)state;

	for (unsigned ril = 0; ril < 2; ril++) {
		tlbi_spans_close(&spans);
		run_plan(&spans, ril);
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

/* What goes though it need not is less than its share. */
static void assert_little_excess(unsigned count)
{
	uint64_t named = 0, needed = 0;

	for (unsigned i = 0; i < effect_count; i++) {
		if (effects[i].vmall)
			return;
		named += effects[i].end - effects[i].start;
	}
	for (unsigned i = 0; i < count; i++)
		needed += storage[i].end - storage[i].start;
	/* Two exact ranges overlap by less than their second one, which is 1/16 of them at most. */
	assert_true(named - needed < needed / 8 + 1 || named < needed);
}

static void random_round(bool ril)
{
	unsigned count = 1 + (unsigned)random_below(random_below(8) == 0 ? SPANS_MAX : 12);
	uint64_t window = 1 + random_below(1 << 22);
	struct tlbi_spans spans = spans_new(random_below(16) == 0 ? count / 2 + 1 : SPANS_MAX);
	struct tlbi_format format = format_of(ril);
	unsigned i;

	for (i = 0; i < count; i++) {
		original[i] = random_span(window);
		tlbi_spans_add(&spans, original[i].start, original[i].end, original[i].level,
			       original[i].leaf);
	}
	tlbi_spans_close(&spans);
	format.nested = random_below(2);
	run_plan_by(&spans, format, (unsigned)random_below(3) * 7);
	if (ril)
		assert_true(effect_count <= 2 * spans.count + spans.all);
	for (i = 0; i < count; i++)
		assert_all_removed(&original[i]);
	if (ril)
		assert_little_excess(spans.count);
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

/* ---- against the best of all cuts --------------------------------------------------------------- */

#define SMALL_SPANS TLBI_WINDOW
#define SMALL_PAGES 8192

/* Kinds of a page: 1: a leaf of it has to go, 2: so has a table pointer; and its level, as tables count it. */
static uint8_t needed[SMALL_PAGES], level_of[SMALL_PAGES];

static uint64_t up(uint64_t pages, uint64_t unit)
{
	return (pages + unit - 1) / unit;
}

/* The least that one group of @span[0 .. count - 1] costs, by trying every range there is. */
static uint64_t reference_group(const struct tlbi_span *span, unsigned count, const struct tlbi_format *format)
{
	const struct shadow_tlbi_cost *c = &format->cost;
	uint64_t start = span[0].start, end = 0, gaps = 0, pointers = 0, best, needs;
	unsigned level = span[0].level;
	bool leaf = true;

	for (unsigned i = 0; i < count; i++) {
		end = span[i].end > end ? span[i].end : end;
		leaf &= span[i].leaf;
		pointers += span[i].leaf ? (span[i].end - span[i].start) / level_pages(span[i].level) : 0;
		level = span[i].level == level ? level : 0;
	}
	for (uint64_t page = start; page < end; page++)
		gaps += !needed[page];
	pointers += gaps;
	needs = end - start - gaps;
	if (!leaf || (start | end) % level_pages(level) || !has_leaves(level))
		level = 0;
	if (gaps && gaps * c->share >= needs)
		return UINT64_MAX;
	best = 2 * (uint64_t)c->command + c->entry * up(gaps, level_pages(level)) +
	       (leaf ? 0 : c->table * up(pointers, level_pages(2)));
	for (unsigned scale = 0; scale < 12; scale++) {
		for (uint64_t num = 1; num <= 32; num++) {
			uint64_t over = (num << scale) - (end - start) + gaps, price;

			if (num << scale < end - start || (over && over * c->share >= needs))
				continue;
			price = c->command + c->entry * up(over, level_pages(level)) +
				(leaf ? 0 : c->table * up(pointers + over - gaps, level_pages(2)));
			best = price < best ? price : best;
		}
	}
	return best;
}

/* The least of all cuts of sorted spans: that of the first ones, and every group behind them. */
static uint64_t reference_list(const struct tlbi_spans *spans, const struct tlbi_format *format)
{
	uint64_t best[SMALL_SPANS + 1] = { 0 };

	for (unsigned end = 1; end <= spans->count; end++) {
		best[end] = UINT64_MAX;
		for (unsigned first = 0; first < end; first++) {
			uint64_t group = reference_group(&spans->span[first], end - first, format);

			if (group != UINT64_MAX && best[first] + group < best[end])
				best[end] = best[first] + group;
		}
	}
	return best[spans->count];
}

/* What the commands in effects[] cost: every page and pointer that goes in vain is counted once. */
static uint64_t measured_list(const struct tlbi_format *format)
{
	static double entry[SMALL_PAGES], pointer[SMALL_PAGES];
	double sum = 0;

	memset(entry, 0, sizeof(entry));
	memset(pointer, 0, sizeof(pointer));
	for (unsigned i = 0; i < effect_count; i++) {
		assert_true(effects[i].end <= SMALL_PAGES);
		for (uint64_t page = effects[i].start; page < effects[i].end; page++) {
			if (!needed[page])
				entry[page] = 1.0 / (double)level_pages(effects[i].ttl);
			if (!effects[i].leaf && !(needed[page] & 2))
				pointer[page] = 1.0 / (double)(level_pages(2) * level_pages(level_of[page]));
		}
	}
	for (unsigned page = 0; page < SMALL_PAGES; page++)
		sum += format->cost.entry * entry[page] + format->cost.table * pointer[page];
	return (uint64_t)sum + (uint64_t)format->cost.command * effect_count;
}

static void small_spans(struct tlbi_spans *spans)
{
	unsigned count = 1 + (unsigned)random_below(random_below(4) ? 7 : SMALL_SPANS);
	uint64_t page = 512 * random_below(2);
	unsigned like = (unsigned)random_below(3);

	memset(needed, 0, sizeof(needed));
	memset(level_of, 0, sizeof(level_of));
	for (unsigned i = 0; i < count; i++) {
		uint8_t level = like == 0 ? 3 : random_below(8) ? (uint8_t)(2 + random_below(2)) : 0;
		uint64_t unit = level == 2 ? 512 : 1;
		uint64_t pages = level == 2 ? 512 * (1 + random_below(2)) : 1 + random_below(random_below(2) ? 400 : 4);
		bool leaf = like < 2 || random_below(3) != 0;

		page += random_below(3) ? random_below(12) : random_below(100);
		page = (page + unit - 1) / unit * unit;
		if (page + pages > SMALL_PAGES / 2)
			break;
		tlbi_spans_add(spans, page, page + pages, level, leaf);
		for (uint64_t end = page + pages; page < end; page++) {
			needed[page] |= leaf ? 1 : 3;
			level_of[page] = level;
		}
	}
	tlbi_spans_close(spans);
}

static void a_lone_page_gets_the_command_of_a_plan_without_one(void **state)
{
	unsigned lone = 0, whole = 0;

	(void)state;

	random_state = seeded_start();
	for (unsigned round = 0; round < 20000; round++) {
		struct tlbi_spans spans = spans_new(2);
		struct tlbi_format format;
		struct smmu_cmd cmd, planned, extra;
		struct tlbi_plan plan;
		uint8_t level = random_below(4) ? 3 : 0;
		bool leaf = random_below(8);
		uint64_t start;

		use_format((unsigned)random_below(FORMATS));
		format = format_of(random_below(2));
		format.nested = random_below(2);
		if (random_below(2))
			format.cost.vmid = (uint32_t)random_below(100);
		start = random_below(space - 2);
		tlbi_spans_add(&spans, start, start + 1 + !random_below(8), level, leaf);
		if (!random_below(16))
			spans.all = true;
		tlbi_spans_close(&spans);

		if (!tlbi_lone_page(&spans, &format, &cmd)) {
			tlbi_plan_init(&plan, &spans, &format);
			whole += plan.whole_vmid;
			assert_true(plan.whole_vmid || spans.span[0].end - start != 1 || level != 3 || !leaf);
			continue;
		}
		lone++;
		tlbi_plan_init(&plan, &spans, &format);
		assert_true(tlbi_plan_next(&plan, &planned));
		assert_false(tlbi_plan_next(&plan, &extra));
		assert_memory_equal(&cmd, &planned, sizeof(cmd));
	}
	assert_in_range(lone, 2000, 18000);
	assert_in_range(whole, 200, 18000);
	use_format(0);
}

static void no_list_is_much_cheaper_than_the_planned_one(void **state)
{
	static const uint32_t entries[] = { 0, 1, 8, 8, 64, 1000 }, shares[] = { 1, 2, 16, 16 };
	unsigned best = 0, rounds = 0;

	(void)state;

	random_state = seeded_start();
	for (unsigned round = 0; round < 10000; round++) {
		struct tlbi_spans spans = spans_new(SPANS_MAX);
		struct tlbi_format format = format_of(true);
		uint64_t least, whole, tail, mine;

		small_spans(&spans);
		if (spans.count == 0)
			continue;
		format.nested = random_below(2);
		format.cost.entry = entries[random_below(6)];
		format.cost.share = shares[random_below(4)];
		if (random_below(4) == 0)
			format.cost.vmid = (uint32_t)random_below(2000);
		tail = format.nested ? format.cost.command + format.cost.sync : 0;
		whole = format.cost.vmid + format.cost.command;

		run_plan_by(&spans, format, (unsigned)random_below(2) * 9);
		mine = effects[0].vmall ? whole : measured_list(&format) + tail;
		for (unsigned i = 0; !effects[0].vmall && i < spans.count; i++)
			for (uint64_t page = storage[i].start; page < storage[i].end; page++)
				assert_true(removed(page, storage[i].level, storage[i].leaf));

		least = reference_list(&spans, &format) + tail;
		least = whole < least ? whole : least;
		if (mine * 10 > least * 11)
			fail_msg("round %u: the list costs %" PRIu64 ", the best one %" PRIu64, round, mine, least);
		best += mine <= least;
		rounds++;
	}
	printf("best of all lists in %u of %u rounds\n", best, rounds);
}

static int setup(void **state)
{
	(void)state;
	use_format(0);
	cost = (struct shadow_tlbi_cost){ 0 };
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
		TEST(every_length_is_one_command_with_little_excess_or_two_exact_ones),
		TEST(every_length_is_one_command_where_excess_costs_nothing),
		TEST(at_the_end_of_the_address_space_two_exact_commands_replace_rounding),
		TEST(a_whole_space_is_one_range_at_every_size),
		TEST(level_1_of_16_kib_has_a_hint_with_52_bit_addresses_only),
		TEST(every_granule_comes_out_as_the_known_constants),
		TEST(a_hint_that_does_not_fit_the_span_is_left_out),
		TEST(spans_that_do_not_fit_become_the_whole_vmid),
		TEST(more_commands_than_the_whole_vmid_costs_become_the_whole_vmid),
		TEST(scattered_pages_have_exact_commands),
		TEST(the_whole_vmid_goes_where_it_costs_less),
		TEST(a_small_gap_between_large_spans_is_bridged),
		TEST(a_gap_of_its_share_or_more_is_not_bridged),
		TEST(a_gap_between_two_that_need_two_commands_each_may_be_wider),
		TEST(what_goes_in_vain_stays_below_its_share),
		TEST(a_bridge_forgets_what_differs),
		TEST(pointers_to_many_tables_are_not_given_up_for_one_command),
		TEST(costs_are_legal_in_their_ranges_only),
		TEST(a_long_chain_of_small_gaps_is_few_commands),
		TEST(no_spans_make_no_command),
		TEST(random_spans_are_invalidated_with_few_commands),
		TEST(a_lone_page_gets_the_command_of_a_plan_without_one),
		TEST(no_list_is_much_cheaper_than_the_planned_one),
	};

	return cmocka_run_group_tests_name("tlbi", tests, NULL, NULL);
}
