/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * picture.h - a drawing as a file.
 */
#ifndef BENCH_PICTURE_H
#define BENCH_PICTURE_H

#include <stdbool.h>
#include <stdio.h>

#include <cairo/cairo.h>

/* As SVG or PNG, so many pixels wide and high; @draw fills it. Write errors show in ferror() too. Return: 0; -1: the
 * library for drawing failed. */
int picture_write(FILE *file, bool svg, double width, double height, void (*draw)(void *ctx, cairo_t *cairo), void *ctx)
	__attribute__((warn_unused_result));

#endif
