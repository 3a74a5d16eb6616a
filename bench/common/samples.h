/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * samples.h - values in a growing array, where ranks have to be exact; histogram.h is for any number of them.
 */
#ifndef BENCH_SAMPLES_H
#define BENCH_SAMPLES_H

#include <stddef.h>
#include <stdint.h>

/* All zero is an empty one. */
struct samples {
	uint64_t *value;
	size_t count, capacity;
};

/* Return: 0; -1 if memory is short: the value is not in it then. */
int samples_add(struct samples *samples, uint64_t value) __attribute__((warn_unused_result));

void samples_sort(struct samples *samples);

void samples_free(struct samples *samples);

#endif
