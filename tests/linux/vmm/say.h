/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * say.h - what the console shows: lines that start with [vmm], and one for each test case.
 */
#ifndef TESTS_LINUX_VMM_SAY_H
#define TESTS_LINUX_VMM_SAY_H

#include <stdbool.h>

double now(void); /* seconds since boot */

__attribute__((format(printf, 1, 2))) void say(const char *format, ...);

/* A test case: "ok NAME", or "not ok NAME: WHY" when @format says why. */
void passed(const char *name);
__attribute__((format(printf, 2, 3))) void failed(const char *name, const char *format, ...);
void expect(bool met, const char *name, const char *why);

/* @what failed with errno, and nothing more can be done: the machine is turned off. */
__attribute__((noreturn)) void die(const char *what);
__attribute__((noreturn)) void turn_off(void);

#endif
