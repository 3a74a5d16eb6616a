/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * record_binary.h - a recording of tests/linux's recorder, as a trace.
 *
 * The recorder has written what a trace says, in records of 32 bytes; docs/recording.md gives their fields.
 */
#ifndef BENCH_RECORD_BINARY_H
#define BENCH_RECORD_BINARY_H

#include <stdbool.h>
#include <stdint.h>

#include "bench/trace/trace_input.h"
#include "bench/trace/tracefile.h"

struct record_binary_counts {
	uint64_t transitions, lost;
	bool cut; /* there is no end */
};

/* Whether it is one: a log has no zero byte. Return: 1, 0; -1 with @error set. */
int record_binary_is(struct trace_input *input, struct trace_error *error) __attribute__((warn_unused_result));

/**
 * record_binary_convert() - the whole of it.
 * @path:    for messages.
 * @name:    of the trace.
 * @lenient: go on where records are lost, and without an end.
 *
 * Return: 0; -1 after a message.
 */
int record_binary_convert(struct trace_input *input, const char *path, const char *name, bool lenient,
			  struct tracefile *out, struct record_binary_counts *counts)
	__attribute__((warn_unused_result));

#endif
