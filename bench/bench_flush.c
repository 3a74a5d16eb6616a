/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * bench_flush.c - what does a revoked page cost the CPU, from the call to commands published and seen done?
 * The time is that of one page; its parameter is how many pages a batch has.
 *
 * One page a call; the batched policy flushes and waits after each batch, the others have by then. The SMMUs
 * complete at once, so a device's time is not in it: commands and syncs are counted beside. All policies end
 * in the same state, and the checksums of their tables must be equal. What is timed is flush_timed(), for
 * scripts/count-instructions.
 */
#include <stdio.h>
#include <stdlib.h>

#include "bench/harness.h"
#include "bench/storm.h"

#define CHECKSUM_PAGES 1000u /* revoked when it is taken */
#define STRETCH	       16u   /* batches timed together */

/* The storm comes to its end and starts over, so that all policies arrive at the same state. */
static int finish(struct storm *storm, uint64_t *checksum)
{
	int error = storm_revoke(storm, storm_left(storm));

	if (!error)
		error = storm_restore(storm);
	if (!error)
		error = storm_revoke(storm, CHECKSUM_PAGES);
	*checksum = storm_checksum(storm);
	return error;
}

static void check_checksum(bool random, uint64_t checksum)
{
	static uint64_t expected[2];

	if (!expected[random])
		expected[random] = checksum;
	if (checksum && expected[random] == checksum)
		return;
	fprintf(stderr, "s2shadow: %s:%d: the policies' tables differ\n", __FILE__, __LINE__);
	exit(1);
}

/* What restoring did between the measured parts is not counted. */
struct counts {
	uint64_t tlbi, syncs, doorbells, writes;
};

static void count(const struct storm *storm, struct counts *counts, int sign)
{
	struct policy_stats stats;

	storm_stats(storm, &stats);
	counts->tlbi += (uint64_t)sign * stats.tlbi;
	counts->syncs += (uint64_t)sign * stats.syncs;
	counts->doorbells += (uint64_t)sign * stats.doorbells;
	counts->writes += (uint64_t)sign * stats.tables.writes;
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

static void revoke(struct bench *bench, const struct policy_ops *ops, const struct storm_config *config)
{
	uint64_t pages = (uint64_t)bench_argument(bench), batches = 0, checksum = 0;
	struct counts counts = { 0 };
	struct storm storm;
	double revoked;
	int error;

	if (storm_init(&storm, config)) {
		bench_skip(bench, "the world could not be set up");
		return;
	}
	if (storm_open(&storm, ops)) {
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
		error = finish(&storm, &checksum);
	storm_fini(&storm);
	if (error) {
		bench_fail(bench, "the policy failed");
		return;
	}
	check_checksum(config->random, checksum);
	revoked = (double)(pages * batches);
	bench_counter_rate(bench, "pages", 1);
	bench_counter(bench, "commands_per_page", (double)(counts.tlbi + counts.syncs) / revoked);
	bench_counter(bench, "syncs_per_flush", (double)counts.syncs / (double)batches);
	bench_counter(bench, "doorbells_per_flush", (double)counts.doorbells / (double)batches);
	bench_counter(bench, "table_writes_per_page", (double)counts.writes / revoked);
	bench_counter(bench, "checksum", (double)(checksum & 0xffff));
}

static void sequential(struct bench *bench, const struct policy_ops *ops)
{
	struct storm_config config = storm_config_default();

	revoke(bench, ops, &config);
}

static void sequential_eager(struct bench *bench)
{
	sequential(bench, &policy_eager);
}

static void sequential_strict(struct bench *bench)
{
	sequential(bench, &policy_strict);
}

static void sequential_batched(struct bench *bench)
{
	sequential(bench, &policy_batched);
}

static void scattered(struct bench *bench, const struct policy_ops *ops)
{
	struct storm_config config = storm_config_default();

	config.random = true;
	revoke(bench, ops, &config);
}

static void random_eager(struct bench *bench)
{
	scattered(bench, &policy_eager);
}

static void random_strict(struct bench *bench)
{
	scattered(bench, &policy_strict);
}

static void random_batched(struct bench *bench)
{
	scattered(bench, &policy_batched);
}

/* Four SMMUs whose streams have a stage 1: what the batch saves most. */
static void nested4(struct bench *bench, const struct policy_ops *ops)
{
	struct storm_config config = storm_config_default();

	config.smmu_count = 4;
	config.nested = true;
	revoke(bench, ops, &config);
}

static void nested4_eager(struct bench *bench)
{
	nested4(bench, &policy_eager);
}

static void nested4_strict(struct bench *bench)
{
	nested4(bench, &policy_strict);
}

static void nested4_batched(struct bench *bench)
{
	nested4(bench, &policy_batched);
}

/* Blocks: what BBML 2 allows, and the baselines cannot do. */
static void blocks_batched(struct bench *bench)
{
	struct storm_config config = storm_config_default();

	config.bbml = 2;
	revoke(bench, &policy_batched, &config);
}

void bench_flush_register(void)
{
	static const int64_t pages[] = { 1, 8, 64, STORM_BATCH };
	static const struct {
		const char *name;
		void (*run)(struct bench *bench);
	} benchmarks[] = {
		{ "flush/revoke_sequential/eager", sequential_eager },
		{ "flush/revoke_sequential/strict", sequential_strict },
		{ "flush/revoke_sequential/batched", sequential_batched },
		{ "flush/revoke_sequential_blocks/batched", blocks_batched },
		{ "flush/revoke_random/eager", random_eager },
		{ "flush/revoke_random/strict", random_strict },
		{ "flush/revoke_random/batched", random_batched },
		{ "flush/revoke_nested_4/eager", nested4_eager },
		{ "flush/revoke_nested_4/strict", nested4_strict },
		{ "flush/revoke_nested_4/batched", nested4_batched },
	};
	unsigned i;

	for (i = 0; i < sizeof(benchmarks) / sizeof(benchmarks[0]); i++)
		bench_register(benchmarks[i].name, "pages", benchmarks[i].run, pages,
			       sizeof(pages) / sizeof(pages[0]));
}
