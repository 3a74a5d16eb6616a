/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * cost_tlb.c - what one SMMU keeps of its translations.
 *
 * A key says what it is: a translation, a descriptor of stage 1 or 2; a leaf or a pointer to a table; its level; and
 * the number of its part of the address space, counted in what an entry of its level covers.
 * A walk starts behind the deepest descriptor that is kept, reads all below it, and keeps them.
 */
#include "bench/cost/cost_tlb.h"

#define LEVEL_LG2 9u		       /* of the entries of a table */
#define LAST	  (COST_LEVELS - 1)

enum {
	KEY_TRANSLATION = 1,
	KEY_STAGE1 = 2,
	KEY_STAGE2 = 3,
};

/* Where the tables of stage 1 are, by level: as many pages as there can be, one behind the other. */
static const uint64_t tables1[COST_LEVELS] = { UINT64_C(0x880000000), UINT64_C(0x880001000), UINT64_C(0x880100000),
					       UINT64_C(0x890000000) };

static unsigned shift(unsigned level)
{
	return LEVEL_LG2 * (LAST - level);
}

static uint64_t key_of(unsigned what, bool leaf, unsigned level, uint64_t page)
{
	return (uint64_t)what << 62 | (uint64_t)leaf << 61 | (uint64_t)level << 59 | page >> shift(level);
}

static unsigned leaf_level(const struct cost_map *map, uint64_t page)
{
	uint64_t block = page >> LEVEL_LG2;

	return block >= map->base && block - map->base < map->count && map->pages[block - map->base] ? LAST :
												       map->elsewhere;
}

int cost_tlb_init(struct cost_tlb *tlb, const struct cost_shape *shape, const struct cost_map *map, bool nested)
{
	int error;

	*tlb = (struct cost_tlb){ .map = map, .nested = nested, .shared = shape->shared };
	error = cost_cache_init(&tlb->micro, &shape->micro) | cost_cache_init(&tlb->main, &shape->main);
	for (unsigned level = 0; level < COST_LEVELS; level++)
		error |= cost_cache_init(&tlb->walk[level], &shape->walk[level]) |
			 cost_cache_init(&tlb->walk1[level], &shape->walk1[level]);
	if (error)
		cost_tlb_free(tlb);
	return error;
}

void cost_tlb_free(struct cost_tlb *tlb)
{
	cost_cache_free(&tlb->micro);
	cost_cache_free(&tlb->main);
	for (unsigned level = 0; level < COST_LEVELS; level++) {
		cost_cache_free(&tlb->walk[level]);
		cost_cache_free(&tlb->walk1[level]);
	}
}

void cost_tlb_copy(struct cost_tlb *to, const struct cost_tlb *from)
{
	cost_cache_copy(&to->micro, &from->micro);
	cost_cache_copy(&to->main, &from->main);
	for (unsigned level = 0; level < COST_LEVELS; level++) {
		cost_cache_copy(&to->walk[level], &from->walk[level]);
		cost_cache_copy(&to->walk1[level], &from->walk1[level]);
	}
	to->misses = from->misses;
}

/* ---- walks ------------------------------------------------------------------------------------------------------- */

static struct cost_cache *walk_cache(struct cost_tlb *tlb, unsigned what, unsigned level)
{
	return tlb->shared ? &tlb->walk[0] : what == KEY_STAGE1 ? &tlb->walk1[level] : &tlb->walk[level];
}

/* The level behind which reading begins: 0 if nothing is kept. */
static unsigned first_read(struct cost_tlb *tlb, unsigned what, unsigned leaf, uint64_t page)
{
	for (unsigned level = leaf + 1; level-- > 0;)
		if (cost_cache_find(walk_cache(tlb, what, level), page >> shift(level),
				    key_of(what, level == leaf, level, page)))
			return level + 1;
	return 0;
}

static void keep(struct cost_tlb *tlb, unsigned what, unsigned leaf, unsigned level, uint64_t page)
{
	cost_cache_put(walk_cache(tlb, what, level), page >> shift(level), key_of(what, level == leaf, level, page));
}

static unsigned walk_stage2(struct cost_tlb *tlb, uint64_t page)
{
	unsigned leaf = leaf_level(tlb->map, page);

	for (unsigned level = first_read(tlb, KEY_STAGE2, leaf, page); level <= leaf; level++) {
		tlb->misses.reads++;
		keep(tlb, KEY_STAGE2, leaf, level, page);
	}
	return leaf;
}

/* Return: the level of the translation. */
static unsigned walk(struct cost_tlb *tlb, uint64_t page)
{
	if (!tlb->nested)
		return walk_stage2(tlb, page);
	for (unsigned level = first_read(tlb, KEY_STAGE1, LAST, page); level <= LAST; level++) {
		/* The page of the table, by what one entry of the level above covers. */
		(void)walk_stage2(tlb, tables1[level] + (page >> shift(level) >> LEVEL_LG2));
		tlb->misses.reads++;
		keep(tlb, KEY_STAGE1, LAST, level, page);
	}
	(void)walk_stage2(tlb, page);
	return LAST;
}

/* ---- translations ------------------------------------------------------------------------------------------------ */

/* Return: the level of the one that is kept; 0: none. Each size is looked for by itself. */
static unsigned find(struct cost_cache *cache, uint64_t page)
{
	for (unsigned level = LAST; level > 0; level--)
		if (cost_cache_find(cache, page >> shift(level), key_of(KEY_TRANSLATION, true, level, page)))
			return level;
	return 0;
}

static void put(struct cost_cache *cache, unsigned level, uint64_t page)
{
	cost_cache_put(cache, page >> shift(level), key_of(KEY_TRANSLATION, true, level, page));
}

void cost_tlb_use(struct cost_tlb *tlb, uint64_t page)
{
	unsigned level;

	tlb->misses.accesses++;
	if (find(&tlb->micro, page))
		return;
	tlb->misses.micro += tlb->micro.sets != 0;
	level = find(&tlb->main, page);
	if (!level) {
		tlb->misses.main++;
		level = walk(tlb, page);
		put(&tlb->main, level, page);
	}
	put(&tlb->micro, level, page);
}

/* ---- invalidation ------------------------------------------------------------------------------------------------ */

struct dropping {
	const struct cost_drops *drops;
	bool nested;
};

static bool goes(void *ctx, uint64_t key)
{
	const struct dropping *dropping = ctx;
	unsigned what = (unsigned)(key >> 62), level = key >> 59 & 3;
	uint64_t page = (key & ((UINT64_C(1) << 59) - 1)) << shift(level);

	/* What is kept by the addresses of stage 1 is not found by those of stage 2. */
	if (what != KEY_STAGE2 && dropping->nested)
		return dropping->drops->all || dropping->drops->stage1;
	return cost_drops_entry(dropping->drops, page, UINT64_C(1) << shift(level), level, key >> 61 & 1);
}

void cost_tlb_drop(struct cost_tlb *tlb, const struct cost_drops *drops)
{
	struct dropping dropping = { .drops = drops, .nested = tlb->nested };

	cost_cache_drop(&tlb->micro, goes, &dropping);
	cost_cache_drop(&tlb->main, goes, &dropping);
	for (unsigned level = 0; level < COST_LEVELS; level++) {
		cost_cache_drop(&tlb->walk[level], goes, &dropping);
		cost_cache_drop(&tlb->walk1[level], goes, &dropping);
	}
}
