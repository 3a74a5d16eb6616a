/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * bbm.c - checks every store to a live table against break-before-make.
 *
 * Follows which tables are reachable from the stage 2 of any stream that has been used. A descriptor that a
 * store takes away leaves a ghost: it may still be cached, until an invalidation that reaches it has been
 * executed and a SYNC has completed after that. What a store makes is then judged beside the ghosts that it
 * overlaps (ghost.c) and beside its neighbours in a contiguous group.
 * Ghosts live in spaces like those of the TLB and are cleared by the same rules. For nested streams a ghost
 * that stage 2 has lost may still be in combined entries, made until that very SYNC, so it then waits for
 * an invalidation of those.
 * An unlinked table is watched too: a valid descriptor stored in it while a cached pointer may lead there is
 * a page reused too early. While SMMUEN=0 nothing is judged, only followed.
 * Spec: IHI 0070, Break-before-make; DDI 0487, TLB maintenance; Contiguous bit.
 */
#include "bbm.h"

#include <string.h>

#include "alloc.h"
#include "bits.h"
#include "decode.h"
#include "ghost.h"
#include "live.h"
#include "state.h"

struct collected {
	struct placed *placed;
	unsigned count, room;
};

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
};

/* A member taken out of a contiguous group. */
struct hole {
	struct root *root;
	struct live_table table;
	unsigned index;
};

struct bbm {
	struct root *roots;
	struct tlb *ghosts;	   /* those in combined entries are in the combined spaces */
	struct executed *executed; /* since the last SYNC */
	unsigned executed_count, executed_room;
	struct hole *hole; /* since the last SYNC */
	unsigned hole_count, hole_room;
	bool configuration_changed; /* by a CFGI since the last SYNC */
	bool contiguous_seen;
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

static void root_free(struct root *root)
{
	live_free(&root->live);
	model_release(root);
}

void bbm_free(struct bbm *bbm)
{
	struct root *root, *next;

	if (!bbm)
		return;
	for (root = bbm->roots; root; root = next) {
		next = root->next;
		root_free(root);
	}
	tlb_free(bbm->ghosts);
	model_release(bbm->executed);
	model_release(bbm->hole);
	model_release(bbm);
}

static void *array_grow(void *array, unsigned *room, unsigned count, size_t bytes)
{
	void *larger;

	if (count < *room)
		return array;
	*room = *room ? 2 * *room : 32;
	larger = model_must_alloc(*room * bytes);
	if (count)
		memcpy(larger, array, count * bytes);
	model_release(array);
	return larger;
}

static void say(struct store *store, struct verdict verdict)
{
	if (!verdict.what || store->judged)
		return;
	store->judged = true;
	model_violate(store->model, verdict.rule, store->pa, store->old_value, store->new_value,
		      verdict.what);
}

/* As the CPU has stored it: what a walker may see now or later. */
static const char *table_read(const struct model *model, uint64_t pa, unsigned entries)
{
	const struct model_memory *memory = &model->config.memory;

	return (model->config.peek ? model->config.peek : memory->read)(memory->ctx, pa, 8 * (size_t)entries);
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

static unsigned table_entries(const struct root *root)
{
	return 1u << (root->stage2.granule_lg2 - 3);
}

static struct placed placed_at(const struct root *root, const struct live_table *table, unsigned index,
			       uint64_t value)
{
	return (struct placed){
		.address = table->base + bits_put(index, level_shift(root->stage2.granule_lg2, table->level)),
		.level = table->level,
		.table = decode_kind(&root->stage2, table->level, value) == DESCRIPTOR_TABLE,
		.descriptor = value,
	};
}

static struct live_table child_table(const struct root *root, const struct placed *pointer)
{
	uint64_t pa = decode_table_address(&root->stage2, pointer->descriptor);

	return (struct live_table){
		.page = pa >> root->stage2.granule_lg2,
		.pa = pa,
		.base = pointer->address,
		.level = pointer->level + 1,
		.entries = table_entries(root),
	};
}

static bool is_leaf(const struct root *root, int level, uint64_t value)
{
	return decode_kind(&root->stage2, level, value) == DESCRIPTOR_LEAF;
}

/* ---- ghosts ------------------------------------------------------------------------------ */

static void ghost_add(struct model *model, const struct root *root, const struct placed *gone, bool combined)
{
	struct space *space =
		tlb_space(model->bbm->ghosts, root->stage2.vmid, root->stage2.granule_lg2, combined, true);
	uint64_t older, value = gone->descriptor;

	if (!gone->table && space_get(space, gone->address, gone->level, false, &older))
		value = ghost_merge(gone->level, older, value);
	if (!space_fill(space, gone->address, gone->level, gone->table, value, ++model->time, true))
		model_out_of_memory();
}

/* A pointer is gone: so is all that it led to. */
static void subtree_unlink(struct model *model, struct root *root, const struct placed *pointer)
{
	struct live_table child = child_table(root, pointer), *known = live_find(&root->live, child.page);
	const char *entries;
	unsigned index;

	ghost_add(model, root, pointer, false);
	if (!known || known->unlinked || known->base != child.base || known->level != child.level)
		return;
	known->unlinked = true;
	entries = table_read(model, child.pa, child.entries);
	for (index = 0; entries && index < child.entries; index++) {
		uint64_t value = load64(entries + 8 * index);
		struct placed gone = placed_at(root, &child, index, value);

		if (gone.table)
			subtree_unlink(model, root, &gone);
		else if (is_leaf(root, child.level, value))
			ghost_add(model, root, &gone, false);
	}
}

/* Judge all leaves at or below @fresh that overlap @ghost, itself a leaf. */
static void leaves_judge(struct store *store, const struct placed *fresh, const struct placed *ghost)
{
	const struct root *root = store->root;
	unsigned granule_lg2 = root->stage2.granule_lg2, shift, index, last;
	uint64_t ghost_last = ghost->address + bits_put(1, level_shift(granule_lg2, ghost->level)) - 1;
	struct live_table child;
	const char *entries;

	if (!fresh->table) {
		if (is_leaf(root, fresh->level, fresh->descriptor))
			say(store,
			    ghost_against_leaf(&root->stage2, store->model->config.bbml, ghost, fresh));
		return;
	}
	child = child_table(root, fresh);
	shift = level_shift(granule_lg2, child.level);
	entries = table_read(store->model, child.pa, child.entries);
	index = ghost->address > child.base ? (ghost->address - child.base) >> shift : 0;
	last = ghost_last - child.base >= bits_put(child.entries, shift) ? child.entries - 1 :
									   (ghost_last - child.base) >> shift;
	for (; entries && index <= last && !store->judged; index++) {
		struct placed below = placed_at(root, &child, index, load64(entries + 8 * index));

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
			say(store, ghost_against_table(store->model->config.bbml, &ghost));
		leaves_judge(store, fresh, &ghost);
	} else if (!fresh->table && level >= fresh->level) {
		say(store,
		    ghost_against_leaf(&store->root->stage2, store->model->config.bbml, &ghost, fresh));
	}
}

/* A ghost stands for its whole group: what it says of the slot that @fresh is in, or below. */
static void grouped_ghost_judge(void *ctx, uint64_t address, int level, bool table, uint64_t descriptor)
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
		space_each_grouped(space, store->fresh.address, level, store, grouped_ghost_judge);
}

static void fresh_judge(struct store *store)
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

/* ---- contiguous groups ------------------------------------------------------------------- */

/* The group that @index of @table belongs to. Return: the number of members in this table; 0 if none. */
static unsigned group_of(const struct root *root, const struct live_table *table, unsigned index,
			 unsigned *first)
{
	unsigned lg2 = level_contiguous_lg2(root->stage2.granule_lg2, table->level);
	unsigned members = 1u << lg2;

	*first = index & ~(members - 1);
	if (!lg2)
		return 0;
	return *first + members <= table->entries ? members : table->entries - *first;
}

static void group_judge(struct store *store, const struct live_table *table, unsigned index, uint64_t value)
{
	struct bbm *bbm = store->model->bbm;
	const struct model_stage2 *stage2 = &store->root->stage2;
	unsigned bbml = store->model->config.bbml, first,
		 members = group_of(store->root, table, index, &first), i;
	struct space *space = tlb_space(bbm->ghosts, stage2->vmid, stage2->granule_lg2, false, false);
	struct member fresh = { value, index - first, false };
	const char *entries;

	bbm->contiguous_seen |= DESCRIPTOR_CONTIGUOUS(value);
	if (!members || !bbm->contiguous_seen)
		return;
	if (DESCRIPTOR_CONTIGUOUS(value) &&
	    members >> level_contiguous_lg2(stage2->granule_lg2, table->level) == 0)
		say(store, (struct verdict){ "contiguous group larger than the input space",
					     MODEL_RULE_CONTIGUOUS });
	entries = table_read(store->model, table->pa + 8 * (uint64_t)first, members);
	for (i = 0; entries && i < members; i++) {
		struct member member = { load64(entries + 8 * i), i, false };
		struct placed place = placed_at(store->root, table, first + i, member.descriptor);

		if (is_leaf(store->root, table->level, member.descriptor))
			say(store, contiguous_check(stage2, bbml, table->level, &fresh, &member));
		member.ghost = true;
		if (i != fresh.index && space &&
		    space_get(space, place.address, table->level, false, &member.descriptor))
			say(store, contiguous_check(stage2, bbml, table->level, &fresh, &member));
	}
}

/* A pointer is stored beside leaves that call its slot part of their group: those may be cached for it. */
static void neighbours_judge(struct store *store, const struct live_table *table, unsigned index)
{
	unsigned first, members = group_of(store->root, table, index, &first), i;
	unsigned shift = level_shift(store->root->stage2.granule_lg2, table->level);
	const char *entries;

	if (!members || !store->model->bbm->contiguous_seen)
		return;
	entries = table_read(store->model, table->pa + 8 * (uint64_t)first, members);
	for (i = 0; entries && i < members; i++) {
		uint64_t value = load64(entries + 8 * i);

		if (is_leaf(store->root, table->level, value) && DESCRIPTOR_CONTIGUOUS(value))
			grouped_ghost_judge(store, table->base + bits_put(first + i, shift), table->level,
					    false, value);
	}
}

static void hole_note(struct bbm *bbm, struct root *root, const struct live_table *table, unsigned index)
{
	if (!bbm->contiguous_seen)
		return;
	bbm->hole = array_grow(bbm->hole, &bbm->hole_room, bbm->hole_count, sizeof(*bbm->hole));
	bbm->hole[bbm->hole_count++] = (struct hole){ root, *table, index };
}

/* A member was taken out: while another still says "contiguous", the group may be cached again, hole and all.
 */
static void hole_judge(struct model *model, const struct hole *hole)
{
	unsigned first, members = group_of(hole->root, &hole->table, hole->index, &first), i;
	uint64_t pa = hole->table.pa + 8 * (uint64_t)hole->index;
	const char *entries = table_read(model, hole->table.pa + 8 * (uint64_t)first, members);

	if (!entries || is_leaf(hole->root, hole->table.level, load64(entries + 8 * (hole->index - first))))
		return;
	for (i = 0; i < members; i++) {
		uint64_t value = load64(entries + 8 * i);

		if (!is_leaf(hole->root, hole->table.level, value) || !DESCRIPTOR_CONTIGUOUS(value))
			continue;
		model_violate(model, MODEL_RULE_CONTIGUOUS, pa, value,
			      load64(entries + 8 * (hole->index - first)),
			      "member taken out of a group that others still call contiguous");
		return;
	}
}

/* ---- live tables ------------------------------------------------------------------------- */

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
	const char *entries = table_read(store->model, table->pa, table->entries);
	unsigned index;

	if (known && !known->unlinked) {
		say(store, (struct verdict){ "table page linked twice", MODEL_RULE_TABLE_REUSE });
		return;
	}
	if (!entries) {
		say(store, (struct verdict){ "table where no memory answers", MODEL_RULE_DESCRIPTOR });
		return;
	}
	if (store->links && table_uncleaned(store->model, table, entries))
		say(store, (struct verdict){ "table linked before it was cleaned", MODEL_RULE_CLEAN });
	live_put(&root->live, table);
	for (index = 0; index < table->entries; index++) {
		uint64_t value = load64(entries + 8 * index);
		struct placed entry = placed_at(root, table, index, value);

		flaw_judge(store, table->level, table->pa + 8 * index, value, value);
		if (entry.table) {
			struct live_table child = child_table(root, &entry);

			subtree_link(store, &child);
		} else if (DESCRIPTOR_CONTIGUOUS(value) && is_leaf(root, table->level, value)) {
			group_judge(store, table, index, value);
		}
	}
}

void bbm_root(struct model *model, uint32_t sid, const struct model_stage2 *stage2)
{
	struct bbm *bbm = model->bbm;
	struct store store = { .model = model, .pa = stage2->ttb };
	unsigned entries = 1u << start_entries_lg2(stage2), index;
	struct root *root;

	for (root = bbm->roots; root; root = root->next) {
		if (!stage2_same(&root->stage2, stage2))
			continue;
		root->sid = sid;
		root->stage2 = *stage2;
		return;
	}
	root = model_must_alloc(sizeof(*root));
	root->stage2 = *stage2;
	root->sid = sid;
	root->next = bbm->roots;
	bbm->roots = root;
	store.root = root;
	for (index = 0; index < entries; index += table_entries(root)) {
		uint64_t pa = stage2->ttb + 8 * (uint64_t)index;
		struct live_table table = {
			.page = pa >> stage2->granule_lg2,
			.pa = pa,
			.base = bits_put(index, level_shift(stage2->granule_lg2, stage2->start_level)),
			.level = stage2->start_level,
			.entries = entries < table_entries(root) ? entries : table_entries(root),
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
		say(store, (struct verdict){ "table page reused while cached pointers may lead to it",
					     MODEL_RULE_TABLE_REUSE });
}

static void live_observe(struct store *store, const struct live_table *table, unsigned index)
{
	struct model *model = store->model;
	struct root *root = store->root;
	struct placed gone = placed_at(root, table, index, store->old_value);
	bool was_leaf = is_leaf(root, table->level, store->old_value);
	bool leaf = is_leaf(root, table->level, store->new_value);

	flaw_judge(store, table->level, store->pa, store->old_value, store->new_value);
	if (gone.table)
		subtree_unlink(model, root, &gone);
	else if (was_leaf)
		ghost_add(model, root, &gone, false);
	store->fresh = placed_at(root, table, index, store->new_value);
	if (leaf || store->fresh.table)
		fresh_judge(store);
	if (leaf)
		group_judge(store, table, index, store->new_value);
	else if (was_leaf)
		hole_note(model->bbm, root, table, index);
	if (store->fresh.table) {
		struct live_table child = child_table(root, &store->fresh);

		neighbours_judge(store, table, index);
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

/* ---- invalidations ----------------------------------------------------------------------- */

void bbm_executed(struct model *model, const struct invalidation *invalidation)
{
	struct bbm *bbm = model->bbm;

	bbm->executed =
		array_grow(bbm->executed, &bbm->executed_room, bbm->executed_count, sizeof(*bbm->executed));
	bbm->executed[bbm->executed_count++] = (struct executed){ *invalidation, model->time };
}

void bbm_configuration_executed(struct model *model)
{
	model->bbm->configuration_changed = true;
}

static void placed_collect(void *ctx, uint64_t address, int level, bool table, uint64_t descriptor)
{
	struct collected *collected = ctx;

	collected->placed =
		array_grow(collected->placed, &collected->room, collected->count, sizeof(*collected->placed));
	collected->placed[collected->count++] = (struct placed){ address, level, table, descriptor };
}

static void leaf_collect(void *ctx, uint64_t address, int level, bool table, uint64_t descriptor)
{
	if (!table)
		placed_collect(ctx, address, level, table, descriptor);
}

/* Stage 2 alone is invalidated below a nested stream: what it loses may be in combined entries until now. */
static void stage2_apply(struct model *model, const struct root *root, const struct executed *executed)
{
	const struct invalidation *invalidation = &executed->invalidation;
	struct space *space =
		tlb_space(model->bbm->ghosts, root->stage2.vmid, root->stage2.granule_lg2, false, false);
	struct collected collected = { NULL, 0, 0 };
	uint64_t still;
	unsigned index;

	if (!space)
		return;
	space_each(space, invalidation->first, invalidation->last, &collected, leaf_collect);
	tlb_invalidate(model->bbm->ghosts, invalidation, executed->time, NULL);
	for (index = 0; index < collected.count; index++) {
		const struct placed *gone = &collected.placed[index];

		if (!space_get(space, gone->address, gone->level, false, &still))
			ghost_add(model, root, gone, true);
	}
	model_release(collected.placed);
}

/* What memory still says where the CPU has stored something else, without cleaning it, may be cached again.
 */
static void uncleaned_restore(struct model *model, const struct root *root, const struct placed *gone)
{
	const struct model_memory *seen = &model->config.memory;
	const struct model_memory stored = { seen->ctx, model->config.peek, NULL };
	struct placed still = *gone;
	uint64_t value;

	if (!walk_entry(seen, &root->stage2, gone->address, gone->level, &still.descriptor) ||
	    decode_kind(&root->stage2, gone->level, still.descriptor) !=
		    (gone->table ? DESCRIPTOR_TABLE : DESCRIPTOR_LEAF))
		return;
	if (!walk_entry(&stored, &root->stage2, gone->address, gone->level, &value) ||
	    value != still.descriptor)
		ghost_add(model, root, &still, false);
}

/* Ghosts of tables that walks are not coherent with: gone only if memory has what replaced them. */
static void uncleaned_judge(struct model *model, struct root *root)
{
	struct space *space =
		tlb_space(model->bbm->ghosts, root->stage2.vmid, root->stage2.granule_lg2, false, false);
	uint64_t still;
	unsigned index;

	for (index = 0; index < root->before.count; index++) {
		const struct placed *gone = &root->before.placed[index];

		if (!space_get(space, gone->address, gone->level, gone->table, &still))
			uncleaned_restore(model, root, gone);
	}
	model_release(root->before.placed);
	root->before = (struct collected){ NULL, 0, 0 };
}

static void before_collect(struct model *model, struct root *root)
{
	struct space *space =
		tlb_space(model->bbm->ghosts, root->stage2.vmid, root->stage2.granule_lg2, false, false);

	if (space)
		space_each(space, 0, UINT64_MAX, &root->before, placed_collect);
}

static void executed_apply(struct model *model, const struct executed *executed)
{
	const struct invalidation *invalidation = &executed->invalidation;
	const struct root *root = model->bbm->roots;

	while (root && !(root->stage2.nested && root->stage2.vmid == invalidation->vmid))
		root = root->next;
	if (root && invalidation->stage2 && !invalidation->combined)
		stage2_apply(model, root, executed);
	else
		tlb_invalidate(model->bbm->ghosts, invalidation, executed->time, NULL);
}

/* Does any stream still use @root, as far as the caches or the stream table say? */
static bool root_used(struct model *model, struct root *root)
{
	struct ste_view view;
	uint64_t fetch_pa;

	if (stream_cache_uses(model->streams, &root->stage2, &root->sid))
		return true;
	return !stream_cache_find(model, root->sid, false, &view, &fetch_pa) && view.kind == STE_STAGE2 &&
	       stage2_same(&view.stage2, &root->stage2);
}

static void roots_prune(struct model *model)
{
	struct root **link = &model->bbm->roots, *root;

	while ((root = *link)) {
		if (root_used(model, root)) {
			link = &root->next;
			continue;
		}
		*link = root->next;
		root_free(root);
	}
}

void bbm_synced(struct model *model)
{
	struct bbm *bbm = model->bbm;
	bool lags = model->config.peek && bbm->executed_count;
	struct root *root;
	unsigned index;

	for (root = bbm->roots; root && lags; root = root->next)
		before_collect(model, root);
	for (index = 0; index < bbm->executed_count; index++)
		executed_apply(model, &bbm->executed[index]);
	for (root = bbm->roots; root && lags; root = root->next)
		uncleaned_judge(model, root);
	bbm->executed_count = 0;
	for (index = 0; index < bbm->hole_count; index++)
		hole_judge(model, &bbm->hole[index]);
	bbm->hole_count = 0;
	if (bbm->configuration_changed)
		roots_prune(model);
	bbm->configuration_changed = false;
}
