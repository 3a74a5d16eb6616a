/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * irq.c - interrupts of errors and events: on a wire, or written to memory.
 *
 * Only those that IRQ_CTRLACK has enabled. A write that aborts is an error of its own, which is raised once.
 * Callers: registers_handshake.c when an error becomes active, event.c when the queue does.
 * Spec: IHI 0070, Interrupts and notifications; SMMU_GERROR_IRQ_CFG0; SMMU_EVENTQ_IRQ_CFG0.
 */
#include "irq.h"

#include <string.h>

#include "bits.h"
#include "registers_internal.h"

static void irq_send(struct model *model, uint64_t address, uint32_t data, uint64_t *count, uint32_t abort)
{
	void *where;

	if (!model->config.msi || !address) {
		++*count;
		return;
	}
	where = model->config.memory.write(model->config.memory.ctx, address, sizeof(data));
	if (!where) {
		registers_raise(model, abort);
		return;
	}
	memcpy(where, &data, sizeof(data));
	++*count;
}

void irq_gerror(struct model *model)
{
	const struct registers *registers = &model->registers;

	if (registers->irq_ctrl_ack & IRQ_GERROR)
		irq_send(model, registers->gerror_irq_cfg0, registers->gerror_irq_cfg1,
			 &model->counters.interrupts_gerror, GERROR_MSI_GERROR_ABT);
}

void irq_events(struct model *model)
{
	const struct registers *registers = &model->registers;

	if (registers->irq_ctrl_ack & IRQ_EVENTQ)
		irq_send(model, registers->eventq_irq_cfg0, registers->eventq_irq_cfg1,
			 &model->counters.interrupts_events, GERROR_MSI_EVENTQ_ABT);
}
