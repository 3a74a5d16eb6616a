/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * tlbi.c - spans of replaced descriptors to the shortest list of invalidation commands.
 *
 * Sits between pgtable.c, which adds a span for what it replaced, and target.c, which writes the
 * commands into every SMMU's queue. Phases: add, in the order found; close: sort and merge; cursor: one
 * command at a time, for each SMMU in its own format.
 * Owns: every span is covered by the commands made for it, with a level hint only where it holds.
 * Does not wait and does not order stage 1 after stage 2; see target.c.
 * Spec: IHI 0070, CMD_TLBI_S2_IPA; Range-based invalidation and level hint.
 */
#include "smmuv3/tlbi.h"

#define TLBI_PAGES_MAX (UINT64_C(1) << (SHADOW_IA_BITS_MAX - SHADOW_PAGE_LG2))
#define TLBI_NUM_LG2   5u /* NUM + 1 is 1 .. 32 */

/* Without ranges: more commands than this in a flush, and the whole VMID goes instead. The number of
 * entries of a table, where Linux draws the line for one request as well. */
#define TLBI_SINGLES_MAX 512u

#define TLBI_LEVELS	4u
#define TLBI_SMALL_BITS 48u /* addresses above need the 52-bit formats */

/* Pages that one leaf of a level maps; for an unknown level the smallest. */
static uint64_t tlbi_level_pages(struct tlbi_format format, unsigned level)
{
	return level == 0 ? 1 : UINT64_C(1) << ((format.granule_lg2 - 3u) * (3 - level));
}

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

/* Runs are applied in address order, so spans nearly always come sorted: that costs one pass. Otherwise a
 * heapsort, which needs neither recursion nor memory and has no slow case. */
static void tlbi_spans_sort(struct tlbi_span *span, unsigned count)
{
	unsigned i;

	for (i = 1; i < count; i++)
		if (tlbi_span_before(&span[i], &span[i - 1]))
			break;
	if (i >= count)
		return;

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

/* Merge sorted spans of every kind: a range command names any mixture. Return: how many are left. */
static unsigned tlbi_merge_all(struct tlbi_span *span, unsigned count)
{
	unsigned kept = 0, i;

	for (i = 1; i < count; i++) {
		struct tlbi_span *last = &span[kept];

		if (span[i].start > last->end) {
			span[++kept] = span[i];
			continue;
		}
		if (span[i].end > last->end)
			last->end = span[i].end;
		if (span[i].level != last->level)
			last->level = 0;
		last->leaf = last->leaf && span[i].leaf;
	}
	return count > 0 ? kept + 1 : 0;
}

/* Merge sorted spans of one level and leaf, and drop what a span of unknown level covers page by page:
 * without ranges a known level saves commands, so it is not given up. Spans of different kinds may then
 * overlap. Return: how many are left. */
static unsigned tlbi_merge_by_level(struct tlbi_span *span, unsigned count)
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

void tlbi_spans_close(struct tlbi_spans *spans, bool by_level)
{
	if (spans->all)
		return;
	tlbi_spans_sort(spans->span, spans->count);
	spans->count = by_level ? tlbi_merge_by_level(spans->span, spans->count) :
				  tlbi_merge_all(spans->span, spans->count);
}

/* ---- cursor ------------------------------------------------------------------------------------- */

/* Would the spans take more single commands than a flush may have? */
static bool tlbi_too_many_singles(const struct tlbi_spans *spans, struct tlbi_format format)
{
	uint64_t commands = 0;
	unsigned i;

	for (i = 0; i < spans->count; i++) {
		uint64_t step = tlbi_level_pages(format, spans->span[i].level);

		commands += (spans->span[i].end - spans->span[i].start + step - 1) / step;
		if (commands > TLBI_SINGLES_MAX)
			return true;
	}
	return false;
}

void tlbi_cursor_init(struct tlbi_cursor *cursor, const struct tlbi_spans *spans, struct tlbi_format format)
{
	shadow_assert(format.granule_lg2 == 12 || format.granule_lg2 == 14 || format.granule_lg2 == 16);
	shadow_assert(format.ia_bits >= SHADOW_IA_BITS_MIN && format.ia_bits <= SHADOW_IA_BITS_MAX);
	*cursor = (struct tlbi_cursor){
		.spans = spans,
		.format = format,
		.next = spans->count > 0 ? spans->span[0].start : 0,
		.whole_vmid = spans->all || (!format.ril && tlbi_too_many_singles(spans, format)),
	};
}

/* TTL limits what has to go to leaves of that level, so it must hold for all of them, and it makes the
 * SMMU expect an address aligned to that level. A freed table is named by Leaf = 0, TTL = 0 alone. Level 1 of
 * 16 KiB has leaves, and a hint, with 52-bit addresses only. */
static unsigned tlbi_level_hint(const struct tlbi_span *span, struct tlbi_format format)
{
	uint64_t pages = tlbi_level_pages(format, span->level);

	if (!span->leaf || ((span->start | span->end) & (pages - 1)) != 0)
		return 0;
	if (format.granule_lg2 == 14 && span->level == 1 && format.ia_bits <= TLBI_SMALL_BITS)
		return 0;
	return span->level;
}

static unsigned tlbi_lg2_up(uint64_t count)
{
	return count <= 1 ? 0 : 64 - (unsigned)__builtin_clzll(count - 1);
}

static struct smmu_cmd tlbi_single(struct tlbi_format format, uint64_t page, bool leaf)
{
	return smmu_cmd_tlbi_s2_ipa(format.vmid, page << format.granule_lg2, leaf);
}

static struct smmu_cmd tlbi_range(struct tlbi_format format, uint64_t start, uint64_t count, unsigned scale,
				  unsigned level, bool leaf)
{
	struct smmu_tlbi_range range = {
		.ipa = start << format.granule_lg2,
		.num = (uint8_t)((count >> scale) - 1),
		.scale = (uint8_t)scale,
		.tg = smmu_cmd_tlbi_tg(format.granule_lg2),
		.ttl = (uint8_t)level,
		.leaf = leaf,
	};

	return smmu_cmd_tlbi_s2_range(format.vmid, range);
}

/* The next command of a span as ranges, which may start at any page (any block, with a hint). Units of
 * 2^scale pages, the smallest of which 32 suffice: 17 .. 32 of them, so rounding up to whole ones adds less
 * than 1/16. If rounding is not possible, whole units from the start and one unit that ends with the span;
 * these overlap. With a hint, everything stays a multiple of the block: where units are smaller than the
 * block the span is a whole number of them, where they are larger they are a whole number of blocks.
 * Scales above 31 are for more than 2^36 pages, which only tables that need IDR5.DS have. */
static struct smmu_cmd tlbi_next_range(const struct tlbi_span *span, struct tlbi_format format,
				       uint64_t *next)
{
	uint64_t top = UINT64_C(1) << (format.ia_bits - format.granule_lg2);
	uint64_t count = span->end - span->start;
	unsigned level = tlbi_level_hint(span, format);
	unsigned lg2 = tlbi_lg2_up(count);
	unsigned scale = lg2 > TLBI_NUM_LG2 ? lg2 - TLBI_NUM_LG2 : 0;
	uint64_t unit = UINT64_C(1) << scale;
	uint64_t excess = (0 - count) & (unit - 1);
	uint64_t start = *next;

	shadow_assert(span->end <= top);
	/* NUM = SCALE = TTL = 0 is reserved with a granule given. */
	if (count == 1 && level == 0) {
		*next = span->end;
		return tlbi_single(format, start, span->leaf);
	}
	if (excess * 16 < count && span->end + excess <= top) {
		*next = span->end;
		return tlbi_range(format, start, count + excess, scale, level, span->leaf);
	}
	if (start == span->start) {
		*next = span->end - (count & (unit - 1));
		return tlbi_range(format, start, *next - start, scale, level, span->leaf);
	}
	*next = span->end;
	return tlbi_range(format, span->end - unit, unit, scale, level, span->leaf);
}

bool tlbi_cursor_next(struct tlbi_cursor *cursor, struct smmu_cmd *cmd)
{
	const struct tlbi_spans *spans = cursor->spans;
	const struct tlbi_span *span;

	if (cursor->done)
		return false;
	if (cursor->whole_vmid) {
		cursor->done = true;
		*cmd = smmu_cmd_tlbi_s12_vmall(cursor->format.vmid);
		return true;
	}
	if (cursor->index == spans->count) {
		cursor->done = true;
		return false;
	}

	span = &spans->span[cursor->index];
	if (cursor->format.ril) {
		*cmd = tlbi_next_range(span, cursor->format, &cursor->next);
	} else {
		*cmd = tlbi_single(cursor->format, cursor->next, span->leaf);
		cursor->next += tlbi_level_pages(cursor->format, span->level);
	}
	if (cursor->next >= span->end && ++cursor->index < spans->count)
		cursor->next = spans->span[cursor->index].start;
	return true;
}
