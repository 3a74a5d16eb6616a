/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * world.h - what a trace is replayed on: address map, place of the pool, the host's table, the device's
 * claims.
 *
 * The same for every policy. The pool's memory is made anew for each run.
 */
#ifndef BENCH_WORLD_H
#define BENCH_WORLD_H

#include "bench/policy/policy.h"
#include "bench/policy/runner.h"
#include "bench/replay/options.h"
#include "bench/replay/oracle.h"
#include "bench/trace/host_stage2.h"
#include "smmuv3/model/model.h"

#define WORLD_SID      0x10u
#define WORLD_SID_BITS 8u
#define WORLD_CMDQ_LG2 15u
#define WORLD_EVTQ_LG2 8u
#define WORLD_VMID     1u

struct world {
	struct policy_world policy; /* without registers; the pool without memory between runs */
	uint64_t pool_bytes;
	struct shadow_range *memory;
	struct oracle_range *closed; /* what no device may reach: reserved ranges and the pool */
	size_t closed_count;
	struct host_stage2 host;
	struct model_config model; /* memory callbacks read the pool, caches and all */
	bool non_coherent;	   /* batched's SMMUs do not look into caches */
	bool host_added;
};

/**
 * world_init() - decide where everything lies; one line on standard error on failure.
 * @path:      the trace's file, for messages.
 * @cpu_count: CPUs that the trace uses.
 * Return: 0 or -1. Release with world_free() either way.
 */
int world_init(struct world *world, const struct options *options, const char *path,
	       const struct trace *trace, unsigned cpu_count) __attribute__((warn_unused_result));
void world_free(struct world *world);

/* Zeroed memory for the pool, known to platform_virt(). Return: 0; -1 after one line on standard error. */
int world_pool_open(struct world *world) __attribute__((warn_unused_result));
void world_pool_close(struct world *world);

/* Do the SMMUs of this policy look into the CPU's caches? Eager and strict know no others. */
static inline bool world_is_coherent(const struct world *world, enum options_policy policy)
{
	return policy != OPTIONS_BATCHED || !world->non_coherent;
}

#define WORLD_PA_NONE UINT64_MAX /* 0 is an address: --pool 0 */

/* The physical address of a byte of the pool; WORLD_PA_NONE if @where is not in it. */
static inline uint64_t world_pool_pa(const struct world *world, const void *where)
{
	uint64_t offset = (uint64_t)((const char *)where - (const char *)world->policy.pool.virt);

	return offset < world->policy.pool.bytes ? world->policy.pool.base.addr + offset : WORLD_PA_NONE;
}

/* Whether there is memory for this policy's tables: @bytes_free is what there is. */
bool world_fits(const struct world *world, enum options_policy policy, uint64_t *bytes_needed,
		uint64_t *bytes_free);

#endif
