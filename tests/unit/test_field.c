/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_field.c - bit fields: masks, values that fit and values that do not.
 */
#ifndef SHADOW_DEBUG
#define SHADOW_DEBUG 1 /* the checks are under test */
#endif
#include "smmuv3/field.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/fake_smmu.h"

static void a_mask_has_both_of_its_ends(void **state)
{
	(void)state;

	assert_int_equal(SMMU_BITS(0, 0), 1);
	assert_int_equal(SMMU_BITS(63, 63), UINT64_C(1) << 63);
	assert_int_equal(SMMU_BITS(63, 0), UINT64_MAX);
	assert_int_equal(SMMU_BITS(11, 10), 0xc00);
	assert_int_equal(SMMU_BITS(55, 12), UINT64_C(0x00fffffffffff000));
}

static void the_largest_value_fits_and_the_next_does_not(void **state)
{
	(void)state;

	for (unsigned lo = 0; lo < 64; lo++) {
		for (unsigned hi = lo; hi < 64; hi++) {
			uint64_t mask = SMMU_BITS(hi, lo);
			uint64_t max = UINT64_MAX >> (63 - (hi - lo));

			assert_true(FIELD_FITS(mask, max));
			assert_int_equal(FIELD_FITS(mask, max + 1), max == UINT64_MAX);
			assert_int_equal(field_prep_variable(mask, max), mask);
			assert_int_equal(field_get(mask, mask), max);
			assert_int_equal(field_get(mask, ~mask), 0);
		}
	}
}

static void a_constant_becomes_a_constant_of_its_field(void **state)
{
	(void)state;

	assert_int_equal(field_prep(SMMU_BITS(9, 8), 3), 0x300);
	assert_int_equal(field_prep(SMMU_BITS(63, 59), 31), UINT64_C(31) << 59);
	assert_int_equal(field_prep(SMMU_BITS(63, 0), UINT64_MAX), UINT64_MAX);
}

static void a_variable_never_spills_into_the_next_field(void **state)
{
	volatile uint64_t value = 4;

	(void)state;

	expect_assert_failure((void)field_prep(SMMU_BITS(9, 8), value));
}

static void a_requirement_that_fails_panics_in_every_build(void **state)
{
	volatile unsigned value = 4;

	(void)state;

	shadow_require(value == 4);
	expect_assert_failure(shadow_require(value == 5));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_mask_has_both_of_its_ends),
		cmocka_unit_test(the_largest_value_fits_and_the_next_does_not),
		cmocka_unit_test(a_constant_becomes_a_constant_of_its_field),
		cmocka_unit_test(a_variable_never_spills_into_the_next_field),
		cmocka_unit_test(a_requirement_that_fails_panics_in_every_build),
	};

	fake_reset();
	return cmocka_run_group_tests_name("field", tests, NULL, NULL);
}
