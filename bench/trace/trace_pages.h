/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * trace_pages.h - what a trace has done to each page so far: its state, and the transition that touched it
 * last.
 *
 * Kept in blocks of 2 MiB that exist once something in them is not as at first (owned and never touched), so
 * that hosts of terabytes cost what is used of them.
 */
#ifndef BENCH_TRACE_PAGES_H
#define BENCH_TRACE_PAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/trace/trace.h"

#define TRACE_BLOCK_LG2	  9
#define TRACE_BLOCK_PAGES (1u << TRACE_BLOCK_LG2)
#define TRACE_NEVER	  UINT32_MAX
#define TRACE_BLOCKS_MAX  (1u << 20) /* 2 TiB of pages that change; takes 4 GiB */

struct trace_page {
	uint32_t last; /* index of the last T, TRACE_NEVER if there is none */
	uint8_t state; /* enum trace_state */
	bool changed;  /* its access, by a T */
	bool held;     /* for a T that is still to come */
};

struct trace_block {
	uint64_t number;  /* first page >> TRACE_BLOCK_LG2 */
	unsigned without; /* pages in state N */
	struct trace_page page[TRACE_BLOCK_PAGES];
};

struct trace_pages {
	struct trace_block **slot; /* open addressing by number */
	size_t room, count;
	uint64_t without;	 /* pages in state N */
	uint64_t blocks_without; /* whole blocks of them */
};

/* As the first snapshot of @trace says. Return: 0; -1 if memory is short. */
int trace_pages_init(struct trace_pages *pages, const struct trace *trace)
	__attribute__((warn_unused_result));
void trace_pages_free(struct trace_pages *pages);

/* The page, made if it is not there; NULL if memory is short. Stays where it is. */
struct trace_page *trace_pages_get(struct trace_pages *pages, uint64_t page);

/* The page, or NULL if nothing ever happened in its block: it is owned and never touched. */
const struct trace_page *trace_pages_find(const struct trace_pages *pages, uint64_t page);

/* Give a page a state. Return: the page; NULL if memory is short. */
struct trace_page *trace_pages_set(struct trace_pages *pages, uint64_t page, uint8_t state);

#endif
