// SPDX-License-Identifier: GPL-2.0-only
/*
 * How many trips of each kind, and ticks of the system counter that they took at EL2. In every mode.
 */
#include <asm/kvm_mmu.h>
#include <nvhe/iommu.h>

#include "s2shadow.h"

struct trips {
	u64	count[256], ticks[256];
};

/* Each CPU's own; who reads them adds them up. */
static DEFINE_PER_CPU(struct trips, trips);

u64 kvm_iommu_trip_start(void)
{
	return read_sysreg(cntpct_el0);
}

void kvm_iommu_trip_count(u64 trip, u64 start)
{
	struct trips *mine = this_cpu_ptr(&trips);

	if (trip >= ARRAY_SIZE(mine->count))
		return;
	mine->count[trip]++;
	mine->ticks[trip] += read_sysreg(cntpct_el0) - start;
}

u64 s2shadow_trip_stat(u32 which)
{
	u32 trip = which & 0xff;
	u64 sum = 0;

	for (unsigned int cpu = 0; cpu < hyp_nr_cpus; cpu++) {
		struct trips *one = per_cpu_ptr(&trips, cpu);

		sum += which & KVM_S2SHADOW_STAT_TRIP_TICKS ? READ_ONCE(one->ticks[trip]) : READ_ONCE(one->count[trip]);
	}
	return sum;
}
