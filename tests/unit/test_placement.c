/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_placement.c - orders of hardware threads on made-up machines, and threads that are bound on this one.
 */
#include "bench/common/placement.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define TWO_NODES "package:2 [numa] l3:1 core:2 pu:2" /* cores have CPUs 0 and 1, 2 and 3, ... */
#define FOUR_L3	  "package:2 [numa] l3:2 core:2 pu:1"

static struct placement placement;

static int this_machine(void **state)
{
	(void)state;
	return unsetenv("HWLOC_SYNTHETIC");
}

static void orders(const char *machine, const char *cpus, const char *expected)
{
	char text[256] = "";

	setenv("HWLOC_SYNTHETIC", machine, 1);
	assert_int_equal(placement_read(&placement, cpus, NULL, false), 0);
	for (unsigned i = 0; i < placement.count; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%d", i ? " " : "", placement.pu[i]);
	assert_string_equal(text, expected);
}

static void threads_get_cores_of_their_own_first(void **state)
{
	(void)state;
	orders(TWO_NODES, NULL, "0 2 4 6 1 3 5 7");
	orders(TWO_NODES, "core", "0 2 4 6 1 3 5 7");
	orders("core:3 pu:1", "core", "0 1 2");
}

static void nodes_and_caches_are_gone_round(void **state)
{
	(void)state;
	orders(TWO_NODES, "node", "0 4 2 6 1 5 3 7");
	orders(FOUR_L3, "l3", "0 2 4 6 1 3 5 7");
	orders(FOUR_L3, "node", "0 4 1 5 2 6 3 7");
}

static void cores_are_filled_up_one_after_the_other(void **state)
{
	(void)state;
	orders(TWO_NODES, "pu", "0 1 2 3 4 5 6 7");
}

static void a_list_is_taken_in_its_order(void **state)
{
	(void)state;
	orders(TWO_NODES, "5", "5");
	orders(TWO_NODES, "7,0-2,4", "7 0 1 2 4");
}

static void each_hardware_thread_knows_its_node(void **state)
{
	(void)state;
	orders(TWO_NODES, "0,3,4,7", "0 3 4 7");
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(placement.node[i], i / 2);
}

/* One line that says what is wrong. */
static void refused(const char *cpus, const char *membind, const char *why)
{
	FILE *file = tmpfile();
	int saved = dup(STDERR_FILENO), result;
	char text[256] = "";

	assert_non_null(file);
	setenv("HWLOC_SYNTHETIC", TWO_NODES, 1);
	fflush(stderr);
	dup2(fileno(file), STDERR_FILENO);
	result = placement_read(&placement, cpus, membind, false);
	fflush(stderr);
	dup2(saved, STDERR_FILENO);
	close(saved);
	rewind(file);
	assert_true(fread(text, 1, sizeof(text) - 1, file) > 0);
	fclose(file);
	assert_int_equal(result, -1);
	assert_non_null(strstr(text, why));
	assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
}

static void what_is_not_there_or_makes_no_sense_is_refused(void **state)
{
	(void)state;
	refused("8", NULL, "no CPU 8");
	refused("0,1,0", NULL, "CPU 0 is named twice");
	refused("0,1-2,2", NULL, "CPU 2 is named twice");
	refused("2-1", NULL, "'2-1' is neither");
	refused("0,", NULL, "'0,' is neither");
	refused("", NULL, "'' is neither");
	refused("-1", NULL, "'-1' is neither");
	refused("0;1", NULL, "'0;1' is neither");
	refused("99999999999999999999", NULL, "is neither");
	refused("cores", NULL, "'cores' is neither");
	refused(NULL, "2", "no NUMA node 2");
	refused(NULL, "0x", "'0x' is neither");
	refused(NULL, "", "'' is neither");
}

static void memory_is_bound_as_it_was_asked_for(void **state)
{
	(void)state;
	setenv("HWLOC_SYNTHETIC", TWO_NODES, 1);
	assert_int_equal(placement_read(&placement, NULL, NULL, false), 0);
	assert_int_equal(placement.membind, PLACEMENT_ANY);
	assert_int_equal(placement_read(&placement, NULL, "local", true), 0);
	assert_int_equal(placement.membind, PLACEMENT_LOCAL);
	assert_true(placement.huge);
	assert_int_equal(placement_read(&placement, NULL, "1", false), 0);
	assert_int_equal(placement.membind, 1);
}

struct bound {
	unsigned thread;
	int result, cpu;
};

static void *bind_and_look(void *ctx)
{
	struct bound *bound = ctx;

	bound->result = placement_bind(&placement, bound->thread);
	bound->cpu = sched_getcpu();
	return NULL;
}

static void threads_run_where_they_are_bound_and_begin_again_after_the_last(void **state)
{
	(void)state;
	assert_int_equal(placement_read(&placement, NULL, "local", false), 0);
	assert_true(placement.count > 0);
	for (unsigned thread = 0; thread < 2 * placement.count && thread < 16; thread++) {
		struct bound bound = { .thread = thread };
		pthread_t id;

		assert_int_equal(pthread_create(&id, NULL, bind_and_look, &bound), 0);
		assert_int_equal(pthread_join(id, NULL), 0);
		assert_int_equal(bound.result, placement.pu[thread % placement.count]);
		assert_int_equal(bound.cpu, bound.result);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(threads_get_cores_of_their_own_first, this_machine),
		cmocka_unit_test_teardown(nodes_and_caches_are_gone_round, this_machine),
		cmocka_unit_test_teardown(cores_are_filled_up_one_after_the_other, this_machine),
		cmocka_unit_test_teardown(a_list_is_taken_in_its_order, this_machine),
		cmocka_unit_test_teardown(each_hardware_thread_knows_its_node, this_machine),
		cmocka_unit_test_teardown(what_is_not_there_or_makes_no_sense_is_refused, this_machine),
		cmocka_unit_test_teardown(memory_is_bound_as_it_was_asked_for, this_machine),
		cmocka_unit_test_teardown(threads_run_where_they_are_bound_and_begin_again_after_the_last, this_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
