/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * pci.c - PCI devices of the first bus, found in ECAM.
 */
#include "tests/qemu/pci.h"

#include <shadow/platform.h>

#include "tests/qemu/machine.h"

#define PCI_SLOTS	32u
#define PCI_ID		0x00
#define PCI_COMMAND	0x04
#define PCI_COMMAND_DMA 6u /* memory and bus master */
#define PCI_BAR0	0x10
#define PCI_BAR_64	4u
#define PCI_WINDOW	0x100000u /* for each slot: no BAR here is larger */

bool pci_find(uint16_t vendor, uint16_t device, unsigned nth, struct pci_device *found)
{
	for (unsigned slot = 0; slot < PCI_SLOTS; slot++) {
		uintptr_t config = MACHINE_ECAM + ((uintptr_t)slot << 15);
		uint32_t address = MACHINE_PCI + slot * PCI_WINDOW;

		if (platform_mmio_read32(config + PCI_ID) != ((uint32_t)device << 16 | vendor) || nth--)
			continue;
		if (platform_mmio_read32(config + PCI_BAR0) & PCI_BAR_64)
			platform_mmio_write32(config + PCI_BAR0 + 4, 0);
		platform_mmio_write32(config + PCI_BAR0, address);
		platform_mmio_write32(config + PCI_COMMAND, PCI_COMMAND_DMA);
		*found = (struct pci_device){ .sid = slot << 3, .registers = address };
		return true;
	}
	return false;
}
