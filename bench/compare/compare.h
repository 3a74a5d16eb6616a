/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * compare.h - `s2shadow compare`: what changed between two results, beyond noise.
 */
#ifndef BENCH_COMPARE_H
#define BENCH_COMPARE_H

#include "bench/compare/compare_input.h"
#include "bench/compare/compare_stats.h"

#define COMPARE_CERTAINTY \
	0.05 /* a difference that is none is called one in so many comparisons of two files */

/* Percent: what counts as a difference unless it is said. Two processes alone differ by their layout and
 * their minute. */
#define COMPARE_LEAST	    1.0
#define COMPARE_LEAST_ALONE 5.0

struct compare_options {
	double least; /* percent: a measured difference below counts as none; below 0: see compare_least() */
	double fail_above; /* percent; below 0: never */
	uint64_t seed;
	bool all, help;
	const char *left, *right;
};

enum compare_verdict {
	COMPARE_EQUAL, /* no difference, or none that can be told from noise */
	COMPARE_BETTER,
	COMPARE_WORSE,
	COMPARE_DIFFERENT, /* and neither better nor worse */
	COMPARE_UNTOLD,	   /* there are too few samples to tell anything */
};

/* One value of one benchmark or run, in both files. */
struct compare_row {
	const char *name, *value;
	struct compare_class class;
	double left, right;		/* medians */
	size_t left_count, right_count; /* samples */
	bool has_ratio, has_interval;
	double ratio;			  /* right by left */
	struct compare_interval interval; /* of it; measured alone */
	double probability; /* that equal ones differ like this, adjusted for all; measured alone */
	enum compare_verdict verdict;
};

struct compare {
	const struct compare_options *options;
	struct compare_input left, right;
	struct compare_row *row;
	size_t count;
};

/* Fill in the rows from both inputs. Return: 0; -1 after one line on standard error. */
int compare_rows(struct compare *compare) __attribute__((warn_unused_result));

/* What counts as a difference, in percent. */
double compare_least(const struct compare *compare);

/* Does one get worse by more than options->fail_above? */
bool compare_fails(const struct compare *compare);

/* What changed, at 80 columns. */
void compare_print(const struct compare *compare, FILE *file);

int compare_main(int argc, char **argv);

#endif
