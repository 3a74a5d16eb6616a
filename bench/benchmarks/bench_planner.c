/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * bench_planner.c - what does it cost to say what has to be forgotten, a span that a flush has changed?
 *
 * In the time: the spans as the tables have noted them are copied, closed and planned, and the commands
 * stored. By what the spans are like, for SMMUs with range invalidation and without (no_ril): sequential
 * pages one behind the other, noted one by one: one span strided     every second page: too far apart to be
 * bridged dense       31 pages of 32: ranges may bridge the gaps random      pages anywhere in 1 GiB,
 * ascending blocks      tables of 512 pages that have gone, one in two eager: a command for each page of a
 * span, without a look at any other, as the baseline says it. strict says the spans of one call; there is one
 * page in a call here, so it is the same. Commands are counted.
 */
#include <stdlib.h>
#include <string.h>

#include "bench/benchmarks/harness.h"
#include "bench/common/random.h"
#include "smmuv3/tlbi_plan.h"

#define SPANS_MAX   4096u
#define GIB_PAGES   (1u << 18)
#define BASE	    GIB_PAGES /* the first page */
#define TABLE_PAGES 512u
#define VMID	    5u
#define IA_BITS	    40u

enum pattern {
	SEQUENTIAL,
	STRIDED,
	DENSE,
	RANDOM,
	BLOCKS
};

struct kind {
	enum pattern pattern;
	bool eager, no_ril;
};

struct planner {
	const struct kind *kind;
	unsigned count; /* spans noted */
	struct tlbi_span noted[SPANS_MAX], span[SPANS_MAX];
	struct tlbi_format format;
	uint64_t commands;
	uint64_t ring[2 * SPANS_MAX]; /* two words each; it wraps */
};

static int compare(const void *left, const void *right)
{
	const struct tlbi_span *a = left, *b = right;

	return (a->start > b->start) - (a->start < b->start);
}

static uint64_t first_page(enum pattern pattern, unsigned i, uint64_t *state)
{
	switch (pattern) {
	case STRIDED:
		return BASE + 2 * i;
	case DENSE:
		return BASE + i + i / 31;
	case RANDOM:
		return BASE + random_next(state) % GIB_PAGES;
	case BLOCKS:
		return BASE + (uint64_t)2 * TABLE_PAGES * i;
	default:
		return BASE + i;
	}
}

static void note_all(struct planner *planner)
{
	uint64_t state = 1, pages = planner->kind->pattern == BLOCKS ? TABLE_PAGES : 1;

	for (unsigned i = 0; i < planner->count; i++) {
		uint64_t page = first_page(planner->kind->pattern, i, &state);

		planner->noted[i] = (struct tlbi_span){ page, page + pages, 3, true };
	}
	qsort(planner->noted, planner->count, sizeof(planner->noted[0]), compare);
}

static inline void store(struct planner *planner, struct smmu_cmd cmd)
{
	uint64_t *slot = &planner->ring[2 * (planner->commands++ % SPANS_MAX)];

	slot[0] = cmd.word[0];
	slot[1] = cmd.word[1];
}

static void plan_ours(struct planner *planner)
{
	struct tlbi_spans spans = { planner->span, planner->count, SPANS_MAX, false };
	struct tlbi_plan plan;
	struct smmu_cmd cmd;

	tlbi_spans_close(&spans);
	if (tlbi_lone_page(&spans, &planner->format, &cmd)) {
		store(planner, cmd);
		return;
	}
	tlbi_plan_init(&plan, &spans, &planner->format);
	while (tlbi_plan_left(&plan)) {
		uint64_t at = planner->commands % SPANS_MAX;

		planner->commands += tlbi_plan_pages(&plan, &planner->ring[2 * at], SPANS_MAX - at);
		if (!tlbi_plan_next(&plan, &cmd))
			break;
		store(planner, cmd);
	}
}

static void plan_eager(struct planner *planner)
{
	for (unsigned i = 0; i < planner->count; i++)
		for (uint64_t page = planner->span[i].start; page < planner->span[i].end; page++)
			store(planner, smmu_cmd_tlbi_s2_ipa(VMID, page << SHADOW_PAGE_LG2, true));
}

__attribute__((noinline)) static void planner_timed(struct planner *planner)
{
	memcpy(planner->span, planner->noted, planner->count * sizeof(planner->span[0]));
	planner->commands = 0;
	if (planner->kind->eager)
		plan_eager(planner);
	else
		plan_ours(planner);
}

static void plan(struct bench *bench)
{
	struct planner *planner = calloc(1, sizeof(*planner));
	struct shadow_tlbi_cost defaults = { 0 };

	if (!planner) {
		bench_skip(bench, "out of memory");
		return;
	}
	planner->kind = bench_context(bench);
	planner->count = (unsigned)bench_argument(bench);
	planner->format = (struct tlbi_format){
		.ril = !planner->kind->no_ril,
		.granule_lg2 = SHADOW_PAGE_LG2,
		.ia_bits = IA_BITS,
		.vmid = VMID,
		.cost = tlbi_cost(&defaults),
	};
	note_all(planner);
	while (bench_next_batch(bench, planner->count))
		planner_timed(planner);
	bench_keep(planner->ring);
	bench_counter(bench, "commands", (double)planner->commands);
	bench_counter(bench, "commands_per_span", (double)planner->commands / planner->count);
	free(planner);
}

void bench_planner_register(void)
{
	static const struct {
		const char *name;
		struct kind kind;
	} patterns[] = {
		{ "planner/sequential/eager", { SEQUENTIAL, true, false } },
		{ "planner/sequential/batched", { SEQUENTIAL, false, false } },
		{ "planner/sequential_no_ril/batched", { SEQUENTIAL, false, true } },
		{ "planner/strided/eager", { STRIDED, true, false } },
		{ "planner/strided/batched", { STRIDED, false, false } },
		{ "planner/strided_no_ril/batched", { STRIDED, false, true } },
		{ "planner/dense/eager", { DENSE, true, false } },
		{ "planner/dense/batched", { DENSE, false, false } },
		{ "planner/dense_no_ril/batched", { DENSE, false, true } },
		{ "planner/random/eager", { RANDOM, true, false } },
		{ "planner/random/batched", { RANDOM, false, false } },
		{ "planner/random_no_ril/batched", { RANDOM, false, true } },
		{ "planner/blocks/eager", { BLOCKS, true, false } },
		{ "planner/blocks/batched", { BLOCKS, false, false } },
		{ "planner/blocks_no_ril/batched", { BLOCKS, false, true } },
	};

	for (unsigned i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
		const struct bench_entry entry = {
			.name = patterns[i].name,
			.run = plan,
			.axis = { { .name = "spans", .first = 1, .last = SPANS_MAX, .factor = 16 } },
			.context = &patterns[i].kind,
		};

		bench_add(&entry);
	}
}
