/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_generate.c - generated workloads: where folios lie, and what settings are refused.
 *
 * Whole generated traces are replayed by tests/cli/inputs.py.
 */
#include "bench/trace/generate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/seeded.h"

#define VMS   3u
#define STEPS 200u

static struct generate_workload workload;
static struct generate_vm vm[VMS];

static void set(const char *key, const char *value)
{
	char why[GENERATE_WHY_BYTES];

	if (generate_set(&workload, key, value, why))
		fail_msg("%s %s is refused", key, value);
}

static int set_up(void **state)
{
	(void)state;
	generate_defaults(&workload);
	memset(vm, 0, sizeof(vm));
	return 0;
}

static void place(uint64_t seed)
{
	assert_int_equal(generate_check(&workload), 0);
	assert_int_equal(generate_place(&workload, vm, &seed), 0);
}

static int by_start(const void *left, const void *right)
{
	const struct generate_unit *a = left, *b = right;

	return (a->start > b->start) - (a->start < b->start);
}

/* All units of all VMs: inside the host, aligned, disjoint, as much as was asked for. */
static void check_units(void)
{
	struct generate_unit *all = NULL;
	uint64_t bytes = 0;
	size_t count = 0;

	for (size_t i = 0; i < workload.vms; i++) {
		all = realloc(all, (count + vm[i].units) * sizeof(*all));
		assert_non_null(all);
		memcpy(all + count, vm[i].unit, vm[i].units * sizeof(*all));
		count += vm[i].units;
	}
	qsort(all, count, sizeof(*all), by_start);
	for (size_t i = 0; i < count; i++) {
		uint64_t unit = (uint64_t)all[i].pages << TRACE_PAGE_LG2;

		assert_int_equal(all[i].start % unit, 0);
		assert_true(all[i].start >= GENERATE_BASE);
		assert_true(all[i].start + unit <= GENERATE_BASE + workload.memory_bytes);
		assert_true(i == 0 || all[i - 1].start + ((uint64_t)all[i - 1].pages << TRACE_PAGE_LG2) <=
					      all[i].start);
		bytes += unit;
	}
	assert_int_equal(bytes, workload.vm_bytes * workload.vms);
	free(all);
}

static void folios_of_any_mix_are_aligned_and_disjoint_and_fill_the_vms(void **state)
{
	static const char *const folios[] = { "4K", "4K:70,64K:30", "2M", "2M:60,64K:30,4K:10",
					      "16K,32K,1M" };
	static const char *const memories[] = { "48M", "64M", "1G", "4T" };
	uint64_t random = seeded_start();

	(void)state;
	for (unsigned i = 0; i < STEPS; i++) {
		char percent[8];

		generate_defaults(&workload);
		snprintf(percent, sizeof(percent), "%u", (unsigned)(seeded_next(&random) % 101));
		set("fragmentation", percent);
		set("folio", folios[seeded_next(&random) % 5]);
		set("memory", memories[seeded_next(&random) % 4]);
		set("vm-memory", "16M");
		set("vms", seeded_next(&random) % 2 ? "3" : "1");
		set("call", seeded_next(&random) % 2 ? "4K" : "2M");
		set("ordinary", seeded_next(&random) % 2 ? "0" : "50");
		memset(vm, 0, sizeof(vm));
		place(seeded_next(&random));
		check_units();
		generate_unplace(&workload, vm);
	}
}

static void fragmentation_parts_that_share_of_the_folios(void **state)
{
	size_t apart = 0;

	(void)state;
	set("vm-memory", "64M");
	set("fragmentation", "25");
	place(7);

	for (size_t i = 1; i < vm[0].units; i++)
		apart += vm[0].unit[i].start != vm[0].unit[i - 1].start + TRACE_PAGE_BYTES;
	assert_in_range(apart, vm[0].units * 23 / 100, vm[0].units * 27 / 100);
	generate_unplace(&workload, vm);
}

static void folios_without_fragmentation_follow_one_another(void **state)
{
	(void)state;
	set("vm-memory", "8M");
	place(7);

	for (size_t i = 1; i < vm[0].units; i++)
		assert_int_equal(vm[0].unit[i].start, vm[0].unit[i - 1].start + TRACE_PAGE_BYTES);
	generate_unplace(&workload, vm);
}

static void the_mix_has_the_shares_asked_for(void **state)
{
	uint64_t large = 0;

	(void)state;
	set("vm-memory", "64M");
	set("folio", "4K:25,2M:75");
	set("call", "2M");
	place(7);

	for (size_t i = 0; i < vm[0].units; i++)
		large += vm[0].unit[i].pages == 512;
	assert_int_equal(large, 24);
	generate_unplace(&workload, vm);
}

static void ordinary_vms_are_spread_over_all(void **state)
{
	(void)state;
	set("vms", "3");
	set("vm-memory", "4M");
	set("ordinary", "67");
	place(7);

	assert_int_equal(vm[0].ordinary + vm[1].ordinary + vm[2].ordinary, 2);
	generate_unplace(&workload, vm);
}

static void a_random_number_is_the_same_everywhere(void **state)
{
	uint64_t random = 1;

	(void)state;
	assert_true(generate_random(&random) == UINT64_C(0x910a2dec89025cc1));
	assert_true(generate_random(&random) == UINT64_C(0xbeeb8da1658eec67));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(folios_of_any_mix_are_aligned_and_disjoint_and_fill_the_vms, set_up),
		cmocka_unit_test_setup(fragmentation_parts_that_share_of_the_folios, set_up),
		cmocka_unit_test_setup(folios_without_fragmentation_follow_one_another, set_up),
		cmocka_unit_test_setup(the_mix_has_the_shares_asked_for, set_up),
		cmocka_unit_test_setup(ordinary_vms_are_spread_over_all, set_up),
		cmocka_unit_test_setup(a_random_number_is_the_same_everywhere, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
