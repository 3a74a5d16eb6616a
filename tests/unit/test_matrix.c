/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_matrix.c - every format of a stage-2 table, and in each every kind of change at every height.
 *
 * Which formats there are is data, copied from the architecture's tables. In each, entries of every height
 * are mapped at the bottom, the top, across tables and across the border where addresses move to other bits;
 * then parts of every smaller height are revoked, granted, restricted, at their first, middle and last place
 * and across entries. The model's decoder, which shares nothing with the code under test, reads the raw
 * tables: after every change, and at stores in between, when each page has its old or its new access. The
 * reference is the list of changes itself: the last one that names a page decides.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <shadow/error.h>

#include "bench/replay/observed.h"
#include "smmuv3/model/model.h"
#include "smmuv3/pgtable_pages.h"

#define NONE   SHADOW_ACCESS_NONE
#define R      SHADOW_ACCESS_R
#define RW     SHADOW_ACCESS_RW
#define NORMAL SHADOW_MEMORY_NORMAL
#define DEVICE SHADOW_MEMORY_DEVICE

#define POOL_PAGES    96u
#define CHANGES_MAX   4096u
#define POINTS_MAX    64u
#define STORES_APART  7u /* stores to live tables between two looks */
#define IA_BITS_FIRST 32u
#define IA_BITS_LAST  52u

/* ---- what the architecture has ----------------------------------------------------------------------------
 */

/* Start levels by input size: one table up to some size, 2 .. 16 tables for the next four. With @large they
 * exist only in the 52-bit formats, which take all sizes above 48. DDI 0487, translation granules, stage 2:
 * starting level, S2SL0 and concatenation. */
struct start_row {
	unsigned granule_lg2;
	int level;
	unsigned single_first, single_last;
	unsigned side_by_side_last; /* 2 tables from single_last + 1 on; 0: never */
	bool large;
	bool blocks, blocks_large;
};

static const struct start_row start_rows[] = {
	{ 12, -1, 49, 52, 0, true, false, false }, { 12, 0, 40, 48, 52, false, false, true },
	{ 12, 1, 31, 39, 43, false, true, true },  { 12, 2, 25, 30, 34, false, true, true },
	{ 14, 0, 48, 52, 0, true, false, false },  { 14, 1, 37, 47, 51, false, false, true },
	{ 14, 2, 26, 36, 40, false, true, true },  { 14, 3, 25, 25, 29, false, true, true },
	{ 16, 1, 43, 52, 0, false, false, true },  { 16, 2, 30, 42, 46, false, true, true },
	{ 16, 3, 25, 29, 33, false, true, true },
};

#define NO_LEVEL 9

struct legal {
	int single, side_by_side; /* level, or NO_LEVEL */
	bool single_has_blocks;
};

static struct legal legal_of(unsigned granule_lg2, unsigned ia_bits)
{
	struct legal legal = { NO_LEVEL, NO_LEVEL, false };
	bool large = ia_bits > 48;

	for (unsigned i = 0; i < sizeof(start_rows) / sizeof(start_rows[0]); i++) {
		const struct start_row *row = &start_rows[i];

		if (row->granule_lg2 != granule_lg2 || (row->large && !large))
			continue;
		if (ia_bits >= row->single_first && ia_bits <= row->single_last) {
			legal.single = row->level;
			legal.single_has_blocks = large ? row->blocks_large : row->blocks;
		}
		if (ia_bits > row->single_last && ia_bits <= row->side_by_side_last)
			legal.side_by_side = row->level;
	}
	return legal;
}

/* Level that a configuration starts at; NO_LEVEL: to be refused. */
static int start_level_of(unsigned granule_lg2, unsigned ia_bits, enum shadow_start start)
{
	struct legal legal = legal_of(granule_lg2, ia_bits);

	if (start == SHADOW_START_SINGLE)
		return legal.single;
	if (start == SHADOW_START_CONCATENATED || legal.single == NO_LEVEL)
		return legal.side_by_side;
	return legal.single_has_blocks || legal.side_by_side == NO_LEVEL ? legal.single : legal.side_by_side;
}

/* First level with blocks. */
static int block_level_of(unsigned granule_lg2, unsigned ia_bits)
{
	return (granule_lg2 == 12 ? 1 : 2) - (ia_bits > 48);
}

static unsigned group_members_of(unsigned granule_lg2, int level)
{
	if (granule_lg2 == 12)
		return level >= 1 ? 16 : 1;
	return level < 2 ? 1 : granule_lg2 == 14 && level == 3 ? 128 : 32;
}

/* ---- one table under test
 * ----------------------------------------------------------------------------------- */

struct change {
	uint64_t start, end; /* pages */
	enum shadow_access access;
	enum shadow_memory memory;
};

static struct shadow_smmu_target_config config;
static struct pgtable pgtable;
static struct pgtable_page page_storage[POOL_PAGES];
static struct shadow_region regions[1];
static struct tlbi_span span_storage[256];
static struct tlbi_spans spans;
static uint64_t fence;

static struct model_memory memory;
static struct model_stage2 stage2;

static struct change changes[CHANGES_MAX];
static unsigned change_count;
static bool changing;  /* the last change is under way */
static bool in_blocks; /* no table has had two memory types: leaves are as large as they can be */
static uint64_t live_stores;

static const void *pool_read(void *ctx, uint64_t pa, size_t bytes)
{
	(void)ctx;
	if (pa < config.pool.base.addr || pa - config.pool.base.addr + bytes > config.pool.bytes)
		return NULL;
	return (const char *)config.pool.virt + (pa - config.pool.base.addr);
}

/* Pages of an entry of @height, heights counting from 0 for pages. */
static uint64_t size_of(unsigned height)
{
	return UINT64_C(1) << (config.map.granule_lg2 - 3) * height;
}

static uint64_t top(void)
{
	return UINT64_C(1) << (config.map.ia_bits - config.map.granule_lg2);
}

/* What the list of changes, but for its last @without, says of @page. */
static struct change wanted(uint64_t page, unsigned without)
{
	for (unsigned i = change_count - without; i-- > 0;)
		if (page >= changes[i].start && page < changes[i].end)
			return changes[i];
	return (struct change){ 0, 0, NONE, NORMAL };
}

static bool same(struct change left, struct change right)
{
	return left.access == right.access && (!left.access || left.memory == right.memory);
}

/* Does the list say the same of all pages start .. end? */
static bool is_uniform(uint64_t start, uint64_t end)
{
	struct change first = wanted(start, 0);

	if (end > top())
		return false;
	for (unsigned i = 0; i < change_count; i++) {
		uint64_t edges[] = { changes[i].start, changes[i].end };

		for (unsigned j = 0; j < 2; j++)
			if (edges[j] > start && edges[j] < end && !same(wanted(edges[j], 0), first))
				return false;
	}
	return true;
}

static struct change found(uint64_t page, struct model_leaf *leaf)
{
	unsigned shift = config.map.granule_lg2;
	struct change change = { .access = NONE };

	assert_int_equal(model_walk(&memory, &stage2, page << shift, leaf), MODEL_OK);
	assert_true(page << shift >= leaf->start && page << shift < leaf->end);
	if (!leaf->valid) {
		assert_int_equal(leaf->descriptor, 0);
		return change;
	}
	assert_int_equal(leaf->pa, leaf->start);
	change.access = (enum shadow_access)(leaf->read * SHADOW_ACCESS_R | leaf->write * SHADOW_ACCESS_W);
	change.memory = leaf->device ? DEVICE : NORMAL;
	return change;
}

static void fail_at(uint64_t page, const char *what)
{
	fail_msg("granule %u, %u bits, start %d, BBML %u%s, change %u [%llx, %llx) to %d: page %llx %s",
		 1u << config.map.granule_lg2, config.map.ia_bits, (int)config.start, config.bbml,
		 config.contiguous ? ", hints" : "", change_count,
		 (unsigned long long)changes[change_count - 1].start,
		 (unsigned long long)changes[change_count - 1].end, (int)changes[change_count - 1].access,
		 (unsigned long long)page, what);
}

/* While a change is under way: its old or its new access, and none is lost in between. */
static void check_between(uint64_t page)
{
	struct change before = wanted(page, 1), after = wanted(page, 0);
	struct model_leaf leaf;
	struct change now = found(page, &leaf);

	if (!same(now, before) && !same(now, after))
		fail_at(page, "is neither what it was nor what it will be");
}

/* A leaf is no smaller than it could be, and has the hint if its group could. */
static void check_size(const struct model_leaf *leaf, uint64_t page)
{
	int first = block_level_of(config.map.granule_lg2, config.map.ia_bits);
	uint64_t size = size_of((unsigned)(4 - leaf->level)), start = page & ~(size - 1);
	unsigned members = group_members_of(config.map.granule_lg2, leaf->level);

	if (!config.bbml) {
		assert_int_equal(leaf->level, 3);
		return;
	}
	if (leaf->level - 1 >= first && leaf->level - 1 >= stage2.start_level &&
	    is_uniform(start, start + size))
		fail_at(page, "is in a leaf smaller than it could be");
	size = members * size_of((unsigned)(3 - leaf->level));
	start = page & ~(size - 1);
	if (members > 1 && config.contiguous && !leaf->contiguous && is_uniform(start, start + size))
		fail_at(page, "is in a group that could have the hint");
}

static void check_after(uint64_t page)
{
	struct change want = wanted(page, 0);
	struct model_leaf leaf;
	uint64_t size, start;

	if (!same(found(page, &leaf), want))
		fail_at(page, "is not what it should be");
	if (!leaf.valid)
		return;
	if (leaf.level < 3 && leaf.descriptor >> 16 & 1)
		fail_at(page, "is still in a block with nT");
	if (leaf.contiguous) {
		size = group_members_of(config.map.granule_lg2, leaf.level) *
		       size_of((unsigned)(3 - leaf.level));
		start = page & ~(size - 1);
		if (!config.contiguous || !config.bbml || !is_uniform(start, start + size))
			fail_at(page, "has a hint that is not true");
	}
	if (want.access == RW && in_blocks)
		check_size(&leaf, page);
}

/* Around both ends of the last change: the pages, and entries and groups of every height that they are in. */
static void check_around(void (*check)(uint64_t page))
{
	const struct change *last = &changes[change_count - 1];
	uint64_t edges[] = { last->start, last->start + (last->end - last->start) / 2, last->end };
	uint64_t points[POINTS_MAX];
	unsigned count = 0;

	for (unsigned i = 0; i < 3; i++) {
		points[count++] = edges[i];
		points[count++] = edges[i] - 1;
		for (unsigned height = 0; height < 4; height++) {
			uint64_t group =
				group_members_of(config.map.granule_lg2, 3 - (int)height) * size_of(height);

			points[count++] = edges[i] & ~(group - 1);
			points[count++] = (edges[i] & ~(group - 1)) + group;
			points[count++] = (edges[i] & ~(size_of(height + 1) - 1)) - 1;
			points[count++] = (edges[i] & ~(size_of(height + 1) - 1)) + size_of(height + 1);
		}
	}
	for (unsigned i = 0; i < count; i++)
		if (points[i] < top())
			check(points[i]);
}

/* After each store: to a table that a walker can reach, everything is as it was or as it will be. */
static void stored(void *ctx, uint64_t *where, uint64_t old_value, uint64_t value)
{
	uint64_t offset = (uint64_t)((const char *)where - (const char *)config.pool.virt);
	uint64_t page = offset >> config.map.granule_lg2;

	(void)ctx;
	(void)old_value;
	(void)value;
	if (!changing || (page >= format_start_tables(&pgtable.format) && !pgtable.page[page].linked) ||
	    live_stores++ % STORES_APART)
		return;
	check_around(check_between);
}

/* Return: what format_init() says, through pgtable_init(). */
static int open_table(unsigned granule_lg2, unsigned ia_bits, enum shadow_start start, unsigned bbml,
		      bool contiguous)
{
	uint64_t bytes = (uint64_t)POOL_PAGES << granule_lg2;
	void *virt = config.pool.virt;

	/* Only what was used is not zero any more. */
	if (virt && pgtable.pool.virt)
		memset(virt, 0, (size_t)pgtable.bump << pgtable.format.granule_lg2);
	config = (struct shadow_smmu_target_config){
		.map = { .ia_bits = ia_bits, .granule_lg2 = granule_lg2 },
		.bbml = bbml,
		.start = start,
		.collapse = SHADOW_COLLAPSE_EAGER,
		.contiguous = contiguous,
		.fwb = ia_bits & 1,
		/* High bits in every address that points to a table. */
		.pool = { { ia_bits > 48 ? UINT64_C(0xd) << 48 : UINT64_C(0xd) << 44 }, virt, bytes },
	};
	memset(page_storage, 0, sizeof(page_storage));
	spans = (struct tlbi_spans){ span_storage, 0, sizeof(span_storage) / sizeof(span_storage[0]), false };
	fence = 0;
	change_count = 0;
	changing = false;
	in_blocks = true;
	return pgtable_init(&pgtable, &config, page_storage, regions, &spans);
}

static void expect_format(int level)
{
	memory = (struct model_memory){ .read = pool_read };
	stage2 = (struct model_stage2){
		.valid = true,
		.granule_lg2 = config.map.granule_lg2,
		.ia_bits = config.map.ia_bits,
		.oas_bits = config.map.ia_bits > 48 ? 52 : 48,
		.start_level = level,
		.large = config.map.ia_bits > 48,
		.ds = config.map.ia_bits > 48 && config.map.granule_lg2 != 16,
		.fwb = config.fwb,
		.ttb = config.pool.base.addr,
	};
}

static void publish_and_complete(void)
{
	pgtable_pending_spans(&pgtable, &spans);
	spans.count = 0;
	spans.all = false;
	pgtable_retire(&pgtable, ++fence);
	pgtable_reclaim(&pgtable, fence);
}

/* One batch of one run, as a target does it, until nothing is outstanding. */
static void change(uint64_t start, uint64_t pages, enum shadow_access access, enum shadow_memory type)
{
	struct run run = { start, start + pages, access, type };

	assert_true(change_count < CHANGES_MAX);
	changes[change_count++] = (struct change){ start, start + pages, access, type };
	changing = true;
	if (config.bbml == 1) {
		pgtable_mark(&pgtable, &run);
		pgtable_settle(&pgtable);
		publish_and_complete();
	}
	assert_int_equal(pgtable_apply(&pgtable, &run), 0);
	/* What was unlinked is complete one round later, and a group may be whole then that lacked a block.
	 */
	for (unsigned i = 0; i < 3; i++) {
		pgtable_close(&pgtable);
		publish_and_complete();
	}
	changing = false;
	check_around(check_after);
}

/* Everything is gone and nothing is kept for it. The list starts anew. */
static void forget_all(void)
{
	assert_int_equal(pgtable.live, format_start_tables(&pgtable.format));
	assert_int_equal(pgtable.unlinked, 0);
	change_count = 0;
}

/* ---- what is done in each
 * ------------------------------------------------------------------------------------ */

/* A part of @part pages in two entries of @size: taken away and given back. */
static void revoke_and_grant(uint64_t base, uint64_t at, uint64_t part)
{
	change(base + at, part, NONE, NORMAL);
	change(base + at, part, RW, NORMAL);
}

static void restrict_and_restore(uint64_t base, uint64_t at, uint64_t part)
{
	change(base + at, part, R, NORMAL);
	change(base + at, part, RW, NORMAL);
	change(base + at, part, R, NORMAL);
	change(base + at, part, NONE, NORMAL);
	change(base + at, part, RW, NORMAL);
}

/* Parts of one height, at every kind of place, in two entries of @size that are mapped. */
static void play_parts(uint64_t base, uint64_t size, uint64_t part)
{
	uint64_t middle = size / 2 & ~(part - 1);

	revoke_and_grant(base, 0, part);
	revoke_and_grant(base, size - part, part);
	revoke_and_grant(base, middle, part);
	revoke_and_grant(base, 2 * size - part, part);
	revoke_and_grant(base, size - part, 2 * part);
	if (size >= 8 * part) {
		revoke_and_grant(base, 3 * part, 2 * part);
		/* Inside a group, two members in one, given back one by one. */
		change(base + part, part, NONE, NORMAL);
		change(base + 5 * part, part, NONE, NORMAL);
		change(base + part, part, RW, NORMAL);
		change(base + 5 * part, part, RW, NORMAL);
		/* Two parts and all between, given back with what is around. */
		change(base + size - 2 * part, 3 * part, NONE, NORMAL);
		change(base + size - 4 * part, 6 * part, RW, NORMAL);
	}
	restrict_and_restore(base, middle, part);
	restrict_and_restore(base, size - part, 2 * part);
	/* A page of the part, then the rest of it, then all of it. */
	change(base + size - part, 1, NONE, NORMAL);
	change(base + size - part, part, NONE, NORMAL);
	change(base + size - 1, 1, RW, NORMAL);
	change(base + size - part, part, RW, NORMAL);
}

/* Two entries of one height. */
static void play_entries(uint64_t base, unsigned height)
{
	uint64_t size = size_of(height);

	change(base, 2 * size, RW, NORMAL);
	for (unsigned below = height; below-- > 0;)
		play_parts(base, size, size_of(below));
	revoke_and_grant(base, 0, size);
	revoke_and_grant(base, size, size);
	restrict_and_restore(base, 0, size);
	restrict_and_restore(base, 0, 2 * size);
	change(base, 2 * size, NONE, NORMAL);
	forget_all();

	/* From holes to whole: the second half first. */
	change(base + size, size, RW, NORMAL);
	change(base, size, RW, NORMAL);
	change(base, 2 * size, NONE, NORMAL);
	forget_all();

	/* Device memory, and both kinds in one table. At BBM level 0 no block may be cut. */
	if (!config.bbml)
		return;
	change(base, size, RW, DEVICE);
	change(base + size, size, RW, NORMAL);
	in_blocks = false;
	for (unsigned below = height; below-- > 0;) {
		uint64_t part = size_of(below);

		change(base, part, NONE, DEVICE);
		change(base, part, RW, DEVICE);
		change(base + size - part, 2 * part, NONE, NORMAL);
		change(base + size - part, part, RW, DEVICE);
		change(base + size, part, R, NORMAL);
		change(base + size, part, RW, NORMAL);
	}
	change(base, 2 * size, NONE, NORMAL);
	/* Whole, but of two kinds: no block. */
	if (height) {
		change(base, size / 2, RW, DEVICE);
		change(base + size / 2, size / 2, RW, NORMAL);
		change(base, size, NONE, NORMAL);
	}
	in_blocks = true;
	forget_all();
}

static void play_heights(void)
{
	unsigned start = (unsigned)(3 - stage2.start_level);
	/* At BBM level 0 memory is in pages: larger entries than tables of pages would only be more of the
	 * same. */
	unsigned most = config.bbml || start < 1 ? start : 1;

	for (unsigned height = 0; height <= most; height++) {
		uint64_t size = size_of(height), above = size_of(height + 1);

		if (top() < 2 * size)
			continue;
		play_entries(0, height);
		play_entries(top() - 2 * size, height);
		/* Across two tables, or two of the start tables. */
		if (top() >= 2 * above)
			play_entries((top() / 2 & ~(above - 1)) - size, height);
		if (config.map.ia_bits > (config.map.granule_lg2 == 16 ? 48 : 50))
			play_entries((UINT64_C(1) << ((config.map.granule_lg2 == 16 ? 48 : 50) -
						      config.map.granule_lg2)) -
					     size,
				     height);
	}
}

static void play_format(unsigned granule_lg2, unsigned ia_bits, enum shadow_start start)
{
	int level = start_level_of(granule_lg2, ia_bits, start);

	if (level == NO_LEVEL)
		return;
	for (unsigned bbml = 0; bbml <= 2; bbml++) {
		for (unsigned contiguous = 0; contiguous <= 1; contiguous++) {
			assert_int_equal(open_table(granule_lg2, ia_bits, start, bbml, contiguous), 0);
			expect_format(level);
			observed_set(stored, NULL);
			play_heights();
			observed_set(NULL, NULL);
		}
	}
}

static void play_granule(unsigned granule_lg2)
{
	config.pool.virt = test_calloc(POOL_PAGES, (size_t)1 << granule_lg2);
	for (unsigned ia_bits = IA_BITS_FIRST; ia_bits <= IA_BITS_LAST; ia_bits++) {
		bool single_is_default = start_level_of(granule_lg2, ia_bits, SHADOW_START_DEFAULT) ==
					 start_level_of(granule_lg2, ia_bits, SHADOW_START_SINGLE);

		play_format(granule_lg2, ia_bits, SHADOW_START_DEFAULT);
		play_format(granule_lg2, ia_bits,
			    single_is_default ? SHADOW_START_CONCATENATED : SHADOW_START_SINGLE);
	}
	test_free(config.pool.virt);
	config.pool.virt = NULL;
}

static void every_change_at_every_height_with_4_kib_pages(void **state)
{
	(void)state;
	play_granule(12);
}

static void every_change_at_every_height_with_16_kib_pages(void **state)
{
	(void)state;
	play_granule(14);
}

static void every_change_at_every_height_with_64_kib_pages(void **state)
{
	(void)state;
	play_granule(16);
}

/* ---- which formats there are
 * ---------------------------------------------------------------------------------- */

static int init_target(unsigned granule_lg2, unsigned ia_bits, enum shadow_start start)
{
	struct shadow_smmu_target_config target = {
		.map = { .ia_bits = ia_bits, .granule_lg2 = granule_lg2 },
		.start = start,
		.runs_max = 2,
		.pool = { { 0 }, NULL, UINT64_C(2) << 20 },
	};
	struct shadow_target *made = NULL;
	size_t bytes = shadow_smmu_target_bytes(&target), room = bytes ? bytes : 65536;
	void *target_memory = aligned_alloc(64, (room + 63) & ~(size_t)63);
	int error;

	assert_non_null(target_memory);
	memset(target_memory, 0, room);
	target.pool.virt = test_calloc(1, (size_t)target.pool.bytes);
	error = shadow_smmu_target_init(target_memory, room, &target, &made);
	assert_int_equal(bytes == 0, error != 0);
	assert_int_equal(shadow_smmu_pool_bytes(&target, NULL, 0) == 0, error != 0);
	test_free(target.pool.virt);
	free(target_memory);
	return error;
}

static void the_formats_are_those_of_the_architecture_and_no_others(void **state)
{
	unsigned legal = 0, refused = 0;

	(void)state;
	for (unsigned granule_lg2 = 11; granule_lg2 <= 17; granule_lg2++) {
		for (unsigned ia_bits = 0; ia_bits <= 64; ia_bits++) {
			for (unsigned start = 0; start <= 3; start++) {
				struct shadow_address_map map = { .ia_bits = ia_bits,
								  .granule_lg2 = granule_lg2 };
				struct pgtable_format format;
				int level = NO_LEVEL, error;

				if (ia_bits >= IA_BITS_FIRST && ia_bits <= IA_BITS_LAST && start < 3)
					level = start_level_of(granule_lg2, ia_bits,
							       (enum shadow_start)start);
				error = format_init(&format, &map, (enum shadow_start)start, false);
				if (error != (level == NO_LEVEL ? -SHADOW_EINVAL : 0) ||
				    init_target(granule_lg2, ia_bits, (enum shadow_start)start) != error)
					fail_msg("granule %u, %u bits, start %u: %d", 1u << granule_lg2,
						 ia_bits, start, error);
				refused += error != 0;
				legal += error == 0;
				if (error)
					continue;
				assert_int_equal(format_level(format.start), level);
				assert_int_equal(format.start_lg2,
						 ia_bits - granule_lg2 -
							 (granule_lg2 - 3) * (unsigned)(3 - level));
				assert_int_equal(format.large, ia_bits > 48);
			}
		}
	}
	print_message("%u formats, %u refused\n", legal, refused);
	assert_in_range(legal, 100, 200);
}

/* Zero stands for 4 KiB, as it does in a map that says nothing. */
static void no_granule_is_4_kib(void **state)
{
	struct shadow_address_map map = { .ia_bits = 40 };
	struct pgtable_format format;

	(void)state;
	assert_int_equal(format_init(&format, &map, SHADOW_START_DEFAULT, false), 0);
	assert_int_equal(format.granule_lg2, 12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_formats_are_those_of_the_architecture_and_no_others),
		cmocka_unit_test(no_granule_is_4_kib),
		cmocka_unit_test(every_change_at_every_height_with_4_kib_pages),
		cmocka_unit_test(every_change_at_every_height_with_16_kib_pages),
		cmocka_unit_test(every_change_at_every_height_with_64_kib_pages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
