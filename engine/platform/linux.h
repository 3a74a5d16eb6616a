/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * linux.h - what a hosted process sets up behind include/shadow/platform.h.
 *
 * Devices are software and physical memory is a set of host buffers. Adding and removing is safe at any
 * time and from any thread, also while other threads use platform_mmio_*() and platform_virt(). The hooks
 * are plain variables: set them before the threads that use them start.
 */
#ifndef ENGINE_PLATFORM_LINUX_H
#define ENGINE_PLATFORM_LINUX_H

#include <shadow/error.h>
#include <shadow/platform.h>

#define PLATFORM_LINUX_DEVICES_MAX 256u
#define PLATFORM_LINUX_DEVICE_LG2 20u /* register space of one device: at most 1 MiB */
#define PLATFORM_LINUX_MEMORY_MAX 64u

/* A device's registers by byte offset. Called inside an RCU read-side section: never add or remove here. */
struct platform_linux_device {
	uint32_t (*read32)(void *ctx, uint32_t offset);
	uint64_t (*read64)(void *ctx, uint32_t offset);
	void (*write32)(void *ctx, uint32_t offset, uint32_t value);
	void (*write64)(void *ctx, uint32_t offset, uint64_t value);
};

/**
 * platform_linux_add_device() - give a software device an address for platform_mmio_*().
 * @ops, @ctx: stay the caller's; used until platform_linux_remove_device() has returned.
 * @bytes:     of register space, 1 .. 1 MiB.
 * Return: the address of register 0, never 0; 0 if there are too many devices or @bytes is out of range.
 */
uintptr_t platform_linux_add_device(const struct platform_linux_device *ops, void *ctx, size_t bytes);

/**
 * platform_linux_remove_device() - take the device away; no call into it is running afterwards.
 * Later accesses to its address read as all ones and write nothing.
 */
void platform_linux_remove_device(uintptr_t registers);

/**
 * platform_linux_add_memory() - let platform_virt() find @pa .. @pa + @bytes at @virt.
 * Return: 0; -SHADOW_EINVAL if empty or wrapping; -SHADOW_EBUSY if it overlaps; -SHADOW_ENOSPC;
 * -SHADOW_ENOMEM.
 */
__attribute__((warn_unused_result)) int platform_linux_add_memory(shadow_pa_t pa, void *virt, size_t bytes);

/** platform_linux_remove_memory() - forget the range that was added at @pa; nothing if there is none. */
void platform_linux_remove_memory(shadow_pa_t pa);

/* Hooks; NULL restores the default. Time: CLOCK_MONOTONIC. Relax: a CPU pause. Report: a line on standard
 * error. Panic: a line on standard error; abort() follows unless the hook jumps away. */
void platform_linux_set_time(uint64_t (*time_ns)(void *ctx), void *ctx);
void platform_linux_set_relax(void (*relax)(void *ctx), void *ctx);
void platform_linux_set_report(void (*report)(void *ctx, enum platform_report what, uint64_t a, uint64_t b),
			       void *ctx);
void platform_linux_set_panic(void (*panic)(void *ctx, const char *where), void *ctx);

/* What platform_clean() does: a device model that has a cache in front of its memory sets it. NULL, the
 * default: nothing, as software devices read what the CPU reads. */
void platform_linux_set_clean(void (*clean)(void *ctx, const void *start, size_t bytes), void *ctx);

/* What platform_host_lock_held() says on this thread; false when a thread starts. */
void platform_linux_set_host_lock(bool held);

#define PLATFORM_LINUX_ANY_NODE (-1)

struct platform_linux_place {
	int node;  /* NUMA node that pages come from, as the kernel numbers it, up to 63; or any, as the kernel likes */
	bool huge; /* in huge pages where the system has them: touched memory then comes 2 MiB at a time */
};

/**
 * platform_linux_set_place() - where this thread's memory of platform_linux_alloc() comes from, from now on.
 * At the start: from any node, in small pages. Return: false if the process can have no memory there; nothing has
 * changed then.
 */
__attribute__((warn_unused_result)) bool platform_linux_set_place(struct platform_linux_place place);

/**
 * platform_linux_alloc() - zeroed memory for tables and models, from arenas of its own.
 * @align: a power of two. Large memory is not touched: a page costs nothing until it is first used.
 * Return: NULL if memory is short or @bytes is 0.
 */
void *platform_linux_alloc(size_t bytes, size_t align);

/** platform_linux_free() - give it back, pages and all. @memory may be NULL. */
void platform_linux_free(void *memory, size_t bytes);

/** platform_linux_allocator() - name and version of what is behind platform_linux_alloc(). */
const char *platform_linux_allocator(void);

#endif
