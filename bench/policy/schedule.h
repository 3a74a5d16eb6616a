/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * schedule.h - what a replay does, step by step, decided before the clock runs.
 *
 * From a trace, a policy's need of flushes and --until comes one compact array that both passes execute:
 * transitions, ends of trips, and the flushes of the batched policy with the time that triggers each. Two modes
 * and look-ahead are what-ifs: they replay what a hypervisor could do that the trace's does not (docs/batching.md).
 */
#ifndef BENCH_SCHEDULE_H
#define BENCH_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/policy/ahead.h"
#include "bench/trace/trace.h"

enum schedule_mode {
	SCHEDULE_NONE,	     /* eager, strict: every transition is complete by itself */
	SCHEDULE_TRANSITION, /* a flush after each revoking T */
	SCHEDULE_TRIP,	     /* a flush at each X whose trip queued an access-changing T */
	SCHEDULE_COUNT,	     /* a flush after each `count` access-changing T */
	SCHEDULE_GROUP,	     /* trips that end while a sync is outstanding share the next flush */
	SCHEDULE_LIST,	     /* a flush after each `count` access-changing T of one CPU */
};

struct schedule_flush {
	enum schedule_mode mode;
	unsigned count;	      /* of SCHEDULE_COUNT and SCHEDULE_LIST */
	bool idle;	      /* idle time after each flush */
	uint64_t outstanding_ns; /* SCHEDULE_GROUP: a flush that invalidates is, for so long */
	uint64_t ahead_pages; /* consents for aligned blocks of so many pages; 0: none */
};

enum op_kind {
	OP_TRANSITION,
	OP_TRIP_END,
	OP_FLUSH,
	OP_IDLE,
	OP_CONSENT,	/* to a block that a T is about to break, and later ones to take whole */
	OP_PENDING,	/* pages wait to be handed over, without the host lock; .cpu: whose they are */
	OP_PENDING_END, /* all of them that are .cpu's are handed over */
};

struct op {
	uint64_t page;	 /* first page; OP_FLUSH: time in ns that triggers it */
	uint64_t count;	 /* pages */
	uint64_t late_ns; /* SCHEDULE_GROUP: how much later than in the trace it happens */
	uint32_t number; /* dense, from 1; of a T that changes nothing: the next one that is free. With consents the
			  * policy counts for itself */
	uint32_t record; /* of the trace: the T; for a flush the last record before it */
	uint8_t kind;	 /* enum op_kind */
	uint8_t cpu;
	uint8_t old_state, new_state; /* enum trace_state, the same numbers as enum shadow_state */
	bool changes_access;
	bool asks;  /* flush first if a transition of these pages is still queued */
	bool final; /* the flush at the end of the replay */
};

struct schedule {
	struct op *ops;
	size_t count;
	uint64_t transitions, transitions_access;
	unsigned cpu_count; /* highest CPU + 1, at least 1 */
	unsigned scale_lg2; /* the trace's */
	struct ahead ahead; /* consents, if there are any */
};

/* Records of @trace up to --until: those whose seq is not above @until. */
size_t schedule_records(const struct trace *trace, uint64_t until);

/**
 * schedule_make() - the steps for the first @records records.
 * @flush: how the policy is flushed.
 * Return: 0; -1 if memory is short.
 */
int schedule_make(struct schedule *schedule, const struct trace *trace, size_t records,
		  struct schedule_flush flush) __attribute__((warn_unused_result));

void schedule_free(struct schedule *schedule);

#endif
