/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_transition.c - which change of state grants, revokes or changes nothing, page by page.
 */
#include "engine/transition.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "seeded.h"

#define STATES	 4
#define OWNED	 SHADOW_STATE_OWNED
#define SHARED	 SHADOW_STATE_SHARED_OWNED
#define BORROWED SHADOW_STATE_SHARED_BORROWED
#define NOPAGE	 SHADOW_STATE_NOPAGE

static struct shadow_transition transition_of(enum shadow_state old_state, enum shadow_state new_state)
{
	return (struct shadow_transition){
		.start = { UINT64_C(0x40000000) },
		.page_count = 8,
		.old_state = old_state,
		.new_state = new_state,
	};
}

/* The patch's rule, written out: row old, column new. */
static void each_of_the_sixteen_pairs_has_the_effect_of_the_table(void **state)
{
	static const enum transition_effect expected[STATES][STATES] = {
		[OWNED] = { [NOPAGE] = TRANSITION_REVOKE },
		[SHARED] = { [NOPAGE] = TRANSITION_REVOKE },
		[BORROWED] = { [NOPAGE] = TRANSITION_REVOKE },
		[NOPAGE] = { [OWNED] = TRANSITION_GRANT,
			     [SHARED] = TRANSITION_GRANT,
			     [BORROWED] = TRANSITION_GRANT },
	};

	(void)state;
	for (unsigned from = 0; from < STATES; from++)
		for (unsigned to = 0; to < STATES; to++)
			assert_int_equal(transition_effect((enum shadow_state)from, (enum shadow_state)to),
					 expected[from][to]);
}

static void a_pair_that_changes_access_is_one_piece_over_the_whole_range(void **state)
{
	(void)state;
	for (unsigned from = 0; from < STATES; from++) {
		for (unsigned to = 0; to < STATES; to++) {
			struct shadow_transition transition =
				transition_of((enum shadow_state)from, (enum shadow_state)to);
			struct transition_piece piece;
			uint64_t offset = 0;
			bool changes = (from == NOPAGE) != (to == NOPAGE);

			assert_int_equal(transition_next(&transition, 12, &offset, &piece), changes);
			if (!changes)
				continue;
			assert_int_equal(piece.start, 0x40000);
			assert_int_equal(piece.end, 0x40008);
			assert_int_equal(piece.effect, to == NOPAGE ? TRANSITION_REVOKE : TRANSITION_GRANT);
			assert_int_equal(piece.access, to == NOPAGE ? SHADOW_ACCESS_NONE : SHADOW_ACCESS_RW);
			assert_false(transition_next(&transition, 12, &offset, &piece));
		}
	}
}

static void a_pair_that_changes_nothing_is_refused_even_among_pages_that_change(void **state)
{
	(void)state;
	for (unsigned from = 0; from < STATES; from++) {
		for (unsigned to = 0; to < STATES; to++) {
			/* Pages 0 and 7 change, those between are of the pair in question. */
			uint8_t other = to == NOPAGE ? OWNED : NOPAGE;
			uint8_t old[8] = { other, from, from, from, from, from, from, other };
			struct shadow_transition transition = transition_of(OWNED, (enum shadow_state)to);
			struct transition_piece piece;
			uint64_t offset = 0;

			transition.old_states = old;
			assert_true(transition_next(&transition, 12, &offset, &piece));
			assert_int_equal(piece.start, 0x40000);
			if ((from == NOPAGE) != (to == NOPAGE)) {
				assert_int_equal(piece.end, 0x40008);
			} else {
				assert_int_equal(piece.end, 0x40001);
				assert_true(transition_next(&transition, 12, &offset, &piece));
				assert_int_equal(piece.start, 0x40007);
				assert_int_equal(piece.end, 0x40008);
			}
			assert_false(transition_next(&transition, 12, &offset, &piece));
		}
	}
}

static void a_range_of_mixed_old_states_is_decided_page_by_page(void **state)
{
	/* To OWNED: only what was NOPAGE is granted, whatever the first page was. */
	static const uint8_t old[] = { OWNED, NOPAGE, NOPAGE, SHARED, NOPAGE, BORROWED, OWNED, NOPAGE };
	struct shadow_transition transition = transition_of(OWNED, OWNED);
	struct transition_piece piece;
	uint64_t offset = 0;

	(void)state;
	transition.old_states = old;

	assert_true(transition_next(&transition, 12, &offset, &piece));
	assert_int_equal(piece.start, 0x40001);
	assert_int_equal(piece.end, 0x40003);
	assert_true(transition_next(&transition, 12, &offset, &piece));
	assert_int_equal(piece.start, 0x40004);
	assert_int_equal(piece.end, 0x40005);
	assert_true(transition_next(&transition, 12, &offset, &piece));
	assert_int_equal(piece.start, 0x40007);
	assert_int_equal(piece.end, 0x40008);
	assert_false(transition_next(&transition, 12, &offset, &piece));
	assert_false(transition_next(&transition, 12, &offset, &piece));
}

static void the_states_of_the_pages_count_and_not_the_state_of_the_range(void **state)
{
	static const uint8_t old[] = { NOPAGE, NOPAGE, NOPAGE, NOPAGE, NOPAGE, NOPAGE, NOPAGE, NOPAGE };
	struct shadow_transition transition = transition_of(OWNED, NOPAGE);
	struct transition_piece piece;
	uint64_t offset = 0;

	(void)state;
	transition.old_states = old;

	assert_false(transition_next(&transition, 12, &offset, &piece));
}

static void read_and_write_bits_are_what_a_grant_gives(void **state)
{
	(void)state;
	assert_int_equal(transition_access(SHADOW_ACCESS_R), SHADOW_ACCESS_R);
	assert_int_equal(transition_access(SHADOW_ACCESS_W), SHADOW_ACCESS_W);
	assert_int_equal(transition_access(SHADOW_ACCESS_RW), SHADOW_ACCESS_RW);
	/* Nothing said: read and write. */
	assert_int_equal(transition_access(0), SHADOW_ACCESS_RW);
}

static void an_unknown_bit_grants_nothing_by_itself(void **state)
{
	(void)state;
	for (unsigned bit = 2; bit < 32; bit++) {
		unsigned unknown = 1u << bit;

		assert_int_equal(transition_access(unknown), SHADOW_ACCESS_NONE);
		assert_int_equal(transition_access(unknown | SHADOW_ACCESS_R), SHADOW_ACCESS_R);
		assert_int_equal(transition_access(unknown | SHADOW_ACCESS_RW), SHADOW_ACCESS_RW);
	}
}

static void a_revoke_leaves_nothing_whatever_access_it_names(void **state)
{
	struct shadow_transition transition = transition_of(OWNED, NOPAGE);
	struct transition_piece piece;
	uint64_t offset = 0;

	(void)state;
	transition.access = SHADOW_ACCESS_RW;

	assert_true(transition_next(&transition, 12, &offset, &piece));
	assert_int_equal(piece.access, SHADOW_ACCESS_NONE);
}

static void pages_are_counted_in_the_granule(void **state)
{
	static const uint8_t old[] = { OWNED, NOPAGE, NOPAGE, OWNED };

	(void)state;
	for (unsigned granule_lg2 = 12; granule_lg2 <= 16; granule_lg2 += 2) {
		struct shadow_transition transition = transition_of(OWNED, NOPAGE);
		uint64_t first = UINT64_C(0x40000000) >> granule_lg2, offset = 0;
		struct transition_piece piece;

		assert_true(transition_next(&transition, granule_lg2, &offset, &piece));
		assert_int_equal(piece.start, first);
		assert_int_equal(piece.end, first + 8);

		transition.old_states = old;
		transition.page_count = 4;
		offset = 0;
		assert_true(transition_next(&transition, granule_lg2, &offset, &piece));
		assert_int_equal(piece.start, first);
		assert_int_equal(piece.end, first + 1);
		assert_true(transition_next(&transition, granule_lg2, &offset, &piece));
		assert_int_equal(piece.start, first + 3);
		assert_int_equal(piece.end, first + 4);
		assert_false(transition_next(&transition, granule_lg2, &offset, &piece));
	}
}

#define RANDOM_PAGES 40

/* Pieces against one decision a page: all pages that change are named, once, in order, in maximal pieces. */
static void random_old_states_give_maximal_pieces(void **state)
{
	uint64_t seed = seeded_start();

	(void)state;
	for (unsigned round = 0; round < 5000; round++) {
		struct shadow_transition transition =
			transition_of(OWNED, (enum shadow_state)seeded_below(&seed, 4));
		enum transition_effect effect[RANDOM_PAGES] = { TRANSITION_NOTHING };
		uint8_t old[RANDOM_PAGES];
		struct transition_piece piece;
		uint64_t offset = 0, last = 0;

		transition.page_count = 1 + seeded_below(&seed, RANDOM_PAGES);
		for (unsigned i = 0; i < transition.page_count; i++)
			old[i] = (uint8_t)seeded_below(&seed, 4);
		transition.old_states = old;

		while (transition_next(&transition, 12, &offset, &piece)) {
			assert_true(piece.start < piece.end && piece.start > last);
			for (uint64_t page = piece.start; page < piece.end; page++)
				effect[page - 0x40000] = piece.effect;
			last = piece.end;
		}

		for (unsigned i = 0; i < transition.page_count; i++)
			assert_int_equal(effect[i], (old[i] == NOPAGE) == (transition.new_state == NOPAGE) ?
							    TRANSITION_NOTHING :
						    transition.new_state == NOPAGE ? TRANSITION_REVOKE :
										     TRANSITION_GRANT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_of_the_sixteen_pairs_has_the_effect_of_the_table),
		cmocka_unit_test(a_pair_that_changes_access_is_one_piece_over_the_whole_range),
		cmocka_unit_test(a_pair_that_changes_nothing_is_refused_even_among_pages_that_change),
		cmocka_unit_test(a_range_of_mixed_old_states_is_decided_page_by_page),
		cmocka_unit_test(the_states_of_the_pages_count_and_not_the_state_of_the_range),
		cmocka_unit_test(read_and_write_bits_are_what_a_grant_gives),
		cmocka_unit_test(an_unknown_bit_grants_nothing_by_itself),
		cmocka_unit_test(a_revoke_leaves_nothing_whatever_access_it_names),
		cmocka_unit_test(pages_are_counted_in_the_granule),
		cmocka_unit_test(random_old_states_give_maximal_pieces),
	};

	return cmocka_run_group_tests_name("transition", tests, NULL, NULL);
}
