/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * bench_threads.c - what does a revoked page cost when several CPUs revoke, queue and flush at the same time?
 *
 * Each thread is a CPU that makes trips of some pages, one page a call: it takes the host lock, reserves and
 * queues, flushes, drops the lock, and waits for its ticket without it; eager and strict have waited in each
 * call, under the lock. Time is on the wall, of one page of all threads' together, with the lock and the
 * hand-over of cache lines in it; the SMMU completes at once, so what a flush can share is not in it.
 * `s2shadow scale` models what a device's time adds. When all pages of 1 GiB are revoked they are granted
 * again in one call: some 1 ns a page, in all figures.
 */
#include <stdlib.h>

#include "bench/benchmarks/harness.h"
#include "bench/benchmarks/hostlock.h"
#include "bench/benchmarks/storm.h"
#include "bench/policy/batched.h"

#define THREADS_MAX 64u

struct kind {
	const struct policy_ops *ops;
	bool random;
};

struct system {
	struct hostlock lock;
	struct storm storm;
	struct policy_stats before; /* the loops */
	uint64_t number;
	_Atomic uint32_t failed;
};

static struct system *system_open(const struct kind *kind, unsigned threads)
{
	struct system *system = calloc(1, sizeof(*system));
	struct storm_config config = storm_config_default();

	if (!system)
		return NULL;
	config.random = kind->random;
	config.cpu_count = threads;
	if (storm_init(&system->storm, &config)) {
		free(system);
		return NULL;
	}
	/* Warm: every table has been walked and written once. */
	if (storm_open(&system->storm, kind->ops) || storm_revoke(&system->storm, STORM_PAGES) ||
	    storm_restore(&system->storm)) {
		storm_fini(&system->storm);
		free(system);
		return NULL;
	}
	hostlock_init(&system->lock);
	storm_stats(&system->storm, &system->before);
	system->number = system->storm.number;
	return system;
}

static void system_close(struct system *system)
{
	storm_fini(&system->storm);
	hostlock_fini(&system->lock);
	free(system);
}

/* Host lock held. */
static int revoke(struct storm *storm, unsigned cpu, uint64_t pages)
{
	int error = 0;

	if (storm_left(storm) < pages) {
		error = storm_revoke(storm, storm_left(storm));
		if (!error)
			error = storm_restore(storm);
	}
	for (uint64_t i = 0; !error && i < pages; i++) {
		uint32_t page = storm->order[storm->next++];
		struct shadow_transition transition = storm_transition(storm, page);

		error = storm->ops->transition(storm->policy, cpu, ++storm->number, &transition);
		storm->states[page] = SHADOW_STATE_NOPAGE;
	}
	return error;
}

__attribute__((noinline)) static int threads_timed_trip(struct system *system, unsigned cpu, uint64_t pages)
{
	struct shadow_engine *engine = NULL;
	shadow_ticket_t ticket;
	int error;

	hostlock_take(&system->lock);
	error = revoke(&system->storm, cpu, pages);
	if (!error && system->storm.ops == &policy_batched) {
		engine = batched_engine(system->storm.policy);
		ticket = shadow_flush(engine);
	}
	hostlock_drop(&system->lock);
	return engine ? shadow_wait(engine, ticket, POLICY_WAIT_NS) : error;
}

/* By all policies to the same state. */
static void finish(struct bench *bench, struct system *system)
{
	struct storm *storm = &system->storm;
	struct policy_stats stats;
	uint64_t pages, syncs, tlbi, checksum;
	int error;

	platform_linux_set_host_lock(true);
	storm_stats(storm, &stats);
	syncs = stats.syncs - system->before.syncs;
	tlbi = stats.tlbi - system->before.tlbi;
	pages = storm->number - system->number;
	error = storm_finish(storm, &checksum);
	if (error || system->failed) {
		bench_fail(bench, "the policy failed");
	} else {
		bench_counter(bench, "syncs_per_page", (double)syncs / (double)pages);
		bench_counter(bench, "commands_per_page", (double)(tlbi + syncs) / (double)pages);
		bench_checksum(bench, checksum);
	}
	system_close(system);
}

static void trips(struct bench *bench)
{
	uint64_t pages = (uint64_t)bench_argument(bench);
	int error = 0;

	if (!bench_thread(bench)) {
		struct system *opened = system_open(bench_context(bench), bench_threads(bench));

		if (!opened) {
			bench_skip(bench, "the world could not be set up");
			return;
		}
		bench_share(bench, opened);
	}
	while (bench_next_batch(bench, (int64_t)pages)) {
		struct system *system = bench_shared(bench);

		if (!error)
			error = threads_timed_trip(system, bench_thread(bench), pages);
		if (error)
			system->failed = 1;
	}
	if (!bench_thread(bench))
		finish(bench, bench_shared(bench));
}

void bench_threads_register(void)
{
	static const int64_t pages[] = { 1, 16, STORM_BATCH };
	static const struct {
		const char *name;
		struct kind kind;
	} policies[] = {
		{ "threads/revoke_sequential/eager", { &policy_eager, false } },
		{ "threads/revoke_sequential/strict", { &policy_strict, false } },
		{ "threads/revoke_sequential/batched", { &policy_batched, false } },
		{ "threads/revoke_random/eager", { &policy_eager, true } },
		{ "threads/revoke_random/strict", { &policy_strict, true } },
		{ "threads/revoke_random/batched", { &policy_batched, true } },
	};

	for (unsigned i = 0; i < sizeof(policies) / sizeof(policies[0]); i++) {
		const struct bench_entry entry = {
			.name = policies[i].name,
			.run = trips,
			.axis = { { .name = "pages", .values = pages, .count = 3 } },
			.context = &policies[i].kind,
			.threads_max = THREADS_MAX,
		};

		bench_add(&entry);
	}
}
