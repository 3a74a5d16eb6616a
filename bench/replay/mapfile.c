/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * mapfile.c - what a device can reach, as text.
 */
#include "bench/replay/mapfile.h"

#include <inttypes.h>

static void write_run(void *ctx, const struct tables_run *run)
{
	fprintf(ctx, "%" PRIx64 " %" PRIx64 " %s %s\n", run->start, run->end,
		run->read && run->write ? "rw" :
		run->read		? "ro" :
					  "wo",
		run->device ? "mmio" : "mem");
}

int mapfile_write(FILE *file, const struct tables *tables)
{
	struct tables_walk walk;

	return tables_walk(tables, &walk, file, write_run) || !walk.identity ? -1 : 0;
}
