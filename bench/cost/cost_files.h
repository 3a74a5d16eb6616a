/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * cost_files.h - what a profile found, for programs: CSV and JSON. docs/invalidation.md explains columns and keys.
 */
#ifndef BENCH_COST_FILES_H
#define BENCH_COST_FILES_H

#include <stdio.h>

#include "bench/cost/cost_record.h"
#include "bench/cost/cost_summary.h"

/* All that a sweep found. */
struct cost_found {
	const struct cost_common *common;
	const struct cost_row *row;
	size_t rows;
	const struct cost_summary *summary;
	const struct cost_record *record; /* NULL: the rows are of a sweep */
	bool hardware;		       /* what else is modelled was measured on it */
	bool derived;		       /* see struct cost_measured */
	bool interrupted;
};

/* One line for each row. */
void cost_write_csv(FILE *file, const struct cost_found *found);

/* Return: 0; -1: memory is short. */
int cost_write_json(FILE *file, const struct cost_found *found) __attribute__((warn_unused_result));

#endif
