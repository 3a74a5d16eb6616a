/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * bench_tables_change.c - what does it cost to cut a block into a table, and to make a block of a table
 * again?
 *
 * At BBML 2; the baselines can do neither. No command is made. What is timed has a function of its own,
 * tables_timed_*(), for scripts/count-instructions.
 */
#include <string.h>

#include "bench/benchmarks/harness.h"
#include "bench/benchmarks/rig.h"

static struct rig *rig_with_blocks(struct bench *bench, enum shadow_collapse collapse)
{
	const struct rig_config config = { .bbml = 2, .collapse = collapse };
	struct rig *rig = rig_new(&config);

	if (!rig) {
		bench_skip(bench, "out of memory");
		return NULL;
	}
	rig_apply(rig, &rig->granted, 1);
	return rig;
}

static struct run one_page(const struct rig *rig, uint64_t table, enum shadow_access access)
{
	uint64_t page = rig->start + table * rig->table_pages + 1;

	return (struct run){ page, page + 1, access, SHADOW_MEMORY_NORMAL };
}

/* ---- split, collapse -------------------------------------------------------------------------------- */

/* A page of each table, cut off or given back: two functions of this would be made one by the compiler. */
__attribute__((noinline)) static uint64_t tables_timed_blocks(struct rig *rig)
{
	uint64_t start = floor_ns();

	rig_apply(rig, rig->run, (unsigned)rig->tables);
	return floor_ns() - start;
}

static void change(struct bench *bench, struct rig *rig, bool timed, uint64_t *work)
{
	if (!timed) {
		rig_apply(rig, rig->run, (unsigned)rig->tables);
		return;
	}
	bench_resume(bench);
	*work = tables_timed_blocks(rig);
	bench_pause(bench);
}

static void pick(struct rig *rig, enum shadow_access access)
{
	for (uint64_t i = 0; i < rig->tables; i++)
		rig->run[i] = one_page(rig, i, access);
}

static void finish(struct bench *bench, struct rig *rig, uint64_t splits, uint64_t collapses, uint64_t turns)
{
	if (splits < turns * rig->tables || collapses < turns * rig->tables)
		bench_fail(bench, "blocks were not cut, or did not come back");
	else
		bench_checksum(bench, rig_checksum(rig));
	floor_report(&rig->floor, bench, (double)rig->tables);
	rig_free(rig);
}

/* Every block of 2 MiB loses one page, in one batch, and gets it back in another. The floor of both is a
 * store loop over as many tables as a cut has to fill. */
static void split_or_collapse(struct bench *bench, bool split)
{
	struct rig *rig = rig_with_blocks(bench, SHADOW_COLLAPSE_EAGER);
	const struct shadow_table_stats *stats;
	uint64_t turns = 0;

	if (!rig)
		return;
	stats = &rig->target.pgtable.stats;
	while (bench_next_batch(bench, (int64_t)rig->tables)) {
		uint64_t work = 0;

		bench_pause(bench);
		pick(rig, SHADOW_ACCESS_NONE);
		change(bench, rig, split, &work);
		pick(rig, SHADOW_ACCESS_RW);
		change(bench, rig, !split, &work);
		floor_add(&rig->floor, work, floor_stores(rig->copy, rig->pages, 1, 0));
		turns++;
		bench_resume(bench);
	}
	finish(bench, rig, stats->splits, stats->collapses, turns);
}

static void split(struct bench *bench)
{
	split_or_collapse(bench, true);
}

static void collapse(struct bench *bench)
{
	split_or_collapse(bench, false);
}

/* ---- ping-pong -------------------------------------------------------------------------------------- */

static void revoke_and_grant(struct rig *rig, uint64_t table)
{
	const struct run revoke = one_page(rig, table, SHADOW_ACCESS_NONE);
	const struct run grant = one_page(rig, table, SHADOW_ACCESS_RW);

	rig_apply(rig, &revoke, 1);
	rig_apply(rig, &grant, 1);
}

/* One page after the other is revoked and granted again, a flush each, for ever: each page in a block of its
 * own. */
static void pingpong(struct bench *bench)
{
	const enum shadow_collapse *how = bench_context(bench);
	uint64_t pages = (uint64_t)bench_argument(bench), transitions = 0, i;
	struct rig *rig = rig_with_blocks(bench, *how);
	struct shadow_table_stats before;
	double each;

	if (!rig)
		return;
	for (i = 0; i < pages; i++)
		revoke_and_grant(rig, i);
	before = rig->target.pgtable.stats;
	for (i = 0; bench_next_batch(bench, 2); i = i + 1 < pages ? i + 1 : 0, transitions += 2)
		revoke_and_grant(rig, i);
	each = (double)transitions;
	bench_counter(bench, "table_writes_per_page",
		      (double)(rig->target.pgtable.stats.writes - before.writes) / each);
	bench_counter(bench, "splits_per_1000",
		      1000.0 * (double)(rig->target.pgtable.stats.splits - before.splits) / each);
	bench_counter(bench, "collapses_per_1000",
		      1000.0 * (double)(rig->target.pgtable.stats.collapses - before.collapses) / each);
	bench_checksum(bench, rig_checksum(rig));
	rig_free(rig);
}

void bench_tables_change_register(void)
{
	static const int64_t one[] = { 1 }, pages[] = { 1, 64, 512 };
	static const enum shadow_collapse hows[] = { SHADOW_COLLAPSE_PATIENT, SHADOW_COLLAPSE_EAGER,
						     SHADOW_COLLAPSE_NEVER };
	static const char *const names[] = { "tables/pingpong_patient/batched",
					     "tables/pingpong_eager/batched",
					     "tables/pingpong_never/batched" };

	bench_register("tables/split/batched", "gib", split, one, 1);
	bench_register("tables/collapse/batched", "gib", collapse, one, 1);
	for (unsigned i = 0; i < 3; i++) {
		const struct bench_entry entry = {
			.name = names[i],
			.run = pingpong,
			.axis = { { .name = "pages", .values = pages, .count = 3 } },
			.context = &hows[i],
		};

		bench_add(&entry);
	}
}
