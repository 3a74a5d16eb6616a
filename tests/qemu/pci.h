/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * pci.h - PCI devices of the first bus, found in ECAM.
 */
#ifndef TESTS_QEMU_PCI_H
#define TESTS_QEMU_PCI_H

#include <stdbool.h>
#include <stdint.h>

struct pci_device {
	uint32_t sid;	     /* bus, device, function: what the SMMU knows it by */
	uintptr_t registers; /* its first BAR */
};

/* Find the @nth device (from 0) with this vendor and device number, give its BAR 0 an address, let it make
 * DMA. */
bool pci_find(uint16_t vendor, uint16_t device, unsigned nth, struct pci_device *found);

#endif
