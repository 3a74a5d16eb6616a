/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_platform_memory.c - the hosted platform's memory: zeroed, untouched, and where it was asked for.
 */
#include "engine/platform/linux.h"

#include <linux/mempolicy.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#define MIB ((size_t)1 << 20)

static const struct platform_linux_place anywhere = { PLATFORM_LINUX_ANY_NODE, false };

static int back_to_anywhere(void **state)
{
	(void)state;
	return platform_linux_set_place(anywhere) ? 0 : -1;
}

static size_t resident_bytes(void)
{
	unsigned long total = 0, resident = 0;
	FILE *file = fopen("/proc/self/statm", "r");

	assert_non_null(file);
	assert_int_equal(fscanf(file, "%lu %lu", &total, &resident), 2);
	fclose(file);
	return resident * (size_t)sysconf(_SC_PAGESIZE);
}

static void memory_is_aligned_and_zeroed_even_when_it_was_used_before(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 4; round++) {
		size_t bytes = (size_t)3 << 20, align = (size_t)2 << 20;
		unsigned char *memory = platform_linux_alloc(bytes, align);

		assert_non_null(memory);
		assert_int_equal((uintptr_t)memory % align, 0);
		for (size_t i = 0; i < bytes; i++)
			if (memory[i])
				fail_msg("byte %zu is 0x%x in round %u", i, memory[i], round);
		memset(memory, 0xa5, bytes);
		platform_linux_free(memory, bytes);
	}
}

static void two_gibibytes_of_memory_are_not_touched_until_used(void **state)
{
	size_t bytes = (size_t)2150 << 20, before = resident_bytes();

	(void)state;
	for (unsigned round = 0; round < 2; round++) {
		char *memory = platform_linux_alloc(bytes, (size_t)2 << 20);

		if (!memory)
			skip();
		assert_true(resident_bytes() < before + ((size_t)64 << 20));
		assert_int_equal(memory[bytes / 2], 0);
		assert_int_equal(memory[bytes - 1], 0);
		memset(memory, 1, (size_t)8 << 20);
		platform_linux_free(memory, bytes);
		assert_true(resident_bytes() < before + ((size_t)64 << 20));
	}
}

static void impossible_sizes_are_refused(void **state)
{
	(void)state;
	assert_null(platform_linux_alloc(0, 64));
	assert_null(platform_linux_alloc((size_t)1 << 60, 64));
	platform_linux_free(NULL, 0);
}

/* ---- places -------------------------------------------------------------------------------------------------- */

/* The kernel's policy for the page of @memory; -1 if it does not tell. */
static int policy_of(void *memory, unsigned long *nodes)
{
	int policy = -1;

	*nodes = 0;
	if (syscall(SYS_get_mempolicy, &policy, nodes, 65ul, memory, (unsigned long)MPOL_F_ADDR))
		return -1;
	return policy;
}

/* A number behind @name in the part of smaps that is about @memory's mapping. */
static unsigned long mapping_kib(const void *memory, const char *name)
{
	FILE *file = fopen("/proc/self/smaps", "r");
	unsigned long start, end, kib = 0;
	bool within = false;
	char line[256];

	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
			within = start <= (uintptr_t)memory && (uintptr_t)memory < end;
		else if (within && !strncmp(line, name, strlen(name)))
			sscanf(line + strlen(name), " %lu", &kib);
	}
	fclose(file);
	return kib;
}

static bool system_has_huge_pages(void)
{
	FILE *file = fopen("/sys/kernel/mm/transparent_hugepage/enabled", "r");
	char text[64] = "[never]";

	if (!file)
		return false;
	if (!fgets(text, sizeof(text), file))
		text[0] = '\0';
	fclose(file);
	return !strstr(text, "[never]");
}

static void memory_comes_from_the_node_that_was_asked_for(void **state)
{
	struct platform_linux_place node = { 0, false };
	unsigned long nodes;
	void *memory;

	(void)state;
	if (!platform_linux_set_place(node))
		skip(); /* sanitized, or a system that does not let us choose */
	memory = platform_linux_alloc(3 * MIB, 4096);
	assert_non_null(memory);
	assert_int_equal(policy_of(memory, &nodes), MPOL_BIND);
	assert_int_equal(nodes, 1);
	platform_linux_free(memory, 3 * MIB);

	assert_true(platform_linux_set_place(anywhere));
	memory = platform_linux_alloc(3 * MIB, 4096);
	assert_non_null(memory);
	assert_int_equal(policy_of(memory, &nodes), MPOL_DEFAULT);
	platform_linux_free(memory, 3 * MIB);
}

static void a_node_that_is_not_there_is_refused_and_nothing_changes(void **state)
{
	unsigned long nodes;
	void *memory;

	(void)state;
	assert_false(platform_linux_set_place((struct platform_linux_place){ 63, false }));
	assert_false(platform_linux_set_place((struct platform_linux_place){ 64, false }));
	assert_false(platform_linux_set_place((struct platform_linux_place){ -2, false }));
	memory = platform_linux_alloc(3 * MIB, 4096);
	assert_non_null(memory);
	assert_int_equal(policy_of(memory, &nodes), MPOL_DEFAULT);
	platform_linux_free(memory, 3 * MIB);
}

static void huge_pages_are_used_where_they_are_asked_for(void **state)
{
	unsigned char *small = platform_linux_alloc(8 * MIB, 4096), *huge;

	(void)state;
	if (!system_has_huge_pages() ||
	    !platform_linux_set_place((struct platform_linux_place){ PLATFORM_LINUX_ANY_NODE, true })) {
		platform_linux_free(small, 8 * MIB);
		skip();
	}
	huge = platform_linux_alloc(8 * MIB, 4096);
	assert_non_null(small);
	assert_non_null(huge);
	for (size_t i = 0; i < 8 * MIB; i += 4096) {
		assert_int_equal(huge[i], 0);
		small[i] = huge[i] = 1;
	}
	assert_in_range(mapping_kib(huge, "AnonHugePages:"), 2048, 1 << 20);
	platform_linux_free(huge, 8 * MIB);
	platform_linux_free(small, 8 * MIB);
}

static void *place_of_another_thread(void *ctx)
{
	unsigned long nodes;
	void *memory = platform_linux_alloc(3 * MIB, 4096);

	*(int *)ctx = memory ? policy_of(memory, &nodes) : -1;
	platform_linux_free(memory, 3 * MIB);
	return NULL;
}

static void a_place_is_one_thread_s_own(void **state)
{
	int policy = -1;
	pthread_t thread;

	(void)state;
	if (!platform_linux_set_place((struct platform_linux_place){ 0, false }))
		skip();
	assert_int_equal(pthread_create(&thread, NULL, place_of_another_thread, &policy), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(policy, MPOL_DEFAULT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_aligned_and_zeroed_even_when_it_was_used_before),
		cmocka_unit_test(two_gibibytes_of_memory_are_not_touched_until_used),
		cmocka_unit_test(impossible_sizes_are_refused),
		cmocka_unit_test_teardown(memory_comes_from_the_node_that_was_asked_for, back_to_anywhere),
		cmocka_unit_test_teardown(a_node_that_is_not_there_is_refused_and_nothing_changes, back_to_anywhere),
		cmocka_unit_test_teardown(huge_pages_are_used_where_they_are_asked_for, back_to_anywhere),
		cmocka_unit_test_teardown(a_place_is_one_thread_s_own, back_to_anywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
