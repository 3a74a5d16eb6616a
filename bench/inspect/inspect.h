/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * inspect.h - `s2shadow inspect`.
 */
#ifndef BENCH_INSPECT_H
#define BENCH_INSPECT_H

/** inspect_main() - the subcommand. @argv[0] is "inspect". Return: the exit status. */
int inspect_main(int argc, char **argv);

#endif
