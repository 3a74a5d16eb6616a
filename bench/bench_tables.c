/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * bench_tables.c - what does one descriptor cost, from a run of pages to the store in a live table?
 *
 * Tables only: runs come sorted, as the engine hands them over, and no command is made. The memory is 1 GiB
 * of 4 KiB leaves, warm. Beside the batched tables: plain stores to the same memory, by turns in the same
 * run, and the eager tables, walked from the root once a page. What is timed has a function of its own,
 * tables_timed_*(), for scripts/count-instructions.
 */
#include <stdlib.h>
#include <string.h>

#include <shadow/error.h>

#include "bench/floor.h"
#include "bench/harness.h"
#include "bench/pages.h"
#include "engine/platform/linux.h"
#include "smmuv3/target.h"

#define IA_BITS	      40u
#define GIB_PAGES     (UINT64_C(1) << 18)
#define MEMORY_START  GIB_PAGES /* page: at 1 GiB */
#define MEMORY_END    (2 * GIB_PAGES)
#define TABLE_PAGES   512u /* that one table of leaves translates */
#define TABLES	      (GIB_PAGES / TABLE_PAGES)
#define POOL_BASE     (UINT64_C(1) << 46)
#define POOL_BYTES    (UINT64_C(1) << 23)
#define POOL_PAGES    (POOL_BYTES >> SHADOW_PAGE_LG2)
#define START_TABLES  2u
#define GROUP	      64u  /* runs handed to a target at a time, as the engine does */
#define BATCH	      512u /* revokes of a storm's flush */
#define STRETCH	      16u  /* flushes timed together, so that the clock costs nothing */
#define STRETCH_PAGES (STRETCH * BATCH)

/* One table with all that it needs; the eager one uses the pool alone. */
struct rig {
	struct smmu_target target;
	struct pages eager;
	struct shadow_smmu_target_config config;
	struct pgtable_page page[POOL_PAGES];
	struct tlbi_span span[2 * BATCH];
	void *pool;
	uint64_t fence;
	uint32_t order[GIB_PAGES]; /* a storm's: every page once */
	struct run run[STRETCH_PAGES];
	uint64_t *copy; /* of the leaf tables; or memory like theirs, for stores that disturb nothing */
	struct floor floor;
};

static const struct run all_granted = { MEMORY_START, MEMORY_END, SHADOW_ACCESS_RW, SHADOW_MEMORY_NORMAL };
static const struct run all_revoked = { MEMORY_START, MEMORY_END, SHADOW_ACCESS_NONE, SHADOW_MEMORY_NORMAL };

/* The target as it is before anything was mapped. Return: 0 or a negative SHADOW_E*. */
static int rig_reset(struct rig *rig)
{
	struct smmu_target *target = &rig->target;
	uint32_t used = target->pgtable.bump;

	memset(rig->pool, 0, used ? (uint64_t)used << SHADOW_PAGE_LG2 : POOL_BYTES);
	memset(rig->page, 0, sizeof(rig->page));
	memset(target, 0, sizeof(*target));
	target->spans = (struct tlbi_spans){ .span = rig->span, .capacity = 2 * BATCH };
	return pgtable_init(&target->pgtable, &rig->config, rig->page, NULL, &target->spans);
}

static void rig_free(struct rig *rig)
{
	if (!rig)
		return;
	platform_linux_free(rig->pool, POOL_BYTES);
	platform_linux_free(rig->copy, GIB_PAGES * sizeof(uint64_t));
	platform_linux_free(rig, sizeof(*rig));
}

static struct rig *rig_new(unsigned bbml, enum shadow_collapse collapse)
{
	struct rig *rig = platform_linux_alloc(sizeof(*rig), 64);

	if (!rig)
		return NULL;
	rig->pool = platform_linux_alloc(POOL_BYTES, 1 << 21);
	rig->copy = platform_linux_alloc(GIB_PAGES * sizeof(uint64_t), 1 << 21);
	rig->config = (struct shadow_smmu_target_config){
		.map = { .ia_bits = IA_BITS },
		.bbml = bbml,
		.collapse = collapse,
		.pool = { .base = { POOL_BASE }, .virt = rig->pool, .bytes = POOL_BYTES },
	};
	if (rig->copy)
		memset(rig->copy, 0, GIB_PAGES * sizeof(uint64_t)); /* warm */
	if (rig->pool && rig->copy && !rig_reset(rig))
		return rig;
	rig_free(rig);
	return NULL;
}

/* Apply runs as one batch, and then behave as if its commands were complete. */
static inline void rig_apply(struct rig *rig, const struct run *run, unsigned count)
{
	struct smmu_target *target = &rig->target;

	for (unsigned i = 0; i < count; i += GROUP)
		smmu_target_ops.apply(&target->base, run + i, count - i < GROUP ? count - i : GROUP);
	pgtable_close(&target->pgtable);
	target->spans.count = 0;
	target->spans.all = false;
	pgtable_retire(&target->pgtable, ++rig->fence);
	pgtable_reclaim(&target->pgtable, rig->fence);
}

/* The tables of leaves, which a fill in order takes one after the other, behind the start tables and their
 * parent. */
static uint64_t *leaf_tables(const struct rig *rig)
{
	return (uint64_t *)rig->pool + (START_TABLES + 1) * TABLE_PAGES;
}

static uint64_t first_leaf(const struct rig *rig)
{
	return format_leaf(&rig->target.pgtable.format, SHADOW_ACCESS_RW, SHADOW_MEMORY_NORMAL, 0,
			   MEMORY_START);
}

static bool rig_is(const struct rig *rig, uint64_t leaves)
{
	return rig->target.pgtable.stats.leaves[3] == leaves;
}

/* ---- fill ------------------------------------------------------------ */

__attribute__((noinline)) static uint64_t tables_timed_fill(struct rig *rig)
{
	uint64_t start = floor_ns();

	rig_apply(rig, &all_granted, 1);
	return floor_ns() - start;
}

/* All leaves in tables that are not linked yet. The floor's stores go to the same tables, as empty as then.
 */
static void fill(struct bench *bench)
{
	uint64_t pages = (uint64_t)bench_argument(bench) * GIB_PAGES, work = 0;
	struct rig *rig = rig_new(0, SHADOW_COLLAPSE_PATIENT);
	int error = 0;

	if (!rig) {
		bench_skip(bench, "out of memory");
		return;
	}
	rig_apply(rig, &all_granted, 1);
	while (bench_next_batch(bench, (int64_t)pages)) {
		bench_pause(bench);
		error |= rig_reset(rig);
		bench_resume(bench);
		work = tables_timed_fill(rig);
		bench_pause(bench);
		if (!rig_is(rig, GIB_PAGES))
			error = 1;
		memset(leaf_tables(rig), 0, GIB_PAGES * sizeof(uint64_t));
		floor_add(&rig->floor, work,
			  floor_stores(leaf_tables(rig), GIB_PAGES, first_leaf(rig), SHADOW_PAGE_BYTES));
		bench_resume(bench);
	}
	if (error)
		bench_fail(bench, "the tables are not what they should be");
	floor_report(&rig->floor, bench, (double)GIB_PAGES);
	rig_free(rig);
}

/* ---- rows of live tables ------------------------------------------------------------ */

__attribute__((noinline)) static uint64_t tables_timed_rows(struct rig *rig)
{
	uint64_t start = floor_ns();

	rig_apply(rig, rig->run, TABLES);
	return floor_ns() - start;
}

/* All pages but the first of each table, so that each table stays. */
static void make_rows(struct rig *rig, enum shadow_access access)
{
	for (uint64_t i = 0; i < TABLES; i++)
		rig->run[i] =
			(struct run){ MEMORY_START + i * TABLE_PAGES + 1,
				      MEMORY_START + (i + 1) * TABLE_PAGES, access, SHADOW_MEMORY_NORMAL };
}

/* Both tables and floor find what a copy of as much memory leaves in the caches. */
static void rows(struct bench *bench, enum shadow_access access)
{
	enum shadow_access before = access ? SHADOW_ACCESS_NONE : SHADOW_ACCESS_RW;
	uint64_t pages = GIB_PAGES - TABLES, bytes = GIB_PAGES * sizeof(uint64_t);
	struct rig *rig = rig_new(0, SHADOW_COLLAPSE_PATIENT);
	int error = 0;

	if (!rig) {
		bench_skip(bench, "out of memory");
		return;
	}
	rig_apply(rig, &all_granted, 1);
	make_rows(rig, before);
	rig_apply(rig, rig->run, TABLES);
	memcpy(rig->copy, leaf_tables(rig), bytes);
	while (bench_next_batch(bench, (int64_t)pages)) {
		uint64_t work, stores;

		bench_pause(bench);
		stores = floor_stores(leaf_tables(rig), GIB_PAGES, access ? first_leaf(rig) : 0,
				      access ? SHADOW_PAGE_BYTES : 0);
		memcpy(leaf_tables(rig), rig->copy, bytes);
		make_rows(rig, access);
		bench_resume(bench);
		work = tables_timed_rows(rig);
		bench_pause(bench);
		floor_add(&rig->floor, work, stores);
		error |= !rig_is(rig, access ? GIB_PAGES : TABLES);
		make_rows(rig, before);
		rig_apply(rig, rig->run, TABLES);
		memcpy(leaf_tables(rig), rig->copy, bytes);
		bench_resume(bench);
	}
	if (error)
		bench_fail(bench, "the tables are not what they should be");
	floor_report(&rig->floor, bench, (double)pages);
	rig_free(rig);
}

static void rows_revoked(struct bench *bench)
{
	rows(bench, SHADOW_ACCESS_NONE);
}

static void rows_granted(struct bench *bench)
{
	rows(bench, SHADOW_ACCESS_RW);
}

/* ---- whole tables ------------------------------------------------------------ */

__attribute__((noinline)) static void tables_timed_unlink(struct rig *rig)
{
	rig_apply(rig, &all_revoked, 1);
}

/* Nothing is stored in them: they are unlinked and, once their invalidation is complete, free. */
static void whole_tables(struct bench *bench)
{
	struct rig *rig = rig_new(0, SHADOW_COLLAPSE_PATIENT);
	int error = 0;

	if (!rig) {
		bench_skip(bench, "out of memory");
		return;
	}
	while (bench_next_batch(bench, (int64_t)TABLES)) {
		bench_pause(bench);
		rig_apply(rig, &all_granted, 1);
		bench_resume(bench);
		tables_timed_unlink(rig);
		bench_pause(bench);
		error |= !rig_is(rig, 0);
		bench_resume(bench);
	}
	if (error)
		bench_fail(bench, "the tables are not what they should be");
	rig_free(rig);
}

/* ---- storm ------------------------------------------------------------ */

/* xorshift64*: any seed but zero. */
static uint64_t next_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * UINT64_C(0x2545f4914f6cdd1d);
}

static int compare_pages(const void *left, const void *right)
{
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;

	return (a > b) - (a < b);
}

/* Every page once, at random; pages of one batch ascend if @sorted. */
static void make_order(struct rig *rig, bool sorted)
{
	uint64_t state = 1;

	for (uint32_t i = 0; i < GIB_PAGES; i++)
		rig->order[i] = i;
	for (uint64_t i = GIB_PAGES - 1; i > 0; i--) {
		uint64_t j = next_random(&state) % (i + 1);
		uint32_t page = rig->order[i];

		rig->order[i] = rig->order[j];
		rig->order[j] = page;
	}
	for (uint64_t i = 0; sorted && i < GIB_PAGES; i += BATCH)
		qsort(&rig->order[i], BATCH, sizeof(rig->order[0]), compare_pages);
}

static void make_stretch(struct rig *rig, uint64_t from)
{
	for (unsigned i = 0; i < STRETCH_PAGES; i++)
		rig->run[i] = (struct run){ MEMORY_START + rig->order[from + i],
					    MEMORY_START + rig->order[from + i] + 1, SHADOW_ACCESS_NONE,
					    SHADOW_MEMORY_NORMAL };
}

/* Some flushes of a storm: by the batched tables, or by the eager ones. */
typedef uint64_t stretch(struct rig *rig);

static inline uint64_t batched(struct rig *rig)
{
	uint64_t start = floor_ns();

	for (unsigned i = 0; i < STRETCH; i++)
		rig_apply(rig, rig->run + i * BATCH, BATCH);
	return floor_ns() - start;
}

__attribute__((noinline)) static uint64_t tables_timed_batched(struct rig *rig)
{
	return batched(rig);
}

static uint64_t untimed_batched(struct rig *rig)
{
	return batched(rig);
}

static int no_command(void *ctx, uint64_t start, uint64_t end)
{
	(void)ctx;
	(void)start;
	(void)end;
	return 0;
}

static inline uint64_t eager(struct rig *rig)
{
	uint64_t start = floor_ns();
	int error = 0;

	for (unsigned i = 0; i < STRETCH_PAGES; i++)
		error |= pages_change(&rig->eager, &rig->run[i], no_command, NULL);
	bench_keep(&error);
	return floor_ns() - start;
}

__attribute__((noinline)) static uint64_t tables_timed_eager(struct rig *rig)
{
	return eager(rig);
}

static uint64_t untimed_eager(struct rig *rig)
{
	return eager(rig);
}

static int storm_begin(struct rig *rig, bool with_batches)
{
	const struct shadow_pool pool = rig->config.pool;
	int error;

	make_order(rig, with_batches);
	if (with_batches) {
		rig_apply(rig, &all_granted, 1);
		return 0;
	}
	error = pages_init(&rig->eager, &pool, IA_BITS);
	return error ? error : pages_build(&rig->eager, &all_granted);
}

/* Everything was revoked: give it back. */
static int storm_restart(struct rig *rig, bool with_batches)
{
	if (!with_batches)
		return pages_change(&rig->eager, &all_granted, no_command, NULL);
	rig_apply(rig, &all_granted, 1);
	return !rig_is(rig, GIB_PAGES);
}

/* The floor's stores go to memory of their own that is as large, at the same places. */
static void storm(struct bench *bench, bool with_batches, stretch *timed, stretch *untimed)
{
	struct rig *rig = rig_new(0, SHADOW_COLLAPSE_PATIENT);
	uint64_t next = 0, work;
	int error;

	if (!rig) {
		bench_skip(bench, "out of memory");
		return;
	}
	error = storm_begin(rig, with_batches);
	for (; next < GIB_PAGES; next += STRETCH_PAGES) {
		make_stretch(rig, next);
		untimed(rig);
	}
	while (!error && bench_next_batch(bench, STRETCH_PAGES)) {
		bench_pause(bench);
		if (next == GIB_PAGES) {
			error = storm_restart(rig, with_batches);
			next = 0;
		}
		make_stretch(rig, next);
		bench_resume(bench);
		work = timed(rig);
		bench_pause(bench);
		floor_add(&rig->floor, work, floor_scattered(rig->copy, rig->order + next, STRETCH_PAGES));
		next += STRETCH_PAGES;
		bench_resume(bench);
	}
	if (error)
		bench_fail(bench, "the tables are not what they should be");
	floor_report(&rig->floor, bench, STRETCH_PAGES);
	rig_free(rig);
}

static void storm_batched(struct bench *bench)
{
	storm(bench, true, tables_timed_batched, untimed_batched);
}

static void storm_eager(struct bench *bench)
{
	storm(bench, false, tables_timed_eager, untimed_eager);
}

/* ---- ping-pong ------------------------------------------------------------ */

/* One page after the other is revoked and granted again, a flush each, for ever: each page in a block of its
 * own. */
static void pingpong(struct bench *bench, enum shadow_collapse collapse)
{
	uint64_t pages = (uint64_t)bench_argument(bench), transitions = 0, i = 0;
	struct rig *rig = rig_new(2, collapse);
	struct shadow_table_stats before;
	double each;

	if (!rig) {
		bench_skip(bench, "out of memory");
		return;
	}
	rig_apply(rig, &all_granted, 1);
	for (; i < pages; i++) {
		const uint64_t page = MEMORY_START + i * TABLE_PAGES + 1;
		const struct run revoke = { page, page + 1, SHADOW_ACCESS_NONE, SHADOW_MEMORY_NORMAL };
		const struct run grant = { page, page + 1, SHADOW_ACCESS_RW, SHADOW_MEMORY_NORMAL };

		rig_apply(rig, &revoke, 1);
		rig_apply(rig, &grant, 1);
	}
	before = rig->target.pgtable.stats;
	for (i = 0; bench_next_batch(bench, 2); i = i + 1 < pages ? i + 1 : 0, transitions += 2) {
		const uint64_t page = MEMORY_START + i * TABLE_PAGES + 1;
		const struct run revoke = { page, page + 1, SHADOW_ACCESS_NONE, SHADOW_MEMORY_NORMAL };
		const struct run grant = { page, page + 1, SHADOW_ACCESS_RW, SHADOW_MEMORY_NORMAL };

		rig_apply(rig, &revoke, 1);
		rig_apply(rig, &grant, 1);
	}
	each = (double)transitions;
	bench_counter(bench, "table_writes_per_page",
		      (double)(rig->target.pgtable.stats.writes - before.writes) / each);
	bench_counter(bench, "splits_per_1000",
		      1000.0 * (double)(rig->target.pgtable.stats.splits - before.splits) / each);
	bench_counter(bench, "collapses_per_1000",
		      1000.0 * (double)(rig->target.pgtable.stats.collapses - before.collapses) / each);
	rig_free(rig);
}

static void pingpong_patient(struct bench *bench)
{
	pingpong(bench, SHADOW_COLLAPSE_PATIENT);
}

static void pingpong_eager(struct bench *bench)
{
	pingpong(bench, SHADOW_COLLAPSE_EAGER);
}

static void pingpong_never(struct bench *bench)
{
	pingpong(bench, SHADOW_COLLAPSE_NEVER);
}

void bench_tables_register(void)
{
	static const int64_t one[] = { 1 }, batch[] = { BATCH }, pages[] = { 1, 64, 512 };

	bench_register("tables/fill/batched", "gib", fill, one, 1);
	bench_register("tables/revoke_rows/batched", "gib", rows_revoked, one, 1);
	bench_register("tables/grant_rows/batched", "gib", rows_granted, one, 1);
	bench_register("tables/revoke_tables/batched", "gib", whole_tables, one, 1);
	bench_register("tables/revoke_random/eager", "pages", storm_eager, batch, 1);
	bench_register("tables/revoke_random/batched", "pages", storm_batched, batch, 1);
	bench_register("tables/pingpong_patient/batched", "pages", pingpong_patient, pages, 3);
	bench_register("tables/pingpong_eager/batched", "pages", pingpong_eager, pages, 3);
	bench_register("tables/pingpong_never/batched", "pages", pingpong_never, pages, 3);
}
