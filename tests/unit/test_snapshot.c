/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_snapshot.c - raw stage-2 descriptors of a host, read as maximal ranges of one access.
 *
 * Descriptors are written out as the architecture's numbers, those of large tables, above 48 bits, in their own way.
 */
#include "engine/snapshot.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "engine/platform/linux.h"
#include "seeded.h"

#define ARENA_BYTES 0x300000u
#define ARENA_PA    UINT64_C(0x7f0000000000)
#define ARENA_PA_LARGE UINT64_C(0xd7f0000000000) /* bits 51, 50 and 48 */
#define R	    SHADOW_ACCESS_R
#define W	    SHADOW_ACCESS_W
#define RW	    SHADOW_ACCESS_RW
#define NONE	    SHADOW_ACCESS_NONE

#define HOST_TABLE	UINT64_C(3)
#define HOST_PAGE	UINT64_C(0x703) /* valid, AF, inner shareable; no access */
#define HOST_BLOCK	UINT64_C(0x701)
#define HOST_SHAREABLE	UINT64_C(0x300) /* address bits instead, in large tables of 4 KiB and 16 KiB */
#define HOST_NT		UINT64_C(0x10000)
#define HOST_READ	UINT64_C(0x40)
#define HOST_WRITE	UINT64_C(0x80)
#define HOST_ANNOTATION UINT64_C(0x2000) /* invalid, with an owner in it */

static _Alignas(0x10000) uint64_t arena[ARENA_BYTES / 8];
static size_t arena_used; /* entries */
static struct shadow_host_table host;

static bool is_large(void)
{
	return host.ia_bits > 48;
}

static uint64_t *arena_table(void)
{
	size_t entries = (size_t)1 << (host.granule_lg2 - 3);
	uint64_t *table = &arena[arena_used];

	assert_true(arena_used + entries <= ARENA_BYTES / 8);
	memset(table, 0, entries * 8);
	arena_used += entries;
	return table;
}

static void host_make(unsigned granule_lg2, unsigned ia_bits, int start_level, unsigned start_tables)
{
	arena_used = 0;
	host = (struct shadow_host_table){
		.ia_bits = ia_bits,
		.start_level = start_level,
		.granule_lg2 = granule_lg2,
	};
	host.root.addr = is_large() ? ARENA_PA_LARGE : ARENA_PA;
	for (unsigned i = 0; i < start_tables; i++)
		arena_table();
}

static void host_new(unsigned ia_bits, int start_level, unsigned start_tables)
{
	host_make(12, ia_bits, start_level, start_tables);
}

static unsigned level_lg2(int level)
{
	return (host.granule_lg2 - 3) * (unsigned)(3 - level);
}

/* An address as a descriptor holds it. */
static uint64_t field_of(uint64_t address)
{
	if (is_large() && host.granule_lg2 == 16)
		return (address & UINT64_C(0xffffffff0000)) | (address >> 48) << 12;
	if (is_large())
		return (address & UINT64_C(0x3ffffffffffff)) | (address >> 50) << 8;
	return address;
}

/* What a table descriptor leads to. */
static uint64_t *host_table_at(uint64_t descriptor)
{
	for (size_t at = 0; at < arena_used; at += (size_t)1 << (host.granule_lg2 - 3))
		if (field_of(host.root.addr + 8 * at) == (descriptor & ~HOST_TABLE))
			return &arena[at];
	fail_msg("no table is there");
	return NULL;
}

/* The entry of @level for @page; tables above it are made. */
static uint64_t *host_entry(uint64_t page, int level)
{
	uint64_t *entry = &arena[page >> level_lg2(host.start_level)];

	for (int at = host.start_level; at < level; at++) {
		if (!(*entry & 1)) {
			uint64_t pa = host.root.addr + 8 * (uint64_t)(arena_table() - arena);

			*entry = field_of(pa) | HOST_TABLE;
		}
		entry = host_table_at(*entry) +
			(page >> level_lg2(at + 1) & ((1u << (host.granule_lg2 - 3)) - 1));
	}
	return entry;
}

static void host_leaf(uint64_t page, int level, enum shadow_access access)
{
	uint64_t kind = level == 3 ? HOST_PAGE : HOST_BLOCK;

	if (is_large() && host.granule_lg2 != 16)
		kind &= ~HOST_SHAREABLE;
	*host_entry(page, level) = field_of(page << host.granule_lg2) | kind | (uint64_t)access << 6;
}

static struct snapshot_walk walk;

static void walk_begin(void)
{
	assert_int_equal(snapshot_begin(&walk, &host), 0);
}

static void assert_next(uint64_t start, uint64_t end, enum shadow_access access)
{
	enum shadow_access got_access;
	uint64_t got_start, got_end;

	assert_true(snapshot_next(&walk, &got_start, &got_end, &got_access));
	assert_int_equal(got_start, start);
	assert_int_equal(got_end, end);
	assert_int_equal(got_access, access);
}

static void assert_end(int error)
{
	enum shadow_access access;
	uint64_t start, end;

	assert_false(snapshot_next(&walk, &start, &end, &access));
	assert_int_equal(walk.error, error);
	assert_false(snapshot_next(&walk, &start, &end, &access));
}

static int setup(void **state)
{
	(void)state;
	assert_int_equal(platform_linux_add_memory((shadow_pa_t){ ARENA_PA }, arena, sizeof(arena)), 0);
	return platform_linux_add_memory((shadow_pa_t){ ARENA_PA_LARGE }, arena, sizeof(arena));
}

static int teardown(void **state)
{
	(void)state;
	platform_linux_remove_memory((shadow_pa_t){ ARENA_PA });
	platform_linux_remove_memory((shadow_pa_t){ ARENA_PA_LARGE });
	return 0;
}

static void an_empty_table_is_read_write_all_over(void **state)
{
	(void)state;
	host_new(39, 1, 1);
	walk_begin();
	assert_next(0, UINT64_C(1) << 27, RW);
	assert_end(0);
}

/* The start levels that the architecture has, and the input sizes for which it has them: with one table from
 * single_min to single_max, with 2, 4, 8 and 16 tables side by side for one bit more each, up to last. */
static const struct shape {
	unsigned granule_lg2;
	int start_level;
	unsigned single_min, single_max, last;
} shapes[] = {
	{ 12, -1, 49, 52, 52 }, { 12, 0, 40, 48, 52 }, { 12, 1, 31, 39, 43 }, { 12, 2, 25, 30, 34 },
	{ 14, 0, 49, 52, 52 },	{ 14, 1, 37, 47, 51 }, { 14, 2, 26, 36, 40 },
	{ 16, 1, 43, 52, 52 },	{ 16, 2, 30, 42, 46 }, { 16, 3, 25, 29, 33 },
};

static void the_whole_space_is_read_at_every_legal_size(void **state)
{
	(void)state;
	for (unsigned i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		const struct shape *shape = &shapes[i];

		for (unsigned ia_bits = shape->single_min; ia_bits <= shape->last; ia_bits++) {
			uint64_t top = UINT64_C(1) << (ia_bits - shape->granule_lg2);
			unsigned tables = ia_bits > shape->single_max ? 1u << (ia_bits - shape->single_max) : 1;

			if (ia_bits < SHADOW_IA_BITS_MIN)
				continue;
			host_make(shape->granule_lg2, ia_bits, shape->start_level, tables);
			*host_entry(top - 1, 3) = HOST_ANNOTATION;
			*host_entry(top / 2 + 5, 3) = HOST_ANNOTATION;
			host_leaf(top / 2 + 6, 3, R);
			walk_begin();
			assert_next(0, top / 2 + 5, RW);
			assert_next(top / 2 + 6, top / 2 + 7, R);
			assert_next(top / 2 + 7, top - 1, RW);
			assert_end(0);
		}
	}
}

/* All start levels at all sizes and granules, also those that no granule has. */
static void shapes_that_the_format_lacks_are_refused(void **state)
{
	static const struct shadow_host_table others[] = {
		{ .root = { ARENA_PA }, .ia_bits = 31, .start_level = 1 },
		{ .root = { ARENA_PA }, .ia_bits = 53, .start_level = -1 },
		{ .root = { ARENA_PA }, .ia_bits = 39, .start_level = 1, .granule_lg2 = 13 },
		{ .root = { ARENA_PA }, .ia_bits = 39, .start_level = 1, .granule_lg2 = 1 },
		{ .root = { ARENA_PA }, .ia_bits = 39, .start_level = 1, .granule_lg2 = 18 },
	};

	(void)state;
	for (unsigned granule_lg2 = 12; granule_lg2 <= 16; granule_lg2 += 2) {
		for (unsigned ia_bits = SHADOW_IA_BITS_MIN; ia_bits <= SHADOW_IA_BITS_MAX; ia_bits++) {
			for (int level = -4; level <= 5; level++) {
				struct shadow_host_table table = { .root = { ARENA_PA }, .ia_bits = ia_bits,
								   .start_level = level,
								   .granule_lg2 = granule_lg2 };
				bool legal = false;

				for (unsigned i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
					legal |= shapes[i].granule_lg2 == granule_lg2 &&
						 shapes[i].start_level == level &&
						 ia_bits >= shapes[i].single_min && ia_bits <= shapes[i].last;
				assert_int_equal(snapshot_begin(&walk, &table), legal ? 0 : -SHADOW_EINVAL);
			}
		}
	}
	for (unsigned i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_int_equal(snapshot_begin(&walk, &others[i]), -SHADOW_EINVAL);
}

static void start_tables_are_aligned_to_their_size_together_and_to_64_bytes(void **state)
{
	static const struct {
		unsigned granule_lg2, ia_bits;
		int start_level;
		uint64_t bytes;
	} starts[] = {
		{ 12, 32, 1, 64 },    { 12, 36, 1, 512 },	  { 12, 39, 1, 4096 },
		{ 12, 40, 1, 8192 },  { 12, 43, 1, 65536 },	  { 12, 49, -1, 64 },
		{ 14, 40, 2, 262144 }, { 14, 48, 1, 32768 },	  { 16, 33, 3, 1048576 },
		{ 16, 42, 2, 65536 }, { 16, 46, 2, 1048576 },	  { 16, 52, 1, 8192 },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
		struct shadow_host_table table = { .ia_bits = starts[i].ia_bits,
						   .start_level = starts[i].start_level,
						   .granule_lg2 = starts[i].granule_lg2 };

		table.root.addr = ARENA_PA + starts[i].bytes;
		assert_int_equal(snapshot_begin(&walk, &table), 0);
		table.root.addr = ARENA_PA + starts[i].bytes / 2;
		assert_int_equal(snapshot_begin(&walk, &table), -SHADOW_EINVAL);
		table.root.addr = ARENA_PA + 8;
		assert_int_equal(snapshot_begin(&walk, &table), -SHADOW_EINVAL);
	}
}

static void a_start_table_smaller_than_a_page_is_read_no_further_than_it_goes(void **state)
{
	const uint64_t at = ARENA_PA + ARENA_BYTES;
	static _Alignas(64) uint64_t start[4];

	(void)state;
	host_new(32, 1, 0);
	host.root.addr = at;
	start[3] = HOST_ANNOTATION;
	assert_int_equal(platform_linux_add_memory((shadow_pa_t){ at }, start, sizeof(start)), 0);

	walk_begin();
	assert_next(0, UINT64_C(3) << 18, RW);
	assert_end(0);
	platform_linux_remove_memory((shadow_pa_t){ at });
}

/* Sizes with leaves at as many levels as the format has, and the first of these levels. */
static const struct leaves {
	unsigned granule_lg2, ia_bits;
	int start_level, block_level;
} leaves[] = {
	{ 12, 39, 1, 1 }, { 12, 48, 0, 1 }, { 12, 52, -1, 0 }, { 12, 52, 0, 0 },
	{ 14, 47, 1, 2 }, { 14, 51, 1, 1 }, { 14, 52, 0, 1 },
	{ 16, 48, 1, 2 }, { 16, 46, 2, 2 }, { 16, 52, 1, 1 },
};

static unsigned start_tables_of(const struct leaves *of)
{
	unsigned resolved = of->granule_lg2 + (of->granule_lg2 - 3) * (unsigned)(4 - of->start_level);

	return of->ia_bits > resolved ? 1u << (of->ia_bits - resolved) : 1;
}

static void every_kind_of_entry_is_read_at_every_level_of(const struct leaves *of)
{
	for (int level = of->block_level; level <= 3; level++) {
		uint64_t size, top = UINT64_C(1) << (of->ia_bits - of->granule_lg2);

		host_make(of->granule_lg2, of->ia_bits, of->start_level, start_tables_of(of));
		size = UINT64_C(1) << level_lg2(level);
		host_leaf(0 * size, level, R);
		host_leaf(1 * size, level, W);
		host_leaf(2 * size, level, RW);
		host_leaf(3 * size, level, NONE);
		*host_entry(4 * size, level) = HOST_ANNOTATION;
		*host_entry(5 * size, level) = UINT64_C(0xfffffffffffffffe);
		host_leaf(7 * size, level, R);

		walk_begin();
		assert_next(0, size, R);
		assert_next(size, 2 * size, W);
		assert_next(2 * size, 3 * size, RW);
		assert_next(6 * size, 7 * size, RW); /* zero: nothing mapped yet */
		assert_next(7 * size, 8 * size, R);
		if (8 * size < top)
			assert_next(8 * size, top, RW);
		assert_end(0);
	}
}

static void every_kind_of_entry_is_read_at_every_level(void **state)
{
	(void)state;
	for (unsigned i = 0; i < sizeof(leaves) / sizeof(leaves[0]); i++)
		every_kind_of_entry_is_read_at_every_level_of(&leaves[i]);
}

/* The last leaf of the space has every address bit set that there is. */
static void leaves_at_the_top_of_the_space_are_read_at_every_level(void **state)
{
	(void)state;
	for (unsigned i = 0; i < sizeof(leaves) / sizeof(leaves[0]); i++) {
		const struct leaves *of = &leaves[i];
		uint64_t top = UINT64_C(1) << (of->ia_bits - of->granule_lg2);

		for (int level = of->block_level; level <= 3; level++) {
			uint64_t size;

			host_make(of->granule_lg2, of->ia_bits, of->start_level, start_tables_of(of));
			size = UINT64_C(1) << level_lg2(level);
			host_leaf(top - size, level, R);
			host_leaf(top / 2, level, W);

			walk_begin();
			assert_next(0, top / 2, RW);
			assert_next(top / 2, top / 2 + size, W);
			if (top / 2 + size < top - size)
				assert_next(top / 2 + size, top - size, RW);
			assert_next(top - size, top, R);
			assert_end(0);
		}
	}
}

static void a_block_that_is_marked_not_to_be_cached_as_one_is_a_block(void **state)
{
	(void)state;
	for (unsigned i = 0; i < sizeof(leaves) / sizeof(leaves[0]); i++) {
		for (int level = leaves[i].block_level; level < 3; level++) {
			uint64_t size;

			host_make(leaves[i].granule_lg2, leaves[i].ia_bits, leaves[i].start_level,
				  start_tables_of(&leaves[i]));
			size = UINT64_C(1) << level_lg2(level);
			host_leaf(size, level, R);
			*host_entry(size, level) |= HOST_NT;

			walk_begin();
			assert_next(0, size, RW);
			assert_next(size, 2 * size, R);
		}
	}
}

static void every_other_output_address_is_refused_bit_by_bit(void **state)
{
	(void)state;
	for (unsigned i = 0; i < sizeof(leaves) / sizeof(leaves[0]); i++) {
		const struct leaves *of = &leaves[i];

		for (int level = of->block_level; level <= 3; level++) {
			for (unsigned bit = 12; bit < 50; bit++) {
				if (bit == 16 && level < 3)
					continue; /* nT */
				host_make(of->granule_lg2, of->ia_bits, of->start_level, start_tables_of(of));
				host_leaf(0, level, R);
				*host_entry(0, level) ^= UINT64_C(1) << bit;

				walk_begin();
				assert_end(-SHADOW_EINVAL);
			}
			if (of->granule_lg2 == 16 || of->ia_bits <= 48)
				continue;
			for (unsigned bit = 8; bit <= 9; bit++) {
				host_make(of->granule_lg2, of->ia_bits, of->start_level, start_tables_of(of));
				host_leaf(0, level, R);
				*host_entry(0, level) |= UINT64_C(1) << bit;

				walk_begin();
				assert_end(-SHADOW_EINVAL);
			}
		}
	}
}

static void a_block_at_a_level_without_blocks_is_refused(void **state)
{
	(void)state;
	for (unsigned i = 0; i < sizeof(leaves) / sizeof(leaves[0]); i++) {
		for (int level = leaves[i].start_level; level < leaves[i].block_level; level++) {
			host_make(leaves[i].granule_lg2, leaves[i].ia_bits, leaves[i].start_level,
				  start_tables_of(&leaves[i]));
			host_leaf(0, level, R);

			walk_begin();
			assert_end(-SHADOW_EINVAL);
		}
	}
}

static void a_table_at_an_address_that_a_descriptor_cannot_hold_is_refused(void **state)
{
	static const struct {
		unsigned granule_lg2, ia_bits;
		int start_level;
		uint64_t bits;
	} bad[] = {
		{ 12, 39, 1, UINT64_C(1) << 48 }, { 12, 39, 1, UINT64_C(1) << 49 },
		{ 14, 47, 1, UINT64_C(1) << 12 }, { 14, 47, 1, UINT64_C(1) << 13 },
		{ 14, 52, 0, UINT64_C(1) << 12 }, { 14, 52, 0, UINT64_C(1) << 13 },
		{ 16, 42, 2, UINT64_C(1) << 12 }, { 16, 42, 2, UINT64_C(1) << 15 },
		{ 16, 52, 1, UINT64_C(1) << 48 }, { 16, 52, 1, UINT64_C(1) << 49 },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		host_make(bad[i].granule_lg2, bad[i].ia_bits, bad[i].start_level, 1);
		host_leaf(0, 3, R);
		arena[0] |= bad[i].bits;

		walk_begin();
		assert_end(-SHADOW_EINVAL);
	}
}

static void an_annotation_of_level_0_covers_its_half_terabyte(void **state)
{
	(void)state;
	host_new(48, 0, 1);
	arena[1] = HOST_ANNOTATION;

	walk_begin();
	assert_next(0, UINT64_C(1) << 27, RW);
	assert_next(UINT64_C(2) << 27, UINT64_C(1) << 36, RW);
	assert_end(0);
}

static void equal_neighbours_of_any_level_are_one_range(void **state)
{
	(void)state;
	host_new(39, 1, 1);
	/* R: last page of a table, a 2 MiB block, first page of the next table. */
	host_leaf(511, 3, R);
	host_leaf(512, 2, R);
	host_leaf(1024, 3, R);

	walk_begin();
	assert_next(0, 511, RW);
	assert_next(511, 1025, R);
	assert_next(1025, UINT64_C(1) << 27, RW);
	assert_end(0);
}

static void zero_and_a_read_write_leaf_are_one_range(void **state)
{
	(void)state;
	host_new(39, 1, 1);
	host_leaf(4, 3, RW);

	walk_begin();
	assert_next(0, UINT64_C(1) << 27, RW);
	assert_end(0);
}

static void concatenated_start_tables_follow_one_another(void **state)
{
	(void)state;
	host_new(40, 1, 2);
	host_leaf(UINT64_C(512) << 18, 1, R); /* first entry of the second table */
	*host_entry(UINT64_C(1023) << 18, 1) = HOST_ANNOTATION;

	walk_begin();
	assert_next(0, UINT64_C(512) << 18, RW);
	assert_next(UINT64_C(512) << 18, UINT64_C(513) << 18, R);
	assert_next(UINT64_C(513) << 18, UINT64_C(1023) << 18, RW);
	assert_end(0);
}

static void a_space_without_access_yields_nothing(void **state)
{
	(void)state;
	host_new(32, 1, 1);
	for (unsigned i = 0; i < 4; i++)
		*host_entry((uint64_t)i << 18, 1) = HOST_ANNOTATION;

	walk_begin();
	assert_end(0);
}

static void upper_attributes_of_a_leaf_do_not_matter(void **state)
{
	(void)state;
	host_new(39, 1, 1);
	host_leaf(8, 3, R);
	*host_entry(8, 3) |= UINT64_C(0xfff) << 52 | 0x3c; /* XN, software bits, memory type */

	walk_begin();
	assert_next(0, 8, RW);
	assert_next(8, 9, R);
	assert_next(9, UINT64_C(1) << 27, RW);
	assert_end(0);
}

static void malformed_tables_are_refused(void **state)
{
	static const struct {
		unsigned ia_bits;
		int start_level, level;
		uint64_t descriptor;
	} bad[] = {
		{ 48, 0, 0, HOST_BLOCK | HOST_READ }, /* no blocks at level 0 */
		{ 39, 1, 3, HOST_BLOCK | HOST_READ }, /* a page has its second bit set */
		{ 39, 1, 3, HOST_PAGE | 0x1000 },     /* not the identity */
		{ 39, 1, 2, HOST_BLOCK | 0x1000 },    /* address bits below the block */
		{ 39, 1, 1, HOST_BLOCK | UINT64_C(0x40000000) },
		{ 39, 1, 1, HOST_TABLE | UINT64_C(0x10000000000) }, /* no memory there */
		{ 39, 1, 2, HOST_TABLE | (ARENA_PA + ARENA_BYTES) },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		host_new(bad[i].ia_bits, bad[i].start_level, 1);
		*host_entry(0, bad[i].level) = bad[i].descriptor;

		walk_begin();
		assert_end(-SHADOW_EINVAL);
	}
}

static void a_start_table_that_cannot_be_read_is_refused(void **state)
{
	(void)state;
	host_new(39, 1, 1);
	host.root.addr = ARENA_PA + ARENA_BYTES;

	walk_begin();
	assert_end(-SHADOW_EINVAL);
}

static void a_range_that_runs_into_a_malformed_entry_is_not_yielded(void **state)
{
	(void)state;
	host_new(39, 1, 1);
	*host_entry(700, 3) = HOST_BLOCK; /* malformed, in the second table */
	*host_entry(100, 3) = HOST_ANNOTATION;

	walk_begin();
	assert_next(0, 100, RW);
	assert_end(-SHADOW_EINVAL);
}

/* ---- against one decision a page ---------------------------------------------------------------------- */

#define WINDOW 16384u /* pages, twice: at the start of the space and at its end */

static void random_entry(uint64_t *seed, uint64_t page, int level, uint8_t *access, uint64_t first)
{
	unsigned kind = (unsigned)seeded_below(seed, 6);
	uint64_t size = UINT64_C(1) << level_lg2(level);
	enum shadow_access here = RW;

	if (kind < 4) {
		here = (enum shadow_access)kind;
		host_leaf(page, level, here);
	} else if (kind == 4) {
		here = NONE;
		*host_entry(page, level) = HOST_ANNOTATION + 2 * seeded_below(seed, 100);
	} else if (level < 3 && *host_entry(page, level) & 1) {
		return; /* a table stays */
	} else {
		*host_entry(page, level) = 0;
	}
	memset(&access[page - first], (int)here, size);
}

static void assert_window(const uint8_t *access, uint64_t first, uint64_t count)
{
	enum shadow_access got;
	uint64_t start, end;
	uint8_t seen[WINDOW];
	enum shadow_access last = NONE;
	uint64_t last_end = 0;

	memset(seen, NONE, sizeof(seen));
	walk_begin();
	while (snapshot_next(&walk, &start, &end, &got)) {
		assert_true(start < end && start >= last_end && got != NONE);
		assert_false(start == last_end && got == last);
		last_end = end;
		last = got;
		for (uint64_t page = start > first ? start : first; page < end && page < first + count;
		     page++)
			seen[page - first] = (uint8_t)got;
	}
	assert_int_equal(walk.error, 0);
	assert_memory_equal(seen, access, count);
}

static void random_tables_are_read_as_page_by_page(void **state)
{
	static const struct {
		unsigned granule_lg2, ia_bits;
		int start_level;
		unsigned tables;
	} of[] = {
		{ 12, 32, 2, 4 }, { 12, 36, 1, 1 }, { 12, 39, 1, 1 },  { 12, 42, 1, 8 },
		{ 12, 48, 0, 1 }, { 12, 50, 0, 4 }, { 12, 52, -1, 1 }, { 14, 40, 2, 16 },
		{ 14, 48, 1, 2 }, { 14, 52, 0, 1 }, { 16, 33, 3, 16 }, { 16, 46, 2, 16 },
		{ 16, 48, 1, 1 }, { 16, 52, 1, 1 },
	};
	static uint8_t access[WINDOW];
	uint64_t seed = seeded_start();

	(void)state;
	for (unsigned round = 0; round < 300; round++) {
		unsigned shape = round % (sizeof(of) / sizeof(of[0]));
		uint64_t top = UINT64_C(1) << (of[shape].ia_bits - of[shape].granule_lg2);
		uint64_t first = seeded_below(&seed, 2) ? 0 : top - WINDOW;

		host_make(of[shape].granule_lg2, of[shape].ia_bits, of[shape].start_level, of[shape].tables);
		memset(access, RW, sizeof(access));
		for (unsigned i = 0; i < 200; i++) {
			bool block = of[shape].start_level < 3 && !seeded_below(&seed, 20);
			int level = block ? 2 : 3;
			uint64_t size = UINT64_C(1) << level_lg2(level);
			uint64_t page = first + (seeded_below(&seed, WINDOW) & ~(size - 1));

			/* Below a block there is nothing to change. */
			if (level == 3 && of[shape].start_level < 3 && (*host_entry(page, 2) & 3) != 3 &&
			    *host_entry(page, 2))
				continue;
			random_entry(&seed, page, level, access, first);
		}
		assert_window(access, first, WINDOW);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_table_is_read_write_all_over),
		cmocka_unit_test(the_whole_space_is_read_at_every_legal_size),
		cmocka_unit_test(shapes_that_the_format_lacks_are_refused),
		cmocka_unit_test(start_tables_are_aligned_to_their_size_together_and_to_64_bytes),
		cmocka_unit_test(a_start_table_smaller_than_a_page_is_read_no_further_than_it_goes),
		cmocka_unit_test(every_kind_of_entry_is_read_at_every_level),
		cmocka_unit_test(leaves_at_the_top_of_the_space_are_read_at_every_level),
		cmocka_unit_test(a_block_that_is_marked_not_to_be_cached_as_one_is_a_block),
		cmocka_unit_test(every_other_output_address_is_refused_bit_by_bit),
		cmocka_unit_test(a_block_at_a_level_without_blocks_is_refused),
		cmocka_unit_test(a_table_at_an_address_that_a_descriptor_cannot_hold_is_refused),
		cmocka_unit_test(an_annotation_of_level_0_covers_its_half_terabyte),
		cmocka_unit_test(equal_neighbours_of_any_level_are_one_range),
		cmocka_unit_test(zero_and_a_read_write_leaf_are_one_range),
		cmocka_unit_test(concatenated_start_tables_follow_one_another),
		cmocka_unit_test(a_space_without_access_yields_nothing),
		cmocka_unit_test(upper_attributes_of_a_leaf_do_not_matter),
		cmocka_unit_test(malformed_tables_are_refused),
		cmocka_unit_test(a_start_table_that_cannot_be_read_is_refused),
		cmocka_unit_test(a_range_that_runs_into_a_malformed_entry_is_not_yielded),
		cmocka_unit_test(random_tables_are_read_as_page_by_page),
	};

	return cmocka_run_group_tests_name("snapshot", tests, setup, teardown);
}
