/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * generate.c - `s2shadow generate`: options, and where the trace goes.
 */
#include "bench/trace/generate.h"

#include <string.h>

#include "bench/common/getopts.h"
#include "bench/common/message.h"

static const char help[] =
	"Usage: s2shadow generate [OPTION]...\n"
	"\n"
	"Make a trace from a described workload, or one that is like another in what s2shadow trace stats counts.\n"
	"The same description gives the same trace on every machine.\n"
	"docs/inputs.md explains the settings.\n"
	"\n"
	"  --output FILE         write there; compressed if its name ends in .xz (default standard output)\n"
	"  --workload FILE       take settings from lines \"NAME VALUE\", named as the options below\n"
	"  --memory SIZE         of the host, at most 4T (default 1G)\n"
	"  --vms N               VMs side by side (default 1)\n"
	"  --vm-memory SIZE      of each (default 256M)\n"
	"  --vcpus N             virtual CPUs of each that touch its memory (default 1)\n"
	"  --ordinary PERCENT    of the VMs share their memory instead of taking it (default 0)\n"
	"  --folio SIZE[:SHARE],...  sizes of the VMs' folios, and of their memory's shares (default 4K)\n"
	"  --fragmentation PERCENT   of the folios are not followed by the VM's next (default 0)\n"
	"  --order ORDER         of touching: ascending, descending, random, folios (default ascending)\n"
	"  --call SIZE           taken by one transition at most (default 4K)\n"
	"  --per-trip N          transitions in one trip (default 1)\n"
	"  --balloon PERCENT     of a VM's memory is given back and taken again (default 0)\n"
	"  --shares N, --burst N     so often, so many transitions are shared and taken back (default 0, 16)\n"
	"  --rounds N            lives of each VM (default 1)\n"
	"  --cpus N              of the host (default 1)\n"
	"  --spacing NS, --jitter PERCENT  between trips of a CPU, and by chance (default 2000, 50)\n"
	"  --seed N              of all chance (default 1)\n"
	"  --name NAME           of the trace (default generated)\n"
	"  --like TRACE          like this one, by chance from --seed; only --name goes with it\n"
	"  --help                this text\n"
	"\n"
	"Exit status: 0; 2 if anything is wrong.\n";

enum {
	OPT_OUTPUT = 256,
	OPT_WORKLOAD,
	OPT_LIKE,
	OPT_HELP,
	OPT_SETTING, /* and above: the settings, in the order of the table */
};

#define SETTING(name, place)                                         \
	{                                                            \
		name, required_argument, NULL, OPT_SETTING + (place) \
	}

static const struct option known[] = {
	SETTING("memory", 0),
	SETTING("vms", 1),
	SETTING("vm-memory", 2),
	SETTING("vcpus", 3),
	SETTING("ordinary", 4),
	SETTING("folio", 5),
	SETTING("fragmentation", 6),
	SETTING("order", 7),
	SETTING("call", 8),
	SETTING("per-trip", 9),
	SETTING("balloon", 10),
	SETTING("shares", 11),
	SETTING("burst", 12),
	SETTING("rounds", 13),
	SETTING("cpus", 14),
	SETTING("spacing", 15),
	SETTING("jitter", 16),
	SETTING("seed", 17),
	SETTING("name", 18),
	{ "output", required_argument, NULL, OPT_OUTPUT },
	{ "workload", required_argument, NULL, OPT_WORKLOAD },
	{ "like", required_argument, NULL, OPT_LIKE },
	{ "help", no_argument, NULL, OPT_HELP },
	{ NULL, 0, NULL, 0 },
};

struct command {
	struct generate_workload workload;
	const char *output, *like;
	const char *described; /* the first setting that does not go with --like */
	bool help;
};

static int read_option(void *into, int option, const char *text)
{
	struct command *command = into;
	char why[GENERATE_WHY_BYTES];
	const char *name;

	switch (option) {
	case OPT_OUTPUT:
		return getopts_file("output", text, &command->output);
	case OPT_WORKLOAD:
		command->described = "workload";
		return generate_read(&command->workload, text);
	case OPT_LIKE:
		return getopts_file("like", text, &command->like);
	case OPT_HELP:
		command->help = true;
		return GETOPTS_ENOUGH;
	default:
		name = known[option - OPT_SETTING].name;
		if (!command->described && strcmp(name, "seed") && strcmp(name, "name"))
			command->described = name;
		if (!generate_set(&command->workload, name, text, why))
			return 0;
		message("--%s: %s", name, why);
		return -1;
	}
}

static int make_like(const struct command *command)
{
	struct tracefile out;
	struct trace trace;
	int ret;

	if (command->output && getopts_same_file(command->output, command->like)) {
		message("--output: would overwrite the trace %s", command->like);
		return -1;
	}
	if (tracefile_load(command->like, &trace))
		return -1;
	ret = tracefile_open(&out, command->output, false);
	if (!ret) {
		ret = generate_like(&trace, command->like, command->workload.name, command->workload.seed,
				    &out);
		if (tracefile_close(&out, !ret))
			ret = -1;
	}
	trace_free(&trace);
	return ret;
}

static int make(const struct command *command)
{
	struct tracefile out;
	int ret;

	if (generate_check(&command->workload) || tracefile_open(&out, command->output, false))
		return -1;
	ret = generate_run(&command->workload, &out);
	if (tracefile_close(&out, !ret))
		ret = -1;
	return ret;
}

int generate_main(int argc, char **argv)
{
	struct command command = { 0 };

	generate_defaults(&command.workload);
	if (getopts_each(argc, argv, known, read_option, &command) < 0)
		return 2;
	if (command.help) {
		fputs(help, stdout);
		return 0;
	}
	if (optind < argc) {
		message("'%s' is one argument too many; try s2shadow generate --help", argv[optind]);
		return 2;
	}
	if (command.like && command.described) {
		message("--like and --%s do not go together", command.described);
		return 2;
	}
	return (command.like ? make_like(&command) : make(&command)) ? 2 : 0;
}
