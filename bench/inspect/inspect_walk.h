/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * inspect_walk.h - one address through the tables of an image, step by step, as the model's walker goes.
 *
 * The model decodes; what is added here is which descriptors it fetched on its way.
 */
#ifndef BENCH_INSPECT_WALK_H
#define BENCH_INSPECT_WALK_H

#include <stdbool.h>
#include <stdint.h>

#include "bench/replay/imagefile.h"
#include "smmuv3/model/decode.h"
#include "smmuv3/model/model.h"

#define INSPECT_LEVEL_MIN (-1)
#define INSPECT_LEVELS	  5u /* -1 .. 3 */

/* What the STE says of the tables. */
struct inspect_shape {
	struct model_stage2 stage2;
	uint64_t ste[8];
	unsigned granule_lg2, ia_bits;
	int start_level;
	unsigned start_tables;	    /* side by side */
	unsigned start_entries_lg2; /* in all of them */
	bool large;		    /* output addresses of 52 bits */
	unsigned walk_inner, walk_outer, walk_share;
};

/**
 * inspect_shape_of() - decode the STE and hold it to the note.
 * Return: 0; -1 after one line on standard error.
 */
int inspect_shape_of(struct inspect_shape *shape, const struct imagefile *image, const char *path)
	__attribute__((warn_unused_result));

struct inspect_step {
	int level;
	uint64_t table; /* of the start tables, the one that holds the entry */
	unsigned index;
	uint64_t descriptor_pa, descriptor;
	bool fetched; /* the image has it */
};

struct inspect_walk {
	struct inspect_step step[INSPECT_LEVELS];
	unsigned count; /* 0: the address lies beyond the input size */
	enum model_fault fault;
	struct model_leaf leaf; /* of the last step; not if it was not fetched */
	uint64_t start, end;	/* what the last step's entry covers */
};

void inspect_walk(const struct imagefile *image, const struct inspect_shape *shape, uint64_t ipa,
		  struct inspect_walk *walk);

/* Why an access faults, in words. */
const char *inspect_fault_text(const struct inspect_walk *walk);

/* As the events are named: "F_TRANSLATION". */
const char *inspect_fault_name(enum model_fault fault);

#endif
