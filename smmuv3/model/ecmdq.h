/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * ecmdq.h - the registers of command queue control pages.
 */
#ifndef SMMUV3_MODEL_ECMDQ_H
#define SMMUV3_MODEL_ECMDQ_H

#include "cmdq.h"
#include "model.h"

#define ECMDQ_EN     (UINT32_C(1) << 31) /* of PROD; ENACK of CONS */
#define ECMDQ_ERRACK (UINT32_C(1) << 23) /* of PROD; ERR of CONS */

/** ecmdq_count() - queues of all control pages. */
unsigned ecmdq_count(const struct model_config *config);

/* Does @offset belong to a control page, or to what describes one? The second: to a 64-bit register there. */
bool ecmdq_has(const struct model *model, uint32_t offset);
bool ecmdq_has_wide(const struct model *model, uint32_t offset);
uint32_t ecmdq_read32(struct model *model, uint32_t offset);
void ecmdq_write32(struct model *model, uint32_t offset, uint32_t value);
void ecmdq_write64(struct model *model, uint32_t offset, uint64_t value);

/** ecmdq_answer() - answer an EN. Return: false if none is under way. */
bool ecmdq_answer(struct model *model);

/** ecmdq_fail() - an error of this queue: say so in its CONS, and in GERROR that there is one. */
void ecmdq_fail(struct model *model, struct cmdq *cmdq, unsigned error);

/* Is it on, and free of errors? Is any on, or about to be? */
bool ecmdq_runs(const struct cmdq *cmdq);
bool ecmdq_any_on(const struct model *model);

#endif
