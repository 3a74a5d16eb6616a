/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * cache.h - CPU caches in front of memory, for a model that does not look into them (IDR0.COHACC=0).
 *
 * The CPU works on its own bytes, "live". The model is given the view, "memory", and sees of a line what was
 * cleaned or evicted. What it writes there, live has after an invalidation. One thread at a time, as the
 * model.
 */
#ifndef SMMUV3_MODEL_CACHE_H
#define SMMUV3_MODEL_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MODEL_CACHE_LINE 64u

struct model_cache;

/**
 * model_cache_new() - caches in front of @live, at first all clean.
 * @bytes: a multiple of the line, which @live is aligned to.
 * Return: NULL if memory is short.
 */
struct model_cache *model_cache_new(void *live, size_t bytes);
void model_cache_free(struct model_cache *cache);

/** model_cache_view() - memory, @bytes of it: for model_config.memory, both to read and to write. */
void *model_cache_view(struct model_cache *cache);

/** model_cache_clean() - write the dirty ones of the lines that these bytes touch back to memory, whole. */
void model_cache_clean(struct model_cache *cache, size_t offset, size_t bytes);

/** model_cache_invalidate() - have these lines as memory has them; what was dirty in them is lost. */
void model_cache_invalidate(struct model_cache *cache, size_t offset, size_t bytes);

/** model_cache_evict() - a dirty line chosen by @random is written back, which a cache may do at any time.
 * Return: false if none is dirty. Compares all lines in the worst case. */
bool model_cache_evict(struct model_cache *cache, uint64_t random);

/** model_cache_doorbell() - from here on, a line may be cleaned once again without being counted as
 * redundant. */
void model_cache_doorbell(struct model_cache *cache);

struct model_cache_counters {
	uint64_t cleaned;     /* lines that cleans touched */
	uint64_t redundant;   /* of these: not dirty, or cleaned already since the last doorbell */
	uint64_t invalidated; /* lines that invalidations touched */
	uint64_t lost;	      /* of these: dirty */
	uint64_t evicted;
};
const struct model_cache_counters *model_cache_counters(const struct model_cache *cache);

#endif
