/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * baseline.c - what eager and strict share.
 *
 * Set-up: 1. start tables, 2. zones, with the pool reserved, 3. every SMMU up, in abort, 4. snapshot, 5. the
 * stream. A failure leaves the streams in abort.
 * Called by eager.c and strict.c. Does not decide what is invalidated.
 */
#include "bench/policy/baseline.h"

#include <stdlib.h>

#include <shadow/error.h>

#include "engine/snapshot.h"
#include "smmuv3/stream.h"

static int zones_open(struct policy *policy, const struct policy_world *world)
{
	struct plan_zones *zones = &policy->zones;
	int error;

	zones->capacity = plan_zones_max(&world->map, 1);
	zones->zone = calloc(zones->capacity, sizeof(*zones->zone));
	if (!zones->zone)
		return -SHADOW_ENOMEM;
	error = plan_zones_init(zones, &world->map);
	if (error)
		return error;
	plan_zones_reserve(zones, (struct shadow_range){ world->pool.base.addr,
							 world->pool.base.addr + world->pool.bytes });
	return 0;
}

/* One of the structures that an SMMU reads; in the order for which shadow_smmu_pool_bytes() has room. */
static int carve(struct policy *policy, uint64_t bytes, uint64_t **virt, shadow_pa_t *pa)
{
	pa->addr = pages_carve(&policy->pages, bytes);
	if (!pa->addr)
		return -SHADOW_ENOMEM;
	*virt = pages_virt(&policy->pages, pa->addr);
	return 0;
}

static int smmu_open(struct policy *policy, const struct shadow_smmu_config *config, unsigned number)
{
	struct shadow_smmu *smmu = &policy->smmu[number];
	/* Pages only: any BBM level will do. */
	const struct smmu_needs needs = { .granule_lg2 = SHADOW_PAGE_LG2 };
	struct smmu_memory memory;
	int error;

	error = smmu_probe(smmu, config, &needs, number);
	if (error)
		return error;
	error = carve(policy, smmu_cmdq_bytes(config), &memory.cmdq, &memory.cmdq_pa);
	if (!error)
		error = carve(policy, smmu_strtab_bytes(config), &memory.strtab, &memory.strtab_pa);
	if (!error)
		error = carve(policy, smmu_evtq_bytes(config), &memory.evtq, &memory.evtq_pa);
	if (error)
		return error;
	return smmu_bring_up(smmu, &memory, &policy->completing);
}

int baseline_snapshot(struct pages *pages, struct plan_zones *zones, const struct shadow_host_table *host)
{
	enum shadow_access access;
	struct snapshot_walk walk;
	uint64_t start, end;
	int error;

	error = snapshot_begin(&walk, host);
	if (error)
		return error;
	while (snapshot_next(&walk, &start, &end, &access)) {
		struct plan_cursor cursor;
		struct run run;

		plan_cut(&cursor, zones, start, end, access);
		while (plan_next(&cursor, &run)) {
			error = pages_build(pages, &run);
			if (error)
				return error;
		}
	}
	return walk.error;
}

static int stream_open(struct policy *policy, struct shadow_smmu *smmu, unsigned ia_bits)
{
	struct smmu_stage2 stage2 = {
		.ttb = pages_root(&policy->pages),
		.granule_lg2 = SHADOW_PAGE_LG2,
		.ia_bits = ia_bits,
		.start_level = (int)policy->pages.start_level,
		.ps = smmu->oas < 5 ? smmu->oas : 5, /* 48 bits */
		.vmid = policy->vmid,
		.coherent = true,
	};
	struct smmu_ste ste = smmu->config.nested ?
				      smmu_ste_nested(stage2, (struct smmu_stage1){ { 0, 0 } }) :
				      smmu_ste_s2(stage2);

	return stream_set(smmu, policy->sid, &ste);
}

static int open_all(struct policy *policy, const struct policy_world *world)
{
	unsigned number;
	int error;

	if (world->smmu_count < 1 || world->smmu_count > SHADOW_SMMUS_MAX ||
	    world->host.ia_bits != world->map.ia_bits)
		return -SHADOW_EINVAL;
	error = pages_init(&policy->pages, &world->pool, world->map.ia_bits);
	if (error)
		return error;
	error = zones_open(policy, world);
	if (error)
		return error;
	policy->smmu = calloc(world->smmu_count, sizeof(*policy->smmu));
	if (!policy->smmu)
		return -SHADOW_ENOMEM;
	for (number = 0; number < world->smmu_count; number++) {
		error = smmu_open(policy, &world->smmu[number], number);
		if (error)
			return error;
		policy->smmu_count++;
	}
	error = baseline_snapshot(&policy->pages, &policy->zones, &world->host);
	for (number = 0; !error && number < policy->smmu_count; number++)
		error = stream_open(policy, &policy->smmu[number], world->map.ia_bits);
	return error;
}

int baseline_open(const struct policy_world *world, struct policy **policy)
{
	struct policy *opened = calloc(1, sizeof(*opened));
	int error;

	if (!opened)
		return -SHADOW_ENOMEM;
	opened->sid = world->sid;
	opened->vmid = world->vmid;
	error = open_all(opened, world);
	if (error)
		baseline_close(opened);
	else
		*policy = opened;
	return error;
}

/* The devices and the pool are the world's and stay as they are. */
void baseline_close(struct policy *policy)
{
	free(policy->zones.zone);
	free(policy->smmu);
	free(policy);
}

int baseline_flush(struct policy *policy)
{
	(void)policy;
	return 0;
}

void baseline_trip_end(struct policy *policy, unsigned cpu)
{
	(void)policy;
	(void)cpu;
}

bool baseline_queued(const struct policy *policy, shadow_ipa_t start, uint64_t page_count)
{
	(void)policy;
	(void)start;
	(void)page_count;
	return false;
}

void baseline_stats(const struct policy *policy, struct policy_stats *stats)
{
	unsigned number;

	*stats = (struct policy_stats){
		.flushes = policy->flushes,
		.doorbells_extra = policy->doorbells_extra,
		.tables = policy->pages.stats,
	};
	for (number = 0; number < policy->smmu_count; number++) {
		const struct cmdq_stats *cmdq = &policy->smmu[number].cmdq.stats;

		stats->tlbi += cmdq->tlbi;
		stats->syncs += cmdq->syncs;
		stats->doorbells += cmdq->doorbells;
	}
}

void baseline_ste(const struct policy *policy, uint64_t ste[8])
{
	struct smmu_ste entry = stream_get(&policy->smmu[0], policy->sid);
	unsigned word;

	for (word = 0; word < SMMU_STE_WORDS; word++)
		ste[word] = entry.word[word];
}

/* A piece that lies in several zones, or in reserved ones. Apart, so that others need not clear a cursor. */
__attribute__((__noinline__)) static int change_cut(struct policy *policy, const struct transition_piece *piece,
						    pages_span *span, void *ctx)
{
	struct plan_cursor cursor;
	struct run run;
	int error = 0;

	plan_cut(&cursor, &policy->zones, piece->start, piece->end, piece->access);
	while (!error && plan_next(&cursor, &run))
		error = pages_change(&policy->pages, &run, span, ctx);
	return error;
}

int baseline_change(struct policy *policy, const struct shadow_transition *transition, pages_span *span,
		    void *ctx)
{
	struct transition_piece piece;
	uint64_t offset = 0;
	bool any = false;
	struct run run;
	int error;

	while (transition_next(transition, SHADOW_PAGE_LG2, &offset, &piece)) {
		any = true;
		if (plan_whole(&policy->zones, piece.start, piece.end, piece.access, &run))
			error = pages_change(&policy->pages, &run, span, ctx);
		else
			error = change_cut(policy, &piece, span, ctx);
		if (error)
			return error;
	}
	policy->flushes += any;
	return 0;
}

int baseline_write(struct policy *policy, struct shadow_smmu *smmu, struct smmu_cmd cmd)
{
	if (!cmdq_room(&smmu->cmdq)) {
		int error = cmdq_wait_room(&smmu->cmdq, 1, POLICY_WAIT_NS);

		if (error)
			return error;
		policy->doorbells_extra++;
	}
	cmdq_write(&smmu->cmdq, cmd);
	return 0;
}

int baseline_sync(struct policy *policy, struct shadow_smmu *smmu)
{
	uint64_t position = smmu->cmdq.written;
	int error;

	error = baseline_write(policy, smmu, smmu_cmd_sync());
	if (error)
		return error;
	cmdq_publish(&smmu->cmdq);
	/* The first look reads no clock; a device that needs longer is waited for with one. */
	error = cmdq_poll(&smmu->cmdq);
	if (error || cmdq_passed(&smmu->cmdq, position))
		return error;
	return cmdq_wait_passed(&smmu->cmdq, position, POLICY_WAIT_NS);
}
