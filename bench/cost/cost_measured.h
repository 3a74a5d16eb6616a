/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * cost_measured.h - figures that were read on real hardware, from a text file; docs/invalidation.md has the form.
 */
#ifndef BENCH_COST_MEASURED_H
#define BENCH_COST_MEASURED_H

#include <stdio.h>

#include "bench/cost/cost_summary.h"

/* Rows in the order of points, strategies side by side, with what the hardware took where a sweep has what is modelled. */
struct cost_measured {
	struct cost_row *row;
	size_t rows;
	bool derived;		       /* what the DMA waited was not measured for all: it is their misses at the device's times */
};

/* @device: for what is derived. Return: 0; -1 after one line on standard error. */
int cost_measured_read(struct cost_measured *measured, FILE *file, const char *path, const struct cost_device *device)
	__attribute__((warn_unused_result));
int cost_measured_load(struct cost_measured *measured, const char *path, const struct cost_device *device)
	__attribute__((warn_unused_result));
void cost_measured_free(struct cost_measured *measured);

/* Crossings between measured numbers of runs, on straight lines; parameters from what a command, a SYNC and the whole VMID
 * took, with @worth for what a leaf and a table are. Return: 0; -SHADOW_ENOMEM. */
int cost_measured_summary(const struct cost_measured *measured, const struct cost_worth worth[2],
			  struct cost_summary *summary) __attribute__((warn_unused_result));

/* y = base + slope * x with the least sum of squares. Return: false: all x are the same. */
bool cost_fit(const double *x, const double *y, size_t count, double *base, double *slope);

#endif
