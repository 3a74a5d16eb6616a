/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_queue.c - slots are extended only by the next number, and no page moves in the order.
 */
#include "engine/queue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "engine/platform/linux.h"
#include "seeded.h"

#define SLOTS 8u
#define NONE  SHADOW_ACCESS_NONE
#define RW    SHADOW_ACCESS_RW
#define R     SHADOW_ACCESS_R

static struct queue queue;
static struct queue_slot slots[SLOTS];

static int queue_setup(void **state)
{
	(void)state;
	memset(slots, 0xa5, sizeof(slots));
	queue_init(&queue, slots, SLOTS);
	return 0;
}

static void push(uint64_t number, uint64_t start, uint64_t end, enum shadow_access access)
{
	struct transition_piece piece = {
		.start = start,
		.end = end,
		.effect = access ? TRANSITION_GRANT : TRANSITION_REVOKE,
		.access = access,
	};

	queue_push(&queue, number, piece.start, piece.end, piece.access);
}

static void assert_slot(uint32_t index, uint64_t start, uint64_t end, uint64_t first, uint64_t last,
			enum shadow_access access)
{
	const struct queue_slot *slot = queue_peek(&queue, index);

	assert_int_equal(slot->start, start);
	assert_int_equal(slot->end, end);
	assert_int_equal(slot->first, first);
	assert_int_equal(slot->last, last);
	assert_int_equal(slot->access, access);
}

static void a_new_queue_is_empty(void **state)
{
	(void)state;
	assert_int_equal(queue_count(&queue), 0);
	assert_int_equal(queue_room(&queue), SLOTS);
}

static void ascending_pages_with_the_next_numbers_cost_one_slot(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < 1000; i++)
		push(10 + i, 500 + i, 501 + i, NONE);

	assert_int_equal(queue_count(&queue), 1);
	assert_slot(0, 500, 1500, 10, 1009, NONE);
}

static void descending_pages_with_the_next_numbers_cost_one_slot(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < 400; i++)
		push(1 + i, 500 - i, 501 - i, RW);

	assert_int_equal(queue_count(&queue), 1);
	assert_slot(0, 101, 501, 1, 400, RW);
}

static void a_slot_grows_on_both_sides(void **state)
{
	(void)state;
	push(1, 100, 110, NONE);
	push(2, 110, 111, NONE);
	push(3, 98, 100, NONE);
	push(4, 111, 112, NONE);

	assert_int_equal(queue_count(&queue), 1);
	assert_slot(0, 98, 112, 1, 4, NONE);
}

static void a_number_that_went_to_another_cpu_ends_the_slot(void **state)
{
	(void)state;
	push(1, 100, 101, NONE);
	push(3, 101, 102, NONE); /* 2 was another CPU's */

	assert_int_equal(queue_count(&queue), 2);
	assert_slot(0, 100, 101, 1, 1, NONE);
	assert_slot(1, 101, 102, 3, 3, NONE);
}

static void only_the_newest_slot_is_extended(void **state)
{
	(void)state;
	push(1, 100, 101, NONE);
	push(2, 200, 201, NONE);
	push(3, 101, 102, NONE); /* touches the first slot */

	assert_int_equal(queue_count(&queue), 3);
	assert_slot(0, 100, 101, 1, 1, NONE);
	assert_slot(2, 101, 102, 3, 3, NONE);
}

static void a_gap_or_an_overlap_opens_a_slot(void **state)
{
	(void)state;
	push(1, 100, 110, NONE);
	push(2, 111, 112, NONE);
	push(3, 111, 113, NONE);
	push(4, 105, 112, NONE);

	assert_int_equal(queue_count(&queue), 4);
}

static void another_access_opens_a_slot(void **state)
{
	(void)state;
	push(1, 100, 101, NONE);
	push(2, 101, 102, RW);
	push(3, 102, 103, R);

	assert_int_equal(queue_count(&queue), 3);
	assert_slot(1, 101, 102, 2, 2, RW);
	assert_slot(2, 102, 103, 3, 3, R);
}

static void pieces_of_one_transition_that_do_not_adjoin_cost_a_slot_each(void **state)
{
	(void)state;
	push(1, 100, 101, NONE);
	push(1, 102, 103, NONE);
	push(1, 103, 104, NONE); /* the same number again continues nothing */
	push(2, 104, 105, NONE);

	assert_int_equal(queue_count(&queue), 3);
	assert_slot(2, 103, 105, 1, 2, NONE);
}

static void the_next_trip_goes_on_in_the_same_slot(void **state)
{
	(void)state;
	push(1, 100, 101, NONE);
	assert_true(queue_is_of_trip(&queue, 0));

	queue_trip_end(&queue);
	push(2, 101, 102, NONE);

	assert_int_equal(queue_count(&queue), 1);
	assert_slot(0, 100, 102, 1, 2, NONE);
}

static void a_slot_is_of_the_trip_in_which_it_was_opened(void **state)
{
	(void)state;
	push(1, 100, 101, NONE);
	queue_trip_end(&queue);
	push(2, 101, 102, NONE);
	push(3, 200, 201, NONE);

	assert_int_equal(queue_count(&queue), 2);
	assert_false(queue_is_of_trip(&queue, 0));
	assert_true(queue_is_of_trip(&queue, 1));
	queue_drop(&queue, 1);
	assert_true(queue_is_of_trip(&queue, 0));
	queue_drop(&queue, 1);
	push(4, 300, 301, NONE);
	assert_true(queue_is_of_trip(&queue, 0));
}

static void a_drained_slot_is_not_extended(void **state)
{
	struct queue_slot copy;

	(void)state;
	push(1, 100, 101, NONE);
	copy = *queue_peek(&queue, 0);
	queue_drop(&queue, 1);

	push(2, 101, 102, NONE);

	assert_int_equal(queue_count(&queue), 1);
	assert_slot(0, 101, 102, 2, 2, NONE);
	assert_int_equal(copy.end, 101);
	assert_int_equal(slots[0].end, 101);
}

static void a_slot_that_was_counted_but_not_dropped_is_extended_for_the_next_drain(void **state)
{
	uint32_t count;

	(void)state;
	push(1, 100, 101, NONE);
	push(2, 200, 201, NONE);
	count = queue_count(&queue);

	/* The drainer has copied and dropped the first slot only. */
	queue_drop(&queue, 1);
	push(3, 201, 202, NONE);

	assert_int_equal(count, 2);
	assert_int_equal(queue_count(&queue), 1);
	assert_slot(0, 200, 202, 2, 3, NONE);
}

static void an_open_slot_holds_all_that_was_queued_when_it_is_drained(void **state)
{
	(void)state;
	push(1, 100, 101, NONE);
	push(2, 101, 102, NONE);

	assert_int_equal(queue_count(&queue), 1);
	assert_slot(0, 100, 102, 1, 2, NONE);
}

static void a_full_queue_has_no_room_and_still_extends(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < SLOTS; i++) {
		assert_int_equal(queue_room(&queue), SLOTS - i);
		push(1 + i, 100 * i, 100 * i + 1, NONE);
	}
	assert_int_equal(queue_room(&queue), 0);

	push(1 + SLOTS, 100 * (SLOTS - 1) + 1, 100 * (SLOTS - 1) + 2, NONE);

	assert_int_equal(queue_count(&queue), SLOTS);
	assert_slot(SLOTS - 1, 100 * (SLOTS - 1), 100 * (SLOTS - 1) + 2, SLOTS, SLOTS + 1, NONE);
	assert_slot(0, 0, 1, 1, 1, NONE);
}

static void the_queue_knows_whether_it_holds_a_revoke(void **state)
{
	(void)state;
	assert_false(queue_revokes(&queue));
	push(1, 100, 101, RW);
	assert_false(queue_revokes(&queue));
	push(2, 200, 201, NONE);
	push(3, 201, 202, NONE);
	assert_true(queue_revokes(&queue));
	push(4, 300, 301, RW);
	assert_true(queue_revokes(&queue));

	queue_drop(&queue, 1);
	assert_true(queue_revokes(&queue));
	queue_drop(&queue, queue_count(&queue));
	assert_false(queue_revokes(&queue));
	push(5, 400, 401, RW);
	assert_false(queue_revokes(&queue));
}

static void panicked(void *ctx, const char *where)
{
	(void)ctx;
	mock_assert(0, where, __FILE__, __LINE__);
}

static void a_slot_too_many_ends_in_a_panic_and_overwrites_nothing(void **state)
{
	(void)state;
	platform_linux_set_panic(panicked, NULL);
	for (uint64_t i = 0; i < SLOTS; i++)
		push(1 + i, 100 * i, 100 * i + 1, NONE);

	expect_assert_failure(push(1 + SLOTS, 5000, 5001, NONE));

	assert_slot(0, 0, 1, 1, 1, NONE);
	assert_int_equal(queue_count(&queue), SLOTS);
	platform_linux_set_panic(NULL, NULL);
}

static void the_ring_wraps_and_so_do_its_indices(void **state)
{
	uint64_t number = 0;

	(void)state;
	/* Close to the end of the 32-bit indices, as after a long life. */
	store_relaxed_u32(&queue.tail, UINT32_MAX - 20);
	store_relaxed_u32(&queue.head, UINT32_MAX - 20);
	queue_drop(&queue, 0);

	for (unsigned round = 0; round < 20; round++) {
		uint32_t count = 1 + round % SLOTS;

		for (uint32_t i = 0; i < count; i++, number++)
			push(number + 1, 10 * number, 10 * number + 1, NONE);
		assert_int_equal(queue_count(&queue), count);
		assert_int_equal(queue_room(&queue), SLOTS - count);
		for (uint32_t i = 0; i < count; i++) {
			uint64_t which = number - count + i;

			assert_slot(i, 10 * which, 10 * which + 1, which + 1, which + 1, NONE);
		}
		queue_drop(&queue, count);
	}
	assert_true(load_relaxed_u32(&queue.tail) < 200);
}

#define RANDOM_PAGES 64u

/* Replaying the slots in the order of their numbers must give every page what its last push gave. */
static void random_pushes_keep_every_page_in_its_order(void **state)
{
	uint64_t seed = seeded_start();

	(void)state;
	for (unsigned round = 0; round < 2000; round++) {
		uint8_t wanted[RANDOM_PAGES], got[RANDOM_PAGES];
		uint64_t number = 0, next = 0, last = 0;

		queue_setup(NULL);
		memset(wanted, 0xff, sizeof(wanted));
		memset(got, 0xff, sizeof(got));
		while (queue_room(&queue) > 0) {
			uint64_t start = seeded_below(&seed, 4) ? next : seeded_below(&seed, RANDOM_PAGES);
			uint64_t end = start + 1 + seeded_below(&seed, 3);
			enum shadow_access access = seeded_below(&seed, 8) ? NONE : RW;

			if (end > RANDOM_PAGES) {
				next = 0;
				continue;
			}
			number += seeded_below(&seed, 6) ? 1 : 2;
			if (seeded_below(&seed, 10) == 0)
				queue_trip_end(&queue);
			push(number, start, end, access);
			for (uint64_t page = start; page < end; page++)
				wanted[page] = (uint8_t)access;
			next = end;
		}

		for (uint32_t i = 0; i < queue_count(&queue); i++) {
			const struct queue_slot *slot = queue_peek(&queue, i);

			assert_true(slot->first > last && slot->last >= slot->first);
			last = slot->last;
			for (uint64_t page = slot->start; page < slot->end; page++)
				got[page] = (uint8_t)slot->access;
		}
		assert_memory_equal(got, wanted, sizeof(got));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_new_queue_is_empty, queue_setup),
		cmocka_unit_test_setup(ascending_pages_with_the_next_numbers_cost_one_slot, queue_setup),
		cmocka_unit_test_setup(descending_pages_with_the_next_numbers_cost_one_slot, queue_setup),
		cmocka_unit_test_setup(a_slot_grows_on_both_sides, queue_setup),
		cmocka_unit_test_setup(a_number_that_went_to_another_cpu_ends_the_slot, queue_setup),
		cmocka_unit_test_setup(only_the_newest_slot_is_extended, queue_setup),
		cmocka_unit_test_setup(a_gap_or_an_overlap_opens_a_slot, queue_setup),
		cmocka_unit_test_setup(another_access_opens_a_slot, queue_setup),
		cmocka_unit_test_setup(pieces_of_one_transition_that_do_not_adjoin_cost_a_slot_each,
				       queue_setup),
		cmocka_unit_test_setup(the_next_trip_goes_on_in_the_same_slot, queue_setup),
		cmocka_unit_test_setup(a_slot_is_of_the_trip_in_which_it_was_opened, queue_setup),
		cmocka_unit_test_setup(a_drained_slot_is_not_extended, queue_setup),
		cmocka_unit_test_setup(a_slot_that_was_counted_but_not_dropped_is_extended_for_the_next_drain,
				       queue_setup),
		cmocka_unit_test_setup(an_open_slot_holds_all_that_was_queued_when_it_is_drained,
				       queue_setup),
		cmocka_unit_test_setup(a_full_queue_has_no_room_and_still_extends, queue_setup),
		cmocka_unit_test_setup(a_slot_too_many_ends_in_a_panic_and_overwrites_nothing, queue_setup),
		cmocka_unit_test_setup(the_queue_knows_whether_it_holds_a_revoke, queue_setup),
		cmocka_unit_test_setup(the_ring_wraps_and_so_do_its_indices, queue_setup),
		cmocka_unit_test(random_pushes_keep_every_page_in_its_order),
	};

	return cmocka_run_group_tests_name("queue", tests, NULL, NULL);
}
