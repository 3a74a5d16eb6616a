/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * ats.h - streams whose devices keep translations: let them in, invalidate what they keep, shut them out.
 *
 * Owns: a device that did not confirm an invalidation reaches nothing any more before a ticket that covers it is
 * complete. Called by smmu.c, attach.c and list.c.
 * Spec: IHI 0070, ATS; CMD_ATC_INV; Command errors.
 */
#ifndef SMMUV3_ATS_H
#define SMMUV3_ATS_H

#include "smmuv3/smmu.h"
#include "smmuv3/tlbi.h"

/* A device is being let in: what it has kept from before goes first. */
enum ats_trial {
	ATS_TRIAL_NONE = 0,
	ATS_TRIAL_RUNS = 1,
	ATS_TRIAL_LOST = 2,	       /* it did not confirm that */
};

/* Spans up to which each is named; with more of them, everything goes. Each is a message to a device. */
#define ATS_SPANS_MAX 8u

/* An aligned power of two of 4 KiB pages. */
struct ats_piece {
	uint64_t address;
	unsigned size_lg2;
};

/* One or two pieces that cover bytes @start .. @end, both aligned to 4 KiB, and less than that much more.
 * Return: how many. */
unsigned ats_pieces(uint64_t start, uint64_t end, struct ats_piece piece[2]);

/* Make sure that the device of @sid, whose entry aborts, keeps nothing. Waits for the SMMU.
 * Return: 0; -SHADOW_ENOSPC; -SHADOW_ETIMEDOUT, -SHADOW_EIO: it may keep something. Context: host lock. */
int ats_empty(struct shadow_smmu *smmu, uint32_t sid);

/* From now on ATC_INVs are sent for @sid, for which ats_empty() has found a place. Context: host lock. */
void ats_add(struct shadow_smmu *smmu, uint32_t sid);

/* From now on none are sent for @sid: its entry aborts before the host lock is released. Context: host lock. */
void ats_remove(struct shadow_smmu *smmu, uint32_t sid);

/* From now on, when ATC_INVs are not confirmed, the streams of all devices that keep translations abort, and
 * cmdq.c has the SMMU drop its copies of their entries. The queue is initialised. */
void ats_init(struct cmdq *cmdq);

/* Nobody keeps translations: the SMMU is off. */
void ats_reset(struct shadow_smmu *smmu);

#endif
