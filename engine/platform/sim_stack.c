/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * sim_stack.c - stacks with guard pages, and the switch from one to another.
 *
 * The switch saves what a called function must keep and nothing else: no signal mask, so no system call.
 */
#include "engine/platform/sim_cpu.h"

#include <string.h>
#include <sys/mman.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

#define STACK_BYTES ((size_t)256 << 10)
#define GUARD_BYTES ((size_t)64 << 10)

void sim_stack_swap(void **from, void *to);

#if defined(__x86_64__)
#define SAVED_WORDS 7u		       /* six registers and the return address */
#define RETURN_WORD 6u
__asm__(".text\n"
	".hidden sim_stack_swap\n"
	".globl sim_stack_swap\n"
	".type sim_stack_swap, @function\n"
	"sim_stack_swap:\n"
	"	endbr64\n"
	"	pushq %rbp\n"
	"	pushq %rbx\n"
	"	pushq %r12\n"
	"	pushq %r13\n"
	"	pushq %r14\n"
	"	pushq %r15\n"
	"	movq %rsp, (%rdi)\n"
	"	movq %rsi, %rsp\n"
	"	popq %r15\n"
	"	popq %r14\n"
	"	popq %r13\n"
	"	popq %r12\n"
	"	popq %rbx\n"
	"	popq %rbp\n"
	"	ret\n"
	".size sim_stack_swap, .-sim_stack_swap\n");
#elif defined(__aarch64__)
#define SAVED_WORDS 20u		       /* x19 .. x30, d8 .. d15 */
#define RETURN_WORD 11u
__asm__(".text\n"
	".hidden sim_stack_swap\n"
	".globl sim_stack_swap\n"
	".type sim_stack_swap, @function\n"
	"sim_stack_swap:\n"
	"	sub sp, sp, #160\n"
	"	stp x19, x20, [sp]\n"
	"	stp x21, x22, [sp, #16]\n"
	"	stp x23, x24, [sp, #32]\n"
	"	stp x25, x26, [sp, #48]\n"
	"	stp x27, x28, [sp, #64]\n"
	"	stp x29, x30, [sp, #80]\n"
	"	stp d8, d9, [sp, #96]\n"
	"	stp d10, d11, [sp, #112]\n"
	"	stp d12, d13, [sp, #128]\n"
	"	stp d14, d15, [sp, #144]\n"
	"	mov x9, sp\n"
	"	str x9, [x0]\n"
	"	mov sp, x1\n"
	"	ldp x19, x20, [sp]\n"
	"	ldp x21, x22, [sp, #16]\n"
	"	ldp x23, x24, [sp, #32]\n"
	"	ldp x25, x26, [sp, #48]\n"
	"	ldp x27, x28, [sp, #64]\n"
	"	ldp x29, x30, [sp, #80]\n"
	"	ldp d8, d9, [sp, #96]\n"
	"	ldp d10, d11, [sp, #112]\n"
	"	ldp d12, d13, [sp, #128]\n"
	"	ldp d14, d15, [sp, #144]\n"
	"	add sp, sp, #160\n"
	"	ret\n"
	".size sim_stack_swap, .-sim_stack_swap\n");
#else
#error "the switch between virtual CPUs is not written for this machine"
#endif

int sim_stack_open(struct sim_stack *stack)
{
	void *mapped = mmap(NULL, STACK_BYTES + GUARD_BYTES, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (mapped == MAP_FAILED)
		return -SHADOW_ENOMEM;
	*stack = (struct sim_stack){ .mapped = mapped, .mapped_bytes = STACK_BYTES + GUARD_BYTES,
				     .low = (char *)mapped + GUARD_BYTES, .bytes = STACK_BYTES };
	if (mprotect(mapped, GUARD_BYTES, PROT_NONE)) {
		sim_stack_close(stack);
		return -SHADOW_ENOMEM;
	}
	return 0;
}

void sim_stack_close(struct sim_stack *stack)
{
	if (stack->mapped)
		munmap(stack->mapped, stack->mapped_bytes);
	*stack = (struct sim_stack){ 0 };
}

void sim_stack_prepare(struct sim_stack *stack, void (*entry)(void))
{
	/* At the entry of a function the stack is 16-byte aligned but for the return address. */
	uintptr_t *top = (uintptr_t *)((char *)stack->low + stack->bytes) - 2;

#ifdef __SANITIZE_ADDRESS__
	ASAN_UNPOISON_MEMORY_REGION(stack->low, stack->bytes);
#endif
	top -= SAVED_WORDS;
#if defined(__x86_64__)
	top++;
#endif
	memset(top, 0, SAVED_WORDS * sizeof(*top));
	top[RETURN_WORD] = (uintptr_t)entry;
	stack->saved = top;
	stack->fake = NULL;
}

#ifdef __SANITIZE_ADDRESS__
static struct sim_stack *left;

void sim_stack_entered(void)
{
	const void *low = NULL;
	size_t bytes = 0;

	__sanitizer_finish_switch_fiber(NULL, &low, &bytes);
	if (!left->low) {
		left->low = (void *)low;
		left->bytes = bytes;
	}
}

void sim_stack_switch(struct sim_stack *from, struct sim_stack *to)
{
	left = from;
	__sanitizer_start_switch_fiber(&from->fake, to->low, to->bytes);
	sim_stack_swap(&from->saved, to->saved);
	__sanitizer_finish_switch_fiber(from->fake, NULL, NULL);
}
#else
void sim_stack_entered(void)
{
}

void sim_stack_switch(struct sim_stack *from, struct sim_stack *to)
{
	sim_stack_swap(&from->saved, to->saved);
}
#endif

bool sim_stack_owns(const struct sim_stack *stack, const void *where)
{
	return (uintptr_t)where - (uintptr_t)stack->low < stack->bytes;
}
