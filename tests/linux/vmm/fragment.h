/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * fragment.h - leaves the host no large pieces of free memory.
 */
#ifndef TESTS_LINUX_VMM_FRAGMENT_H
#define TESTS_LINUX_VMM_FRAGMENT_H

#include <stdint.h>

/* Take @bytes in pages, and give back runs of 1 to @free_max pages, with 1 to @keep_max kept between them. */
void fragment(uint64_t bytes, unsigned free_max, unsigned keep_max);

#endif
