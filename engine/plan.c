/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * plan.c - the zones of the address space, and runs cut along them.
 *
 * Owns: rule "what is not in a memory region is MMIO", and that nothing reserved is ever granted, whatever
 * shares a page with it.
 */
#include "engine/plan.h"

#include <shadow/error.h>

unsigned plan_zones_max(const struct shadow_address_map *map, unsigned extra)
{
	return 2 * (map->memory_count + map->reserved_count + extra) + 1;
}

static void zone_append(struct plan_zones *zones, uint64_t end, bool reserved, enum shadow_memory memory)
{
	struct plan_zone *last = zones->count ? &zones->zone[zones->count - 1] : NULL;

	if (end <= (last ? last->end : 0))
		return;
	if (last && last->reserved == reserved && last->memory == memory)
		last->end = end;
	else
		zones->zone[zones->count++] = (struct plan_zone){ end, reserved, memory };
}

int plan_zones_init(struct plan_zones *zones, const struct shadow_address_map *map)
{
	unsigned granule_lg2 = shadow_map_granule_lg2(map);
	uint64_t top = UINT64_C(1) << map->ia_bits, at = 0, in_page = (UINT64_C(1) << granule_lg2) - 1;

	zones->count = zones->recent = 0;
	zones->whole = (struct run){ 0 };
	zones->granule_lg2 = granule_lg2;
	for (unsigned i = 0; i < map->memory_count; i++) {
		const struct shadow_range *range = &map->memory[i];

		if ((range->start | range->end) & in_page || range->start >= range->end || range->start < at ||
		    range->end > top)
			return -SHADOW_EINVAL;
		zone_append(zones, range->start >> granule_lg2, false, SHADOW_MEMORY_DEVICE);
		zone_append(zones, range->end >> granule_lg2, false, SHADOW_MEMORY_NORMAL);
		at = range->end;
	}
	zone_append(zones, top >> granule_lg2, false, SHADOW_MEMORY_DEVICE);
	for (unsigned i = 0; i < map->reserved_count; i++) {
		const struct shadow_range *range = &map->reserved[i];

		if ((range->start | range->end) & (SHADOW_PAGE_BYTES - 1) || range->start >= range->end)
			return -SHADOW_EINVAL;
		plan_zones_reserve(zones, *range);
	}
	return 0;
}

static uint64_t zone_start(const struct plan_zones *zones, unsigned index)
{
	return index ? zones->zone[index - 1].end : 0;
}

/* Make @page the start of a zone. */
static void zone_cut(struct plan_zones *zones, uint64_t page)
{
	unsigned at = 0;

	while (at < zones->count && zones->zone[at].end <= page)
		at++;
	if (at == zones->count || page == zone_start(zones, at))
		return;
	for (unsigned i = zones->count; i > at; i--)
		zones->zone[i] = zones->zone[i - 1];
	zones->zone[at].end = page;
	zones->count++;
}

void plan_zones_reserve(struct plan_zones *zones, struct shadow_range range)
{
	uint64_t start = range.start >> zones->granule_lg2, at = 0, end;

	if (range.start >= range.end)
		return;
	/* The page after the last byte's: no sum that could pass the largest address. */
	end = ((range.end - 1) >> zones->granule_lg2) + 1;
	zones->whole = (struct run){ 0 };
	zone_cut(zones, start);
	zone_cut(zones, end);
	for (unsigned i = 0; i < zones->count; at = zones->zone[i++].end)
		if (at >= start && zones->zone[i].end <= end)
			zones->zone[i].reserved = true;
}

/* Index of the zone that holds @page. */
static unsigned zone_find(struct plan_zones *zones, uint64_t page)
{
	unsigned low = 0, high = zones->count;

	if (page >= zone_start(zones, zones->recent) && page < zones->zone[zones->recent].end)
		return zones->recent;
	while (low < high) {
		unsigned middle = low + (high - low) / 2;

		if (zones->zone[middle].end <= page)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < zones->count)
		zones->recent = low;
	return low;
}

struct run plan_zone_of(struct plan_zones *zones, const struct run *run)
{
	unsigned at = zone_find(zones, run->start);

	return (struct run){ zone_start(zones, at), zones->zone[at].end, run->access, run->memory };
}

void plan_cut(struct plan_cursor *cursor, struct plan_zones *zones, uint64_t start, uint64_t end,
	      enum shadow_access access)
{
	*cursor = (struct plan_cursor){ .zones = zones, .index = zone_find(zones, start), .next = start, .end = end,
					.access = access };
}

bool plan_whole_slow(struct plan_zones *zones, uint64_t start, uint64_t end, enum shadow_access access, struct run *run)
{
	unsigned at = zone_find(zones, start);

	if (at == zones->count || zones->zone[at].reserved)
		return false;
	zones->whole = (struct run){ zone_start(zones, at), zones->zone[at].end, SHADOW_ACCESS_NONE,
				     zones->zone[at].memory };
	*run = (struct run){ start, end, access, zones->whole.memory };
	return end <= zones->whole.end;
}

bool plan_next(struct plan_cursor *cursor, struct run *run)
{
	while (cursor->next < cursor->end && cursor->index < cursor->zones->count) {
		const struct plan_zone *zone = &cursor->zones->zone[cursor->index];
		uint64_t start = cursor->next;

		if (zone->end <= cursor->end)
			cursor->index++;
		cursor->next = zone->end < cursor->end ? zone->end : cursor->end;
		if (!zone->reserved) {
			*run = (struct run){ start, cursor->next, cursor->access, zone->memory };
			return true;
		}
		if (!cursor->reserved_pages)
			cursor->reserved_first = start;
		cursor->reserved_pages += cursor->next - start;
		cursor->reserved_end = cursor->next;
	}
	return false;
}
