/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * bench_memory.c - how large are the tables of an address space, and how long does it take to make them?
 *
 * Through shadow_snapshot(), with the pool inside the memory. By turns in the same run: plain stores to as
 * many bytes of the same memory; and for comparison the baselines' tables, which are pages. Bytes are those
 * of live tables. bench_snapshot.c has smaller spaces, by what the host's table holds.
 */
#include <string.h>

#include "bench/benchmarks/expanse.h"
#include "bench/benchmarks/harness.h"
#include "engine/platform/linux.h"

#define POOL_ALIGN    (UINT64_C(1) << 21)
#define TABLE_ENTRIES 512u

__attribute__((noinline)) static int memory_timed_snapshot(struct expanse *expanse, uint64_t *ns)
{
	uint64_t start = floor_ns();
	int error = expanse_snapshot(expanse);

	*ns = floor_ns() - start;
	return error;
}

/* Between two turns, as the clock of the harness stands: the floor of the last one, then all ready for the
 * next. */
static int next_turn(struct expanse *expanse, uint64_t work)
{
	expanse_read(expanse);
	memset(expanse->target_config.pool.virt, 0, expanse->written);
	floor_add(&expanse->floor, work,
		  floor_stores(expanse->target_config.pool.virt, expanse->stats.bytes_live / sizeof(uint64_t),
			       1, 0));
	return expanse_reset(expanse);
}

static void measure(struct bench *bench, struct expanse *expanse)
{
	uint64_t work = 0, checksum = 0;
	int error;

	if (!expanse) {
		bench_skip(bench, "out of memory");
		return;
	}
	/* Warm: everything has been written once. */
	error = expanse_reset(expanse);
	if (!error)
		error = expanse_snapshot(expanse);
	if (!error) {
		expanse_read(expanse);
		checksum = expanse_checksum(expanse);
		error = expanse_reset(expanse);
	}
	while (!error && bench_next(bench)) {
		error = memory_timed_snapshot(expanse, &work);
		bench_pause(bench);
		if (!error)
			error = next_turn(expanse, work);
		bench_resume(bench);
	}
	if (error)
		bench_fail(bench, "the snapshot failed");
	else
		bench_checksum(bench, checksum);
	bench_counter(bench, "table_KiB", (double)expanse->stats.bytes_live / 1024);
	floor_report(&expanse->floor, bench, 1);
	expanse_free(expanse);
}

/* ---- spaces, the host's table empty ------------------------------------------------------------ */

static void fresh(struct bench *bench, unsigned granule_lg2, uint64_t pool_bytes)
{
	const struct expanse_config config = {
		.ia_bits = (unsigned)bench_argument(bench),
		.granule_lg2 = granule_lg2,
		.memory_bytes = 1024 * EXPANSE_GIB,
		.pool_bytes = pool_bytes,
	};

	measure(bench, expanse_new(&config));
}

static void fresh_4k(struct bench *bench)
{
	fresh(bench, 12, 4 * POOL_ALIGN);
}

/* Above 32 MiB there are no blocks: a space of 48 bits needs 4096 tables in any case. */
static void fresh_16k(struct bench *bench)
{
	fresh(bench, 14, 64 * POOL_ALIGN);
}

static void fresh_64k(struct bench *bench)
{
	fresh(bench, 16, 8 * POOL_ALIGN);
}

/* ---- holes ------------------------------------------------------------ */

/* 1 TiB of memory in which the host does not own some pages, at random. */
static void holes(struct bench *bench)
{
	uint64_t count = (uint64_t)bench_argument(bench), tables = 2 * count + 1024;
	const struct expanse_config config = {
		.ia_bits = EXPANSE_TIB_BITS,
		.granule_lg2 = SHADOW_PAGE_LG2,
		.memory_bytes = 1024 * EXPANSE_GIB,
		.pool_bytes = (((tables + 64) << SHADOW_PAGE_LG2) + POOL_ALIGN - 1) & ~(POOL_ALIGN - 1),
		.host_tables = tables,
	};
	struct expanse *expanse = expanse_new(&config);

	if (expanse)
		expanse_add_holes(expanse, count);
	measure(bench, expanse);
}

/* ---- the baselines' tables ------------------------------------------------------------ */

static void eager(struct bench *bench)
{
	uint64_t pages = (uint64_t)bench_argument(bench) << (30 - SHADOW_PAGE_LG2), used = 0;
	const uint64_t first = EXPANSE_GIB >> SHADOW_PAGE_LG2;
	struct run run = { first, first + pages, SHADOW_ACCESS_RW, SHADOW_MEMORY_NORMAL };
	struct shadow_pool pool = { .base = { UINT64_C(1) << 46 } };
	struct pages tables;
	int error = 0;

	pool.bytes = (pages / TABLE_ENTRIES + pages / TABLE_ENTRIES / TABLE_ENTRIES + 64) * SHADOW_PAGE_BYTES;
	pool.virt = platform_linux_alloc(pool.bytes, POOL_ALIGN);
	if (!pool.virt) {
		bench_skip(bench, "out of memory");
		return;
	}
	while (!error && bench_next(bench)) {
		bench_pause(bench);
		memset(pool.virt, 0, used);
		bench_resume(bench);
		error = pages_init(&tables, &pool, EXPANSE_TIB_BITS);
		if (!error)
			error = pages_build(&tables, &run);
		used = tables.used;
	}
	if (error)
		bench_fail(bench, "the tables could not be made");
	bench_counter(bench, "table_KiB", (double)used / 1024);
	platform_linux_free(pool.virt, pool.bytes);
}

void bench_memory_register(void)
{
	static const int64_t bits[] = { 40, 41, 42, 43, 44, 45, 46, 47, 48 },
			     some_bits[] = { 40, 42, 44, 46, 48 };
	static const int64_t counts[] = { 1, 3, 10, 32, 100, 316, 1000, 3162, 10000, 31623, 100000 };
	static const int64_t gib[] = { 1, 32, 1024 };

	bench_register("memory/fresh_4k/batched", "ia_bits", fresh_4k, bits, 9);
	bench_register("memory/fresh_16k/batched", "ia_bits", fresh_16k, some_bits, 5);
	bench_register("memory/fresh_64k/batched", "ia_bits", fresh_64k, some_bits, 5);
	bench_register("memory/holes/batched", "holes", holes, counts, 11);
	bench_register("memory/pages/eager", "gib", eager, gib, 3);
}
