/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * cost_cache.h - one set-associative cache of keys: what a modelled SMMU keeps translations and descriptors in.
 */
#ifndef BENCH_COST_CACHE_H
#define BENCH_COST_CACHE_H

#include <stdbool.h>
#include <stdint.h>

/* What goes when a set is full. */
enum cost_replace {
	COST_LRU,		       /* what was used longest ago */
	COST_FIFO,		       /* what came longest ago; round robin */
	COST_RANDOM,
	COST_DROP,		       /* everything in the cache */
	COST_REPLACES,
};

const char *cost_replace_name(enum cost_replace replace);

struct cost_geometry {
	unsigned entries;	       /* 0: there is none */
	unsigned ways;		       /* entries is a multiple of it; 0: fully associative */
	enum cost_replace replace;
};

struct cost_entry {
	uint64_t key;		       /* 0: free */
	uint64_t stamp;
};

struct cost_cache {
	struct cost_entry *entry;      /* set after set */
	unsigned sets, ways;
	enum cost_replace replace;
	uint64_t clock, random;
};

/* Empty. Return: 0; -1 if memory is short. */
int cost_cache_init(struct cost_cache *cache, const struct cost_geometry *geometry) __attribute__((warn_unused_result));
void cost_cache_free(struct cost_cache *cache);
void cost_cache_clear(struct cost_cache *cache);

/* The same content as another one of its geometry. */
void cost_cache_copy(struct cost_cache *to, const struct cost_cache *from);

/* Is the key, not 0, in the set that @index falls into? Counts as a use. */
bool cost_cache_find(struct cost_cache *cache, uint64_t index, uint64_t key);

/* Put it there, if it is not, in place of another if need be. */
void cost_cache_put(struct cost_cache *cache, uint64_t index, uint64_t key);

/* Take out what @goes says. */
void cost_cache_drop(struct cost_cache *cache, bool (*goes)(void *ctx, uint64_t key), void *ctx);

#endif
