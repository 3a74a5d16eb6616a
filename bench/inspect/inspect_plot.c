/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * inspect_plot.c - the address space with its mapping sizes, as a picture.
 *
 * Title; legend with counts; the rows of inspect_layout.c from address 0 down, each with its first address on
 * the left and its size on the right; how to read it. Rows of detail are small bitmaps in both formats, so
 * the size of a file does not depend on the number of mappings.
 */
#include "bench/inspect/inspect_plot.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "bench/common/picture.h"
#include "bench/inspect/inspect_layout.h"
#include "bench/inspect/inspect_words.h"

#define MARGIN	     24.0
#define LEFT	     ((double)INSPECT_PLOT_LEFT) /* room for addresses */
#define RIGHT	     110.0			 /* and for sizes */
#define TITLE_HEIGHT 62.0
#define LINE_HEIGHT  19.0
#define ROW_STEP     ((double)INSPECT_PLOT_ROW_STEP)
#define FOOT_HEIGHT  ((double)INSPECT_PLOT_FOOT)
#define TEXT_BYTES   192
#define NAME_BYTES   64

struct legend {
	uint64_t entries, bytes;
};

struct plot {
	cairo_t *cairo;
	const struct inspect_subject *subject;
	struct inspect_layout layout;
	struct legend legend[INSPECT_CLASSES];
	double width, height;
};

/* 0xRRGGBB by level: device, device hinted, normal, normal hinted. Device is pale, a hint makes darker. */
static const uint32_t colours[INSPECT_CLASSES] = {
	0xd9d0c6, 0xb3a698, 0x8d7b6a, 0x5e5044, /* level -1 */
	0xd9c8ef, 0xb294d9, 0x8a5bc7, 0x5d3691, /* level 0 */
	0xc4e6d4, 0x86c4a6, 0x3a9e6f, 0x1d6b47, /* level 1 */
	0xbdd6f7, 0x7fa8e0, 0x3b7dd8, 0x1c4e9c, /* level 2 */
	0xfad9b0, 0xe0a860, 0xf08c2e, 0xb85c00, /* level 3 */
	0x2b2b2b, 0xe0007a,			/* holes, faults */
};

static void set_colour(const struct plot *plot, uint32_t colour)
{
	cairo_set_source_rgb(plot->cairo, (colour >> 16 & 255) / 255.0, (colour >> 8 & 255) / 255.0,
			     (colour & 255) / 255.0);
}

/* 0: begins at @x; 0.5: its middle is there; 1: it ends there. */
static void draw_text(const struct plot *plot, double x, double y, double align, double size, bool bold,
		      uint32_t colour, const char *text)
{
	cairo_text_extents_t extents;

	cairo_select_font_face(plot->cairo, "sans-serif", CAIRO_FONT_SLANT_NORMAL,
			       bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
	cairo_set_font_size(plot->cairo, size);
	cairo_text_extents(plot->cairo, text, &extents);
	set_colour(plot, colour);
	cairo_move_to(plot->cairo, round(x - align * extents.x_advance), round(y));
	cairo_show_text(plot->cairo, text);
}

static void draw_box(const struct plot *plot, double x, double y, double width, double height,
		     uint32_t colour)
{
	set_colour(plot, colour);
	cairo_rectangle(plot->cairo, x, y, width, height);
	cairo_fill(plot->cairo);
}

static void draw_frame(const struct plot *plot, double x, double y, double width, double height)
{
	set_colour(plot, 0x909090);
	cairo_set_line_width(plot->cairo, 1);
	cairo_rectangle(plot->cairo, x - 0.5, y - 0.5, width + 1, height + 1);
	cairo_stroke(plot->cairo);
}

/* ---- title and legend ---------------------------------------------------------------------------- */

/* A name may hold bytes that are no UTF-8, which would end all drawing. */
static void printable(const char *path, char text[NAME_BYTES])
{
	const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	size_t i;

	for (i = 0; name[i] && i + 1 < NAME_BYTES; i++)
		text[i] = name[i] >= ' ' && name[i] <= '~' ? name[i] : '?';
	text[i] = '\0';
}

static void draw_title(const struct plot *plot)
{
	const struct inspect_shape *shape = plot->subject->shape;
	const struct inspect_survey *survey = plot->subject->survey;
	char text[TEXT_BYTES], name[NAME_BYTES];

	printable(plot->subject->path, name);
	snprintf(text, sizeof(text), "%s: what a device can reach, and how it is mapped", name);
	draw_text(plot, MARGIN, MARGIN + 16, 0, 18, true, 0x202020, text);
	snprintf(text, sizeof(text),
		 "granule %s, %u-bit input from level %d, VMID %u%s; mapped %s, unmapped %s, %zu problem%s",
		 inspect_size_text(UINT64_C(1) << shape->granule_lg2).text, shape->ia_bits,
		 shape->start_level, shape->stage2.vmid, shape->stage2.fwb ? ", FWB" : "",
		 inspect_size_text(survey->mapped_bytes).text, inspect_size_text(survey->hole_bytes).text,
		 survey->problem_count, survey->problem_count == 1 ? "" : "s");
	draw_text(plot, MARGIN, MARGIN + 38, 0, 13, false, 0x505050, text);
}

static void count_classes(struct plot *plot)
{
	const struct inspect_survey *survey = plot->subject->survey;

	for (size_t i = 0; i < survey->extent_count; i++) {
		const struct inspect_extent *extent = &survey->extents[i];
		struct legend *legend = &plot->legend[inspect_class(extent)];
		uint64_t bytes = extent->end - extent->start;

		legend->bytes += bytes;
		legend->entries += bytes >> level_shift(plot->subject->shape->granule_lg2, extent->level);
	}
}

static void class_name(const struct plot *plot, unsigned class, char *text, size_t bytes)
{
	int level = inspect_class_level(class);

	if (class == INSPECT_CLASS_HOLE)
		snprintf(text, bytes, "holes");
	else if (class == INSPECT_CLASS_FAULT)
		snprintf(text, bytes, "faults");
	else
		snprintf(text, bytes, "%s %s%s%s",
			 inspect_size_text(UINT64_C(1)
					   << level_shift(plot->subject->shape->granule_lg2, level))
				 .text,
			 inspect_leaf_noun(level), class & INSPECT_CLASS_NORMAL ? ", normal" : ", device",
			 class & INSPECT_CLASS_HINTED ? ", hinted" : "");
}

static unsigned legend_lines(const struct plot *plot)
{
	unsigned present = 0;

	for (unsigned class = 0; class < INSPECT_CLASSES; class ++)
		present += plot->legend[class].entries != 0;
	return (present + 2) / 3;
}

/* Three columns. */
static void draw_legend(const struct plot *plot)
{
	double column = (plot->width - 2 * MARGIN) / 3;
	unsigned place = 0;

	for (unsigned class = 0; class < INSPECT_CLASSES; class ++) {
		double x = MARGIN + column * (place % 3),
		       y = MARGIN + TITLE_HEIGHT + LINE_HEIGHT * (place / 3);
		const struct legend *legend = &plot->legend[class];
		char name[96], text[TEXT_BYTES];

		if (!legend->entries)
			continue;
		class_name(plot, class, name, sizeof(name));
		snprintf(text, sizeof(text), "%s: %" PRIu64 " %s, %s", name, legend->entries,
			 legend->entries == 1 ? "entry" : "entries", inspect_size_text(legend->bytes).text);
		draw_box(plot, x, y - 11, 22, 12, colours[class]);
		draw_frame(plot, x, y - 11, 22, 12);
		draw_text(plot, x + 30, y, 0, 13, false, 0x202020, text);
		place++;
	}
}

/* ---- rows ---------------------------------------------------------------------------------------- */

static void draw_detail(struct plot *plot, const struct inspect_row *row, double x, double y)
{
	static uint8_t pixel[1u << INSPECT_PIXELS_LG2];
	cairo_surface_t *bitmap =
		cairo_image_surface_create(CAIRO_FORMAT_RGB24, INSPECT_ROW_WIDTH, INSPECT_ROW_HEIGHT);
	unsigned char *data = cairo_image_surface_get_data(bitmap);
	size_t stride = (size_t)cairo_image_surface_get_stride(bitmap);

	inspect_layout_pixels(&plot->layout, row, plot->subject->survey, pixel);
	if (data) {
		cairo_surface_flush(bitmap);
		for (size_t i = 0; i < sizeof(pixel); i++)
			memcpy(data + i % INSPECT_ROW_HEIGHT * stride + i / INSPECT_ROW_HEIGHT * 4,
			       &colours[pixel[i]], 4);
		cairo_surface_mark_dirty(bitmap);
	}
	cairo_set_source_surface(plot->cairo, bitmap, x, y);
	cairo_pattern_set_filter(cairo_get_source(plot->cairo), CAIRO_FILTER_NEAREST);
	cairo_paint(plot->cairo);
	cairo_surface_destroy(bitmap);
}

static bool is_dark(uint32_t colour)
{
	return 3 * (colour >> 16 & 255) + 6 * (colour >> 8 & 255) + (colour & 255) < 1280;
}

static void draw_uniform(const struct plot *plot, const struct inspect_row *row, double x, double y)
{
	char name[96], text[TEXT_BYTES];

	class_name(plot, row->class, name, sizeof(name));
	snprintf(text, sizeof(text), "%s of %s", inspect_size_text(row->end - row->start).text, name);
	draw_box(plot, x, y, INSPECT_ROW_WIDTH, INSPECT_ROW_HEIGHT, colours[row->class]);
	draw_text(plot, x + INSPECT_ROW_WIDTH / 2.0, y + 12, 0.5, 11, false,
		  is_dark(colours[row->class]) ? 0xffffff : 0x202020, text);
}

static void draw_rows(struct plot *plot, double y)
{
	for (unsigned i = 0; i < plot->layout.count; i++, y += ROW_STEP) {
		const struct inspect_row *row = &plot->layout.row[i];
		char text[32];

		if (row->detail)
			draw_detail(plot, row, LEFT, y);
		else
			draw_uniform(plot, row, LEFT, y);
		draw_frame(plot, LEFT, y, INSPECT_ROW_WIDTH, INSPECT_ROW_HEIGHT);
		snprintf(text, sizeof(text), "0x%" PRIx64, row->start);
		draw_text(plot, LEFT - 10, y + 12, 1, 12, false, 0x202020, text);
		draw_text(plot, LEFT + INSPECT_ROW_WIDTH + 10, y + 12, 0, 12, false, 0x505050,
			  inspect_size_text(row->end - row->start).text);
	}
}

static void draw_foot(const struct plot *plot, double y)
{
	unsigned unit_lg2 = plot->layout.unit_lg2;
	char text[TEXT_BYTES];

	snprintf(text, sizeof(text),
		 "Addresses grow downwards. Rows of pixels: %s each, column by column (%s), each from the "
		 "top; a pixel is %s",
		 inspect_size_text(UINT64_C(1) << unit_lg2).text,
		 inspect_size_text(UINT64_C(1) << unit_lg2 >> INSPECT_PIXELS_LG2 << 4).text,
		 inspect_size_text(UINT64_C(1) << unit_lg2 >> INSPECT_PIXELS_LG2).text);
	draw_text(plot, MARGIN, y + 20, 0, 12, false, 0x505050, text);
	draw_text(plot, MARGIN, y + 37, 0, 12, false, 0x505050,
		  "and shows the smallest mapping in it, or a hole. Rows with a text are uniform and not to "
		  "scale.");
}

/* ---- files --------------------------------------------------------------------------------------- */

static void draw(void *ctx, cairo_t *cairo)
{
	struct plot *plot = ctx;
	double rows = MARGIN + TITLE_HEIGHT + LINE_HEIGHT * legend_lines(plot);

	plot->cairo = cairo;
	draw_box(plot, 0, 0, plot->width, plot->height, 0xffffff);
	draw_title(plot);
	draw_legend(plot);
	draw_rows(plot, rows);
	draw_foot(plot, rows + ROW_STEP * plot->layout.count);
}

int inspect_plot_write(FILE *file, const struct inspect_subject *subject, bool svg)
{
	struct plot plot = { .subject = subject };

	count_classes(&plot);
	inspect_layout(&plot.layout, subject->shape, subject->survey);
	plot.width = LEFT + INSPECT_ROW_WIDTH + RIGHT;
	plot.height = MARGIN + TITLE_HEIGHT + LINE_HEIGHT * legend_lines(&plot) +
		      ROW_STEP * plot.layout.count + FOOT_HEIGHT;
	return picture_write(file, svg, plot.width, plot.height, draw, &plot);
}
