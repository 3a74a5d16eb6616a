/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * schedule_maker.h - what the parts of a schedule's making share.
 *
 * schedule.c goes through the records and knows the modes that flush for one CPU at a time; schedule_group.c
 * and schedule_list.c know one what-if each. Nothing else includes this.
 */
#ifndef BENCH_SCHEDULE_MAKER_H
#define BENCH_SCHEDULE_MAKER_H

#include "bench/policy/schedule.h"
#include "bench/policy/spans.h"

struct schedule_cpu {
	uint32_t trip;	    /* access-changing T since its last X, */
	uint32_t unflushed; /* or since the last flush */
	/* group, list */
	struct spans pages;   /* of the trip or list: all that changed access */
	struct spans revoked; /* group: those of them that are to be handed over */
	/* group */
	bool inherits;	   /* the trip has a T that a consent makes unnecessary */
	bool waits;	   /* its last trip waits for a flush that is not made yet */
	uint64_t until_ns; /* its last trip ends; no other before that */
	/* list */
	uint32_t listed; /* access-changing T since it last completed */
};

struct schedule_maker {
	struct schedule *schedule;
	size_t capacity;
	struct schedule_flush flush;
	uint32_t record;
	uint64_t time_ns;   /* latest so far: a trigger is never before a T that it completes */
	uint64_t unflushed; /* access-changing T since the last flush */
	struct spans consented; /* pages of consents that no T has taken yet */
	/* group */
	uint64_t late_ns;	   /* the model's time is so much later than the trace's */
	uint64_t losses;	   /* what a flush has to invalidate: revokes and consents since the last */
	unsigned waiting_cpus;
	struct spans waiting, flying; /* pages of trips that wait for a flush to be made, and for the one made last */
	uint64_t flying_end_ns;	   /* the sync of that one ends */
	struct schedule_cpu cpu[TRACE_CPUS_MAX];
};

/* The new step, zeroed but for what is given; NULL if memory is short. Valid until the next one. */
struct op *schedule_append(struct schedule_maker *maker, enum op_kind kind, unsigned cpu);

/* A flush at @time_ns of the model, and idle time if there is any. Return of all below: 0; -1 if memory is short. */
int schedule_append_flush(struct schedule_maker *maker, uint64_t time_ns, bool final);

/* Pages of @cpu's that are to be handed over. */
int schedule_append_pending(struct schedule_maker *maker, unsigned cpu, uint64_t start, uint64_t end);

/* Before a record of @cpu; before a T or a consent touches pages; after a T; at the end of a trip, of the trace. */
int schedule_group_before(struct schedule_maker *maker, unsigned cpu);
int schedule_group_touch(struct schedule_maker *maker, uint64_t start, uint64_t end);
int schedule_group_taken(struct schedule_maker *maker, const struct op *op, bool inherits);
int schedule_group_trip_end(struct schedule_maker *maker, unsigned cpu);
int schedule_group_end(struct schedule_maker *maker);

int schedule_list_touch(struct schedule_maker *maker, uint64_t start, uint64_t end);
int schedule_list_taken(struct schedule_maker *maker, const struct op *op);

#endif
