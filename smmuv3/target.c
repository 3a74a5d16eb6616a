/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * target.c - the batch path: runs to tables, spans to commands, fences to completion.
 *
 * Implements engine/target.h on pgtable.c, tlbi.c, tlbi_plan.c and cmdq.c. A publish, for every SMMU:
 *   stage 2 only:  S2 ..., SYNC             one doorbell
 *   nested:        S2 ..., SYNC, NH_ALL, SYNC   one doorbell; a combined entry may hold what S2 drops
 *   or, where that costs less, S12_VMALL, SYNC   which is both stages at once
 * Commands of every SMMU are written, then every doorbell rung, before any wait.
 * At BBM level 1 a flush that cuts live blocks publishes twice: the marks, waited for in prepared(), then the cuts.
 * Owns: a fence is complete when every attached SMMU has passed its SYNC or is confirmed in abort.
 * Spec: IHI 0070, CMD_SYNC; CMD_TLBI_S2_IPA; CMD_TLBI_NH_ALL.
 */
#include "smmuv3/target.h"

#include <shadow/platform.h>

#include "engine/assert.h"
#include "engine/order.h"

static int target_reserve(struct shadow_target *target, const struct run *run)
{
	return pgtable_reserve(&smmu_target_of(target)->pgtable, run);
}

static int target_build(struct shadow_target *target, const struct run *runs, unsigned count)
{
	int error = 0;

	for (unsigned i = 0; i < count && !error; i++)
		error = pgtable_apply(&smmu_target_of(target)->pgtable, &runs[i]);
	return error;
}

static void target_apply(struct shadow_target *target, const struct run *runs, unsigned count)
{
	pgtable_apply_batch(&smmu_target_of(target)->pgtable, runs, count);
}

static void target_rewind(struct shadow_target *target)
{
	pgtable_settle(&smmu_target_of(target)->pgtable);
}

/* Wait until @needed slots are free, after ringing once more for what is already written. */
static int make_room(struct shadow_smmu *smmu, uint64_t needed)
{
	if (cmdq_room(&smmu->cmdq) >= needed)
		return 0;
	smmu->doorbells_extra += smmu->cmdq.written != load_relaxed_u64(&smmu->cmdq.published);
	cmdq_publish(&smmu->cmdq);
	return cmdq_wait_room(&smmu->cmdq, needed, smmu->config.wait_ns);
}

/* Room for the tail of a list is kept free, so that only the list itself can ring twice. */
#define TAIL_COMMANDS 3u

/* Invalidate all spans, or the whole VMID. Return: 1 if that is all, stage 1 included, 0, or an error. */
static int write_spans(struct smmu_target *target, struct shadow_smmu *smmu)
{
	const struct tlbi_format format = { .ril = smmu->ril,
					    .nested = smmu->config.nested,
					    .granule_lg2 = target->pgtable.format.granule_lg2,
					    .ia_bits = target->pgtable.format.ia_bits,
					    .vmid = target->config.vmid,
					    .cost = smmu->config.cost };
	struct cmdq *cmdq = &smmu->cmdq;
	struct tlbi_plan *plan = &target->plan;
	struct smmu_cmd cmd;
	int error;

	tlbi_plan_init(plan, &target->spans, &format);
	for (;;) {
		uint64_t room = cmdq_room(cmdq);

		if (room > TAIL_COMMANDS)
			cmdq_wrote_tlbi(cmdq, tlbi_plan_pages(plan, cmdq_slot(cmdq),
							      cmdq_slots(cmdq, room - TAIL_COMMANDS)));
		if (!tlbi_plan_next(plan, &cmd))
			return plan->whole_vmid;
		error = make_room(smmu, TAIL_COMMANDS + 1);
		if (error)
			return error;
		cmdq_write(cmdq, cmd);
	}
}

static int write_commands(struct smmu_target *target, struct shadow_smmu *smmu, uint64_t *position)
{
	int all = write_spans(target, smmu);
	int error = all < 0 ? all : make_room(smmu, TAIL_COMMANDS);

	if (error)
		return error;
	*position = cmdq_write(&smmu->cmdq, smmu_cmd_sync());
	if (smmu->config.nested && !all) {
		cmdq_write(&smmu->cmdq, smmu_cmd_tlbi_nh_all(target->config.vmid));
		*position = cmdq_write(&smmu->cmdq, smmu_cmd_sync());
	}
	return 0;
}

/* Commands for all spans to every SMMU; each one's last SYNC into @position. */
static void write_all(struct smmu_target *target, uint64_t *position)
{
	for (unsigned i = 0; i < target->smmu_count; i++) {
		position[i] = 0;
		if (!smmu_is_shut(&target->smmu[i]) && write_commands(target, &target->smmu[i], &position[i]))
			(void)smmu_close(&target->smmu[i]);
	}
	for (unsigned i = 0; i < target->smmu_count; i++)
		if (!smmu_is_shut(&target->smmu[i]))
			cmdq_publish(&target->smmu[i].cmdq);
}

static bool fence_has_room(const struct smmu_target *target)
{
	return target->fence - load_acquire_u64(&target->fence_complete) < TARGET_FENCES;
}

/* Commands are written up to these positions: a new fence waits for them. With every place taken the newest one moves
 * on, and its tickets wait for this publish as well; nobody may be looking at it then. */
static void fence_give(struct smmu_target *target, const uint64_t *position)
{
	bool moves = !fence_has_room(target);
	uint64_t *place;

	while (moves && !order_try_lock(&target->base.completing))
		platform_relax();
	if (fence_has_room(target))
		target->fence++;
	place = target->position[target->fence % TARGET_FENCES];
	for (unsigned i = 0; i < target->smmu_count; i++)
		place[i] = position[i];
	if (moves)
		order_unlock(&target->base.completing);
}

/* All spans and all pending tables, as a new fence. */
static uint64_t publish_commands(struct smmu_target *target)
{
	uint64_t position[SHADOW_SMMUS_MAX];

	pgtable_pending_spans(&target->pgtable, &target->spans);
	tlbi_spans_close(&target->spans);
	write_all(target, position);
	fence_give(target, position);
	pgtable_retire(&target->pgtable, target->fence);
	target->spans.count = 0;
	target->spans.all = false;
	return target->fence;
}

static uint64_t target_publish(struct shadow_target *base, bool all)
{
	struct smmu_target *target = smmu_target_of(base);

	pgtable_close(&target->pgtable);
	if (target->spans.count || target->spans.all || (all && pgtable_is_pending(&target->pgtable)))
		return publish_commands(target);
	/* [D2] Grants alone: visible before control returns. Observer: SMMU. */
	order_device_publish(target->pgtable.coherent);
	return target->fence;
}

static void target_prepare(struct shadow_target *target, const struct run *runs, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		pgtable_mark(&smmu_target_of(target)->pgtable, &runs[i]);
}

static void target_prepared(struct shadow_target *base)
{
	struct smmu_target *target = smmu_target_of(base);
	const uint64_t *position;

	pgtable_settle(&target->pgtable);
	if (!target->spans.count && !target->spans.all)
		return;
	position = target->position[publish_commands(target) % TARGET_FENCES];
	for (unsigned i = 0; i < target->smmu_count; i++) {
		struct shadow_smmu *smmu = &target->smmu[i];

		if (!smmu_is_shut(smmu) && cmdq_wait_passed(&smmu->cmdq, position[i], smmu->config.wait_ns))
			(void)smmu_close(smmu);
	}
}

static bool target_compact(struct shadow_target *base, unsigned blocks, uint64_t *fence)
{
	bool more = pgtable_compact(&smmu_target_of(base)->pgtable, blocks);

	*fence = target_publish(base, true);
	return more;
}

static int target_complete(struct shadow_target *base, uint64_t fence)
{
	struct smmu_target *target = smmu_target_of(base);
	uint64_t complete = load_relaxed_u64(&target->fence_complete);

	for (unsigned i = 0; i < target->smmu_count; i++)
		if (load_relaxed_u32(&target->smmu[i].isolation_lost))
			return -SHADOW_EIO;
	while (complete < fence) {
		const uint64_t *position = target->position[(complete + 1) % TARGET_FENCES];
		bool all = true;

		/* Each of them, also behind one that is not there yet: one may be silent, and be shut, beside another. */
		for (unsigned i = 0; i < target->smmu_count; i++) {
			int passed = smmu_passed(&target->smmu[i], position[i]);

			if (passed < 0)
				return passed;
			all &= passed != 0;
		}
		if (!all)
			return 0;
		/* [P1] Syncs seen before the place is free for another fence. Pairs with fence_has_room(). */
		store_release_u64(&target->fence_complete, ++complete);
	}
	return 1;
}

static void target_retire(struct shadow_target *target, uint64_t fence)
{
	pgtable_reclaim(&smmu_target_of(target)->pgtable, fence);
}

const struct target_ops smmu_target_ops = {
	.reserve = target_reserve,
	.build = target_build,
	.enable = target_enable,
	.prepare = target_prepare,
	.prepared = target_prepared,
	.compact = target_compact,
	.apply = target_apply,
	.rewind = target_rewind,
	.publish = target_publish,
	.complete = target_complete,
	.retire = target_retire,
};
