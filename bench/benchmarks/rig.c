/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * rig.c - one stage-2 table over 1 GiB of memory, with all that benchmarks of tables need beside it.
 */
#include "bench/benchmarks/rig.h"

#include <string.h>

#include <shadow/error.h>

#include "bench/benchmarks/checksum.h"
#include "engine/platform/linux.h"

#define IA_BITS	   40u
#define POOL_BASE  (UINT64_C(1) << 46)
#define POOL_ALIGN (UINT64_C(1) << 21)
#define COPY_BYTES (RIG_PAGES_MAX * sizeof(uint64_t))
#define GROUP	   64u /* runs handed to a target at a time, as the engine does */

static uint64_t used_bytes(const struct rig *rig)
{
	return rig->of.eager ? rig->eager.used :
			       (uint64_t)rig->target.pgtable.bump << rig->target.pgtable.format.granule_lg2;
}

int rig_reset(struct rig *rig)
{
	struct smmu_target *target = &rig->target;
	uint64_t used = used_bytes(rig);

	memset(rig->pool, 0, used ? used : RIG_POOL_BYTES);
	if (rig->of.eager) {
		const struct shadow_pool pool = rig->config.pool;

		return pages_init(&rig->eager, &pool, IA_BITS);
	}
	memset(rig->page, 0, sizeof(rig->page));
	memset(target, 0, sizeof(*target));
	target->spans = (struct tlbi_spans){ .span = rig->span, .capacity = 2 * RIG_BATCH };
	return pgtable_init(&target->pgtable, &rig->config, rig->page, NULL, &target->spans);
}

void rig_free(struct rig *rig)
{
	if (!rig)
		return;
	platform_linux_free(rig->pool, RIG_POOL_BYTES);
	platform_linux_free(rig->copy, COPY_BYTES);
	platform_linux_free(rig, sizeof(*rig));
}

static void set_sizes(struct rig *rig, unsigned granule_lg2)
{
	rig->pages = UINT64_C(1) << (RIG_LG2 - granule_lg2);
	rig->start = rig->pages;
	rig->end = 2 * rig->pages;
	rig->table_pages = UINT64_C(1) << (granule_lg2 - 3);
	rig->tables = rig->pages / rig->table_pages;
	rig->granted = (struct run){ rig->start, rig->end, SHADOW_ACCESS_RW, SHADOW_MEMORY_NORMAL };
	rig->revoked = (struct run){ rig->start, rig->end, SHADOW_ACCESS_NONE, SHADOW_MEMORY_NORMAL };
}

struct rig *rig_new(const struct rig_config *config)
{
	struct rig *rig = platform_linux_alloc(sizeof(*rig), 64);

	if (!rig)
		return NULL;
	rig->of = *config;
	set_sizes(rig, config->granule_lg2 ? config->granule_lg2 : SHADOW_PAGE_LG2);
	rig->pool = platform_linux_alloc(RIG_POOL_BYTES, POOL_ALIGN);
	rig->copy = platform_linux_alloc(COPY_BYTES, POOL_ALIGN);
	rig->config = (struct shadow_smmu_target_config){
		.map = { .ia_bits = IA_BITS, .granule_lg2 = config->granule_lg2 },
		.bbml = config->bbml,
		.collapse = config->collapse,
		.pool = { .base = { POOL_BASE }, .virt = rig->pool, .bytes = RIG_POOL_BYTES },
	};
	if (rig->copy)
		memset(rig->copy, 0, COPY_BYTES); /* warm */
	if (rig->pool && rig->copy && !rig_reset(rig))
		return rig;
	rig_free(rig);
	return NULL;
}

static int no_command(void *ctx, uint64_t start, uint64_t end)
{
	(void)ctx;
	(void)start;
	(void)end;
	return 0;
}

/* Here nothing fails but for want of memory, of which the pool has enough for all. */
static void apply_eager(struct rig *rig, const struct run *run, unsigned count)
{
	int error = 0;

	for (unsigned i = 0; i < count; i++)
		error |= pages_change(&rig->eager, &run[i], no_command, NULL);
	bench_keep(&error);
}

void rig_apply(struct rig *rig, const struct run *run, unsigned count)
{
	struct smmu_target *target = &rig->target;

	if (rig->of.eager) {
		apply_eager(rig, run, count);
		return;
	}
	for (unsigned i = 0; i < count; i += GROUP)
		smmu_target_ops.apply(&target->base, run + i, count - i < GROUP ? count - i : GROUP);
	pgtable_close(&target->pgtable);
	target->spans.count = 0;
	target->spans.all = false;
	pgtable_retire(&target->pgtable, ++rig->fence);
	pgtable_reclaim(&target->pgtable, rig->fence);
}

uint64_t rig_first_leaf(const struct rig *rig)
{
	return format_leaf(rig->of.eager ? &rig->eager.format : &rig->target.pgtable.format, SHADOW_ACCESS_RW,
			   SHADOW_MEMORY_NORMAL, 0, rig->start);
}

static const struct shadow_table_stats *stats(const struct rig *rig)
{
	return rig->of.eager ? &rig->eager.stats : &rig->target.pgtable.stats;
}

bool rig_is(const struct rig *rig, uint64_t leaves)
{
	return stats(rig)->leaves[3] == leaves;
}

uint64_t rig_writes(const struct rig *rig)
{
	return stats(rig)->writes;
}

void rig_make_rows(struct rig *rig, enum shadow_access access)
{
	for (uint64_t i = 0; i < rig->tables; i++)
		rig->run[i] =
			(struct run){ rig->start + i * rig->table_pages + 1,
				      rig->start + (i + 1) * rig->table_pages, access, SHADOW_MEMORY_NORMAL };
}

static const void *read_pool(void *ctx, uint64_t pa, size_t bytes)
{
	const struct rig *rig = ctx;

	return pa >= POOL_BASE && pa + bytes <= POOL_BASE + RIG_POOL_BYTES ?
		       (char *)rig->pool + (pa - POOL_BASE) :
		       NULL;
}

uint64_t rig_checksum(const struct rig *rig)
{
	const struct pgtable_format *format =
		rig->of.eager ? &rig->eager.format : &rig->target.pgtable.format;
	const struct model_memory memory = { .ctx = (void *)rig, .read = read_pool };
	const struct model_stage2 stage2 = {
		.valid = true,
		.granule_lg2 = format->granule_lg2,
		.ia_bits = IA_BITS,
		.oas_bits = 48,
		.start_level = format_level(format->start),
		.ttb = POOL_BASE,
	};

	return checksum_stage2(&memory, &stage2);
}
