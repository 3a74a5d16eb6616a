/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * s2shadow.c - the command: one subcommand each in replay.c, inspect.c, simulate.c, scale.c and info.c.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bench/info.h"
#include "bench/inspect.h"
#include "bench/message.h"
#include "bench/replay.h"
#include "bench/scale_main.h"
#include "bench/simulate_run.h"

static const char help[] =
	"Usage: s2shadow COMMAND [ARGUMENT]...\n"
	"\n"
	"Keep an Arm SMMUv3 stage-2 table in step with a hypervisor's, and see what that costs.\n"
	"\n"
	"  replay     replay recorded pKVM transitions through eager, strict and batched shadows\n"
	"  inspect    show the tables in an image that a replay wrote\n"
	"  simulate   run the engine on virtual CPUs with devices at random, from a seed, and judge every access\n"
	"  scale      model how trips scale with CPUs, SMMUs, sync time and locked time\n"
	"  info       this build, this machine, and what the software SMMUv3 claims to be\n"
	"  --help     this text; `s2shadow replay --help` and `s2shadow inspect --help` say more\n"
	"  --version  version and commit\n";

static int command(int argc, char **argv)
{
	if (argc < 2) {
		message("no command is named; try s2shadow --help");
		return 2;
	}
	if (!strcmp(argv[1], "replay"))
		return replay_main(argc - 1, argv + 1);
	if (!strcmp(argv[1], "inspect"))
		return inspect_main(argc - 1, argv + 1);
	if (!strcmp(argv[1], "simulate"))
		return simulate_main(argc - 1, argv + 1);
	if (!strcmp(argv[1], "scale"))
		return scale_main(argc - 1, argv + 1);
	if (!strcmp(argv[1], "info"))
		return info_main(argc - 1, argv + 1);
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "help")) {
		fputs(help, stdout);
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
