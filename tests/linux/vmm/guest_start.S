/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * guest_start.S - where a vCPU starts: x0 is its page of commands.
 */
	.globl	_start
_start:
	add	x1, x0, #4096
	mov	sp, x1
	bl	guest_main
1:	b	1b
