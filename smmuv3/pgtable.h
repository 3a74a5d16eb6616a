/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * pgtable.h - the stage-2 table of a target: write, split, collapse, hint, reclaim.
 *
 * A batch is applied through a cursor that walks the address space upwards once. A table that changed is
 * settled when the cursor leaves it: a fresh one is linked with one store, holes and all; an empty one is
 * unlinked; one that is whole again is noted, and a block takes its place when the collapse policy says so.
 * Unlinked tables stay pending until an invalidation covers them, then retired until its fence is complete.
 * Heights are those of format.h: 0 is pages. All of it is under the host lock.
 */
#ifndef SMMUV3_PGTABLE_H
#define SMMUV3_PGTABLE_H

#include <shadow/smmu.h>

#include "engine/run.h"
#include "smmuv3/format.h"
#include "smmuv3/tlbi.h"

#define PGTABLE_NONE UINT32_MAX

/* About one page of the pool that serves as a table. */
struct pgtable_page {
	uint16_t valid;		       /* entries that are valid: leaves and tables */
	uint16_t leaves;	       /* of these, leaves */
	uint16_t whole;		       /* of these, read-write leaves */
	uint8_t height;
	uint8_t memory : 1;	       /* of its first leaf */
	uint8_t mixed : 1;	       /* has had leaves of both memory types: never a block */
	uint8_t linked : 1;	       /* a walker can reach it */
	uint8_t untidy : 1;	       /* on the list of tables to tidy up, perhaps in vain by now */
	uint8_t marked : 1;	       /* unlinked for a block that has nT until the fence is complete */
	uint8_t beyond : 1;	       /* live, and not in tables_max */
	uint32_t next;		       /* in the free, pending or retired list */
	uint32_t next_untidy;
	uint32_t at;		       /* what it translates: its first page >> index_lg2 */
	uint64_t stamp;		       /* live: batch in which it became untidy; retired: fence that must be complete */
};

_Static_assert(sizeof(struct pgtable_page) == 32, "two to a cache line");

/* Where the cursor is at one height. */
struct pgtable_place {
	uint64_t *entry;
	uint32_t page;		       /* index in the pool; PGTABLE_NONE: not at this height */
	bool fresh;		       /* no walker sees it yet */
	bool changed;		       /* since it was last settled */
	bool granted;		       /* live: leaves were stored, so that a group may have become whole */
	unsigned filled;	       /* fresh: entries that are right so far; the rest are still inherited */
	uint64_t inherited;	       /* fresh: entry 0 of what it replaces, 0 if that was invalid */
	uint64_t inherited_step;       /* from one inherited entry to the next */
};

struct pgtable_list {
	uint32_t first, last;
};

#define PGTABLE_CLAIMS 128u

/* Tables that were counted for this batch, so that a second run that needs one does not count it again. */
struct pgtable_claims {
	uint64_t epoch;		       /* a claim of an older one is void */
	uint32_t beyond;	       /* of those reserved in this batch, for what is not in tables_max */
	struct pgtable_claim {
		uint64_t key, epoch;
	} claim[PGTABLE_CLAIMS];
};

struct pgtable {
	/* Fixed by pgtable_init(), coherent by the last attachment. */
	struct pgtable_format format;
	struct shadow_pool pool;
	struct pgtable_page *page;     /* one a pool page */
	uint32_t page_count;
	unsigned bbml;
	enum shadow_collapse collapse;
	bool contiguous;
	bool coherent;		       /* every SMMU looks into caches */
	const struct shadow_region *region; /* in pages */
	unsigned region_count;
	uint64_t singles_pages;	       /* that a table above those of pages translates */
	uint64_t tables_max;	       /* worst case for all that may transition, start tables included */
	/* Host lock. */
	uint32_t beyond;	       /* live tables that are not in it */
	uint32_t bump;		       /* pages below were handed out at least once */
	uint32_t limit;		       /* pages from here on are queues and stream tables */
	uint64_t gone_start, gone_end; /* pages: blocks were revoked here and may be cached; equal: none */
	uint64_t gone_fence;	       /* until this fence is complete; 0: not published yet */
	struct pgtable_list free, free_zero, pending, retired, untidy; /* free_zero: every entry is zero */
	uint32_t live, unlinked;       /* pages: reachable; pending and retired */
	uint32_t reserved;	       /* free pages set aside for the transitions of this batch */
	bool promised;		       /* among them, all that tables_max may still ask for */
	bool kept;		       /* and that outlives this batch */
	bool moved;		       /* in this batch the cursor was used: something may have to be settled */
	uint8_t leaf_heights;	       /* bit h: the part that is applied may have leaves at height h */
	uint64_t batch;		       /* batches closed so far */
	uint64_t patient_writes;       /* stats.writes from which on a patient batch may collapse again, */
	uint64_t patient_batch;	       /* and the first batch for which any table that waits is old enough */
	unsigned region_recent;	       /* where the last search ended */
	struct pgtable_place place[FORMAT_HEIGHTS]; /* by height */
	struct tlbi_spans *spans;      /* what apply() replaced */
	struct tlbi_spans dirty;       /* lines of the pool that were stored and not cleaned, if not coherent */
	struct shadow_table_stats stats;
	uint32_t peak;
	struct pgtable_claims claims;
};

/* Worst case in tables, start tables included. */
uint64_t pgtable_tables_max(const struct shadow_smmu_target_config *config, uint64_t pool_bytes);

/* @page: one a page of the pool, zeroed. @region: config->region_count entries, filled here.
 * Return: 0; -SHADOW_EINVAL: no such table, or regions that are not sorted, aligned and disjoint; -SHADOW_ENOMEM if
 * the start tables do not fit. */
int pgtable_init(struct pgtable *pgtable, const struct shadow_smmu_target_config *config, struct pgtable_page *page,
		 struct shadow_region *region, struct tlbi_spans *spans);

/* Carve queue or stream table memory from the pool's end, aligned to its size (a power of two).
 * Before the first apply(). Return: NULL if short. */
void *pgtable_carve(struct pgtable *pgtable, uint64_t bytes, shadow_pa_t *pa);

/* Set aside tables for this run until pgtable_close() or pgtable_release(). Return: as target_ops.reserve(). */
int pgtable_reserve(struct pgtable *pgtable, const struct run *run);

/* The batch so far was applied. Can all that tables_max may still ask for be promised anew, tables on their way back
 * left out? Then pgtable_close() leaves that promise as it is, and collapses nothing. Return: does it? */
bool pgtable_keep(struct pgtable *pgtable);

/* Between batches: does every page of the run have exactly what applying the run would give it? */
bool pgtable_agrees(const struct pgtable *pgtable, const struct run *run);

/* Nothing is set aside any more: no batch follows that needs it. */
void pgtable_release(struct pgtable *pgtable);

/* BBM level 1: live blocks that applying this run will cut get nT; with hints: groups that it gives another access
 * lose theirs. What is applied must wait until the invalidation of the spans that this adds is complete. */
void pgtable_mark(struct pgtable *pgtable, const struct run *run);

/* Bring the table to this run's access; spans of what was replaced are added. Runs of one batch ascend.
 * Return: 0, or -SHADOW_ENOMEM, which after pgtable_reserve() cannot be. */
int pgtable_apply(struct pgtable *pgtable, const struct run *run);

/* The same for a sorted batch, with what it reads on its way to the cache; reserved, so it cannot fail. */
void pgtable_apply_batch(struct pgtable *pgtable, const struct run *runs, unsigned count);

/* Bring the descriptor that translates @page towards the cache; changes nothing. */
void pgtable_prefetch(const struct pgtable *pgtable, uint64_t page);

/* Between two passes over the address space in one batch: link and unlink what the cursor has passed. */
void pgtable_settle(struct pgtable *pgtable);

/* What was stored so far is on its way to memory, if an SMMU does not look into caches; order_device_publish() waits
 * for it. pgtable_close() does so as well. */
void pgtable_clean(struct pgtable *pgtable);

/* The batch is over: the same, and collapse as the policy says. */
void pgtable_close(struct pgtable *pgtable);

/* The same at the end of the snapshot, before any pgtable_reserve(). */
void pgtable_built(struct pgtable *pgtable);

/* Look at up to @blocks tables that have become whole, and let blocks take their place. Return: are there more? */
bool pgtable_compact(struct pgtable *pgtable, unsigned blocks);

/* Spans that must be invalidated before the pending tables may be reused. */
void pgtable_pending_spans(const struct pgtable *pgtable, struct tlbi_spans *spans);

/* All pending tables are covered by the invalidation of @fence. */
void pgtable_retire(struct pgtable *pgtable, uint64_t fence);

/* @fence is complete: tables retired by it or before are free. */
void pgtable_reclaim(struct pgtable *pgtable, uint64_t fence);

/* Does something wait for pgtable_reclaim()? */
static inline bool pgtable_has_retired(const struct pgtable *pgtable)
{
	return pgtable->retired.first != PGTABLE_NONE || pgtable->gone_start != pgtable->gone_end;
}

static inline bool pgtable_is_pending(const struct pgtable *pgtable)
{
	return pgtable->pending.first != PGTABLE_NONE;
}

/* Would pgtable_close() look for tables whose place a block may take, or groups that want a hint, in vain? */
static inline bool pgtable_is_tidy(const struct pgtable *pgtable)
{
	return pgtable->untidy.first == PGTABLE_NONE || pgtable->collapse == SHADOW_COLLAPSE_NEVER ||
	       (pgtable->collapse == SHADOW_COLLAPSE_PATIENT &&
		(pgtable->stats.writes < pgtable->patient_writes || pgtable->batch < pgtable->patient_batch));
}

/* Instead of pgtable_close(), for a batch that has changed nothing but single pages in tables that stay what they are, with
 * nothing else to settle, clean or collapse. What is promised stays so: *@promised says whether all of it is.
 * Return: false, and nothing is done, if it is not that. */
static inline bool pgtable_close_lone(struct pgtable *pgtable, bool *promised)
{
	if (pgtable->moved || pgtable->kept || !pgtable_is_tidy(pgtable))
		return false;
	pgtable->batch++;
	/* No table was taken or given back. What was counted beside the promise was for this batch. */
	if (!pgtable->promised || pgtable->claims.beyond)
		pgtable_release(pgtable);
	*promised = pgtable->promised;
	return true;
}

#endif
