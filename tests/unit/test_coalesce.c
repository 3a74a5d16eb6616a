/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_coalesce.c - sorting and merging keep, for every page, what its last transition gave it.
 */
#include "engine/coalesce.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "seeded.h"

#define ITEMS_MAX 1024u
#define NONE	  SHADOW_ACCESS_NONE
#define R	  SHADOW_ACCESS_R
#define RW	  SHADOW_ACCESS_RW

static struct coalesce_item items[ITEMS_MAX], spare[ITEMS_MAX], merged[2 * ITEMS_MAX], reference[ITEMS_MAX];
static struct coalesce_scratch scratch;

static struct coalesce_item item_of(uint64_t start, uint64_t end, uint64_t number, enum shadow_access access)
{
	return (struct coalesce_item){ start, end, coalesce_stamp(number, access) };
}

static void assert_item(const struct coalesce_item *item, uint64_t start, uint64_t end,
			enum shadow_access access)
{
	assert_int_equal(item->start, start);
	assert_int_equal(item->end, end);
	assert_int_equal(coalesce_access(item), access);
}

static void a_stamp_holds_number_and_access(void **state)
{
	(void)state;
	for (unsigned access = NONE; access <= RW; access++) {
		struct coalesce_item item = item_of(0, 1, UINT64_C(1) << 61, (enum shadow_access)access);

		assert_int_equal(coalesce_access(&item), access);
		assert_int_equal(item.stamp >> 2, UINT64_C(1) << 61);
		assert_int_equal(coalesce_is_grant(&item), access != NONE);
	}
}

/* ---- sort --------------------------------------------------------------------------------------------- */

static int by_start_then_stamp(const void *left, const void *right)
{
	const struct coalesce_item *a = left, *b = right;

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	return (a->stamp > b->stamp) - (a->stamp < b->stamp);
}

/* Items in the order of their stamps, as one CPU queues them, so that a stable sort equals qsort(). */
static void assert_sorts(uint32_t count)
{
	struct coalesce_item *sorted;

	memcpy(reference, items, count * sizeof(items[0]));
	qsort(reference, count, sizeof(reference[0]), by_start_then_stamp);

	sorted = coalesce_sort(items, spare, count, &scratch);

	assert_true(sorted == items || sorted == spare);
	if (count)
		assert_memory_equal(sorted, reference, count * sizeof(items[0]));
}

static void nothing_and_a_single_item_are_sorted(void **state)
{
	(void)state;
	assert_ptr_equal(coalesce_sort(items, spare, 0, &scratch), items);
	items[0] = item_of(7, 8, 1, NONE);
	assert_ptr_equal(coalesce_sort(items, spare, 1, &scratch), items);
}

static void a_sequential_batch_is_left_where_it_is(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 512; i++)
		items[i] = item_of(1000 + 3 * i, 1001 + 3 * i, 1 + i, NONE);

	assert_ptr_equal(coalesce_sort(items, spare, 512, &scratch), items);
	for (uint32_t i = 0; i < 512; i++)
		assert_int_equal(items[i].start, 1000 + 3 * i);
}

static void a_descending_batch_is_reversed(void **state)
{
	(void)state;
	for (uint32_t count = 2; count <= 512; count *= 2) {
		for (uint32_t i = 0; i < count; i++)
			items[i] = item_of(100000 - 3 * i, 100001 - 3 * i, 1 + i, NONE);
		assert_sorts(count);
	}
}

static void every_byte_of_an_address_counts(void **state)
{
	(void)state;
	/* One item for each bit of a page number, then the same again with neighbours. */
	for (uint32_t i = 0; i < 36; i++) {
		items[2 * i] =
			item_of(UINT64_C(1) << (35 - i), (UINT64_C(1) << (35 - i)) + 1, 1 + 2 * i, NONE);
		items[2 * i + 1] =
			item_of((UINT64_C(1) << 36) - 1 - i, (UINT64_C(1) << 36) - i, 2 + 2 * i, NONE);
	}
	assert_sorts(72);
}

static void items_of_one_start_stay_in_order(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 300; i++)
		items[i] = item_of(5 - i % 3, 10 + i, 1 + i, i % 2 ? RW : NONE);
	assert_sorts(300);
}

static void random_batches_sort_as_qsort_does(void **state)
{
	uint64_t seed = seeded_start();

	(void)state;
	for (unsigned round = 0; round < 2000; round++) {
		uint32_t count = (uint32_t)seeded_below(&seed, round % 4 ? 200 : ITEMS_MAX);
		unsigned bits = 1 + (unsigned)seeded_below(&seed, 36);
		uint64_t base = seeded_below(&seed, UINT64_C(1) << 35);

		for (uint32_t i = 0; i < count; i++) {
			uint64_t start = base + seeded_below(&seed, UINT64_C(1) << bits);

			items[i] = item_of(start, start + 1, 1 + i, NONE);
		}
		assert_sorts(count);
	}
}

/* ---- conflict ----------------------------------------------------------------------------------------- */

static void a_grant_after_a_revoke_of_the_same_page_is_a_conflict(void **state)
{
	(void)state;
	items[0] = item_of(100, 110, 1, NONE);
	items[1] = item_of(109, 120, 2, RW);

	assert_int_equal(coalesce_conflict(items, 2), coalesce_stamp(2, RW));
}

static void a_revoke_after_a_grant_is_none(void **state)
{
	(void)state;
	items[0] = item_of(100, 110, 2, NONE);
	items[1] = item_of(109, 120, 1, RW);

	assert_int_equal(coalesce_conflict(items, 2), UINT64_MAX);
}

static void ranges_that_only_touch_are_none(void **state)
{
	(void)state;
	items[0] = item_of(100, 110, 1, NONE);
	items[1] = item_of(110, 120, 2, RW);
	items[2] = item_of(120, 130, 3, NONE);

	assert_int_equal(coalesce_conflict(items, 3), UINT64_MAX);
	assert_int_equal(coalesce_conflict(items, 1), UINT64_MAX);
	assert_int_equal(coalesce_conflict(items, 0), UINT64_MAX);
}

static void the_first_of_several_conflicts_is_found(void **state)
{
	(void)state;
	/* A long revoke, and grants inside it that are not neighbours in the list. */
	items[0] = item_of(100, 200, 3, NONE);
	items[1] = item_of(110, 111, 1, RW);
	items[2] = item_of(120, 121, 9, RW);
	items[3] = item_of(130, 131, 7, RW);
	items[4] = item_of(300, 301, 4, RW);

	assert_int_equal(coalesce_conflict(items, 5), coalesce_stamp(7, RW));
}

/* ---- merge -------------------------------------------------------------------------------------------- */

static void touching_ranges_of_one_access_become_one(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 10; i++)
		items[i] = item_of(100 + i, 101 + i, 20 - i, NONE);

	assert_int_equal(coalesce_merge(items, 10, merged), 1);
	assert_item(&merged[0], 100, 110, NONE);
}

static void ranges_of_another_access_or_behind_a_gap_stay_apart(void **state)
{
	(void)state;
	items[0] = item_of(100, 101, 1, NONE);
	items[1] = item_of(101, 102, 2, RW);
	items[2] = item_of(102, 103, 3, R);
	items[3] = item_of(104, 105, 4, R);

	assert_int_equal(coalesce_merge(items, 4, merged), 4);
	assert_item(&merged[1], 101, 102, RW);
	assert_item(&merged[2], 102, 103, R);
	assert_item(&merged[3], 104, 105, R);
}

static void a_revoke_cuts_a_hole_into_an_earlier_grant(void **state)
{
	(void)state;
	items[0] = item_of(100, 200, 1, RW);
	items[1] = item_of(150, 151, 2, NONE);

	assert_int_equal(coalesce_merge(items, 2, merged), 3);
	assert_item(&merged[0], 100, 150, RW);
	assert_item(&merged[1], 150, 151, NONE);
	assert_item(&merged[2], 151, 200, RW);
}

static void revokes_take_the_ends_and_the_whole_of_earlier_grants(void **state)
{
	(void)state;
	items[0] = item_of(90, 110, 4, NONE);
	items[1] = item_of(100, 200, 1, RW);
	items[2] = item_of(190, 310, 5, NONE);
	items[3] = item_of(250, 260, 2, R);
	items[4] = item_of(300, 320, 3, RW);

	assert_int_equal(coalesce_merge(items, 5, merged), 4);
	assert_item(&merged[0], 90, 110, NONE);
	assert_item(&merged[1], 110, 190, RW);
	assert_item(&merged[2], 190, 310, NONE);
	assert_item(&merged[3], 310, 320, RW);
}

static void without_overlaps_the_result_may_take_the_items_place(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 100; i++)
		items[i] = item_of(2 * i, 2 * i + 1 + i % 2, 1 + i, NONE);

	assert_int_equal(coalesce_merge(items, 100, items), 51);
	assert_item(&items[0], 0, 1, NONE);
	assert_item(&items[1], 2, 5, NONE);
	assert_item(&items[50], 198, 200, NONE);
}

/* ---- against a flat array ----------------------------------------------------------------------------- */

#define PAGES 96u

/* What each page has after these items in the order of their numbers; 0xff: untouched. */
static void ref_apply(uint8_t page[PAGES], const struct coalesce_item *item, uint32_t count)
{
	for (uint64_t number = 1; number <= ITEMS_MAX; number++)
		for (uint32_t i = 0; i < count; i++)
			for (uint64_t at = item[i].start; item[i].stamp >> 2 == number && at < item[i].end;
			     at++)
				page[at] = (uint8_t)coalesce_access(&item[i]);
}

/* The stamp of the first grant of a page that was revoked before in the batch. */
static uint64_t ref_conflict(const struct coalesce_item *item, uint32_t count)
{
	bool revoked[PAGES] = { false };

	for (uint64_t number = 1; number <= ITEMS_MAX; number++) {
		for (uint32_t i = 0; i < count; i++) {
			if (item[i].stamp >> 2 != number)
				continue;
			for (uint64_t at = item[i].start; at < item[i].end; at++) {
				if (coalesce_is_grant(&item[i]) && revoked[at])
					return item[i].stamp;
				revoked[at] |= !coalesce_is_grant(&item[i]);
			}
		}
	}
	return UINT64_MAX;
}

static void assert_canonical(const struct coalesce_item *item, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		assert_true(item[i].start < item[i].end);
		if (i == 0)
			continue;
		assert_true(item[i - 1].end <= item[i].start);
		if (item[i - 1].end == item[i].start)
			assert_int_not_equal(coalesce_access(&item[i - 1]), coalesce_access(&item[i]));
	}
}

/* Host order: a page is granted only while it has no access, and revoked only while it has. */
static uint32_t random_items(uint64_t *seed, const uint8_t start[PAGES])
{
	uint8_t now[PAGES];
	uint32_t count = 0, wanted = 1 + (uint32_t)seeded_below(seed, 40);

	memcpy(now, start, sizeof(now));
	for (uint64_t number = 1; count < wanted; number++) {
		uint64_t first = seeded_below(seed, PAGES), end = first;
		bool has = now[first] != NONE;
		enum shadow_access access = has ? NONE : (enum shadow_access)(1 + seeded_below(seed, 3));

		while (end < PAGES && (now[end] != NONE) == has && seeded_below(seed, 12))
			end++;
		if (end == first)
			end++;
		memset(&now[first], (int)access, end - first);
		items[count++] = item_of(first, end, number, access);
	}
	return count;
}

static void random_batches_merge_to_what_the_last_transition_of_each_page_gave(void **state)
{
	uint64_t seed = seeded_start();

	(void)state;
	for (unsigned round = 0; round < 4000; round++) {
		uint8_t start[PAGES], wanted[PAGES], got[PAGES];
		struct coalesce_item *sorted;
		uint32_t count, kept = 0;
		uint64_t cut;

		for (unsigned i = 0; i < PAGES; i++)
			start[i] = seeded_below(&seed, 2) ? RW : NONE;
		count = random_items(&seed, start);
		cut = ref_conflict(items, count);

		sorted = coalesce_sort(items, spare, count, &scratch);
		assert_int_equal(coalesce_conflict(sorted, count), cut);
		for (uint32_t i = 0; i < count; i++)
			if (sorted[i].stamp < cut)
				sorted[kept++] = sorted[i];
		assert_int_equal(coalesce_conflict(sorted, kept), UINT64_MAX);
		memcpy(reference, sorted, kept * sizeof(sorted[0]));
		memset(wanted, 0xff, sizeof(wanted));
		memset(got, 0xff, sizeof(got));
		ref_apply(wanted, reference, kept);

		kept = coalesce_merge(sorted, kept, merged);
		assert_canonical(merged, kept);
		for (uint32_t i = 0; i < kept; i++)
			for (uint64_t at = merged[i].start; at < merged[i].end; at++)
				got[at] = (uint8_t)coalesce_access(&merged[i]);
		assert_memory_equal(got, wanted, sizeof(got));
	}
}

/* A page that was granted with unknown bits alone has no access and may be revoked again. */
static void overlapping_ranges_of_one_access_merge_to_their_union(void **state)
{
	uint64_t seed = seeded_start();

	(void)state;
	for (unsigned round = 0; round < 2000; round++) {
		uint8_t wanted[PAGES], got[PAGES];
		uint32_t count = 1 + (uint32_t)seeded_below(&seed, 30),
			 grants = (uint32_t)seeded_below(&seed, 4);
		struct coalesce_item *sorted;

		memset(wanted, 0xff, sizeof(wanted));
		memset(got, 0xff, sizeof(got));
		/* Grants first, then revokes, both anywhere. */
		for (uint32_t i = 0; i < count; i++) {
			uint64_t first = seeded_below(&seed, PAGES);
			uint64_t end = first + 1 + seeded_below(&seed, i < grants ? 40 : 12);

			items[i] = item_of(first, end < PAGES ? end : PAGES, 1 + i, i < grants ? RW : NONE);
		}
		ref_apply(wanted, items, count);

		sorted = coalesce_sort(items, spare, count, &scratch);
		count = coalesce_merge(sorted, count, merged);

		assert_canonical(merged, count);
		for (uint32_t i = 0; i < count; i++)
			for (uint64_t at = merged[i].start; at < merged[i].end; at++)
				got[at] = (uint8_t)coalesce_access(&merged[i]);
		assert_memory_equal(got, wanted, sizeof(got));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stamp_holds_number_and_access),
		cmocka_unit_test(nothing_and_a_single_item_are_sorted),
		cmocka_unit_test(a_sequential_batch_is_left_where_it_is),
		cmocka_unit_test(a_descending_batch_is_reversed),
		cmocka_unit_test(every_byte_of_an_address_counts),
		cmocka_unit_test(items_of_one_start_stay_in_order),
		cmocka_unit_test(random_batches_sort_as_qsort_does),
		cmocka_unit_test(a_grant_after_a_revoke_of_the_same_page_is_a_conflict),
		cmocka_unit_test(a_revoke_after_a_grant_is_none),
		cmocka_unit_test(ranges_that_only_touch_are_none),
		cmocka_unit_test(the_first_of_several_conflicts_is_found),
		cmocka_unit_test(touching_ranges_of_one_access_become_one),
		cmocka_unit_test(ranges_of_another_access_or_behind_a_gap_stay_apart),
		cmocka_unit_test(a_revoke_cuts_a_hole_into_an_earlier_grant),
		cmocka_unit_test(revokes_take_the_ends_and_the_whole_of_earlier_grants),
		cmocka_unit_test(without_overlaps_the_result_may_take_the_items_place),
		cmocka_unit_test(random_batches_merge_to_what_the_last_transition_of_each_page_gave),
		cmocka_unit_test(overlapping_ranges_of_one_access_merge_to_their_union),
	};

	return cmocka_run_group_tests_name("coalesce", tests, NULL, NULL);
}
