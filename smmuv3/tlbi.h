/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * tlbi.h - spans: what a batch replaced and every SMMU has to forget.
 *
 * A span is the union of the old ranges of all descriptors that a batch replaced: a whole block, a whole
 * table. Owns: whatever was added is covered by a span that says as much. Added to by pgtable*.c, closed by target.c
 * and then read by tlbi_plan.c, one flush at a time. Spec: IHI 0070, Range-based invalidation and level hint.
 */
#ifndef SMMUV3_TLBI_H
#define SMMUV3_TLBI_H

#include <stdbool.h>
#include <stdint.h>

#include "smmuv3/cmd.h"

struct tlbi_span {
	uint64_t start, end;	       /* pages, END exclusive, aligned to the old descriptors */
	uint8_t level;		       /* Arm level of all old leaves; 0: mixed, not known, or one without a hint */
	bool leaf;		       /* only leaves were replaced: table pointers may stay cached */
};

/* Spans of one flush, in the order found; merged and sorted by tlbi_spans_close(). */
struct tlbi_spans {
	struct tlbi_span *span;	       /* capacity entries, the caller's memory */
	unsigned count, capacity;
	bool all;		       /* did not fit: the whole VMID instead */
};

/* One page that was a leaf. */
static inline bool tlbi_is_page(const struct tlbi_span *span)
{
	return span->start + 1 == span->end && span->level == 3 && span->leaf;
}

/* Nothing else? */
static inline bool tlbi_is_lone(const struct tlbi_spans *spans)
{
	return spans->count == 1 && !spans->all && tlbi_is_page(spans->span);
}

/* Add one span. Merges with the newest if they touch or overlap and levels and leaf allow. */
void tlbi_spans_add(struct tlbi_spans *spans, uint64_t start, uint64_t end, uint8_t level, bool leaf);

/* Spans of single pages, leaves of level 3, in ascending order: begun, added to, ended; no other calls in between. */
struct tlbi_row {
	struct tlbi_span *next, *limit; /* where the next span goes; no room from here on */
	uint64_t end;		       /* a page with this number extends the newest span */
};

static inline struct tlbi_row tlbi_row_begin(const struct tlbi_spans *spans)
{
	struct tlbi_span *next = spans->span + spans->count;
	bool joins = spans->count && next[-1].level == 3 && next[-1].leaf;

	return (struct tlbi_row){ next, spans->span + (spans->all ? spans->count : spans->capacity),
				  joins ? next[-1].end : UINT64_MAX };
}

/* Return: false if there is no room: the row is ended and the page goes to tlbi_spans_add(). */
static inline bool tlbi_row_add(struct tlbi_row *row, uint64_t page)
{
	if (page == row->end) {
		row->next[-1].end = ++row->end;
		return true;
	}
	if (row->next == row->limit)
		return false;
	row->end = page + 1;
	/* Member by member: gcc makes more of the whole. */
	row->next->start = page;
	row->next->end = page + 1;
	row->next->level = 3;
	row->next++->leaf = true;
	return true;
}

static inline void tlbi_row_end(const struct tlbi_row *row, struct tlbi_spans *spans)
{
	spans->count = (unsigned)(row->next - spans->span);
}

/* Sort by start, merge what touches or overlaps and is of one level and leaf, drop what a span of level 0 that says as
 * much covers. What is left may still overlap. */
void tlbi_spans_close(struct tlbi_spans *spans);

#endif
