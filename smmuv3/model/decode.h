/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * decode.h - what the bits of stream table entries and stage-2 descriptors mean. Pure functions.
 * walk_entry() alone reads memory: it is in walk.c.
 */
#ifndef SMMUV3_MODEL_DECODE_H
#define SMMUV3_MODEL_DECODE_H

#include "model.h"

enum ste_kind {
	STE_ILLEGAL, /* V=0 or not legal: aborts with C_BAD_STE */
	STE_ABORT,   /* aborts without an event */
	STE_BYPASS,
	STE_STAGE1, /* stage 1 only: modelled as an identity map */
	STE_STAGE2, /* stage 2, with or without stage 1 above it */
};

struct ste_view {
	enum ste_kind kind;
	bool ats;		    /* EATS: the device may ask for translations and keep them */
	bool misaligned;	    /* S2TTB is not aligned to its tables: the low bits are ignored */
	struct model_stage2 stage2; /* when kind is STE_STAGE2 */
};

struct ste_view decode_ste(const uint64_t ste[8], const struct model_config *config);

enum descriptor_kind {
	DESCRIPTOR_INVALID,  /* bit 0 clear */
	DESCRIPTOR_RESERVED, /* bit 0 set, but no such form at this level: acts as invalid */
	DESCRIPTOR_TABLE,
	DESCRIPTOR_LEAF,
};

enum descriptor_kind decode_kind(const struct model_stage2 *stage2, int level, uint64_t value);
/** decode_flaw() - why a descriptor is misprogrammed although hardware takes it. Return: NULL if it is not.
 */
const char *decode_flaw(const struct model_stage2 *stage2, int level, uint64_t value, unsigned bbml);
uint64_t decode_table_address(const struct model_stage2 *stage2, uint64_t value);
uint64_t decode_leaf_address(const struct model_stage2 *stage2, int level, uint64_t value);
/** decode_device() - is a leaf of Device type? With S2FWB as well, MemAttr[2] tells. */
bool decode_device(const struct model_stage2 *stage2, uint64_t value);

/** level_shift() - log2 of what one entry at @level covers. */
static inline unsigned level_shift(unsigned granule_lg2, int level)
{
	return granule_lg2 + (unsigned)(3 - level) * (granule_lg2 - 3);
}

/* Sets of levels: a bit for each of -1 .. 3. */
#define LEVEL_BIT(level) (1u << ((level) + 1))
enum {
	LEVELS_ALL = 0x1f,   /* those that leaves or pointers may be at */
	LEVELS_TABLES = 0xf, /* those above pages */
};

/** level_contiguous_lg2() - log2 of the members of a contiguous group; 0 where there are none. */
unsigned level_contiguous_lg2(unsigned granule_lg2, int level);

/** walk_entry() - the descriptor for @ipa at @level. Return: false if the walk ends above it or cannot read.
 */
bool walk_entry(const struct model_memory *memory, const struct model_stage2 *stage2, uint64_t ipa, int level,
		uint64_t *value);

/** start_entries_lg2() - log2 of the entries in the (concatenated) start-level tables. */
static inline unsigned start_entries_lg2(const struct model_stage2 *stage2)
{
	return stage2->ia_bits - level_shift(stage2->granule_lg2, stage2->start_level);
}

#define DESCRIPTOR_MEMATTR(value)    (((value) >> 2) & 0xf)
#define DESCRIPTOR_READ(value)	     (((value) >> 6) & 1)
#define DESCRIPTOR_WRITE(value)	     (((value) >> 7) & 1)
#define DESCRIPTOR_ACCESSED(value)   (((value) >> 10) & 1)
#define DESCRIPTOR_NT(value)	     (((value) >> 16) & 1)
#define DESCRIPTOR_CONTIGUOUS(value) (((value) >> 52) & 1)

#endif
