/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * trace_stats_main.c - `s2shadow trace stats`: read traces, count, print.
 */
#include <errno.h>
#include <string.h>

#include "bench/common/getopts.h"
#include "bench/common/message.h"
#include "bench/common/outfile.h"
#include "bench/trace/trace_stats.h"
#include "bench/trace/tracefile.h"

static const char help[] =
	"Usage: s2shadow trace stats [--json FILE] TRACE...\n"
	"\n"
	"Print what can be counted in traces without replaying them: records, transitions by cause and change, pages,\n"
	"runs, order, CPUs, trips, and how far apart a page's loss and return lie. Nothing of it is measured; times are\n"
	"those that the trace carries. docs/inputs.md explains each line.\n"
	"\n"
	"  --json FILE  write it all as JSON, - for standard output in place of the text\n"
	"  --help       this text\n"
	"\n"
	"Exit status: 0; 2 if anything is wrong.\n";

enum {
	OPT_JSON = 256,
	OPT_HELP,
};

static const struct option known[] = {
	{ "json", required_argument, NULL, OPT_JSON },
	{ "help", no_argument, NULL, OPT_HELP },
	{ NULL, 0, NULL, 0 },
};

struct command {
	const char *json; /* file, "-" or NULL */
	bool help;
};

static int read_option(void *into, int option, const char *text)
{
	struct command *command = into;

	if (option == OPT_JSON)
		return getopts_file("json", text, &command->json);
	command->help = true;
	return GETOPTS_ENOUGH;
}

static int count_file(const char *path, bool print, bool first, json_t *array)
{
	struct trace_stats stats;
	struct trace trace;
	int ret;

	if (tracefile_load(path, &trace))
		return -1;
	ret = trace_stats_count(&stats, &trace, path);
	if (!ret) {
		if (print && !first)
			puts("");
		if (print)
			trace_stats_print(stdout, &stats, &trace);
		if (array)
			json_array_append_new(array, trace_stats_json(&stats, &trace));
		trace_stats_free(&stats);
	}
	trace_free(&trace);
	return ret;
}

static void write_json(FILE *file, const json_t *array)
{
	json_dumpf(array, file, JSON_INDENT(2));
	fputs("\n", file);
}

static int count_files(const struct command *command, char **path, int count)
{
	bool on_stdout = command->json && !strcmp(command->json, "-");
	json_t *array = command->json ? json_array() : NULL;
	struct outfile out = { 0 };
	int ret = 0;

	if (command->json && !on_stdout)
		ret = outfile_open(&out, command->json);
	for (int i = 0; !ret && i < count; i++)
		ret = count_file(path[i], !on_stdout, i == 0, array);
	if (!ret && on_stdout)
		write_json(stdout, array);
	if (!ret && out.file) {
		write_json(out.file, array);
		ret = outfile_commit(&out);
	}
	outfile_discard(&out);
	json_decref(array);
	return ret;
}

int trace_stats_main(int argc, char **argv)
{
	struct command command = { 0 };
	int ret;

	if (argc < 2 || strcmp(argv[1], "stats")) {
		if (argc >= 2 && !strcmp(argv[1], "--help")) {
			fputs(help, stdout);
			return 0;
		}
		message("s2shadow trace knows one thing, stats; try s2shadow trace stats --help");
		return 2;
	}
	argv[1] = argv[0];
	ret = getopts_each(argc - 1, argv + 1, known, read_option, &command);
	if (ret < 0)
		return 2;
	if (command.help) {
		fputs(help, stdout);
		return 0;
	}
	if (optind == argc - 1) {
		message("no trace is named; try s2shadow trace stats --help");
		return 2;
	}
	for (int i = optind; command.json && i < argc - 1; i++)
		if (getopts_same_file(command.json, argv[1 + i])) {
			message("--json: would overwrite the trace %s", argv[1 + i]);
			return 2;
		}
	return count_files(&command, argv + 1 + optind, argc - 1 - optind) ? 2 : 0;
}
