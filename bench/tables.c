/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * tables.c - what raw stage-2 tables in memory say.
 *
 * Spec: DDI 0487, VMSAv8-64 stage 2 descriptor formats, 4 KiB granule.
 */
#include "bench/tables.h"

#include <stdlib.h>
#include <string.h>

#define TABLE_BYTES	   4096u
#define TABLE_ENTRIES	   512u
#define DESCRIPTOR_TYPE	   3u
#define DESCRIPTOR_TABLE   3u
#define DESCRIPTOR_ADDRESS UINT64_C(0x0000fffffffff000)

int tables_open(struct tables *tables, const uint64_t ste[8], const struct model_config *config)
{
	tables->memory = config->memory;
	tables->stage2 = model_decode_ste(ste, config);
	return tables->stage2.valid ? 0 : -1;
}

struct walker {
	struct tables_walk *walk;
	struct tables_run run; /* end == start: none yet */
	void *ctx;
	void (*visit)(void *ctx, const struct tables_run *run);
};

static void yield(struct walker *walker)
{
	if (walker->run.end > walker->run.start && walker->visit)
		walker->visit(walker->ctx, &walker->run);
	walker->run.start = walker->run.end = 0;
}

static void mix(uint64_t *checksum, uint64_t value)
{
	*checksum = (*checksum ^ value) * UINT64_C(0x9e3779b97f4a7c15);
	*checksum ^= *checksum >> 29;
}

static void visit_leaf(void *ctx, const struct model_leaf *leaf)
{
	struct walker *walker = ctx;
	struct tables_run *run = &walker->run;

	if (leaf->valid) {
		walker->walk->leaves[leaf->level]++;
		mix(&walker->walk->checksum, leaf->start);
		mix(&walker->walk->checksum, leaf->end);
		mix(&walker->walk->checksum, leaf->pa);
		mix(&walker->walk->checksum,
		    (uint64_t)leaf->read | (uint64_t)leaf->write << 1 | (uint64_t)leaf->device << 2);
		if (leaf->pa != leaf->start && walker->walk->identity) {
			walker->walk->identity = false;
			walker->walk->moved_start = leaf->start;
			walker->walk->moved_pa = leaf->pa;
		}
	}
	if (!leaf->valid || (!leaf->read && !leaf->write)) {
		yield(walker);
		return;
	}
	if (run->end > run->start && run->end == leaf->start && run->read == leaf->read &&
	    run->write == leaf->write && run->device == leaf->device) {
		run->end = leaf->end;
		return;
	}
	yield(walker);
	*run = (struct tables_run){
		.start = leaf->start,
		.end = leaf->end,
		.read = leaf->read,
		.write = leaf->write,
		.device = leaf->device,
	};
}

int tables_walk(const struct tables *tables, struct tables_walk *walk, void *ctx,
		void (*visit)(void *ctx, const struct tables_run *run))
{
	struct walker walker = { .walk = walk, .ctx = ctx, .visit = visit };

	*walk = (struct tables_walk){ .identity = true };
	if (model_walk_all(&tables->memory, &tables->stage2, &walker, visit_leaf) != MODEL_OK)
		return -1;
	yield(&walker);
	return 0;
}

static int add_page(struct tables_pages *pages, uint64_t pa)
{
	if (pages->count == pages->capacity) {
		size_t capacity = pages->capacity ? 2 * pages->capacity : 256;
		uint64_t *grown = realloc(pages->pa, capacity * sizeof(*grown));

		if (!grown)
			return -1;
		pages->pa = grown;
		pages->capacity = capacity;
	}
	pages->pa[pages->count++] = pa;
	return 0;
}

static int add_tables(const struct tables *tables, struct tables_pages *pages, uint64_t pa, unsigned level)
{
	const uint64_t *entry = tables->memory.read(tables->memory.ctx, pa, TABLE_BYTES);

	if (!entry || add_page(pages, pa))
		return -1;
	if (level == 3)
		return 0;
	for (unsigned i = 0; i < TABLE_ENTRIES; i++)
		if ((entry[i] & DESCRIPTOR_TYPE) == DESCRIPTOR_TABLE &&
		    add_tables(tables, pages, entry[i] & DESCRIPTOR_ADDRESS, level + 1))
			return -1;
	return 0;
}

static int compare(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return (a > b) - (a < b);
}

int tables_pages(const struct tables *tables, struct tables_pages *pages)
{
	unsigned table_lg2 = 48 - 9 * tables->stage2.start_level; /* what one start table covers */
	uint64_t start_tables = 1;

	*pages = (struct tables_pages){ 0 };
	if (tables->stage2.ia_bits > table_lg2)
		start_tables = UINT64_C(1) << (tables->stage2.ia_bits - table_lg2);
	for (uint64_t i = 0; i < start_tables; i++) {
		if (add_tables(tables, pages, tables->stage2.ttb + i * TABLE_BYTES,
			       tables->stage2.start_level)) {
			tables_pages_free(pages);
			return -1;
		}
	}
	qsort(pages->pa, pages->count, sizeof(*pages->pa), compare);
	return 0;
}

void tables_pages_free(struct tables_pages *pages)
{
	free(pages->pa);
	*pages = (struct tables_pages){ 0 };
}
