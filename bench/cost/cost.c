/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * cost.c - `s2shadow profile`: every combination of the lists given, a trace's flushes, or what hardware took, as a table, CSV, JSON and a picture.
 */
#include "bench/cost/cost.h"

#include <stdlib.h>
#include <string.h>

#include <shadow/error.h>

#include "bench/common/message.h"
#include "bench/common/outfile.h"
#include "bench/common/progress.h"
#include "bench/cost/cost_measured.h"
#include "bench/cost/cost_options.h"
#include "bench/cost/cost_plot.h"
#include "bench/cost/cost_text.h"

#define TRACE_STRETCH 64u	       /* pages or more that are timed at once: a trace has many flushes */

/* @record: NULL: of a sweep. */
static int measure_point(const struct cost_options *options, struct cost_bench *bench, const struct cost_record *record,
			 size_t index, struct cost_row *row)
{
	struct cost_point point = cost_options_point(options, index);

	if (!record)
		return cost_sweep_point(bench, &options->common, &point, row);
	point.runs = (unsigned)record->layout.spans;
	return cost_sweep_layout(bench, &options->common, &record->layout, &point, TRACE_STRETCH, row);
}

/* Rows of all points, as far as Ctrl-C lets it. Return: 0; PROGRESS_EXIT_INTERRUPTED; 2 after one line on standard error. */
static int sweep(const struct cost_options *options, struct cost_bench *bench, const struct cost_record *record,
		 struct cost_row *row, size_t *rows)
{
	size_t points = cost_options_points(options), done = 0;
	int count = 0;

	progress_catch_interrupt();
	progress_start("profile", points);
	while (done < points && !progress_interrupted()) {
		count = measure_point(options, bench, record, done, &row[*rows]);
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
static int report(const struct cost_options *options, struct outfile out[OUTS], const struct cost_found *found)
{
	if (write_files(options, out, found))
		return 2;
	cost_print_given(stdout, found->common);
	if (found->record)
		cost_print_record(stdout, found->record);
	if (found->derived)
		puts("where the wait was not measured: misses and reads, at the device's times");
	cost_print_rows(stdout, found->row, found->rows, found->hardware);
	cost_print_summary(stdout, found->summary, found->hardware);
	return found->interrupted ? PROGRESS_EXIT_INTERRUPTED : 0;
}

/* Return: an exit status. */
static int summarise(const struct cost_options *options, struct outfile out[OUTS], struct cost_bench *bench,
		     const struct cost_record *record, const struct cost_row *row, size_t rows)
{
	struct cost_summary summary = { 0 };
	int error = 0, status;

	/* What follows from it is sought only where there is time. */
	if (!progress_interrupted())
		error = cost_summary_make(&summary, bench, &options->common, record ? &record->layout : NULL, row, rows);
	if (error) {
		message("%s", message_error(error));
		return 2;
	}
	status = report(options, out, &(struct cost_found){ .common = &options->common, .row = row, .rows = rows,
							    .summary = &summary, .record = record,
							    .interrupted = progress_interrupted() });
	cost_summary_free(&summary);
	return status;
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

/* Return: an exit status. */
static int measure(const struct cost_options *options, struct outfile out[OUTS], const struct cost_record *record)
{
	struct cost_row *row = calloc(cost_options_points(options) * COST_STRATEGIES, sizeof(*row));
	struct cost_bench bench = { 0 };
	size_t rows = 0;
	int status = 2;

	if (!row)
		message("%s", message_error(-SHADOW_ENOMEM));
	else
		status = sweep(options, &bench, record, row, &rows);
	if (status != 2)
		status = summarise(options, out, &bench, record, row, rows);
	cost_bench_close(&bench);
	free(row);
	return status;
}

/* Does the description fit what was measured? Then the report is about the strategies that were. */
static bool suits(struct cost_options *options, const struct cost_measured *measured)
{
	memset(options->common.strategy, 0, sizeof(options->common.strategy));
	for (size_t i = 0; i < measured->rows; i++) {
		enum cost_strategy strategy = measured->row[i].strategy;

		options->common.strategy[strategy] = true;
		if (!cost_is_swept(&options->common, strategy)) {
			message("%s: '%s' was measured, and device %s has no ranges", options->measured,
				cost_strategy_name(strategy), options->common.device.name);
			return false;
		}
	}
	return true;
}

/* What only a model tells, for the planner. */
static int find_worth(const struct cost_common *common, struct cost_worth worth[2])
{
	struct cost_bench bench = { 0 };
	int error = 0;

	for (unsigned nested = 0; nested < 2 && !error; nested++)
		error = cost_worth_find(&bench, common, nested, &worth[nested]);
	cost_bench_close(&bench);
	return error;
}

/* Return: an exit status. */
static int show_measured(struct cost_options *options, struct outfile out[OUTS])
{
	struct cost_found found = { .common = &options->common, .hardware = true };
	struct cost_measured measured;
	struct cost_summary summary;
	struct cost_worth worth[2];
	int error, status = 2;

	if (cost_measured_load(&measured, options->measured, &options->common.device))
		return 2;
	if (!suits(options, &measured)) {
		cost_measured_free(&measured);
		return 2;
	}
	error = find_worth(&options->common, worth);
	if (!error)
		error = cost_measured_summary(&measured, worth, &summary);
	if (error) {
		message("%s", message_error(error));
	} else {
		found.row = measured.row;
		found.rows = measured.rows;
		found.summary = &summary;
		found.derived = measured.derived;
		status = report(options, out, &found);
		cost_summary_free(&summary);
	}
	cost_measured_free(&measured);
	return status;
}

/* Return: an exit status. */
static int run_with(struct cost_options *options, struct outfile out[OUTS])
{
	struct cost_record record;
	int status;

	if (options->measured)
		return show_measured(options, out);
	if (!options->trace)
		return measure(options, out, NULL);
	if (cost_record_make(&record, options->trace, options->flush, options->until, &options->common.stream))
		return 2;
	status = measure(options, out, &record);
	cost_record_free(&record);
	return status;
}

static int run(struct cost_options *options)
{
	struct outfile out[OUTS] = { { 0 } };
	int status = open_files(options, out) ? 2 : run_with(options, out);

	for (unsigned i = 0; i < OUTS; i++)
		outfile_discard(&out[i]);
	return status;
}

int profile_main(int argc, char **argv)
{
	static struct cost_options options;
	int status = cost_options_read(&options, argc, argv);

	return status >= 0 ? status : run(&options);
}
