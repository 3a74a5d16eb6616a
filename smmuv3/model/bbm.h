/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * bbm.h - follows the live tables and checks every store to them against break-before-make.
 */
#ifndef SMMUV3_MODEL_BBM_H
#define SMMUV3_MODEL_BBM_H

#include "command.h"

struct model;
struct bbm;

struct bbm *bbm_new(void);
void bbm_free(struct bbm *bbm);

/** bbm_root() - a stream uses this stage 2: its tables are live from now on. */
void bbm_root(struct model *model, uint32_t sid, const struct model_stage2 *stage2);
/** bbm_executed() - an invalidation has been carried out; it counts once a SYNC of the same queue completes. */
void bbm_executed(struct model *model, unsigned queue, const struct invalidation *invalidation);
/** bbm_configuration_executed() - a CFGI has been carried out: what the streams use may change. */
void bbm_configuration_executed(struct model *model, unsigned queue);
/** bbm_enabled() - from now on there are walks. */
void bbm_enabled(struct model *model);
/** bbm_synced() - a SYNC of this queue has completed. */
void bbm_synced(struct model *model, unsigned queue);

#endif
