/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * sim_plain.c - the core's plain stores wait in the store buffers as well.
 *
 * The simulated core is compiled with -fsanitize=thread and linked without that sanitizer: the compiler announces each
 * plain access, and here the announcements of stores go into the buffer of the CPU that runs. So a slot that is
 * filled with plain stores and published without a release is seen unfilled by others. A CPU's stack is its own.
 * Loads take place at once.
 */
#include "engine/platform/sim.h"

#define READ(name) \
	void name(void *where); \
	void name(void *where) \
	{ \
		(void)where; \
	}

#define WRITE(name, bytes) \
	void name(void *where); \
	void name(void *where) \
	{ \
		sim_note(where, bytes); \
	}

READ(__tsan_read1)
READ(__tsan_read2)
READ(__tsan_read4)
READ(__tsan_read8)
READ(__tsan_read16)
READ(__tsan_unaligned_read2)
READ(__tsan_unaligned_read4)
READ(__tsan_unaligned_read8)
READ(__tsan_unaligned_read16)
READ(__tsan_func_entry)

WRITE(__tsan_write1, 1)
WRITE(__tsan_write2, 2)
WRITE(__tsan_write4, 4)
WRITE(__tsan_write8, 8)
WRITE(__tsan_write16, 16)
WRITE(__tsan_unaligned_write2, 2)
WRITE(__tsan_unaligned_write4, 4)
WRITE(__tsan_unaligned_write8, 8)
WRITE(__tsan_unaligned_write16, 16)
WRITE(__tsan_read_write1, 1)
WRITE(__tsan_read_write2, 2)
WRITE(__tsan_read_write4, 4)
WRITE(__tsan_read_write8, 8)

void __tsan_init(void);
void __tsan_init(void)
{
}

void __tsan_func_exit(void);
void __tsan_func_exit(void)
{
}

void __tsan_read_range(void *where, size_t bytes);
void __tsan_read_range(void *where, size_t bytes)
{
	(void)where;
	(void)bytes;
}

void __tsan_write_range(void *where, size_t bytes);
void __tsan_write_range(void *where, size_t bytes)
{
	sim_note(where, bytes);
}
