/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * harness.h - a C interface to Google Benchmark.
 *
 * A benchmark is a C function that runs once for each value of its parameter:
 *
 *	static void grant(struct bench *bench)
 *	{
 *		... set up for bench_argument(bench) pages; if that cannot be: bench_skip(bench, "why");
 *return;
 *... while (bench_next(bench))
 *			... what is measured ...
 *		bench_counter_rate(bench, "pages", (double)bench_argument(bench));
 *	}
 *
 *	void bench_flush_register(void)
 *	{
 *		static const int64_t pages[] = {1, 8, 512};
 *
 *		bench_register("flush/grant/batched", "pages", grant, pages, 3);
 *	}
 *
 * Its full name is then "flush/grant/batched/pages:8". The program takes Google Benchmark's options, and
 * --smallest: only the smallest value of each benchmark, as briefly as possible;
 * --once: each benchmark's loop is gone through once, to count what that takes.
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
void bench_flush_register(void);
void bench_harness_register(void);
void bench_memory_register(void);
void bench_queue_register(void);
void bench_storm_register(void);
void bench_tables_register(void);

/**
 * bench_register() - add a benchmark.
 * @name:   "area/workload/policy"; @param: what the values are. Both must stay.
 * @values: ascending, @count of them, 1 or more. Must stay.
 */
void bench_register(const char *name, const char *param, void (*run)(struct bench *bench),
		    const int64_t *values, unsigned count);

/* Inside a benchmark: the value of its parameter. */
int64_t bench_argument(const struct bench *bench);

/* True as often as the harness wants another repetition, which the loop's body then makes; or @batch of
 * them, for what takes less than some 100 ns: the call itself takes a few. One of the two in a loop. */
bool bench_next(struct bench *bench);
bool bench_next_batch(struct bench *bench, int64_t batch);

/* Leave out what follows until bench_resume(), inside the loop. Costs some 100 ns each. */
void bench_pause(struct bench *bench);
void bench_resume(struct bench *bench);

/* After the loop, a number beside the time: as it is; a total, shown per repetition; an amount that each
 * repetition makes, shown per second. */
void bench_counter(struct bench *bench, const char *name, double value);
void bench_counter_average(struct bench *bench, const char *name, double total);
void bench_counter_rate(struct bench *bench, const char *name, double per_repetition);

/* Instead of the loop: it cannot run here, and why. Then return. */
void bench_skip(struct bench *bench, const char *why);

/* It went wrong, and why: the program's exit status will be 1. Then return. */
void bench_fail(struct bench *bench, const char *why);

/* Keep the compiler from optimising away what computed *@value. */
static inline void bench_keep(const void *value)
{
	__asm__ volatile("" : : "r"(value) : "memory");
}

#ifdef __cplusplus
}
#endif
#endif
