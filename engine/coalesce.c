/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * coalesce.c - from slots in queueing order to sorted ranges.
 *
 *   1. sort by start: nothing to do for a sequential batch, else a radix sort over the bits that differ;
 *   2. find the first grant that undoes a queued revoke, where flush.c cuts the batch;
 *   3. merge: of the overlaps that are left, a revoke after a grant, the revoke wins.
 * Owns: per page, the last transition in the order wins. Called by flush.c, host lock held.
 */
#include "engine/coalesce.h"

#include <stddef.h>

#define INSERTION_MAX 24u	       /* items: fewer than a pass over counters pays for */
#define PASS_ITEM     3u	       /* what an item costs a pass of the radix sort, in counters */

/* Few, or nearly in order. */
static void insert_all(struct coalesce_item *item, uint32_t count)
{
	for (uint32_t i = 1; i < count; i++) {
		const struct coalesce_item moved = item[i];
		uint32_t at = i;

		for (; at && item[at - 1].start > moved.start; at--)
			item[at] = item[at - 1];
		item[at] = moved;
	}
}

/* Bits of a digit with which @count items that differ in @bits bits are sorted at the least cost. */
static unsigned digit_lg2(unsigned bits, uint32_t count)
{
	uint64_t least = UINT64_MAX;
	unsigned best = 0;

	for (unsigned passes = (bits + COALESCE_DIGIT_LG2 - 1) / COALESCE_DIGIT_LG2, digit = COALESCE_DIGIT_LG2;
	     digit > 1; passes++) {
		uint64_t cost;

		digit = (bits + passes - 1) / passes;
		cost = passes * ((uint64_t)PASS_ITEM * count + (UINT64_C(1) << digit));
		if (cost >= least)
			break;
		least = cost;
		best = digit;
	}
	return best;
}

/* Items in @item, by one digit, to @result. */
static void pass(const struct coalesce_item *item, struct coalesce_item *result, uint32_t count, unsigned shift,
		 unsigned digit, uint32_t *counter)
{
	const struct coalesce_item *end = item + count;
	const uint64_t mask = (UINT64_C(1) << digit) - 1;
	uint32_t sum = 0;

	for (uint64_t i = 0; i <= mask; i++)
		counter[i] = 0;
	for (const struct coalesce_item *at = item; at < end; at++)
		counter[at->start >> shift & mask]++;
	for (uint64_t i = 0; i <= mask; i++) {
		uint32_t here = counter[i];

		counter[i] = sum;
		sum += here;
	}
	for (; item < end; item++)
		result[counter[item->start >> shift & mask]++] = *item;
}

struct coalesce_item *coalesce_sort(struct coalesce_item *item, struct coalesce_item *spare, uint32_t count,
				    struct coalesce_scratch *scratch)
{
	uint64_t differ = 0;
	bool sorted = true;
	unsigned shift, high, digit;

	for (uint32_t i = 1; i < count; i++) {
		sorted &= item[i - 1].start <= item[i].start;
		differ |= item[0].start ^ item[i].start;
	}
	if (sorted)
		return item;
	if (count <= INSERTION_MAX) {
		insert_all(item, count);
		return item;
	}
	shift = (unsigned)__builtin_ctzll(differ);
	high = 64 - (unsigned)__builtin_clzll(differ);
	digit = digit_lg2(high - shift, count);
	for (; shift < high; shift += digit) {
		struct coalesce_item *swap = spare;

		pass(item, spare, count, shift, digit, scratch->count);
		spare = item;
		item = swap;
	}
	return item;
}

/* Of the items that overlap the first one and begin behind it: the lowest stamp of a grant after a revoke, or @cut. */
static uint64_t conflict_of(const struct coalesce_item *item, const struct coalesce_item *end, uint64_t cut)
{
	for (const struct coalesce_item *other = item + 1; other < end && other->start < item->end; other++) {
		const struct coalesce_item *later = item->stamp > other->stamp ? item : other;

		if (coalesce_is_grant(item) != coalesce_is_grant(other) && coalesce_is_grant(later) &&
		    later->stamp < cut)
			cut = later->stamp;
	}
	return cut;
}

uint64_t coalesce_conflict(const struct coalesce_item *item, uint32_t count)
{
	const struct coalesce_item *end = item + count;
	uint64_t cut = UINT64_MAX;

	/* What overlaps anything overlaps its neighbour. */
	for (; item + 1 < end; item++)
		if (item[1].start < item->end)
			cut = conflict_of(item, end, cut);
	return cut;
}

static uint32_t append(struct coalesce_item *result, uint32_t count, uint64_t start, uint64_t end, uint64_t stamp)
{
	if (start >= end)
		return count;
	if (count && result[count - 1].end == start && !((result[count - 1].stamp ^ stamp) & SHADOW_ACCESS_RW))
		result[count - 1].end = end;
	else
		result[count++] = (struct coalesce_item){ start, end, stamp };
	return count;
}

/* The next item from @at on that grants, or that revokes. */
static uint32_t next_of(const struct coalesce_item *item, uint32_t at, uint32_t count, bool grant)
{
	while (at < count && coalesce_is_grant(&item[at]) != grant)
		at++;
	return at;
}

/* Revokes, and what they leave of the grants: two sorted lists, read in step. */
static uint32_t merge_overlaps(const struct coalesce_item *item, uint32_t count, struct coalesce_item *result)
{
	uint32_t revoke = next_of(item, 0, count, false), grant = next_of(item, 0, count, true), made = 0;
	uint64_t at = 0;	       /* everything below has been dealt with */

	while (revoke < count || grant < count) {
		uint64_t revoke_start = revoke < count ? item[revoke].start : UINT64_MAX;

		if (grant < count && item[grant].start < revoke_start) {
			uint64_t start = item[grant].start > at ? item[grant].start : at;
			uint64_t end = item[grant].end < revoke_start ? item[grant].end : revoke_start;

			made = append(result, made, start, end, item[grant].stamp);
			if (end > at)
				at = end;
			if (item[grant].end <= revoke_start) {
				grant = next_of(item, grant + 1, count, true);
				continue;
			}
		}
		if (item[revoke].end > at) {
			made = append(result, made, revoke_start > at ? revoke_start : at, item[revoke].end,
				      item[revoke].stamp);
			at = item[revoke].end;
		}
		revoke = next_of(item, revoke + 1, count, false);
		while (grant < count && item[grant].end <= at)
			grant = next_of(item, grant + 1, count, true);
	}
	return made;
}

uint32_t coalesce_merge(const struct coalesce_item *item, uint32_t count, struct coalesce_item *result)
{
	struct coalesce_item *newest = result;

	if (!count)
		return 0;
	*newest = *item;
	for (const struct coalesce_item *end = item++ + count; item < end; item++) {
		if (item->start <= newest->end) {
			if (item->start < newest->end)
				return merge_overlaps(end - count, count, result);
			if (!((newest->stamp ^ item->stamp) & SHADOW_ACCESS_RW)) {
				newest->end = item->end;
				continue;
			}
		}
		*++newest = *item;
	}
	return (uint32_t)(newest - result) + 1;
}
