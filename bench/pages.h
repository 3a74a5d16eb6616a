/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * pages.h - the stage-2 table of the two baselines: memory in 4 KiB pages, MMIO in the largest blocks.
 *
 * What the page-table code under both originals does: one walk from the root for each leaf table that a
 * range touches, then one pass over its entries; blocks are never split, empty tables never freed (so
 * nothing is reclaimed and no table pointer is ever invalidated). Tables come one after the other from the
 * front of the pool, queues from its end.
 *
 * Owns: entries are whole at any time, and a table is zero before it is linked. Knows no command: whoever
 * changes pages is told which spans of live entries changed, and must invalidate them.
 * Callers: baseline.c, at set-up and once a transition. Spec: DDI 0487, VMSAv8-64 stage 2, 4 KiB granule.
 */
#ifndef BENCH_PAGES_H
#define BENCH_PAGES_H

#include <shadow/smmu.h>

#include "engine/run.h"

struct pages {
	struct shadow_pool pool;
	uint64_t used;	/* bytes of the pool that are tables, from its front */
	uint64_t limit; /* bytes from here on are queues and stream tables */
	unsigned ia_bits, start_level;
	struct shadow_table_stats stats;
};

/**
 * pages_init() - take the start tables from the pool; they map nothing.
 * @pool: zeroed memory, base aligned to 2 MiB.
 * Return: 0; -SHADOW_ENOMEM; -SHADOW_EINVAL for an @ia_bits out of range.
 */
__attribute__((warn_unused_result)) int pages_init(struct pages *pages, const struct shadow_pool *pool,
						   unsigned ia_bits);

/* Set aside @bytes (a power of two) of the pool's end for a queue or a stream table, aligned to their size.
 * Return: the physical address, or 0 if the pool is too small. */
uint64_t pages_carve(struct pages *pages, uint64_t bytes);

static inline void *pages_virt(const struct pages *pages, uint64_t pa)
{
	return (char *)pages->pool.virt + (pa - pages->pool.base.addr);
}

/* The start tables: what the stream table entry points to. */
static inline uint64_t pages_root(const struct pages *pages)
{
	return pages->pool.base.addr;
}

/**
 * pages_build() - snapshot: map a run that is not mapped yet, while no walker can reach the tables.
 * Return: 0 or -SHADOW_ENOMEM; entries made so far stay.
 */
__attribute__((warn_unused_result)) int pages_build(struct pages *pages, const struct run *run);

/* A change of access in progress. */
struct pages_change {
	struct pages *pages;
	struct run run;	 /* what the pages are to become */
	uint64_t next;	 /* first page not looked at yet */
	uint64_t *entry; /* of next, until .. table_end; NULL: walk again */
	uint64_t table_end;
	int error; /* -SHADOW_EOPNOTSUPP: a block is in the way; -SHADOW_ENOMEM */
};

static inline void pages_change_init(struct pages_change *change, struct pages *pages, const struct run *run)
{
	*change = (struct pages_change){.pages = pages, .run = *run, .next = run->start};
}

/**
 * pages_change_next() - write entries up to the end of the next span of live ones that changed.
 *
 * The span, within one leaf table, had been valid and must be invalidated. Entries that were invalid, or are
 * right already, make no span. Return: false when the run is used up, or on change->error.
 */
bool pages_change_next(struct pages_change *change, uint64_t *start, uint64_t *end);

#endif
