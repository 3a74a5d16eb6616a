/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * cost_sweep.c - what each strategy costs at one point of a sweep.
 *
 * Strategies take turns in each repetition, so that what slows the machine down for a while hits all of them.
 */
#include "bench/cost/cost_sweep.h"

#include <stdlib.h>

#include <shadow/error.h>

#define STRETCH 2048u		       /* pages or more that are timed at once */

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

static size_t begin_of(const struct cost_layout *layout, size_t flush)
{
	return flush ? layout->end[flush - 1] : 0;
}

static int load(struct cost_flush *flush, const struct cost_layout *layout, size_t index)
{
	size_t from = begin_of(layout, index);

	return cost_flush_load(flush, &layout->span[from], layout->end[index] - from);
}

/* ---- modelled and counted ---------------------------------------------------------------------------------------- */

/* @flush: NULL: nothing is flushed. */
static int play(struct cost_model *model, struct cost_flush *flush)
{
	struct cost_listener listener = cost_model_listener(model);
	int error = 0;

	for (size_t i = 0; i < model->layout->flushes && !error; i++) {
		if (flush)
			error = load(flush, model->layout, i);
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
	error = play(&model, NULL);
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
	error = play(&model, bench->flush);
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
static int measure(struct cost_bench *bench, const struct cost_layout *layout, unsigned stretch, double *ns)
{
	int error = 0;

	*ns = 0;
	for (size_t i = 0; i < layout->flushes && !error; i++) {
		uint64_t pages = 0;
		double one = 0;

		for (size_t j = begin_of(layout, i); j < layout->end[i]; j++)
			pages += layout->span[j].end - layout->span[j].start;
		error = load(bench->flush, layout, i);
		if (!error)
			error = cost_flush_time(bench->flush, 1 + (unsigned)(stretch / pages), &one);
		*ns += one;
	}
	return error;
}

static int measure_rows(struct cost_bench *bench, const struct cost_common *common, const struct cost_layout *layout,
			unsigned stretch, struct cost_row *row, unsigned rows)
{
	double *ns = calloc((size_t)rows * common->repetitions, sizeof(*ns));
	int error = ns ? 0 : -SHADOW_ENOMEM;

	for (unsigned i = 0; i < common->repetitions && !error; i++)
		for (unsigned j = 0; j < rows && !error; j++) {
			cost_flush_use(bench->flush, row[j].strategy, &common->planner);
			error = measure(bench, layout, stretch, &ns[j * common->repetitions + i]);
		}
	for (unsigned j = 0; j < rows && !error; j++)
		row[j].cpu_ns = cost_spread(&ns[j * common->repetitions], common->repetitions);
	free(ns);
	return error;
}

/* ---- both -------------------------------------------------------------------------------------------------------- */

int cost_sweep_layout(struct cost_bench *bench, const struct cost_common *common, const struct cost_layout *layout,
		      const struct cost_point *point, unsigned stretch, struct cost_row row[COST_STRATEGIES])
{
	struct cost_misses without;
	unsigned rows = 0;
	int error = open_bench(bench, common, point);

	if (!error)
		error = misses_without(common, layout, point, &without);
	for (unsigned i = 0; i < COST_STRATEGIES && !error; i++) {
		if (!cost_is_swept(common, (enum cost_strategy)i))
			continue;
		row[rows] = (struct cost_row){ .point = *point, .strategy = (enum cost_strategy)i };
		cost_flush_use(bench->flush, row[rows].strategy, &common->planner);
		error = model_row(bench, common, layout, &without, &row[rows]);
		rows++;
	}
	if (!error && common->repetitions)
		error = measure_rows(bench, common, layout, stretch, row, rows);
	return error ? error : (int)rows;
}

int cost_sweep_point(struct cost_bench *bench, const struct cost_common *common, const struct cost_point *point,
		     struct cost_row row[COST_STRATEGIES])
{
	struct cost_layout layout;
	int result;

	if (cost_layout_make(&layout, point, &common->stream))
		return -SHADOW_ENOMEM;
	result = cost_sweep_layout(bench, common, &layout, point, STRETCH, row);
	cost_layout_free(&layout);
	return result;
}

/* One row of @row->strategy, without measuring. */
static int sweep_row(struct cost_bench *bench, const struct cost_common *common, const struct cost_layout *layout,
		     const struct shadow_tlbi_cost *planner, struct cost_row *row)
{
	struct cost_misses without;
	int error = open_bench(bench, common, &row->point);

	if (!error)
		error = misses_without(common, layout, &row->point, &without);
	if (error)
		return error;
	cost_flush_use(bench->flush, row->strategy, planner ? planner : &common->planner);
	return model_row(bench, common, layout, &without, row);
}

int cost_sweep_planner(struct cost_bench *bench, const struct cost_common *common, const struct cost_layout *layout,
		       const struct cost_point *point, const struct shadow_tlbi_cost *planner, struct cost_row *row)
{
	*row = (struct cost_row){ .point = *point, .strategy = COST_PLANNED };
	return sweep_row(bench, common, layout, planner, row);
}

int cost_sweep_one(struct cost_bench *bench, const struct cost_common *common, const struct cost_point *point,
		   enum cost_strategy strategy, const struct shadow_tlbi_cost *planner, struct cost_row *row)
{
	struct cost_layout layout;
	int error;

	if (cost_layout_make(&layout, point, &common->stream))
		return -SHADOW_ENOMEM;
	*row = (struct cost_row){ .point = *point, .strategy = strategy };
	error = sweep_row(bench, common, &layout, planner, row);
	cost_layout_free(&layout);
	return error;
}
