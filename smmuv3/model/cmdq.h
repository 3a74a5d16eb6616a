/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * cmdq.h - the command queue's consumer side.
 */
#ifndef SMMUV3_MODEL_CMDQ_H
#define SMMUV3_MODEL_CMDQ_H

#include "command.h"
#include "erratum.h"

struct cmdq_injection {
	uint64_t position;
	unsigned error;
};

struct cmdq {
	uint64_t position; /* commands consumed since the model was made */
	bool rung;	   /* a doorbell that no step has answered yet */
	bool stalled;
	struct command *pending; /* consumed, not yet executed */
	unsigned pending_count, pending_room;
	struct cmdq_injection *injection;
	unsigned injection_count, injection_room;
	struct erratum erratum;
	bool atc_timed_out; /* since the last SYNC */
};

/** cmdq_consumer_step() - consume or execute one command. Return: false if there is nothing to do. */
bool cmdq_consumer_step(struct model *model);

/** cmdq_rung() - the position behind the last command that a doorbell has told of. */
uint64_t cmdq_rung(const struct model *model);
void cmdq_consumer_free(struct model *model);

#endif
