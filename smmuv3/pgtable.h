/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * pgtable.h - the stage-2 table of a target: write, split, collapse, reclaim.
 *
 * A batch is applied through a cursor that walks the address space upwards once. A table that
 * changed is settled when the cursor leaves it: a fresh one is linked with one store, holes and all; an empty
 * one is unlinked; a whole one becomes a block. Unlinked tables stay pending until an invalidation covers them, then retired
 * until its fence is complete.
 */
#ifndef SMMUV3_PGTABLE_H
#define SMMUV3_PGTABLE_H

#include <shadow/smmu.h>

#include "engine/run.h"
#include "smmuv3/tlbi.h"

#define PGTABLE_NONE UINT32_MAX

/* About one page of the pool that serves as a table. Host lock. */
struct pgtable_page {
	uint16_t valid;		       /* entries that are valid: leaves and tables */
	uint16_t leaves;	       /* of these, leaves */
	uint16_t whole;		       /* of these, read-write leaves */
	uint8_t level;
	bool mixed;		       /* has had leaves of both memory types: never a block */
	uint8_t memory;		       /* of its first leaf */
	uint32_t next;		       /* in the free, pending or retired list */
	uint64_t base;		       /* first page that the table translates */
	uint64_t fence;		       /* retired: reusable when this fence is complete */
};

/* Where the cursor is at one level. */
struct pgtable_place {
	uint64_t *entry;
	uint32_t page;		       /* index in the pool; PGTABLE_NONE: not at this level */
	bool fresh;		       /* no walker sees it yet */
	bool changed;		       /* since it was last settled */
	unsigned filled;	       /* fresh: entries that are right so far; the rest are still inherited */
	uint64_t inherited;	       /* fresh: entry 0 of what it replaces, 0 if that was invalid */
	uint64_t inherited_step;       /* from one inherited entry to the next */
};

struct pgtable_list {
	uint32_t first, last;
};

struct pgtable {
	/* Fixed by pgtable_init(). */
	struct shadow_pool pool;
	struct pgtable_page *page;     /* one a pool page */
	uint32_t page_count;
	unsigned ia_bits, start_level, start_pages;
	bool blocks;		       /* BBML 2: memory in blocks, split and collapsed live */
	uint32_t tables_max;	       /* worst case for memory that may transition */
	uint32_t mmio_tables;	       /* beyond it, from the snapshot */
	/* Host lock. */
	uint32_t bump;		       /* pages below were handed out at least once */
	uint32_t limit;		       /* pages from here on are queues and stream tables */
	struct pgtable_list free, free_zero, pending, retired; /* free_zero: every entry is zero */
	uint32_t live, unlinked;       /* pages: reachable; pending and retired */
	uint32_t reserved;	       /* promised to queued transitions */
	bool promised;		       /* and besides, all that memory may need */
	bool device_split;	       /* a reservation went beyond memory regions */
	struct pgtable_place place[4]; /* by level */
	struct tlbi_spans *spans;      /* what apply() replaced */
	struct shadow_table_stats stats;
	uint32_t peak;
};

/* Legal shapes are 4 KiB granule tables of SHADOW_IA_BITS_MIN .. SHADOW_IA_BITS_MAX. */
unsigned pgtable_start_level(unsigned ia_bits);
unsigned pgtable_start_pages(unsigned ia_bits);

/* Worst case in tables, start tables included. */
uint64_t pgtable_tables_max(const struct shadow_smmu_target_config *config, uint64_t pool_bytes);

/* @page: pool.bytes / 4096 zeroed entries. Return: 0, -SHADOW_ENOMEM if the start tables do not fit. */
int pgtable_init(struct pgtable *pgtable, const struct shadow_smmu_target_config *config, struct pgtable_page *page,
		 struct tlbi_spans *spans);

/* Carve queue or stream table memory from the pool's end, aligned to its size (a power of two).
 * Before the first apply(). Return: NULL if short. */
void *pgtable_carve(struct pgtable *pgtable, uint64_t bytes, shadow_pa_t *pa);

/* Set aside tables for this run until pgtable_close(). Return: as target_ops.reserve(). */
int pgtable_reserve(struct pgtable *pgtable, const struct run *run);

/* Bring the table to this run's access; spans of what was replaced are added. Runs of one batch ascend.
 * Return: 0, or -SHADOW_ENOMEM, which after pgtable_reserve() cannot be. */
int pgtable_apply(struct pgtable *pgtable, const struct run *run);

/* Bring the descriptor that translates @page towards the cache; changes nothing. */
void pgtable_prefetch(const struct pgtable *pgtable, uint64_t page);

/* The batch is over: link, unlink and collapse what the cursor has passed. */
void pgtable_close(struct pgtable *pgtable);

/* The same at the end of the snapshot, before any pgtable_reserve(). */
void pgtable_built(struct pgtable *pgtable);

/* Spans that must be invalidated before the pending tables may be reused. */
void pgtable_pending_spans(const struct pgtable *pgtable, struct tlbi_spans *spans);

/* All pending tables are covered by the invalidation of @fence. */
void pgtable_retire(struct pgtable *pgtable, uint64_t fence);

/* @fence is complete: tables retired by it or before are free. */
void pgtable_reclaim(struct pgtable *pgtable, uint64_t fence);

static inline bool pgtable_is_pending(const struct pgtable *pgtable)
{
	return pgtable->pending.first != PGTABLE_NONE;
}

#endif
