/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * physical.h - where memory of this process, and of the hypervisor, is in the machine.
 */
#ifndef TESTS_LINUX_VMM_PHYSICAL_H
#define TESTS_LINUX_VMM_PHYSICAL_H

#include <stdbool.h>
#include <stdint.h>

/* The physical address of what is mapped at @pointer; 0 when nothing is. */
uint64_t physical_address(const volatile void *pointer);

/* A page of 4 KiB of this process, written to once so that it is there. */
void *physical_page(void);

struct physical_range {
	uint64_t start, end;
};

/* What EL2 keeps for itself, as the kernel's log says. False: it does not. */
bool physical_hypervisor(struct physical_range *range);

/* What a CPU of the host reads from there, through /dev/mem. False: it gets a bus error. */
bool physical_read(uint64_t address, uint32_t *value);

#endif
