/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * cost_layout.h - what is revoked, and what a device uses meanwhile.
 *
 * Runs of pages lie one behind the other with gaps between them, drawn evenly from 1 .. 2 * GAP - 1. The device uses the
 * pages that are not revoked, from the first run on, as many as it is said to: so some of them lie in the gaps.
 */
#ifndef BENCH_COST_LAYOUT_H
#define BENCH_COST_LAYOUT_H

#include "bench/cost/cost_flush.h"
#include "bench/cost/cost_tlb.h"

#define COST_BASE_PAGE (UINT64_C(1) << 18) /* at 1 GiB */

/* One combination of what is varied. */
struct cost_point {
	unsigned runs, length, gap;    /* length and gap in pages */
	unsigned batch;		       /* runs in a flush */
	unsigned smmus;
	bool nested;
};

enum cost_pattern {
	COST_SEQUENTIAL,	       /* page after page, round and round */
	COST_UNIFORM,		       /* each page as likely */
	COST_HOT,		       /* nine of ten accesses to a tenth of the pages */
	COST_PATTERNS,
};

const char *cost_pattern_name(enum cost_pattern pattern);

/* The DMA beside the flushes. */
struct cost_stream {
	enum cost_pattern pattern;
	unsigned pages;		       /* that it uses */
	unsigned accesses;	       /* to pages, after each flush */
	unsigned leaf;		       /* level that memory is mapped with where nothing is revoked: 2 or 3 */
	uint64_t seed;
};

struct cost_layout {
	struct cost_span *span;
	size_t spans;
	size_t *end;		       /* of each flush: its spans end here, where those of the next one begin */
	size_t flushes;
	uint64_t *page;		       /* that the device uses */
	unsigned pages;
	uint8_t *split;		       /* of map */
	struct cost_map map;
};

/* Return: 0; -1 if memory is short. */
int cost_layout_make(struct cost_layout *layout, const struct cost_point *point, const struct cost_stream *stream)
	__attribute__((warn_unused_result));

/* Its map alone, from its spans, in any order. */
int cost_layout_map(struct cost_layout *layout, unsigned leaf) __attribute__((warn_unused_result));
void cost_layout_free(struct cost_layout *layout);

/* Which of its pages the device uses next. */
struct cost_walker {
	const struct cost_stream *stream;
	unsigned pages;
	uint64_t random, next;
};

struct cost_walker cost_walker(const struct cost_stream *stream, unsigned pages);
unsigned cost_walker_next(struct cost_walker *walker);

#endif
