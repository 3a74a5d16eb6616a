/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * replay.h - `s2shadow replay`: recorded transitions through each policy, and what that costs.
 */
#ifndef BENCH_REPLAY_H
#define BENCH_REPLAY_H

/* The subcommand. @argv[0] is "replay". Return: the exit status: 0, 1 (a device saw a wrong answer), 2. */
int replay_main(int argc, char **argv);

#endif
