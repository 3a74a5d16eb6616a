/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * inspect_json.c - what an image says, as JSON.
 *
 * Runs and problems are written one by one: there may be as many as the image has descriptors.
 */
#include "bench/inspect/inspect_json.h"

#include "bench/common/facts.h"
#include "bench/common/info.h"
#include "bench/inspect/inspect_words.h"

#define COMPACT (JSON_COMPACT | JSON_ENSURE_ASCII)

static json_t *shape_json(const struct inspect_shape *shape)
{
	const struct model_stage2 *stage2 = &shape->stage2;
	json_t *object = json_object();

	facts_set(object, "granule_bytes", facts_number(UINT64_C(1) << shape->granule_lg2));
	facts_set(object, "ia_bits", facts_number(shape->ia_bits));
	facts_set(object, "oas_bits", facts_number(stage2->oas_bits));
	facts_set(object, "start_level", json_integer(shape->start_level));
	facts_set(object, "start_tables", facts_number(shape->start_tables));
	facts_set(object, "start_entries", facts_number(UINT64_C(1) << shape->start_entries_lg2));
	facts_set(object, "base", facts_word(stage2->ttb));
	facts_set(object, "addresses_52", json_boolean(shape->large));
	facts_set(object, "ds", json_boolean(shape->stage2.ds));
	facts_set(object, "fwb", json_boolean(shape->stage2.fwb));
	facts_set(object, "walk_inner", json_string(inspect_cache_text(shape->walk_inner)));
	facts_set(object, "walk_outer", json_string(inspect_cache_text(shape->walk_outer)));
	facts_set(object, "walk_share", json_string(inspect_share_text(shape->walk_share)));
	facts_set(object, "vmid", facts_number(stage2->vmid));
	facts_set(object, "nested", json_boolean(stage2->nested));
	facts_set(object, "access_flag_faults", json_boolean(!stage2->affd));
	facts_set(object, "faults_recorded", json_boolean(stage2->record));
	facts_set(object, "ste", facts_words(shape->ste, 8));
	return object;
}

static json_t *level_json(const struct inspect_subject *subject, int level)
{
	const struct inspect_level *counts = &subject->survey->level[level - INSPECT_LEVEL_MIN];
	json_t *object = json_object();

	facts_set(object, "level", json_integer(level));
	facts_set(object, "entry_bytes",
		  facts_number(UINT64_C(1) << level_shift(subject->shape->granule_lg2, level)));
	facts_set(object, "tables", facts_number(counts->tables));
	facts_set(object, "table_bytes", facts_number(counts->table_bytes));
	facts_set(object, "links", facts_number(counts->links));
	facts_set(object, "leaves", facts_number(counts->leaves));
	facts_set(object, "leaves_hinted", facts_number(counts->leaves_hinted));
	facts_set(object, "leaves_marked", facts_number(counts->leaves_marked));
	facts_set(object, "groups", facts_number(counts->groups));
	facts_set(object, "holes", facts_number(counts->holes));
	facts_set(object, "holes_marked", facts_number(counts->holes_marked));
	facts_set(object, "faults", facts_number(counts->faults));
	facts_set(object, "mapped_bytes", facts_number(counts->mapped_bytes));
	facts_set(object, "hole_bytes", facts_number(counts->hole_bytes));
	return object;
}

static json_t *levels_json(const struct inspect_subject *subject)
{
	json_t *array = json_array();

	for (int level = subject->shape->start_level; level <= 3; level++)
		json_array_append_new(array, level_json(subject, level));
	return array;
}

static json_t *totals_json(const struct inspect_survey *survey)
{
	json_t *object = json_object();

	facts_set(object, "mapped_bytes", facts_number(survey->mapped_bytes));
	facts_set(object, "device_bytes", facts_number(survey->device_bytes));
	facts_set(object, "read_only_bytes", facts_number(survey->read_only_bytes));
	facts_set(object, "write_only_bytes", facts_number(survey->write_only_bytes));
	facts_set(object, "leaves", facts_number(survey->leaves));
	facts_set(object, "leaves_fewest", facts_number(survey->leaves_fewest));
	facts_set(object, "hole_bytes", facts_number(survey->hole_bytes));
	facts_set(object, "hole_runs", facts_number(survey->hole_runs));
	facts_set(object, "largest_hole_bytes", facts_number(survey->largest_hole));
	facts_set(object, "fault_bytes", facts_number(survey->fault_bytes));
	facts_set(object, "identity", json_boolean(survey->identity));
	return object;
}

static json_t *step_json(const struct inspect_subject *subject, unsigned index)
{
	const struct inspect_walk *walk = &subject->walk;
	const struct inspect_step *step = &walk->step[index];
	bool last = index + 1 == walk->count;
	json_t *object = json_object();
	char text[160];

	inspect_descriptor_text(subject->shape, step, last && walk->leaf.valid, text, sizeof(text));
	facts_set(object, "level", json_integer(step->level));
	facts_set(object, "table", facts_word(step->table));
	facts_set(object, "index", facts_number(step->index));
	facts_set(object, "descriptor_pa", facts_word(step->descriptor_pa));
	facts_set(object, "descriptor", step->fetched ? facts_word(step->descriptor) : json_null());
	facts_set(object, "says", json_string(text));
	facts_set(object, "next_table", last ? json_null() : facts_word(walk->step[index + 1].table));
	return object;
}

static json_t *address_json(const struct inspect_subject *subject)
{
	const struct inspect_walk *walk = &subject->walk;
	bool mapped = !walk->fault && walk->leaf.valid;
	json_t *object = json_object(), *steps = json_array();

	for (unsigned i = 0; i < walk->count; i++)
		json_array_append_new(steps, step_json(subject, i));
	facts_set(object, "address", facts_word(subject->address));
	facts_set(object, "steps", steps);
	facts_set(object, "fault",
		  mapped ? json_null() :
			   json_string(inspect_fault_name(walk->fault ? walk->fault : MODEL_F_TRANSLATION)));
	facts_set(object, "says", json_string(inspect_fault_text(walk)));
	facts_set(object, "start", facts_word(walk->start));
	facts_set(object, "end", facts_word(walk->end));
	facts_set(object, "pa",
		  mapped ? facts_word(walk->leaf.pa + (subject->address - walk->start)) : json_null());
	facts_set(object, "access",
		  mapped ? json_string(inspect_access_text(walk->leaf.read, walk->leaf.write)) : json_null());
	facts_set(object, "device", mapped ? json_boolean(walk->leaf.device) : json_null());
	facts_set(object, "hinted", mapped ? json_boolean(walk->leaf.contiguous) : json_null());
	return object;
}

static json_t *entries_json(const struct inspect_shape *shape, const uint64_t entries[INSPECT_LEVELS])
{
	json_t *object = json_object();

	for (int level = shape->start_level; level <= 3; level++) {
		char key[12];

		snprintf(key, sizeof(key), "%d", level);
		if (entries[level - INSPECT_LEVEL_MIN])
			facts_set(object, key, facts_number(entries[level - INSPECT_LEVEL_MIN]));
	}
	return object;
}

static json_t *run_json(const struct inspect_shape *shape, const struct inspect_run *run)
{
	static const char *const kinds[] = { "hole", "mapped", "fault" };
	bool mapped = run->kind == INSPECT_MAPPED;
	json_t *object = json_object();

	facts_set(object, "start", facts_word(run->start));
	facts_set(object, "end", facts_word(run->end));
	facts_set(object, "kind", json_string(kinds[run->kind]));
	facts_set(object, "access",
		  mapped ? json_string(inspect_access_text(run->read, run->write)) : json_null());
	facts_set(object, "device", mapped ? json_boolean(run->device) : json_null());
	facts_set(object, "pa", mapped ? facts_word(run->pa) : json_null());
	facts_set(object, "fault", run->fault ? json_string(inspect_fault_name(run->fault)) : json_null());
	facts_set(object, "entries", entries_json(shape, run->entries));
	facts_set(object, "hinted", entries_json(shape, run->hinted));
	return object;
}

static json_t *problem_json(const struct inspect_problem *problem)
{
	json_t *object = json_object();

	facts_set(object, "start", facts_word(problem->start));
	facts_set(object, "end", facts_word(problem->end));
	facts_set(object, "level", json_integer(problem->level));
	facts_set(object, "what", json_string(problem->what));
	facts_set(object, "descriptor_pa",
		  problem->has_descriptor ? facts_word(problem->descriptor_pa) : json_null());
	facts_set(object, "descriptor",
		  problem->has_descriptor ? facts_word(problem->descriptor) : json_null());
	return object;
}

/* Takes the reference. */
static void dump(FILE *file, json_t *value, size_t flags)
{
	json_dumpf(value, file, flags | JSON_ENCODE_ANY);
	json_decref(value);
}

static void member(FILE *file, const char *key, json_t *value)
{
	fprintf(file, "\"%s\": ", key);
	dump(file, value, JSON_INDENT(1));
	fputs(",\n", file);
}

/* A name of a file need not be UTF-8, as JSON has to be. */
static json_t *path_json(const char *path)
{
	json_t *text = json_string(path);

	return text ? text : json_null();
}

void inspect_json_write(FILE *file, const struct inspect_subject *subject)
{
	const struct inspect_survey *survey = subject->survey;

	fputs("{\n", file);
	member(file, "format", json_integer(1));
	member(file, "version", json_string(info_version()));
	member(file, "image", path_json(subject->path));
	member(file, "shape", shape_json(subject->shape));
	member(file, "levels", levels_json(subject));
	member(file, "totals", totals_json(survey));
	member(file, "address", subject->has_address ? address_json(subject) : json_null());
	fputs("\"problems\": [", file);
	for (size_t i = 0; i < survey->problem_count; i++) {
		fputs(i ? ",\n " : "\n ", file);
		dump(file, problem_json(&survey->problems[i]), COMPACT);
	}
	fputs("],\n\"runs\": [", file);
	for (size_t i = 0; i < survey->run_count; i++) {
		fputs(i ? ",\n " : "\n ", file);
		dump(file, run_json(subject->shape, &survey->runs[i]), COMPACT);
	}
	fputs("]\n}\n", file);
}
