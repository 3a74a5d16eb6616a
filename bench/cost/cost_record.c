/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * cost_record.c - the flushes of a recorded trace.
 */
#include "bench/cost/cost_record.h"

#include <stdlib.h>
#include <string.h>

#include <shadow/error.h>

#include "bench/common/message.h"
#include "bench/cost/cost_effect.h"
#include "bench/cost/cost_ring.h"
#include "bench/policy/instant.h"
#include "bench/policy/runner.h"
#include "bench/policy/schedule.h"
#include "bench/policy/spans.h"
#include "bench/replay/check.h"
#include "bench/replay/world.h"
#include "bench/trace/trace.h"
#include "engine/platform/linux.h"

/* Exact commands, and the whole VMID only where spans did not fit. */
static const struct shadow_tlbi_cost exactly = { .command = 1, .entry = SHADOW_TLBI_COST_MAX,
						 .table = SHADOW_TLBI_COST_MAX, .vmid = SHADOW_TLBI_COST_MAX,
						 .share = SHADOW_TLBI_COST_MAX };

struct recording {
	struct cost_record *record;
	const char *path;
	struct options options;
	struct trace trace;
	struct schedule schedule;
	struct world world;
	struct instant instant;
	uint32_t seen;
	struct cost_drops drops;       /* since the last SYNC */
	size_t span_capacity, end_capacity;
	bool failed;		       /* memory is short */
};

/* ---- what the SMMU hears ----------------------------------------------------------------------------------------- */

static bool add_span(struct recording *recording, const struct cost_span *span)
{
	struct cost_layout *layout = &recording->record->layout;

	if (layout->spans == recording->span_capacity) {
		size_t capacity = recording->span_capacity ? 2 * recording->span_capacity : 1024;
		struct cost_span *grown = realloc(layout->span, capacity * sizeof(*grown));

		if (!grown)
			return false;
		layout->span = grown;
		recording->span_capacity = capacity;
	}
	layout->span[layout->spans++] = *span;
	recording->record->pages += span->end - span->start;
	return true;
}

static bool end_flush(struct recording *recording)
{
	struct cost_layout *layout = &recording->record->layout;

	if (layout->flushes == recording->end_capacity) {
		size_t capacity = recording->end_capacity ? 2 * recording->end_capacity : 1024;
		size_t *grown = realloc(layout->end, capacity * sizeof(*grown));

		if (!grown)
			return false;
		layout->end = grown;
		recording->end_capacity = capacity;
	}
	layout->end[layout->flushes++] = layout->spans;
	return true;
}

static int by_start(const void *left, const void *right)
{
	const struct cost_span *a = left, *b = right;

	return a->start < b->start ? -1 : a->start > b->start;
}

/* All since the last SYNC is one flush. */
static bool take_flush(struct recording *recording)
{
	struct cost_layout *layout = &recording->record->layout;
	size_t from = layout->spans;

	cost_drops_close(&recording->drops);
	for (unsigned i = 0; i < COST_GROUPS && !recording->drops.all; i++) {
		const struct cost_group *group = &recording->drops.group[i];

		for (size_t j = 0; j < group->count; j++)
			if (!add_span(recording, &(struct cost_span){ .start = group->interval[j].start,
								      .end = group->interval[j].end,
								      .level = (uint8_t)(i >> 1), .leaf = i & 1 }))
				return false;
	}
	recording->record->whole += recording->drops.all;
	cost_drops_clear(&recording->drops);
	if (layout->spans == from)
		return true;
	qsort(&layout->span[from], layout->spans - from, sizeof(*layout->span), by_start);
	return end_flush(recording);
}

static void take_command(void *ctx, unsigned smmu, const uint64_t word[2])
{
	struct recording *recording = ctx;
	struct cost_effect effect = cost_effect(word);

	(void)smmu;
	if (effect.kind == COST_KIND_SYNC)
		recording->failed |= !take_flush(recording);
	else
		recording->failed |= cost_drops_add(&recording->drops, &effect) != 0;
}

static void listen(void *ctx, unsigned number, enum instant_event event, uint32_t value)
{
	struct recording *recording = ctx;

	(void)number;
	if (event == INSTANT_DOORBELL)
		cost_ring_each(&recording->instant, WORLD_CMDQ_LG2, &recording->seen, value, take_command, recording);
}

/* ---- the replay -------------------------------------------------------------------------------------------------- */

static void ignore_report(void *ctx, enum platform_report what, uint64_t a, uint64_t b)
{
	(void)ctx;
	(void)what;
	(void)a;
	(void)b;
}

/* What bring-up has said is not of a flush. */
static void forget(struct cost_record *record)
{
	record->layout.spans = record->layout.flushes = 0;
	record->pages = record->whole = 0;
}

static int play(struct recording *recording)
{
	const struct policy_ops *ops = runner_native.policies[OPTIONS_BATCHED];
	struct policy *policy;
	const struct op *failed;
	uint64_t ns;
	int error = ops->open(&recording->world.policy, &policy);

	if (!error) {
		forget(recording->record);
		error = runner_native.play(ops, policy, &recording->schedule, NULL, &ns, &failed);
		ops->close(policy);
	}
	if (error)
		message("%s: %s", recording->path, message_error(error));
	else if (recording->failed)
		message("%s: %s", recording->path, message_error(-SHADOW_ENOMEM));
	return error || recording->failed ? -1 : 0;
}

static int open_and_play(struct recording *recording)
{
	int error = -1;

	if (instant_add(&recording->instant, true, false)) {
		message("%s: no room for a device", recording->path);
		return -1;
	}
	recording->instant.ctx = recording;
	recording->instant.listen = listen;
	recording->world.policy.smmu[0].registers = recording->instant.registers;
	recording->world.policy.smmu[0].cost = exactly;
	platform_linux_set_report(ignore_report, NULL);
	if (!world_pool_open(&recording->world))
		error = play(recording);
	world_pool_close(&recording->world);
	instant_remove(&recording->instant);
	return error;
}

/* ---- the device's pages ------------------------------------------------------------------------------------------ */

/* Whatever the host has not got at any time. */
static int taken_pages(const struct recording *recording, size_t records, struct spans *taken)
{
	const struct trace *trace = &recording->trace;
	const struct trace_snapshot *first = &trace->snapshots[0];
	int error = 0;

	for (size_t i = 0; i < first->states_count && !error; i++)
		if (first->states[i].state == TRACE_STATE_NOPAGE)
			error = spans_add(taken, first->states[i].start >> TRACE_PAGE_LG2, first->states[i].end >> TRACE_PAGE_LG2);
	for (size_t i = 0; i < records && !error; i++) {
		const struct trace_record *record = &trace->records[i];

		if (trace_record_revokes(record))
			error = spans_add(taken, record->start >> TRACE_PAGE_LG2,
					  (record->start + record->bytes) >> TRACE_PAGE_LG2);
	}
	return error;
}

static void use_memory(struct cost_layout *layout, const struct trace *trace, const struct spans *taken, unsigned most,
		       uint64_t from)
{
	for (size_t i = 0; i < trace->memory_count; i++) {
		uint64_t page = trace->memory[i].start >> TRACE_PAGE_LG2, end = trace->memory[i].end >> TRACE_PAGE_LG2;

		for (page = page < from ? from : page; page < end && layout->pages < most; page++)
			if (!spans_touch(taken, page, page + 1))
				layout->page[layout->pages++] = page;
	}
}

static int find_pages(struct recording *recording, size_t records, const struct cost_stream *stream)
{
	struct cost_layout *layout = &recording->record->layout;
	struct spans taken = { 0 };
	uint64_t first = UINT64_MAX;
	int error = taken_pages(recording, records, &taken);

	layout->page = malloc(stream->pages * sizeof(*layout->page));
	if (error || !layout->page) {
		spans_free(&taken);
		message("%s: %s", recording->path, message_error(-SHADOW_ENOMEM));
		return -1;
	}
	for (size_t i = 0; i < layout->spans; i++)
		first = layout->span[i].start < first ? layout->span[i].start : first;
	use_memory(layout, &recording->trace, &taken, stream->pages, first);
	spans_free(&taken);
	if (!layout->pages)
		message("%s: no memory is left to a device beside what is taken", recording->path);
	return layout->pages ? 0 : -1;
}

/* ---- all of it --------------------------------------------------------------------------------------------------- */

static int read_options(struct recording *recording, const char *flush, const char *until)
{
	char *arguments[8] = { (char *)"profile", (char *)"--policy", (char *)"batched" };
	int count = 3;

	if (flush) {
		arguments[count++] = (char *)"--flush";
		arguments[count++] = (char *)(uintptr_t)flush;
	}
	if (until) {
		arguments[count++] = (char *)"--until";
		arguments[count++] = (char *)(uintptr_t)until;
	}
	arguments[count++] = (char *)(uintptr_t)recording->path;
	return options_parse(&recording->options, count, arguments);
}

static int read_trace(struct recording *recording)
{
	struct trace_error error = { 0 };

	if (!trace_load(recording->path, &recording->trace, &error))
		return 0;
	if (error.line)
		message("%s:%lu: %s", recording->path, error.line, error.message);
	else
		message("%s: %s", recording->path, error.message);
	return -1;
}

static int record(struct recording *recording, const struct cost_stream *stream)
{
	struct cost_record *made = recording->record;
	struct check check;
	size_t records;

	if (read_trace(recording))
		return -1;
	records = schedule_records(&recording->trace, recording->options.until);
	made->name = strdup(recording->trace.name);
	if (!made->name || schedule_make(&recording->schedule, &recording->trace, records, recording->options.flush)) {
		message("%s: %s", recording->path, message_error(-SHADOW_ENOMEM));
		return -1;
	}
	if (world_init(&recording->world, &recording->options, recording->path, &recording->trace,
		       recording->schedule.cpu_count) ||
	    check_trace(&check, recording->path, &recording->trace, records, recording->options.until, false,
			recording->world.closed, recording->world.closed_count) ||
	    open_and_play(recording))
		return -1;
	if (!made->layout.flushes) {
		message("%s: no flush of it invalidates anything", recording->path);
		return -1;
	}
	if (find_pages(recording, records, stream))
		return -1;
	if (!cost_layout_map(&made->layout, stream->leaf))
		return 0;
	message("%s: %s", recording->path, message_error(-SHADOW_ENOMEM));
	return -1;
}

int cost_record_make(struct cost_record *made, const char *path, const char *flush, const char *until,
		     const struct cost_stream *stream)
{
	static struct recording recording;
	int result;

	memset(&recording, 0, sizeof(recording));
	memset(made, 0, sizeof(*made));
	recording.record = made;
	recording.path = path;
	result = read_options(&recording, flush, until);
	if (!result)
		result = record(&recording, stream);
	world_free(&recording.world);
	schedule_free(&recording.schedule);
	trace_free(&recording.trace);
	options_free(&recording.options);
	cost_drops_free(&recording.drops);
	if (result)
		cost_record_free(made);
	return result;
}

void cost_record_free(struct cost_record *made)
{
	free(made->name);
	cost_layout_free(&made->layout);
	memset(made, 0, sizeof(*made));
}
