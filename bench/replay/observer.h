/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * observer.h - the observed pass: hooks, devices, log, verification, counting and modelled latency together.
 *
 * One at a time: descriptor stores (observed.h) and the platform's hooks go to the one that is open.
 */
#ifndef BENCH_OBSERVER_H
#define BENCH_OBSERVER_H

#include <stdio.h>

#include "bench/replay/device.h"
#include "bench/replay/latency.h"
#include "bench/replay/timeline.h"
#include "bench/replay/verify.h"
#include "bench/replay/world.h"
#include "smmuv3/model/cache.h"

/* What passed by; the same quantities as struct policy_stats, counted from outside. */
struct observer_counts {
	uint64_t tlbi, syncs, doorbells, table_writes;
};

struct observer {
	const struct trace *trace;
	const struct policy_ops *ops;
	struct policy *policy;
	struct world *world;
	bool immediate; /* every transition is complete when it returns */
	FILE *log;	/* NULL: none */
	struct timeline *timeline; /* of the modelled time, set between open and start; NULL: none */
	struct device_events events;
	struct device_model *device;
	struct model **model;
	struct model_cache *cache; /* NULL: the devices look into the CPU's caches */
	unsigned smmu_count;
	struct observer_counts counts;
	struct latency latency;
	uint64_t begin_ns; /* modelled time at which the step at hand began, */
	unsigned cpu;	   /* and its CPU */
	struct verify verify;
	bool verifies;
	bool playing;		   /* bring-up is over */
	const struct op **pending; /* access-changing, not complete */
	size_t pending_count, pending_capacity;
	uint64_t flushes_forced; /* as of the step before */
	uint64_t bytes_reserved_max;
	uint64_t taken_seq, complete_seq;
	bool any_taken, any_complete;
	uint64_t violations, device_errors, reserved_attempts;
	uint64_t random, virtual_ns;
};

/**
 * observer_open() - models behind the world's register addresses; bring-up may start.
 * @log:    kept; NULL: none.
 * Return: 0; -1 after one line on standard error. Release with observer_close() either way.
 */
int observer_open(struct observer *observer, struct world *world, const struct trace *trace,
		  const struct policy_ops *ops, bool immediate, uint64_t sync_ns, bool verifies, FILE *log)
	__attribute__((warn_unused_result));
void observer_close(struct observer *observer);

/* What the devices read: the pool, behind the caches if the devices do not look into them. */
struct model_config observer_model_config(struct observer *observer);

/* Bring-up is over; counting starts, and so do the devices. */
void observer_start(struct observer *observer, struct policy *policy);

extern const struct runner_hooks observer_hooks; /* .ctx is to be set */

/* Violations of the architecture and refused commands. */
static inline bool observer_failed(const struct observer *observer)
{
	return observer->violations || observer->device_errors ||
	       (observer->verifies && verify_failed(&observer->verify));
}

#endif
