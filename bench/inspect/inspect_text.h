/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * inspect_text.h - tables as a person wants to see them.
 */
#ifndef BENCH_INSPECT_TEXT_H
#define BENCH_INSPECT_TEXT_H

#include <stdio.h>

#include "bench/inspect/inspect_survey.h"

struct inspect_subject {
	const char *path;
	const struct imagefile *image;
	const struct inspect_shape *shape;
	const struct inspect_survey *survey;
	bool has_address;
	uint64_t address;
	struct inspect_walk walk; /* to it */
};

/* @all: no list is shortened. Write errors show in ferror(). Return: 0; -1: out of memory. */
int inspect_text_write(FILE *file, const struct inspect_subject *subject, bool all)
	__attribute__((warn_unused_result));

#endif
