/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * format.h - stage-2 descriptors of VMSAv8-64: one description for every granule, size and memory model.
 *
 * Levels are counted from the leaves: height 0 is the level of pages, Arm's level 3; each table above is one
 * higher, up to height 4, Arm's level -1. Pages are of the granule. The map is the identity, so a leaf is made
 * from its own address. Everything that depends on the granule is read once a run, not once an entry.
 * Spec: DDI 0487, VMSAv8-64 stage 2 descriptor formats; Stage 2 memory type; Translation levels;
 * Concatenated translation tables; The Contiguous bit.
 */
#ifndef SMMUV3_FORMAT_H
#define SMMUV3_FORMAT_H

#include <shadow/smmu.h>

#include "smmuv3/field.h"

#define FORMAT_HEIGHTS 5u
#define FORMAT_START_TABLES_LG2_MAX 4u

#define PTE_VALID SMMU_BITS(0, 0)
#define PTE_TABLE SMMU_BITS(1, 1)	/* above height 0: a table; at height 0: a page */
#define PTE_MEMATTR SMMU_BITS(5, 2)
#define PTE_S2AP_R SMMU_BITS(6, 6)
#define PTE_S2AP_W SMMU_BITS(7, 7)
#define PTE_SH SMMU_BITS(9, 8)		/* with 52-bit addresses of 4 KiB and 16 KiB: address bits 51:50 */
#define PTE_AF SMMU_BITS(10, 10)
#define PTE_NT SMMU_BITS(16, 16)	/* blocks: do not cache so that a table would conflict */
#define PTE_CONTIGUOUS SMMU_BITS(52, 52)

#define PTE_MEMATTR_NORMAL_WB 0xfu
#define PTE_MEMATTR_NORMAL_WB_FWB 0x6u	/* write-back whatever stage 1 says */
#define PTE_MEMATTR_DEVICE_NGNRE 0x1u
#define PTE_SH_INNER 3u

struct pgtable_format {
	uint8_t granule_lg2;
	uint8_t index_lg2;		/* entries of a table: an 8-byte entry each */
	uint8_t ia_bits;
	uint8_t start;			/* height of the start tables */
	uint8_t start_lg2;		/* entries of all start tables together */
	bool large;			/* 52-bit addresses: the top four bits lie apart */
	uint8_t linear_lg2;		/* pages, aligned, whose leaves differ by a constant step */
	uint8_t block_heights;		/* bit h: leaves may be at height h */
	uint8_t contiguous_lg2[FORMAT_HEIGHTS]; /* entries of a group with the hint; 0: no such group */
	uint64_t address;		/* bits of a descriptor that hold address bits in place */
	uint64_t attributes;		/* bits of a leaf that say what it allows: not its address, nT or the hint */
	uint64_t memory[2];		/* MemAttr and SH by enum shadow_memory */
};

/* Return: 0; -SHADOW_EINVAL if the architecture has no such table. */
int format_init(struct pgtable_format *format, const struct shadow_address_map *map, enum shadow_start start, bool fwb);

/* Arm's number of the level at @height: 3 .. -1. */
static inline int format_level(unsigned height)
{
	return 3 - (int)height;
}

static inline unsigned format_entries(const struct pgtable_format *format)
{
	return 1u << format->index_lg2;
}

/* Pages that one entry of @height covers: 1 at height 0. */
static inline unsigned format_lg2(const struct pgtable_format *format, unsigned height)
{
	return format->index_lg2 * height;
}

static inline uint64_t format_pages(const struct pgtable_format *format, unsigned height)
{
	return UINT64_C(1) << format_lg2(format, height);
}

/* Pages in the address space. */
static inline uint64_t format_top(const struct pgtable_format *format)
{
	return UINT64_C(1) << (format->ia_bits - format->granule_lg2);
}

/* Start tables, each of the granule's size; one if they are smaller together. */
static inline unsigned format_start_tables(const struct pgtable_format *format)
{
	return format->start_lg2 > format->index_lg2 ? 1u << (format->start_lg2 - format->index_lg2) : 1;
}

static inline bool format_has_blocks(const struct pgtable_format *format, unsigned height)
{
	return format->block_heights >> height & 1;
}

/* The address field of a descriptor for physical page @page. */
static inline uint64_t format_address(const struct pgtable_format *format, uint64_t page)
{
	uint64_t address = page << format->granule_lg2;

	if (!format->large)
		return address;
	/* 64 KiB: bits 51:48 at 15:12; else bits 51:50 at 9:8. */
	return (address & format->address) | (format->granule_lg2 == 16 ? (address >> 48 & 0xf) << 12 :
									  (address >> 50 & 0x3) << 8);
}

/* The physical page that a descriptor's address field names. */
static inline uint64_t format_page(const struct pgtable_format *format, uint64_t pte)
{
	uint64_t address = pte & format->address;

	if (format->large)
		address |= format->granule_lg2 == 16 ? (pte >> 12 & 0xf) << 48 : (pte >> 8 & 0x3) << 50;
	return address >> format->granule_lg2;
}

/* All of a leaf at @height but its address. */
static inline uint64_t format_attributes(const struct pgtable_format *format, enum shadow_access access,
					 enum shadow_memory memory, unsigned height)
{
	return PTE_VALID | PTE_AF | (height ? 0 : PTE_TABLE) | format->memory[memory] |
	       field_prep(PTE_S2AP_R | PTE_S2AP_W, access);
}

static inline uint64_t format_leaf(const struct pgtable_format *format, enum shadow_access access,
				   enum shadow_memory memory, unsigned height, uint64_t page)
{
	return format_attributes(format, access, memory, height) | format_address(format, page);
}

/* A table in physical page @page. */
static inline uint64_t format_table(const struct pgtable_format *format, uint64_t page)
{
	return PTE_VALID | PTE_TABLE | format_address(format, page);
}

/* From one leaf of @height to the next, inside a linear range. */
static inline uint64_t format_step(const struct pgtable_format *format, unsigned height)
{
	return UINT64_C(1) << (format->granule_lg2 + format_lg2(format, height));
}

/* What the first entry of a table says that takes the place of this leaf of @height > 0. */
static inline uint64_t format_split(uint64_t pte, unsigned height)
{
	return (pte & ~(PTE_NT | PTE_CONTIGUOUS)) | (height == 1 ? PTE_TABLE : 0);
}

static inline bool pte_is_valid(uint64_t pte)
{
	return pte & PTE_VALID;
}

static inline bool pte_is_table(uint64_t pte, unsigned height)
{
	return height && (pte & (PTE_VALID | PTE_TABLE)) == (PTE_VALID | PTE_TABLE);
}

static inline bool pte_is_leaf(uint64_t pte, unsigned height)
{
	return pte_is_valid(pte) && !pte_is_table(pte, height);
}

static inline bool pte_is_rw(uint64_t pte)
{
	return (pte & (PTE_S2AP_R | PTE_S2AP_W)) == (PTE_S2AP_R | PTE_S2AP_W);
}

static inline enum shadow_memory pte_memory(uint64_t pte)
{
	return field_get(PTE_MEMATTR, pte) == PTE_MEMATTR_DEVICE_NGNRE ? SHADOW_MEMORY_DEVICE : SHADOW_MEMORY_NORMAL;
}

#endif
