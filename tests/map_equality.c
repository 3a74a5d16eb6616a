/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * map_equality.c - the map of every policy equals the trace's own oracle, and so each other's.
 *
 * Usage: map_equality [OPTION of s2shadow replay]... TRACE
 *
 * One process for a trace and a configuration, all points in one pass: the first T, five points spread over
 * the file, the peak of pages without access, the end. At each a flush is inserted, as --until does, and
 * `--map` of the raw tables is compared with the oracle's map, byte for byte. Speaks TAP.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/common/message.h"
#include "bench/policy/instant.h"
#include "bench/replay/mapfile.h"
#include "bench/replay/options.h"
#include "bench/replay/oracle.h"
#include "bench/replay/world.h"
#include "bench/trace/trace_scale.h"
#include "engine/platform/linux.h"

#define SPREAD	   5u
#define POINTS_MAX (SPREAD + 3)

struct map {
	char *text;
	size_t bytes;
};

struct equality {
	struct options options;
	const char *path;
	struct trace trace;
	struct world world;
	struct instant instant[SHADOW_SMMUS_MAX];
	uint64_t seq[POINTS_MAX];
	unsigned points;
	struct map expected[POINTS_MAX];
	unsigned cases;
	bool failed;
};

static void die(const char *what)
{
	message("map_equality: %s", what);
	exit(2);
}

static int compare_seq(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return (a > b) - (a < b);
}

static void find_points(struct equality *equality)
{
	struct oracle_points points;
	unsigned kept = 0;

	if (oracle_points(&equality->trace, SPREAD, &points) || !points.any)
		die("the trace has no T");
	equality->seq[equality->points++] = points.first_seq;
	for (size_t i = 0; i < points.spread_count; i++)
		equality->seq[equality->points++] = points.spread_seq[i];
	equality->seq[equality->points++] = points.peak_seq;
	equality->seq[equality->points++] = points.last_seq;
	qsort(equality->seq, equality->points, sizeof(*equality->seq), compare_seq);
	for (unsigned i = 0; i < equality->points; i++)
		if (!kept || equality->seq[i] != equality->seq[kept - 1])
			equality->seq[kept++] = equality->seq[i];
	equality->points = kept;
}

static void find_expected(struct equality *equality)
{
	struct oracle oracle;
	size_t record = 0;

	if (oracle_init(&oracle, &equality->trace, equality->world.closed, equality->world.closed_count))
		die("out of memory");
	for (unsigned i = 0; i < equality->points; i++) {
		struct map *map = &equality->expected[i];
		size_t end = schedule_records(&equality->trace, equality->seq[i]);
		struct oracle_change change;
		FILE *file;

		for (; record < end; record++)
			if (oracle_apply(&oracle, &equality->trace.records[record], &change))
				die("out of memory");
		file = open_memstream(&map->text, &map->bytes);
		if (!file || oracle_map_write(&oracle, file) || fclose(file))
			die("out of memory");
	}
	oracle_free(&oracle);
}

static void compare_map(struct equality *equality, const struct policy_ops *ops, struct policy *policy,
			unsigned point)
{
	const struct map *expected = &equality->expected[point];
	struct map map = { 0 };
	struct tables tables;
	uint64_t ste[8];
	bool equal;
	FILE *file = open_memstream(&map.text, &map.bytes);

	if (!file)
		die("out of memory");
	ops->ste(policy, ste);
	equal = !tables_open(&tables, ste, &equality->world.model) && !mapfile_write(file, &tables);
	fclose(file);
	equal = equal && map.bytes == expected->bytes && !memcmp(map.text, expected->text, map.bytes);
	printf("%sok %u - the map of %s is the oracle's at seq %" PRIu64 " of %s\n", equal ? "" : "not ",
	       ++equality->cases, ops->name, equality->seq[point], equality->trace.name);
	equality->failed |= !equal;
	free(map.text);
}

/* The steps from the last point to this one, and a flush. */
static void play_to(struct equality *equality, const struct policy_ops *ops, struct policy *policy,
		    const struct schedule *schedule, size_t *next, unsigned point)
{
	size_t end = schedule_records(&equality->trace, equality->seq[point]), first = *next;
	struct schedule piece = *schedule;
	const struct op *failed;
	uint64_t ns;

	while (*next < schedule->count && schedule->ops[*next].record < end)
		++*next;
	piece.ops = schedule->ops + first;
	piece.count = *next - first;
	if (runner_native.play(ops, policy, &piece, NULL, &ns, &failed) || ops->flush(policy))
		die("a policy failed");
}

static void run_policy(struct equality *equality, enum options_policy number)
{
	const struct policy_ops *ops = runner_native.policies[number];
	struct schedule_flush flush = equality->options.flush;
	struct schedule schedule;
	struct policy *policy;
	size_t next = 0;

	if (number != OPTIONS_BATCHED)
		flush.mode = SCHEDULE_NONE;
	for (unsigned i = 0; i < equality->options.smmus; i++)
		instant_set_coherent(&equality->instant[i], world_is_coherent(&equality->world, number));
	if (schedule_make(&schedule, &equality->trace, equality->trace.records_count, flush) ||
	    world_pool_open(&equality->world) || ops->open(&equality->world.policy, &policy))
		die("bring-up failed");
	for (unsigned i = 0; i < equality->points; i++) {
		play_to(equality, ops, policy, &schedule, &next, i);
		compare_map(equality, ops, policy, i);
	}
	ops->close(policy);
	world_pool_close(&equality->world);
	schedule_free(&schedule);
}

static unsigned cpu_count(const struct trace *trace)
{
	unsigned count = 1;

	for (size_t i = 0; i < trace->records_count; i++)
		if (trace->records[i].cpu >= count)
			count = trace->records[i].cpu + 1u;
	return count;
}

static void add_instants(struct equality *equality)
{
	for (unsigned i = 0; i < equality->options.smmus; i++) {
		if (instant_add(&equality->instant[i], !equality->options.no_ril, equality->options.nested))
			die("no room for a device");
		equality->world.policy.smmu[i].registers = equality->instant[i].registers;
	}
}

static void clean_up(struct equality *equality)
{
	for (unsigned i = 0; i < equality->options.smmus; i++)
		instant_remove(&equality->instant[i]);
	for (unsigned i = 0; i < equality->points; i++)
		free(equality->expected[i].text);
	world_free(&equality->world);
	trace_free(&equality->trace);
	options_free(&equality->options);
}

int main(int argc, char **argv)
{
	static struct equality equality;
	struct trace_error error;

	if (options_parse(&equality.options, argc, argv))
		return 2;
	if (equality.options.help || equality.options.traces_count != 1)
		die("needs one trace");
	equality.path = equality.options.traces[0];
	if (trace_load(equality.path, &equality.trace, &error) ||
	    trace_scale(&equality.trace, equality.options.scale_lg2, &error))
		die(error.message);
	if (world_init(&equality.world, &equality.options, equality.path, &equality.trace,
		       cpu_count(&equality.trace)))
		return 2;
	platform_linux_set_host_lock(true);
	find_points(&equality);
	find_expected(&equality);
	printf("1..%u\n", equality.points * equality.options.policies_count);
	add_instants(&equality);
	for (unsigned policy = 0; policy < OPTIONS_POLICIES; policy++)
		if (equality.options.policy[policy])
			run_policy(&equality, policy);
	clean_up(&equality);
	return equality.failed;
}
