/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * scale.h - how trips scale with CPUs: one point of the modelled machine, and what it gives.
 *
 * The core and both baselines, unchanged, run on virtual CPUs, each with a clock of its own. A clock moves by stated
 * constants alone: what the host does with and without its lock, how long a sync takes, what the code costs for each
 * access to memory, for each cache line that another CPU has, and for each read of a device register. All results
 * are modelled time.
 */
#ifndef BENCH_SCALE_H
#define BENCH_SCALE_H

#include <stdbool.h>
#include <stdint.h>

#include <shadow/types.h>

#define SCALE_CPUS_MAX	SHADOW_CPUS_MAX
#define SCALE_SMMUS_MAX 8u
#define SCALE_FLIGHTS_MAX 15u	       /* below what the engine keeps apart */

enum scale_policy {
	SCALE_EAGER,		       /* the lock is held through every sync, one page and SMMU after the other */
	SCALE_STRICT,		       /* the same with one doorbell */
	SCALE_HELD,		       /* the engine, with the lock held through the wait */
	SCALE_OVERLAP,		       /* the same, while the CPUs' own TLBs are invalidated */
	SCALE_GROUP,		       /* the engine: the lock is dropped in the wait, and a flush serves who is queued */
	SCALE_POLICIES,
};

/* What the code costs. */
struct scale_costs {
	uint64_t access_ps;	       /* an access to memory, with the instructions around it */
	uint64_t doorbell_ns;	       /* a doorbell, with the barriers and locked instructions up to its wait */
	uint64_t line_ns;	       /* beside that, if another CPU has written the cache line since */
	uint64_t mmio_ns;	       /* a read of a device register */
	uint64_t relax_ns;	       /* a pause in a polling loop */
	uint64_t lock_ns;	       /* the host lock goes from one CPU to another that waits for it */
};

struct scale_point {
	enum scale_policy policy;
	unsigned cpus, smmus;
	unsigned batch;		       /* pages of a trip; other than 1: held alone */
	bool nested;
	uint64_t unlocked_ns;	       /* of each trip; the mean */
	unsigned spread_percent;       /* each is drawn evenly from the mean and so much around it */
	uint64_t locked_ns;	       /* of each trip: what the host does under its lock */
	uint64_t tlbi_ns;	       /* overlap: of that, for the CPUs' own TLBs; at most all of it */
	unsigned after_percent;	       /* of that: once the revoke is complete, with the lock taken again */
	uint64_t sync_ns;	       /* from the doorbell to the consumed SYNC */
	unsigned busy_percent;	       /* of that: the SMMU does not begin with what comes after the SYNC */
	unsigned flights;	       /* group: flushes that may be under way at once */
	unsigned trips;		       /* of each CPU, that are measured; even */
	uint64_t seed;
	struct scale_costs costs;
};

struct scale_result {
	double trips_per_second;       /* modelled, as the two below */
	uint64_t p50_ns, p99_ns;       /* from the queued revoke to the known completion */
	uint64_t trips, syncs;	       /* counted, over the whole run */
	uint64_t accesses, misses;     /* counted: of the core, and of these those that moved a cache line */
};

/** scale_run() - one point. Return: 0, or a negative SHADOW_E*. */
__attribute__((warn_unused_result)) int scale_run(const struct scale_point *point, struct scale_result *result);

/* Speed over one CPU that no policy exceeds: min(N, (U + L + S) / L); and what one CPU does if all else is free. */
double scale_bound(const struct scale_point *point);
double scale_one_cpu(const struct scale_point *point);

#endif
