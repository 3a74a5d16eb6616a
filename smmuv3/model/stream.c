/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * stream.c - stream table entries and the configuration cache.
 *
 * Caches whatever it reads until a CFGI reaches it: entries with V=0 or illegal ones as well, and the
 * level-1 descriptors of a two-level table, which a CFGI with Leaf=1 leaves alone.
 * Spec: IHI 0070, Stream table; Configuration cache invalidation; CMD_CFGI_STE.
 */
#include "stream.h"

#include "alloc.h"
#include "bits.h"
#include "state.h"

enum {
	PAGE_LG2 = 8,
	PAGE_ENTRIES = 1 << PAGE_LG2,
	STE_BYTES = 64,
	SPLIT_MIN = 6
};

#define LEVEL1_RES0 (bits_mask(63, 56) | bits_mask(5, 5))

struct entry {
	uint64_t generation; /* cached while it equals the cache's */
	struct ste_view view;
};

struct level1 {
	uint64_t generation;
	uint64_t descriptor;
};

struct stream_cache {
	uint64_t generation;
	uint64_t page_count, level1_count;
	struct entry **page;	     /* by StreamID */
	struct level1 **level1_page; /* by level-1 index */
};

static uint64_t pages_of(unsigned index_bits)
{
	return index_bits <= PAGE_LG2 ? 1 : UINT64_C(1) << (index_bits - PAGE_LG2);
}

struct stream_cache *stream_cache_new(unsigned sid_bits)
{
	struct stream_cache *cache = model_alloc(sizeof(*cache));

	if (!cache)
		return NULL;
	cache->generation = 1;
	cache->page_count = pages_of(sid_bits);
	cache->level1_count = pages_of(sid_bits > SPLIT_MIN ? sid_bits - SPLIT_MIN : 0);
	cache->page = model_alloc(cache->page_count * sizeof(*cache->page));
	cache->level1_page = model_alloc(cache->level1_count * sizeof(*cache->level1_page));
	if (cache->page && cache->level1_page)
		return cache;
	stream_cache_free(cache);
	return NULL;
}

void stream_cache_free(struct stream_cache *cache)
{
	uint64_t index;

	if (!cache)
		return;
	for (index = 0; cache->page && index < cache->page_count; index++)
		model_release(cache->page[index]);
	for (index = 0; cache->level1_page && index < cache->level1_count; index++)
		model_release(cache->level1_page[index]);
	model_release(cache->page);
	model_release(cache->level1_page);
	model_release(cache);
}

/* The level-1 descriptors that lead to these StreamIDs, and no others. */
static void level1_forget(struct model *model, uint64_t first, uint64_t last)
{
	struct stream_cache *cache = model->streams;
	unsigned split = bits_get(model->registers.strtab_base_cfg, 10, 6);
	uint64_t index;

	for (index = first >> split; index <= last >> split && index < cache->level1_count * PAGE_ENTRIES; index++) {
		struct level1 *page = cache->level1_page[index >> PAGE_LG2];

		if (page)
			page[index % PAGE_ENTRIES].generation = 0;
	}
}

void stream_cache_invalidate(struct model *model, const struct command *command)
{
	struct stream_cache *cache = model->streams;
	uint64_t sid_max = cache->page_count * PAGE_ENTRIES - 1;
	uint64_t last = command->sid_last < sid_max ? command->sid_last : sid_max, sid;

	if (command->sid_last - command->sid_first == UINT32_MAX) {
		cache->generation++;
		return;
	}
	for (sid = command->sid_first; sid <= last; sid++) {
		struct entry *page = cache->page[sid >> PAGE_LG2];

		if (page)
			page[sid % PAGE_ENTRIES].generation = 0;
		else
			sid |= PAGE_ENTRIES - 1;
	}
	if (command->cfgi_level1)
		level1_forget(model, command->sid_first, last);
}

/* The level-1 descriptor of @index, from the cache or from memory. */
static enum model_fault level1_find(struct model *model, uint64_t index, bool keep, uint64_t *descriptor,
				    uint64_t *fetch_pa)
{
	struct stream_cache *cache = model->streams;
	struct level1 **page = &cache->level1_page[index >> PAGE_LG2];
	const void *memory;

	*fetch_pa = (model->registers.strtab_base & bits_mask(55, 6)) + 8 * index;
	if (*page && (*page)[index % PAGE_ENTRIES].generation == cache->generation) {
		*descriptor = (*page)[index % PAGE_ENTRIES].descriptor;
		return MODEL_OK;
	}
	memory = model->config.memory.read(model->config.memory.ctx, *fetch_pa, 8);
	if (!memory)
		return MODEL_F_STE_FETCH;
	*descriptor = load64(memory);
	if (!keep)
		return MODEL_OK;
	if (!*page)
		*page = model_must_alloc(sizeof(struct level1) * PAGE_ENTRIES);
	(*page)[index % PAGE_ENTRIES] = (struct level1){ cache->generation, *descriptor };
	return MODEL_OK;
}

/* Where is the entry of @sid? */
static enum model_fault ste_locate(struct model *model, uint32_t sid, bool keep, uint64_t *pa)
{
	uint32_t cfg = model->registers.strtab_base_cfg;
	uint64_t base = model->registers.strtab_base & bits_mask(55, 6), descriptor, table;
	unsigned split = bits_get(cfg, 10, 6), span;
	enum model_fault fault;

	if ((uint64_t)sid >> model->config.sid_bits || (uint64_t)sid >> bits_get(cfg, 5, 0))
		return MODEL_C_BAD_STREAMID;
	if (!bits_get(cfg, 17, 16) || !model->config.st_level2) {
		*pa = base + (uint64_t)STE_BYTES * sid;
		return MODEL_OK;
	}
	fault = level1_find(model, sid >> split, keep, &descriptor, pa);
	if (fault)
		return fault;
	span = bits_get(descriptor, 4, 0);
	if (span > split + 1 || (span && descriptor & LEVEL1_RES0))
		model_violate(model, MODEL_RULE_STREAM_TABLE, *pa, 0, descriptor,
			      "level-1 stream table descriptor with a reserved span, or reserved bits");
	if (!span || span > split + 1 || (uint64_t)(sid & ((1u << split) - 1)) >> (span - 1))
		return MODEL_C_BAD_STREAMID;
	table = descriptor & bits_mask(55, 6);
	if (table & (((uint64_t)STE_BYTES << (span - 1)) - 1))
		model_violate(model, MODEL_RULE_ALIGNMENT, *pa, 0, descriptor,
			      "level-2 stream table not aligned to its size");
	*pa = table + (uint64_t)STE_BYTES * (sid & ((1u << split) - 1));
	return MODEL_OK;
}

enum model_fault stream_cache_find(struct model *model, uint32_t sid, bool keep, struct ste_view *view,
				   uint64_t *fetch_pa)
{
	struct stream_cache *cache = model->streams;
	struct entry **page = &cache->page[sid >> PAGE_LG2 < cache->page_count ? sid >> PAGE_LG2 : 0];
	uint64_t word[STE_BYTES / 8];
	enum model_fault fault;
	const char *memory;
	unsigned index;

	if (sid >> PAGE_LG2 < cache->page_count && *page &&
	    (*page)[sid % PAGE_ENTRIES].generation == cache->generation) {
		*view = (*page)[sid % PAGE_ENTRIES].view;
		return MODEL_OK;
	}
	fault = ste_locate(model, sid, keep, fetch_pa);
	if (fault)
		return fault;
	memory = model->config.memory.read(model->config.memory.ctx, *fetch_pa, STE_BYTES);
	if (!memory)
		return MODEL_F_STE_FETCH;
	for (index = 0; index < STE_BYTES / 8; index++)
		word[index] = load64(memory + 8 * index);
	*view = decode_ste(word, &model->config);
	if (!keep)
		return MODEL_OK;
	if (view->misaligned)
		model_violate(model, MODEL_RULE_ALIGNMENT, *fetch_pa + 24, 0, word[3],
			      "S2TTB not aligned to its tables");
	if (!*page)
		*page = model_must_alloc(sizeof(struct entry) * PAGE_ENTRIES);
	(*page)[sid % PAGE_ENTRIES] = (struct entry){ cache->generation, *view };
	if (view->kind == STE_STAGE2)
		bbm_root(model, sid, &view->stage2);
	return MODEL_OK;
}

bool stage2_same(const struct model_stage2 *left, const struct model_stage2 *right)
{
	return left->ttb == right->ttb && left->vmid == right->vmid &&
	       left->granule_lg2 == right->granule_lg2 && left->ia_bits == right->ia_bits &&
	       left->start_level == right->start_level && left->large == right->large &&
	       left->fwb == right->fwb;
}

bool stream_cache_uses(const struct stream_cache *cache, const struct model_stage2 *stage2, uint32_t *sid)
{
	uint64_t page;
	unsigned index;

	for (page = 0; page < cache->page_count; page++) {
		for (index = 0; cache->page[page] && index < PAGE_ENTRIES; index++) {
			const struct entry *entry = &cache->page[page][index];

			if (entry->generation != cache->generation || entry->view.kind != STE_STAGE2 ||
			    !stage2_same(&entry->view.stage2, stage2))
				continue;
			*sid = page * PAGE_ENTRIES + index;
			return true;
		}
	}
	return false;
}
