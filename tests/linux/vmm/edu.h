/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * edu.h - QEMU's edu device, driven from user space: DMA to any physical address.
 */
#ifndef TESTS_LINUX_VMM_EDU_H
#define TESTS_LINUX_VMM_EDU_H

#include <stdbool.h>
#include <stdint.h>

/* Find it, let it do DMA, and map its registers. False: there is none. */
bool edu_init(void);

/* Its bus number, device and function, as the SMMU knows it. */
unsigned edu_stream(void);

/* What the device reads from there. */
uint64_t edu_read(uint64_t address);

/* The device writes that there, if it can. */
void edu_write(uint64_t address, uint64_t word);

#endif
