/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * stages.c - which stage of a flush a CPU is in, and what hardware counters count in each.
 *
 * Counters are read where a stage ends and the next begins, by one system call each: what the kernel does for
 * that is not counted, but caches and predictors have seen it.
 */
#include "bench/replay/stages.h"

#include <inttypes.h>
#include <string.h>

static const char *const names[STAGES] = {
	"host", "drain", "retire", "coalesce", "plan", "prepare", "write", "invalidate", "sync",
};

const char *stages_name(enum stage stage)
{
	return names[stage];
}

enum stage stages_next(enum stage now, enum platform_trace_event event)
{
	switch (event) {
	case PLATFORM_TRACE_DRAIN:
		return STAGE_DRAIN;
	case PLATFORM_TRACE_RETIRE: /* outside of a flush a moment */
		return now == STAGE_HOST || now == STAGE_SYNC ? now : STAGE_RETIRE;
	case PLATFORM_TRACE_COALESCE:
		return STAGE_COALESCE;
	case PLATFORM_TRACE_PLAN:
		return STAGE_PLAN;
	case PLATFORM_TRACE_PREPARE:
		return STAGE_PREPARE;
	case PLATFORM_TRACE_WRITE:
		return STAGE_WRITE;
	case PLATFORM_TRACE_INVALIDATE:
		return STAGE_INVALIDATE;
	case PLATFORM_TRACE_SYNC:
		return STAGE_SYNC;
	case PLATFORM_TRACE_QUEUE:
	case PLATFORM_TRACE_FLUSH_START:
	case PLATFORM_TRACE_FLUSH_END:
		return STAGE_HOST;
	default:
		return now;
	}
}

void stages_begin(struct stages *stages, const struct counters *counters)
{
	memset(stages, 0, sizeof(*stages));
	stages->counters = counters;
	stages->entered[STAGE_HOST] = 1;
	counters_read(counters, &stages->at);
}

static void enter(struct stages *stages, enum stage stage)
{
	struct counters_reading now;

	if (stage == stages->now)
		return;
	counters_read(stages->counters, &now);
	counters_add(&stages->sum[stages->now], &stages->at, &now);
	stages->at = now;
	stages->now = stage;
	stages->entered[stage]++;
}

void stages_hit(void *ctx, enum platform_trace_event event, uint64_t a, uint64_t b)
{
	struct stages *stages = ctx;

	(void)a;
	(void)b;
	enter(stages, stages_next(stages->now, event));
}

static int go_on(void *ctx, const struct op *op)
{
	(void)op;
	enter(ctx, STAGE_HOST);
	return 0;
}

const struct runner_hooks stages_hooks = {
	.transition_before = go_on,
	.transition_after = go_on,
	.flush_before = go_on,
	.flush_after = go_on,
};

static void print_value(const struct stages *stages, enum stage stage, enum counter counter, FILE *file)
{
	double value;
	bool scaled;

	if (counters_value(&stages->sum[stage], counter, &value, &scaled))
		fprintf(file, " %8.1f%c", value / (double)stages->entered[stage], scaled ? '~' : ' ');
	else
		fprintf(file, " %8s ", "-");
}

void stages_print(const struct stages *stages, FILE *file)
{
	static const char *const heads[COUNTERS] = { "cycles", "instr.", "L1D", "LLC", "dTLB", "branch" };

	fprintf(file, "%-10s %7s", "stage", "times");
	for (unsigned counter = 0; counter < COUNTERS; counter++)
		fprintf(file, " %8s ", heads[counter]);
	fputc('\n', file);
	for (unsigned stage = 0; stage < STAGES; stage++) {
		if (!stages->entered[stage])
			continue;
		fprintf(file, "%-10s %7" PRIu64, names[stage], stages->entered[stage]);
		for (unsigned counter = 0; counter < COUNTERS; counter++)
			print_value(stages, (enum stage)stage, (enum counter)counter, file);
		fputc('\n', file);
	}
	fputs("measured in user space, for each time that a stage was entered; L1D to branch:\n"
	      "misses; ~: scaled up, as counters took turns\n",
	      file);
}
