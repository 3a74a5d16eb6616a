/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * ats.c - streams whose devices keep translations: let them in, invalidate what they keep, shut them out.
 *
 * Letting one in: while its entry aborts it can ask for nothing, so one ATC_INV leaves it empty; then its entry goes
 * live, and from then on it is in every list. A device that does not confirm is not known by name: all of them are shut
 * out, since CR0.ATSCHK has translated accesses checked against the entry, which aborts them from then on.
 * Owns: who may keep translations is in ats_sid[] from its first chance to ask on.
 * Spec: IHI 0070, ATS; CMD_ATC_INV; Command errors.
 */
#include "smmuv3/ats.h"

#include <shadow/platform.h>

#include "engine/trace.h"
#include "smmuv3/stream.h"

#define ATS_PAGE_LG2 12u

static unsigned ats_lg2_up(uint64_t count)
{
	return count <= 1 ? 0 : 64 - (unsigned)__builtin_clzll(count - 1);
}

unsigned ats_pieces(uint64_t start, uint64_t end, struct ats_piece piece[2])
{
	uint64_t first = start >> ATS_PAGE_LG2, last = (end >> ATS_PAGE_LG2) - 1, middle;
	unsigned lg2 = ats_lg2_up((first ^ last) + 1), left, right;

	if (UINT64_C(1) << lg2 <= 2 * (last - first) + 1) {
		piece[0] = (struct ats_piece){ first >> lg2 << (lg2 + ATS_PAGE_LG2), lg2 };
		return 1;
	}
	/* Where the two differ first: as aligned as both pieces need it. */
	middle = last >> (lg2 - 1) << (lg2 - 1);
	left = ats_lg2_up(middle - first);
	right = ats_lg2_up(last + 1 - middle);
	piece[0] = (struct ats_piece){ (middle - (UINT64_C(1) << left)) << ATS_PAGE_LG2, left };
	piece[1] = (struct ats_piece){ middle << ATS_PAGE_LG2, right };
	return 2;
}

void ats_reset(struct shadow_smmu *smmu)
{
	store_relaxed_u32(&smmu->ats_count, 0);
	store_relaxed_u32(&smmu->ats_aborted, 0);
}

/* If all that were let in are shut out, places are free. No list that names them is on its way. */
static void ats_forget(struct shadow_smmu *smmu)
{
	while (!order_try_lock(smmu->completing))
		platform_relax();
	if (load_relaxed_u32(&smmu->ats_aborted) == load_relaxed_u32(&smmu->ats_count))
		ats_reset(smmu);
	order_unlock(smmu->completing);
}

int ats_empty(struct shadow_smmu *smmu, uint32_t sid)
{
	struct cmdq *cmdq = &smmu->cmdq;
	uint64_t position;
	bool lost;
	int error;

	/* What others did not confirm is their matter: it is over, in every queue, before this one is asked. */
	error = smmu_wait_idle(smmu);
	if (error != 0)
		return error;
	ats_forget(smmu);
	if (load_relaxed_u32(&smmu->ats_count) == SHADOW_STREAMS_MAX && !load_relaxed_u32(&smmu->ats_aborted))
		return -SHADOW_ENOSPC;
	error = cmdq_wait_room(cmdq, 3, smmu->config.wait_ns);
	if (error != 0)
		return error;
	/* [A1] Told before the doorbell. Pairs with ats_lost(). Observer: CPU. */
	store_release_u32(&smmu->ats_trial, ATS_TRIAL_RUNS);
	cmdq_write(cmdq, smmu_cmd_atc_inv(sid, 0, SMMU_CMD_ATC_SIZE_ALL));
	cmdq_write_sync(cmdq);
	position = cmdq_write_sync(cmdq);
	cmdq_publish(cmdq);
	error = cmdq_wait_passed(cmdq, position, smmu->config.wait_ns);
	lost = load_acquire_u32(&smmu->ats_trial) == ATS_TRIAL_LOST;
	store_release_u32(&smmu->ats_trial, ATS_TRIAL_NONE);
	return error == 0 && lost ? -SHADOW_EIO : error;
}

/* The place of one that was shut out, if there is any. */
void ats_add(struct shadow_smmu *smmu, uint32_t sid)
{
	uint32_t count = load_relaxed_u32(&smmu->ats_count), aborted;

	while (!order_try_lock(smmu->completing))
		platform_relax();
	aborted = load_relaxed_u32(&smmu->ats_aborted);
	if (aborted) {
		smmu->ats_sid[aborted - 1] = sid;
		store_release_u32(&smmu->ats_aborted, aborted - 1);
	} else {
		smmu->ats_sid[count] = sid;
		/* [A1] Stream before count. Pairs with ats_lost(). Observer: CPU. */
		store_release_u32(&smmu->ats_count, count + 1);
	}
	order_unlock(smmu->completing);
}

/* It changes places with the first of those that are not shut out, and is the last of the others then. */
void ats_remove(struct shadow_smmu *smmu, uint32_t sid)
{
	uint32_t count = load_relaxed_u32(&smmu->ats_count), aborted;

	while (!order_try_lock(smmu->completing))
		platform_relax();
	aborted = load_relaxed_u32(&smmu->ats_aborted);
	for (uint32_t i = aborted; i < count; i++) {
		if (smmu->ats_sid[i] != sid)
			continue;
		smmu->ats_sid[i] = smmu->ats_sid[aborted];
		smmu->ats_sid[aborted] = sid;
		store_release_u32(&smmu->ats_aborted, aborted + 1);
		break;
	}
	order_unlock(smmu->completing);
}

/* ATC_INVs were not confirmed. Completion lock held. */
static void ats_lost(struct cmdq *cmdq)
{
	struct shadow_smmu *smmu = cmdq->owner;
	uint32_t count = load_acquire_u32(&smmu->ats_count);

	if (load_acquire_u32(&smmu->ats_trial) != ATS_TRIAL_NONE) {
		store_release_u32(&smmu->ats_trial, ATS_TRIAL_LOST);
		return;
	}
	for (uint32_t i = load_relaxed_u32(&smmu->ats_aborted); i < count; i++) {
		stream_store_abort(smmu, smmu->ats_sid[i]);
		trace_report(PLATFORM_REPORT_STREAM_ABORTED, smmu->number, smmu->ats_sid[i]);
	}
	store_release_u32(&smmu->ats_aborted, count);
}

void ats_init(struct cmdq *cmdq)
{
	cmdq->atc_lost = ats_lost;
}
