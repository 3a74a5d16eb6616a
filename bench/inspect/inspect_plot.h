/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * inspect_plot.h - the address space with its mapping sizes, as a picture.
 */
#ifndef BENCH_INSPECT_PLOT_H
#define BENCH_INSPECT_PLOT_H

#include "bench/inspect/inspect_text.h"

/* Pixels of a PNG: rows begin so far from the left, each so far below the one before, and end above the foot.
 */
#define INSPECT_PLOT_LEFT     140
#define INSPECT_PLOT_ROW_STEP 20
#define INSPECT_PLOT_FOOT     56

/* As SVG or PNG. Write errors show in ferror() too. Return: 0; -1: the library for drawing failed. */
int inspect_plot_write(FILE *file, const struct inspect_subject *subject, bool svg)
	__attribute__((warn_unused_result));

#endif
