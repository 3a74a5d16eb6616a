/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * sim.c - the scheduler of the simulated platform, and what the core calls in it.
 *
 * The scheduler runs on the stack of who called sim_run(). A round: some buffered stores drain, the world has a
 * turn, a CPU goes on up to one of its next points. Every choice comes from the seed.
 * Owns: while no CPU runs, memory is what has drained. Nothing but the seed and the hooks decides what happens.
 */
#include "engine/platform/sim.h"

#include <stdlib.h>
#include <string.h>

#include "engine/platform/sim_cpu.h"
#include "engine/platform/sim_past.h"

#define POINTS_MEAN 10u		       /* between two rounds */
#define STALE_ONE_IN 4u		       /* loads, where there is something older to find */
#define DRAINS_MAX 3u		       /* in a round */
#define HOLD_ONE_IN 40u		       /* rounds */
#define HOLD_ROUNDS 60u		       /* at most */
#define NOTE_MAX 128u
#define POINT_NS 1u
#define RELAX_NS 100u
#define IDLE_ROUNDS_MAX 1000000u       /* no CPU can go on, and nothing drains */

enum state { IDLE, READY, BLOCKED };

struct cpu {
	struct sim_stack stack;
	struct sim_buffer buffer;
	struct sim_seen seen;
	enum state state;
	unsigned ready_at;	       /* its place in sim.ready */
	void (*entry)(void *ctx, unsigned cpu);
	void *ctx;
};

static struct sim {
	struct sim_hooks hooks;
	struct sim_counters counters;
	struct sim_past past;
	struct sim_stack scheduler;
	struct cpu *cpu;
	unsigned cpu_count;
	unsigned *ready;	       /* CPUs that can go on, in no order */
	unsigned ready_count;
	unsigned *blocked;	       /* that wait for the host lock */
	unsigned blocked_count;
	unsigned running;	       /* or SIM_NOBODY */
	unsigned last;		       /* ran last */
	unsigned lock_owner;	       /* or SIM_NOBODY */
	unsigned buffered;	       /* entries in all buffers */
	unsigned points_left;	       /* to the next round */
	bool holds;		       /* buffers now and then; */
	unsigned held, held_left;      /* whose, and rounds to come */
	bool stopped;
	uint64_t random, now;
} sim = { .running = SIM_NOBODY };

uint64_t sim_random(uint64_t below)
{
	uint64_t mixed = sim.random += UINT64_C(0x9e3779b97f4a7c15);

	mixed = (mixed ^ mixed >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94d049bb133111eb);
	return (mixed ^ mixed >> 31) % below;
}

unsigned sim_cpu(void)
{
	return sim.running;
}

uint64_t sim_now(void)
{
	return sim.now;
}

void sim_advance(uint64_t ns)
{
	sim.now += ns;
}

const struct sim_counters *sim_counters(void)
{
	return &sim.counters;
}

bool sim_stopped(void)
{
	return sim.stopped;
}

/* ---- who can go on ------------------------------------------------------------------------------------ */

static void make_ready(unsigned number)
{
	sim.cpu[number].state = READY;
	sim.cpu[number].ready_at = sim.ready_count;
	sim.ready[sim.ready_count++] = number;
}

static void make_unready(unsigned number, enum state state)
{
	unsigned place = sim.cpu[number].ready_at, moved = sim.ready[--sim.ready_count];

	sim.ready[place] = moved;
	sim.cpu[moved].ready_at = place;
	sim.cpu[number].state = state;
}

/* To the scheduler, and back when this CPU goes on. */
static void yield(void)
{
	sim_stack_switch(&sim.cpu[sim.running].stack, &sim.scheduler);
}

void sim_point(void)
{
	if (sim.running == SIM_NOBODY)
		return;
	sim.now += POINT_NS;
	sim.counters.points++;
	if (sim.points_left--)
		return;
	yield();
}

/* ---- buffers --------------------------------------------------------------------------------------- */

static void lock_free(void)
{
	unsigned place;

	sim.lock_owner = SIM_NOBODY;
	if (!sim.blocked_count)
		return;
	place = (unsigned)sim_random(sim.blocked_count);
	sim.lock_owner = sim.blocked[place];
	sim.blocked[place] = sim.blocked[--sim.blocked_count];
	make_ready(sim.lock_owner);
}

/* @cpu's store to @where is about to be seen. */
static void replaced(struct cpu *cpu, const void *where, size_t bytes)
{
	uint64_t value = 0;

	memcpy(&value, where, bytes);
	sim_past_replaced(&sim.past, where, value);
	sim_seen_word(&cpu->seen, where, sim.past.now);
}

/* The buffer is off. */
static void drain_at(struct cpu *cpu, unsigned index)
{
	const struct sim_entry *next = &cpu->buffer.entry[index];
	struct sim_entry entry;

	if (next->kind == SIM_STORE && !next->plain)
		replaced(cpu, next->where, next->bytes);
	entry = sim_buffer_drain(&cpu->buffer, index);

	sim.buffered--;
	sim.counters.drained++;
	sim.counters.reordered += index != 0;
	if (entry.kind == SIM_CLEAN)
		sim.hooks.cleaned(sim.hooks.ctx, entry.where, entry.bytes);
	else if (entry.kind == SIM_UNLOCK)
		lock_free();
}

/* One entry that may go, chosen at random; the oldest if that one may not. */
static void drain_one(struct cpu *cpu)
{
	unsigned index = (unsigned)sim_random(cpu->buffer.count);

	drain_at(cpu, sim_buffer_may_drain(&cpu->buffer, index) ? index : 0);
}

/* Whose stores wait? */
static void choose_held(void)
{
	if (sim.held_left) {
		sim.held_left--;
	} else if (sim.holds && !sim_random(HOLD_ONE_IN)) {
		sim.held = sim.last;
		sim.held_left = (unsigned)sim_random(HOLD_ROUNDS);
	}
}

/* Some CPU's, by preference those of the one that ran last. */
static void drain_some(void)
{
	choose_held();
	for (unsigned left = (unsigned)sim_random(DRAINS_MAX + 1); left && sim.buffered && !sim.stopped; left--) {
		unsigned number = sim_random(2) ? sim.last : (unsigned)sim_random(sim.cpu_count);

		while (!sim.cpu[number].buffer.count)
			number = (number + 1) % sim.cpu_count;
		if (!sim.held_left || number != sim.held)
			drain_one(&sim.cpu[number]);
	}
}

/* Room for one more entry of the CPU that runs. */
static void make_room(struct cpu *cpu)
{
	if (cpu->buffer.count < SIM_BUFFER)
		return;
	sim_buffer_off(&cpu->buffer);
	drain_one(cpu);
	sim_buffer_on(&cpu->buffer);
}

static void drain_all(void)
{
	for (unsigned number = 0; number < sim.cpu_count; number++)
		while (sim.cpu[number].buffer.count && !sim.stopped)
			drain_one(&sim.cpu[number]);
}

static struct cpu *running(void)
{
	return sim.running == SIM_NOBODY ? NULL : &sim.cpu[sim.running];
}

static uint64_t read_bytes(const void *where, unsigned bytes)
{
	return bytes == 8 ? __atomic_load_n((const uint64_t *)where, __ATOMIC_RELAXED) :
			    __atomic_load_n((const uint32_t *)where, __ATOMIC_RELAXED);
}

static void write_bytes(void *where, uint64_t value, unsigned bytes)
{
	if (bytes == 8)
		__atomic_store_n((uint64_t *)where, value, __ATOMIC_RELAXED);
	else
		__atomic_store_n((uint32_t *)where, (uint32_t)value, __ATOMIC_RELAXED);
}

static void add(enum sim_kind kind, const void *where, size_t bytes)
{
	struct cpu *cpu = running();

	make_room(cpu);
	sim_buffer_add(&cpu->buffer, kind, where, bytes);
	sim.buffered++;
	sim_point();
}

static void store(void *where, uint64_t value, unsigned bytes, bool release)
{
	struct cpu *cpu = running();

	if (!cpu) {
		write_bytes(where, value, bytes);
		return;
	}
	make_room(cpu);
	sim_buffer_store(&cpu->buffer, where, value, bytes, release);
	sim.buffered++;
}

/* ---- engine/order.h ------------------------------------------------------------------------------------- */

/* Now, or as early as nothing forbids. A CPU's own store that is buffered is what it finds. */
uint64_t sim_load(const void *where, unsigned bytes, bool acquire)
{
	struct cpu *cpu;
	uint64_t value, time;

	sim_point();
	cpu = running();
	if (!cpu || sim_buffer_holds(&cpu->buffer, where))
		return read_bytes(where, bytes);
	if (sim_random(STALE_ONE_IN) == 0 && sim_past_find(&sim.past, &cpu->seen, where, &value, &time)) {
		sim.counters.stale++;
	} else {
		value = read_bytes(where, bytes);
		time = sim.past.now;
	}
	sim_seen_word(&cpu->seen, where, time);
	if (acquire && time > cpu->seen.floor)
		cpu->seen.floor = time;
	return value;
}

void sim_store(void *where, uint64_t value, unsigned bytes, bool release)
{
	store(where, value, bytes, release);
	sim_point();
}

/* No point: the store has not been made yet. What is larger than some words goes past the buffer. */
void sim_note(void *where, size_t bytes)
{
	struct cpu *cpu = running();
	uint8_t *at = where, *end = at + bytes;

	if (!cpu || bytes > NOTE_MAX || sim_stack_owns(&cpu->stack, where))
		return;
	while (at < end) {
		size_t part = 8 - ((uintptr_t)at & 7);

		part = part < (size_t)(end - at) ? part : (size_t)(end - at);
		make_room(cpu);
		sim_buffer_note(&cpu->buffer, at, (unsigned)part);
		sim.buffered++;
		at += part;
	}
}

/* Told in the order of the program: what walkers find is another matter. */
void sim_store_descriptor(uint64_t *where, uint64_t value)
{
	uint64_t old_value = *where;

	store(where, value, 8, false);
	sim.hooks.stored(sim.hooks.ctx, where, old_value, value);
	sim_point();
}

/* It happens in memory, at once; what the CPU stored there before went first. */
uint64_t sim_exchange(void *where, uint64_t value, unsigned bytes)
{
	struct cpu *cpu = running();
	uint64_t old_value;

	sim_point();
	while (cpu && sim_buffer_holds(&cpu->buffer, where)) {
		sim_buffer_off(&cpu->buffer);
		drain_at(cpu, 0);
		sim_buffer_on(&cpu->buffer);
	}
	old_value = read_bytes(where, bytes);
	if (cpu) {
		replaced(cpu, where, bytes);
		sim_order_loads();
	}
	write_bytes(where, value, bytes);
	return old_value;
}

void sim_order_loads(void)
{
	struct cpu *cpu = running();

	if (cpu)
		sim_seen_all(&cpu->seen, &sim.past);
}

void sim_order_stores(void)
{
	if (running())
		add(SIM_FENCE, NULL, 0);
}

void sim_wait_stores(bool cleans)
{
	struct cpu *cpu = running();

	while (cpu && (cleans ? cpu->buffer.count : cpu->buffer.stores)) {
		sim_buffer_off(&cpu->buffer);
		drain_one(cpu);
		sim_buffer_on(&cpu->buffer);
		sim_point();
	}
	if (cleans)
		sim_order_loads();
}

/* ---- shadow/platform.h ------------------------------------------------------------------------------------ */

uint32_t platform_mmio_read32(uintptr_t address)
{
	sim_point();
	return sim.hooks.read32(sim.hooks.ctx, address);
}

uint64_t platform_mmio_read64(uintptr_t address)
{
	sim_point();
	return sim.hooks.read64(sim.hooks.ctx, address);
}

/* Ahead of every store that is still buffered: nothing orders them but barriers. */
void platform_mmio_write32(uintptr_t address, uint32_t value)
{
	sim.hooks.write32(sim.hooks.ctx, address, value);
	sim_point();
}

void platform_mmio_write64(uintptr_t address, uint64_t value)
{
	sim.hooks.write64(sim.hooks.ctx, address, value);
	sim_point();
}

void *platform_virt(shadow_pa_t pa, size_t bytes)
{
	return sim.hooks.virt(sim.hooks.ctx, pa, bytes);
}

void platform_clean(const void *start, size_t bytes)
{
	if (running())
		add(SIM_CLEAN, start, bytes);
	else
		sim.hooks.cleaned(sim.hooks.ctx, start, bytes);
}

uint64_t platform_time_ns(void)
{
	return sim.now;
}

void platform_relax(void)
{
	sim.now += RELAX_NS;
	sim.points_left = 0;
	sim_point();
}

bool platform_host_lock_held(void)
{
	return sim.running != SIM_NOBODY && sim.lock_owner == sim.running;
}

void platform_report(enum platform_report what, uint64_t a, uint64_t b)
{
	sim.hooks.report(sim.hooks.ctx, what, a, b);
}

void platform_panic(const char *where)
{
	sim.hooks.failed(sim.hooks.ctx, where);
	sim_stop();
	abort();
}

/* ---- the host lock ---------------------------------------------------------------------------------------- */

void sim_host_lock(void)
{
	sim_point();
	if (sim.lock_owner == SIM_NOBODY) {
		sim.lock_owner = sim.running;
	} else {
		sim.blocked[sim.blocked_count++] = sim.running;
		make_unready(sim.running, BLOCKED);
		yield();
	}
	sim_order_loads();
}

void sim_host_unlock(void)
{
	add(SIM_UNLOCK, NULL, 0);
}

unsigned sim_host_lock_owner(void)
{
	return sim.lock_owner;
}

/* ---- life --------------------------------------------------------------------------------------------------- */

static void run_cpu(void)
{
	struct cpu *cpu = running();

	sim_stack_entered();
	cpu->entry(cpu->ctx, sim.running);
	make_unready(sim.running, IDLE);
	yield();
	abort();
}

void sim_start(unsigned number, void (*entry)(void *ctx, unsigned cpu), void *ctx)
{
	struct cpu *cpu = &sim.cpu[number];

	cpu->entry = entry;
	cpu->ctx = ctx;
	sim_stack_prepare(&cpu->stack, run_cpu);
	make_ready(number);
}

void sim_stop(void)
{
	sim.stopped = true;
	if (sim.running != SIM_NOBODY)
		yield();
}

static void resume(unsigned number)
{
	struct cpu *cpu = &sim.cpu[number];

	sim.counters.switches += number != sim.last;
	sim.last = sim.running = number;
	sim.points_left = (unsigned)sim_random(2 * POINTS_MEAN);
	sim_buffer_on(&cpu->buffer);
	sim_stack_switch(&sim.scheduler, &cpu->stack);
	sim_buffer_off(&cpu->buffer);
	sim.running = SIM_NOBODY;
}

/* The one that ran last goes on every other time. */
static unsigned choose(void)
{
	if (sim.cpu[sim.last].state == READY && sim_random(2))
		return sim.last;
	return sim.ready[sim_random(sim.ready_count)];
}

void sim_run(void)
{
	unsigned idle = 0;

	while (!sim.stopped && (sim.ready_count || sim.buffered || sim.blocked_count)) {
		drain_some();
		if (!sim.stopped)
			sim.hooks.turn(sim.hooks.ctx);
		idle = sim.ready_count || sim.buffered ? 0 : idle + 1;
		if (idle > IDLE_ROUNDS_MAX) {
			sim.hooks.failed(sim.hooks.ctx, "every CPU waits for the host lock");
			sim_stop();
		}
		if (sim.ready_count && !sim.stopped)
			resume(choose());
	}
	if (!sim.stopped)
		drain_all();
}

int sim_open(unsigned cpu_count, uint64_t seed, const struct sim_hooks *hooks)
{
	int error = 0;

	sim = (struct sim){ .hooks = *hooks, .cpu_count = cpu_count, .running = SIM_NOBODY, .random = seed,
			    .lock_owner = SIM_NOBODY, .now = 1 };
	sim.cpu = calloc(cpu_count, sizeof(*sim.cpu));
	sim.ready = calloc(cpu_count, sizeof(*sim.ready));
	sim.blocked = calloc(cpu_count, sizeof(*sim.blocked));
	if (!sim.cpu || !sim.ready || !sim.blocked)
		error = -SHADOW_ENOMEM;
	for (unsigned i = 0; i < cpu_count && !error; i++)
		error = sim_stack_open(&sim.cpu[i].stack);
	if (error)
		sim_close();
	return error;
}

void sim_hold_stores(void)
{
	sim.holds = true;
}

void sim_close(void)
{
	for (unsigned i = 0; sim.cpu && i < sim.cpu_count; i++)
		sim_stack_close(&sim.cpu[i].stack);
	free(sim.cpu);
	free(sim.ready);
	free(sim.blocked);
	sim = (struct sim){ .running = SIM_NOBODY };
}
