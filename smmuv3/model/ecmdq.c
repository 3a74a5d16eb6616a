/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * ecmdq.c - the registers of command queue control pages: what an access reads or writes, and when it may.
 *
 * Control pages follow the two register pages; in each the queues are spaced evenly. EN is answered by ENACK after
 * steps of the model; in between nothing may be written, and while the queue is on only PROD. An error toggles ERR, and
 * the queue stands still until ERRACK is toggled too; toggling it for no reason is reported.
 * Owns: what one queue does has no effect on another.
 * Spec: IHI 0070, Enhanced Command queue interfaces; SMMU_CMDQ_CONTROL_PAGE_BASE<n>; SMMU_ECMDQ_PROD<n>;
 * SMMU_ECMDQ_CONS<n>.
 */
#include "ecmdq.h"

#include "registers_internal.h"

enum {
	PAGES = 0x20000,
	PAGE_LG2 = 16,
	BASE = 0x0,
	PROD = 0x8,
	CONS = 0xc,
};

#define BASE_FIELDS (bits_mask(62, 62) | bits_mask(55, 5) | bits_mask(4, 0))
#define INDEX	    ((uint32_t)bits_mask(19, 0))
#define REASON	    ((uint32_t)bits_mask(26, 24))

unsigned ecmdq_count(const struct model_config *config)
{
	return config->ecmdq ? 1u << (config->ecmdq_lg2nump + config->ecmdq_lg2numq) : 0;
}

static bool is_description(const struct model *model, uint32_t offset)
{
	return model->config.ecmdq && offset >= CONTROL_PAGE_BASE &&
	       offset - CONTROL_PAGE_BASE < UINT32_C(32) << model->config.ecmdq_lg2nump;
}

/* The queue whose registers @offset lies in; *@offset: of its BASE. Return: NULL in between. */
static struct cmdq *queue_at(struct model *model, uint32_t *offset)
{
	unsigned stride_lg2 = PAGE_LG2 - model->config.ecmdq_lg2numq;
	uint32_t number = (*offset - PAGES) >> stride_lg2;

	if (*offset < PAGES || number >= ecmdq_count(&model->config) ||
	    ((*offset - PAGES) & ((UINT32_C(1) << stride_lg2) - 1)) >= 16)
		return NULL;
	*offset = PAGES + (number << stride_lg2);
	return &model->queue[1 + number];
}

bool ecmdq_has(const struct model *model, uint32_t offset)
{
	return is_description(model, offset) ||
	       (model->config.ecmdq && offset >= PAGES &&
		offset - PAGES < UINT32_C(1) << (PAGE_LG2 + model->config.ecmdq_lg2nump));
}

bool ecmdq_has_wide(const struct model *model, uint32_t offset)
{
	unsigned stride = 1u << (PAGE_LG2 - model->config.ecmdq_lg2numq);

	return ecmdq_has(model, offset) && (offset & (is_description(model, offset) ? 31u : stride - 1)) == BASE;
}

/* Registers in the SMMU, 64 KiB a page, always on. */
static uint32_t description_read(uint32_t offset)
{
	unsigned page = (offset - CONTROL_PAGE_BASE) / 32;

	switch (offset & 31) {
	case 0:
		return (PAGES + ((uint32_t)page << PAGE_LG2)) | 1u << 1 | 1u;
	case 8:
	case 12:
		return 1;
	default:
		return 0;
	}
}

uint32_t ecmdq_read32(struct model *model, uint32_t offset)
{
	uint32_t start = offset;
	const struct cmdq *cmdq;

	if (is_description(model, offset))
		return description_read(offset);
	cmdq = queue_at(model, &start);
	if (!cmdq) {
		registers_complain(model, offset, 0, 0, "read between the queues of a control page");
		return 0;
	}
	switch (offset - start) {
	case PROD:
		return cmdq->prod;
	case CONS:
		return cmdq->cons;
	default:
		return cmdq->base >> (offset & 4 ? 32 : 0);
	}
}

static bool is_off(const struct cmdq *cmdq)
{
	return !((cmdq->prod | cmdq->cons) & ECMDQ_EN);
}

static bool has_failed(const struct cmdq *cmdq)
{
	return (cmdq->prod ^ cmdq->cons) & ECMDQ_ERRACK;
}

/* Of one who does not know of a reset nothing else is to be expected. */
static void complain(struct model *model, const struct cmdq *cmdq, uint32_t offset, uint32_t value, const char *what)
{
	if (!cmdq->astray)
		registers_complain(model, offset, cmdq->prod, value, what);
}

static void prod_write(struct model *model, struct cmdq *cmdq, uint32_t offset, uint32_t value)
{
	bool on = cmdq->prod & ECMDQ_EN;

	if (!(value & ECMDQ_EN))
		cmdq->astray = false;
	if ((cmdq->prod ^ cmdq->cons) & ECMDQ_EN) {
		complain(model, cmdq, offset, value, "ECMDQ_PROD written before EN was answered");
		return;
	}
	if (value & ~(ECMDQ_EN | ECMDQ_ERRACK | INDEX))
		complain(model, cmdq, offset, value, "reserved bits of ECMDQ_PROD");
	if (on && (value ^ cmdq->prod) & ECMDQ_ERRACK && !has_failed(cmdq))
		complain(model, cmdq, offset, value, "ERRACK toggled where no error is active");
	if (on && value & ECMDQ_EN)
		cmdq_ring(model, cmdq, offset, value & INDEX, has_failed(cmdq));
	else
		cmdq->prod = (cmdq->prod & ~INDEX) | (value & INDEX);
	cmdq->prod = (value & (ECMDQ_EN | ECMDQ_ERRACK)) | (cmdq->prod & INDEX);
	if (!on && value & ECMDQ_EN && has_failed(cmdq))
		complain(model, cmdq, offset, value, "ECMDQ switched on while ERRACK is not ERR");
	if (on != !!(value & ECMDQ_EN))
		cmdq->delay = registers_delay(model);
}

void ecmdq_write32(struct model *model, uint32_t offset, uint32_t value)
{
	uint32_t start = offset;
	struct cmdq *cmdq = queue_at(model, &start);

	if (!cmdq) {
		registers_complain(model, offset, 0, value, "write to a register that is read-only or not there");
	} else if (offset - start == PROD) {
		prod_write(model, cmdq, offset, value);
	} else if (!is_off(cmdq)) {
		registers_complain(model, offset, 0, value, "register of an ECMDQ written while that is on");
	} else if (offset - start == CONS) {
		cmdq->cons = value & (ECMDQ_ERRACK | REASON | INDEX);
	} else {
		unsigned shift = offset & 4 ? 32 : 0;

		cmdq->base = ((cmdq->base & ~(UINT64_C(0xffffffff) << shift)) | (uint64_t)value << shift) & BASE_FIELDS;
	}
}

void ecmdq_write64(struct model *model, uint32_t offset, uint64_t value)
{
	ecmdq_write32(model, offset, (uint32_t)value);
	ecmdq_write32(model, offset + 4, value >> 32);
}

bool ecmdq_answer(struct model *model)
{
	unsigned number;

	for (number = 1; number < model->queue_count; number++) {
		struct cmdq *cmdq = &model->queue[number];

		if (!cmdq->delay)
			continue;
		if (--cmdq->delay)
			return true;
		cmdq->cons = (cmdq->cons & ~ECMDQ_EN) | (cmdq->prod & ECMDQ_EN);
		if (cmdq->prod & ECMDQ_EN) {
			registers_check_cmdq(model, cmdq, CONTROL_PAGE_BASE);
			cmdq_begin(cmdq);
		}
		return true;
	}
	return false;
}

void ecmdq_fail(struct model *model, struct cmdq *cmdq, unsigned error)
{
	cmdq->cons = ((cmdq->cons & ~REASON) | error << 24) ^ ECMDQ_ERRACK;
	registers_raise(model, GERROR_CMDQP_ERR);
}

bool ecmdq_runs(const struct cmdq *cmdq)
{
	return cmdq->prod & cmdq->cons & ECMDQ_EN && !has_failed(cmdq);
}

bool ecmdq_any_on(const struct model *model)
{
	unsigned number;

	for (number = 1; number < model->queue_count; number++) {
		if (!is_off(&model->queue[number]))
			return true;
	}
	return false;
}
