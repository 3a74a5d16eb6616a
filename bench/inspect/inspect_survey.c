/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * inspect_survey.c - what all tables of an image say together.
 *
 * One walk for each entry that is no link, in ascending order, so a table is new exactly when the address is
 * the first that it covers. 1. Enter the new tables of the walk, each for the first time and whole. 2. Count
 * the entry and extend the last extent or begin one. 3. Follow contiguous groups. At the end: runs, and
 * whether a device reaches the tables.
 */
#include "bench/inspect/inspect_survey.h"

#include <assert.h>
#include <stdlib.h>

/* The contiguous group that the walk is in the middle of. */
struct group {
	bool open;
	int level;
	uint64_t start, end, next;
	struct model_leaf first;
	int flawed_level; /* of the last one that was reported, */
	uint64_t flawed;  /* and its end; 0: none */
};

struct surveyor {
	struct inspect_survey *survey;
	const struct imagefile *image;
	const struct inspect_shape *shape;
	unsigned char *entered; /* a bit for each page of the image: a table begins there */
	struct group group;
	bool failed; /* out of memory */
};

/* Room for one more element. */
static void *one_more(struct surveyor *surveyor, void *array, size_t count, size_t *capacity, size_t bytes)
{
	size_t larger = *capacity ? 2 * *capacity : 64;
	void *grown;

	if (count < *capacity)
		return array;
	grown = realloc(array, larger * bytes);
	if (!grown) {
		surveyor->failed = true;
		return array;
	}
	*capacity = larger;
	return grown;
}

static void add_problem(struct surveyor *surveyor, const struct inspect_problem *problem)
{
	struct inspect_survey *survey = surveyor->survey;
	struct inspect_problem *last =
		survey->problem_count ? &survey->problems[survey->problem_count - 1] : NULL;

	if (last && last->what == problem->what && last->level == problem->level &&
	    last->end == problem->start) {
		last->end = problem->end; /* one line for a stretch */
		return;
	}
	survey->problems = one_more(surveyor, survey->problems, survey->problem_count,
				    &survey->problem_capacity, sizeof(*survey->problems));
	if (!surveyor->failed)
		survey->problems[survey->problem_count++] = *problem;
}

/* ---- tables -------------------------------------------------------------------------------------- */

enum entry {
	ENTRY_FIRST,
	ENTRY_AGAIN,
	ENTRY_OUTSIDE, /* not all of it is in the image */
};

static enum entry enter(struct surveyor *surveyor, uint64_t table, size_t bytes)
{
	const char *data = imagefile_at(surveyor->image, table, bytes);
	unsigned char bit, *place;
	size_t page;

	if (!data)
		return ENTRY_OUTSIDE;
	page = (size_t)(data - surveyor->image->bytes) / IMAGEFILE_PAGE;
	bit = (unsigned char)(1u << page % 8);
	place = &surveyor->entered[page / 8];
	if (*place & bit)
		return ENTRY_AGAIN;
	*place |= bit;
	return ENTRY_FIRST;
}

static void count_table(struct surveyor *surveyor, int level, uint64_t tables)
{
	struct inspect_level *counts = inspect_level_of(surveyor->survey, level);

	counts->tables += tables;
	counts->table_bytes += tables << surveyor->shape->granule_lg2;
}

static void enter_start_tables(struct surveyor *surveyor)
{
	const struct inspect_shape *shape = surveyor->shape;

	for (unsigned i = 0; i < shape->start_tables; i++)
		enter(surveyor, shape->stage2.ttb + ((uint64_t)i << shape->granule_lg2), 8);
	count_table(surveyor, shape->start_level, shape->start_tables);
}

/* Enter what begins at @ipa. Return: the step whose table cannot be entered, and why in *@entry; 0 if there
 * is none.
 */
static unsigned enter_tables(struct surveyor *surveyor, const struct inspect_walk *walk, uint64_t ipa,
			     enum entry *entry)
{
	const size_t table_bytes = (size_t)1 << surveyor->shape->granule_lg2;

	for (unsigned i = 1; i < walk->count; i++) {
		unsigned shift = level_shift(surveyor->shape->granule_lg2, walk->step[i - 1].level);

		if (ipa & ((UINT64_C(1) << shift) - 1))
			continue;
		*entry = enter(surveyor, walk->step[i].table, table_bytes);
		if (*entry != ENTRY_FIRST)
			return i;
		inspect_level_of(surveyor->survey, walk->step[i - 1].level)->links++;
		count_table(surveyor, walk->step[i].level, 1);
	}
	return 0;
}

/* ---- extents ------------------------------------------------------------------------------------- */

static bool joins(const struct inspect_extent *last, const struct inspect_extent *next)
{
	if (last->end != next->start || last->kind != next->kind || last->level != next->level ||
	    last->fault != next->fault)
		return false;
	if (last->kind != INSPECT_MAPPED)
		return true;
	return last->read == next->read && last->write == next->write && last->device == next->device &&
	       last->hinted == next->hinted && last->pa + (last->end - last->start) == next->pa;
}

static void add_extent(struct surveyor *surveyor, const struct inspect_extent *extent)
{
	struct inspect_survey *survey = surveyor->survey;

	if (survey->extent_count && joins(&survey->extents[survey->extent_count - 1], extent)) {
		survey->extents[survey->extent_count - 1].end = extent->end;
		return;
	}
	survey->extents = one_more(surveyor, survey->extents, survey->extent_count, &survey->extent_capacity,
				   sizeof(*survey->extents));
	if (!surveyor->failed)
		survey->extents[survey->extent_count++] = *extent;
}

static void add_fault(struct surveyor *surveyor, const struct inspect_step *step, uint64_t start,
		      uint64_t end, enum model_fault fault, const char *what)
{
	const struct inspect_extent extent = {
		.start = start,
		.end = end,
		.kind = INSPECT_FAULT,
		.fault = fault,
		.level = step->level,
	};
	const struct inspect_problem problem = {
		.start = start,
		.end = end,
		.level = step->level,
		.has_descriptor = true,
		.descriptor_pa = step->descriptor_pa,
		.descriptor = step->descriptor,
		.what = what,
	};

	inspect_level_of(surveyor->survey, step->level)->faults++;
	surveyor->survey->fault_bytes += end - start;
	add_extent(surveyor, &extent);
	add_problem(surveyor, &problem);
}

static void add_hole(struct surveyor *surveyor, const struct inspect_walk *walk,
		     const struct inspect_step *step)
{
	struct inspect_level *counts = inspect_level_of(surveyor->survey, step->level);
	const struct inspect_extent extent = {
		.start = walk->start,
		.end = walk->end,
		.kind = INSPECT_HOLE,
		.level = step->level,
	};

	counts->holes++;
	counts->holes_marked += step->descriptor != 0;
	counts->hole_bytes += walk->end - walk->start;
	surveyor->survey->hole_bytes += walk->end - walk->start;
	add_extent(surveyor, &extent);
}

static void add_leaf(struct surveyor *surveyor, const struct inspect_walk *walk,
		     const struct inspect_step *step)
{
	struct inspect_survey *survey = surveyor->survey;
	struct inspect_level *counts = inspect_level_of(survey, step->level);
	const struct model_leaf *leaf = &walk->leaf;
	uint64_t bytes = walk->end - walk->start;
	const struct inspect_extent extent = {
		.start = walk->start,
		.end = walk->end,
		.pa = leaf->pa,
		.kind = INSPECT_MAPPED,
		.level = step->level,
		.read = leaf->read,
		.write = leaf->write,
		.device = leaf->device,
		.hinted = leaf->contiguous,
	};

	counts->leaves++;
	counts->leaves_marked += step->level < 3 && step->descriptor >> 16 & 1;
	counts->mapped_bytes += bytes;
	survey->mapped_bytes += bytes;
	survey->device_bytes += leaf->device ? bytes : 0;
	survey->read_only_bytes += leaf->read && !leaf->write ? bytes : 0;
	survey->write_only_bytes += !leaf->read && leaf->write ? bytes : 0;
	if (leaf->pa != walk->start)
		survey->identity = false;
	add_extent(surveyor, &extent);
}

/* ---- contiguous groups --------------------------------------------------------------------------- */

static void flawed_group(struct surveyor *surveyor, int level, uint64_t start, uint64_t end,
			 const struct model_leaf *leaf)
{
	const struct inspect_problem problem = {
		.start = start,
		.end = end,
		.level = level,
		.has_descriptor = true,
		.descriptor_pa = leaf->descriptor_pa,
		.descriptor = leaf->descriptor,
		.what = "a contiguous group that is not whole",
	};

	if (surveyor->group.flawed < end || surveyor->group.flawed_level != level) /* once for each group */
		add_problem(surveyor, &problem);
	surveyor->group.flawed = end;
	surveyor->group.flawed_level = level;
	surveyor->group.open = false;
}

/* All but the address must be the same: what a cached member says is said of all. */
static bool continues_group(const struct surveyor *surveyor, const struct inspect_walk *walk)
{
	const uint64_t address = UINT64_C(0x000ffffffffff000) | (surveyor->shape->stage2.ds ? 0x300 : 0);
	const struct group *group = &surveyor->group;
	const struct model_leaf *leaf = &walk->leaf, *first = &group->first;

	return !walk->fault && leaf->valid && leaf->contiguous && walk->start == group->next &&
	       walk->step[walk->count - 1].level == group->level &&
	       leaf->pa == first->pa + (walk->start - group->start) &&
	       !((leaf->descriptor ^ first->descriptor) & ~address);
}

static void open_group(struct surveyor *surveyor, const struct inspect_walk *walk, int level)
{
	unsigned members_lg2 = level_contiguous_lg2(surveyor->shape->granule_lg2, level);
	uint64_t bytes = (walk->end - walk->start) << members_lg2;
	struct group *group = &surveyor->group;

	if (!members_lg2) {
		const struct inspect_problem problem = {
			.start = walk->start,
			.end = walk->end,
			.level = level,
			.has_descriptor = true,
			.descriptor_pa = walk->leaf.descriptor_pa,
			.descriptor = walk->leaf.descriptor,
			.what = "a contiguous hint at a level that has none",
		};

		add_problem(surveyor, &problem);
		return;
	}
	group->level = level;
	group->start = walk->start & ~(bytes - 1);
	group->end = group->start + bytes;
	if (walk->start != group->start || walk->leaf.pa & (bytes - 1)) {
		flawed_group(surveyor, level, group->start, group->end, &walk->leaf);
		return;
	}
	group->open = true;
	group->next = walk->end;
	group->first = walk->leaf;
}

static void follow_group(struct surveyor *surveyor, const struct inspect_walk *walk)
{
	int level = walk->step[walk->count - 1].level;
	struct group *group = &surveyor->group;

	if (group->open && continues_group(surveyor, walk)) {
		group->next = walk->end;
		if (group->next == group->end) {
			struct inspect_level *counts = inspect_level_of(surveyor->survey, level);

			counts->groups++;
			counts->leaves_hinted += UINT64_C(1)
						 << level_contiguous_lg2(surveyor->shape->granule_lg2, level);
			group->open = false;
		}
		return;
	}
	if (group->open)
		flawed_group(surveyor, group->level, group->start, group->end, &group->first);
	if (!walk->fault && walk->leaf.valid && walk->leaf.contiguous)
		open_group(surveyor, walk, level);
}

/* ---- everything ---------------------------------------------------------------------------------- */

/* The link to the table of step @below leads nowhere. Return: where its range ends. */
static uint64_t survey_dead_link(struct surveyor *surveyor, struct inspect_walk *walk, uint64_t ipa,
				 unsigned below, enum entry entry)
{
	const struct inspect_step *link = &walk->step[below - 1];
	uint64_t end = ipa + (UINT64_C(1) << level_shift(surveyor->shape->granule_lg2, link->level));
	bool again = entry == ENTRY_AGAIN;

	walk->count = below;
	walk->fault = again ? MODEL_F_TRANSLATION : MODEL_F_WALK_EABT;
	follow_group(surveyor, walk);
	add_fault(surveyor, link, ipa, end, walk->fault,
		  again ? "a link to a table that was entered before" :
			  "a link to a table that is not in the image");
	return end;
}

static uint64_t survey_entry(struct surveyor *surveyor, uint64_t ipa)
{
	enum entry entry = ENTRY_FIRST;
	const struct inspect_step *step;
	struct inspect_walk walk;
	unsigned below;

	inspect_walk(surveyor->image, surveyor->shape, ipa, &walk);
	assert(walk.count); /* every address of a legal shape begins in a start table */
	below = enter_tables(surveyor, &walk, ipa, &entry);
	if (below)
		return survey_dead_link(surveyor, &walk, ipa, below, entry);
	step = &walk.step[walk.count - 1];
	follow_group(surveyor, &walk);
	if (walk.fault)
		add_fault(surveyor, step, walk.start, walk.end, walk.fault, inspect_fault_text(&walk));
	else if (walk.leaf.valid)
		add_leaf(surveyor, &walk, step);
	else
		add_hole(surveyor, &walk, step);
	return walk.end;
}

/* The first segment that ends behind @pa. */
static size_t first_segment(const struct imagefile *image, uint64_t pa)
{
	size_t low = 0, high = image->segment_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (image->segments[middle].pa + image->segments[middle].bytes <= pa)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Whoever can write to a table maps what it likes. Names the first table in the reach of each extent. */
static void check_tables_out_of_reach(struct surveyor *surveyor)
{
	const struct inspect_survey *survey = surveyor->survey;
	const struct imagefile *image = surveyor->image;

	for (size_t i = 0; i < survey->extent_count && !surveyor->failed; i++) {
		const struct inspect_extent *extent = &survey->extents[i];
		uint64_t pa_end = extent->pa + (extent->end - extent->start), low, high;
		const struct imagefile_segment *segment;
		size_t index;

		if (extent->kind != INSPECT_MAPPED || (!extent->read && !extent->write))
			continue;
		index = first_segment(image, extent->pa);
		if (index == image->segment_count || image->segments[index].pa >= pa_end)
			continue;
		segment = &image->segments[index];
		low = segment->pa > extent->pa ? segment->pa : extent->pa;
		high = segment->pa + segment->bytes < pa_end ? segment->pa + segment->bytes : pa_end;
		add_problem(surveyor, &(struct inspect_problem){
					      .start = extent->start + (low - extent->pa),
					      .end = extent->start + (high - extent->pa),
					      .level = extent->level,
					      .what = "a device can reach tables",
				      });
	}
}

static bool same_to_a_device(const struct inspect_run *run, const struct inspect_extent *extent)
{
	if (run->end != extent->start || run->kind != extent->kind || run->fault != extent->fault)
		return false;
	return run->kind != INSPECT_MAPPED ||
	       (run->read == extent->read && run->write == extent->write && run->device == extent->device &&
		run->pa + (run->end - run->start) == extent->pa);
}

static void make_runs(struct surveyor *surveyor)
{
	struct inspect_survey *survey = surveyor->survey;
	struct inspect_run *run = NULL;

	for (size_t i = 0; i < survey->extent_count; i++) {
		const struct inspect_extent *extent = &survey->extents[i];
		unsigned shift = level_shift(surveyor->shape->granule_lg2, extent->level);
		uint64_t entries = (extent->end - extent->start) >> shift;

		if (!run || !same_to_a_device(run, extent)) {
			survey->runs = one_more(surveyor, survey->runs, survey->run_count,
						&survey->run_capacity, sizeof(*survey->runs));
			if (surveyor->failed)
				return;
			run = &survey->runs[survey->run_count++];
			*run = (struct inspect_run){
				.start = extent->start,
				.pa = extent->pa,
				.kind = extent->kind,
				.fault = extent->fault,
				.read = extent->read,
				.write = extent->write,
				.device = extent->device,
			};
		}
		run->end = extent->end;
		run->entries[extent->level - INSPECT_LEVEL_MIN] += entries;
		run->hinted[extent->level - INSPECT_LEVEL_MIN] += extent->hinted ? entries : 0;
	}
}

/* The highest level at which the format has blocks. */
static int block_level_min(const struct inspect_shape *shape)
{
	int level = (shape->granule_lg2 == 12 ? 1 : 2) - (shape->large ? 1 : 0);

	return level < shape->start_level ? shape->start_level : level;
}

/* The leaves of a run if each were as large as addresses and format allow: small ones at both ends, and the
 * largest between them. */
static uint64_t fewest_leaves(const struct inspect_shape *shape, const struct inspect_run *run)
{
	uint64_t low = run->start, high = run->end, leaves = 0;
	int level = 3;

	for (; level > block_level_min(shape); level--) {
		unsigned shift = level_shift(shape->granule_lg2, level);
		uint64_t larger = UINT64_C(1) << level_shift(shape->granule_lg2, level - 1);
		uint64_t inner_low = (low + larger - 1) & ~(larger - 1), inner_high = high & ~(larger - 1);

		if (inner_low >= inner_high || (run->start ^ run->pa) & (larger - 1))
			break;
		leaves += (inner_low - low + high - inner_high) >> shift;
		low = inner_low;
		high = inner_high;
	}
	return leaves + ((high - low) >> level_shift(shape->granule_lg2, level));
}

static void count_leaves(struct inspect_survey *survey, const struct inspect_shape *shape)
{
	for (unsigned i = 0; i < INSPECT_LEVELS; i++)
		survey->leaves += survey->level[i].leaves;
	for (size_t i = 0; i < survey->run_count; i++)
		if (survey->runs[i].kind == INSPECT_MAPPED)
			survey->leaves_fewest += fewest_leaves(shape, &survey->runs[i]);
}

static void measure_holes(struct inspect_survey *survey)
{
	for (size_t i = 0; i < survey->run_count; i++) {
		const struct inspect_run *run = &survey->runs[i];

		if (run->kind != INSPECT_HOLE)
			continue;
		survey->hole_runs++;
		if (run->end - run->start > survey->largest_hole)
			survey->largest_hole = run->end - run->start;
	}
}

int inspect_survey(struct inspect_survey *survey, const struct imagefile *image,
		   const struct inspect_shape *shape)
{
	struct surveyor surveyor = { .survey = survey, .image = image, .shape = shape };
	uint64_t end = UINT64_C(1) << shape->ia_bits, ipa = 0;

	*survey = (struct inspect_survey){ .identity = true };
	surveyor.entered = calloc(image->length / IMAGEFILE_PAGE / 8 + 1, 1);
	if (!surveyor.entered)
		return -1;
	enter_start_tables(&surveyor);
	while (ipa < end && !surveyor.failed)
		ipa = survey_entry(&surveyor, ipa);
	if (surveyor.group.open)
		flawed_group(&surveyor, surveyor.group.level, surveyor.group.start, surveyor.group.end,
			     &surveyor.group.first);
	check_tables_out_of_reach(&surveyor);
	make_runs(&surveyor);
	measure_holes(survey);
	count_leaves(survey, shape);
	free(surveyor.entered);
	return surveyor.failed ? -1 : 0;
}

void inspect_survey_free(struct inspect_survey *survey)
{
	free(survey->extents);
	free(survey->runs);
	free(survey->problems);
	*survey = (struct inspect_survey){ 0 };
}
