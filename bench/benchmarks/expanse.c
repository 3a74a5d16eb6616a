/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * expanse.c - an address space to take a snapshot of.
 *
 * Memory and the host's table are made once, the tables that the snapshot fills are emptied before each.
 */
#include "bench/benchmarks/expanse.h"

#include <stdlib.h>
#include <string.h>

#include <shadow/error.h>

#include "bench/benchmarks/checksum.h"
#include "bench/common/random.h"
#include "bench/policy/baseline.h"
#include "engine/platform/linux.h"
#include "smmuv3/format.h"

#define POOL_BASE	(512 * EXPANSE_GIB)
#define POOL_ALIGN	(UINT64_C(1) << 21)
#define HOST_BASE	(UINT64_C(1) << 46)
#define HOST_TABLES	16u	    /* start tables of a host at most */
#define HOST_ANNOTATION UINT64_C(2) /* an invalid entry that is not zero: somebody else's */
#define ENTRIES		512u
#define ALIGNMENT	64u

void expanse_free(struct expanse *expanse)
{
	if (!expanse)
		return;
	platform_linux_remove_memory(expanse->host.root);
	platform_linux_free(expanse->engine_memory, expanse->engine_bytes);
	platform_linux_free(expanse->target_memory, expanse->target_bytes);
	platform_linux_free(expanse->host_memory, expanse->host_bytes);
	platform_linux_free(expanse->target_config.pool.virt, expanse->target_config.pool.bytes);
	free(expanse->zones.zone);
	platform_linux_free(expanse, sizeof(*expanse));
}

static int init_host(struct expanse *expanse, const struct shadow_address_map *map)
{
	struct pgtable_format format;

	if (format_init(&format, map, SHADOW_START_DEFAULT, false))
		return -SHADOW_EINVAL;
	expanse->host_bytes = (HOST_TABLES + expanse->of.host_tables) << expanse->of.granule_lg2;
	expanse->host_used = HOST_TABLES;
	expanse->host = (struct shadow_host_table){
		.root = { HOST_BASE },
		.ia_bits = expanse->of.ia_bits,
		.start_level = format_level(format.start),
		.granule_lg2 = expanse->of.granule_lg2,
	};
	expanse->host_memory = platform_linux_alloc(expanse->host_bytes, POOL_ALIGN);
	if (!expanse->host_memory)
		return -SHADOW_ENOMEM;
	return platform_linux_add_memory(expanse->host.root, expanse->host_memory, expanse->host_bytes);
}

static int init_zones(struct expanse *expanse, const struct shadow_address_map *map)
{
	struct plan_zones *zones = &expanse->zones;
	const struct shadow_pool *pool = &expanse->target_config.pool;
	int error;

	zones->capacity = plan_zones_max(map, 1);
	zones->zone = calloc(zones->capacity, sizeof(*zones->zone));
	if (!zones->zone)
		return -SHADOW_ENOMEM;
	error = plan_zones_init(zones, map);
	if (!error)
		plan_zones_reserve(zones,
				   (struct shadow_range){ pool->base.addr, pool->base.addr + pool->bytes });
	return error;
}

static int init_engine(struct expanse *expanse)
{
	expanse->engine_bytes = shadow_engine_bytes(&expanse->engine_config);
	expanse->target_bytes = shadow_smmu_target_bytes(&expanse->target_config);
	expanse->engine_memory = platform_linux_alloc(expanse->engine_bytes, ALIGNMENT);
	expanse->target_memory = platform_linux_alloc(expanse->target_bytes, ALIGNMENT);
	return expanse->engine_memory && expanse->target_memory ? 0 : -SHADOW_ENOMEM;
}

static int init_all(struct expanse *expanse)
{
	const struct expanse_config *of = &expanse->of;
	uint64_t top = UINT64_C(1) << of->ia_bits, end = EXPANSE_GIB + of->memory_bytes;
	struct shadow_address_map map = { .ia_bits = of->ia_bits,
					  .granule_lg2 = of->granule_lg2,
					  .memory_count = 1 };
	int error;

	expanse->memory = (struct shadow_range){ EXPANSE_GIB, end < top ? end : top };
	map.memory = &expanse->memory;
	expanse->engine_config =
		(struct shadow_engine_config){ .cpu_count = 1, .queue_slots = 2, .map = map };
	expanse->target_config = (struct shadow_smmu_target_config){
		.map = map,
		.bbml = 2,
		.pool = { .base = { POOL_BASE }, .bytes = of->pool_bytes },
		.runs_max = 2,
	};
	expanse->target_config.pool.virt = platform_linux_alloc(of->pool_bytes, POOL_ALIGN);
	if (!expanse->target_config.pool.virt)
		return -SHADOW_ENOMEM;
	error = init_host(expanse, &map);
	if (error)
		return error;
	return of->eager ? init_zones(expanse, &map) : init_engine(expanse);
}

struct expanse *expanse_new(const struct expanse_config *config)
{
	struct expanse *expanse = platform_linux_alloc(sizeof(*expanse), ALIGNMENT);

	if (!expanse)
		return NULL;
	expanse->of = *config;
	if (!init_all(expanse))
		return expanse;
	expanse_free(expanse);
	return NULL;
}

int expanse_reset(struct expanse *expanse)
{
	int error;

	memset(expanse->target_config.pool.virt, 0, expanse->written);
	if (expanse->of.eager)
		return 0;
	memset(expanse->engine_memory, 0, expanse->engine_bytes);
	memset(expanse->target_memory, 0, expanse->target_bytes);
	error = shadow_engine_init(expanse->engine_memory, expanse->engine_bytes, &expanse->engine_config,
				   &expanse->engine);
	if (!error)
		error = shadow_smmu_target_init(expanse->target_memory, expanse->target_bytes,
						&expanse->target_config, &expanse->target);
	return error ? error : shadow_engine_register(expanse->engine, expanse->target);
}

int expanse_snapshot(struct expanse *expanse)
{
	int error;

	if (!expanse->of.eager)
		return shadow_snapshot(expanse->engine, &expanse->host);
	error = pages_init(&expanse->pages, &expanse->target_config.pool, expanse->of.ia_bits);
	return error ? error : baseline_snapshot(&expanse->pages, &expanse->zones, &expanse->host);
}

void expanse_read(struct expanse *expanse)
{
	if (expanse->of.eager)
		expanse->stats = expanse->pages.stats;
	else
		shadow_smmu_table_stats(expanse->target, &expanse->stats);
	expanse->written = expanse->stats.bytes_peak;
}

uint64_t *expanse_host_page(struct expanse *expanse, uint64_t address)
{
	uint64_t *entry = (uint64_t *)expanse->host_memory + (address >> 30);

	for (unsigned shift = 21; shift >= SHADOW_PAGE_LG2; shift -= 9) {
		uint64_t table = *entry & ~(SHADOW_PAGE_BYTES - 1);

		if (!*entry) {
			table = HOST_BASE + (expanse->host_used++ << SHADOW_PAGE_LG2);
			*entry = table | PTE_VALID | PTE_TABLE;
		}
		entry = (uint64_t *)expanse->host_memory + (table - HOST_BASE) / sizeof(uint64_t);
		entry += address >> shift & (ENTRIES - 1);
	}
	return entry;
}

void expanse_add_holes(struct expanse *expanse, uint64_t holes)
{
	uint64_t bytes = expanse->memory.end - expanse->memory.start, state = 1;

	while (holes) {
		uint64_t *entry =
			expanse_host_page(expanse, expanse->memory.start + random_next(&state) % bytes);

		holes -= !*entry;
		*entry = HOST_ANNOTATION;
	}
}

void expanse_map_pages(struct expanse *expanse)
{
	for (uint64_t at = expanse->memory.start; at < expanse->memory.end; at += SHADOW_PAGE_BYTES)
		*expanse_host_page(expanse, at) =
			at | PTE_VALID | PTE_TABLE | PTE_AF | PTE_S2AP_R | PTE_S2AP_W;
}

/* Of the pool. */
static const void *read_pool(void *ctx, uint64_t pa, size_t bytes)
{
	const struct shadow_pool *pool = ctx;

	return pa >= pool->base.addr && pa + bytes <= pool->base.addr + pool->bytes ?
		       (char *)pool->virt + (pa - pool->base.addr) :
		       NULL;
}

uint64_t expanse_checksum(const struct expanse *expanse)
{
	struct shadow_pool pool = expanse->target_config.pool;
	const struct model_memory memory = { .ctx = &pool, .read = read_pool };
	const struct model_stage2 stage2 = {
		.valid = true,
		.granule_lg2 = expanse->of.granule_lg2,
		.ia_bits = expanse->of.ia_bits,
		.oas_bits = 48,
		.start_level = expanse->host.start_level,
		.ttb = POOL_BASE,
	};

	return checksum_stage2(&memory, &stage2);
}
