/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * info.c - `s2shadow info`: version, build, machine, and what the software SMMUv3 claims to be.
 *
 * The Makefile writes BUILD_* into a header and includes it ahead of this file alone, so that a new commit
 * recompiles nothing else.
 */
#include "bench/common/info.h"

#include <stdio.h>

#include "bench/common/getopts.h"
#include "bench/common/machine.h"
#include "engine/platform/linux.h"
#include "smmuv3/model/model.h"

#if defined(__clang__)
#define COMPILER "clang " __clang_version__
#else
#define COMPILER "gcc " __VERSION__
#endif

const char *info_version(void)
{
	return BUILD_VERSION " (" BUILD_COMMIT ")";
}

const char *info_build(void)
{
	return BUILD_CONFIG ", " COMPILER ", " BUILD_FLAGS;
}

const char *info_commit(void)
{
	return BUILD_COMMIT;
}

const char *info_compiler(void)
{
	return COMPILER;
}

const char *info_flags(void)
{
	return BUILD_FLAGS;
}

static void print_machine(void)
{
	struct machine machine;

	machine_read(&machine);
	printf("cpu        %s\n", machine.cpu);
	printf("kernel     %s\n", machine.kernel);
	printf("governor   %s\n", machine.governor);
	printf("counters   %s\n", machine.counters ? "readable" : "not readable");
	printf("topology   packages %u, cores %u, hardware threads %u, NUMA nodes %u\n", machine.packages,
	       machine.cores, machine.pus, machine.numa_nodes);
	printf("memory     %llu MiB\n", (unsigned long long)(machine.memory_bytes >> 20));
	printf("caches    ");
	for (unsigned i = 0; i < machine.cache_count; i++)
		printf(" %s %llu KiB%s", machine.cache[i].name,
		       (unsigned long long)(machine.cache[i].bytes >> 10),
		       i + 1 < machine.cache_count ? "," : "");
	printf("%s\n", machine.cache_count ? "" : " unknown");
	if (machine.measuring_pu < 0)
		printf("measures   on any CPU\n");
	else
		printf("measures   on CPU %d\n", machine.measuring_pu);
	for (unsigned i = 0; i < machine.doubts.count; i++)
		printf("%s%s\n", i ? "           " : "doubts     ", machine.doubts.text[i]);
}

/* In the words of the ID registers. A config without memory is enough to ask. */
static void print_model(void)
{
	struct model_config config = {0};

	model_config_default(&config);
	const struct {
		bool claimed;
		const char *name;
	} features[] = {
		{config.s1p, "S1P"},
		{config.s2p, "S2P"},
		{config.ril, "RIL"},
		{config.cohacc, "COHACC"},
		{config.hyp, "HYP"},
		{config.sev, "SEV"},
		{config.msi, "MSI"},
		{config.httu, "HTTU"},
		{config.ats, "ATS"},
		{config.vmid16, "VMID16"},
		{config.st_level2, "ST_LEVEL"},
	};

	printf("model      SMMUv3:");
	for (unsigned i = 0; i < sizeof(features) / sizeof(features[0]); i++)
		if (features[i].claimed)
			printf(" %s", features[i].name);
	printf("\n           BBML %u, OAS %u bits, SIDSIZE %u, CMDQS %u, EVTQS %u, IIDR 0x%08x, GBPA.ABORT %u at reset\n",
	       config.bbml, config.oas_bits, config.sid_bits, config.cmdq_lg2, config.evtq_lg2,
	       (unsigned)config.iidr, config.gbpa_abort_at_reset);
}

static const char help[] =
	"Usage: s2shadow info [OPTION]...\n"
	"\n"
	"Print what this build is, what machine it runs on, and what the software SMMUv3 claims to be.\n"
	"\n"
	"  --help        this text\n"
	"\n"
	"Exit status: 0; 2 if anything is wrong.\n";

static const struct option long_options[] = { { "help", no_argument, NULL, GETOPTS_HELP }, { NULL, 0, NULL, 0 } };

/* There is none but --help. */
static bool read_option(void *into, int option)
{
	(void)into;
	(void)option;
	return false;
}

int info_main(int argc, char **argv)
{
	int status = getopts_command(argc, argv, long_options, help, read_option, NULL);

	if (status >= 0)
		return status;
	printf("version    %s\n", info_version());
	printf("build      %s\n", info_build());
	printf("allocator  %s\n", platform_linux_allocator());
	print_machine();
	print_model();
	return 0;
}
