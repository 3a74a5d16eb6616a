/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * latency.h - modelled completion latency: no measured time is in it.
 *
 * A virtual clock stands at the trigger of the flush at hand, or behind the syncs before it. A SYNC takes
 * --sync-ns on its SMMU, one after the other there, SMMUs side by side; the clock moves on when the driver
 * sees one complete. So the wait structure of each policy is taken from what it does, not from a formula. A
 * flush that issues no SYNC is complete at its trigger.
 */
#ifndef BENCH_LATENCY_H
#define BENCH_LATENCY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <shadow/types.h>

#include "bench/common/histogram.h"

#define LATENCY_SYNCS_MAX 65536u /* in flight on one SMMU; more than its ring holds */

struct latency {
	uint64_t sync_ns;
	uint64_t clock_ns; /* of the flush at hand; between flushes: when the last sync ended */
	bool seen;	   /* the flush at hand has waited for a sync */
	struct {
		uint64_t busy_ns; /* its last published SYNC ends then */
		uint64_t *end_ns; /* ring of LATENCY_SYNCS_MAX */
		uint32_t published, seen;
	} smmu[SHADOW_SMMUS_MAX];
	unsigned smmu_count;
	struct histogram revoke, grant;
};

struct latency_summary {
	uint64_t p50, p90, p99, p999, max; /* nearest rank; 0 if there are none */
};

int latency_init(struct latency *latency, unsigned smmu_count, uint64_t sync_ns)
	__attribute__((warn_unused_result));
void latency_free(struct latency *latency);

/* A flush or call is triggered at @trigger_ns. */
void latency_begin(struct latency *latency, uint64_t trigger_ns);
/* Return: when it will have ended. */
uint64_t latency_sync_published(struct latency *latency, unsigned smmu);
void latency_sync_seen(struct latency *latency, unsigned smmu);
/* When all that was triggered at @trigger_ns is complete. */
uint64_t latency_end(struct latency *latency, uint64_t trigger_ns);

/* Of @samples, ns each. */
struct latency_summary latency_summarise(const struct histogram *samples);

/* Of both together. Return: 0; -1 if memory is short. */
int latency_summarise_all(const struct latency *latency, struct latency_summary *summary)
	__attribute__((warn_unused_result));

#endif
