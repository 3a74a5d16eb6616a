/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * physical.c - where memory of this process, and of the hypervisor, is in the machine.
 */
#include "tests/linux/vmm/physical.h"

#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/linux/vmm/guest.h"
#include "tests/linux/vmm/say.h"

#define PAGEMAP_PRESENT (UINT64_C(1) << 63)
#define PAGEMAP_FRAME	((UINT64_C(1) << 55) - 1)

#define SYSLOG_READ_ALL 3

uint64_t physical_address(const volatile void *pointer)
{
	static int pagemap = -1;
	uint64_t entry;

	if (pagemap < 0)
		pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	if (pagemap < 0)
		die("/proc/self/pagemap");
	if (pread(pagemap, &entry, sizeof(entry), (off_t)((uintptr_t)pointer / GUEST_PAGE * sizeof(entry))) !=
	    sizeof(entry))
		die("reading /proc/self/pagemap");
	if (!(entry & PAGEMAP_PRESENT))
		return 0;
	return (entry & PAGEMAP_FRAME) * GUEST_PAGE + (uintptr_t)pointer % GUEST_PAGE;
}

void *physical_page(void)
{
	void *page = mmap(NULL, GUEST_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		die("mmap of a page");
	memset(page, 0xff, GUEST_PAGE);
	return page;
}

bool physical_hypervisor(struct physical_range *range)
{
	static char log[1 << 18];
	int length = klogctl(SYSLOG_READ_ALL, log, sizeof(log) - 1);
	uint64_t mib, start;

	if (length < 0)
		die("reading the kernel's log");
	log[length] = '\0';
	for (const char *at = log; (at = strstr(at, "Reserved ")); at++) {
		if (sscanf(at, "Reserved %" SCNu64 " MiB at 0x%" SCNx64, &mib, &start) == 2) {
			*range = (struct physical_range){ start, start + (mib << 20) };
			return true;
		}
	}
	return false;
}

static sigjmp_buf after_error;

static void bus_error(int number)
{
	(void)number;
	siglongjmp(after_error, 1);
}

bool physical_read(uint64_t address, uint32_t *value)
{
	int file = open("/dev/mem", O_RDONLY | O_SYNC | O_CLOEXEC);
	struct sigaction action = { .sa_handler = bus_error }, old_bus, old_segv;
	volatile bool got = false;
	void *page;

	if (file < 0)
		die("/dev/mem");
	page = mmap(NULL, GUEST_PAGE, PROT_READ, MAP_SHARED, file, (off_t)(address & ~(GUEST_PAGE - 1)));
	if (page == MAP_FAILED)
		die("mmap of /dev/mem");
	close(file);
	sigaction(SIGBUS, &action, &old_bus);
	sigaction(SIGSEGV, &action, &old_segv);
	if (!sigsetjmp(after_error, 1)) {
		*value = *(volatile uint32_t *)((uint8_t *)page + address % GUEST_PAGE);
		got = true;
	}
	sigaction(SIGBUS, &old_bus, NULL);
	sigaction(SIGSEGV, &old_segv, NULL);
	munmap(page, GUEST_PAGE);
	return got;
}
