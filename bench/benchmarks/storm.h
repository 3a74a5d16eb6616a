/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * storm.h - a storm of revokes over 1 GiB, one page a call, in order or at random, for any policy.
 *
 * A storm has a world of its own: memory of 1 GiB that the host owns, instant SMMUs, a pool. Each call looks
 * up the page's old state and stores the new one, as a host does. The order is fixed by the seed before
 * anything is timed.
 */
#ifndef BENCH_STORM_H
#define BENCH_STORM_H

#include "bench/policy/instant.h"
#include "bench/policy/policy.h"

#define STORM_PAGES (UINT64_C(1) << 18) /* 1 GiB */
#define STORM_BASE  (UINT64_C(1) << 18) /* first page, at 1 GiB */
#define STORM_BATCH 512u

struct storm_config {
	bool random;
	uint64_t seed; /* of the random order */
	unsigned smmu_count;
	unsigned cpu_count; /* that queue; storm_revoke() and storm_restore() are the first one's */
	bool nested, no_ril;
	unsigned bbml; /* 0: leaves stay pages; 2: batched may use blocks */
	unsigned cmdq_lg2;
	struct shadow_tlbi_cost cost; /* all zero: the default */
};

/* In order, one stage-2-only SMMU, pages. */
struct storm_config storm_config_default(void);

struct storm {
	struct storm_config config;
	struct shadow_range memory;
	struct policy_world world;
	struct instant *device; /* config.smmu_count of them */
	void *pool, *host;
	uint32_t *order; /* STORM_PAGES page numbers, from 0 */
	uint8_t *states; /* enum shadow_state of each page */
	uint64_t next;	 /* pages revoked so far */
	uint64_t number; /* of the last transition */
	const struct policy_ops *ops;
	struct policy *policy;
};

/**
 * storm_init() - make the world: devices, pool, the host's table, the order.
 * Return: 0, or a negative SHADOW_E* with everything released.
 */
__attribute__((warn_unused_result)) int storm_init(struct storm *storm, const struct storm_config *config);

/* Let a policy bring up the SMMUs and take its snapshot. Return: 0 or a negative SHADOW_E*. */
__attribute__((warn_unused_result)) int storm_open(struct storm *storm, const struct policy_ops *ops);

/* Close the policy, if one is open, and release everything. */
void storm_fini(struct storm *storm);

/* The revoke of page @page of the storm; looks up its old state, as a host does. */
static inline struct shadow_transition storm_transition(const struct storm *storm, uint32_t page)
{
	return (struct shadow_transition){
		.start = { (STORM_BASE + page) << SHADOW_PAGE_LG2 },
		.page_count = 1,
		.new_state = SHADOW_STATE_NOPAGE,
		.old_state = (enum shadow_state)storm->states[page],
	};
}

/**
 * storm_revoke() - revoke the next @count pages, one a call, then flush.
 * At most what is left. This is what is timed. Return: 0 or a negative SHADOW_E*.
 */
__attribute__((warn_unused_result)) int storm_revoke(struct storm *storm, uint64_t count);

/* Pages not revoked yet. */
uint64_t storm_left(const struct storm *storm);

/* Give everything back in one call and start over; all pages must have been revoked. */
__attribute__((warn_unused_result)) int storm_restore(struct storm *storm);

/* Revoke the rest, give everything back, revoke the same few pages: where all policies arrive at the same
 * state, however much was revoked before. *@checksum: of it. Return: 0 or a negative SHADOW_E*. */
__attribute__((warn_unused_result)) int storm_finish(struct storm *storm, uint64_t *checksum);

/* Of what a device can reach, whatever the leaves' sizes: equal states give equal sums. */
uint64_t storm_checksum(const struct storm *storm);

void storm_stats(const struct storm *storm, struct policy_stats *stats);

#endif
