/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * cost_tlb.h - what one SMMU keeps of its translations: two TLBs, and walk caches for both stages.
 *
 * A model, for what a flush costs after it: who asks is a stream of pages, and what is counted are misses and reads of
 * tables. Tables are of 4 KiB, for 48-bit addresses, with 4 levels. A stage 1, if there is one, maps every page to itself,
 * in pages; its tables lie in memory that stage 2 maps as the rest. An entry combines both stages.
 */
#ifndef BENCH_COST_TLB_H
#define BENCH_COST_TLB_H

#include "bench/cost/cost_cache.h"
#include "bench/cost/cost_effect.h"

#define COST_LEVELS 4u

/* What a device has. */
struct cost_shape {
	struct cost_geometry micro;    /* near the device, asked first */
	struct cost_geometry main;
	struct cost_geometry walk[COST_LEVELS]; /* descriptors of stage 2, by level; with @shared the first has all, */
	bool shared;		       /* those of stage 1 included */
	struct cost_geometry walk1[COST_LEVELS]; /* of stage 1 */
};

/* Where stage 2 has pages: blocks of 2 MiB numbered from BASE; beside them, leaves of level ELSEWHERE. */
struct cost_map {
	uint64_t base, count;
	const uint8_t *pages;	       /* a byte for each block, 1: it is in pages */
	unsigned elsewhere;
};

struct cost_misses {
	uint64_t accesses;
	uint64_t micro, main;	       /* not found there */
	uint64_t reads;		       /* of tables */
};

struct cost_tlb {
	const struct cost_map *map;
	bool nested, shared;
	struct cost_cache micro, main, walk[COST_LEVELS], walk1[COST_LEVELS];
	struct cost_misses misses;
};

/* Return: 0; -1 if memory is short. @map stays the caller's. */
int cost_tlb_init(struct cost_tlb *tlb, const struct cost_shape *shape, const struct cost_map *map, bool nested)
	__attribute__((warn_unused_result));
void cost_tlb_free(struct cost_tlb *tlb);

/* The same content and counts as another one of its shape. */
void cost_tlb_copy(struct cost_tlb *to, const struct cost_tlb *from);

/* The device uses a page, which is mapped. */
void cost_tlb_use(struct cost_tlb *tlb, uint64_t page);

/* @drops: closed. */
void cost_tlb_drop(struct cost_tlb *tlb, const struct cost_drops *drops);

#endif
