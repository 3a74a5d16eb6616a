/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * scale_report.h - points and their results as a table, CSV and JSON; and whether the goals are met.
 */
#ifndef BENCH_SCALE_REPORT_H
#define BENCH_SCALE_REPORT_H

#include <stdio.h>

#include "bench/scale/scale_calibrate.h"

struct scale_row {
	struct scale_point point;
	struct scale_result result;
};

/* A goal over all rows that it is about. */
struct scale_goal {
	const struct scale_row *worst; /* NULL: it is about none of them */
	double reached;		       /* there; of the bound, or of one CPU */
	bool met;
};

const char *scale_policy_name(enum scale_policy policy);

/* Group, S in 0.5 .. 5 us, L in 0.1 .. 2.8 us, N up to 64: 80 % of the bound? */
struct scale_goal scale_goal_bound(const struct scale_row *row, size_t rows);
/* Of these N = 16 with a bound of 12.5 and more: 10 times one CPU? */
struct scale_goal scale_goal_ten(const struct scale_row *row, size_t rows);

/* @common: what all points share. */
void scale_print(FILE *file, const struct scale_point *common, const struct scale_row *row, size_t rows);
void scale_print_measured(FILE *file, const struct scale_measured *measured);

void scale_write_csv(FILE *file, const struct scale_row *row, size_t rows);
void scale_write_json(FILE *file, const struct scale_row *row, size_t rows);

/** scale_write() - to a file that appears whole or not at all. Return: 0; -1, and a message is printed. */
__attribute__((warn_unused_result)) int scale_write(const char *path, const struct scale_row *row, size_t rows,
						    void (*write)(FILE *, const struct scale_row *, size_t));

#endif
