/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * simulate_oracle.c - devices that try to reach pages, and what they must and must not reach.
 *
 * An access must fail if the host has lost it and someone was told that this is complete (I1), if the place is
 * never anyone's (I9), or if the SMMU is shut (I7). It must work if the host has it and the flush that covers its
 * last grant has returned (I2). Between the two it may do either. Afterwards the tables say the same (I4).
 */
#include <string.h>

#include "bench/simulate_world.h"

#define PAGES_ALL (UINT64_C(1) << (32 - SHADOW_PAGE_LG2))

static bool in_pool(const struct simulate *world, uint64_t page)
{
	uint64_t pa = page << SHADOW_PAGE_LG2;

	return pa >= world->pool.base.addr && pa < world->pool.base.addr + world->pool.bytes;
}

struct verdict {
	bool must_work, must_fail;
};

static struct verdict verdict_of(const struct simulate *world, const struct simulate_smmu *smmu, uint64_t page,
				 unsigned wanted)
{
	struct verdict verdict = { .must_work = world->live && !smmu->broken };
	const struct simulate_page *known;
	uint64_t index;

	/* After a reset devices pass by it until somebody looks, unless it is built to abort. */
	if (smmu->broken && smmu->fault == FAULT_RESET && !smmu->closed)
		return (struct verdict){ false, false };
	if (in_pool(world, page) || smmu->closed)
		return (struct verdict){ .must_fail = true };
	if (!simulate_index(page, &index))
		return verdict;
	known = &world->page[index];
	verdict.must_work = verdict.must_work && known->access & wanted && known->number <= world->visible;
	/* Until a revoke is complete, TLBs may still hold what it took, and that may be less than what is granted now. */
	verdict.must_work = verdict.must_work && (known->taken & wanted || known->revoked <= world->complete);
	verdict.must_fail = !(known->access & wanted) && known->revoked <= world->complete;
	return verdict;
}

void simulate_access(struct simulate *world, unsigned number, uint64_t page, bool write)
{
	struct simulate_smmu *smmu = &world->smmu[number];
	uint64_t addr = page << SHADOW_PAGE_LG2, index;
	struct verdict verdict = verdict_of(world, smmu, page, write ? SHADOW_ACCESS_W : SHADOW_ACCESS_R);
	struct model_access access;
	bool went;

	if (!smmu->attached)
		return;
	access = model_dma(smmu->model, SIMULATE_SID, addr, write);
	went = access.fault == MODEL_OK;
	world->counts.accesses++;
	world->counts.reached += went;
	if (went ? verdict.must_fail : verdict.must_work) {
		simulate_note(world, HISTORY_DMA, page, number, went);
		simulate_violate(world, page, 1, "SMMU %u: a %s of page %llx %s%s", number, write ? "write" : "read",
				 (unsigned long long)page, went ? "gets through" : "faults",
				 access.hit ? ", from the TLB" : "");
		return;
	}
	if (went && (access.pa != addr || (access.bypass && smmu->fault != FAULT_RESET) || (!access.bypass && access.device == simulate_index(page, &index))))
		simulate_violate(world, page, 1, "SMMU %u: page %llx is translated to %llx%s%s", number,
				 (unsigned long long)page, (unsigned long long)access.pa,
				 access.device ? ", device memory" : "", access.bypass ? ", bypass" : "");
}

/* Near a change, anywhere in memory, or anywhere. */
static uint64_t choose_page(struct simulate *world)
{
	uint64_t recent = world->recent_count < SIMULATE_RECENT ? world->recent_count : SIMULATE_RECENT;
	uint64_t where = sim_random(16);

	if (where < 9 && recent)
		return simulate_page_at(world->recent[sim_random(recent)]) + (sim_random(4) ? 0 : 1);
	if (where < 14)
		return simulate_page_at(sim_random(simulate_pages()));
	if (where == 14)
		return (world->pool.base.addr + sim_random(world->pool.bytes)) >> SHADOW_PAGE_LG2;
	return sim_random(PAGES_ALL);
}

void simulate_turn(void *ctx)
{
	struct simulate *world = ctx;
	unsigned smmu = (unsigned)sim_random(world->shape.smmus);
	uint64_t what = sim_random(16);

	simulate_fault_turn(world);
	if (what < 7) {
		for (uint64_t steps = 1 + sim_random(4); steps && model_step(world->smmu[smmu].model); steps--)
			;
	} else if (what < 12) {
		simulate_access(world, smmu, choose_page(world), sim_random(2));
	} else if (what == 12 && world->cache) {
		/* A line that was stored into is written back: what has drained of it. */
		model_cache_clean(world->cache, world->stored[sim_random(SIMULATE_RECENT)], 8);
	}
}

/* ---- the end --------------------------------------------------------------------------------------------------- */

struct check {
	struct simulate *world;
	uint64_t next;		       /* page */
};

static unsigned access_of(const struct simulate *world, uint64_t page)
{
	uint64_t index;

	if (in_pool(world, page))
		return SHADOW_ACCESS_NONE;
	return simulate_index(page, &index) ? world->page[index].access : SHADOW_ACCESS_RW;
}

static void check_leaf(void *ctx, const struct model_leaf *leaf)
{
	struct check *check = ctx;
	struct simulate *world = check->world;
	uint64_t start = leaf->start >> SHADOW_PAGE_LG2, end = leaf->end >> SHADOW_PAGE_LG2, index;
	unsigned access = leaf->read * SHADOW_ACCESS_R | leaf->write * SHADOW_ACCESS_W;
	uint64_t pool_end = (world->pool.base.addr + world->pool.bytes) >> SHADOW_PAGE_LG2;

	if (start != check->next)
		simulate_violate(world, start, end - start, "the walk of the tables has a gap at %llx",
				 (unsigned long long)start);
	check->next = end;
	for (uint64_t page = start; page < end && !world->violated; page++) {
		/* Far from memory and pool there is MMIO in large blocks: the ends stand for all. */
		if (page > start && (end <= simulate_page_at(0) || start >= pool_end))
			page = end - 1;
		if ((leaf->valid ? access : 0) != access_of(world, page) ||
		    (leaf->valid && leaf->device == simulate_index(page, &index)))
			simulate_violate(world, page, 1, "the tables say %u of page %llx, the host says %u",
					 leaf->valid ? access : 0, (unsigned long long)page, access_of(world, page));
	}
}

void simulate_check_tables(struct simulate *world)
{
	struct check check = { .world = world };
	struct model_stage2 stage2;
	uint64_t ste[8];

	shadow_smmu_ste(world->smmu[0].smmu, SIMULATE_SID, ste);
	stage2 = model_decode_ste(ste, &world->model_config);
	if (!stage2.valid ||
	    model_walk_all(&world->model_config.memory, &stage2, &check, check_leaf) != MODEL_OK ||
	    check.next != PAGES_ALL)
		simulate_violate(world, 0, 0, "the tables are malformed");
}
