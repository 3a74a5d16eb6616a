/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * harness.h - a C interface to Google Benchmark.
 *
 * A benchmark is a C function that runs once for each value of its parameter, and may run more often:
 *
 *	static void grant(struct bench *bench)
 *	{
 *		... set up for bench_argument(bench) pages; if that cannot be: bench_skip(bench, "why"); return;
 *... while (bench_next(bench))
 *			... what is measured ...
 *		bench_counter_rate(bench, "pages", (double)bench_argument(bench));
 *		bench_checksum(bench, ... of the final table ...);
 *	}
 *
 *	void bench_flush_register(void)
 *	{
 *		static const int64_t pages[] = { 1, 8, 512 };
 *
 *		bench_register("flush/grant/batched", "pages", grant, pages, 3);
 *	}
 *
 * Its full name is then "flush/grant/batched/pages:8". bench_add() is the same with several parameters,
 *ranges of values, a context, and threads. Names are string literals that begin with the area:
 *scripts/check-bench looks for them in the sources.
 *
 * The program takes Google Benchmark's options, and
 * --smallest: only the smallest value of each parameter, as briefly as possible;
 * --once: each benchmark's loop is gone through once, to count what that takes;
 * --cpus=WHICH, --membind=WHERE, --huge-pages: where threads run and memory comes from, see placement.h.
 */
#ifndef BENCH_HARNESS_H
#define BENCH_HARNESS_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct bench;

/* One for each file of benchmarks; main() calls them all. */
/* Return: what is counted beside, in words. */
const char *bench_counters_register(void);
void bench_cmdq_register(void);
void bench_coalesce_register(void);
void bench_flush_register(void);
void bench_harness_register(void);
void bench_memory_register(void);
void bench_planner_register(void);
void bench_queue_register(void);
void bench_snapshot_register(void);
void bench_storm_register(void);
void bench_tables_change_register(void);
void bench_tables_fill_register(void);
void bench_tables_random_register(void);
void bench_threads_register(void);

/* ---- what there is ----------------------------------------------------------------------------------- */

#define BENCH_AXES_MAX 3

/* A parameter: @count values, ascending; or, without @values, @first, its products with powers of @factor,
 * @last. */
struct bench_axis {
	const char *name;
	const int64_t *values;
	unsigned count;
	int64_t first, last;
	int factor;
};

struct bench_entry {
	const char *name; /* "area/workload/policy" */
	void (*run)(struct bench *bench);
	struct bench_axis axis[BENCH_AXES_MAX]; /* runs for every combination; ends with one without a name */
	const void *context;			/* for the function, which several entries may share */
	unsigned threads_max; /* 0: one thread. Else it runs on 1, 2, 4, ... threads, as far as there are CPUs
			       */
};

/* All that the entry points to must stay. */
void bench_add(const struct bench_entry *entry);

/* One parameter and nothing else. @values: ascending, @count of them, 1 or more. All must stay. */
void bench_register(const char *name, const char *param, void (*run)(struct bench *bench),
		    const int64_t *values, unsigned count);

/* ---- inside a benchmark ------------------------------------------------------------------------------ */

/* The value of its first parameter, and of any; its context. */
int64_t bench_argument(const struct bench *bench);
int64_t bench_parameter(const struct bench *bench, unsigned axis);
const void *bench_context(const struct bench *bench);

/* True as often as the harness wants another repetition, which the loop's body then makes; or @batch of
 * them, for what takes less than some 100 ns: the call itself takes a few. One of the two in a loop. */
bool bench_next(struct bench *bench);
bool bench_next_batch(struct bench *bench, int64_t batch);

/* Leave out what follows until bench_resume(), inside the loop. Costs some 100 ns each. */
void bench_pause(struct bench *bench);
void bench_resume(struct bench *bench);

/* With threads all of them run the function, each on a CPU of its own; their time is the clock's on the wall,
 * for one repetition of all threads' together. The loops begin together and end together: so thread 0 sets up
 * before its loop and tidies up behind it, and what it shares is there in the loops of all. Each other thread
 * has its loop and nothing else; if thread 0 skips or fails, no loop runs. */
unsigned bench_thread(const struct bench *bench);
unsigned bench_threads(const struct bench *bench);
void bench_share(struct bench *bench, void *shared); /* thread 0, before its loop */
void *bench_shared(const struct bench *bench);	     /* in a loop */

/* After the loop, a number beside the time: as it is; a total, shown per repetition; an amount that each
 * repetition makes, shown per second. With threads: from one of them. */
void bench_counter(struct bench *bench, const char *name, double value);
void bench_counter_average(struct bench *bench, const char *name, double total);
void bench_counter_rate(struct bench *bench, const char *name, double per_repetition);

/* After the loop, of the final tables, or of what else the benchmark makes. One that differs from another
 * policy's of the same area, workload and parameters makes this one fail. Shown as a counter, of which 32
 * bits are left. */
void bench_checksum(struct bench *bench, uint64_t checksum);

/* Instead of the loop: it cannot run here, and why. Then return. */
void bench_skip(struct bench *bench, const char *why);

/* It went wrong, and why: the program's exit status will be 1. Then return. */
void bench_fail(struct bench *bench, const char *why);

/* Keep the compiler from optimising away what computed *@value. */
static inline void bench_keep(const void *value)
{
	__asm__ volatile("" : : "r"(value) : "memory");
}

/* ---- who counts along -------------------------------------------------------------------------------- */

/* Called by the thread that runs the benchmark. Between start and stop is what the time is of: a pause stops
 * and starts again. report: the loop is over, after so many repetitions of this thread's, and all that was
 * counted since the report before is of it; bench_counter() may be used. A loop that was skipped has no
 * report. */
struct bench_hooks {
	void (*start)(void);
	void (*stop)(void);
	void (*report)(struct bench *bench, int64_t repetitions);
};

/* For a register function. Must stay. */
void bench_set_hooks(const struct bench_hooks *hooks);

#ifdef __cplusplus
}
#endif
#endif
