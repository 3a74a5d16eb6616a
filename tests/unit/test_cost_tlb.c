/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_cost_tlb.c - the modelled TLB and walk caches agree with a naive reference, and with what can be counted by hand.
 *
 * The reference keeps lists of what it was told, each as a string of facts, and looks through them from the start.
 */
#include "bench/cost/cost_tlb.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/seeded.h"

/* ---- the reference ---------------------------------------------------------------------------------------------- */

enum { TRANSLATION, STAGE1, STAGE2 };

/* One thing kept: what it is, and the pages that it is about. */
struct thing {
	int what;
	bool leaf;
	unsigned level;
	uint64_t start, end;
	uint64_t time;
};

struct ref_cache {
	struct cost_geometry geometry;
	struct thing thing[4096];
	unsigned count;
};

struct ref {
	bool nested, shared;
	struct ref_cache micro, main, walk[4], walk1[4];
	uint64_t time, micro_misses, main_misses, reads;
	const struct cost_map *map;
};

static uint64_t covers(unsigned level)
{
	static const uint64_t pages[4] = { 1 << 27, 1 << 18, 1 << 9, 1 };

	return pages[level];
}

static unsigned ref_set(const struct ref_cache *cache, const struct thing *thing)
{
	unsigned ways = cache->geometry.ways ? cache->geometry.ways : cache->geometry.entries;

	return (unsigned)(thing->start / covers(thing->level) % (cache->geometry.entries / ways));
}

static struct thing thing_at(int what, bool leaf, unsigned level, uint64_t page)
{
	uint64_t start = page / covers(level) * covers(level);

	return (struct thing){ .what = what, .leaf = leaf, .level = level, .start = start, .end = start + covers(level) };
}

static bool ref_find(struct ref *ref, struct ref_cache *cache, struct thing thing)
{
	for (unsigned i = 0; i < cache->count; i++) {
		struct thing *one = &cache->thing[i];

		if (one->what != thing.what || one->leaf != thing.leaf || one->level != thing.level || one->start != thing.start)
			continue;
		if (cache->geometry.replace == COST_LRU)
			one->time = ++ref->time;
		return true;
	}
	return false;
}

static void ref_remove(struct ref_cache *cache, unsigned index)
{
	memmove(&cache->thing[index], &cache->thing[index + 1], (cache->count - index - 1) * sizeof(struct thing));
	cache->count--;
}

static void ref_put(struct ref *ref, struct ref_cache *cache, struct thing thing)
{
	unsigned ways = cache->geometry.ways ? cache->geometry.ways : cache->geometry.entries, in_set = 0, oldest = 0;
	uint64_t time = UINT64_MAX;

	if (!cache->geometry.entries || ref_find(ref, cache, thing))
		return;
	for (unsigned i = 0; i < cache->count; i++) {
		if (ref_set(cache, &cache->thing[i]) != ref_set(cache, &thing))
			continue;
		in_set++;
		if (cache->thing[i].time < time) {
			time = cache->thing[i].time;
			oldest = i;
		}
	}
	if (in_set == ways && cache->geometry.replace == COST_DROP)
		cache->count = 0;
	else if (in_set == ways)
		ref_remove(cache, oldest);
	thing.time = ++ref->time;
	cache->thing[cache->count++] = thing;
}

static unsigned ref_leaf(const struct ref *ref, uint64_t page)
{
	uint64_t block = page / 512;

	if (block < ref->map->base || block >= ref->map->base + ref->map->count)
		return ref->map->elsewhere;
	return ref->map->pages[block - ref->map->base] ? 3 : ref->map->elsewhere;
}

static struct ref_cache *ref_walk_cache(struct ref *ref, int stage, unsigned level)
{
	if (ref->shared)
		return &ref->walk[0];
	return stage == STAGE1 ? &ref->walk1[level] : &ref->walk[level];
}

static unsigned ref_descend(struct ref *ref, int stage, uint64_t page, unsigned leaf, void (*fetch)(struct ref *, unsigned, uint64_t))
{
	int level = (int)leaf;

	while (level >= 0 && !ref_find(ref, ref_walk_cache(ref, stage, (unsigned)level),
				       thing_at(stage, level == (int)leaf, (unsigned)level, page)))
		level--;
	for (level++; level <= (int)leaf; level++) {
		if (fetch)
			fetch(ref, (unsigned)level, page);
		ref->reads++;
		ref_put(ref, ref_walk_cache(ref, stage, (unsigned)level),
			thing_at(stage, level == (int)leaf, (unsigned)level, page));
	}
	return leaf;
}

/* Where the model says that stage 1 has its tables. */
static void ref_fetch1(struct ref *ref, unsigned level, uint64_t page)
{
	static const uint64_t base[4] = { 0x880000000, 0x880001000, 0x880100000, 0x890000000 };
	uint64_t table = base[level] + (level ? page / covers(level - 1) : 0);

	(void)ref_descend(ref, STAGE2, table, ref_leaf(ref, table), NULL);
}

static unsigned ref_level(struct ref *ref, struct ref_cache *cache, uint64_t page)
{
	for (unsigned level = 3; level >= 1; level--)
		if (ref_find(ref, cache, thing_at(TRANSLATION, true, level, page)))
			return level;
	return 0;
}

static void ref_use(struct ref *ref, uint64_t page)
{
	unsigned level = ref_level(ref, &ref->micro, page);

	if (level)
		return;
	ref->micro_misses += ref->micro.geometry.entries != 0;
	level = ref_level(ref, &ref->main, page);
	if (!level) {
		ref->main_misses++;
		if (ref->nested)
			ref_descend(ref, STAGE1, page, 3, ref_fetch1);
		level = ref_descend(ref, STAGE2, page, ref_leaf(ref, page), NULL);
		level = ref->nested ? 3 : level;
		ref_put(ref, &ref->main, thing_at(TRANSLATION, true, level, page));
	}
	ref_put(ref, &ref->micro, thing_at(TRANSLATION, true, level, page));
}

static bool ref_goes(const struct ref *ref, const struct thing *thing, const struct cost_effect *effect)
{
	bool touches = effect->start < thing->end && thing->start < effect->end;

	if (effect->kind == COST_KIND_VMID)
		return true;
	if (effect->kind == COST_KIND_STAGE1)
		return ref->nested && thing->what != STAGE2;
	if (ref->nested && thing->what != STAGE2)
		return false;
	if (thing->leaf)
		return touches && (effect->ttl == 0 || effect->ttl == thing->level);
	return touches && !effect->leaf && (effect->ttl == 0 || thing->level < effect->ttl);
}

static void ref_drop(struct ref *ref, struct ref_cache *cache, const struct cost_effect *effect)
{
	for (unsigned i = cache->count; i-- > 0;)
		if (ref_goes(ref, &cache->thing[i], effect))
			ref_remove(cache, i);
}

static void ref_flush(struct ref *ref, const struct cost_effect *effect)
{
	ref_drop(ref, &ref->micro, effect);
	ref_drop(ref, &ref->main, effect);
	for (unsigned level = 0; level < 4; level++) {
		ref_drop(ref, &ref->walk[level], effect);
		ref_drop(ref, &ref->walk1[level], effect);
	}
}

/* ---- against it --------------------------------------------------------------------------------------------------- */

static struct cost_geometry random_cache(uint64_t *seed)
{
	static const enum cost_replace replace[3] = { COST_LRU, COST_FIFO, COST_DROP };
	unsigned ways = 1 + (unsigned)seeded_below(seed, 8), sets = 1 + (unsigned)seeded_below(seed, 16);

	if (!seeded_below(seed, 6))
		return (struct cost_geometry){ 0 };
	return (struct cost_geometry){ .entries = ways * sets, .ways = seeded_below(seed, 4) ? ways : 0,
				       .replace = replace[seeded_below(seed, 3)] };
}

static void random_shape(uint64_t *seed, struct cost_shape *shape, struct ref *ref)
{
	*shape = (struct cost_shape){ .micro = random_cache(seed), .main = random_cache(seed) };
	shape->shared = !seeded_below(seed, 4);
	for (unsigned level = 0; level < (shape->shared ? 1u : 4u); level++) {
		shape->walk[level] = random_cache(seed);
		shape->walk1[level] = shape->shared ? (struct cost_geometry){ 0 } : random_cache(seed);
	}
	ref->shared = shape->shared;
	ref->micro.geometry = shape->micro;
	ref->main.geometry = shape->main;
	for (unsigned level = 0; level < 4; level++) {
		ref->walk[level].geometry = shape->walk[level];
		ref->walk1[level].geometry = shape->walk1[level];
	}
}

/* Of the kinds that there are; ranges begin and end where entries of their level do. */
static struct cost_effect random_effect(uint64_t *seed, uint64_t pages)
{
	static const enum cost_kind kinds[] = { COST_KIND_PAGE, COST_KIND_RANGE, COST_KIND_RANGE, COST_KIND_VMID,
						COST_KIND_STAGE1 };
	struct cost_effect effect = { .kind = kinds[seeded_below(seed, 12) % 5 % (seeded_below(seed, 6) ? 3 : 5)],
				      .leaf = seeded_below(seed, 2) };

	effect.start = seeded_below(seed, pages);
	effect.end = effect.start + 1;
	if (effect.kind == COST_KIND_RANGE) {
		effect.ttl = (unsigned)seeded_below(seed, 3) ? 0 : 2 + (unsigned)seeded_below(seed, 2);
		effect.end += seeded_below(seed, 600);
		if (effect.ttl == 2) {
			effect.start &= ~UINT64_C(511);
			effect.end = (effect.end + 511) & ~UINT64_C(511);
		}
	}
	return effect;
}

static void compare(const struct cost_tlb *tlb, const struct ref *ref)
{
	assert_int_equal(tlb->misses.micro, ref->micro_misses);
	assert_int_equal(tlb->misses.main, ref->main_misses);
	assert_int_equal(tlb->misses.reads, ref->reads);
}

static void flush_both(uint64_t *seed, struct cost_tlb *tlb, struct ref *ref, uint64_t pages)
{
	unsigned count = 1 + (unsigned)seeded_below(seed, 5);
	struct cost_drops drops = { 0 };

	for (unsigned i = 0; i < count; i++) {
		struct cost_effect effect = random_effect(seed, pages);

		assert_int_equal(cost_drops_add(&drops, &effect), 0);
		ref_flush(ref, &effect);
	}
	cost_drops_close(&drops);
	cost_tlb_drop(tlb, &drops);
	cost_drops_free(&drops);
}

static void random_streams_miss_as_often_as_in_the_reference(void **state)
{
	static struct ref ref;
	uint64_t seed = seeded_start();

	(void)state;
	for (unsigned round = 0; round < 150; round++) {
		uint64_t pages = 1 + seeded_below(&seed, 4096);
		uint8_t split[8];
		struct cost_map map = { .base = 1, .count = 8, .pages = split, .elsewhere = 2 + (unsigned)(round & 1) };
		struct cost_shape shape;
		struct cost_tlb tlb;

		for (unsigned i = 0; i < 8; i++)
			split[i] = (uint8_t)seeded_below(&seed, 2);
		memset(&ref, 0, sizeof(ref));
		ref.map = &map;
		ref.nested = round & 2;
		random_shape(&seed, &shape, &ref);
		assert_int_equal(cost_tlb_init(&tlb, &shape, &map, ref.nested), 0);
		for (unsigned i = 0; i < 2000; i++) {
			uint64_t page = seeded_below(&seed, 3) ? seeded_below(&seed, pages) : seeded_below(&seed, pages / 8 + 1);

			cost_tlb_use(&tlb, page);
			ref_use(&ref, page);
			if (!seeded_below(&seed, 60))
				flush_both(&seed, &tlb, &ref, pages);
			compare(&tlb, &ref);
		}
		cost_tlb_free(&tlb);
	}
}

/* ---- by hand ------------------------------------------------------------------------------------------------------ */

static const struct cost_map in_pages = { .elsewhere = 3 }, in_blocks = { .elsewhere = 2 };

static void open_tlb(struct cost_tlb *tlb, const struct cost_shape *shape, const struct cost_map *map, bool nested)
{
	assert_int_equal(cost_tlb_init(tlb, shape, map, nested), 0);
}

static void a_walk_without_caches_reads_every_level(void **state)
{
	const struct cost_shape shape = { .main = { .entries = 4 } };
	struct cost_tlb tlb;

	(void)state;
	open_tlb(&tlb, &shape, &in_pages, false);
	cost_tlb_use(&tlb, 1000);
	cost_tlb_use(&tlb, 1000);
	assert_int_equal(tlb.misses.reads, 4);
	assert_int_equal(tlb.misses.main, 1);
	cost_tlb_free(&tlb);
	open_tlb(&tlb, &shape, &in_blocks, false);
	cost_tlb_use(&tlb, 1000);
	cost_tlb_use(&tlb, 600);
	assert_int_equal(tlb.misses.reads, 3);
	cost_tlb_free(&tlb);
	/* Each of 4 descriptors of stage 1, and the page itself, is translated by 4 of stage 2. */
	open_tlb(&tlb, &shape, &in_pages, true);
	cost_tlb_use(&tlb, 1000);
	assert_int_equal(tlb.misses.reads, 24);
	cost_tlb_free(&tlb);
}

static void a_walk_begins_behind_what_is_kept(void **state)
{
	const struct cost_shape shape = { .main = { .entries = 4 }, .walk = { { 0 }, { 0 }, { .entries = 4 }, { 0 } } };
	struct cost_tlb tlb;

	(void)state;
	open_tlb(&tlb, &shape, &in_pages, false);
	cost_tlb_use(&tlb, 0);
	cost_tlb_use(&tlb, 1);
	assert_int_equal(tlb.misses.reads, 5);
	cost_tlb_use(&tlb, 512);
	assert_int_equal(tlb.misses.reads, 9);
	cost_tlb_free(&tlb);
}

static void leaf_keeps_pointers_to_tables(void **state)
{
	const struct cost_shape shape = { .main = { .entries = 4 }, .walk = { { .entries = 16 } }, .shared = true };
	struct cost_effect effect = { .kind = COST_KIND_RANGE, .start = 0, .end = 512, .leaf = true };
	struct cost_drops drops = { 0 };
	struct cost_tlb tlb;

	(void)state;
	open_tlb(&tlb, &shape, &in_pages, false);
	cost_tlb_use(&tlb, 7);
	assert_int_equal(cost_drops_add(&drops, &effect), 0);
	cost_drops_close(&drops);
	cost_tlb_drop(&tlb, &drops);
	cost_tlb_use(&tlb, 7);
	assert_int_equal(tlb.misses.reads, 5);
	effect.leaf = false;
	assert_int_equal(cost_drops_add(&drops, &effect), 0);
	cost_drops_close(&drops);
	cost_tlb_drop(&tlb, &drops);
	cost_tlb_use(&tlb, 7);
	assert_int_equal(tlb.misses.reads, 9);
	cost_drops_free(&drops);
	cost_tlb_free(&tlb);
}

static void random_replacement_replays(void **state)
{
	const struct cost_shape shape = { .main = { .entries = 16, .ways = 4, .replace = COST_RANDOM } };
	struct cost_tlb tlb[2];

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		uint64_t seed = 5;

		open_tlb(&tlb[i], &shape, &in_pages, false);
		for (unsigned j = 0; j < 1000; j++)
			cost_tlb_use(&tlb[i], seeded_below(&seed, 30));
	}
	assert_memory_equal(&tlb[0].misses, &tlb[1].misses, sizeof(tlb[0].misses));
	assert_in_range(tlb[0].misses.main, 30, 999);
	for (unsigned i = 0; i < 2; i++)
		cost_tlb_free(&tlb[i]);
}

static void a_copy_goes_on_like_what_it_was_copied_from(void **state)
{
	const struct cost_shape shape = { .micro = { .entries = 4, .ways = 2 },
					  .main = { .entries = 16, .ways = 4, .replace = COST_RANDOM },
					  .walk = { { .entries = 8, .ways = 2, .replace = COST_FIFO } },
					  .shared = true };
	struct cost_tlb first, second;
	uint64_t seed = seeded_start();

	(void)state;
	open_tlb(&first, &shape, &in_pages, true);
	open_tlb(&second, &shape, &in_pages, true);
	for (unsigned i = 0; i < 200; i++)
		cost_tlb_use(&first, seeded_below(&seed, 60));
	cost_tlb_copy(&second, &first);
	for (unsigned i = 0; i < 200; i++) {
		uint64_t page = seeded_below(&seed, 60);

		cost_tlb_use(&first, page);
		cost_tlb_use(&second, page);
	}
	assert_memory_equal(&first.misses, &second.misses, sizeof(first.misses));
	cost_tlb_free(&first);
	cost_tlb_free(&second);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_streams_miss_as_often_as_in_the_reference),
		cmocka_unit_test(a_walk_without_caches_reads_every_level),
		cmocka_unit_test(a_walk_begins_behind_what_is_kept),
		cmocka_unit_test(leaf_keeps_pointers_to_tables),
		cmocka_unit_test(random_replacement_replays),
		cmocka_unit_test(a_copy_goes_on_like_what_it_was_copied_from),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
