/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * inspect_layout.h - which part of the address space goes to which row and pixel of a picture. Pure.
 *
 * The space is cut into units of one power of two. A unit that says more than one thing is a row of pixels; a
 * stretch of units that all say the same is one row without detail, however large it is. So detail gets room
 * where it is, and the unit is the smallest for which the rows fit on a page.
 */
#ifndef BENCH_INSPECT_LAYOUT_H
#define BENCH_INSPECT_LAYOUT_H

#include <stddef.h>
#include <stdint.h>

#include "bench/inspect/inspect_survey.h"

#define INSPECT_ROWS_MAX     48u
#define INSPECT_ROW_WIDTH    1024u
#define INSPECT_ROW_HEIGHT   16u
#define INSPECT_PIXELS_LG2   14u /* of a row */
#define INSPECT_CLASSES	     (2 + 4 * INSPECT_LEVELS)
#define INSPECT_CLASS_HOLE   (INSPECT_CLASSES - 2)
#define INSPECT_CLASS_FAULT  (INSPECT_CLASSES - 1)
#define INSPECT_CLASS_HINTED 1u
#define INSPECT_CLASS_NORMAL 2u

_Static_assert(INSPECT_ROW_WIDTH *INSPECT_ROW_HEIGHT == 1u << INSPECT_PIXELS_LG2, "a row is a power of two");

/* What is drawn alike: by level, memory type and hint; the holes; the faults. Where two share a pixel, the
 * greater shows, so that no page and no hole is lost behind something larger. */
unsigned inspect_class(const struct inspect_extent *extent);

/* The level of a class that is neither hole nor fault. */
static inline int inspect_class_level(unsigned class)
{
	return (int)(class / 4) + INSPECT_LEVEL_MIN;
}

struct inspect_row {
	uint64_t start, end;
	unsigned class; /* if it has no detail */
	bool detail;
};

struct inspect_layout {
	struct inspect_row row[INSPECT_ROWS_MAX];
	unsigned count;
	unsigned unit_lg2;
};

void inspect_layout(struct inspect_layout *layout, const struct inspect_shape *shape,
		    const struct inspect_survey *survey);

/**
 * inspect_layout_pixels() - the classes in a row of detail.
 * @pixel: column by column from the left, each from the top.
 */
void inspect_layout_pixels(const struct inspect_layout *layout, const struct inspect_row *row,
			   const struct inspect_survey *survey, uint8_t pixel[1u << INSPECT_PIXELS_LG2]);

#endif
