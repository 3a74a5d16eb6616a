/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_likeness.c - a trace taken apart into runs, and orders drawn anew that keep all neighbours.
 */
#include "bench/trace/generate_likeness.h"

#include <string.h>

#include "trace_text.h"

#define COUNT 400u
#define KINDS 7u
#define STEPS 200u

#define HEAD                                 \
	TRACE_TEXT_MAGIC TRACE_TEXT_SNAPSHOT \
		"# G ia_bits 36 start_level 1 pgd_pages 1\n# R 0 40000000 4000000 flags 0\n"

static struct trace trace;
static struct likeness likeness;

static void take_apart(const char *text)
{
	trace_text_load(text, &trace);
	assert_int_equal(likeness_init(&likeness, &trace), 0);
}

static int tear_down(void **state)
{
	(void)state;
	likeness_free(&likeness);
	trace_free(&trace);
	return 0;
}

static void another_order_keeps_the_ends_and_every_neighbourhood(void **state)
{
	uint64_t random = trace_text_seed();
	unsigned moved = 0;

	(void)state;
	for (unsigned step = 0; step < STEPS; step++) {
		uint32_t kind[COUNT], order[COUNT], pairs[KINDS][KINDS] = { { 0 } };
		bool seen[COUNT] = { false };

		for (unsigned i = 0; i < COUNT; i++)
			kind[i] = (uint32_t)(trace_text_random(&random) % (1 + step % KINDS));
		assert_int_equal(likeness_rearrange(kind, COUNT, order, &random), 0);

		assert_int_equal(order[0], 0);
		assert_int_equal(kind[order[COUNT - 1]], kind[COUNT - 1]);
		for (unsigned i = 0; i < COUNT; i++) {
			assert_false(seen[order[i]]);
			seen[order[i]] = true;
			moved += order[i] != i;
			if (i) {
				pairs[kind[i - 1]][kind[i]]++;
				pairs[kind[order[i - 1]]][kind[order[i]]]--;
			}
		}
		for (unsigned i = 0; i < KINDS * KINDS; i++)
			assert_int_equal(pairs[i / KINDS][i % KINDS], 0);
	}
	assert_true(moved > STEPS * COUNT / 2);
}

static void a_run_ends_with_its_direction_cause_or_size(void **state)
{
	(void)state;
	take_apart(HEAD "T 1 0 1 a 40001000 1000 O N u\n"
			"T 2 0 2 a 40002000 1000 O N u\n" /* up */
			"T 3 0 3 a 40001000 1000 N O u\n" /* another change */
			"T 4 0 4 a 40000000 1000 O N u\n"
			"T 5 0 5 b 40001000 1000 O N u\n"   /* another cause */
			"T 6 0 6 b 40003000 1000 O N u\n"   /* elsewhere */
			"T 7 0 7 b 40004000 2000 O N u\n"); /* another size */

	assert_int_equal(likeness.runs, 6);
	assert_int_equal(likeness.run[0].count, 2);
	assert_false(likeness.run[0].down);
}

static void a_run_goes_down_as_well(void **state)
{
	(void)state;
	take_apart(HEAD "T 1 0 1 a 40004000 1000 O N u\n"
			"T 2 0 2 a 40003000 1000 O N u\n"
			"T 3 0 3 a 40002000 1000 O N u\n"
			"T 4 0 4 a 40003000 1000 N O u\n");

	assert_int_equal(likeness.runs, 2);
	assert_int_equal(likeness.run[0].count, 3);
	assert_true(likeness.run[0].down);
}

static void a_run_knows_how_old_its_pages_were(void **state)
{
	(void)state;
	take_apart(HEAD "T 1 0 1 a 40000000 1000 O N u\n"
			"T 2 1 2 a 40100000 1000 O N u\n"
			"T 3 0 3 a 40000000 1000 N O u\n");

	assert_int_equal(likeness.runs, 3);
	assert_true(likeness.run[0].fresh);
	assert_int_equal(likeness.run[0].page, 0x40000);
	assert_false(likeness.run[1].fresh);
	assert_int_equal(likeness.run[1].distance, 2);
	assert_int_equal(likeness.first[1], 2); /* CPU by CPU */
	assert_int_equal(likeness.turns, 3);
	assert_int_equal(likeness.turn[1].cpu, 1);
}

static void a_run_knows_where_trips_end(void **state)
{
	(void)state;
	take_apart(HEAD "T 1 0 1 a 40000000 1000 O N u\n"
			"T 2 0 2 a 40001000 1000 O N u\n"
			"X 3 0 3 hvc one 10 2 0 0\n"
			"X 4 0 4 hvc none 11 0 0 0\n"
			"T 5 0 5 a 40002000 1000 O N u\n");

	assert_int_equal(likeness.runs, 1);
	assert_int_equal(likeness.run[0].ends, 1);
	assert_false(likeness.run[0].last_ends);
	assert_int_equal(likeness.trips, 1);
	assert_int_equal(likeness.trip_ns[0], 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(another_order_keeps_the_ends_and_every_neighbourhood),
		cmocka_unit_test_teardown(a_run_ends_with_its_direction_cause_or_size, tear_down),
		cmocka_unit_test_teardown(a_run_goes_down_as_well, tear_down),
		cmocka_unit_test_teardown(a_run_knows_how_old_its_pages_were, tear_down),
		cmocka_unit_test_teardown(a_run_knows_where_trips_end, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
