/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * cost_summary.c - what follows from a sweep.
 *
 * Crossings are looked for once for each length, gap and nesting that the sweep has, with all runs in one flush; SMMUs
 * work side by side and change nothing of what is modelled.
 */
#include "bench/cost/cost_summary.h"

#include <math.h>
#include <stdlib.h>

#include <shadow/error.h>

#include "bench/common/progress.h"

static bool same_point(const struct cost_point *left, const struct cost_point *right)
{
	return left->runs == right->runs && left->length == right->length && left->gap == right->gap &&
	       left->batch == right->batch && left->smmus == right->smmus && left->nested == right->nested;
}

static bool crosses_alike(const struct cost_point *left, const struct cost_point *right)
{
	return left->length == right->length && left->gap == right->gap && left->nested == right->nested;
}

/* Has an earlier row the same length, gap and nesting? */
static bool is_known(const struct cost_row *row, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (crosses_alike(&row[i].point, &row[index].point))
			return true;
	return false;
}

static int find_crossings(struct cost_summary *summary, struct cost_bench *bench, const struct cost_common *common,
			  const struct cost_row *row, size_t rows)
{
	progress_start("crossings", rows);
	for (size_t i = 0; i < rows; i++) {
		struct cost_point point = row[i].point;

		progress_set(i);
		if (is_known(row, i))
			continue;
		point.smmus = 1;
		for (unsigned strategy = 0; strategy < COST_STRATEGIES; strategy++) {
			int error;

			if (strategy == COST_VMID || !cost_is_swept(common, (enum cost_strategy)strategy) ||
			    progress_interrupted())
				continue;
			error = cost_cross(bench, common, &point, (enum cost_strategy)strategy, NULL,
					   &summary->crossing[summary->crossings++]);
			if (error)
				return error;
		}
	}
	return 0;
}

/* ---- the planner ------------------------------------------------------------------------------------------------- */

struct rating {
	double logarithms, worst;
	unsigned points;
};

static void rate(struct rating *rating, double planned, double cheapest)
{
	/* A device may be described that takes no time. */
	double times = fmax(planned, 1) / fmax(cheapest, 1);

	rating->logarithms += log(times);
	rating->worst = fmax(rating->worst, times);
	rating->points++;
}

static struct cost_rating rated(const struct rating *rating)
{
	return (struct cost_rating){ .mean = rating->points ? exp(rating->logarithms / rating->points) : 0,
				     .worst = rating->worst, .points = rating->points };
}

/* All rows of the point at @row, from there on. @now: NULL if the planner is not among them. Return: how many. */
static size_t read_point(const struct cost_row *row, size_t rows, double *cheapest, const struct cost_row **now)
{
	size_t count = 0;

	*cheapest = INFINITY;
	*now = NULL;
	for (; count < rows && same_point(&row[count].point, &row->point); count++) {
		*cheapest = fmin(*cheapest, cost_modelled_ns(&row[count]));
		if (row[count].strategy == COST_PLANNED)
			*now = &row[count];
	}
	return count;
}

static int advise(struct cost_advice *advice, struct cost_bench *bench, const struct cost_common *common,
		  const struct cost_layout *layout, const struct cost_row *row, size_t rows)
{
	struct rating rating_now = { 0 }, rating_proposed = { 0 };
	int error = cost_worth_find(bench, common, advice->nested, &advice->worth);
	size_t count;

	if (error)
		return error;
	advice->now = cost_flush_cost(&common->planner);
	advice->proposed = cost_propose(&advice->worth);
	for (size_t i = 0; i < rows && !progress_interrupted(); i += count) {
		const struct cost_row *now;
		struct cost_row proposed;
		double cheapest;

		count = read_point(&row[i], rows - i, &cheapest, &now);
		if (!now || row[i].point.nested != advice->nested)
			continue;
		error = layout ? cost_sweep_planner(bench, common, layout, &row[i].point, &advice->proposed, &proposed) :
				 cost_sweep_one(bench, common, &row[i].point, COST_PLANNED, &advice->proposed, &proposed);
		if (error)
			return error;
		cheapest = fmin(cheapest, cost_modelled_ns(&proposed));
		rate(&rating_now, cost_modelled_ns(now), cheapest);
		rate(&rating_proposed, cost_modelled_ns(&proposed), cheapest);
	}
	advice->rating_now = rated(&rating_now);
	advice->rating_proposed = rated(&rating_proposed);
	advice->given = rating_now.points != 0;
	return 0;
}

static bool has_nesting(const struct cost_row *row, size_t rows, bool nested)
{
	for (size_t i = 0; i < rows; i++)
		if (row[i].point.nested == nested)
			return true;
	return false;
}

int cost_summary_make(struct cost_summary *summary, struct cost_bench *bench, const struct cost_common *common,
		      const struct cost_layout *layout, const struct cost_row *row, size_t rows)
{
	int error = 0;

	*summary = (struct cost_summary){ .crossing = calloc(rows ? rows : 1, sizeof(*summary->crossing)),
					  .cpu = calloc(rows ? rows : 1, sizeof(*summary->cpu)) };
	if (!summary->crossing || !summary->cpu) {
		cost_summary_free(summary);
		return -SHADOW_ENOMEM;
	}
	if (!layout && common->repetitions)
		summary->cpus = cost_lines_all(row, rows, cost_lines_cpu, summary->cpu);
	if (!layout)
		error = find_crossings(summary, bench, common, row, rows);
	progress_end();
	for (unsigned nested = 0; nested < 2 && !error; nested++) {
		summary->advice[nested].nested = nested;
		if (has_nesting(row, rows, nested))
			error = advise(&summary->advice[nested], bench, common, layout, row, rows);
	}
	if (error)
		cost_summary_free(summary);
	return error;
}

void cost_summary_free(struct cost_summary *summary)
{
	free(summary->crossing);
	free(summary->cpu);
	*summary = (struct cost_summary){ 0 };
}
