/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * console.c - text out of the PL011 of QEMU's virt machine, which needs no setting up.
 */
#include "tests/qemu/console.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

#include <shadow/platform.h>

#include "tests/qemu/lock.h"
#include "tests/qemu/machine.h"

#define UART_DR	     0x00
#define UART_FR	     0x18
#define UART_FR_TXFF (1u << 5)

static uint32_t console_lock;

static void put(char character)
{
	while (platform_mmio_read32(MACHINE_UART + UART_FR) & UART_FR_TXFF)
		;
	platform_mmio_write32(MACHINE_UART + UART_DR, (unsigned char)character);
}

static void put_string(const char *string)
{
	while (*string)
		put(*string++);
}

static void put_number(uint64_t number, unsigned base)
{
	char digits[24];
	unsigned count = 0;

	do
		digits[count++] = "0123456789abcdef"[number % base];
	while ((number /= base));
	while (count)
		put(digits[--count]);
}

static void put_signed(int number)
{
	if (number < 0)
		put('-');
	put_number(number < 0 ? -(uint64_t)number : (uint64_t)number, 10);
}

void say(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	lock_take(&console_lock);
	for (; *format; format++) {
		if (*format != '%') {
			put(*format);
			continue;
		}
		switch (*++format) {
		case 's':
			put_string(va_arg(arguments, const char *));
			break;
		case 'u':
			put_number(va_arg(arguments, unsigned), 10);
			break;
		case 'd':
			put_signed(va_arg(arguments, int));
			break;
		default: /* lx */
			format++;
			put_number(va_arg(arguments, uint64_t), 16);
			break;
		}
	}
	lock_give(&console_lock);
	va_end(arguments);
}
