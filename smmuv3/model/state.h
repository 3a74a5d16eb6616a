/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * state.h - what one model consists of, and the small services that its parts share.
 *
 * Each part owns its own member; the others use it through that part's header.
 */
#ifndef SMMUV3_MODEL_STATE_H
#define SMMUV3_MODEL_STATE_H

#include "atc.h"
#include "bbm.h"
#include "cmdq.h"
#include "model.h"
#include "registers.h"
#include "stream.h"
#include "tlb.h"
#include "watch.h"

enum {
	MODEL_EVENT_TYPES = 0x40
};

struct model {
	struct model_config config;
	struct model_counters counters;
	uint64_t event_count[MODEL_EVENT_TYPES];
	uint64_t random;
	uint64_t time; /* grows with every fill and invalidation */
	struct registers registers;
	struct cmdq queue[CMDQ_QUEUES_MAX]; /* 0: SMMU_CMDQ */
	unsigned queue_count;
	bool msi_lost; /* no MSI arrives */
	struct stream_cache *streams;
	struct tlb *tlb;
	struct watch watch;
	struct atc atc;
	struct bbm *bbm;
};

/** model_random() - the adversary's next choice in 0 .. @below - 1. */
uint64_t model_random(struct model *model, uint64_t below);

/** model_violate() - count and report a broken rule. */
void model_violate(struct model *model, enum model_rule rule, uint64_t pa, uint64_t old_value,
		   uint64_t new_value, const char *what);

/** model_must_alloc() - model_alloc() for what cannot be left out: says so and exits when memory is short. */
void *model_must_alloc(size_t bytes);
/** model_grow() - an array with room for one more element than @count. Return: @array, or a larger copy. */
void *model_grow(void *array, unsigned *room, unsigned count, size_t bytes);
_Noreturn void model_out_of_memory(void);

#endif
