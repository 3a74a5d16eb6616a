/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * trace_scale.h - a trace of 4 KiB pages as one of larger pages: a what-if, page for page the same.
 */
#ifndef BENCH_TRACE_SCALE_H
#define BENCH_TRACE_SCALE_H

#include "bench/trace/trace.h"

/**
 * trace_scale() - multiply every address and size by 2^@scale_lg2.
 * @trace:     as trace_load() left it; still released with trace_free().
 * @scale_lg2: 0, 2 or 4: pages of 4, 16 or 64 KiB.
 * @error:     filled on failure; print it as trace_load()'s.
 *
 * ia_bits grow by @scale_lg2. The host's table becomes one of the larger granule: start level and start tables are the
 * fewest levels that the architecture allows, and a run of leaves gets the largest leaves that are not larger than its
 * own have become. Marks are no addresses and stay.
 * Return: 0; -1, with @trace as it was, if the addresses would need more than TRACE_IA_BITS_MAX.
 */
int trace_scale(struct trace *trace, unsigned scale_lg2, struct trace_error *error)
	__attribute__((warn_unused_result));

#endif
