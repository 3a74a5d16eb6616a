/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * getopts.h - the arguments of a subcommand, one option after the other.
 */
#ifndef BENCH_GETOPTS_H
#define BENCH_GETOPTS_H

#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>

#define GETOPTS_END   (-1)
#define GETOPTS_WRONG '?'

/* Before the first option of a command line. */
void getopts_start(void);

/**
 * getopts_next() - the next option.
 * @argv:  [0] is the subcommand itself, for messages; what is no option moves to the end.
 * @known: long options with values above 255, as getopt_long() takes them. There are no short ones.
 *
 * Return: the option's value, its argument in optarg; GETOPTS_END: the rest starts at optind;
 * GETOPTS_WRONG after one line on standard error.
 */
int getopts_next(int argc, char **argv, const struct option *known);

/* From a reader of options: what is on the rest of the line does not matter. */
#define GETOPTS_ENOUGH 1

/**
 * getopts_each() - all options of a command line, from the first one on; arguments as of getopts_next().
 * @read: takes an option into @into. Return: 0; GETOPTS_ENOUGH; -1 after one line on standard error.
 * Return: 0, the rest starts at optind; or the first other thing that @read returned, or -1.
 */
int getopts_each(int argc, char **argv, const struct option *known,
		 int (*read)(void *into, int option, const char *text), void *into);

/* Of --help, for getopts_command(). */
#define GETOPTS_HELP 0x10000

/**
 * getopts_command() - all options of a subcommand that has --help, as GETOPTS_HELP, and takes no other arguments.
 * @help: printed for --help. @read: takes an option, its argument in optarg. Return: false after one line on standard
 * error.
 * Return: -1 to go on, or the exit status.
 */
int getopts_command(int argc, char **argv, const struct option *known, const char *help,
		    bool (*read)(void *into, int option), void *into);

/* Take @text, the argument of --@name, as a decimal number. Return: false after one line on standard error. */
bool getopts_number(const char *name, const char *text, uint64_t low, uint64_t high, uint64_t *number)
	__attribute__((warn_unused_result));

/* Take @text, the argument of --@name, as a file. Return: 0; -1 after one line on standard error. */
int getopts_file(const char *name, const char *text, const char **file) __attribute__((warn_unused_result));

/* Do two names stand for one file? Devices, /dev/null for one, may be named as often as one likes. */
bool getopts_same_file(const char *left, const char *right);

#endif
