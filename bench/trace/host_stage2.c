/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * host_stage2.c - the host's stage-2 table as a CPU would walk it, built from a trace's header.
 *
 * Sits on trace.c; the replay gives the result to the engine's snapshot, which sees what it would
 * see in a hypervisor: identity-mapped leaves with the host's rights, annotated invalid entries for
 * pages that belong to someone else, zero where nothing was mapped yet.
 * Two steps: count the tables the sorted L lines need, then fill them in one block of memory that
 * starts with the concatenated start tables. Leaves of different lines never collide, because the
 * lines do not overlap and each is aligned to its own leaf size.
 * Spec: DDI 0487, VMSAv8-64 stage 2 descriptors. The annotation is that of Linux 7.3's pKVM: an
 * invalid entry with the type in bits 63:60 (2, donated) and the owner in bits 3:1.
 */
#include "bench/trace/host_stage2.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <sys/mman.h>

#define LEVEL_LAST 3u

#define DESC_VALID (1ull << 0)
#define DESC_TABLE (1ull << 1) /* also a page, at level 3 */
#define DESC_MEMATTR_DEVICE (0x1ull << 2)
#define DESC_MEMATTR_NORMAL (0xfull << 2)
#define DESC_S2AP_R (1ull << 6)
#define DESC_S2AP_W (1ull << 7)
#define DESC_SH_INNER (3ull << 8)
#define DESC_AF (1ull << 10)
#define DESC_XN (2ull << 53) /* XN[1:0] = 10: execute-never at EL1 and EL0 */
#define DESC_ADDR 0x0000fffffffff000ull

#define ANNOTATION_DONATED (2ull << 60)
#define ANNOTATION_OWNER(id) ((uint64_t)(id) << 1)
#define OWNER_HYP 1u
#define OWNER_GUEST 3u

/* log2 of the bytes that one entry of a level covers; a page holds 2^(page_lg2 - 3) entries. */
static unsigned level_shift(unsigned page_lg2, unsigned level)
{
	return page_lg2 + (page_lg2 - 3) * (LEVEL_LAST - level);
}

size_t host_stage2_bytes(const struct trace *trace)
{
	const struct trace_snapshot *snapshot = &trace->snapshots[0];
	const unsigned page_lg2 = trace_page_lg2(trace);
	uint64_t tables = trace->pgd_pages;

	/* A table of a level is named by the bits above it; sorted lines name them in order. */
	for (unsigned level = trace->start_level + 1; level <= LEVEL_LAST; level++) {
		unsigned shift = level_shift(page_lg2, level - 1);
		uint64_t counted_end = 0;

		for (size_t i = 0; i < snapshot->leaves_count; i++) {
			const struct trace_leaf_run *run = &snapshot->leaves[i];
			uint64_t first = run->start >> shift;
			uint64_t end = ((run->end - 1) >> shift) + 1;

			if (run->level < level)
				continue;
			if (first < counted_end)
				first = counted_end;
			tables += end - first;
			counted_end = end;
		}
	}
	if (tables > HOST_STAGE2_BYTES_MAX >> page_lg2)
		return 0;
	return (size_t)tables << page_lg2;
}

static uint64_t leaf_descriptor(const struct trace *trace, const struct trace_leaf_run *run, uint64_t addr)
{
	uint64_t desc = DESC_VALID | DESC_AF | DESC_SH_INNER | addr;

	if (run->kind == TRACE_LEAF_OWNER_HYP)
		return ANNOTATION_DONATED | ANNOTATION_OWNER(OWNER_HYP);
	if (run->kind == TRACE_LEAF_OWNER_GUEST)
		return ANNOTATION_DONATED | ANNOTATION_OWNER(OWNER_GUEST);
	if (run->level == LEVEL_LAST)
		desc |= DESC_TABLE;
	desc |= trace_touches_memory(trace, addr, addr + 1) ? DESC_MEMATTR_NORMAL : DESC_MEMATTR_DEVICE;
	if (run->access & TRACE_ACCESS_R)
		desc |= DESC_S2AP_R;
	if (run->access & TRACE_ACCESS_W)
		desc |= DESC_S2AP_W;
	if (!run->executable)
		desc |= DESC_XN;
	return desc;
}

static uint64_t entries(const struct host_stage2 *host)
{
	return (UINT64_C(1) << host->granule_lg2) / sizeof(uint64_t);
}

/* The entry of @level for @addr, with the tables above it made as needed. */
static uint64_t *entry_at(const struct host_stage2 *host, uint64_t addr, unsigned level, size_t *used)
{
	uint64_t *table = host->va;
	uint64_t index = addr >> level_shift(host->granule_lg2, host->start_level); /* of all start tables */

	for (unsigned at = host->start_level; at < level; at++) {
		uint64_t *entry = &table[index];

		if (!*entry) {
			*entry = (host->pa + *used) | DESC_VALID | DESC_TABLE;
			*used += (size_t)1 << host->granule_lg2;
		}
		table = host_stage2_virt(host, *entry & DESC_ADDR);
		index = (addr >> level_shift(host->granule_lg2, at + 1)) % entries(host);
	}
	return &table[index];
}

static void fill_run(const struct host_stage2 *host, const struct trace *trace,
		     const struct trace_leaf_run *run, size_t *used)
{
	unsigned shift = level_shift(host->granule_lg2, run->level);
	uint64_t *entry = NULL;

	/* Within a table the entries follow one another; walk again at each table's start. */
	for (uint64_t addr = run->start; addr < run->end; addr += UINT64_C(1) << shift) {
		if (!entry || (addr >> shift) % entries(host) == 0)
			entry = entry_at(host, addr, run->level, used);
		*entry++ = leaf_descriptor(trace, run, addr);
	}
}

static int fail(struct trace_error *error, const char *message)
{
	error->line = 0;
	snprintf(error->message, sizeof(error->message), "%s", message);
	return -1;
}

int host_stage2_init(struct host_stage2 *host, const struct trace *trace, uint64_t pa,
		     struct trace_error *error)
{
	const struct trace_snapshot *snapshot = &trace->snapshots[0];
	size_t bytes = host_stage2_bytes(trace);
	size_t page_bytes = (size_t)1 << trace_page_lg2(trace);
	size_t used = trace->pgd_pages * page_bytes;
	void *va;

	memset(host, 0, sizeof(*host));
	if (bytes == 0)
		return fail(error, "the L lines take more than 1 GiB of host tables");
	if (pa % used || (pa & ~DESC_ADDR) || bytes > DESC_ADDR + 0x1000 - pa)
		return fail(error, "the host tables' base is not aligned, or beyond 48 bits");
	va = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (va == MAP_FAILED)
		return fail(error, "out of memory for the host tables");
	host->va = va;
	host->pa = pa;
	host->bytes = bytes;
	host->granule_lg2 = trace_page_lg2(trace);
	host->ia_bits = trace->ia_bits;
	host->start_level = trace->start_level;
	host->pgd_pages = trace->pgd_pages;
	for (size_t i = 0; i < snapshot->leaves_count; i++)
		fill_run(host, trace, &snapshot->leaves[i], &used);
	return 0;
}

void host_stage2_free(struct host_stage2 *host)
{
	if (host->va)
		munmap(host->va, host->bytes);
	memset(host, 0, sizeof(*host));
}

void *host_stage2_virt(const struct host_stage2 *host, uint64_t pa)
{
	if (pa < host->pa || pa - host->pa >= host->bytes)
		return NULL;
	return (char *)host->va + (pa - host->pa);
}
