/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * scale_calibrate.h - the engine's own costs on this machine, and the constants that give the same in the model.
 */
#ifndef BENCH_SCALE_CALIBRATE_H
#define BENCH_SCALE_CALIBRATE_H

#include "bench/scale/scale.h"

#define SCALE_BATCH 32u

struct scale_measured {
	double alone_ns;	       /* measured: reserve, queue, flush and wait for one page, on one CPU */
	double batch_ns;	       /* measured: SCALE_BATCH pages apart from each other in one flush */
	double in_turn_ns;	       /* measured: one page, on two CPUs in turn, the turn itself taken off */
	double turn_ns;		       /* measured: a cache line goes from one CPU to the other */
	double relax_ns;	       /* measured: platform_relax() */
	double accesses, batch_accesses, misses; /* counted: of the first, the second and the third in the model */
};

/** scale_calibrate() - measure, and set what can be measured of @costs. Return: 0, or a negative SHADOW_E*. */
__attribute__((warn_unused_result)) int scale_calibrate(struct scale_measured *measured, struct scale_costs *costs);

#endif
