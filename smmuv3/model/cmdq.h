/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * cmdq.h - the consumer side of the command queues: SMMU_CMDQ is number 0, those of the control pages follow.
 */
#ifndef SMMUV3_MODEL_CMDQ_H
#define SMMUV3_MODEL_CMDQ_H

#include "command.h"
#include "erratum.h"

struct cmdq_injection {
	uint64_t position;
	unsigned error;
};

enum {
	CMDQ_ENHANCED_MAX = 16,
	CMDQ_QUEUES_MAX = 1 + CMDQ_ENHANCED_MAX
};

struct cmdq {
	unsigned number;
	uint64_t base; /* registers; those of an enhanced queue also hold EN and ERRACK, ENACK, ERR and its reason */
	uint32_t prod, cons;
	unsigned delay;	   /* enhanced: steps until EN is answered; 0: it is */
	uint64_t position; /* commands consumed since the model was made */
	bool rung;	   /* a doorbell that no step has answered yet */
	bool astray;	   /* enhanced: it was on at a reset that its driver may not know of; doorbells still come */
	bool stalled;
	struct command *pending; /* consumed, not yet executed */
	unsigned pending_count, pending_room;
	struct cmdq_injection *injection;
	unsigned injection_count, injection_room;
	struct erratum erratum;
	bool atc_timed_out; /* since the last SYNC */
};

/** cmdq_consumer_step() - consume or execute one command of any queue. Return: false if there is nothing to do. */
bool cmdq_consumer_step(struct model *model);

/** cmdq_begin() - the queue is turned on: what devices did not confirm before is no SYNC's matter any more. */
void cmdq_begin(struct cmdq *cmdq);

/** cmdq_rung() - the position behind the last command that a doorbell of a queue has told of. */
uint64_t cmdq_rung(const struct model *model, unsigned number);

/* Its size in force: what BASE asks for, at most what IDR1 offers; and the bits of an index and its wrap. */
unsigned cmdq_lg2(const struct model *model, const struct cmdq *cmdq);
uint32_t cmdq_index_mask(const struct model *model, const struct cmdq *cmdq);

/** cmdq_ring() - a write of PROD's index while the queue is on. What makes no sense is not taken, and reported. */
void cmdq_ring(struct model *model, struct cmdq *cmdq, uint32_t offset, uint32_t index, bool failed);

/** cmdq_reset() - registers of the queues are as after a reset, and commands under way are lost. */
void cmdq_reset(struct model *model);
void cmdq_consumer_free(struct model *model);

#endif
