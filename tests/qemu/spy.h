/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * spy.h - what the library does to the SMMU's command queue, seen and held up on the way.
 *
 * The linker puts it between the library and engine/platform/el2.c (--wrap): the library is the one that
 * ships.
 */
#ifndef TESTS_QEMU_SPY_H
#define TESTS_QEMU_SPY_H

#include <stdint.h>

/* Called once, right before the next doorbell rings. */
void spy_before_doorbell(void (*call)(void));

/* Called right after each write of one of the SMMU's registers of 32 bits; NULL: no more. */
void spy_watch(void (*call)(void));

/* From now on the SMMU sees a doorbell only once its CONS register was read so often: it takes its time,
 * which QEMU's does not by itself. 0: at once. What it has not seen yet, it sees when this is called. */
void spy_delay(unsigned reads);

/* Doorbells so far. */
unsigned spy_doorbells(void);

void __real_platform_mmio_write32(uintptr_t address, uint32_t value);
void __wrap_platform_mmio_write32(uintptr_t address, uint32_t value);
uint32_t __real_platform_mmio_read32(uintptr_t address);
uint32_t __wrap_platform_mmio_read32(uintptr_t address);

#endif
