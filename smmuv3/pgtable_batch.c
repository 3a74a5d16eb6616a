/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * pgtable_batch.c - a whole batch of runs: short cut for single pages, look-ahead for all.
 *
 * Scattered single pages are what a fragmented host makes of its memory, and what a walk costs most for. As long as
 * runs are pages of tables below the table that the cursor is in, they are changed from there without moving the
 * cursor: a table of pages that ends neither empty nor whole needs nothing else. All other runs go to pgtable_apply().
 * Callers: host lock held.
 */
#include "engine/assert.h"
#include "smmuv3/pgtable_cursor.h"
#include "smmuv3/pgtable_tidy.h"

/* Runs whose descriptor is on its way to the cache while another one is written: about as many as a core has misses
 * in flight. */
#define LOOK_AHEAD 8u

/* Everything about the table above the tables of pages that one page needs. */
struct singles {
	const uint64_t *entry;	       /* of the table above */
	uint64_t base, pages;	       /* that it translates */
	uint64_t address;	       /* bits of a descriptor */
	uint64_t pool_base, pool_end;  /* physical bytes that may be tables */
	char *pool;
	struct pgtable_page *page;
	unsigned granule_lg2, index_lg2;
	uint64_t attributes[2];	       /* of a page by memory type, without access */
};

/* Hints, cache lines and split addresses are left to the cursor. */
static bool singles_init(struct singles *singles, const struct pgtable *pgtable)
{
	const struct pgtable_format *format = &pgtable->format;
	const struct pgtable_place *above = &pgtable->place[1];
	uint64_t base = pgtable->pool.base.addr;

	if (!pgtable->coherent || pgtable->contiguous || format->large || above->page == PGTABLE_NONE || above->fresh)
		return false;
	*singles = (struct singles){
		.entry = above->entry,
		.base = pages_base(pgtable, &pgtable->page[above->page]),
		.pages = (uint64_t)cursor_entries(pgtable, 1) << format->index_lg2,
		.address = format->address,
		.pool_base = base,
		.pool_end = base + ((uint64_t)pgtable->limit << format->granule_lg2),
		.pool = (char *)pgtable->pool.virt,
		.page = pgtable->page,
		.granule_lg2 = format->granule_lg2,
		.index_lg2 = format->index_lg2,
		.attributes = { format_attributes(format, SHADOW_ACCESS_NONE, SHADOW_MEMORY_NORMAL, 0),
				format_attributes(format, SHADOW_ACCESS_NONE, SHADOW_MEMORY_DEVICE, 0) },
	};
	return true;
}

/* Physical address of the table that translates page base + @offset; 0 if there is none. */
static inline uint64_t singles_table(const struct singles *singles, uint64_t offset)
{
	uint64_t pte = singles->entry[offset >> singles->index_lg2];

	return (pte & (PTE_VALID | PTE_TABLE)) == (PTE_VALID | PTE_TABLE) ? pte & singles->address : 0;
}

static inline uint64_t *singles_entry(const struct singles *singles, uint64_t table, uint64_t page)
{
	return (uint64_t *)(singles->pool + (table - singles->pool_base)) + (page & ((1u << singles->index_lg2) - 1));
}

static inline void singles_prefetch(const struct singles *singles, uint64_t page)
{
	uint64_t offset = page - singles->base;

	/* What is no table is no address either, and that does not matter here. */
	if (offset < singles->pages)
		__builtin_prefetch(singles_entry(singles, singles->entry[offset >> singles->index_lg2] &
								  singles->address, page), 1);
}

/* Runs from the first on that are single pages below the cursor's table. @first: nothing was prefetched yet.
 * Return: how many were applied. */
static unsigned apply_singles(struct pgtable *pgtable, const struct run *runs, unsigned count, bool first)
{
	struct tlbi_spans *spans = pgtable->spans;
	unsigned revoked = 0, granted = 0, i;
	struct tlbi_row row = tlbi_row_begin(spans);
	struct singles singles;

	if (!singles_init(&singles, pgtable))
		return 0;
	for (i = 1; first && i < count && i < LOOK_AHEAD; i++) /* the first is used at once */
		singles_prefetch(&singles, runs[i].start);
	for (i = 0; i < count; i++) {
		uint64_t page = runs[i].start, offset = page - singles.base, table_pa, old;
		struct pgtable_page *table;
		uint64_t *entry;

		if (offset >= singles.pages || runs[i].end - page != 1)
			break;
		if (i + LOOK_AHEAD < count)
			singles_prefetch(&singles, runs[i + LOOK_AHEAD].start);
		table_pa = singles_table(&singles, offset);
		if (!table_pa)
			break;
		shadow_require(table_pa - singles.pool_base < singles.pool_end - singles.pool_base);
		table = &singles.page[(table_pa - singles.pool_base) >> singles.granule_lg2];
		entry = singles_entry(&singles, table_pa, page);
		old = *entry;
		if (!runs[i].access) {
			if (!pte_is_valid(old))
				continue;
			if (table->valid == 1 || !tlbi_row_add(&row, page)) /* would be empty */
				break;
			order_store_descriptor(entry, 0);
			table->valid--;
			table->leaves--;
			table->whole = (uint16_t)(table->whole - pte_is_rw(old));
			revoked++;
		} else {
			/* Not what is wider than before, nor an empty table or one of two memory types. */
			if (pte_is_valid(old) || !table->valid || table->memory != runs[i].memory)
				break;
			order_store_descriptor(entry, singles.attributes[runs[i].memory] |
							      page << singles.granule_lg2 |
							      field_prep(PTE_S2AP_R | PTE_S2AP_W, runs[i].access));
			table->valid++;
			table->leaves++;
			table->whole = (uint16_t)(table->whole + (runs[i].access == SHADOW_ACCESS_RW));
			granted++;
			if (table->valid == 1u << singles.index_lg2 && pgtable->bbml && tidy_is_whole(pgtable, table))
				tidy_note(pgtable, (uint32_t)(table - singles.page));
		}
	}
	tlbi_row_end(&row, spans);
	pgtable->stats.writes += revoked + granted;
	pgtable->stats.leaves[format_level(0)] += (uint64_t)granted - revoked;
	return i;
}

void pgtable_apply_batch(struct pgtable *pgtable, const struct run *runs, unsigned count)
{
	for (unsigned i = 0; i < count;) {
		i += apply_singles(pgtable, runs + i, count - i, i == 0);
		if (i == count)
			return;
		if (i + LOOK_AHEAD < count)
			pgtable_prefetch(pgtable, runs[i + LOOK_AHEAD].start);
		shadow_require(!pgtable_apply(pgtable, &runs[i++]));
	}
}
