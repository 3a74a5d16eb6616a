/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * getopts.c - the arguments of a subcommand, one option after the other.
 *
 * Under options.c and inspect_options.c, which know the options and what goes together.
 */
#include "bench/getopts.h"

#include <string.h>
#include <sys/stat.h>

#include "bench/message.h"

void getopts_start(void)
{
	opterr = 0;
	optind = 0;
}

/* getopt_long() has found something wrong with an option that it knows or does not know. */
static void complain(int reason, char **argv)
{
	const char *text = argv[optind - 1];

	if (reason == ':')
		message("%s needs a value; try s2shadow %s --help", text, argv[0]);
	else if (optopt && optopt < 256)
		message("unknown option -%c; try s2shadow %s --help", optopt, argv[0]);
	else if (optopt)
		message("%s takes no value; try s2shadow %s --help", text, argv[0]);
	else
		message("unknown option %s; try s2shadow %s --help", text, argv[0]);
}

int getopts_next(int argc, char **argv, const struct option *known)
{
	int option = getopt_long(argc, argv, ":", known, NULL);

	if (option != '?' && option != ':')
		return option;
	complain(option, argv);
	return GETOPTS_WRONG;
}

int getopts_each(int argc, char **argv, const struct option *known,
		 int (*read)(void *into, int option, const char *text), void *into)
{
	int option, result = 0;

	getopts_start();
	while (!result && (option = getopts_next(argc, argv, known)) != GETOPTS_END)
		result = option == GETOPTS_WRONG ? -1 : read(into, option, optarg);
	return result;
}

int getopts_file(const char *name, const char *text, const char **file)
{
	if (!*text) {
		message("--%s: no file is named", name);
		return -1;
	}
	*file = text;
	return 0;
}

bool getopts_same_file(const char *left, const char *right)
{
	struct stat left_stat, right_stat;

	if (stat(left, &left_stat) || stat(right, &right_stat))
		return !strcmp(left, right);
	return S_ISREG(left_stat.st_mode) && left_stat.st_dev == right_stat.st_dev &&
	       left_stat.st_ino == right_stat.st_ino;
}
