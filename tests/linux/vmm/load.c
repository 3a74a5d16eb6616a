/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * load.c - what several workloads have in common.
 */
#include "tests/linux/vmm/load.h"

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include "tests/linux/vmm/say.h"

static void *run(void *context)
{
	struct vm *vm = context;

	if (vm->cpu >= 0)
		pin_to(vm->cpu);
	vm_run_vcpu(vm, 0);
	return NULL;
}

void load_run_each(struct vm **vms, unsigned count)
{
	pthread_t threads[LOAD_VMS_MAX];

	for (unsigned i = 0; i < count; i++)
		if (pthread_create(&threads[i], NULL, run, vms[i]))
			die("pthread_create");
	for (unsigned i = 0; i < count; i++) {
		pthread_join(threads[i], NULL);
		if (vms[i]->wrong)
			failed("each guest finds what it wrote", "guest %u: %lu wrong", i, vms[i]->wrong);
	}
}

void load_force_reclaim(struct vm *vm, uint64_t offset, unsigned pages)
{
	int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	uint8_t bytes[64];

	if (memory < 0)
		die("/proc/self/mem");
	for (unsigned i = 0; i < pages; i++)
		(void)!pread(memory, bytes, sizeof(bytes),
			     (off_t)(uintptr_t)(vm->memory + offset + i * GUEST_PAGE));
	close(memory);
}
