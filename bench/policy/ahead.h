/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * ahead.h - where a host that knew the rest of the trace would consent to lose DMA ahead of its donations.
 *
 * An aligned block of memory is whole while each of its pages is the host's (no state N). A T that takes the
 * first page of a whole block away is preceded by a consent to the whole block if and only if the records that
 * are replayed go on to take every other page of it away, before any of its pages returns to the host (a T from N
 * to another state). A T that takes a whole block by itself needs no consent.
 */
#ifndef BENCH_AHEAD_H
#define BENCH_AHEAD_H

#include "bench/trace/trace.h"

struct ahead_consent {
	size_t record;	/* the T that it precedes */
	uint64_t start; /* first page of the block */
};

struct ahead {
	uint64_t block_pages;
	struct ahead_consent *consent; /* by record, then by page */
	size_t count, capacity;
	uint64_t pages_early;	/* made unreachable before the T that donates them, */
	uint64_t page_ns;	/* for so long, all added up; trace time, */
	uint64_t ns_max;	/* and the one that was longest */
};

/**
 * ahead_make() - look through the first @records records.
 * @block_pages: a power of two, at least 2.
 * Return: 0; -1 if memory is short. Release with ahead_free() either way.
 */
int ahead_make(struct ahead *ahead, const struct trace *trace, size_t records, uint64_t block_pages)
	__attribute__((warn_unused_result));
void ahead_free(struct ahead *ahead);

#endif
