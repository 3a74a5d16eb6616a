/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * simulate_trip.h - what virtual CPUs do: trips into the hypervisor that change pages.
 */
#ifndef BENCH_SIMULATE_TRIP_H
#define BENCH_SIMULATE_TRIP_H

#include "bench/simulate/simulate_world.h"

/** simulate_worker() - trips on @cpu until the run has what it wants; @ctx: struct simulate. */
void simulate_worker(void *ctx, unsigned cpu);

/** simulate_finish() - flush and wait for everything; after all workers have returned. */
void simulate_finish(void *ctx, unsigned cpu);

#endif
