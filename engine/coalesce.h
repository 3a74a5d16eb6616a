/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * coalesce.h - sort and merge the transitions of a batch into ranges of one access.
 *
 * Per page the last transition in the host's order wins. A revoke that a later grant of the same page would
 * undo is never dropped here: the batch is cut in front of that grant. Pure.
 */
#ifndef ENGINE_COALESCE_H
#define ENGINE_COALESCE_H

#include <stdbool.h>
#include <stdint.h>

#include <shadow/types.h>

struct coalesce_item {
	uint64_t start, end;	       /* pages, END exclusive */
	uint64_t stamp;		       /* first number << 2 | access */
};

static inline uint64_t coalesce_stamp(uint64_t number, enum shadow_access access)
{
	return number << 2 | access;
}

static inline enum shadow_access coalesce_access(const struct coalesce_item *item)
{
	return (enum shadow_access)(item->stamp & SHADOW_ACCESS_RW);
}

static inline bool coalesce_is_grant(const struct coalesce_item *item)
{
	return coalesce_access(item) != SHADOW_ACCESS_NONE;
}

/* Counters for one pass of the sort; the caller's memory, since the stack is small. */
#define COALESCE_DIGIT_LG2 10u

struct coalesce_scratch {
	uint32_t count[1u << COALESCE_DIGIT_LG2];
};

/* Sort by start. @spare holds @count items as well. Return: the sorted array, @item or @spare. */
struct coalesce_item *coalesce_sort(struct coalesce_item *item, struct coalesce_item *spare, uint32_t count,
				    struct coalesce_scratch *scratch);

/* The stamp of the first grant that follows a revoke of one of its pages; UINT64_MAX if there is none. */
uint64_t coalesce_conflict(const struct coalesce_item *item, uint32_t count);

/* Merge sorted items without conflict. @result holds 2 * @count items, and may be @item itself if no items
 * overlap. Return: ranges that are sorted, disjoint, and differ from an adjoining neighbour in access. */
uint32_t coalesce_merge(const struct coalesce_item *item, uint32_t count, struct coalesce_item *result);

#endif
