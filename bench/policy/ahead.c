/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * ahead.c - where a host that knew the rest of the trace would consent to lose DMA ahead of its donations.
 *
 * One pass. A block counts the pages that it lacks; the first T that takes a page of a whole block opens an
 * episode, a page that returns spoils it, and the T that takes the last page away confirms it: only then is its consent
 * known, and entered at the record that opened it. At the end all are sorted by that record.
 */
#include "bench/policy/ahead.h"

#include <stdlib.h>
#include <string.h>

#define BLOCKS_MIN 1024u

struct block {
	uint64_t number; /* address / block size, plus 1; 0: free */
	uint64_t gone;	 /* pages in state N */
	bool open;	 /* an episode is */
	size_t record;	 /* that opened it */
	uint64_t start_ns;
	uint64_t pages_early, page_ns, ns_max; /* of the episode */
};

struct looker {
	struct ahead *ahead;
	const struct trace *trace;
	uint64_t time_ns; /* latest so far */
	struct block *block; /* open addressing */
	size_t count, capacity;
};

static uint64_t overlap(uint64_t start, uint64_t end, uint64_t other_start, uint64_t other_end)
{
	uint64_t low = start > other_start ? start : other_start, high = end < other_end ? end : other_end;

	return high > low ? high - low : 0;
}

/* Pages of a block that are N in the first snapshot. */
static uint64_t gone_at_first(const struct looker *looker, uint64_t start)
{
	const struct trace_snapshot *snapshot = &looker->trace->snapshots[0];
	const unsigned page_lg2 = trace_page_lg2(looker->trace);
	uint64_t end = start + looker->ahead->block_pages, gone = 0;

	for (size_t i = 0; i < snapshot->states_count; i++)
		if (snapshot->states[i].state == TRACE_STATE_NOPAGE)
			gone += overlap(start, end, snapshot->states[i].start >> page_lg2,
					snapshot->states[i].end >> page_lg2);
	return gone;
}

static struct block *slot_of(struct block *table, size_t capacity, uint64_t number)
{
	size_t at = (size_t)(number * UINT64_C(0x9e3779b97f4a7c15) >> 20) & (capacity - 1);

	while (table[at].number && table[at].number != number)
		at = (at + 1) & (capacity - 1);
	return &table[at];
}

static int grow(struct looker *looker)
{
	size_t capacity = looker->capacity ? 2 * looker->capacity : BLOCKS_MIN;
	struct block *grown = calloc(capacity, sizeof(*grown));

	if (!grown)
		return -1;
	for (size_t i = 0; i < looker->capacity; i++)
		if (looker->block[i].number)
			*slot_of(grown, capacity, looker->block[i].number) = looker->block[i];
	free(looker->block);
	looker->block = grown;
	looker->capacity = capacity;
	return 0;
}

/* The block that begins with page @start; NULL if memory is short. */
static struct block *find_block(struct looker *looker, uint64_t start)
{
	uint64_t number = start / looker->ahead->block_pages + 1;
	struct block *block;

	if (looker->count >= looker->capacity / 2 && grow(looker))
		return NULL;
	block = slot_of(looker->block, looker->capacity, number);
	if (!block->number) {
		*block = (struct block){ .number = number, .gone = gone_at_first(looker, start) };
		looker->count++;
	}
	return block;
}

static int confirm(struct looker *looker, struct block *block, uint64_t start)
{
	struct ahead *ahead = looker->ahead;

	block->open = false;
	if (!block->pages_early)
		return 0;
	if (ahead->count == ahead->capacity) {
		size_t capacity = ahead->capacity ? 2 * ahead->capacity : 64;
		struct ahead_consent *grown = realloc(ahead->consent, capacity * sizeof(*grown));

		if (!grown)
			return -1;
		ahead->consent = grown;
		ahead->capacity = capacity;
	}
	ahead->consent[ahead->count++] = (struct ahead_consent){ block->record, start };
	ahead->pages_early += block->pages_early;
	ahead->page_ns += block->page_ns;
	if (ahead->ns_max < block->ns_max)
		ahead->ns_max = block->ns_max;
	return 0;
}

/* @pages of the block that begins with page @start go. */
static int take(struct looker *looker, struct block *block, uint64_t start, uint64_t pages, size_t record)
{
	uint64_t ns;

	if (!block->gone) {
		block->open = true;
		block->record = record;
		block->start_ns = looker->time_ns;
		block->pages_early = block->page_ns = block->ns_max = 0;
	} else if (block->open) {
		ns = looker->time_ns - block->start_ns;
		block->pages_early += pages;
		block->page_ns += pages * ns;
		if (block->ns_max < ns)
			block->ns_max = ns;
	}
	block->gone += pages;
	return block->open && block->gone == looker->ahead->block_pages ? confirm(looker, block, start) : 0;
}

/* A trace that contradicts itself is refused later; until then only nothing must break. */
static void give_back(struct block *block, uint64_t pages)
{
	block->gone -= pages < block->gone ? pages : block->gone;
	block->open = false;
}

static int look(struct looker *looker, const struct trace_record *record, size_t index)
{
	const unsigned page_lg2 = trace_page_lg2(looker->trace);
	uint64_t size = looker->ahead->block_pages;
	uint64_t first = record->start >> page_lg2, end = first + (record->bytes >> page_lg2);

	for (uint64_t start = first / size * size; start < end; start += size) {
		uint64_t pages = overlap(first, end, start, start + size);
		struct block *block;

		if (!trace_is_memory(looker->trace, start << page_lg2, (start + size) << page_lg2))
			continue;
		block = find_block(looker, start);
		if (!block)
			return -1;
		if (trace_record_grants(record))
			give_back(block, pages);
		else if (take(looker, block, start, pages, index))
			return -1;
	}
	return 0;
}

static int compare(const void *left, const void *right)
{
	const struct ahead_consent *a = left, *b = right;

	if (a->record != b->record)
		return a->record < b->record ? -1 : 1;
	return (a->start > b->start) - (a->start < b->start);
}

int ahead_make(struct ahead *ahead, const struct trace *trace, size_t records, uint64_t block_pages)
{
	struct looker looker = { .ahead = ahead, .trace = trace };
	int result = 0;

	*ahead = (struct ahead){ .block_pages = block_pages };
	for (size_t i = 0; i < records && !result; i++) {
		if (looker.time_ns < trace->records[i].time_ns)
			looker.time_ns = trace->records[i].time_ns;
		if (trace_record_changes_access(&trace->records[i]))
			result = look(&looker, &trace->records[i], i);
	}
	free(looker.block);
	if (ahead->count)
		qsort(ahead->consent, ahead->count, sizeof(*ahead->consent), compare);
	return result;
}

void ahead_free(struct ahead *ahead)
{
	free(ahead->consent);
	*ahead = (struct ahead){ 0 };
}
