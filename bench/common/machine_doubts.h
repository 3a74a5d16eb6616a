/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * machine_doubts.h - what makes measured times of this machine unreliable, as far as the kernel shows it.
 */
#ifndef BENCH_MACHINE_DOUBTS_H
#define BENCH_MACHINE_DOUBTS_H

#define MACHINE_DOUBTS_MAX	 8u
#define MACHINE_DOUBT_TEXT_BYTES 96

struct machine_doubts {
	unsigned count;
	char text[MACHINE_DOUBTS_MAX][MACHINE_DOUBT_TEXT_BYTES]; /* a line each, without its end */
};

/**
 * machine_doubts_read() - a line for each.
 * @root: of the file system in which proc and sys are; "" for this machine's.
 * @pus:  hardware threads that this process may use; 0: unknown.
 */
void machine_doubts_read(struct machine_doubts *doubts, const char *root, unsigned pus);

#endif
