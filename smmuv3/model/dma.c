/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * dma.c - one device access from StreamID to physical address.
 *
 * Uses what is cached in preference to what is in memory: the oldest leaf that covers the address, else a
 * walk that starts behind the deepest cached table pointer. Everything fetched is kept.
 * Stage 1 of a nested stream is an identity map of global entries that the host owns: contexts are not
 * fetched and stage 1 never faults, but its combined entries are cached, tagged by VMID and VA.
 * Spec: IHI 0070, Translation procedure; Caching; TLB conflict. DDI 0487, stage-2 translation.
 */
#include "dma.h"

#include "bits.h"
#include "event.h"
#include "state.h"

struct translation {
	const struct model_stage2 *stage2;
	uint64_t ipa;
	int level;
	uint64_t descriptor; /* of the leaf, its address being that of the slot that covers ipa */
	uint64_t fetch_pa;   /* of the descriptor whose fetch failed */
	bool hit;
};

static struct space *space_of(struct model *model, const struct model_stage2 *stage2, bool combined,
			      unsigned how)
{
	return tlb_space(model->tlb, stage2->vmid, stage2->granule_lg2, combined, how & DMA_FILL);
}

static void fill(struct model *model, struct space *space, uint64_t ipa, int level, bool table,
		 uint64_t descriptor)
{
	if (!space_fill(space, ipa, level, table, descriptor, ++model->time, false))
		model_out_of_memory();
	model->counters.tlb_fills++;
}

/* Walk from the deepest pointer that is cached, or from the start table. */
static enum model_fault walk(struct model *model, struct space *space, const struct space_hit *from,
			     struct translation *translation, unsigned how)
{
	const struct model_stage2 *stage2 = translation->stage2;
	unsigned index_lg2 = start_entries_lg2(stage2);
	int level = stage2->start_level;
	uint64_t table = stage2->ttb, value;

	if (from->table && from->table_level >= level) {
		level = from->table_level + 1;
		index_lg2 = stage2->granule_lg2 - 3;
		table = decode_table_address(stage2, from->table_descriptor);
	}
	if (how & DMA_COUNT)
		model->counters.walks++;
	for (;; level++, index_lg2 = stage2->granule_lg2 - 3) {
		uint64_t index = translation->ipa >> level_shift(stage2->granule_lg2, level);
		const void *slot;

		translation->level = level;
		translation->fetch_pa = table + 8 * (index & (bits_put(1, index_lg2) - 1));
		slot = model->config.memory.read(model->config.memory.ctx, translation->fetch_pa, 8);
		if (!slot)
			return MODEL_F_WALK_EABT;
		value = load64(slot);
		switch (decode_kind(stage2, level, value)) {
		case DESCRIPTOR_INVALID:
		case DESCRIPTOR_RESERVED:
			return MODEL_F_TRANSLATION;
		case DESCRIPTOR_TABLE:
			table = decode_table_address(stage2, value);
			if (table >> stage2->oas_bits)
				return MODEL_F_ADDR_SIZE;
			if (how & DMA_FILL)
				fill(model, space, translation->ipa, level, true, value);
			continue;
		default:
			break;
		}
		if (decode_leaf_address(stage2, level, value) >> stage2->oas_bits)
			return MODEL_F_ADDR_SIZE;
		if (!DESCRIPTOR_ACCESSED(value) && !stage2->affd)
			return MODEL_F_ACCESS;
		translation->descriptor = value;
		if (how & DMA_FILL)
			fill(model, space, translation->ipa, level, false, value);
		return MODEL_OK;
	}
}

/* Below BBML 2 two entries for one address are a conflict, unless the larger is a block with nT. */
static bool hit_conflicts(const struct model *model, const struct space_hit *hit)
{
	if (!hit->overlap || model->config.bbml == 2)
		return false;
	return model->config.bbml == 0 || !hit->overlap_nt;
}

static enum model_fault hit_take(struct model *model, const struct space_hit *hit,
				 struct translation *translation, unsigned how)
{
	if (hit_conflicts(model, hit))
		return MODEL_F_TLB_CONFLICT;
	translation->hit = true;
	translation->level = hit->leaf_level;
	translation->descriptor = hit->leaf_descriptor;
	if (how & DMA_COUNT)
		model->counters.tlb_hits++;
	return MODEL_OK;
}

static enum model_fault translate(struct model *model, struct translation *translation, unsigned how)
{
	const struct model_stage2 *stage2 = translation->stage2;
	struct space *combined = NULL, *space;
	struct space_hit hit = { .leaf = false };
	enum model_fault fault;

	if (stage2->nested) {
		combined = space_of(model, stage2, true, how);
		if (combined)
			space_find(combined, translation->ipa, &hit);
		if (hit.leaf)
			return hit_take(model, &hit, translation, how);
	}
	if (translation->ipa >> stage2->ia_bits)
		return MODEL_F_TRANSLATION;
	space = space_of(model, stage2, false, how);
	if (space)
		space_find(space, translation->ipa, &hit);
	fault = hit.leaf ? hit_take(model, &hit, translation, how) :
			   walk(model, space, &hit, translation, how);
	if (!fault && combined && how & DMA_FILL)
		fill(model, combined, translation->ipa, translation->level, false, translation->descriptor);
	return fault;
}

static struct model_access access_stage2(struct model *model, uint32_t sid, uint64_t iova, bool write,
					 const struct model_stage2 *stage2, unsigned how)
{
	struct translation translation = { .stage2 = stage2, .ipa = iova };
	struct model_access access = { .fault = translate(model, &translation, how) };
	struct event event = { .sid = sid, .write = write, .input = iova };
	unsigned shift;

	access.hit = translation.hit;
	access.level = translation.level;
	if (!access.fault) {
		access.device = decode_device(stage2, translation.descriptor);
		if (!(write ? DESCRIPTOR_WRITE(translation.descriptor) :
			      DESCRIPTOR_READ(translation.descriptor)))
			access.fault = MODEL_F_PERMISSION;
	}
	if (!access.fault) {
		shift = level_shift(stage2->granule_lg2, translation.level);
		access.pa = decode_leaf_address(stage2, translation.level, translation.descriptor) |
			    (iova & (bits_put(1, shift) - 1));
		return access;
	}
	event.type = access.fault;
	event.stage2 = access.fault != MODEL_F_TLB_CONFLICT;
	event.address = access.fault == MODEL_F_WALK_EABT ? translation.fetch_pa : iova & bits_mask(55, 12);
	if (how & DMA_RECORD &&
	    (stage2->record || access.fault == MODEL_F_WALK_EABT || access.fault == MODEL_F_TLB_CONFLICT))
		event_record(model, &event);
	return access;
}

static struct model_access access_refused(struct model *model, uint32_t sid, enum model_fault fault,
					  uint64_t fetch_pa, unsigned how)
{
	struct event event = { .type = fault,
			       .sid = sid,
			       .address = fault == MODEL_F_STE_FETCH ? fetch_pa : 0 };

	if (how & DMA_RECORD && (fault != MODEL_C_BAD_STREAMID || model->registers.cr2 & CR2_RECINVSID))
		event_record(model, &event);
	return (struct model_access){ .fault = fault };
}

struct model_access dma_access(struct model *model, uint32_t sid, uint64_t iova, bool write, unsigned how)
{
	const struct model_access bypass = { .pa = iova, .bypass = true }, abort = { .fault = MODEL_ABORT };
	struct ste_view view;
	uint64_t fetch_pa = 0;
	enum model_fault fault;

	if (!(model->registers.cr0ack & CR0_SMMUEN))
		return model->registers.gbpa & GBPA_ABORT ? abort : bypass;
	fault = stream_cache_find(model, sid, how & DMA_FILL, &view, &fetch_pa);
	if (fault)
		return access_refused(model, sid, fault, fetch_pa, how);
	switch (view.kind) {
	case STE_ILLEGAL:
		return access_refused(model, sid, MODEL_C_BAD_STE, 0, how);
	case STE_ABORT:
		return abort;
	case STE_STAGE2:
		return access_stage2(model, sid, iova, write, &view.stage2, how);
	default:
		return bypass;
	}
}

struct model_access model_dma(struct model *model, uint32_t sid, uint64_t iova, bool write)
{
	return dma_access(model, sid, iova, write, DMA_FILL | DMA_RECORD | DMA_COUNT);
}

struct model_access model_probe(struct model *model, uint32_t sid, uint64_t iova, bool write)
{
	return dma_access(model, sid, iova, write, 0);
}
