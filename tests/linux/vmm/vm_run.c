/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * vm_run.c - virtual machines of KVM: runs vCPUs and answers what their guests say.
 */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/ioctl.h>

#include "tests/linux/vmm/say.h"
#include "tests/linux/vmm/vm.h"

/* Reads word 0 of each page that the guest shares now, and answers in word 8. */
static void answer(struct vm *vm, uint64_t value)
{
	uint64_t offset = value >> 8;
	uint64_t pages = value & 0xff;

	for (uint64_t i = 0; i < pages; i++) {
		volatile uint64_t *words = (volatile uint64_t *)(vm->memory + offset + i * GUEST_PAGE);

		words[8] = words[0] + 1;
	}
}

/* Return: does the guest go on? */
static bool listen_to(struct vm *vm, uint64_t message)
{
	uint64_t value = message & ((UINT64_C(1) << GUEST_MESSAGE_SHIFT) - 1);

	switch (message >> GUEST_MESSAGE_SHIFT) {
	case GUEST_SAYS_OFF:
		__atomic_add_fetch(&vm->wrong, value, __ATOMIC_RELAXED);
		return false;
	case GUEST_SAYS_IO:
		__atomic_add_fetch(&vm->kicks, 1, __ATOMIC_RELAXED);
		answer(vm, value);
		return true;
	case GUEST_SAYS_KICK:
		__atomic_add_fetch(&vm->kicks, 1, __ATOMIC_RELAXED);
		if (vm->on_message)
			vm->on_message(vm, GUEST_SAYS_KICK, value);
		return true;
	case GUEST_SAYS_REPORT:
		if (vm->on_message)
			vm->on_message(vm, GUEST_SAYS_REPORT, value);
		else
			__atomic_add_fetch(&vm->wrong, value, __ATOMIC_RELAXED);
		return true;
	}
	say("a guest says what is unknown: 0x%016lx", message);
	return true;
}

void vm_run_vcpu(struct vm *vm, unsigned vcpu)
{
	struct kvm_run *run = vm->run[vcpu];

	for (;;) {
		uint64_t message;

		if (ioctl(vm->vcpu_fd[vcpu], KVM_RUN, 0)) {
			if (errno == EINTR || errno == EAGAIN)
				continue;
			say("KVM_RUN: %s", strerror(errno));
			break;
		}
		if (run->exit_reason != KVM_EXIT_MMIO || !run->mmio.is_write ||
		    run->mmio.phys_addr != GUEST_DOORBELL) {
			say("a guest exits for reason %u, at address 0x%llx", run->exit_reason,
			    run->exit_reason == KVM_EXIT_MMIO ? run->mmio.phys_addr : 0);
			break;
		}
		memcpy(&message, run->mmio.data, sizeof(message));
		if (!listen_to(vm, message))
			return;
	}
	__atomic_add_fetch(&vm->wrong, 1, __ATOMIC_RELAXED);
}

struct runner {
	struct vm *vm;
	unsigned vcpu;
};

static void *run_vcpu(void *context)
{
	struct runner *runner = context;

	if (runner->vm->cpu >= 0)
		pin_to((runner->vm->cpu + (int)runner->vcpu) % CPUS);
	vm_run_vcpu(runner->vm, runner->vcpu);
	return NULL;
}

void vm_run(struct vm *vm)
{
	pthread_t threads[VCPUS_MAX];
	struct runner runners[VCPUS_MAX];

	for (unsigned i = 0; i < vm->vcpus; i++) {
		runners[i] = (struct runner){ vm, i };
		if (pthread_create(&threads[i], NULL, run_vcpu, &runners[i]))
			die("pthread_create");
	}
	for (unsigned i = 0; i < vm->vcpus; i++)
		pthread_join(threads[i], NULL);
}
