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

#include "engine/order.h"
#include "smmuv3/cmd.h"

struct cmdq_stats {
	uint64_t tlbi, cfgi, syncs; /* written, by opcode; between flushes all are published */
	uint64_t doorbells;
	uint64_t repaired; /* commands replaced after CERROR_ILL */
};

struct cmdq {
	uint64_t *ring;					       /* two words a slot */
	uintptr_t prod_reg, cons_reg, gerror_reg, gerrorn_reg; /* for platform_mmio_*() */
	unsigned entries_lg2;
	unsigned number;      /* the SMMU's, for reports */
	bool coherent;	      /* else slots are cleaned before the doorbell */
	uint64_t written;     /* position of the next free slot; host lock */
	uint64_t published;   /* PROD says up to here; host lock */
	uint64_t consumed;    /* CONS was seen up to here; host lock in this version */
	uint64_t repaired_at; /* position after the newest repair; 0: none so far */
	struct cmdq_stats stats;
	bool failed; /* an error that may not be repaired: nothing completes any more */
};

/* Ring memory aligned to its size; CMDQ_BASE, PROD and CONS are the caller's to program. @coherent: the SMMU
 * looks into caches. */
void cmdq_init(struct cmdq *cmdq, uint64_t *ring, unsigned entries_lg2, uintptr_t registers, unsigned number,
	       bool coherent);

/* Free slots as far as CONS was seen. */
static inline uint64_t cmdq_room(const struct cmdq *cmdq)
{
	return (UINT64_C(1) << cmdq->entries_lg2) - (cmdq->written - cmdq->consumed);
}

/* Write one command into the next slot, not yet visible; there must be room. Return: its position. */
static inline uint64_t cmdq_write(struct cmdq *cmdq, struct smmu_cmd cmd)
{
	uint64_t position = cmdq->written;
	uint64_t mask = (UINT64_C(1) << cmdq->entries_lg2) - 1;
	uint64_t *slot = &cmdq->ring[2 * (position & mask)];

	shadow_assert(cmdq_room(cmdq) > 0);
	order_store_device(&slot[0], cmd.word[0]);
	order_store_device(&slot[1], cmd.word[1]);
	cmdq->written = position + 1;
	if (smmu_cmd_is_tlbi(cmd))
		cmdq->stats.tlbi++;
	else if (smmu_cmd_is_sync(cmd))
		cmdq->stats.syncs++;
	else
		cmdq->stats.cfgi++;
	return position;
}

/* [D1] Make everything written visible and ring the doorbell once; nothing if nothing was written. Where the
 * SMMU is not coherent the new slots are cleaned here, not where they are written: each line once. */
void cmdq_publish(struct cmdq *cmdq);

/* Read CONS (and GERROR when it has not moved); repair a refused command in place.
 * Return: 0, or -SHADOW_EIO once the queue has failed. */
int cmdq_poll(struct cmdq *cmdq);

/* Poll until there are @slots free slots; publishes first if some of them are written but unseen.
 * Return: 0; -SHADOW_ETIMEDOUT after @wait_ns; -SHADOW_EIO. @slots is at most the ring. */
int cmdq_wait_room(struct cmdq *cmdq, uint64_t slots, uint64_t wait_ns);

/* Poll until the published command at @position has passed. Return: as cmdq_wait_room(). */
int cmdq_wait_passed(struct cmdq *cmdq, uint64_t position, uint64_t wait_ns);

/* A command at @position has been consumed; for a SYNC that means completed. */
static inline bool cmdq_passed(const struct cmdq *cmdq, uint64_t position)
{
	return cmdq->consumed > position;
}

#endif
