/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * el2.c - the platform of a hypervisor at EL2: freestanding aarch64, no floating point, no libc.
 *
 * Leaves undefined nothing but memcpy, memmove, memset and memcmp, which a compiler may call. Register
 * addresses are EL2 virtual addresses, mapped as Device-nGnRE. All else is the embedder's: see el2.h.
 * Spec: DDI 0487, The Generic Timer; Device memory; CTR_EL0; DC CVAC.
 */
#include "engine/platform/el2.h"

static struct platform_el2 embedder;

void platform_el2_init(const struct platform_el2 *config)
{
	embedder = *config;
}

/* Single loads and stores without writeback: what a hypervisor below us could emulate. */
uint32_t platform_mmio_read32(uintptr_t address)
{
	uint32_t value;

	__asm__ volatile("ldr %w0, [%1]" : "=r"(value) : "r"(address) : "memory");
	return value;
}

uint64_t platform_mmio_read64(uintptr_t address)
{
	uint64_t value;

	__asm__ volatile("ldr %0, [%1]" : "=r"(value) : "r"(address) : "memory");
	return value;
}

void platform_mmio_write32(uintptr_t address, uint32_t value)
{
	__asm__ volatile("str %w0, [%1]" ::"rZ"(value), "r"(address) : "memory");
}

void platform_mmio_write64(uintptr_t address, uint64_t value)
{
	__asm__ volatile("str %x0, [%1]" ::"rZ"(value), "r"(address) : "memory");
}

void *platform_virt(shadow_pa_t pa, size_t bytes)
{
	if (pa.addr < embedder.memory.start || pa.addr > embedder.memory.end ||
	    bytes > embedder.memory.end - pa.addr)
		return NULL;
	return (void *)(uintptr_t)(pa.addr + embedder.virt_offset);
}

/* To the point of coherency, by lines of the smallest size that any data cache has. */
void platform_clean(const void *start, size_t bytes)
{
	uintptr_t end = (uintptr_t)start + bytes;
	uint64_t type, line;

	__asm__("mrs %0, ctr_el0" : "=r"(type));
	line = UINT64_C(4) << (type >> 16 & 0xf); /* DminLine: words, as a power of two */
	for (uintptr_t address = (uintptr_t)start & ~(line - 1); address < end; address += line)
		__asm__ volatile("dc cvac, %0" ::"r"(address) : "memory");
}

/* Whole seconds and the rest apart: the product of ticks and 10^9 would overflow after minutes. CNTFRQ has
 * 32 bits, so the rest times 10^9 fits. The isb keeps the counter from being read early. */
uint64_t platform_time_ns(void)
{
	uint64_t ticks, frequency;

	__asm__ volatile("isb\n\tmrs %0, cntpct_el0" : "=r"(ticks)::"memory");
	__asm__ volatile("mrs %0, cntfrq_el0" : "=r"(frequency));
	frequency &= UINT32_MAX;
	return ticks / frequency * 1000000000u + ticks % frequency * 1000000000u / frequency;
}

void platform_relax(void)
{
	__asm__ volatile("yield" ::: "memory");
}

bool platform_host_lock_held(void)
{
	return !embedder.host_lock_held || embedder.host_lock_held();
}

void platform_report(enum platform_report what, uint64_t a, uint64_t b)
{
	if (embedder.report)
		embedder.report(what, a, b);
}

void platform_panic(const char *where)
{
	if (embedder.panic)
		embedder.panic(where);
	for (;;)
		__asm__ volatile("wfe");
}
