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
#include "smmuv3/format.h"

#define PAGES_IA_BITS_MAX 48u

struct pages {
	struct shadow_pool pool;
	uint64_t used;	/* bytes of the pool that are tables, from its front */
	uint64_t limit; /* bytes from here on are queues and stream tables */
	unsigned ia_bits, start_level;
	struct pgtable_format format;
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

/* Told of pages @start .. @end, END exclusive, of one leaf table: their entries were live, now they are
 * written anew, and they must be invalidated. Return: 0, or what pages_change() is to return. */
typedef int pages_span(void *ctx, uint64_t start, uint64_t end);

/**
 * pages_change() - bring the pages of a run to its access.
 * @span: called after each span's stores. Entries that were invalid, or are right already, make no span.
 * Return: 0; -SHADOW_EOPNOTSUPP: a block is in the way; -SHADOW_ENOMEM; what @span returned. What was changed
 * before an error stays, and has been told.
 */
__attribute__((warn_unused_result)) int pages_change(struct pages *pages, const struct run *run,
						     pages_span *span, void *ctx);

#endif
