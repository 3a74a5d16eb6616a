/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * getopts.c - the arguments of a subcommand, one option after the other.
 *
 * Under the subcommands, which know their options and what goes together.
 */
#include "bench/common/getopts.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bench/common/message.h"

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

struct command_reader {
	const char *help;
	bool (*read)(void *into, int option);
	void *into;
};

static int read_or_help(void *into, int option, const char *text)
{
	const struct command_reader *reader = into;

	(void)text;
	if (option != GETOPTS_HELP)
		return reader->read(reader->into, option) ? 0 : -1;
	fputs(reader->help, stdout);
	return GETOPTS_ENOUGH;
}

int getopts_command(int argc, char **argv, const struct option *known, const char *help,
		    bool (*read)(void *into, int option), void *into)
{
	struct command_reader reader = { help, read, into };
	int result = getopts_each(argc, argv, known, read_or_help, &reader);

	if (result)
		return result == GETOPTS_ENOUGH ? 0 : 2;
	if (optind == argc)
		return -1;
	message("'%s' is one argument too many; try s2shadow %s --help", argv[optind], argv[0]);
	return 2;
}

bool getopts_number(const char *name, const char *text, uint64_t low, uint64_t high, uint64_t *number)
{
	char *end;

	errno = 0;
	*number = strtoull(text, &end, 10);
	if (*text >= '0' && *text <= '9' && !*end && !errno && *number >= low && *number <= high)
		return true;
	message("--%s: '%s' is not a number from %" PRIu64 " to %" PRIu64, name, text, low, high);
	return false;
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
