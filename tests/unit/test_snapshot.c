/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_snapshot.c - raw stage-2 descriptors of a host, read as maximal ranges of one access.
 *
 * Descriptors are written out as the architecture's numbers.
 */
#include "engine/snapshot.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "engine/platform/linux.h"
#include "seeded.h"

#define ARENA_PAGES 96u
#define ARENA_PA    UINT64_C(0x7f0000000000)
#define R	    SHADOW_ACCESS_R
#define W	    SHADOW_ACCESS_W
#define RW	    SHADOW_ACCESS_RW
#define NONE	    SHADOW_ACCESS_NONE

#define HOST_TABLE	UINT64_C(3)
#define HOST_PAGE	UINT64_C(0x703) /* valid, AF, inner shareable; no access */
#define HOST_BLOCK	UINT64_C(0x701)
#define HOST_READ	UINT64_C(0x40)
#define HOST_WRITE	UINT64_C(0x80)
#define HOST_ANNOTATION UINT64_C(0x2000) /* invalid, with an owner in it */

static _Alignas(4096) uint64_t arena[ARENA_PAGES][512];
static unsigned arena_used;
static struct shadow_host_table host;

static uint64_t arena_pa(const uint64_t *table)
{
	return ARENA_PA + (uint64_t)((const char *)table - (const char *)arena);
}

static uint64_t *arena_table(void)
{
	assert_true(arena_used < ARENA_PAGES);
	memset(arena[arena_used], 0, sizeof(arena[0]));
	return arena[arena_used++];
}

static void host_new(unsigned ia_bits, unsigned start_level, unsigned start_tables)
{
	arena_used = 0;
	host = (struct shadow_host_table){ { ARENA_PA }, ia_bits, start_level };
	for (unsigned i = 0; i < start_tables; i++)
		arena_table();
}

static unsigned level_lg2(unsigned level)
{
	return 9 * (3 - level);
}

/* The entry of @level for @page; tables above it are made. */
static uint64_t *host_entry(uint64_t page, unsigned level)
{
	uint64_t *start = (uint64_t *)arena, *entry = start + (page >> level_lg2(host.start_level));

	for (unsigned at = host.start_level; at < level; at++) {
		if (!(*entry & 1))
			*entry = arena_pa(arena_table()) | HOST_TABLE;
		entry = &arena[((*entry & ~UINT64_C(0xfff)) - ARENA_PA) >> 12]
			      [page >> level_lg2(at + 1) & 511];
	}
	return entry;
}

static void host_leaf(uint64_t page, unsigned level, enum shadow_access access)
{
	*host_entry(page, level) = page << 12 | (level == 3 ? HOST_PAGE : HOST_BLOCK) | (uint64_t)access << 6;
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
	return platform_linux_add_memory((shadow_pa_t){ ARENA_PA }, arena, sizeof(arena));
}

static int teardown(void **state)
{
	(void)state;
	platform_linux_remove_memory((shadow_pa_t){ ARENA_PA });
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

static void the_whole_space_is_read_at_every_legal_size(void **state)
{
	static const struct {
		unsigned ia_bits, start_level, tables;
	} shapes[] = {
		{ 32, 1, 1 }, { 32, 2, 4 }, { 33, 2, 8 },  { 34, 2, 16 }, { 36, 1, 1 }, { 39, 1, 1 },
		{ 40, 1, 2 }, { 41, 1, 4 }, { 43, 1, 16 }, { 40, 0, 1 },  { 44, 0, 1 }, { 48, 0, 1 },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		uint64_t top = UINT64_C(1) << (shapes[i].ia_bits - 12);

		host_new(shapes[i].ia_bits, shapes[i].start_level, shapes[i].tables);
		*host_entry(top - 1, 3) = HOST_ANNOTATION;
		walk_begin();
		assert_next(0, top - 1, RW);
		assert_end(0);
	}
}

static void shapes_that_the_format_lacks_are_refused(void **state)
{
	static const struct {
		unsigned ia_bits, start_level;
		uint64_t root;
	} shapes[] = {
		{ 31, 1, ARENA_PA }, { 49, 0, ARENA_PA },     { 39, 3, ARENA_PA }, { 44, 1, ARENA_PA },
		{ 35, 2, ARENA_PA }, { 39, 1, ARENA_PA + 8 }, { 39, 0, ARENA_PA },
	};

	(void)state;
	host_new(39, 1, 1);
	for (unsigned i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		struct shadow_host_table table = { { shapes[i].root },
						   shapes[i].ia_bits,
						   shapes[i].start_level };

		assert_int_equal(snapshot_begin(&walk, &table), -SHADOW_EINVAL);
	}
}

static void every_kind_of_entry_is_read_at_every_level(void **state)
{
	(void)state;
	for (unsigned level = 1; level <= 3; level++) {
		uint64_t size = UINT64_C(1) << level_lg2(level);

		host_new(39, 1, 1);
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
		assert_next(8 * size, UINT64_C(1) << 27, RW);
		assert_end(0);
	}
}

static void an_annotation_of_level_0_covers_its_half_terabyte(void **state)
{
	(void)state;
	host_new(48, 0, 1);
	arena[0][1] = HOST_ANNOTATION;

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
		unsigned ia_bits, start_level, level;
		uint64_t descriptor;
	} bad[] = {
		{ 48, 0, 0, HOST_BLOCK | HOST_READ }, /* no blocks at level 0 */
		{ 39, 1, 3, HOST_BLOCK | HOST_READ }, /* a page has its second bit set */
		{ 39, 1, 3, HOST_PAGE | 0x1000 },     /* not the identity */
		{ 39, 1, 2, HOST_BLOCK | 0x1000 },    /* address bits below the block */
		{ 39, 1, 1, HOST_BLOCK | UINT64_C(0x40000000) },
		{ 39, 1, 1, HOST_TABLE | UINT64_C(0x10000000000) }, /* no memory there */
		{ 39, 1, 2, HOST_TABLE | (ARENA_PA + ARENA_PAGES * 4096) },
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
	host.root.addr = ARENA_PA + ARENA_PAGES * 4096;

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

#define WINDOW 4096u /* pages, twice: at the start of the space and at its end */

static void random_entry(uint64_t *seed, uint64_t page, unsigned level, uint8_t *access, uint64_t first)
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
		unsigned ia_bits, start_level, tables;
	} shapes[] = { { 32, 2, 4 }, { 36, 1, 1 }, { 39, 1, 1 }, { 42, 1, 8 }, { 48, 0, 1 } };
	static uint8_t access[WINDOW];
	uint64_t seed = seeded_start();

	(void)state;
	for (unsigned round = 0; round < 300; round++) {
		unsigned shape = round % (sizeof(shapes) / sizeof(shapes[0]));
		uint64_t top = UINT64_C(1) << (shapes[shape].ia_bits - 12);
		uint64_t first = seeded_below(&seed, 2) ? 0 : top - WINDOW;

		host_new(shapes[shape].ia_bits, shapes[shape].start_level, shapes[shape].tables);
		memset(access, RW, sizeof(access));
		for (unsigned i = 0; i < 200; i++) {
			unsigned level = seeded_below(&seed, 20) ? 3 : 2;
			uint64_t size = UINT64_C(1) << level_lg2(level);
			uint64_t page = first + (seeded_below(&seed, WINDOW) & ~(size - 1));

			/* Below a block there is nothing to change. */
			if (level == 3 && (*host_entry(page, 2) & 3) != 3 && *host_entry(page, 2))
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
		cmocka_unit_test(every_kind_of_entry_is_read_at_every_level),
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
