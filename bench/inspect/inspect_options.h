/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * inspect_options.h - the options of `s2shadow inspect`, checked.
 */
#ifndef BENCH_INSPECT_OPTIONS_H
#define BENCH_INSPECT_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

struct inspect_options {
	const char *image;
	const char *json; /* NULL: not wanted; "-": standard output, in place of the text */
	const char *plot; /* NULL: not wanted */
	bool plot_svg;	  /* else PNG */
	bool has_address;
	uint64_t address;
	bool all;
	bool help;
};

/**
 * inspect_options_parse() - read the arguments after "inspect". @argv: [0] is the subcommand itself; kept.
 * Return: 0; -1 after one line on standard error.
 */
int inspect_options_parse(struct inspect_options *options, int argc, char **argv)
	__attribute__((warn_unused_result));

/* The text of `s2shadow inspect --help`. */
extern const char inspect_options_help[];

#endif
