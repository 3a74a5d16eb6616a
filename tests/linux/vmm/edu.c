/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * edu.c - QEMU's edu device, driven from user space through sysfs, as a host that is an attacker can.
 *
 * Words go through a page of this process, which the device may reach: from there to its buffer and on to the
 * address, or the other way. A DMA that the SMMU refuses leaves no trace in the device: its buffer reads as
 * 0.
 */
#include "tests/linux/vmm/edu.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/linux/vmm/file.h"
#include "tests/linux/vmm/physical.h"
#include "tests/linux/vmm/say.h"
#include "tests/qemu/edu_regs.h"

#define PCI_DEVICES	      "/sys/bus/pci/devices"
#define PCI_COMMAND	      4
#define PCI_MEMORY_AND_MASTER 6

#define EDU_BYTES 0x100000 /* of registers */
#define EDU_US	  (EDU_NS / 1000)

static volatile uint8_t *registers;
static volatile uint64_t *bounce;
static unsigned stream;

static unsigned long number_in(const char *device, const char *name)
{
	char path[512], text[32];

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/%s", device, name);
	return file_read(path, text, sizeof(text)) ? strtoul(text, NULL, 0) : 0;
}

static bool find(char *name, size_t bytes)
{
	DIR *devices = opendir(PCI_DEVICES);
	struct dirent *entry;
	bool found = false;

	while (devices && !found && (entry = readdir(devices))) {
		found = number_in(entry->d_name, "vendor") == EDU_VENDOR &&
			number_in(entry->d_name, "device") == EDU_DEVICE;
		if (found)
			snprintf(name, bytes, "%s", entry->d_name);
	}
	if (devices)
		closedir(devices);
	return found;
}

static int open_in(const char *device, const char *name)
{
	char path[512];
	int file;

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/%s", device, name);
	file = open(path, O_RDWR | O_SYNC | O_CLOEXEC);
	if (file < 0)
		die(path);
	return file;
}

bool edu_init(void)
{
	char device[NAME_MAX + 1];
	unsigned bus, slot, function;
	uint16_t command;
	int file;

	if (!find(device, sizeof(device)))
		return false;
	if (sscanf(device, "%*x:%x:%x.%x", &bus, &slot, &function) != 3)
		return false;
	stream = bus << 8 | slot << 3 | function;
	file = open_in(device, "config");
	if (pread(file, &command, sizeof(command), PCI_COMMAND) != sizeof(command))
		die("reading edu's command register");
	command |= PCI_MEMORY_AND_MASTER;
	if (pwrite(file, &command, sizeof(command), PCI_COMMAND) != sizeof(command))
		die("writing edu's command register");
	close(file);
	file = open_in(device, "resource0");
	registers = mmap(NULL, EDU_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	if (registers == MAP_FAILED)
		die("mmap of edu's registers");
	close(file);
	bounce = physical_page();
	return true;
}

unsigned edu_stream(void)
{
	return stream;
}

static volatile uint64_t *reg(unsigned offset)
{
	return (volatile uint64_t *)(registers + offset);
}

static void copy(uint64_t source, uint64_t target, unsigned direction)
{
	*reg(EDU_SOURCE) = source;
	*reg(EDU_TARGET) = target;
	*reg(EDU_COUNT) = sizeof(uint64_t);
	__asm__ volatile("dsb sy" ::: "memory");
	*reg(EDU_COMMAND) = EDU_START | direction;
	usleep(EDU_US);
	while (*reg(EDU_COMMAND) & EDU_START)
		usleep(EDU_US / 50);
	__asm__ volatile("dsb sy" ::: "memory");
}

uint64_t edu_read(uint64_t address)
{
	copy(address, EDU_BUFFER, 0);
	*bounce = UINT64_C(0xbad);
	copy(EDU_BUFFER, physical_address(bounce), EDU_TO_RAM);
	return *bounce;
}

void edu_write(uint64_t address, uint64_t word)
{
	*bounce = word;
	copy(physical_address(bounce), EDU_BUFFER, 0);
	copy(EDU_BUFFER, address, EDU_TO_RAM);
}
