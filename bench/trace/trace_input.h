/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * trace_input.h - the lines of a text file, or the bytes of a binary one, plain or compressed with xz.
 *
 * Used by trace.c and record.c. Knows nothing of what they say.
 */
#ifndef BENCH_TRACE_INPUT_H
#define BENCH_TRACE_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lzma.h>

#include "bench/trace/trace.h"

#define TRACE_INPUT_RAW_BYTES (32u << 10)
#define TRACE_INPUT_TEXT_BYTES (64u << 10)
#define TRACE_INPUT_LINE_MAX (16u << 10)
#define TRACE_INPUT_XZ_MEMORY_MAX (256ull << 20)

struct trace_input {
	int fd;
	bool compressed;
	bool raw_end;  /* read() has said so */
	bool text_end; /* nothing more will come into text */
	lzma_stream lzma;
	uint8_t *raw;
	size_t raw_start;
	size_t raw_used;
	char *text;
	size_t text_start; /* first byte not yet given out */
	size_t text_used;
	unsigned long line; /* lines given out */
};

/* Open @path. Return: 0; -1 with @error set and nothing to close. */
int trace_input_open(struct trace_input *input, const char *path, struct trace_error *error)
	__attribute__((warn_unused_result));

void trace_input_close(struct trace_input *input);

/**
 * trace_input_line() - the next line, without its newline.
 * @line:  points into the input's buffer; valid until the next call; not terminated.
 * @bytes: its length; may contain any byte but a newline.
 *
 * Return: 1; 0 at the end; -1 with @error set (read error, damaged or truncated xz, a line too
 * long, a last line without newline).
 */
int trace_input_line(struct trace_input *input, const char **line, size_t *bytes, struct trace_error *error)
	__attribute__((warn_unused_result));

/**
 * trace_input_peek() - the next bytes, which stay the next ones.
 * @bytes: points into the input's buffer; valid until the next call.
 * @count: how many, at most TRACE_INPUT_LINE_MAX.
 *
 * Return: how many there are, fewer than @count only at the end; -1 with @error set.
 */
int trace_input_peek(struct trace_input *input, const char **bytes, size_t count, struct trace_error *error)
	__attribute__((warn_unused_result));

/* Have done with as many bytes as were peeked at. */
void trace_input_skip(struct trace_input *input, size_t count);

/**
 * trace_input_check_rest() - after the caller gave up on a line: is the file itself damaged?
 *
 * Text that a damaged xz stream decodes to may be rejected before the decoder comes to the checksum
 * that fails; the damage is then the better message. Reads to the end of a compressed file.
 *
 * Return: 0; -1 with @error set, otherwise untouched.
 */
int trace_input_check_rest(struct trace_input *input, struct trace_error *error);

#endif
