/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * tlbi.c - spans: what a batch replaced and every SMMU has to forget.
 *
 * Sits between pgtable*.c, which adds a span for what it replaced, and tlbi_plan.c, which says it to an SMMU.
 * Phases: add, in the order found; close: sort and merge.
 * Owns: whatever was added is covered by a span that says as much.
 */
#include "smmuv3/tlbi.h"

#define TLBI_PAGES_MAX (UINT64_C(1) << (SHADOW_IA_BITS_MAX - SHADOW_PAGE_LG2))
#define TLBI_LEVELS    4u

void tlbi_spans_add(struct tlbi_spans *spans, uint64_t start, uint64_t end, uint8_t level, bool leaf)
{
	shadow_assert(start < end && end <= TLBI_PAGES_MAX && level < TLBI_LEVELS);
	if (spans->all)
		return;
	if (spans->count > 0) {
		struct tlbi_span *newest = &spans->span[spans->count - 1];

		if (newest->level == level && newest->leaf == leaf && start <= newest->end &&
		    end >= newest->start) {
			if (start < newest->start)
				newest->start = start;
			if (end > newest->end)
				newest->end = end;
			return;
		}
	}
	if (spans->count == spans->capacity) {
		spans->all = true;
		return;
	}
	spans->span[spans->count++] = (struct tlbi_span){
		.start = start,
		.end = end,
		.level = level,
		.leaf = leaf,
	};
}

/* ---- close: sort -------------------------------------------------------------------------------- */

/* By start; of those that start together the widest statement first, so that it can take in the others. */
static bool tlbi_span_before(const struct tlbi_span *left, const struct tlbi_span *right)
{
	if (left->start != right->start)
		return left->start < right->start;
	if (left->level != right->level)
		return left->level < right->level;
	return left->leaf < right->leaf;
}

static void tlbi_spans_swap(struct tlbi_span *left, struct tlbi_span *right)
{
	struct tlbi_span span = *left;

	*left = *right;
	*right = span;
}

/* Restore the heap below @root: the parent of index i is (i - 1) / 2 and comes after its children. */
static void tlbi_heap_sift(struct tlbi_span *span, unsigned root, unsigned count)
{
	unsigned child;

	for (; (child = 2 * root + 1) < count; root = child) {
		if (child + 1 < count && tlbi_span_before(&span[child], &span[child + 1]))
			child++;
		if (!tlbi_span_before(&span[root], &span[child]))
			return;
		tlbi_spans_swap(&span[root], &span[child]);
	}
}

/* A heapsort needs neither recursion nor memory and has no slow case. */
static void tlbi_spans_sort(struct tlbi_span *span, unsigned count)
{
	unsigned i;

	for (i = count / 2; i > 0; i--)
		tlbi_heap_sift(span, i - 1, count);
	for (i = count - 1; i > 0; i--) {
		tlbi_spans_swap(&span[0], &span[i]);
		tlbi_heap_sift(span, 0, i);
	}
}

/* ---- close: merge ------------------------------------------------------------------------------- */

/* Does the first page-wise span cover the second, whatever that one's level is? */
static bool tlbi_span_covers(const struct tlbi_span *cover, const struct tlbi_span *span)
{
	return cover->start <= span->start && span->end <= cover->end;
}

/* Merge sorted spans of one level and leaf, and drop what a span of unknown level covers page by page. Others
 * stay apart, though they touch or overlap: without ranges a known level saves commands, with them the plan weighs
 * it. Return: how many are left. */
static unsigned tlbi_merge(struct tlbi_span *span, unsigned count)
{
	/* The last span kept of each kind; merged spans of one kind are disjoint, so only that one can
	 * touch or cover what comes next. */
	struct tlbi_span *last[TLBI_LEVELS][2] = { { NULL } };
	unsigned kept = 0, i;

	for (i = 0; i < count; i++) {
		const struct tlbi_span next = span[i];
		struct tlbi_span **same = &last[next.level][next.leaf];

		if (last[0][false] != NULL && tlbi_span_covers(last[0][false], &next))
			continue;
		if (next.leaf && last[0][true] != NULL && tlbi_span_covers(last[0][true], &next))
			continue;
		if (*same != NULL && next.start <= (*same)->end) {
			if (next.end > (*same)->end)
				(*same)->end = next.end;
			continue;
		}
		*same = &span[kept++];
		**same = next;
	}
	return kept;
}

/* Runs are applied in address order, so spans nearly always come sorted and apart. */
static bool tlbi_spans_are_apart(const struct tlbi_spans *spans)
{
	const struct tlbi_span *span = spans->span, *end = span + spans->count;
	uint64_t last = 0;

	for (; span < end; span++) {
		if (span->start < last)
			return false;
		last = span->end + 1;
	}
	return true;
}

void tlbi_spans_close(struct tlbi_spans *spans)
{
	if (spans->count <= 1 || spans->all || tlbi_spans_are_apart(spans))
		return;
	tlbi_spans_sort(spans->span, spans->count);
	spans->count = tlbi_merge(spans->span, spans->count);
}
