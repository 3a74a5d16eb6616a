/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * timeline.h - a replay as trace-event JSON, for Perfetto and chrome://tracing.
 *
 * Two processes that have nothing to do with each other but the work: "measured" has the CPUs of the trace,
 * with what a traced core did on this machine, by its clock; "modelled" has the SMMUs, with the modelled time
 * of their SYNCs and of who waits for them, by the trace's clock.
 */
#ifndef BENCH_TIMELINE_H
#define BENCH_TIMELINE_H

#include <stdio.h>

#include <shadow/platform.h>

#include "bench/policy/runner.h"

struct timeline_event {
	uint64_t ns, a, b;
	uint8_t what, cpu; /* enum platform_trace_event, or one of timeline.c's own */
};

struct timeline {
	FILE *file;
	bool any;			 /* something was written */
	unsigned tlbi[SHADOW_SMMUS_MAX]; /* since the last SYNC */
	/* Kept in memory until the pass is over, so that writing costs nothing in between. */
	struct timeline_event *event;
	size_t count, capacity;
	bool short_of_memory;
	uint64_t start_ns;
	uint8_t cpu;
};

/* The head, and names of rows. @name: of the trace. */
void timeline_open(struct timeline *timeline, FILE *file, const char *name, const char *policy,
		   unsigned cpu_count, unsigned smmu_count, uint64_t sync_ns);

/* Modelled. */
void timeline_command(struct timeline *timeline, unsigned smmu);
void timeline_sync(struct timeline *timeline, unsigned smmu, uint64_t start_ns, uint64_t end_ns);
void timeline_doorbell(struct timeline *timeline, unsigned smmu, uint64_t ns, uint64_t position);
void timeline_wait(struct timeline *timeline, unsigned cpu, uint64_t start_ns, uint64_t end_ns);

/* Measured: a hook for traced_set(), and hooks for the runner. Their ctx is the struct timeline. */
void timeline_begin(struct timeline *timeline);
void timeline_hit(void *ctx, enum platform_trace_event event, uint64_t a, uint64_t b);
extern const struct runner_hooks timeline_hooks;

/* Write what was measured, and the end. Return: 0; -1 if memory was short. Errors of the file show in
 * ferror(). */
int timeline_finish(struct timeline *timeline) __attribute__((warn_unused_result));
void timeline_free(struct timeline *timeline);

#endif
