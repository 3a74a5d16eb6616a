/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * seeded.h - random numbers for tests: the seed is printed, and a failure is replayed with it.
 */
#ifndef TESTS_UNIT_SEEDED_H
#define TESTS_UNIT_SEEDED_H

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* S2SHADOW_SEED, or else the time. */
static inline uint64_t seeded_start(void)
{
	const char *text = getenv("S2SHADOW_SEED");
	uint64_t seed = text ? strtoull(text, NULL, 0) : (uint64_t)time(NULL);

	printf("S2SHADOW_SEED=%" PRIu64 "\n", seed);
	return seed;
}

/* splitmix64 */
static inline uint64_t seeded_next(uint64_t *state)
{
	uint64_t mixed = *state += UINT64_C(0x9e3779b97f4a7c15);

	mixed = (mixed ^ mixed >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94d049bb133111eb);
	return mixed ^ mixed >> 31;
}

/* Below @limit, which is not 0. */
static inline uint64_t seeded_below(uint64_t *state, uint64_t limit)
{
	return seeded_next(state) % limit;
}

#endif
