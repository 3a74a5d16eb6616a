/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * record.h - a log of a hypervisor, as a trace.
 *
 * record_parse() reads one line: the text of the kernel's hypervisor events, or the simple form of
 * docs/inputs.md. What the events do to the pages, and what becomes of a record, is record_write.c's.
 */
#ifndef BENCH_RECORD_H
#define BENCH_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/trace/trace.h"
#include "bench/trace/trace_pages.h"
#include "bench/trace/tracefile.h"

#define RECORD_REGIONS_MAX 64u
#define RECORD_WHY_BYTES   160u

enum record_kind {
	RECORD_NOTHING, /* a comment, or an event that says nothing about pages or trips */
	RECORD_LOST,	/* events are missing */
	RECORD_ENTER,	/* a trip begins; why, word */
	RECORD_EXIT,
	RECORD_CALL,   /* what the trip at hand is about; why, word */
	RECORD_ABORT,  /* the host touched start */
	RECORD_MAP,    /* the host's table maps a range */
	RECORD_ACCESS, /* the host has access to a range now, or none */
	RECORD_STATE,  /* a range goes from old_state to new_state */
};

struct record_event {
	enum record_kind kind;
	uint64_t time_ns;
	uint8_t cpu;
	bool other; /* NOTHING: an event that is skipped */
	bool has_why;
	uint8_t why;
	uint64_t start, end;
	bool access, mmio;
	uint8_t old_state, new_state;
	char word[TRACEFILE_WORD_BYTES]; /* cause or id */
};

/**
 * record_parse() - read a line.
 * @line: without its newline, @bytes long.
 * @why:  filled if it is refused, RECORD_WHY_BYTES.
 */
int record_parse(const char *line, size_t bytes, struct record_event *event, char *why)
	__attribute__((warn_unused_result));

struct record_range {
	uint64_t start, end;
};

/* What no log says. */
struct record_machine {
	struct record_range memory[RECORD_REGIONS_MAX]; /* sorted, apart */
	unsigned regions;
	struct record_range without[RECORD_REGIONS_MAX]; /* no access for the host at the start */
	unsigned withouts;
	unsigned ia_bits;
	bool lenient;
	char name[TRACEFILE_WORD_BYTES];
};

struct record_counts {
	uint64_t transitions, other, unchanged, outside, lost;
};

struct record_writer;

/* Write the head. Return: NULL if memory is short. */
struct record_writer *record_begin(const struct record_machine *machine, struct tracefile *out);

/* Take an event. Return: 0; -1 with @why. */
int record_event(struct record_writer *writer, const struct record_event *event, char *why)
	__attribute__((warn_unused_result));

/* Write the last snapshot and free. @keep: false after a failure: only free. */
struct record_counts record_end(struct record_writer *writer, bool keep);

/* `s2shadow record`. */
int record_main(int argc, char **argv);

#endif
