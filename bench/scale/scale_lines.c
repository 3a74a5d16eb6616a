/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * scale_lines.c - a hash table of cache lines, which doubles when it is half full.
 */
#include "bench/scale/scale_lines.h"

#include <stdlib.h>
#include <string.h>

#include <shadow/error.h>

#define LG2_FIRST 12u
#define WORDS	  (SCALE_CPUS_MAX / 64)

int scale_lines_open(struct scale_lines *lines)
{
	*lines = (struct scale_lines){ .lg2 = LG2_FIRST };
	lines->line = calloc((size_t)1 << lines->lg2, sizeof(*lines->line));
	return lines->line ? 0 : -SHADOW_ENOMEM;
}

void scale_lines_close(struct scale_lines *lines)
{
	free(lines->line);
	*lines = (struct scale_lines){ 0 };
}

static struct scale_line *find(const struct scale_lines *lines, uintptr_t number)
{
	size_t mask = ((size_t)1 << lines->lg2) - 1;
	size_t at = (number * UINT64_C(0x9e3779b97f4a7c15)) >> (64 - lines->lg2);

	while (lines->line[at].number && lines->line[at].number != number)
		at = (at + 1) & mask;
	return &lines->line[at];
}

/* Without memory it stays as it is: there is room for as many again. */
static void grow(struct scale_lines *lines)
{
	struct scale_lines larger = { .lg2 = lines->lg2 + 1, .used = lines->used };

	larger.line = calloc((size_t)1 << larger.lg2, sizeof(*larger.line));
	if (!larger.line)
		return;
	for (size_t i = 0; i < (size_t)1 << lines->lg2; i++)
		if (lines->line[i].number)
			*find(&larger, lines->line[i].number) = lines->line[i];
	free(lines->line);
	*lines = larger;
}

/* Return: the line; *@fresh: nobody has used it so far. */
static struct scale_line *line_of(struct scale_lines *lines, const void *where, bool *fresh)
{
	uintptr_t number = (uintptr_t)where >> 6;
	struct scale_line *line = find(lines, number);

	*fresh = !line->number;
	if (!*fresh)
		return line;
	if (2 * ++lines->used > 1u << lines->lg2)
		grow(lines);
	line = find(lines, number);
	line->number = number;
	return line;
}

bool scale_lines_read(struct scale_lines *lines, unsigned cpu, const void *where)
{
	bool fresh, has;
	struct scale_line *line = line_of(lines, where, &fresh);

	has = line->have[cpu / 64] >> cpu % 64 & 1;
	line->have[cpu / 64] |= UINT64_C(1) << cpu % 64;
	return !fresh && !has;
}

bool scale_lines_write(struct scale_lines *lines, unsigned cpu, const void *where)
{
	bool fresh, others = false;
	struct scale_line *line = line_of(lines, where, &fresh);

	for (unsigned i = 0; i < WORDS; i++)
		others |= line->have[i] != (i == cpu / 64 ? UINT64_C(1) << cpu % 64 : 0);
	memset(line->have, 0, sizeof(line->have));
	line->have[cpu / 64] = UINT64_C(1) << cpu % 64;
	return !fresh && others;
}
