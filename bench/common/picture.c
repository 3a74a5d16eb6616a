/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * picture.c - a drawing as a file.
 */
#include "bench/common/picture.h"

#include <cairo/cairo-svg.h>

static cairo_status_t write_bytes(void *file, const unsigned char *data, unsigned length)
{
	return fwrite(data, 1, length, file) == length ? CAIRO_STATUS_SUCCESS : CAIRO_STATUS_WRITE_ERROR;
}

int picture_write(FILE *file, bool svg, double width, double height, void (*draw)(void *ctx, cairo_t *cairo), void *ctx)
{
	cairo_surface_t *surface = svg ? cairo_svg_surface_create_for_stream(write_bytes, file, width, height) :
					 cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)width, (int)height);
	cairo_t *cairo = cairo_create(surface);
	cairo_status_t status;

	draw(ctx, cairo);
	status = cairo_status(cairo);
	cairo_destroy(cairo);
	if (!status && !svg)
		status = cairo_surface_write_to_png_stream(surface, write_bytes, file);
	cairo_surface_finish(surface);
	if (!status)
		status = cairo_surface_status(surface);
	cairo_surface_destroy(surface);
	return status && !ferror(file) ? -1 : 0;
}
