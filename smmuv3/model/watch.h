/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * watch.h - addresses that the adversary keeps accessing, so that caches refill at the worst moment.
 */
#ifndef SMMUV3_MODEL_WATCH_H
#define SMMUV3_MODEL_WATCH_H

#include "space.h"

struct model;

struct watch_address {
	uint64_t iova;
	uint32_t sid;
};

struct watch {
	struct watch_address *address;
	unsigned count, room;
	bool sorted;
};

/** watch_refill() - access the watched addresses in @extent, or all of them if NULL. */
void watch_refill(struct model *model, const struct space_extent *extent);
void watch_free(struct model *model);

#endif
