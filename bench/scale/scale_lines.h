/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * scale_lines.h - which CPUs have a cache line: caches without limits, and a line that is written is nobody else's.
 */
#ifndef BENCH_SCALE_LINES_H
#define BENCH_SCALE_LINES_H

#include "bench/scale/scale.h"

struct scale_line {
	uintptr_t number;	       /* address / 64; 0: this place is free */
	uint64_t have[SCALE_CPUS_MAX / 64];
};

struct scale_lines {
	struct scale_line *line;
	unsigned lg2, used;
};

/* Return: 0, or -SHADOW_ENOMEM. */
__attribute__((warn_unused_result)) int scale_lines_open(struct scale_lines *lines);
void scale_lines_close(struct scale_lines *lines);

/* @cpu touches a line. Return: does it have to come from elsewhere? Its first use by anyone does not count. */
bool scale_lines_read(struct scale_lines *lines, unsigned cpu, const void *where);
bool scale_lines_write(struct scale_lines *lines, unsigned cpu, const void *where);

#endif
