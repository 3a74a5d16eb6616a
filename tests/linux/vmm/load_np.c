/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * load_np.c - several ordinary guests touch their memory at the same time, and are torn down.
 */
#include "tests/linux/vmm/load.h"
#include "tests/linux/vmm/option.h"
#include "tests/linux/vmm/say.h"

void load_np(void)
{
	unsigned vms = (unsigned)option_number("nvm", 4);
	uint64_t bytes = option_number("mb", 96) * MIB;
	enum backing backing = (enum backing)option_number("backing", BACKING_4K);

	for (uint64_t round = 0; round < option_number("rounds", 1); round++) {
		struct vm *vm[LOAD_VMS_MAX];

		for (unsigned i = 0; i < vms; i++) {
			vm[i] = vm_create(false, bytes, backing, 1);
			vm[i]->cpu = (int)i % CPUS;
			vm_command(vm[i], 0, GUEST_TOUCH, GUEST_BASE + VM_FREE, bytes - VM_FREE, GUEST_PAGE,
				   1);
			vm_command(vm[i], 0, GUEST_OFF, 0, 0, 0, 0);
		}
		load_run_each(vm, vms);
		for (unsigned i = 0; i < vms; i++)
			vm_destroy(vm[i]);
	}
	passed("ordinary guests run");
}
