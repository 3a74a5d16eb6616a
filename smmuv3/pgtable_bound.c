/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * pgtable_bound.c - how many tables a map may need at worst.
 *
 * Goes over the address space once, in stretches that are alike, with no memory of its own:
 *   1. a stretch that may transition or has to be in pages needs a table for every unit that it touches;
 *   2. one that stays what it is needs tables where a block cannot stand: at its ends, where a unit is cut,
 * and wherever the format has no block of the unit's size;
 *   3. what is reserved is never mapped and needs none.
 * A unit that several stretches touch counts once. Pure. Callers: set-up.
 */
#include "smmuv3/pgtable_bound.h"

#include <shadow/error.h>

#include "smmuv3/pgtable.h"

enum kind {
	KIND_RESERVED,	   /* never mapped */
	KIND_MOVES,	   /* may be cut at every page, or is in pages for good */
	KIND_MEMORY_STAYS, /* blocks that never transition */
	KIND_DEVICE_STAYS,
};

/* Pages [start, end) of one kind, in one declared region or outside of all. */
struct stretch {
	uint64_t start, end;
	enum kind kind;
};

struct survey {
	const struct shadow_smmu_target_config *config;
	struct shadow_range pool;
	unsigned granule_lg2;
	unsigned memory, region; /* the first that ends after the place under survey */
};

/* The nearest of boundaries after a place. */
static void nearer(uint64_t *end, uint64_t boundary, uint64_t page)
{
	if (boundary > page && boundary < *end)
		*end = boundary;
}

/* Whatever shares a page with it is reserved as well. */
static bool in_reserved(const struct survey *survey, struct shadow_range range, uint64_t page, uint64_t *end)
{
	uint64_t first = range.start >> survey->granule_lg2, after;

	if (range.start >= range.end)
		return false;
	after = ((range.end - 1) >> survey->granule_lg2) + 1;
	nearer(end, first, page);
	nearer(end, after, page);
	return page >= first && page < after;
}

static bool is_reserved(const struct survey *survey, uint64_t page, uint64_t *end)
{
	const struct shadow_address_map *map = &survey->config->map;
	bool reserved = in_reserved(survey, survey->pool, page, end);

	for (unsigned i = 0; i < map->reserved_count; i++)
		reserved |= in_reserved(survey, map->reserved[i], page, end);
	return reserved;
}

static bool is_memory(struct survey *survey, uint64_t page, uint64_t *end)
{
	const struct shadow_address_map *map = &survey->config->map;
	unsigned lg2 = survey->granule_lg2;

	while (survey->memory < map->memory_count && map->memory[survey->memory].end >> lg2 <= page)
		survey->memory++;
	if (survey->memory == map->memory_count)
		return false;
	nearer(end, map->memory[survey->memory].start >> lg2, page);
	nearer(end, map->memory[survey->memory].end >> lg2, page);
	return page >= map->memory[survey->memory].start >> lg2;
}

/* The declared region that holds @page; NULL: none. */
static const struct shadow_region *region_of(struct survey *survey, uint64_t page, uint64_t *end)
{
	const struct shadow_smmu_target_config *config = survey->config;
	unsigned lg2 = survey->granule_lg2;
	const struct shadow_region *region;

	while (survey->region < config->region_count &&
	       config->regions[survey->region].range.end >> lg2 <= page)
		survey->region++;
	if (survey->region == config->region_count)
		return NULL;
	region = &config->regions[survey->region];
	nearer(end, region->range.start >> lg2, page);
	nearer(end, region->range.end >> lg2, page);
	return page >= region->range.start >> lg2 ? region : NULL;
}

/* What @page is, and up to where at least it stays so. */
static enum kind kind_at(struct survey *survey, uint64_t page, const struct shadow_region **region,
			 uint64_t *end)
{
	bool reserved = is_reserved(survey, page, end), memory = is_memory(survey, page, end);

	*region = region_of(survey, page, end);
	if (reserved)
		return KIND_RESERVED;
	if (*region && (*region)->mapping == SHADOW_MAPPING_PAGES)
		return KIND_MOVES;
	if (!memory)
		return KIND_DEVICE_STAYS;
	return *region && survey->config->bbml == 0 ? KIND_MEMORY_STAYS : KIND_MOVES;
}

/* The stretch from @page on, as long as it goes: ranges that adjoin or overlap are one. */
static struct stretch stretch_at(struct survey *survey, uint64_t page, uint64_t top)
{
	const struct shadow_region *region, *next_region;
	struct stretch stretch = { .start = page, .end = top };

	stretch.kind = kind_at(survey, page, &region, &stretch.end);
	while (stretch.end < top) {
		uint64_t end = top;

		if (kind_at(survey, stretch.end, &next_region, &end) != stretch.kind || next_region != region)
			break;
		stretch.end = end;
	}
	return stretch;
}

/* Does a declared region start or end strictly inside these pages? No block is laid across. */
static bool region_cuts(const struct survey *survey, uint64_t start, uint64_t end)
{
	const struct shadow_smmu_target_config *config = survey->config;
	unsigned low = 0, high = config->region_count, lg2 = survey->granule_lg2;

	while (low < high) {
		unsigned middle = low + (high - low) / 2;

		if (config->regions[middle].range.end >> lg2 <= start)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == config->region_count)
		return false;
	return config->regions[low].range.end >> lg2 < end ||
	       (config->regions[low].range.start >> lg2 > start &&
		config->regions[low].range.start >> lg2 < end);
}

/* ---- units ---------------------------------------------------------------------------------------- */

/* Units of one height, counted upwards. */
struct tally {
	uint64_t moving, cut;
	uint64_t next;	  /* the first unit not counted */
	bool last_is_cut; /* the last one counted stays what it is, as far as is known */
};

static void tally_add(struct tally *tally, uint64_t first, uint64_t last, bool moves)
{
	if (first < tally->next) {
		if (moves && tally->last_is_cut) {
			tally->cut--;
			tally->moving++;
			tally->last_is_cut = false;
		}
		first = tally->next;
	}
	if (first > last)
		return;
	*(moves ? &tally->moving : &tally->cut) += last - first + 1;
	tally->next = last + 1;
	tally->last_is_cut = !moves;
}

/* A unit that the stretch covers in part. */
static void tally_cut(struct tally *tally, const struct survey *survey, uint64_t unit, unsigned lg2)
{
	tally_add(tally, unit, unit, region_cuts(survey, unit << lg2, (unit + 1) << lg2));
}

static void tally_stretch(struct tally *tally, const struct survey *survey, const struct stretch *stretch,
			  unsigned lg2, bool has_blocks)
{
	uint64_t first = stretch->start >> lg2, last = (stretch->end - 1) >> lg2;
	uint64_t mask = (UINT64_C(1) << lg2) - 1;

	if (stretch->kind == KIND_RESERVED)
		return;
	if (stretch->kind == KIND_MOVES || !has_blocks) {
		tally_add(tally, first, last, true);
		return;
	}
	if (stretch->start & mask)
		tally_cut(tally, survey, first, lg2);
	if (stretch->end & mask)
		tally_cut(tally, survey, last, lg2);
}

int bound_compute(struct bound *bound, const struct shadow_smmu_target_config *config, uint64_t pool_bytes)
{
	uint64_t base = config->pool.base.addr, top;
	struct survey survey = { .config = config, .pool = { base, base + pool_bytes } };
	struct tally tally[FORMAT_HEIGHTS] = { { 0 } };
	struct pgtable_format format;
	struct stretch stretch;

	if (format_init(&format, &config->map, config->start, config->fwb))
		return -SHADOW_EINVAL;
	survey.granule_lg2 = format.granule_lg2;
	top = format_top(&format);
	for (uint64_t page = 0; page < top; page = stretch.end) {
		stretch = stretch_at(&survey, page, top);
		for (unsigned height = 0; height < format.start; height++)
			tally_stretch(&tally[height], &survey, &stretch, format_lg2(&format, height + 1),
				      format_has_blocks(&format, height + 1));
	}
	*bound = (struct bound){ .start = format_start_tables(&format) };
	for (unsigned height = 0; height < format.start; height++) {
		bound->moving[height] = tally[height].moving;
		bound->cut[height] = tally[height].cut;
	}
	return 0;
}

uint64_t pgtable_tables_max(const struct shadow_smmu_target_config *config, uint64_t pool_bytes)
{
	struct bound bound;
	uint64_t tables;

	if (bound_compute(&bound, config, pool_bytes))
		return 0;
	tables = bound.start;
	for (unsigned height = 0; height < FORMAT_HEIGHTS; height++)
		tables += bound.moving[height] + bound.cut[height];
	return tables;
}
