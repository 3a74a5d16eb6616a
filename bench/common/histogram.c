/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * histogram.c - counts of values in buckets whose width grows with the value.
 */
#include "bench/common/histogram.h"

#include <stdlib.h>

#define HALF_LG2 (HISTOGRAM_EXACT_LG2 - 1) /* buckets of one width, but for the first ones */

/* How far the bucket of @value is shifted down: 0 for exact ones. */
static unsigned shift_of(uint64_t value)
{
	unsigned bits = value ? 64 - (unsigned)__builtin_clzll(value) : 0;

	return bits > HISTOGRAM_EXACT_LG2 ? bits - HISTOGRAM_EXACT_LG2 : 0;
}

static size_t bucket_of(uint64_t value)
{
	unsigned shift = shift_of(value);

	return ((size_t)shift << HALF_LG2) + (size_t)(value >> shift);
}

static int make(struct histogram *histogram)
{
	if (!histogram->bucket)
		histogram->bucket = calloc(HISTOGRAM_BUCKETS, sizeof(*histogram->bucket));
	return histogram->bucket ? 0 : -1;
}

/* @count values of a bucket, the largest of which is this one. */
static void put(struct histogram *histogram, struct histogram_bucket *bucket, uint64_t count, uint64_t largest)
{
	bucket->count += count;
	if (bucket->largest < largest)
		bucket->largest = largest;
	histogram->total += count;
	if (histogram->max < largest)
		histogram->max = largest;
}

int histogram_add(struct histogram *histogram, uint64_t value)
{
	if (make(histogram))
		return -1;
	put(histogram, &histogram->bucket[bucket_of(value)], 1, value);
	return 0;
}

int histogram_merge(struct histogram *histogram, const struct histogram *from)
{
	if (!from->total)
		return 0;
	if (make(histogram))
		return -1;
	for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
		put(histogram, &histogram->bucket[i], from->bucket[i].count, from->bucket[i].largest);
	return 0;
}

/* How many values the rank counts: @total times @millionths, rounded up. */
static uint64_t rank_of(uint64_t total, uint32_t millionths)
{
	return total / 1000000 * millionths + (total % 1000000 * millionths + 999999) / 1000000;
}

uint64_t histogram_rank(const struct histogram *histogram, uint32_t millionths)
{
	uint64_t rank = rank_of(histogram->total, millionths), below = 0;
	size_t bucket = 0;

	if (!histogram->total)
		return 0;
	while ((below += histogram->bucket[bucket].count) < rank)
		bucket++;
	return histogram->bucket[bucket].largest;
}

void histogram_free(struct histogram *histogram)
{
	free(histogram->bucket);
	*histogram = (struct histogram){ 0 };
}
