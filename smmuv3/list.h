/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * list.h - the command list of a publish for one SMMU.
 *
 * Called by target.c, which then rings all doorbells. Spec: IHI 0070, CMD_SYNC; CMD_TLBI_S2_IPA; CMD_TLBI_NH_ALL.
 */
#ifndef SMMUV3_LIST_H
#define SMMUV3_LIST_H

#include "smmuv3/target.h"

/* Write commands for all of the target's spans, which are closed, and the SYNCs that they need, into the queue of @cpu.
 * @position: of the last SYNC. Waits, and rings the doorbell before it does, if they do not fit into the ring at once.
 * Return: 0; -SHADOW_ETIMEDOUT or -SHADOW_EIO: a part is written, and the SMMU has to be closed.
 * Context: host lock. */
int list_write(struct smmu_target *target, struct shadow_smmu *smmu, unsigned cpu, uint64_t *position);

/* What the short way below needs to know of an SMMU that was probed. Set-up. */
void list_init(const struct smmu_target *target, struct shadow_smmu *smmu);

/* Commands of a list about one page. */
#define LIST_LONE	 2u
#define LIST_LONE_NESTED 4u

/* The short way, for one page: is its list such a one, and does it fit into the ring? [E1] The SMMU is live, read after the
 * store. */
static inline bool list_is_lone(struct shadow_smmu *smmu, unsigned cpu)
{
	/* [P1] Pairs with ats_lost(). Observer: CPU. */
	return smmu->lone && !smmu_is_shut(smmu) &&
	       load_acquire_u32(&smmu->ats_aborted) == load_relaxed_u32(&smmu->ats_count) &&
	       cmdq_room(smmu_queue_of(smmu, cpu)) >= smmu->lone;
}

static inline uint64_t list_add_lone(struct cmdq *cmdq, struct smmu_cmd tlbi)
{
	cmdq_store(cmdq, tlbi);
	cmdq->stats.tlbi++;
	return cmdq_write_sync(cmdq);
}

/* Its list, about the page at @address. Return: position of the last SYNC. */
static inline uint64_t list_write_lone(const struct shadow_smmu *smmu, struct cmdq *cmdq, uint64_t address)
{
	struct smmu_cmd page = smmu->page;
	uint64_t position;

	page.word[1] |= address;
	position = list_add_lone(cmdq, page);
	return smmu->lone == LIST_LONE_NESTED ? list_add_lone(cmdq, smmu->stage1) : position;
}

#endif
