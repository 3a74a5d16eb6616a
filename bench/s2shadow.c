/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * s2shadow.c - the command: a table of its subcommands, each of which has a file of its own.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bench/common/info.h"
#include "bench/common/message.h"
#include "bench/compare/compare.h"
#include "bench/cost/cost.h"
#include "bench/inspect/inspect.h"
#include "bench/replay/replay.h"
#include "bench/scale/scale_main.h"
#include "bench/simulate/simulate_run.h"
#include "bench/trace/generate.h"
#include "bench/trace/record.h"
#include "bench/trace/trace_stats.h"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *what;
} commands[] = {
	{"replay", replay_main, "replay recorded pKVM transitions through eager, strict and batched shadows"},
	{"inspect", inspect_main, "show the tables in an image that a replay wrote"},
	{"simulate", simulate_main, "run the engine on virtual CPUs with devices at random, and judge every access"},
	{"scale", scale_main, "model how trips scale with CPUs, SMMUs, sync time and locked time"},
	{"generate", generate_main, "make a trace from a described workload, or one like another"},
	{"record", record_main, "turn a hypervisor's log, or the kernel's hypervisor events, into a trace"},
	{"trace", trace_stats_main, "print the statistics of traces: s2shadow trace stats"},
	{"compare", compare_main, "say what changed between two results, beyond noise"},
	{"profile", profile_main, "what TLB invalidation costs, by strategy and device, and where one beats another"},
	{"info", info_main, "this build, this machine, and what the software SMMUv3 claims to be"},
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void print_help(void)
{
	printf("Usage: s2shadow COMMAND [ARGUMENT]...\n\n"
	       "Keep an Arm SMMUv3 stage-2 table in step with a hypervisor's, and see what that costs.\n\n");
	for (size_t i = 0; i < COMMANDS; i++)
		printf("  %-10s %s\n", commands[i].name, commands[i].what);
	printf("  --help     this text; `s2shadow COMMAND --help` says more\n"
	       "  --version  version and commit\n");
}

static int command(int argc, char **argv)
{
	if (argc < 2) {
		message("no command is named; try s2shadow --help");
		return 2;
	}
	for (size_t i = 0; i < COMMANDS; i++)
		if (!strcmp(argv[1], commands[i].name))
			return commands[i].run(argc - 1, argv + 1);
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "help")) {
		print_help();
		return 0;
	}
	if (!strcmp(argv[1], "--version")) {
		printf("s2shadow %s\n", info_version());
		return 0;
	}
	message("'%s' is not a command; try s2shadow --help", argv[1]);
	return 2;
}

int main(int argc, char **argv)
{
	int status = command(argc, argv);

	if (!status && (fflush(stdout) || ferror(stdout))) {
		message("cannot write to standard output: %s", strerror(errno));
		return 2;
	}
	return status;
}
