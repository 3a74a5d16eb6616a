/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * record_write.c - what a log's events do, as records of a trace.
 *
 * Keeps the state of every page, so that an event that tells the new access alone gets its old states, in
 * pieces if they differ. Trips are those between an entry and an exit; a change outside of one is a trip of
 * its own.
 */
#include "bench/trace/record.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct cpu {
	bool inside;
	uint64_t began_ns;
	bool has_why;
	uint8_t why;
	char word[TRACEFILE_WORD_BYTES];
	uint64_t calls, maps, quiet;
};

struct record_writer {
	const struct record_machine *machine;
	struct tracefile *out;
	struct trace_pages pages;
	uint64_t now_ns;
	struct record_counts counts;
	struct cpu cpu[TRACE_CPUS_MAX];
};

static bool inside(const struct record_range *range, unsigned count, uint64_t start, uint64_t end)
{
	for (unsigned i = 0; i < count; i++)
		if (range[i].start <= start && end <= range[i].end)
			return true;
	return false;
}

static bool touches(const struct record_range *range, unsigned count, uint64_t start, uint64_t end)
{
	for (unsigned i = 0; i < count; i++)
		if (range[i].start < end && start < range[i].end)
			return true;
	return false;
}

static uint8_t state_of(const struct record_writer *writer, uint64_t address)
{
	const struct trace_page *page = trace_pages_find(&writer->pages, address >> TRACE_PAGE_LG2);

	return page ? page->state : TRACE_STATE_OWNED;
}

/* ---- trips ---- */

static void end_trip(struct record_writer *writer, const struct record_event *event)
{
	struct cpu *cpu = &writer->cpu[event->cpu];
	uint64_t took = event->time_ns - cpu->began_ns;
	const struct trace_record record = {
		.time_ns = event->time_ns,
		.cpu = event->cpu,
		.why = cpu->has_why ? cpu->why : TRACE_WHY_GUEST,
		.trip_ns = took > UINT32_MAX ? UINT32_MAX : (uint32_t)took,
		.quiet = (uint32_t)cpu->quiet,
	};

	if (cpu->calls || cpu->maps) {
		tracefile_trip(writer->out, &record, cpu->word, cpu->calls, cpu->maps);
		cpu->quiet = 0;
	} else if (cpu->quiet < UINT32_MAX) {
		cpu->quiet++;
	}
	cpu->inside = cpu->has_why = false;
	cpu->calls = cpu->maps = 0;
}

static void begin_trip(struct record_writer *writer, const struct record_event *event)
{
	struct cpu *cpu = &writer->cpu[event->cpu];

	if (cpu->inside) /* its exit was not seen */
		end_trip(writer, event);
	cpu->inside = true;
	cpu->began_ns = event->time_ns;
	cpu->has_why = event->has_why;
	cpu->why = event->why;
	strcpy(cpu->word, event->word);
}

/* What a call or an abort inside a trip tells of it. */
static void name_trip(struct record_writer *writer, const struct record_event *event)
{
	struct cpu *cpu = &writer->cpu[event->cpu];

	if (!cpu->inside)
		return;
	cpu->has_why = true;
	cpu->why = event->why;
	if (event->kind == RECORD_CALL)
		strcpy(cpu->word, event->word);
}

/* Before and after a record that is not inside a trip. */
static bool open_alone(struct record_writer *writer, const struct record_event *event)
{
	struct cpu *cpu = &writer->cpu[event->cpu];

	if (cpu->inside)
		return false;
	cpu->inside = true;
	cpu->began_ns = event->time_ns;
	cpu->has_why = true;
	cpu->why = event->kind == RECORD_MAP || event->kind == RECORD_ABORT ? TRACE_WHY_ABORT : TRACE_WHY_HVC;
	strcpy(cpu->word, "-");
	return true;
}

/* ---- pages ---- */

static int write_piece(struct record_writer *writer, const struct record_event *event, uint64_t start,
		       uint64_t end, uint8_t old_state, uint8_t new_state, bool first)
{
	const struct trace_record record = {
		.time_ns = event->time_ns,
		.cpu = event->cpu,
		.start = start,
		.bytes = end - start,
		.old_state = old_state,
		.new_state = new_state,
		.flags = (uint8_t)(TRACE_FLAG_UPDATE | (first ? 0 : TRACE_FLAG_PIECE)),
	};

	for (uint64_t at = start; at < end; at += TRACE_PAGE_BYTES)
		if (!trace_pages_set(&writer->pages, at >> TRACE_PAGE_LG2, new_state))
			return -1;
	tracefile_transition(writer->out, &record, event->word);
	writer->counts.transitions++;
	return 0;
}

/* The new state of a page that is in @old_state. */
static uint8_t next_state(const struct record_event *event, uint8_t old_state)
{
	if (event->kind == RECORD_STATE)
		return event->new_state;
	if (!event->access)
		return TRACE_STATE_NOPAGE;
	return old_state == TRACE_STATE_NOPAGE ? TRACE_STATE_OWNED : old_state;
}

/* Pieces of one old state each; those that stay as they are, are left out of an access event. */
static int write_pieces(struct record_writer *writer, const struct record_event *event)
{
	bool first = true;

	for (uint64_t at = event->start, end; at < event->end; at = end) {
		uint8_t old_state = state_of(writer, at), new_state = next_state(event, old_state);

		for (end = at; end < event->end && state_of(writer, end) == old_state;)
			end += TRACE_PAGE_BYTES;
		if (event->kind == RECORD_ACCESS && new_state == old_state)
			continue;
		if (write_piece(writer, event, at, end, old_state, new_state, first))
			return -1;
		first = false;
	}
	if (first)
		writer->counts.unchanged++;
	else
		writer->cpu[event->cpu].calls++;
	return 0;
}

static int change(struct record_writer *writer, const struct record_event *event, char *why)
{
	const struct record_machine *machine = writer->machine;
	bool alone;

	if (!inside(machine->memory, machine->regions, event->start, event->end)) {
		if (event->kind == RECORD_ACCESS &&
		    !touches(machine->memory, machine->regions, event->start, event->end)) {
			writer->counts.outside++;
			return 0;
		}
		snprintf(why, RECORD_WHY_BYTES, "%" PRIx64 " to %" PRIx64 " is not inside one --memory",
			 event->start, event->end);
		return -1;
	}
	for (uint64_t at = event->start; event->kind == RECORD_STATE && !machine->lenient && at < event->end;
	     at += TRACE_PAGE_BYTES)
		if (state_of(writer, at) != event->old_state) {
			snprintf(why, RECORD_WHY_BYTES,
				 "old is %c, but %" PRIx64 " is in state %c (--lenient goes on)",
				 trace_state_letter(event->old_state), at,
				 trace_state_letter(state_of(writer, at)));
			return -1;
		}
	alone = open_alone(writer, event);
	if (write_pieces(writer, event)) {
		snprintf(why, RECORD_WHY_BYTES, "out of memory");
		return -1;
	}
	if (alone)
		end_trip(writer, event);
	return 0;
}

static int map(struct record_writer *writer, const struct record_event *event, char *why)
{
	const struct trace_record record = {
		.time_ns = event->time_ns,
		.cpu = event->cpu,
		.start = event->start,
		.bytes = event->end - event->start,
		.mmio = event->mmio,
	};
	bool alone;

	if (event->end > UINT64_C(1) << writer->machine->ia_bits) {
		snprintf(why, RECORD_WHY_BYTES, "%" PRIx64 " is beyond %u bits of address", event->end,
			 writer->machine->ia_bits);
		return -1;
	}
	alone = open_alone(writer, event);
	tracefile_mapping(writer->out, &record);
	writer->cpu[event->cpu].maps++;
	if (alone)
		end_trip(writer, event);
	return 0;
}

/* The event does not tell whether the kernel mapped the page or refused it, nor how much it mapped. */
static int touch(struct record_writer *writer, const struct record_event *event, char *why)
{
	const struct record_machine *machine = writer->machine;
	struct record_event mapped = *event;

	name_trip(writer, event);
	mapped.start = event->start & ~(uint64_t)(TRACE_PAGE_BYTES - 1);
	mapped.end = mapped.start + TRACE_PAGE_BYTES;
	mapped.mmio = !touches(machine->memory, machine->regions, mapped.start, mapped.end);
	if (state_of(writer, event->start) != TRACE_STATE_NOPAGE)
		return map(writer, &mapped, why);
	tracefile_refusal(writer->out, event->cpu, event->time_ns, event->start);
	return 0;
}

int record_event(struct record_writer *writer, const struct record_event *event, char *why)
{
	if (event->kind == RECORD_NOTHING) {
		writer->counts.other += event->other;
		return 0;
	}
	if (event->kind == RECORD_LOST) {
		writer->counts.lost++;
		if (writer->machine->lenient)
			return 0;
		snprintf(why, RECORD_WHY_BYTES,
			 "events are lost here, so states are not known any more (--lenient goes on)");
		return -1;
	}
	if (event->time_ns < writer->now_ns) {
		snprintf(why, RECORD_WHY_BYTES, "the time goes back, from %" PRIu64 " to %" PRIu64 " ns",
			 writer->now_ns, event->time_ns);
		return -1;
	}
	writer->now_ns = event->time_ns;
	switch (event->kind) {
	case RECORD_ENTER:
		begin_trip(writer, event);
		return 0;
	case RECORD_EXIT:
		if (writer->cpu[event->cpu].inside)
			end_trip(writer, event);
		return 0;
	case RECORD_CALL:
		name_trip(writer, event);
		return 0;
	case RECORD_ABORT:
		return touch(writer, event, why);
	case RECORD_MAP:
		return map(writer, event, why);
	default:
		return change(writer, event, why);
	}
}

/* ---- the frame ---- */

static void write_states(struct record_writer *writer)
{
	for (unsigned i = 0; i < writer->machine->regions; i++)
		tracefile_states(writer->out, &writer->pages, writer->machine->memory[i].start,
				 writer->machine->memory[i].end);
}

struct record_writer *record_begin(const struct record_machine *machine, struct tracefile *out)
{
	struct record_writer *writer = calloc(1, sizeof(*writer));

	if (!writer)
		return NULL;
	writer->machine = machine;
	writer->out = out;
	for (unsigned i = 0; i < machine->withouts; i++)
		for (uint64_t at = machine->without[i].start; at < machine->without[i].end;
		     at += TRACE_PAGE_BYTES)
			if (!trace_pages_set(&writer->pages, at >> TRACE_PAGE_LG2, TRACE_STATE_NOPAGE)) {
				record_end(writer, false);
				return NULL;
			}
	tracefile_head(out, machine->name);
	tracefile_snapshot(out, "start");
	tracefile_space(out, machine->ia_bits);
	for (unsigned i = 0; i < machine->regions; i++)
		fprintf(out->file, "# R %u %" PRIx64 " %" PRIx64 " flags 0\n", i, machine->memory[i].start,
			machine->memory[i].end - machine->memory[i].start);
	write_states(writer);
	for (unsigned i = 0; i < machine->withouts; i++)
		fprintf(out->file, "# L %" PRIx64 " %" PRIx64 " 3 owner hyp\n", machine->without[i].start,
			machine->without[i].end - machine->without[i].start);
	return writer;
}

struct record_counts record_end(struct record_writer *writer, bool keep)
{
	struct record_counts counts;

	for (unsigned i = 0; keep && i < TRACE_CPUS_MAX; i++)
		if (writer->cpu[i].calls || writer->cpu[i].maps)
			end_trip(writer,
				 &(struct record_event){ .cpu = (uint8_t)i, .time_ns = writer->now_ns });
	if (keep) {
		tracefile_snapshot(writer->out, "end");
		write_states(writer);
	}
	counts = writer->counts;
	trace_pages_free(&writer->pages);
	free(writer);
	return counts;
}
