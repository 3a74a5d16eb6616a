/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * gerror.c - what an error interrupt is about, for who does not want to find out by waiting.
 *
 * Beside smmu.c, whose waits look at the same registers when a queue stands still.
 * Owns: GERRORN is written under the completion lock, and an error is acknowledged only after what it stopped was repaired.
 * Callers: the embedder's interrupt handler. It may have interrupted who has a lock, and so never waits for one.
 * Spec: IHI 0070, SMMU_GERROR; SMMU_GERRORN.
 */
#include <shadow/platform.h>

#include "smmuv3/regs.h"
#include "smmuv3/smmu.h"

/* What says nothing but that something could not be written, which nobody misses: interrupts, and what we have no use for. */
#define GERROR_HARMLESS (SMMU_GERROR_MSI_ABT_ERRS | SMMU_GERROR_PRIQ_ABT_ERR | SMMU_GERROR_CMDQP_ERR)

static uint32_t gerror_active(const struct shadow_smmu *smmu, uint32_t *gerrorn)
{
	*gerrorn = platform_mmio_read32(smmu->config.registers + SMMU_GERRORN);
	return platform_mmio_read32(smmu->config.registers + SMMU_GERROR) ^ *gerrorn;
}

/* A queue that has stopped at an error stands still: the second look finds it so, and repairs it. */
static int gerror_repair(struct cmdq *cmdq)
{
	int error = cmdq_poll(cmdq);

	return error ? error : cmdq_poll(cmdq);
}

/* Is one of the enhanced queues at an error? GERROR has one bit for all: it is taken back with the first
 * that is repaired, and one that comes meanwhile does not set it again. */
static bool gerror_is_left(struct shadow_smmu *smmu)
{
	bool left = false;

	for (unsigned i = 0; i < smmu->ecmdqs; i++)
		left |= cmdq_is_stopped(&smmu->ecmdq[i]);
	return left;
}

/* Completion lock held. */
static int gerror_handle(struct shadow_smmu *smmu)
{
	uint32_t gerrorn, active = gerror_active(smmu, &gerrorn);
	int error = active & SMMU_GERROR_SFM_ERR || !smmu_is_on(smmu) ? -SHADOW_EIO : 0;

	if (!active && !error && !gerror_is_left(smmu))
		return 0;
	for (unsigned i = 0; i <= smmu->ecmdqs && !error; i++)
		error = gerror_repair(smmu_queue(smmu, i));
	if (error) {
		(void)smmu_close_locked(smmu);
		return -SHADOW_EIO;
	}
	if (gerror_is_left(smmu))
		return -SHADOW_EAGAIN;
	active = gerror_active(smmu, &gerrorn) & (uint32_t)GERROR_HARMLESS;
	if (active)
		platform_mmio_write32(smmu->config.registers + SMMU_GERRORN, gerrorn ^ active);
	return 0;
}

int shadow_smmu_gerror(struct shadow_smmu *smmu)
{
	int error = 0;

	if (!smmu_is_shut(smmu)) {
		if (!order_try_lock(smmu->completing))
			return -SHADOW_EAGAIN;
		error = smmu_is_shut(smmu) ? 0 : gerror_handle(smmu);
		order_unlock(smmu->completing);
	}
	return load_acquire_u32(&smmu->isolation_lost) ? -SHADOW_EIO : error;
}
