/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * bench_storm.c - what does a revoked page cost the CPU by the engine's own calls, and how long until it is
 * in force?
 *
 * As a hypervisor calls it: for each page the look-up of its old state, shadow_reserve(), shadow_queue();
 * after a batch shadow_flush() and shadow_wait(). Eager and strict revoke as many pages, each of a world of
 * its own, by turns with it. The SMMU completes at once, so a device's time is not in any figure but those
 * called modelled, which have nothing else.
 *
 *   storm     batches of 512; work_ns is all of it, reserve_ns the check phase in it, queue_flush_ns the rest
 *   lone      one page at a time: the transition that has nobody to share a flush with. A grant gives back what was
 * revoked before, which is not timed
 *   latency   from the first shadow_queue() of a batch to the ticket that covers it is complete; p50 and p99
 * of single batches, with what else ran on this CPU meanwhile. modelled_ns: as many syncs as are waited for
 * one after the other, of MODELLED_SYNC_NS each
 *
 * The harness's own time has all sides and their refilling in it: it says nothing.
 * What is timed has a function of its own, storm_timed_*(), for scripts/count-instructions.
 */
#include <stdlib.h>
#include <time.h>

#include "bench/benchmarks/floor.h"
#include "bench/benchmarks/storm.h"
#include "bench/policy/batched.h"
#include "smmuv3/tlbi_plan.h"

#define LONE_TURN	 64u   /* transitions timed together */
#define SAMPLES_MAX	 8192u /* of latency */
#define CLOCK_TRIES	 64u
#define MODELLED_SYNC_NS 1000u

enum side {
	OURS,
	EAGER,
	STRICT,
	SIDES
};

struct duel {
	struct storm storm[SIDES];
	struct shadow_engine *engine;
	struct floor eager, strict, parts; /* ours beside each; the batch beside its check phase */
	uint64_t pages;			   /* revoked by turns, */
	uint64_t commands, syncs, writes;  /* and what that took */
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
	for (unsigned side = 0; side < SIDES; side++)
		if (duel->storm[side].policy)
			storm_fini(&duel->storm[side]);
	free(duel);
}

static struct duel *duel_open(struct bench *bench, const struct storm_config *config)
{
	static const struct policy_ops *const ops[SIDES] = { &policy_batched, &policy_eager, &policy_strict };
	struct duel *duel = calloc(1, sizeof(*duel));

	for (unsigned side = 0; duel && side < SIDES; side++) {
		if (!side_open(&duel->storm[side], config, ops[side]))
			continue;
		duel_close(duel);
		duel = NULL;
	}
	if (duel)
		duel->engine = batched_engine(duel->storm[OURS].policy);
	else
		bench_skip(bench, "the worlds could not be set up");
	return duel;
}

/* All arrive at the same state. */
static void duel_finish(struct bench *bench, struct duel *duel, int error)
{
	uint64_t checksum[SIDES] = { 0 };

	for (unsigned side = 0; side < SIDES && !error; side++)
		error = storm_finish(&duel->storm[side], &checksum[side]);
	if (error)
		bench_fail(bench, "a policy failed");
	else if (checksum[EAGER] != checksum[OURS] || checksum[STRICT] != checksum[OURS])
		bench_fail(bench, "the policies' tables differ");
	else
		bench_checksum(bench, checksum[OURS]);
	duel_close(duel);
}

static int side_refill(struct storm *storm, uint64_t pages)
{
	int error;

	if (storm_left(storm) >= pages)
		return 0;
	error = storm_revoke(storm, storm_left(storm));
	return error ? error : storm_restore(storm);
}

static void count(struct duel *duel, int sign)
{
	struct policy_stats stats;

	storm_stats(&duel->storm[OURS], &stats);
	duel->commands += (uint64_t)sign * (stats.tlbi + stats.syncs);
	duel->syncs += (uint64_t)sign * stats.syncs;
	duel->writes += (uint64_t)sign * stats.tables.writes;
}

/* One turn, of @pages pages, with as many left on all sides. */
static int duel_turn(struct bench *bench, struct duel *duel, uint64_t pages,
		     int (*turn)(struct duel *, uint64_t))
{
	int error = 0;

	bench_pause(bench);
	for (unsigned side = 0; side < SIDES && !error; side++)
		error = side_refill(&duel->storm[side], pages);
	count(duel, -1);
	bench_resume(bench);
	if (!error)
		error = turn(duel, pages);
	bench_pause(bench);
	count(duel, 1);
	duel->pages += pages;
	bench_resume(bench);
	return error;
}

__attribute__((noinline)) static int storm_timed_reserve(const struct duel *duel, uint64_t pages)
{
	const struct storm *storm = &duel->storm[OURS];
	int error = 0;

	for (const uint32_t *at = storm->order + storm->next, *end = at + pages; at < end; at++) {
		struct shadow_transition transition = storm_transition(storm, *at);

		error |= shadow_reserve(duel->engine, 0, &transition, POLICY_WAIT_NS);
	}
	return error;
}

__attribute__((noinline)) static int storm_timed_flush(struct duel *duel, uint64_t pages)
{
	struct storm *storm = &duel->storm[OURS];
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
	struct storm *storm = &duel->storm[OURS];
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
	return storm_revoke(&duel->storm[EAGER], pages);
}

__attribute__((noinline)) static int storm_timed_strict(struct duel *duel, uint64_t pages)
{
	return storm_revoke(&duel->storm[STRICT], pages);
}

/* The pages that were revoked last. */
static struct shadow_transition back_transition(const struct storm *storm, uint64_t at)
{
	return (struct shadow_transition){
		.start = { (STORM_BASE + storm->order[at]) << SHADOW_PAGE_LG2 },
		.page_count = 1,
		.new_state = SHADOW_STATE_OWNED,
		.old_state = (enum shadow_state)storm->states[storm->order[at]],
	};
}

__attribute__((noinline)) static int storm_timed_lone_grant(struct duel *duel, uint64_t pages)
{
	struct storm *storm = &duel->storm[OURS];
	int error = 0;

	for (uint64_t at = storm->next - pages; at < storm->next; at++) {
		struct shadow_transition transition = back_transition(storm, at);

		error |= shadow_reserve(duel->engine, 0, &transition, POLICY_WAIT_NS);
		shadow_queue(duel->engine, 0, ++storm->number, &transition);
		storm->states[storm->order[at]] = SHADOW_STATE_OWNED;
		error |= shadow_wait(duel->engine, shadow_flush(duel->engine), POLICY_WAIT_NS);
	}
	return error;
}

/* A baseline's grants are in force when its calls return. */
static inline int grant_each(struct storm *storm, uint64_t pages)
{
	int error = 0;

	for (uint64_t at = storm->next - pages; at < storm->next && !error; at++) {
		struct shadow_transition transition = back_transition(storm, at);

		error = storm->ops->transition(storm->policy, 0, ++storm->number, &transition);
		storm->states[storm->order[at]] = SHADOW_STATE_OWNED;
	}
	return error;
}

__attribute__((noinline)) static int storm_timed_eager_grant(struct duel *duel, uint64_t pages)
{
	return grant_each(&duel->storm[EAGER], pages);
}

__attribute__((noinline)) static int storm_timed_strict_grant(struct duel *duel, uint64_t pages)
{
	return grant_each(&duel->storm[STRICT], pages);
}

/* The baselines' part of a turn. Ours took @ns. */
static int others_turn(struct duel *duel, uint64_t pages, uint64_t ns)
{
	uint64_t begun = floor_ns(), between;
	int error = storm_timed_eager(duel, pages);

	between = floor_ns();
	if (!error)
		error = storm_timed_strict(duel, pages);
	floor_add(&duel->strict, ns, floor_ns() - between);
	floor_add(&duel->eager, ns, between - begun);
	return error;
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
	floor_add(&duel->parts, done - reserved, reserved - begun);
	return error ? error : others_turn(duel, pages, done - begun);
}

static int lone_turn(struct duel *duel, uint64_t pages)
{
	uint64_t begun = floor_ns();
	int error = storm_timed_lone(duel, pages);

	return error ? error : others_turn(duel, pages, floor_ns() - begun);
}

/* All sides lose the next pages, neither timed nor counted; get them back by turns; and lose them again. */
static int grant_turn(struct duel *duel, uint64_t pages)
{
	uint64_t begun, ours, eager;
	int error = 0;

	count(duel, 1);
	for (unsigned side = 0; side < SIDES && !error; side++)
		error = storm_revoke(&duel->storm[side], pages);
	count(duel, -1);
	begun = floor_ns();
	if (!error)
		error = storm_timed_lone_grant(duel, pages);
	ours = floor_ns();
	if (!error)
		error = storm_timed_eager_grant(duel, pages);
	eager = floor_ns();
	if (!error)
		error = storm_timed_strict_grant(duel, pages);
	floor_add(&duel->strict, ours - begun, floor_ns() - eager);
	floor_add(&duel->eager, ours - begun, eager - ours);
	count(duel, 1);
	for (unsigned side = 0; side < SIDES && !error; side++) {
		duel->storm[side].next -= pages;
		error = storm_revoke(&duel->storm[side], pages);
	}
	count(duel, -1);
	return error;
}

static void run(struct bench *bench, const struct storm_config *config, uint64_t pages,
		int (*turn)(struct duel *, uint64_t))
{
	static const struct floor_names eager_names = { "to_eager", "work_ns", "eager_ns" };
	static const struct floor_names strict_names = { "to_strict", NULL, "strict_ns" };
	static const struct floor_names parts = { NULL, "queue_flush_ns", "reserve_ns" };
	struct duel *duel = duel_open(bench, config);
	int error = 0;

	if (!duel)
		return;
	while (bench_next_batch(bench, (int64_t)pages))
		if (!error)
			error = duel_turn(bench, duel, pages, turn);
	bench_counter(bench, "commands_per_page", (double)duel->commands / (double)duel->pages);
	bench_counter(bench, "syncs_per_page", (double)duel->syncs / (double)duel->pages);
	bench_counter(bench, "table_writes_per_page", (double)duel->writes / (double)duel->pages);
	floor_report_as(&duel->eager, bench, (double)pages, &eager_names);
	floor_report_as(&duel->strict, bench, (double)pages, &strict_names);
	floor_report_as(&duel->parts, bench, (double)pages, &parts);
	duel_finish(bench, duel, error);
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

static void grant_sequential(struct bench *bench)
{
	const struct storm_config config = storm_config_default();

	run(bench, &config, LONE_TURN, grant_turn);
}

static void grant_random(struct bench *bench)
{
	struct storm_config config = storm_config_default();

	config.random = true;
	run(bench, &config, LONE_TURN, grant_turn);
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

static struct samples samples_of[SIDES];
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
	for (unsigned side = 0; side < SIDES; side++)
		samples_of[side].count = 0;
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
	sample(&samples_of[OURS], done - begun);
	if (!error)
		error = storm_timed_eager(duel, pages);
	begun = now_ns();
	sample(&samples_of[EAGER], begun - done);
	if (!error)
		error = storm_timed_strict(duel, pages);
	sample(&samples_of[STRICT], now_ns() - begun);
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
	report(&samples_of[OURS], bench, "p50_ns", "p99_ns");
	report(&samples_of[EAGER], bench, "eager_p50_ns", "eager_p99_ns");
	report(&samples_of[STRICT], bench, "strict_p50_ns", "strict_p99_ns");
	bench_counter(bench, "modelled_ns", MODELLED_SYNC_NS);
	bench_counter(bench, "eager_modelled_ns", (double)(pages * MODELLED_SYNC_NS));
	bench_counter(bench, "strict_modelled_ns", (double)(pages * MODELLED_SYNC_NS));
	duel_finish(bench, duel, error);
}

void bench_storm_register(void)
{
	static const int64_t batch[] = { STORM_BATCH }, one[] = { 1 }, batches[] = { 1, 8, 64, STORM_BATCH };

	bench_register("storm/revoke_sequential/batched", "pages", storm_sequential, batch, 1);
	bench_register("storm/revoke_random/batched", "pages", storm_random, batch, 1);
	bench_register("storm/revoke_random_vmid/batched", "pages", storm_random_vmid, batch, 1);
	bench_register("lone/revoke_sequential/batched", "pages", lone_sequential, one, 1);
	bench_register("lone/revoke_random/batched", "pages", lone_random, one, 1);
	bench_register("lone/grant_sequential/batched", "pages", grant_sequential, one, 1);
	bench_register("lone/grant_random/batched", "pages", grant_random, one, 1);
	bench_register("latency/revoke_random/batched", "pages", latency, batches, 4);
}
