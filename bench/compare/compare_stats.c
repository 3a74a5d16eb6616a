/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * compare_stats.c - are two samples of a measured time the same, and by how much do they differ?
 *
 * Mann and Whitney's test is done on midranks. Up to COMPARE_STATS_EXACT values its distribution is counted:
 * in how many ways can the ranks at hand be dealt out so that the left sample's sum is s? Ranks are doubled,
 * so that those of ties are whole numbers. Beyond that the normal approximation, corrected for ties and
 * continuity, is good.
 */
#include "bench/compare/compare_stats.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define RESAMPLES     2000u
#define INTERVAL_TAIL 0.025

static int by_value(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

static double middle(const double *sorted, size_t count)
{
	return (sorted[(count - 1) / 2] + sorted[count / 2]) / 2;
}

double compare_median(double *values, size_t count)
{
	qsort(values, count, sizeof(*values), by_value);
	return middle(values, count);
}

/* ---- ranks ----------------------------------------------------------------------------------------------
 */

struct ranked {
	double value;
	bool left;
	uint64_t rank; /* doubled midrank */
};

struct rank_sum {
	struct ranked *item;
	size_t left_count, count;
	uint64_t left_sum; /* of doubled ranks */
	double ties;	   /* sum of t^3 - t over groups of t equal values */
};

static int by_ranked_value(const void *left, const void *right)
{
	return by_value(&((const struct ranked *)left)->value, &((const struct ranked *)right)->value);
}

static void rank(struct rank_sum *sum)
{
	struct ranked *item = sum->item;

	qsort(item, sum->count, sizeof(*item), by_ranked_value);
	for (size_t first = 0, end; first < sum->count; first = end) {
		double equal;

		for (end = first + 1; end < sum->count && item[end].value <= item[first].value; end++)
			;
		for (size_t i = first; i < end; i++) {
			item[i].rank = first + end + 1;
			sum->left_sum += item[i].left ? item[i].rank : 0;
		}
		equal = (double)(end - first);
		sum->ties += equal * equal * equal - equal;
	}
}

/* By how many values are taken, and their ranks' sum: no more than n (n + 1), that of all. What is as far
 * from the mean on the other side counts too. */
static double exact(const struct rank_sum *sum)
{
	size_t count = sum->count, take = sum->left_count, sums = count * (count + 1) + 1;
	double *ways = calloc((take + 1) * sums, sizeof(*ways));
	double mean = (double)take * (double)(count + 1), off = fabs((double)sum->left_sum - mean);
	double beyond = 0, all = 0;

	if (!ways)
		return -1;
	ways[0] = 1;
	for (size_t i = 0; i < count; i++)
		for (size_t taken = i < take ? i + 1 : take; taken; taken--)
			for (size_t s = sum->item[i].rank; s < sums; s++)
				ways[taken * sums + s] += ways[(taken - 1) * sums + s - sum->item[i].rank];
	for (size_t s = 0; s < sums; s++) {
		all += ways[take * sums + s];
		if (fabs((double)s - mean) >= off)
			beyond += ways[take * sums + s];
	}
	free(ways);
	return beyond / all;
}

static double approximate(const struct rank_sum *sum)
{
	double left = (double)sum->left_count, count = (double)sum->count, right = count - left;
	double off = fabs((double)sum->left_sum - left * (count + 1)) / 2 - 0.5;
	double variance = left * right / 12 * (count + 1 - sum->ties / (count * (count - 1)));

	return off > 0 && variance > 0 ? erfc(off / sqrt(2 * variance)) : 1;
}

double compare_rank_sum(const double *left, size_t left_count, const double *right, size_t right_count)
{
	struct rank_sum sum = { .left_count = left_count, .count = left_count + right_count };
	double probability;

	sum.item = calloc(sum.count, sizeof(*sum.item));
	if (!sum.item)
		return -1;
	for (size_t i = 0; i < sum.count; i++) {
		sum.item[i].left = i < left_count;
		sum.item[i].value = i < left_count ? left[i] : right[i - left_count];
	}
	rank(&sum);
	probability = sum.count <= COMPARE_STATS_EXACT ? exact(&sum) : approximate(&sum);
	free(sum.item);
	return probability;
}

double compare_rank_sum_least(size_t left_count, size_t right_count)
{
	double ways = 1;

	for (size_t i = 1; i <= left_count; i++)
		ways *= (double)(right_count + i) / (double)i;
	return fmin(1, 2 / ways);
}

/* ---- many at once ---------------------------------------------------------------------------------------
 */

static int by_target(const void *left, const void *right)
{
	return by_value(*(double *const *)left, *(double *const *)right);
}

int compare_holm(double *probability, size_t count)
{
	double **order, most = 0;

	if (!count)
		return 0;
	order = calloc(count, sizeof(*order));
	if (!order)
		return -1;
	for (size_t i = 0; i < count; i++)
		order[i] = &probability[i];
	qsort(order, count, sizeof(*order), by_target);
	for (size_t i = 0; i < count; i++) {
		most = fmax(most, fmin(1, *order[i] * (double)(count - i)));
		*order[i] = most;
	}
	free(order);
	return 0;
}

/* ---- resampling -----------------------------------------------------------------------------------------
 */

/* splitmix64 */
static uint64_t draw(uint64_t *random)
{
	uint64_t mixed = *random += UINT64_C(0x9e3779b97f4a7c15);

	mixed = (mixed ^ mixed >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94d049bb133111eb);
	return mixed ^ mixed >> 31;
}

/* The median of as many values drawn with replacement. @drawn: room for as many numbers. */
static double resampled_median(const double *sorted, size_t count, size_t *drawn, uint64_t *random)
{
	size_t below = 0, low = count, high = count;

	memset(drawn, 0, count * sizeof(*drawn));
	for (size_t i = 0; i < count; i++)
		drawn[draw(random) % count]++;
	for (size_t i = 0; high == count; i++) {
		below += drawn[i];
		if (low == count && below > (count - 1) / 2)
			low = i;
		if (below > count / 2)
			high = i;
	}
	return (sorted[low] + sorted[high]) / 2;
}

int compare_ratio_interval(const double *left, size_t left_count, const double *right, size_t right_count,
			   uint64_t seed, struct compare_interval *interval)
{
	size_t most = left_count > right_count ? left_count : right_count;
	size_t cut = (size_t)(INTERVAL_TAIL * RESAMPLES);
	size_t *drawn = calloc(most, sizeof(*drawn));
	double *ratio = calloc(RESAMPLES, sizeof(*ratio));
	bool done = drawn && ratio;

	for (size_t i = 0; done && i < RESAMPLES; i++) {
		double by = resampled_median(left, left_count, drawn, &seed);

		ratio[i] = resampled_median(right, right_count, drawn, &seed) / by;
	}
	if (done) {
		qsort(ratio, RESAMPLES, sizeof(*ratio), by_value);
		*interval = (struct compare_interval){ ratio[cut], ratio[RESAMPLES - 1 - cut] };
	}
	free(drawn);
	free(ratio);
	return done ? 0 : -1;
}
