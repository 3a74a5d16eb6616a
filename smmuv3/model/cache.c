/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * cache.c - CPU caches in front of memory; see cache.h.
 *
 * A line is dirty if live differs from what was last common to both sides, so stores need no hook; one that
 * stores what is there already leaves a line clean. A line is written back whole: what the device has
 * written into it since is overwritten, as in a machine where both share a line.
 */
#include "cache.h"

#include <string.h>

#include "alloc.h"

enum {
	LINE_WORDS = MODEL_CACHE_LINE / 8
};

struct line {
	uint64_t word[LINE_WORDS];
};

struct model_cache {
	struct line *live, *memory;
	struct line *common; /* as of the last transfer between the two */
	uint64_t *cleaned;   /* a bit for each line: since the last doorbell */
	size_t lines;
	struct model_cache_counters counters;
};

struct model_cache *model_cache_new(void *live, size_t bytes)
{
	struct model_cache *cache = model_alloc(sizeof(*cache));

	if (!cache)
		return NULL;
	cache->live = live;
	cache->lines = bytes / MODEL_CACHE_LINE;
	cache->memory = model_alloc(bytes);
	cache->common = model_alloc(bytes);
	cache->cleaned = model_alloc((cache->lines / 64 + 1) * sizeof(uint64_t));
	if (!cache->memory || !cache->common || !cache->cleaned) {
		model_cache_free(cache);
		return NULL;
	}
	memcpy(cache->memory, live, bytes);
	memcpy(cache->common, live, bytes);
	return cache;
}

void model_cache_free(struct model_cache *cache)
{
	if (!cache)
		return;
	model_release(cache->memory);
	model_release(cache->common);
	model_release(cache->cleaned);
	model_release(cache);
}

void *model_cache_view(struct model_cache *cache)
{
	return cache->memory;
}

/* Word by word: a walker may read the destination, and the CPU may write the source. */
static void transfer(struct line *to, const struct line *from, struct line *common)
{
	unsigned word;

	for (word = 0; word < LINE_WORDS; word++) {
		uint64_t value = __atomic_load_n(&from->word[word], __ATOMIC_ACQUIRE);

		__atomic_store_n(&to->word[word], value, __ATOMIC_RELEASE);
		common->word[word] = value;
	}
}

static bool dirty(const struct model_cache *cache, size_t line)
{
	unsigned word;

	for (word = 0; word < LINE_WORDS; word++) {
		if (__atomic_load_n(&cache->live[line].word[word], __ATOMIC_ACQUIRE) !=
		    cache->common[line].word[word])
			return true;
	}
	return false;
}

static void write_back(struct model_cache *cache, size_t line)
{
	transfer(&cache->memory[line], &cache->live[line], &cache->common[line]);
}

/* The line after the last one that these bytes touch. */
static size_t line_end(const struct model_cache *cache, size_t offset, size_t bytes)
{
	size_t end = bytes ? (offset + bytes - 1) / MODEL_CACHE_LINE + 1 : 0;

	return end < cache->lines ? end : cache->lines;
}

void model_cache_clean(struct model_cache *cache, size_t offset, size_t bytes)
{
	size_t line, end = line_end(cache, offset, bytes);

	for (line = offset / MODEL_CACHE_LINE; line < end; line++) {
		uint64_t bit = UINT64_C(1) << line % 64;
		bool wrote = dirty(cache, line);

		cache->counters.cleaned++;
		cache->counters.redundant += !wrote || cache->cleaned[line / 64] & bit;
		cache->cleaned[line / 64] |= bit;
		if (wrote)
			write_back(cache, line);
	}
}

void model_cache_invalidate(struct model_cache *cache, size_t offset, size_t bytes)
{
	size_t line, end = line_end(cache, offset, bytes);

	for (line = offset / MODEL_CACHE_LINE; line < end; line++) {
		cache->counters.invalidated++;
		cache->counters.lost += dirty(cache, line);
		transfer(&cache->live[line], &cache->memory[line], &cache->common[line]);
	}
}

bool model_cache_evict(struct model_cache *cache, uint64_t random)
{
	size_t line = cache->lines ? random % cache->lines : 0, seen;

	for (seen = 0; seen < cache->lines; seen++, line = line + 1 < cache->lines ? line + 1 : 0) {
		if (!dirty(cache, line))
			continue;
		write_back(cache, line);
		cache->counters.evicted++;
		return true;
	}
	return false;
}

void model_cache_doorbell(struct model_cache *cache)
{
	memset(cache->cleaned, 0, (cache->lines / 64 + 1) * sizeof(uint64_t));
}

const struct model_cache_counters *model_cache_counters(const struct model_cache *cache)
{
	return &cache->counters;
}
