/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * tap.h - cases and what they check, told as TAP.
 */
#ifndef TESTS_QEMU_TAP_H
#define TESTS_QEMU_TAP_H

#include <stdbool.h>
#include <stdint.h>

struct tap_case {
	const char *name;
	void (*run)(void);
};

void tap_run(const struct tap_case *cases, unsigned count);

/* This case cannot run on this machine. */
void tap_skip(const char *why);

/* The case goes on after a check that fails. Any CPU. Return: @ok. */
bool tap_check(bool ok, const char *file, int line, const char *what);
bool tap_equal(uint64_t is, uint64_t wanted, const char *file, int line, const char *what);

#define check(what)		tap_check((what), __FILE__, __LINE__, #what)
#define check_equal(is, wanted) tap_equal((is), (wanted), __FILE__, __LINE__, #is)

#endif
