/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * progress.h - how far a long run is and how long it still takes, as a bar on the terminal; and Ctrl-C.
 *
 * There is one bar, as there is one terminal. It is drawn on standard error where that is a terminal, from
 * the second second on, and leaves nothing behind.
 */
#ifndef BENCH_PROGRESS_H
#define BENCH_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* A run called @what begins; it is over when progress_set() is at @total. Both must stay. */
void progress_start(const char *what, uint64_t total);

/* It is at this now; may be called as often as one likes. */
void progress_set(uint64_t done);

/* What is being done, behind the run's name; kept up to its first 40 bytes. */
void progress_say(const char *what);

/* Take the bar away, if it is there, before anything else is printed. The next progress_set() brings it back.
 */
void progress_hide(void);

/* Take it away for good. */
void progress_end(void);

/* Where and by which clock the bar is drawn, for tests. @file: NULL for no terminal. */
struct progress_screen {
	FILE *file;
	unsigned columns;
	uint64_t (*now_ns)(void);
};

/* NULL: as it is. */
void progress_set_screen(const struct progress_screen *screen);

/* ---- Ctrl-C ---------------------------------------------------------------------------------------------
 */

#define PROGRESS_EXIT_INTERRUPTED 130 /* status of a program that was, as shells say it */

/* From now on the first SIGINT is remembered, and the second ends the program. Not where SIGINT is ignored.
 */
void progress_catch_interrupt(void);

/* Was there one? Then what is measured is to be shown, and no more to be begun. */
bool progress_interrupted(void);

#endif
