/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * load_pingpong.c - protected guests share pages with the host and take them back, over and over.
 */
#include "tests/linux/vmm/load.h"
#include "tests/linux/vmm/option.h"
#include "tests/linux/vmm/say.h"

#define GUESTS 3 /* at most */
#define BYTES  (24 * MIB)

void load_pingpong(void)
{
	uint64_t requests = option_number("nreq", 3000);
	uint64_t bursts = option_number("bursts", 2000);
	unsigned guests = (unsigned)option_number("guests", GUESTS);
	struct vm *vm[GUESTS];

	if (guests < 1 || guests > GUESTS)
		die("guests=");
	for (unsigned i = 0; i < guests; i++) {
		vm[i] = vm_create(true, BYTES, i == 1 ? BACKING_THP : BACKING_4K, 1);
		vm[i]->cpu = (int)i;
		vm_command(vm[i], 0, GUEST_TOUCH, GUEST_BASE + VM_FREE, BYTES - VM_FREE, GUEST_PAGE, 1);
		if (i == 0) { /* a bounce buffer that is shared once, then single pages, then bursts */
			vm_command(vm[i], 0, GUEST_SHARE, GUEST_BASE + 4 * MIB, 8 * MIB, 0, 0);
			vm_command(vm[i], 0, GUEST_UNSHARE, GUEST_BASE + 4 * MIB, 8 * MIB, 0, 0);
			vm_command(vm[i], 0, GUEST_PINGPONG, GUEST_BASE + 14 * MIB, 1, bursts * 2, 1);
			vm_command(vm[i], 0, GUEST_PINGPONG, GUEST_BASE + 16 * MIB, 16, bursts / 4, 256);
		} else {
			vm_command(vm[i], 0, GUEST_IO, GUEST_BASE + 4 * MIB, 2048, requests, i);
		}
		vm_command(vm[i], 0, GUEST_CHECK, GUEST_BASE + VM_FREE, BYTES - VM_FREE, GUEST_PAGE, 0);
		vm_command(vm[i], 0, GUEST_OFF, 0, 0, 0, 0);
	}
	load_run_each(vm, guests);
	for (unsigned i = 0; i < guests; i++)
		vm_destroy(vm[i]);
	passed("guests share pages and take them back");
}
