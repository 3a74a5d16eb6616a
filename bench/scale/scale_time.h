/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * scale_time.h - virtual CPUs with a clock each: the platform that the timed core runs on.
 *
 * The CPU whose clock is behind goes on, up to its next access to shared memory, register or lock. So accesses happen in the order
 * of virtual time, and a run depends on nothing but its configuration. Stores are seen at once: what stores
 * may do to each other is for the simulator in engine/platform/sim.h, this is about time. One at a time, in one thread.
 */
#ifndef BENCH_SCALE_TIME_H
#define BENCH_SCALE_TIME_H

#include <stddef.h>

#include "bench/scale/scale.h"

struct scale_hooks {
	void *ctx;
	uint32_t (*read32)(void *ctx, uintptr_t address);
	void (*write32)(void *ctx, uintptr_t address, uint32_t value);
	void *(*virt)(void *ctx, shadow_pa_t pa, size_t bytes);
};

/** scale_time_open() - @cpus of them, with nothing to do, all clocks at 0. Return: 0; -SHADOW_ENOMEM. */
__attribute__((warn_unused_result)) int scale_time_open(unsigned cpus, const struct scale_costs *costs,
							const struct scale_hooks *hooks);
void scale_time_close(void);

/** scale_time_run() - @entry on every CPU, until each has returned. */
void scale_time_run(void (*entry)(void *ctx, unsigned cpu), void *ctx);

/* Of the CPU that runs; 0 while none does, and then nothing takes time. */
uint64_t scale_now_ps(void);
void scale_spend_ns(uint64_t ns);
/* A step that others may see: whoever is behind goes first. */
void scale_step(void);

/* The host lock: who comes first gets it first. */
void scale_lock(void);
void scale_unlock(void);
bool scale_lock_free(void);
unsigned scale_lock_waiting(void);

uint64_t scale_accesses(void);
uint64_t scale_misses(void);

#endif
