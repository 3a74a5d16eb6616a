/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * tables.h - what raw stage-2 tables in memory say, read with the model's decoder from the STE on.
 */
#ifndef BENCH_TABLES_H
#define BENCH_TABLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "smmuv3/model/model.h"

struct tables {
	struct model_memory memory;
	struct model_stage2 stage2;
};

/* Return: 0; -1 if the STE is no legal stage-2 STE. */
int tables_open(struct tables *tables, const uint64_t ste[8], const struct model_config *config)
	__attribute__((warn_unused_result));

/* A maximal run of addresses that a device can reach, with one access and one memory type. */
struct tables_run {
	uint64_t start, end;
	bool read, write, device;
};

struct tables_walk {
	uint64_t leaves[4];   /* by level; there are none at level -1 */
	uint64_t checksum;    /* of all leaves */
	bool identity;	      /* every output address is its input address */
	uint64_t moved_start; /* the first that is not */
	uint64_t moved_pa;
};

/**
 * tables_walk() - go through every leaf.
 * @visit: called for each run in ascending order; may be NULL.
 * Return: 0; -1 if a table cannot be read or is malformed.
 */
int tables_walk(const struct tables *tables, struct tables_walk *walk, void *ctx,
		void (*visit)(void *ctx, const struct tables_run *run)) __attribute__((warn_unused_result));

/* Physical addresses of all tables that a walker can reach, sorted: one granule each, a small start table
 * less. */
struct tables_pages {
	uint64_t *pa;
	size_t count, capacity;
};

/* Return: 0; -1 if memory is short or a table is malformed or lies outside memory. Release with
 * tables_pages_free(). */
int tables_pages(const struct tables *tables, struct tables_pages *pages) __attribute__((warn_unused_result));
void tables_pages_free(struct tables_pages *pages);

#endif
