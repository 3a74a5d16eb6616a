/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * generate_like.c - a trace like a given one: its runs in another order, on pages of their own.
 *
 * Turn by turn, the CPU whose turn it is goes on with its run, or begins its next. A run's pages are chosen
 * when it begins: all in the state that its change asks for, and so long unchanged as the recorded run's
 * were; pages never touched before are the recorded run's own, if they still are. A run that finds no place
 * as a whole is cut. A transition for which no page has the state is left out. The first snapshot is the
 * given trace's, so every state is right from the start.
 */
#include "bench/trace/generate.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bench/common/message.h"
#include "bench/common/progress.h"
#include "bench/trace/generate_likeness.h"
#include "bench/trace/trace_pages.h"

#define REACH	    512u       /* transitions looked at on either side of the wanted age, and so many more */
#define REACH_EACH  64u	       /* for each of the run */
#define FAR_REACH   (1u << 20) /* if there was nothing */
#define FRESH_REACH (1u << 14) /* pages looked at from the wanted place on */

struct cpu {
	size_t next, end; /* runs */
	struct likeness_run run;
	uint32_t left;	/* of the run at hand */
	uint64_t page;	/* of its next transition */
	uint64_t calls; /* of the trip at hand */
	struct trace_record last;
};

struct like {
	const struct trace *trace;
	struct likeness likeness;
	struct trace_pages pages;
	uint64_t *log; /* first page of each transition */
	uint32_t made; /* transitions */
	uint64_t left_out;
	uint64_t frontier; /* page: from here on nothing was touched */
	uint64_t now_ns;
	size_t *trip; /* by id: where to go on in the model's trips */
	struct tracefile *out;
	struct cpu cpu[TRACE_CPUS_MAX];
};

/* ---- places ---- */

struct place {
	uint64_t page;	/* of the run's first transition */
	uint32_t count; /* transitions that fit */
	bool whole;	/* and what lies before and behind could not be taken */
};

/* Is the page in the run's old state, and nobody's else? */
static bool suits(const struct like *like, const struct likeness_run *run, uint64_t page)
{
	const struct trace_page *found = trace_pages_find(&like->pages, page);
	uint64_t start = page << TRACE_PAGE_LG2;

	if (found)
		return found->state == run->old_state && !found->held &&
		       trace_is_memory(like->trace, start, start + TRACE_PAGE_BYTES);
	return run->old_state == TRACE_STATE_OWNED &&
	       trace_is_memory(like->trace, start, start + TRACE_PAGE_BYTES);
}

static bool untouched(const struct like *like, uint64_t page)
{
	const struct trace_page *found = trace_pages_find(&like->pages, page);

	return !found || found->last == TRACE_NEVER;
}

static bool unit_suits(const struct like *like, const struct likeness_run *run, uint64_t page)
{
	for (uint32_t i = 0; i < run->pages; i++)
		if (!suits(like, run, page + i))
			return false;
	return true;
}

/* The page that would come before the run, were it longer. */
static uint64_t page_before(const struct likeness_run *run, uint64_t page)
{
	return run->down ? page + run->pages : page - 1;
}

/* Would the run join the CPU's run before it? */
static bool joins(const struct cpu *cpu, const struct likeness_run *run, uint64_t page)
{
	uint64_t start = page << TRACE_PAGE_LG2, bytes = (uint64_t)run->pages << TRACE_PAGE_LG2;

	return cpu->last.bytes && cpu->last.old_state == run->old_state &&
	       cpu->last.new_state == run->new_state &&
	       (start == cpu->last.start + cpu->last.bytes || start + bytes == cpu->last.start);
}

static struct place fit(const struct like *like, const struct likeness_run *run, uint64_t page,
			uint32_t wanted)
{
	struct place place = { .page = page };
	uint64_t at = page;
	bool before = suits(like, run, page_before(run, page));

	while (place.count < wanted && unit_suits(like, run, at)) {
		place.count++;
		at = run->down ? at - run->pages : at + run->pages;
	}
	place.whole =
		place.count == wanted && !before && !suits(like, run, run->down ? at + run->pages - 1 : at);
	return place;
}

/* Take the better of two; true if nothing better is to be had. */
static bool better(struct place *best, struct place place)
{
	if (place.count > best->count || (place.whole && place.count == best->count && !best->whole))
		*best = place;
	return best->whole;
}

/* Look at what transition @index changed last; where other pages of its kind lie before it, those are looked
 * at. */
static bool try_entry(struct like *like, struct cpu *cpu, const struct likeness_run *run, uint32_t index,
		      uint32_t wanted, struct place *best)
{
	const struct trace_page *page = trace_pages_find(&like->pages, like->log[index]);
	uint64_t before = page_before(run, like->log[index]);

	if (!page || page->last != index || page->state != run->old_state || page->held ||
	    (run->pages >= TRACE_BLOCK_PAGES && like->log[index] % run->pages) ||
	    joins(cpu, run, like->log[index]) ||
	    (suits(like, run, before) && !untouched(like, before) && !joins(cpu, run, before)))
		return false;
	return better(best, fit(like, run, like->log[index], wanted));
}

/* Pages that have changed before, about as long ago as the run's did. */
static struct place place_used(struct like *like, struct cpu *cpu, const struct likeness_run *run,
			       uint32_t wanted)
{
	uint32_t about = run->distance < like->made ? like->made - run->distance : 0;
	uint32_t reach = REACH + (wanted < FAR_REACH / REACH_EACH ? wanted * REACH_EACH : FAR_REACH);
	struct place best = { 0 };

	for (uint32_t i = 0; i < FAR_REACH && (i < reach || !best.count); i++) {
		if (i > about && about + i >= like->made)
			break;
		if (about + i < like->made && try_entry(like, cpu, run, about + i, wanted, &best))
			break;
		if (i && i <= about && try_entry(like, cpu, run, about - i, wanted, &best))
			break;
	}
	return best;
}

/* New pages in a state that only the snapshot has given. */
static struct place place_initial(struct like *like, struct cpu *cpu, const struct likeness_run *run,
				  uint32_t wanted)
{
	const struct trace_snapshot *first = &like->trace->snapshots[0];
	struct place best = { 0 };

	for (size_t i = 0; i < first->states_count && best.count < wanted; i++)
		for (uint64_t page = first->states[i].start >> TRACE_PAGE_LG2;
		     first->states[i].state == run->old_state &&
		     page < first->states[i].end >> TRACE_PAGE_LG2;
		     page++)
			if (suits(like, run, page) && untouched(like, page) && !joins(cpu, run, page) &&
			    (better(&best, fit(like, run, page, wanted)) || best.count == wanted))
				break;
	return best;
}

/* New pages: the recorded run's own, or such as lie behind them, or behind all others. */
static struct place place_fresh(struct like *like, struct cpu *cpu, const struct likeness_run *run,
				uint32_t wanted)
{
	uint64_t align = run->pages >= TRACE_BLOCK_PAGES ? run->pages : 1;
	uint64_t page = run->page;
	struct place best = { 0 };

	for (uint32_t i = 0; i < FRESH_REACH && best.count < wanted; i++, page += align)
		if (suits(like, run, page) && untouched(like, page) && !joins(cpu, run, page)) {
			struct place place = fit(like, run, page, wanted);

			better(&best, place);
			if (!run->down && place.count)
				page += (uint64_t)(place.count - 1) * align;
		}
	if (best.count == wanted || run->old_state != TRACE_STATE_OWNED)
		return best.count ? best : place_initial(like, cpu, run, wanted);
	for (size_t i = 0; i < like->trace->memory_count; i++) {
		page = like->trace->memory[i].start >> TRACE_PAGE_LG2;
		if (page < like->frontier)
			page = like->frontier;
		page = (page + align) / align * align + (run->down ? (uint64_t)(wanted - 1) * run->pages : 0);
		better(&best, fit(like, run, page, wanted));
	}
	return best;
}

/* ---- turns ---- */

/* The run's pages are the CPU's until it has changed them. */
static int hold(struct like *like, const struct cpu *cpu)
{
	uint64_t pages = (uint64_t)cpu->left * cpu->run.pages;
	uint64_t first = cpu->run.down ? cpu->page + cpu->run.pages - pages : cpu->page;

	for (uint64_t i = 0; i < pages; i++) {
		struct trace_page *page = trace_pages_get(&like->pages, first + i);

		if (!page)
			return -1;
		page->held = true;
	}
	if (first + pages > like->frontier)
		like->frontier = first + pages;
	return 0;
}

/* Begin the CPU's next run, or what is left of one that was cut. Return: 0; 1 if there is no place; -1. */
static int begin_run(struct like *like, struct cpu *cpu)
{
	uint32_t wanted = cpu->run.count;
	struct likeness_run run = cpu->run;
	struct place place =
		run.fresh ? place_fresh(like, cpu, &run, wanted) : place_used(like, cpu, &run, wanted);

	if (!place.count) {
		run.fresh = !run.fresh;
		place = run.fresh ? place_fresh(like, cpu, &run, wanted) :
				    place_used(like, cpu, &run, wanted);
	}
	if (!place.count)
		return 1;
	cpu->left = place.count;
	cpu->page = place.page;
	return hold(like, cpu);
}

static uint32_t next_trip_ns(struct like *like, uint32_t id)
{
	size_t *at = &like->trip[id];

	while (*at < like->likeness.trips && like->likeness.trip_id[*at] != id)
		++*at;
	if (*at == like->likeness.trips) { /* more trips of this kind than there were */
		*at = 0;
		while (*at < like->likeness.trips && like->likeness.trip_id[*at] != id)
			++*at;
	}
	return *at < like->likeness.trips ? like->likeness.trip_ns[(*at)++] : 0;
}

static void end_trip(struct like *like, struct cpu *cpu, unsigned number)
{
	const struct trace_record record = {
		.time_ns = like->now_ns,
		.cpu = (uint8_t)number,
		.why = cpu->run.why,
		.trip_ns = next_trip_ns(like, cpu->run.id),
	};

	tracefile_trip(like->out, &record, trace_name(like->trace, cpu->run.id), cpu->calls, 0);
	cpu->calls = 0;
}

static int make_transition(struct like *like, struct cpu *cpu, unsigned number)
{
	const struct likeness_run *run = &cpu->run;
	const struct trace_record record = {
		.time_ns = like->now_ns,
		.cpu = (uint8_t)number,
		.start = cpu->page << TRACE_PAGE_LG2,
		.bytes = (uint64_t)run->pages << TRACE_PAGE_LG2,
		.old_state = run->old_state,
		.new_state = run->new_state,
		.flags = run->flags,
	};

	for (uint32_t i = 0; i < run->pages; i++) {
		struct trace_page *page = trace_pages_set(&like->pages, cpu->page + i, run->new_state);

		if (!page)
			return -1;
		page->last = like->made;
		page->held = false;
	}
	tracefile_transition(like->out, &record, trace_name(like->trace, run->cause));
	like->log[like->made++] = cpu->page;
	cpu->page = run->down ? cpu->page - run->pages : cpu->page + run->pages;
	cpu->calls += !(run->flags & TRACE_FLAG_PIECE);
	cpu->last = record;
	return 0;
}

/* Whether the transition that leaves @left of its run behind it ends a trip: trips end as late as they can.
 */
static bool ends_here(const struct likeness_run *run, uint32_t left)
{
	return run->last_ends ? left < run->ends : left && left <= run->ends;
}

static int take_turn(struct like *like, unsigned number)
{
	struct cpu *cpu = &like->cpu[number];
	int ret = 0;

	if (!cpu->run.count) {
		if (cpu->next == cpu->end)
			return 0;
		cpu->run = like->likeness.run[cpu->next++];
		cpu->left = 0;
	}
	if (!cpu->left)
		ret = begin_run(like, cpu);
	if (!ret) {
		ret = make_transition(like, cpu, number);
		cpu->left--;
	} else if (ret > 0) {
		like->left_out++;
	}
	cpu->run.count--;
	if (ends_here(&cpu->run, cpu->run.count) && cpu->calls)
		end_trip(like, cpu, number);
	return ret < 0 ? -1 : 0;
}

/* ---- the text ---- */

static void write_states(struct like *like)
{
	for (size_t i = 0; i < like->trace->memory_count; i++)
		tracefile_states(like->out, &like->pages, like->trace->memory[i].start,
				 like->trace->memory[i].end);
}

static void write_leaves(FILE *file, const struct trace_snapshot *snapshot)
{
	for (size_t i = 0; i < snapshot->leaves_count; i++) {
		const struct trace_leaf_run *leaf = &snapshot->leaves[i];

		fprintf(file, "# L %" PRIx64 " %" PRIx64 " %u ", leaf->start, leaf->end - leaf->start,
			leaf->level);
		if (leaf->kind == TRACE_LEAF_VALID)
			fprintf(file, "valid %s%s%s\n", leaf->access & TRACE_ACCESS_R ? "R" : "",
				leaf->access & TRACE_ACCESS_W ? "W" : "", leaf->executable ? "X" : "");
		else
			fprintf(file, "owner %s\n", leaf->kind == TRACE_LEAF_OWNER_HYP ? "hyp" : "guest");
	}
}

static void write_head(struct like *like, const char *name, const char *path, uint64_t seed)
{
	const struct trace *trace = like->trace;
	FILE *file = like->out->file;

	tracefile_head(like->out, name);
	fprintf(file, "# workload generated, not recorded: like %s, seed %" PRIu64 "\n", path, seed);
	tracefile_snapshot(like->out, "start");
	fprintf(file, "# G ia_bits %u start_level %u pgd_pages %u\n", trace->ia_bits, trace->start_level,
		trace->pgd_pages);
	for (size_t i = 0; i < trace->regions_count; i++)
		fprintf(file, "# R %zu %" PRIx64 " %" PRIx64 " flags %" PRIu32 "\n", i,
			trace->regions[i].start, trace->regions[i].end - trace->regions[i].start,
			trace->regions[i].flags);
	write_states(like);
	write_leaves(file, &trace->snapshots[0]);
}

/* ---- the whole ---- */

static int play(struct like *like)
{
	for (unsigned i = 0; i < TRACE_CPUS_MAX; i++) {
		like->cpu[i].next = like->likeness.first[i];
		like->cpu[i].end = like->likeness.first[i + 1];
	}
	for (size_t i = 0; i < like->likeness.turns && !ferror(like->out->file); i++) {
		like->now_ns += like->likeness.turn[i].after_ns;
		progress_set(i);
		if (take_turn(like, like->likeness.turn[i].cpu))
			return -1;
	}
	for (unsigned i = 0; i < TRACE_CPUS_MAX; i++)
		if (like->cpu[i].calls && like->cpu[i].run.ends)
			end_trip(like, &like->cpu[i], i);
	tracefile_snapshot(like->out, "end");
	write_states(like);
	return 0;
}

int generate_like(const struct trace *trace, const char *path, const char *name, uint64_t seed,
		  struct tracefile *out)
{
	struct like *like = calloc(1, sizeof(*like));
	uint64_t random = seed;
	int ret = -1;

	if (like) {
		like->trace = trace;
		like->out = out;
		like->log = calloc(trace->records_count + 1, sizeof(*like->log));
		like->trip = calloc(trace->names_count + 1, sizeof(*like->trip));
		if (like->log && like->trip && likeness_init(&like->likeness, trace) == 0) {
			if (likeness_shuffle(&like->likeness, &random) == 0 &&
			    trace_pages_init(&like->pages, trace) == 0) {
				write_head(like, name, path, seed);
				if (out->out.file)
					progress_start("generate", like->likeness.turns);
				ret = play(like);
				progress_end();
				trace_pages_free(&like->pages);
			}
			likeness_free(&like->likeness);
		}
		if (!ret && like->left_out)
			message("%" PRIu64 " of %" PRIu32
				" transitions found no page in their state and are left out",
				like->left_out, like->made);
		free(like->log);
		free(like->trip);
		free(like);
	}
	if (ret)
		message("out of memory");
	return ret;
}
