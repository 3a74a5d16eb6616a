/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * pgtable_bound.c - how many tables a map may need at worst, and how many a queued range will.
 *
 * Owns: after pgtable_reserve() granted it, a range can be applied without running out. Pure but for the
 * count of what is promised. Callers: set-up; the host's check phase, host lock held.
 * Spec: DDI 0487, Concatenated translation tables.
 */
#include <shadow/error.h>

#include "smmuv3/pgtable_pages.h"

#define GIB_LG2 30u
#define MIB2_LG2 21u
#define CONCATENATED_LG2_MAX 4u

unsigned pgtable_start_level(unsigned ia_bits)
{
	/* Level 1 resolves 39 bits with one table and 43 with 16 of them. */
	return ia_bits <= GIB_LG2 + PTE_ENTRIES_LG2 + CONCATENATED_LG2_MAX ? 1 : 0;
}

unsigned pgtable_start_pages(unsigned ia_bits)
{
	unsigned one = GIB_LG2 + PTE_ENTRIES_LG2;

	return pgtable_start_level(ia_bits) == 1 && ia_bits > one ? 1u << (ia_bits - one) : 1;
}

/* Ranges in ascending order of start: memory regions, which are sorted, and reserved ranges, which are not. */
struct range_cursor {
	const struct shadow_address_map *map;
	unsigned memory;
	struct shadow_range last;      /* last reserved range given */
	unsigned last_index;
	bool any;
};

static bool reserved_follows(const struct range_cursor *cursor, unsigned index)
{
	const struct shadow_range *range = &cursor->map->reserved[index];

	if (!cursor->any || range->start > cursor->last.start)
		return true;
	return range->start == cursor->last.start && index > cursor->last_index;
}

static bool range_next(struct range_cursor *cursor, struct shadow_range *range)
{
	const struct shadow_address_map *map = cursor->map;
	unsigned best = map->reserved_count;

	for (unsigned i = 0; i < map->reserved_count; i++)
		if (reserved_follows(cursor, i) &&
		    (best == map->reserved_count || map->reserved[i].start < map->reserved[best].start))
			best = i;
	if (cursor->memory < map->memory_count &&
	    (best == map->reserved_count || map->memory[cursor->memory].start <= map->reserved[best].start)) {
		*range = map->memory[cursor->memory++];
		return true;
	}
	if (best == map->reserved_count)
		return false;
	*range = cursor->last = map->reserved[best];
	cursor->last_index = best;
	cursor->any = true;
	return true;
}

/* Aligned units of 2^@lg2 bytes below the top of the space that any range touches. */
static uint64_t units_touched(const struct shadow_address_map *map, unsigned lg2)
{
	struct range_cursor cursor = { .map = map };
	uint64_t top = UINT64_C(1) << map->ia_bits, next = 0, count = 0;
	struct shadow_range range;

	while (range_next(&cursor, &range)) {
		uint64_t end = range.end < top ? range.end : top;
		uint64_t first = range.start >> lg2, last;

		if (range.start >= end)
			continue;
		last = (end - 1) >> lg2;
		if (first < next)
			first = next;
		if (last >= first)
			count += last - first + 1;
		if (last + 1 > next)
			next = last + 1;
	}
	return count;
}

/* GiB units that a range covers in part, below the top of the space. */
static uint64_t units_cut(struct shadow_range range, unsigned ia_bits)
{
	uint64_t mask = (UINT64_C(1) << GIB_LG2) - 1, top = UINT64_C(1) << ia_bits;
	bool start, end;

	if (range.start >= top || range.start >= range.end)
		return 0;
	start = range.start & mask;
	end = range.end < top && (range.end & mask);
	if (start && end && range.start >> GIB_LG2 == range.end >> GIB_LG2)
		return 1;
	return (uint64_t)start + end;
}

uint64_t pgtable_tables_max(const struct shadow_smmu_target_config *config, uint64_t pool_bytes)
{
	const struct shadow_address_map *map = &config->map;
	uint64_t base = config->pool.base.addr;
	uint64_t tables = pgtable_start_pages(map->ia_bits);
	uint64_t cut = units_cut((struct shadow_range){ base, base + pool_bytes }, map->ia_bits);

	if (pgtable_start_level(map->ia_bits) == 0)
		tables += UINT64_C(1) << (map->ia_bits - GIB_LG2 - PTE_ENTRIES_LG2);
	tables += units_touched(map, GIB_LG2) + units_touched(map, MIB2_LG2);
	for (unsigned i = 0; i < map->reserved_count; i++)
		cut += units_cut(map->reserved[i], map->ia_bits);
	return tables + 2 * cut;
}

/* Entries of @level that the pages [from, to) touch and that cannot be written as they stand there. */
static uint64_t entries_to_cut(const struct pgtable *pgtable, unsigned level, uint64_t from, uint64_t to,
			       const struct run *run)
{
	uint64_t mask = pte_level_pages(level) - 1;
	unsigned lg2 = pte_level_lg2(level);
	bool start = from & mask, end = to & mask;

	if (run->access && !pages_leaf_allowed(pgtable, level, run->memory))
		return ((to - 1) >> lg2) - (from >> lg2) + 1;
	if (start && end && from >> lg2 == to >> lg2)
		return 1;
	return (uint64_t)start + end;
}

/* Tables missing for the run, as the tables stand now. A live leaf that would be cut sets *@cut. */
static uint64_t tables_missing(const struct pgtable *pgtable, const struct run *run, bool *cut)
{
	const struct pgtable_place *start = &pgtable->place[pgtable->start_level];
	uint64_t page = run->start, missing = 0;

	while (page < run->end) {
		const uint64_t *entry = start->entry;
		unsigned level = pgtable->start_level;
		uint64_t index = page >> pte_level_lg2(level), next;
		uint64_t pte = entry[index];

		while (pte_is_table(pte, level) && ++level < PTE_LEVEL_PAGE) {
			entry = pages_entries(pgtable, pages_of_table(pgtable, pte));
			pte = entry[(page >> pte_level_lg2(level)) & (PTE_ENTRIES - 1)];
		}
		/* In a table of pages nothing is missing, up to its end. */
		next = (page | (pte_level_pages(level == PTE_LEVEL_PAGE ? level - 1 : level) - 1)) + 1;
		if (next > run->end)
			next = run->end;
		/* A revoke of what is invalid as well: a grant around it may be queued. */
		for (unsigned at = level; at < PTE_LEVEL_PAGE; at++) {
			uint64_t entries = entries_to_cut(pgtable, at, page, next, run);

			missing += entries;
			*cut |= entries && pte_is_valid(pte);
		}
		page = next;
	}
	return missing;
}

static bool holds_memory(const struct pgtable_page *table)
{
	return table->mixed || (table->leaves && table->memory == SHADOW_MEMORY_NORMAL);
}

/* No memory in it, nor in the tables below: MMIO that the host's table cuts, which no bound counts. */
static bool is_mmio_table(const struct pgtable *pgtable, uint32_t page)
{
	const struct pgtable_page *table = &pgtable->page[page];
	const uint64_t *entry = pages_entries(pgtable, page);

	if (holds_memory(table))
		return false;
	for (unsigned i = 0; table->valid != table->leaves && i < PTE_ENTRIES; i++)
		if (pte_is_table(entry[i], table->level) &&
		    holds_memory(&pgtable->page[pages_of_table(pgtable, entry[i])]))
			return false;
	return true;
}

void pgtable_built(struct pgtable *pgtable)
{
	pgtable_close(pgtable);
	/* Pages that were handed out are live, or were given back: to count those as well is on the safe side.
	 * Level 1 under level 0 is in the bound as a whole. */
	for (uint32_t page = pgtable->start_pages; page < pgtable->bump; page++)
		if (pgtable->page[page].level > 1)
			pgtable->mmio_tables += is_mmio_table(pgtable, page);
}

/* Tables that memory may still need at worst. */
static uint64_t memory_growth(const struct pgtable *pgtable)
{
	uint64_t most = (uint64_t)pgtable->tables_max + pgtable->mmio_tables;

	return most > pgtable->live ? most - pgtable->live : 0;
}

/* They are all free: no range of memory can run out. */
static bool worst_case_is_free(const struct pgtable *pgtable)
{
	return !pgtable->device_split && memory_growth(pgtable) <= pages_available(pgtable);
}

/* A walk cache may still lead to a table that was unlinked here, and what the run grants be a hole in it. A table
 * that became a block has no holes. */
static bool is_behind_unlinked(const struct pgtable *pgtable, const struct run *run)
{
	for (uint32_t at = pgtable->retired.first; at != PGTABLE_NONE; at = pgtable->page[at].next) {
		const struct pgtable_page *table = &pgtable->page[at];

		if (table->base < run->end && run->start < table->base + pte_level_pages(table->level - 1u) &&
		    !(pgtable->blocks && table->whole == PTE_ENTRIES))
			return true;
	}
	return false;
}

int pgtable_reserve(struct pgtable *pgtable, const struct run *run)
{
	uint64_t want;
	bool cut = false;

	if (run->access && is_behind_unlinked(pgtable, run))
		return -SHADOW_EAGAIN;
	if (run->memory == SHADOW_MEMORY_NORMAL && worst_case_is_free(pgtable)) {
		pgtable->promised = true;
		return 1;
	}
	want = pgtable->reserved + tables_missing(pgtable, run, &cut);
	if (cut && !pgtable->blocks)
		return -SHADOW_EOPNOTSUPP;
	if (want + (pgtable->promised ? memory_growth(pgtable) : 0) > pages_available(pgtable))
		return -SHADOW_ENOMEM;
	pgtable->device_split |= run->memory == SHADOW_MEMORY_DEVICE;
	pgtable->reserved = (uint32_t)want;
	return 0;
}
