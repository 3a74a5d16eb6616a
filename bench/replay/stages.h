/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * stages.h - which stage of a flush a CPU is in, from what a traced core says; and what hardware counters
 * count in each.
 */
#ifndef BENCH_STAGES_H
#define BENCH_STAGES_H

#include <stdio.h>

#include <shadow/platform.h>

#include "bench/common/counters.h"
#include "bench/policy/runner.h"

enum stage {
	STAGE_HOST, /* in no flush, and no wait: reserve, queue, and what the caller does */
	STAGE_DRAIN,
	STAGE_RETIRE,
	STAGE_COALESCE,
	STAGE_PLAN,
	STAGE_PREPARE,
	STAGE_WRITE,
	STAGE_INVALIDATE,
	STAGE_SYNC,
	STAGES
};

/* "host", "drain", ... */
const char *stages_name(enum stage stage);

/* The stage that begins with @event, where @now was. A wait ends with the next transition or flush, or when
 * the caller says so. Return: @now, if none begins. */
enum stage stages_next(enum stage now, enum platform_trace_event event);

struct stages {
	enum stage now;
	const struct counters *counters;
	struct counters_reading at, sum[STAGES];
	uint64_t entered[STAGES];
};

/* The thread that calls is on the host's side of things. @counters: open; kept. */
void stages_begin(struct stages *stages, const struct counters *counters);
/* A hook for traced_set(). @ctx: the struct stages. */
void stages_hit(void *ctx, enum platform_trace_event event, uint64_t a, uint64_t b);
/* For the runner, likewise: after a flush and its wait what comes is the host's again. */
extern const struct runner_hooks stages_hooks;

/* A line for each stage that was entered, each number for one time that it was. */
void stages_print(const struct stages *stages, FILE *file);

#endif
