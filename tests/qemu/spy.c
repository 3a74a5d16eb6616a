/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * spy.c - what the library does to the SMMU's command queue, seen and held up on the way.
 *
 * Cases on one CPU use it; with several, nothing is set, and it only counts.
 */
#include "tests/qemu/spy.h"

#include <stdbool.h>
#include <stddef.h>

#include "smmuv3/regs.h"
#include "tests/qemu/machine.h"

static void (*before)(void), (*after)(void);
static unsigned delay, left, doorbells;
static bool held;
static uint32_t held_value;

static void let_go(void)
{
	if (held)
		__real_platform_mmio_write32(MACHINE_SMMU + SMMU_CMDQ_PROD, held_value);
	held = false;
}

void spy_before_doorbell(void (*call)(void))
{
	before = call;
}

void spy_watch(void (*call)(void))
{
	after = call;
}

void spy_delay(unsigned reads)
{
	let_go();
	delay = reads;
}

unsigned spy_doorbells(void)
{
	return __atomic_load_n(&doorbells, __ATOMIC_RELAXED);
}

void __wrap_platform_mmio_write32(uintptr_t address, uint32_t value)
{
	void (*call)(void) = before;

	if (address == MACHINE_SMMU + SMMU_CMDQ_PROD) {
		__atomic_fetch_add(&doorbells, 1, __ATOMIC_RELAXED);
		before = NULL;
		if (call)
			call();
		if (delay) {
			held = true;
			held_value = value;
			left = delay;
			return;
		}
	}
	__real_platform_mmio_write32(address, value);
	if (after && address >= MACHINE_SMMU && address < MACHINE_SMMU_END)
		after();
}

uint32_t __wrap_platform_mmio_read32(uintptr_t address)
{
	if (address == MACHINE_SMMU + SMMU_CMDQ_CONS && held && !left--)
		let_go();
	return __real_platform_mmio_read32(address);
}
