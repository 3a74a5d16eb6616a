/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * pte.h - stage-2 descriptors of VMSAv8-64, 4 KiB granule: fields, builders, predicates.
 *
 * The map is the identity, so a leaf is made from its own address. Levels are Arm's: 3 is pages.
 * Spec: DDI 0487, VMSAv8-64 stage 2 descriptor formats; Stage 2 memory type; IHI 0070, STE.S2TTB.
 */
#ifndef SMMUV3_PTE_H
#define SMMUV3_PTE_H

#include <stdbool.h>
#include <stdint.h>

#include <shadow/types.h>

#include "smmuv3/field.h"

#define PTE_ENTRIES_LG2 9u
#define PTE_ENTRIES (1u << PTE_ENTRIES_LG2)
#define PTE_LEVEL_PAGE 3u

#define PTE_VALID SMMU_BITS(0, 0)
#define PTE_TABLE SMMU_BITS(1, 1)	/* levels 0 to 2: a table; level 3: a page */
#define PTE_MEMATTR SMMU_BITS(5, 2)
#define PTE_S2AP_R SMMU_BITS(6, 6)
#define PTE_S2AP_W SMMU_BITS(7, 7)
#define PTE_SH SMMU_BITS(9, 8)
#define PTE_AF SMMU_BITS(10, 10)
#define PTE_ADDRESS SMMU_BITS(47, 12)

#define PTE_MEMATTR_NORMAL_WB 0xfu
#define PTE_MEMATTR_DEVICE_NGNRE 0x1u
#define PTE_SH_INNER 3u

/* Pages that one entry of a level covers: 1, 512, 2^18, 2^27. */
static inline unsigned pte_level_lg2(unsigned level)
{
	return PTE_ENTRIES_LG2 * (PTE_LEVEL_PAGE - level);
}

static inline uint64_t pte_level_pages(unsigned level)
{
	return UINT64_C(1) << pte_level_lg2(level);
}

/* Everything of a leaf but its address: access, memory type, format. */
static inline uint64_t pte_leaf_attributes(enum shadow_access access, enum shadow_memory memory, unsigned level)
{
	uint64_t pte = PTE_VALID | PTE_AF;

	if (level == PTE_LEVEL_PAGE)
		pte |= PTE_TABLE;
	if (access & SHADOW_ACCESS_R)
		pte |= PTE_S2AP_R;
	if (access & SHADOW_ACCESS_W)
		pte |= PTE_S2AP_W;
	if (memory == SHADOW_MEMORY_NORMAL)
		pte |= field_prep(PTE_MEMATTR, PTE_MEMATTR_NORMAL_WB) | field_prep(PTE_SH, PTE_SH_INNER);
	else
		pte |= field_prep(PTE_MEMATTR, PTE_MEMATTR_DEVICE_NGNRE);
	return pte;
}

/* A table at page frame @pfn of physical memory. */
static inline uint64_t pte_table(uint64_t pfn)
{
	return PTE_VALID | PTE_TABLE | field_prep(PTE_ADDRESS, pfn);
}

static inline bool pte_is_valid(uint64_t pte)
{
	return pte & PTE_VALID;
}

static inline bool pte_is_table(uint64_t pte, unsigned level)
{
	return level < PTE_LEVEL_PAGE && (pte & (PTE_VALID | PTE_TABLE)) == (PTE_VALID | PTE_TABLE);
}

static inline bool pte_is_leaf(uint64_t pte, unsigned level)
{
	return pte_is_valid(pte) && !pte_is_table(pte, level);
}

static inline uint64_t pte_pfn(uint64_t pte)
{
	return field_get(PTE_ADDRESS, pte);
}

static inline bool pte_is_rw(uint64_t pte)
{
	return (pte & (PTE_S2AP_R | PTE_S2AP_W)) == (PTE_S2AP_R | PTE_S2AP_W);
}

static inline enum shadow_memory pte_memory(uint64_t pte)
{
	return field_get(PTE_MEMATTR, pte) == PTE_MEMATTR_NORMAL_WB ? SHADOW_MEMORY_NORMAL : SHADOW_MEMORY_DEVICE;
}

/* The child's first entry that says the same as this leaf of @level. */
static inline uint64_t pte_split(uint64_t pte, unsigned level)
{
	return level + 1 == PTE_LEVEL_PAGE ? pte | PTE_TABLE : pte;
}

#endif
