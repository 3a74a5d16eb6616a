/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * storm.c - a storm of revokes over 1 GiB, for any policy.
 *
 * The address space is 2^40, with memory at 1 GiB; the pool and the host's (empty) table lie above it.
 * storm_revoke() is the timed loop; nothing else here is. Called by the benchmarks and by the policies'
 * tests.
 */
#include "bench/benchmarks/storm.h"

#include <string.h>

#include <shadow/error.h>

#include "bench/benchmarks/checksum.h"
#include "bench/common/random.h"
#include "engine/platform/linux.h"

#define IA_BITS		 40u
#define HOST_START_LEVEL 1u
#define HOST_BYTES	 (2 * SHADOW_PAGE_BYTES) /* two concatenated start tables */
#define TABLES_BASE	 (UINT64_C(1) << 46)	 /* pools and host tables, above the address space */
#define TABLES_LG2	 32u /* each storm has its own 4 GiB of them: several may be open */
#define POOL_OFFSET	 (UINT64_C(1) << 21)
#define QUEUE_SLOTS	 (2 * STORM_BATCH)
#define EVTQ_LG2	 7u
#define SID_BITS	 4u
#define SID		 1u
#define VMID		 5u
#define FINISH_PAGES	 1000u

struct storm_config storm_config_default(void)
{
	return (struct storm_config){ .seed = 1, .smmu_count = 1, .cpu_count = 1, .cmdq_lg2 = 12 };
}

static void make_order(struct storm *storm)
{
	if (storm->config.random) {
		random_order(storm->order, STORM_PAGES, storm->config.seed ? storm->config.seed : 1);
		return;
	}
	for (uint32_t i = 0; i < STORM_PAGES; i++)
		storm->order[i] = i;
}

static int add_devices(struct storm *storm)
{
	unsigned number;

	for (number = 0; number < storm->config.smmu_count; number++) {
		if (instant_add(&storm->device[number], true, storm->config.nested))
			return -SHADOW_ENOSPC;
		storm->device[number].number = number;
		storm->world.smmu[number] = (struct shadow_smmu_config){
			.registers = storm->device[number].registers,
			.cmdq_lg2 = storm->config.cmdq_lg2,
			.evtq_lg2 = EVTQ_LG2,
			.sid_bits = SID_BITS,
			.no_ril = storm->config.no_ril,
			.nested = storm->config.nested,
			.cost = storm->config.cost,
			.wait_ns = POLICY_WAIT_NS,
		};
	}
	return 0;
}

static int add_memory(struct storm *storm)
{
	struct policy_world *world = &storm->world;
	struct shadow_smmu_target_config target = {
		.map = world->map,
		.bbml = world->bbml,
		.vmid = world->vmid,
		.pool = { .base = world->pool.base },
		.runs_max = world->cpu_count * QUEUE_SLOTS,
	};
	int error;

	world->pool.bytes = shadow_smmu_pool_bytes(&target, world->smmu, world->smmu_count);
	if (!world->pool.bytes)
		return -SHADOW_EINVAL;
	storm->pool = platform_linux_alloc(world->pool.bytes, 1 << 21);
	storm->host = platform_linux_alloc(HOST_BYTES, HOST_BYTES);
	if (!storm->pool || !storm->host)
		return -SHADOW_ENOMEM;
	world->pool.virt = storm->pool;
	error = platform_linux_add_memory(world->pool.base, storm->pool, world->pool.bytes);
	return error ? error : platform_linux_add_memory(world->host.root, storm->host, HOST_BYTES);
}

static int init_all(struct storm *storm)
{
	int error;

	storm->device = platform_linux_alloc(storm->config.smmu_count * sizeof(*storm->device), 64);
	storm->order = platform_linux_alloc(STORM_PAGES * sizeof(*storm->order), 64);
	storm->states = platform_linux_alloc(STORM_PAGES * sizeof(*storm->states), 64);
	if (!storm->device || !storm->order || !storm->states)
		return -SHADOW_ENOMEM;
	make_order(storm);
	error = add_devices(storm);
	return error ? error : add_memory(storm);
}

int storm_init(struct storm *storm, const struct storm_config *config)
{
	static unsigned opened;
	uint64_t tables = TABLES_BASE + ((uint64_t)opened++ << TABLES_LG2);
	int error;

	if (config->smmu_count < 1 || config->smmu_count > SHADOW_SMMUS_MAX)
		return -SHADOW_EINVAL;
	*storm = (struct storm){ .config = *config };
	storm->memory = (struct shadow_range){
		STORM_BASE << SHADOW_PAGE_LG2,
		(STORM_BASE + STORM_PAGES) << SHADOW_PAGE_LG2,
	};
	storm->world = (struct policy_world){
		.map = { .ia_bits = IA_BITS, .memory = &storm->memory, .memory_count = 1 },
		.bbml = config->bbml,
		.vmid = VMID,
		.cpu_count = config->cpu_count,
		.queue_slots = QUEUE_SLOTS,
		.smmu_count = config->smmu_count,
		.sid = SID,
		.pool = { .base = { tables + POOL_OFFSET } },
		.host = { .root = { tables }, .ia_bits = IA_BITS, .start_level = HOST_START_LEVEL },
	};
	error = init_all(storm);
	if (error)
		storm_fini(storm);
	return error;
}

int storm_open(struct storm *storm, const struct policy_ops *ops)
{
	storm->ops = ops;
	/* One thread plays the host, and holds its lock from now on. */
	platform_linux_set_host_lock(true);
	return ops->open(&storm->world, &storm->policy);
}

void storm_fini(struct storm *storm)
{
	unsigned number;

	if (storm->policy)
		storm->ops->close(storm->policy);
	for (number = 0; storm->device && number < storm->config.smmu_count; number++)
		instant_remove(&storm->device[number]);
	platform_linux_remove_memory(storm->world.pool.base);
	platform_linux_remove_memory(storm->world.host.root);
	platform_linux_free(storm->pool, storm->world.pool.bytes);
	platform_linux_free(storm->host, HOST_BYTES);
	platform_linux_free(storm->device, storm->config.smmu_count * sizeof(*storm->device));
	platform_linux_free(storm->order, STORM_PAGES * sizeof(*storm->order));
	platform_linux_free(storm->states, STORM_PAGES * sizeof(*storm->states));
	memset(storm, 0, sizeof(*storm));
}

int storm_revoke(struct storm *storm, uint64_t count)
{
	uint64_t end = storm->next + count, i;
	int error = 0;

	if (end > STORM_PAGES)
		end = STORM_PAGES;
	for (i = storm->next; i < end && !error; i++) {
		uint32_t page = storm->order[i];
		struct shadow_transition transition = storm_transition(storm, page);

		error = storm->ops->transition(storm->policy, 0, ++storm->number, &transition);
		storm->states[page] = SHADOW_STATE_NOPAGE;
	}
	storm->next = i;
	return error ? error : storm->ops->flush(storm->policy);
}

uint64_t storm_left(const struct storm *storm)
{
	return STORM_PAGES - storm->next;
}

int storm_restore(struct storm *storm)
{
	struct shadow_transition transition = {
		.start = { STORM_BASE << SHADOW_PAGE_LG2 },
		.page_count = STORM_PAGES,
		.new_state = SHADOW_STATE_OWNED,
		.old_state = SHADOW_STATE_NOPAGE,
	};
	int error;

	if (storm_left(storm))
		return -SHADOW_EINVAL;
	error = storm->ops->transition(storm->policy, 0, ++storm->number, &transition);
	if (error)
		return error;
	memset(storm->states, SHADOW_STATE_OWNED, STORM_PAGES);
	storm->next = 0;
	return storm->ops->flush(storm->policy);
}

int storm_finish(struct storm *storm, uint64_t *checksum)
{
	int error = storm_revoke(storm, storm_left(storm));

	if (!error)
		error = storm_restore(storm);
	if (!error)
		error = storm_revoke(storm, FINISH_PAGES);
	*checksum = storm_checksum(storm);
	return error;
}

static const void *read_memory(void *ctx, uint64_t pa, size_t bytes)
{
	(void)ctx;
	return platform_virt((shadow_pa_t){ pa }, bytes);
}

uint64_t storm_checksum(const struct storm *storm)
{
	struct model_memory memory = { .read = read_memory };
	struct model_stage2 stage2;
	struct model_config config = { 0 };
	uint64_t ste[8];

	model_config_default(&config);
	config.s1p = storm->config.nested;
	storm->ops->ste(storm->policy, ste);
	stage2 = model_decode_ste(ste, &config);
	return checksum_stage2(&memory, &stage2);
}

void storm_stats(const struct storm *storm, struct policy_stats *stats)
{
	storm->ops->stats(storm->policy, stats);
}
