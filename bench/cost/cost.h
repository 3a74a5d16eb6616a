/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * cost.h - `s2shadow profile`: what TLB invalidation costs.
 */
#ifndef BENCH_COST_H
#define BENCH_COST_H

/** profile_main() - the subcommand. @argv[0] is "profile". Return: the exit status. */
int profile_main(int argc, char **argv);

#endif
