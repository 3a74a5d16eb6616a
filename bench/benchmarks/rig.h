/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * rig.h - one stage-2 table over 1 GiB of memory, with all that benchmarks of tables need beside it.
 *
 * Tables only: runs come sorted, as the engine hands them over, and no command is made. The eager and strict
 * tables, which are the same (pages.h), may stand in the place of ours.
 */
#ifndef BENCH_RIG_H
#define BENCH_RIG_H

#include "bench/benchmarks/floor.h"
#include "bench/policy/pages.h"
#include "smmuv3/target.h"

#define RIG_LG2		 30u				 /* bytes of memory, which begins there too */
#define RIG_PAGES_MAX	 (UINT64_C(1) << (RIG_LG2 - 12)) /* of 4 KiB */
#define RIG_BATCH	 512u				 /* revokes of a storm's flush */
#define RIG_STRETCH	 16u /* flushes timed together, so that the clock costs nothing */
#define RIG_STRETCH_RUNS (RIG_STRETCH * RIG_BATCH)
#define RIG_POOL_BYTES	 (UINT64_C(1) << 23)

struct rig_config {
	bool eager;	      /* the baselines' tables instead: 4 KiB, pages */
	unsigned granule_lg2; /* 0: 12 */
	unsigned bbml;
	enum shadow_collapse collapse;
};

struct rig {
	struct rig_config of;
	/* In pages of the granule. */
	uint64_t pages, start, end;  /* of the memory */
	uint64_t table_pages;	     /* that one table of leaves translates */
	uint64_t tables;	     /* of leaves */
	struct run granted, revoked; /* all of it */
	struct smmu_target target;
	struct pages eager;
	struct shadow_smmu_target_config config;
	struct pgtable_page page[RIG_POOL_BYTES >> SHADOW_PAGE_LG2];
	struct tlbi_span span[2 * RIG_BATCH];
	void *pool;
	uint64_t fence;
	uint32_t order[RIG_PAGES_MAX]; /* a storm's: every page once */
	struct run run[RIG_STRETCH_RUNS];
	uint64_t *copy; /* of the leaf tables; or memory like theirs, for stores that disturb nothing */
	struct floor floor;
};

/* Nothing is mapped. Return: NULL if memory is short. */
struct rig *rig_new(const struct rig_config *config);
void rig_free(struct rig *rig);

/* As before anything was mapped. Return: 0 or a negative SHADOW_E*. */
int rig_reset(struct rig *rig);

/* Apply runs as one batch, and then behave as if its commands were complete. Eager: each run for itself. */
void rig_apply(struct rig *rig, const struct run *run, unsigned count);

/* Tables of leaves, which a fill in order takes one after the other, behind those that lead to them. */
static inline uint64_t *rig_leaves(const struct rig *rig)
{
	const struct pgtable_format *format =
		rig->of.eager ? &rig->eager.format : &rig->target.pgtable.format;

	return (uint64_t *)rig->pool +
	       ((uint64_t)format_start_tables(format) + format->start - 1) * rig->table_pages;
}

/* The descriptor of the first page. */
uint64_t rig_first_leaf(const struct rig *rig);

/* Are so many leaves of pages live? */
bool rig_is(const struct rig *rig, uint64_t leaves);

/* Entries written so far. */
uint64_t rig_writes(const struct rig *rig);

/* One run for each table of leaves: all its pages but the first, so that the table stays. At most
 * RIG_STRETCH_RUNS. */
void rig_make_rows(struct rig *rig, enum shadow_access access);

/* For bench_checksum(). */
uint64_t rig_checksum(const struct rig *rig);

#endif
