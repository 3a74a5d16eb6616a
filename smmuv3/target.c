/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * target.c - the batch path: runs to tables, spans to commands, fences to completion.
 *
 * Implements engine/target.h on pgtable.c, tlbi.c and cmdq.c. A publish, for every SMMU:
 *   stage 2 only:  S2 ..., SYNC             one doorbell
 *   nested:        S2 ..., SYNC, NH_ALL, SYNC   one doorbell; a combined entry may hold what S2 drops
 * Commands of every SMMU are written, then every doorbell rung, before any wait.
 * At BBM level 1 a flush that cuts live blocks publishes twice: the marks, waited for in prepared(), then the cuts.
 * Owns: a fence is complete when every attached SMMU has passed its SYNC or is confirmed in abort.
 * Spec: IHI 0070, CMD_SYNC; CMD_TLBI_S2_IPA; CMD_TLBI_NH_ALL.
 */
#include "smmuv3/target.h"

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

static void target_release(struct shadow_target *target)
{
	pgtable_release(&smmu_target_of(target)->pgtable);
}

static void target_rewind(struct shadow_target *target)
{
	pgtable_settle(&smmu_target_of(target)->pgtable);
}

static bool smmu_is_shut(const struct shadow_smmu *smmu)
{
	return smmu->closed || smmu->isolation_lost;
}

/* Wait until @needed slots are free, after ringing once more for what is already written. */
static int make_room(struct shadow_smmu *smmu, uint64_t needed)
{
	if (cmdq_room(&smmu->cmdq) >= needed)
		return 0;
	smmu->doorbells_extra += smmu->cmdq.written != smmu->cmdq.published;
	cmdq_publish(&smmu->cmdq);
	return cmdq_wait_room(&smmu->cmdq, needed, smmu->config.wait_ns);
}

/* Room for the tail of a list is kept free, so that only the list itself can ring twice. */
#define TAIL_COMMANDS 3u

static int write_commands(struct smmu_target *target, struct shadow_smmu *smmu, uint64_t *position)
{
	struct tlbi_format format = { .ril = smmu->ril,
				      .granule_lg2 = target->pgtable.format.granule_lg2,
				      .ia_bits = target->pgtable.format.ia_bits,
				      .vmid = target->config.vmid };
	struct tlbi_cursor cursor;
	struct smmu_cmd cmd;
	int error = 0;

	tlbi_cursor_init(&cursor, &target->spans, format);
	while (!error && tlbi_cursor_next(&cursor, &cmd)) {
		error = make_room(smmu, TAIL_COMMANDS + 1);
		if (!error)
			cmdq_write(&smmu->cmdq, cmd);
	}
	if (!error)
		error = make_room(smmu, TAIL_COMMANDS);
	if (error)
		return error;
	*position = cmdq_write(&smmu->cmdq, smmu_cmd_sync());
	if (smmu->config.nested) {
		cmdq_write(&smmu->cmdq, smmu_cmd_tlbi_nh_all(target->config.vmid));
		*position = cmdq_write(&smmu->cmdq, smmu_cmd_sync());
	}
	return 0;
}

/* Commands for all spans and all pending tables to every SMMU, as a new fence. */
static uint64_t publish_commands(struct smmu_target *target)
{
	bool by_level = false;
	uint64_t *position;

	pgtable_pending_spans(&target->pgtable, &target->spans);
	for (unsigned i = 0; i < target->smmu_count; i++)
		by_level |= !target->smmu[i].ril;
	tlbi_spans_close(&target->spans, by_level);
	/* With every place taken the newest fence moves on: its tickets wait for this publish as well. */
	if (target->fence - target->fence_complete < TARGET_FENCES)
		target->fence++;
	position = target->position[target->fence % TARGET_FENCES];
	for (unsigned i = 0; i < target->smmu_count; i++)
		if (!smmu_is_shut(&target->smmu[i]) && write_commands(target, &target->smmu[i], &position[i]))
			(void)smmu_close(&target->smmu[i]);
	for (unsigned i = 0; i < target->smmu_count; i++)
		if (!smmu_is_shut(&target->smmu[i]))
			cmdq_publish(&target->smmu[i].cmdq);
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
	pgtable_clean(&target->pgtable);
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

/* Has the SMMU passed @position? Return: 1, 0, or -SHADOW_EIO if it failed and could not be shut. */
static int smmu_passed(struct shadow_smmu *smmu, uint64_t position)
{
	if (!smmu_is_shut(smmu) && !cmdq_passed(&smmu->cmdq, position) && cmdq_poll(&smmu->cmdq))
		(void)smmu_close(smmu);
	if (smmu->isolation_lost)
		return -SHADOW_EIO;
	return smmu->closed || cmdq_passed(&smmu->cmdq, position);
}

static int target_complete(struct shadow_target *base, uint64_t fence)
{
	struct smmu_target *target = smmu_target_of(base);

	for (unsigned i = 0; i < target->smmu_count; i++)
		if (target->smmu[i].isolation_lost)
			return -SHADOW_EIO;
	while (target->fence_complete < fence) {
		const uint64_t *position = target->position[(target->fence_complete + 1) % TARGET_FENCES];

		for (unsigned i = 0; i < target->smmu_count; i++) {
			int passed = smmu_passed(&target->smmu[i], position[i]);

			if (passed != 1)
				return passed;
		}
		target->fence_complete++;
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
	.release = target_release,
	.rewind = target_rewind,
	.publish = target_publish,
	.complete = target_complete,
	.retire = target_retire,
};
