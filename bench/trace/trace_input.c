/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * trace_input.c - the lines of a text file, plain or compressed with xz.
 *
 * Sits under trace.c. Two buffers: raw holds what read() gave, text what is to be cut into lines;
 * for a plain file the bytes are copied, for xz decoded. Whether a file is xz is decided by its
 * first six bytes, so a wrong suffix does no harm.
 * Owns: the caller sees a line only when all of it, newline included, was read without error, and
 * an xz file ends well only where the decoder has checked the end of its last stream.
 */
#include "bench/trace/trace_input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const uint8_t xz_magic[6] = {0xfd, '7', 'z', 'X', 'Z', 0x00};

static int __attribute__((format(printf, 3, 4)))
input_fail(struct trace_error *error, unsigned long line, const char *format, ...)
{
	va_list arguments;

	error->line = line;
	va_start(arguments, format);
	vsnprintf(error->message, sizeof(error->message), format, arguments);
	va_end(arguments);
	return -1;
}

/* Add to raw what one read() gives. */
static int input_read(struct trace_input *input, struct trace_error *error)
{
	ssize_t got;

	do {
		got = read(input->fd, input->raw + input->raw_used, TRACE_INPUT_RAW_BYTES - input->raw_used);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return input_fail(error, 0, "cannot read: %s", strerror(errno));
	if (got == 0)
		input->raw_end = true;
	input->raw_used += (size_t)got;
	return 0;
}

static const char *lzma_message(lzma_ret ret)
{
	switch (ret) {
	case LZMA_BUF_ERROR:
		return "the xz stream is truncated";
	case LZMA_DATA_ERROR:
		return "the xz stream is corrupt, or something else follows it";
	case LZMA_OPTIONS_ERROR:
		return "the xz stream uses options that are not supported";
	case LZMA_MEMLIMIT_ERROR:
		return "the xz stream needs more than 256 MiB to decode";
	case LZMA_MEM_ERROR:
		return "out of memory";
	default:
		return "the xz stream cannot be decoded";
	}
}

/* Decode from raw into text until some text came or the streams have ended. */
static int input_decode(struct trace_input *input, struct trace_error *error)
{
	lzma_stream *lzma = &input->lzma;
	size_t space = TRACE_INPUT_TEXT_BYTES - input->text_used;

	lzma->next_out = (uint8_t *)input->text + input->text_used;
	lzma->avail_out = space;
	while (lzma->avail_out == space) {
		lzma_ret ret;

		if (input->raw_start == input->raw_used && !input->raw_end) {
			input->raw_start = 0;
			input->raw_used = 0;
			if (input_read(input, error))
				return -1;
		}
		lzma->next_in = input->raw + input->raw_start;
		lzma->avail_in = input->raw_used - input->raw_start;
		ret = lzma_code(lzma, input->raw_end ? LZMA_FINISH : LZMA_RUN);
		input->raw_start = input->raw_used - lzma->avail_in;
		if (ret == LZMA_STREAM_END) {
			input->text_end = true;
			break;
		}
		if (ret != LZMA_OK)
			return input_fail(error, 0, "%s", lzma_message(ret));
	}
	input->text_used += space - lzma->avail_out;
	return 0;
}

static int input_copy(struct trace_input *input, struct trace_error *error)
{
	size_t space = TRACE_INPUT_TEXT_BYTES - input->text_used;
	size_t bytes;

	if (input->raw_start == input->raw_used && !input->raw_end) {
		input->raw_start = 0;
		input->raw_used = 0;
		if (input_read(input, error))
			return -1;
	}
	bytes = input->raw_used - input->raw_start;
	if (bytes == 0)
		input->text_end = true;
	if (bytes > space)
		bytes = space;
	memcpy(input->text + input->text_used, input->raw + input->raw_start, bytes);
	input->raw_start += bytes;
	input->text_used += bytes;
	return 0;
}

int trace_input_open(struct trace_input *input, const char *path, struct trace_error *error)
{
	memset(input, 0, sizeof(*input));
	input->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (input->fd < 0)
		return input_fail(error, 0, "cannot open: %s", strerror(errno));
	input->raw = malloc(TRACE_INPUT_RAW_BYTES);
	input->text = malloc(TRACE_INPUT_TEXT_BYTES);
	if (!input->raw || !input->text) {
		input_fail(error, 0, "out of memory");
		goto fail;
	}
	while (input->raw_used < sizeof(xz_magic) && !input->raw_end) {
		if (input_read(input, error))
			goto fail;
	}
	if (input->raw_used == 0) {
		input_fail(error, 0, "the file is empty");
		goto fail;
	}
	input->compressed =
		input->raw_used >= sizeof(xz_magic) && memcmp(input->raw, xz_magic, sizeof(xz_magic)) == 0;
	if (input->compressed) {
		lzma_ret ret =
			lzma_stream_decoder(&input->lzma, TRACE_INPUT_XZ_MEMORY_MAX, LZMA_CONCATENATED);

		if (ret != LZMA_OK) {
			input_fail(error, 0, "%s", lzma_message(ret));
			goto fail;
		}
	}
	return 0;

fail:
	trace_input_close(input);
	return -1;
}

void trace_input_close(struct trace_input *input)
{
	if (input->compressed)
		lzma_end(&input->lzma);
	free(input->raw);
	free(input->text);
	close(input->fd);
}

/* Add to text what can be had, after moving what is in it to its front. */
static int input_more(struct trace_input *input, struct trace_error *error)
{
	size_t have = input->text_used - input->text_start;

	if (input->text_start > 0) {
		memmove(input->text, input->text + input->text_start, have);
		input->text_start = 0;
		input->text_used = have;
	}
	return input->compressed ? input_decode(input, error) : input_copy(input, error);
}

int trace_input_peek(struct trace_input *input, const char **bytes, size_t count, struct trace_error *error)
{
	while (input->text_used - input->text_start < count && !input->text_end)
		if (input_more(input, error))
			return -1;
	*bytes = input->text + input->text_start;
	if (input->text_used - input->text_start < count)
		return (int)(input->text_used - input->text_start);
	return (int)count;
}

void trace_input_skip(struct trace_input *input, size_t count)
{
	input->text_start += count;
}

int trace_input_line(struct trace_input *input, const char **line, size_t *bytes, struct trace_error *error)
{
	size_t searched = 0;

	for (;;) {
		size_t have = input->text_used - input->text_start;
		const char *start = input->text + input->text_start;
		const char *newline = NULL;

		if (have > searched)
			newline = memchr(start + searched, '\n', have - searched);
		if (newline) {
			*line = start;
			*bytes = (size_t)(newline - start);
			if (*bytes > TRACE_INPUT_LINE_MAX)
				break;
			input->text_start += *bytes + 1;
			input->line++;
			return 1;
		}
		if (have > TRACE_INPUT_LINE_MAX)
			break;
		if (input->text_end) {
			if (have == 0)
				return 0;
			return input_fail(error, input->line + 1,
					  "the last line has no newline: the file is truncated");
		}
		searched = have;
		if (input_more(input, error))
			return -1;
	}
	return input_fail(error, input->line + 1, "the line is longer than %u bytes", TRACE_INPUT_LINE_MAX);
}

int trace_input_check_rest(struct trace_input *input, struct trace_error *error)
{
	while (input->compressed && !input->text_end) {
		input->text_start = 0;
		input->text_used = 0;
		if (input_decode(input, error))
			return -1;
	}
	return 0;
}
