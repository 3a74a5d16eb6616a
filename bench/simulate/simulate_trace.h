/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * simulate_trace.h - the workload from a recorded trace: its memory, its first state, its trips in their order.
 */
#ifndef BENCH_SIMULATE_TRACE_H
#define BENCH_SIMULATE_TRACE_H

#include "bench/simulate/simulate_change.h"

/** simulate_trace_fits() - can a machine be made for it? Says why not. */
bool simulate_trace_fits(const struct trace *trace, const char *path);

/** simulate_trace_cpus() - CPUs that it was recorded on, up to the highest number. */
unsigned simulate_trace_cpus(const struct trace *trace);

/** simulate_trace_transitions() - of memory. */
uint64_t simulate_trace_transitions(const struct trace *trace);

/** simulate_trace_open() - memory and the host's table. Return: 0, or -1 if memory is short. */
__attribute__((warn_unused_result)) int simulate_trace_open(struct simulate *world);

/** simulate_trace_states() - what the oracle starts from. */
void simulate_trace_states(struct simulate *world);

/** simulate_trace_trip() - the next trip, if it is this CPU's; else some time passes. Return: is the trace not at its end? */
bool simulate_trace_trip(struct trip *trip);

#endif
