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
#include "engine/platform/sim_announced.h"

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

SIM_ANNOUNCED_READS(READ)
READ(__tsan_func_entry)

SIM_ANNOUNCED_WRITES(WRITE)

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
