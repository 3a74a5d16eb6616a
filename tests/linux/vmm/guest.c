/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * guest.c - the program that runs in each guest, at EL1 with the MMU off: carries out commands.
 */
#include "tests/linux/vmm/guest.h"

#define HVC_MEM_SHARE	UINT64_C(0xc6000003)
#define HVC_MEM_UNSHARE UINT64_C(0xc6000004)
#define HVC_SYSTEM_OFF	UINT64_C(0x84000008)

#define BURST_MAX 16

static uint64_t hvc(uint64_t function, uint64_t argument)
{
	register uint64_t x0 __asm__("x0") = function;
	register uint64_t x1 __asm__("x1") = argument;
	register uint64_t x2 __asm__("x2") = 0;
	register uint64_t x3 __asm__("x3") = 0;

	__asm__ volatile("hvc #0"
			 : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)
			 :
			 : "memory", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14",
			   "x15", "x16", "x17");
	return x0;
}

static void say(enum guest_message message, uint64_t value)
{
	value |= (uint64_t)message << GUEST_MESSAGE_SHIFT;
	__asm__ volatile("str %x0, [%1]" ::"r"(value), "r"(GUEST_DOORBELL) : "memory");
}

static volatile uint64_t *word_at(uint64_t address)
{
	return (volatile uint64_t *)address;
}

static void touch_random(const struct guest_command *command)
{
	uint64_t mask = command->b - 1;
	uint64_t step = command->c | 1;
	uint64_t page = command->c & mask;

	for (uint64_t i = 0; i < command->d; i++) {
		uint64_t address = command->a + page * GUEST_PAGE;

		*word_at(address) = address;
		page = (page * (step * 4 + 1) + 2 * step + 1) & mask; /* its period is all pages */
	}
}

/* Return: how many pages could not be. */
static uint64_t each_page(uint64_t function, uint64_t start, uint64_t pages)
{
	uint64_t wrong = 0;

	for (uint64_t i = 0; i < pages; i++)
		wrong += hvc(function, start + i * GUEST_PAGE) != 0;
	return wrong;
}

static uint64_t pingpong(const struct guest_command *command)
{
	uint64_t wrong = 0;

	for (uint64_t i = 0; i < command->c; i++) {
		uint64_t start = command->a + i * command->b % (command->d - command->b + 1) * GUEST_PAGE;

		wrong += each_page(HVC_MEM_SHARE, start, command->b);
		wrong += each_page(HVC_MEM_UNSHARE, start, command->b);
	}
	return wrong;
}

/* The VMM reads word 0 of each page and answers in word 8. */
static uint64_t io(const struct guest_command *command)
{
	uint64_t state = command->d * UINT64_C(2654435761) + UINT64_C(88172645463325252);
	uint64_t wrong = 0;

	for (uint64_t i = 0; i < command->c; i++) {
		uint64_t pages = 1 + guest_random(&state) % BURST_MAX;
		uint64_t start;

		if (pages > BURST_MAX / 2 && guest_random(&state) & 1)
			pages = 1;
		start = command->a + guest_random(&state) % (command->b - pages + 1) * GUEST_PAGE;
		for (uint64_t j = 0; j < pages; j++)
			*word_at(start + j * GUEST_PAGE) = start + i + j;
		wrong += each_page(HVC_MEM_SHARE, start, pages);
		say(GUEST_SAYS_IO, (start - GUEST_BASE) << 8 | pages);
		wrong += each_page(HVC_MEM_UNSHARE, start, pages);
		for (uint64_t j = 0; j < pages; j++) {
			wrong += *word_at(start + j * GUEST_PAGE + 64) != start + i + j + 1;
			*word_at(start + j * GUEST_PAGE) = start + j * GUEST_PAGE;
			*word_at(start + j * GUEST_PAGE + 64) = start + j * GUEST_PAGE + 64;
		}
	}
	return wrong;
}

/* Return: how much went wrong. */
static uint64_t carry_out(const struct guest_command *command)
{
	uint64_t a = command->a, b = command->b, c = command->c;
	uint64_t wrong = 0;

	switch (command->op) {
	case GUEST_TOUCH:
		for (uint64_t i = 0; i < command->d; i++)
			for (uint64_t at = a; at < a + b; at += c)
				*word_at(at) = at;
		break;
	case GUEST_TOUCH_RANDOM:
		touch_random(command);
		break;
	case GUEST_READ:
		for (uint64_t at = a; at < a + b; at += c)
			(void)*word_at(at);
		break;
	case GUEST_CHECK:
		for (uint64_t at = a; at < a + b; at += c)
			wrong += *word_at(at) != at;
		break;
	case GUEST_FILL:
		for (uint64_t at = a; at < a + b; at += 8)
			*word_at(at) = guest_word(at, c);
		break;
	case GUEST_VERIFY:
		for (uint64_t at = a; at < a + b; at += 8)
			wrong += *word_at(at) != guest_word(at, c);
		break;
	case GUEST_EXPECT:
		wrong += *word_at(a) != b;
		break;
	case GUEST_SHARE:
		wrong += each_page(HVC_MEM_SHARE, a, b / GUEST_PAGE);
		break;
	case GUEST_UNSHARE:
		wrong += each_page(HVC_MEM_UNSHARE, a, b / GUEST_PAGE);
		break;
	case GUEST_PINGPONG:
		wrong += pingpong(command);
		break;
	case GUEST_IO:
		wrong += io(command);
		break;
	case GUEST_KICK:
		say(GUEST_SAYS_KICK, a);
		break;
	}
	return wrong;
}

void guest_main(const volatile struct guest_command *commands);
void guest_main(const volatile struct guest_command *commands)
{
	uint64_t wrong = 0;

	for (uint64_t next = 0;;) {
		struct guest_command command = commands[next++];

		switch (command.op) {
		case GUEST_OFF:
			say(GUEST_SAYS_OFF, wrong);
			hvc(HVC_SYSTEM_OFF, 0);
			break;
		case GUEST_REPORT:
			say(GUEST_SAYS_REPORT, wrong);
			wrong = 0;
			break;
		case GUEST_GOTO:
			next = command.a;
			break;
		default:
			wrong += carry_out(&command);
		}
	}
}
