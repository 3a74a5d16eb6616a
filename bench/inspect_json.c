/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * inspect_json.c - what an image says, as JSON.
 *
 * Addresses and words are "0x..." strings, since a JSON number need not hold 64 bits; counts are numbers.
 * Runs and problems are written one by one: there may be as many as the image has descriptors.
 */
#include "bench/inspect_json.h"

#include <inttypes.h>
#include <jansson.h>

#include "bench/info.h"
#include "bench/inspect_words.h"

#define COMPACT (JSON_COMPACT | JSON_ENSURE_ASCII)

/* Hands over its reference; a failure anywhere shows in the object as a missing key. */
static int set(json_t *object, const char *key, json_t *value)
{
	return json_object_set_new(object, key, value);
}

static json_t *number(uint64_t value)
{
	return json_integer((json_int_t)value);
}

static json_t *word(uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%" PRIx64, value);
	return json_string(text);
}

static json_t *ste_json(const uint64_t ste[8])
{
	json_t *array = json_array();

	for (unsigned i = 0; i < 8; i++)
		json_array_append_new(array, word(ste[i]));
	return array;
}

static json_t *shape_json(const struct inspect_shape *shape)
{
	const struct model_stage2 *stage2 = &shape->stage2;
	json_t *object = json_object();

	set(object, "granule_bytes", number(UINT64_C(1) << shape->granule_lg2));
	set(object, "ia_bits", number(shape->ia_bits));
	set(object, "oas_bits", number(stage2->oas_bits));
	set(object, "start_level", json_integer(shape->start_level));
	set(object, "start_tables", number(shape->start_tables));
	set(object, "start_entries", number(UINT64_C(1) << shape->start_entries_lg2));
	set(object, "base", word(stage2->ttb));
	set(object, "addresses_52", json_boolean(shape->large));
	set(object, "ds", json_boolean(shape->stage2.ds));
	set(object, "fwb", json_boolean(shape->stage2.fwb));
	set(object, "walk_inner", json_string(inspect_cache_text(shape->walk_inner)));
	set(object, "walk_outer", json_string(inspect_cache_text(shape->walk_outer)));
	set(object, "walk_share", json_string(inspect_share_text(shape->walk_share)));
	set(object, "vmid", number(stage2->vmid));
	set(object, "nested", json_boolean(stage2->nested));
	set(object, "access_flag_faults", json_boolean(!stage2->affd));
	set(object, "faults_recorded", json_boolean(stage2->record));
	set(object, "ste", ste_json(shape->ste));
	return object;
}

static json_t *level_json(const struct inspect_subject *subject, int level)
{
	const struct inspect_level *counts = &subject->survey->level[level - INSPECT_LEVEL_MIN];
	json_t *object = json_object();

	set(object, "level", json_integer(level));
	set(object, "entry_bytes", number(UINT64_C(1) << inspect_shift(subject->shape->granule_lg2, level)));
	set(object, "tables", number(counts->tables));
	set(object, "table_bytes", number(counts->table_bytes));
	set(object, "links", number(counts->links));
	set(object, "leaves", number(counts->leaves));
	set(object, "leaves_hinted", number(counts->leaves_hinted));
	set(object, "leaves_marked", number(counts->leaves_marked));
	set(object, "groups", number(counts->groups));
	set(object, "holes", number(counts->holes));
	set(object, "holes_marked", number(counts->holes_marked));
	set(object, "faults", number(counts->faults));
	set(object, "mapped_bytes", number(counts->mapped_bytes));
	set(object, "hole_bytes", number(counts->hole_bytes));
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

	set(object, "mapped_bytes", number(survey->mapped_bytes));
	set(object, "device_bytes", number(survey->device_bytes));
	set(object, "read_only_bytes", number(survey->read_only_bytes));
	set(object, "write_only_bytes", number(survey->write_only_bytes));
	set(object, "leaves", number(survey->leaves));
	set(object, "leaves_fewest", number(survey->leaves_fewest));
	set(object, "hole_bytes", number(survey->hole_bytes));
	set(object, "hole_runs", number(survey->hole_runs));
	set(object, "largest_hole_bytes", number(survey->largest_hole));
	set(object, "fault_bytes", number(survey->fault_bytes));
	set(object, "identity", json_boolean(survey->identity));
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
	set(object, "level", json_integer(step->level));
	set(object, "table", word(step->table));
	set(object, "index", number(step->index));
	set(object, "descriptor_pa", word(step->descriptor_pa));
	set(object, "descriptor", step->fetched ? word(step->descriptor) : json_null());
	set(object, "says", json_string(text));
	set(object, "next_table", last ? json_null() : word(walk->step[index + 1].table));
	return object;
}

static json_t *address_json(const struct inspect_subject *subject)
{
	const struct inspect_walk *walk = &subject->walk;
	bool mapped = !walk->fault && walk->leaf.valid;
	json_t *object = json_object(), *steps = json_array();

	for (unsigned i = 0; i < walk->count; i++)
		json_array_append_new(steps, step_json(subject, i));
	set(object, "address", word(subject->address));
	set(object, "steps", steps);
	set(object, "fault",
	    mapped ? json_null() :
		     json_string(inspect_fault_name(walk->fault ? walk->fault : MODEL_F_TRANSLATION)));
	set(object, "says", json_string(inspect_fault_text(walk)));
	set(object, "start", word(walk->start));
	set(object, "end", word(walk->end));
	set(object, "pa", mapped ? word(walk->leaf.pa + (subject->address - walk->start)) : json_null());
	set(object, "access",
	    mapped ? json_string(inspect_access_text(walk->leaf.read, walk->leaf.write)) : json_null());
	set(object, "device", mapped ? json_boolean(walk->leaf.device) : json_null());
	set(object, "hinted", mapped ? json_boolean(walk->leaf.contiguous) : json_null());
	return object;
}

static json_t *entries_json(const struct inspect_shape *shape, const uint64_t entries[INSPECT_LEVELS])
{
	json_t *object = json_object();

	for (int level = shape->start_level; level <= 3; level++) {
		char key[12];

		snprintf(key, sizeof(key), "%d", level);
		if (entries[level - INSPECT_LEVEL_MIN])
			set(object, key, number(entries[level - INSPECT_LEVEL_MIN]));
	}
	return object;
}

static json_t *run_json(const struct inspect_shape *shape, const struct inspect_run *run)
{
	static const char *const kinds[] = { "hole", "mapped", "fault" };
	bool mapped = run->kind == INSPECT_MAPPED;
	json_t *object = json_object();

	set(object, "start", word(run->start));
	set(object, "end", word(run->end));
	set(object, "kind", json_string(kinds[run->kind]));
	set(object, "access", mapped ? json_string(inspect_access_text(run->read, run->write)) : json_null());
	set(object, "device", mapped ? json_boolean(run->device) : json_null());
	set(object, "pa", mapped ? word(run->pa) : json_null());
	set(object, "fault", run->fault ? json_string(inspect_fault_name(run->fault)) : json_null());
	set(object, "entries", entries_json(shape, run->entries));
	set(object, "hinted", entries_json(shape, run->hinted));
	return object;
}

static json_t *problem_json(const struct inspect_problem *problem)
{
	json_t *object = json_object();

	set(object, "start", word(problem->start));
	set(object, "end", word(problem->end));
	set(object, "level", json_integer(problem->level));
	set(object, "what", json_string(problem->what));
	set(object, "descriptor_pa", problem->has_descriptor ? word(problem->descriptor_pa) : json_null());
	set(object, "descriptor", problem->has_descriptor ? word(problem->descriptor) : json_null());
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
