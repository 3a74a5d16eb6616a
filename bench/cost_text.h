/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * cost_text.h - what `s2shadow profile` says, in at most 80 columns.
 */
#ifndef BENCH_COST_TEXT_H
#define BENCH_COST_TEXT_H

#include <stdio.h>

#include "bench/cost_summary.h"

/* Device, stream, and which of the device's figures are assumed. */
void cost_print_given(FILE *file, const struct cost_common *common);

/* Rows of one point after the other; a line with what is varied above each. */
void cost_print_rows(FILE *file, const struct cost_row *row, size_t rows);

void cost_print_summary(FILE *file, const struct cost_common *common, const struct cost_summary *summary);

/* A number in at most 6 columns: 123456, 1234k, 12.3M. */
struct cost_short {
	char text[16];
};
struct cost_short cost_short(double number);

#endif
