/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * bench_counters.c - what does a repetition of each benchmark cost in cycles, instructions and misses?
 *
 * Beside every benchmark, where the machine has counters: of its loop without its pauses, of thread 0. One that the kernel
 * had to let take turns with others is scaled up, and called "..._scaled". Under callgrind, where
 * S2SHADOW_COUNT_LOOP is set, the loop alone is collected, and a profile is dumped after it that says how many repetitions
 * it has: for scripts/count-benchmark. Where it is not, a function can be collected: scripts/count-instructions.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <valgrind/callgrind.h>

#include "bench/benchmarks/harness.h"
#include "bench/common/counters.h"

static _Thread_local struct counters counters;
static _Thread_local bool opened;
static _Thread_local struct counters_reading begun, sum;

static void start(void)
{
	const char *why;

	if (!opened)
		opened = !counters_open(&counters, NULL, &why);
	if (opened)
		counters_read(&counters, &begun);
}

static void stop(void)
{
	struct counters_reading now;

	if (!opened)
		return;
	counters_read(&counters, &now);
	counters_add(&sum, &begun, &now);
}

static void report(struct bench *bench, int64_t repetitions)
{
	for (unsigned i = 0; i < COUNTERS && !bench_thread(bench); i++) {
		char name[32];
		double value;
		bool scaled;

		if (!counters_value(&sum, (enum counter)i, &value, &scaled))
			continue;
		snprintf(name, sizeof(name), "%s%s", counters_name((enum counter)i), scaled ? "_scaled" : "");
		bench_counter(bench, name, value / (double)repetitions);
	}
	memset(&sum, 0, sizeof(sum));
	/* The first thread stays, all others are new for each benchmark. */
	if (opened && bench_thread(bench)) {
		counters_close(&counters);
		opened = false;
	}
}

/* Both switch: what comes before the first and after the last loop is not collected. */
static void collect(void)
{
	CALLGRIND_TOGGLE_COLLECT;
}

static void dump(struct bench *bench, int64_t repetitions)
{
	char text[48];

	(void)bench;
	snprintf(text, sizeof(text), "repetitions %" PRId64, repetitions);
	CALLGRIND_DUMP_STATS_AT(text);
}

const char *bench_counters_register(void)
{
	static const struct bench_hooks hardware = { start, stop, report }, callgrind = { collect, collect, dump };
	static char none[96];
	struct counters probe;
	const char *why = "";
	bool there = !counters_open(&probe, NULL, &why);

	counters_close(&probe);
	if (RUNNING_ON_VALGRIND && getenv("S2SHADOW_COUNT_LOOP"))
		bench_set_hooks(&callgrind);
	else if (there)
		bench_set_hooks(&hardware);
	if (there)
		return "perf events";
	snprintf(none, sizeof(none), "none: %s; scripts/count-benchmark counts instructions", why);
	return none;
}
