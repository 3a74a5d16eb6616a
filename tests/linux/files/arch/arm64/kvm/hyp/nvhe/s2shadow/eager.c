// SPDX-License-Identifier: GPL-2.0-only
/*
 * The way of the posted patches, to compare with: bench/policy/eager.c behind their one hook. It asks a libc for memory once, which is
 * given from the same place as the engine's.
 */
#include <asm/kvm_mmu.h>
#include <nvhe/mem_protect.h>

#include "bench/policy/policy.h"
#include "tests/qemu/libc/stdlib.h"

#include "s2shadow.h"

static struct policy *eager;

int s2shadow_eager_streams(struct policy *policy, unsigned int count);

void *calloc(size_t count, size_t bytes)
{
	return s2shadow_take(count * bytes);
}

/* After an error that keeps the host from being let go. */
void free(void *memory)
{
}

static int init(void)
{
	static struct policy_world world;	/* more than a stack at EL2 holds */
	u64 start = read_sysreg(cntpct_el0);
	int ret;

	world.map = s2shadow.map;
	world.vmid = S2SHADOW_VMID;
	world.cpu_count = hyp_nr_cpus;
	world.pool = s2shadow.target_config.pool;
	world.smmu_count = s2shadow.config.smmu_count;
	world.host = s2shadow.host;
	for (u32 i = 0; i < world.smmu_count; i++)
		world.smmu[i] = s2shadow.smmu_config[i];
	ret = policy_eager.open(&world, &eager);
	s2shadow.snapshot_ticks = read_sysreg(cntpct_el0) - start;
	return ret ? ret : s2shadow_eager_streams(eager, s2shadow.config.sid_count);
}

/* An error of the device: no page may change hands. */
static void host_stage2_idmap(phys_addr_t start, phys_addr_t end, enum kvm_pgtable_prot prot)
{
	struct shadow_transition transition = {
		.start = { start },
		.page_count = (end - start) >> PAGE_SHIFT,
		.old_state = prot ? SHADOW_STATE_NOPAGE : SHADOW_STATE_OWNED,
		.new_state = prot ? SHADOW_STATE_OWNED : SHADOW_STATE_NOPAGE,
	};

	s2shadow.number++;
	BUG_ON(policy_eager.transition(eager, s2shadow_this_cpu(), s2shadow.number, &transition));
}

u64 s2shadow_eager_stat(u32 which)
{
	struct policy_stats stats;

	policy_eager.stats(eager, &stats);
	switch (which) {
	case KVM_S2SHADOW_STAT_TRANSITIONS:
		return s2shadow.number;
	case KVM_S2SHADOW_STAT_FLUSHES:
		return stats.flushes;
	case KVM_S2SHADOW_STAT_TLBI:
		return stats.tlbi;
	case KVM_S2SHADOW_STAT_SYNCS:
		return stats.syncs;
	case KVM_S2SHADOW_STAT_DOORBELLS:
		return stats.doorbells;
	case KVM_S2SHADOW_STAT_TABLE_BYTES:
		return stats.tables.bytes_live;
	default:
		return 0;
	}
}

void s2shadow_eager_ste(u64 ste[8])
{
	policy_eager.ste(eager, ste);
}

const struct kvm_iommu_ops s2shadow_eager_ops = {
	.init = init,
	.host_stage2_idmap = host_stage2_idmap,
};
