/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * fragment.c - leaves the host no large pieces of free memory, until the machine is off.
 */
#include "tests/linux/vmm/fragment.h"

#include <stddef.h>
#include <sys/mman.h>

#include "tests/linux/vmm/guest.h"
#include "tests/linux/vmm/say.h"

void fragment(uint64_t bytes, unsigned free_max, unsigned keep_max)
{
	uint64_t state = UINT64_C(0x9e3779b97f4a7c15);
	uint8_t *memory =
		mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED)
		die("mmap of what fragments memory");
	madvise(memory, bytes, MADV_NOHUGEPAGE);
	for (uint64_t at = 0; at < bytes; at += GUEST_PAGE)
		memory[at] = 1;
	for (uint64_t at = 0; at < bytes;) {
		uint64_t given = (1 + guest_random(&state) % free_max) * GUEST_PAGE;
		uint64_t kept = (1 + guest_random(&state) % keep_max) * GUEST_PAGE;

		if (given > bytes - at)
			given = bytes - at;
		madvise(memory + at, given, MADV_DONTNEED);
		at += given + kept;
	}
}
