/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_machine_doubts.c - made-up proc and sys folders, each with one reason to doubt a measurement.
 */
#include "bench/common/machine_doubts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#define CPU "/sys/devices/system/cpu"

static char root[64];
static struct machine_doubts doubts;

static int set_up(void **state)
{
	(void)state;
	strcpy(root, "/tmp/test_machine_doubts.XXXXXX");
	return mkdtemp(root) ? 0 : -1;
}

static int tear_down(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", root);
	return system(command);
}

static void put(const char *path, const char *text)
{
	char command[256];
	FILE *file;

	snprintf(command, sizeof(command), "mkdir -p $(dirname %s%s)", root, path);
	assert_int_equal(system(command), 0);
	snprintf(command, sizeof(command), "%s%s", root, path);
	file = fopen(command, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

/* NULL: there is nothing to doubt. */
static void is_doubted(const char *why)
{
	machine_doubts_read(&doubts, root, 4);
	assert_int_equal(doubts.count, why ? 1 : 0);
	if (why)
		assert_string_equal(doubts.text[0], why);
}

static void a_system_that_shows_nothing_is_not_doubted(void **state)
{
	(void)state;
	is_doubted(NULL);
}

static void a_quiet_machine_with_a_steady_clock_is_not_doubted(void **state)
{
	(void)state;
	put(CPU "/cpu0/cpufreq/scaling_governor", "performance\n");
	put(CPU "/intel_pstate/no_turbo", "1\n");
	put(CPU "/cpufreq/boost", "0\n");
	put("/proc/cpuinfo", "processor : 0\nflags\t\t: fpu vme\n");
	put("/proc/stat", "cpu  50 0 20 900 10 5 5 9 0 0\ncpu0 1 2\n");
	put("/proc/loadavg", "0.20 2.00 3.00 1/100 7\n");
	is_doubted(NULL);
}

static void a_clock_that_follows_the_load_is_doubted(void **state)
{
	(void)state;
	put(CPU "/cpu0/cpufreq/scaling_governor", "schedutil\n");
	is_doubted("the clock follows the load: its governor is schedutil, not performance");
}

static void turbo_is_doubted_by_either_name(void **state)
{
	(void)state;
	put(CPU "/intel_pstate/no_turbo", "0\n");
	is_doubted("the clock may rise above its nominal speed (turbo)");
	put(CPU "/intel_pstate/no_turbo", "1\n");
	put(CPU "/cpufreq/boost", "1\n");
	is_doubted("the clock may rise above its nominal speed (turbo)");
}

static void a_virtual_machine_is_doubted(void **state)
{
	(void)state;
	put("/proc/cpuinfo", "processor : 0\nflags\t\t: fpu hypervisor vme\n");
	is_doubted("a virtual machine: what shares its caches and memory is not seen");
}

static void stolen_time_is_doubted(void **state)
{
	(void)state;
	put("/proc/stat", "cpu  50 0 20 850 10 5 5 60 0 0\n");
	is_doubted("others have had 6 % of its CPUs' time (steal)");
}

static void other_work_is_doubted(void **state)
{
	(void)state;
	put("/proc/loadavg", "1.70 0.10 0.10 3/100 7\n");
	is_doubted("other work was running: a load of 1.7 in the last minute");
}

static void a_single_cpu_is_doubted(void **state)
{
	(void)state;
	machine_doubts_read(&doubts, root, 1);
	assert_int_equal(doubts.count, 1);
	assert_non_null(strstr(doubts.text[0], "one CPU"));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_system_that_shows_nothing_is_not_doubted),
		CASE(a_quiet_machine_with_a_steady_clock_is_not_doubted),
		CASE(a_clock_that_follows_the_load_is_doubted),
		CASE(turbo_is_doubted_by_either_name),
		CASE(a_virtual_machine_is_doubted),
		CASE(stolen_time_is_doubted),
		CASE(other_work_is_doubted),
		CASE(a_single_cpu_is_doubted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
