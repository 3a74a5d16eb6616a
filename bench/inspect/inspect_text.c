/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * inspect_text.c - tables as a person wants to see them.
 */
#include "bench/inspect/inspect_text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bench/inspect/inspect_words.h"

#define RUNS_SHOWN     24u
#define PROBLEMS_SHOWN 10u
#define MADE_OF_BYTES  192

static uint64_t total_tables(const struct inspect_survey *survey)
{
	uint64_t tables = 0;

	for (unsigned i = 0; i < INSPECT_LEVELS; i++)
		tables += survey->level[i].tables;
	return tables;
}

static void write_shape(FILE *file, const struct inspect_subject *subject)
{
	const struct inspect_shape *shape = subject->shape;
	const struct model_stage2 *stage2 = &shape->stage2;
	uint64_t start_bytes = (uint64_t)8 << shape->start_entries_lg2;

	fprintf(file, "%s: %" PRIu64 " stage-2 tables in %zu piece%s of memory\n\n", subject->path,
		total_tables(subject->survey), subject->image->segment_count,
		subject->image->segment_count > 1 ? "s" : "");
	fprintf(file, "granule       %s%s\n", inspect_size_text(UINT64_C(1) << shape->granule_lg2).text,
		shape->stage2.ds ? ", 52-bit descriptors (DS)" :
		shape->large	 ? ", 52-bit addresses (LPA)" :
				   "");
	fprintf(file, "input         %u bits: %s\n", shape->ia_bits,
		inspect_size_text(UINT64_C(1) << shape->ia_bits).text);
	fprintf(file, "output        %u bits\n", stage2->oas_bits);
	fprintf(file, "start         level %d, %u table%s, %" PRIu64 " entries (%s) at 0x%" PRIx64 "\n",
		shape->start_level, shape->start_tables, shape->start_tables > 1 ? "s side by side" : "",
		UINT64_C(1) << shape->start_entries_lg2, inspect_size_text(start_bytes).text, stage2->ttb);
	fprintf(file, "walks         inner %s, outer %s, %s\n", inspect_cache_text(shape->walk_inner),
		inspect_cache_text(shape->walk_outer), inspect_share_text(shape->walk_share));
	fprintf(file, "memory types  %s\n",
		shape->stage2.fwb ? "forced by stage 2 (FWB)" : "combined with stage 1's (no FWB)");
	fprintf(file, "stream        VMID %u, %s, a clear AF %s, faults are %s\n", stage2->vmid,
		stage2->nested ? "nested below a stage 1" : "stage 2 only",
		stage2->affd ? "does not fault" : "faults", stage2->record ? "recorded" : "not recorded");
}

static void write_levels(FILE *file, const struct inspect_subject *subject)
{
	fprintf(file, "\n%-5s %8s %8s %10s %8s %10s %10s %8s %10s %12s %12s\n", "level", "entry", "tables",
		"bytes", "links", "leaves", "hinted", "groups", "holes", "mapped", "unmapped");
	for (int level = subject->shape->start_level; level <= 3; level++) {
		const struct inspect_level *counts = &subject->survey->level[level - INSPECT_LEVEL_MIN];
		uint64_t entry = UINT64_C(1) << level_shift(subject->shape->granule_lg2, level);

		fprintf(file,
			"%5d %8s %8" PRIu64 " %10s %8" PRIu64 " %10" PRIu64 " %10" PRIu64 " %8" PRIu64
			" %10" PRIu64 " %12s %12s\n",
			level, inspect_size_text(entry).text, counts->tables,
			inspect_size_text(counts->table_bytes).text, counts->links, counts->leaves,
			counts->leaves_hinted, counts->groups, counts->holes,
			inspect_size_text(counts->mapped_bytes).text,
			inspect_size_text(counts->hole_bytes).text);
	}
}

static uint64_t marked_holes(const struct inspect_survey *survey)
{
	uint64_t marked = 0;

	for (unsigned i = 0; i < INSPECT_LEVELS; i++)
		marked += survey->level[i].holes_marked;
	return marked;
}

static uint64_t marked_blocks(const struct inspect_survey *survey)
{
	uint64_t marked = 0;

	for (unsigned i = 0; i < INSPECT_LEVELS; i++)
		marked += survey->level[i].leaves_marked;
	return marked;
}

static void write_totals(FILE *file, const struct inspect_survey *survey)
{
	fprintf(file, "\nmapped        %s", inspect_size_text(survey->mapped_bytes).text);
	if (survey->mapped_bytes)
		fprintf(file, ": %s normal",
			inspect_size_text(survey->mapped_bytes - survey->device_bytes).text);
	if (survey->device_bytes)
		fprintf(file, ", %s device", inspect_size_text(survey->device_bytes).text);
	if (survey->read_only_bytes)
		fprintf(file, "; %s read-only", inspect_size_text(survey->read_only_bytes).text);
	if (survey->write_only_bytes)
		fprintf(file, "; %s write-only", inspect_size_text(survey->write_only_bytes).text);
	if (survey->mapped_bytes)
		fprintf(file, "; %s",
			survey->identity ? "every address to itself" : "not every address to itself");
	fprintf(file, "\nleaves        %" PRIu64 "; these runs need at least %" PRIu64, survey->leaves,
		survey->leaves_fewest);
	if (marked_blocks(survey))
		fprintf(file, "; %" PRIu64 " blocks are marked nT", marked_blocks(survey));
	fprintf(file, "\nunmapped      %s", inspect_size_text(survey->hole_bytes).text);
	if (survey->hole_runs)
		fprintf(file, " in %zu hole%s, the largest %s", survey->hole_runs,
			survey->hole_runs > 1 ? "s" : "", inspect_size_text(survey->largest_hole).text);
	if (marked_holes(survey))
		fprintf(file, "; %" PRIu64 " entries hold marks of software", marked_holes(survey));
	fputc('\n', file);
	if (survey->fault_bytes)
		fprintf(file, "faulty        %s\n", inspect_size_text(survey->fault_bytes).text);
}

/* ---- runs ---------------------------------------------------------------------------------------- */

static void made_of(const struct inspect_shape *shape, const struct inspect_run *run,
		    char text[MADE_OF_BYTES])
{
	size_t length = 0;

	*text = '\0';
	for (int level = shape->start_level; level <= 3 && length < MADE_OF_BYTES; level++) {
		uint64_t entries = run->entries[level - INSPECT_LEVEL_MIN];
		uint64_t hinted = run->hinted[level - INSPECT_LEVEL_MIN];

		if (!entries)
			continue;
		length += (size_t)snprintf(
			text + length, MADE_OF_BYTES - length, "%s%" PRIu64 " x %s", length ? ", " : "",
			entries,
			inspect_size_text(UINT64_C(1) << level_shift(shape->granule_lg2, level)).text);
		if (hinted && length < MADE_OF_BYTES)
			length += (size_t)snprintf(text + length, MADE_OF_BYTES - length,
						   hinted == entries ? " (hinted)" : " (%" PRIu64 " hinted)",
						   hinted);
	}
}

static void write_run(FILE *file, const struct inspect_subject *subject, const struct inspect_run *run)
{
	int width = (int)(subject->shape->ia_bits + 4) / 4; /* 2^ia_bits too */
	const char *access = "--", *type = "--";
	char made[MADE_OF_BYTES];

	made_of(subject->shape, run, made);
	if (run->kind == INSPECT_MAPPED) {
		access = inspect_access_text(run->read, run->write);
		type = run->device ? "device" : "normal";
	} else if (run->kind == INSPECT_HOLE) {
		type = "hole";
	} else {
		type = "faulty";
	}
	fprintf(file, "  %*" PRIx64 " %*" PRIx64 " %12s  %s %-6s  %s", width, run->start, width, run->end,
		inspect_size_text(run->end - run->start).text, access, type, made);
	if (run->kind == INSPECT_MAPPED && run->pa != run->start)
		fprintf(file, ", to %" PRIx64, run->pa);
	fputc('\n', file);
}

static int compare_sizes(const void *left, const void *right)
{
	const struct inspect_run *const *a = left, *const *b = right;
	uint64_t a_bytes = (*a)->end - (*a)->start, b_bytes = (*b)->end - (*b)->start;

	if (a_bytes != b_bytes)
		return a_bytes < b_bytes ? 1 : -1;
	return ((*a)->start > (*b)->start) - ((*a)->start < (*b)->start);
}

/* Mark the largest in @shown. Return: 0; -1: out of memory. */
static int choose_runs(const struct inspect_survey *survey, bool *shown)
{
	const struct inspect_run **sorted = malloc(survey->run_count * sizeof(*sorted));

	if (!sorted)
		return -1;
	for (size_t i = 0; i < survey->run_count; i++)
		sorted[i] = &survey->runs[i];
	qsort(sorted, survey->run_count, sizeof(*sorted), compare_sizes);
	for (size_t i = 0; i < RUNS_SHOWN; i++)
		shown[sorted[i] - survey->runs] = true;
	free(sorted);
	return 0;
}

/* The runs from @first up to @end, which are not among the largest. A single one takes no more room than its
 * absence. */
static void write_skipped(FILE *file, const struct inspect_subject *subject, size_t first, size_t end)
{
	const struct inspect_run *runs = subject->survey->runs;

	if (end - first == 1)
		write_run(file, subject, &runs[first]);
	else if (end > first)
		fprintf(file, "  ... %zu smaller runs, together %s\n", end - first,
			inspect_size_text(runs[end - 1].end - runs[first].start).text);
}

static int write_runs(FILE *file, const struct inspect_subject *subject, bool all)
{
	const struct inspect_survey *survey = subject->survey;
	bool shortened = !all && survey->run_count > RUNS_SHOWN;
	bool *shown = malloc(survey->run_count);
	size_t next = 0;

	if (!shown)
		return -1;
	memset(shown, !shortened, survey->run_count);
	if (shortened && choose_runs(survey, shown)) {
		free(shown);
		return -1;
	}
	fprintf(file, "\n%zu run%s of the address space%s\n", survey->run_count,
		survey->run_count > 1 ? "s" : "", shortened ? "; --all shows all" : "");
	for (size_t i = 0; i < survey->run_count; i++) {
		if (!shown[i])
			continue;
		write_skipped(file, subject, next, i);
		write_run(file, subject, &survey->runs[i]);
		next = i + 1;
	}
	write_skipped(file, subject, next, survey->run_count);
	free(shown);
	return 0;
}

/* ---- one address --------------------------------------------------------------------------------- */

static void write_step(FILE *file, const struct inspect_subject *subject, unsigned number)
{
	const struct inspect_walk *walk = &subject->walk;
	const struct inspect_step *step = &walk->step[number];
	bool last = number + 1 == walk->count;
	unsigned shift = level_shift(subject->shape->granule_lg2, step->level);
	uint64_t start = subject->address >> shift << shift;
	char text[160];

	inspect_descriptor_text(subject->shape, step, last && walk->leaf.valid, text, sizeof(text));
	fprintf(file, "  level %d, table 0x%" PRIx64 ", entry %u, covers %" PRIx64 " to %" PRIx64 " (%s)\n",
		step->level, step->table, step->index, start, start + (UINT64_C(1) << shift),
		inspect_size_text(UINT64_C(1) << shift).text);
	fprintf(file, "    0x%" PRIx64 ": ", step->descriptor_pa);
	if (step->fetched)
		fprintf(file, "0x%016" PRIx64 ", ", step->descriptor);
	fprintf(file, "%s", text);
	if (!last)
		fprintf(file, " at 0x%" PRIx64, walk->step[number + 1].table);
	fputc('\n', file);
}

static void write_group(FILE *file, const struct inspect_subject *subject)
{
	const struct inspect_walk *walk = &subject->walk;
	unsigned members_lg2 =
		level_contiguous_lg2(subject->shape->granule_lg2, walk->step[walk->count - 1].level);
	uint64_t bytes = (walk->end - walk->start) << members_lg2;

	if (!walk->leaf.contiguous || !members_lg2)
		return;
	fprintf(file, "          one of %u hinted as one from %" PRIx64 " to %" PRIx64 " (%s)\n",
		1u << members_lg2, walk->start & ~(bytes - 1), (walk->start & ~(bytes - 1)) + bytes,
		inspect_size_text(bytes).text);
}

static void write_walk(FILE *file, const struct inspect_subject *subject)
{
	const struct inspect_walk *walk = &subject->walk;
	uint64_t offset = subject->address - walk->start;

	fprintf(file, "\naddress %" PRIx64 "\n", subject->address);
	for (unsigned i = 0; i < walk->count; i++)
		write_step(file, subject, i);
	if (walk->fault || !walk->leaf.valid) {
		fprintf(file, "  result: %s, %s\n",
			inspect_fault_name(walk->fault ? walk->fault : MODEL_F_TRANSLATION),
			inspect_fault_text(walk));
		return;
	}
	fprintf(file, "  result: 0x%" PRIx64 ", %s, %s, by a %s of %s\n", walk->leaf.pa + offset,
		inspect_access_text(walk->leaf.read, walk->leaf.write),
		walk->leaf.device ? "device" : "normal",
		walk->step[walk->count - 1].level == 3 ? "page" : "block",
		inspect_size_text(walk->end - walk->start).text);
	write_group(file, subject);
}

/* ---- problems ------------------------------------------------------------------------------------ */

static void write_problems(FILE *file, const struct inspect_survey *survey, bool all)
{
	size_t shown = all || survey->problem_count < PROBLEMS_SHOWN ? survey->problem_count : PROBLEMS_SHOWN;

	if (!survey->problem_count) {
		fprintf(file, "\nno problems\n");
		return;
	}
	fprintf(file, "\n%zu problem%s\n", survey->problem_count, survey->problem_count > 1 ? "s" : "");
	for (size_t i = 0; i < shown; i++) {
		const struct inspect_problem *problem = &survey->problems[i];

		fprintf(file, "  %" PRIx64 " to %" PRIx64 ", level %d: %s", problem->start, problem->end,
			problem->level, problem->what);
		if (problem->has_descriptor)
			fprintf(file, " (0x%" PRIx64 ": 0x%" PRIx64 ")", problem->descriptor_pa,
				problem->descriptor);
		fputc('\n', file);
	}
	if (shown < survey->problem_count)
		fprintf(file, "  ... %zu more\n", survey->problem_count - shown);
}

int inspect_text_write(FILE *file, const struct inspect_subject *subject, bool all)
{
	write_shape(file, subject);
	write_levels(file, subject);
	write_totals(file, subject->survey);
	if (write_runs(file, subject, all))
		return -1;
	if (subject->has_address)
		write_walk(file, subject);
	write_problems(file, subject->survey, all);
	return 0;
}
