/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * random.h - numbers that are the same on every machine, for the same seed.
 */
#ifndef BENCH_RANDOM_H
#define BENCH_RANDOM_H

#include <stdint.h>

/* xorshift64*: any state but zero to begin with. */
static inline uint64_t random_next(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * UINT64_C(0x2545f4914f6cdd1d);
}

/* 0 .. @count - 1 in an order of its own; @seed: not zero. */
static inline void random_order(uint32_t *order, uint32_t count, uint64_t seed)
{
	for (uint32_t i = 0; i < count; i++)
		order[i] = i;
	for (uint32_t i = count; i-- > 1;) {
		uint32_t j = (uint32_t)(random_next(&seed) % (i + 1)), moved = order[i];

		order[i] = order[j];
		order[j] = moved;
	}
}

#endif
