/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * scale_report.c - what `s2shadow scale` says.
 */
#include "bench/scale/scale_report.h"

#include <inttypes.h>

#include "bench/common/outfile.h"

#define OF_BOUND  0.8
#define TIMES	  10.0
#define TIMES_AT  16u
#define BOUND_MIN 12.5

const char *scale_policy_name(enum scale_policy policy)
{
	static const char *const names[SCALE_POLICIES] = {
		[SCALE_EAGER] = "eager", [SCALE_STRICT] = "strict", [SCALE_HELD] = "held",
		[SCALE_OVERLAP] = "overlap", [SCALE_GROUP] = "group"
	};

	return policy < SCALE_POLICIES ? names[policy] : "";
}

/* Over one CPU on which nothing but U, L and S takes time. */
static double speed(const struct scale_row *row)
{
	return row->result.trips_per_second / scale_one_cpu(&row->point);
}

/* ---- goals ---------------------------------------------------------------------------------------------------- */

static bool is_asked(const struct scale_point *point)
{
	return point->policy == SCALE_GROUP && point->cpus <= 64 && point->sync_ns >= 500 &&
	       point->sync_ns <= 5000 && point->locked_ns >= 100 && point->locked_ns <= 2800;
}

static void judge(struct scale_goal *goal, const struct scale_row *row, double reached, double wanted)
{
	if (goal->worst && reached >= goal->reached)
		return;
	*goal = (struct scale_goal){ .worst = row, .reached = reached, .met = reached >= wanted };
}

struct scale_goal scale_goal_bound(const struct scale_row *row, size_t rows)
{
	struct scale_goal goal = { 0 };

	for (size_t i = 0; i < rows; i++)
		if (is_asked(&row[i].point))
			judge(&goal, &row[i], speed(&row[i]) / scale_bound(&row[i].point), OF_BOUND);
	return goal;
}

struct scale_goal scale_goal_ten(const struct scale_row *row, size_t rows)
{
	struct scale_goal goal = { 0 };

	for (size_t i = 0; i < rows; i++)
		if (is_asked(&row[i].point) && row[i].point.cpus == TIMES_AT && scale_bound(&row[i].point) >= BOUND_MIN)
			judge(&goal, &row[i], speed(&row[i]), TIMES);
	return goal;
}

static void print_worst(FILE *file, const struct scale_goal *goal)
{
	const struct scale_point *point = &goal->worst->point;

	fprintf(file, "\n  at %u CPUs, %u SMMU%s, U %" PRIu64 ", L %" PRIu64 ", S %" PRIu64 " ns\n", point->cpus,
		point->smmus, point->smmus == 1 ? "" : "s", point->unlocked_ns, point->locked_ns, point->sync_ns);
}

static bool is_first_of(const struct scale_row *row, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (is_asked(&row[i].point) && row[i].point.locked_ns == row[index].point.locked_ns)
			return false;
	return is_asked(&row[index].point);
}

/* How much of the bound is always reached, for each locked time. */
static void print_by_locked(FILE *file, const struct scale_row *row, size_t rows)
{
	const char *before = "least of the bound:";

	for (size_t i = 0; i < rows; i++) {
		struct scale_goal goal = { 0 };

		if (!is_first_of(row, i))
			continue;
		for (size_t j = i; j < rows; j++)
			if (is_asked(&row[j].point) && row[j].point.locked_ns == row[i].point.locked_ns)
				judge(&goal, &row[j], speed(&row[j]) / scale_bound(&row[j].point), OF_BOUND);
		fprintf(file, "%s %.0f %% with L %" PRIu64 " ns", before, 100 * goal.reached, row[i].point.locked_ns);
		before = ",";
	}
	fputc('\n', file);
}

static void print_goals(FILE *file, const struct scale_row *row, size_t rows)
{
	struct scale_goal bound = scale_goal_bound(row, rows), ten = scale_goal_ten(row, rows);

	if (bound.worst) {
		fprintf(file, "goal, 80 %% of the bound: %s; the least is %.0f %%,", bound.met ? "met" : "not met",
			100 * bound.reached);
		print_worst(file, &bound);
		print_by_locked(file, row, rows);
	}
	if (ten.worst) {
		fprintf(file, "goal, 10 times one CPU at 16: %s; the least is %.1f times,", ten.met ? "met" : "not met",
			ten.reached);
		print_worst(file, &ten);
	}
}

/* ---- text ------------------------------------------------------------------------------------------------------- */

void scale_print_measured(FILE *file, const struct scale_measured *measured)
{
	fprintf(file,
		"measured on this machine, devices complete at once:\n"
		"  %6.1f ns  a trip on one CPU: reserve, queue, flush, wait\n"
		"  %6.1f ns  the same for %u pages apart from each other, with one flush\n"
		"  %6.1f ns  for one page on two CPUs in turn, without the turn itself\n"
		"  %6.1f ns  that turn: a cache line to the other CPU\n"
		"  %6.1f ns  a pause in a polling loop\n"
		"counted in the model: %.0f accesses in the first, %.0f in the second; %.1f waits for a cache line in the third\n",
		measured->alone_ns, measured->batch_ns, SCALE_BATCH, measured->in_turn_ns, measured->turn_ns,
		measured->relax_ns, measured->accesses, measured->batch_accesses, measured->misses);
}

static void print_title(FILE *file, const struct scale_point *point)
{
	fprintf(file,
		"\n%u SMMU%s, U %" PRIu64 " ns\n"
		"policy   S ns  L ns CPUs  trips/s speed-up  bound of it   p50 ns   p99 ns  syncs\n",
		point->smmus, point->smmus == 1 ? "" : "s", point->unlocked_ns);
}

static void print_point(FILE *file, const struct scale_row *row)
{
	const struct scale_point *point = &row->point;
	const struct scale_result *result = &row->result;

	fprintf(file,
		"%-7s %5" PRIu64 " %5" PRIu64 " %4u %8.0f %8.2f %6.2f %3.0f %% %8" PRIu64 " %8" PRIu64 " %6.0f\n",
		scale_policy_name(point->policy), point->sync_ns, point->locked_ns, point->cpus,
		result->trips_per_second, speed(row), scale_bound(point), 100 * speed(row) / scale_bound(point),
		result->p50_ns, result->p99_ns, 1000 * (double)result->syncs / (double)result->trips);
}

void scale_print(FILE *file, const struct scale_point *common, const struct scale_row *row, size_t rows)
{
	const struct scale_costs *costs = &common->costs;

	fprintf(file,
		"access %" PRIu64 " ps, doorbell %" PRIu64 ", cache line %" PRIu64 ",\nregister read %" PRIu64 ", pause %" PRIu64
		", lock hand-over %" PRIu64 " ns\n"
		"%s, SMMU busy for %u %% of a sync, at most %u flush%s under way,\n"
		"%u %% of L after the wait, U +- %u %%, seed %" PRIu64 "\n"
		"trips a second, how many times those of one CPU, and latency: modelled\n"
		"syncs for 1000 trips: counted\n",
		costs->access_ps, costs->doorbell_ns, costs->line_ns, costs->mmio_ns, costs->relax_ns, costs->lock_ns,
		common->nested ? "nested" : "stage 2 only", common->busy_percent, common->flights,
		common->flights == 1 ? "" : "es", common->after_percent, common->spread_percent, common->seed);
	for (size_t i = 0; i < rows; i++) {
		if (!i || row[i].point.smmus != row[i - 1].point.smmus ||
		    row[i].point.unlocked_ns != row[i - 1].point.unlocked_ns)
			print_title(file, &row[i].point);
		print_point(file, &row[i]);
	}
	fputc('\n', file);
	print_goals(file, row, rows);
}

/* ---- files ------------------------------------------------------------------------------------------------------ */

void scale_write_csv(FILE *file, const struct scale_row *row, size_t rows)
{
	fputs("policy,smmus,unlocked_ns,sync_ns,locked_ns,cpus,trips_per_second,speedup,bound,p50_ns,p99_ns,trips,syncs\n",
	      file);
	for (size_t i = 0; i < rows; i++) {
		const struct scale_point *point = &row[i].point;
		const struct scale_result *result = &row[i].result;

		fprintf(file,
			"%s,%u,%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%u,%.1f,%.4f,%.4f,%" PRIu64 ",%" PRIu64 ",%" PRIu64
			",%" PRIu64 "\n",
			scale_policy_name(point->policy), point->smmus, point->unlocked_ns, point->sync_ns,
			point->locked_ns, point->cpus, result->trips_per_second, speed(&row[i]), scale_bound(point),
			result->p50_ns, result->p99_ns, result->trips, result->syncs);
	}
}

static void write_point(FILE *file, const struct scale_row *row)
{
	const struct scale_point *point = &row->point;
	const struct scale_result *result = &row->result;

	fprintf(file,
		"    {\"policy\": \"%s\", \"smmus\": %u, \"unlocked_ns\": %" PRIu64 ", \"sync_ns\": %" PRIu64
		", \"locked_ns\": %" PRIu64 ", \"cpus\": %u,\n"
		"     \"modelled\": {\"trips_per_second\": %.1f, \"speedup\": %.4f, \"bound\": %.4f, \"p50_ns\": %" PRIu64
		", \"p99_ns\": %" PRIu64 "},\n"
		"     \"counted\": {\"trips\": %" PRIu64 ", \"syncs\": %" PRIu64 ", \"accesses\": %" PRIu64
		", \"line_waits\": %" PRIu64 "}}",
		scale_policy_name(point->policy), point->smmus, point->unlocked_ns, point->sync_ns, point->locked_ns,
		point->cpus, result->trips_per_second, speed(row), scale_bound(point), result->p50_ns, result->p99_ns,
		result->trips, result->syncs, result->accesses, result->misses);
}

void scale_write_json(FILE *file, const struct scale_row *row, size_t rows)
{
	const struct scale_point *common = &row->point;
	const struct scale_costs *costs = &common->costs;

	fprintf(file,
		"{\n  \"given\": {\"access_ps\": %" PRIu64 ", \"doorbell_ns\": %" PRIu64 ", \"line_ns\": %" PRIu64 ", \"mmio_ns\": %" PRIu64
		", \"relax_ns\": %" PRIu64 ", \"lock_ns\": %" PRIu64 ",\n"
		"    \"nested\": %s, \"busy_percent\": %u, \"flights\": %u, \"after_percent\": %u, \"spread_percent\": %u,"
		" \"trips\": %u, \"seed\": %" PRIu64 "},\n  \"points\": [\n",
		costs->access_ps, costs->doorbell_ns, costs->line_ns, costs->mmio_ns, costs->relax_ns, costs->lock_ns,
		common->nested ? "true" : "false", common->busy_percent, common->flights, common->after_percent,
		common->spread_percent, common->trips, common->seed);
	for (size_t i = 0; i < rows; i++) {
		write_point(file, &row[i]);
		fputs(i + 1 < rows ? ",\n" : "\n", file);
	}
	fputs("  ]\n}\n", file);
}

int scale_write(const char *path, const struct scale_row *row, size_t rows,
		void (*write)(FILE *, const struct scale_row *, size_t))
{
	struct outfile out;

	if (outfile_open(&out, path))
		return -1;
	write(out.file, row, rows);
	return outfile_commit(&out);
}
