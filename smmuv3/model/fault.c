/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * fault.c - what an SMMU may do when it breaks, on a test's demand.
 *
 * Those that concern one part alone are there: refused commands and a queue that stands still in cmdq.c, handshakes
 * without an answer and errors in GERROR with the registers.
 * Spec: IHI 0070, Initialization and reset; SMMU_CR0; SMMU_CMDQ_CONS.
 */
#include "model.h"

#include "command.h"
#include "ecmdq.h"
#include "state.h"

void model_stop_queue(struct model *model)
{
	model->registers.cr0 &= ~(uint32_t)CR0_CMDQEN;
	model->registers.cr0ack &= ~(uint32_t)CR0_CMDQEN;
}

void model_stop_ecmdq(struct model *model, unsigned queue)
{
	model->queue[queue].prod &= ~ECMDQ_EN;
	model->queue[queue].cons &= ~ECMDQ_EN;
}

void model_reset(struct model *model)
{
	registers_reset(model);
	cmdq_reset(model);
}

void model_power_cycle(struct model *model, unsigned kept)
{
	const struct command all_streams = { .sid_first = 0, .sid_last = UINT32_MAX };
	const struct invalidation everything = { .combined = true, .stage2 = true, .everything = true, .vmid_any = true };

	model_reset(model);
	if (!(kept & MODEL_KEPT_CONFIGURATION))
		stream_cache_invalidate(model, &all_streams);
	if (!(kept & MODEL_KEPT_TLB))
		tlb_invalidate(model->tlb, &everything, ++model->time, NULL);
}

void model_forge_cons(struct model *model, bool forge, uint32_t value)
{
	model->registers.cons_forged = forge;
	model->registers.cons_forgery = value;
}
