/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * histogram.h - counts of values in buckets whose width grows with the value: three digits of each, up to 64 bits,
 * in memory that does not grow with their number. Debian has no C library of this kind (HDR histogram).
 *
 * Values below 2048 have a bucket each; of larger ones 10 bits behind the leading one choose it. What is read is the
 * largest value that was added to a bucket: at most 1/1024 too large, never too small, and exact where values repeat.
 */
#ifndef BENCH_HISTOGRAM_H
#define BENCH_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

struct histogram_bucket {
	uint64_t count, largest;
};

/* All zero is an empty one. */
struct histogram {
	struct histogram_bucket *bucket; /* HISTOGRAM_BUCKETS, from the first value on */
	uint64_t total, max;
};

#define HISTOGRAM_EXACT_LG2 11u /* values of so many bits have a bucket each */
#define HISTOGRAM_BUCKETS   ((65u - HISTOGRAM_EXACT_LG2 + 1) << (HISTOGRAM_EXACT_LG2 - 1))

/* Return: 0; -1 if memory is short: the value is not in it then. */
int histogram_add(struct histogram *histogram, uint64_t value) __attribute__((warn_unused_result));

/* All that @from holds. Return: 0; -1 if memory is short: nothing of it is in it then. */
int histogram_merge(struct histogram *histogram, const struct histogram *from) __attribute__((warn_unused_result));

/* The nearest rank: the smallest value that so many of a million are not above, at most 1/1024 too large. 0 if there
 * are none. @millionths: 1 .. 1000000, and that one is the exact maximum. */
uint64_t histogram_rank(const struct histogram *histogram, uint32_t millionths);

void histogram_free(struct histogram *histogram);

#endif
