/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_model_space.c - the radix tree of cached descriptors against a list that is scanned.
 *
 * Proves: for random fills and invalidations, in all three granules and at every level from -1 on, a lookup
 * finds exactly what a naive list finds whose every entry is looked at on each invalidation: by level, leaf
 * or table, range, time of fill, contiguous group; and what an invalidation reports as lost covers all that
 * was lost.
 */
#include "model_rig.h"

#include <stdlib.h>

#include "seeded.h"
#include "smmuv3/model/space.h"

enum {
	ENTRIES_MAX = 4096,
	STEPS = 20000
};

/* The dumb reference: every descriptor ever filled and not yet invalidated. */
struct ref_entry {
	bool table;
	int level;
	uint64_t address, descriptor, time;
};

struct ref_space {
	unsigned granule_lg2, count;
	struct ref_entry entry[ENTRIES_MAX];
};

static uint64_t random_state;

static uint64_t random_below(uint64_t below)
{
	return seeded_below(&random_state, below);
}

static unsigned ref_shift(const struct ref_space *ref, int level)
{
	return ref->granule_lg2 + (unsigned)(3 - level) * (ref->granule_lg2 - 3);
}

static unsigned ref_group(const struct ref_space *ref, const struct ref_entry *entry)
{
	static const unsigned groups[3][5] = { { 0, 0, 4, 4, 4 }, { 0, 0, 0, 5, 7 }, { 0, 0, 0, 5, 5 } };

	return entry->table || !(entry->descriptor >> 52 & 1) ?
		       0 :
		       groups[ref->granule_lg2 / 2 - 6][entry->level + 1];
}

static bool ref_covers(const struct ref_space *ref, const struct ref_entry *entry, uint64_t address)
{
	unsigned shift = ref_shift(ref, entry->level) + ref_group(ref, entry);

	return entry->address >> shift == address >> shift;
}

static void ref_fill(struct ref_space *ref, const struct ref_entry *fresh, bool replace)
{
	unsigned index;

	for (index = 0; index < ref->count; index++) {
		struct ref_entry *entry = &ref->entry[index];

		if (entry->table == fresh->table && entry->level == fresh->level &&
		    entry->address == fresh->address) {
			if (replace)
				*entry = *fresh;
			return;
		}
	}
	assert_in_range(ref->count, 0, ENTRIES_MAX - 1);
	ref->entry[ref->count++] = *fresh;
}

/* Return: the part that lost something is within [*lost_first, *lost_last]. */
static void ref_invalidate(struct ref_space *ref, uint64_t first, uint64_t last, unsigned leaf_levels,
			   unsigned table_levels, uint64_t time, const struct space_extent *extent)
{
	unsigned index = 0;

	while (index < ref->count) {
		struct ref_entry *entry = &ref->entry[index];
		uint64_t end = entry->address + (UINT64_C(1) << ref_shift(ref, entry->level)) - 1;
		uint64_t group = (UINT64_C(1) << (ref_shift(ref, entry->level) + ref_group(ref, entry))) - 1;
		unsigned levels = entry->table ? table_levels : leaf_levels;

		if (!(levels >> (entry->level + 1) & 1) || entry->time > time || entry->address > last ||
		    end < first) {
			index++;
			continue;
		}
		assert_true(extent->first <= (entry->address & ~group) &&
			    extent->last >= (entry->address | group));
		*entry = ref->entry[--ref->count];
	}
}

static void expect_same(struct ref_space *ref, struct space *space, uint64_t address)
{
	const struct ref_entry *leaf = NULL, *table = NULL;
	unsigned index, levels = 0, shift;
	struct space_hit hit;
	uint64_t descriptor;

	for (index = 0; index < ref->count; index++) {
		const struct ref_entry *entry = &ref->entry[index];

		if (!ref_covers(ref, entry, address))
			continue;
		if (entry->table) {
			if (!table || entry->level > table->level)
				table = entry;
			continue;
		}
		levels |= 1u << (entry->level + 1);
		if (!leaf || entry->time < leaf->time)
			leaf = entry;
	}
	space_find(space, address, &hit);
	assert_int_equal(hit.leaf, leaf != NULL);
	assert_int_equal(hit.table, table != NULL);
	assert_int_equal(hit.overlap, (levels & (levels - 1)) != 0);
	if (table) {
		assert_int_equal(hit.table_level, table->level);
		assert_int_equal(hit.table_descriptor, table->descriptor);
	}
	if (!leaf)
		return;
	shift = ref_shift(ref, leaf->level);
	descriptor =
		leaf->descriptor + ((address >> shift) - (leaf->address >> shift)) * (UINT64_C(1) << shift);
	assert_int_equal(hit.leaf_level, leaf->level);
	assert_int_equal(hit.leaf_time, leaf->time);
	assert_int_equal(hit.leaf_descriptor, descriptor);
}

static uint64_t random_address(const struct ref_space *ref)
{
	/* Small regions: the bottom, around 2^40 and 2^48, and the top; so that everything meets. */
	uint64_t bases[] = { 0, (UINT64_C(1) << 40) - (UINT64_C(4) << ref->granule_lg2),
			     (UINT64_C(1) << 48) - (UINT64_C(32) << ref_shift(ref, 3)),
			     (UINT64_C(1) << 52) - (UINT64_C(64) << ref_shift(ref, 3)) };
	uint64_t spans[] = { 64, 64, UINT64_C(3) << (ref->granule_lg2 - 3) };

	return bases[random_below(4)] + (random_below(spans[random_below(3)]) << ref->granule_lg2) +
	       (random_below(4) ? 0 : random_below(4) << ref_shift(ref, 2));
}

static void run(unsigned granule_lg2)
{
	int level_min = granule_lg2 / 2 - 7; /* -1, 0, 1 */
	unsigned step;
	struct ref_space *ref = calloc(1, sizeof(*ref));
	struct space *space = space_new(granule_lg2);
	uint64_t time = 1;

	assert_non_null(ref);
	assert_non_null(space);
	ref->granule_lg2 = granule_lg2;
	for (step = 0; step < STEPS; step++) {
		uint64_t address = random_address(ref) & ((UINT64_C(1) << 52) - 1);

		if (random_below(3)) {
			struct ref_entry fresh = { .table = random_below(3) == 0, .time = ++time };
			unsigned shift;

			fresh.level = level_min + (int)random_below((fresh.table ? 3 : 4) - level_min);
			shift = ref_shift(ref, fresh.level);
			fresh.address = address >> shift << shift;
			fresh.descriptor =
				(random_below(1 << 20) << (shift > 27 ? 28 : shift) & 0xffffff000000) |
				(fresh.table ? 3 : 0x7ff) | random_below(2) << 52;
			ref_fill(ref, &fresh, step & 1);
			assert_true(space_fill(space, address, fresh.level, fresh.table, fresh.descriptor,
					       fresh.time, step & 1));
		} else {
			static const unsigned masks[] = { 0x1f, 0x10, 0x8, 0x4, 0x3, 0 };
			unsigned leaf_levels = masks[random_below(6)],
				 table_levels = masks[random_below(6)] & 0xf;
			uint64_t span = UINT64_C(1) << random_below(random_below(4) ? 24 : 53);
			uint64_t when = random_below(4) ? time : time - random_below(time < 50 ? time : 50);
			struct space_extent extent = { 1, 0 };

			if (random_below(40) == 0) {
				address = 0;
				span = UINT64_C(1) << 52;
			}
			space_invalidate(space, address, address + span - 1, leaf_levels, table_levels, when,
					 &extent);
			ref_invalidate(ref, address, address + span - 1, leaf_levels, table_levels, when,
				       &extent);
			time++;
		}
		expect_same(ref, space, random_address(ref) & ((UINT64_C(1) << 52) - 1));
		expect_same(ref, space, address);
	}
	space_free(space);
	free(ref);
}

static void random_runs_agree_with_a_scanned_list(void **state)
{
	uint64_t seed = seeded_start();
	unsigned round;

	(void)state;
	for (round = 0; round < 9; round++) {
		random_state = seed + round;
		run(12 + 2 * (round % 3));
	}
}

struct seen {
	unsigned leaves, tables;
	uint64_t last;
};

static void seen_add(void *ctx, uint64_t address, int level, bool table, uint64_t descriptor)
{
	struct seen *seen = ctx;

	(void)level;
	assert_int_equal(descriptor & 3, 3);
	seen->last = address;
	if (table)
		seen->tables++;
	else
		seen->leaves++;
}

static void each_visits_what_overlaps_a_range_and_nothing_else(void **state)
{
	struct space *space = space_new(12);
	struct seen seen = { 0, 0, 0 };

	(void)state;
	space_fill(space, 0x1000, 3, false, 0x17ff, 1, false);
	space_fill(space, 0x5000, 3, false, 0x57ff, 2, false);
	space_fill(space, 0x200000, 2, true, 0x80003, 3, false);
	space_fill(space, 0, 1, true, 0x90003, 4, false);

	space_each(space, 0x2000, 0x5000, &seen, seen_add);
	assert_int_equal(seen.leaves, 1);
	assert_int_equal(seen.tables, 1);
	assert_int_equal(seen.last, 0x5000);
	seen = (struct seen){ 0, 0, 0 };
	space_each(space, 0, UINT64_MAX, &seen, seen_add);
	assert_int_equal(seen.leaves, 2);
	assert_int_equal(seen.tables, 2);
	seen = (struct seen){ 0, 0, 0 };
	space_each(space, UINT64_C(1) << 51, UINT64_MAX, &seen, seen_add);
	assert_int_equal(seen.leaves + seen.tables, 0);
	space_free(space);
}

static void overlap_is_harmless_only_if_every_larger_leaf_has_nt(void **state)
{
	static const uint64_t nt = UINT64_C(1) << 16;
	unsigned mask;

	(void)state;
	for (mask = 0; mask < 4; mask++) {
		struct space *space = space_new(12);
		struct space_hit hit;

		space_fill(space, 0, 3, false, 0x7ff, 1, false);
		space_fill(space, 0, 2, false, 0x7fd | (mask & 1 ? nt : 0), 2, false);
		space_fill(space, 0, 1, false, 0x7fd | (mask & 2 ? nt : 0), 3, false);
		space_find(space, 0, &hit);
		assert_true(hit.overlap);
		assert_int_equal(hit.overlap_nt, mask == 3);
		assert_int_equal(hit.leaf_level, 3);
		space_free(space);
	}
}

static void addresses_beyond_52_bits_are_never_found(void **state)
{
	struct space *space = space_new(12);
	struct space_hit hit;

	(void)state;
	space_fill(space, 0x1000, 3, false, 0x17ff, 1, false);
	space_find(space, (UINT64_C(1) << 52) + 0x1000, &hit);
	assert_false(hit.leaf);
	space_invalidate(space, (UINT64_C(1) << 52), UINT64_MAX, 0x1f, 0xf, 2, NULL);
	space_find(space, 0x1000, &hit);
	assert_true(hit.leaf);
	space_free(space);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_runs_agree_with_a_scanned_list),
		cmocka_unit_test(each_visits_what_overlaps_a_range_and_nothing_else),
		cmocka_unit_test(overlap_is_harmless_only_if_every_larger_leaf_has_nt),
		cmocka_unit_test(addresses_beyond_52_bits_are_never_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
