/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * edu.c - QEMU's edu device: one precise DMA at a time.
 *
 * Its buffer of 4 KiB holds patterns in the first half, each of which tells which write it was; what it reads
 * goes to the second half, and from there to where the CPU looks. A DMA that the SMMU terminates shows
 * nowhere else.
 */
#include "tests/qemu/edu.h"

#include <shadow/platform.h>

#include "tests/qemu/edu_regs.h"
#include "tests/qemu/machine.h"

#define EDU_HALF 2048u

#define PATTERNS (EDU_HALF / 8)

static uint64_t pattern(const struct edu *edu, unsigned index)
{
	return UINT64_C(0x5add000000000000) | (uint64_t)edu->load << 24 | (uint64_t)edu->pci.sid << 16 |
	       index;
}

static void begin(const struct edu *edu, uint64_t source, uint64_t target, unsigned bytes, unsigned direction)
{
	uintptr_t registers = edu->pci.registers;

	platform_mmio_write64(registers + EDU_SOURCE, source);
	platform_mmio_write64(registers + EDU_TARGET, target);
	platform_mmio_write64(registers + EDU_COUNT, bytes);
	__asm__ volatile("dsb sy" ::: "memory");
	platform_mmio_write64(registers + EDU_COMMAND, EDU_START | direction);
}

static void end(const struct edu *edu)
{
	while (platform_mmio_read64(edu->pci.registers + EDU_COMMAND) & EDU_START)
		machine_sleep_ns(EDU_NS / 50);
	__asm__ volatile("dsb sy" ::: "memory");
}

static void copy(const struct edu *edu, uint64_t source, uint64_t target, unsigned bytes, unsigned direction)
{
	begin(edu, source, target, bytes, direction);
	machine_sleep_ns(EDU_NS);
	end(edu);
}

bool edu_find(struct edu *edu, unsigned nth, uint64_t *words)
{
	edu->words = words;
	edu->next = 0;
	return pci_find(EDU_VENDOR, EDU_DEVICE, nth, &edu->pci);
}

bool edu_load(struct edu *edu)
{
	static unsigned loads;

	edu->load = loads++;
	for (unsigned i = 0; i < PATTERNS; i++)
		edu->words[i] = pattern(edu, i);
	copy(edu, (uintptr_t)edu->words, EDU_BUFFER, EDU_HALF, 0);
	edu->next = 0;
	return edu_writes(edu, (uintptr_t)&edu->words[PATTERNS]);
}

void edu_begin(struct edu *edu, uint64_t address)
{
	edu->next = (edu->next + 1) % PATTERNS;
	begin(edu, EDU_BUFFER + edu->next * 8, address, 8, EDU_TO_RAM);
}

bool edu_end(struct edu *edu, uint64_t address)
{
	end(edu);
	return *(volatile uint64_t *)(uintptr_t)address == pattern(edu, edu->next);
}

bool edu_writes(struct edu *edu, uint64_t address)
{
	edu_begin(edu, address);
	machine_sleep_ns(EDU_NS);
	return edu_end(edu, address);
}

bool edu_reads(struct edu *edu, uint64_t address)
{
	volatile uint64_t *seen = &edu->words[512];
	uint64_t secret = ~pattern(edu, edu->next = (edu->next + 1) % PATTERNS);

	*(volatile uint64_t *)(uintptr_t)address = secret;
	copy(edu, address, EDU_BUFFER + EDU_HALF, 8, 0);
	*seen = 0;
	copy(edu, EDU_BUFFER + EDU_HALF, (uintptr_t)seen, 8, EDU_TO_RAM);
	return *seen == secret;
}
