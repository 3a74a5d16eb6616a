/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * bbm.c - checks every store to a live table against break-before-make.
 *
 * Follows which tables are reachable from the stage 2 of any stream that has been used. A descriptor that a
 * store takes away leaves a ghost (bbm_root.c): it may still be cached, until an invalidation that reaches it
 * has been executed and a SYNC has completed after that (bbm_sync.c). What a store makes is judged beside the
 * ghosts that it overlaps (bbm_overlap.c) and its neighbours in a contiguous group (bbm_group.c).
 * An unlinked table is watched too: a valid descriptor stored in it while a cached pointer may lead there is
 * a page reused too early. While SMMUEN=0 nothing is judged, only followed.
 * Owns: the live map of each root; every table that a walk may reach is in it.
 * Callers: whoever stores descriptors, by model_observe_store(); stream.c, for each stage 2 in use.
 * Spec: IHI 0070, Break-before-make; DDI 0487, TLB maintenance.
 */
#include "bbm_internal.h"

#include "alloc.h"

struct bbm *bbm_new(void)
{
	struct bbm *bbm = model_alloc(sizeof(*bbm));

	if (!bbm)
		return NULL;
	bbm->ghosts = tlb_new();
	if (bbm->ghosts)
		return bbm;
	model_release(bbm);
	return NULL;
}

void bbm_free(struct bbm *bbm)
{
	if (!bbm)
		return;
	bbm_roots_free(bbm);
	tlb_free(bbm->ghosts);
	model_release(bbm->executed);
	model_release(bbm->hole);
	model_release(bbm);
}

/* A pointer is gone: so is all that it led to. */
static void subtree_unlink(struct model *model, struct root *root, const struct placed *pointer)
{
	struct live_table child = bbm_child_table(root, pointer), *known = live_find(&root->live, child.page);
	const char *entries;
	unsigned index;

	bbm_ghost_add(model, root, pointer, false);
	if (!known || known->unlinked || known->base != child.base || known->level != child.level)
		return;
	known->unlinked = true;
	entries = bbm_table_read(model, child.pa, child.entries);
	for (index = 0; entries && index < child.entries; index++) {
		uint64_t value = load64(entries + 8 * index);
		struct placed gone = root_placed(root, &child, index, value);

		if (gone.table)
			subtree_unlink(model, root, &gone);
		else if (root_is_leaf(root, child.level, value))
			bbm_ghost_add(model, root, &gone, false);
	}
}

/* Is there something in a table that its walker cannot see yet? */
static bool table_uncleaned(const struct model *model, const struct live_table *table, const char *entries)
{
	const struct model_memory *memory = &model->config.memory;
	const char *seen = memory->read(memory->ctx, table->pa, 8 * (size_t)table->entries);
	unsigned index;

	for (index = 0; seen != entries && seen && index < table->entries; index++) {
		if (load64(seen + 8 * index) != load64(entries + 8 * index))
			return true;
	}
	return false;
}

static void flaw_judge(struct store *store, int level, uint64_t pa, uint64_t old_value, uint64_t value)
{
	const char *flaw = decode_flaw(&store->root->stage2, level, value, store->model->config.bbml);

	if (flaw)
		model_violate(store->model, MODEL_RULE_DESCRIPTOR, pa, old_value, value, flaw);
}

/* A table becomes reachable, and so does everything below it. */
static void subtree_link(struct store *store, const struct live_table *table)
{
	struct root *root = store->root;
	struct live_table *known = live_find(&root->live, table->page);
	const char *entries = bbm_table_read(store->model, table->pa, table->entries);
	unsigned index;

	if (known && !known->unlinked) {
		store_say(store, (struct verdict){ "table page linked twice", MODEL_RULE_TABLE_REUSE });
		return;
	}
	if (!entries) {
		store_say(store, (struct verdict){ "table where no memory answers", MODEL_RULE_DESCRIPTOR });
		return;
	}
	if (store->links && !store->model->config.cohacc && table_uncleaned(store->model, table, entries))
		store_say(store, (struct verdict){ "table linked before it was cleaned", MODEL_RULE_CLEAN });
	live_put(&root->live, table);
	for (index = 0; index < table->entries; index++) {
		uint64_t value = load64(entries + 8 * index);
		struct placed entry = root_placed(root, table, index, value);

		flaw_judge(store, table->level, table->pa + 8 * index, value, value);
		if (entry.table) {
			struct live_table child = bbm_child_table(root, &entry);

			subtree_link(store, &child);
		} else if (DESCRIPTOR_CONTIGUOUS(value) && root_is_leaf(root, table->level, value)) {
			bbm_group_judge(store, table, index, value);
		}
	}
}

void bbm_root(struct model *model, uint32_t sid, const struct model_stage2 *stage2)
{
	struct root *root = bbm_root_follow(model->bbm, sid, stage2);
	struct store store = { .model = model, .root = root, .pa = stage2->ttb };
	unsigned entries = 1u << start_entries_lg2(stage2), index;

	if (!root)
		return;
	for (index = 0; index < entries; index += root_table_entries(root)) {
		uint64_t pa = stage2->ttb + 8 * (uint64_t)index;
		struct live_table table = {
			.page = pa >> stage2->granule_lg2,
			.pa = pa,
			.base = bits_put(index, level_shift(stage2->granule_lg2, stage2->start_level)),
			.level = stage2->start_level,
			.entries = entries < root_table_entries(root) ? entries : root_table_entries(root),
		};

		subtree_link(&store, &table);
	}
}

/* Store to a table that was unlinked: may a cached pointer still lead to it? */
static void unlinked_observe(struct store *store, const struct live_table *table)
{
	const struct model_stage2 *stage2 = &store->root->stage2;
	struct space *space =
		tlb_space(store->model->bbm->ghosts, stage2->vmid, stage2->granule_lg2, false, false);
	uint64_t pointer;

	if (!space || !space_get(space, table->base, table->level - 1, true, &pointer) ||
	    decode_table_address(stage2, pointer) != table->pa)
		live_remove(&store->root->live, table->page);
	else if (bit_get(store->new_value, 0))
		store_say(store, (struct verdict){ "table page reused while cached pointers may lead to it",
						   MODEL_RULE_TABLE_REUSE });
}

static void live_observe(struct store *store, const struct live_table *table, unsigned index)
{
	struct model *model = store->model;
	struct root *root = store->root;
	struct placed gone = root_placed(root, table, index, store->old_value);
	bool was_leaf = root_is_leaf(root, table->level, store->old_value);
	bool leaf = root_is_leaf(root, table->level, store->new_value);

	flaw_judge(store, table->level, store->pa, store->old_value, store->new_value);
	if (gone.table)
		subtree_unlink(model, root, &gone);
	else if (was_leaf)
		bbm_ghost_add(model, root, &gone, false);
	store->fresh = root_placed(root, table, index, store->new_value);
	if (leaf || store->fresh.table)
		bbm_overlap_judge(store);
	if (leaf)
		bbm_group_judge(store, table, index, store->new_value);
	else if (was_leaf)
		bbm_hole_note(model, root, table, index);
	if (store->fresh.table) {
		struct live_table child = bbm_child_table(root, &store->fresh);

		bbm_neighbours_judge(store, table, index);
		store->links = true;
		subtree_link(store, &child);
	}
}

void model_observe_store(struct model *model, uint64_t pa, uint64_t old_value, uint64_t new_value)
{
	struct root *root;

	if (old_value == new_value)
		return;
	for (root = model->bbm->roots; root; root = root->next) {
		struct live_table *known = live_find(&root->live, pa >> root->stage2.granule_lg2), table;
		struct store store = {
			.model = model,
			.root = root,
			.pa = pa,
			.old_value = old_value,
			.new_value = new_value,
			.judged = !(model->registers.cr0ack & CR0_SMMUEN),
		};

		if (!known || pa < known->pa || (pa - known->pa) / 8 >= known->entries)
			continue;
		table = *known;
		if (table.unlinked)
			unlinked_observe(&store, &table);
		else
			live_observe(&store, &table, (pa - table.pa) / 8);
	}
}
