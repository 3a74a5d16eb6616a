/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * baseline.h - what eager and strict share: set-up, snapshot, the way from a transition to changed entries.
 *
 * Both have the same table (pages.h), the same filter, zones and snapshot as the engine, and the same command
 * ring code. They differ in what they tell the SMMUs about a changed entry, and when; that is eager.c and
 * strict.c. Neither keeps anything between two transitions.
 */
#ifndef BENCH_BASELINE_H
#define BENCH_BASELINE_H

#include "bench/policy/pages.h"
#include "bench/policy/policy.h"
#include "engine/plan.h"
#include "engine/transition.h"
#include "smmuv3/smmu.h"

/* Eager's and strict's; batched has a policy of its own. */
struct policy {
	struct pages pages;
	struct plan_zones zones;
	struct shadow_smmu *smmu; /* smmu_count of them */
	_Atomic uint32_t completing; /* of their rings; one CPU here */
	unsigned smmu_count;
	uint32_t sid;
	uint16_t vmid;
	uint64_t flushes; /* transitions that changed access */
	uint64_t doorbells_extra;
};

/* The operations that do not differ, for both tables of operations; see policy.h. */
int baseline_open(const struct policy_world *world, struct policy **policy);
void baseline_close(struct policy *policy);
int baseline_flush(struct policy *policy);
void baseline_trip_end(struct policy *policy, unsigned cpu);
bool baseline_queued(const struct policy *policy, shadow_ipa_t start, uint64_t page_count);
void baseline_stats(const struct policy *policy, struct policy_stats *stats);
void baseline_ste(const struct policy *policy, uint64_t ste[8]);

/* What the host's table allows, cut at zones. Return: 0; -SHADOW_ENOMEM; -SHADOW_EINVAL for a table that is malformed. */
__attribute__((warn_unused_result)) int baseline_snapshot(struct pages *pages, struct plan_zones *zones,
							  const struct shadow_host_table *host);

/**
 * baseline_change() - a transition on its way into the table: pieces of one effect, cut at zones, cut at
 * leaf tables. Counts a flush if any page changes access.
 * @span: see pages_change(). Return: as pages_change().
 */
__attribute__((warn_unused_result)) int baseline_change(struct policy *policy,
							const struct shadow_transition *transition,
							pages_span *span, void *ctx);

/* Make room for one command, write it; not yet published. Return: 0 or what the wait returns. */
__attribute__((warn_unused_result)) int baseline_write(struct policy *policy, struct shadow_smmu *smmu,
						       struct smmu_cmd cmd);

/* Write a SYNC, ring, and poll CONS until it has passed. */
__attribute__((warn_unused_result)) int baseline_sync(struct policy *policy, struct shadow_smmu *smmu);

#endif
