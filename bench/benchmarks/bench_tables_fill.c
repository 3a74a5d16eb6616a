/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * bench_tables_fill.c - what does one entry cost where a table, or a row of it, is filled or cleared as a
 * whole?
 *
 * 1 GiB of leaves, of each granule, warm and cold. Beside ours: the baselines' tables, and for each of them
 * plain stores to the same memory, by turns in the same run. What is timed has a function of its own,
 * tables_timed_*(), for scripts/count-instructions.
 */
#include <string.h>

#include "bench/benchmarks/harness.h"
#include "bench/benchmarks/rig.h"

#define LINE_BYTES 64u

struct kind {
	bool eager, cold;
	unsigned granule_lg2;
};

static struct rig *rig_of(struct bench *bench)
{
	const struct kind *kind = bench_context(bench);
	const struct rig_config config = { .eager = kind->eager, .granule_lg2 = kind->granule_lg2 };
	struct rig *rig = rig_new(&config);

	if (!rig)
		bench_skip(bench, "out of memory");
	return rig;
}

static void finish(struct bench *bench, struct rig *rig, bool wrong, double entries)
{
	if (wrong)
		bench_fail(bench, "the tables are not what they should be");
	else
		bench_checksum(bench, rig_checksum(rig));
	floor_report(&rig->floor, bench, entries);
	rig_free(rig);
}

/* ---- fill ------------------------------------------------------------------------------------------- */

/* Out of all caches. Return: false if this machine has no way to say so. */
static bool evict(const void *memory, uint64_t bytes)
{
#if defined(__x86_64__)
	for (uint64_t i = 0; i < bytes; i += LINE_BYTES)
		__builtin_ia32_clflush((const char *)memory + i);
	__builtin_ia32_mfence();
	return true;
#elif defined(__aarch64__)
	for (uint64_t i = 0; i < bytes; i += LINE_BYTES)
		__asm__ volatile("dc civac, %0" : : "r"((const char *)memory + i) : "memory");
	__asm__ volatile("dsb sy" : : : "memory");
	return true;
#else
	(void)memory;
	(void)bytes;
	return false;
#endif
}

__attribute__((noinline)) static uint64_t tables_timed_fill(struct rig *rig)
{
	uint64_t start = floor_ns();

	rig_apply(rig, &rig->granted, 1);
	return floor_ns() - start;
}

static uint64_t fill_floor(struct rig *rig, bool cold)
{
	uint64_t *leaves = rig_leaves(rig), bytes = rig->pages * sizeof(uint64_t);

	memset(leaves, 0, bytes);
	if (cold)
		evict(leaves, bytes);
	return floor_stores(leaves, rig->pages, rig_first_leaf(rig), (UINT64_C(1) << RIG_LG2) / rig->pages);
}

/* All leaves in tables that are not linked yet. The floor's stores go to the same tables, as empty as then.
 */
static void fill(struct bench *bench)
{
	const struct kind *kind = bench_context(bench);
	struct rig *rig = rig_of(bench);
	int error = 0;

	if (!rig)
		return;
	if (kind->cold && !evict(rig->pool, LINE_BYTES)) {
		bench_skip(bench, "no way to empty the caches");
		rig_free(rig);
		return;
	}
	rig_apply(rig, &rig->granted, 1);
	while (bench_next_batch(bench, (int64_t)rig->pages)) {
		uint64_t work, stores;

		bench_pause(bench);
		stores = fill_floor(rig, kind->cold);
		error |= rig_reset(rig);
		if (kind->cold)
			evict(rig_leaves(rig), rig->pages * sizeof(uint64_t));
		bench_resume(bench);
		work = tables_timed_fill(rig);
		bench_pause(bench);
		floor_add(&rig->floor, work, stores);
		error |= !rig_is(rig, rig->pages);
		bench_resume(bench);
	}
	finish(bench, rig, error, (double)rig->pages);
}

/* ---- rows of live tables ---------------------------------------------------------------------------- */

__attribute__((noinline)) static uint64_t tables_timed_rows(struct rig *rig)
{
	uint64_t start = floor_ns();

	rig_apply(rig, rig->run, (unsigned)rig->tables);
	return floor_ns() - start;
}

/* All pages but the first of each table, so that each table stays. Both tables and floor find what a copy of
 * as much memory leaves in the caches. */
static void rows(struct bench *bench, enum shadow_access access)
{
	enum shadow_access before = access ? SHADOW_ACCESS_NONE : SHADOW_ACCESS_RW;
	struct rig *rig = rig_of(bench);
	uint64_t pages, bytes;
	bool wrong = false;

	if (!rig)
		return;
	pages = rig->pages - rig->tables;
	bytes = rig->pages * sizeof(uint64_t);
	rig_apply(rig, &rig->granted, 1);
	rig_make_rows(rig, before);
	rig_apply(rig, rig->run, (unsigned)rig->tables);
	memcpy(rig->copy, rig_leaves(rig), bytes);
	while (bench_next_batch(bench, (int64_t)pages)) {
		uint64_t work, stores;

		bench_pause(bench);
		stores = floor_stores(rig_leaves(rig), rig->pages, access ? rig_first_leaf(rig) : 0,
				      access ? (UINT64_C(1) << RIG_LG2) / rig->pages : 0);
		memcpy(rig_leaves(rig), rig->copy, bytes);
		rig_make_rows(rig, access);
		bench_resume(bench);
		work = tables_timed_rows(rig);
		bench_pause(bench);
		floor_add(&rig->floor, work, stores);
		wrong |= !rig_is(rig, access ? rig->pages : rig->tables);
		rig_make_rows(rig, before);
		rig_apply(rig, rig->run, (unsigned)rig->tables);
		memcpy(rig_leaves(rig), rig->copy, bytes);
		bench_resume(bench);
	}
	finish(bench, rig, wrong, (double)pages);
}

static void rows_revoked(struct bench *bench)
{
	rows(bench, SHADOW_ACCESS_NONE);
}

static void rows_granted(struct bench *bench)
{
	rows(bench, SHADOW_ACCESS_RW);
}

/* ---- whole tables ----------------------------------------------------------------------------------- */

__attribute__((noinline)) static void tables_timed_unlink(struct rig *rig)
{
	rig_apply(rig, &rig->revoked, 1);
}

/* Nothing is stored in ours: they are unlinked and, once their invalidation is complete, free. The baselines
 * clear every entry and keep the table. */
static void whole_tables(struct bench *bench)
{
	struct rig *rig = rig_of(bench);
	bool wrong = false;

	if (!rig)
		return;
	while (bench_next_batch(bench, (int64_t)rig->tables)) {
		bench_pause(bench);
		rig_apply(rig, &rig->granted, 1);
		bench_resume(bench);
		tables_timed_unlink(rig);
		bench_pause(bench);
		wrong |= !rig_is(rig, 0);
		bench_resume(bench);
	}
	finish(bench, rig, wrong, 1);
}

void bench_tables_fill_register(void)
{
	static const int64_t one[] = { 1 };
	static const struct {
		const char *name;
		void (*run)(struct bench *bench);
		struct kind kind;
	} tables[] = {
		{ "tables/fill/eager", fill, { .eager = true } },
		{ "tables/fill/batched", fill, { 0 } },
		{ "tables/fill_cold/eager", fill, { .eager = true, .cold = true } },
		{ "tables/fill_cold/batched", fill, { .cold = true } },
		{ "tables/fill_16k/batched", fill, { .granule_lg2 = 14 } },
		{ "tables/fill_16k_cold/batched", fill, { .granule_lg2 = 14, .cold = true } },
		{ "tables/fill_64k/batched", fill, { .granule_lg2 = 16 } },
		{ "tables/fill_64k_cold/batched", fill, { .granule_lg2 = 16, .cold = true } },
		{ "tables/revoke_rows/eager", rows_revoked, { .eager = true } },
		{ "tables/revoke_rows/batched", rows_revoked, { 0 } },
		{ "tables/revoke_rows_16k/batched", rows_revoked, { .granule_lg2 = 14 } },
		{ "tables/revoke_rows_64k/batched", rows_revoked, { .granule_lg2 = 16 } },
		{ "tables/grant_rows/eager", rows_granted, { .eager = true } },
		{ "tables/grant_rows/batched", rows_granted, { 0 } },
		{ "tables/revoke_tables/eager", whole_tables, { .eager = true } },
		{ "tables/revoke_tables/batched", whole_tables, { 0 } },
	};

	for (unsigned i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		const struct bench_entry entry = {
			.name = tables[i].name,
			.run = tables[i].run,
			.axis = { { .name = "gib", .values = one, .count = 1 } },
			.context = &tables[i].kind,
		};

		bench_add(&entry);
	}
}
