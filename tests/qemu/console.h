/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * console.h - text for whoever runs the payload.
 */
#ifndef TESTS_QEMU_CONSOLE_H
#define TESTS_QEMU_CONSOLE_H

/* Knows %s, %u, %d and %lx. Any CPU; a call's text stays in one piece. */
__attribute__((format(printf, 1, 2))) void say(const char *format, ...);

#endif
