/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * vm.h - virtual machines of KVM: made, told what to do, run, and torn down.
 */
#ifndef TESTS_LINUX_VMM_VM_H
#define TESTS_LINUX_VMM_VM_H

#include <linux/kvm.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/linux/vmm/guest.h"

#define MIB	  (UINT64_C(1) << 20)
#define CPUS	  4
#define VCPUS_MAX 4

/* Where a guest may use memory: below are its program and its commands. */
#define VM_FREE (2 * MIB)

enum backing {
	BACKING_4K,
	BACKING_THP,
	BACKING_HUGETLB,
	BACKING_MEMFD
};

struct vm {
	bool protected;
	int fd;
	unsigned vcpus;
	int vcpu_fd[VCPUS_MAX];
	struct kvm_run *run[VCPUS_MAX];
	unsigned commands[VCPUS_MAX];
	uint8_t *memory; /* aligned to 2 MiB */
	size_t bytes;
	void *mapping;
	size_t mapping_bytes;
	int cpu;	/* that the first vCPU is pinned to, the others to the next ones; -1: none */
	uint64_t kicks; /* exits for the doorbell */
	uint64_t wrong; /* what the guest says went wrong; more than it said if it did not end well */
	/* For a workload: what to do about GUEST_SAYS_KICK and GUEST_SAYS_REPORT. */
	void (*on_message)(struct vm *vm, enum guest_message message, uint64_t value);
	void *context;
	uint64_t seed;
};

/* Open /dev/kvm. */
void vm_init(void);

struct vm *vm_create(bool protected, size_t bytes, enum backing backing, unsigned vcpus);

/* Append to the list of a vCPU. Only before it runs, or while it is in on_message(). */
void vm_command(struct vm *vm, unsigned vcpu, enum guest_op op, uint64_t a, uint64_t b, uint64_t c,
		uint64_t d);

/* The list itself. */
struct guest_command *vm_commands(struct vm *vm, unsigned vcpu);

/* Run one vCPU, on this thread, or all, until they are off. */
void vm_run_vcpu(struct vm *vm, unsigned vcpu);
void vm_run(struct vm *vm);

/* Tear down the guest: its memory is the host's again, and stays mapped. */
void vm_stop(struct vm *vm);

/* Free what vm_stop() left. */
void vm_free(struct vm *vm);

/* vm_stop() and vm_free(). */
void vm_destroy(struct vm *vm);

/* This thread runs on that CPU alone. */
void pin_to(int cpu);

#endif
