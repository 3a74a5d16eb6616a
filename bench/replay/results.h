/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * results.h - what a replay found, as a table and as JSON. docs/results.md explains every column and key.
 */
#ifndef BENCH_RESULTS_H
#define BENCH_RESULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "bench/replay/latency.h"
#include "bench/replay/options.h"
#include "bench/replay/verify.h"

/* Of one trace and one policy. */
struct result {
	char *trace;
	enum options_policy policy;
	char *skipped; /* why it was not run; then only trace and policy count */
	uint64_t pool_base, pool_bytes;
	uint64_t ste[8];
	unsigned vmid;
	uint64_t transitions, transitions_access, contradictions;
	uint64_t pages_granted, pages_revoked;
	uint64_t flushes, flushes_forced;
	uint64_t tlbi, syncs, doorbells, doorbells_extra;
	uint64_t table_writes, table_bytes_live, table_bytes_peak;
	uint64_t table_bytes_reserved; /* most at any time */
	uint64_t leaves[4];	       /* by level */
	uint64_t splits, collapses, hints, hints_dropped;
	uint64_t reserved_attempts;
	uint64_t native_ns; /* fastest run of all steps */
	uint64_t *native_sample; /* each run's; native_runs of them */
	unsigned native_runs;
	struct latency_summary latency, latency_revoke, latency_grant;
	struct { /* --ahead */
		uint64_t consents;
		uint64_t pages_early; /* unreachable before the T that donates them, */
		uint64_t page_ns;     /* for so long, all added up, */
		uint64_t ns_max;      /* and the longest; of the recording clock */
	} ahead;
	struct verify_counts verify;
	uint64_t violations;
	struct {
		uint64_t tlbi, syncs, doorbells, table_writes, table_bytes_live;
	} init;
};

struct results {
	const struct options *options;
	struct result *result;
	size_t count;
	int cpu; /* that the replay was bound to; -1: to none */
	bool interrupted; /* by Ctrl-C: not all that was asked for is there */
};

/* A zeroed entry at the end; NULL if memory is short. Earlier pointers become invalid. */
struct result *results_add(struct results *results, const char *trace, enum options_policy policy);
/* Leave out what ran but was never timed. */
void results_drop_untimed(struct results *results);

void results_free(struct results *results);

/* One timed run of all steps took @ns. Return: 0; -1 if memory is short. */
int result_add_run(struct result *result, uint64_t ns) __attribute__((warn_unused_result));

/* Nanoseconds for each of @count; 0 if there are none. */
double result_ns_per(const struct result *result, uint64_t count);

/* How many for each access-changing T; 0 if there are none. */
double result_per_access(const struct result *result, uint64_t count);

/* SYNC commands for each 1000 pages revoked; 0 if there are none. */
double result_syncs_per_1000(const struct result *result);

/* How long a page was unreachable early, in the mean. */
double result_early_ns(const struct result *result);

/* Does it show what the trace's hypervisor does not do? */
bool results_is_what_if(const struct results *results, const struct result *result);

/* cpu_ns of eager on the same trace divided by this one's; 0 if there is no such figure. */
double results_ratio_to_eager(const struct results *results, const struct result *result);

void results_print(const struct results *results, FILE *file);

/* Return: 0; -1 if memory is short or a write failed. */
int results_write_json(const struct results *results, FILE *file) __attribute__((warn_unused_result));

#endif
