/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * cost_lines.h - crossings between measured points, on straight lines: nothing is said beyond them.
 */
#ifndef BENCH_COST_LINES_H
#define BENCH_COST_LINES_H

#include "bench/cost/cost_cross.h"

/* The rows with the length, gap, nesting and SMMUs of @alike whose runs are all in one flush: from how many runs on the
 * @value of the whole VMID is no larger than that of a list. @row: those of one strategy in the order of their runs.
 * Return: false: they share no measured number of runs. */
bool cost_lines_cross(const struct cost_row *row, size_t rows, const struct cost_row *alike, enum cost_strategy strategy,
		      double (*value)(const struct cost_row *row), struct cost_crossing *crossing);

/* As cost_modelled_ns(), and what the CPU took. */
double cost_lines_sum(const struct cost_row *row);
double cost_lines_cpu(const struct cost_row *row);

/* Every length, gap, nesting and number of SMMUs with every list; @crossing: room for as many as there are rows.
 * Return: how many. */
size_t cost_lines_all(const struct cost_row *row, size_t rows, double (*value)(const struct cost_row *row),
		      struct cost_crossing *crossing);

#endif
