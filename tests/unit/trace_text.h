/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * trace_text.h - traces as text in a test: load one without a file on disk; seeded random numbers.
 */
#ifndef TESTS_UNIT_TRACE_TEXT_H
#define TESTS_UNIT_TRACE_TEXT_H

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "bench/trace/trace.h"

#define TRACE_TEXT_MAGIC "# pkvm-host-trace 1\n"
#define TRACE_TEXT_SNAPSHOT "# snapshot start seq 0\n"

static inline int trace_text_load_bytes(const void *bytes, size_t count, struct trace *trace,
					struct trace_error *error)
{
	int fd = memfd_create("trace", MFD_CLOEXEC);
	char path[64];
	int ret;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, count), count);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ret = trace_load(path, trace, error);
	close(fd);
	return ret;
}

static inline void trace_text_load(const char *text, struct trace *trace)
{
	struct trace_error error;

	if (trace_text_load_bytes(text, strlen(text), trace, &error))
		fail_msg("line %lu: %s", error.line, error.message);
}

static inline void trace_text_load_file(const char *path, struct trace *trace)
{
	struct trace_error error;

	if (trace_load(path, trace, &error))
		fail_msg("%s:%lu: %s", path, error.line, error.message);
}

/* The seed is taken from S2SHADOW_SEED, or the time; a failure is replayed with the one printed. */
static inline uint64_t trace_text_seed(void)
{
	const char *text = getenv("S2SHADOW_SEED");
	uint64_t seed = text ? strtoull(text, NULL, 0) : (uint64_t)time(NULL);

	print_message("S2SHADOW_SEED=%" PRIu64 "\n", seed);
	return seed;
}

static inline uint64_t trace_text_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

#endif
