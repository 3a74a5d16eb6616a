/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * floor.h - what work costs beside plain stores to as much memory, both timed by turns in the same run.
 *
 * Each turn adds one sample of both; the report has medians, so that a turn in which something else ran on
 * this CPU does not count. Called by the benchmarks of tables.
 */
#ifndef BENCH_FLOOR_H
#define BENCH_FLOOR_H

#include "bench/benchmarks/harness.h"

#define FLOOR_SAMPLES 4096u

struct floor {
	unsigned count;	     /* turns so far; the first FLOOR_SAMPLES of them are kept */
	uint64_t clock_cost; /* taken off each sample */
	double work[FLOOR_SAMPLES], stores[FLOOR_SAMPLES]; /* nanoseconds */
};

/* Time that this thread has run, in nanoseconds: what others take from the CPU is not in it. */
uint64_t floor_ns(void);

/* The floor: @count stores of 8 bytes, one after the other. Return: how long they took. */
uint64_t floor_stores(uint64_t *entry, uint64_t count, uint64_t value, uint64_t step);

/* The floor of scattered work: one store of 8 bytes each at @entry[@index[0..@count - 1]]. */
uint64_t floor_scattered(uint64_t *entry, const uint32_t *index, uint64_t count);

void floor_add(struct floor *floor, uint64_t work_ns, uint64_t stores_ns);

/* Counters, of one of the @entries that a turn writes: work_ns, floor_ns, and the median of their ratios,
 * to_floor. */
void floor_report(struct floor *floor, struct bench *bench, double entries);

/* The same where other work stands in for the stores. NULL leaves one out. */
struct floor_names {
	const char *ratio, *work, *stores;
};
void floor_report_as(struct floor *floor, struct bench *bench, double entries,
		     const struct floor_names *names);

#endif
