/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_machine.c - topology, pinning and what the kernel says, against what the system's own calls say.
 */
#include "bench/common/machine.h"
#include "bench/common/placement.h"

#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cmocka.h>

static void the_machine_has_a_core_memory_and_a_cpu_to_measure_on(void **state)
{
	struct machine machine;

	(void)state;
	machine_read(&machine);

	assert_true(machine.cores >= 1);
	assert_true(machine.pus >= machine.cores);
	assert_true(machine.memory_bytes > 0);
	assert_true(machine.measuring_pu >= 0);
	assert_true(strlen(machine.cpu) > 0);
	assert_true(strlen(machine.governor) > 0);
}

static void the_kernel_is_named_with_its_release(void **state)
{
	struct machine machine;
	struct utsname name;

	(void)state;
	assert_int_equal(uname(&name), 0);
	machine_read(&machine);

	assert_non_null(strstr(machine.kernel, name.sysname));
	assert_non_null(strstr(machine.kernel, name.machine));
}

static void caches_have_names_and_sizes(void **state)
{
	struct machine machine;

	(void)state;
	machine_read(&machine);

	for (unsigned i = 0; i < machine.cache_count; i++) {
		assert_int_equal(machine.cache[i].name[0], 'L');
		assert_true(machine.cache[i].bytes > 0);
	}
}

static void a_pinned_thread_runs_on_the_cpu_that_measures(void **state)
{
	struct placement placement;
	struct machine machine;
	cpu_set_t before, after;
	int cpu;

	(void)state;
	machine_read(&machine);
	assert_int_equal(placement_read(&placement, NULL, NULL, false), 0);
	assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
	cpu = placement_bind(&placement, 0);
	if (cpu < 0)
		skip();

	assert_int_equal(cpu, machine.measuring_pu);
	assert_int_equal(sched_getaffinity(0, sizeof(after), &after), 0);
	assert_int_equal(CPU_COUNT(&after), 1);
	assert_true(CPU_ISSET(cpu, &after));
	assert_int_equal(sched_getcpu(), cpu);
	assert_int_equal(sched_setaffinity(0, sizeof(before), &before), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_machine_has_a_core_memory_and_a_cpu_to_measure_on),
		cmocka_unit_test(the_kernel_is_named_with_its_release),
		cmocka_unit_test(caches_have_names_and_sizes),
		cmocka_unit_test(a_pinned_thread_runs_on_the_cpu_that_measures),
	};

	return cmocka_run_group_tests_name("machine", tests, NULL, NULL);
}
