/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * platform.h - all that the embedder supplies. These and mem* are the library's only undefined symbols.
 *
 * engine/platform/linux.c implements it for a hosted process, engine/platform/el2.c for EL2.
 */
#ifndef SHADOW_PLATFORM_H
#define SHADOW_PLATFORM_H

#include <shadow/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Device registers. @address is what the embedder gave when it attached the device, plus an offset.
 * A write is not ordered after earlier stores by itself: engine/order.h does that. */
uint32_t platform_mmio_read32(uintptr_t address);
uint64_t platform_mmio_read64(uintptr_t address);
void platform_mmio_write32(uintptr_t address, uint32_t value);
void platform_mmio_write64(uintptr_t address, uint64_t value);

/* The CPU's view of physical memory: NULL if @pa .. @pa + @bytes is not mapped. Any CPU, any time. */
void *platform_virt(shadow_pa_t pa, size_t bytes);

/* Write the cache lines that hold these bytes back to memory, with all that this CPU has stored there, for an
 * SMMU that does not look into caches; called only if one is attached. The call need not wait until they have
 * arrived: engine/order.h does. */
void platform_clean(const void *start, size_t bytes);

/* A monotonic clock in nanoseconds; and a pause inside a polling loop. The pause may wait for an event (WFE) if every SMMU
 * sends one for its SYNCs (shadow_smmu_stats: completion is SHADOW_COMPLETION_EVENT) and the timer sends them too, as
 * the CPU's event stream does: locks, errors and a wait's end send none, and are seen with the next one. */
uint64_t platform_time_ns(void);
void platform_relax(void);

/* Does this CPU hold the host lock? Asked by debug builds only. */
bool platform_host_lock_held(void);

enum platform_report {
	PLATFORM_REPORT_ACCESS_UNKNOWN,	 /* a: address, b: access bits that are not known */
	PLATFORM_REPORT_RESERVED,	 /* a: start of the first, b: end of the last reserved page of a grant */
	PLATFORM_REPORT_COMMAND_ERROR,	 /* a: SMMU's number, b: CONS.ERR; it was repaired */
	PLATFORM_REPORT_STREAM_ABORTED,	 /* a: SMMU's number, b: StreamID; a device did not confirm an ATC_INV */
	PLATFORM_REPORT_SMMU_CLOSED,	 /* a: SMMU's number, b: GERROR, and enum shadow_smmu_failure from bit 32
					  * on; abort is confirmed */
	PLATFORM_REPORT_ISOLATION_LOST,	 /* the same; abort could not be confirmed */
	PLATFORM_REPORT_SMMU_RESET,	 /* a: SMMU's number, b: GBPA as it was found. If its ABORT, bit 20, is 0,
					  * devices had passed the SMMU by since the reset */
	PLATFORM_REPORT_EVENT,		 /* a: StreamID, and SMMU's number from bit 32 on; b: page address that the device
					  * asked for, and the event's number in bits 7:0 (IHI 0070, Event records) */
	PLATFORM_REPORT_EVENTS_LOST,	 /* a: SMMU's number, b: how often it has lost events so far */
};

/* Something that a person must see. Never called on a path without trouble. May not call the library. */
void platform_report(enum platform_report what, uint64_t a, uint64_t b);

/* What a tracer may want to see, each with two numbers. An embedder that wants them names a header when it builds the
 * library, -DSHADOW_TRACE='<its_trace.h>', which defines as inline function or macro
 *	void platform_trace (enum platform_trace_event event, uint64_t a, uint64_t b);
 * It is called with constant events and with arguments that are at hand. Without a header nothing is there.
 * What says "stage" begins one of a flush, which lasts until the next one or the flush's end. */
enum platform_trace_event {
	PLATFORM_TRACE_QUEUE,	       /* a transition is handed over. a: its number, b: where it is, struct shadow_transition * */
	PLATFORM_TRACE_FLUSH_START,    /* a: number of the newest transition flushed so far, b: the engine */
	PLATFORM_TRACE_DRAIN,	       /* stage. a: CPUs, b: the engine */
	PLATFORM_TRACE_RETIRE,	       /* stage, or a moment outside of a flush. a: fence whose tables are reusable, b: the engine */
	PLATFORM_TRACE_COALESCE,       /* stage. a: slots, b: the engine. A flush of one has none */
	PLATFORM_TRACE_PLAN,	       /* stage. a: ranges that are left to be cut into runs, b: the engine */
	PLATFORM_TRACE_PREPARE,	       /* stage. a: runs, b: the target */
	PLATFORM_TRACE_WRITE,	       /* stage. a: runs, b: the target */
	PLATFORM_TRACE_INVALIDATE,     /* stage. a: number of the newest transition in it, b: the engine */
	PLATFORM_TRACE_FLUSH_END,      /* a: the same, or that of the start if nothing was queued; b: fence to wait for */
	PLATFORM_TRACE_SYNC,	       /* a wait begins, which is the stage outside of a flush. a: ticket, b: longest wait in ns */
	PLATFORM_TRACE_DOORBELL,       /* a: SMMU's number, b: position in its queue up to which there are commands */
	PLATFORM_TRACE_SYNC_SEEN,      /* a: SMMU's number, b: position up to which it was seen to be done */
	PLATFORM_TRACE_TICKET,	       /* tickets are complete. a: up to this number, b: fence */
	PLATFORM_TRACE_SPLIT,	       /* a table takes the place of a block. a: first page, b: block's level */
	PLATFORM_TRACE_COLLAPSE,       /* a block takes the place of a table. a: first page, b: block's level */
	PLATFORM_TRACE_ERROR,	       /* a: enum platform_report, b: its a */
	PLATFORM_TRACE_TIMEOUT,	       /* a wait was given up. a: number, b: fence */
	PLATFORM_TRACE_EVENTS	       /* how many there are */
};

/* Isolation can no longer be promised. @where is a static string. Does not return. */
__attribute__((noreturn)) void platform_panic(const char *where);

#ifdef __cplusplus
}
#endif
#endif
