/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * atc.h - what devices keep of translations that they asked for.
 */
#ifndef SMMUV3_MODEL_ATC_H
#define SMMUV3_MODEL_ATC_H

#include "command.h"

struct atc_entry {
	uint32_t sid;
	uint64_t iova, pa; /* of a page of 4 KiB */
	bool write;
};

struct atc {
	struct atc_entry *entry;
	unsigned count, room;
	struct atc_entry *watch; /* what devices ask for again and again */
	unsigned watch_count, watch_room;
	uint32_t mute[MODEL_ATC_MUTE_MAX];
	unsigned mute_count;
};

/** atc_refill() - devices ask again for what is watched and gone. */
void atc_refill(struct model *model);

/** atc_invalidate() - an ATC_INV is executed. Return: false if the device does not answer. */
bool atc_invalidate(struct model *model, const struct command *command);
void atc_free(struct atc *atc);

#endif
