/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * snapshot.c - read the host's stage-2 table: what the host may reach, a device may reach.
 *
 * Owns: an annotated entry stays unmapped, a valid leaf keeps its R and W, a zero entry is read-write, since
 * an SMMU cannot take a lazy fault. Reads through platform_virt() only; the walk keeps its place in one page
 * number, so it needs no stack. Called by shadow_snapshot() and by the baselines, host lock held.
 */
#include "engine/snapshot.h"

#include <shadow/platform.h>

#define ENTRIES_LG2 9u
#define HOST_PTE_VALID UINT64_C(1)
#define HOST_PTE_TABLE UINT64_C(2)
#define HOST_PTE_ADDRESS UINT64_C(0x0000fffffffff000)
#define HOST_PTE_S2AP_LG2 6u

static unsigned level_lg2(unsigned level)
{
	return ENTRIES_LG2 * (3 - level);
}

int snapshot_begin(struct snapshot_walk *walk, const struct shadow_host_table *table)
{
	unsigned resolved;

	if (table->start_level > 2 || table->ia_bits < SHADOW_IA_BITS_MIN || table->ia_bits > SHADOW_IA_BITS_MAX ||
	    table->root.addr & (SHADOW_PAGE_BYTES - 1))
		return -SHADOW_EINVAL;
	/* One start table, or up to 16 concatenated ones. */
	resolved = SHADOW_PAGE_LG2 + level_lg2(table->start_level) + ENTRIES_LG2;
	if (table->ia_bits > resolved + 4 || table->ia_bits + ENTRIES_LG2 <= resolved)
		return -SHADOW_EINVAL;
	*walk = (struct snapshot_walk){ .table = *table };
	return 0;
}

static enum shadow_access access_of(uint64_t pte)
{
	if (pte & HOST_PTE_VALID)
		return (enum shadow_access)(pte >> HOST_PTE_S2AP_LG2 & SHADOW_ACCESS_RW);
	return pte ? SHADOW_ACCESS_NONE : SHADOW_ACCESS_RW;
}

/* Access of the leaf or invalid entry that holds @page, and the first page after it. */
static int entry_at(const struct shadow_host_table *table, uint64_t page, enum shadow_access *access, uint64_t *next)
{
	unsigned level = table->start_level;
	uint64_t index = page >> level_lg2(level);
	shadow_pa_t at = { table->root.addr + (index >> ENTRIES_LG2 << SHADOW_PAGE_LG2) };

	for (;; level++) {
		const uint64_t *entry = platform_virt(at, SHADOW_PAGE_BYTES);
		uint64_t size = UINT64_C(1) << level_lg2(level), pte;

		if (!entry)
			return -SHADOW_EINVAL;
		pte = entry[page >> level_lg2(level) & ((1u << ENTRIES_LG2) - 1)];
		if (pte & HOST_PTE_VALID && level < 3 && pte & HOST_PTE_TABLE) {
			at.addr = pte & HOST_PTE_ADDRESS;
			continue;
		}
		/* A block where the format has none; a page descriptor without its second bit. */
		if (pte & HOST_PTE_VALID && (level == 0 || (level == 3 && !(pte & HOST_PTE_TABLE))))
			return -SHADOW_EINVAL;
		/* The host's map is the identity: another output address is not a host table. */
		if (pte & HOST_PTE_VALID &&
		    (pte & HOST_PTE_ADDRESS) >> SHADOW_PAGE_LG2 != (page & ~(size - 1)))
			return -SHADOW_EINVAL;
		*access = access_of(pte);
		*next = (page | (size - 1)) + 1;
		return 0;
	}
}

bool snapshot_next(struct snapshot_walk *walk, uint64_t *start, uint64_t *end, enum shadow_access *access)
{
	uint64_t top = UINT64_C(1) << (walk->table.ia_bits - SHADOW_PAGE_LG2);
	enum shadow_access found = SHADOW_ACCESS_NONE;

	while (walk->next < top) {
		enum shadow_access here;
		uint64_t next;

		walk->error = entry_at(&walk->table, walk->next, &here, &next);
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
