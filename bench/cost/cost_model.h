/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * cost_model.h - flushes as the SMMUs see them: commands counted, their time and what they make the DMA wait modelled.
 *
 * The stream of an SMMU's device runs before and after each flush, once beside the flushes and once without them. What it
 * misses more is what they cost it, since it uses nothing that is revoked.
 */
#ifndef BENCH_COST_MODEL_H
#define BENCH_COST_MODEL_H

#include "bench/cost/cost_device.h"
#include "bench/cost/cost_flush.h"
#include "bench/cost/cost_layout.h"

/* Of all SMMUs, counted at the doorbell. */
struct cost_counts {
	uint64_t flushes;
	uint64_t kind[COST_KINDS];     /* commands */
	uint64_t pieces;	       /* of their ranges */
	uint64_t doorbells;
	uint64_t named;		       /* pages, all but those of whole VMIDs; of one SMMU */
};

/* Invalidations, without SYNCs. */
uint64_t cost_commands(const struct cost_counts *counts);

/* Modelled, of one SMMU; they work side by side. */
struct cost_time_ns {
	double device;		       /* from the doorbells to the SYNCs consumed, without the CPU's */
	double after;		       /* what the DMA waits longer */
};

struct cost_extra {
	double micro, main, reads;     /* misses and reads that the flushes have caused */
};

double cost_device_ns(const struct cost_device *device, const struct cost_counts *counts, unsigned smmus);
double cost_after_ns(const struct cost_device *device, const struct cost_extra *extra);

/* Flushes played to one SMMU's caches. */
struct cost_model {
	const struct cost_device *device;
	const struct cost_layout *layout;
	const struct cost_stream *stream;
	struct cost_tlb tlb;	       /* that is flushed */
	struct cost_walker walker;
	struct cost_drops drops;
	struct cost_counts counts;
	bool failed;		       /* memory is short */
};

/* Warm: every page was used once, then as the stream does. @layout, its map and all else stay the caller's.
 * Return: 0; -1 if memory is short. */
int cost_model_init(struct cost_model *model, const struct cost_device *device, const struct cost_layout *layout,
		    const struct cost_stream *stream, bool nested) __attribute__((warn_unused_result));
void cost_model_free(struct cost_model *model);

/* For cost_flush_run(). */
struct cost_listener cost_model_listener(struct cost_model *model);

/* Apply what was heard since the last one, and let the stream go on. @drop: false: as if nothing was flushed.
 * Return: 0; -1 if memory was short. */
int cost_model_flushed(struct cost_model *model, bool drop) __attribute__((warn_unused_result));

/* Misses since it was warm. */
struct cost_misses cost_model_misses(const struct cost_model *model);

struct cost_extra cost_extra(const struct cost_misses *with, const struct cost_misses *without);

#endif
