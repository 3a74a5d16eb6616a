/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * say.c - what the console shows. A line is written at once, so that those of several threads do not mix.
 */
#include "tests/linux/vmm/say.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/reboot.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_BYTES 512

double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static void line(const char *start, const char *format, va_list arguments)
{
	char text[LINE_MAX_BYTES];
	int length = snprintf(text, sizeof(text), "%s", start);

	length += vsnprintf(text + length, sizeof(text) - (size_t)length, format, arguments);
	if ((size_t)length > sizeof(text) - 2)
		length = sizeof(text) - 2;
	text[length++] = '\n';
	if (write(STDOUT_FILENO, text, (size_t)length) < 0)
		turn_off();
}

void say(const char *format, ...)
{
	char start[32];
	va_list arguments;

	snprintf(start, sizeof(start), "[vmm %.2f] ", now());
	va_start(arguments, format);
	line(start, format, arguments);
	va_end(arguments);
}

void failed(const char *name, const char *format, ...)
{
	char start[LINE_MAX_BYTES / 2];
	va_list arguments;

	snprintf(start, sizeof(start), "not ok %s: ", name);
	va_start(arguments, format);
	line(start, format, arguments);
	va_end(arguments);
}

static void plain(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	line("", format, arguments);
	va_end(arguments);
}

void passed(const char *name)
{
	plain("ok %s", name);
}

void expect(bool met, const char *name, const char *why)
{
	if (met)
		passed(name);
	else
		failed(name, "%s", why);
}

void die(const char *what)
{
	plain("[vmm] fatal: %s: %s", what, strerror(errno));
	turn_off();
}

void turn_off(void)
{
	tcdrain(STDOUT_FILENO);
	sync();
	reboot(RB_POWER_OFF);
	for (;;)
		pause();
}
