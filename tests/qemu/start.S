/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * start.S - entry at EL2 with the MMU off, of the first CPU and of those that PSCI turns on; vectors.
 *
 * Every exception is a failure: nothing here takes interrupts, and nothing runs below EL2.
 */
#define STACK_LG2 16

	.section .text.start, "ax"
	.global start
start:
	adr	x1, bss_start_address
	ldp	x1, x2, [x1]
1:	cmp	x1, x2
	b.hs	2f
	stp	xzr, xzr, [x1], #16
	b	1b
2:	mov	x0, #0
	bl	enter
	bl	payload_main
3:	wfi
	b	3b

/* x0: the number of this CPU, as it was given to CPU_ON. */
	.global start_secondary
start_secondary:
	mov	x19, x0
	bl	enter
	mov	x0, x19
	bl	payload_secondary
4:	wfi
	b	4b

/* Stack and vectors of CPU x0. */
enter:
	adr	x1, stacks_address
	ldr	x1, [x1]
	add	x2, x0, #1
	add	x1, x1, x2, lsl #STACK_LG2
	mov	sp, x1
	adr	x1, vectors_address
	ldr	x1, [x1]
	msr	vbar_el2, x1
	isb
	ret

	.balign	8
bss_start_address:
	.quad	bss_start, bss_end
stacks_address:
	.quad	stacks
vectors_address:
	.quad	vectors

	.text
	.balign	2048
vectors:
	.set	number, 0
	.rept	16
	.balign	128
	mov	x0, #number
	mrs	x1, esr_el2
	mrs	x2, elr_el2
	mrs	x3, far_el2
	b	payload_exception
	.set	number, number + 1
	.endr
