/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * trace_pages.c - what a trace has done to each page so far.
 */
#include "bench/trace/trace_pages.h"

#include <stdlib.h>
#include <string.h>

static size_t where(struct trace_block *const *slot, size_t room, uint64_t number)
{
	size_t at = (size_t)(number * UINT64_C(0x9e3779b97f4a7c15) >> 20) & (room - 1);

	while (slot[at] && slot[at]->number != number)
		at = (at + 1) & (room - 1);
	return at;
}

static int grow(struct trace_pages *pages)
{
	size_t room = pages->room ? pages->room * 2 : 256;
	struct trace_block **slot = calloc(room, sizeof(struct trace_block *));

	if (!slot)
		return -1;
	for (size_t i = 0; i < pages->room; i++)
		if (pages->slot[i])
			slot[where(slot, room, pages->slot[i]->number)] = pages->slot[i];
	free(pages->slot);
	pages->slot = slot;
	pages->room = room;
	return 0;
}

static struct trace_block *block_get(struct trace_pages *pages, uint64_t number)
{
	struct trace_block *block;
	size_t at;

	if (pages->count * 2 >= pages->room && grow(pages))
		return NULL;
	at = where(pages->slot, pages->room, number);
	if (pages->slot[at])
		return pages->slot[at];
	block = pages->count < TRACE_BLOCKS_MAX ? calloc(1, sizeof(*block)) : NULL;
	if (!block)
		return NULL;
	block->number = number;
	for (unsigned i = 0; i < TRACE_BLOCK_PAGES; i++)
		block->page[i].last = TRACE_NEVER;
	pages->count++;
	return pages->slot[at] = block;
}

struct trace_page *trace_pages_get(struct trace_pages *pages, uint64_t page)
{
	struct trace_block *block = block_get(pages, page >> TRACE_BLOCK_LG2);

	return block ? &block->page[page & (TRACE_BLOCK_PAGES - 1)] : NULL;
}

const struct trace_page *trace_pages_find(const struct trace_pages *pages, uint64_t page)
{
	const struct trace_block *block;

	if (!pages->room)
		return NULL;
	block = pages->slot[where(pages->slot, pages->room, page >> TRACE_BLOCK_LG2)];
	return block ? &block->page[page & (TRACE_BLOCK_PAGES - 1)] : NULL;
}

struct trace_page *trace_pages_set(struct trace_pages *pages, uint64_t number, uint8_t state)
{
	struct trace_block *block = block_get(pages, number >> TRACE_BLOCK_LG2);
	struct trace_page *page;

	if (!block)
		return NULL;
	page = &block->page[number & (TRACE_BLOCK_PAGES - 1)];
	if (state == TRACE_STATE_NOPAGE && page->state != TRACE_STATE_NOPAGE) {
		pages->without++;
		if (++block->without == TRACE_BLOCK_PAGES)
			pages->blocks_without++;
	} else if (state != TRACE_STATE_NOPAGE && page->state == TRACE_STATE_NOPAGE) {
		pages->without--;
		if (block->without-- == TRACE_BLOCK_PAGES)
			pages->blocks_without--;
	}
	page->state = state;
	return page;
}

int trace_pages_init(struct trace_pages *pages, const struct trace *trace)
{
	const struct trace_snapshot *first = &trace->snapshots[0];

	*pages = (struct trace_pages){ 0 };
	for (size_t i = 0; i < first->states_count; i++) {
		const struct trace_state_run *run = &first->states[i];

		for (uint64_t at = run->start; at < run->end; at += TRACE_PAGE_BYTES)
			if (!trace_pages_set(pages, at >> TRACE_PAGE_LG2, run->state)) {
				trace_pages_free(pages);
				return -1;
			}
	}
	return 0;
}

void trace_pages_free(struct trace_pages *pages)
{
	for (size_t i = 0; i < pages->room; i++)
		free(pages->slot[i]);
	free(pages->slot);
	*pages = (struct trace_pages){ 0 };
}
