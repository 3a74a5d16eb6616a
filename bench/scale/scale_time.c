/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * scale_time.c - what the timed core calls: engine/order.h and shadow/platform.h on CPUs with a clock each.
 *
 * Linked with the timed core alone, in place of engine/platform/sim*.c. The core is compiled with
 * -fsanitize=thread and linked without that sanitizer: the compiler announces each access, and here each costs what
 * the constants say. A load of a line that another CPU has written waits for it; so does an exchange. A store waits in a
 * store buffer meanwhile: a barrier that publishes to devices, or the release of the host lock, waits once for all of them. A CPU's stack costs nothing.
 * Owns: an access to shared memory happens when no other CPU's clock is behind.
 */
#include "bench/scale/scale_time.h"

#include <stdlib.h>
#include <string.h>

#include <shadow/error.h>
#include <shadow/platform.h>

#include "bench/scale/scale_lines.h"
#include "engine/platform/sim.h"
#include "engine/platform/sim_announced.h"
#include "engine/platform/sim_cpu.h"

#define PS UINT64_C(1000)

struct cpu {
	struct sim_stack stack;
	uint64_t clock;		       /* in ps */
	bool storing;		       /* a store waits for its line */
};

static struct scale_time {
	struct scale_hooks hooks;
	struct scale_costs costs;
	struct scale_lines lines;
	struct sim_stack outside;
	void (*entry)(void *ctx, unsigned cpu);
	void *ctx;
	struct cpu *cpu;
	unsigned cpu_count;
	unsigned *ready;	       /* heap by clock, without the one that runs */
	unsigned ready_count;
	unsigned running;	       /* or SIM_NOBODY */
	unsigned lock_owner;	       /* or SIM_NOBODY */
	unsigned *waiting;	       /* for the lock: a ring */
	unsigned waiting_first, waiting_count;
	uint64_t accesses, misses;
} now = { .running = SIM_NOBODY };

/* ---- whose turn it is ------------------------------------------------------------------------------------- */

static bool is_behind(unsigned a, unsigned b)
{
	return now.cpu[a].clock < now.cpu[b].clock || (now.cpu[a].clock == now.cpu[b].clock && a < b);
}

static void ready_add(unsigned cpu)
{
	unsigned at = now.ready_count++;

	for (; at && is_behind(cpu, now.ready[(at - 1) / 2]); at = (at - 1) / 2)
		now.ready[at] = now.ready[(at - 1) / 2];
	now.ready[at] = cpu;
}

static unsigned ready_take(void)
{
	unsigned first = now.ready[0], moved = now.ready[--now.ready_count], at = 0;

	for (;;) {
		unsigned child = 2 * at + 1;

		if (child + 1 < now.ready_count && is_behind(now.ready[child + 1], now.ready[child]))
			child++;
		if (child >= now.ready_count || !is_behind(now.ready[child], moved))
			break;
		now.ready[at] = now.ready[child];
		at = child;
	}
	now.ready[at] = moved;
	return first;
}

/* To whoever is furthest behind, or out if nobody is left. */
static void leave(struct sim_stack *from)
{
	struct sim_stack *to = &now.outside;

	now.running = SIM_NOBODY;
	if (now.ready_count) {
		now.running = ready_take();
		to = &now.cpu[now.running].stack;
	}
	sim_stack_switch(from, to);
}

void scale_step(void)
{
	unsigned self = now.running;

	if (self == SIM_NOBODY || !now.ready_count || !is_behind(now.ready[0], self))
		return;
	ready_add(self);
	leave(&now.cpu[self].stack);
}

/* ---- time ------------------------------------------------------------------------------------------------- */

uint64_t scale_now_ps(void)
{
	return now.running == SIM_NOBODY ? 0 : now.cpu[now.running].clock;
}

void scale_spend_ns(uint64_t ns)
{
	if (now.running != SIM_NOBODY)
		now.cpu[now.running].clock += ns * PS;
}

uint64_t scale_accesses(void)
{
	return now.accesses;
}

uint64_t scale_misses(void)
{
	return now.misses;
}

static struct cpu *spend_access(const void *where)
{
	struct cpu *cpu = now.running == SIM_NOBODY ? NULL : &now.cpu[now.running];

	if (!cpu || sim_stack_owns(&cpu->stack, where))
		return NULL;
	now.accesses++;
	cpu->clock += now.costs.access_ps;
	return cpu;
}

static void touch_read(const void *where)
{
	struct cpu *cpu = spend_access(where);

	if (!cpu || !scale_lines_read(&now.lines, now.running, where))
		return;
	now.misses++;
	cpu->clock += now.costs.line_ns * PS;
}

static void touch_write(const void *where)
{
	struct cpu *cpu = spend_access(where);

	if (!cpu || !scale_lines_write(&now.lines, now.running, where))
		return;
	cpu->storing = true;
}

/* ---- engine/order.h --------------------------------------------------------------------------------------- */

uint64_t sim_load(const void *where, unsigned bytes, bool acquire)
{
	(void)acquire;
	touch_read(where);
	scale_step();
	return bytes == 8 ? __atomic_load_n((const uint64_t *)where, __ATOMIC_RELAXED) :
			    __atomic_load_n((const uint32_t *)where, __ATOMIC_RELAXED);
}

void sim_store(void *where, uint64_t value, unsigned bytes, bool release)
{
	(void)release;
	touch_write(where);
	scale_step();
	if (bytes == 8)
		__atomic_store_n((uint64_t *)where, value, __ATOMIC_RELAXED);
	else
		__atomic_store_n((uint32_t *)where, (uint32_t)value, __ATOMIC_RELAXED);
}

uint64_t sim_exchange(void *where, uint64_t value, unsigned bytes)
{
	uint64_t old_value;

	touch_read(where);
	touch_write(where);
	scale_step();
	old_value = bytes == 8 ? *(uint64_t *)where : *(uint32_t *)where;
	if (bytes == 8)
		*(uint64_t *)where = value;
	else
		*(uint32_t *)where = (uint32_t)value;
	return old_value;
}

void sim_store_descriptor(uint64_t *where, uint64_t value)
{
	touch_write(where);
	*where = value;
}

void sim_order_loads(void)
{
}

void sim_order_stores(void)
{
}

void sim_wait_stores(bool cleans)
{
	(void)cleans;
	if (now.running == SIM_NOBODY || !now.cpu[now.running].storing)
		return;
	now.cpu[now.running].storing = false;
	now.misses++;
	scale_spend_ns(now.costs.line_ns);
}

/* ---- plain accesses, as the compiler announces them --------------------------------------------------------- */

#define READ(name) \
	void name(void *where); \
	void name(void *where) \
	{ \
		touch_read(where); \
	}

#define WRITE(name, bytes) \
	void name(void *where); \
	void name(void *where) \
	{ \
		touch_write(where); \
	}

SIM_ANNOUNCED_READS(READ)

SIM_ANNOUNCED_WRITES(WRITE)

void __tsan_init(void);
void __tsan_init(void)
{
}

void __tsan_func_entry(void *where);
void __tsan_func_entry(void *where)
{
	(void)where;
}

void __tsan_func_exit(void);
void __tsan_func_exit(void)
{
}

void __tsan_read_range(void *where, size_t bytes);
void __tsan_read_range(void *where, size_t bytes)
{
	for (size_t at = 0; at < bytes; at += 8)
		touch_read((char *)where + at);
}

void __tsan_write_range(void *where, size_t bytes);
void __tsan_write_range(void *where, size_t bytes)
{
	for (size_t at = 0; at < bytes; at += 8)
		touch_write((char *)where + at);
}

/* ---- shadow/platform.h ---------------------------------------------------------------------------------------- */

/* The device answers half way through the read. */
uint32_t platform_mmio_read32(uintptr_t address)
{
	uint32_t value;

	scale_spend_ns(now.costs.mmio_ns / 2);
	scale_step();
	value = now.hooks.read32(now.hooks.ctx, address);
	scale_spend_ns(now.costs.mmio_ns - now.costs.mmio_ns / 2);
	return value;
}

uint64_t platform_mmio_read64(uintptr_t address)
{
	return platform_mmio_read32(address) | (uint64_t)platform_mmio_read32(address + 4) << 32;
}

void platform_mmio_write32(uintptr_t address, uint32_t value)
{
	scale_step();
	now.hooks.write32(now.hooks.ctx, address, value);
	scale_spend_ns(now.costs.doorbell_ns);
}

void platform_mmio_write64(uintptr_t address, uint64_t value)
{
	platform_mmio_write32(address, (uint32_t)value);
	platform_mmio_write32(address + 4, (uint32_t)(value >> 32));
}

void *platform_virt(shadow_pa_t pa, size_t bytes)
{
	return now.hooks.virt(now.hooks.ctx, pa, bytes);
}

/* SMMUs here look into caches. */
void platform_clean(const void *start, size_t bytes)
{
	(void)start;
	(void)bytes;
}

uint64_t platform_time_ns(void)
{
	return scale_now_ps() / PS;
}

void platform_relax(void)
{
	scale_spend_ns(now.costs.relax_ns);
	scale_step();
}

bool platform_host_lock_held(void)
{
	return now.lock_owner == now.running;
}

/* Nothing fails here but by a bug, and who called then gets an error. */
void platform_report(enum platform_report what, uint64_t a, uint64_t b)
{
	(void)what;
	(void)a;
	(void)b;
}

void platform_panic(const char *where)
{
	(void)where;
	abort();
}

/* ---- the host lock ---------------------------------------------------------------------------------------------- */

void scale_lock(void)
{
	unsigned self = now.running;

	scale_step();
	if (now.lock_owner == SIM_NOBODY) {
		now.lock_owner = self;
		return;
	}
	now.waiting[(now.waiting_first + now.waiting_count++) % now.cpu_count] = self;
	leave(&now.cpu[self].stack);
}

void scale_unlock(void)
{
	unsigned next;

	/* A release: what was stored under the lock has its lines first. */
	sim_wait_stores(false);
	scale_step();
	now.lock_owner = SIM_NOBODY;
	if (!now.waiting_count)
		return;
	next = now.waiting[now.waiting_first];
	now.waiting_first = (now.waiting_first + 1) % now.cpu_count;
	now.waiting_count--;
	now.lock_owner = next;
	now.cpu[next].clock = scale_now_ps() + now.costs.lock_ns * PS;
	ready_add(next);
}

bool scale_lock_free(void)
{
	scale_step();
	return now.lock_owner == SIM_NOBODY;
}

unsigned scale_lock_waiting(void)
{
	scale_step();
	return now.waiting_count;
}

/* ---- memory -------------------------------------------------------------------------------------------------------- */

/* The policies' calloc(): at the start of a cache line, so that lines are the same in each run. */
void *scale_calloc(size_t count, size_t bytes);
void *scale_calloc(size_t count, size_t bytes)
{
	size_t rounded = (count * bytes + 63) & ~(size_t)63;
	void *memory = aligned_alloc(64, rounded);

	return memory ? memset(memory, 0, rounded) : NULL;
}

/* ---- life --------------------------------------------------------------------------------------------------------- */

static void run_cpu(void)
{
	struct cpu *cpu = &now.cpu[now.running];

	sim_stack_entered();
	now.entry(now.ctx, now.running);
	leave(&cpu->stack);
	abort();
}

void scale_time_run(void (*entry)(void *ctx, unsigned cpu), void *ctx)
{
	now.entry = entry;
	now.ctx = ctx;
	for (unsigned cpu = 0; cpu < now.cpu_count; cpu++) {
		sim_stack_prepare(&now.cpu[cpu].stack, run_cpu);
		ready_add(cpu);
	}
	leave(&now.outside);
}

int scale_time_open(unsigned cpus, const struct scale_costs *costs, const struct scale_hooks *hooks)
{
	int error = 0;

	now = (struct scale_time){ .hooks = *hooks, .costs = *costs, .cpu_count = cpus, .running = SIM_NOBODY,
				   .lock_owner = SIM_NOBODY };
	now.cpu = calloc(cpus, sizeof(*now.cpu));
	now.ready = calloc(cpus, sizeof(*now.ready));
	now.waiting = calloc(cpus, sizeof(*now.waiting));
	if (!now.cpu || !now.ready || !now.waiting)
		error = -SHADOW_ENOMEM;
	if (!error)
		error = scale_lines_open(&now.lines);
	for (unsigned i = 0; i < cpus && !error; i++)
		error = sim_stack_open(&now.cpu[i].stack);
	if (error)
		scale_time_close();
	return error;
}

void scale_time_close(void)
{
	for (unsigned i = 0; now.cpu && i < now.cpu_count; i++)
		sim_stack_close(&now.cpu[i].stack);
	scale_lines_close(&now.lines);
	free(now.cpu);
	free(now.ready);
	free(now.waiting);
	now = (struct scale_time){ .running = SIM_NOBODY };
}
