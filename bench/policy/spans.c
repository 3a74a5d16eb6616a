/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * spans.c - a set of pages as sorted, disjoint ranges that do not adjoin.
 */
#include "bench/policy/spans.h"

#include <stdlib.h>
#include <string.h>

/* The first range that ends at or above @page. */
static size_t find(const struct spans *spans, uint64_t page)
{
	size_t low = 0, high = spans->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (spans->span[middle].end < page)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Put @count ranges (2 at most) in the place of [@first, @after). */
static int replace(struct spans *spans, size_t first, size_t after, const struct span *span, size_t count)
{
	size_t total = spans->count - (after - first) + count;

	if (total > spans->capacity) {
		size_t capacity = spans->capacity ? 2 * spans->capacity : 16;
		struct span *grown = realloc(spans->span, capacity * sizeof(*grown));

		if (!grown)
			return -1;
		spans->span = grown;
		spans->capacity = capacity;
	}
	if (after < spans->count)
		memmove(&spans->span[first + count], &spans->span[after],
			(spans->count - after) * sizeof(*span));
	for (size_t i = 0; i < count; i++)
		spans->span[first + i] = span[i];
	spans->count = total;
	return 0;
}

int spans_add(struct spans *spans, uint64_t start, uint64_t end)
{
	size_t first = find(spans, start), after = first;
	struct span joined = { start, end };

	while (after < spans->count && spans->span[after].start <= end)
		after++;
	if (after > first) {
		if (spans->span[first].start < start)
			joined.start = spans->span[first].start;
		if (spans->span[after - 1].end > end)
			joined.end = spans->span[after - 1].end;
	}
	return replace(spans, first, after, &joined, 1);
}

int spans_remove(struct spans *spans, uint64_t start, uint64_t end)
{
	size_t first = find(spans, start + 1), after = first, count = 0;
	struct span left[2];

	while (after < spans->count && spans->span[after].start < end)
		after++;
	if (after == first)
		return 0;
	if (spans->span[first].start < start)
		left[count++] = (struct span){ spans->span[first].start, start };
	if (spans->span[after - 1].end > end)
		left[count++] = (struct span){ end, spans->span[after - 1].end };
	return replace(spans, first, after, left, count);
}

bool spans_touch(const struct spans *spans, uint64_t start, uint64_t end)
{
	size_t first = find(spans, start + 1);

	return first < spans->count && spans->span[first].start < end;
}

bool spans_cover(const struct spans *spans, uint64_t start, uint64_t end)
{
	size_t first = find(spans, start + 1);

	return first < spans->count && spans->span[first].start <= start && spans->span[first].end >= end;
}

void spans_free(struct spans *spans)
{
	free(spans->span);
	*spans = (struct spans){ 0 };
}
