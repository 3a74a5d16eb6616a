/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * traced.c - the hook that cores built with engine/platform/trace_hook.h call.
 */
#include "bench/replay/traced.h"

#include <stddef.h>

#include "engine/platform/trace_hook.h"

static void (*traced_hit)(void *ctx, enum platform_trace_event event, uint64_t a, uint64_t b);
static void *traced_ctx;

void traced_set(void (*hit)(void *ctx, enum platform_trace_event event, uint64_t a, uint64_t b), void *ctx)
{
	traced_hit = hit;
	traced_ctx = ctx;
}

void trace_hook(enum platform_trace_event event, uint64_t a, uint64_t b)
{
	if (traced_hit)
		traced_hit(traced_ctx, event, a, b);
}
