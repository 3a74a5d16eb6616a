/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * inspect_layout.c - which part of the address space goes to which row and pixel of a picture.
 */
#include "bench/inspect/inspect_layout.h"

#include <string.h>

unsigned inspect_class(const struct inspect_extent *extent)
{
	unsigned class = 4 * (unsigned)(extent->level - INSPECT_LEVEL_MIN);

	if (extent->kind == INSPECT_FAULT)
		return INSPECT_CLASS_FAULT;
	if (extent->kind == INSPECT_HOLE)
		return INSPECT_CLASS_HOLE;
	return class + (extent->device ? 0 : INSPECT_CLASS_NORMAL) +
	       (extent->hinted ? INSPECT_CLASS_HINTED : 0);
}

/* Return: is there room for it? */
static bool add_row(struct inspect_layout *layout, uint64_t start, uint64_t end, bool detail, unsigned class)
{
	if (layout->count == INSPECT_ROWS_MAX)
		return false;
	layout->row[layout->count++] =
		(struct inspect_row){ .start = start, .end = end, .detail = detail, .class = class };
	return true;
}

/* The extents from @first on that are drawn alike, up to their end. */
static size_t same_class(const struct inspect_survey *survey, size_t first)
{
	size_t next = first + 1;

	while (next < survey->extent_count &&
	       inspect_class(&survey->extents[next]) == inspect_class(&survey->extents[first]))
		next++;
	return next;
}

/* Return: do the rows fit? */
static bool lay_out(struct inspect_layout *layout, const struct inspect_survey *survey, unsigned unit_lg2)
{
	uint64_t unit = UINT64_C(1) << unit_lg2, laid = 0; /* everything below it has its row */

	layout->count = 0;
	layout->unit_lg2 = unit_lg2;
	for (size_t i = 0, next; i < survey->extent_count; i = next) {
		uint64_t start = survey->extents[i].start, end;

		next = same_class(survey, i);
		end = survey->extents[next - 1].end;
		if (end <= laid)
			continue;
		if (start > laid && start % unit) { /* begins within a unit that began before it */
			if (!add_row(layout, laid, laid + unit, true, 0))
				return false;
			laid += unit;
		}
		if (end / unit > laid / unit) { /* fills units */
			if (!add_row(layout, laid, end / unit * unit, false,
				     inspect_class(&survey->extents[i])))
				return false;
			laid = end / unit * unit;
		}
	}
	return true;
}

void inspect_layout(struct inspect_layout *layout, const struct inspect_shape *shape,
		    const struct inspect_survey *survey)
{
	unsigned unit_lg2 = shape->granule_lg2 + INSPECT_PIXELS_LG2 - 2; /* four pixels a page */

	while (unit_lg2 < shape->ia_bits && !lay_out(layout, survey, unit_lg2))
		unit_lg2++;
	if (unit_lg2 >= shape->ia_bits) {
		layout->unit_lg2 = shape->ia_bits;
		layout->count = 0;
		add_row(layout, 0, UINT64_C(1) << shape->ia_bits, true, 0);
	}
}

/* The first extent that ends behind @address. */
static size_t first_extent(const struct inspect_survey *survey, uint64_t address)
{
	size_t low = 0, high = survey->extent_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (survey->extents[middle].end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void inspect_layout_pixels(const struct inspect_layout *layout, const struct inspect_row *row,
			   const struct inspect_survey *survey, uint8_t pixel[1u << INSPECT_PIXELS_LG2])
{
	unsigned shift = layout->unit_lg2 - INSPECT_PIXELS_LG2;

	memset(pixel, 0, 1u << INSPECT_PIXELS_LG2);
	for (size_t i = first_extent(survey, row->start); i < survey->extent_count; i++) {
		const struct inspect_extent *extent = &survey->extents[i];
		uint64_t start = extent->start > row->start ? extent->start : row->start;
		uint64_t end = extent->end < row->end ? extent->end : row->end;
		uint8_t class = (uint8_t)inspect_class(extent);

		if (extent->start >= row->end)
			break;
		for (uint64_t at = (start - row->start) >> shift; at <= (end - 1 - row->start) >> shift; at++)
			if (pixel[at] < class)
				pixel[at] = class;
	}
}
