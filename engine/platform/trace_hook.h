/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * trace_hook.h - platform_trace() as a call to whoever asked for it: for tests, and for what measures stages.
 */
#ifndef ENGINE_PLATFORM_TRACE_HOOK_H
#define ENGINE_PLATFORM_TRACE_HOOK_H

#include <shadow/platform.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Supplied by who builds so. */
void trace_hook(enum platform_trace_event event, uint64_t a, uint64_t b);

static inline void platform_trace(enum platform_trace_event event, uint64_t a, uint64_t b)
{
	trace_hook(event, a, b);
}

#ifdef __cplusplus
}
#endif
#endif
