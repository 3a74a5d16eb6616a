/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * host_stage2.h - the host's stage-2 table as a CPU would walk it, built from a trace's header.
 *
 * Raw little-endian arm64 descriptors, a granule of the trace's page, concatenated start tables, in one block of
 * memory that stands for physical memory at a base the caller names. L lines become valid blocks
 * and pages, or invalid annotated entries of an owner; everything else is a zero entry.
 */
#ifndef BENCH_HOST_STAGE2_H
#define BENCH_HOST_STAGE2_H

#include <stddef.h>
#include <stdint.h>

#include "bench/trace/trace.h"

/* Larger than any real host table: 1 GiB of tables map 512 GiB in pages. */
#define HOST_STAGE2_BYTES_MAX (1ull << 30)

struct host_stage2 {
	void *va;     /* page aligned; the start tables come first */
	uint64_t pa;  /* physical address of va[0] */
	size_t bytes; /* all of it, a multiple of the granule */
	unsigned granule_lg2;
	unsigned ia_bits;
	unsigned start_level;
	unsigned pgd_pages;
};

/* Bytes that host_stage2_init() will take for this trace; 0 if above HOST_STAGE2_BYTES_MAX. */
size_t host_stage2_bytes(const struct trace *trace);

/**
 * host_stage2_init() - build the table of the trace's first snapshot.
 * @host:  filled; release with host_stage2_free().
 * @trace: as trace_load() or trace_scale() left it.
 * @pa:    physical base, aligned to all start tables; bits 47:12 only.
 * @error: says why not, on failure.
 *
 * Return: 0 or -1.
 */
int host_stage2_init(struct host_stage2 *host, const struct trace *trace, uint64_t pa,
		     struct trace_error *error) __attribute__((warn_unused_result));

void host_stage2_free(struct host_stage2 *host);

/* The memory behind a physical address of the block; NULL outside it. */
void *host_stage2_virt(const struct host_stage2 *host, uint64_t pa);

#endif
