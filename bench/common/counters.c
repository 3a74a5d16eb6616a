/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * counters.c - what the processor counts while this thread runs.
 *
 * Misses are those of loads: what the generic events of perf_event_open(2) have on most processors.
 */
#include "bench/common/counters.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CACHE_MISSES(cache) \
	((cache) | PERF_COUNT_HW_CACHE_OP_READ << 8 | PERF_COUNT_HW_CACHE_RESULT_MISS << 16)

#define UNREADABLE UINT64_MAX /* for wanted_ns */

static const struct {
	const char *name;
	uint32_t type;
	uint64_t config;
} events[COUNTERS] = {
	[COUNTER_CYCLES] = { "cycles", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES },
	[COUNTER_INSTRUCTIONS] = { "instructions", PERF_TYPE_HARDWARE, PERF_COUNT_HW_INSTRUCTIONS },
	[COUNTER_L1D_MISSES] = { "l1d_misses", PERF_TYPE_HW_CACHE, CACHE_MISSES(PERF_COUNT_HW_CACHE_L1D) },
	[COUNTER_LLC_MISSES] = { "llc_misses", PERF_TYPE_HW_CACHE, CACHE_MISSES(PERF_COUNT_HW_CACHE_LL) },
	[COUNTER_DTLB_MISSES] = { "dtlb_misses", PERF_TYPE_HW_CACHE, CACHE_MISSES(PERF_COUNT_HW_CACHE_DTLB) },
	[COUNTER_BRANCH_MISSES] = { "branch_misses", PERF_TYPE_HARDWARE, PERF_COUNT_HW_BRANCH_MISSES },
};

static int kernel_open(struct perf_event_attr *attr)
{
	return (int)syscall(SYS_perf_event_open, attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
}

static const struct counters_kernel this_kernel = { kernel_open, read, close };

static struct perf_event_attr attr_of(enum counter counter)
{
	struct perf_event_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.size = sizeof(attr);
	attr.type = events[counter].type;
	attr.config = events[counter].config;
	attr.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING;
	attr.exclude_kernel = 1;
	attr.exclude_hv = 1;
	return attr;
}

static const char *reason(int error)
{
	switch (error) {
	case EACCES:
	case EPERM:
		return "not allowed: see kernel.perf_event_paranoid";
	case ENOSYS:
		return "the kernel has no perf events";
	default:
		return "the processor shows none";
	}
}

int counters_open(struct counters *counters, const struct counters_kernel *kernel, const char **why)
{
	int first = 0;
	bool any = false;

	counters->kernel = kernel ? kernel : &this_kernel;
	for (unsigned i = 0; i < COUNTERS; i++) {
		struct perf_event_attr attr = attr_of((enum counter)i);

		counters->fd[i] = counters->kernel->open(&attr);
		any |= counters->fd[i] >= 0;
		if (counters->fd[i] < 0 && !first)
			first = errno;
	}
	if (any)
		return 0;
	*why = reason(first);
	return -1;
}

void counters_close(struct counters *counters)
{
	for (unsigned i = 0; i < COUNTERS; i++) {
		if (counters->fd[i] >= 0)
			counters->kernel->close(counters->fd[i]);
		counters->fd[i] = -1;
	}
}

void counters_read(const struct counters *counters, struct counters_reading *now)
{
	for (unsigned i = 0; i < COUNTERS; i++) {
		uint64_t words[3] = { 0 }; /* value, time enabled, time running: read_format */

		if (counters->fd[i] >= 0 &&
		    counters->kernel->read(counters->fd[i], words, sizeof(words)) != sizeof(words))
			words[1] = UNREADABLE;
		now->counter[i].value = words[0];
		now->counter[i].wanted_ns = words[1];
		now->counter[i].ran_ns = words[2];
	}
}

void counters_add(struct counters_reading *sum, const struct counters_reading *from,
		  const struct counters_reading *to)
{
	for (unsigned i = 0; i < COUNTERS; i++) {
		if (from->counter[i].wanted_ns == UNREADABLE || to->counter[i].wanted_ns == UNREADABLE)
			continue;
		sum->counter[i].value += to->counter[i].value - from->counter[i].value;
		sum->counter[i].wanted_ns += to->counter[i].wanted_ns - from->counter[i].wanted_ns;
		sum->counter[i].ran_ns += to->counter[i].ran_ns - from->counter[i].ran_ns;
	}
}

bool counters_value(const struct counters_reading *sum, enum counter counter, double *value, bool *scaled)
{
	uint64_t wanted_ns = sum->counter[counter].wanted_ns, ran_ns = sum->counter[counter].ran_ns;

	if (!ran_ns)
		return false;
	*scaled = ran_ns < wanted_ns;
	*value = (double)sum->counter[counter].value;
	if (*scaled)
		*value *= (double)wanted_ns / (double)ran_ns;
	return true;
}

const char *counters_name(enum counter counter)
{
	return events[counter].name;
}
