/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * cost_layout.c - what is revoked, and what a device uses meanwhile.
 */
#include "bench/cost/cost_layout.h"

#include <stdlib.h>
#include <string.h>

#define BLOCK_LG2 9u		       /* pages of 2 MiB */

const char *cost_pattern_name(enum cost_pattern pattern)
{
	static const char *const names[COST_PATTERNS] = { [COST_SEQUENTIAL] = "sequential",
							  [COST_UNIFORM] = "uniform",
							  [COST_HOT] = "hot" };

	return names[pattern];
}

/* splitmix64 */
static uint64_t next_random(uint64_t *state)
{
	uint64_t mixed = *state += UINT64_C(0x9e3779b97f4a7c15);

	mixed = (mixed ^ mixed >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94d049bb133111eb);
	return mixed ^ mixed >> 31;
}

static void make_runs(struct cost_layout *layout, const struct cost_point *point, uint64_t seed)
{
	uint64_t at = COST_BASE_PAGE;

	for (size_t i = 0; i < layout->spans; i++) {
		layout->span[i] = (struct cost_span){ .start = at, .end = at + point->length, .level = 3, .leaf = true };
		at += point->length + 1 + next_random(&seed) % (2 * point->gap - 1);
	}
}

static void use_pages(struct cost_layout *layout)
{
	uint64_t page = COST_BASE_PAGE;
	size_t next = 0;

	for (unsigned i = 0; i < layout->pages; page++) {
		while (next < layout->spans && page >= layout->span[next].end)
			next++;
		if (next == layout->spans || page < layout->span[next].start)
			layout->page[i++] = page;
	}
}

int cost_layout_map(struct cost_layout *layout, unsigned leaf)
{
	uint64_t base = UINT64_MAX, end = 0;

	for (size_t i = 0; i < layout->spans; i++) {
		const struct cost_span *span = &layout->span[i];

		base = span->start >> BLOCK_LG2 < base ? span->start >> BLOCK_LG2 : base;
		end = ((span->end - 1) >> BLOCK_LG2) + 1 > end ? ((span->end - 1) >> BLOCK_LG2) + 1 : end;
	}
	layout->split = calloc(end - base, 1);
	if (!layout->split)
		return -1;
	for (size_t i = 0; i < layout->spans; i++)
		for (uint64_t block = layout->span[i].start >> BLOCK_LG2; block <= (layout->span[i].end - 1) >> BLOCK_LG2;
		     block++)
			layout->split[block - base] |= layout->span[i].level == 3 || !layout->span[i].level;
	layout->map = (struct cost_map){ .base = base, .count = end - base, .pages = layout->split, .elsewhere = leaf };
	return 0;
}

static void make_flushes(struct cost_layout *layout, unsigned batch)
{
	for (size_t i = 0; i < layout->flushes; i++)
		layout->end[i] = (i + 1) * batch < layout->spans ? (i + 1) * batch : layout->spans;
}

int cost_layout_make(struct cost_layout *layout, const struct cost_point *point, const struct cost_stream *stream)
{
	*layout = (struct cost_layout){ .spans = point->runs, .pages = stream->pages,
					.flushes = (point->runs + (size_t)point->batch - 1) / point->batch };
	layout->span = malloc(layout->spans * sizeof(*layout->span));
	layout->end = malloc(layout->flushes * sizeof(*layout->end));
	layout->page = malloc(layout->pages * sizeof(*layout->page));
	if (!layout->span || !layout->end || !layout->page) {
		cost_layout_free(layout);
		return -1;
	}
	make_runs(layout, point, stream->seed);
	make_flushes(layout, point->batch);
	use_pages(layout);
	if (!cost_layout_map(layout, stream->leaf))
		return 0;
	cost_layout_free(layout);
	return -1;
}

void cost_layout_free(struct cost_layout *layout)
{
	free(layout->span);
	free(layout->end);
	free(layout->page);
	free(layout->split);
	memset(layout, 0, sizeof(*layout));
}

struct cost_walker cost_walker(const struct cost_stream *stream, unsigned pages)
{
	return (struct cost_walker){ .stream = stream, .pages = pages, .random = stream->seed ^ UINT64_C(0x5eed) };
}

unsigned cost_walker_next(struct cost_walker *walker)
{
	unsigned hot = walker->pages / 10 ? walker->pages / 10 : 1;
	uint64_t random;

	if (walker->stream->pattern == COST_SEQUENTIAL)
		return (unsigned)(walker->next++ % walker->pages);
	random = next_random(&walker->random);
	if (walker->stream->pattern == COST_HOT && random % 10)
		/* A tenth that lies apart: every tenth page. */
		return (unsigned)((random >> 8) % hot * 10 % walker->pages);
	return (unsigned)((random >> 8) % walker->pages);
}
