/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * check.h - a trace against itself: every `old` and every later snapshot, before anything is replayed.
 */
#ifndef BENCH_CHECK_H
#define BENCH_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/replay/oracle.h"

struct check {
	uint64_t pages_granted, pages_revoked; /* outside what is closed to devices */
	uint64_t contradictions;	       /* T records whose `old` is wrong; 0 unless lenient */
};

/**
 * check_trace() - replay @records records on the oracle alone.
 * @path:  of the trace, for messages.
 * @until: snapshots above it are not reached.
 * Return: 0; -1 after one line on standard error.
 */
int check_trace(struct check *check, const char *path, const struct trace *trace, size_t records,
		uint64_t until, bool lenient, const struct oracle_range *closed, size_t closed_count)
	__attribute__((warn_unused_result));

#endif
