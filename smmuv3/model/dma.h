/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * dma.h - one access of a device, with a say in what it leaves behind.
 */
#ifndef SMMUV3_MODEL_DMA_H
#define SMMUV3_MODEL_DMA_H

#include "model.h"

enum {
	DMA_FILL = 1,	/* keep what was fetched */
	DMA_RECORD = 2, /* write an event if it faults */
	DMA_COUNT = 4,	/* count hits and walks */
};

struct model_access dma_access(struct model *model, uint32_t sid, uint64_t iova, bool write, unsigned how);

#endif
