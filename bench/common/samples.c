/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * samples.c - values in a growing array.
 */
#include "bench/common/samples.h"

#include <stdlib.h>

int samples_add(struct samples *samples, uint64_t value)
{
	if (samples->count == samples->capacity) {
		size_t capacity = samples->capacity ? 2 * samples->capacity : 1024;
		uint64_t *grown = realloc(samples->value, capacity * sizeof(*grown));

		if (!grown)
			return -1;
		samples->value = grown;
		samples->capacity = capacity;
	}
	samples->value[samples->count++] = value;
	return 0;
}

static int compare(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return (a > b) - (a < b);
}

void samples_sort(struct samples *samples)
{
	if (samples->count)
		qsort(samples->value, samples->count, sizeof(*samples->value), compare);
}

void samples_free(struct samples *samples)
{
	free(samples->value);
	*samples = (struct samples){ 0 };
}
