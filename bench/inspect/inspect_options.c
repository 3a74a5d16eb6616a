/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * inspect_options.c - the options of `s2shadow inspect`.
 */
#include "bench/inspect/inspect_options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench/common/getopts.h"
#include "bench/common/message.h"

const char inspect_options_help[] =
	"Usage: s2shadow inspect [OPTION]... IMAGE\n"
	"\n"
	"Show the stage-2 tables in an IMAGE, as s2shadow replay --image writes it: their shape, what each\n"
	"level holds, what a device can reach, and everything that a right shadow would not have. The tables\n"
	"are read with the decoder of the software SMMUv3, which shares no code with the one that wrote them.\n"
	"\n"
	"  --addr ADDR   also walk to this address (hexadecimal), step by step\n"
	"  --all         every run and every problem; long lists are shortened otherwise\n"
	"  --json FILE   the same facts as JSON; - is standard output, in place of the text\n"
	"  --plot FILE   draw the address space with its mapping sizes; FILE ends in .png or .svg\n"
	"  --help        this text\n"
	"\n"
	"Exit status: 0; 1 if the tables have problems, which are listed; 2 if anything else is wrong.\n";

enum {
	OPT_ADDR = 256,
	OPT_ALL,
	OPT_JSON,
	OPT_PLOT,
	OPT_HELP,
};

static const struct option long_options[] = {
	{ "addr", required_argument, NULL, OPT_ADDR }, { "all", no_argument, NULL, OPT_ALL },
	{ "json", required_argument, NULL, OPT_JSON }, { "plot", required_argument, NULL, OPT_PLOT },
	{ "help", no_argument, NULL, OPT_HELP },       { NULL, 0, NULL, 0 },
};

/* Hexadecimal digits only, with or without 0x: no sign, no space. */
static int read_address(struct inspect_options *options, const char *text)
{
	const char *digits = text;
	char *end;

	if (digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X'))
		digits += 2;
	errno = 0;
	options->address = strtoull(digits, &end, 16);
	if (!*digits || digits[strspn(digits, "0123456789abcdefABCDEF")] || *end || errno) {
		message("--addr: '%s' is not a hexadecimal address", text);
		return -1;
	}
	options->has_address = true;
	return 0;
}

static bool ends_in(const char *text, const char *suffix)
{
	size_t length = strlen(text), suffix_length = strlen(suffix);

	return length > suffix_length && !strcmp(text + length - suffix_length, suffix);
}

static int read_plot(struct inspect_options *options, const char *text)
{
	options->plot_svg = ends_in(text, ".svg");
	if (!options->plot_svg && !ends_in(text, ".png")) {
		message("--plot: '%s' ends neither in .png nor in .svg", text);
		return -1;
	}
	options->plot = text;
	return 0;
}

static int read_option(void *into, int option, const char *text)
{
	struct inspect_options *options = into;
	switch (option) {
	case OPT_ADDR:
		return read_address(options, text);
	case OPT_ALL:
		options->all = true;
		return 0;
	case OPT_JSON:
		return getopts_file("json", text, &options->json);
	case OPT_PLOT:
		return read_plot(options, text);
	default:
		options->help = true;
		return GETOPTS_ENOUGH;
	}
}

static int check_together(const struct inspect_options *options, char **files, int count)
{
	if (count != 1) {
		message(count ? "inspect takes one image, not %d; try s2shadow inspect --help" :
				"no image is named; try s2shadow inspect --help",
			count);
		return -1;
	}
	for (int i = 0; i < 2; i++) {
		const char *output = i ? options->plot : options->json;

		if (output && getopts_same_file(output, files[0])) {
			message("%s: an output would overwrite this image", files[0]);
			return -1;
		}
	}
	if (options->json && options->plot && getopts_same_file(options->json, options->plot)) {
		message("%s: two outputs name this file", options->plot);
		return -1;
	}
	return 0;
}

int inspect_options_parse(struct inspect_options *options, int argc, char **argv)
{
	int result;

	*options = (struct inspect_options){ 0 };
	result = getopts_each(argc, argv, long_options, read_option, options);
	if (result)
		return result == GETOPTS_ENOUGH ? 0 : -1;
	options->image = argv[optind];
	return check_together(options, argv + optind, argc - optind);
}
