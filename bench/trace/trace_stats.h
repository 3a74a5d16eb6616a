/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * trace_stats.h - what can be counted in a trace without replaying it.
 *
 * Nothing here is measured: times are those that the trace carries.
 */
#ifndef BENCH_TRACE_STATS_H
#define BENCH_TRACE_STATS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <jansson.h>

#include "bench/common/samples.h"
#include "bench/trace/trace.h"

#define TRACE_STATS_BUCKETS 40u

/* Values from 2^i up to below 2^(i+1) count in bucket i; 0 counts with 1. */
struct trace_histogram {
	uint64_t bucket[TRACE_STATS_BUCKETS];
};

struct trace_share {
	uint64_t records, pages;
};

/* T records of one cause and one change. */
struct trace_kind {
	uint32_t cause; /* for trace_name() */
	uint8_t old_state, new_state;
	struct trace_share share;
};

/* How often a value occurs. */
struct trace_tally {
	uint64_t value, count;
};

struct trace_tallies {
	struct trace_tally *tally; /* by value */
	size_t count, room;
};

/* X records of one reason and id. */
struct trace_trips {
	uint8_t why;
	uint32_t id; /* for trace_name() */
	uint64_t trips, with_transition, calls;
	struct samples ns;
	uint64_t p50_ns, p99_ns; /* of n values in order, that with the index n * percent / 100 */
};

/* A T against the one before it on its CPU. */
enum trace_step {
	TRACE_STEP_ABOVE, /* begins where that one ended, same change */
	TRACE_STEP_BELOW, /* ends where that one began, same change */
	TRACE_STEP_OTHER, /* adjacent, another change */
	TRACE_STEP_SAME,  /* same first page */
	TRACE_STEP_FAR,
	TRACE_STEPS
};

struct trace_stats {
	uint64_t records, type[128]; /* by letter */
	uint64_t duration_ns;
	uint64_t calls;					      /* T that are no further piece */
	struct trace_share transitions, lost, regained, kept; /* access, by their words */
	uint64_t no_change;				      /* T with old = new */
	struct trace_kind *kind;			      /* most records first */
	size_t kinds, kinds_room;
	uint64_t changed_pages, changed_blocks; /* distinct, whose access a T changed */
	uint64_t peak_pages, peak_blocks;	/* in state N at once; whole 2 MiB */
	uint64_t cpu[TRACE_CPUS_MAX];		/* T of each */
	uint64_t gap_ns[3];			/* between T of a CPU: 10 %, median, 90 %; as above */
	struct trace_tallies size;		/* T by pages */
	struct trace_tallies map_size;		/* M by pages */
	struct trace_trips *trip;		/* most trips first */
	size_t trips, trips_room;
	uint64_t trips_with, trips_without, trips_mapped; /* with a T; with none; of those, with an M */
	struct trace_histogram calls_per_trip, segments_per_trip;
	uint64_t step[TRACE_STEPS], steps;
	uint64_t next_above,
		cpu_changes; /* of transitions.records - 1: next in the file begins at the end; other CPU */
	struct trace_histogram run; /* lengths of adjacent T of a CPU with the same change */
	struct trace_histogram away,
		back; /* T between a page's loss and return; between return and next loss */
};

/* Count. @name: of the file, for messages. Return: 0; -1 after a message. Release with trace_stats_free(). */
int trace_stats_count(struct trace_stats *stats, const struct trace *trace, const char *name)
	__attribute__((warn_unused_result));
void trace_stats_free(struct trace_stats *stats);

void trace_histogram_add(struct trace_histogram *histogram, uint64_t value);

/* One trace as text of at most 80 columns; as JSON. */
void trace_stats_print(FILE *file, const struct trace_stats *stats, const struct trace *trace);
json_t *trace_stats_json(const struct trace_stats *stats, const struct trace *trace);

/* `s2shadow trace stats`. */
int trace_stats_main(int argc, char **argv);

#endif
