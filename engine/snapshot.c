/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * snapshot.c - read the host's stage-2 table: what the host may reach, a device may reach.
 *
 * Owns: an annotated entry stays unmapped, a valid leaf keeps its R and W, a zero entry is read-write, since
 * an SMMU cannot take a lazy fault. A table that hardware would not walk as an identity map is refused.
 * Reads through platform_virt() only; the walk keeps the table that it read last, and finds the next one from the
 * root, so it needs no stack. Addresses of more than 48 bits are read in the 52-bit formats, all others in the
 * classic one. Called by shadow_snapshot() and by the baselines, host lock held.
 * Spec: DDI 0487, VMSAv8-64 stage 2 descriptor formats; Translation levels; Concatenated translation tables;
 * Implications of the LPA2 features; Block translation entry, nT.
 */
#include "engine/snapshot.h"

#include <shadow/platform.h>

#define ENTRY_LG2 3u
#define LEVEL_LAST 3
#define SMALL_BITS 48u		       /* addresses above need the 52-bit formats */
#define START_TABLES_LG2_MAX 4u
#define START_BYTES_MIN UINT64_C(64)   /* alignment of the smallest start table */

#define HOST_PTE_VALID UINT64_C(1)
#define HOST_PTE_TABLE UINT64_C(2)
#define HOST_PTE_S2AP_LG2 6u
#define HOST_PTE_NT (UINT64_C(1) << 16)		/* blocks */
#define HOST_PTE_49_12 UINT64_C(0x0003fffffffff000)
#define HOST_PTE_49_48 UINT64_C(0x0003000000000000)
#define HOST_PTE_15_12 UINT64_C(0x000000000000f000)	/* 64 KiB, large: address bits 51:48 */
#define HOST_PTE_9_8_LG2 8u				/* 4 KiB and 16 KiB, large: address bits 51:50 */

/* What a granule brings along. */
struct granule {
	uint8_t lg2;
	int8_t top, top_large;	       /* first level that a walk may start at */
	int8_t block, block_large;     /* first level that has blocks */
};

static const struct granule granules[] = {
	{ .lg2 = 12, .top = 0, .top_large = -1, .block = 1, .block_large = 0 },
	{ .lg2 = 14, .top = 1, .top_large = 0, .block = 2, .block_large = 1 },
	{ .lg2 = 16, .top = 1, .top_large = 1, .block = 2, .block_large = 1 },
};

static const struct granule *granule_find(unsigned lg2)
{
	for (unsigned i = 0; i < sizeof(granules) / sizeof(granules[0]); i++)
		if (granules[i].lg2 == lg2)
			return &granules[i];
	return NULL;
}

static unsigned index_lg2(const struct snapshot_walk *walk)
{
	return walk->granule_lg2 - ENTRY_LG2;
}

/* Pages that one entry of @level is for. */
static unsigned level_lg2(const struct snapshot_walk *walk, int level)
{
	return index_lg2(walk) * (unsigned)(LEVEL_LAST - level);
}

/* Bits of an address field that are zero in every valid descriptor. */
static uint64_t zeros_of(const struct snapshot_walk *walk)
{
	uint64_t in_page = ((UINT64_C(1) << walk->granule_lg2) - 1) & HOST_PTE_49_12;

	if (!walk->large)
		return HOST_PTE_49_48 | in_page;
	return walk->granule_lg2 == 16 ? HOST_PTE_49_48 : in_page;
}

int snapshot_begin(struct snapshot_walk *walk, const struct shadow_host_table *table)
{
	const struct granule *granule = granule_find(snapshot_granule_lg2(table));
	bool large = table->ia_bits > SMALL_BITS;
	unsigned entry_lg2, entries_lg2;
	uint64_t bytes;

	if (!granule || table->ia_bits < SHADOW_IA_BITS_MIN || table->ia_bits > SHADOW_IA_BITS_MAX ||
	    table->start_level < (large ? granule->top_large : granule->top) || table->start_level > LEVEL_LAST)
		return -SHADOW_EINVAL;
	*walk = (struct snapshot_walk){
		.table = *table,
		.granule_lg2 = granule->lg2,
		.block_level = large ? granule->block_large : granule->block,
		.large = large,
	};
	walk->zeros = zeros_of(walk);
	/* At least two entries; at most one full start table, or up to 16 side by side. */
	entry_lg2 = walk->granule_lg2 + level_lg2(walk, table->start_level);
	if (table->ia_bits <= entry_lg2)
		return -SHADOW_EINVAL;
	entries_lg2 = table->ia_bits - entry_lg2;
	bytes = UINT64_C(1) << (entries_lg2 + ENTRY_LG2);
	if (entries_lg2 > index_lg2(walk) + START_TABLES_LG2_MAX ||
	    table->root.addr & ((bytes > START_BYTES_MIN ? bytes : START_BYTES_MIN) - 1))
		return -SHADOW_EINVAL;
	return 0;
}

static enum shadow_access access_of(uint64_t pte)
{
	if (pte & HOST_PTE_VALID)
		return (enum shadow_access)(pte >> HOST_PTE_S2AP_LG2 & SHADOW_ACCESS_RW);
	return pte ? SHADOW_ACCESS_NONE : SHADOW_ACCESS_RW;
}

/* The address that a valid descriptor holds; walk->zeros are none of it. */
static uint64_t address_of(const struct snapshot_walk *walk, uint64_t pte)
{
	uint64_t address = pte & HOST_PTE_49_12;

	if (!walk->large)
		return address;
	if (walk->granule_lg2 == 16)
		return (address & ~HOST_PTE_15_12) | (pte & HOST_PTE_15_12) << 36;
	return address | (pte >> HOST_PTE_9_8_LG2 & 3) << 50;
}

/* Make the table of @level at @pa, of @bytes, the one that the walk reads. */
static int table_read(struct snapshot_walk *walk, uint64_t page, int level, uint64_t pa, uint64_t bytes)
{
	uint64_t pages = UINT64_C(1) << (level_lg2(walk, level) + index_lg2(walk));

	walk->entry = platform_virt((shadow_pa_t){ pa }, bytes);
	walk->level = level;
	walk->start = page & ~(pages - 1);
	walk->end = walk->start + pages;
	return walk->entry ? 0 : -SHADOW_EINVAL;
}

/* The start table for @page, one of those that are concatenated. */
static int start_read(struct snapshot_walk *walk, uint64_t page)
{
	unsigned shift = level_lg2(walk, walk->table.start_level) + index_lg2(walk);
	unsigned space_lg2 = walk->table.ia_bits - walk->granule_lg2;
	unsigned bytes_lg2 = walk->granule_lg2 - (space_lg2 < shift ? shift - space_lg2 : 0);

	return table_read(walk, page, walk->table.start_level,
			  walk->table.root.addr + (page >> shift << walk->granule_lg2), UINT64_C(1) << bytes_lg2);
}

/* Is it the identity that this valid leaf maps, in a form that the format has? */
static bool leaf_legal(const struct snapshot_walk *walk, uint64_t page, uint64_t pte)
{
	bool block = !(pte & HOST_PTE_TABLE);
	uint64_t inside = (UINT64_C(1) << level_lg2(walk, walk->level)) - 1;

	if (block != (walk->level < LEVEL_LAST) || walk->level < walk->block_level)
		return false;
	if (block)
		pte &= ~HOST_PTE_NT;
	return !(pte & walk->zeros) && address_of(walk, pte) == (page & ~inside) << walk->granule_lg2;
}

/* First page behind the zero entries of the walk's table that begin with @entry, which @page is in: where nothing
 * was mapped yet there are many, and they are passed four at once. */
static uint64_t zeros_end(const struct snapshot_walk *walk, const uint64_t *entry, uint64_t page, unsigned size_lg2)
{
	uint64_t top = UINT64_C(1) << (walk->table.ia_bits - walk->granule_lg2);
	const uint64_t *end = walk->entry + (((walk->end < top ? walk->end : top) - walk->start) >> size_lg2);
	const uint64_t *at = entry + 1;

	while (end - at >= 4 && !(at[0] | at[1] | at[2] | at[3]))
		at += 4;
	while (at < end && !*at)
		at++;
	return ((page >> size_lg2) + (uint64_t)(at - entry)) << size_lg2;
}

/* Access of the leaf or invalid entry that holds @page, and the first page after it and what is alike. */
static int entry_at(struct snapshot_walk *walk, uint64_t page, enum shadow_access *access, uint64_t *next)
{
	int error = 0;

	if (!walk->entry || page < walk->start || page >= walk->end)
		error = start_read(walk, page);
	while (!error) {
		unsigned size_lg2 = level_lg2(walk, walk->level);
		const uint64_t *entry = &walk->entry[(page - walk->start) >> size_lg2];
		uint64_t pte = *entry;

		if (pte & HOST_PTE_VALID && walk->level < LEVEL_LAST && pte & HOST_PTE_TABLE) {
			if (pte & walk->zeros)
				return -SHADOW_EINVAL;
			error = table_read(walk, page, walk->level + 1, address_of(walk, pte),
					   UINT64_C(1) << walk->granule_lg2);
			continue;
		}
		if (pte & HOST_PTE_VALID && !leaf_legal(walk, page, pte))
			return -SHADOW_EINVAL;
		*access = access_of(pte);
		*next = pte ? ((page >> size_lg2) + 1) << size_lg2 : zeros_end(walk, entry, page, size_lg2);
		return 0;
	}
	return error;
}

bool snapshot_next(struct snapshot_walk *walk, uint64_t *start, uint64_t *end, enum shadow_access *access)
{
	uint64_t top = UINT64_C(1) << (walk->table.ia_bits - walk->granule_lg2);
	enum shadow_access found = SHADOW_ACCESS_NONE;

	while (walk->next < top) {
		enum shadow_access here;
		uint64_t next;

		walk->error = entry_at(walk, walk->next, &here, &next);
		if (walk->error)
			return false;
		if (found && here != found)
			break;
		if (here && !found) {
			found = here;
			*start = walk->next;
		}
		walk->next = next;
	}
	*end = walk->next < top ? walk->next : top;
	*access = found;
	return found;
}
