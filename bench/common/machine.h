/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * machine.h - where a measurement runs: topology, pinning, whether the CPU's counters can be read.
 *
 * Used by info.c, replay and the benchmarks. hwloc is behind it and nowhere else.
 */
#ifndef BENCH_MACHINE_H
#define BENCH_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#include "bench/common/machine_doubts.h"

#define MACHINE_TEXT_BYTES 128
#define MACHINE_CACHES_MAX 5

struct machine {
	char cpu[MACHINE_TEXT_BYTES];		   /* model, as the kernel names it */
	char kernel[MACHINE_TEXT_BYTES];	   /* name, release, architecture */
	char governor[MACHINE_TEXT_BYTES];	   /* of the first CPU; "none" if the kernel shows none */
	unsigned packages, cores, pus, numa_nodes; /* pus: hardware threads that this process may use */
	uint64_t memory_bytes;
	struct {
		char name[8]; /* L1d, L1i, L2, ... */
		uint64_t bytes;
	} cache[MACHINE_CACHES_MAX]; /* that serve the measuring thread's core */
	unsigned cache_count;
	int measuring_pu; /* the first CPU of the first core, where placement_bind() puts thread 0; -1: unknown */
	bool counters;	  /* perf_event_open() can count instructions */
	struct machine_doubts doubts;
};

/** machine_read() - find all of this out. What cannot be found is 0, "unknown" or -1. */
void machine_read(struct machine *machine);

#endif
