/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * cost_text.h - what `s2shadow profile` says, in at most 80 columns.
 */
#ifndef BENCH_COST_TEXT_H
#define BENCH_COST_TEXT_H

#include <stdio.h>

#include "bench/cost/cost_record.h"
#include "bench/cost/cost_summary.h"

/* Device, stream, and which of the device's figures are assumed. */
void cost_print_given(FILE *file, const struct cost_common *common);

/* What a trace has given. */
void cost_print_record(FILE *file, const struct cost_record *record);

/* Rows of one point after the other; a line with what is varied above each. @hardware: they were measured. */
void cost_print_rows(FILE *file, const struct cost_row *row, size_t rows, bool hardware);

void cost_print_summary(FILE *file, const struct cost_summary *summary, bool hardware);

/* A number in at most 6 columns: 123456, 1234k, 12.3M. */
struct cost_short {
	char text[16];
};
struct cost_short cost_short(double number);

#endif
