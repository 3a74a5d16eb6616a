/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * bbm_sync.c - what executed invalidations and the SYNC after them end.
 *
 * An invalidation counts from the first SYNC of its queue that completes after it was executed: then the ghosts that it
 * reaches are cleared by the same rules as the TLB, up to the time of its execution.
 * Stage 2 alone invalidated below a nested stream: the ghosts it loses may be in combined entries, made until
 * that very SYNC, and wait there for an invalidation of those.
 * Where stores reach memory late a ghost also stays while memory still says what the CPU has replaced.
 * Callers: cmdq.c, as commands are executed.
 * Spec: IHI 0070, CMD_SYNC; TLB invalidation; DDI 0487, TLB maintenance.
 */
#include "bbm_internal.h"

#include "alloc.h"

void bbm_executed(struct model *model, unsigned queue, const struct invalidation *invalidation)
{
	struct bbm *bbm = model->bbm;

	bbm->executed =
		model_grow(bbm->executed, &bbm->executed_room, bbm->executed_count, sizeof(*bbm->executed));
	bbm->executed[bbm->executed_count++] = (struct executed){ *invalidation, model->time, queue };
}

void bbm_configuration_executed(struct model *model, unsigned queue)
{
	model->bbm->configuration_changed |= UINT32_C(1) << queue;
}

static void placed_collect(void *ctx, uint64_t address, int level, bool table, uint64_t descriptor)
{
	struct collected *collected = ctx;

	collected->placed =
		model_grow(collected->placed, &collected->room, collected->count, sizeof(*collected->placed));
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
			bbm_ghost_add(model, root, gone, true);
	}
	model_release(collected.placed);
}

/* What memory still says where the CPU has stored something else, not cleaned or drained, may be cached again. */
static void late_restore(struct model *model, const struct root *root, const struct placed *gone)
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
		bbm_ghost_add(model, root, &still, false);
}

/* Ghosts are gone only if memory has what replaced them. */
static void late_judge(struct model *model, struct root *root)
{
	struct space *space =
		tlb_space(model->bbm->ghosts, root->stage2.vmid, root->stage2.granule_lg2, false, false);
	uint64_t still;
	unsigned index;

	for (index = 0; index < root->before.count; index++) {
		const struct placed *gone = &root->before.placed[index];

		if (!space_get(space, gone->address, gone->level, gone->table, &still))
			late_restore(model, root, gone);
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

void bbm_enabled(struct model *model)
{
	model->bbm->cold = false;
}

static bool leaves_cold(const struct model *model, const struct invalidation *invalidation)
{
	return !(model->registers.cr0ack & CR0_SMMUEN) && invalidation->everything && invalidation->vmid_any &&
	       invalidation->stage2 && invalidation->combined;
}

static void executed_apply(struct model *model, const struct executed *executed)
{
	const struct invalidation *invalidation = &executed->invalidation;
	const struct root *root = model->bbm->roots;

	while (root && !(root->stage2.nested && root->stage2.vmid == invalidation->vmid))
		root = root->next;
	if (leaves_cold(model, invalidation)) {
		/* What was taken away since cannot have been cached again. */
		tlb_invalidate(model->bbm->ghosts, invalidation, ++model->time, NULL);
		model->bbm->cold = true;
		return;
	}
	if (root && invalidation->stage2 && !invalidation->combined)
		stage2_apply(model, root, executed);
	else
		tlb_invalidate(model->bbm->ghosts, invalidation, executed->time, NULL);
}

/* Those of one queue count; the others stay. */
static void executed_apply_all(struct model *model, unsigned queue)
{
	struct bbm *bbm = model->bbm;
	unsigned index, kept = 0;

	for (index = 0; index < bbm->executed_count; index++) {
		if (bbm->executed[index].queue == queue)
			executed_apply(model, &bbm->executed[index]);
		else
			bbm->executed[kept++] = bbm->executed[index];
	}
	bbm->executed_count = kept;
}

void bbm_synced(struct model *model, unsigned queue)
{
	struct bbm *bbm = model->bbm;
	bool lags = model->config.peek && bbm->executed_count;
	struct root *root;

	for (root = bbm->roots; root && lags; root = root->next)
		before_collect(model, root);
	executed_apply_all(model, queue);
	for (root = bbm->roots; root && lags; root = root->next)
		late_judge(model, root);
	bbm_holes_judge(model, queue);
	if (bbm->configuration_changed & UINT32_C(1) << queue)
		bbm_roots_prune(model);
	bbm->configuration_changed &= ~(UINT32_C(1) << queue);
}
