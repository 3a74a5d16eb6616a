/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * simulate_run.c - one seed: a machine is drawn from it, boots, works, comes to rest and is judged.
 */
#include "bench/simulate_run.h"

#include "bench/simulate_trip.h"

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
static void draw_faults(struct simulate_shape *shape, const struct simulate_options *options, uint64_t *random)
{
	bool breaks = draw(random, 2) && !options->no_faults;

	shape->refuses = draw(random, 2) && !options->no_faults;
	for (unsigned i = 0; i < shape->smmus; i++) {
		uint64_t kind = draw(random, 8 * (FAULT_STUCK - 1) + 2), when = 1 + draw(random, options->transitions);

		if (!breaks || !draw(random, 4))
			continue;
		shape->breaks[i] = kind < 8 * (FAULT_STUCK - 1) ? FAULT_FETCH + kind % (FAULT_STUCK - 1) : FAULT_STUCK;
		/* The run ends with it, so it comes last. */
		shape->breaks_at[i] = shape->breaks[i] == FAULT_STUCK ? options->transitions : when;
	}
}

/* Draws do not depend on options: one that is fixed leaves the others as they are. */
static struct simulate_shape shape_of(const struct simulate_options *options, uint64_t seed)
{
	uint64_t random = ~seed;
	struct simulate_shape shape = {
		.cpus = fixed(options->cpus, 1 + draw(&random, 6)),
		.smmus = fixed(options->smmus, 1 + draw(&random, 3)),
		.bbml = fixed(options->bbml, draw(&random, 3)),
		.nested = fixed(options->nested, draw(&random, 2)),
		.non_coherent = fixed(options->non_coherent, draw(&random, 4) == 0),
		.contiguous = draw(&random, 3) == 0,
		.no_ril = draw(&random, 4) == 0,
		.collapse = (enum shadow_collapse)draw(&random, 3),
		.cmdq_lg2 = 2 + (unsigned)draw(&random, 5),
		.queue_slots = 2u << draw(&random, 5),
		.drop_percent = (unsigned)draw(&random, 3) * 50,
		.join_percent = (unsigned)draw(&random, 3) * 40,
		.no_pending = options->no_pending,
	};

	draw_faults(&shape, options, &random);
	return shape;
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
	counts->points = sim->points;
	counts->switches = sim->switches;
	counts->drained = sim->drained;
	counts->reordered = sim->reordered;
	counts->stale = sim->stale;
	for (unsigned i = 0; i < world->shape.smmus; i++) {
		counts->commands += model_counters(world->smmu[i].model)->commands;
		counts->events_lost += model_counters(world->smmu[i].model)->events_lost;
		counts->syncs += model_counters(world->smmu[i].model)->syncs;
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

	if (simulate_open(world, &shape, seed))
		return -1;
	world->history.log = options->log;
	world->transitions_wanted = options->transitions;
	world->accesses_wanted = options->accesses;
	work(world);
	gather(world);
	return world->violated;
}
