/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * load_pvm.c - one protected guest touches its memory, in order or at random, and is torn down.
 */
#include "tests/linux/vmm/load.h"
#include "tests/linux/vmm/mark.h"
#include "tests/linux/vmm/option.h"
#include "tests/linux/vmm/say.h"
#include "tests/linux/vmm/stats.h"

#define RANDOM_SEED 12345

static void touch(struct vm *vm, unsigned vcpu, uint64_t start, uint64_t bytes, bool random)
{
	if (random) {
		uint64_t pages = 1;

		while (pages * 2 <= bytes / GUEST_PAGE)
			pages *= 2;
		vm_command(vm, vcpu, GUEST_TOUCH_RANDOM, start, pages, RANDOM_SEED + vcpu * 77, pages);
		start += pages * GUEST_PAGE;
		bytes -= pages * GUEST_PAGE;
	}
	vm_command(vm, vcpu, GUEST_TOUCH, start, bytes, GUEST_PAGE, 1);
}

/* Memory that the host gets back is granted to devices: what they may not do yet needs no invalidation. */
static void tear_down(struct vm *vm)
{
	uint64_t invalidations = stats_value("tlbi"), syncs = stats_value("syncs");

	vm_destroy(vm);
	if (stats_mode("batched") || stats_mode("group"))
		expect(stats_value("tlbi") == invalidations && stats_value("syncs") == syncs,
		       "a guest is torn down without an invalidation or a sync", "there were some");
}

void load_pvm(void)
{
	uint64_t bytes = option_number("mb", 384) * MIB;
	unsigned vcpus = (unsigned)option_number("nv", 1);
	bool random = option_number("order", 0);
	uint64_t part = ((bytes - VM_FREE) / vcpus) & ~(GUEST_PAGE - 1);
	struct vm *vm = vm_create(true, bytes, (enum backing)option_number("backing", BACKING_4K), vcpus);

	if (option_number("prefault", 0))
		for (uint64_t at = MIB; at < bytes; at += GUEST_PAGE)
			vm->memory[at] = 1;
	vm->cpu = 0;
	for (unsigned i = 0; i < vcpus; i++) {
		touch(vm, i, GUEST_BASE + VM_FREE + i * part, part, random);
		vm_command(vm, i, GUEST_OFF, 0, 0, 0, 0);
	}
	mark_phase(1);
	vm_run(vm);
	mark_phase(2);
	expect(!vm->wrong, "a protected guest runs", "it did not end well");
	tear_down(vm);
	mark_phase(3);
}
