/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * compare_input.h - one side of a comparison: results of the benchmarks (Google Benchmark's JSON) or of
 * replays (--json), in a file, or in the files of a folder.
 *
 * Both become a list of series: what was looked at, which of its values, and the samples of that value.
 */
#ifndef BENCH_COMPARE_INPUT_H
#define BENCH_COMPARE_INPUT_H

#include <stdbool.h>

#include <jansson.h>

enum compare_format {
	COMPARE_BENCHMARKS,
	COMPARE_REPLAY,
};

struct compare_input {
	const char *path;
	enum compare_format format;
	json_t *context; /* object: what the numbers rest on, flat: "machine.governor" to its text */
	json_t *doubts;	 /* array of texts: what makes its times unreliable; of a folder, its first file's */
	json_t *series; /* object: name to an object: value's name to an array of numbers, in the file's order
			 */
	json_t *skipped; /* object: name to why it did not run */
	unsigned files;
	bool interrupted;
};

/* Return: 0; -1 after one line on standard error. Release with compare_input_free() either way. */
int compare_input_read(struct compare_input *input, const char *path) __attribute__((warn_unused_result));
void compare_input_free(struct compare_input *input);

/* The same of one file. */
int compare_file_read(struct compare_input *input, const char *path) __attribute__((warn_unused_result));

/* The samples of one value, to be added to. */
json_t *compare_samples(struct compare_input *input, const char *name, const char *value);

/* As an array, to be freed; NULL if memory is short. */
double *compare_numbers(const json_t *samples);

/* How values of a kind compare. */
enum compare_kind {
	COMPARE_MEASURED, /* as samples of a distribution */
	COMPARE_COUNTED,  /* exactly */
	COMPARE_MODELLED, /* exactly */
};

/* What a larger value means. */
enum compare_sense {
	COMPARE_COST,	  /* it is worse */
	COMPARE_WORK,	  /* nothing good or bad: something else was done */
	COMPARE_REDUNDANT /* nothing that another value does not say */
};

struct compare_class {
	enum compare_kind kind;
	enum compare_sense sense;
};

/* Of a value of that name with these samples on both sides. */
struct compare_class compare_classify(enum compare_format format, const char *value, const json_t *left,
				      const json_t *right);

#endif
