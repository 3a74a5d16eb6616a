/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * irq.h - interrupts of errors and events: on a wire, or written to memory.
 */
#ifndef SMMUV3_MODEL_IRQ_H
#define SMMUV3_MODEL_IRQ_H

struct model;

/** irq_gerror() - an error has become active. */
void irq_gerror(struct model *model);

/** irq_events() - the event queue is not empty any more. */
void irq_events(struct model *model);

#endif
