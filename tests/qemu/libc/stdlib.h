/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * stdlib.h - what bench/policy/baseline.c wants of a libc, for the payload, which has none.
 */
#ifndef TESTS_QEMU_LIBC_STDLIB_H
#define TESTS_QEMU_LIBC_STDLIB_H

#include <stddef.h>

void *calloc(size_t count, size_t bytes);
void free(void *memory);

#endif
