/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * tracefile.h - writing a trace: the file, compressed if its name says so, and the lines. And reading one for
 * a command.
 *
 * Numbers records itself. What the lines must say to be a trace is docs/trace-format.md's; whoever writes
 * keeps to it. A file that is not committed leaves nothing.
 */
#ifndef BENCH_TRACEFILE_H
#define BENCH_TRACEFILE_H

#include <stdio.h>
#include <string.h>

#include "bench/common/outfile.h"
#include "bench/trace/trace.h"
#include "bench/trace/trace_pages.h"

#define TRACEFILE_WORD_BYTES 65u /* of a name, cause or id, its zero byte with it */

/* What such a word is, where one is read to be written: "1 to 64 letters, digits, _, - or ." */
static inline bool tracefile_is_word(const char *text)
{
	size_t bytes = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.");

	return bytes && bytes < TRACEFILE_WORD_BYTES && !text[bytes];
}

struct tracefile_xz;

struct tracefile {
	FILE *file;
	struct outfile out;	 /* not used for standard output */
	struct tracefile_xz *xz; /* NULL: plain */
	char *held;		 /* for standard output at the end; NULL: written directly */
	size_t held_bytes;
	uint64_t seq; /* of the last line that has one */
};

/**
 * tracefile_open() - begin to write.
 * @path:  .xz at its end compresses; NULL or "-" is standard output.
 * @whole: on standard output, too, all or nothing; held in memory until then.
 *
 * Return: 0; -1 after a message. The struct may not move until tracefile_close().
 */
int tracefile_open(struct tracefile *trace, const char *path, bool whole) __attribute__((warn_unused_result));

/* Finish; @keep: make the file appear. Return: 0; -1 after a message, and nothing is left. */
int tracefile_close(struct tracefile *trace, bool keep) __attribute__((warn_unused_result));

/* "# pkvm-host-trace 1" and the name. */
void tracefile_head(struct tracefile *trace, const char *name);

/* trace_load(), with a message if it fails. Return: 0 or -1. */
int tracefile_load(const char *path, struct trace *trace) __attribute__((warn_unused_result));

/* "# snapshot KIND seq N". */
void tracefile_snapshot(struct tracefile *trace, const char *kind);

/* "# G": the smallest start that @ia_bits allow. */
void tracefile_space(struct tracefile *trace, unsigned ia_bits);

/* "# S": what is not owned from byte @start to @end. */
void tracefile_states(struct tracefile *trace, const struct trace_pages *pages, uint64_t start, uint64_t end);

/* Records, by the fields of trace.h that the type has; seq and line are set here. @word: the cause or id. */
void tracefile_transition(struct tracefile *trace, const struct trace_record *record, const char *word);
void tracefile_mapping(struct tracefile *trace, const struct trace_record *record);
void tracefile_refusal(struct tracefile *trace, unsigned cpu, uint64_t time_ns, uint64_t addr);
void tracefile_unmap_devices(struct tracefile *trace, unsigned cpu, uint64_t time_ns);
void tracefile_mark(struct tracefile *trace, unsigned cpu, uint64_t time_ns, uint64_t mark);
void tracefile_trip(struct tracefile *trace, const struct trace_record *record, const char *word,
		    uint64_t calls, uint64_t maps);

#endif
