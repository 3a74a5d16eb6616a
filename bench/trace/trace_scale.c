/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * trace_scale.c - a trace of 4 KiB pages as one of larger pages.
 *
 * Owns: what trace_load() checked still holds. Addresses stay below 2^ia_bits, runs and leaves aligned, sorted and
 * apart, since all are multiplied alike.
 * Called by the replay between loading and everything else. Spec: DDI 0487, Translation levels, the 16 KiB and the
 * 64 KiB granule; Concatenated translation tables.
 */
#include "bench/trace/trace_scale.h"

#include <stdio.h>

#define ENTRY_LG2 3u
#define LEVEL_LAST 3u
#define LEVEL_BLOCKS 2u /* 16 and 64 KiB: the first with valid leaves, addresses of 52 bits aside */
#define START_TABLES_LG2_MAX 4u

/* log2 of the bytes that one entry of a level covers. */
static unsigned level_lg2(unsigned page_lg2, unsigned level)
{
	return page_lg2 + (page_lg2 - ENTRY_LG2) * (LEVEL_LAST - level);
}

static void scale_start(struct trace *trace)
{
	unsigned page_lg2 = trace_page_lg2(trace), level = LEVEL_LAST, table_lg2;

	while (trace->ia_bits > level_lg2(page_lg2, level - 1) + START_TABLES_LG2_MAX)
		level--;
	table_lg2 = level_lg2(page_lg2, level - 1);
	trace->start_level = level;
	trace->pgd_pages = trace->ia_bits > table_lg2 ? 1u << (trace->ia_bits - table_lg2) : 1;
}

/* The level of the largest leaves that are not larger than those of a 4 KiB table's @level, scaled. */
static unsigned scaled_level(const struct trace *trace, const struct trace_leaf_run *run)
{
	unsigned leaf_lg2 = level_lg2(TRACE_PAGE_LG2, run->level) + trace->scale_lg2;
	unsigned level = run->kind == TRACE_LEAF_VALID ? LEVEL_BLOCKS : 1;

	if (level < trace->start_level)
		level = trace->start_level;
	while (level_lg2(trace_page_lg2(trace), level) > leaf_lg2)
		level++;
	return level;
}

static void scale_snapshot(const struct trace *trace, struct trace_snapshot *snapshot)
{
	for (size_t i = 0; i < snapshot->states_count; i++) {
		snapshot->states[i].start <<= trace->scale_lg2;
		snapshot->states[i].end <<= trace->scale_lg2;
	}
	for (size_t i = 0; i < snapshot->leaves_count; i++) {
		struct trace_leaf_run *run = &snapshot->leaves[i];

		run->start <<= trace->scale_lg2;
		run->end <<= trace->scale_lg2;
		run->level = (uint8_t)scaled_level(trace, run);
	}
}

static void scale_regions(struct trace_region *region, size_t count, unsigned scale_lg2)
{
	for (size_t i = 0; i < count; i++) {
		region[i].start <<= scale_lg2;
		region[i].end <<= scale_lg2;
	}
}

int trace_scale(struct trace *trace, unsigned scale_lg2, struct trace_error *error)
{
	if (!scale_lg2)
		return 0;
	if (trace->ia_bits + scale_lg2 > TRACE_IA_BITS_MAX) {
		error->line = 0;
		snprintf(error->message, sizeof(error->message),
			 "ia_bits %u with pages of %u KiB would be %u, above %u", trace->ia_bits,
			 TRACE_PAGE_BYTES >> 10 << scale_lg2, trace->ia_bits + scale_lg2, TRACE_IA_BITS_MAX);
		return -1;
	}
	trace->scale_lg2 = scale_lg2;
	trace->ia_bits += scale_lg2;
	scale_start(trace);
	scale_regions(trace->regions, trace->regions_count, scale_lg2);
	scale_regions(trace->memory, trace->memory_count, scale_lg2);
	for (size_t i = 0; i < trace->snapshots_count; i++)
		scale_snapshot(trace, &trace->snapshots[i]);
	for (size_t i = 0; i < trace->records_count; i++) {
		struct trace_record *record = &trace->records[i];

		if (record->type != TRACE_K)
			record->start <<= scale_lg2;
		record->bytes <<= scale_lg2;
	}
	return 0;
}
