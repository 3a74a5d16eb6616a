// SPDX-License-Identifier: GPL-2.0-only
/*
 * Does the table that an SMMU walks allow what the host's page states say? A walk of its own, from the stream table entry on, that
 * shares nothing with the library.
 */
#include <asm/kvm_mmu.h>
#include <nvhe/mem_protect.h>

#include "s2shadow.h"

#define STE_S2T0SZ	GENMASK_ULL(37, 32)	/* of word 2 */
#define STE_S2SL0	GENMASK_ULL(39, 38)
#define STE_S2TTB	GENMASK_ULL(51, 4)	/* of word 3 */

#define LEAF_S2AP	GENMASK_ULL(7, 6)
#define OUTPUT		GENMASK_ULL(47, 12)

struct audit {
	u64	root;
	int	start_level;
};

static u64 granule_of(int level)
{
	return BIT_ULL(12 + 9 * (3 - level));
}

/* What the entry for @phys allows, and how far it goes. A leaf that leads elsewhere allows what no state does. */
static unsigned int access_of(const struct audit *audit, u64 phys, u64 *bytes)
{
	u64 table = audit->root;

	for (int level = audit->start_level;; level++) {
		u64 index = phys >> ilog2(granule_of(level)), entry;

		if (level > audit->start_level)
			index &= 511;
		entry = READ_ONCE(((u64 *)hyp_phys_to_virt(table))[index]);
		*bytes = granule_of(level) - (phys & (granule_of(level) - 1));
		if (!(entry & 1))
			return 0;
		if (level < 3 && entry & 2) {
			table = entry & OUTPUT;
			continue;
		}
		if (((entry & OUTPUT) & ~(granule_of(level) - 1)) != (phys & ~(granule_of(level) - 1)))
			return ~0U;
		return FIELD_GET(LEAF_S2AP, entry);
	}
}

static bool is_reserved(u64 phys)
{
	u64 pool = __hyp_pa(s2shadow.memory);

	if (phys >= pool && phys < pool + s2shadow.config.pool_bytes)
		return true;
	for (unsigned int i = 0; i < s2shadow.map.reserved_count; i++)
		if (phys >= ALIGN_DOWN(s2shadow.map.reserved[i].start, PAGE_SIZE) &&
		    phys < s2shadow.map.reserved[i].end)
			return true;
	return false;
}

static unsigned int access_wanted(u64 phys)
{
	return get_host_state(hyp_phys_to_page(phys)) == PKVM_NOPAGE || is_reserved(phys) ? 0 : 3;
}

/* Registers of an SMMU: not a page of theirs. */
static u64 audit_registers(const struct audit *audit)
{
	u64 differences = 0, bytes;

	for (u32 i = 0; i < s2shadow.config.smmu_count; i++) {
		const struct kvm_s2shadow_smmu *smmu = &s2shadow.config.smmu[i];

		for (u64 phys = smmu->base; phys < smmu->base + smmu->size; phys += PAGE_SIZE)
			differences += access_of(audit, phys, &bytes) != 0;
	}
	return differences;
}

u64 s2shadow_audit(const u64 ste[8])
{
	struct audit audit = { .root = ste[3] & STE_S2TTB };
	u64 differences;

	audit.start_level = 2 - (int)FIELD_GET(STE_S2SL0, ste[2]);
	differences = audit_registers(&audit);
	for (unsigned int i = 0; i < hyp_memblock_nr; i++) {
		u64 phys = hyp_memory[i].base, end = phys + hyp_memory[i].size;

		while (phys < end) {
			u64 bytes, next;
			unsigned int access = access_of(&audit, phys, &bytes);

			for (next = min(phys + bytes, end); phys < next; phys += PAGE_SIZE)
				differences += access != access_wanted(phys);
		}
	}
	return differences;
}
