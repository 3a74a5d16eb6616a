/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * cost_plot.c - what flushes cost by their number of runs, as a picture.
 *
 * A line of panels for each combination of what is varied beside the number of runs, at most PLOTS of them: on the left
 * what is modelled, on the right what is measured. Both axes are logarithmic. A dashed line is where a crossing is. Of a
 * trace there are bars.
 */
#include "bench/cost/cost_plot.h"

#include <math.h>

#include "bench/common/picture.h"
#include "bench/cost/cost_text.h"

#define PLOTS  6u
#define LEFT   70.0
#define WIDTH  350.0
#define HEIGHT 230.0
#define APART  80.0
#define TOP    96.0
#define STEP   324.0
#define TEXT   160

static const uint32_t colours[COST_STRATEGIES] = { 0xb03030, 0xc08020, 0x408040, 0x2050a0, 0x804090, 0x202020 };

struct plot {
	cairo_t *cairo;
	const struct cost_found *found;
};

/* One picture with axes. */
struct panel {
	double x, y;		       /* of the upper left corner */
	double low[2], high[2];	       /* of the axes, as powers of ten */
	bool measured;
	const struct cost_point *point;
};

static void set_colour(const struct plot *plot, uint32_t colour)
{
	cairo_set_source_rgb(plot->cairo, (colour >> 16 & 255) / 255.0, (colour >> 8 & 255) / 255.0, (colour & 255) / 255.0);
}

/* ALIGN: 0: begins at @x; 0.5: its middle is there; 1: it ends there. */
static void draw_text(const struct plot *plot, double x, double y, double align, double size, const char *text)
{
	cairo_text_extents_t extents;

	cairo_select_font_face(plot->cairo, "sans-serif", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_NORMAL);
	cairo_set_font_size(plot->cairo, size);
	cairo_text_extents(plot->cairo, text, &extents);
	cairo_move_to(plot->cairo, round(x - align * extents.x_advance), round(y));
	cairo_show_text(plot->cairo, text);
}

static void draw_line(const struct plot *plot, double x0, double y0, double x1, double y1)
{
	cairo_move_to(plot->cairo, x0, y0);
	cairo_line_to(plot->cairo, x1, y1);
	cairo_stroke(plot->cairo);
}

/* Does it belong to the same curve but for its runs? */
static bool is_beside(const struct cost_point *left, const struct cost_point *right)
{
	return left->length == right->length && left->gap == right->gap && left->batch == right->batch &&
	       left->smmus == right->smmus && left->nested == right->nested;
}

static double value_of(const struct cost_row *row, bool measured)
{
	return measured ? row->cpu_ns.median : cost_modelled_ns(row);
}

/* ---- axes -------------------------------------------------------------------------------------------------------- */

static double place(const struct panel *panel, unsigned axis, double value)
{
	double part = (log10(fmax(value, 1)) - panel->low[axis]) / (panel->high[axis] - panel->low[axis]);

	return axis ? panel->y + HEIGHT * (1 - part) : panel->x + WIDTH * part;
}

static void widen(struct panel *panel, unsigned axis, double value)
{
	double power = log10(fmax(value, 1));

	panel->low[axis] = fmin(panel->low[axis], floor(power));
	panel->high[axis] = fmax(panel->high[axis], ceil(power));
}

static void scale(struct panel *panel, const struct cost_found *found)
{
	for (unsigned axis = 0; axis < 2; axis++) {
		panel->low[axis] = 9;
		panel->high[axis] = 0;
	}
	for (size_t i = 0; i < found->rows; i++)
		if (is_beside(&found->row[i].point, panel->point)) {
			widen(panel, 0, found->row[i].point.runs);
			widen(panel, 1, value_of(&found->row[i], panel->measured));
		}
	for (unsigned axis = 0; axis < 2; axis++)
		panel->high[axis] = fmax(panel->high[axis], panel->low[axis] + 1);
}

static void draw_axes(const struct plot *plot, const struct panel *panel)
{
	char text[TEXT];

	cairo_set_line_width(plot->cairo, 1);
	for (unsigned axis = 0; axis < 2; axis++)
		for (double power = panel->low[axis]; power <= panel->high[axis]; power++) {
			double at = place(panel, axis, pow(10, power));

			set_colour(plot, 0xd8d8d8);
			if (axis)
				draw_line(plot, panel->x, at, panel->x + WIDTH, at);
			else
				draw_line(plot, at, panel->y, at, panel->y + HEIGHT);
			set_colour(plot, 0x404040);
			snprintf(text, sizeof(text), power < 7 ? "%.0f" : "%.0e", pow(10, power));
			draw_text(plot, axis ? panel->x - 6 : at, axis ? at + 4 : panel->y + HEIGHT + 16, axis ? 1 : 0.5, 11,
				  text);
		}
	draw_text(plot, panel->x + WIDTH / 2, panel->y + HEIGHT + 32, 0.5, 11, "runs");
}

static void draw_title(const struct plot *plot, const struct panel *panel)
{
	set_colour(plot, 0x404040);
	draw_text(plot, panel->x, panel->y - 8, 0, 12,
		  panel->measured	   ? "measured: CPU time to build and publish, ns" :
		  plot->found->hardware ? "measured on hardware: SMMU and what the DMA waits after, ns" :
					  "modelled: SMMU and what the DMA waits after, ns");
}

/* ---- curves ------------------------------------------------------------------------------------------------------ */

static void draw_curve(const struct plot *plot, const struct panel *panel, enum cost_strategy strategy)
{
	const struct cost_found *found = plot->found;

	set_colour(plot, colours[strategy]);
	/* What lies on top of another is seen beside it. */
	cairo_set_line_width(plot->cairo, 1 + (COST_STRATEGIES - strategy) * 0.7);
	cairo_new_path(plot->cairo);
	for (size_t i = 0; i < found->rows; i++) {
		const struct cost_row *row = &found->row[i];

		if (row->strategy == strategy && is_beside(&row->point, panel->point))
			cairo_line_to(plot->cairo, place(panel, 0, row->point.runs),
				      place(panel, 1, value_of(row, panel->measured)));
	}
	cairo_stroke(plot->cairo);
}

static void draw_crossing(const struct plot *plot, const struct panel *panel)
{
	const struct cost_summary *summary = plot->found->summary;
	const double dashes[] = { 4, 3 };
	char text[TEXT];

	for (size_t i = 0; i < summary->crossings; i++) {
		const struct cost_crossing *crossing = &summary->crossing[i];
		double at = place(panel, 0, (double)crossing->runs);

		if (!crossing->runs || crossing->point.length != panel->point->length ||
		    crossing->point.gap != panel->point->gap || crossing->point.nested != panel->point->nested ||
		    at < panel->x || at > panel->x + WIDTH)
			continue;
		set_colour(plot, colours[crossing->strategy]);
		cairo_set_line_width(plot->cairo, 1);
		cairo_set_dash(plot->cairo, dashes, 2, 0);
		draw_line(plot, at, panel->y, at, panel->y + HEIGHT);
		cairo_set_dash(plot->cairo, NULL, 0, 0);
		if (crossing->strategy != COST_PLANNED)
			continue;
		snprintf(text, sizeof(text), "planner: %llu", (unsigned long long)crossing->runs);
		draw_text(plot, at - 4, panel->y + 14, 1, 10, text);
	}
}

/* Of a trace: one bar for each strategy, from 0 up. */
static void draw_bars(const struct plot *plot, const struct panel *panel)
{
	const struct cost_found *found = plot->found;
	double x = panel->x + 12, most = 1;

	for (size_t i = 0; i < found->rows; i++)
		if (is_beside(&found->row[i].point, panel->point))
			most = fmax(most, value_of(&found->row[i], panel->measured));
	for (size_t i = 0; i < found->rows; i++) {
		const struct cost_row *row = &found->row[i];
		double value = fmax(value_of(row, panel->measured), 0), height = (HEIGHT - 20) * value / most;

		if (!is_beside(&row->point, panel->point))
			continue;
		set_colour(plot, colours[row->strategy]);
		cairo_rectangle(plot->cairo, x, panel->y + HEIGHT - height, 36, height);
		cairo_fill(plot->cairo);
		draw_text(plot, x + 18, panel->y + HEIGHT - height - 4, 0.5, 11, cost_short(value).text);
		draw_text(plot, x + 18, panel->y + HEIGHT + 16, 0.5, 11, cost_strategy_name(row->strategy));
		x += 56;
	}
}

static void draw_panel(const struct plot *plot, struct panel *panel)
{
	draw_title(plot, panel);
	if (plot->found->record) {
		draw_bars(plot, panel);
		return;
	}
	scale(panel, plot->found);
	draw_axes(plot, panel);
	for (unsigned strategy = 0; strategy < COST_STRATEGIES; strategy++)
		if (cost_is_swept(plot->found->common, (enum cost_strategy)strategy))
			draw_curve(plot, panel, (enum cost_strategy)strategy);
	if (!panel->measured && panel->point->batch >= panel->point->runs)
		draw_crossing(plot, panel);
}

static void draw_legend(const struct plot *plot)
{
	double x = 16;

	for (unsigned strategy = 0; strategy < COST_STRATEGIES; strategy++) {
		if (!cost_is_swept(plot->found->common, (enum cost_strategy)strategy))
			continue;
		set_colour(plot, colours[strategy]);
		cairo_set_line_width(plot->cairo, 3);
		draw_line(plot, x, 60, x + 14, 60);
		draw_text(plot, x + 18, 64, 0, 12, cost_strategy_name((enum cost_strategy)strategy));
		x += 72;
	}
}

static void draw_heads(const struct plot *plot)
{
	const struct cost_common *common = plot->found->common;
	char text[TEXT];

	set_colour(plot, 0xffffff);
	cairo_paint(plot->cairo);
	set_colour(plot, 0x202020);
	snprintf(text, sizeof(text), "%s: what invalidation costs", common->device.name);
	draw_text(plot, 16, 24, 0, 15, text);
	snprintf(text, sizeof(text), "DMA %s over %u pages, %u accesses after each flush",
		 cost_pattern_name(common->stream.pattern), common->stream.pages, common->stream.accesses);
	draw_text(plot, 16, 42, 0, 12, text);
	draw_legend(plot);
}

/* Was the CPU's time measured? */
static bool has_cpu(const struct cost_found *found)
{
	return found->rows && found->row[0].cpu_ns.median > 0;
}

static void draw_pair(const struct plot *plot, const struct cost_point *point, double y)
{
	struct panel panel = { .x = LEFT, .y = y, .point = point };
	char text[TEXT];

	draw_panel(plot, &panel);
	if (plot->found->record)
		snprintf(text, sizeof(text), "trace %s, %u SMMU%s%s", plot->found->record->name, point->smmus,
			 point->smmus == 1 ? "" : "s", point->nested ? ", nested" : "");
	else
		snprintf(text, sizeof(text), "runs of %u page%s, gaps of %u, %u SMMU%s%s%s", point->length,
			 point->length == 1 ? "" : "s", point->gap, point->smmus, point->smmus == 1 ? "" : "s",
			 point->nested ? ", nested" : "", point->batch >= point->runs ? "" : ", several flushes");
	set_colour(plot, 0x606060);
	draw_text(plot, LEFT, y + HEIGHT + 46, 0, 11, text);
	panel.x += WIDTH + APART;
	panel.measured = true;
	if (has_cpu(plot->found))
		draw_panel(plot, &panel);
}

/* ---- file -------------------------------------------------------------------------------------------------------- */

/* Rows that begin a line of panels. Return: how many. */
static unsigned find_pairs(const struct cost_found *found, const struct cost_point *point[PLOTS])
{
	unsigned count = 0;

	for (size_t i = 0; i < found->rows; i++) {
		unsigned known = 0;

		while (known < count && !is_beside(point[known], &found->row[i].point))
			known++;
		if (known == count && count < PLOTS)
			point[count++] = &found->row[i].point;
	}
	return count;
}

/* What is drawn. */
struct drawing {
	const struct cost_found *found;
	const struct cost_point *point[PLOTS];
	unsigned pairs;
};

static void draw(void *ctx, cairo_t *cairo)
{
	const struct drawing *drawing = ctx;
	const struct plot plot = { .cairo = cairo, .found = drawing->found };

	draw_heads(&plot);
	for (unsigned i = 0; i < drawing->pairs; i++)
		draw_pair(&plot, drawing->point[i], TOP + STEP * i);
}

int cost_plot_write(FILE *file, const struct cost_found *found, bool svg)
{
	struct drawing drawing = { .found = found };
	double width = LEFT + WIDTH + 40 + (has_cpu(found) ? APART + WIDTH : 0);

	drawing.pairs = find_pairs(found, drawing.point);
	return picture_write(file, svg, width, TOP + STEP * (drawing.pairs ? drawing.pairs : 1), draw, &drawing);
}
