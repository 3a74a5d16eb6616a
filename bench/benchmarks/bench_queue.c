/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * bench_queue.c - what does queueing a transition cost the CPU that made it?
 *
 * Neither the reservation, made for all of them at once, nor the flush is in it; bench_flush.c has both.
 * Sequential pages extend one slot, random ones take a slot each. What is timed is queue_timed(), for
 * scripts/count-instructions.
 */
#include "bench/benchmarks/harness.h"
#include "bench/benchmarks/storm.h"
#include "bench/policy/batched.h"

/* The host's own part, the look-up of the old state, is in it. */
__attribute__((noinline)) static void queue_timed(struct storm *storm, struct shadow_engine *engine,
						  uint64_t count)
{
	uint64_t end = storm->next + count, number = storm->number, i;

	for (i = storm->next; i < end; i++) {
		uint32_t page = storm->order[i];
		struct shadow_transition transition = storm_transition(storm, page);

		shadow_queue(engine, 0, ++number, &transition);
		storm->states[page] = SHADOW_STATE_NOPAGE;
	}
	storm->next = end;
	storm->number = number;
}

/* Between two measured parts: apply what is queued, start over at the end, reserve the next. */
static int prepare(struct storm *storm, struct shadow_engine *engine, uint64_t count)
{
	struct shadow_transition transition = {
		.page_count = 1,
		.new_state = SHADOW_STATE_NOPAGE,
		.old_state = SHADOW_STATE_OWNED,
	};
	int error = storm->ops->flush(storm->policy);
	uint64_t i;

	if (!error && storm_left(storm) < count)
		error = storm_restore(storm);
	for (i = storm->next; !error && i < storm->next + count; i++) {
		transition.start.addr = (STORM_BASE + storm->order[i]) << SHADOW_PAGE_LG2;
		error = shadow_reserve(engine, 0, &transition, POLICY_WAIT_NS);
	}
	return error;
}

static void queue(struct bench *bench, bool random)
{
	uint64_t count = (uint64_t)bench_argument(bench);
	struct storm_config config = storm_config_default();
	struct shadow_stats before, after;
	struct shadow_engine *engine;
	struct storm storm;
	uint64_t checksum = 0;
	int error;

	config.random = random;
	if (storm_init(&storm, &config)) {
		bench_skip(bench, "the world could not be set up");
		return;
	}
	if (storm_open(&storm, &policy_batched)) {
		storm_fini(&storm);
		bench_skip(bench, "the policy could not be opened");
		return;
	}
	engine = batched_engine(storm.policy);
	shadow_engine_stats(engine, &before);
	error = prepare(&storm, engine, count);
	while (!error && bench_next_batch(bench, (int64_t)count)) {
		queue_timed(&storm, engine, count);
		bench_pause(bench);
		error = prepare(&storm, engine, count);
		bench_resume(bench);
	}
	shadow_engine_stats(engine, &after);
	if (!error)
		error = storm_finish(&storm, &checksum);
	storm_fini(&storm);
	if (error) {
		bench_fail(bench, "the engine failed");
		return;
	}
	bench_checksum(bench, checksum);
	bench_counter_rate(bench, "transitions", 1);
	bench_counter(bench, "slots_per_transition",
		      (double)(after.slots - before.slots) /
			      (double)(after.transitions_access - before.transitions_access));
}

static void sequential(struct bench *bench)
{
	queue(bench, false);
}

static void scattered(struct bench *bench)
{
	queue(bench, true);
}

void bench_queue_register(void)
{
	/* Not more: each is reserved before, and a reservation sets a slot of the queue aside. Not fewer:
	 * stopping and starting the clock would count. */
	static const int64_t transitions[] = { STORM_BATCH };

	bench_register("queue/sequential/batched", "transitions", sequential, transitions, 1);
	bench_register("queue/random/batched", "transitions", scattered, transitions, 1);
}
