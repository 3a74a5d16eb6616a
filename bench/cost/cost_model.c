/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * cost_model.c - flushes as the SMMUs see them.
 */
#include "bench/cost/cost_model.h"


uint64_t cost_commands(const struct cost_counts *counts)
{
	return counts->kind[COST_KIND_PAGE] + counts->kind[COST_KIND_RANGE] + counts->kind[COST_KIND_VMID] +
	       counts->kind[COST_KIND_STAGE1];
}

double cost_device_ns(const struct cost_device *device, const struct cost_counts *counts, unsigned smmus)
{
	double all = (double)counts->kind[COST_KIND_PAGE] * device->ns[COST_NS_COMMAND] +
		     (double)counts->kind[COST_KIND_RANGE] * device->ns[COST_NS_RANGE] +
		     (double)counts->pieces * device->ns[COST_NS_PIECE] +
		     (double)counts->kind[COST_KIND_VMID] * device->ns[COST_NS_VMID] +
		     (double)counts->kind[COST_KIND_STAGE1] * device->ns[COST_NS_STAGE1] +
		     (double)counts->kind[COST_KIND_SYNC] * device->ns[COST_NS_SYNC];

	return all / smmus;
}

double cost_after_ns(const struct cost_device *device, const struct cost_extra *extra)
{
	return extra->micro * device->ns[COST_NS_MAIN] + extra->main * device->ns[COST_NS_WALK] +
	       extra->reads * device->ns[COST_NS_READ];
}

/* ---- the stream -------------------------------------------------------------------------------------------------- */

static void play(struct cost_model *model, unsigned accesses)
{
	for (unsigned i = 0; i < accesses; i++)
		cost_tlb_use(&model->tlb, model->layout->page[cost_walker_next(&model->walker)]);
}

int cost_model_init(struct cost_model *model, const struct cost_device *device, const struct cost_layout *layout,
		    const struct cost_stream *stream, bool nested)
{
	*model = (struct cost_model){ .device = device, .layout = layout, .stream = stream };
	if (cost_tlb_init(&model->tlb, &device->shape, &layout->map, nested))
		return -1;
	model->walker = cost_walker(stream, layout->pages);
	for (unsigned i = 0; i < layout->pages; i++)
		cost_tlb_use(&model->tlb, layout->page[i]);
	play(model, 2 * layout->pages);
	model->tlb.misses = (struct cost_misses){ 0 };
	return 0;
}

void cost_model_free(struct cost_model *model)
{
	cost_tlb_free(&model->tlb);
	cost_drops_free(&model->drops);
}

/* ---- commands ---------------------------------------------------------------------------------------------------- */

static void hear_command(void *ctx, unsigned smmu, const uint64_t word[2])
{
	struct cost_model *model = ctx;
	struct cost_effect effect = cost_effect(word);

	model->counts.kind[effect.kind]++;
	if (effect.kind == COST_KIND_RANGE)
		model->counts.pieces += effect.pieces;
	if (smmu)
		return;
	model->counts.named += effect.end - effect.start;
	model->failed |= cost_drops_add(&model->drops, &effect) != 0;
}

static void hear_doorbell(void *ctx, unsigned smmu)
{
	struct cost_model *model = ctx;

	(void)smmu;
	model->counts.doorbells++;
}

struct cost_listener cost_model_listener(struct cost_model *model)
{
	return (struct cost_listener){ .ctx = model, .command = hear_command, .doorbell = hear_doorbell };
}

int cost_model_flushed(struct cost_model *model, bool drop)
{
	model->counts.flushes++;
	if (drop) {
		cost_drops_close(&model->drops);
		cost_tlb_drop(&model->tlb, &model->drops);
	}
	cost_drops_clear(&model->drops);
	play(model, model->stream->accesses);
	return model->failed ? -1 : 0;
}

struct cost_misses cost_model_misses(const struct cost_model *model)
{
	return model->tlb.misses;
}

struct cost_extra cost_extra(const struct cost_misses *with, const struct cost_misses *without)
{
	return (struct cost_extra){
		.micro = (double)with->micro - (double)without->micro,
		.main = (double)with->main - (double)without->main,
		.reads = (double)with->reads - (double)without->reads,
	};
}
