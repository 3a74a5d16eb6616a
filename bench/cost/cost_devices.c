/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * cost_devices.c - the descriptions of bench/devices, as a part of the program: the assembler takes the files in.
 */
#include "bench/cost/cost_devices.h"

#include <stddef.h>

#define DEVICE(symbol, file)                                                                                        \
	__asm__(".pushsection .rodata\n"                                                                            \
		"cost_device_" #symbol ": .incbin \"bench/devices/" file ".txt\"\n"                                 \
		"cost_device_" #symbol "_end: .byte 0\n"                                                            \
		".popsection\n");                                                                                   \
	extern const char cost_device_##symbol[], cost_device_##symbol##_end[]

#define NAMED(symbol, file) { file, cost_device_##symbol, cost_device_##symbol##_end }

DEVICE(mmu600, "mmu-600");
DEVICE(mmu700, "mmu-700");
DEVICE(gem5, "gem5");
DEVICE(qemu, "qemu");

const struct cost_devices cost_devices[] = {
	NAMED(mmu700, "mmu-700"), NAMED(mmu600, "mmu-600"), NAMED(gem5, "gem5"), NAMED(qemu, "qemu"),
	{ NULL, NULL, NULL },
};
