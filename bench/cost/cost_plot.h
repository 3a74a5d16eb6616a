/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * cost_plot.h - what flushes cost by their number of runs, as a picture.
 */
#ifndef BENCH_COST_PLOT_H
#define BENCH_COST_PLOT_H

#include "bench/cost/cost_files.h"

/* As SVG or PNG. Write errors show in ferror() too. Return: 0; -1: the library for drawing failed. */
int cost_plot_write(FILE *file, const struct cost_found *found, bool svg) __attribute__((warn_unused_result));

#endif
