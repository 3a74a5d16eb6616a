/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * simulate_oracle.c - devices that try to reach pages, and what they must and must not reach.
 *
 * An access must fail if the host has lost it and someone was told that this is complete (I1), if the place is
 * never anyone's (I9), or if the SMMU is shut (I7). It must work if the host has it and the flush that covers its
 * last grant has returned (I2). Between the two it may do either. Afterwards the tables say the same (I4).
 */
#include <string.h>

#include "bench/simulate/simulate_smmu.h"

static uint64_t pages_all(const struct simulate *world)
{
	return UINT64_C(1) << (world->ia_bits - world->shape.granule_lg2);
}

static bool in_pool(const struct simulate *world, uint64_t page)
{
	uint64_t pa = page << world->shape.granule_lg2;

	return pa >= world->pool.base.addr && pa < world->pool.base.addr + world->pool.bytes;
}

struct verdict {
	bool must_work, must_fail;
};

/* @works: the stream is let in, as far as this SMMU and its device go. */
static struct verdict verdict_of(const struct simulate *world, const struct simulate_smmu *smmu, uint64_t page,
				 unsigned wanted, bool works)
{
	struct verdict verdict = { .must_work = works && world->live && !smmu->broken && smmu->phase == PHASE_ON };
	const struct simulate_page *known;
	uint64_t index;

	/* After a reset devices pass by it until somebody looks, unless it is built to abort. */
	if (smmu->broken && smmu->fault == FAULT_RESET && !smmu->closed && smmu->phase != PHASE_OFF)
		return (struct verdict){ false, false };
	if (in_pool(world, page) || smmu->closed || smmu->phase == PHASE_OFF)
		return (struct verdict){ .must_fail = true };
	/* What a recorded host has mapped beside its memory is not followed. */
	if (!simulate_index(world, page, &index))
		return world->trace ? (struct verdict){ false, false } : verdict;
	known = &world->page[index];
	verdict.must_work = verdict.must_work && known->access & wanted && known->number <= world->visible;
	/* Until a revoke is complete, TLBs may still hold what it took, and that may be less than what is granted now. */
	verdict.must_work = verdict.must_work && (known->taken & wanted || known->revoked <= world->complete);
	verdict.must_fail = !(known->access & wanted) && known->revoked <= world->complete;
	return verdict;
}

/* Somewhere in the page: what keeps or caches less than a page is to be found too. */
static uint64_t address_in(const struct simulate *world, uint64_t page)
{
	unsigned granule_lg2 = world->shape.granule_lg2;

	return (page << granule_lg2) + (granule_lg2 > SHADOW_PAGE_LG2 ? sim_random(UINT64_C(1) << (granule_lg2 - SHADOW_PAGE_LG2)) << SHADOW_PAGE_LG2 : 0);
}

static void judge(struct simulate *world, unsigned number, uint64_t addr, bool write,
		  const struct model_access *access, struct verdict verdict)
{
	const struct simulate_smmu *smmu = &world->smmu[number];
	uint64_t page = addr >> world->shape.granule_lg2, index;
	bool went = access->fault == MODEL_OK;

	world->counts.accesses++;
	world->counts.reached += went;
	if (went ? verdict.must_fail : verdict.must_work) {
		simulate_note(world, HISTORY_DMA, page, number, went);
		simulate_violate(world, page, 1, "SMMU %u: a %s of page %llx %s%s", number, write ? "write" : "read",
				 (unsigned long long)page, went ? "gets through" : "faults",
				 access->hit ? ", from the TLB" : "");
		return;
	}
	if (went && (access->pa != addr || (access->bypass && smmu->fault != FAULT_RESET) ||
		     (!access->bypass && access->device == simulate_index(world, page, &index))))
		simulate_violate(world, page, 1, "SMMU %u: page %llx is translated to %llx%s%s", number,
				 (unsigned long long)page, (unsigned long long)access->pa,
				 access->device ? ", device memory" : "", access->bypass ? ", bypass" : "");
}

void simulate_access(struct simulate *world, unsigned number, uint64_t page, bool write)
{
	struct simulate_smmu *smmu = &world->smmu[number];
	unsigned keeper = (unsigned)sim_random(2 * SIMULATE_ATS_MAX);
	bool keeps = world->shape.smmu[number].ats && keeper < SIMULATE_ATS_MAX;
	uint64_t addr = address_in(world, page);
	struct model_access access;

	if (smmu->phase == PHASE_ABSENT)
		return;
	access = model_dma(smmu->model, keeps ? SIMULATE_ATS_SID + keeper : SIMULATE_SID, addr, write);
	judge(world, number, addr, write, &access,
	      verdict_of(world, smmu, page, write ? SHADOW_ACCESS_W : SHADOW_ACCESS_R,
			 !keeps || smmu->keeper[keeper] == KEEPER_IN));
}

void simulate_keep(struct simulate *world, unsigned number, uint64_t page, bool write)
{
	struct simulate_smmu *smmu = &world->smmu[number];
	uint32_t sid = SIMULATE_ATS_SID + (uint32_t)sim_random(SIMULATE_ATS_MAX);
	uint64_t addr = address_in(world, page);
	struct model_access access;

	if (smmu->phase == PHASE_ABSENT || !world->shape.smmu[number].ats)
		return;
	if (sim_random(2) && model_atc_request(smmu->model, sid, addr, write).fault == MODEL_OK)
		world->counts.kept++;
	access = model_atc_dma(smmu->model, sid, addr, write);
	if (access.fault == MODEL_F_TRANSLATION)
		return;
	access.device = !simulate_index(world, page, &(uint64_t){ 0 });
	world->counts.kept_used += access.fault == MODEL_OK;
	/* What a device was given to write with it uses to read as well, in the model. */
	judge(world, number, addr, write, &access,
	      verdict_of(world, smmu, page, write ? SHADOW_ACCESS_W : SHADOW_ACCESS_RW, false));
}

/* Near a change, anywhere in memory, or anywhere. */
static uint64_t choose_page(struct simulate *world)
{
	uint64_t recent = world->recent_count < SIMULATE_RECENT ? world->recent_count : SIMULATE_RECENT;
	uint64_t where = sim_random(16);

	if (where < 9 && recent)
		return simulate_page_at(world, world->recent[sim_random(recent)]) + (sim_random(4) ? 0 : 1);
	if (where < 14)
		return simulate_page_at(world, sim_random(simulate_pages(world)));
	if (where == 14)
		return (world->pool.base.addr + sim_random(world->pool.bytes)) >> world->shape.granule_lg2;
	return sim_random(pages_all(world));
}

void simulate_turn(void *ctx)
{
	struct simulate *world = ctx;
	unsigned smmu = (unsigned)sim_random(world->shape.smmus);
	uint64_t what = sim_random(16);

	if (sim_counters()->points > world->points_most)
		simulate_violate(world, 0, 0, "the run does not come to an end");
	simulate_fault_turn(world);
	simulate_smmu_turn(world);
	if (what < 7) {
		for (uint64_t steps = 1 + sim_random(4); steps && model_step(world->smmu[smmu].model); steps--)
			;
	} else if (what < 12) {
		uint64_t page = choose_page(world);

		simulate_access(world, smmu, page, sim_random(2));
		simulate_keep(world, smmu, page, sim_random(2));
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
	return simulate_index(world, page, &index) ? world->page[index].access : SHADOW_ACCESS_RW;
}

static void check_leaf(void *ctx, const struct model_leaf *leaf)
{
	struct check *check = ctx;
	struct simulate *world = check->world;
	uint64_t start = leaf->start >> world->shape.granule_lg2, end = leaf->end >> world->shape.granule_lg2, index;
	unsigned access = leaf->read * SHADOW_ACCESS_R | leaf->write * SHADOW_ACCESS_W;
	uint64_t pool_end = (world->pool.base.addr + world->pool.bytes) >> world->shape.granule_lg2;

	if (start != check->next)
		simulate_violate(world, start, end - start, "the walk of the tables has a gap at %llx",
				 (unsigned long long)start);
	check->next = end;
	for (uint64_t page = start; page < end && !world->violated; page++) {
		/* Far from memory and pool there is MMIO in large blocks: the ends stand for all. */
		if (page > start && (end <= simulate_page_at(world, 0) || start >= pool_end))
			page = end - 1;
		if (world->trace && !simulate_index(world, page, &index))
			continue;
		if ((leaf->valid ? access : 0) != access_of(world, page) ||
		    (leaf->valid && leaf->device == simulate_index(world, page, &index)))
			simulate_violate(world, page, 1, "the tables say %u of page %llx, the host says %u",
					 leaf->valid ? access : 0, (unsigned long long)page, access_of(world, page));
	}
}

void simulate_check_tables(struct simulate *world)
{
	struct check check = { .world = world };

	if (!world->stage2.valid ||
	    model_walk_all(&world->model_config.memory, &world->stage2, &check, check_leaf) != MODEL_OK ||
	    check.next != pages_all(world))
		simulate_violate(world, 0, 0, "the tables are malformed");
}
