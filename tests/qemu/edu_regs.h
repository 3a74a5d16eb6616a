/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * edu_regs.h - what QEMU's edu device is: its identity, the registers of its DMA, and its buffer of 4 KiB.
 */
#ifndef TESTS_QEMU_EDU_REGS_H
#define TESTS_QEMU_EDU_REGS_H

#include <stdint.h>

#define EDU_VENDOR 0x1234
#define EDU_DEVICE 0x11e8

#define EDU_SOURCE  0x80
#define EDU_TARGET  0x88
#define EDU_COUNT   0x90
#define EDU_COMMAND 0x98
#define EDU_START   1u
#define EDU_TO_RAM  2u
#define EDU_BUFFER  UINT64_C(0x40000)
#define EDU_NS	    UINT64_C(100000000) /* from start to DMA */

#endif
