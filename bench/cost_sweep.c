/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * cost_sweep.c - what each strategy costs at one point of a sweep.
 *
 * Strategies take turns in each repetition, so that what slows the machine down for a while hits all of them.
 */
#include "bench/cost_sweep.h"

#include <stdlib.h>

#include <shadow/error.h>

#define STRETCH 2048u		       /* spans or more that are timed at once */

void cost_bench_close(struct cost_bench *bench)
{
	cost_flush_close(bench->flush);
	bench->flush = NULL;
}

static int open_bench(struct cost_bench *bench, const struct cost_common *common, const struct cost_point *point)
{
	struct cost_flush_config config = { .smmus = point->smmus, .nested = point->nested, .ril = common->device.ranges };
	int error;

	if (bench->flush && config.smmus == bench->config.smmus && config.nested == bench->config.nested &&
	    config.ril == bench->config.ril)
		return 0;
	cost_bench_close(bench);
	error = cost_flush_open(&bench->flush, &config);
	bench->config = config;
	return error;
}

bool cost_is_swept(const struct cost_common *common, enum cost_strategy strategy)
{
	return common->strategy[strategy] && (common->device.ranges || !cost_strategy_needs_ranges(strategy));
}

static size_t flushes_of(const struct cost_point *point)
{
	return (point->runs + (size_t)point->batch - 1) / point->batch;
}

static int load(struct cost_flush *flush, const struct cost_layout *layout, const struct cost_point *point, size_t index)
{
	size_t from = index * point->batch, left = layout->spans - from;

	return cost_flush_load(flush, &layout->span[from], left < point->batch ? left : point->batch);
}

/* ---- modelled and counted ---------------------------------------------------------------------------------------- */

/* @flush: NULL: nothing is flushed. */
static int play(struct cost_model *model, struct cost_flush *flush, const struct cost_point *point)
{
	struct cost_listener listener = cost_model_listener(model);
	int error = 0;

	for (size_t i = 0; i < flushes_of(point) && !error; i++) {
		if (flush)
			error = load(flush, model->layout, point, i);
		if (flush && !error)
			error = cost_flush_run(flush, &listener);
		if (!error && cost_model_flushed(model, flush != NULL))
			error = -SHADOW_ENOMEM;
	}
	return error;
}

static int misses_without(const struct cost_common *common, const struct cost_layout *layout,
			  const struct cost_point *point, struct cost_misses *misses)
{
	struct cost_model model;
	int error;

	if (cost_model_init(&model, &common->device, layout, &common->stream, point->nested))
		return -SHADOW_ENOMEM;
	error = play(&model, NULL, point);
	*misses = cost_model_misses(&model);
	cost_model_free(&model);
	return error;
}

static int model_row(struct cost_bench *bench, const struct cost_common *common, const struct cost_layout *layout,
		     const struct cost_misses *without, struct cost_row *row)
{
	struct cost_model model;
	struct cost_misses misses;
	int error;

	if (cost_model_init(&model, &common->device, layout, &common->stream, row->point.nested))
		return -SHADOW_ENOMEM;
	error = play(&model, bench->flush, &row->point);
	misses = cost_model_misses(&model);
	row->counts = model.counts;
	row->extra = cost_extra(&misses, without);
	row->device_ns = cost_device_ns(&common->device, &row->counts, row->point.smmus);
	row->after_ns = cost_after_ns(&common->device, &row->extra);
	cost_model_free(&model);
	return error;
}

/* ---- measured ---------------------------------------------------------------------------------------------------- */

static int by_value(const void *left, const void *right)
{
	const double *a = left, *b = right;

	return *a < *b ? -1 : *a > *b;
}

struct cost_spread cost_spread(double *value, unsigned count)
{
	qsort(value, count, sizeof(*value), by_value);
	return (struct cost_spread){ .median = count % 2 ? value[count / 2] : (value[count / 2 - 1] + value[count / 2]) / 2,
				     .low = value[(count - 1) / 4],
				     .high = value[count - 1 - (count - 1) / 4] };
}

/* All flushes, one after the other. */
static int measure(struct cost_bench *bench, const struct cost_layout *layout, const struct cost_row *row, double *ns)
{
	unsigned spans = row->point.batch < row->point.runs ? row->point.batch : row->point.runs;
	unsigned times = 1 + STRETCH / spans;
	int error = 0;

	if (row->counts.kind[COST_KIND_PAGE] > STRETCH)
		times = 1;
	*ns = 0;
	for (size_t i = 0; i < flushes_of(&row->point) && !error; i++) {
		double one = 0;

		error = load(bench->flush, layout, &row->point, i);
		if (!error)
			error = cost_flush_time(bench->flush, times, &one);
		*ns += one;
	}
	return error;
}

static int measure_rows(struct cost_bench *bench, const struct cost_common *common, const struct cost_layout *layout,
			struct cost_row *row, unsigned rows)
{
	double *ns = calloc((size_t)rows * common->repetitions, sizeof(*ns));
	int error = ns ? 0 : -SHADOW_ENOMEM;

	for (unsigned i = 0; i < common->repetitions && !error; i++)
		for (unsigned j = 0; j < rows && !error; j++) {
			cost_flush_use(bench->flush, row[j].strategy, &common->planner);
			error = measure(bench, layout, &row[j], &ns[j * common->repetitions + i]);
		}
	for (unsigned j = 0; j < rows && !error; j++)
		row[j].cpu_ns = cost_spread(&ns[j * common->repetitions], common->repetitions);
	free(ns);
	return error;
}

/* ---- both -------------------------------------------------------------------------------------------------------- */

int cost_sweep_point(struct cost_bench *bench, const struct cost_common *common, const struct cost_point *point,
		     struct cost_row row[COST_STRATEGIES])
{
	struct cost_misses without;
	struct cost_layout layout;
	unsigned rows = 0;
	int error = open_bench(bench, common, point);

	if (error)
		return error;
	if (cost_layout_make(&layout, point, &common->stream))
		return -SHADOW_ENOMEM;
	error = misses_without(common, &layout, point, &without);
	for (unsigned i = 0; i < COST_STRATEGIES && !error; i++) {
		if (!cost_is_swept(common, (enum cost_strategy)i))
			continue;
		row[rows] = (struct cost_row){ .point = *point, .strategy = (enum cost_strategy)i };
		cost_flush_use(bench->flush, row[rows].strategy, &common->planner);
		error = model_row(bench, common, &layout, &without, &row[rows]);
		rows++;
	}
	if (!error && common->repetitions)
		error = measure_rows(bench, common, &layout, row, rows);
	cost_layout_free(&layout);
	return error ? error : (int)rows;
}

int cost_sweep_one(struct cost_bench *bench, const struct cost_common *common, const struct cost_point *point,
		   enum cost_strategy strategy, const struct shadow_tlbi_cost *planner, struct cost_row *row)
{
	struct cost_misses without;
	struct cost_layout layout;
	int error = open_bench(bench, common, point);

	if (error)
		return error;
	if (cost_layout_make(&layout, point, &common->stream))
		return -SHADOW_ENOMEM;
	*row = (struct cost_row){ .point = *point, .strategy = strategy };
	cost_flush_use(bench->flush, strategy, planner ? planner : &common->planner);
	error = misses_without(common, &layout, point, &without);
	if (!error)
		error = model_row(bench, common, &layout, &without, row);
	cost_layout_free(&layout);
	return error;
}
