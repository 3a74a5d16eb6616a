/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * simulate_run.c - one seed: a machine is drawn from it, boots, works, comes to rest and is judged.
 */
#include "bench/simulate/simulate_run.h"

#include "bench/simulate/simulate_smmu.h"
#include "bench/simulate/simulate_trace.h"
#include "bench/simulate/simulate_trip.h"

/* Far more than a run ever takes. */
#define POINTS_BOOT UINT64_C(10000000)
#define POINTS_EACH 5000u

void simulate_options_default(struct simulate_options *options)
{
	*options = (struct simulate_options){ .cpus = -1, .smmus = -1, .bbml = -1, .nested = -1, .non_coherent = -1,
					      .transitions = SIMULATE_TRANSITIONS, .accesses = SIMULATE_ACCESSES };
}

/* splitmix64: the scheduler's own choices start from the seed itself. */
static uint64_t draw(uint64_t *random, uint64_t below)
{
	uint64_t mixed = *random += UINT64_C(0x9e3779b97f4a7c15);

	mixed = (mixed ^ mixed >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94d049bb133111eb);
	return (mixed ^ mixed >> 31) % below;
}

static unsigned fixed(int option, uint64_t drawn)
{
	return option < 0 ? (unsigned)drawn : (unsigned)option;
}

/* Half of the machines stay whole but for commands that are refused; in the others each SMMU may break. One that can
 * not be shut ends everything, so it is rare. */
static void draw_fault(struct simulate_smmu_shape *shape, const struct simulate_options *options, bool breaks,
		       uint64_t *random)
{
	uint64_t kind = draw(random, 6 * (FAULT_STUCK - 1) + 8), when = 1 + draw(random, options->transitions);
	bool spared = !draw(random, 4);

	if (!breaks || spared)
		return;
	shape->breaks = kind < 6 * (FAULT_STUCK - 1) ? FAULT_FETCH + kind % (FAULT_STUCK - 1) : FAULT_STUCK;
	if (shape->breaks == FAULT_UNCOVERED && !simulate_fault_is_final(shape))
		shape->breaks = FAULT_FETCH;
	else if (shape->breaks < FAULT_SERVICE && simulate_fault_is_final(shape))
		shape->breaks = FAULT_UNCOVERED;
	/* The run ends with it, so it comes last. */
	shape->breaks_at = shape->breaks == FAULT_STUCK ? options->transitions : when;
}

/* What is done for an erratum is done for devices that keep translations only where commands may stand in for others. */
static unsigned draw_errata(bool ats, uint64_t *random)
{
	static const unsigned errata[] = { SHADOW_ERRATUM_SYNC_OFTEN, SHADOW_ERRATUM_NO_MIXING, SHADOW_ERRATUM_REPEAT,
					   SHADOW_ERRATUM_SYNC_OFTEN | SHADOW_ERRATUM_NO_MIXING };
	uint64_t which = draw(random, 24);

	return ats || which >= 4 ? 0 : errata[which];
}

/* SMMUs of one machine differ: only the first one's word counts for the tables, which it is there to see made. */
static void draw_smmu(struct simulate_smmu_shape *shape, const struct simulate_options *options, unsigned number,
		      bool non_coherent, uint64_t *random)
{
	static const unsigned oas_bits[] = { 36, 40, 48 };

	*shape = (struct simulate_smmu_shape){
		.nested = fixed(options->nested, draw(random, 2)),
		.non_coherent = fixed(options->non_coherent, non_coherent && (!draw(random, 2) || !number)),
		.no_ril = draw(random, 4) == 0,
		.ats = draw(random, 3) == 0,
		.hyp = draw(random, 2),
		.late = draw(random, 3) == 0 && number,
		.aborts_at_reset = draw(random, 2),
		.cmdq_lg2 = 2 + (unsigned)draw(random, 5),
		.oas_bits = oas_bits[draw(random, 3)],
	};
	/* Nobody has looked at it when it is attached: it is to abort by itself. */
	shape->aborts_at_reset |= shape->late;
	shape->errata = draw_errata(shape->ats, random);
}

static unsigned draw_cpus(uint64_t *random)
{
	uint64_t which = draw(random, 64), few = draw(random, 6), some = draw(random, 57), many = draw(random, 193);

	return (unsigned)(which == 0 ? 64 + many : which < 4 ? 8 + some : 1 + few);
}

static unsigned draw_granule(uint64_t *random)
{
	uint64_t which = draw(random, 16);

	return which == 0 ? 16 : which < 3 ? 14 : SHADOW_PAGE_LG2;
}

/* How CPUs tell an SMMU, and see that it is done; an MSI behind the caches is of no use to them. */
static void draw_queues(struct simulate_smmu_shape *shape, uint64_t *random)
{
	static const unsigned completions[] = { 0, 0, SHADOW_COMPLETION_EVENT, SHADOW_COMPLETION_MSI };
	uint64_t queues = 1 + draw(random, SIMULATE_ECMDQ_MAX);

	shape->ecmdq = draw(random, 3) ? 0 : (unsigned)queues;
	shape->completion = SHADOW_COMPLETION_POLL | completions[draw(random, 4)];
}

static void draw_more(struct simulate_shape *shape, const struct simulate_options *options, uint64_t *random)
{
	shape->holds = draw(random, 2);
	shape->lazy_percent = (unsigned)draw(random, 3) * 30;
	shape->restless = draw(random, 8) == 0 && !options->no_moves;
	shape->moves |= shape->restless;
	for (unsigned i = 0; i < SIMULATE_SMMUS_MAX; i++)
		draw_queues(&shape->smmu[i], random);
}

/* Draws do not depend on options: one that is fixed leaves the others as they are. */
static struct simulate_shape shape_of(const struct simulate_options *options, uint64_t seed)
{
	uint64_t random = ~seed;
	struct simulate_shape shape = {
		.cpus = fixed(options->cpus, draw_cpus(&random)),
		.smmus = fixed(options->smmus, 1 + draw(&random, 3)),
		.bbml = fixed(options->bbml, draw(&random, 3)),
		.granule_lg2 = draw_granule(&random),
		.contiguous = draw(&random, 3) == 0,
		.collapse = (enum shadow_collapse)draw(&random, 3),
		.queue_slots = 2u << draw(&random, 5),
		.drop_percent = (unsigned)draw(&random, 3) * 50,
		.join_percent = (unsigned)draw(&random, 3) * 40,
		.no_pending = options->no_pending,
	};
	bool non_coherent = draw(&random, 4) == 0, breaks = draw(&random, 2) && !options->no_faults;

	shape.refuses = draw(&random, 2) && !options->no_faults;
	shape.moves = draw(&random, 2) && !options->no_moves;
	for (unsigned i = 0; i < SIMULATE_SMMUS_MAX; i++) {
		draw_smmu(&shape.smmu[i], options, i, non_coherent, &random);
		draw_fault(&shape.smmu[i], options, breaks, &random);
	}
	draw_more(&shape, options, &random);
	return shape;
}

/* What the trace says is not drawn. */
static void shape_for_trace(struct simulate_shape *shape, const struct trace *trace)
{
	shape->cpus = simulate_trace_cpus(trace);
	shape->granule_lg2 = SHADOW_PAGE_LG2;
	for (unsigned i = 0; i < SIMULATE_SMMUS_MAX; i++)
		shape->smmu[i].oas_bits = 48;
}

static void gather(struct simulate *world)
{
	struct simulate_counts *counts = &world->counts;
	const struct sim_counters *sim = sim_counters();
	struct shadow_table_stats tables;
	struct shadow_stats stats;

	shadow_smmu_table_stats(world->target, &tables);
	shadow_engine_stats(world->engine, &stats);
	counts->splits = tables.splits;
	counts->collapses = tables.collapses;
	counts->hints = tables.hints;
	counts->forced = stats.flushes_forced;
	counts->cancelled = stats.pages_cancelled;
	counts->ahead = stats.pages_ahead;
	counts->withdrawn = stats.pages_withdrawn;
	counts->inherited = stats.pages_inherited;
	counts->points = sim->points;
	counts->switches = sim->switches;
	counts->drained = sim->drained;
	counts->reordered = sim->reordered;
	counts->stale = sim->stale;
	for (unsigned i = 0; i < world->shape.smmus; i++) {
		counts->commands += model_counters(world->smmu[i].model)->commands;
		counts->events_lost += model_counters(world->smmu[i].model)->events_lost;
		counts->syncs += model_counters(world->smmu[i].model)->syncs;
		counts->wakeups += model_counters(world->smmu[i].model)->wakeups;
		if (simulate_smmu_writes_word(&world->shape.smmu[i]))
			counts->msis += model_counters(world->smmu[i].model)->syncs;
	}
}

static void work(struct simulate *world)
{
	sim_start(0, simulate_boot, world);
	sim_run();
	if (world->boot_error)
		simulate_violate(world, 0, 0, "the machine does not boot: %d", world->boot_error);
	for (unsigned cpu = 0; cpu < world->shape.cpus && !world->violated; cpu++)
		sim_start(cpu, simulate_worker, world);
	sim_run();
	if (!world->violated)
		sim_start(0, simulate_finish, world);
	sim_run();
	if (!world->violated)
		simulate_check_tables(world);
}

int simulate_seed(struct simulate *world, const struct simulate_options *options, uint64_t seed)
{
	struct simulate_shape shape = shape_of(options, seed);

	if (options->trace)
		shape_for_trace(&shape, options->trace);
	if (simulate_open(world, &shape, options->trace, seed))
		return -1;
	if (shape.holds)
		sim_hold_stores();
	world->history.log = options->log;
	world->transitions_wanted = options->transitions;
	world->accesses_wanted = options->accesses;
	world->points_most = POINTS_BOOT + POINTS_EACH * (options->transitions + options->accesses);
	work(world);
	gather(world);
	return world->violated;
}
