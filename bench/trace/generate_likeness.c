/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * generate_likeness.c - what a trace is made of, taken apart and put together again in another order.
 *
 * An order that keeps all neighbours is a walk over the graph of kinds that uses each edge once. Such a walk
 * never ends too early if the last way out of each kind stays the last; all other ways out are shuffled.
 */
#include "bench/trace/generate_likeness.h"

#include <stdlib.h>
#include <string.h>

#include "bench/trace/generate.h"
#include "bench/trace/trace_pages.h"

#define WINDOW_RUNS  256u
#define WINDOW_TURNS 4096u

/* ---- taking apart ---- */

struct cpu {
	const struct trace_record *last; /* T */
	struct likeness_run run;	 /* open if count is not 0 */
	struct likeness_run *done;
	size_t count, room;
};

static int close_run(struct cpu *cpu)
{
	if (!cpu->run.count)
		return 0;
	if (cpu->count == cpu->room) {
		size_t room = cpu->room ? cpu->room * 2 : 64;
		struct likeness_run *moved = reallocarray(cpu->done, room, sizeof(*moved));

		if (!moved)
			return -1;
		cpu->done = moved;
		cpu->room = room;
	}
	cpu->done[cpu->count++] = cpu->run;
	cpu->run.count = 0;
	return 0;
}

/* Does @record go on with the CPU's open run? Sets the direction of a run of one. */
static bool goes_on(struct cpu *cpu, const struct trace_record *record)
{
	struct likeness_run *run = &cpu->run;
	bool up, down;

	if (!run->count || run->cause != record->name || run->old_state != record->old_state ||
	    run->new_state != record->new_state || run->flags != record->flags ||
	    run->pages != record->bytes >> TRACE_PAGE_LG2)
		return false;
	up = record->start == cpu->last->start + cpu->last->bytes;
	down = record->start + record->bytes == cpu->last->start;
	if (run->count == 1 && down)
		run->down = true;
	return run->down ? down : up;
}

static int take_transition(struct cpu *cpu, struct trace_pages *pages, const struct trace_record *record,
			   uint32_t index)
{
	uint64_t first = record->start >> TRACE_PAGE_LG2, count = record->bytes >> TRACE_PAGE_LG2;
	struct trace_page *page = trace_pages_get(pages, first);

	if (!page)
		return -1;
	if (!goes_on(cpu, record)) {
		if (close_run(cpu))
			return -1;
		cpu->run = (struct likeness_run){
			.cause = record->name,
			.old_state = record->old_state,
			.new_state = record->new_state,
			.flags = record->flags,
			.pages = (uint32_t)count,
			.page = first,
			.fresh = page->last == TRACE_NEVER,
		};
		if (!cpu->run.fresh)
			cpu->run.distance = index - page->last;
	}
	cpu->run.count++;
	cpu->run.last_ends = false;
	cpu->last = record;
	for (uint64_t i = 0; i < count; i++) {
		page = trace_pages_set(pages, first + i, record->new_state);
		if (!page)
			return -1;
		page->last = index;
	}
	return 0;
}

static void take_trip(struct likeness *likeness, struct cpu *cpu, const struct trace_record *record)
{
	if (!cpu->run.count || cpu->run.last_ends)
		return;
	cpu->run.ends++;
	cpu->run.last_ends = true;
	cpu->run.why = record->why;
	cpu->run.id = record->name;
	likeness->trip_ns[likeness->trips] = record->trip_ns;
	likeness->trip_id[likeness->trips++] = record->name;
}

static int take_apart(struct likeness *likeness, const struct trace *trace, struct cpu *cpus,
		      struct trace_pages *pages)
{
	const struct trace_record *last = NULL;

	for (size_t i = 0; i < trace->records_count; i++) {
		const struct trace_record *record = &trace->records[i];
		struct cpu *cpu = &cpus[record->cpu];

		if (record->type == TRACE_X)
			take_trip(likeness, cpu, record);
		if (record->type != TRACE_T)
			continue;
		likeness->turn[likeness->turns].cpu = record->cpu;
		likeness->turn[likeness->turns].after_ns = !last ? 0 :
							   record->time_ns > last->time_ns ?
								   record->time_ns - last->time_ns :
								   0;
		if (take_transition(cpu, pages, record, (uint32_t)likeness->turns++))
			return -1;
		last = record;
	}
	return 0;
}

static int join(struct likeness *likeness, struct cpu *cpus)
{
	for (unsigned i = 0; i < TRACE_CPUS_MAX; i++) {
		if (close_run(&cpus[i]))
			return -1;
		likeness->first[i] = likeness->runs;
		likeness->runs += cpus[i].count;
	}
	likeness->first[TRACE_CPUS_MAX] = likeness->runs;
	likeness->run = calloc(likeness->runs + 1, sizeof(*likeness->run));
	if (!likeness->run)
		return -1;
	for (unsigned i = 0; i < TRACE_CPUS_MAX; i++)
		if (cpus[i].count)
			memcpy(likeness->run + likeness->first[i], cpus[i].done,
			       cpus[i].count * sizeof(*likeness->run));
	return 0;
}

int likeness_init(struct likeness *likeness, const struct trace *trace)
{
	struct cpu *cpus = calloc(TRACE_CPUS_MAX, sizeof(*cpus));
	struct trace_pages pages;
	int ret = -1;

	*likeness = (struct likeness){ 0 };
	likeness->turn = calloc(trace->records_count + 1, sizeof(*likeness->turn));
	likeness->trip_ns = calloc(trace->records_count + 1, sizeof(*likeness->trip_ns));
	likeness->trip_id = calloc(trace->records_count + 1, sizeof(*likeness->trip_id));
	if (cpus && likeness->turn && likeness->trip_ns && likeness->trip_id &&
	    trace_pages_init(&pages, trace) == 0) {
		ret = take_apart(likeness, trace, cpus, &pages);
		if (!ret)
			ret = join(likeness, cpus);
		trace_pages_free(&pages);
	}
	for (unsigned i = 0; cpus && i < TRACE_CPUS_MAX; i++)
		free(cpus[i].done);
	free(cpus);
	if (ret)
		likeness_free(likeness);
	return ret;
}

void likeness_free(struct likeness *likeness)
{
	free(likeness->run);
	free(likeness->turn);
	free(likeness->trip_ns);
	free(likeness->trip_id);
	*likeness = (struct likeness){ 0 };
}

/* ---- another order ---- */

int likeness_rearrange(const uint32_t *kind, size_t count, uint32_t *order, uint64_t *random)
{
	/* ways out of kind k: way[start[k]] .. way[start[k + 1]], each the place that it leads to */
	uint32_t *start = calloc(count + 2, sizeof(*start)), *way = calloc(count + 1, sizeof(*way));
	uint32_t *used = calloc(count + 1, sizeof(*used));
	uint32_t at = 0;

	if (!start || !way || !used) {
		free(start);
		free(way);
		free(used);
		return -1;
	}
	for (size_t i = 0; i + 1 < count; i++)
		start[kind[i] + 1]++;
	for (size_t k = 0; k < count; k++)
		start[k + 1] += start[k];
	for (size_t i = 0; i + 1 < count; i++)
		way[start[kind[i]] + used[kind[i]]++] = (uint32_t)(i + 1);
	for (size_t k = 0; k < count; k++) {
		for (uint32_t i = used[k] ? used[k] - 1 : 0; i > 1; i--) {
			uint32_t other = start[k] + (uint32_t)generate_below(random, i);
			uint32_t kept = way[start[k] + i - 1];

			way[start[k] + i - 1] = way[other];
			way[other] = kept;
		}
		used[k] = 0;
	}
	for (size_t i = 0; i < count; i++) {
		order[i] = at;
		if (i + 1 < count)
			at = way[start[kind[at]] + used[kind[at]]++];
	}
	free(start);
	free(way);
	free(used);
	return 0;
}

static bool same_kind(const struct likeness_run *left, const struct likeness_run *right)
{
	return left->cause == right->cause && left->old_state == right->old_state &&
	       left->new_state == right->new_state && left->flags == right->flags &&
	       left->down == right->down && left->last_ends == right->last_ends &&
	       left->fresh == right->fresh && left->id == right->id && left->pages == right->pages &&
	       left->count == right->count && left->ends == right->ends;
}

static int shuffle_runs(struct likeness_run *run, size_t count, uint64_t *random)
{
	struct likeness_run before[WINDOW_RUNS];
	uint32_t kind[WINDOW_RUNS], order[WINDOW_RUNS];

	for (size_t i = 0; i < count; i++) {
		size_t same = 0;

		while (!same_kind(&run[same], &run[i]))
			same++;
		kind[i] = (uint32_t)same;
		before[i] = run[i];
	}
	if (likeness_rearrange(kind, count, order, random))
		return -1;
	for (size_t i = 0; i < count; i++)
		run[i] = before[order[i]];
	return 0;
}

/* Turns of a CPU after itself, and after another, keep their times in the order that they had. */
static int shuffle_turns(struct likeness_turn *turn, size_t count, uint64_t *random)
{
	static struct likeness_turn before[WINDOW_TURNS];
	static uint32_t kind[WINDOW_TURNS], order[WINDOW_TURNS];

	for (size_t i = 0; i < count; i++) {
		kind[i] = turn[i].cpu;
		before[i] = turn[i];
	}
	if (count <= TRACE_CPUS_MAX) /* kinds have to be below the count */
		return 0;
	if (likeness_rearrange(kind, count, order, random))
		return -1;
	for (size_t i = 0; i < count; i++)
		turn[i] = before[order[i]];
	return 0;
}

int likeness_shuffle(struct likeness *likeness, uint64_t *random)
{
	for (unsigned cpu = 0; cpu < TRACE_CPUS_MAX; cpu++)
		for (size_t at = likeness->first[cpu]; at < likeness->first[cpu + 1]; at += WINDOW_RUNS) {
			size_t left = likeness->first[cpu + 1] - at;

			if (shuffle_runs(likeness->run + at, left < WINDOW_RUNS ? left : WINDOW_RUNS, random))
				return -1;
		}
	for (size_t at = 0; at < likeness->turns; at += WINDOW_TURNS) {
		size_t left = likeness->turns - at;

		if (shuffle_turns(likeness->turn + at, left < WINDOW_TURNS ? left : WINDOW_TURNS, random))
			return -1;
	}
	return 0;
}
