/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * bits.h - bit fields as the specifications write them, and reads of memory that others write.
 */
#ifndef SMMUV3_MODEL_BITS_H
#define SMMUV3_MODEL_BITS_H

#include <endian.h>
#include <stdbool.h>
#include <stdint.h>

/** bits_mask() - bits HIGH:LOW set, both inclusive, 63 >= high >= low. */
static inline uint64_t bits_mask(unsigned high, unsigned low)
{
	return (~UINT64_C(0) >> (63 - high)) & (~UINT64_C(0) << low);
}

static inline uint64_t bits_get(uint64_t word, unsigned high, unsigned low)
{
	return (word & bits_mask(high, low)) >> low;
}

static inline bool bit_get(uint64_t word, unsigned bit)
{
	return (word >> bit) & 1;
}

static inline uint64_t bits_put(uint64_t value, unsigned low)
{
	return value << low;
}

/** load64() - one single-copy atomic little-endian read, as a walker makes it. */
static inline uint64_t load64(const void *memory)
{
	return le64toh(__atomic_load_n((const uint64_t *)memory, __ATOMIC_ACQUIRE));
}

static inline void store64(void *memory, uint64_t value)
{
	__atomic_store_n((uint64_t *)memory, htole64(value), __ATOMIC_RELEASE);
}

#endif
