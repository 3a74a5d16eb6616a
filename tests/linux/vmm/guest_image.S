/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * guest_image.S - the guest program, to be copied to each guest.
 */
	.section .rodata
	.balign	8
	.globl	guest_image, guest_image_end
guest_image:
	.incbin	"build/linux/vmm/guest.bin"
guest_image_end:
	.section .note.GNU-stack, "", %progbits
