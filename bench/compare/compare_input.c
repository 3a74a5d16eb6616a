/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * compare_input.c - one side of a comparison: a file, or the files of a folder.
 *
 * The repetitions of one process share its memory's layout and its minute: they resemble each other more than
 * those of two processes do. So each file of a folder, which is to be of a process of its own, becomes one
 * sample: the median of its repetitions. A file that stands alone has nothing but its repetitions.
 */
#include "bench/compare/compare_input.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bench/common/message.h"
#include "bench/compare/compare_stats.h"

/* ---- one file more --------------------------------------------------------------------------------------
 */

/* What they all say, or that they do not. */
static void merge_context(json_t *context, const json_t *more, bool first)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)more, key, value)
	{
		const json_t *known = json_object_get(context, key);

		if (first)
			json_object_set(context, key, value);
		else if (!known || !json_equal(known, value))
			json_object_set_new(context, key, json_string("(differs from file to file)"));
	}
}

/* Counted values are the same in all repetitions, and stay whole. */
static int append_median(json_t *to, const json_t *samples)
{
	size_t count = json_array_size(samples);
	double *values = compare_numbers(samples);

	if (!values) {
		message("out of memory");
		return -1;
	}
	json_array_append_new(to, json_real(compare_median(values, count)));
	free(values);
	return 0;
}

static int merge_series(struct compare_input *input, json_t *series)
{
	const char *name, *value;
	json_t *values, *samples;

	json_object_foreach(series, name, values) json_object_foreach(
		values, value,
		samples) if (append_median(compare_samples(input, name, value), samples)) return -1;
	return 0;
}

static int merge(struct compare_input *input, const struct compare_input *more)
{
	if (input->files && input->format != more->format) {
		message("%s: results of another kind than those beside it", more->path);
		return -1;
	}
	merge_context(input->context, more->context, !input->files);
	if (!input->files)
		json_array_extend(input->doubts, more->doubts);
	input->format = more->format;
	input->interrupted |= more->interrupted;
	input->files++;
	json_object_update(input->skipped, more->skipped);
	return merge_series(input, more->series);
}

/* ---- a folder -------------------------------------------------------------------------------------------
 */

static int is_result(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);

	return entry->d_name[0] != '.' && length > 5 && !strcmp(entry->d_name + length - 5, ".json");
}

static int merge_file(struct compare_input *input, const char *name)
{
	struct compare_input file = { 0 };
	char *path;
	int error;

	if (asprintf(&path, "%s/%s", input->path, name) < 0) {
		message("out of memory");
		return -1;
	}
	error = compare_file_read(&file, path) || merge(input, &file) ? -1 : 0;
	compare_input_free(&file);
	free(path);
	return error;
}

static int read_folder(struct compare_input *input, const char *path)
{
	struct dirent **names;
	int count = scandir(path, &names, is_result, alphasort), error = 0;

	*input = (struct compare_input){ path, .context = json_object(), .doubts = json_array(),
					 .series = json_object(), .skipped = json_object() };
	if (count < 0) {
		message("%s: %s", path, strerror(errno));
		return -1;
	}
	if (!count) {
		message("%s: there are no results in it, files whose names end in .json", path);
		error = -1;
	}
	for (int i = 0; i < count; i++) {
		error = error ? error : merge_file(input, names[i]->d_name);
		free(names[i]);
	}
	free(names);
	return error;
}

int compare_input_read(struct compare_input *input, const char *path)
{
	struct stat info;

	return !stat(path, &info) && S_ISDIR(info.st_mode) ? read_folder(input, path) :
							     compare_file_read(input, path);
}

void compare_input_free(struct compare_input *input)
{
	json_decref(input->context);
	json_decref(input->doubts);
	json_decref(input->series);
	json_decref(input->skipped);
	*input = (struct compare_input){ 0 };
}

/* ---- for both -------------------------------------------------------------------------------------------
 */

/* The member @key of an object, which is made where there is none. */
static json_t *member(json_t *object, const char *key, json_t *(*make)(void))
{
	json_t *found = json_object_get(object, key);

	if (found)
		return found;
	json_object_set_new(object, key, make());
	return json_object_get(object, key);
}

json_t *compare_samples(struct compare_input *input, const char *name, const char *value)
{
	return member(member(input->series, name, json_object), value, json_array);
}

double *compare_numbers(const json_t *samples)
{
	size_t count = json_array_size(samples);
	double *values = calloc(count ? count : 1, sizeof(*values));

	for (size_t i = 0; values && i < count; i++)
		values[i] = json_number_value(json_array_get(samples, i));
	return values;
}
