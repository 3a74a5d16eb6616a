/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * replay_watch.h - looks on while a schedule is played: shows how far it is, and ends it on Ctrl-C.
 */
#ifndef BENCH_REPLAY_WATCH_H
#define BENCH_REPLAY_WATCH_H

#include "bench/policy/runner.h"

#define REPLAY_WATCH_INTERRUPTED 1 /* what play() returns then */

struct replay_watch {
	const struct runner_hooks *inner; /* called as if there were no watch */
	const struct schedule *schedule;
	uint64_t first, last; /* where progress_set() is before and after it */
};

/* Hooks to hand to play() in place of the inner ones; both structs must stay until it returns. */
struct runner_hooks replay_watch_hooks(struct replay_watch *watch);

#endif
