/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * cost_lines.c - crossings between measured points, on straight lines.
 */
#include "bench/cost/cost_lines.h"

double cost_lines_sum(const struct cost_row *row)
{
	return cost_modelled_ns(row);
}

double cost_lines_cpu(const struct cost_row *row)
{
	return row->cpu_ns.median;
}

static bool is_alike(const struct cost_row *left, const struct cost_row *right)
{
	return left->point.nested == right->point.nested && left->point.length == right->point.length &&
	       left->point.gap == right->point.gap && left->point.smmus == right->point.smmus &&
	       left->point.batch >= left->point.runs && right->point.batch >= right->point.runs;
}

/* What is asked about. */
struct lines {
	const struct cost_row *row, *alike;
	size_t rows;
	double (*value)(const struct cost_row *row);
};

/* On a straight line between the rows of @strategy on both sides of @runs. Return: false: there are none. */
static bool between(const struct lines *lines, enum cost_strategy strategy, double runs, double *ns)
{
	const struct cost_row *below = NULL, *above = NULL;

	for (size_t i = 0; i < lines->rows; i++) {
		const struct cost_row *row = &lines->row[i];

		if (!is_alike(row, lines->alike) || row->strategy != strategy)
			continue;
		if (row->point.runs <= runs)
			below = row;
		if (row->point.runs >= runs && !above)
			above = row;
	}
	if (!below || !above)
		return false;
	*ns = lines->value(below);
	if (above != below)
		*ns += (lines->value(above) - *ns) * (runs - below->point.runs) / (above->point.runs - below->point.runs);
	return true;
}

/* Return: false: one of both is not known there. */
static bool compare(const struct lines *lines, enum cost_strategy strategy, unsigned runs, bool *holds)
{
	double list, whole;

	if (!between(lines, strategy, runs, &list) || !between(lines, COST_VMID, runs, &whole))
		return false;
	*holds = whole <= list;
	return true;
}

bool cost_lines_cross(const struct cost_row *row, size_t rows, const struct cost_row *alike, enum cost_strategy strategy,
		      double (*value)(const struct cost_row *row), struct cost_crossing *crossing)
{
	const struct lines lines = { row, alike, rows, value };
	unsigned last = 0;

	*crossing = (struct cost_crossing){ .point = alike->point, .strategy = strategy };
	for (size_t i = 0; i < rows; i++) {
		unsigned runs = row[i].point.runs, low = last;
		bool holds;

		if (!is_alike(&row[i], alike) || runs == last || !compare(&lines, strategy, runs, &holds))
			continue;
		crossing->most = last = runs;
		if (!holds)
			continue;
		/* It does not hold at LOW, if that was measured, and does at RUNS; in between both are straight. */
		while (low && runs - low > 1) {
			unsigned middle = low + (runs - low) / 2;

			*(compare(&lines, strategy, middle, &holds) && holds ? &runs : &low) = middle;
		}
		crossing->runs = runs;
		return true;
	}
	return crossing->most != 0;
}

static bool is_known(const struct cost_row *row, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (is_alike(&row[i], &row[index]))
			return true;
	return false;
}

static bool has(const struct cost_row *row, size_t rows, const struct cost_row *alike, enum cost_strategy strategy)
{
	for (size_t i = 0; i < rows; i++)
		if (row[i].strategy == strategy && is_alike(&row[i], alike))
			return true;
	return false;
}

size_t cost_lines_all(const struct cost_row *row, size_t rows, double (*value)(const struct cost_row *row),
		      struct cost_crossing *crossing)
{
	size_t count = 0;

	for (size_t i = 0; i < rows; i++)
		for (unsigned strategy = 0; strategy < COST_VMID && !is_known(row, i); strategy++)
			if (has(row, rows, &row[i], (enum cost_strategy)strategy))
				count += cost_lines_cross(row, rows, &row[i], (enum cost_strategy)strategy, value,
							  &crossing[count]);
	return count;
}
