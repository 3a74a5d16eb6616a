/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * tables.c - what raw stage-2 tables in memory say, in the format that their STE gives them.
 */
#include "bench/replay/tables.h"

#include <stdlib.h>

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

struct collector {
	struct tables_pages *pages;
	bool short_of_memory;
};

static void add_table(void *ctx, const struct model_table *table)
{
	struct collector *collector = ctx;
	struct tables_pages *pages = collector->pages;

	if (pages->count == pages->capacity) {
		size_t capacity = pages->capacity ? 2 * pages->capacity : 256;
		uint64_t *grown = realloc(pages->pa, capacity * sizeof(*grown));

		if (!grown) {
			collector->short_of_memory = true;
			return;
		}
		pages->pa = grown;
		pages->capacity = capacity;
	}
	pages->pa[pages->count++] = table->pa;
}

static int compare(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return (a > b) - (a < b);
}

int tables_pages(const struct tables *tables, struct tables_pages *pages)
{
	struct collector collector = { .pages = pages };

	*pages = (struct tables_pages){ 0 };
	if (model_walk_tables(&tables->memory, &tables->stage2, &collector, add_table) != MODEL_OK ||
	    collector.short_of_memory) {
		tables_pages_free(pages);
		return -1;
	}
	qsort(pages->pa, pages->count, sizeof(*pages->pa), compare);
	return 0;
}

void tables_pages_free(struct tables_pages *pages)
{
	free(pages->pa);
	*pages = (struct tables_pages){ 0 };
}
