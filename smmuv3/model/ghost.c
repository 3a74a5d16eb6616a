/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * ghost.c - the rules of break-before-make, by BBML.
 *
 * Permissions, AF and software bits may change under a cached entry. Output address and memory type may
 * not, at any BBML. The size may at BBML 2; at BBML 1 if the larger of the two is a block with nT; at
 * BBML 0 not at all. The contiguous bit may be toggled from BBML 1 on.
 * Spec: IHI 0070, Break-before-make; Level 1 and 2 behaviour. DDI 0487, Contiguous bit.
 */
#include "ghost.h"

#include "bits.h"

/* MemAttr, S2AP, SH, AF, XN: equal in all members of a contiguous group. */
#define GROUP_ATTRIBUTES (bits_mask(10, 2) | bits_mask(54, 53))
#define MEMORY_TYPE	 bits_mask(5, 2)
#define NT		 (UINT64_C(1) << 16)
#define CONTIGUOUS	 (UINT64_C(1) << 52)

static struct verdict broken(enum model_rule rule, const char *what)
{
	return (struct verdict){ what, rule };
}

static struct verdict fine(void)
{
	return (struct verdict){ NULL, MODEL_RULE_COUNT };
}

/* The output address that a leaf gives to @address. */
static uint64_t output_of(const struct model_stage2 *stage2, const struct placed *leaf, uint64_t address)
{
	return decode_leaf_address(stage2, leaf->level, leaf->descriptor) + (address - leaf->address);
}

struct verdict ghost_against_leaf(const struct model_stage2 *stage2, unsigned bbml,
				  const struct placed *ghost, const struct placed *fresh)
{
	uint64_t first = ghost->address > fresh->address ? ghost->address : fresh->address;
	bool fresh_larger = fresh->level < ghost->level || ghost->table;

	if (!ghost->table) {
		if (output_of(stage2, ghost, first) != output_of(stage2, fresh, first))
			return broken(MODEL_RULE_BBM_OUTPUT,
				      "output address changed without break-before-make");
		if (DESCRIPTOR_MEMATTR(ghost->descriptor) != DESCRIPTOR_MEMATTR(fresh->descriptor))
			return broken(MODEL_RULE_BBM_TYPE, "memory type changed without break-before-make");
		if (ghost->level == fresh->level && bbml == 0 &&
		    (ghost->descriptor ^ fresh->descriptor) & CONTIGUOUS)
			return broken(MODEL_RULE_CONTIGUOUS,
				      "contiguous bit changed without break-before-make");
		if (ghost->level == fresh->level)
			return fine();
	}
	if (bbml == 2)
		return fine();
	if (bbml == 1 && DESCRIPTOR_NT(fresh_larger ? fresh->descriptor : ghost->descriptor))
		return fine();
	return broken(MODEL_RULE_BBM_BLOCK,
		      fresh_larger ? "table replaced by a block without break-before-make" :
				     "block replaced by smaller leaves without break-before-make");
}

struct verdict ghost_against_table(unsigned bbml, const struct placed *ghost)
{
	if (bbml == 2 || (bbml == 1 && DESCRIPTOR_NT(ghost->descriptor)))
		return fine();
	return broken(MODEL_RULE_BBM_BLOCK, "block replaced by a table without break-before-make");
}

uint64_t ghost_merge(int level, uint64_t older, uint64_t newer)
{
	uint64_t merged = newer | (older & CONTIGUOUS);

	return level < 3 && !DESCRIPTOR_NT(older) ? merged & ~NT : merged;
}

struct verdict contiguous_check(const struct model_stage2 *stage2, unsigned bbml, int level,
				const struct member *fresh, const struct member *member)
{
	unsigned shift = level_shift(stage2->granule_lg2, level);
	uint64_t bytes = bits_put(1, shift + level_contiguous_lg2(stage2->granule_lg2, level));
	uint64_t base = decode_leaf_address(stage2, level, fresh->descriptor) - bits_put(fresh->index, shift);
	uint64_t other =
		decode_leaf_address(stage2, level, member->descriptor) - bits_put(member->index, shift);
	uint64_t differ = fresh->descriptor ^ member->descriptor;

	if (!DESCRIPTOR_CONTIGUOUS(fresh->descriptor) && !DESCRIPTOR_CONTIGUOUS(member->descriptor))
		return fine();
	if (other != base)
		return broken(MODEL_RULE_CONTIGUOUS,
			      "output addresses of a contiguous group do not follow each other");
	if (differ & (member->ghost ? MEMORY_TYPE : GROUP_ATTRIBUTES))
		return broken(MODEL_RULE_CONTIGUOUS,
			      "members of a contiguous group differ in their attributes");
	if (bbml == 0 && differ & CONTIGUOUS)
		return broken(MODEL_RULE_CONTIGUOUS,
			      "contiguous bit set in only some members of a live group");
	if (base & (bytes - 1))
		return broken(MODEL_RULE_CONTIGUOUS,
			      "output address of a contiguous group not aligned to its size");
	return fine();
}
