/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * cost_record.h - the flushes of a recorded trace: what every SMMU had to forget in each.
 *
 * The trace is replayed once by the library's own engine, as `s2shadow replay --policy batched` does it, with an SMMU that is
 * told everything exactly; what it was told up to each SYNC, read back, is what that flush replaced.
 */
#ifndef BENCH_COST_RECORD_H
#define BENCH_COST_RECORD_H

#include "bench/cost/cost_layout.h"

struct cost_record {
	char *name;		       /* the trace's */
	struct cost_layout layout;     /* with the pages that the device uses: of memory that the trace never takes from the
					* host, from the first page on that it does take */
	uint64_t pages;		       /* replaced, in all flushes */
	uint64_t whole;		       /* flushes that had to be of the whole VMID, which are left out */
};

/* @flush, @until: as options of replay take them; NULL: its defaults. Return: 0; -1 after one line on standard error. */
int cost_record_make(struct cost_record *record, const char *path, const char *flush, const char *until,
		     const struct cost_stream *stream) __attribute__((warn_unused_result));
void cost_record_free(struct cost_record *record);

#endif
