/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * bench_snapshot.c - how long does a snapshot take, by the size of memory and by how fragmented the host's
 * table is?
 *
 * The host's table is read and ours is made. fragmented: the host has pages of its own taken from it, so many
 * in each GiB, at random, and has mapped nothing yet. mapped: it has an entry for each page. Eager's and
 * strict's snapshots are the same, and map pages; all end in the same map. Warm.
 */
#include <string.h>

#include "bench/benchmarks/expanse.h"
#include "bench/benchmarks/harness.h"

#define POOL_ALIGN (UINT64_C(1) << 21)
#define GIB_TABLES 514u /* of pages, and those above them */

static const bool is_eager = true, is_batched = false;

/* The same pool for all policies: it is a hole in what they map. */
static struct expanse *expanse_of(struct bench *bench)
{
	uint64_t gib = (uint64_t)bench_argument(bench);
	const struct expanse_config config = {
		.eager = *(const bool *)bench_context(bench),
		.ia_bits = EXPANSE_TIB_BITS,
		.granule_lg2 = SHADOW_PAGE_LG2,
		.memory_bytes = gib * EXPANSE_GIB,
		.pool_bytes = EXPANSE_POOL_MIN + ((gib * GIB_TABLES << SHADOW_PAGE_LG2) + POOL_ALIGN - 1) /
							 POOL_ALIGN * POOL_ALIGN,
		.host_tables = gib * GIB_TABLES,
	};
	struct expanse *expanse = expanse_new(&config);

	if (!expanse)
		bench_skip(bench, "out of memory");
	return expanse;
}

__attribute__((noinline)) static int snapshot_timed(struct expanse *expanse)
{
	return expanse_snapshot(expanse);
}

static void measure(struct bench *bench, struct expanse *expanse)
{
	int error = expanse_reset(expanse);
	uint64_t checksum = 0;

	if (!error)
		error = expanse_snapshot(expanse);
	if (!error) {
		expanse_read(expanse);
		checksum = expanse_checksum(expanse);
	}
	while (!error && bench_next(bench)) {
		bench_pause(bench);
		error = expanse_reset(expanse);
		bench_resume(bench);
		if (!error)
			error = snapshot_timed(expanse);
	}
	if (error) {
		bench_fail(bench, "the snapshot failed");
	} else {
		bench_counter(bench, "bytes_per_mapped_gib",
			      (double)expanse->stats.bytes_live / (double)bench_argument(bench));
		bench_counter(bench, "table_writes", (double)expanse->stats.writes);
		bench_checksum(bench, checksum);
	}
	expanse_free(expanse);
}

static void fragmented(struct bench *bench)
{
	struct expanse *expanse = expanse_of(bench);

	if (!expanse)
		return;
	expanse_add_holes(expanse, (uint64_t)(bench_argument(bench) * bench_parameter(bench, 1)));
	measure(bench, expanse);
}

static void mapped(struct bench *bench)
{
	struct expanse *expanse = expanse_of(bench);

	if (!expanse)
		return;
	expanse_map_pages(expanse);
	measure(bench, expanse);
}

void bench_snapshot_register(void)
{
	static const int64_t holes[] = { 0, 1, 16, 256 };
	static const struct {
		const char *name;
		void (*run)(struct bench *bench);
		const bool *eager;
	} snapshots[] = {
		{ "snapshot/fragmented/eager", fragmented, &is_eager },
		{ "snapshot/fragmented/batched", fragmented, &is_batched },
		{ "snapshot/mapped/eager", mapped, &is_eager },
		{ "snapshot/mapped/batched", mapped, &is_batched },
	};

	for (unsigned i = 0; i < sizeof(snapshots) / sizeof(snapshots[0]); i++) {
		struct bench_entry entry = {
			.name = snapshots[i].name,
			.run = snapshots[i].run,
			.axis = { { .name = "gib", .first = 1, .last = 64, .factor = 8 } },
			.context = snapshots[i].eager,
		};

		if (snapshots[i].run == fragmented)
			entry.axis[1] =
				(struct bench_axis){ .name = "holes_per_gib", .values = holes, .count = 4 };
		else
			entry.axis[0].last = 8;
		bench_add(&entry);
	}
}
