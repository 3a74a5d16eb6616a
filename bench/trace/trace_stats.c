/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * trace_stats.c - what can be counted in a trace without replaying it.
 *
 * One pass over the records, with what each CPU did last; then sort and sum up.
 */
#include "bench/trace/trace_stats.h"

#include <stdlib.h>
#include <string.h>

#include "bench/common/message.h"
#include "bench/trace/trace_pages.h"

/* What is open on a CPU. */
struct cpu {
	const struct trace_record *last; /* T; NULL before the first */
	uint64_t run, calls, maps;
	const struct trace_record **trip; /* T of the trip */
	size_t trip_count, trip_room;
};

struct pass {
	struct trace_stats *stats;
	const struct trace *trace;
	struct trace_pages pages;
	struct samples gap;
	const struct trace_record *last; /* T, of any CPU */
	uint32_t index;			 /* of the T at hand */
	struct cpu cpu[TRACE_CPUS_MAX];
};

/* ---- small sums ---- */

void trace_histogram_add(struct trace_histogram *histogram, uint64_t value)
{
	unsigned lg2 = value ? 63 - (unsigned)__builtin_clzll(value) : 0;

	histogram->bucket[lg2 < TRACE_STATS_BUCKETS ? lg2 : TRACE_STATS_BUCKETS - 1]++;
}

static void share_add(struct trace_share *share, uint64_t pages)
{
	share->records++;
	share->pages += pages;
}

/* Room for one element more. Return: the array, moved perhaps; NULL if memory is short. */
static void *room_for(void *array, size_t count, size_t *room, size_t bytes)
{
	size_t wanted = *room ? *room * 2 : 16;
	void *moved;

	if (count < *room)
		return array;
	moved = reallocarray(array, wanted, bytes);
	if (moved)
		*room = wanted;
	return moved;
}

static void sort(void *array, size_t count, size_t bytes, int (*compare)(const void *, const void *))
{
	if (count)
		qsort(array, count, bytes, compare);
}

static int tally_add(struct trace_tallies *tallies, uint64_t value)
{
	struct trace_tally *moved;

	for (size_t i = 0; i < tallies->count; i++)
		if (tallies->tally[i].value == value) {
			tallies->tally[i].count++;
			return 0;
		}
	moved = room_for(tallies->tally, tallies->count, &tallies->room, sizeof(*moved));
	if (!moved)
		return -1;
	tallies->tally = moved;
	moved[tallies->count++] = (struct trace_tally){ value, 1 };
	return 0;
}

static struct trace_kind *kind_of(struct trace_stats *stats, const struct trace_record *record)
{
	struct trace_kind *moved;

	for (size_t i = 0; i < stats->kinds; i++) {
		struct trace_kind *kind = &stats->kind[i];

		if (kind->cause == record->name && kind->old_state == record->old_state &&
		    kind->new_state == record->new_state)
			return kind;
	}
	moved = room_for(stats->kind, stats->kinds, &stats->kinds_room, sizeof(*moved));
	if (!moved)
		return NULL;
	stats->kind = moved;
	moved[stats->kinds] = (struct trace_kind){ .cause = record->name,
						   .old_state = record->old_state,
						   .new_state = record->new_state };
	return &moved[stats->kinds++];
}

static struct trace_trips *trips_of(struct trace_stats *stats, const struct trace_record *record)
{
	struct trace_trips *moved;

	for (size_t i = 0; i < stats->trips; i++)
		if (stats->trip[i].why == record->why && stats->trip[i].id == record->name)
			return &stats->trip[i];
	moved = room_for(stats->trip, stats->trips, &stats->trips_room, sizeof(*moved));
	if (!moved)
		return NULL;
	stats->trip = moved;
	moved[stats->trips] = (struct trace_trips){ .why = record->why, .id = record->name };
	return &moved[stats->trips++];
}

/* ---- transitions ---- */

static uint64_t end_of(const struct trace_record *record)
{
	return record->start + record->bytes;
}

static bool same_change(const struct trace_record *left, const struct trace_record *right)
{
	return left->old_state == right->old_state && left->new_state == right->new_state;
}

static enum trace_step step_of(const struct trace_record *before, const struct trace_record *record)
{
	bool above = record->start == end_of(before), below = end_of(record) == before->start;

	if (above || below) {
		if (!same_change(before, record))
			return TRACE_STEP_OTHER;
		return above ? TRACE_STEP_ABOVE : TRACE_STEP_BELOW;
	}
	return record->start == before->start ? TRACE_STEP_SAME : TRACE_STEP_FAR;
}

static void count_words(struct trace_stats *stats, const struct trace_record *record, uint64_t pages)
{
	share_add(&stats->transitions, pages);
	if (trace_record_revokes(record))
		share_add(&stats->lost, pages);
	else if (trace_record_grants(record))
		share_add(&stats->regained, pages);
	else
		share_add(&stats->kept, pages);
	stats->no_change += record->old_state == record->new_state;
	stats->calls += !(record->flags & TRACE_FLAG_PIECE);
	stats->cpu[record->cpu]++;
}

/* Against the last T of this CPU, and of all. */
static int count_order(struct pass *pass, struct cpu *cpu, const struct trace_record *record)
{
	struct trace_stats *stats = pass->stats;
	enum trace_step step = TRACE_STEP_FAR;

	if (pass->last) {
		stats->next_above += record->start == end_of(pass->last);
		stats->cpu_changes += record->cpu != pass->last->cpu;
	}
	pass->last = record;
	if (cpu->last) {
		step = step_of(cpu->last, record);
		stats->step[step]++;
		stats->steps++;
		if (samples_add(&pass->gap, record->time_ns - cpu->last->time_ns))
			return -1;
	}
	if (step == TRACE_STEP_ABOVE || step == TRACE_STEP_BELOW) {
		cpu->run++;
	} else {
		if (cpu->last)
			trace_histogram_add(&stats->run, cpu->run);
		cpu->run = 1;
	}
	cpu->last = record;
	return 0;
}

static int count_in_trip(struct cpu *cpu, const struct trace_record *record)
{
	const struct trace_record **moved =
		room_for(cpu->trip, cpu->trip_count, &cpu->trip_room, sizeof(const struct trace_record *));

	if (!moved)
		return -1;
	cpu->trip = moved;
	moved[cpu->trip_count++] = record;
	cpu->calls += !(record->flags & TRACE_FLAG_PIECE);
	return 0;
}

static int count_pages(struct pass *pass, const struct trace_record *record, uint64_t pages)
{
	struct trace_stats *stats = pass->stats;
	bool changes = trace_record_changes_access(record);

	for (uint64_t i = 0; i < pages; i++) {
		struct trace_page *page = trace_pages_set(&pass->pages, (record->start >> TRACE_PAGE_LG2) + i,
							  record->new_state);

		if (!page)
			return -1;
		if (!changes)
			continue;
		if (page->changed)
			trace_histogram_add(trace_record_grants(record) ? &stats->away : &stats->back,
					    pass->index - page->last);
		else
			stats->changed_pages++;
		page->changed = true;
		page->last = pass->index;
	}
	if (pass->pages.without > stats->peak_pages)
		stats->peak_pages = pass->pages.without;
	if (pass->pages.blocks_without > stats->peak_blocks)
		stats->peak_blocks = pass->pages.blocks_without;
	return 0;
}

static int count_transition(struct pass *pass, const struct trace_record *record)
{
	uint64_t pages = record->bytes >> TRACE_PAGE_LG2;
	struct cpu *cpu = &pass->cpu[record->cpu];
	struct trace_kind *kind = kind_of(pass->stats, record);

	if (!kind || tally_add(&pass->stats->size, pages))
		return -1;
	share_add(&kind->share, pages);
	count_words(pass->stats, record, pages);
	if (count_order(pass, cpu, record) || count_pages(pass, record, pages))
		return -1;
	pass->index++;
	return count_in_trip(cpu, record);
}

/* ---- trips ---- */

static int by_change(const void *left, const void *right)
{
	const struct trace_record *a = *(const struct trace_record *const *)left;
	const struct trace_record *b = *(const struct trace_record *const *)right;

	if (!same_change(a, b))
		return (a->old_state << 2 | a->new_state) - (b->old_state << 2 | b->new_state);
	return (a->start > b->start) - (a->start < b->start);
}

/* The runs that the trip's T make, in whatever order they came. */
static uint64_t runs_of_trip(struct cpu *cpu)
{
	uint64_t runs = 1;

	sort(cpu->trip, cpu->trip_count, sizeof(*cpu->trip), by_change);
	for (size_t i = 1; i < cpu->trip_count; i++)
		runs += !same_change(cpu->trip[i - 1], cpu->trip[i]) ||
			cpu->trip[i]->start != end_of(cpu->trip[i - 1]);
	return runs;
}

static int count_trip(struct pass *pass, const struct trace_record *record)
{
	struct trace_stats *stats = pass->stats;
	struct cpu *cpu = &pass->cpu[record->cpu];
	struct trace_trips *trips = trips_of(stats, record);

	if (!trips || samples_add(&trips->ns, record->trip_ns))
		return -1;
	trips->trips++;
	trips->with_transition += cpu->trip_count != 0;
	trips->calls += cpu->calls;
	stats->trips_without += record->quiet;
	if (cpu->trip_count) {
		stats->trips_with++;
		trace_histogram_add(&stats->calls_per_trip, cpu->calls);
		trace_histogram_add(&stats->segments_per_trip, runs_of_trip(cpu));
	} else {
		stats->trips_without++;
		stats->trips_mapped += cpu->maps != 0;
	}
	cpu->trip_count = 0;
	cpu->calls = cpu->maps = 0;
	return 0;
}

static int count_record(struct pass *pass, const struct trace_record *record)
{
	pass->stats->records++;
	pass->stats->type[record->type & 127]++;
	switch (record->type) {
	case TRACE_T:
		return count_transition(pass, record);
	case TRACE_X:
		return count_trip(pass, record);
	case TRACE_M:
		pass->cpu[record->cpu].maps++;
		return tally_add(&pass->stats->map_size, record->bytes >> TRACE_PAGE_LG2);
	default:
		return 0;
	}
}

/* ---- the end ---- */

static int by_records(const void *left, const void *right)
{
	const struct trace_kind *a = left, *b = right;

	if (a->share.records != b->share.records)
		return a->share.records < b->share.records ? 1 : -1;
	return a->cause != b->cause ? (a->cause > b->cause) - (a->cause < b->cause) :
				      a->old_state - b->old_state;
}

static int by_trips(const void *left, const void *right)
{
	const struct trace_trips *a = left, *b = right;

	if (a->trips != b->trips)
		return a->trips < b->trips ? 1 : -1;
	return (a->id > b->id) - (a->id < b->id);
}

static int by_value(const void *left, const void *right)
{
	const struct trace_tally *a = left, *b = right;

	return (a->value > b->value) - (a->value < b->value);
}

/* Sorts. */
static uint64_t rank(struct samples *samples, unsigned percent)
{
	samples_sort(samples);
	return samples->count ? samples->value[samples->count * percent / 100] : 0;
}

static void finish(struct pass *pass)
{
	static const unsigned percent[] = { 10, 50, 90 };
	struct trace_stats *stats = pass->stats;
	const struct trace *trace = pass->trace;

	for (unsigned i = 0; i < TRACE_CPUS_MAX; i++)
		if (pass->cpu[i].last)
			trace_histogram_add(&stats->run, pass->cpu[i].run);
	for (size_t i = 0; i < pass->pages.room; i++) {
		const struct trace_block *block = pass->pages.slot[i];
		bool changed = false;

		for (unsigned page = 0; block && page < TRACE_BLOCK_PAGES; page++)
			changed |= block->page[page].changed;
		stats->changed_blocks += changed;
	}
	for (unsigned i = 0; i < 3; i++)
		stats->gap_ns[i] = rank(&pass->gap, percent[i]);
	for (size_t i = 0; i < stats->trips; i++) {
		stats->trip[i].p50_ns = rank(&stats->trip[i].ns, 50);
		stats->trip[i].p99_ns = rank(&stats->trip[i].ns, 99);
	}
	sort(stats->kind, stats->kinds, sizeof(*stats->kind), by_records);
	sort(stats->trip, stats->trips, sizeof(*stats->trip), by_trips);
	sort(stats->size.tally, stats->size.count, sizeof(*stats->size.tally), by_value);
	sort(stats->map_size.tally, stats->map_size.count, sizeof(*stats->map_size.tally), by_value);
	if (trace->records_count)
		stats->duration_ns =
			trace->records[trace->records_count - 1].time_ns - trace->records[0].time_ns;
}

int trace_stats_count(struct trace_stats *stats, const struct trace *trace, const char *name)
{
	struct pass *pass = calloc(1, sizeof(*pass));
	int ret = -1;

	*stats = (struct trace_stats){ 0 };
	if (pass) {
		pass->stats = stats;
		pass->trace = trace;
		ret = trace_pages_init(&pass->pages, trace);
		stats->peak_pages = pass->pages.without;
		stats->peak_blocks = pass->pages.blocks_without;
		for (size_t i = 0; !ret && i < trace->records_count; i++)
			ret = count_record(pass, &trace->records[i]);
		if (!ret)
			finish(pass);
		trace_pages_free(&pass->pages);
		for (unsigned i = 0; i < TRACE_CPUS_MAX; i++)
			free(pass->cpu[i].trip);
		samples_free(&pass->gap);
		free(pass);
	}
	if (ret) {
		message("%s: out of memory, or more than 2 TiB of pages change", name);
		trace_stats_free(stats);
	}
	return ret;
}

void trace_stats_free(struct trace_stats *stats)
{
	for (size_t i = 0; i < stats->trips; i++)
		samples_free(&stats->trip[i].ns);
	free(stats->trip);
	free(stats->kind);
	free(stats->size.tally);
	free(stats->map_size.tally);
	*stats = (struct trace_stats){ 0 };
}
