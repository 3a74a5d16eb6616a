/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * pgtable_policy.c - see pgtable_policy.h.
 *
 * Looked up once a run and once a table that might collapse, not once a page. Host lock: the last search is
 * remembered.
 */
#include "smmuv3/pgtable_policy.h"

#include <shadow/error.h>

#define PAGES_ONLY 1u
#define ALL_HEIGHTS 0xffu

int policy_init(struct pgtable *pgtable, const struct shadow_smmu_target_config *config, struct shadow_region *region)
{
	unsigned granule_lg2 = pgtable->format.granule_lg2;
	uint64_t mask = (UINT64_C(1) << granule_lg2) - 1, at = 0;

	for (unsigned i = 0; i < config->region_count; i++) {
		struct shadow_range range = config->regions[i].range;

		if ((range.start | range.end) & mask || range.start >= range.end || range.start < at ||
		    range.end > UINT64_C(1) << pgtable->format.ia_bits ||
		    config->regions[i].mapping > SHADOW_MAPPING_PAGES)
			return -SHADOW_EINVAL;
		at = range.end;
		region[i] = config->regions[i];
		region[i].range = (struct shadow_range){ range.start >> granule_lg2, range.end >> granule_lg2 };
	}
	pgtable->region = region;
	pgtable->region_count = config->region_count;
	return 0;
}

/* The first region that ends after @page, if there is one. */
static const struct shadow_region *region_at(struct pgtable *pgtable, uint64_t page)
{
	const struct shadow_region *region = pgtable->region;
	unsigned low = 0, high = pgtable->region_count, recent = pgtable->region_recent;

	if (!high)
		return NULL;
	if (recent < high && page < region[recent].range.end && (!recent || page >= region[recent - 1].range.end))
		return &region[recent];
	while (low < high) {
		unsigned middle = low + (high - low) / 2;

		if (region[middle].range.end <= page)
			low = middle + 1;
		else
			high = middle;
	}
	pgtable->region_recent = low;
	return low < pgtable->region_count ? &region[low] : NULL;
}

uint8_t policy_heights(struct pgtable *pgtable, uint64_t page, enum shadow_memory memory, uint64_t *end)
{
	const struct shadow_region *region = region_at(pgtable, page);
	unsigned heights = pgtable->bbml == 0 && memory == SHADOW_MEMORY_NORMAL ? PAGES_ONLY : ALL_HEIGHTS;

	*end = UINT64_MAX;
	if (region) {
		bool inside = page >= region->range.start;

		*end = inside ? region->range.end : region->range.start;
		if (inside)
			heights = region->mapping == SHADOW_MAPPING_PAGES ? PAGES_ONLY : ALL_HEIGHTS;
	}
	return (uint8_t)(heights & pgtable->format.block_heights);
}

bool policy_never_transitions(struct pgtable *pgtable, uint64_t page, uint64_t count)
{
	const struct shadow_region *region = region_at(pgtable, page);

	return region && page >= region->range.start && count <= region->range.end - page &&
	       region->mapping == SHADOW_MAPPING_BLOCKS;
}

bool policy_allows_leaf(struct pgtable *pgtable, unsigned height, uint64_t base, enum shadow_memory memory)
{
	uint64_t end;

	return policy_heights(pgtable, base, memory, &end) >> height & 1 &&
	       end - base >= format_pages(&pgtable->format, height);
}
