/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * registers_internal.h - where the registers are, and what the files behind registers.h share.
 *
 * Only registers*.c, ecmdq.c and irq.c may include it. registers.c calls registers_handshake.c, and both call registers_id.c.
 * Spec: IHI 0070, Registers.
 */
#ifndef SMMUV3_MODEL_REGISTERS_INTERNAL_H
#define SMMUV3_MODEL_REGISTERS_INTERNAL_H

#include "bits.h"
#include "registers.h"
#include "state.h"

enum offset {
	IDR0 = 0x00,
	IDR1 = 0x04,
	IDR3 = 0x0c,
	IDR5 = 0x14,
	IIDR = 0x18,
	AIDR = 0x1c,
	CR0 = 0x20,
	CR0ACK = 0x24,
	CR1 = 0x28,
	CR2 = 0x2c,
	GBPA = 0x44,
	IRQ_CTRL = 0x50,
	IRQ_CTRLACK = 0x54,
	GERROR = 0x60,
	GERRORN = 0x64,
	GERROR_IRQ_CFG0 = 0x68,
	GERROR_IRQ_CFG1 = 0x70,
	GERROR_IRQ_CFG2 = 0x74,
	STRTAB_BASE = 0x80,
	STRTAB_BASE_CFG = 0x88,
	CMDQ_BASE = 0x90,
	CMDQ_PROD = 0x98,
	CMDQ_CONS = 0x9c,
	EVENTQ_BASE = 0xa0,
	EVENTQ_IRQ_CFG0 = 0xb0,
	EVENTQ_IRQ_CFG1 = 0xb8,
	EVENTQ_IRQ_CFG2 = 0xbc,
	IDR6 = 0x190,
	CONTROL_PAGE_BASE = 0x4000, /* _BASE, _CFG, _STATUS of each control page: 32 bytes */
	EVENTQ_PROD = 0x100a8,
	EVENTQ_CONS = 0x100ac,
};

enum {
	IRQ_GERROR = 1 << 0,
	IRQ_EVENTQ = 1 << 2,
};

#define GBPA_UPDATE (UINT32_C(1) << 31)

static inline void registers_complain(struct model *model, uint32_t offset, uint64_t old_value,
				      uint64_t new_value, const char *what)
{
	model_violate(model, MODEL_RULE_REGISTER, offset, old_value, new_value, what);
}

/* ---- registers_id.c ---------------------------------------------------------------------- */

/** registers_id() - the value of IDR0 .. IDR5, IIDR or AIDR; 0 at any other @offset. */
uint32_t registers_id(const struct model_config *config, uint32_t offset);

/* ---- registers_handshake.c --------------------------------------------------------------- */

void registers_write_cr0(struct model *model, uint32_t value);
void registers_write_gbpa(struct model *model, uint32_t value);
void registers_write_irq_ctrl(struct model *model, uint32_t value);
void registers_write_gerrorn(struct model *model, uint32_t value);

/** registers_delay() - steps until a handshake is answered. */
unsigned registers_delay(struct model *model);
/** registers_check_cmdq() - a command queue is switched on: is its base, at @offset, aligned? */
void registers_check_cmdq(struct model *model, const struct cmdq *cmdq, uint32_t offset);

#endif
