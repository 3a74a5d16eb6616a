/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * registers.c - the two register pages: what an access reads or writes, and when it may.
 *
 * A register that is guarded by an enable bit ignores a write at a forbidden time, as from SMMUv3.2 on, and
 * the write is reported; so are writes to what is not there and accesses of the wrong width. What the
 * identification registers say is in registers_id.c, and what CR0, GBPA, IRQ_CTRL and GERRORN do with a write
 * in registers_handshake.c.
 * Callers: the driver, by model_read32() and its like; model.c, for reset.
 * Spec: IHI 0070, Registers; Register access.
 */
#include "ecmdq.h"
#include "registers_internal.h"

enum {
	CR1_QUEUES = 0x3f,  /* QUEUE_SH, QUEUE_OC, QUEUE_IC */
	CR1_TABLES = 0xfc0, /* TABLE_SH, TABLE_OC, TABLE_IC */
	CR2_FIELDS = 0xf,
};

#define GBPA_SHCFG_INCOMING (UINT32_C(1) << 12)
#define QUEUE_OVERFLOW	    (UINT32_C(1) << 31)
#define STRTAB_BASE_FIELDS  (bits_mask(62, 62) | bits_mask(55, 6))
#define QUEUE_BASE_FIELDS   (bits_mask(62, 62) | bits_mask(55, 5) | bits_mask(4, 0))
#define STRTAB_CFG_FIELDS   ((uint32_t)(bits_mask(17, 16) | bits_mask(10, 6) | bits_mask(5, 0)))

void registers_reset(struct model *model)
{
	struct registers *registers = &model->registers;

	*registers = (struct registers){ .cr0 = 0 };
	registers->gbpa = GBPA_SHCFG_INCOMING | (model->config.gbpa_abort_at_reset ? GBPA_ABORT : 0);
}

/* ---- guards ------------------------------------------------------------------------------ */

/* May a register that is guarded by these CR0 fields be written now? */
static bool cr0_guard(struct model *model, uint32_t fields, uint32_t offset, uint64_t value)
{
	if (!((model->registers.cr0 | model->registers.cr0ack) & fields))
		return true;
	registers_complain(model, offset, 0, value,
			   "register written while the enable bit that guards it is set");
	return false;
}

static bool irq_guard(struct model *model, uint32_t field, uint32_t offset, uint64_t value)
{
	if (!((model->registers.irq_ctrl | model->registers.irq_ctrl_ack) & field))
		return true;
	registers_complain(model, offset, 0, value, "interrupt configured while it is enabled");
	return false;
}

static void cr1_write(struct model *model, uint32_t value)
{
	struct registers *registers = &model->registers;
	uint32_t changed = (value ^ registers->cr1) & (CR1_QUEUES | CR1_TABLES);

	if (changed & CR1_QUEUES && !cr0_guard(model, CR0_CMDQEN | CR0_EVENTQEN, CR1, value))
		changed &= ~(uint32_t)CR1_QUEUES;
	if (changed & CR1_QUEUES && ecmdq_any_on(model)) {
		registers_complain(model, CR1, registers->cr1, value, "CR1.QUEUE_* written while an ECMDQ is on");
		changed &= ~(uint32_t)CR1_QUEUES;
	}
	if (changed & CR1_TABLES && !cr0_guard(model, CR0_SMMUEN, CR1, value))
		changed &= ~(uint32_t)CR1_TABLES;
	registers->cr1 ^= changed;
}

/* The doorbell: says what is published, and executes nothing. */
static void cmdq_prod_write(struct model *model, uint32_t value)
{
	struct registers *registers = &model->registers;

	if (registers->cr0 & CR0_CMDQEN)
		cmdq_ring(model, &model->queue[0], CMDQ_PROD, value, registers_error_active(model, GERROR_CMDQ_ERR));
	else
		model->queue[0].prod = value & ((UINT32_C(2) << model->config.cmdq_lg2) - 1);
}

static uint32_t eventq_fields(const struct model *model)
{
	return QUEUE_OVERFLOW | ((UINT32_C(2) << model->config.evtq_lg2) - 1);
}

/* ---- the map ----------------------------------------------------------------------------- */

/* The 64-bit register that @offset lies in. Return: NULL if it is a 32-bit one. */
static uint64_t *wide_register(struct model *model, uint32_t offset)
{
	struct registers *registers = &model->registers;

	switch (offset & ~UINT32_C(7)) {
	case GERROR_IRQ_CFG0:
		return &registers->gerror_irq_cfg0;
	case STRTAB_BASE:
		return &registers->strtab_base;
	case CMDQ_BASE:
		return &model->queue[0].base;
	case EVENTQ_BASE:
		return &registers->eventq_base;
	case EVENTQ_IRQ_CFG0:
		return &registers->eventq_irq_cfg0;
	default:
		return NULL;
	}
}

static void wide_write(struct model *model, uint32_t offset, uint64_t value)
{
	uint64_t *wide = wide_register(model, offset), fields = 0;
	bool allowed = false;

	switch (offset) {
	case STRTAB_BASE:
		allowed = cr0_guard(model, CR0_SMMUEN, offset, value);
		fields = STRTAB_BASE_FIELDS;
		break;
	case CMDQ_BASE:
		allowed = cr0_guard(model, CR0_CMDQEN, offset, value);
		fields = QUEUE_BASE_FIELDS;
		break;
	case EVENTQ_BASE:
		allowed = cr0_guard(model, CR0_EVENTQEN, offset, value);
		fields = QUEUE_BASE_FIELDS;
		break;
	case GERROR_IRQ_CFG0:
		allowed = irq_guard(model, IRQ_GERROR, offset, value);
		fields = model->config.msi ? bits_mask(55, 2) : 0;
		break;
	case EVENTQ_IRQ_CFG0:
		allowed = irq_guard(model, IRQ_EVENTQ, offset, value);
		fields = model->config.msi ? bits_mask(55, 2) : 0;
		break;
	}
	if (allowed)
		*wide = value & fields;
}

uint32_t model_read32(struct model *model, uint32_t offset)
{
	struct registers *registers = &model->registers;
	uint64_t *wide = wide_register(model, offset);

	if (offset & 3)
		registers_complain(model, offset, 0, 0, "misaligned register access");
	if (ecmdq_has(model, offset))
		return ecmdq_read32(model, offset);
	if (wide)
		return *wide >> (offset & 4 ? 32 : 0);
	switch (offset) {
	case CR0:
		return registers->cr0;
	case CR0ACK:
		return registers->cr0ack;
	case CR1:
		return registers->cr1;
	case CR2:
		return registers->cr2;
	case GBPA:
		return registers->gbpa | (registers->gbpa_delay ? GBPA_UPDATE : 0);
	case IRQ_CTRL:
		return registers->irq_ctrl;
	case IRQ_CTRLACK:
		return registers->irq_ctrl_ack;
	case GERROR:
		return registers->gerror;
	case GERRORN:
		return registers->gerrorn;
	case GERROR_IRQ_CFG1:
		return registers->gerror_irq_cfg1;
	case GERROR_IRQ_CFG2:
		return registers->gerror_irq_cfg2;
	case STRTAB_BASE_CFG:
		return registers->strtab_base_cfg;
	case CMDQ_PROD:
		return model->queue[0].prod;
	case CMDQ_CONS:
		return registers->cons_forged ? registers->cons_forgery : model->queue[0].cons;
	case EVENTQ_PROD:
		return registers->eventq_prod;
	case EVENTQ_CONS:
		return registers->eventq_cons;
	case EVENTQ_IRQ_CFG1:
		return registers->eventq_irq_cfg1;
	case EVENTQ_IRQ_CFG2:
		return registers->eventq_irq_cfg2;
	default:
		return registers_id(&model->config, offset);
	}
}

uint64_t model_read64(struct model *model, uint32_t offset)
{
	uint64_t *wide = wide_register(model, offset);

	if (wide && !(offset & 7))
		return *wide;
	if (ecmdq_has_wide(model, offset))
		return ecmdq_read32(model, offset) | (uint64_t)ecmdq_read32(model, offset + 4) << 32;
	registers_complain(model, offset, 0, 0, "64-bit access to a 32-bit register");
	return model_read32(model, offset & ~UINT32_C(3)) |
	       (uint64_t)model_read32(model, (offset & ~UINT32_C(3)) + 4) << 32;
}

void model_write32(struct model *model, uint32_t offset, uint32_t value)
{
	struct registers *registers = &model->registers;
	uint64_t *wide = wide_register(model, offset);

	if (offset & 3) {
		registers_complain(model, offset, 0, value, "misaligned register access");
		return;
	}
	if (ecmdq_has(model, offset)) {
		ecmdq_write32(model, offset, value);
		return;
	}
	if (wide) {
		wide_write(model, offset & ~UINT32_C(7),
			   offset & 4 ? (uint32_t)*wide | (uint64_t)value << 32 :
					(*wide >> 32 << 32) | value);
		return;
	}
	switch (offset) {
	case CR0:
		registers_write_cr0(model, value);
		break;
	case CR1:
		cr1_write(model, value);
		break;
	case CR2:
		if (cr0_guard(model, CR0_SMMUEN, offset, value))
			registers->cr2 = value & CR2_FIELDS;
		break;
	case GBPA:
		registers_write_gbpa(model, value);
		break;
	case IRQ_CTRL:
		registers_write_irq_ctrl(model, value);
		break;
	case GERRORN:
		registers_write_gerrorn(model, value);
		break;
	case GERROR_IRQ_CFG1:
		if (irq_guard(model, IRQ_GERROR, offset, value))
			registers->gerror_irq_cfg1 = value;
		break;
	case GERROR_IRQ_CFG2:
		if (irq_guard(model, IRQ_GERROR, offset, value))
			registers->gerror_irq_cfg2 = value;
		break;
	case STRTAB_BASE_CFG:
		if (cr0_guard(model, CR0_SMMUEN, offset, value))
			registers->strtab_base_cfg = value & STRTAB_CFG_FIELDS;
		break;
	case CMDQ_PROD:
		cmdq_prod_write(model, value);
		break;
	case CMDQ_CONS:
		if (cr0_guard(model, CR0_CMDQEN, offset, value))
			model->queue[0].cons = value & ((UINT32_C(2) << model->config.cmdq_lg2) - 1);
		break;
	case EVENTQ_PROD:
		if (cr0_guard(model, CR0_EVENTQEN, offset, value))
			registers->eventq_prod = value & eventq_fields(model);
		break;
	case EVENTQ_CONS:
		registers->eventq_cons = value & eventq_fields(model);
		break;
	case EVENTQ_IRQ_CFG1:
		if (irq_guard(model, IRQ_EVENTQ, offset, value))
			registers->eventq_irq_cfg1 = value;
		break;
	case EVENTQ_IRQ_CFG2:
		if (irq_guard(model, IRQ_EVENTQ, offset, value))
			registers->eventq_irq_cfg2 = value;
		break;
	default:
		registers_complain(model, offset, 0, value,
				   "write to a register that is read-only or not there");
		break;
	}
}

void model_write64(struct model *model, uint32_t offset, uint64_t value)
{
	if (wide_register(model, offset) && !(offset & 7))
		wide_write(model, offset, value);
	else if (ecmdq_has_wide(model, offset))
		ecmdq_write64(model, offset, value);
	else
		registers_complain(model, offset, 0, value, "64-bit access to a 32-bit register");
}
