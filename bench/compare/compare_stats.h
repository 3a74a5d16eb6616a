/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * compare_stats.h - are two samples of a measured time the same, and by how much do they differ?
 *
 * Nothing is assumed of how a time is distributed: ranks and resampling only. All of it is the same for the
 * same samples and seed.
 */
#ifndef BENCH_COMPARE_STATS_H
#define BENCH_COMPARE_STATS_H

#include <stddef.h>
#include <stdint.h>

/* Up to so many values of both samples together the probability is exact, ties included. */
#define COMPARE_STATS_EXACT 64u

/* Of 1 or more values, which are sorted on the way; of an even number, the mean of the middle two. */
double compare_median(double *values, size_t count);

/**
 * compare_rank_sum() - Mann and Whitney's test, two-sided: how likely are two samples of one distribution to
 * be told apart at least as clearly as these by their ranks?
 * @left, @right: 1 or more values each.
 * Return: the probability; below 0 if memory is short.
 */
double compare_rank_sum(const double *left, size_t left_count, const double *right, size_t right_count);

/* The least that compare_rank_sum() can return for samples of this size. */
double compare_rank_sum_least(size_t left_count, size_t right_count);

/* Adjust @count probabilities for their number as Holm does: calling those below a bound different is then
 * wrong about any of them no more often than the bound says. Return: 0; -1 if memory is short. */
int compare_holm(double *probability, size_t count) __attribute__((warn_unused_result));

struct compare_interval {
	double low, high;
};

/**
 * compare_ratio_interval() - the 95 % interval of the ratio of the medians, right by left, by resampling.
 * @left, @right: sorted, positive; 1 or more values each.
 * Return: 0; -1 if memory is short.
 */
int compare_ratio_interval(const double *left, size_t left_count, const double *right, size_t right_count,
			   uint64_t seed, struct compare_interval *interval)
	__attribute__((warn_unused_result));

#endif
