/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * bbm_root.c - the roots: which stage 2s are followed, what their tables say, and what they lost.
 *
 * The lowest part of the checker. A root is made when a stream uses a stage 2 that is not followed yet, and
 * forgotten when a SYNC after a CFGI finds that neither the caches nor the stream table lead to it.
 * What a root lost leaves a ghost, in a space like those of the TLB; a slot's newer ghost is merged with its
 * older one. Judges nothing.
 * Callers: bbm.c, bbm_overlap.c, bbm_group.c, bbm_sync.c.
 * Spec: IHI 0070, Configuration cache invalidation; Break-before-make.
 */
#include "bbm_internal.h"

#include "alloc.h"

static void root_free(struct root *root)
{
	live_free(&root->live);
	model_release(root);
}

void bbm_roots_free(struct bbm *bbm)
{
	struct root *root, *next;

	for (root = bbm->roots; root; root = next) {
		next = root->next;
		root_free(root);
	}
	bbm->roots = NULL;
}

struct root *bbm_root_follow(struct bbm *bbm, uint32_t sid, const struct model_stage2 *stage2)
{
	struct root *root;

	for (root = bbm->roots; root; root = root->next) {
		if (!stage2_same(&root->stage2, stage2))
			continue;
		root->sid = sid;
		root->stage2 = *stage2;
		return NULL;
	}
	root = model_must_alloc(sizeof(*root));
	root->stage2 = *stage2;
	root->sid = sid;
	root->next = bbm->roots;
	bbm->roots = root;
	return root;
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

void bbm_roots_prune(struct model *model)
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

const char *bbm_table_read(const struct model *model, uint64_t pa, unsigned entries)
{
	const struct model_memory *memory = &model->config.memory;

	return (model->config.peek ? model->config.peek : memory->read)(memory->ctx, pa, 8 * (size_t)entries);
}

struct live_table bbm_child_table(const struct root *root, const struct placed *pointer)
{
	uint64_t pa = decode_table_address(&root->stage2, pointer->descriptor);

	return (struct live_table){
		.page = pa >> root->stage2.granule_lg2,
		.pa = pa,
		.base = pointer->address,
		.level = pointer->level + 1,
		.entries = root_table_entries(root),
	};
}

void bbm_ghost_add(struct model *model, const struct root *root, const struct placed *gone, bool combined)
{
	struct space *space =
		tlb_space(model->bbm->ghosts, root->stage2.vmid, root->stage2.granule_lg2, combined, true);
	uint64_t older, value = gone->descriptor;

	if (model->bbm->cold)
		return;
	if (!gone->table && space_get(space, gone->address, gone->level, false, &older))
		value = ghost_merge(gone->level, older, value);
	if (!space_fill(space, gone->address, gone->level, gone->table, value, ++model->time, true))
		model_out_of_memory();
}
