/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * traced.h - who is told what a core does that was built with engine/platform/trace_hook.h.
 */
#ifndef BENCH_TRACED_H
#define BENCH_TRACED_H

#include <shadow/platform.h>

/* One at a time, set while no core runs; NULL: nobody. Called on whichever thread the core runs. */
void traced_set(void (*hit)(void *ctx, enum platform_trace_event event, uint64_t a, uint64_t b), void *ctx);

#endif
