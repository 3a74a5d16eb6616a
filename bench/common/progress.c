/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * progress.c - how far a long run is and how long it still takes, as a bar on the terminal; and Ctrl-C.
 *
 * The time left is the time so far, scaled by what is left. No colour and no character beyond ASCII.
 */
#include "bench/common/progress.h"

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "bench/common/outfile.h"

#define NS_PER_S      UINT64_C(1000000000)
#define FIRST_NS      NS_PER_S	      /* shorter runs show nothing */
#define BETWEEN_NS    (NS_PER_S / 10) /* one drawing and the next */
#define COLUMNS	      80u
#define COLUMNS_LEAST 40u
#define TAIL_COLUMNS  30u /* behind the bar: "] 100 %, 1000:00:00 left" */
#define NAME_BYTES    41
#define LINE_BYTES    256

static struct {
	bool known; /* the screen; otherwise it is looked at when a run begins */
	struct progress_screen screen;
	const char *what;
	char say[NAME_BYTES];
	uint64_t done, total, start_ns, drawn_ns;
	bool drawn;
} progress;

static volatile sig_atomic_t interrupted;

/* ---- screen ---------------------------------------------------------------------------------------------
 */

static uint64_t now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * NS_PER_S + (uint64_t)time.tv_nsec;
}

static struct progress_screen find_screen(void)
{
	const char *terminal = getenv("TERM");
	struct winsize size;

	if (!isatty(STDERR_FILENO) || !terminal || !strcmp(terminal, "dumb"))
		return (struct progress_screen){ .now_ns = now_ns };
	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) || !size.ws_col)
		size.ws_col = COLUMNS;
	return (struct progress_screen){ stderr, size.ws_col, now_ns };
}

void progress_set_screen(const struct progress_screen *screen)
{
	progress.known = screen;
	if (screen)
		progress.screen = *screen;
}

/* ---- bar ------------------------------------------------------------------------------------------------
 */

static void time_left(uint64_t elapsed_ns, char text[32])
{
	double left = (double)elapsed_ns / (double)NS_PER_S * (double)(progress.total - progress.done) /
		      (double)progress.done;
	uint64_t seconds = (uint64_t)left + (left > (double)(uint64_t)left);

	if (seconds < 3600)
		snprintf(text, 32, "%" PRIu64 ":%02" PRIu64 " left", seconds / 60, seconds % 60);
	else
		snprintf(text, 32, "%" PRIu64 ":%02" PRIu64 ":%02" PRIu64 " left", seconds / 3600,
			 seconds / 60 % 60, seconds % 60);
}

static void draw(uint64_t now)
{
	unsigned columns = progress.screen.columns < COLUMNS ? progress.screen.columns : COLUMNS;
	char name[LINE_BYTES], left[32] = "", bar[COLUMNS + 1];
	unsigned bars, full, length;

	if (columns < COLUMNS_LEAST)
		return;
	snprintf(name, sizeof(name), "%s%s%s", progress.what, *progress.say ? " " : "", progress.say);
	length = (unsigned)strlen(name);
	if (length + TAIL_COLUMNS + 8 > columns)
		name[length = columns - TAIL_COLUMNS - 8] = '\0';
	bars = columns - TAIL_COLUMNS - length;
	full = (unsigned)((double)bars * (double)progress.done / (double)progress.total);
	memset(bar, '-', bars);
	memset(bar, '#', full);
	bar[bars] = '\0';
	if (progress.done)
		time_left(now - progress.start_ns, left);
	fprintf(progress.screen.file, "\r%s [%s] %3.0f %%%s%s\033[K", name, bar,
		100 * (double)progress.done / (double)progress.total, *left ? ", " : "", left);
	fflush(progress.screen.file);
	progress.drawn = true;
	progress.drawn_ns = now;
}

void progress_start(const char *what, uint64_t total)
{
	if (!progress.known)
		progress.screen = find_screen();
	progress.what = what;
	progress.say[0] = '\0';
	progress.total = total ? total : 1;
	progress.done = 0;
	progress.start_ns = progress.screen.now_ns();
	progress.drawn_ns = progress.start_ns + FIRST_NS - BETWEEN_NS;
	progress.drawn = false;
}

void progress_set(uint64_t done)
{
	uint64_t now;

	if (!progress.what)
		return;
	progress.done = done < progress.total ? done : progress.total;
	if (!progress.screen.file)
		return;
	now = progress.screen.now_ns();
	if (now >= progress.drawn_ns + BETWEEN_NS)
		draw(now);
}

void progress_say(const char *what)
{
	snprintf(progress.say, sizeof(progress.say), "%s", what);
}

void progress_hide(void)
{
	if (!progress.drawn)
		return;
	fputs("\r\033[K", progress.screen.file);
	fflush(progress.screen.file);
	progress.drawn = false;
}

void progress_end(void)
{
	progress_hide();
	progress.what = NULL;
}

/* ---- Ctrl-C ---------------------------------------------------------------------------------------------
 */

static void remember(int number)
{
	if (interrupted)
		outfile_die(number);
	interrupted = 1;
}

void progress_catch_interrupt(void)
{
	struct sigaction action = { .sa_handler = remember, .sa_flags = SA_RESTART }, before;

	if (!sigaction(SIGINT, NULL, &before) && before.sa_handler != SIG_IGN)
		sigaction(SIGINT, &action, NULL);
}

bool progress_interrupted(void)
{
	return interrupted;
}
