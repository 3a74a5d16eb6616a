/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * trace_usdt.h - platform_trace() of a hosted process: static probes, one nop each, for perf and bpftrace.
 *
 * The provider is s2shadow; a probe is called like its event, in small letters: see docs/profiling.md. A
 * macro, so that arguments are noted as they are and where they are, and cost nothing either. "inline" tells
 * the compiler that a probe is short, or it would take the lines of the note for instructions, and inline
 * less.
 */
#ifndef ENGINE_PLATFORM_TRACE_USDT_H
#define ENGINE_PLATFORM_TRACE_USDT_H

#include <sys/sdt.h>

#define TRACE_USDT_PLATFORM_TRACE_QUEUE	      queue
#define TRACE_USDT_PLATFORM_TRACE_FLUSH_START flush_start
#define TRACE_USDT_PLATFORM_TRACE_DRAIN	      drain
#define TRACE_USDT_PLATFORM_TRACE_RETIRE      retire
#define TRACE_USDT_PLATFORM_TRACE_COALESCE    coalesce
#define TRACE_USDT_PLATFORM_TRACE_PLAN	      plan
#define TRACE_USDT_PLATFORM_TRACE_PREPARE     prepare
#define TRACE_USDT_PLATFORM_TRACE_WRITE	      write
#define TRACE_USDT_PLATFORM_TRACE_INVALIDATE  invalidate
#define TRACE_USDT_PLATFORM_TRACE_FLUSH_END   flush_end
#define TRACE_USDT_PLATFORM_TRACE_SYNC	      sync
#define TRACE_USDT_PLATFORM_TRACE_DOORBELL    doorbell
#define TRACE_USDT_PLATFORM_TRACE_SYNC_SEEN   sync_seen
#define TRACE_USDT_PLATFORM_TRACE_TICKET      ticket
#define TRACE_USDT_PLATFORM_TRACE_SPLIT	      split
#define TRACE_USDT_PLATFORM_TRACE_COLLAPSE    collapse
#define TRACE_USDT_PLATFORM_TRACE_ERROR	      error
#define TRACE_USDT_PLATFORM_TRACE_TIMEOUT     timeout

#define TRACE_USDT(name, a, b)                                                             \
	__asm__ volatile inline(STAP_PROBE_ASM(s2shadow, name, STAP_PROBE_ASM_TEMPLATE(2)) \
				:                                                          \
				: STAP_PROBE_ASM_OPERANDS(2, a, b))

#define platform_trace(event, a, b) TRACE_USDT(TRACE_USDT_##event, a, b)

#endif
