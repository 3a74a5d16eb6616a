/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * registers_handshake.c - registers in pairs: what is asked, and what has been answered.
 *
 * CR0, GBPA and IRQ_CTRL answer only after steps of the model, never inside the write; a change of a field
 * whose last change is not answered yet is reported. What CR0 enables is checked when that comes into force:
 * queues and stream tables whose base is not aligned to their size are reported. GERROR is the other way
 * round: the model asks, and the driver answers in GERRORN.
 * Callers: registers.c for writes, model.c for steps, all that raise errors.
 * Spec: IHI 0070, SMMU_CR0; SMMU_CR0ACK; SMMU_GBPA; SMMU_IRQ_CTRL; SMMU_GERROR; SMMU_GERRORN.
 */
#include "ecmdq.h"
#include "irq.h"
#include "registers_internal.h"

enum {
	GBPA_FIELDS = 0x1f3f1f,
	HANDSHAKE_STEPS = 3,
};

static void alignment_check(struct model *model, uint32_t offset, uint64_t base, uint64_t bytes,
			    const char *what)
{
	if (base & (bytes - 1))
		model_violate(model, MODEL_RULE_ALIGNMENT, offset, 0, base, what);
}

static uint64_t at_least(uint64_t value, uint64_t minimum)
{
	return value > minimum ? value : minimum;
}

static void stream_table_check(struct model *model)
{
	struct registers *registers = &model->registers;
	unsigned log2size = bits_get(registers->strtab_base_cfg, 5, 0);
	unsigned split = bits_get(registers->strtab_base_cfg, 10, 6);
	unsigned format = bits_get(registers->strtab_base_cfg, 17, 16);
	uint64_t bytes = bits_put(64, log2size & 63);

	if (log2size > model->config.sid_bits)
		registers_complain(model, STRTAB_BASE_CFG, 0, registers->strtab_base_cfg,
				   "LOG2SIZE beyond IDR1.SIDSIZE");
	if (format) {
		if (!model->config.st_level2 || format > 1)
			registers_complain(model, STRTAB_BASE_CFG, 0, registers->strtab_base_cfg,
					   "stream table format not offered");
		if (split != 6 && split != 8 && split != 10)
			registers_complain(model, STRTAB_BASE_CFG, 0, registers->strtab_base_cfg,
					   "reserved SPLIT");
		bytes = at_least(log2size > split ? bits_put(8, log2size - split) : 8, 64);
	}
	alignment_check(model, STRTAB_BASE, registers->strtab_base & bits_mask(55, 6), bytes,
			"stream table not aligned to its size");
}

void registers_check_cmdq(struct model *model, const struct cmdq *cmdq, uint32_t offset)
{
	alignment_check(model, offset, cmdq->base & bits_mask(55, 5),
			at_least(bits_put(16, cmdq_lg2(model, cmdq)), 32), "command queue not aligned to its size");
}

/* What CR0 asks for comes into force. */
static void cr0_acknowledge(struct model *model)
{
	struct registers *registers = &model->registers;
	uint32_t enabled = registers->cr0 & ~registers->cr0ack;

	registers->cr0ack = registers->cr0;
	if (enabled & CR0_SMMUEN) {
		stream_table_check(model);
		bbm_enabled(model);
	}
	if (enabled & CR0_CMDQEN) {
		registers_check_cmdq(model, &model->queue[0], CMDQ_BASE);
		cmdq_begin(&model->queue[0]);
	}
	if (enabled & CR0_EVENTQEN)
		alignment_check(model, EVENTQ_BASE, registers->eventq_base & bits_mask(55, 5),
				bits_put(32, registers_eventq_lg2(model)),
				"event queue not aligned to its size");
}

bool registers_step(struct model *model)
{
	struct registers *registers = &model->registers;

	if (registers->stalled)
		return false;
	if (registers->cr0_delay) {
		if (!--registers->cr0_delay)
			cr0_acknowledge(model);
	} else if (registers->gbpa_delay) {
		if (!--registers->gbpa_delay)
			registers->gbpa = registers->gbpa_next;
	} else if (registers->irq_delay) {
		if (!--registers->irq_delay)
			registers->irq_ctrl_ack = registers->irq_ctrl;
	} else {
		return ecmdq_answer(model);
	}
	return true;
}

void model_stall_registers(struct model *model, bool stall)
{
	model->registers.stalled = stall;
}

unsigned registers_delay(struct model *model)
{
	return 1 + model_random(model, HANDSHAKE_STEPS);
}

void registers_write_cr0(struct model *model, uint32_t value)
{
	struct registers *registers = &model->registers;
	uint32_t offered = CR0_SMMUEN | CR0_EVENTQEN | CR0_CMDQEN | (model->config.ats ? CR0_ATSCHK : 0);

	if (value & ~offered)
		registers_complain(model, CR0, registers->cr0, value, "CR0 field that is not offered");
	value &= offered;
	if ((value ^ registers->cr0) & (registers->cr0 ^ registers->cr0ack))
		registers_complain(model, CR0, registers->cr0, value,
				   "CR0 field changed before CR0ACK mirrored it");
	registers->cr0 = value;
	registers->cr0_delay = registers->cr0 == registers->cr0ack ? 0 : registers_delay(model);
}

void registers_write_gbpa(struct model *model, uint32_t value)
{
	struct registers *registers = &model->registers;

	if (registers->gbpa_delay) {
		registers_complain(model, GBPA, registers->gbpa, value, "GBPA written while UPDATE=1");
		return;
	}
	if (!(value & GBPA_UPDATE)) {
		registers_complain(model, GBPA, registers->gbpa, value, "GBPA written without UPDATE");
		return;
	}
	registers->gbpa_next = value & GBPA_FIELDS;
	registers->gbpa_delay = registers_delay(model);
}

void registers_write_irq_ctrl(struct model *model, uint32_t value)
{
	struct registers *registers = &model->registers;

	value &= IRQ_GERROR | IRQ_EVENTQ;
	if ((value ^ registers->irq_ctrl) & (registers->irq_ctrl ^ registers->irq_ctrl_ack))
		registers_complain(model, IRQ_CTRL, registers->irq_ctrl, value,
				   "IRQ_CTRL field changed before its ACK mirrored it");
	registers->irq_ctrl = value;
	registers->irq_delay = value == registers->irq_ctrl_ack ? 0 : registers_delay(model);
}

bool registers_error_active(const struct model *model, uint32_t gerror_bit)
{
	return (model->registers.gerror ^ model->registers.gerrorn) & gerror_bit;
}

void registers_raise(struct model *model, uint32_t gerror_bit)
{
	if (registers_error_active(model, gerror_bit))
		return;
	model->registers.gerror ^= gerror_bit;
	irq_gerror(model);
}

void model_raise_gerror(struct model *model, uint32_t bits)
{
	uint32_t bit;

	for (bit = 1; bit; bit <<= 1) {
		if (bits & bit)
			registers_raise(model, bit);
	}
}

void registers_write_gerrorn(struct model *model, uint32_t value)
{
	struct registers *registers = &model->registers;
	uint32_t toggled = value ^ registers->gerrorn;
	uint32_t active = registers->gerror ^ registers->gerrorn;

	if (toggled & ~active)
		registers_complain(model, GERRORN, registers->gerrorn, value,
				   "GERRORN toggled where no error is active");
	registers->gerrorn ^= toggled & active;
}
