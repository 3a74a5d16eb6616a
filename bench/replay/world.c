/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * world.c - what a trace is replayed on.
 */
#include "bench/replay/world.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/common/message.h"
#include "engine/platform/linux.h"

#define POOL_ALIGNMENT	 (UINT64_C(2) << 20)
#define POOL_TOUCHED_MAX (UINT64_C(64) << 20) /* a pool up to here is in memory before the clock runs */
#define ADDRESS_END	 (UINT64_C(1) << OPTIONS_ADDRESS_BITS)
#define HOST_ALIGNMENT	 (UINT64_C(2) << 20)
#define QUEUE_SLOTS_MIN	 1024u
#define BYTES_SPARE	 (UINT64_C(256) << 20) /* beside the tables, for the rest of the process */

static uint64_t align_up(uint64_t value, uint64_t alignment)
{
	return (value + alignment - 1) / alignment * alignment;
}

static const void *pool_read(void *ctx, uint64_t pa, size_t bytes)
{
	const struct shadow_pool *pool = &((const struct world *)ctx)->policy.pool;
	uint64_t offset = pa - pool->base.addr;

	if (pa < pool->base.addr || offset >= pool->bytes || pool->bytes - offset < bytes)
		return NULL;
	return (const char *)pool->virt + offset;
}

static void *pool_write(void *ctx, uint64_t pa, size_t bytes)
{
	return (void *)(uintptr_t)pool_read(ctx, pa, bytes);
}

static int make_map(struct world *world, const struct options *options, const char *path,
		    const struct trace *trace)
{
	struct shadow_address_map *map = &world->policy.map;

	if (trace->ia_bits < SHADOW_IA_BITS_MIN || trace->ia_bits > OPTIONS_ADDRESS_BITS) {
		message("%s: ia_bits %u is not within %u to %u", path, trace->ia_bits, SHADOW_IA_BITS_MIN,
			OPTIONS_ADDRESS_BITS);
		return -1;
	}
	world->memory = calloc(trace->memory_count, sizeof(*world->memory));
	if (!world->memory) {
		message("%s: out of memory", path);
		return -1;
	}
	for (size_t i = 0; i < trace->memory_count; i++)
		world->memory[i] = (struct shadow_range){ trace->memory[i].start, trace->memory[i].end };
	*map = (struct shadow_address_map){
		.ia_bits = trace->ia_bits,
		.granule_lg2 = trace_page_lg2(trace),
		.memory = world->memory,
		.memory_count = (unsigned)trace->memory_count,
		.reserved = options->reserved,
		.reserved_count = options->reserved_count,
	};
	return 0;
}

/* Bytes of a pool at @base; 0 if the core refuses the map. */
static uint64_t pool_bytes_at(struct world *world, uint64_t base)
{
	world->policy.pool.base.addr = base;
	return runner_native.pool_bytes(&world->policy);
}

static int place_pool_by_option(struct world *world, const struct options *options, const char *path,
				const struct trace *trace)
{
	uint64_t space_end = UINT64_C(1) << trace->ia_bits, end;

	world->pool_bytes = pool_bytes_at(world, options->pool);
	end = options->pool + world->pool_bytes;
	if (!world->pool_bytes) {
		message("%s: the address map is not supported", path);
		return -1;
	}
	if (trace_touches_memory(trace, options->pool, end)) {
		message("%s: the pool %" PRIx64 "-%" PRIx64 " touches a memory region", path, options->pool,
			end);
		return -1;
	}
	if (options->pool < space_end ? end > space_end : end > ADDRESS_END) {
		message("%s: the pool %" PRIx64 "-%" PRIx64 " ends beyond 2^%u", path, options->pool, end,
			options->pool < space_end ? trace->ia_bits : OPTIONS_ADDRESS_BITS);
		return -1;
	}
	return 0;
}

/* Behind the last region if it fits below 2^ia_bits, else above that. */
static int place_pool(struct world *world, const char *path, const struct trace *trace)
{
	uint64_t space_end = UINT64_C(1) << trace->ia_bits;
	uint64_t base = align_up(trace->memory[trace->memory_count - 1].end, POOL_ALIGNMENT);

	if (base < space_end) {
		world->pool_bytes = pool_bytes_at(world, base);
		if (world->pool_bytes && world->pool_bytes <= space_end - base)
			return 0;
	}
	world->pool_bytes = pool_bytes_at(world, space_end);
	if (!world->pool_bytes) {
		message("%s: the address map is not supported", path);
		return -1;
	}
	if (world->pool_bytes > ADDRESS_END - space_end) {
		message("%s: no room for the pool behind the memory; --pool says where it may be", path);
		return -1;
	}
	return 0;
}

static int list_closed(struct world *world, const struct options *options, const char *path)
{
	world->closed_count = options->reserved_count + 1;
	world->closed = calloc(world->closed_count, sizeof(*world->closed));
	if (!world->closed) {
		message("%s: out of memory", path);
		return -1;
	}
	for (unsigned i = 0; i < options->reserved_count; i++)
		world->closed[i] =
			(struct oracle_range){ options->reserved[i].start, options->reserved[i].end };
	world->closed[options->reserved_count] = (struct oracle_range){
		world->policy.pool.base.addr,
		world->policy.pool.base.addr + world->pool_bytes,
	};
	return 0;
}

/* At the top of what a descriptor can say, or below the pool if that is there. */
static uint64_t host_base(const struct world *world, uint64_t bytes)
{
	uint64_t base = (ADDRESS_END - bytes) / HOST_ALIGNMENT * HOST_ALIGNMENT;
	uint64_t pool = world->policy.pool.base.addr;

	if (base < pool + world->pool_bytes)
		base = (pool - bytes) / HOST_ALIGNMENT * HOST_ALIGNMENT;
	return base;
}

static int make_host(struct world *world, const char *path, const struct trace *trace)
{
	struct trace_error error = { 0 };
	size_t bytes = host_stage2_bytes(trace);

	if (!bytes) {
		message("%s: the host's table would be larger than %llu bytes", path, HOST_STAGE2_BYTES_MAX);
		return -1;
	}
	if (host_stage2_init(&world->host, trace, host_base(world, bytes), &error)) {
		message("%s:%lu: %s", path, error.line, error.message);
		return -1;
	}
	if (platform_linux_add_memory((shadow_pa_t){ world->host.pa }, world->host.va, world->host.bytes)) {
		message("%s: no room for the host's table", path);
		return -1;
	}
	world->host_added = true;
	world->policy.host = (struct shadow_host_table){
		.root = { world->host.pa },
		.ia_bits = world->host.ia_bits,
		.start_level = world->host.start_level,
		.granule_lg2 = world->host.granule_lg2,
	};
	return 0;
}

static unsigned queue_slots(const struct options *options)
{
	unsigned slots = QUEUE_SLOTS_MIN;

	if (options->flush.mode == SCHEDULE_COUNT || options->flush.mode == SCHEDULE_LIST)
		while (slots < options->flush.count)
			slots *= 2;
	return slots;
}

static void make_model(struct world *world, const struct options *options)
{
	struct model_config *model = &world->model;

	*model = (struct model_config){ 0 };
	model_config_default(model);
	model->s1p = options->nested;
	model->s2p = true;
	model->ril = !options->no_ril;
	model->bbml = options->bbml;
	model->fwb = options->fwb;
	model->oas_bits = OPTIONS_ADDRESS_BITS;
	model->sid_bits = WORLD_SID_BITS;
	model->cmdq_lg2 = WORLD_CMDQ_LG2;
	model->evtq_lg2 = WORLD_EVTQ_LG2;
	model->memory = (struct model_memory){ .ctx = world, .read = pool_read, .write = pool_write };
}

int world_init(struct world *world, const struct options *options, const char *path,
	       const struct trace *trace, unsigned cpu_count)
{
	*world = (struct world){ 0 };
	world->non_coherent = options->non_coherent;
	world->policy.bbml = options->bbml;
	world->policy.collapse = options->collapse;
	world->policy.contiguous = options->contiguous;
	world->policy.fwb = options->fwb;
	world->policy.compact = options->compact;
	world->policy.pending =
		options->flush.mode == SCHEDULE_GROUP || options->flush.mode == SCHEDULE_LIST;
	world->policy.consent = options->flush.ahead_pages > 0;
	world->policy.vmid = WORLD_VMID;
	world->policy.cpu_count = cpu_count;
	world->policy.queue_slots = queue_slots(options);
	world->policy.smmu_count = options->smmus;
	world->policy.sid = WORLD_SID;
	for (unsigned i = 0; i < options->smmus; i++)
		world->policy.smmu[i] = (struct shadow_smmu_config){
			.cmdq_lg2 = WORLD_CMDQ_LG2,
			.evtq_lg2 = WORLD_EVTQ_LG2,
			.sid_bits = WORLD_SID_BITS,
			.no_ril = options->no_ril,
			.nested = options->nested,
			.wait_ns = POLICY_WAIT_NS,
		};
	make_model(world, options);
	if (make_map(world, options, path, trace))
		return -1;
	if (options->has_pool ? place_pool_by_option(world, options, path, trace) :
				place_pool(world, path, trace))
		return -1;
	if (list_closed(world, options, path))
		return -1;
	return make_host(world, path, trace);
}

void world_free(struct world *world)
{
	if (world->host_added)
		platform_linux_remove_memory((shadow_pa_t){ world->host.pa });
	host_stage2_free(&world->host);
	free(world->memory);
	free(world->closed);
	*world = (struct world){ 0 };
}

int world_pool_open(struct world *world)
{
	struct shadow_pool *pool = &world->policy.pool;

	pool->virt = platform_linux_alloc(world->pool_bytes, POOL_ALIGNMENT);
	if (!pool->virt) {
		message("no memory for a pool of %" PRIu64 " bytes", world->pool_bytes);
		return -1;
	}
	if (world->pool_bytes <= POOL_TOUCHED_MAX)
		memset(pool->virt, 0, world->pool_bytes);
	pool->bytes = world->pool_bytes;
	if (platform_linux_add_memory(pool->base, pool->virt, pool->bytes)) {
		message("no room for a pool at %" PRIx64, pool->base.addr);
		platform_linux_free(pool->virt, pool->bytes);
		pool->virt = NULL;
		return -1;
	}
	return 0;
}

void world_pool_close(struct world *world)
{
	struct shadow_pool *pool = &world->policy.pool;

	if (!pool->virt)
		return;
	platform_linux_remove_memory(pool->base);
	platform_linux_free(pool->virt, pool->bytes);
	pool->virt = NULL;
	pool->bytes = 0;
}

/* A number of the first line of @path that starts with @key. Return: false if there is none. */
static bool read_file_number(const char *path, const char *key, uint64_t *value)
{
	FILE *file = fopen(path, "r");
	bool found = false;
	char line[128];

	if (!file)
		return false;
	while (!found && fgets(line, sizeof(line), file))
		found = !strncmp(line, key, strlen(key)) &&
			sscanf(line + strlen(key), "%" SCNu64, value) == 1;
	fclose(file);
	return found;
}

/* What the system and a control group around this process still give. */
static uint64_t memory_free(void)
{
	uint64_t kib, limit, used, cached, bytes = UINT64_MAX;

	if (read_file_number("/proc/meminfo", "MemAvailable:", &kib))
		bytes = kib * 1024;
	if (read_file_number("/sys/fs/cgroup/memory.max", "", &limit) &&
	    read_file_number("/sys/fs/cgroup/memory.current", "", &used) &&
	    read_file_number("/sys/fs/cgroup/memory.stat", "inactive_file ", &cached)) {
		used -= cached < used ? cached : used; /* the kernel gives that back */
		limit -= used < limit ? used : limit;
		if (limit < bytes)
			bytes = limit;
	}
	return bytes;
}

bool world_fits(const struct world *world, enum options_policy policy, uint64_t *bytes_needed,
		uint64_t *bytes_free)
{
	bool pages = policy != OPTIONS_BATCHED || world->policy.bbml == 0;

	*bytes_needed = (pages ? world->pool_bytes : 0) + BYTES_SPARE;
	*bytes_free = memory_free();
	return *bytes_needed <= *bytes_free;
}
