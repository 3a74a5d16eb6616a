/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * option.h - a workload's options, from the kernel's command line.
 */
#ifndef TESTS_LINUX_VMM_OPTION_H
#define TESTS_LINUX_VMM_OPTION_H

#include <stddef.h>
#include <stdint.h>

/* KEY=VALUE. Decimal, or hexadecimal with 0x. @otherwise: what it is when it is not given. */
uint64_t option_number(const char *key, uint64_t otherwise);

/* "" when it is not given. */
void option_text(const char *key, char *text, size_t bytes);

#endif
