/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * near.h - numbers that are not whole, in tests: cmocka compares floats alone.
 */
#ifndef TESTS_UNIT_NEAR_H
#define TESTS_UNIT_NEAR_H

#include <math.h>
#include <stdio.h>

/* Is @value within @off of @wanted? Says so where it is not. */
static inline int is_near(double value, double wanted, double off)
{
	if (fabs(value - wanted) <= off)
		return 1;
	fprintf(stderr, "%.12g is not within %g of %.12g\n", value, off, wanted);
	return 0;
}

#define assert_near(value, wanted, off) assert_true(is_near(value, wanted, off))

#endif
