/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * event.h - event records.
 */
#ifndef SMMUV3_MODEL_EVENT_H
#define SMMUV3_MODEL_EVENT_H

#include "model.h"

struct event {
	enum model_fault type;
	uint32_t sid;
	bool write;
	bool stage2;	  /* a stage-2 fault on the input address */
	uint64_t input;	  /* VA, or IPA of a stream without stage 1 */
	uint64_t address; /* IPA of a stage-2 fault, or where a fetch failed */
};

/** event_record() - write a record, or lose it as the architecture says. */
void event_record(struct model *model, const struct event *event);

#endif
