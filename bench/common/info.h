/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * info.h - which build this is, and `s2shadow info`.
 */
#ifndef BENCH_INFO_H
#define BENCH_INFO_H

/* Version and commit, as `s2shadow --version` and the results print them: "0.1.0 (0123456789ab)". */
const char *info_version(void);

/* Configuration, compiler and flags, on one line. */
const char *info_build(void);

/* Its parts. */
const char *info_commit(void);
const char *info_compiler(void);
const char *info_flags(void);

/** info_main() - the subcommand. @argv[0] is "info". Return: the exit status. */
int info_main(int argc, char **argv);

#endif
