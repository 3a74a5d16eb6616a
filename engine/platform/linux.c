/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * linux.c - the platform of a hosted process: replay, benchmarks and tests.
 *
 * A register address is a token, not a pointer: TOKEN_BASE, then the device's slot, then the offset. So an
 * access costs one indexed load and one call. The set of devices and the memory map are protected by RCU:
 * lookups take no lock, removal waits for the lookups that still run. liburcu's bp flavour registers
 * threads by itself, so that a thread needs no set-up before its first access.
 * Owns: no device is called and no memory map is read after its removal has returned.
 */
#include "engine/platform/linux.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Builds with sanitizers do without liburcu's inline functions, whose reader is aligned to less than its type says.
 * liburcu allows the inline ones to code whose licence is compatible with the LGPL. */
#ifndef PLATFORM_LINUX_SANITIZED
#define _LGPL_SOURCE
#endif
#include <urcu/urcu-bp.h>

/* Wait until no lookup that may have seen the old pointer is running. Whoever removes something is in no
 * lookup itself; if this thread seems to be, a failing test has jumped out of a device, and waiting would be
 * forever. */
static void wait_for_lookups(void)
{
	while (urcu_bp_read_ongoing())
		urcu_bp_read_unlock();
	urcu_bp_synchronize_rcu();
}

/* ---- devices ------------------------------------------------------------------------------------------ */

#define TOKEN_BASE (UINT64_C(1) << 46) /* a token is never a pointer that the process could own by chance */

_Static_assert(sizeof(uintptr_t) == 8, "tokens need 64-bit addresses");

struct device {
	struct platform_linux_device ops;
	void *ctx;
	size_t bytes;
};

static struct device *devices[PLATFORM_LINUX_DEVICES_MAX];	 /* RCU */
static pthread_mutex_t devices_lock = PTHREAD_MUTEX_INITIALIZER; /* writers only */

static inline unsigned token_slot(uintptr_t address)
{
	return (unsigned)(address >> PLATFORM_LINUX_DEVICE_LG2) % PLATFORM_LINUX_DEVICES_MAX;
}

static inline uint32_t token_offset(uintptr_t address)
{
	return (uint32_t)address & ((1u << PLATFORM_LINUX_DEVICE_LG2) - 1);
}

/* The device behind a token, or NULL. Inside an RCU read-side section. */
static inline const struct device *device_find(uintptr_t address)
{
	const struct device *device = rcu_dereference(devices[token_slot(address)]);

	return device && token_offset(address) < device->bytes ? device : NULL;
}

uintptr_t platform_linux_add_device(const struct platform_linux_device *ops, void *ctx, size_t bytes)
{
	struct device *device;
	uintptr_t registers = 0;

	if (bytes == 0 || bytes > (size_t)1 << PLATFORM_LINUX_DEVICE_LG2)
		return 0;
	device = malloc(sizeof(*device));
	if (!device)
		return 0;
	*device = (struct device){ .ops = *ops, .ctx = ctx, .bytes = bytes };
	pthread_mutex_lock(&devices_lock);
	for (uintptr_t slot = 0; slot < PLATFORM_LINUX_DEVICES_MAX; slot++) {
		if (!devices[slot]) {
			rcu_set_pointer(&devices[slot], device);
			registers = TOKEN_BASE | slot << PLATFORM_LINUX_DEVICE_LG2;
			break;
		}
	}
	pthread_mutex_unlock(&devices_lock);
	if (!registers)
		free(device);
	return registers;
}

void platform_linux_remove_device(uintptr_t registers)
{
	struct device *device;

	pthread_mutex_lock(&devices_lock);
	device = devices[token_slot(registers)];
	rcu_set_pointer(&devices[token_slot(registers)], NULL);
	pthread_mutex_unlock(&devices_lock);
	wait_for_lookups();
	free(device);
}

uint32_t platform_mmio_read32(uintptr_t address)
{
	const struct device *device;
	uint32_t value = UINT32_MAX;

	urcu_bp_read_lock();
	device = device_find(address);
	if (device)
		value = device->ops.read32(device->ctx, token_offset(address));
	urcu_bp_read_unlock();
	return value;
}

uint64_t platform_mmio_read64(uintptr_t address)
{
	const struct device *device;
	uint64_t value = UINT64_MAX;

	urcu_bp_read_lock();
	device = device_find(address);
	if (device)
		value = device->ops.read64(device->ctx, token_offset(address));
	urcu_bp_read_unlock();
	return value;
}

void platform_mmio_write32(uintptr_t address, uint32_t value)
{
	const struct device *device;

	urcu_bp_read_lock();
	device = device_find(address);
	if (device)
		device->ops.write32(device->ctx, token_offset(address), value);
	urcu_bp_read_unlock();
}

void platform_mmio_write64(uintptr_t address, uint64_t value)
{
	const struct device *device;

	urcu_bp_read_lock();
	device = device_find(address);
	if (device)
		device->ops.write64(device->ctx, token_offset(address), value);
	urcu_bp_read_unlock();
}

/* ---- physical memory ---------------------------------------------------------------------------------- */

struct memory_range {
	uint64_t first, last; /* inclusive, so that the top of the address space can be said */
	char *virt;
};

/* Never changed once published: a change publishes a copy. */
struct memory_map {
	unsigned count;
	struct memory_range range[]; /* sorted, disjoint */
};

static struct memory_map *memory_map;				/* RCU */
static pthread_mutex_t memory_lock = PTHREAD_MUTEX_INITIALIZER; /* writers only */

static struct memory_map *memory_map_new(unsigned count)
{
	struct memory_map *map = malloc(sizeof(*map) + count * sizeof(map->range[0]));

	if (map)
		map->count = count;
	return map;
}

static void memory_map_replace(struct memory_map *map)
{
	struct memory_map *old = memory_map;

	rcu_set_pointer(&memory_map, map);
	wait_for_lookups();
	free(old);
}

static int memory_add(struct memory_range new_range)
{
	unsigned count = memory_map ? memory_map->count : 0;
	struct memory_map *map;
	unsigned at = 0;

	while (at < count && memory_map->range[at].last < new_range.first)
		at++;
	if (at < count && memory_map->range[at].first <= new_range.last)
		return -SHADOW_EBUSY;
	if (count == PLATFORM_LINUX_MEMORY_MAX)
		return -SHADOW_ENOSPC;
	map = memory_map_new(count + 1);
	if (!map)
		return -SHADOW_ENOMEM;
	for (unsigned i = 0; i < count; i++)
		map->range[i < at ? i : i + 1] = memory_map->range[i];
	map->range[at] = new_range;
	memory_map_replace(map);
	return 0;
}

int platform_linux_add_memory(shadow_pa_t pa, void *virt, size_t bytes)
{
	int error;

	if (bytes == 0 || pa.addr + (bytes - 1) < pa.addr)
		return -SHADOW_EINVAL;
	pthread_mutex_lock(&memory_lock);
	error = memory_add(
		(struct memory_range){ .first = pa.addr, .last = pa.addr + (bytes - 1), .virt = virt });
	pthread_mutex_unlock(&memory_lock);
	return error;
}

void platform_linux_remove_memory(shadow_pa_t pa)
{
	unsigned count, at = 0;

	pthread_mutex_lock(&memory_lock);
	count = memory_map ? memory_map->count : 0;
	while (at < count && memory_map->range[at].first != pa.addr)
		at++;
	if (at < count) {
		struct memory_map *map = memory_map_new(count - 1);

		if (!map)
			platform_panic("platform_linux_remove_memory: no memory for the new map");
		for (unsigned i = 0; i < count; i++)
			if (i != at)
				map->range[i < at ? i : i - 1] = memory_map->range[i];
		memory_map_replace(map);
	}
	pthread_mutex_unlock(&memory_lock);
}

void *platform_virt(shadow_pa_t pa, size_t bytes)
{
	uint64_t last = pa.addr + (bytes ? bytes - 1 : 0);
	const struct memory_map *map;
	void *virt = NULL;

	if (last < pa.addr)
		return NULL;
	urcu_bp_read_lock();
	map = rcu_dereference(memory_map);
	for (unsigned i = 0; map && i < map->count && map->range[i].first <= pa.addr; i++) {
		if (last <= map->range[i].last) {
			virt = map->range[i].virt + (pa.addr - map->range[i].first);
			break;
		}
	}
	urcu_bp_read_unlock();
	return virt;
}

/* ---- hooks -------------------------------------------------------------------------------------------- */

static struct {
	uint64_t (*time_ns)(void *ctx);
	void (*relax)(void *ctx);
	void (*report)(void *ctx, enum platform_report what, uint64_t a, uint64_t b);
	void (*panic)(void *ctx, const char *where);
	void (*clean)(void *ctx, const void *start, size_t bytes);
	void *time_ctx, *relax_ctx, *report_ctx, *panic_ctx, *clean_ctx;
} hooks;

static _Thread_local bool host_lock_held;

void platform_linux_set_time(uint64_t (*time_ns)(void *ctx), void *ctx)
{
	hooks.time_ns = time_ns;
	hooks.time_ctx = ctx;
}

void platform_linux_set_relax(void (*relax)(void *ctx), void *ctx)
{
	hooks.relax = relax;
	hooks.relax_ctx = ctx;
}

void platform_linux_set_report(void (*report)(void *ctx, enum platform_report what, uint64_t a, uint64_t b),
			       void *ctx)
{
	hooks.report = report;
	hooks.report_ctx = ctx;
}

void platform_linux_set_panic(void (*panic)(void *ctx, const char *where), void *ctx)
{
	hooks.panic = panic;
	hooks.panic_ctx = ctx;
}

void platform_linux_set_clean(void (*clean)(void *ctx, const void *start, size_t bytes), void *ctx)
{
	hooks.clean = clean;
	hooks.clean_ctx = ctx;
}

void platform_linux_set_host_lock(bool held)
{
	host_lock_held = held;
}

void platform_clean(const void *start, size_t bytes)
{
	if (hooks.clean)
		hooks.clean(hooks.clean_ctx, start, bytes);
}

uint64_t platform_time_ns(void)
{
	struct timespec now;

	if (hooks.time_ns)
		return hooks.time_ns(hooks.time_ctx);
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void platform_relax(void)
{
	if (hooks.relax)
		hooks.relax(hooks.relax_ctx);
	else
		caa_cpu_relax();
}

bool platform_host_lock_held(void)
{
	return host_lock_held;
}

static void report_print(enum platform_report what, uint64_t a, uint64_t b)
{
	unsigned long long first = a, second = b;

	switch (what) {
	case PLATFORM_REPORT_ACCESS_UNKNOWN:
		fprintf(stderr, "s2shadow: address 0x%llx: unknown access bits 0x%llx\n", first, second);
		break;
	case PLATFORM_REPORT_RESERVED:
		fprintf(stderr, "s2shadow: reserved range 0x%llx-0x%llx was asked for\n", first, second);
		break;
	case PLATFORM_REPORT_COMMAND_ERROR:
		fprintf(stderr, "s2shadow: SMMU %llu refused a command with error %llu; repaired\n", first,
			second);
		break;
	case PLATFORM_REPORT_STREAM_ABORTED:
		fprintf(stderr, "s2shadow: SMMU %llu: stream 0x%llx aborts, a device did not confirm an invalidation\n",
			first, second);
		break;
	case PLATFORM_REPORT_SMMU_CLOSED:
		fprintf(stderr, "s2shadow: SMMU %llu failed (%llu), GERROR 0x%llx; it is shut\n", first, second >> 32,
			second & UINT32_MAX);
		break;
	case PLATFORM_REPORT_ISOLATION_LOST:
		fprintf(stderr, "s2shadow: SMMU %llu failed (%llu), GERROR 0x%llx; it may not be shut\n", first,
			second >> 32, second & UINT32_MAX);
		break;
	case PLATFORM_REPORT_EVENT:
		fprintf(stderr, "s2shadow: SMMU %llu, stream 0x%llx: event 0x%llx at address 0x%llx\n", first >> 32,
			first & UINT32_MAX, second & 0xff, second & ~0xfffull);
		break;
	case PLATFORM_REPORT_EVENTS_LOST:
		fprintf(stderr, "s2shadow: SMMU %llu has lost events, %llu times so far\n", first, second);
		break;
	case PLATFORM_REPORT_SMMU_RESET:
		fprintf(stderr, "s2shadow: SMMU %llu was reset, GBPA 0x%llx\n", first, second);
		break;
	}
}

void platform_report(enum platform_report what, uint64_t a, uint64_t b)
{
	if (hooks.report)
		hooks.report(hooks.report_ctx, what, a, b);
	else
		report_print(what, a, b);
}

void platform_panic(const char *where)
{
	if (hooks.panic)
		hooks.panic(hooks.panic_ctx, where);
	fprintf(stderr, "s2shadow: panic: %s\n", where);
	abort();
}
