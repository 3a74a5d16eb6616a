/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * target.h - a shadow target on SMMUv3: one stage-2 table, its SMMUs, and the fences they have passed.
 *
 * Internal to smmuv3/. All under the host lock, but for what says otherwise; who asks has the completion lock.
 */
#ifndef SMMUV3_TARGET_H
#define SMMUV3_TARGET_H

#include "engine/target.h"
#include "smmuv3/pgtable.h"
#include "smmuv3/smmu.h"
#include "smmuv3/stream.h"
#include "smmuv3/tlbi_plan.h"

#define TARGET_FENCES 16u	       /* publishes whose syncs may be outstanding one by one */

struct target_stream {
	struct shadow_smmu *smmu;
	uint32_t sid;
	struct smmu_stage1 stage1;     /* the host's, when nested */
	bool ats;		       /* its device may keep translations */
	bool out;		       /* it aborts until it is let in again */
};

struct smmu_target {
	struct shadow_target base;
	struct shadow_smmu_target_config config;
	struct pgtable pgtable;
	struct tlbi_spans spans;
	struct tlbi_plan plan;	       /* scratch of a publish, for one SMMU after the other; */
	uint64_t last[SHADOW_SMMUS_MAX]; /* and the position of each one's last SYNC. Both too large for a stack */
	bool live;		       /* snapshot done: streams use the table */
	uint64_t fence;		       /* newest; host lock */
	_Atomic uint64_t fence_complete; /* every SMMU has passed it; written under the completion lock */
	uint64_t position[TARGET_FENCES][SHADOW_SMMUS_MAX]; /* of each fence's last SYNC, by SMMU; host lock, and the
							     * completion lock once the fence was given out */
	uint16_t cpu[TARGET_FENCES];   /* whose queues that is in; as above */
	struct target_stream stream[SHADOW_STREAMS_MAX];
	_Atomic uint32_t stream_count; /* written under the host lock */
	enum shadow_smmu_refusal refusal; /* of the last attach; host lock */
	_Atomic uint32_t smmu_count;   /* attached, on or off; written under the host lock */
	struct shadow_smmu smmu[SHADOW_SMMUS_MAX];
};

static inline struct smmu_target *smmu_target_of(struct shadow_target *target)
{
	return (struct smmu_target *)target;
}

/* SMMUs that are attached. [P1] Pairs with shadow_smmu_attach(). Observer: CPU. */
static inline unsigned target_smmus(const struct smmu_target *target)
{
	return load_acquire_u32(&target->smmu_count);
}

/* Snapshot done: put every stream's entry in force. See engine/target.h. */
int target_enable(struct shadow_target *target);

/* What the engine calls; see engine/target.h. */
extern const struct target_ops smmu_target_ops;

#endif
