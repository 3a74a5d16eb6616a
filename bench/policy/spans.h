/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * spans.h - a set of pages as sorted, disjoint ranges that do not adjoin.
 *
 * For sets that are mostly contiguous: a look-up is a binary search, a change moves what lies above it.
 */
#ifndef BENCH_SPANS_H
#define BENCH_SPANS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct span {
	uint64_t start, end; /* pages; END exclusive */
};

struct spans {
	struct span *span;
	size_t count, capacity;
};

/* Add or take out [@start, @end). Return: 0; -1 if memory is short, and nothing is changed. */
int spans_add(struct spans *spans, uint64_t start, uint64_t end) __attribute__((warn_unused_result));
int spans_remove(struct spans *spans, uint64_t start, uint64_t end) __attribute__((warn_unused_result));

/* Is one of [@start, @end) in the set? Are all? */
bool spans_touch(const struct spans *spans, uint64_t start, uint64_t end);
bool spans_cover(const struct spans *spans, uint64_t start, uint64_t end);

static inline void spans_clear(struct spans *spans)
{
	spans->count = 0;
}

void spans_free(struct spans *spans);

#endif
