/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * registers.c - the two register pages: identification, handshakes, guards and errors.
 *
 * CR0, GBPA and IRQ_CTRL answer only after steps of the model, never inside the write. A register that is
 * guarded by an enable bit ignores a write at a forbidden time, as from SMMUv3.2 on, and the write is
 * reported; so are writes to what is not there, accesses of the wrong width, and queues or stream tables
 * whose base is not aligned when they are enabled.
 * Spec: IHI 0070, Registers; SMMU_CR0; SMMU_GBPA; SMMU_GERROR; Register access.
 */
#include "registers.h"

#include "bits.h"
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
	EVENTQ_PROD = 0x100a8,
	EVENTQ_CONS = 0x100ac,
};

enum {
	CR1_QUEUES = 0x3f,  /* QUEUE_SH, QUEUE_OC, QUEUE_IC */
	CR1_TABLES = 0xfc0, /* TABLE_SH, TABLE_OC, TABLE_IC */
	CR2_FIELDS = 0xf,
	GBPA_FIELDS = 0x1f3f1f,
	IRQ_GERROR = 1 << 0,
	IRQ_EVENTQ = 1 << 2,
	HANDSHAKE_STEPS = 3,
};

#define GBPA_UPDATE	    (UINT32_C(1) << 31)
#define GBPA_SHCFG_INCOMING (UINT32_C(1) << 12)
#define QUEUE_OVERFLOW	    (UINT32_C(1) << 31)
#define STRTAB_BASE_FIELDS  (bits_mask(62, 62) | bits_mask(55, 6))
#define QUEUE_BASE_FIELDS   (bits_mask(62, 62) | bits_mask(55, 5) | bits_mask(4, 0))
#define STRTAB_CFG_FIELDS   ((uint32_t)(bits_mask(17, 16) | bits_mask(10, 6) | bits_mask(5, 0)))

/* ---- identification ---------------------------------------------------------------------- */

static uint32_t idr0(const struct model_config *config)
{
	return config->s2p | config->s1p << 1 | 2u << 2 /* AArch64 */ | config->cohacc << 4 |
	       (config->httu ? 2u << 6 : 0) | config->hyp << 9 | config->ats << 10 |
	       config->s1p << 12 /* ASID16 */ | config->msi << 13 | config->sev << 14 | config->vmid16 << 18 |
	       2u << 21 /* little-endian */ | 1u << 24 /* no stall */ | 1u << 26 /* TERM_MODEL */ |
	       config->st_level2 << 27;
}

static uint32_t idr1(const struct model_config *config)
{
	return config->sid_bits | config->evtq_lg2 << 16 | config->cmdq_lg2 << 21;
}

static uint32_t idr3(const struct model_config *config)
{
	return config->fwb << 8 | config->stt << 9 | config->ril << 10 | config->bbml << 11;
}

static uint32_t idr5(const struct model_config *config)
{
	static const unsigned char bits[] = { 32, 36, 40, 42, 44, 48, 52 };
	unsigned oas = 0;

	while (oas + 1 < sizeof(bits) && bits[oas + 1] <= config->oas_bits)
		oas++;
	return oas | 1u << 4 | config->gran16k << 5 | config->gran64k << 6 | config->ds << 7;
}

static uint32_t aidr(const struct model_config *config)
{
	return config->ril || config->bbml ? 2 : 1;
}

/* ---- what the other parts ask ------------------------------------------------------------ */

static unsigned queue_lg2(uint64_t base, unsigned lg2_max)
{
	unsigned lg2 = bits_get(base, 4, 0);

	return lg2 < lg2_max ? lg2 : lg2_max;
}

unsigned registers_cmdq_lg2(const struct model *model)
{
	return queue_lg2(model->registers.cmdq_base, model->config.cmdq_lg2);
}

unsigned registers_eventq_lg2(const struct model *model)
{
	return queue_lg2(model->registers.eventq_base, model->config.evtq_lg2);
}

bool registers_error_active(const struct model *model, uint32_t gerror_bit)
{
	return (model->registers.gerror ^ model->registers.gerrorn) & gerror_bit;
}

void registers_raise(struct model *model, uint32_t gerror_bit)
{
	if (!registers_error_active(model, gerror_bit))
		model->registers.gerror ^= gerror_bit;
}

void registers_reset(struct model *model)
{
	struct registers *registers = &model->registers;

	*registers = (struct registers){ .cr0 = 0 };
	registers->gbpa = GBPA_SHCFG_INCOMING | (model->config.gbpa_abort_at_reset ? GBPA_ABORT : 0);
}

/* ---- handshakes -------------------------------------------------------------------------- */

static void complain(struct model *model, uint32_t offset, uint64_t old_value, uint64_t new_value,
		     const char *what)
{
	model_violate(model, MODEL_RULE_REGISTER, offset, old_value, new_value, what);
}

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
		complain(model, STRTAB_BASE_CFG, 0, registers->strtab_base_cfg,
			 "LOG2SIZE beyond IDR1.SIDSIZE");
	if (format) {
		if (!model->config.st_level2 || format > 1)
			complain(model, STRTAB_BASE_CFG, 0, registers->strtab_base_cfg,
				 "stream table format not offered");
		if (split != 6 && split != 8 && split != 10)
			complain(model, STRTAB_BASE_CFG, 0, registers->strtab_base_cfg, "reserved SPLIT");
		bytes = at_least(log2size > split ? bits_put(8, log2size - split) : 8, 64);
	}
	alignment_check(model, STRTAB_BASE, registers->strtab_base & bits_mask(55, 6), bytes,
			"stream table not aligned to its size");
}

/* What CR0 asks for comes into force. */
static void cr0_acknowledge(struct model *model)
{
	struct registers *registers = &model->registers;
	uint32_t enabled = registers->cr0 & ~registers->cr0ack;

	registers->cr0ack = registers->cr0;
	if (enabled & CR0_SMMUEN)
		stream_table_check(model);
	if (enabled & CR0_CMDQEN)
		alignment_check(model, CMDQ_BASE, registers->cmdq_base & bits_mask(55, 5),
				at_least(bits_put(16, registers_cmdq_lg2(model)), 32),
				"command queue not aligned to its size");
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
		return false;
	}
	return true;
}

void model_stall_registers(struct model *model, bool stall)
{
	model->registers.stalled = stall;
}

void model_raise_gerror(struct model *model, uint32_t bits)
{
	uint32_t bit;

	for (bit = 1; bit; bit <<= 1) {
		if (bits & bit)
			registers_raise(model, bit);
	}
}

static unsigned handshake_delay(struct model *model)
{
	return 1 + model_random(model, HANDSHAKE_STEPS);
}

static void cr0_write(struct model *model, uint32_t value)
{
	struct registers *registers = &model->registers;
	uint32_t offered = CR0_SMMUEN | CR0_EVENTQEN | CR0_CMDQEN | (model->config.ats ? CR0_ATSCHK : 0);

	if (value & ~offered)
		complain(model, CR0, registers->cr0, value, "CR0 field that is not offered");
	value &= offered;
	if ((value ^ registers->cr0) & (registers->cr0 ^ registers->cr0ack))
		complain(model, CR0, registers->cr0, value, "CR0 field changed before CR0ACK mirrored it");
	registers->cr0 = value;
	registers->cr0_delay = registers->cr0 == registers->cr0ack ? 0 : handshake_delay(model);
}

static void gbpa_write(struct model *model, uint32_t value)
{
	struct registers *registers = &model->registers;

	if (registers->gbpa_delay) {
		complain(model, GBPA, registers->gbpa, value, "GBPA written while UPDATE=1");
		return;
	}
	if (!(value & GBPA_UPDATE)) {
		complain(model, GBPA, registers->gbpa, value, "GBPA written without UPDATE");
		return;
	}
	registers->gbpa_next = value & GBPA_FIELDS;
	registers->gbpa_delay = handshake_delay(model);
}

static void irq_ctrl_write(struct model *model, uint32_t value)
{
	struct registers *registers = &model->registers;

	value &= IRQ_GERROR | IRQ_EVENTQ;
	if ((value ^ registers->irq_ctrl) & (registers->irq_ctrl ^ registers->irq_ctrl_ack))
		complain(model, IRQ_CTRL, registers->irq_ctrl, value,
			 "IRQ_CTRL field changed before its ACK mirrored it");
	registers->irq_ctrl = value;
	registers->irq_delay = value == registers->irq_ctrl_ack ? 0 : handshake_delay(model);
}

static void gerrorn_write(struct model *model, uint32_t value)
{
	struct registers *registers = &model->registers;
	uint32_t toggled = value ^ registers->gerrorn;
	uint32_t active = registers->gerror ^ registers->gerrorn;

	if (toggled & ~active)
		complain(model, GERRORN, registers->gerrorn, value,
			 "GERRORN toggled where no error is active");
	registers->gerrorn ^= toggled & active;
}

/* ---- guards ------------------------------------------------------------------------------ */

/* May a register that is guarded by these CR0 fields be written now? */
static bool cr0_guard(struct model *model, uint32_t fields, uint32_t offset, uint64_t value)
{
	if (!((model->registers.cr0 | model->registers.cr0ack) & fields))
		return true;
	complain(model, offset, 0, value, "register written while the enable bit that guards it is set");
	return false;
}

static bool irq_guard(struct model *model, uint32_t field, uint32_t offset, uint64_t value)
{
	if (!((model->registers.irq_ctrl | model->registers.irq_ctrl_ack) & field))
		return true;
	complain(model, offset, 0, value, "interrupt configured while it is enabled");
	return false;
}

static void cr1_write(struct model *model, uint32_t value)
{
	struct registers *registers = &model->registers;
	uint32_t changed = (value ^ registers->cr1) & (CR1_QUEUES | CR1_TABLES);

	if (changed & CR1_QUEUES && !cr0_guard(model, CR0_CMDQEN | CR0_EVENTQEN, CR1, value))
		changed &= ~(uint32_t)CR1_QUEUES;
	if (changed & CR1_TABLES && !cr0_guard(model, CR0_SMMUEN, CR1, value))
		changed &= ~(uint32_t)CR1_TABLES;
	registers->cr1 ^= changed;
}

/* The doorbell: says what is published, and executes nothing. A value that makes no sense is not taken. */
static void cmdq_prod_write(struct model *model, uint32_t value)
{
	struct registers *registers = &model->registers;
	unsigned lg2 = registers_cmdq_lg2(model);
	uint32_t index_mask = (UINT32_C(2) << lg2) - 1;
	uint32_t used = (value - registers->cmdq_cons) & index_mask;
	uint32_t used_before = (registers->cmdq_prod - registers->cmdq_cons) & index_mask;

	if (!(registers->cr0 & CR0_CMDQEN)) {
		registers->cmdq_prod = value & ((UINT32_C(2) << model->config.cmdq_lg2) - 1);
		return;
	}
	model->counters.doorbells++;
	if (value & ~index_mask) {
		complain(model, CMDQ_PROD, registers->cmdq_prod, value, "CMDQ_PROD beyond its wrap bit");
	} else if (used > UINT32_C(1) << lg2) {
		complain(model, CMDQ_PROD, registers->cmdq_prod, value,
			 "CMDQ_PROD more than one queue ahead of CONS");
	} else if (used < used_before && !registers_error_active(model, GERROR_CMDQ_ERR)) {
		complain(model, CMDQ_PROD, registers->cmdq_prod, value,
			 "CMDQ_PROD moved back without an error");
	} else {
		registers->cmdq_prod = value;
		model->cmdq.rung = true;
	}
}

static uint32_t eventq_fields(const struct model *model)
{
	return QUEUE_OVERFLOW | ((UINT32_C(2) << model->config.evtq_lg2) - 1);
}

/* ---- the map ----------------------------------------------------------------------------- */

/* The 64-bit register that @offset lies in. Return: NULL if it is a 32-bit one. */
static uint64_t *wide_register(struct registers *registers, uint32_t offset)
{
	switch (offset & ~UINT32_C(7)) {
	case GERROR_IRQ_CFG0:
		return &registers->gerror_irq_cfg0;
	case STRTAB_BASE:
		return &registers->strtab_base;
	case CMDQ_BASE:
		return &registers->cmdq_base;
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
	uint64_t *wide = wide_register(&model->registers, offset), fields = 0;
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
	uint64_t *wide = wide_register(registers, offset);

	if (offset & 3)
		complain(model, offset, 0, 0, "misaligned register access");
	if (wide)
		return *wide >> (offset & 4 ? 32 : 0);
	switch (offset) {
	case IDR0:
		return idr0(&model->config);
	case IDR1:
		return idr1(&model->config);
	case IDR3:
		return idr3(&model->config);
	case IDR5:
		return idr5(&model->config);
	case IIDR:
		return model->config.iidr;
	case AIDR:
		return aidr(&model->config);
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
		return registers->cmdq_prod;
	case CMDQ_CONS:
		return registers->cons_forged ? registers->cons_forgery : registers->cmdq_cons;
	case EVENTQ_PROD:
		return registers->eventq_prod;
	case EVENTQ_CONS:
		return registers->eventq_cons;
	case EVENTQ_IRQ_CFG1:
		return registers->eventq_irq_cfg1;
	case EVENTQ_IRQ_CFG2:
		return registers->eventq_irq_cfg2;
	default:
		return 0;
	}
}

uint64_t model_read64(struct model *model, uint32_t offset)
{
	uint64_t *wide = wide_register(&model->registers, offset);

	if (wide && !(offset & 7))
		return *wide;
	complain(model, offset, 0, 0, "64-bit access to a 32-bit register");
	return model_read32(model, offset & ~UINT32_C(3)) |
	       (uint64_t)model_read32(model, (offset & ~UINT32_C(3)) + 4) << 32;
}

void model_write32(struct model *model, uint32_t offset, uint32_t value)
{
	struct registers *registers = &model->registers;
	uint64_t *wide = wide_register(registers, offset);

	if (offset & 3) {
		complain(model, offset, 0, value, "misaligned register access");
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
		cr0_write(model, value);
		break;
	case CR1:
		cr1_write(model, value);
		break;
	case CR2:
		if (cr0_guard(model, CR0_SMMUEN, offset, value))
			registers->cr2 = value & CR2_FIELDS;
		break;
	case GBPA:
		gbpa_write(model, value);
		break;
	case IRQ_CTRL:
		irq_ctrl_write(model, value);
		break;
	case GERRORN:
		gerrorn_write(model, value);
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
			registers->cmdq_cons = value & ((UINT32_C(2) << model->config.cmdq_lg2) - 1);
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
		complain(model, offset, 0, value, "write to a register that is read-only or not there");
		break;
	}
}

void model_write64(struct model *model, uint32_t offset, uint64_t value)
{
	if (wide_register(&model->registers, offset) && !(offset & 7))
		wide_write(model, offset, value);
	else
		complain(model, offset, 0, value, "64-bit access to a 32-bit register");
}
