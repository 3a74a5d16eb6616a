/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * timeline.c - a replay as trace-event JSON.
 *
 * Slices ("X") of a row lie side by side or in each other: a transition has in it the flush that it forces, a
 * flush its stages. Moments are instants ("i"). Times are microseconds with the nanoseconds behind the point,
 * each process from its own beginning. Spec: Trace Event Format, JSON Object Format.
 */
#include "bench/replay/timeline.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/replay/stages.h"

enum {
	PID_MEASURED = 1,
	PID_MODELLED = 2,
	TID_WAITS = 1000, /* modelled rows of CPUs, behind those of SMMUs */
};

/* Beside those of the core. */
enum {
	EVENT_TRANSITION = PLATFORM_TRACE_EVENTS, /* a: its number; or of a consent, b: 1 */
	EVENT_TRANSITION_END,
	EVENT_WAIT_END,
};

static const char *const moments[PLATFORM_TRACE_EVENTS] = {
	[PLATFORM_TRACE_RETIRE] = "retire",	  [PLATFORM_TRACE_DOORBELL] = "doorbell",
	[PLATFORM_TRACE_SYNC_SEEN] = "sync seen", [PLATFORM_TRACE_TICKET] = "ticket complete",
	[PLATFORM_TRACE_SPLIT] = "split",	  [PLATFORM_TRACE_COLLAPSE] = "collapse",
	[PLATFORM_TRACE_ERROR] = "error",	  [PLATFORM_TRACE_TIMEOUT] = "timeout",
};

/* ---- writing ------------------------------------------------------------------------------------------ */

#define NS	  "%" PRIu64 ".%03u"
#define NS_OF(ns) (ns) / 1000, (unsigned)((ns) % 1000)

static void next(struct timeline *timeline)
{
	fputs(timeline->any ? ",\n" : "\n", timeline->file);
	timeline->any = true;
}

static void write_name(struct timeline *timeline, int pid, unsigned tid, const char *what, const char *name,
		       int number)
{
	next(timeline);
	fprintf(timeline->file, "{\"ph\":\"M\",\"pid\":%d,\"tid\":%u,\"name\":\"%s\",\"args\":{\"name\":\"%s",
		pid, tid, what, name);
	if (number >= 0)
		fprintf(timeline->file, " %d", number);
	fputs("\"}}", timeline->file);
}

static void write_slice(struct timeline *timeline, int pid, unsigned tid, const char *name, uint64_t start_ns,
			uint64_t end_ns, const char *argument, uint64_t value)
{
	next(timeline);
	fprintf(timeline->file,
		"{\"ph\":\"X\",\"pid\":%d,\"tid\":%u,\"name\":\"%s\",\"ts\":" NS ",\"dur\":" NS
		",\"args\":{\"%s\":%" PRIu64 "}}",
		pid, tid, name, NS_OF(start_ns), NS_OF(end_ns - start_ns), argument, value);
}

static void write_moment(struct timeline *timeline, int pid, unsigned tid, const char *name, uint64_t ns,
			 uint64_t a, uint64_t b)
{
	next(timeline);
	fprintf(timeline->file,
		"{\"ph\":\"i\",\"s\":\"t\",\"pid\":%d,\"tid\":%u,\"name\":\"%s\",\"ts\":" NS
		",\"args\":{\"a\":%" PRIu64 ",\"b\":%" PRIu64 "}}",
		pid, tid, name, NS_OF(ns), a, b);
}

/* Names of traces are those of files. */
static void write_string(FILE *file, const char *text)
{
	fputc('"', file);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', file);
		if ((unsigned char)*text < 0x20)
			fprintf(file, "\\u%04x", (unsigned char)*text);
		else
			fputc(*text, file);
	}
	fputc('"', file);
}

void timeline_open(struct timeline *timeline, FILE *file, const char *name, const char *policy,
		   unsigned cpu_count, unsigned smmu_count, uint64_t sync_ns)
{
	timeline->file = file;
	fputs("{\"displayTimeUnit\":\"ns\",\"otherData\":{\"trace\":", file);
	write_string(file, name);
	fprintf(file,
		",\"policy\":\"%s\",\"sync_ns\":%" PRIu64
		",\"measured\":\"CPU time of a traced core on devices that complete at once\","
		"\"modelled\":\"time of SYNCs as stated, from the times in the trace\"},\n\"traceEvents\":[",
		policy, sync_ns);
	write_name(timeline, PID_MEASURED, 0, "process_name", "measured", -1);
	write_name(timeline, PID_MODELLED, 0, "process_name", "modelled", -1);
	for (unsigned cpu = 0; cpu < cpu_count; cpu++) {
		write_name(timeline, PID_MEASURED, cpu, "thread_name", "CPU", (int)cpu);
		write_name(timeline, PID_MODELLED, TID_WAITS + cpu, "thread_name", "waits, CPU", (int)cpu);
	}
	for (unsigned smmu = 0; smmu < smmu_count; smmu++)
		write_name(timeline, PID_MODELLED, smmu, "thread_name", "SMMU", (int)smmu);
}

/* ---- modelled ----------------------------------------------------------------------------------------- */

void timeline_command(struct timeline *timeline, unsigned smmu)
{
	timeline->tlbi[smmu]++;
}

void timeline_sync(struct timeline *timeline, unsigned smmu, uint64_t start_ns, uint64_t end_ns)
{
	write_slice(timeline, PID_MODELLED, smmu, "SYNC", start_ns, end_ns, "commands", timeline->tlbi[smmu]);
	timeline->tlbi[smmu] = 0;
}

void timeline_doorbell(struct timeline *timeline, unsigned smmu, uint64_t ns, uint64_t position)
{
	write_moment(timeline, PID_MODELLED, smmu, "doorbell", ns, smmu, position);
}

void timeline_wait(struct timeline *timeline, unsigned cpu, uint64_t start_ns, uint64_t end_ns)
{
	if (end_ns > start_ns)
		write_slice(timeline, PID_MODELLED, TID_WAITS + cpu, "wait", start_ns, end_ns, "ns",
			    end_ns - start_ns);
}

/* ---- measured ----------------------------------------------------------------------------------------- */

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void record(struct timeline *timeline, unsigned what, uint64_t a, uint64_t b)
{
	if (timeline->count == timeline->capacity) {
		size_t capacity = timeline->capacity ? 2 * timeline->capacity : 65536;
		struct timeline_event *grown = realloc(timeline->event, capacity * sizeof(*grown));

		if (!grown) {
			timeline->short_of_memory = true;
			return;
		}
		timeline->event = grown;
		timeline->capacity = capacity;
	}
	timeline->event[timeline->count++] = (struct timeline_event){ .ns = now_ns() - timeline->start_ns,
								      .a = a,
								      .b = b,
								      .what = (uint8_t)what,
								      .cpu = timeline->cpu };
}

void timeline_begin(struct timeline *timeline)
{
	timeline->start_ns = now_ns();
}

void timeline_hit(void *ctx, enum platform_trace_event event, uint64_t a, uint64_t b)
{
	record(ctx, event, a, b);
}

static int transition_before(void *ctx, const struct op *op)
{
	struct timeline *timeline = ctx;

	timeline->cpu = op->cpu;
	record(timeline, EVENT_TRANSITION, op->number, op->kind == OP_CONSENT);
	return 0;
}

static int transition_after(void *ctx, const struct op *op)
{
	record(ctx, EVENT_TRANSITION_END, op->number, op->kind == OP_CONSENT);
	return 0;
}

static int flush_before(void *ctx, const struct op *op)
{
	struct timeline *timeline = ctx;

	timeline->cpu = op->cpu;
	return 0;
}

static int flush_after(void *ctx, const struct op *op)
{
	(void)op;
	record(ctx, EVENT_WAIT_END, 0, 0);
	return 0;
}

const struct runner_hooks timeline_hooks = {
	.transition_before = transition_before,
	.transition_after = transition_after,
	.flush_before = flush_before,
	.flush_after = flush_after,
};

/* What is open while events are gone through; the runner is one thread, so there is one of each. */
struct opened {
	uint64_t transition_ns, flush_ns, stage_ns, flush_start;
	enum stage stage;
	const struct timeline_event *stage_event;
};

static void end_stage(struct timeline *timeline, struct opened *opened, const struct timeline_event *event)
{
	if (opened->stage != STAGE_HOST)
		write_slice(timeline, PID_MEASURED, opened->stage_event->cpu, stages_name(opened->stage),
			    opened->stage_ns, event->ns, "a", opened->stage_event->a);
	opened->stage = STAGE_HOST;
}

static void begin_stage(struct timeline *timeline, struct opened *opened, const struct timeline_event *event,
			enum stage stage)
{
	end_stage(timeline, opened, event);
	opened->stage = stage;
	opened->stage_ns = event->ns;
	opened->stage_event = event;
}

/* Of the core's. */
static void write_event(struct timeline *timeline, struct opened *opened, const struct timeline_event *event)
{
	enum platform_trace_event what = (enum platform_trace_event)event->what;
	enum stage stage = stages_next(opened->stage, what);

	if (what == PLATFORM_TRACE_FLUSH_START) {
		end_stage(timeline, opened, event);
		opened->flush_ns = event->ns;
		opened->flush_start = event->a;
	} else if (what == PLATFORM_TRACE_FLUSH_END) {
		end_stage(timeline, opened, event);
		write_slice(timeline, PID_MEASURED, event->cpu, "flush", opened->flush_ns, event->ns,
			    "transitions", event->a - opened->flush_start);
	} else if (stage != opened->stage || (stage != STAGE_HOST && !moments[what])) {
		begin_stage(timeline, opened, event, stage);
	} else if (moments[what]) {
		write_moment(timeline, PID_MEASURED, event->cpu, moments[what], event->ns, event->a,
			     event->b);
	}
}

static void write_measured(struct timeline *timeline)
{
	struct opened opened = { .stage = STAGE_HOST };

	for (const struct timeline_event *event = timeline->event; event < timeline->event + timeline->count;
	     event++) {
		switch (event->what) {
		case EVENT_TRANSITION:
			end_stage(timeline, &opened, event);
			opened.transition_ns = event->ns;
			break;
		case EVENT_TRANSITION_END:
			end_stage(timeline, &opened, event);
			write_slice(timeline, PID_MEASURED, event->cpu, event->b ? "consent" : "transition",
				    opened.transition_ns, event->ns, "number", event->a);
			break;
		case EVENT_WAIT_END:
			end_stage(timeline, &opened, event);
			break;
		default:
			write_event(timeline, &opened, event);
		}
	}
}

int timeline_finish(struct timeline *timeline)
{
	write_measured(timeline);
	fputs("\n]}\n", timeline->file);
	return timeline->short_of_memory ? -1 : 0;
}

void timeline_free(struct timeline *timeline)
{
	free(timeline->event);
	timeline->event = NULL;
	timeline->count = timeline->capacity = 0;
}
