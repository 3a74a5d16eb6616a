/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * bench_memory.c - how large are the tables of an address space, and how long does it take to make them?
 *
 * Through shadow_snapshot(), with the pool inside the memory: a hole that every configuration has. No SMMU is
 * attached, so nothing else is in it. By turns in the same run: plain stores to as many bytes of the same
 * memory; and for comparison the eager tables, which are pages. Bytes are those of live tables.
 */
#include <string.h>

#include <shadow/shadow.h>
#include <shadow/smmu.h>

#include "bench/floor.h"
#include "bench/harness.h"
#include "bench/pages.h"
#include "engine/platform/linux.h"
#include "smmuv3/format.h"

#define GIB		UINT64_C(0x40000000)
#define TIB_BITS	41u /* a space with 1 TiB of memory at 1 GiB */
#define POOL_BASE	(512 * GIB)
#define POOL_ALIGN	(UINT64_C(1) << 21)
#define HOST_BASE	(UINT64_C(1) << 46)
#define HOST_TABLES	16u	    /* start tables of a host at most */
#define HOST_ANNOTATION UINT64_C(2) /* an invalid entry that is not zero: somebody else's */
#define ENTRIES		512u
#define ALIGNMENT	64u

struct space {
	struct shadow_range memory;
	struct shadow_engine_config engine;
	struct shadow_smmu_target_config target;
	struct shadow_host_table host;
	size_t engine_bytes, target_bytes, host_bytes;
	void *engine_memory, *target_memory, *host_memory;
	uint64_t written; /* bytes of the pool that may not be zero */
	struct shadow_table_stats stats;
	struct floor floor;
};

static void space_free(struct space *space)
{
	if (!space)
		return;
	platform_linux_remove_memory(space->host.root);
	platform_linux_free(space->engine_memory, space->engine_bytes);
	platform_linux_free(space->target_memory, space->target_bytes);
	platform_linux_free(space->host_memory, space->host_bytes);
	platform_linux_free(space->target.pool.virt, space->target.pool.bytes);
	platform_linux_free(space, sizeof(*space));
}

static int space_init(struct space *space, unsigned ia_bits, unsigned granule_lg2, uint64_t pool_bytes,
		      uint64_t host_tables)
{
	uint64_t top = UINT64_C(1) << ia_bits;
	struct shadow_address_map map = { .ia_bits = ia_bits, .granule_lg2 = granule_lg2, .memory_count = 1 };
	struct pgtable_format format;

	if (format_init(&format, &map, SHADOW_START_DEFAULT, false))
		return -SHADOW_EINVAL;
	space->memory = (struct shadow_range){ GIB, 1025 * GIB < top ? 1025 * GIB : top };
	map.memory = &space->memory;
	space->engine = (struct shadow_engine_config){ .cpu_count = 1, .queue_slots = 2, .map = map };
	space->target = (struct shadow_smmu_target_config){
		.map = map,
		.bbml = 2,
		.pool = { .base = { POOL_BASE }, .bytes = pool_bytes },
		.runs_max = 2,
	};
	space->host_bytes = (HOST_TABLES + host_tables) << granule_lg2;
	space->host = (struct shadow_host_table){
		.root = { HOST_BASE },
		.ia_bits = ia_bits,
		.start_level = format_level(format.start),
		.granule_lg2 = granule_lg2,
	};
	space->engine_bytes = shadow_engine_bytes(&space->engine);
	space->target_bytes = shadow_smmu_target_bytes(&space->target);
	space->engine_memory = platform_linux_alloc(space->engine_bytes, ALIGNMENT);
	space->target_memory = platform_linux_alloc(space->target_bytes, ALIGNMENT);
	space->host_memory = platform_linux_alloc(space->host_bytes, POOL_ALIGN);
	space->target.pool.virt = platform_linux_alloc(pool_bytes, POOL_ALIGN);
	if (!space->engine_memory || !space->target_memory || !space->host_memory || !space->target.pool.virt)
		return -SHADOW_ENOMEM;
	return platform_linux_add_memory(space->host.root, space->host_memory, space->host_bytes);
}

static struct space *space_new(unsigned ia_bits, unsigned granule_lg2, uint64_t pool_bytes,
			       uint64_t host_tables)
{
	struct space *space = platform_linux_alloc(sizeof(*space), ALIGNMENT);

	if (!space || !space_init(space, ia_bits, granule_lg2, pool_bytes, host_tables))
		return space;
	space_free(space);
	return NULL;
}

__attribute__((noinline)) static int memory_timed_snapshot(struct shadow_engine *engine,
							   const struct shadow_host_table *host, uint64_t *ns)
{
	uint64_t start = floor_ns();
	int error = shadow_snapshot(engine, host);

	*ns = floor_ns() - start;
	return error;
}

/* An engine and a target that have seen nothing yet. */
static int space_reset(struct space *space, struct shadow_engine **engine, struct shadow_target **target)
{
	int error;

	memset(space->target.pool.virt, 0, space->written);
	memset(space->engine_memory, 0, space->engine_bytes);
	memset(space->target_memory, 0, space->target_bytes);
	error = shadow_engine_init(space->engine_memory, space->engine_bytes, &space->engine, engine);
	if (!error)
		error = shadow_smmu_target_init(space->target_memory, space->target_bytes, &space->target,
						target);
	return error ? error : shadow_engine_register(*engine, *target);
}

/* Between two turns, as the clock of the harness stands: the floor of the last one, then all ready for the
 * next. */
static int space_next(struct space *space, uint64_t work, struct shadow_engine **engine,
		      struct shadow_target **target)
{
	if (work) {
		shadow_smmu_table_stats(*target, &space->stats);
		space->written = space->stats.bytes_peak;
		memset(space->target.pool.virt, 0, space->written);
		floor_add(&space->floor, work,
			  floor_stores(space->target.pool.virt, space->stats.bytes_live / sizeof(uint64_t), 1,
				       0));
	}
	return space_reset(space, engine, target);
}

static void measure(struct bench *bench, struct space *space)
{
	struct shadow_engine *engine = NULL;
	struct shadow_target *target = NULL;
	uint64_t work = 0;
	int error;

	if (!space) {
		bench_skip(bench, "out of memory");
		return;
	}
	/* Warm: everything has been written once. */
	error = space_next(space, 0, &engine, &target);
	if (!error)
		error = shadow_snapshot(engine, &space->host);
	if (!error)
		error = space_next(space, 1, &engine, &target);
	space->floor.count = 0;
	while (!error && bench_next(bench)) {
		error = memory_timed_snapshot(engine, &space->host, &work);
		bench_pause(bench);
		if (!error)
			error = space_next(space, work, &engine, &target);
		bench_resume(bench);
	}
	if (error)
		bench_fail(bench, "the snapshot failed");
	else
		bench_counter(bench, "table_KiB", (double)space->stats.bytes_live / 1024);
	floor_report(&space->floor, bench, 1);
	space_free(space);
}

/* ---- spaces, the host's table empty ------------------------------------------------------------ */

static void fresh_4k(struct bench *bench)
{
	measure(bench, space_new((unsigned)bench_argument(bench), 12, 4 * POOL_ALIGN, 0));
}

/* Above 32 MiB there are no blocks: a space of 48 bits needs 4096 tables in any case. */
static void fresh_16k(struct bench *bench)
{
	measure(bench, space_new((unsigned)bench_argument(bench), 14, 64 * POOL_ALIGN, 0));
}

static void fresh_64k(struct bench *bench)
{
	measure(bench, space_new((unsigned)bench_argument(bench), 16, 8 * POOL_ALIGN, 0));
}

/* ---- holes ------------------------------------------------------------ */

/* The entry for an address of a host's table that starts at level 1, tables made as needed; @used: tables so
 * far. */
static uint64_t *host_entry(const struct space *space, uint64_t address, uint64_t *used)
{
	uint64_t *entry = (uint64_t *)space->host_memory + (address >> 30);

	for (unsigned shift = 21; shift >= SHADOW_PAGE_LG2; shift -= 9) {
		uint64_t table = *entry & ~(SHADOW_PAGE_BYTES - 1);

		if (!*entry) {
			table = HOST_BASE + ((*used)++ << SHADOW_PAGE_LG2);
			*entry = table | PTE_VALID | PTE_TABLE;
		}
		entry = (uint64_t *)space->host_memory + (table - HOST_BASE) / sizeof(uint64_t);
		entry += address >> shift & (ENTRIES - 1);
	}
	return entry;
}

/* xorshift64*: any seed but zero. */
static uint64_t next_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * UINT64_C(0x2545f4914f6cdd1d);
}

/* 1 TiB of memory in which the host does not own @holes pages, at random. */
static struct space *space_with_holes(uint64_t holes)
{
	uint64_t tables = 2 * holes + 1024, state = 1, used = HOST_TABLES;
	uint64_t pool = (tables + 64) * SHADOW_PAGE_BYTES;
	struct space *space =
		space_new(TIB_BITS, SHADOW_PAGE_LG2, (pool + POOL_ALIGN - 1) & ~(POOL_ALIGN - 1), tables);

	while (space && holes) {
		uint64_t *entry = host_entry(space, GIB + next_random(&state) % (1024 * GIB), &used);

		holes -= !*entry;
		*entry = HOST_ANNOTATION;
	}
	return space;
}

static void holes(struct bench *bench)
{
	measure(bench, space_with_holes((uint64_t)bench_argument(bench)));
}

/* ---- the eager tables ------------------------------------------------------------ */

static void eager(struct bench *bench)
{
	uint64_t pages = (uint64_t)bench_argument(bench) << (30 - SHADOW_PAGE_LG2), used = 0;
	struct run run = { GIB >> SHADOW_PAGE_LG2, (GIB >> SHADOW_PAGE_LG2) + pages, SHADOW_ACCESS_RW,
			   SHADOW_MEMORY_NORMAL };
	struct shadow_pool pool = { .base = { HOST_BASE } };
	struct pages tables;
	int error = 0;

	pool.bytes = (pages / ENTRIES + pages / ENTRIES / ENTRIES + 64) * SHADOW_PAGE_BYTES;
	pool.virt = platform_linux_alloc(pool.bytes, POOL_ALIGN);
	if (!pool.virt) {
		bench_skip(bench, "out of memory");
		return;
	}
	while (!error && bench_next(bench)) {
		bench_pause(bench);
		memset(pool.virt, 0, used);
		bench_resume(bench);
		error = pages_init(&tables, &pool, TIB_BITS);
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
