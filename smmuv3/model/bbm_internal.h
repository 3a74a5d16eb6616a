/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * bbm_internal.h - what the parts of the break-before-make checker share. Only bbm*.c may include it.
 *
 * Each part calls only those above it in this file: bbm_root.c knows the roots, bbm_overlap.c and bbm_group.c
 * judge, bbm_sync.c ends what a SYNC ends. bbm.c sees the stores and directs the judging.
 */
#ifndef SMMUV3_MODEL_BBM_INTERNAL_H
#define SMMUV3_MODEL_BBM_INTERNAL_H

#include "bbm.h"
#include "bits.h"
#include "ghost.h"
#include "live.h"
#include "state.h"

struct collected {
	struct placed *placed;
	unsigned count, room;
};

/* A stage 2 that streams use. */
struct root {
	struct root *next;
	struct model_stage2 stage2;
	uint32_t sid; /* one that used it */
	struct live_map live;
	struct collected before; /* ghosts, while invalidations are applied and memory may lag behind */
};

struct executed {
	struct invalidation invalidation;
	uint64_t time;
	unsigned queue;
};

/* A member taken out of a contiguous group. */
struct hole {
	struct root *root;
	struct live_table table;
	unsigned index;
	uint64_t rung[CMDQ_QUEUES_MAX]; /* commands that the SMMU had been told of by then, by queue */
};

struct bbm {
	struct root *roots;
	struct tlb *ghosts;	   /* those in combined entries are in the combined spaces */
	struct executed *executed; /* since the last SYNC of its queue */
	unsigned executed_count, executed_room;
	struct hole *hole; /* since the last SYNC that the SMMU was told of later */
	unsigned hole_count, hole_room;
	uint32_t configuration_changed; /* by a CFGI since the last SYNC, a bit for each queue */
	bool contiguous_seen;
	bool cold; /* nothing is cached, and nothing is walked: all was invalidated with SMMUEN=0 */
};

/* One store under judgement: at most one violation is reported for it, besides a flaw in its bits. */
struct store {
	struct model *model;
	struct root *root;
	uint64_t pa, old_value, new_value;
	bool judged; /* nothing more to say */
	bool links;  /* stores a pointer, which its table has to be in memory for */
	struct placed fresh;
};

static inline void store_say(struct store *store, struct verdict verdict)
{
	if (!verdict.what || store->judged)
		return;
	store->judged = true;
	model_violate(store->model, verdict.rule, store->pa, store->old_value, store->new_value,
		      verdict.what);
}

/* ---- bbm_root.c -------------------------------------------------------------------------- */

/** bbm_root_follow() - a stream uses this stage 2. Return: its root if it is new, NULL if it was followed. */
struct root *bbm_root_follow(struct bbm *bbm, uint32_t sid, const struct model_stage2 *stage2);
/** bbm_roots_prune() - forget the roots that no stream uses any more. */
void bbm_roots_prune(struct model *model);
void bbm_roots_free(struct bbm *bbm);

/** bbm_table_read() - a table as the CPU has stored it: what a walker may see now or later.
 * Return: NULL if no memory answers. */
const char *bbm_table_read(const struct model *model, uint64_t pa, unsigned entries);
/** bbm_child_table() - the table that @pointer leads to. */
struct live_table bbm_child_table(const struct root *root, const struct placed *pointer);
/** bbm_ghost_add() - @gone may still be cached. @combined: in entries of stage 1 and 2 in one. */
void bbm_ghost_add(struct model *model, const struct root *root, const struct placed *gone, bool combined);

static inline unsigned root_table_entries(const struct root *root)
{
	return 1u << (root->stage2.granule_lg2 - 3);
}

static inline struct placed root_placed(const struct root *root, const struct live_table *table,
					unsigned index, uint64_t value)
{
	return (struct placed){
		.address = table->base + bits_put(index, level_shift(root->stage2.granule_lg2, table->level)),
		.level = table->level,
		.table = decode_kind(&root->stage2, table->level, value) == DESCRIPTOR_TABLE,
		.descriptor = value,
	};
}

static inline bool root_is_leaf(const struct root *root, int level, uint64_t value)
{
	return decode_kind(&root->stage2, level, value) == DESCRIPTOR_LEAF;
}

/* ---- bbm_overlap.c ----------------------------------------------------------------------- */

/** bbm_overlap_judge() - judge the leaf or pointer @store->fresh beside all ghosts that it overlaps. */
void bbm_overlap_judge(struct store *store);
/** bbm_grouped_ghost_judge() - judge @store->fresh beside a contiguous leaf, for the slot of the leaf's group
 * that it is in. The arguments are those of space_each_grouped(). */
void bbm_grouped_ghost_judge(void *ctx, uint64_t address, int level, bool table, uint64_t descriptor);

/* ---- bbm_group.c ------------------------------------------------------------------------- */

/** bbm_group_judge() - judge a leaf beside the members, and the ghosts of members, of its group. */
void bbm_group_judge(struct store *store, const struct live_table *table, unsigned index, uint64_t value);
/** bbm_neighbours_judge() - judge the pointer stored at @index beside leaves that call its slot theirs. */
void bbm_neighbours_judge(struct store *store, const struct live_table *table, unsigned index);
/** bbm_hole_note() - the leaf at @index was taken out: its group has until the next SYNC to follow. */
void bbm_hole_note(struct model *model, struct root *root, const struct live_table *table, unsigned index);
/** bbm_holes_judge() - a SYNC of @queue has completed: judge what is left around the holes, and forget them. */
void bbm_holes_judge(struct model *model, unsigned queue);

#endif
