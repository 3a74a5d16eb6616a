/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * space.c - cached descriptors in a radix tree shaped like the tables they came from.
 *
 * A node stands for one table's worth of addresses; each slot may hold a leaf and a table pointer, with
 * the time it was filled. An invalidation clears slots in the nodes that its range cuts, and leaves a
 * time stamp ("cut") in those it covers whole: what lies below and was filled up to then is dead, and is
 * swept when a node is next visited. So a range costs its two edges, and the whole space one stamp.
 * Owns: a descriptor is found exactly from its fill until an invalidation that reaches it.
 * A contiguous leaf stands for its whole group, until every member's address has been invalidated.
 */
#include "space.h"

#include "alloc.h"
#include "bits.h"
#include "decode.h"

struct slot {
	uint64_t descriptor, time;
};

/* Slots of one kind in one node: a bit per slot, and the slots themselves once one is filled. */
struct slots {
	uint64_t applied; /* the newest cut already swept from here */
	uint64_t *bits;
	struct slot *slot;
};

enum {
	LEVELS = 5 /* -1 .. 3: by level + 1 in arrays */
};

struct node {
	int level;
	unsigned slots_lg2;
	uint64_t leaf_cut[LEVELS], table_cut[LEVELS];
	struct slots leaf, table;
	uint64_t *contiguous_bits; /* those of leaf.bits that stand for a group */
	uint64_t *child_bits;	   /* NULL at level 3 */
	struct node **child;
};

struct space {
	unsigned granule_lg2;
	struct node *root;
};

static unsigned words_of(unsigned slots_lg2)
{
	return slots_lg2 <= 6 ? 1 : 1u << (slots_lg2 - 6);
}

static struct node *node_new(int level, unsigned slots_lg2)
{
	unsigned words = words_of(slots_lg2);
	bool last = level == 3;
	size_t bytes = sizeof(struct node) + sizeof(uint64_t) * words * (last ? 2 : 4);
	struct node *node = model_alloc(bytes + (last ? 0 : sizeof(struct node *) << slots_lg2));

	if (!node)
		return NULL;
	node->level = level;
	node->slots_lg2 = slots_lg2;
	node->leaf.bits = (uint64_t *)(node + 1);
	node->contiguous_bits = node->leaf.bits + words;
	if (last)
		return node;
	node->table.bits = node->contiguous_bits + words;
	node->child_bits = node->table.bits + words;
	node->child = (struct node **)(node->child_bits + words);
	return node;
}

static void node_free(struct node *node)
{
	unsigned index;

	if (!node)
		return;
	for (index = 0; node->child && index < 1u << node->slots_lg2; index++)
		node_free(node->child[index]);
	model_release(node->leaf.slot);
	model_release(node->table.slot);
	model_release(node);
}

struct space *space_new(unsigned granule_lg2)
{
	int level = granule_lg2 == 12 ? -1 : granule_lg2 == 14 ? 0 : 1;
	struct space *space = model_alloc(sizeof(*space));

	if (!space)
		return NULL;
	space->granule_lg2 = granule_lg2;
	space->root = node_new(level, SPACE_ADDRESS_BITS - level_shift(granule_lg2, level));
	if (space->root)
		return space;
	model_release(space);
	return NULL;
}

void space_free(struct space *space)
{
	if (!space)
		return;
	node_free(space->root);
	model_release(space);
}

static bool bit_test(const uint64_t *bits, unsigned index)
{
	return bits[index / 64] >> index % 64 & 1;
}

static void bit_set(uint64_t *bits, unsigned index)
{
	bits[index / 64] |= UINT64_C(1) << index % 64;
}

/* The bits of word @word that lie in [first, last]. */
static uint64_t word_range(unsigned word, unsigned first, unsigned last)
{
	unsigned low = first > word * 64 ? first - word * 64 : 0;
	unsigned high = last < word * 64 + 63 ? last - word * 64 : 63;

	return bits_mask(high, low);
}

static uint64_t later(uint64_t left, uint64_t right)
{
	return left > right ? left : right;
}

static unsigned index_of(const struct space *space, const struct node *node, uint64_t address)
{
	return address >> level_shift(space->granule_lg2, node->level) & ((1u << node->slots_lg2) - 1);
}

static void extent_grow(struct space_extent *extent, uint64_t first, uint64_t last)
{
	if (extent->first > extent->last) {
		*extent = (struct space_extent){ first, last };
		return;
	}
	if (first < extent->first)
		extent->first = first;
	if (last > extent->last)
		extent->last = last;
}

/* Clear the slots [first, last] that were filled up to @time. @base: address of slot 0. */
static void slots_clear(const struct space *space, struct node *node, bool table, unsigned first,
			unsigned last, uint64_t time, uint64_t base, struct space_extent *extent)
{
	struct slots *slots = table ? &node->table : &node->leaf;
	unsigned shift = level_shift(space->granule_lg2, node->level);
	unsigned word;

	for (word = first / 64; word <= last / 64; word++) {
		uint64_t set = slots->bits[word] & word_range(word, first, last);

		for (; set; set &= set - 1) {
			unsigned index = word * 64 + __builtin_ctzll(set);
			uint64_t start = base + bits_put(index, shift), bytes = bits_put(1, shift);

			if (slots->slot[index].time > time)
				continue;
			slots->bits[word] &= ~(set & -set);
			if (!table && bit_test(node->contiguous_bits, index)) {
				node->contiguous_bits[word] &= ~(set & -set);
				bytes <<= level_contiguous_lg2(space->granule_lg2, node->level);
				start &= ~(bytes - 1);
			}
			if (extent)
				extent_grow(extent, start, start + bytes - 1);
		}
	}
}

/* What invalidations of whole regions above a node say about it, gathered on the way down. */
struct cuts {
	uint64_t leaf[LEVELS], table[LEVELS];
};

/* Bring @node's own slots up to date with the cuts of its ancestors and its own. */
static void node_sweep(const struct space *space, struct node *node, struct cuts *cuts)
{
	unsigned index, last = (1u << node->slots_lg2) - 1;

	for (index = node->level + 1; index < LEVELS; index++) {
		cuts->leaf[index] = later(cuts->leaf[index], node->leaf_cut[index]);
		cuts->table[index] = later(cuts->table[index], node->table_cut[index]);
	}
	index = node->level + 1;
	if (cuts->leaf[index] > node->leaf.applied) {
		node->leaf.applied = cuts->leaf[index];
		slots_clear(space, node, false, 0, last, cuts->leaf[index], 0, NULL);
	}
	if (node->child && cuts->table[index] > node->table.applied) {
		node->table.applied = cuts->table[index];
		slots_clear(space, node, true, 0, last, cuts->table[index], 0, NULL);
	}
}

/* The oldest descriptor that covers slot @index: its own, or that of a contiguous neighbour. */
static const struct slot *leaf_covering(const struct space *space, const struct node *node, unsigned index,
					unsigned *found)
{
	unsigned group_lg2 = level_contiguous_lg2(space->granule_lg2, node->level);
	unsigned first = index >> group_lg2 << group_lg2, last = first + (1u << group_lg2) - 1;
	const struct slot *oldest = NULL;
	unsigned word;

	*found = index;
	if (bit_test(node->leaf.bits, index))
		oldest = &node->leaf.slot[index];
	for (word = first / 64; word <= last / 64; word++) {
		uint64_t set = node->contiguous_bits[word];

		if (!set)
			continue;
		for (set &= word_range(word, first, last); set; set &= set - 1) {
			unsigned member = word * 64 + __builtin_ctzll(set);

			if (!oldest || node->leaf.slot[member].time < oldest->time) {
				oldest = &node->leaf.slot[member];
				*found = member;
			}
		}
	}
	return oldest;
}

static void hit_leaf(const struct space *space, const struct node *node, unsigned index,
		     struct space_hit *hit)
{
	unsigned found;
	const struct slot *slot = leaf_covering(space, node, index, &found);

	if (!slot)
		return;
	if (hit->leaf) {
		hit->overlap_nt = (!hit->overlap || hit->overlap_nt) && DESCRIPTOR_NT(hit->smallest);
		hit->overlap = true;
	}
	hit->smallest = slot->descriptor;
	if (hit->leaf && hit->leaf_time <= slot->time)
		return;
	hit->leaf = true;
	hit->leaf_level = node->level;
	hit->leaf_time = slot->time;
	hit->leaf_descriptor =
		slot->descriptor + (((int64_t)index - found) *
				    (int64_t)bits_put(1, level_shift(space->granule_lg2, node->level)));
}

void space_find(struct space *space, uint64_t address, struct space_hit *hit)
{
	struct cuts cuts = { { 0 }, { 0 } };
	struct node *node = space->root;

	*hit = (struct space_hit){ .leaf = false };
	if (address >> SPACE_ADDRESS_BITS)
		return;
	while (node) {
		unsigned index = index_of(space, node, address);

		node_sweep(space, node, &cuts);
		hit_leaf(space, node, index, hit);
		if (!node->child)
			return;
		if (bit_test(node->table.bits, index)) {
			hit->table = true;
			hit->table_level = node->level;
			hit->table_descriptor = node->table.slot[index].descriptor;
		}
		node = node->child[index];
	}
}

/* Descend to @address at @level, sweeping on the way. Return: NULL if absent (or memory is short). */
static struct node *node_at(struct space *space, uint64_t address, int level, bool create)
{
	struct cuts cuts = { { 0 }, { 0 } };
	struct node *node = space->root;

	if (address >> SPACE_ADDRESS_BITS)
		return NULL;
	for (;;) {
		unsigned index = index_of(space, node, address);

		node_sweep(space, node, &cuts);
		if (node->level == level)
			return node;
		if (!node->child[index]) {
			if (!create)
				return NULL;
			node->child[index] = node_new(node->level + 1, space->granule_lg2 - 3);
			if (!node->child[index])
				return NULL;
			bit_set(node->child_bits, index);
		}
		node = node->child[index];
	}
}

bool space_fill(struct space *space, uint64_t address, int level, bool table, uint64_t descriptor,
		uint64_t time, bool replace)
{
	struct node *node = node_at(space, address, level, true);
	struct slots *slots;
	unsigned index;

	if (!node)
		return false;
	slots = table ? &node->table : &node->leaf;
	index = index_of(space, node, address);
	if (!slots->slot) {
		slots->slot = model_alloc(sizeof(struct slot) << node->slots_lg2);
		if (!slots->slot)
			return false;
	}
	if (bit_test(slots->bits, index) && !replace)
		return true;
	bit_set(slots->bits, index);
	slots->slot[index] = (struct slot){ descriptor, time };
	if (table)
		return true;
	node->contiguous_bits[index / 64] &= ~(UINT64_C(1) << index % 64);
	if (DESCRIPTOR_CONTIGUOUS(descriptor) && level_contiguous_lg2(space->granule_lg2, level))
		bit_set(node->contiguous_bits, index);
	return true;
}

struct cut {
	unsigned leaf_levels, table_levels;
	uint64_t time;
	struct space_extent *extent;
};

/* The whole region of @node goes: stamp it, sweep it when it is next visited. */
static void node_cut(struct node *node, const struct cut *cut)
{
	unsigned index;

	for (index = node->level + 1; index < LEVELS; index++) {
		if (cut->leaf_levels >> index & 1)
			node->leaf_cut[index] = later(node->leaf_cut[index], cut->time);
		if (cut->table_levels >> index & 1)
			node->table_cut[index] = later(node->table_cut[index], cut->time);
	}
}

static void node_invalidate(const struct space *space, struct node *node, uint64_t base, uint64_t first,
			    uint64_t last, const struct cut *cut)
{
	unsigned shift = level_shift(space->granule_lg2, node->level), here = LEVEL_BIT(node->level);
	unsigned low = (first - base) >> shift, high = (last - base) >> shift;
	uint64_t bytes = bits_put(1, shift);
	unsigned word;

	if (cut->leaf_levels & here)
		slots_clear(space, node, false, low, high, cut->time, base, cut->extent);
	if (!node->child)
		return;
	if (cut->table_levels & here)
		slots_clear(space, node, true, low, high, cut->time, base, cut->extent);
	if ((cut->leaf_levels | cut->table_levels) < 2 * here)
		return;
	for (word = low / 64; word <= high / 64; word++) {
		uint64_t set = node->child_bits[word] & word_range(word, low, high);

		for (; set; set &= set - 1) {
			unsigned index = word * 64 + __builtin_ctzll(set);
			uint64_t start = base + bits_put(index, shift), end = start + bytes - 1;

			if (first <= start && last >= end)
				node_cut(node->child[index], cut);
			else
				node_invalidate(space, node->child[index], start,
						first > start ? first : start, last < end ? last : end, cut);
		}
	}
}

void space_invalidate(struct space *space, uint64_t first, uint64_t last, unsigned leaf_levels,
		      unsigned table_levels, uint64_t time, struct space_extent *extent)
{
	struct cut cut = { leaf_levels, table_levels, time, extent };
	uint64_t top = bits_mask(SPACE_ADDRESS_BITS - 1, 0);

	if (first > top)
		return;
	if (last > top)
		last = top;
	if (extent)
		extent_grow(extent, first, last);
	if (first == 0 && last == top)
		node_cut(space->root, &cut);
	else
		node_invalidate(space, space->root, 0, first, last, &cut);
}

bool space_get(struct space *space, uint64_t address, int level, bool table, uint64_t *descriptor)
{
	struct node *node = node_at(space, address, level, false);
	struct slots *slots;
	unsigned index;

	if (!node)
		return false;
	slots = table ? &node->table : &node->leaf;
	index = index_of(space, node, address);
	if (!bit_test(slots->bits, index))
		return false;
	*descriptor = slots->slot[index].descriptor;
	return true;
}

struct each {
	const struct space *space;
	uint64_t first, last;
	void *ctx;
	void (*entry)(void *ctx, uint64_t address, int level, bool table, uint64_t descriptor);
};

static void slots_each(const struct each *each, const struct node *node, bool table, uint64_t base,
		       unsigned low, unsigned high)
{
	const struct slots *slots = table ? &node->table : &node->leaf;
	unsigned shift = level_shift(each->space->granule_lg2, node->level), word;

	for (word = low / 64; word <= high / 64; word++) {
		uint64_t set = slots->bits[word] & word_range(word, low, high);

		for (; set; set &= set - 1) {
			unsigned index = word * 64 + __builtin_ctzll(set);

			each->entry(each->ctx, base + bits_put(index, shift), node->level, table,
				    slots->slot[index].descriptor);
		}
	}
}

static void node_each(const struct each *each, struct node *node, uint64_t base, struct cuts cuts)
{
	unsigned shift = level_shift(each->space->granule_lg2, node->level);
	uint64_t top = base + bits_put(1, shift + node->slots_lg2) - 1;
	unsigned low = ((each->first > base ? each->first : base) - base) >> shift;
	unsigned high = ((each->last < top ? each->last : top) - base) >> shift;
	unsigned word;

	node_sweep(each->space, node, &cuts);
	slots_each(each, node, false, base, low, high);
	if (!node->child)
		return;
	slots_each(each, node, true, base, low, high);
	for (word = low / 64; word <= high / 64; word++) {
		uint64_t set = node->child_bits[word] & word_range(word, low, high);

		for (; set; set &= set - 1) {
			unsigned index = word * 64 + __builtin_ctzll(set);

			node_each(each, node->child[index], base + bits_put(index, shift), cuts);
		}
	}
}

void space_each(struct space *space, uint64_t first, uint64_t last, void *ctx,
		void (*entry)(void *ctx, uint64_t address, int level, bool table, uint64_t descriptor))
{
	struct each each = { space, first, last, ctx, entry };
	struct cuts cuts = { { 0 }, { 0 } };

	node_each(&each, space->root, 0, cuts);
}

void space_each_grouped(struct space *space, uint64_t address, int level, void *ctx,
			void (*entry)(void *ctx, uint64_t address, int level, bool table,
				      uint64_t descriptor))
{
	unsigned shift = level_shift(space->granule_lg2, level),
		 lg2 = level_contiguous_lg2(space->granule_lg2, level);
	struct node *node = lg2 ? node_at(space, address, level, false) : NULL;
	uint64_t group = address >> (shift + lg2) << (shift + lg2);
	unsigned first, member;

	if (!node)
		return;
	first = index_of(space, node, group);
	for (member = 0; member < 1u << lg2; member++) {
		if (bit_test(node->leaf.bits, first + member) &&
		    bit_test(node->contiguous_bits, first + member))
			entry(ctx, group + bits_put(member, shift), level, false,
			      node->leaf.slot[first + member].descriptor);
	}
}
