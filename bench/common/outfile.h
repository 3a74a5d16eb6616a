/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * outfile.h - an output file that appears whole or not at all.
 *
 * Written beside its target and renamed at the end, so that a failed run leaves neither a half-written
 * file nor a damaged old one; a signal that ends the program removes it too. A target that is no regular
 * file, /dev/stdout for one, is written directly.
 */
#ifndef BENCH_OUTFILE_H
#define BENCH_OUTFILE_H

#include <stdio.h>

struct outfile {
	FILE *file;
	char *target;
	char *temporary; /* NULL: written directly */
	struct outfile *next;
};

/* Open for writing; a message is printed on failure. Return: 0 or -1. The struct may not move until it is
 * committed or discarded. */
int outfile_open(struct outfile *out, const char *path) __attribute__((warn_unused_result));

/* Close and rename to the target; on failure a message is printed and nothing is left. Return: 0 or -1. */
int outfile_commit(struct outfile *out) __attribute__((warn_unused_result));

/* For a signal's handler: remove all that are open, and end the program by that signal. */
void outfile_die(int number);

/* Close and remove. Nothing if it is not open. */
void outfile_discard(struct outfile *out);

#endif
