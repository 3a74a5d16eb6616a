// SPDX-License-Identifier: GPL-2.0-only
/*
 * What makes tests fail: kvm-arm.s2shadow_test. Commands are changed in the queue, between the library's stores and the doorbell, so
 * the library is the same with and without.
 */
#include <linux/io.h>
#include <asm/kvm_mmu.h>

#include "s2shadow.h"

#define SMMU_CMDQ_BASE		0x90
#define SMMU_CMDQ_PROD		0x98
#define CMDQ_BASE_ADDR		GENMASK_ULL(51, 5)
#define CMDQ_BASE_LOG2SIZE	GENMASK_ULL(4, 0)

#define CMD_OPCODE		GENMASK_ULL(7, 0)
#define CMD_PREFETCH_CONFIG	0x1	/* a hint */
#define CMD_TLBI_FIRST		0x10
#define CMD_TLBI_LAST		0x30

/* host_mmu.lock. A page that devices do not get back harms nobody, so that the rest of the run goes on. */
bool s2shadow_test_loses(void)
{
	static unsigned int grants;

	return unlikely(s2shadow.config.test & KVM_S2SHADOW_TEST_LOSE) && ++grants % 100 == 0;
}

static bool is_doorbell(unsigned long address, unsigned long *registers)
{
	for (u32 i = 0; i < s2shadow.config.smmu_count; i++) {
		*registers = s2shadow.smmu_config[i].registers;
		if (address == *registers + SMMU_CMDQ_PROD)
			return true;
	}
	return false;
}

void s2shadow_test_doorbell(unsigned long address, u32 prod)
{
	u64 base, (*queue)[2];
	unsigned long registers;
	u32 mask;

	if (!(s2shadow.config.test & KVM_S2SHADOW_TEST_NO_TLBI) || !is_doorbell(address, &registers))
		return;
	base = readq_relaxed((void *)registers + SMMU_CMDQ_BASE);
	mask = (1U << FIELD_GET(CMDQ_BASE_LOG2SIZE, base)) - 1;
	queue = hyp_phys_to_virt(base & CMDQ_BASE_ADDR);
	for (u32 at = readl_relaxed((void *)registers + SMMU_CMDQ_PROD); (at & mask) != (prod & mask); at++) {
		u64 *command = queue[at & mask];
		u64 opcode = FIELD_GET(CMD_OPCODE, command[0]);

		if (opcode >= CMD_TLBI_FIRST && opcode <= CMD_TLBI_LAST) {
			command[0] = CMD_PREFETCH_CONFIG;
			command[1] = 0;
		}
	}
	dma_wmb();
}
