/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_plan.c - zones of the address space, and runs that never touch what is reserved.
 */
#include "engine/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <shadow/error.h>

#include "seeded.h"

#define IA_BITS	  32u
#define TOP	  (UINT64_C(1) << IA_BITS)
#define TOP_PAGE  (TOP >> 12)
#define ZONES_MAX 64u
#define RW	  SHADOW_ACCESS_RW

static struct plan_zone storage[ZONES_MAX];
static struct plan_zones zones;

static struct shadow_address_map map_of(const struct shadow_range *memory, unsigned memory_count,
					const struct shadow_range *reserved, unsigned reserved_count)
{
	return (struct shadow_address_map){
		.ia_bits = IA_BITS,
		.memory = memory,
		.memory_count = memory_count,
		.reserved = reserved,
		.reserved_count = reserved_count,
	};
}

static int zones_make(const struct shadow_address_map *map)
{
	/* Guards behind the last zone that may be used. */
	unsigned capacity = plan_zones_max(map, 1);

	assert_true(capacity < ZONES_MAX);
	memset(storage, 0xa5, sizeof(storage));
	zones = (struct plan_zones){ .zone = storage, .capacity = capacity };
	return plan_zones_init(&zones, map);
}

static void assert_storage_unharmed(void)
{
	uint8_t guard[sizeof(struct plan_zone)];

	memset(guard, 0xa5, sizeof(guard));
	assert_true(zones.count <= zones.capacity);
	for (unsigned i = zones.capacity; i < ZONES_MAX; i++)
		assert_memory_equal(&storage[i], guard, sizeof(guard));
}

static void assert_zone(unsigned index, uint64_t end, bool reserved, enum shadow_memory memory)
{
	assert_true(index < zones.count);
	assert_int_equal(storage[index].end, end);
	assert_int_equal(storage[index].reserved, reserved);
	assert_int_equal(storage[index].memory, memory);
}

static void without_memory_everything_is_mmio(void **state)
{
	struct shadow_address_map map = map_of(NULL, 0, NULL, 0);

	(void)state;
	assert_int_equal(zones_make(&map), 0);

	assert_int_equal(zones.count, 1);
	assert_zone(0, TOP_PAGE, false, SHADOW_MEMORY_DEVICE);
}

static void what_is_not_memory_is_mmio(void **state)
{
	static const struct shadow_range memory[] = { { 0x40000000, 0x50000000 },
						      { 0x60000000, 0x60001000 } };
	struct shadow_address_map map = map_of(memory, 2, NULL, 0);

	(void)state;
	assert_int_equal(zones_make(&map), 0);

	assert_int_equal(zones.count, 5);
	assert_zone(0, 0x40000, false, SHADOW_MEMORY_DEVICE);
	assert_zone(1, 0x50000, false, SHADOW_MEMORY_NORMAL);
	assert_zone(2, 0x60000, false, SHADOW_MEMORY_DEVICE);
	assert_zone(3, 0x60001, false, SHADOW_MEMORY_NORMAL);
	assert_zone(4, TOP_PAGE, false, SHADOW_MEMORY_DEVICE);
}

static void adjoining_regions_count_as_one(void **state)
{
	static const struct shadow_range memory[] = { { 0x40000000, 0x50000000 },
						      { 0x50000000, 0x50001000 },
						      { 0x50001000, 0x70000000 } };
	struct shadow_address_map map = map_of(memory, 3, NULL, 0);
	struct plan_cursor cursor;
	struct run run;

	(void)state;
	assert_int_equal(zones_make(&map), 0);

	assert_int_equal(zones.count, 3);
	assert_zone(1, 0x70000, false, SHADOW_MEMORY_NORMAL);
	plan_cut(&cursor, &zones, 0x4fff0, 0x50010, RW);
	assert_true(plan_next(&cursor, &run));
	assert_int_equal(run.start, 0x4fff0);
	assert_int_equal(run.end, 0x50010);
	assert_false(plan_next(&cursor, &run));
}

static void memory_may_fill_the_whole_space(void **state)
{
	static const struct shadow_range memory[] = { { 0, TOP } };
	struct shadow_address_map map = map_of(memory, 1, NULL, 0);

	(void)state;
	assert_int_equal(zones_make(&map), 0);

	assert_int_equal(zones.count, 1);
	assert_zone(0, TOP_PAGE, false, SHADOW_MEMORY_NORMAL);
}

static void every_bad_map_is_refused(void **state)
{
	static const struct shadow_range bad_memory[][2] = {
		{ { 0x40000800, 0x50000000 }, { 0x60000000, 0x70000000 } },	/* start not on a page */
		{ { 0x40000000, 0x50000001 }, { 0x60000000, 0x70000000 } },	/* end not on a page */
		{ { 0x40000000, 0x40000000 }, { 0x60000000, 0x70000000 } },	/* empty */
		{ { 0x50000000, 0x40000000 }, { 0x60000000, 0x70000000 } },	/* backwards */
		{ { 0x60000000, 0x70000000 }, { 0x40000000, 0x50000000 } },	/* unsorted */
		{ { 0x40000000, 0x60001000 }, { 0x60000000, 0x70000000 } },	/* overlapping */
		{ { 0x40000000, 0x50000000 }, { 0x40000000, 0x50000000 } },	/* twice */
		{ { 0x40000000, 0x50000000 }, { TOP - 0x1000, TOP + 0x1000 } }, /* past the space */
		{ { 0x40000000, 0x50000000 }, { TOP, TOP + 0x1000 } },		/* beyond the space */
	};
	static const struct shadow_range bad_reserved[] = {
		{ 0x1800, 0x3000 },
		{ 0x1000, 0x3001 },
		{ 0x1000, 0x1000 },
		{ 0x3000, 0x1000 },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(bad_memory) / sizeof(bad_memory[0]); i++) {
		struct shadow_address_map map = map_of(bad_memory[i], 2, NULL, 0);

		assert_int_equal(zones_make(&map), -SHADOW_EINVAL);
	}
	for (unsigned i = 0; i < sizeof(bad_reserved) / sizeof(bad_reserved[0]); i++) {
		struct shadow_address_map map = map_of(NULL, 0, &bad_reserved[i], 1);

		assert_int_equal(zones_make(&map), -SHADOW_EINVAL);
	}
}

static void a_reserved_range_may_lie_anywhere(void **state)
{
	static const struct shadow_range memory[] = { { 0x40000000, 0x80000000 } };
	static const struct shadow_range reserved[] = {
		{ TOP - 0x1000, TOP + 0x5000 }, { 0x7fff0000, 0x80010000 },	  { 0, 0x2000 },
		{ 0x50000000, 0x50001000 },	{ TOP + 0x10000, TOP + 0x20000 }, { 0x40000000, 0x40001000 },
	};
	struct shadow_address_map map = map_of(memory, 1, reserved, 6);

	(void)state;
	assert_int_equal(zones_make(&map), 0);

	assert_storage_unharmed();
	assert_zone(0, 2, true, SHADOW_MEMORY_DEVICE);
	assert_zone(1, 0x40000, false, SHADOW_MEMORY_DEVICE);
	assert_zone(2, 0x40001, true, SHADOW_MEMORY_NORMAL);
	assert_zone(3, 0x50000, false, SHADOW_MEMORY_NORMAL);
	assert_zone(4, 0x50001, true, SHADOW_MEMORY_NORMAL);
	assert_zone(5, 0x7fff0, false, SHADOW_MEMORY_NORMAL);
	assert_zone(6, 0x80000, true, SHADOW_MEMORY_NORMAL);
	assert_zone(7, 0x80010, true, SHADOW_MEMORY_DEVICE);
	assert_zone(8, TOP_PAGE - 1, false, SHADOW_MEMORY_DEVICE);
	assert_zone(9, TOP_PAGE, true, SHADOW_MEMORY_DEVICE);
	assert_int_equal(zones.count, 10);
}

static void a_range_of_bytes_reserves_every_page_that_it_touches(void **state)
{
	struct shadow_address_map map = map_of(NULL, 0, NULL, 0);

	(void)state;
	assert_int_equal(zones_make(&map), 0);

	plan_zones_reserve(&zones, (struct shadow_range){ 0x10ff0, 0x12001 });

	assert_int_equal(zones.count, 3);
	assert_zone(0, 0x10, false, SHADOW_MEMORY_DEVICE);
	assert_zone(1, 0x13, true, SHADOW_MEMORY_DEVICE);
}

static void a_range_of_no_bytes_reserves_nothing(void **state)
{
	struct shadow_address_map map = map_of(NULL, 0, NULL, 0);

	(void)state;
	assert_int_equal(zones_make(&map), 0);

	plan_zones_reserve(&zones, (struct shadow_range){ 0, 0 });
	plan_zones_reserve(&zones, (struct shadow_range){ 0x10ff0, 0x10ff0 });
	plan_zones_reserve(&zones, (struct shadow_range){ 0x12000, 0x11000 });

	assert_int_equal(zones.count, 1);
	assert_zone(0, TOP_PAGE, false, SHADOW_MEMORY_DEVICE);
}

static void a_range_up_to_the_last_address_there_is_reserves_to_the_end(void **state)
{
	static const unsigned granules[] = { 12, 14, 16 };

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct shadow_range reserved = { 0x1000, UINT64_MAX & ~UINT64_C(0xfff) };
		struct shadow_address_map map = map_of(NULL, 0, &reserved, 1);

		map.granule_lg2 = granules[i];
		assert_int_equal(zones_make(&map), 0);
		assert_true(zones.zone[zones.count - 1].reserved);
		assert_int_equal(zones.zone[zones.count - 1].end, TOP >> granules[i]);
		assert_int_equal(zones.count, granules[i] == 12 ? 2 : 1);
	}
}

/* A frame of 4 KiB inside larger pages, across their border, and one that begins and ends with them. */
static void zones_are_made_of_the_map_s_pages_and_reserved_ranges_grow_to_them(void **state)
{
	static const struct shadow_range memory[] = { { 0x40000000, 0x50000000 } };
	static const struct shadow_range reserved[] = { { 0x1000, 0x2000 },
							{ 0x4001f000, 0x40021000 },
							{ 0x40040000, 0x40050000 } };
	static const unsigned granules[] = { 14, 16 };

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct shadow_address_map map = map_of(memory, 1, reserved, 3);
		unsigned lg2 = granules[i];

		map.granule_lg2 = lg2;
		assert_int_equal(zones_make(&map), 0);

		assert_int_equal(zones.granule_lg2, lg2);
		assert_zone(0, 1, true, SHADOW_MEMORY_DEVICE);
		assert_zone(1, 0x40000000 >> lg2, false, SHADOW_MEMORY_DEVICE);
		if (lg2 == 16) {
			/* Page 0x4000 is free, 0x4001 and 0x4002 are touched, 0x4004 is whole. */
			assert_zone(2, 0x4001, false, SHADOW_MEMORY_NORMAL);
			assert_zone(3, 0x4003, true, SHADOW_MEMORY_NORMAL);
			assert_zone(4, 0x4004, false, SHADOW_MEMORY_NORMAL);
			assert_zone(5, 0x4005, true, SHADOW_MEMORY_NORMAL);
		} else {
			assert_zone(2, 0x10007, false, SHADOW_MEMORY_NORMAL);
			assert_zone(3, 0x10009, true, SHADOW_MEMORY_NORMAL);
			assert_zone(4, 0x10010, false, SHADOW_MEMORY_NORMAL);
			assert_zone(5, 0x10014, true, SHADOW_MEMORY_NORMAL);
		}
		assert_zone(6, 0x50000000 >> lg2, false, SHADOW_MEMORY_NORMAL);
		assert_zone(7, TOP >> lg2, false, SHADOW_MEMORY_DEVICE);
		assert_int_equal(zones.count, 8);
		assert_storage_unharmed();
	}
}

static void memory_that_is_not_made_of_the_map_s_pages_is_refused(void **state)
{
	static const struct shadow_range memory[] = { { 0x40000000, 0x50001000 }, { 0x40001000, 0x50000000 },
						      { 0x40000000, 0x50004000 }, { 0x40004000, 0x50000000 } };

	(void)state;
	for (unsigned i = 0; i < sizeof(memory) / sizeof(memory[0]); i++) {
		struct shadow_address_map map = map_of(&memory[i], 1, NULL, 0);

		map.granule_lg2 = 12;
		assert_int_equal(zones_make(&map), 0);
		map.granule_lg2 = 14;
		assert_int_equal(zones_make(&map), i < 2 ? -SHADOW_EINVAL : 0);
		map.granule_lg2 = 16;
		assert_int_equal(zones_make(&map), -SHADOW_EINVAL);
	}
}

static void a_cut_run_leaves_out_what_is_reserved_and_says_so(void **state)
{
	static const struct shadow_range memory[] = { { 0x40000000, 0x80000000 } };
	static const struct shadow_range reserved[] = { { 0x40010000, 0x40020000 },
							{ 0x40030000, 0x40031000 } };
	struct shadow_address_map map = map_of(memory, 1, reserved, 2);
	struct plan_cursor cursor;
	struct run run;

	(void)state;
	assert_int_equal(zones_make(&map), 0);

	plan_cut(&cursor, &zones, 0x3fff8, 0x40040, SHADOW_ACCESS_R);
	assert_true(plan_next(&cursor, &run));
	assert_int_equal(run.start, 0x3fff8);
	assert_int_equal(run.end, 0x40000);
	assert_int_equal(run.memory, SHADOW_MEMORY_DEVICE);
	assert_int_equal(run.access, SHADOW_ACCESS_R);
	assert_true(plan_next(&cursor, &run));
	assert_int_equal(run.start, 0x40000);
	assert_int_equal(run.end, 0x40010);
	assert_int_equal(run.memory, SHADOW_MEMORY_NORMAL);
	assert_int_equal(cursor.reserved_pages, 0);
	assert_true(plan_next(&cursor, &run));
	assert_int_equal(run.start, 0x40020);
	assert_int_equal(run.end, 0x40030);
	assert_int_equal(cursor.reserved_pages, 16);
	assert_int_equal(cursor.reserved_first, 0x40010);
	assert_true(plan_next(&cursor, &run));
	assert_int_equal(run.start, 0x40031);
	assert_int_equal(run.end, 0x40040);
	assert_int_equal(cursor.reserved_pages, 17);
	assert_false(plan_next(&cursor, &run));
	assert_int_equal(cursor.reserved_first, 0x40010);
	assert_int_equal(cursor.reserved_end, 0x40031);
}

static void a_run_inside_a_reserved_range_gives_nothing(void **state)
{
	static const struct shadow_range reserved[] = { { 0x40000000, 0x40100000 } };
	struct shadow_address_map map = map_of(NULL, 0, reserved, 1);
	struct plan_cursor cursor;
	struct run run;

	(void)state;
	assert_int_equal(zones_make(&map), 0);

	plan_cut(&cursor, &zones, 0x40000, 0x40100, RW);
	assert_false(plan_next(&cursor, &run));

	assert_int_equal(cursor.reserved_first, 0x40000);
	assert_int_equal(cursor.reserved_pages, 0x100);
}

static void an_empty_run_or_one_beyond_the_space_gives_nothing(void **state)
{
	struct shadow_address_map map = map_of(NULL, 0, NULL, 0);
	struct plan_cursor cursor;
	struct run run;

	(void)state;
	assert_int_equal(zones_make(&map), 0);

	plan_cut(&cursor, &zones, 5, 5, RW);
	assert_false(plan_next(&cursor, &run));
	plan_cut(&cursor, &zones, TOP_PAGE, TOP_PAGE + 1, RW);
	assert_false(plan_next(&cursor, &run));
	/* And the next one is as if nothing had been. */
	plan_cut(&cursor, &zones, TOP_PAGE - 1, TOP_PAGE, RW);
	assert_true(plan_next(&cursor, &run));
	assert_int_equal(run.start, TOP_PAGE - 1);
}

/* ---- against one decision a page ---------------------------------------------------------------------- */

#define PAGES 128u /* the ranges lie in these pages at both ends of the space */

struct ref_page {
	bool reserved;
	enum shadow_memory memory;
};

static struct ref_page ref_page_at(const struct shadow_address_map *map, uint64_t page)
{
	struct ref_page here = { false, SHADOW_MEMORY_DEVICE };
	unsigned granule_lg2 = shadow_map_granule_lg2(map);
	uint64_t at = page << granule_lg2, end = (page + 1) << granule_lg2;

	for (unsigned i = 0; i < map->memory_count; i++)
		if (at >= map->memory[i].start && at < map->memory[i].end)
			here.memory = SHADOW_MEMORY_NORMAL;
	for (unsigned i = 0; i < map->reserved_count; i++)
		if (end > map->reserved[i].start && at < map->reserved[i].end)
			here.reserved = true;
	return here;
}

static void assert_cut(const struct shadow_address_map *map, uint64_t start, uint64_t end)
{
	uint64_t at = start, left_out = 0;
	struct plan_cursor cursor;
	struct run run = { 0, 0, 0, 0 }, last = { 0, 0, 0, 0 };

	plan_cut(&cursor, &zones, start, end, RW);
	while (plan_next(&cursor, &run)) {
		assert_true(run.start >= at && run.start < run.end && run.end <= end);
		for (; at < run.start; at++, left_out++)
			assert_true(ref_page_at(map, at).reserved);
		for (; at < run.end; at++) {
			assert_false(ref_page_at(map, at).reserved);
			assert_int_equal(ref_page_at(map, at).memory, run.memory);
		}
		/* Maximal: what adjoins differs in type. */
		if (last.end == run.start && last.end)
			assert_int_not_equal(last.memory, run.memory);
		last = run;
	}
	for (; at < end; at++, left_out++)
		assert_true(ref_page_at(map, at).reserved);
	assert_int_equal(cursor.reserved_pages, left_out);
}

static void random_maps_cut_random_runs_as_page_by_page(void **state)
{
	uint64_t seed = seeded_start();

	(void)state;
	for (unsigned round = 0; round < 3000; round++) {
		unsigned granule_lg2 = 12 + 2 * (round % 3);
		uint64_t page = UINT64_C(1) << granule_lg2;
		uint64_t base = seeded_below(&seed, 2) ? 0 : TOP - PAGES * page, at = base;
		struct shadow_range memory[6], reserved[6];
		unsigned memory_count = 0, reserved_count = (unsigned)seeded_below(&seed, 7);
		struct shadow_address_map map;

		while (memory_count < 6 && seeded_below(&seed, 8)) {
			uint64_t start = at + page * seeded_below(&seed, 4) * seeded_below(&seed, 8);
			uint64_t end = start + page * (1 + seeded_below(&seed, 24));

			if (end > base + PAGES * page)
				break;
			memory[memory_count++] = (struct shadow_range){ start, end };
			at = end;
		}
		for (unsigned i = 0; i < reserved_count; i++) {
			reserved[i].start = base + 0x1000 * seeded_below(&seed, (PAGES + 10) * (page >> 12));
			reserved[i].end = reserved[i].start + 0x1000 * (1 + seeded_below(&seed, 20 * (page >> 12)));
		}
		map = map_of(memory, memory_count, reserved, reserved_count);
		map.granule_lg2 = granule_lg2;
		assert_int_equal(zones_make(&map), 0);
		/* The last one as a target's pool comes: later, in bytes. */
		if (reserved_count && seeded_below(&seed, 2)) {
			map.reserved_count--;
			assert_int_equal(zones_make(&map), 0);
			plan_zones_reserve(&zones, reserved[--reserved_count]);
			map.reserved_count++;
		}
		assert_storage_unharmed();
		assert_int_equal(zones.zone[zones.count - 1].end, TOP >> granule_lg2);

		for (unsigned i = 0; i < 20; i++) {
			uint64_t first = base >> granule_lg2, start = first + seeded_below(&seed, PAGES);

			assert_cut(&map, start, start + seeded_below(&seed, first + PAGES - start + 1));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_memory_everything_is_mmio),
		cmocka_unit_test(what_is_not_memory_is_mmio),
		cmocka_unit_test(adjoining_regions_count_as_one),
		cmocka_unit_test(memory_may_fill_the_whole_space),
		cmocka_unit_test(every_bad_map_is_refused),
		cmocka_unit_test(a_reserved_range_may_lie_anywhere),
		cmocka_unit_test(a_range_of_bytes_reserves_every_page_that_it_touches),
		cmocka_unit_test(a_range_of_no_bytes_reserves_nothing),
		cmocka_unit_test(a_range_up_to_the_last_address_there_is_reserves_to_the_end),
		cmocka_unit_test(zones_are_made_of_the_map_s_pages_and_reserved_ranges_grow_to_them),
		cmocka_unit_test(memory_that_is_not_made_of_the_map_s_pages_is_refused),
		cmocka_unit_test(a_cut_run_leaves_out_what_is_reserved_and_says_so),
		cmocka_unit_test(a_run_inside_a_reserved_range_gives_nothing),
		cmocka_unit_test(an_empty_run_or_one_beyond_the_space_gives_nothing),
		cmocka_unit_test(random_maps_cut_random_runs_as_page_by_page),
	};

	return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
