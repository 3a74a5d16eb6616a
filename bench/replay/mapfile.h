/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * mapfile.h - what a device can reach, as text.
 */
#ifndef BENCH_MAPFILE_H
#define BENCH_MAPFILE_H

#include <stdio.h>

#include "bench/replay/tables.h"

/* One line for each maximal run: START END rw|ro|wo mem|mmio. Write errors show in ferror().
 * Return: 0; -1 if the tables are malformed or translate an address to another. */
int mapfile_write(FILE *file, const struct tables *tables) __attribute__((warn_unused_result));

#endif
