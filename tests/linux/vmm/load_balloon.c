/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * load_balloon.c - ordinary guests whose memory the VMM gives back, at random, while they run.
 *
 * The guest runs command 0, then the kick at KICK, then what on_message() wrote from command 2 on, which ends
 * with a jump to the kick again.
 */
#include <sys/mman.h>

#include "tests/linux/vmm/load.h"
#include "tests/linux/vmm/option.h"
#include "tests/linux/vmm/say.h"

#define KICK   40
#define PIECES 24

struct balloon {
	unsigned rounds, done;
};

static void give_back(struct vm *vm, enum guest_message message, uint64_t value)
{
	static const unsigned char orders[] = { 0, 0, 0, 2, 4, 6, 9, 9 };
	struct balloon *balloon = vm->context;
	struct guest_command *command = vm_commands(vm, 0) + 2;

	(void)message, (void)value;
	if (balloon->done++ >= balloon->rounds) {
		command->op = GUEST_OFF;
		return;
	}
	for (unsigned i = 0; i < PIECES; i++) {
		uint64_t bytes = GUEST_PAGE << orders[guest_random(&vm->seed) % 8];
		uint64_t offset = VM_FREE + guest_random(&vm->seed) % (vm->bytes - VM_FREE - bytes);

		offset &= ~(bytes - 1);
		if (offset < VM_FREE)
			offset = VM_FREE;
		madvise(vm->memory + offset, bytes, MADV_DONTNEED);
		if (i & 1 || bytes >= 65536)
			*command++ = (struct guest_command){ GUEST_TOUCH, GUEST_BASE + offset, bytes,
							     GUEST_PAGE, 1 };
	}
	*command = (struct guest_command){ .op = GUEST_GOTO, .a = KICK };
}

void load_balloon_with(unsigned vms, uint64_t bytes, enum backing backing, unsigned rounds)
{
	struct vm *vm[LOAD_VMS_MAX];
	struct balloon balloons[LOAD_VMS_MAX];

	for (unsigned i = 0; i < vms; i++) {
		vm[i] = vm_create(false, bytes, backing, 1);
		vm[i]->cpu = (int)i % CPUS;
		vm[i]->seed = 0x1234567 * (i + 1);
		balloons[i] = (struct balloon){ rounds, 0 };
		vm[i]->context = &balloons[i];
		vm[i]->on_message = give_back;
		vm_command(vm[i], 0, GUEST_TOUCH, GUEST_BASE + VM_FREE, bytes - VM_FREE, 65536, 1);
		vm_command(vm[i], 0, GUEST_GOTO, KICK, 0, 0, 0);
		vm[i]->commands[0] = KICK;
		vm_command(vm[i], 0, GUEST_KICK, 1, 0, 0, 0);
		vm_command(vm[i], 0, GUEST_GOTO, 2, 0, 0, 0);
	}
	load_run_each(vm, vms);
	for (unsigned i = 0; i < vms; i++)
		vm_destroy(vm[i]);
}

void load_balloon(void)
{
	load_balloon_with((unsigned)option_number("nvm", 4), option_number("mb", 256) * MIB,
			  (enum backing)option_number("backing", BACKING_THP),
			  (unsigned)option_number("rounds", 100));
	passed("guests give memory back");
}
