/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * bbm_overlap.c - judges what a store makes beside the ghosts that it overlaps.
 *
 * Finds the pairs; the rule for each pair is in ghost.c. A new leaf is judged beside all ghosts in its range,
 * a new pointer beside the ghosts in its range with every leaf that it leads to. A ghost with the contiguous
 * bit stands for its whole group, so the groups around the store are searched too, once any has been seen.
 * Callers: bbm.c for each store of a valid descriptor; bbm_group.c for a pointer among contiguous leaves.
 * Spec: IHI 0070, Break-before-make; DDI 0487, TLB maintenance.
 */
#include "bbm_internal.h"

/* Judge all leaves at or below @fresh that overlap @ghost, itself a leaf. */
static void leaves_judge(struct store *store, const struct placed *fresh, const struct placed *ghost)
{
	const struct root *root = store->root;
	unsigned granule_lg2 = root->stage2.granule_lg2, shift, index, last;
	uint64_t ghost_last = ghost->address + bits_put(1, level_shift(granule_lg2, ghost->level)) - 1;
	struct live_table child;
	const char *entries;

	if (!fresh->table) {
		if (root_is_leaf(root, fresh->level, fresh->descriptor))
			store_say(store,
				  ghost_against_leaf(&root->stage2, store->model->config.bbml, ghost, fresh));
		return;
	}
	child = bbm_child_table(root, fresh);
	shift = level_shift(granule_lg2, child.level);
	entries = bbm_table_read(store->model, child.pa, child.entries);
	index = ghost->address > child.base ? (ghost->address - child.base) >> shift : 0;
	last = ghost_last - child.base >= bits_put(child.entries, shift) ? child.entries - 1 :
									   (ghost_last - child.base) >> shift;
	for (; entries && index <= last && !store->judged; index++) {
		struct placed below = root_placed(root, &child, index, load64(entries + 8 * index));

		leaves_judge(store, &below, ghost);
	}
}

static void ghost_judge(void *ctx, uint64_t address, int level, bool table, uint64_t descriptor)
{
	struct store *store = ctx;
	struct placed ghost = { address, level, table, descriptor };
	const struct placed *fresh = &store->fresh;

	if (store->judged)
		return;
	if (!table) {
		if (fresh->table && level == fresh->level)
			store_say(store, ghost_against_table(store->model->config.bbml, &ghost));
		leaves_judge(store, fresh, &ghost);
	} else if (!fresh->table && level >= fresh->level) {
		store_say(store,
			  ghost_against_leaf(&store->root->stage2, store->model->config.bbml, &ghost, fresh));
	}
}

/* A ghost stands for its whole group: what it says of the slot that @fresh is in, or below. */
void bbm_grouped_ghost_judge(void *ctx, uint64_t address, int level, bool table, uint64_t descriptor)
{
	struct store *store = ctx;
	unsigned shift = level_shift(store->root->stage2.granule_lg2, level);
	uint64_t slot = store->fresh.address >> shift << shift;

	if (slot != address)
		ghost_judge(ctx, slot, level, table, descriptor + (slot - address));
}

static void groups_judge(struct store *store, struct space *space)
{
	int level, deepest = store->fresh.table ? store->fresh.level : store->fresh.level - 1;

	for (level = store->root->stage2.start_level; level <= deepest; level++)
		space_each_grouped(space, store->fresh.address, level, store, bbm_grouped_ghost_judge);
}

void bbm_overlap_judge(struct store *store)
{
	const struct model_stage2 *stage2 = &store->root->stage2;
	uint64_t last =
		store->fresh.address + bits_put(1, level_shift(stage2->granule_lg2, store->fresh.level)) - 1;
	unsigned combined;

	for (combined = 0; combined < 2; combined++) {
		struct space *space = tlb_space(store->model->bbm->ghosts, stage2->vmid, stage2->granule_lg2,
						combined, false);

		if (!space)
			continue;
		space_each(space, store->fresh.address, last, store, ghost_judge);
		if (store->model->bbm->contiguous_seen)
			groups_judge(store, space);
	}
}
