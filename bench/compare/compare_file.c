/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * compare_file.c - the results in a file: of the benchmarks (Google Benchmark's JSON) or of a replay
 * (--json).
 */
#include "bench/compare/compare_input.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bench/common/message.h"

#define NAME_BYTES 256

/* What differs between any two runs, or says nothing about the machine. */
static const char *const passing[] = { "date", "executable", "load_avg", "mhz_per_cpu",
				       "json_schema_version" };

static int wrong(const struct compare_input *input, const char *where, const char *what)
{
	message("%s: %s%s%s", input->path, where, *where ? ": " : "", what);
	return -1;
}

/* ---- context --------------------------------------------------------------------------------------------
 */

static bool is_passing(const char *key)
{
	for (size_t i = 0; i < sizeof(passing) / sizeof(*passing); i++)
		if (!strcmp(key, passing[i]))
			return true;
	return false;
}

/* Each value that is no object, under the path to it. */
static void flatten(struct compare_input *input, const char *path, json_t *object)
{
	const char *key;
	json_t *value;

	json_object_foreach(object, key, value)
	{
		char name[NAME_BYTES];

		if (is_passing(key))
			continue;
		snprintf(name, sizeof(name), "%s%s%s", path, *path ? "." : "", key);
		if (!strcmp(key, "doubts") && json_is_array(value))
			json_array_extend(input->doubts, value);
		else if (!strcmp(key, "doubts"))
			json_array_append(input->doubts, value);
		else if (json_is_object(value))
			flatten(input, name, value);
		else
			json_object_set(input->context, name, value);
	}
}

/* ---- series ---------------------------------------------------------------------------------------------
 */

static int add(struct compare_input *input, const char *name, const char *value, double sample)
{
	if (!isfinite(sample) || sample < 0)
		return wrong(input, name, "a value is negative");
	json_array_append_new(compare_samples(input, name, value), json_real(sample));
	return 0;
}

/* ---- of the benchmarks ----------------------------------------------------------------------------------
 */

/* Keys of a run that are no values of it. */
static const char *const about[] = { "family_index", "per_family_instance_index",
				     "repetitions",  "repetition_index",
				     "threads",	     "iterations",
				     "real_time",    "cpu_time" };

static bool is_about(const char *key)
{
	for (size_t i = 0; i < sizeof(about) / sizeof(*about); i++)
		if (!strcmp(key, about[i]))
			return true;
	return false;
}

/* Nanoseconds in the unit; 0: there is no such unit. */
static double unit_ns(const char *unit)
{
	static const struct {
		const char *name;
		double ns;
	} units[] = { { "ns", 1 }, { "us", 1e3 }, { "ms", 1e6 }, { "s", 1e9 } };

	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (!strcmp(unit, units[i].name))
			return units[i].ns;
	return 0;
}

/* The time that the benchmark was asked to be judged by: the last part of its name says so. */
static int add_time(struct compare_input *input, const char *name, const json_t *run)
{
	const char *end = strrchr(name, '/'), *unit = json_string_value(json_object_get(run, "time_unit"));
	bool real = end && (!strcmp(end, "/real_time") || !strcmp(end, "/manual_time"));
	const json_t *time = json_object_get(run, real ? "real_time" : "cpu_time");

	if (!time)
		return 0; /* counted alone */
	if (!json_is_number(time) || !unit || unit_ns(unit) <= 0)
		return wrong(input, name, "the time is no number of ns, us, ms or s");
	return add(input, name, real ? "real_ns" : "cpu_ns", json_number_value(time) * unit_ns(unit));
}

/* Without "/repeats:N", which is how it was run and not what. */
static void plain_name(char name[NAME_BYTES], const char *full)
{
	const char *repeats = strstr(full, "/repeats:");
	size_t head = repeats ? (size_t)(repeats - full) : strlen(full);
	const char *tail = repeats ? repeats + 1 + strcspn(repeats + 1, "/") : "";

	snprintf(name, NAME_BYTES, "%.*s%s", (int)head, full, tail);
}

static int add_benchmark(struct compare_input *input, json_t *run)
{
	const char *full = json_string_value(json_object_get(run, "run_name")), *key;
	const char *type = json_string_value(json_object_get(run, "run_type"));
	char name[NAME_BYTES];
	json_t *value;

	if (!full)
		full = json_string_value(json_object_get(run, "name"));
	if (!full)
		return wrong(input, "", "a benchmark has no name");
	if (type && !strcmp(type, "aggregate"))
		return 0;
	plain_name(name, full);
	if (json_is_true(json_object_get(run, "error_occurred"))) {
		const char *why = json_string_value(json_object_get(run, "error_message"));

		json_object_set_new(input->skipped, name, json_string(why ? why : "it failed"));
		return 0;
	}
	if (add_time(input, name, run))
		return -1;
	json_object_foreach(run, key, value) if (json_is_number(value) && !is_about(key) &&
						 add(input, name, key, json_number_value(value))) return -1;
	return 0;
}

static int read_benchmarks(struct compare_input *input, json_t *root)
{
	json_t *benchmarks = json_object_get(root, "benchmarks"), *run;
	size_t i;

	input->format = COMPARE_BENCHMARKS;
	flatten(input, "", json_object_get(root, "context"));
	json_array_foreach(benchmarks, i, run) if (add_benchmark(input, run)) return -1;
	if (json_array_size(benchmarks) && !json_object_size(input->series) &&
	    !json_object_size(input->skipped))
		return wrong(input, "", "there are aggregates alone, no repetitions");
	return 0;
}

/* ---- of a replay ----------------------------------------------------------------------------------------
 */

/* Keys of a run that another key explains, or that name it. */
static const char *const derived[] = { "cpu_ns",
				       "cpu_ns_per_t",
				       "cpu_runs",
				       "ratio_to_eager",
				       "vmid",
				       "ahead",
				       "syncs_per_1000_revoked",
				       "table_writes_per_access",
				       "splits_per_1000",
				       "collapses_per_1000",
				       "pool",
				       "timeline" };

static bool is_derived(const char *key)
{
	for (size_t i = 0; i < sizeof(derived) / sizeof(*derived); i++)
		if (!strcmp(key, derived[i]))
			return true;
	return false;
}

static int add_values(struct compare_input *input, const char *name, const char *path, json_t *object)
{
	const char *key;
	json_t *value;

	json_object_foreach(object, key, value)
	{
		char what[NAME_BYTES];

		if (!*path && is_derived(key))
			continue;
		snprintf(what, sizeof(what), "%s%s%s", path, *path ? "." : "", key);
		if (json_is_object(value) ?
			    add_values(input, name, what, value) :
			    json_is_number(value) && add(input, name, what, json_number_value(value)))
			return -1;
	}
	return 0;
}

static int add_samples(struct compare_input *input, const char *name, json_t *samples)
{
	json_t *sample;
	size_t i;

	if (!json_array_size(samples))
		return wrong(input, name, "there are no cpu_ns_samples: written by an older s2shadow?");
	json_array_foreach(samples, i, sample)
	{
		if (!json_is_number(sample))
			return wrong(input, name, "a value is no number");
		if (add(input, name, "cpu_ns", json_number_value(sample)))
			return -1;
	}
	return 0;
}

/* "trace policy", and a number where they come again. */
static int replay_name(const struct compare_input *input, char name[NAME_BYTES], json_t *run)
{
	const char *trace = json_string_value(json_object_get(run, "trace"));
	const char *policy = json_string_value(json_object_get(run, "policy"));

	if (!trace || !policy)
		return wrong(input, "", "a run has no trace and policy");
	snprintf(name, NAME_BYTES, "%s %s", trace, policy);
	for (unsigned again = 2; json_object_get(input->series, name); again++)
		snprintf(name, NAME_BYTES, "%s %s %u", trace, policy, again);
	return 0;
}

static int add_run(struct compare_input *input, json_t *run)
{
	char name[NAME_BYTES];

	if (replay_name(input, name, run))
		return -1;
	return add_samples(input, name, json_object_get(run, "cpu_ns_samples")) ?
		       -1 :
		       add_values(input, name, "", run);
}

static int add_skipped(struct compare_input *input, json_t *run)
{
	const char *why = json_string_value(json_object_get(run, "why"));
	char name[NAME_BYTES];

	if (replay_name(input, name, run))
		return -1;
	json_object_set_new(input->skipped, name, json_string(why ? why : "unknown"));
	return 0;
}

static int read_replay(struct compare_input *input, json_t *root)
{
	static const char *const parts[] = { "version", "build", "machine", "placement", "config" };
	json_t *run;
	size_t i;

	input->format = COMPARE_REPLAY;
	for (i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		json_t *part = json_object_get(root, parts[i]);

		if (json_is_object(part))
			flatten(input, parts[i], part);
		else if (part)
			json_object_set(input->context, parts[i], part);
	}
	input->interrupted = json_is_true(json_object_get(root, "interrupted"));
	json_array_foreach(json_object_get(root, "runs"), i, run) if (add_run(input, run)) return -1;
	json_array_foreach(json_object_get(root, "skipped"), i, run) if (add_skipped(input, run)) return -1;
	return 0;
}

/* ---- a file ---------------------------------------------------------------------------------------------
 */

int compare_file_read(struct compare_input *input, const char *path)
{
	json_error_t error;
	json_t *root = json_load_file(path, 0, &error);
	int result;

	*input = (struct compare_input){ path,
					 .context = json_object(),
					 .doubts = json_array(),
					 .series = json_object(),
					 .skipped = json_object(),
					 .files = 1 };
	if (!root && error.line > 0)
		message("%s:%d: %s", path, error.line, error.text);
	else if (!root)
		message("%s", error.text); /* names the file */
	if (!root)
		return -1;
	if (json_is_array(json_object_get(root, "benchmarks")))
		result = read_benchmarks(input, root);
	else if (json_is_array(json_object_get(root, "runs")) &&
		 json_is_object(json_object_get(root, "config")))
		result = read_replay(input, root);
	else
		result = wrong(input, "",
			       "neither Google Benchmark's JSON nor that of s2shadow replay --json");
	json_decref(root);
	return result;
}
