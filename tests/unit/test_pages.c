/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_pages.c - the baselines' table: sizes of leaves, walks, spans, and never a page too many.
 *
 * The model's decoder judges the tables.
 */
#include "bench/policy/pages.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "smmuv3/model/model.h"

#define POOL_BASE  (UINT64_C(1) << 46)
#define POOL_BYTES (UINT64_C(8) << 20)
#define GIB_PAGES  (UINT64_C(1) << 18)

static struct shadow_pool pool;
static struct pages pages;
static unsigned ia_bits;

static void *virt(uint64_t pa, size_t bytes)
{
	if (pa < POOL_BASE || pa + bytes > POOL_BASE + pool.bytes)
		return NULL;
	return (char *)pool.virt + (pa - POOL_BASE);
}

static const void *read_memory(void *ctx, uint64_t pa, size_t bytes)
{
	(void)ctx;
	return virt(pa, bytes);
}

static struct model_memory memory = { .read = read_memory };

static struct model_stage2 stage2(void)
{
	return (struct model_stage2){
		.valid = true,
		.granule_lg2 = SHADOW_PAGE_LG2,
		.ia_bits = ia_bits,
		.start_level = pages.start_level,
		.oas_bits = 48,
		.ttb = pages_root(&pages),
	};
}

static void start(unsigned bits)
{
	ia_bits = bits;
	pool = (struct shadow_pool){ { POOL_BASE }, calloc(1, POOL_BYTES), POOL_BYTES };
	assert_non_null(pool.virt);
	assert_int_equal(pages_init(&pages, &pool, bits), 0);
}

static void stop(void)
{
	free(pool.virt);
}

static struct model_leaf leaf_at(uint64_t page)
{
	struct model_stage2 shape = stage2();
	struct model_leaf leaf;

	assert_int_equal(model_walk(&memory, &shape, page << SHADOW_PAGE_LG2, &leaf), MODEL_OK);
	return leaf;
}

static int build(uint64_t from, uint64_t to, enum shadow_access access, enum shadow_memory type)
{
	return pages_build(&pages, &(struct run){ from, to, access, type });
}

struct spans {
	unsigned count;
	uint64_t start[64], end[64];
	unsigned fail_at; /* 0: never */
};

static int take_span(void *ctx, uint64_t from, uint64_t to)
{
	struct spans *spans = ctx;

	assert_true(spans->count < 64);
	spans->start[spans->count] = from;
	spans->end[spans->count++] = to;
	return spans->count == spans->fail_at ? -SHADOW_EIO : 0;
}

static int change(struct spans *spans, uint64_t from, uint64_t to, enum shadow_access access)
{
	*spans = (struct spans){ .fail_at = spans->fail_at };
	return pages_change(&pages, &(struct run){ from, to, access, SHADOW_MEMORY_NORMAL }, take_span,
			    spans);
}

static void an_empty_table_maps_nothing_in_any_shape(void **state)
{
	unsigned bits;

	(void)state;
	for (bits = SHADOW_IA_BITS_MIN; bits <= PAGES_IA_BITS_MAX; bits++) {
		start(bits);
		assert_false(leaf_at(0).valid);
		assert_false(leaf_at((UINT64_C(1) << (bits - SHADOW_PAGE_LG2)) - 1).valid);
		stop();
	}
}

static void a_shape_out_of_range_is_refused(void **state)
{
	(void)state;
	pool = (struct shadow_pool){ { POOL_BASE }, NULL, POOL_BYTES };

	assert_int_equal(pages_init(&pages, &pool, SHADOW_IA_BITS_MIN - 1), -SHADOW_EINVAL);
	assert_int_equal(pages_init(&pages, &pool, PAGES_IA_BITS_MAX + 1), -SHADOW_EINVAL);
	pool.bytes = 4096;
	assert_int_equal(pages_init(&pages, &pool, 40), -SHADOW_ENOMEM); /* two start tables */
}

static void memory_is_mapped_in_pages_however_large(void **state)
{
	struct model_leaf leaf;

	(void)state;
	start(40);

	assert_int_equal(build(GIB_PAGES, 2 * GIB_PAGES, SHADOW_ACCESS_RW, SHADOW_MEMORY_NORMAL), 0);

	leaf = leaf_at(GIB_PAGES + 12345);
	assert_true(leaf.valid && leaf.read && leaf.write && !leaf.device && !leaf.contiguous);
	assert_int_equal(leaf.level, 3);
	assert_int_equal(leaf.descriptor, (GIB_PAGES + 12345) << SHADOW_PAGE_LG2 | 0x7ff);
	assert_int_equal(pages.stats.leaves[3], GIB_PAGES);
	assert_int_equal(pages.stats.bytes_live, (2 + 1 + 512) * 4096);
	assert_int_equal(pages.stats.bytes_peak, pages.stats.bytes_live);
	assert_int_equal(pages.stats.writes, GIB_PAGES + 512 + 1);
	assert_false(leaf_at(GIB_PAGES - 1).valid);
	assert_false(leaf_at(2 * GIB_PAGES).valid);
	stop();
}

static void mmio_is_mapped_in_the_largest_blocks(void **state)
{
	struct model_leaf leaf;

	(void)state;
	start(40);

	/* From one page below 1 GiB less 2 MiB to 3 GiB and 2 MiB and 3 pages. */
	assert_int_equal(build(GIB_PAGES - 513, 3 * GIB_PAGES + 515, SHADOW_ACCESS_RW, SHADOW_MEMORY_DEVICE),
			 0);

	assert_int_equal(pages.stats.leaves[1], 2);
	assert_int_equal(pages.stats.leaves[2], 2);
	assert_int_equal(pages.stats.leaves[3], 4);
	leaf = leaf_at(2 * GIB_PAGES + 7);
	assert_int_equal(leaf.level, 1);
	assert_true(leaf.valid && leaf.device);
	assert_int_equal(leaf_at(GIB_PAGES - 512).level, 2);
	assert_int_equal(leaf_at(GIB_PAGES - 513).level, 3);
	assert_int_equal(leaf_at(GIB_PAGES - 513).descriptor, (GIB_PAGES - 513) << SHADOW_PAGE_LG2 | 0x4c7);
	assert_false(leaf_at(GIB_PAGES - 514).valid);
	assert_true(leaf_at(3 * GIB_PAGES + 514).valid);
	assert_false(leaf_at(3 * GIB_PAGES + 515).valid);
	stop();
}

static void a_whole_space_of_mmio_takes_no_level_0_blocks(void **state)
{
	(void)state;
	start(44);

	assert_int_equal(build(0, UINT64_C(1) << 32, SHADOW_ACCESS_RW, SHADOW_MEMORY_DEVICE), 0);

	assert_int_equal(pages.stats.leaves[1], 1 << 14);
	assert_int_equal(pages.stats.bytes_live, (1 + 32) * 4096);
	assert_int_equal(leaf_at(0).level, 1);
	stop();
}

static void a_run_keeps_its_access(void **state)
{
	(void)state;
	start(40);

	assert_int_equal(build(8, 9, SHADOW_ACCESS_R, SHADOW_MEMORY_NORMAL), 0);
	assert_int_equal(build(9, 10, SHADOW_ACCESS_W, SHADOW_MEMORY_DEVICE), 0);

	assert_true(leaf_at(8).read && !leaf_at(8).write && !leaf_at(8).device);
	assert_true(!leaf_at(9).read && leaf_at(9).write && leaf_at(9).device);
	stop();
}

static void a_revoke_clears_and_tells_one_span_a_leaf_table(void **state)
{
	struct spans spans = { 0 };

	(void)state;
	start(40);
	assert_int_equal(build(0, 2048, SHADOW_ACCESS_RW, SHADOW_MEMORY_NORMAL), 0);

	assert_int_equal(change(&spans, 500, 1100, SHADOW_ACCESS_NONE), 0);

	assert_int_equal(spans.count, 3);
	assert_int_equal(spans.start[0], 500);
	assert_int_equal(spans.end[0], 512);
	assert_int_equal(spans.end[1], 1024);
	assert_int_equal(spans.start[2], 1024);
	assert_int_equal(spans.end[2], 1100);
	assert_true(leaf_at(499).valid);
	assert_false(leaf_at(500).valid);
	assert_false(leaf_at(1099).valid);
	assert_true(leaf_at(1100).valid);
	assert_int_equal(pages.stats.leaves[3], 2048 - 600);
	stop();
}

static void pages_that_are_right_already_are_not_written(void **state)
{
	struct spans spans = { 0 };
	uint64_t writes;

	(void)state;
	start(40);
	assert_int_equal(build(0, 512, SHADOW_ACCESS_RW, SHADOW_MEMORY_NORMAL), 0);
	writes = pages.stats.writes;

	assert_int_equal(change(&spans, 0, 512, SHADOW_ACCESS_RW), 0);
	assert_int_equal(spans.count, 0);
	assert_int_equal(change(&spans, 512, 5000, SHADOW_ACCESS_NONE), 0); /* no table there at all */
	assert_int_equal(spans.count, 0);

	assert_int_equal(pages.stats.writes, writes);
	stop();
}

static void a_grant_makes_the_tables_it_needs(void **state)
{
	struct spans spans = { 0 };

	(void)state;
	start(40);

	assert_int_equal(change(&spans, 511, 513, SHADOW_ACCESS_RW), 0);

	assert_int_equal(spans.count, 0);
	assert_true(leaf_at(511).valid && leaf_at(512).valid);
	assert_false(leaf_at(510).valid || leaf_at(513).valid);
	assert_int_equal(pages.stats.bytes_live, (2 + 1 + 2) * 4096);
	assert_int_equal(pages.stats.writes, 3 + 2);
	stop();
}

static void a_block_in_the_way_is_refused_and_stays(void **state)
{
	struct spans spans = { 0 };

	(void)state;
	start(40);
	assert_int_equal(build(0, GIB_PAGES, SHADOW_ACCESS_RW, SHADOW_MEMORY_DEVICE), 0);

	assert_int_equal(change(&spans, 3, 4, SHADOW_ACCESS_NONE), -SHADOW_EOPNOTSUPP);

	assert_true(leaf_at(3).valid);
	assert_int_equal(spans.count, 0);
	stop();
}

static void a_pool_that_runs_out_is_an_error(void **state)
{
	struct spans spans = { 0 };

	(void)state;
	start(40);
	pages.limit = 4 * SHADOW_PAGE_BYTES; /* two start tables and two more */

	assert_int_equal(change(&spans, 0, 1, SHADOW_ACCESS_RW), 0);
	assert_int_equal(change(&spans, 512, 513, SHADOW_ACCESS_RW), -SHADOW_ENOMEM);

	assert_false(leaf_at(512).valid);
	assert_int_equal(
		pages_build(&pages, &(struct run){ 512, 513, SHADOW_ACCESS_R, SHADOW_MEMORY_NORMAL }),
		-SHADOW_ENOMEM);
	stop();
}

static void an_error_of_who_is_told_ends_the_change(void **state)
{
	struct spans spans = { .fail_at = 2 };

	(void)state;
	start(40);
	assert_int_equal(build(0, 2048, SHADOW_ACCESS_RW, SHADOW_MEMORY_NORMAL), 0);

	assert_int_equal(change(&spans, 0, 2048, SHADOW_ACCESS_NONE), -SHADOW_EIO);

	assert_int_equal(spans.count, 2);
	assert_false(leaf_at(1023).valid);
	assert_true(leaf_at(1024).valid);
	stop();
}

static void queues_come_from_the_end_aligned_to_their_size(void **state)
{
	(void)state;
	start(40);

	assert_int_equal(pages_carve(&pages, 64), POOL_BASE + POOL_BYTES - 4096);
	assert_int_equal(pages_carve(&pages, 65536), POOL_BASE + POOL_BYTES - 2 * 65536);
	assert_int_equal(pages_carve(&pages, POOL_BYTES), 0);
	assert_int_equal(pages_carve(&pages, POOL_BYTES / 2), 0); /* its place is the start tables' */
	stop();
}

/* ---- random changes against a flat oracle ---------------------------------------------------------------
 */

#define ORACLE_PAGES 3000u

static uint64_t seed;

static uint64_t random_below(uint64_t bound)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed % bound;
}

static void random_changes_agree_with_a_flat_oracle(void **state)
{
	uint8_t oracle[ORACLE_PAGES], told[ORACLE_PAGES];
	const char *given = getenv("S2SHADOW_SEED");
	unsigned round, page, i;

	(void)state;
	seed = given ? strtoull(given, NULL, 0) : (uint64_t)time(NULL) | 1;
	print_message("S2SHADOW_SEED=%" PRIu64 "\n", seed);
	start(40);
	memset(oracle, 0, sizeof(oracle));
	for (round = 0; round < 300; round++) {
		uint64_t from = random_below(ORACLE_PAGES);
		uint64_t to = from + 1 + random_below(random_below(2) ? 8 : ORACLE_PAGES - from);
		enum shadow_access access = (enum shadow_access)(random_below(2) ? random_below(4) : 3);
		struct spans spans = { 0 };

		if (to > ORACLE_PAGES)
			to = ORACLE_PAGES;
		if (to - from > 24) /* spans that fit the record */
			to = from + 24;
		assert_int_equal(change(&spans, from, to, access), 0);
		memset(told, 0, sizeof(told));
		for (i = 0; i < spans.count; i++)
			for (page = (unsigned)spans.start[i]; page < spans.end[i]; page++)
				told[page]++;
		for (page = 0; page < ORACLE_PAGES; page++) {
			bool inside = page >= from && page < to;

			assert_int_equal(told[page], inside && oracle[page] && oracle[page] != access);
			if (inside)
				oracle[page] = (uint8_t)access;
		}
	}
	for (page = 0; page < ORACLE_PAGES; page++) {
		struct model_leaf leaf = leaf_at(page);

		assert_int_equal(leaf.valid ? leaf.read | leaf.write << 1 : 0, oracle[page]);
	}
	stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_table_maps_nothing_in_any_shape),
		cmocka_unit_test(a_shape_out_of_range_is_refused),
		cmocka_unit_test(memory_is_mapped_in_pages_however_large),
		cmocka_unit_test(mmio_is_mapped_in_the_largest_blocks),
		cmocka_unit_test(a_whole_space_of_mmio_takes_no_level_0_blocks),
		cmocka_unit_test(a_run_keeps_its_access),
		cmocka_unit_test(a_revoke_clears_and_tells_one_span_a_leaf_table),
		cmocka_unit_test(pages_that_are_right_already_are_not_written),
		cmocka_unit_test(a_grant_makes_the_tables_it_needs),
		cmocka_unit_test(a_block_in_the_way_is_refused_and_stays),
		cmocka_unit_test(a_pool_that_runs_out_is_an_error),
		cmocka_unit_test(an_error_of_who_is_told_ends_the_change),
		cmocka_unit_test(queues_come_from_the_end_aligned_to_their_size),
		cmocka_unit_test(random_changes_agree_with_a_flat_oracle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
