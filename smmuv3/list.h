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

#endif
