/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * compare.c - `s2shadow compare`: reads two results of one kind and says what changed between them, beyond
 * noise.
 */
#include "bench/compare/compare.h"

#include <stdio.h>
#include <stdlib.h>

#include "bench/common/getopts.h"
#include "bench/common/message.h"

#define EXIT_WORSE 1
#define EXIT_BAD   2

#define PERCENT_MAX 1000

static const char help[] =
	"Usage: s2shadow compare [OPTION]... A B\n"
	"\n"
	"Say what changed from A to B, beyond noise. Both are results of the benchmarks\n"
	"(Google Benchmark's JSON, with --benchmark_repetitions) or of s2shadow replay\n"
	"--json; or folders of such files, each from a process of its own and then one\n"
	"sample. scripts/compare-builds makes and compares those by turns, which is what\n"
	"finds small differences: repetitions in one process share its luck.\n"
	"Counted and modelled values are compared exactly, measured ones by their\n"
	"samples: a difference is one if Mann and Whitney's test tells them apart at 5 %,\n"
	"for all values of both sides together (Holm). B/A is the ratio of the medians,\n"
	"its 95 % interval found by resampling. docs/benchmarking.md says more.\n"
	"\n"
	"  --fail-above PERCENT  exit status 1 if a cost is worse by more than this,\n"
	"                        beyond noise\n"
	"  --least PERCENT       measured differences below this count as none;\n"
	"                        default 1, of two files that stand alone 5\n"
	"  --all                 also what is the same\n"
	"  --seed N              of the resampling; default 1\n"
	"  --help                this text\n"
	"\n"
	"Exit status: 0; 1 if --fail-above is passed; 2 if anything else is wrong.\n";

enum {
	OPT_FAIL_ABOVE = 256,
	OPT_LEAST,
	OPT_ALL,
	OPT_SEED,
	OPT_HELP,
};

static const struct option long_options[] = {
	{ "fail-above", required_argument, NULL, OPT_FAIL_ABOVE },
	{ "least", required_argument, NULL, OPT_LEAST },
	{ "all", no_argument, NULL, OPT_ALL },
	{ "seed", required_argument, NULL, OPT_SEED },
	{ "help", no_argument, NULL, OPT_HELP },
	{ NULL, 0, NULL, 0 },
};

static int read_percent(const char *name, const char *text, double *percent)
{
	char *end;

	*percent = strtod(text, &end);
	if (*text >= '0' && *text <= '9' && !*end && *percent <= PERCENT_MAX)
		return 0;
	message("--%s: '%s' is not a number from 0 to %d", name, text, PERCENT_MAX);
	return -1;
}

static int read_option(void *into, int option, const char *text)
{
	struct compare_options *options = into;

	switch (option) {
	case OPT_FAIL_ABOVE:
		return read_percent("fail-above", text, &options->fail_above);
	case OPT_LEAST:
		return read_percent("least", text, &options->least);
	case OPT_ALL:
		options->all = true;
		return 0;
	case OPT_SEED:
		return getopts_number("seed", text, 0, UINT64_MAX, &options->seed) ? 0 : -1;
	default:
		options->help = true;
		return GETOPTS_ENOUGH;
	}
}

static int parse(struct compare_options *options, int argc, char **argv)
{
	*options = (struct compare_options){ .least = -1, .fail_above = -1, .seed = 1 };
	if (getopts_each(argc, argv, long_options, read_option, options) < 0)
		return -1;
	if (options->help)
		return 0;
	if (argc - optind != 2) {
		message("two results are to be compared; try s2shadow compare --help");
		return -1;
	}
	options->left = argv[optind];
	options->right = argv[optind + 1];
	return 0;
}

static int run(struct compare *compare)
{
	static const char *const formats[] = { "the benchmarks", "a replay" };

	if (compare_input_read(&compare->left, compare->options->left) ||
	    compare_input_read(&compare->right, compare->options->right))
		return -1;
	if (compare->left.format != compare->right.format) {
		message("%s: results of %s, but %s has those of %s", compare->right.path,
			formats[compare->right.format], compare->left.path, formats[compare->left.format]);
		return -1;
	}
	if (compare_rows(compare))
		return -1;
	compare_print(compare, stdout);
	return 0;
}

int compare_main(int argc, char **argv)
{
	struct compare_options options;
	struct compare compare = { .options = &options };
	int status = EXIT_BAD;

	if (!parse(&options, argc, argv)) {
		if (options.help) {
			fputs(help, stdout);
			return EXIT_SUCCESS;
		}
		if (!run(&compare))
			status = compare_fails(&compare) ? EXIT_WORSE : EXIT_SUCCESS;
	}
	compare_input_free(&compare.left);
	compare_input_free(&compare.right);
	free(compare.row);
	return status;
}
