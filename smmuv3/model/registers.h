/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * registers.h - the register file, and what the other parts need to know of it.
 */
#ifndef SMMUV3_MODEL_REGISTERS_H
#define SMMUV3_MODEL_REGISTERS_H

#include <stdbool.h>
#include <stdint.h>

struct model;

struct registers {
	uint32_t cr0, cr0ack, cr1, cr2;
	uint32_t gbpa, gbpa_next; /* GBPA in force, and what an UPDATE under way will make of it */
	uint32_t irq_ctrl, irq_ctrl_ack;
	uint32_t gerror, gerrorn;
	uint64_t strtab_base;
	uint32_t strtab_base_cfg;
	uint64_t eventq_base;
	uint32_t eventq_prod, eventq_cons;
	uint64_t gerror_irq_cfg0, eventq_irq_cfg0;
	uint32_t gerror_irq_cfg1, gerror_irq_cfg2, eventq_irq_cfg1, eventq_irq_cfg2;
	bool stalled; /* no handshake is answered */
	bool cons_forged; /* CMDQ_CONS reads as cons_forgery */
	uint32_t cons_forgery;
	unsigned cr0_delay, gbpa_delay,
		irq_delay; /* steps until a handshake is answered; 0: none under way */
};

enum {
	CR0_SMMUEN = 1 << 0,
	CR0_EVENTQEN = 1 << 2,
	CR0_CMDQEN = 1 << 3,
	CR0_ATSCHK = 1 << 4,
	CR2_RECINVSID = 1 << 1,
	GBPA_ABORT = 1 << 20,
	GERROR_CMDQ_ERR = 1 << 0,
	GERROR_EVENTQ_ABT = 1 << 2,
	GERROR_MSI_CMDQ_ABT = 1 << 4,
	GERROR_MSI_EVENTQ_ABT = 1 << 5,
	GERROR_MSI_GERROR_ABT = 1 << 7,
	GERROR_CMDQP_ERR = 1 << 9,
};

void registers_reset(struct model *model);

/** registers_step() - answer a handshake. Return: false if none is under way. */
bool registers_step(struct model *model);

/** registers_raise() - make a GERROR bit active, unless it is already. */
void registers_raise(struct model *model, uint32_t gerror_bit);
bool registers_error_active(const struct model *model, uint32_t gerror_bit);

/* The event queue's size in force: what BASE asks for, at most what IDR1 offers. */
unsigned registers_eventq_lg2(const struct model *model);

#endif
