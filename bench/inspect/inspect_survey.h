/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * inspect_survey.h - what all tables of an image say together: counts by level, extents, runs, problems.
 *
 * Goes on behind what is broken, so that the rest can be seen. Each table is entered once: a second link to
 * it is a problem, and work is bounded by the image's size.
 */
#ifndef BENCH_INSPECT_SURVEY_H
#define BENCH_INSPECT_SURVEY_H

#include <stddef.h>

#include "bench/inspect/inspect_walk.h"

enum inspect_kind {
	INSPECT_HOLE,	/* invalid descriptors */
	INSPECT_MAPPED, /* leaves */
	INSPECT_FAULT,	/* an access cannot be translated although a descriptor is valid */
};

struct inspect_level {
	uint64_t tables, table_bytes;
	uint64_t links;		/* entries that point to tables of the next level */
	uint64_t leaves;	/* blocks, or pages at level 3 */
	uint64_t leaves_hinted; /* of them, in whole contiguous groups */
	uint64_t leaves_marked; /* of them, blocks with nT: no TLB keeps them, as they are about to change */
	uint64_t groups;	/* whole contiguous groups */
	uint64_t holes;		/* invalid entries */
	uint64_t holes_marked;	/* of them, not zero: software says something in them */
	uint64_t faults;	/* entries that an access faults on */
	uint64_t mapped_bytes, hole_bytes;
};

/* A maximal range of adjoining entries at one level that say the same. */
struct inspect_extent {
	uint64_t start, end;
	uint64_t pa; /* of start, if mapped */
	enum inspect_kind kind;
	enum model_fault fault;
	int level;
	bool read, write, device, hinted;
};

/* Adjoining extents that a device cannot tell apart: of any level, with or without hint. */
struct inspect_run {
	uint64_t start, end, pa;
	enum inspect_kind kind;
	enum model_fault fault;
	bool read, write, device;
	uint64_t entries[INSPECT_LEVELS], hinted[INSPECT_LEVELS]; /* [level - INSPECT_LEVEL_MIN] */
};

/* Something that no right shadow has. */
struct inspect_problem {
	uint64_t start, end; /* input addresses that it concerns */
	int level;
	bool has_descriptor;
	uint64_t descriptor_pa, descriptor; /* the first of them */
	const char *what;
};

struct inspect_survey {
	struct inspect_level level[INSPECT_LEVELS]; /* [level - INSPECT_LEVEL_MIN] */
	struct inspect_extent *extents;
	size_t extent_count, extent_capacity;
	struct inspect_run *runs;
	size_t run_count, run_capacity;
	struct inspect_problem *problems;
	size_t problem_count, problem_capacity;
	uint64_t mapped_bytes, device_bytes, read_only_bytes, write_only_bytes, hole_bytes, fault_bytes;
	uint64_t largest_hole;
	uint64_t leaves, leaves_fewest; /* and how few would do for the same runs */
	size_t hole_runs;
	bool identity; /* every output address is its input address */
};

static inline struct inspect_level *inspect_level_of(struct inspect_survey *survey, int level)
{
	return &survey->level[level - INSPECT_LEVEL_MIN];
}

/** inspect_survey() - go through everything. Return: 0; -1: out of memory. Free it either way. */
int inspect_survey(struct inspect_survey *survey, const struct imagefile *image,
		   const struct inspect_shape *shape) __attribute__((warn_unused_result));
void inspect_survey_free(struct inspect_survey *survey);

#endif
