/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * tlbi.h - spans of replaced descriptors to the shortest list of invalidation commands.
 *
 * A span is the union of the old ranges of all descriptors that a batch replaced: a whole block, a whole
 * table. Owns: every span is covered by the commands made for it. Called by target.c, one flush at a time.
 * Spec: IHI 0070, CMD_TLBI_S2_IPA; Range-based invalidation and level hint.
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

/* Sort by start, merge what touches or overlaps; a merge of different levels has level 0, leaf only if
 * both. With @by_level (for an SMMU without range commands) only spans of one level and leaf merge, and a
 * span inside one of level 0 that says as much is dropped; what is left may overlap. */
void tlbi_spans_close(struct tlbi_spans *spans, bool by_level);

/* How to say it to one SMMU. */
struct tlbi_format {
	bool ril;		       /* IDR3.RIL: ranges and level hints */
	uint8_t granule_lg2;	       /* of the table: 12, 14 or 16; spans count in it */
	uint8_t ia_bits;	       /* of the table: no command names what lies above */
	uint16_t vmid;
};

/* Walks the commands of closed spans; no memory of its own. */
struct tlbi_cursor {
	const struct tlbi_spans *spans;
	struct tlbi_format format;
	unsigned index;		       /* span */
	uint64_t next;		       /* next page of that span still to be covered */
	bool whole_vmid, done;
};

void tlbi_cursor_init(struct tlbi_cursor *cursor, const struct tlbi_spans *spans, struct tlbi_format format);

/* The next command. Return: false when all spans are covered. At most two a span with RIL: one if exact or
 * if rounding up over-invalidates by less than 1/16 of the span, else two exact ones. Without RIL one for
 * each old descriptor, but the whole VMID if that makes more than 512. */
bool tlbi_cursor_next(struct tlbi_cursor *cursor, struct smmu_cmd *cmd);

#endif
