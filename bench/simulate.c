/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * simulate.c - `s2shadow simulate`: seeds one after the other, up to the first violation.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bench/message.h"
#include "bench/simulate_run.h"

static const char help[] =
	"Usage: s2shadow simulate [OPTION]...\n"
	"\n"
	"Run the engine on virtual CPUs that share one host lock, with software SMMUs and devices whose DMA comes at\n"
	"random. One seeded scheduler decides at every shared access who goes on; what a CPU stores is seen by others\n"
	"only once it has drained from its store buffer, in any order that the core's barriers leave open. Every access\n"
	"of a device is judged. The first that breaks a rule ends the run and is printed with its seed and what led\n"
	"to it. What no option fixes is drawn from the seed; the same seed and options give the same run.\n"
	"\n"
	"  --seed N        first seed, from 0 (default 1)\n"
	"  --seeds COUNT   so many seeds, one after the other (default 1)\n"
	"  --cpus N        virtual CPUs, 1 to 256\n"
	"  --smmus M       software SMMUs, 1 to 8\n"
	"  --bbml LEVEL    break-before-make level of the SMMUs and the tables, 0 to 2\n"
	"  --nested        streams have a stage 1 as well\n"
	"  --non-coherent  SMMUs do not look into the CPUs' caches\n"
	"  --steps N       transitions in each seed, at least (default 2000)\n"
	"  --verbose       print every event\n"
	"  --help          this text\n"
	"\n"
	"Exit status: 0; 1 if a rule was broken; 2 if anything else is wrong.\n";

enum {
	OPT_SEED = 256,
	OPT_SEEDS,
	OPT_CPUS,
	OPT_SMMUS,
	OPT_BBML,
	OPT_NESTED,
	OPT_NON_COHERENT,
	OPT_STEPS,
	OPT_VERBOSE,
	OPT_HELP,
};

static const struct option long_options[] = {
	{ "seed", required_argument, NULL, OPT_SEED },	 { "seeds", required_argument, NULL, OPT_SEEDS },
	{ "cpus", required_argument, NULL, OPT_CPUS },	 { "smmus", required_argument, NULL, OPT_SMMUS },
	{ "bbml", required_argument, NULL, OPT_BBML },	 { "nested", no_argument, NULL, OPT_NESTED },
	{ "steps", required_argument, NULL, OPT_STEPS }, { "non-coherent", no_argument, NULL, OPT_NON_COHERENT },
	{ "verbose", no_argument, NULL, OPT_VERBOSE },	 { "help", no_argument, NULL, OPT_HELP },
	{ NULL, 0, NULL, 0 },
};

struct command {
	struct simulate_options options;
	uint64_t seed, seeds;
};

static bool read_number(const char *name, const char *text, uint64_t low, uint64_t high, uint64_t *number)
{
	char *end;

	errno = 0;
	*number = strtoull(text, &end, 10);
	if (*text >= '0' && *text <= '9' && !*end && !errno && *number >= low && *number <= high)
		return true;
	message("--%s: '%s' is not a number from %" PRIu64 " to %" PRIu64, name, text, low, high);
	return false;
}

static bool read_small(const char *name, const char *text, uint64_t low, uint64_t high, int *number)
{
	uint64_t value;

	if (!read_number(name, text, low, high, &value))
		return false;
	*number = (int)value;
	return true;
}

static bool read_option(struct command *command, int option)
{
	struct simulate_options *options = &command->options;

	switch (option) {
	case OPT_SEED:
		return read_number("seed", optarg, 0, UINT64_MAX, &command->seed);
	case OPT_SEEDS:
		return read_number("seeds", optarg, 1, UINT32_MAX, &command->seeds);
	case OPT_CPUS:
		return read_small("cpus", optarg, 1, SIM_CPUS_MAX, &options->cpus);
	case OPT_SMMUS:
		return read_small("smmus", optarg, 1, SIMULATE_SMMUS_MAX, &options->smmus);
	case OPT_BBML:
		return read_small("bbml", optarg, 0, 2, &options->bbml);
	case OPT_NESTED:
		options->nested = 1;
		return true;
	case OPT_NON_COHERENT:
		options->non_coherent = 1;
		return true;
	case OPT_STEPS:
		return read_number("steps", optarg, 1, UINT32_MAX, &options->transitions);
	case OPT_VERBOSE:
		options->log = stdout;
		return true;
	default:
		message("try s2shadow simulate --help");
		return false;
	}
}

/* Return: -1 to go on, or the exit status. */
static int read_options(struct command *command, int argc, char **argv)
{
	int option;

	opterr = 0;
	optind = 0;
	while ((option = getopt_long(argc, argv, "+:", long_options, NULL)) != -1) {
		if (option == OPT_HELP) {
			fputs(help, stdout);
			return 0;
		}
		if (option == ':' || option == '?') {
			message(option == ':' ? "%s needs a value; try s2shadow simulate --help" :
						"'%s' is not an option; try s2shadow simulate --help",
				argv[optind - 1]);
			return 2;
		}
		if (!read_option(command, option))
			return 2;
	}
	if (optind < argc) {
		message("'%s' is one argument too many; try s2shadow simulate --help", argv[optind]);
		return 2;
	}
	return -1;
}

static void add_counts(struct simulate_counts *sum, const struct simulate_counts *counts)
{
	uint64_t *to = (uint64_t *)sum, largest = sum->group_largest;
	const uint64_t *from = (const uint64_t *)counts;

	for (size_t i = 0; i < sizeof(*sum) / sizeof(*to); i++)
		to[i] += from[i];
	sum->group_largest = counts->group_largest > largest ? counts->group_largest : largest;
}

static void print_counts(const struct simulate_counts *counts, uint64_t seeds)
{
	const struct {
		const char *name;
		uint64_t count;
	} rows[] = {
		{ "transitions", counts->transitions },
		{ "trips", counts->trips },
		{ "DMA accesses", counts->accesses },
		{ "  that got through", counts->reached },
		{ "points", counts->points },
		{ "  with a switch of CPU", counts->switches },
		{ "stores drained", counts->drained },
		{ "  ahead of an older one", counts->reordered },
		{ "loads of what was replaced", counts->stale },
		{ "commands", counts->commands },
		{ "  syncs", counts->syncs },
		{ "splits", counts->splits },
		{ "collapses", counts->collapses },
		{ "hints", counts->hints },
		{ "ring wraps", counts->wraps },
		{ "flushes while one is in flight", counts->in_flight },
		{ "groups of two and more", counts->groups },
		{ "  the largest", counts->group_largest },
		{ "flushes forced", counts->forced },
		{ "refused, pending", counts->refused },
		{ "compactions", counts->compacts },
		{ "waits that timed out", counts->timeouts },
		{ "trips rolled back", counts->rollbacks },
		{ "commands repaired", counts->repaired },
		{ "SMMUs shut", counts->closed },
		{ "SMMUs not to be shut", counts->lost },
		{ "pages quarantined", counts->quarantined },
		{ "events lost", counts->events_lost },
	};

	printf("%" PRIu64 " seed%s clean\n", seeds, seeds == 1 ? "" : "s");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		printf("  %-32s %12" PRIu64 "\n", rows[i].name, rows[i].count);
	printf("faults\n");
	for (unsigned i = 0; i < FAULT_KINDS; i++)
		printf("  %-32s %12" PRIu64 "\n", simulate_fault_name((enum simulate_fault)i), counts->faults[i]);
}

static void print_violation(const struct simulate *world)
{
	const struct simulate_shape *shape = &world->shape;

	printf("seed %" PRIu64 ": %s\n", world->seed, world->violation);
	printf("%u CPUs, %u SMMUs, bbml %u%s%s, ring of %u; the last events:\n", shape->cpus, shape->smmus, shape->bbml,
	       shape->nested ? ", nested" : "", shape->non_coherent ? ", not coherent" : "", 1u << shape->cmdq_lg2);
	simulate_history_print(&world->history, stdout, world->violation_page, world->violation_count);
}

static int run(const struct command *command, struct simulate *world)
{
	struct simulate_counts sum = { 0 };

	for (uint64_t i = 0; i < command->seeds; i++) {
		int result = simulate_seed(world, &command->options, command->seed + i);

		if (result < 0)
			message("out of memory");
		if (result > 0)
			print_violation(world);
		add_counts(&sum, &world->counts);
		simulate_close(world);
		if (result)
			return result < 0 ? 2 : 1;
	}
	print_counts(&sum, command->seeds);
	return 0;
}

int simulate_main(int argc, char **argv)
{
	struct command command = { .seed = 1, .seeds = 1 };
	struct simulate *world;
	int status;

	simulate_options_default(&command.options);
	status = read_options(&command, argc, argv);
	if (status >= 0)
		return status;
	world = calloc(1, sizeof(*world));
	if (!world) {
		message("out of memory");
		return 2;
	}
	status = run(&command, world);
	free(world);
	return status;
}
