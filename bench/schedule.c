/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * schedule.c - from a trace to the steps of its replay.
 */
#include "bench/schedule.h"

#include <stdlib.h>

struct maker {
	struct schedule *schedule;
	size_t capacity;
	struct schedule_flush flush;
	uint32_t record;
	uint64_t time_ns;	       /* latest so far: a trigger is never before a T that it completes */
	uint64_t unflushed;	       /* access-changing T since the last flush */
	uint32_t trip[TRACE_CPUS_MAX]; /* access-changing T of each CPU since its last X */
};

static struct op *append(struct maker *maker, enum op_kind kind, unsigned cpu)
{
	struct schedule *schedule = maker->schedule;
	struct op *op;

	if (schedule->count == maker->capacity) {
		size_t capacity = maker->capacity ? 2 * maker->capacity : 1024;
		struct op *ops = realloc(schedule->ops, capacity * sizeof(*ops));

		if (!ops)
			return NULL;
		schedule->ops = ops;
		maker->capacity = capacity;
	}
	op = &schedule->ops[schedule->count++];
	*op = (struct op){ .kind = (uint8_t)kind, .cpu = (uint8_t)cpu, .record = maker->record };
	return op;
}

static int append_flush(struct maker *maker, bool final)
{
	struct op *op = append(maker, OP_FLUSH, 0);

	if (!op)
		return -1;
	op->page = maker->time_ns;
	op->final = final;
	maker->unflushed = 0;
	return maker->flush.idle && !append(maker, OP_IDLE, 0) ? -1 : 0;
}

static int transition(struct maker *maker, const struct trace_record *record)
{
	struct schedule *schedule = maker->schedule;
	struct op *op = append(maker, OP_TRANSITION, record->cpu);
	bool revokes = trace_record_revokes(record);

	if (!op)
		return -1;
	op->page = record->start >> TRACE_PAGE_LG2;
	op->count = record->bytes >> TRACE_PAGE_LG2;
	op->old_state = record->old_state;
	op->new_state = record->new_state;
	op->number = (uint32_t)schedule->transitions_access + 1;
	op->changes_access = trace_record_changes_access(record);
	op->asks = revokes && maker->flush.mode == SCHEDULE_TRANSITION;
	schedule->transitions++;
	if (!op->changes_access)
		return 0;
	schedule->transitions_access++;
	maker->unflushed++;
	maker->trip[record->cpu]++;
	if (maker->flush.mode == SCHEDULE_TRANSITION && revokes)
		return append_flush(maker, false);
	if (maker->flush.mode == SCHEDULE_COUNT && maker->unflushed == maker->flush.count)
		return append_flush(maker, false);
	return 0;
}

/* What a trip revoked cannot be taken back once it has ended. */
static int trip_end(struct maker *maker, const struct trace_record *record)
{
	bool queued = maker->trip[record->cpu] > 0;

	maker->trip[record->cpu] = 0;
	if (!queued || maker->flush.mode == SCHEDULE_NONE)
		return 0;
	if (!append(maker, OP_TRIP_END, record->cpu))
		return -1;
	return maker->flush.mode == SCHEDULE_TRIP ? append_flush(maker, false) : 0;
}

size_t schedule_records(const struct trace *trace, uint64_t until)
{
	size_t low = 0, high = trace->records_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (trace->records[middle].seq <= until)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

int schedule_make(struct schedule *schedule, const struct trace *trace, size_t records,
		  struct schedule_flush flush)
{
	struct maker *maker = calloc(1, sizeof(*maker));
	int result = maker ? 0 : -1;

	*schedule = (struct schedule){ .cpu_count = 1 };
	if (!maker)
		return -1;
	maker->schedule = schedule;
	maker->flush = flush;
	for (size_t i = 0; i < records && !result; i++) {
		const struct trace_record *record = &trace->records[i];

		maker->record = (uint32_t)i;
		if (record->time_ns > maker->time_ns)
			maker->time_ns = record->time_ns;
		if (record->cpu >= schedule->cpu_count)
			schedule->cpu_count = record->cpu + 1u;
		if (record->type == TRACE_T)
			result = transition(maker, record);
		else if (record->type == TRACE_X)
			result = trip_end(maker, record);
	}
	if (!result && flush.mode != SCHEDULE_NONE)
		result = append_flush(maker, true);
	free(maker);
	if (result)
		schedule_free(schedule);
	return result;
}

void schedule_free(struct schedule *schedule)
{
	free(schedule->ops);
	*schedule = (struct schedule){ 0 };
}
