/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * scale_calibrate.c - the native core is timed on one CPU, and on two that take turns; the model counts the same work.
 *
 * Devices complete at once here, so a trip is the code's own time. What a trip costs more on two CPUs in turn is shared
 * among the cache lines that move then: so it counts that a CPU waits for several at a time. The shortest of
 * many short rounds is taken: others use this machine too.
 */
#include "bench/scale/scale_calibrate.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include <shadow/error.h>
#include <shadow/platform.h>

#include "bench/policy/instant.h"
#include "bench/policy/runner.h"
#include "engine/platform/linux.h"

#define ROUNDS	    80u
#define ROUND_TRIPS 100u	       /* of each CPU */
#define BATCHED	    2u		       /* in struct runner's policies */
#define MODEL_TRIPS 200u
#define IA_BITS	    40u
#define MEMORY	    (UINT64_C(1) << 30)
#define PAGES	    (ROUNDS * ROUND_TRIPS * SCALE_BATCH)
#define HOST_PA	    (UINT64_C(1) << 45)
#define HOST_BYTES  (2 * SHADOW_PAGE_BYTES)
#define POOL_PA	    (HOST_PA + (UINT64_C(1) << 30))

struct world {
	struct policy_world world;
	struct shadow_range memory;
	struct instant device;
	void *pool, *host;
	const struct policy_ops *ops;
	struct policy *policy;
	uint64_t number;
	unsigned batch;
};

struct turns {
	struct world *world;	       /* NULL: nothing is done in a turn */
	_Alignas(64) _Atomic uint32_t turn;
	_Alignas(64) double best_ns;   /* of one turn */
	unsigned cpus;
	_Atomic int error;
};

struct player {
	struct turns *turns;
	unsigned cpu;
};

static double now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* Pages of one trip, and those of two CPUs, lie far from each other. */
static int trip(struct world *world, unsigned cpu, unsigned trips)
{
	unsigned parts = world->world.cpu_count * world->batch;

	for (unsigned i = 0; i < world->batch; i++) {
		uint64_t page = (uint64_t)(cpu * world->batch + i) * (PAGES / parts) + trips;
		const struct shadow_transition transition = {
			.start = { MEMORY + (page << SHADOW_PAGE_LG2) },
			.page_count = 1,
			.new_state = SHADOW_STATE_NOPAGE,
			.old_state = SHADOW_STATE_OWNED,
		};
		int error = world->ops->transition(world->policy, cpu, ++world->number, &transition);

		if (error)
			return error;
		world->ops->trip_end(world->policy, cpu);
	}
	return world->ops->flush(world->policy);
}

static void play(struct turns *turns, unsigned cpu)
{
	for (unsigned round = 0; round < ROUNDS; round++) {
		double start = now_ns(), taken;

		for (unsigned i = 0; i < ROUND_TRIPS; i++) {
			while (turns->cpus > 1 && atomic_load_explicit(&turns->turn, memory_order_acquire) != cpu)
				platform_relax();
			if (turns->world)
				atomic_fetch_or(&turns->error, trip(turns->world, cpu, round * ROUND_TRIPS + i));
			if (turns->cpus > 1)
				atomic_store_explicit(&turns->turn, 1 - cpu, memory_order_release);
		}
		taken = (now_ns() - start) / (ROUND_TRIPS * turns->cpus);
		if (cpu == 0 && round && (!turns->best_ns || taken < turns->best_ns))
			turns->best_ns = taken;
	}
}

static void *play_second(void *ctx)
{
	struct player *player = ctx;

	play(player->turns, player->cpu);
	return NULL;
}

/* Time of one turn. Return: 0 or a negative SHADOW_E*. */
static int time_turns(struct world *world, unsigned cpus, double *ns)
{
	struct turns turns = { .world = world, .cpus = cpus };
	struct player second = { &turns, 1 };
	pthread_t thread;

	if (cpus > 1 && pthread_create(&thread, NULL, play_second, &second))
		return -SHADOW_ENOMEM;
	play(&turns, 0);
	if (cpus > 1)
		pthread_join(thread, NULL);
	*ns = turns.best_ns;
	return atomic_load(&turns.error);
}

static int open_memory(struct world *world)
{
	struct policy_world *made = &world->world;
	int error;

	made->pool.bytes = runner_native.pool_bytes(made);
	world->pool = platform_linux_alloc(made->pool.bytes, 1 << 21);
	world->host = platform_linux_alloc(HOST_BYTES, HOST_BYTES);
	if (!world->pool || !world->host)
		return -SHADOW_ENOMEM;
	made->pool.virt = world->pool;
	error = platform_linux_add_memory(made->pool.base, world->pool, made->pool.bytes);
	return error ? error : platform_linux_add_memory(made->host.root, world->host, HOST_BYTES);
}

static int open_world(struct world *world, unsigned cpus, unsigned batch)
{
	int error;

	*world = (struct world){ .memory = { MEMORY, MEMORY + ((uint64_t)PAGES << SHADOW_PAGE_LG2) },
				 .ops = runner_native.policies[BATCHED], .batch = batch };
	if (instant_add(&world->device, true, false))
		return -SHADOW_ENOSPC;
	world->world = (struct policy_world){
		.map = { .ia_bits = IA_BITS, .memory = &world->memory, .memory_count = 1 }, .bbml = 2, .vmid = 1,
		.cpu_count = cpus, .queue_slots = SCALE_BATCH, .smmu_count = 1, .sid = 1, .pool.base = { POOL_PA },
		.smmu[0] = { .registers = world->device.registers, .cmdq_lg2 = 8, .evtq_lg2 = 4, .sid_bits = 2,
			     .wait_ns = POLICY_WAIT_NS },
		.host = { .root = { HOST_PA }, .ia_bits = IA_BITS, .start_level = 1 },
	};
	error = open_memory(world);
	return error ? error : world->ops->open(&world->world, &world->policy);
}

static void close_world(struct world *world)
{
	if (world->policy)
		world->ops->close(world->policy);
	instant_remove(&world->device);
	platform_linux_remove_memory(world->world.pool.base);
	platform_linux_remove_memory(world->world.host.root);
	platform_linux_free(world->pool, world->world.pool.bytes);
	platform_linux_free(world->host, HOST_BYTES);
}

static int time_trips(unsigned cpus, unsigned batch, double *ns)
{
	struct world world;
	int error = open_world(&world, cpus, batch);

	if (!error)
		error = time_turns(&world, cpus, ns);
	close_world(&world);
	return error;
}

static double time_relax(void)
{
	double best = 0;

	for (unsigned round = 0; round < ROUNDS; round++) {
		double start = now_ns(), taken;

		for (unsigned i = 0; i < ROUND_TRIPS; i++)
			platform_relax();
		taken = (now_ns() - start) / ROUND_TRIPS;
		if (!round || taken < best)
			best = taken;
	}
	return best;
}

static int measure(struct scale_measured *measured)
{
	double with_turn = 0;
	int error = time_trips(1, 1, &measured->alone_ns);

	measured->relax_ns = time_relax();
	if (!error)
		error = time_trips(1, SCALE_BATCH, &measured->batch_ns);
	if (!error)
		error = time_turns(NULL, 2, &measured->turn_ns);
	if (!error)
		error = time_trips(2, 1, &with_turn);
	measured->in_turn_ns = with_turn - measured->turn_ns;
	return error;
}

/* The same trips in the model, where nothing but the engine takes time. */
static int count(unsigned cpus, unsigned batch, struct scale_result *result)
{
	const struct scale_point point = { .policy = SCALE_HELD, .cpus = cpus, .smmus = 1, .batch = batch,
					   .locked_ns = 1, .trips = MODEL_TRIPS, .costs = { .access_ps = 1 } };

	return scale_run(&point, result);
}

static uint64_t rounded(double value)
{
	return value < 0 ? 0 : (uint64_t)(value + 0.5);
}

int scale_calibrate(struct scale_measured *measured, struct scale_costs *costs)
{
	struct scale_result alone, batch, in_turn;
	double access_ns;
	int error = measure(measured);

	if (!error)
		error = count(1, 1, &alone);
	if (!error)
		error = count(1, SCALE_BATCH, &batch);
	if (!error)
		error = count(2, 1, &in_turn);
	if (error)
		return error;
	measured->accesses = (double)alone.accesses / (double)alone.trips;
	measured->batch_accesses = (double)batch.accesses / (double)batch.trips;
	measured->misses = (double)in_turn.misses / (double)in_turn.trips;
	/* Two equations: accesses * access + doorbell. */
	access_ns = (measured->batch_ns - measured->alone_ns) / (measured->batch_accesses - measured->accesses);
	costs->access_ps = rounded(access_ns * 1000);
	costs->doorbell_ns = rounded(measured->alone_ns - access_ns * measured->accesses);
	costs->line_ns = rounded((measured->in_turn_ns - measured->alone_ns) / measured->misses);
	costs->relax_ns = rounded(measured->relax_ns);
	return 0;
}
