/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * options.h - the options of `s2shadow replay`, checked.
 */
#ifndef BENCH_OPTIONS_H
#define BENCH_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <shadow/smmu.h>

#include "bench/policy/schedule.h"

enum options_policy {
	OPTIONS_EAGER,
	OPTIONS_STRICT,
	OPTIONS_BATCHED,
	OPTIONS_POLICIES,
};

#define OPTIONS_BATCH_MAX    65536u
#define OPTIONS_COMPACT_MAX  65536u
#define OPTIONS_LIST_MAX     4096u
#define OPTIONS_AHEAD_MIN    (UINT64_C(8) << 10) /* two pages */
#define OPTIONS_AHEAD_MAX    (UINT64_C(1) << 30)
#define OPTIONS_REPEAT_MAX   10000u
#define OPTIONS_SYNC_NS_MAX  1000000000u /* a second */
#define OPTIONS_ADDRESS_BITS 48u	 /* of the pool: S2PS and the model's OAS */

struct options {
	bool policy[OPTIONS_POLICIES];
	unsigned policies_count;
	struct schedule_flush flush;
	unsigned scale_lg2; /* --granule: the trace's pages are 4 KiB << this */
	const char *mode_option; /* which of flush, group and list was given; NULL: none */
	unsigned smmus;
	bool nested;
	unsigned bbml;
	enum shadow_collapse collapse;
	bool contiguous, fwb, non_coherent;
	unsigned compact; /* 0: never */
	bool no_ril;
	bool has_until;
	uint64_t until;
	bool has_pool;
	uint64_t pool;
	struct shadow_range *reserved;
	unsigned reserved_count;
	bool lenient;
	uint64_t sync_ns;
	unsigned repeat; /* timed runs; 0: until it is enough */
	bool verify;
	const char *cpus, *membind; /* as placement_read() takes them; NULL: its defaults */
	bool huge_pages;
	const char *json, *map, *log, *image, *timeline; /* NULL: not wanted */
	bool counters;
	char **traces;
	unsigned traces_count;
	bool help;
};

const char *options_policy_name(enum options_policy policy);

/* The --granule argument of these settings, and what its leaves of a level (1 to 3) are called; NULL: none. */
const char *options_granule_name(const struct options *options);
const char *options_leaf_name(const struct options *options, unsigned level);

/* The --collapse argument of this policy. */
const char *options_collapse_name(enum shadow_collapse collapse);

/* The --flush argument of these settings into @text, or "group", or "list N". */
void options_flush_name(const struct schedule_flush *flush, char text[16]);

/* What these settings assume that is more than the trace's hypervisor promises, and what they do that it does not;
 * NULL: nothing. */
const char *options_assumes(const struct schedule_flush *flush);
const char *options_what_if(const struct schedule_flush *flush);

/**
 * options_parse() - read the arguments after "replay".
 * @argv: [0] is the subcommand itself; kept, as traces point into it.
 * Return: 0; -1 after one line on standard error. Release with options_free() either way.
 */
int options_parse(struct options *options, int argc, char **argv) __attribute__((warn_unused_result));
void options_free(struct options *options);

/* The text of `s2shadow replay --help`. */
extern const char options_help[];

#endif
