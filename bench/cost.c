/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * cost.c - `s2shadow profile`: every combination of the lists given, as a table.
 */
#include "bench/cost.h"

#include <stdlib.h>

#include "bench/cost_options.h"
#include "bench/cost_text.h"
#include "bench/message.h"
#include "bench/progress.h"

/* Rows of all points, as far as Ctrl-C lets it. Return: 0; PROGRESS_EXIT_INTERRUPTED; 2 after one line on standard error. */
static int sweep(const struct cost_options *options, struct cost_row *row, size_t *rows)
{
	struct cost_bench bench = { 0 };
	size_t points = cost_options_points(options), done = 0;
	int count = 0;

	progress_catch_interrupt();
	progress_start("profile", points);
	while (done < points && !progress_interrupted()) {
		struct cost_point point = cost_options_point(options, done);

		count = cost_sweep_point(&bench, &options->common, &point, &row[*rows]);
		if (count < 0)
			break;
		*rows += (size_t)count;
		progress_set(++done);
	}
	progress_end();
	cost_bench_close(&bench);
	if (count < 0)
		message("%s", message_error(count));
	else if (done < points)
		message("interrupted: %zu of %zu points follow", done, points);
	return count < 0 ? 2 : done < points ? PROGRESS_EXIT_INTERRUPTED : 0;
}

static int run(const struct cost_options *options)
{
	struct cost_row *row = calloc(cost_options_points(options) * COST_STRATEGIES, sizeof(*row));
	size_t rows = 0;
	int status;

	if (!row) {
		message("out of memory");
		return 2;
	}
	status = sweep(options, row, &rows);
	if (status != 2) {
		cost_print_given(stdout, &options->common);
		cost_print_rows(stdout, row, rows);
	}
	free(row);
	return status;
}

int profile_main(int argc, char **argv)
{
	static struct cost_options options;
	int status = cost_options_read(&options, argc, argv);

	return status >= 0 ? status : run(&options);
}
