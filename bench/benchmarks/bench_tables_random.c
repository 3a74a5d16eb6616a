/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * bench_tables_random.c - what does a single page anywhere in 1 GiB cost the tables, in flushes of 512?
 *
 * The pages of a flush come sorted in ours, as the engine hands them over; the baselines walk from the root
 * for each, in the order in which they came. By turns with each: one plain store to each of as many scattered
 * places. No command is made. What is timed is tables_timed_random(), for scripts/count-instructions.
 */
#include <stdlib.h>

#include "bench/benchmarks/harness.h"
#include "bench/benchmarks/rig.h"
#include "bench/common/random.h"

static int compare_pages(const void *left, const void *right)
{
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;

	return (a > b) - (a < b);
}

/* Every page once, at random; pages of one batch ascend if @sorted. */
static void make_order(struct rig *rig, bool sorted)
{
	random_order(rig->order, (uint32_t)rig->pages, 1);
	for (uint64_t i = 0; sorted && i < rig->pages; i += RIG_BATCH)
		qsort(&rig->order[i], RIG_BATCH, sizeof(rig->order[0]), compare_pages);
}

static void make_stretch(struct rig *rig, uint64_t from)
{
	for (unsigned i = 0; i < RIG_STRETCH_RUNS; i++)
		rig->run[i] = (struct run){ rig->start + rig->order[from + i],
					    rig->start + rig->order[from + i] + 1, SHADOW_ACCESS_NONE,
					    SHADOW_MEMORY_NORMAL };
}

/* Some flushes of a storm. */
static inline uint64_t stretch(struct rig *rig)
{
	uint64_t start = floor_ns();

	for (unsigned i = 0; i < RIG_STRETCH; i++)
		rig_apply(rig, rig->run + i * RIG_BATCH, RIG_BATCH);
	return floor_ns() - start;
}

__attribute__((noinline)) static uint64_t tables_timed_random(struct rig *rig)
{
	return stretch(rig);
}

/* All pages are revoked once; then some of them again, for the checksum. */
static void warm(struct rig *rig)
{
	for (uint64_t next = 0; next < rig->pages; next += RIG_STRETCH_RUNS) {
		make_stretch(rig, next);
		stretch(rig);
	}
}

static uint64_t some_revoked(struct rig *rig)
{
	rig_apply(rig, &rig->granted, 1);
	make_stretch(rig, 0);
	stretch(rig);
	return rig_checksum(rig);
}

/* The floor's stores go to memory of their own that is as large, at the same places. */
static void storm(struct bench *bench)
{
	const struct rig_config *config = bench_context(bench);
	struct rig *rig = rig_new(config);
	uint64_t next, work;
	bool wrong = false;

	if (!rig) {
		bench_skip(bench, "out of memory");
		return;
	}
	rig_apply(rig, &rig->granted, 1);
	make_order(rig, !config->eager);
	warm(rig);
	next = rig->pages;
	while (bench_next_batch(bench, RIG_STRETCH_RUNS)) {
		bench_pause(bench);
		if (next == rig->pages) {
			rig_apply(rig, &rig->granted, 1);
			wrong |= !rig_is(rig, rig->pages);
			next = 0;
		}
		make_stretch(rig, next);
		bench_resume(bench);
		work = tables_timed_random(rig);
		bench_pause(bench);
		floor_add(&rig->floor, work, floor_scattered(rig->copy, rig->order + next, RIG_STRETCH_RUNS));
		next += RIG_STRETCH_RUNS;
		bench_resume(bench);
	}
	if (wrong)
		bench_fail(bench, "the tables are not what they should be");
	else
		bench_checksum(bench, some_revoked(rig));
	floor_report(&rig->floor, bench, RIG_STRETCH_RUNS);
	rig_free(rig);
}

void bench_tables_random_register(void)
{
	static const int64_t batch[] = { RIG_BATCH };
	static const struct rig_config eager = { .eager = true }, batched = { 0 };
	static const struct bench_entry entries[] = {
		{ "tables/revoke_random/eager", storm, { { "pages", batch, 1, 0, 0, 0 } }, &eager, 0 },
		{ "tables/revoke_random/batched", storm, { { "pages", batch, 1, 0, 0, 0 } }, &batched, 0 },
	};

	bench_add(&entries[0]);
	bench_add(&entries[1]);
}
