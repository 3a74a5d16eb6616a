/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * batched.c - our engine behind the policy interface; nothing but the public interface is used.
 *
 * A transition is reserved and queued; flush() applies all that is queued and waits. Called by replay and by
 * the benchmarks, which choose when to flush.
 */
#include "bench/policy/batched.h"

#include <stdlib.h>
#include <string.h>

#include <shadow/error.h>

#define ALIGNMENT 64u

/* Ranges of pages. */
struct marked {
	struct shadow_range *range;
	size_t count, capacity;
};

struct policy {
	struct shadow_engine *engine;
	struct shadow_target *target;
	void *engine_memory, *target_memory;
	struct shadow_smmu *smmu[SHADOW_SMMUS_MAX];
	unsigned smmu_count;
	uint32_t sid;
	unsigned compact, granule_lg2;
	void *pending_words, *consent_words;
	struct marked marked[SHADOW_CPUS_MAX]; /* pages that are pending, by CPU */
	bool consents;
	uint64_t number; /* with consents: the last one used up */
};

/* Zeroed; as much as aligned_alloc() wants. */
static void *allocate(size_t bytes)
{
	size_t rounded = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	void *memory = bytes ? aligned_alloc(ALIGNMENT, rounded) : NULL;

	return memory ? memset(memory, 0, rounded) : NULL;
}

struct shadow_smmu_target_config batched_target_config(const struct policy_world *world)
{
	return (struct shadow_smmu_target_config){
		.map = world->map,
		.bbml = world->bbml,
		.vmid = world->vmid,
		.pool = world->pool,
		.runs_max = world->cpu_count * world->queue_slots,
		.collapse = world->collapse,
		.fwb = world->fwb,
		.contiguous = world->contiguous,
	};
}

static int target_open(struct policy *policy, const struct policy_world *world)
{
	struct shadow_smmu_target_config config = batched_target_config(world);
	size_t bytes = shadow_smmu_target_bytes(&config);
	unsigned number;
	int error;

	if (!bytes)
		return -SHADOW_EINVAL;
	policy->target_memory = allocate(bytes);
	if (!policy->target_memory)
		return -SHADOW_ENOMEM;
	error = shadow_smmu_target_init(policy->target_memory, bytes, &config, &policy->target);
	for (number = 0; !error && number < world->smmu_count; number++) {
		error = shadow_smmu_attach(policy->target, &world->smmu[number], &policy->smmu[number]);
		if (!error)
			error = shadow_smmu_stream(policy->smmu[number], world->sid);
	}
	return error;
}

/* A bit for each page from the first region of memory to the last. */
static int give_bits(const struct policy_world *world, struct shadow_page_bits *bits, void **words)
{
	const struct shadow_address_map *map = &world->map;
	unsigned granule_lg2 = shadow_map_granule_lg2(map);
	uint64_t align = UINT64_C(64) << granule_lg2;

	bits->range.start = map->memory[0].start / align * align;
	bits->range.end = (map->memory[map->memory_count - 1].end + align - 1) / align * align;
	*words = allocate(shadow_page_bits_bytes(bits->range, granule_lg2));
	bits->word = *words;
	return *words ? 0 : -SHADOW_ENOMEM;
}

static int open_all(struct policy *policy, const struct policy_world *world)
{
	struct shadow_engine_config config = {
		.cpu_count = world->cpu_count,
		.queue_slots = world->queue_slots,
		.map = world->map,
	};
	size_t bytes;
	int error = 0;

	if (world->pending)
		error = give_bits(world, &config.pending, &policy->pending_words);
	if (!error && world->consent)
		error = give_bits(world, &config.consent, &policy->consent_words);
	if (error)
		return error;
	bytes = shadow_engine_bytes(&config);
	if (!bytes || world->smmu_count < 1 || world->smmu_count > SHADOW_SMMUS_MAX)
		return -SHADOW_EINVAL;
	policy->engine_memory = allocate(bytes);
	if (!policy->engine_memory)
		return -SHADOW_ENOMEM;
	error = shadow_engine_init(policy->engine_memory, bytes, &config, &policy->engine);
	if (error)
		return error;
	error = target_open(policy, world);
	if (error)
		return error;
	error = shadow_engine_register(policy->engine, policy->target);
	return error ? error : shadow_snapshot(policy->engine, &world->host);
}

struct shadow_engine *batched_engine(const struct policy *policy)
{
	return policy->engine;
}

/* The devices and the pool are the world's and stay as they are. */
static void batched_close(struct policy *policy)
{
	for (unsigned cpu = 0; cpu < SHADOW_CPUS_MAX; cpu++)
		free(policy->marked[cpu].range);
	free(policy->pending_words);
	free(policy->consent_words);
	free(policy->target_memory);
	free(policy->engine_memory);
	free(policy);
}

static int batched_open(const struct policy_world *world, struct policy **policy)
{
	struct policy *opened = calloc(1, sizeof(*opened));
	int error;

	if (!opened)
		return -SHADOW_ENOMEM;
	opened->smmu_count = world->smmu_count;
	opened->sid = world->sid;
	opened->compact = world->compact;
	opened->granule_lg2 = shadow_map_granule_lg2(&world->map);
	opened->consents = world->consent;
	error = open_all(opened, world);
	if (error)
		batched_close(opened);
	else
		*policy = opened;
	return error;
}

static int batched_transition(struct policy *policy, unsigned cpu, uint64_t number,
			      const struct shadow_transition *transition)
{
	int error = shadow_reserve(policy->engine, cpu, transition, POLICY_WAIT_NS);

	if (error)
		return error;
	if (!policy->consents)
		shadow_queue(policy->engine, cpu, number, transition);
	else if (shadow_queue(policy->engine, cpu, policy->number + 1, transition))
		policy->number++;
	return 0;
}

/* A donation thanks to a consent queues nothing of its own: it waits for the consent. */
static int batched_flush(struct policy *policy)
{
	int error = shadow_wait(policy->engine, shadow_flush(policy->engine), POLICY_WAIT_NS);

	if (!error && policy->consents)
		error = shadow_wait(policy->engine, shadow_consent_ticket(policy->engine), POLICY_WAIT_NS);
	return error;
}

static int batched_consent(struct policy *policy, unsigned cpu, shadow_ipa_t start, uint64_t page_count)
{
	int pages = shadow_consent(policy->engine, cpu, policy->number + 1, start, page_count, NULL, POLICY_WAIT_NS);

	policy->number += pages > 0;
	return pages < 0 ? pages : 0;
}

static int batched_pending(struct policy *policy, unsigned cpu, shadow_ipa_t start, uint64_t page_count)
{
	struct marked *marked = &policy->marked[cpu];

	if (marked->count == marked->capacity) {
		size_t capacity = marked->capacity ? 2 * marked->capacity : 16;
		struct shadow_range *grown = realloc(marked->range, capacity * sizeof(*grown));

		if (!grown)
			return -SHADOW_ENOMEM;
		marked->range = grown;
		marked->capacity = capacity;
	}
	marked->range[marked->count++] =
		(struct shadow_range){ start.addr, start.addr + (page_count << policy->granule_lg2) };
	return shadow_pending(policy->engine, start, page_count);
}

static void batched_pending_end(struct policy *policy, unsigned cpu)
{
	struct marked *marked = &policy->marked[cpu];

	while (marked->count) {
		const struct shadow_range *range = &marked->range[--marked->count];

		shadow_pending_end(policy->engine, (shadow_ipa_t){ range->start },
				   (range->end - range->start) >> policy->granule_lg2);
	}
}

static int batched_idle(struct policy *policy)
{
	shadow_ticket_t ticket;
	int error;

	shadow_compact(policy->engine, policy->compact, &ticket);
	error = shadow_wait(policy->engine, ticket, POLICY_WAIT_NS);
	shadow_reclaim(policy->engine);
	return error;
}

static void batched_trip_end(struct policy *policy, unsigned cpu)
{
	shadow_trip_end(policy->engine, cpu);
}

static bool batched_queued(const struct policy *policy, shadow_ipa_t start, uint64_t page_count)
{
	return shadow_queued(policy->engine, start, page_count);
}

static void batched_stats(const struct policy *policy, struct policy_stats *stats)
{
	struct shadow_stats engine;
	unsigned number;

	shadow_engine_stats(policy->engine, &engine);
	*stats = (struct policy_stats){
		.flushes = engine.flushes,
		.flushes_forced = engine.flushes_forced,
		.pages_ahead = engine.pages_ahead,
		.pages_inherited = engine.pages_inherited,
	};
	shadow_smmu_table_stats(policy->target, &stats->tables);
	for (number = 0; number < policy->smmu_count; number++) {
		struct shadow_smmu_stats smmu;

		shadow_smmu_stats(policy->smmu[number], &smmu);
		stats->tlbi += smmu.tlbi;
		stats->syncs += smmu.syncs;
		stats->doorbells += smmu.doorbells;
		stats->doorbells_extra += smmu.doorbells_extra;
	}
}

static void batched_ste(const struct policy *policy, uint64_t ste[8])
{
	shadow_smmu_ste(policy->smmu[0], policy->sid, ste);
}

const struct policy_ops policy_batched = {
	.name = "batched",
	.open = batched_open,
	.close = batched_close,
	.transition = batched_transition,
	.flush = batched_flush,
	.idle = batched_idle,
	.trip_end = batched_trip_end,
	.queued = batched_queued,
	.consent = batched_consent,
	.pending = batched_pending,
	.pending_end = batched_pending_end,
	.stats = batched_stats,
	.ste = batched_ste,
};
