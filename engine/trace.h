/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * trace.h - where the core says to a tracer what it does: platform_trace(), as the embedder's header has it.
 *
 * What the events mean is in shadow/platform.h. A build that names no header has nothing: no call, no code,
 * and no argument is computed: they are without effect.
 */
#ifndef ENGINE_TRACE_H
#define ENGINE_TRACE_H

#include <shadow/platform.h>

#ifdef SHADOW_TRACE
#include SHADOW_TRACE
#else
#define platform_trace(event, a, b) ((void)sizeof((event) + (uint64_t)(a) + (uint64_t)(b)))
#endif

/* Whatever is reported is an error to a tracer as well: as a number in a register, since a tracer may not take constants. */
static inline void trace_report(enum platform_report what, uint64_t a, uint64_t b)
{
#ifdef SHADOW_TRACE
	__asm__ volatile("" : "+r"(what));
#endif
	platform_trace(PLATFORM_TRACE_ERROR, what, a);
	platform_report(what, a, b);
}

#endif
