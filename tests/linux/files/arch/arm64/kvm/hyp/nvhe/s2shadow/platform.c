// SPDX-License-Identifier: GPL-2.0-only
/*
 * The library's platform in pKVM's EL2 object: shadow/platform.h with the kernel's means.
 */
#include <linux/io.h>
#include <asm/arch_timer.h>
#include <asm/kvm_mmu.h>
#include <nvhe/mem_protect.h>

#include <shadow/platform.h>

#include "s2shadow.h"

u32 platform_mmio_read32(uintptr_t address)
{
	return readl_relaxed((void *)address);
}

u64 platform_mmio_read64(uintptr_t address)
{
	return readq_relaxed((void *)address);
}

void platform_mmio_write32(uintptr_t address, u32 value)
{
	if (unlikely(s2shadow.config.test))
		s2shadow_test_doorbell(address, value);
	writel_relaxed(value, (void *)address);
}

void platform_mmio_write64(uintptr_t address, u64 value)
{
	writeq_relaxed(value, (void *)address);
}

/* The host's stage 2 lies in the hypervisor's memory, all of which stays mapped. */
void *platform_virt(shadow_pa_t pa, size_t bytes)
{
	return addr_is_memory(pa.addr) ? hyp_phys_to_virt(pa.addr) : NULL;
}

void platform_clean(const void *start, size_t bytes)
{
	kvm_flush_dcache_to_poc((void *)start, bytes);
}

/* In two steps: the product of ticks and 10^9 would overflow after minutes. */
u64 platform_time_ns(void)
{
	u64 frequency = read_sysreg(cntfrq_el0), ticks;

	isb();
	ticks = read_sysreg(cntpct_el0);
	return ticks / frequency * NSEC_PER_SEC + ticks % frequency * NSEC_PER_SEC / frequency;
}

void platform_relax(void)
{
	cpu_relax();
}

bool platform_host_lock_held(void)
{
	return hyp_spin_is_locked(&host_mmu.lock);
}

void platform_panic(const char *where)
{
	BUG();
}
