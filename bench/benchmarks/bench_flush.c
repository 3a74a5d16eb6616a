/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * bench_flush.c - what does a revoked page cost the CPU, from the call to commands published and seen done?
 * The time is that of one page; its parameter is how many pages a batch has.
 *
 * One page a call; the batched policy flushes and waits after each batch, the others have by then. The SMMUs
 * complete at once, so a device's time is not in it: commands and syncs are counted beside. All policies end
 * in the same state. What is timed is flush_timed(), for
 * scripts/count-instructions.
 */
#include "bench/benchmarks/harness.h"
#include "bench/benchmarks/storm.h"

#define STRETCH 16u /* batches timed together */

/* What restoring did between the measured parts is not counted. */
struct counts {
	uint64_t tlbi, syncs, doorbells, writes;
	uint64_t bytes; /* of tables, at most */
};

static void count(const struct storm *storm, struct counts *counts, int sign)
{
	struct policy_stats stats;

	storm_stats(storm, &stats);
	counts->tlbi += (uint64_t)sign * stats.tlbi;
	counts->syncs += (uint64_t)sign * stats.syncs;
	counts->doorbells += (uint64_t)sign * stats.doorbells;
	counts->writes += (uint64_t)sign * stats.tables.writes;
	counts->bytes = stats.tables.bytes_peak;
}

static int restore(struct storm *storm, struct counts *counts)
{
	int error;

	count(storm, counts, 1);
	error = storm_restore(storm);
	count(storm, counts, -1);
	return error;
}

__attribute__((noinline)) static int flush_timed(struct storm *storm, uint64_t pages)
{
	int error = 0;

	for (unsigned i = 0; i < STRETCH && !error; i++)
		error = storm_revoke(storm, pages);
	return error;
}

/* What is revoked, and by whom. */
struct workload {
	const struct policy_ops *ops;
	bool random;
	unsigned smmu_count; /* 0: one */
	bool nested;
	unsigned bbml;
};

static struct storm_config config_of(const struct workload *workload)
{
	struct storm_config config = storm_config_default();

	config.random = workload->random;
	config.nested = workload->nested;
	config.bbml = workload->bbml;
	if (workload->smmu_count)
		config.smmu_count = workload->smmu_count;
	return config;
}

static void report(struct bench *bench, const struct counts *counts, double batches, double pages)
{
	bench_counter(bench, "commands_per_page", (double)(counts->tlbi + counts->syncs) / pages);
	bench_counter(bench, "syncs_per_flush", (double)counts->syncs / batches);
	bench_counter(bench, "doorbells_per_flush", (double)counts->doorbells / batches);
	bench_counter(bench, "table_writes_per_page", (double)counts->writes / pages);
	bench_counter(bench, "table_bytes_per_page", (double)counts->bytes / (double)STORM_PAGES);
}

static void revoke(struct bench *bench)
{
	const struct workload *workload = bench_context(bench);
	struct storm_config config = config_of(workload);
	uint64_t pages = (uint64_t)bench_argument(bench), batches = 0, checksum = 0;
	struct counts counts = { 0 };
	struct storm storm;
	int error;

	if (storm_init(&storm, &config)) {
		bench_skip(bench, "the world could not be set up");
		return;
	}
	if (storm_open(&storm, workload->ops)) {
		storm_fini(&storm);
		bench_skip(bench, "the policy could not be opened");
		return;
	}
	/* Warm: every table has been walked and written once. */
	error = storm_revoke(&storm, STORM_PAGES);
	if (!error)
		error = storm_restore(&storm);
	count(&storm, &counts, -1);
	while (!error && bench_next_batch(bench, (int64_t)(STRETCH * pages))) {
		if (storm_left(&storm) < STRETCH * pages) {
			bench_pause(bench);
			error = restore(&storm, &counts);
			bench_resume(bench);
		}
		if (!error)
			error = flush_timed(&storm, pages);
		batches += STRETCH;
	}
	count(&storm, &counts, 1);
	if (!error)
		error = storm_finish(&storm, &checksum);
	storm_fini(&storm);
	if (error) {
		bench_fail(bench, "the policy failed");
		return;
	}
	bench_counter_rate(bench, "pages", 1);
	report(bench, &counts, (double)batches, (double)(pages * batches));
	bench_checksum(bench, checksum);
}

/* Nested: streams with a stage 1, on four SMMUs: what a batch saves most. Blocks: what BBML 2 allows, and the
 * baselines cannot do. */
void bench_flush_register(void)
{
	static const int64_t pages[] = { 1, 8, 64, STORM_BATCH };
	static const struct {
		const char *name;
		struct workload workload;
	} flushes[] = {
		{ "flush/revoke_sequential/eager", { .ops = &policy_eager } },
		{ "flush/revoke_sequential/strict", { .ops = &policy_strict } },
		{ "flush/revoke_sequential/batched", { .ops = &policy_batched } },
		{ "flush/revoke_sequential_blocks/batched", { .ops = &policy_batched, .bbml = 2 } },
		{ "flush/revoke_random/eager", { .ops = &policy_eager, .random = true } },
		{ "flush/revoke_random/strict", { .ops = &policy_strict, .random = true } },
		{ "flush/revoke_random/batched", { .ops = &policy_batched, .random = true } },
		{ "flush/revoke_nested_4/eager", { .ops = &policy_eager, .smmu_count = 4, .nested = true } },
		{ "flush/revoke_nested_4/strict",
		  { .ops = &policy_strict, .smmu_count = 4, .nested = true } },
		{ "flush/revoke_nested_4/batched",
		  { .ops = &policy_batched, .smmu_count = 4, .nested = true } },
	};

	for (unsigned i = 0; i < sizeof(flushes) / sizeof(flushes[0]); i++) {
		const struct bench_entry entry = {
			.name = flushes[i].name,
			.run = revoke,
			.axis = { { .name = "pages", .values = pages, .count = 4 } },
			.context = &flushes[i].workload,
		};

		bench_add(&entry);
	}
}
