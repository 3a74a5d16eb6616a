/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * cost_cache.c - one set-associative cache of keys.
 */
#include "bench/cost/cost_cache.h"

#include <stdlib.h>
#include <string.h>

#define SEED UINT64_C(0x2545f4914f6cdd1d)

const char *cost_replace_name(enum cost_replace replace)
{
	static const char *const names[COST_REPLACES] = { [COST_LRU] = "lru", [COST_FIFO] = "fifo",
							  [COST_RANDOM] = "random", [COST_DROP] = "drop" };

	return names[replace];
}

static size_t bytes(const struct cost_cache *cache)
{
	return (size_t)cache->sets * cache->ways * sizeof(*cache->entry);
}

int cost_cache_init(struct cost_cache *cache, const struct cost_geometry *geometry)
{
	*cache = (struct cost_cache){ .replace = geometry->replace };
	if (!geometry->entries)
		return 0;
	cache->ways = geometry->ways ? geometry->ways : geometry->entries;
	cache->sets = geometry->entries / cache->ways;
	cache->entry = calloc(cache->sets, cache->ways * sizeof(*cache->entry));
	cost_cache_clear(cache);
	return cache->entry ? 0 : -1;
}

void cost_cache_free(struct cost_cache *cache)
{
	free(cache->entry);
	*cache = (struct cost_cache){ 0 };
}

void cost_cache_clear(struct cost_cache *cache)
{
	cache->clock = 0;
	cache->random = SEED;
	if (cache->entry)
		memset(cache->entry, 0, bytes(cache));
}

void cost_cache_copy(struct cost_cache *to, const struct cost_cache *from)
{
	to->clock = from->clock;
	to->random = from->random;
	if (to->entry)
		memcpy(to->entry, from->entry, bytes(to));
}

static struct cost_entry *set_of(struct cost_cache *cache, uint64_t index)
{
	return &cache->entry[index % cache->sets * cache->ways];
}

bool cost_cache_find(struct cost_cache *cache, uint64_t index, uint64_t key)
{
	struct cost_entry *set;

	if (!cache->sets)
		return false;
	set = set_of(cache, index);
	for (unsigned i = 0; i < cache->ways; i++) {
		if (set[i].key != key)
			continue;
		if (cache->replace == COST_LRU)
			set[i].stamp = ++cache->clock;
		return true;
	}
	return false;
}

/* xorshift64* */
static uint64_t next_random(struct cost_cache *cache)
{
	cache->random ^= cache->random >> 12;
	cache->random ^= cache->random << 25;
	cache->random ^= cache->random >> 27;
	return cache->random * UINT64_C(0x2545f4914f6cdd1d) >> 32;
}

/* A place of a full set. */
static struct cost_entry *victim(struct cost_cache *cache, struct cost_entry *set)
{
	unsigned oldest = 0;

	if (cache->replace == COST_RANDOM)
		return &set[next_random(cache) % cache->ways];
	if (cache->replace == COST_DROP) {
		memset(cache->entry, 0, bytes(cache));
		return set;
	}
	for (unsigned i = 1; i < cache->ways; i++)
		if (set[i].stamp < set[oldest].stamp)
			oldest = i;
	return &set[oldest];
}

void cost_cache_put(struct cost_cache *cache, uint64_t index, uint64_t key)
{
	struct cost_entry *set, *place = NULL;

	if (!cache->sets || cost_cache_find(cache, index, key))
		return;
	set = set_of(cache, index);
	for (unsigned i = 0; i < cache->ways && !place; i++)
		if (!set[i].key)
			place = &set[i];
	if (!place)
		place = victim(cache, set);
	*place = (struct cost_entry){ .key = key, .stamp = ++cache->clock };
}

void cost_cache_drop(struct cost_cache *cache, bool (*goes)(void *ctx, uint64_t key), void *ctx)
{
	size_t count = (size_t)cache->sets * cache->ways;

	for (size_t i = 0; i < count; i++)
		if (cache->entry[i].key && goes(ctx, cache->entry[i].key))
			cache->entry[i].key = 0;
}
