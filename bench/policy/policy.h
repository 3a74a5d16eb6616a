/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * policy.h - what replay and the benchmarks drive: eager, strict, or the batched engine.
 *
 * A policy owns its tables in the world's pool and its command path to the world's SMMUs. All are given the
 * same world, the same snapshot and the same transitions.
 */
#ifndef BENCH_POLICY_H
#define BENCH_POLICY_H

#include <shadow/shadow.h>
#include <shadow/smmu.h>

#define POLICY_WAIT_NS UINT64_C(1000000000) /* longest wait for a device */

struct policy_world {
	struct shadow_address_map map;
	unsigned bbml;		       /* this and the next four: batched's alone */
	enum shadow_collapse collapse;
	bool contiguous, fwb;
	unsigned compact;	       /* tables that idle() may replace at a time */
	bool pending, consent;	       /* are pages marked pending, or donated ahead? Batched's alone */
	uint16_t vmid;
	unsigned cpu_count;
	unsigned queue_slots;	       /* per CPU; batched's alone */
	struct shadow_pool pool;       /* zeroed */
	unsigned smmu_count;
	struct shadow_smmu_config smmu[SHADOW_SMMUS_MAX];
	uint32_t sid;		       /* the stream that uses the shadow, on every SMMU */
	struct shadow_host_table host;
};

struct policy_stats {
	uint64_t flushes, flushes_forced;
	uint64_t tlbi, syncs, doorbells; /* of all SMMUs */
	uint64_t doorbells_extra;
	uint64_t pages_ahead, pages_inherited; /* revoked by a consent, and donated thanks to one */
	struct shadow_table_stats tables;
};

struct policy;

struct policy_ops {
	const char *name;
	/* Bring up the SMMUs, take the snapshot, enable the stream. Return: 0 or a negative SHADOW_E*. */
	int (*open)(const struct policy_world *world, struct policy **policy);
	void (*close)(struct policy *policy);
	/* One transition of the host on @cpu. Eager and strict are complete when they return; batched has
	 * only reserved and queued it. Return: 0 or a negative SHADOW_E*. */
	int (*transition)(struct policy *policy, unsigned cpu, uint64_t number,
			  const struct shadow_transition *transition);
	/* Batched: apply all that is queued and wait for it. The others: nothing. */
	int (*flush)(struct policy *policy);
	/* Batched: time with nothing to do; wait until what it changes is complete. The others have none. */
	int (*idle)(struct policy *policy);
	/* Batched: the trip of @cpu ends. The others: nothing. */
	void (*trip_end)(struct policy *policy, unsigned cpu);
	/* Batched: is a transition of any of these pages still queued? The others: no. */
	bool (*queued)(const struct policy *policy, shadow_ipa_t start, uint64_t page_count);
	/* These three are batched's alone, and in no schedule of the others. The host agrees to lose DMA to a block
	 * of pages. In a world with consents the policy counts the host's order for itself. */
	int (*consent)(struct policy *policy, unsigned cpu, shadow_ipa_t start, uint64_t page_count);
	/* Pages of @cpu's wait to be handed over; all of them are. */
	int (*pending)(struct policy *policy, unsigned cpu, shadow_ipa_t start, uint64_t page_count);
	void (*pending_end)(struct policy *policy, unsigned cpu);
	void (*stats)(const struct policy *policy, struct policy_stats *stats);
	void (*ste)(const struct policy *policy, uint64_t ste[8]); /* of the first SMMU */
};

extern const struct policy_ops policy_eager, policy_strict, policy_batched;

#endif
