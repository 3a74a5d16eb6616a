/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * atc.c - what devices keep of translations that they asked for.
 *
 * A device keeps what it has got until an ATC_INV takes it, whatever the SMMU's caches and the tables say by then; if
 * it is watched, it asks again at once. An access with a kept translation is checked against the stream's entry only
 * where CR0.ATSCHK says so.
 * Spec: IHI 0070, ATS; CMD_ATC_INV; SMMU_CR0.ATSCHK.
 */
#include "atc.h"

#include <string.h>

#include "alloc.h"
#include "dma.h"
#include "state.h"

#define ATC_PAGE (~UINT64_C(0xfff))

static void entry_add(struct atc_entry **entry, unsigned *count, unsigned *room, const struct atc_entry *added)
{
	if (*count == *room) {
		unsigned more = *room ? 2 * *room : 16;
		struct atc_entry *grown = model_must_alloc(more * sizeof(*grown));

		if (*count)
			memcpy(grown, *entry, *count * sizeof(*grown));
		model_release(*entry);
		*entry = grown;
		*room = more;
	}
	(*entry)[(*count)++] = *added;
}

static const struct atc_entry *atc_find(const struct atc *atc, uint32_t sid, uint64_t iova, bool write)
{
	unsigned index;

	for (index = 0; index < atc->count; index++) {
		const struct atc_entry *entry = &atc->entry[index];

		if (entry->sid == sid && entry->iova == (iova & ATC_PAGE) && (entry->write || !write))
			return entry;
	}
	return NULL;
}

/* May this stream ask for translations, or use them? */
static enum model_fault stream_check(struct model *model, uint32_t sid, enum model_fault forbidden)
{
	struct ste_view view;
	uint64_t fetch_pa;
	enum model_fault fault;

	if (!(model->registers.cr0ack & CR0_SMMUEN))
		return MODEL_ABORT;
	fault = stream_cache_find(model, sid, true, &view, &fetch_pa);
	if (fault)
		return fault;
	if (view.kind == STE_ABORT)
		return MODEL_ABORT;
	return view.kind == STE_STAGE2 && view.ats ? MODEL_OK : forbidden;
}

struct model_access model_atc_request(struct model *model, uint32_t sid, uint64_t iova, bool write)
{
	struct model_access access = { .fault = stream_check(model, sid, MODEL_F_BAD_ATS_TREQ) };
	struct atc *atc = &model->atc;
	struct atc_entry entry = { .sid = sid, .iova = iova & ATC_PAGE, .write = write };

	if (access.fault)
		return access;
	access = dma_access(model, sid, iova, write, DMA_FILL | DMA_COUNT);
	if (access.fault || atc_find(atc, sid, iova, write))
		return access;
	entry.pa = access.pa & ATC_PAGE;
	entry_add(&atc->entry, &atc->count, &atc->room, &entry);
	return access;
}

struct model_access model_atc_dma(struct model *model, uint32_t sid, uint64_t iova, bool write)
{
	const struct atc_entry *entry = atc_find(&model->atc, sid, iova, write);
	struct model_access access = { .fault = MODEL_F_TRANSLATION };

	if (!entry)
		return access;
	access.pa = entry->pa | (iova & ~ATC_PAGE);
	access.hit = true;
	access.fault = MODEL_OK;
	if (!(model->registers.cr0ack & CR0_SMMUEN))
		access.fault = MODEL_ABORT;
	else if (model->registers.cr0ack & CR0_ATSCHK)
		access.fault = stream_check(model, sid, MODEL_F_TRANSL_FORBIDDEN);
	return access;
}

void model_atc_watch(struct model *model, uint32_t sid, uint64_t iova)
{
	struct atc_entry entry = { .sid = sid, .iova = iova & ATC_PAGE };

	entry_add(&model->atc.watch, &model->atc.watch_count, &model->atc.watch_room, &entry);
}

void model_atc_mute(struct model *model, uint32_t sid)
{
	if (model->atc.mute_count < MODEL_ATC_MUTE_MAX)
		model->atc.mute[model->atc.mute_count++] = sid;
}

void atc_refill(struct model *model)
{
	unsigned index;

	for (index = 0; index < model->atc.watch_count; index++)
		model_atc_request(model, model->atc.watch[index].sid, model->atc.watch[index].iova, true);
}

bool atc_invalidate(struct model *model, const struct command *command)
{
	struct atc *atc = &model->atc;
	unsigned index, kept = 0;

	for (index = 0; index < atc->mute_count; index++) {
		if (atc->mute[index] == command->sid_first)
			return false;
	}
	for (index = 0; index < atc->count; index++) {
		const struct atc_entry *entry = &atc->entry[index];

		if (entry->sid != command->sid_first || entry->iova < command->atc_first ||
		    entry->iova > command->atc_last)
			atc->entry[kept++] = *entry;
	}
	atc->count = kept;
	return true;
}

void atc_free(struct atc *atc)
{
	model_release(atc->entry);
	model_release(atc->watch);
}
