/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * cost.c - `s2shadow profile`: every combination of the lists given, as a table, CSV, JSON and a picture.
 */
#include "bench/cost.h"

#include <stdlib.h>
#include <string.h>

#include <shadow/error.h>

#include "bench/cost_options.h"
#include "bench/cost_plot.h"
#include "bench/cost_text.h"
#include "bench/message.h"
#include "bench/outfile.h"
#include "bench/progress.h"

/* Rows of all points, as far as Ctrl-C lets it. Return: 0; PROGRESS_EXIT_INTERRUPTED; 2 after one line on standard error. */
static int sweep(const struct cost_options *options, struct cost_bench *bench, struct cost_row *row, size_t *rows)
{
	size_t points = cost_options_points(options), done = 0;
	int count = 0;

	progress_catch_interrupt();
	progress_start("profile", points);
	while (done < points && !progress_interrupted()) {
		struct cost_point point = cost_options_point(options, done);

		count = cost_sweep_point(bench, &options->common, &point, &row[*rows]);
		if (count < 0)
			break;
		*rows += (size_t)count;
		progress_set(++done);
	}
	progress_end();
	if (count < 0)
		message("%s", message_error(count));
	else if (done < points)
		message("interrupted: %zu of %zu points follow", done, points);
	return count < 0 ? 2 : done < points ? PROGRESS_EXIT_INTERRUPTED : 0;
}

enum { OUT_CSV, OUT_JSON, OUT_PLOT, OUTS };

static bool is_svg(const char *name)
{
	return !strcmp(strrchr(name, '.'), ".svg");
}

/* Return: 0; -1 after one line on standard error. */
static int write_files(const struct cost_options *options, struct outfile out[OUTS], const struct cost_found *found)
{
	int error = 0;

	if (options->csv)
		cost_write_csv(out[OUT_CSV].file, found);
	if (options->json)
		error = cost_write_json(out[OUT_JSON].file, found);
	if (options->plot && !error)
		error = cost_plot_write(out[OUT_PLOT].file, found, is_svg(options->plot));
	if (error)
		message("%s", message_error(-SHADOW_ENOMEM));
	for (unsigned i = 0; i < OUTS && !error; i++)
		if (out[i].file)
			error = outfile_commit(&out[i]);
	return error;
}

/* Return: an exit status. */
static int report(const struct cost_options *options, struct outfile out[OUTS], struct cost_bench *bench,
		  const struct cost_row *row, size_t rows)
{
	struct cost_summary summary = { 0 };
	struct cost_found found = { .common = &options->common, .row = row, .rows = rows, .summary = &summary };
	int error = 0;

	/* What follows from it is sought only where there is time. */
	if (!progress_interrupted())
		error = cost_summary_make(&summary, bench, &options->common, row, rows);
	if (error) {
		message("%s", message_error(error));
		return 2;
	}
	found.interrupted = progress_interrupted();
	error = write_files(options, out, &found);
	if (!error) {
		cost_print_given(stdout, &options->common);
		cost_print_rows(stdout, row, rows);
		cost_print_summary(stdout, &options->common, &summary);
	}
	cost_summary_free(&summary);
	return error ? 2 : found.interrupted ? PROGRESS_EXIT_INTERRUPTED : 0;
}

/* Before anything takes time. Return: 0; -1 after one line on standard error. */
static int open_files(const struct cost_options *options, struct outfile out[OUTS])
{
	const char *name[OUTS] = { [OUT_CSV] = options->csv, [OUT_JSON] = options->json, [OUT_PLOT] = options->plot };
	int error = 0;

	for (unsigned i = 0; i < OUTS && !error; i++)
		if (name[i])
			error = outfile_open(&out[i], name[i]);
	return error;
}

static int run(const struct cost_options *options)
{
	struct cost_row *row = calloc(cost_options_points(options) * COST_STRATEGIES, sizeof(*row));
	struct outfile out[OUTS] = { { 0 } };
	struct cost_bench bench = { 0 };
	size_t rows = 0;
	int status = 2;

	if (!row)
		message("%s", message_error(-SHADOW_ENOMEM));
	else if (!open_files(options, out))
		status = sweep(options, &bench, row, &rows);
	if (status != 2)
		status = report(options, out, &bench, row, rows);
	for (unsigned i = 0; i < OUTS; i++)
		outfile_discard(&out[i]);
	cost_bench_close(&bench);
	free(row);
	return status;
}

int profile_main(int argc, char **argv)
{
	static struct cost_options options;
	int status = cost_options_read(&options, argc, argv);

	return status >= 0 ? status : run(&options);
}
