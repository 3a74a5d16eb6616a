/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * schedule.c - from a trace to the steps of its replay.
 */
#include "bench/policy/schedule_maker.h"

#include <stdlib.h>

struct op *schedule_append(struct schedule_maker *maker, enum op_kind kind, unsigned cpu)
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
	*op = (struct op){
		.kind = (uint8_t)kind,
		.cpu = (uint8_t)cpu,
		.record = maker->record,
		.late_ns = maker->late_ns,
	};
	return op;
}

int schedule_append_flush(struct schedule_maker *maker, uint64_t time_ns, bool final)
{
	struct op *op = schedule_append(maker, OP_FLUSH, 0);

	if (!op)
		return -1;
	op->page = time_ns;
	op->final = final;
	maker->unflushed = 0;
	for (unsigned cpu = 0; cpu < maker->schedule->cpu_count; cpu++)
		maker->cpu[cpu].unflushed = 0;
	return maker->flush.idle && !schedule_append(maker, OP_IDLE, 0) ? -1 : 0;
}

int schedule_append_pending(struct schedule_maker *maker, unsigned cpu, uint64_t start, uint64_t end)
{
	struct op *op = schedule_append(maker, OP_PENDING, cpu);

	if (!op)
		return -1;
	op->page = start;
	op->count = end - start;
	return 0;
}

static int flush_now(struct schedule_maker *maker)
{
	return schedule_append_flush(maker, maker->time_ns + maker->late_ns, false);
}

/* Before a T or a consent: who waits for one of these pages goes first. */
static int touch(struct schedule_maker *maker, uint64_t start, uint64_t end)
{
	if (maker->flush.mode == SCHEDULE_GROUP)
		return schedule_group_touch(maker, start, end);
	return maker->flush.mode == SCHEDULE_LIST ? schedule_list_touch(maker, start, end) : 0;
}

static int consent(struct schedule_maker *maker, unsigned cpu, uint64_t start)
{
	uint64_t pages = maker->flush.ahead_pages;
	struct op *op;

	if (touch(maker, start, start + pages) || spans_add(&maker->consented, start, start + pages))
		return -1;
	op = schedule_append(maker, OP_CONSENT, cpu);
	if (!op)
		return -1;
	op->page = start;
	op->count = pages;
	op->new_state = TRACE_STATE_NOPAGE;
	op->changes_access = true;
	maker->losses++;
	return 0;
}

/* Those that go before this record. */
static int consents(struct schedule_maker *maker, unsigned cpu, size_t *next)
{
	const struct ahead *ahead = &maker->schedule->ahead;

	for (; *next < ahead->count && ahead->consent[*next].record == maker->record; ++*next)
		if (consent(maker, cpu, ahead->consent[*next].start))
			return -1;
	return 0;
}

/* After an access-changing T. */
static int taken(struct schedule_maker *maker, const struct op *op)
{
	bool revokes = op->new_state == TRACE_STATE_NOPAGE;
	bool inherits = revokes && spans_cover(&maker->consented, op->page, op->page + op->count);

	maker->unflushed++;
	maker->cpu[op->cpu].trip++;
	maker->cpu[op->cpu].unflushed++;
	if (revokes && spans_remove(&maker->consented, op->page, op->page + op->count))
		return -1;
	switch (maker->flush.mode) {
	case SCHEDULE_TRANSITION:
		return revokes ? flush_now(maker) : 0;
	case SCHEDULE_COUNT:
		return maker->unflushed == maker->flush.count ? flush_now(maker) : 0;
	case SCHEDULE_GROUP:
		return schedule_group_taken(maker, op, inherits);
	case SCHEDULE_LIST:
		return schedule_list_taken(maker, op);
	default:
		return 0;
	}
}

static int transition(struct schedule_maker *maker, const struct trace_record *record)
{
	struct schedule *schedule = maker->schedule;
	const unsigned page_lg2 = TRACE_PAGE_LG2 + schedule->scale_lg2;
	uint64_t start = record->start >> page_lg2, count = record->bytes >> page_lg2;
	struct op *op;

	if (touch(maker, start, start + count))
		return -1;
	op = schedule_append(maker, OP_TRANSITION, record->cpu);
	if (!op)
		return -1;
	op->page = start;
	op->count = count;
	op->old_state = record->old_state;
	op->new_state = record->new_state;
	op->number = (uint32_t)schedule->transitions_access + 1;
	op->changes_access = trace_record_changes_access(record);
	op->asks = trace_record_revokes(record) && maker->flush.mode == SCHEDULE_TRANSITION;
	schedule->transitions++;
	if (!op->changes_access)
		return 0;
	schedule->transitions_access++;
	return taken(maker, op);
}

/* What a trip revoked cannot be taken back once it has ended. */
static int trip_end(struct schedule_maker *maker, unsigned cpu)
{
	bool queued = maker->cpu[cpu].trip > 0;

	maker->cpu[cpu].trip = 0;
	if (!queued || maker->flush.mode == SCHEDULE_NONE)
		return 0;
	if (!schedule_append(maker, OP_TRIP_END, cpu))
		return -1;
	if (maker->flush.mode == SCHEDULE_GROUP)
		return schedule_group_trip_end(maker, cpu);
	return maker->flush.mode == SCHEDULE_TRIP ? flush_now(maker) : 0;
}

static int replay(struct schedule_maker *maker, const struct trace_record *record, size_t *next_consent)
{
	if (record->time_ns > maker->time_ns)
		maker->time_ns = record->time_ns;
	if (record->cpu >= maker->schedule->cpu_count)
		maker->schedule->cpu_count = record->cpu + 1u;
	if (maker->flush.mode == SCHEDULE_GROUP && record->type != TRACE_K &&
	    schedule_group_before(maker, record->cpu))
		return -1;
	if (record->type == TRACE_T)
		return consents(maker, record->cpu, next_consent) || transition(maker, record) ? -1 : 0;
	return record->type == TRACE_X ? trip_end(maker, record->cpu) : 0;
}

static void free_maker(struct schedule_maker *maker)
{
	for (unsigned cpu = 0; cpu < TRACE_CPUS_MAX; cpu++) {
		spans_free(&maker->cpu[cpu].pages);
		spans_free(&maker->cpu[cpu].revoked);
	}
	spans_free(&maker->consented);
	spans_free(&maker->waiting);
	spans_free(&maker->flying);
	free(maker);
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
	struct schedule_maker *maker = calloc(1, sizeof(*maker));
	size_t next_consent = 0;
	int result = maker ? 0 : -1;

	*schedule = (struct schedule){ .cpu_count = 1, .scale_lg2 = trace->scale_lg2 };
	if (!maker)
		return -1;
	maker->schedule = schedule;
	maker->flush = flush;
	if (flush.ahead_pages && flush.mode != SCHEDULE_NONE)
		result = ahead_make(&schedule->ahead, trace, records, flush.ahead_pages);
	for (size_t i = 0; i < records && !result; i++) {
		maker->record = (uint32_t)i;
		result = replay(maker, &trace->records[i], &next_consent);
	}
	if (!result && flush.mode == SCHEDULE_GROUP)
		result = schedule_group_end(maker);
	if (!result && flush.mode != SCHEDULE_NONE)
		result = schedule_append_flush(maker, maker->time_ns + maker->late_ns, true);
	free_maker(maker);
	if (result)
		schedule_free(schedule);
	return result;
}

void schedule_free(struct schedule *schedule)
{
	ahead_free(&schedule->ahead);
	free(schedule->ops);
	*schedule = (struct schedule){ 0 };
}
