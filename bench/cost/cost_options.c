/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * cost_options.c - the command line of `s2shadow profile`.
 */
#include "bench/cost/cost_options.h"

#include <stdlib.h>
#include <string.h>

#include "bench/common/getopts.h"
#include "bench/common/message.h"
#include "bench/cost/cost_help.h"

#define RUNS_MAX   65536u
#define PAGES_MAX  (UINT64_C(1) << 20) /* in all runs: what one command each may be for without ranges */
#define LENGTH_MAX 65536u
#define GAP_MAX	   (1u << 20)

enum {
	OPT_RUNS = 256,
	OPT_LENGTH,
	OPT_GAP,
	OPT_BATCH,
	OPT_SMMUS,
	OPT_NESTED,
	OPT_STRATEGY,
	OPT_TRACE,
	OPT_MEASURED,
	OPT_FLUSH,
	OPT_UNTIL,
	OPT_PLANNER,
	OPT_DEVICE,
	OPT_DMA,
	OPT_PAGES,
	OPT_ACCESSES,
	OPT_LEAF,
	OPT_SEED,
	OPT_REPETITIONS,
	OPT_CSV,
	OPT_JSON,
	OPT_PLOT,
};

static const struct option long_options[] = {
	{ "runs", required_argument, NULL, OPT_RUNS },
	{ "length", required_argument, NULL, OPT_LENGTH },
	{ "gap", required_argument, NULL, OPT_GAP },
	{ "batch", required_argument, NULL, OPT_BATCH },
	{ "smmus", required_argument, NULL, OPT_SMMUS },
	{ "nested", required_argument, NULL, OPT_NESTED },
	{ "strategy", required_argument, NULL, OPT_STRATEGY },
	{ "trace", required_argument, NULL, OPT_TRACE },
	{ "measured", required_argument, NULL, OPT_MEASURED },
	{ "flush", required_argument, NULL, OPT_FLUSH },
	{ "until", required_argument, NULL, OPT_UNTIL },
	{ "planner", required_argument, NULL, OPT_PLANNER },
	{ "device", required_argument, NULL, OPT_DEVICE },
	{ "dma", required_argument, NULL, OPT_DMA },
	{ "pages", required_argument, NULL, OPT_PAGES },
	{ "accesses", required_argument, NULL, OPT_ACCESSES },
	{ "leaf", required_argument, NULL, OPT_LEAF },
	{ "seed", required_argument, NULL, OPT_SEED },
	{ "repetitions", required_argument, NULL, OPT_REPETITIONS },
	{ "csv", required_argument, NULL, OPT_CSV },
	{ "json", required_argument, NULL, OPT_JSON },
	{ "plot", required_argument, NULL, OPT_PLOT },
	{ "help", no_argument, NULL, GETOPTS_HELP },
	{ NULL, 0, NULL, 0 },
};

static const char *name_of(int option)
{
	return long_options[option - OPT_RUNS].name;
}

/* ---- lists ------------------------------------------------------------------------------------------------------- */

/* A word of a list of words. */
static bool read_word(int option, const char *text, uint64_t *value)
{
	if (option == OPT_NESTED) {
		*value = !strcmp(text, "yes");
		if (*value || !strcmp(text, "no"))
			return true;
		message("--nested: '%s' is neither no nor yes", text);
		return false;
	}
	for (*value = 0; *value < COST_STRATEGIES; ++*value)
		if (!strcmp(text, cost_strategy_name((enum cost_strategy)*value)))
			return true;
	message("--strategy: '%s' is none of page, range, exact, bridged, vmid, planned", text);
	return false;
}

/* Values between commas, from 1 to @high; words if @high is 0. */
static bool read_list(int option, uint64_t high, struct cost_list *list)
{
	char *text = optarg;

	for (list->count = 0; text; list->count++) {
		char *comma = strchr(text, ',');
		uint64_t *value = &list->value[list->count];

		if (list->count == COST_LIST_MAX) {
			message("--%s: more than %u values", name_of(option), COST_LIST_MAX);
			return false;
		}
		if (comma)
			*comma++ = '\0';
		if (high ? !getopts_number(name_of(option), text, 1, high, value) : !read_word(option, text, value))
			return false;
		text = comma;
	}
	return true;
}

static bool read_swept(struct cost_options *options, int option, uint64_t high, struct cost_list *list)
{
	options->swept = options->varied = name_of(option);
	return read_list(option, high, list);
}

static bool read_strategies(struct cost_common *common)
{
	struct cost_list list;

	if (!read_list(OPT_STRATEGY, 0, &list))
		return false;
	memset(common->strategy, 0, sizeof(common->strategy));
	for (unsigned i = 0; i < list.count; i++)
		common->strategy[list.value[i]] = true;
	return true;
}

/* All six of them, each in its range. */
static bool read_planner(struct shadow_tlbi_cost *cost)
{
	uint32_t *member[] = { &cost->command, &cost->sync, &cost->entry, &cost->table, &cost->vmid, &cost->share };
	char *text = optarg;

	for (unsigned i = 0; i < 6; i++) {
		char *comma = text ? strchr(text, ',') : NULL;
		uint64_t value;

		if (!text || (i == 5 && comma)) {
			message("--planner: not six numbers: command,sync,entry,table,vmid,share");
			return false;
		}
		if (comma)
			*comma++ = '\0';
		if (!getopts_number("planner", text, i == 0 || i == 5, SHADOW_TLBI_COST_MAX, &value))
			return false;
		*member[i] = (uint32_t)value;
		text = comma;
	}
	return true;
}

/* ---- the rest ---------------------------------------------------------------------------------------------------- */

static bool read_unsigned(int option, uint64_t low, uint64_t high, unsigned *number)
{
	uint64_t value;

	if (!getopts_number(name_of(option), optarg, low, high, &value))
		return false;
	*number = (unsigned)value;
	return true;
}

static bool read_pattern(enum cost_pattern *pattern)
{
	for (unsigned i = 0; i < COST_PATTERNS; i++) {
		*pattern = (enum cost_pattern)i;
		if (!strcmp(optarg, cost_pattern_name(*pattern)))
			return true;
	}
	message("--dma: '%s' is none of sequential, uniform, hot", optarg);
	return false;
}

static bool read_leaf(unsigned *level)
{
	*level = !strcmp(optarg, "2M") ? 2 : 3;
	if (*level == 2 || !strcmp(optarg, "4K"))
		return true;
	message("--leaf: '%s' is neither 4K nor 2M", optarg);
	return false;
}

static bool read_plot(const char **file)
{
	const char *end = strrchr(optarg, '.');

	if (end && (!strcmp(end, ".svg") || !strcmp(end, ".png")))
		return !getopts_file("plot", optarg, file);
	message("--plot: '%s' ends in neither .svg nor .png", optarg);
	return false;
}

static bool read_option(void *into, int option)
{
	struct cost_options *options = into;
	struct cost_common *common = &options->common;

	switch (option) {
	case OPT_RUNS:
		return read_swept(options, option, RUNS_MAX, &options->runs);
	case OPT_LENGTH:
		return read_swept(options, option, LENGTH_MAX, &options->length);
	case OPT_GAP:
		return read_swept(options, option, GAP_MAX, &options->gap);
	case OPT_BATCH:
		return read_swept(options, option, RUNS_MAX, &options->batch);
	case OPT_TRACE:
		return !getopts_file("trace", optarg, &options->trace);
	case OPT_MEASURED:
		return !getopts_file("measured", optarg, &options->measured);
	case OPT_FLUSH:
		options->flush = optarg;
		return true;
	case OPT_UNTIL:
		options->until = optarg;
		return true;
	case OPT_SMMUS:
		options->varied = name_of(option);
		return read_list(option, SHADOW_SMMUS_MAX, &options->smmus);
	case OPT_NESTED:
		options->varied = name_of(option);
		return read_list(option, 0, &options->nested);
	case OPT_STRATEGY:
		options->varied = name_of(option);
		return read_strategies(common);
	case OPT_PLANNER:
		return read_planner(&common->planner);
	case OPT_DEVICE:
		return !getopts_file("device", optarg, &options->device);
	case OPT_DMA:
		return read_pattern(&common->stream.pattern);
	case OPT_PAGES:
		return read_unsigned(option, 1, 1u << 22, &common->stream.pages);
	case OPT_ACCESSES:
		return read_unsigned(option, 0, 100000000, &common->stream.accesses);
	case OPT_LEAF:
		return read_leaf(&common->stream.leaf);
	case OPT_SEED:
		return getopts_number("seed", optarg, 0, UINT64_MAX, &common->stream.seed);
	case OPT_CSV:
		return !getopts_file("csv", optarg, &options->csv);
	case OPT_JSON:
		return !getopts_file("json", optarg, &options->json);
	case OPT_PLOT:
		return read_plot(&options->plot);
	default:
		return read_unsigned(option, 0, 1001, &common->repetitions);
	}
}

static uint64_t most(const struct cost_list *list)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < list->count; i++)
		value = list->value[i] > value ? list->value[i] : value;
	return value;
}

static bool fits(const struct cost_options *options)
{
	uint64_t pages = most(&options->runs) * most(&options->length);

	if (pages <= PAGES_MAX)
		return true;
	message("--runs and --length: more than %u pages in all", (unsigned)PAGES_MAX);
	return false;
}

static bool goes_together(const struct cost_options *options)
{
	const char *of_traces = options->flush ? "flush" : options->until ? "until" : NULL;

	if (options->measured && (options->trace || options->varied))
		message("--measured and --%s do not go together", options->trace ? "trace" : options->varied);
	else if (options->trace && options->swept)
		message("--trace and --%s do not go together", options->swept);
	else if (!options->trace && of_traces)
		message("--%s needs --trace", of_traces);
	else
		return true;
	return false;
}

/* No two outputs in one file, and none over an input. */
static bool files_differ(const struct cost_options *options)
{
	const char *file[] = { options->csv, options->json, options->plot };

	for (unsigned i = 0; i < 3; i++) {
		for (unsigned j = 0; file[i] && j < i; j++)
			if (file[j] && getopts_same_file(file[i], file[j])) {
				message("%s: two outputs in one file", file[i]);
				return false;
			}
		if (file[i] && (getopts_same_file(file[i], options->device) ||
				(options->trace && getopts_same_file(file[i], options->trace)) ||
				(options->measured && getopts_same_file(file[i], options->measured)))) {
			message("%s: an output would overwrite an input", file[i]);
			return false;
		}
	}
	return true;
}

static bool can_do_any(const struct cost_options *options)
{
	for (unsigned i = 0; i < COST_STRATEGIES; i++)
		if (cost_is_swept(&options->common, (enum cost_strategy)i))
			return true;
	message("--strategy: %s has no range invalidation, which all of these need", options->common.device.name);
	return false;
}

static void set_defaults(struct cost_options *options)
{
	*options = (struct cost_options){
		.common = { .stream = { .pattern = COST_UNIFORM, .pages = 4096, .accesses = 20000, .leaf = 3, .seed = 1 },
			    .strategy = { true, true, true, true, true, true },
			    .repetitions = 11 },
		.runs = { { 1, 16, 256, 4096 }, 4 },
		.length = { { 1 }, 1 },
		.gap = { { 64 }, 1 },
		.batch = { { RUNS_MAX }, 1 },
		.smmus = { { 1 }, 1 },
		.nested = { { 0 }, 1 },
		.device = "mmu-700",
	};
}

static int by_value(const void *left, const void *right)
{
	const uint64_t *a = left, *b = right;

	return *a < *b ? -1 : *a > *b;
}

int cost_options_read(struct cost_options *options, int argc, char **argv)
{
	int status;

	set_defaults(options);
	status = getopts_command(argc, argv, long_options, cost_help, read_option, options);
	if (status >= 0)
		return status;
	/* Curves and crossings want it so. */
	qsort(options->runs.value, options->runs.count, sizeof(options->runs.value[0]), by_value);
	if (!goes_together(options) || !fits(options) || !files_differ(options) || cost_device_load(&options->common.device, options->device) || !can_do_any(options))
		return 2;
	return -1;
}

static const struct cost_list *list_of(const struct cost_options *options, unsigned index)
{
	const struct cost_list *lists[] = { &options->runs,  &options->batch, &options->length,
					    &options->gap,   &options->smmus, &options->nested };

	return lists[index];
}

/* Of a trace, only SMMUs and nesting are varied. */
size_t cost_options_points(const struct cost_options *options)
{
	size_t points = 1;

	for (unsigned i = options->trace ? 4 : 0; i < 6; i++)
		points *= list_of(options, i)->count;
	return points;
}

struct cost_point cost_options_point(const struct cost_options *options, size_t index)
{
	uint64_t value[6] = { 0 };

	for (unsigned i = options->trace ? 4 : 0; i < 6; i++) {
		const struct cost_list *list = list_of(options, i);

		value[i] = list->value[index % list->count];
		index /= list->count;
	}
	return (struct cost_point){ .runs = (unsigned)value[0], .batch = (unsigned)value[1],
				    .length = (unsigned)value[2], .gap = (unsigned)value[3],
				    .smmus = (unsigned)value[4], .nested = value[5] };
}
