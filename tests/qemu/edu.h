/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * edu.h - QEMU's edu device: one precise DMA at a time.
 */
#ifndef TESTS_QEMU_EDU_H
#define TESTS_QEMU_EDU_H

#include "tests/qemu/pci.h"

struct edu {
	struct pci_device pci;
	unsigned load;	 /* makes patterns differ from those that are left in memory from before */
	unsigned next;	 /* pattern that the next write uses */
	uint64_t *words; /* memory that it may reach, two pages of 4 KiB */
};

/* Find the @nth one. @words: its scratch memory, the host's from the snapshot on and never revoked. */
bool edu_find(struct edu *edu, unsigned nth, uint64_t *words);

/* Fill its buffer with patterns to write: once it can reach @words. Return: could it? */
bool edu_load(struct edu *edu);

/* Did the device get at the eight bytes at @address? To find out, their content is changed. */
bool edu_writes(struct edu *edu, uint64_t address);
bool edu_reads(struct edu *edu, uint64_t address);

/* Begin a write, and see how it ended; the DMA itself is made after 100 ms. */
void edu_begin(struct edu *edu, uint64_t address);
bool edu_end(struct edu *edu, uint64_t address);

#endif
