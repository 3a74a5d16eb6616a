/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_simulate.c - the simulator: seeds that are clean, the same run again from a seed, and a host's bug that shows.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bench/simulate/simulate_run.h"

#define SEEDS 40u

static struct simulate world, again;

static uint64_t first_seed(void)
{
	const char *given = getenv("S2SHADOW_SEED");

	return given ? strtoull(given, NULL, 0) : 1;
}

static void run_seeds(const struct simulate_options *options, unsigned count)
{
	uint64_t seed = first_seed();

	for (unsigned i = 0; i < count; i++, seed++) {
		int result = simulate_seed(&world, options, seed);

		if (result > 0) {
			simulate_history_print(&world.history, stderr, world.violation_page, world.violation_count);
			print_error("S2SHADOW_SEED=%llu: %s\n", (unsigned long long)seed, world.violation);
		}
		simulate_close(&world);
		assert_int_equal(result, 0);
		assert_true(world.counts.transitions >= options->transitions);
		assert_true(world.counts.accesses >= options->accesses);
	}
}

static void machines_of_every_shape_keep_the_rules(void **state)
{
	struct simulate_options options;

	(void)state;
	simulate_options_default(&options);
	options.transitions = 500;
	options.accesses = 2500;
	run_seeds(&options, SEEDS);
}

static void one_cpu_keeps_the_rules(void **state)
{
	struct simulate_options options;

	(void)state;
	simulate_options_default(&options);
	options.cpus = 1;
	options.transitions = 500;
	run_seeds(&options, 4);
}

static void as_many_cpus_as_there_may_be_keep_the_rules(void **state)
{
	struct simulate_options options;

	(void)state;
	simulate_options_default(&options);
	options.cpus = SIM_CPUS_MAX;
	options.transitions = 600;
	run_seeds(&options, 2);
}

static void as_many_smmus_as_there_may_be_keep_the_rules(void **state)
{
	struct simulate_options options;

	(void)state;
	simulate_options_default(&options);
	options.smmus = SIMULATE_SMMUS_MAX;
	options.nested = 1;
	options.transitions = 500;
	run_seeds(&options, 2);
}

static void smmus_that_are_not_coherent_keep_the_rules(void **state)
{
	struct simulate_options options;

	(void)state;
	simulate_options_default(&options);
	options.non_coherent = 1;
	options.transitions = 500;
	run_seeds(&options, 6);
}

static void a_seed_gives_the_same_run_again(void **state)
{
	struct simulate_options options;

	(void)state;
	simulate_options_default(&options);
	options.transitions = 500;
	assert_int_equal(simulate_seed(&world, &options, 7), 0);
	simulate_close(&world);
	assert_int_equal(simulate_seed(&again, &options, 7), 0);
	simulate_close(&again);
	assert_memory_equal(&world.counts, &again.counts, sizeof(world.counts));
	assert_memory_equal(&world.history.event, &again.history.event, sizeof(world.history.event));
}

static void another_seed_gives_another_run(void **state)
{
	struct simulate_options options;

	(void)state;
	simulate_options_default(&options);
	options.transitions = 500;
	assert_int_equal(simulate_seed(&world, &options, 8), 0);
	simulate_close(&world);
	assert_int_equal(simulate_seed(&again, &options, 9), 0);
	simulate_close(&again);
	assert_memory_not_equal(&world.counts, &again.counts, sizeof(world.counts));
}

static void a_host_that_does_not_mark_pages_pending_is_caught(void **state)
{
	struct simulate_options options;
	int result = 0;

	(void)state;
	simulate_options_default(&options);
	options.no_pending = true;
	for (uint64_t seed = 1; seed <= 40 && !result; seed++) {
		result = simulate_seed(&world, &options, seed);
		simulate_close(&world);
	}
	assert_int_equal(result, 1);
	assert_non_null(strstr(world.violation, "handed over"));
}

static void stores_leave_the_buffers_out_of_order(void **state)
{
	struct simulate_options options;

	(void)state;
	simulate_options_default(&options);
	options.cpus = 4;
	options.transitions = 500;
	assert_int_equal(simulate_seed(&world, &options, 1), 0);
	simulate_close(&world);
	assert_true(world.counts.reordered > 1000);
	assert_true(world.counts.switches > 1000);
	assert_true(world.counts.in_flight > 10);
}

/* At the end, when all has drained, memory says of each descriptor what the models were told of it. */
static void models_are_told_of_every_descriptor(void **state)
{
	struct simulate_options options;
	const uint64_t *memory;
	unsigned told = 0;

	(void)state;
	simulate_options_default(&options);
	options.cpus = 4;
	options.transitions = 500;
	assert_int_equal(simulate_seed(&world, &options, 1), 0);
	memory = world.pool.virt;
	for (size_t i = 0; i < world.pool.bytes / sizeof(*memory); i++) {
		if (world.told[i])
			assert_int_equal(world.told[i], memory[i]);
		told += world.told[i] != 0;
	}
	simulate_close(&world);
	assert_true(told > 500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(machines_of_every_shape_keep_the_rules),
		cmocka_unit_test(one_cpu_keeps_the_rules),
		cmocka_unit_test(as_many_cpus_as_there_may_be_keep_the_rules),
		cmocka_unit_test(as_many_smmus_as_there_may_be_keep_the_rules),
		cmocka_unit_test(smmus_that_are_not_coherent_keep_the_rules),
		cmocka_unit_test(a_seed_gives_the_same_run_again),
		cmocka_unit_test(another_seed_gives_another_run),
		cmocka_unit_test(a_host_that_does_not_mark_pages_pending_is_caught),
		cmocka_unit_test(stores_leave_the_buffers_out_of_order),
		cmocka_unit_test(models_are_told_of_every_descriptor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
