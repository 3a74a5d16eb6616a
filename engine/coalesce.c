/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * coalesce.c - from slots in queueing order to sorted ranges.
 *
 *   1. sort by start: nothing to do for a sequential batch, else a radix sort over the bytes that differ;
 *   2. find the first grant that undoes a queued revoke, where flush.c cuts the batch;
 *   3. merge: of the overlaps that are left, a revoke after a grant, the revoke wins.
 * Owns: per page, the last transition in the order wins. Called by flush.c, host lock held.
 */
#include "engine/coalesce.h"

#include <stddef.h>

#define RADIX_LG2 8u

struct coalesce_item *coalesce_sort(struct coalesce_item *item, struct coalesce_item *spare, uint32_t count,
				    struct coalesce_scratch *scratch)
{
	uint64_t differ = 0;
	bool sorted = true;

	for (uint32_t i = 1; i < count; i++) {
		sorted &= item[i - 1].start <= item[i].start;
		differ |= item[0].start ^ item[i].start;
	}
	if (sorted)
		return item;
	for (unsigned shift = 0; shift < 64 && differ >> shift; shift += RADIX_LG2) {
		struct coalesce_item *swap = spare;
		uint32_t sum = 0;

		if (!(differ >> shift & ((1u << RADIX_LG2) - 1)))
			continue;
		for (unsigned i = 0; i < 1u << RADIX_LG2; i++)
			scratch->count[i] = 0;
		for (uint32_t i = 0; i < count; i++)
			scratch->count[(uint8_t)(item[i].start >> shift)]++;
		for (unsigned i = 0; i < 1u << RADIX_LG2; i++) {
			uint32_t here = scratch->count[i];

			scratch->count[i] = sum;
			sum += here;
		}
		for (uint32_t i = 0; i < count; i++)
			spare[scratch->count[(uint8_t)(item[i].start >> shift)]++] = item[i];
		spare = item;
		item = swap;
	}
	return item;
}

uint64_t coalesce_conflict(const struct coalesce_item *item, uint32_t count)
{
	uint64_t cut = UINT64_MAX;

	for (uint32_t i = 0; i + 1 < count; i++) {
		for (uint32_t j = i + 1; j < count && item[j].start < item[i].end; j++) {
			const struct coalesce_item *later = item[i].stamp > item[j].stamp ? &item[i] : &item[j];

			if (coalesce_is_grant(&item[i]) != coalesce_is_grant(&item[j]) &&
			    coalesce_is_grant(later) && later->stamp < cut)
				cut = later->stamp;
		}
	}
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
	uint32_t made = 0;

	for (uint32_t i = 1; i < count; i++)
		if (item[i].start < item[i - 1].end)
			return merge_overlaps(item, count, result);
	for (uint32_t i = 0; i < count; i++)
		made = append(result, made, item[i].start, item[i].end, item[i].stamp);
	return made;
}
