/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_simulate_buffer.c - store buffers: what may overtake what, and who sees which value.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "engine/platform/sim_cpu.h"

static uint64_t words[64] __attribute__((aligned(64)));

/* Stored with the buffer on; off and as it may drain from there on. */
static void put(struct sim_buffer *buffer, unsigned word, uint64_t value, bool release)
{
	sim_buffer_on(buffer);
	sim_buffer_store(buffer, &words[word], value, 8, release);
	sim_buffer_off(buffer);
}

static void add(struct sim_buffer *buffer, enum sim_kind kind, unsigned word, size_t bytes)
{
	sim_buffer_on(buffer);
	sim_buffer_add(buffer, kind, &words[word], bytes);
	sim_buffer_off(buffer);
}

static int setup(void **state)
{
	static struct sim_buffer buffer;

	memset(words, 0, sizeof(words));
	memset(&buffer, 0, sizeof(buffer));
	*state = &buffer;
	return 0;
}

static void a_cpu_sees_its_own_stores_and_nobody_else_does(void **state)
{
	struct sim_buffer *buffer = *state;

	put(buffer, 0, 1, false);
	put(buffer, 0, 2, false);
	assert_int_equal(words[0], 0);
	sim_buffer_on(buffer);
	assert_int_equal(words[0], 2);
	sim_buffer_off(buffer);
	assert_int_equal(words[0], 0);
}

static void stores_to_one_word_drain_in_order(void **state)
{
	struct sim_buffer *buffer = *state;

	put(buffer, 0, 1, false);
	put(buffer, 0, 2, false);
	assert_false(sim_buffer_may_drain(buffer, 1));
	(void)sim_buffer_drain(buffer, 0);
	assert_int_equal(words[0], 1);
	(void)sim_buffer_drain(buffer, 0);
	assert_int_equal(words[0], 2);
	assert_int_equal(buffer->count, 0);
	assert_int_equal(buffer->stores, 0);
}

static void halves_of_one_word_drain_in_order(void **state)
{
	struct sim_buffer *buffer = *state;

	sim_buffer_store(buffer, &words[0], 1, 4, false);
	sim_buffer_store(buffer, (char *)&words[0] + 4, 1, 4, false);
	sim_buffer_off(buffer);
	assert_false(sim_buffer_may_drain(buffer, 1));
	assert_true(sim_buffer_holds(buffer, &words[0]));
	assert_false(sim_buffer_holds(buffer, &words[1]));
}

static void plain_stores_overtake_one_another(void **state)
{
	struct sim_buffer *buffer = *state;

	put(buffer, 0, 1, false);
	put(buffer, 8, 2, false);
	assert_true(sim_buffer_may_drain(buffer, 1));
	(void)sim_buffer_drain(buffer, 1);
	assert_int_equal(words[0], 0);
	assert_int_equal(words[8], 2);
	sim_buffer_on(buffer);
	assert_int_equal(words[0], 1);
}

static void a_release_waits_for_all_that_is_older_and_holds_back_nothing(void **state)
{
	struct sim_buffer *buffer = *state;

	put(buffer, 0, 1, false);
	put(buffer, 8, 2, true);
	put(buffer, 16, 3, false);
	assert_false(sim_buffer_may_drain(buffer, 1));
	assert_true(sim_buffer_may_drain(buffer, 2));
	(void)sim_buffer_drain(buffer, 0);
	assert_true(sim_buffer_may_drain(buffer, 0));
}

static void a_fence_keeps_stores_on_their_sides(void **state)
{
	struct sim_buffer *buffer = *state;

	put(buffer, 0, 1, false);
	add(buffer, SIM_FENCE, 0, 0);
	put(buffer, 8, 2, false);
	assert_false(sim_buffer_may_drain(buffer, 1));
	assert_false(sim_buffer_may_drain(buffer, 2));
	(void)sim_buffer_drain(buffer, 0);
	assert_true(sim_buffer_may_drain(buffer, 0));
	(void)sim_buffer_drain(buffer, 0);
	assert_true(sim_buffer_may_drain(buffer, 0));
}

static void a_clean_waits_for_the_stores_to_its_lines_only(void **state)
{
	struct sim_buffer *buffer = *state;

	put(buffer, 1, 1, false);
	put(buffer, 9, 2, false);
	add(buffer, SIM_CLEAN, 8, 64);
	assert_false(sim_buffer_may_drain(buffer, 2));
	(void)sim_buffer_drain(buffer, 1);
	assert_true(sim_buffer_may_drain(buffer, 1));
}

static void a_fence_for_stores_does_not_wait_for_cleans(void **state)
{
	struct sim_buffer *buffer = *state;

	add(buffer, SIM_CLEAN, 8, 64);
	add(buffer, SIM_FENCE, 0, 0);
	put(buffer, 0, 1, false);
	assert_true(sim_buffer_may_drain(buffer, 1));
	(void)sim_buffer_drain(buffer, 1);
	assert_true(sim_buffer_may_drain(buffer, 1));
}

static void the_host_lock_is_free_only_after_everything_else(void **state)
{
	struct sim_buffer *buffer = *state;

	add(buffer, SIM_CLEAN, 8, 64);
	put(buffer, 0, 1, false);
	add(buffer, SIM_UNLOCK, 0, 0);
	assert_false(sim_buffer_may_drain(buffer, 2));
	(void)sim_buffer_drain(buffer, 0);
	assert_false(sim_buffer_may_drain(buffer, 1));
	(void)sim_buffer_drain(buffer, 0);
	assert_true(sim_buffer_may_drain(buffer, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_cpu_sees_its_own_stores_and_nobody_else_does, setup),
		cmocka_unit_test_setup(stores_to_one_word_drain_in_order, setup),
		cmocka_unit_test_setup(halves_of_one_word_drain_in_order, setup),
		cmocka_unit_test_setup(plain_stores_overtake_one_another, setup),
		cmocka_unit_test_setup(a_release_waits_for_all_that_is_older_and_holds_back_nothing, setup),
		cmocka_unit_test_setup(a_fence_keeps_stores_on_their_sides, setup),
		cmocka_unit_test_setup(a_clean_waits_for_the_stores_to_its_lines_only, setup),
		cmocka_unit_test_setup(a_fence_for_stores_does_not_wait_for_cleans, setup),
		cmocka_unit_test_setup(the_host_lock_is_free_only_after_everything_else, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
