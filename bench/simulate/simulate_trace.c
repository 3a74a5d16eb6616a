/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * simulate_trace.c - trips as they were recorded, each on the CPU that made it, begun in the order of the recording.
 *
 * What a trip waits for it waits for beside the trips that follow: the order is that in which the host lock was taken.
 * Times are the simulation's own. A trip that wants a page that is pending for an earlier one tries again.
 */
#include "bench/simulate/simulate_trace.h"

#include <stdlib.h>

#include "bench/common/message.h"
#include "bench/simulate/simulate_claim.h"
#include "bench/trace/trace.h"

#define HOST_TABLE_PA (UINT64_C(1) << 46)
#define PAGES_MAX     (UINT64_C(1) << 24)

bool simulate_trace_fits(const struct trace *trace, const char *path)
{
	uint64_t pages = 0;

	for (size_t i = 0; i < trace->memory_count; i++)
		pages += (trace->memory[i].end - trace->memory[i].start) >> TRACE_PAGE_LG2;
	if (trace->ia_bits >= SHADOW_IA_BITS_MIN && trace->memory_count && trace->memory_count <= SIMULATE_REGIONS_MAX &&
	    pages <= PAGES_MAX)
		return true;
	message("%s: its memory is too large or in too many regions for a simulation, or its addresses are too short", path);
	return false;
}

unsigned simulate_trace_cpus(const struct trace *trace)
{
	unsigned cpus = 1;

	for (size_t i = 0; i < trace->records_count; i++)
		if (trace->records[i].type == TRACE_T && trace->records[i].cpu >= cpus)
			cpus = trace->records[i].cpu + 1u;
	return cpus;
}

static bool counts(const struct trace *trace, const struct trace_record *record)
{
	return record->type == TRACE_T && trace_is_memory(trace, record->start, record->start + record->bytes);
}

uint64_t simulate_trace_transitions(const struct trace *trace)
{
	uint64_t count = 0;

	for (size_t i = 0; i < trace->records_count; i++)
		count += counts(trace, &trace->records[i]);
	return count;
}

int simulate_trace_open(struct simulate *world)
{
	struct trace_error error;

	world->ia_bits = world->trace->ia_bits;
	world->regions = (unsigned)world->trace->memory_count;
	for (unsigned i = 0; i < world->regions; i++)
		world->memory[i] = (struct shadow_range){ world->trace->memory[i].start, world->trace->memory[i].end };
	return host_stage2_init(&world->host_stage2, world->trace, HOST_TABLE_PA, &error);
}

/* ---- the first state ----------------------------------------------------------------------------------------------- */

static void each_page(struct simulate *world, uint64_t start, uint64_t end, int state, int access)
{
	uint64_t index;

	for (uint64_t page = start >> TRACE_PAGE_LG2; page < end >> TRACE_PAGE_LG2; page++) {
		if (!simulate_index(world, page, &index))
			continue;
		if (state >= 0)
			world->page[index].state = (uint8_t)state;
		if (access >= 0)
			world->page[index].access = (uint8_t)access;
	}
}

void simulate_trace_states(struct simulate *world)
{
	const struct trace_snapshot *first = &world->trace->snapshots[0];

	for (size_t i = 0; i < first->states_count; i++)
		each_page(world, first->states[i].start, first->states[i].end, first->states[i].state, -1);
	for (size_t i = 0; i < first->leaves_count; i++) {
		const struct trace_leaf_run *leaf = &first->leaves[i];

		for (unsigned region = 0; region < world->regions; region++) {
			uint64_t start = leaf->start > world->memory[region].start ? leaf->start : world->memory[region].start;
			uint64_t end = leaf->end < world->memory[region].end ? leaf->end : world->memory[region].end;

			if (start < end)
				each_page(world, start, end, -1, leaf->kind == TRACE_LEAF_VALID ? leaf->access : 0);
		}
	}
}

/* ---- trips --------------------------------------------------------------------------------------------------------- */

/* Return: whether there is one. */
static bool find_next(struct simulate *world)
{
	while (world->trace_next < world->trace->records_count &&
	       !counts(world->trace, &world->trace->records[world->trace_next]))
		world->trace_next++;
	return world->trace_next < world->trace->records_count && !world->lost &&
	       world->counts.transitions < world->transitions_wanted;
}

/* Records up to @end are one trip's. */
static size_t trip_end(const struct trace *trace, size_t first)
{
	size_t end = first + 1;

	while (end < trace->records_count && trace->records[end].type == TRACE_T &&
	       trace->records[end].cpu == trace->records[first].cpu)
		end++;
	return end;
}

/* Each piece of a record that one transition may be. Return: false if it is refused. */
static bool change(struct trip *trip, const struct trace_record *record)
{
	struct simulate *world = trip->world;
	uint64_t start, count = record->bytes >> TRACE_PAGE_LG2;

	if (!counts(world->trace, record) || !simulate_index(world, record->start >> TRACE_PAGE_LG2, &start))
		return true;
	while (count) {
		uint64_t part = count < SIMULATE_RANGE_MAX ? count : SIMULATE_RANGE_MAX;

		if (!simulate_change(trip, start, part, (enum shadow_state)record->new_state, 0))
			return false;
		start += part;
		count -= part;
	}
	return true;
}

/* One revoke: it waits as any other does, and the next trip may begin as soon as it does. */
static void claim(struct trip *trip, const struct trace_record *record)
{
	struct simulate *world = trip->world;
	uint64_t start = 0, count = record->bytes >> TRACE_PAGE_LG2;
	bool pending = false;

	(void)simulate_index(world, record->start >> TRACE_PAGE_LG2, &start);
	for (uint64_t i = start; i < start + count; i++)
		pending |= world->page[i].pending;
	if (pending) {
		sim_host_unlock();
		return;
	}
	world->trace_next++;
	simulate_claim(trip, start, count);
}

/* Several transitions, and one flush for all of them. Those before one that is refused stand: the rest goes on later. */
static void list(struct trip *trip, size_t end)
{
	struct simulate *world = trip->world;

	while (world->trace_next < end && change(trip, &world->trace->records[world->trace_next]))
		world->trace_next++;
	shadow_trip_end(world->engine, trip->cpu);
	(void)simulate_flush(trip, 1);
	while (simulate_wait(trip, world->number) == -SHADOW_EAGAIN)
		(void)simulate_flush(trip, 1);
	sim_host_unlock();
}

bool simulate_trace_trip(struct trip *trip)
{
	struct simulate *world = trip->world;
	const struct trace_record *record;
	size_t first, end;

	if (!find_next(world))
		return false;
	first = world->trace_next;
	record = &world->trace->records[first];
	if (record->cpu != trip->cpu) {
		platform_relax();
		return true;
	}
	sim_host_lock();
	world->counts.trips++;
	trip->began = world->number;
	end = trip_end(world->trace, first);
	if (end > first + 1 || !trace_record_revokes(record) || record->bytes >> TRACE_PAGE_LG2 > SIMULATE_RANGE_MAX) {
		list(trip, end);
		return true;
	}
	claim(trip, record);
	return true;
}
