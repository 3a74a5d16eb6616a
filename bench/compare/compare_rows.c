/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * compare_rows.c - the values that both files have, side by side, and what is to be said of each.
 *
 * Counted and modelled values that differ differ. Measured ones do if their samples are told apart by rank,
 * whatever the number of comparisons, and their medians by more than counts as a difference.
 */
#include "bench/compare/compare.h"

#include <math.h>
#include <stdlib.h>

#include "bench/common/message.h"

static int out_of_memory(void)
{
	message("out of memory");
	return -1;
}

static void set_ratio(struct compare_row *row)
{
	row->has_ratio = row->left > 0;
	row->ratio = row->has_ratio ? row->right / row->left : row->right > 0 ? INFINITY : 1;
}

/* @left and @right: their samples, sorted on the way. */
static int measure(struct compare_row *row, double *left, double *right, uint64_t seed)
{
	row->left = compare_median(left, row->left_count);
	row->right = compare_median(right, row->right_count);
	set_ratio(row);
	row->probability = compare_rank_sum(left, row->left_count, right, row->right_count);
	row->has_interval = left[0] > 0 && row->left_count > 1 && row->right_count > 1;
	if (row->probability < 0 ||
	    (row->has_interval &&
	     compare_ratio_interval(left, row->left_count, right, row->right_count, seed, &row->interval)))
		return out_of_memory();
	return 0;
}

static enum compare_verdict differs(const struct compare_row *row)
{
	if (row->class.sense == COMPARE_WORK)
		return COMPARE_DIFFERENT;
	return row->right > row->left ? COMPARE_WORSE : COMPARE_BETTER;
}

/* Counted and modelled values are the same in every repetition of the same work. */
static void count(struct compare_row *row, const double *left, const double *right)
{
	bool equal = true;

	row->left = left[0];
	row->right = right[0];
	set_ratio(row);
	for (size_t i = 0; i < row->left_count; i++)
		equal &= left[i] == right[0];
	for (size_t i = 0; i < row->right_count; i++)
		equal &= right[i] == left[0];
	row->verdict = equal ? COMPARE_EQUAL : differs(row);
}

static int fill_row(struct compare *compare, struct compare_row *row, const json_t *left, const json_t *right)
{
	double *of_left = compare_numbers(left), *of_right = compare_numbers(right);
	int error = of_left && of_right ? 0 : out_of_memory();

	row->left_count = json_array_size(left);
	row->right_count = json_array_size(right);
	if (!error && row->class.kind == COMPARE_MEASURED)
		error = measure(row, of_left, of_right, compare->options->seed);
	else if (!error)
		count(row, of_left, of_right);
	free(of_left);
	free(of_right);
	return error;
}

static int add_row(struct compare *compare, const char *name, const char *value, const json_t *left,
		   const json_t *right)
{
	struct compare_class class = compare_classify(compare->left.format, value, left, right);
	struct compare_row *grown;

	if (class.sense == COMPARE_REDUNDANT)
		return 0;
	grown = realloc(compare->row, (compare->count + 1) * sizeof(*grown));
	if (!grown)
		return out_of_memory();
	compare->row = grown;
	grown[compare->count] = (struct compare_row){ .name = name, .value = value, .class = class };
	return fill_row(compare, &grown[compare->count++], left, right);
}

static int add_rows(struct compare *compare)
{
	const char *name, *value;
	json_t *values, *samples;

	json_object_foreach(compare->left.series, name, values)
	{
		json_t *others = json_object_get(compare->right.series, name);

		json_object_foreach(values, value, samples)
		{
			json_t *right = json_object_get(others, value);

			if (right && add_row(compare, name, value, samples, right))
				return -1;
		}
	}
	return 0;
}

/* What the adjusted probability of the clearest difference would be, were all the others clear too. */
static bool can_tell(const struct compare_row *row, size_t measured)
{
	return compare_rank_sum_least(row->left_count, row->right_count) * (double)measured <
	       COMPARE_CERTAINTY;
}

static void judge(struct compare_row *row, size_t measured, double least)
{
	double change = fabs(row->ratio - 1) * 100;

	if (row->probability < COMPARE_CERTAINTY)
		row->verdict = change >= least ? differs(row) : COMPARE_EQUAL;
	else
		row->verdict = can_tell(row, measured) ? COMPARE_EQUAL : COMPARE_UNTOLD;
}

/* All measured values together: the more there are, the clearer a difference must be. */
static int judge_measured(struct compare *compare)
{
	double *probability = calloc(compare->count ? compare->count : 1, sizeof(*probability));
	size_t measured = 0, next = 0;
	int error;

	if (!probability)
		return out_of_memory();
	for (size_t i = 0; i < compare->count; i++)
		if (compare->row[i].class.kind == COMPARE_MEASURED)
			probability[measured++] = compare->row[i].probability;
	error = compare_holm(probability, measured) ? out_of_memory() : 0;
	for (size_t i = 0; !error && i < compare->count; i++) {
		struct compare_row *row = &compare->row[i];

		if (row->class.kind != COMPARE_MEASURED)
			continue;
		row->probability = probability[next++];
		judge(row, measured, compare_least(compare));
	}
	free(probability);
	return error;
}

int compare_rows(struct compare *compare)
{
	if (add_rows(compare) || judge_measured(compare))
		return -1;
	if (compare->count)
		return 0;
	message("%s: nothing in it is also in %s", compare->right.path, compare->left.path);
	return -1;
}

double compare_least(const struct compare *compare)
{
	if (compare->options->least >= 0)
		return compare->options->least;
	return compare->left.files > 1 && compare->right.files > 1 ? COMPARE_LEAST : COMPARE_LEAST_ALONE;
}

bool compare_fails(const struct compare *compare)
{
	const struct compare_options *options = compare->options;
	bool fails = false;

	for (size_t i = 0; options->fail_above >= 0 && i < compare->count; i++)
		fails |= compare->row[i].verdict == COMPARE_WORSE &&
			 compare->row[i].ratio > 1 + options->fail_above / 100;
	return fails;
}
