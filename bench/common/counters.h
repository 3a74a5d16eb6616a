/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * counters.h - what the processor counts while this thread runs: perf_event_open, in user space alone.
 *
 * Each counter is one of the kernel's, opened alone and left running; what lies between two readings is what
 * a piece of work took. Where the processor has fewer counters than are asked for, the kernel lets them take
 * turns: it says how long each was wanted and how long it ran, and a count is scaled up by that and marked.
 */
#ifndef BENCH_COUNTERS_H
#define BENCH_COUNTERS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <linux/perf_event.h>

enum counter {
	COUNTER_CYCLES,
	COUNTER_INSTRUCTIONS,
	COUNTER_L1D_MISSES,
	COUNTER_LLC_MISSES,
	COUNTER_DTLB_MISSES,
	COUNTER_BRANCH_MISSES,
	COUNTERS
};

/* How the kernel is asked; tests have another one. */
struct counters_kernel {
	/* perf_event_open() of the calling thread on any CPU, in no group. Return: a descriptor; -1, with
	 * errno. */
	int (*open)(struct perf_event_attr *attr);
	ssize_t (*read)(int fd, void *buffer, size_t bytes);
	int (*close)(int fd);
};

struct counters {
	const struct counters_kernel *kernel;
	int fd[COUNTERS]; /* -1: the processor or the kernel has none */
};

/* As the kernel gives it; a counter that is not there has zeroes. */
struct counters_reading {
	struct {
		uint64_t value, wanted_ns, ran_ns;
	} counter[COUNTERS];
};

/**
 * counters_open() - all that there are, for the thread that calls.
 * @kernel: NULL: the one we run on.
 * @why:    if there are none: the reason, a static string.
 * Return: 0; -1 if there are none. Release with counters_close() either way.
 */
int counters_open(struct counters *counters, const struct counters_kernel *kernel, const char **why)
	__attribute__((warn_unused_result));
void counters_close(struct counters *counters);

/* Now. What lies between this and another reading of a counter that could not be read is left out. */
void counters_read(const struct counters *counters, struct counters_reading *now);

/* Add what lies between two readings to @sum, which begins as zeroes. */
void counters_add(struct counters_reading *sum, const struct counters_reading *from,
		  const struct counters_reading *to);

/**
 * counters_value() - what was counted, or what it would have been had the counter run all the time.
 * @scaled: it did not.
 * Return: false if there is no such counter, or it never ran.
 */
bool counters_value(const struct counters_reading *sum, enum counter counter, double *value, bool *scaled);

/* "cycles", "l1d_misses", ... */
const char *counters_name(enum counter counter);

#endif
