/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * bench_storm.c - what does a revoked page cost the CPU by the engine's own calls, and how long until it is in force?
 *
 * As a hypervisor calls it: for each page the look-up of its old state, shadow_reserve(), shadow_queue(); after a batch
 * shadow_flush() and shadow_wait(). The eager baseline revokes as many pages of a world of its own by turns with it. The
 * SMMU completes at once, so a device's time is not in any figure but those called modelled, which have nothing else.
 *
 *   storm     batches of 512; work_ns is all of it, reserve_ns the check phase in it, queue_flush_ns the rest
 *   lone      one page at a time: the transition that has nobody to share a flush with
 *   latency   from the first shadow_queue() of a batch to the ticket that covers it is complete; p50 and p99 of single
 *             batches, with what else ran on this CPU meanwhile. modelled_ns: as many syncs as are waited for one after
 *             the other, of MODELLED_SYNC_NS each
 *
 * The harness's own time has both sides and their refilling in it: it says nothing.
 * What is timed has a function of its own, storm_timed_*(), for scripts/count-instructions.
 */
#include <stdlib.h>
#include <time.h>

#include "bench/batched.h"
#include "bench/floor.h"
#include "bench/storm.h"
#include "smmuv3/tlbi_plan.h"

#define LONE_TURN	 64u   /* transitions timed together */
#define SAMPLES_MAX	 8192u /* of latency */
#define CLOCK_TRIES	 64u
#define MODELLED_SYNC_NS 1000u

struct duel {
	struct storm ours, eager;
	struct shadow_engine *engine;
	struct floor whole, parts;     /* ours beside eager; the batch beside its check phase */
	uint64_t pages, commands;      /* revoked by turns, and what that took */
};

static int side_open(struct storm *storm, const struct storm_config *config, const struct policy_ops *ops)
{
	int error = storm_init(storm, config);

	if (error)
		return error;
	error = storm_open(storm, ops);
	/* Every table has been walked and written once. */
	if (!error)
		error = storm_revoke(storm, STORM_PAGES);
	if (!error)
		error = storm_restore(storm);
	if (error)
		storm_fini(storm);
	return error;
}

static void duel_close(struct duel *duel)
{
	storm_fini(&duel->ours);
	storm_fini(&duel->eager);
	free(duel);
}

static struct duel *duel_open(struct bench *bench, const struct storm_config *config)
{
	struct duel *duel = calloc(1, sizeof(*duel));

	if (!duel || side_open(&duel->ours, config, &policy_batched)) {
		free(duel);
		bench_skip(bench, "the world could not be set up");
		return NULL;
	}
	if (side_open(&duel->eager, config, &policy_eager)) {
		storm_fini(&duel->ours);
		free(duel);
		bench_skip(bench, "the world of the baseline could not be set up");
		return NULL;
	}
	duel->engine = batched_engine(duel->ours.policy);
	return duel;
}

static int side_refill(struct storm *storm, uint64_t pages)
{
	int error;

	if (storm_left(storm) >= pages)
		return 0;
	error = storm_revoke(storm, storm_left(storm));
	return error ? error : storm_restore(storm);
}

static uint64_t commands(const struct storm *storm)
{
	struct policy_stats stats;

	storm_stats(storm, &stats);
	return stats.tlbi + stats.syncs;
}

/* One turn, of @pages pages, with as many left on both sides. */
static int duel_turn(struct bench *bench, struct duel *duel, uint64_t pages, int (*turn)(struct duel *, uint64_t))
{
	int error;

	bench_pause(bench);
	error = side_refill(&duel->ours, pages);
	if (!error)
		error = side_refill(&duel->eager, pages);
	duel->commands -= commands(&duel->ours);
	bench_resume(bench);
	if (!error)
		error = turn(duel, pages);
	bench_pause(bench);
	duel->commands += commands(&duel->ours);
	duel->pages += pages;
	bench_resume(bench);
	return error;
}

__attribute__((noinline)) static int storm_timed_reserve(const struct duel *duel, uint64_t pages)
{
	const struct storm *storm = &duel->ours;
	int error = 0;

	for (const uint32_t *at = storm->order + storm->next, *end = at + pages; at < end; at++) {
		struct shadow_transition transition = storm_transition(storm, *at);

		error |= shadow_reserve(duel->engine, 0, &transition, POLICY_WAIT_NS);
	}
	return error;
}

__attribute__((noinline)) static int storm_timed_flush(struct duel *duel, uint64_t pages)
{
	struct storm *storm = &duel->ours;
	uint64_t number = storm->number;

	for (const uint32_t *at = storm->order + storm->next, *end = at + pages; at < end; at++) {
		struct shadow_transition transition = storm_transition(storm, *at);

		shadow_queue(duel->engine, 0, ++number, &transition);
		storm->states[*at] = SHADOW_STATE_NOPAGE;
	}
	storm->next += pages;
	storm->number = number;
	return shadow_wait(duel->engine, shadow_flush(duel->engine), POLICY_WAIT_NS);
}

__attribute__((noinline)) static int storm_timed_lone(struct duel *duel, uint64_t pages)
{
	struct storm *storm = &duel->ours;
	int error = 0;

	for (uint64_t i = 0; i < pages; i++) {
		uint32_t page = storm->order[storm->next++];
		struct shadow_transition transition = storm_transition(storm, page);

		error |= shadow_reserve(duel->engine, 0, &transition, POLICY_WAIT_NS);
		shadow_queue(duel->engine, 0, ++storm->number, &transition);
		storm->states[page] = SHADOW_STATE_NOPAGE;
		error |= shadow_wait(duel->engine, shadow_flush(duel->engine), POLICY_WAIT_NS);
	}
	return error;
}

__attribute__((noinline)) static int storm_timed_eager(struct duel *duel, uint64_t pages)
{
	return storm_revoke(&duel->eager, pages);
}

/* ---- storm, lone ----------------------------------------------------------------------------------- */

static int storm_turn(struct duel *duel, uint64_t pages)
{
	uint64_t begun = floor_ns(), reserved, done;
	int error = storm_timed_reserve(duel, pages);

	reserved = floor_ns();
	if (!error)
		error = storm_timed_flush(duel, pages);
	done = floor_ns();
	if (!error)
		error = storm_timed_eager(duel, pages);
	floor_add(&duel->whole, done - begun, floor_ns() - done);
	floor_add(&duel->parts, done - reserved, reserved - begun);
	return error;
}

static int lone_turn(struct duel *duel, uint64_t pages)
{
	uint64_t begun = floor_ns(), done;
	int error = storm_timed_lone(duel, pages);

	done = floor_ns();
	if (!error)
		error = storm_timed_eager(duel, pages);
	floor_add(&duel->whole, done - begun, floor_ns() - done);
	return error;
}

static void run(struct bench *bench, const struct storm_config *config, uint64_t pages,
		int (*turn)(struct duel *, uint64_t))
{
	static const struct floor_names whole = { "to_eager", "work_ns", "eager_ns" };
	static const struct floor_names parts = { NULL, "queue_flush_ns", "reserve_ns" };
	struct duel *duel = duel_open(bench, config);
	int error = 0;

	if (!duel)
		return;
	while (bench_next_batch(bench, (int64_t)pages))
		if (!error)
			error = duel_turn(bench, duel, pages, turn);
	if (error)
		bench_fail(bench, "a policy failed");
	bench_counter(bench, "commands_per_page", (double)duel->commands / (double)duel->pages);
	floor_report_as(&duel->whole, bench, (double)pages, &whole);
	floor_report_as(&duel->parts, bench, (double)pages, &parts);
	duel_close(duel);
}

static void storm_sequential(struct bench *bench)
{
	const struct storm_config config = storm_config_default();

	run(bench, &config, (uint64_t)bench_argument(bench), storm_turn);
}

static void storm_random(struct bench *bench)
{
	struct storm_config config = storm_config_default();

	config.random = true;
	run(bench, &config, (uint64_t)bench_argument(bench), storm_turn);
}

/* All else costs so much that the whole VMID always goes. */
static void storm_random_vmid(struct bench *bench)
{
	struct storm_config config = storm_config_default();

	config.random = true;
	config.cost = tlbi_cost(&config.cost);
	config.cost.vmid = 1;
	run(bench, &config, (uint64_t)bench_argument(bench), storm_turn);
}

static void lone_sequential(struct bench *bench)
{
	const struct storm_config config = storm_config_default();

	run(bench, &config, LONE_TURN, lone_turn);
}

static void lone_random(struct bench *bench)
{
	struct storm_config config = storm_config_default();

	config.random = true;
	run(bench, &config, LONE_TURN, lone_turn);
}

/* ---- latency --------------------------------------------------------------------------------------- */

struct samples {
	unsigned count;
	uint64_t ns[SAMPLES_MAX];
};

static int compare(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return (a > b) - (a < b);
}

/* Sorts. Nearest rank. */
static void report(struct samples *samples, struct bench *bench, const char *p50, const char *p99)
{
	qsort(samples->ns, samples->count, sizeof(samples->ns[0]), compare);
	bench_counter(bench, p50, (double)samples->ns[samples->count / 2]);
	bench_counter(bench, p99, (double)samples->ns[(uint64_t)samples->count * 99 / 100]);
}

static struct samples ours, eager;
static uint64_t clock_cost;

/* Cheaper than the clock of this thread: a lone page takes no longer than that one. */
static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void samples_begin(void)
{
	ours.count = eager.count = 0;
	clock_cost = UINT64_MAX;
	for (unsigned i = 0; i < CLOCK_TRIES; i++) {
		uint64_t begun = now_ns(), took = now_ns() - begun;

		clock_cost = took < clock_cost ? took : clock_cost;
	}
}

static void sample(struct samples *samples, uint64_t ns)
{
	if (samples->count < SAMPLES_MAX)
		samples->ns[samples->count++] = ns > clock_cost ? ns - clock_cost : 0;
}

/* The pages are reserved: the host has committed to nothing yet. */
static int latency_turn(struct duel *duel, uint64_t pages)
{
	int error = storm_timed_reserve(duel, pages);
	uint64_t begun = now_ns(), done;

	if (!error)
		error = storm_timed_flush(duel, pages);
	done = now_ns();
	if (!error)
		error = storm_timed_eager(duel, pages);
	sample(&ours, done - begun);
	sample(&eager, now_ns() - done);
	return error;
}

static void latency(struct bench *bench)
{
	uint64_t pages = (uint64_t)bench_argument(bench);
	struct storm_config config = storm_config_default();
	struct duel *duel;
	int error = 0;

	config.random = true;
	duel = duel_open(bench, &config);
	if (!duel)
		return;
	samples_begin();
	while (bench_next_batch(bench, (int64_t)pages))
		if (!error)
			error = duel_turn(bench, duel, pages, latency_turn);
	if (error)
		bench_fail(bench, "a policy failed");
	report(&ours, bench, "p50_ns", "p99_ns");
	report(&eager, bench, "eager_p50_ns", "eager_p99_ns");
	bench_counter(bench, "modelled_ns", MODELLED_SYNC_NS);
	bench_counter(bench, "eager_modelled_ns", (double)(pages * MODELLED_SYNC_NS));
	duel_close(duel);
}

void bench_storm_register(void)
{
	static const int64_t batch[] = { STORM_BATCH }, one[] = { 1 }, batches[] = { 1, 8, 64, STORM_BATCH };

	bench_register("storm/revoke_sequential/batched", "pages", storm_sequential, batch, 1);
	bench_register("storm/revoke_random/batched", "pages", storm_random, batch, 1);
	bench_register("storm/revoke_random_vmid/batched", "pages", storm_random_vmid, batch, 1);
	bench_register("lone/revoke_sequential/batched", "pages", lone_sequential, one, 1);
	bench_register("lone/revoke_random/batched", "pages", lone_random, one, 1);
	bench_register("latency/revoke_random/batched", "pages", latency, batches, 4);
}
