/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * simulate_history.h - the last events of a simulation, so that a violation can be told as a story.
 */
#ifndef BENCH_SIMULATE_HISTORY_H
#define BENCH_SIMULATE_HISTORY_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define HISTORY_EVENTS	4096u	       /* kept */
#define HISTORY_PRINTED 40u
#define HISTORY_DEVICE	UINT32_MAX     /* in place of a CPU */

enum history_kind {
	HISTORY_REVOKE,		       /* pages, number */
	HISTORY_GRANT,		       /* pages, number */
	HISTORY_KEEP,		       /* pages: a change of state that leaves access as it is */
	HISTORY_CONSENT,	       /* pages, number */
	HISTORY_WITHDRAW,	       /* pages, number */
	HISTORY_REFUSED,	       /* pages, error */
	HISTORY_FLUSH,		       /* number of the ticket */
	HISTORY_WAIT,		       /* number of the ticket, error */
	HISTORY_COMPACT,
	HISTORY_HANDED,		       /* pages, number */
	HISTORY_DOORBELL,	       /* SMMU, PROD */
	HISTORY_DMA,		       /* SMMU, page, whether it got through */
	HISTORY_REPORT,		       /* SMMU, what */
	HISTORY_FAULT,		       /* SMMU, which */
	HISTORY_SMMU,		       /* SMMU, what in count, error */
};

enum history_smmu {
	HISTORY_SMMU_ATTACH,
	HISTORY_SMMU_DETACH,
	HISTORY_SMMU_ENABLE,
	HISTORY_SMMU_STREAM,	       /* let in again */
	HISTORY_SMMU_MUTE,	       /* its device confirms nothing any more */
};

struct history_event {
	uint64_t time_ns;
	uint32_t cpu;
	enum history_kind kind;
	uint64_t page, count;	       /* or SMMU, in page, where there are no pages */
	int64_t value;
};

struct history {
	struct history_event event[HISTORY_EVENTS];
	uint64_t count;
	FILE *log;		       /* each event at once, or NULL */
};

void simulate_history_add(struct history *history, const struct history_event *event);

/** simulate_history_print() - the newest events that concern a page of [@page, @page + @count) or no page at all. */
void simulate_history_print(const struct history *history, FILE *file, uint64_t page, uint64_t count);

#endif
