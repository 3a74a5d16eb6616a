/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * field.h - bit fields of registers, commands, stream table entries and descriptors.
 *
 * Owns: a value never spills out of its field. A field is its mask, written as the specification
 * writes it, SMMU_BITS(high, low); the shift follows from the mask, so a width appears once.
 */
#ifndef SMMUV3_FIELD_H
#define SMMUV3_FIELD_H

#include <stdint.h>

#include "engine/assert.h"

/* Everything that the SMMU reads is little-endian, and the core stores words as the CPU has them. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the core runs on little-endian CPUs");

/* Bits hi .. lo of a word, both inclusive, as a mask. */
#define SMMU_BITS(hi, lo) ((UINT64_MAX >> (63 - (hi))) & (UINT64_MAX << (lo)))

/* The largest value that fits. */
#define FIELD_MAX(mask) ((mask) / ((mask) & (~(mask) + 1)))

#define FIELD_FITS(mask, value) ((uint64_t)(value) <= FIELD_MAX(mask))

/* Zero; does not compile if @value is a constant that does not fit. */
#define FIELD_CHECK_CONSTANT(mask, value)                                                                \
	(0 * sizeof(struct {                                                                             \
		 _Static_assert(                                                                         \
			 FIELD_FITS(mask, __builtin_choose_expr(__builtin_constant_p(value), value, 0)), \
			 "value does not fit its field");                                                \
		 char unused;                                                                            \
	 }))

static inline uint64_t field_prep_variable(uint64_t mask, uint64_t value)
{
	shadow_assert(FIELD_FITS(mask, value));
	return (value << __builtin_ctzll(mask)) & mask;
}

/* @value at its field's place; @mask is a constant. */
#define field_prep(mask, value) (FIELD_CHECK_CONSTANT(mask, value) + field_prep_variable(mask, value))

/* The field's value out of @word; @mask is not zero. */
static inline uint64_t field_get(uint64_t mask, uint64_t word)
{
	return (word & mask) >> __builtin_ctzll(mask);
}

#endif
