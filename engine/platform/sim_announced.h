/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * sim_announced.h - what a compiler calls before each plain access with -fsanitize=thread.
 *
 * SIM_ANNOUNCED_READS(X) makes X(name) of each, SIM_ANNOUNCED_WRITES(X) makes X(name, bytes).
 */
#ifndef ENGINE_PLATFORM_SIM_ANNOUNCED_H
#define ENGINE_PLATFORM_SIM_ANNOUNCED_H

#define SIM_ANNOUNCED_READS(X) \
	X(__tsan_read1) \
	X(__tsan_read2) \
	X(__tsan_read4) \
	X(__tsan_read8) \
	X(__tsan_read16) \
	X(__tsan_unaligned_read2) \
	X(__tsan_unaligned_read4) \
	X(__tsan_unaligned_read8) \
	X(__tsan_unaligned_read16)

#define SIM_ANNOUNCED_WRITES(X) \
	X(__tsan_write1, 1) \
	X(__tsan_write2, 2) \
	X(__tsan_write4, 4) \
	X(__tsan_write8, 8) \
	X(__tsan_write16, 16) \
	X(__tsan_unaligned_write2, 2) \
	X(__tsan_unaligned_write4, 4) \
	X(__tsan_unaligned_write8, 8) \
	X(__tsan_unaligned_write16, 16) \
	X(__tsan_read_write1, 1) \
	X(__tsan_read_write2, 2) \
	X(__tsan_read_write4, 4) \
	X(__tsan_read_write8, 8)

#endif
