/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * simulate.c - `s2shadow simulate`: seeds one after the other, up to the first violation.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bench/common/getopts.h"
#include "bench/common/message.h"
#include "bench/common/progress.h"
#include "bench/simulate/simulate_run.h"
#include "bench/simulate/simulate_trace.h"
#include "bench/trace/trace.h"

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
	"  --steps N       transitions in each seed, at least (default 2000); of a trace at most (default all)\n"
	"  --trace FILE    make the trips of a recorded trace, in their order and on their CPUs, instead of made-up ones\n"
	"  --each COUNT    each class of events that is counted has to happen so often in all seeds together\n"
	"  --verbose       print every event\n"
	"  --help          this text\n"
	"\n"
	"Exit status: 0; 1 if a rule was broken, or something happened less often than --each says; 2 if anything else is wrong.\n";

enum {
	OPT_SEED = 256,
	OPT_SEEDS,
	OPT_CPUS,
	OPT_SMMUS,
	OPT_BBML,
	OPT_NESTED,
	OPT_NON_COHERENT,
	OPT_STEPS,
	OPT_TRACE,
	OPT_EACH,
	OPT_VERBOSE,
};

static const struct option long_options[] = {
	{ "seed", required_argument, NULL, OPT_SEED },	 { "seeds", required_argument, NULL, OPT_SEEDS },
	{ "cpus", required_argument, NULL, OPT_CPUS },	 { "smmus", required_argument, NULL, OPT_SMMUS },
	{ "bbml", required_argument, NULL, OPT_BBML },	 { "nested", no_argument, NULL, OPT_NESTED },
	{ "steps", required_argument, NULL, OPT_STEPS }, { "non-coherent", no_argument, NULL, OPT_NON_COHERENT },
	{ "each", required_argument, NULL, OPT_EACH },	 { "verbose", no_argument, NULL, OPT_VERBOSE },
	{ "trace", required_argument, NULL, OPT_TRACE }, { "help", no_argument, NULL, GETOPTS_HELP },
	{ NULL, 0, NULL, 0 },
};

struct command {
	struct simulate_options options;
	uint64_t seed, seeds, each;
	bool steps;		       /* were given */
	const char *path;	       /* of a trace, or NULL */
};

static bool read_small(const char *name, const char *text, uint64_t low, uint64_t high, int *number)
{
	uint64_t value;

	if (!getopts_number(name, text, low, high, &value))
		return false;
	*number = (int)value;
	return true;
}

static bool read_option(void *into, int option)
{
	struct command *command = into;
	struct simulate_options *options = &command->options;

	switch (option) {
	case OPT_SEED:
		return getopts_number("seed", optarg, 0, UINT64_MAX, &command->seed);
	case OPT_SEEDS:
		return getopts_number("seeds", optarg, 1, UINT32_MAX, &command->seeds);
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
		command->steps = true;
		return getopts_number("steps", optarg, 1, UINT32_MAX, &options->transitions);
	case OPT_TRACE:
		command->path = optarg;
		return true;
	case OPT_EACH:
		return getopts_number("each", optarg, 1, UINT32_MAX, &command->each);
	default:
		options->log = stdout;
		return true;
	}
}

static void print_violation(const struct simulate *world)
{
	const struct simulate_shape *shape = &world->shape;

	printf("seed %" PRIu64 ": %s\n", world->seed, world->violation);
	printf("%u CPUs, bbml %u, pages of %u KiB; the last events:\n", shape->cpus, shape->bbml,
	       1u << (shape->granule_lg2 - 10));
	for (unsigned i = 0; i < shape->smmus; i++)
		printf("SMMU %u: ring of %u%s%s%s%s%s\n", i, 1u << shape->smmu[i].cmdq_lg2,
		       shape->smmu[i].nested ? ", nested" : "", shape->smmu[i].non_coherent ? ", not coherent" : "",
		       shape->smmu[i].ats ? ", ATS" : "", shape->smmu[i].late ? ", attached late" : "",
		       shape->smmu[i].errata ? ", errata" : "");
	simulate_history_print(&world->history, stdout, world->violation_page, world->violation_count);
}

/* Seeds are clean: did enough happen in them? */
static int verdict(const struct command *command, uint64_t seeds, const struct simulate_counts *sum)
{
	const char *name = NULL;
	uint64_t least = simulate_counts_least(sum, &name);

	printf("%" PRIu64 " seed%s clean\n", seeds, seeds == 1 ? "" : "s");
	simulate_counts_print(sum, stdout);
	if (seeds < command->seeds) {
		message("interrupted after %" PRIu64 " of %" PRIu64 " seeds", seeds, command->seeds);
		return PROGRESS_EXIT_INTERRUPTED;
	}
	if (least >= command->each)
		return 0;
	message("%s: %" PRIu64 " times, and not %" PRIu64, name, least, command->each);
	return 1;
}

static int run(const struct command *command, struct simulate *world)
{
	struct simulate_counts sum = { 0 };
	uint64_t i;

	progress_catch_interrupt();
	if (!command->options.log)
		progress_start("simulate", command->seeds);
	for (i = 0; i < command->seeds && !progress_interrupted(); i++) {
		int result = simulate_seed(world, &command->options, command->seed + i);

		progress_set(i + 1);
		if (result)
			progress_end();
		if (result < 0)
			message("out of memory");
		if (result > 0)
			print_violation(world);
		simulate_counts_add(&sum, &world->counts);
		simulate_close(world);
		if (result)
			return result < 0 ? 2 : 1;
	}
	progress_end();
	return verdict(command, i, &sum);
}

static bool read_trace(struct command *command, struct trace *trace)
{
	struct simulate_options *options = &command->options;
	struct trace_error error;

	if (trace_load(command->path, trace, &error)) {
		message("%s:%lu: %s", command->path, error.line, error.message);
		return false;
	}
	if (!simulate_trace_fits(trace, command->path)) {
		trace_free(trace);
		return false;
	}
	if (!command->steps || options->transitions > simulate_trace_transitions(trace))
		options->transitions = simulate_trace_transitions(trace);
	options->trace = trace;
	return true;
}

int simulate_main(int argc, char **argv)
{
	struct command command = { .seed = 1, .seeds = 1 };
	struct simulate *world;
	struct trace trace = { 0 };
	int status;

	simulate_options_default(&command.options);
	status = getopts_command(argc, argv, long_options, help, read_option, &command);
	if (status >= 0)
		return status;
	if (command.path && !read_trace(&command, &trace))
		return 2;
	world = calloc(1, sizeof(*world));
	if (!world) {
		message("out of memory");
		return 2;
	}
	status = run(&command, world);
	trace_free(&trace);
	free(world);
	return status;
}
