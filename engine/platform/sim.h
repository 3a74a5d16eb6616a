/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * sim.h - the deterministic platform: virtual CPUs, their store buffers, one seeded scheduler, virtual time.
 *
 * The core, built with SHADOW_ORDER_SIMULATED, calls in here wherever engine/order.h or shadow/platform.h are used.
 * Each virtual CPU is a coroutine; at each of these calls another one may go on instead, and the world of devices
 * may move. What a CPU stores is seen by itself at once and by all others once it has drained from its store
 * buffer: in any order, except as barriers and releases demand. One simulation at a time, in one thread.
 */
#ifndef ENGINE_PLATFORM_SIM_H
#define ENGINE_PLATFORM_SIM_H

#include <shadow/error.h>
#include <shadow/platform.h>

#define SIM_CPUS_MAX SHADOW_CPUS_MAX
#define SIM_NOBODY   UINT32_MAX

/* What surrounds the CPUs. turn() and cleaned() find what has drained in memory; the others what the CPU that runs sees. */
struct sim_hooks {
	void *ctx;
	uint32_t (*read32)(void *ctx, uintptr_t address);
	uint64_t (*read64)(void *ctx, uintptr_t address);
	void (*write32)(void *ctx, uintptr_t address, uint32_t value);
	void (*write64)(void *ctx, uintptr_t address, uint64_t value);
	void *(*virt)(void *ctx, shadow_pa_t pa, size_t bytes);
	void (*cleaned)(void *ctx, const void *start, size_t bytes); /* what the cache holds of these lines is in memory */
	void (*stored)(void *ctx, uint64_t *where, uint64_t old_value, uint64_t value); /* a descriptor */
	void (*turn)(void *ctx);       /* everything but the CPUs has a turn: devices, DMA, evictions */
	void (*report)(void *ctx, enum platform_report what, uint64_t a, uint64_t b);
	void (*failed)(void *ctx, const char *what); /* a panic, or CPUs that wait for each other */
};

struct sim_counters {
	uint64_t points;	       /* calls at which another CPU may go on */
	uint64_t switches;	       /* of these: another one did */
	uint64_t drained;	       /* stores that left a buffer */
	uint64_t reordered;	       /* of these: ahead of an older one */
	uint64_t stale;		       /* loads that found what had been replaced */
};

/** sim_open() - @cpu_count CPUs, 1 .. SIM_CPUS_MAX, with nothing to do. Return: 0; -SHADOW_ENOMEM. */
__attribute__((warn_unused_result)) int sim_open(unsigned cpu_count, uint64_t seed, const struct sim_hooks *hooks);
void sim_close(void);

/** sim_hold_stores() - now and then, what one CPU has stored stays buffered for a while, but for what it waits for. */
void sim_hold_stores(void);

/** sim_start() - let @cpu, which has nothing to do, run @entry. */
void sim_start(unsigned cpu, void (*entry)(void *ctx, unsigned cpu), void *ctx);

/** sim_run() - until every CPU has returned and every store has drained, or sim_stop(). */
void sim_run(void);

/** sim_stop() - sim_run() returns; what runs on a CPU does not go on, ever. */
void sim_stop(void);
bool sim_stopped(void);

/* The CPU that runs, or SIM_NOBODY. */
unsigned sim_cpu(void);
uint64_t sim_now(void);
uint64_t sim_random(uint64_t below);
const struct sim_counters *sim_counters(void);

/** sim_advance() - virtual time passes. */
void sim_advance(uint64_t ns);

/* Another CPU may go on here. */
void sim_point(void);

/* The host lock: a place where a CPU stops for others. It is free once all that its holder stored has drained. */
void sim_host_lock(void);
void sim_host_unlock(void);
unsigned sim_host_lock_owner(void);

/* ---- what engine/order.h becomes ------------------------------------------------------------------- */

uint64_t sim_load(const void *where, unsigned bytes, bool acquire);
void sim_store(void *where, uint64_t value, unsigned bytes, bool release);
uint64_t sim_exchange(void *where, uint64_t value, unsigned bytes);
void sim_store_descriptor(uint64_t *where, uint64_t value);
void sim_note(void *where, size_t bytes);  /* a plain store to these bytes follows at once */
void sim_order_loads(void);		   /* loads so far before loads to come */
void sim_order_stores(void);		   /* stores so far before stores to come */
void sim_wait_stores(bool cleans);	   /* all of them have drained; and all cleans have arrived */

#endif
