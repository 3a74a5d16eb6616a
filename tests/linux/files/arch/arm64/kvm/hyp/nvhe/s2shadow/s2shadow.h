/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the parts of the driver at EL2 share. setup.c fills it in before the host is deprivileged; after that only what is marked
 * changes.
 */
#ifndef __ARM64_KVM_NVHE_S2SHADOW_H__
#define __ARM64_KVM_NVHE_S2SHADOW_H__

#include <linux/percpu-defs.h>
#include <asm/kvm_asm.h>
#include <asm/kvm_s2shadow.h>
#include <nvhe/iommu.h>

#include <shadow/shadow.h>
#include <shadow/smmu.h>

#define S2SHADOW_WAIT_NS	1000000000ULL	/* an SMMU that is silent for so long is shut; tickets wait longer */
#define S2SHADOW_TICKET_NS	(4 * S2SHADOW_WAIT_NS)
#define S2SHADOW_QUEUE_SLOTS	256
#define S2SHADOW_QUEUE_LG2	8
#define S2SHADOW_VMID		1

struct s2shadow {
	struct kvm_s2shadow_config config;	/* our copy */
	void *memory;				/* pool, then state */
	size_t state_used;
	struct shadow_address_map map;
	struct shadow_smmu_target_config target_config;
	struct shadow_smmu_config smmu_config[KVM_S2SHADOW_SMMUS];
	struct shadow_host_table host;
	struct shadow_engine *engine;
	struct shadow_target *target;
	struct shadow_smmu *smmu[KVM_S2SHADOW_SMMUS];
	u64 snapshot_ticks;

	u64 number;		/* the host's order; host_mmu.lock */
	u64 in_flight;		/* ticket of the newest flush: written under host_mmu.lock, read by waiters without */
};

extern struct s2shadow s2shadow;
extern struct kvm_s2shadow_config kvm_s2shadow_config;	/* the host's */

DECLARE_PER_CPU(unsigned int, s2shadow_cpu);	/* a CPU's number, which EL2 has no other place for */

static inline unsigned int s2shadow_this_cpu(void)
{
	return *this_cpu_ptr(&s2shadow_cpu);
}

void *s2shadow_take(size_t bytes);
extern const struct kvm_iommu_ops s2shadow_eager_ops, s2shadow_batched_ops, s2shadow_group_ops;
int s2shadow_describe(void);
u64 s2shadow_eager_stat(u32 which);
void s2shadow_eager_ste(u64 ste[8]);
u64 s2shadow_audit(const u64 ste[8]);
u64 s2shadow_trip_stat(u32 which);
bool s2shadow_test_loses(void);
void s2shadow_test_doorbell(unsigned long address, u32 prod);

#endif
