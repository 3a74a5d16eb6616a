/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * cmdq.h - command queue, producer side: write commands, publish them with one doorbell, see syncs pass.
 *
 * Owns: a slot is visible to the SMMU only after all its words are written; positions are 64 bits and count
 * commands from 0. Spec: IHI 0070, Command queue; Circular queues; Command errors.
 */
#ifndef SMMUV3_CMDQ_H
#define SMMUV3_CMDQ_H

#include <stdbool.h>
#include <stdint.h>

#include "smmuv3/cmd.h"

struct cmdq_stats {
	uint64_t tlbi, cfgi, syncs;    /* published, by opcode */
	uint64_t doorbells;
	uint64_t repaired;	       /* commands replaced after CERROR_ILL */
};

struct cmdq {
	uint64_t *ring;		       /* two words a slot */
	uintptr_t prod_reg, cons_reg, gerror_reg, gerrorn_reg; /* for platform_mmio_*() */
	unsigned entries_lg2;
	unsigned number;	       /* the SMMU's, for reports */
	uint64_t written;	       /* position of the next free slot; host lock */
	uint64_t published;	       /* PROD says up to here; host lock */
	uint64_t consumed;	       /* CONS was seen up to here; host lock in this version */
	struct cmdq_stats stats;
	bool failed;		       /* an error that may not be repaired: nothing completes any more */
};

/* Ring memory zeroed, aligned to its size; CMDQ_BASE, PROD and CONS are the caller's to program. */
void cmdq_init(struct cmdq *cmdq, uint64_t *ring, unsigned entries_lg2, uintptr_t registers, unsigned number);

/* Free slots as far as CONS was seen. */
uint64_t cmdq_room(const struct cmdq *cmdq);

/* Write one command into the next slot, not yet visible; there must be room. Return: its position. */
uint64_t cmdq_write(struct cmdq *cmdq, struct smmu_cmd cmd);

/* [D1] Make everything written visible and ring the doorbell once; nothing if nothing was written. */
void cmdq_publish(struct cmdq *cmdq);

/* Read CONS (and GERROR when it has not moved); repair a refused command in place.
 * Return: 0, or -SHADOW_EIO once the queue has failed. */
int cmdq_poll(struct cmdq *cmdq);

/* A command at @position has been consumed; for a SYNC that means completed. */
static inline bool cmdq_passed(const struct cmdq *cmdq, uint64_t position)
{
	return cmdq->consumed > position;
}

#endif
