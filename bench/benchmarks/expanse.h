/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * expanse.h - an address space to take a snapshot of: its memory, the host's table, and tables that have seen
 * nothing yet.
 *
 * No SMMU is attached. The pool lies at 512 GiB: a hole that every configuration has. The baselines' tables,
 * pages, may stand in the place of ours. Called by the benchmarks of memory and of the snapshot.
 */
#ifndef BENCH_EXPANSE_H
#define BENCH_EXPANSE_H

#include <shadow/shadow.h>
#include <shadow/smmu.h>

#include "bench/benchmarks/floor.h"
#include "bench/policy/pages.h"
#include "engine/plan.h"

#define EXPANSE_GIB	 UINT64_C(0x40000000)
#define EXPANSE_TIB_BITS 41u /* has room for 1 TiB of memory at 1 GiB */
#define EXPANSE_POOL_MIN (UINT64_C(1) << 23)

struct expanse_config {
	bool eager;
	unsigned ia_bits, granule_lg2; /* eager: 12 */
	uint64_t memory_bytes;	       /* at 1 GiB, as far as the space goes */
	uint64_t pool_bytes;	       /* a multiple of 2 MiB; what it holds is not used */
	uint64_t host_tables; /* at most so many, beside those it starts with; a level-1 start if there are
				 any */
};

struct expanse {
	struct expanse_config of;
	struct shadow_range memory;
	struct shadow_engine_config engine_config;
	struct shadow_smmu_target_config target_config;
	struct shadow_host_table host;
	size_t engine_bytes, target_bytes, host_bytes;
	void *engine_memory, *target_memory, *host_memory;
	uint64_t host_used; /* tables of the host's */
	struct shadow_engine *engine;
	struct shadow_target *target;
	struct pages pages; /* eager */
	struct plan_zones zones;
	uint64_t written;		 /* bytes of the pool that may not be zero */
	struct shadow_table_stats stats; /* after expanse_read() */
	struct floor floor;
};

/* Return: NULL if memory is short. */
struct expanse *expanse_new(const struct expanse_config *config);
void expanse_free(struct expanse *expanse);

/* Tables that have seen nothing yet. Return: 0 or a negative SHADOW_E*. */
__attribute__((warn_unused_result)) int expanse_reset(struct expanse *expanse);

/* What is timed. Return: 0 or a negative SHADOW_E*. */
__attribute__((warn_unused_result)) int expanse_snapshot(struct expanse *expanse);

/* Look at what a snapshot has made. */
void expanse_read(struct expanse *expanse);

/* The host's entry for a page, in its own table of leaves; 4 KiB, tables made as needed. */
uint64_t *expanse_host_page(struct expanse *expanse, uint64_t address);

/* The host loses so many pages of memory, at random. */
void expanse_add_holes(struct expanse *expanse, uint64_t holes);

/* Every page of memory has an entry of its own that says read and write. */
void expanse_map_pages(struct expanse *expanse);

/* For bench_checksum(); after expanse_read(). */
uint64_t expanse_checksum(const struct expanse *expanse);

#endif
