/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * cost_effect.c - what invalidation commands take away, read back from their words.
 */
#include "bench/cost/cost_effect.h"

#include <stdlib.h>
#include <string.h>

static uint64_t bits(uint64_t word, unsigned high, unsigned low)
{
	return word >> low & (UINT64_MAX >> (63 - (high - low)));
}

/* Aligned powers of two, each as large as fits: what an implementation does that has no ranges inside. */
static unsigned pieces_of(uint64_t start, uint64_t end)
{
	unsigned pieces = 0;

	for (; start < end; pieces++) {
		uint64_t piece = start ? start & (0 - start) : UINT64_C(1) << 62;

		while (piece > end - start)
			piece >>= 1;
		start += piece;
	}
	return pieces;
}

static struct cost_effect of_ipa(const uint64_t word[2])
{
	static const unsigned granule_lg2[4] = { 12, 12, 14, 16 };
	unsigned tg = (unsigned)bits(word[1], 11, 10);
	uint64_t granules = tg ? (bits(word[0], 16, 12) + 1) << bits(word[0], 24, 20) : 1;
	struct cost_effect effect = {
		.kind = tg ? COST_KIND_RANGE : COST_KIND_PAGE,
		.start = bits(word[1], 55, 12),
		.ttl = tg ? (unsigned)bits(word[1], 9, 8) : 0,
		.leaf = bits(word[1], 0, 0),
	};

	effect.end = effect.start + (granules << (granule_lg2[tg] - 12));
	effect.pieces = pieces_of(effect.start, effect.end);
	return effect;
}

struct cost_effect cost_effect(const uint64_t word[2])
{
	switch (bits(word[0], 7, 0)) {
	case 0x2a:
		return of_ipa(word);
	case 0x28:
		return (struct cost_effect){ .kind = COST_KIND_VMID };
	case 0x10:
		return (struct cost_effect){ .kind = COST_KIND_STAGE1 };
	case 0x46:
		return (struct cost_effect){ .kind = COST_KIND_SYNC };
	default:
		return (struct cost_effect){ .kind = COST_KIND_OTHER };
	}
}

/* ---- together ---------------------------------------------------------------------------------------------------- */

static int add_interval(struct cost_group *group, uint64_t start, uint64_t end)
{
	struct cost_interval *last = group->count ? &group->interval[group->count - 1] : NULL;

	if (last && start >= last->start && start <= last->end) {
		last->end = end > last->end ? end : last->end;
		return 0;
	}
	if (group->count == group->capacity) {
		size_t capacity = group->capacity ? 2 * group->capacity : 64;
		struct cost_interval *grown = realloc(group->interval, capacity * sizeof(*grown));

		if (!grown)
			return -1;
		group->interval = grown;
		group->capacity = capacity;
	}
	group->interval[group->count++] = (struct cost_interval){ start, end };
	group->sorted = false;
	return 0;
}

int cost_drops_add(struct cost_drops *drops, const struct cost_effect *effect)
{
	switch (effect->kind) {
	case COST_KIND_PAGE:
	case COST_KIND_RANGE:
		return add_interval(&drops->group[effect->ttl << 1 | effect->leaf], effect->start, effect->end);
	case COST_KIND_VMID:
		drops->all = true;
		return 0;
	case COST_KIND_STAGE1:
		drops->stage1 = true;
		return 0;
	default:
		return 0;
	}
}

static int by_start(const void *left, const void *right)
{
	const struct cost_interval *a = left, *b = right;

	return a->start < b->start ? -1 : a->start > b->start;
}

static void close_group(struct cost_group *group)
{
	size_t kept = 0;

	if (group->sorted || !group->count)
		return;
	qsort(group->interval, group->count, sizeof(*group->interval), by_start);
	for (size_t i = 1; i < group->count; i++) {
		struct cost_interval *last = &group->interval[kept];

		if (group->interval[i].start > last->end)
			group->interval[++kept] = group->interval[i];
		else if (group->interval[i].end > last->end)
			last->end = group->interval[i].end;
	}
	group->count = kept + 1;
	group->sorted = true;
}

void cost_drops_close(struct cost_drops *drops)
{
	for (unsigned i = 0; i < COST_GROUPS; i++)
		close_group(&drops->group[i]);
}

static bool touches(const struct cost_group *group, uint64_t start, uint64_t end)
{
	size_t low = 0, high = group->count;

	/* The first that ends behind START. */
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (group->interval[middle].end > start)
			high = middle;
		else
			low = middle + 1;
	}
	return low < group->count && group->interval[low].start < end;
}

/* What need not go stays: a level hint, and Leaf, are taken at their word. */
bool cost_drops_entry(const struct cost_drops *drops, uint64_t page, uint64_t count, unsigned level, bool leaf)
{
	if (drops->all)
		return true;
	for (unsigned i = 0; i < COST_GROUPS; i++) {
		unsigned ttl = i >> 1;
		bool named = leaf ? !ttl || ttl == level : !(i & 1) && (!ttl || level < ttl);

		if (named && touches(&drops->group[i], page, page + count))
			return true;
	}
	return false;
}

void cost_drops_clear(struct cost_drops *drops)
{
	drops->all = drops->stage1 = false;
	for (unsigned i = 0; i < COST_GROUPS; i++)
		drops->group[i].count = 0;
}

void cost_drops_free(struct cost_drops *drops)
{
	for (unsigned i = 0; i < COST_GROUPS; i++)
		free(drops->group[i].interval);
	memset(drops, 0, sizeof(*drops));
}
