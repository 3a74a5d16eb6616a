/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * floor.c - what work costs beside plain stores to as much memory, both timed by turns in the same run.
 *
 * The stores are atomic in the sense of C only to keep the compiler from making wider ones or a call of
 * memset().
 */
#include "bench/benchmarks/floor.h"

#include <stdlib.h>
#include <time.h>

#define CLOCK_TRIES 64u

uint64_t floor_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* What two looks at the clock take at least. */
static uint64_t clock_cost(void)
{
	uint64_t least = UINT64_MAX;

	for (unsigned i = 0; i < CLOCK_TRIES; i++) {
		uint64_t start = floor_ns(), took = floor_ns() - start;

		least = took < least ? took : least;
	}
	return least;
}

static double without_clock(uint64_t ns, uint64_t cost)
{
	return ns > cost ? (double)(ns - cost) : 1;
}

/* The loops have functions of their own, which begin with a cache line: across the end of one, a loop this
 * short takes twice the time on some CPUs. */
__attribute__((noinline, aligned(64))) static void store(uint64_t *entry, const uint64_t *end, uint64_t value,
							 uint64_t step)
{
	for (; entry < end; entry++, value += step)
		__atomic_store_n(entry, value, __ATOMIC_RELAXED);
}

uint64_t floor_stores(uint64_t *entry, uint64_t count, uint64_t value, uint64_t step)
{
	uint64_t start = floor_ns();

	store(entry, entry + count, value, step);
	return floor_ns() - start;
}

__attribute__((noinline, aligned(64))) static void scatter(uint64_t *entry, const uint32_t *index,
							   uint64_t count)
{
	for (const uint32_t *end = index + count; index < end; index++)
		__atomic_store_n(&entry[*index], 0, __ATOMIC_RELAXED);
}

uint64_t floor_scattered(uint64_t *entry, const uint32_t *index, uint64_t count)
{
	uint64_t start = floor_ns();

	scatter(entry, index, count);
	return floor_ns() - start;
}

void floor_add(struct floor *floor, uint64_t work_ns, uint64_t stores_ns)
{
	unsigned at = floor->count++;

	if (at >= FLOOR_SAMPLES)
		return;
	if (!at)
		floor->clock_cost = clock_cost();
	floor->work[at] = without_clock(work_ns, floor->clock_cost);
	floor->stores[at] = without_clock(stores_ns, floor->clock_cost);
}

static int compare(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

/* Sorts the values. */
static double median(double *value, unsigned count)
{
	qsort(value, count, sizeof(*value), compare);
	return value[count / 2];
}

void floor_report_as(struct floor *floor, struct bench *bench, double entries,
		     const struct floor_names *names)
{
	unsigned count = floor->count < FLOOR_SAMPLES ? floor->count : FLOOR_SAMPLES;
	static double ratio[FLOOR_SAMPLES];

	if (!count)
		return;
	for (unsigned i = 0; i < count; i++)
		ratio[i] = floor->work[i] / floor->stores[i];
	if (names->ratio)
		bench_counter(bench, names->ratio, median(ratio, count));
	if (names->work)
		bench_counter(bench, names->work, median(floor->work, count) / entries);
	if (names->stores)
		bench_counter(bench, names->stores, median(floor->stores, count) / entries);
}

void floor_report(struct floor *floor, struct bench *bench, double entries)
{
	static const struct floor_names names = { "to_floor", "work_ns", "floor_ns" };

	floor_report_as(floor, bench, entries, &names);
}
