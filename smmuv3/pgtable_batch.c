/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * pgtable_batch.c - a whole batch of runs: short cut for single pages, look-ahead for all.
 *
 * Scattered single pages are what a fragmented host makes of its memory, and what a walk costs most for. As long as
 * runs are pages of tables below the table that the cursor is in, they are changed from there without moving the
 * cursor: a table of pages that ends neither empty nor whole needs nothing else. For a page alone the cursor goes
 * there first. All other runs go to pgtable_apply().
 * Callers: host lock held.
 */
#include "engine/assert.h"
#include "smmuv3/pgtable_cursor.h"
#include "smmuv3/pgtable_tidy.h"

/* Runs ahead of the one that is applied whose descriptor is on its way to the cache. */
#define LOOK_AHEAD 8u

/* Single pages that are found before they are changed: about as many as a core has misses in flight. */
#define GROUP 16u

struct single {
	uint64_t *entry;
	struct pgtable_page *table;
};

/* Hints, cache lines and split addresses are left to the cursor. */
static bool singles_suit(const struct pgtable *pgtable)
{
	return pgtable->coherent && !pgtable->contiguous && !pgtable->format.large;
}

/* Is there a table above those of pages to start from? */
static bool singles_can(const struct pgtable *pgtable)
{
	const struct pgtable_place *above = &pgtable->place[1];

	return above->page != PGTABLE_NONE && !above->fresh && singles_suit(pgtable);
}

/* Entries of runs that are one page below the table above each, on their way to the cache. What is not one of our
 * tables is left to the cursor, which finds out. Return: how many were found, from the first on. */
__attribute__((always_inline)) static inline unsigned singles_find(const struct pgtable *pgtable, const struct run *run,
								   unsigned count, struct single *single)
{
	const struct pgtable_place *above = &pgtable->place[1];
	const unsigned granule_lg2 = pgtable->format.granule_lg2, index_lg2 = pgtable->format.index_lg2;
	/* What a table in the pool's first page is called: its address is not split. */
	const uint64_t first = pgtable->pool.base.addr | PTE_VALID | PTE_TABLE;
	const uint64_t base = pages_base(pgtable, &pgtable->page[above->page]), pages = pgtable->singles_pages;
	const uint64_t limit = pgtable->limit, mask = (UINT64_C(1) << index_lg2) - 1;
	char *const pool = pgtable->pool.virt;
	unsigned i;

	for (i = 0; i < count; i++, run++) {
		uint64_t page = run->start, offset = page - base, table, number;

		if (offset >= pages || run->end - page != 1)
			break;
		/* Of a table, the difference is its place in the pool, a multiple of the granule; turned, a number. */
		table = above->entry[offset >> index_lg2] - first;
		number = table >> granule_lg2 | table << (64 - granule_lg2);
		if (number >= limit)
			break;
		single[i].entry = (uint64_t *)(pool + table) + (page & mask);
		single[i].table = &pgtable->page[number];
		__builtin_prefetch(single[i].entry, 1);
	}
	return i;
}

/* A grant of what was invalid: not what is wider than before, nor an empty table or one of two memory types. Return: false if
 * that is left to the cursor. */
static inline bool grant_single(struct pgtable *pgtable, const struct run *run, struct single single)
{
	struct pgtable_page *table = single.table;

	if (pte_is_valid(*single.entry) || !table->valid || table->memory != run->memory)
		return false;
	order_store_descriptor(single.entry, format_leaf(&pgtable->format, run->access, run->memory, 0, run->start));
	cursor_count(pgtable, table, 1, run->access == SHADOW_ACCESS_RW);
	if (table->valid == format_entries(&pgtable->format) && pgtable->bbml && tidy_is_whole(pgtable, table))
		tidy_note(pgtable, (uint32_t)(table - pgtable->page));
	return true;
}

/* Whatever is not a revoke of plain memory. Return: false if that is left to the cursor. */
__attribute__((__noinline__)) static bool change_single(struct pgtable *pgtable, const struct run *run,
						    struct single single)
{
	struct pgtable_page *table = single.table;
	uint64_t old = *single.entry;

	if (!run->access) {
		if (!pte_is_valid(old))
			return true;
		if (table->valid == 1) /* would be empty */
			return false;
		tlbi_spans_add(pgtable->spans, run->start, run->start + 1, cursor_ttl(0), true);
		order_store_descriptor(single.entry, 0);
		cursor_discount(pgtable, table, 1, pte_is_rw(old));
	} else if (!grant_single(pgtable, run, single)) {
		return false;
	}
	pgtable->stats.writes++;
	return true;
}

/* Return: how many were changed, from the first on. */
__attribute__((always_inline)) static inline unsigned singles_change(struct pgtable *pgtable, const struct run *run,
								     const struct single *single, unsigned count)
{
	const uint64_t attributes = pgtable->format.attributes;
	const uint64_t plain = format_attributes(&pgtable->format, SHADOW_ACCESS_RW, SHADOW_MEMORY_NORMAL, 0);
	struct tlbi_row row = tlbi_row_begin(pgtable->spans);
	unsigned others = 0, i;

	for (i = 0; i < count; i++, run++, single++) {
		struct pgtable_page *table = single->table;

		if (run->access || (*single->entry & attributes) != plain) {
			tlbi_row_end(&row, pgtable->spans);
			if (!change_single(pgtable, run, *single))
				break;
			row = tlbi_row_begin(pgtable->spans);
			others++;
			continue;
		}
		if (table->valid == 1 || !tlbi_row_add(&row, run->start)) /* would be empty */
			break;
		order_store_descriptor(single->entry, 0);
		table->valid--;
		table->leaves--;
		table->whole--;
	}
	tlbi_row_end(&row, pgtable->spans);
	pgtable->stats.writes += i - others;
	pgtable->stats.leaves[format_level(0)] -= i - others;
	return i;
}

/* As many runs as are single pages below the cursor's table. First the entries of a group are found and on their
 * way to the cache, then they are changed. Return: how many were applied. */
static unsigned apply_singles(struct pgtable *pgtable, const struct run *runs, unsigned count)
{
	struct single single[GROUP];
	unsigned done = 0, found, changed;

	if (!singles_can(pgtable))
		return 0;
	do {
		found = singles_find(pgtable, runs + done, count - done < GROUP ? count - done : GROUP, single);
		changed = singles_change(pgtable, runs + done, single, found);
		done += changed;
	} while (found == GROUP && changed == GROUP);
	return done;
}

/* To the tables above the only page of a batch. Where nothing of the batch was done by the cursor, there is nothing to settle
 * where it stands, and tables that are there already leave nothing to settle either. Return: false if it may not go. */
__attribute__((__noinline__)) static bool go_there(struct pgtable *pgtable, const struct run *run)
{
	if (pgtable->moved || run->end - run->start != 1 || !singles_suit(pgtable))
		return false;
	cursor_walk(pgtable, run->start);
	return singles_can(pgtable);
}

/* A batch of one page needs no loop, and a revoke of plain memory no row of spans: its span is the first. */
static bool apply_lone(struct pgtable *pgtable, const struct run *run)
{
	const uint64_t plain = format_attributes(&pgtable->format, SHADOW_ACCESS_RW, SHADOW_MEMORY_NORMAL, 0);
	struct tlbi_spans *spans = pgtable->spans;
	struct pgtable_page *table;
	struct single single;

	if (!(singles_can(pgtable) && singles_find(pgtable, run, 1, &single)) &&
	    !(go_there(pgtable, run) && singles_find(pgtable, run, 1, &single)))
		return false;
	if (run->access) {
		if (!grant_single(pgtable, run, single))
			return false;
		pgtable->stats.writes++;
		return true;
	}
	table = single.table;
	if ((*single.entry & pgtable->format.attributes) != plain || table->valid == 1 || spans->count ||
	    spans->all || !spans->capacity)
		return change_single(pgtable, run, single);
	order_store_descriptor(single.entry, 0);
	table->valid--;
	table->leaves--;
	table->whole--;
	pgtable->stats.writes++;
	pgtable->stats.leaves[format_level(0)]--;
	/* Member by member: gcc makes more of the whole. */
	spans->span->start = run->start;
	spans->span->end = run->end;
	spans->span->level = cursor_ttl(0);
	spans->span->leaf = true;
	spans->count = 1;
	return true;
}

__attribute__((__noinline__)) static void apply_many(struct pgtable *pgtable, const struct run *runs, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		if (runs[i].end - runs[i].start == 1)
			i += apply_singles(pgtable, runs + i, count - i);
		if (i == count)
			return;
		if (i + LOOK_AHEAD < count)
			pgtable_prefetch(pgtable, runs[i + LOOK_AHEAD].start);
		shadow_require(!pgtable_apply(pgtable, &runs[i]));
	}
}

void pgtable_apply_batch(struct pgtable *pgtable, const struct run *runs, unsigned count)
{
	if (count == 1 && apply_lone(pgtable, runs))
		return;
	apply_many(pgtable, runs, count);
}
