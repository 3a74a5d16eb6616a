/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * vm.c - virtual machines of KVM: made and torn down.
 */
#include "tests/linux/vmm/vm.h"

#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/linux/vmm/say.h"

#ifndef KVM_VM_TYPE_ARM_PROTECTED
#define KVM_VM_TYPE_ARM_PROTECTED (1UL << 31)
#endif

#define HUGE (2 * MIB)

#define CORE_REG(offset) (KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE | (offset))
#define CORE_REG_X0	 CORE_REG(0)
#define CORE_REG_PC	 CORE_REG(32 * 2)

extern const uint8_t guest_image[], guest_image_end[];

static int kvm;
static size_t run_bytes;

void vm_init(void)
{
	int bytes;

	kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (kvm < 0)
		die("/dev/kvm");
	bytes = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	if (bytes < 0)
		die("KVM_GET_VCPU_MMAP_SIZE");
	run_bytes = (size_t)bytes;
}

void pin_to(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((unsigned)cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		die("sched_setaffinity");
}

static void map_memory(struct vm *vm, enum backing backing)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
	int file = -1;

	vm->mapping_bytes = vm->bytes + HUGE;
	if (backing == BACKING_HUGETLB) {
		flags |= MAP_HUGETLB;
		vm->mapping_bytes = vm->bytes;
	}
	if (backing == BACKING_MEMFD) {
		flags = MAP_SHARED;
		file = memfd_create("guest", MFD_CLOEXEC);
		if (file < 0 || ftruncate(file, (off_t)vm->mapping_bytes))
			die("memfd_create");
	}
	vm->mapping = mmap(NULL, vm->mapping_bytes, PROT_READ | PROT_WRITE, flags, file, 0);
	if (vm->mapping == MAP_FAILED)
		die("mmap of a guest's memory");
	if (file >= 0)
		close(file);
	vm->memory = (uint8_t *)(((uintptr_t)vm->mapping + HUGE - 1) & ~(uintptr_t)(HUGE - 1));
	if (backing == BACKING_THP)
		madvise(vm->memory, vm->bytes, MADV_HUGEPAGE);
	if (backing == BACKING_4K)
		madvise(vm->memory, vm->bytes, MADV_NOHUGEPAGE);
}

static void set_register(int vcpu_fd, uint64_t id, uint64_t value)
{
	struct kvm_one_reg reg = { .id = id, .addr = (uintptr_t)&value };

	if (ioctl(vcpu_fd, KVM_SET_ONE_REG, &reg))
		die("KVM_SET_ONE_REG");
}

static void create_vcpu(struct vm *vm, unsigned index, const struct kvm_vcpu_init *init)
{
	int fd = ioctl(vm->fd, KVM_CREATE_VCPU, (unsigned long)index);

	if (fd < 0)
		die("KVM_CREATE_VCPU");
	vm->vcpu_fd[index] = fd;
	vm->run[index] = mmap(NULL, run_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (vm->run[index] == MAP_FAILED)
		die("mmap of a vCPU");
	if (ioctl(fd, KVM_ARM_VCPU_INIT, init))
		die("KVM_ARM_VCPU_INIT");
	set_register(fd, CORE_REG_X0, GUEST_BASE + GUEST_COMMANDS + index * GUEST_PAGE);
	set_register(fd, CORE_REG_PC, GUEST_BASE);
}

struct vm *vm_create(bool protected, size_t bytes, enum backing backing, unsigned vcpus)
{
	struct vm *vm = calloc(1, sizeof(*vm));
	struct kvm_userspace_memory_region region = { .guest_phys_addr = GUEST_BASE, .memory_size = bytes };
	struct kvm_vcpu_init init;

	if (!vm)
		die("calloc");
	vm->protected = protected;
	vm->vcpus = vcpus;
	vm->bytes = bytes;
	vm->cpu = -1;
	map_memory(vm, backing);
	vm->fd = ioctl(kvm, KVM_CREATE_VM, protected ? KVM_VM_TYPE_ARM_PROTECTED : 0UL);
	if (vm->fd < 0)
		die("KVM_CREATE_VM");
	region.userspace_addr = (uintptr_t)vm->memory;
	if (ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, &region))
		die("KVM_SET_USER_MEMORY_REGION");
	memcpy(vm->memory, guest_image, (size_t)(guest_image_end - guest_image));
	if (ioctl(vm->fd, KVM_ARM_PREFERRED_TARGET, &init))
		die("KVM_ARM_PREFERRED_TARGET");
	memset(init.features, 0, sizeof(init.features));
	init.features[0] = 1u << KVM_ARM_VCPU_PSCI_0_2;
	for (unsigned i = 0; i < vcpus; i++)
		create_vcpu(vm, i, &init);
	return vm;
}

struct guest_command *vm_commands(struct vm *vm, unsigned vcpu)
{
	return (struct guest_command *)(vm->memory + GUEST_COMMANDS + vcpu * GUEST_PAGE);
}

void vm_command(struct vm *vm, unsigned vcpu, enum guest_op op, uint64_t a, uint64_t b, uint64_t c,
		uint64_t d)
{
	vm_commands(vm, vcpu)[vm->commands[vcpu]++] = (struct guest_command){ op, a, b, c, d };
}

void vm_stop(struct vm *vm)
{
	for (unsigned i = 0; i < vm->vcpus; i++) {
		munmap(vm->run[i], run_bytes);
		close(vm->vcpu_fd[i]);
	}
	close(vm->fd);
}

void vm_free(struct vm *vm)
{
	munmap(vm->mapping, vm->mapping_bytes);
	free(vm);
}

void vm_destroy(struct vm *vm)
{
	vm_stop(vm);
	vm_free(vm);
}
