/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * target.c - the batch path: runs to tables, spans to commands, fences to completion.
 *
 * Implements engine/target.h on pgtable.c, tlbi.c, list.c and cmdq.c. A publish is one list of commands and one doorbell
 * for every SMMU; commands of every SMMU are written, then every doorbell rung, before any wait.
 * At BBM level 1 a flush that cuts live blocks publishes twice: the marks, waited for in prepared(), then the cuts.
 * A publish uses one queue of each SMMU, that of a CPU whose transitions it is about. There is no order between queues,
 * and none is needed but that fences complete one after the other: what a fence has removed may come back only from
 * what an earlier one is still removing, and that one removes it again.
 * Owns: a fence is complete when every attached SMMU has passed its SYNC or is confirmed in abort, and so has every
 * earlier one.
 * Spec: IHI 0070, CMD_SYNC; CMD_TLBI_S2_IPA; CMD_TLBI_NH_ALL.
 */
#include "smmuv3/target.h"

#include <shadow/platform.h>

#include "engine/assert.h"
#include "engine/order.h"
#include "engine/trace.h"
#include "smmuv3/list.h"

static void target_release(struct shadow_target *target)
{
	target->keeps = false;
	pgtable_release(&smmu_target_of(target)->pgtable);
}

static int target_reserve(struct shadow_target *target, const struct run *run)
{
	/* Nobody took over what the last batch left promised. */
	if (target->keeps)
		target_release(target);
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
	platform_trace(PLATFORM_TRACE_WRITE, count, (uintptr_t)target);
	pgtable_apply_batch(&smmu_target_of(target)->pgtable, runs, count);
}

static bool target_keep(struct shadow_target *target)
{
	return pgtable_keep(&smmu_target_of(target)->pgtable);
}

static bool target_agrees(struct shadow_target *target, const struct run *run)
{
	return pgtable_agrees(&smmu_target_of(target)->pgtable, run);
}

static void target_rewind(struct shadow_target *target)
{
	pgtable_settle(&smmu_target_of(target)->pgtable);
}

static bool all_live(const struct smmu_target *target)
{
	bool all = true;

	for (unsigned i = 0; i < target_smmus(target); i++)
		all &= !smmu_is_shut(&target->smmu[i]);
	return all;
}

/* Commands for all spans to every SMMU, in the queues of @cpu; each one's last SYNC into @position. */
static void write_all(struct smmu_target *target, unsigned cpu, uint64_t *position)
{
	/* [E1] What was stored before it is read who is not live: its walks will see it. Who is live gets commands, and
	 * needs no barrier. Pairs with smmu_go_live(). Observers: CPU, SMMU. */
	if (!all_live(target))
		order_full(target->pgtable.coherent);
	for (unsigned i = 0; i < target_smmus(target); i++) {
		position[i] = 0;
		if (!smmu_is_shut(&target->smmu[i]) && list_write(target, &target->smmu[i], cpu, &position[i]))
			(void)smmu_close(&target->smmu[i]);
	}
	for (unsigned i = 0; i < target_smmus(target); i++)
		if (!smmu_is_shut(&target->smmu[i]))
			cmdq_publish(smmu_queue_of(&target->smmu[i], cpu));
}

static bool fence_has_room(const struct smmu_target *target)
{
	return target->fence - load_acquire_u64(&target->fence_complete) < TARGET_FENCES;
}

/* Whose queues does this publish use? If the newest fence has to move on, the ones that it is in already. */
static unsigned fence_cpu(const struct smmu_target *target)
{
	return fence_has_room(target) ? target->base.cpu : target->cpu[target->fence % TARGET_FENCES];
}

/* Commands are written up to these positions: a new fence waits for them. With every place taken the newest one moves
 * on, and its tickets wait for this publish as well; nobody may be looking at it then. */
static void fence_give(struct smmu_target *target, unsigned cpu, const uint64_t *position)
{
	bool moves = !fence_has_room(target);
	uint64_t *place;

	while (moves && !order_try_lock(&target->base.completing))
		platform_relax();
	if (fence_has_room(target))
		target->fence++;
	place = target->position[target->fence % TARGET_FENCES];
	for (unsigned i = 0; i < target_smmus(target); i++)
		place[i] = position[i];
	target->cpu[target->fence % TARGET_FENCES] = (uint16_t)cpu;
	if (moves)
		order_unlock(&target->base.completing);
}

/* All spans and all pending tables, as a new fence. */
__attribute__((__noinline__)) static uint64_t publish_commands(struct smmu_target *target)
{
	unsigned cpu = fence_cpu(target);

	pgtable_pending_spans(&target->pgtable, &target->spans);
	tlbi_spans_close(&target->spans);
	write_all(target, cpu, target->last);
	fence_give(target, cpu, target->last);
	pgtable_retire(&target->pgtable, target->fence);
	target->base.retires = pgtable_has_retired(&target->pgtable);
	target->spans.count = 0;
	target->spans.all = false;
	return target->fence;
}

/* One page was revoked and nothing else is due: to SMMUs whose list about it is known beforehand. The same steps as
 * publish_commands(), but that no table retires; the fence, which is given first, is nobody's before its flight. Return:
 * false, and nothing is done, if it takes more. */
static bool publish_lone(struct smmu_target *target)
{
	unsigned cpu = target->base.cpu, count = target_smmus(target);
	uint64_t address, *place;

	if (!tlbi_is_lone(&target->spans) || pgtable_is_pending(&target->pgtable) || !fence_has_room(target))
		return false;
	for (unsigned i = 0; i < count; i++)
		if (!list_is_lone(&target->smmu[i], cpu))
			return false;
	address = target->spans.span->start << target->pgtable.format.granule_lg2;
	place = target->position[++target->fence % TARGET_FENCES];
	target->cpu[target->fence % TARGET_FENCES] = (uint16_t)cpu;
	for (unsigned i = 0; i < count; i++)
		place[i] = list_write_lone(&target->smmu[i], smmu_queue_of(&target->smmu[i], cpu), address);
	for (unsigned i = 0; i < count; i++)
		cmdq_publish(smmu_queue_of(&target->smmu[i], cpu));
	target->spans.count = 0;
	return true;
}

static uint64_t target_publish(struct shadow_target *base, bool all)
{
	struct smmu_target *target = smmu_target_of(base);

	base->keeps = false;
	if (all || !pgtable_close_lone(&target->pgtable, &base->keeps))
		pgtable_close(&target->pgtable);
	else if (publish_lone(target))
		return target->fence;
	if (target->spans.count || target->spans.all || (all && pgtable_is_pending(&target->pgtable)))
		return publish_commands(target);
	/* [D2] Grants alone: visible before control returns. Observer: SMMU. */
	order_device_publish(target->pgtable.coherent);
	return target->fence;
}

static void target_prepare(struct shadow_target *target, const struct run *runs, unsigned count)
{
	platform_trace(PLATFORM_TRACE_PREPARE, count, (uintptr_t)target);
	for (unsigned i = 0; i < count; i++)
		pgtable_mark(&smmu_target_of(target)->pgtable, &runs[i]);
}

static void target_prepared(struct shadow_target *base)
{
	struct smmu_target *target = smmu_target_of(base);

	pgtable_settle(&target->pgtable);
	pgtable_clean(&target->pgtable);
	if (!target->spans.count && !target->spans.all)
		return;
	(void)publish_commands(target);
	/* All queues, as if there were one: then nothing of an earlier flush is on its way out where this one cuts. */
	for (unsigned i = 0; i < target_smmus(target); i++) {
		struct shadow_smmu *smmu = &target->smmu[i];

		if (!smmu_is_shut(smmu) && smmu_wait_idle(smmu) != 0)
			(void)smmu_close(smmu);
	}
}

static bool target_compact(struct shadow_target *base, unsigned blocks, uint64_t *fence)
{
	bool more = pgtable_compact(&smmu_target_of(base)->pgtable, blocks);

	*fence = target_publish(base, true);
	return more;
}

/* One after the other, up to @fence. Return: as target_complete(). */
__attribute__((__noinline__)) static int look_at_fences(struct smmu_target *target, unsigned count, uint64_t fence)
{
	uint64_t complete = load_relaxed_u64(&target->fence_complete);

	while (complete < fence) {
		const uint64_t *position = target->position[(complete + 1) % TARGET_FENCES];
		unsigned cpu = target->cpu[(complete + 1) % TARGET_FENCES];
		bool all = true;

		/* Each of them, also behind one that is not there yet: one may be silent, and be shut, beside another. */
		for (unsigned i = 0; i < count; i++) {
			struct cmdq *cmdq = smmu_queue_of(&target->smmu[i], cpu);
			int passed = smmu_passed(&target->smmu[i], cmdq, position[i]);

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

static int target_complete(struct shadow_target *base, uint64_t fence)
{
	struct smmu_target *target = smmu_target_of(base);
	/* One that is attached meanwhile has nothing in a fence of before. */
	unsigned count = target_smmus(target);

	for (unsigned i = 0; i < count; i++)
		if (load_relaxed_u32(&target->smmu[i].isolation_lost))
			return -SHADOW_EIO;
	return fence ? look_at_fences(target, count, fence) : 1;
}

static bool target_landed(struct shadow_target *base, uint64_t fence)
{
	struct smmu_target *target = smmu_target_of(base);
	const uint64_t *position = target->position[fence % TARGET_FENCES];
	unsigned cpu = target->cpu[fence % TARGET_FENCES], count = target_smmus(target);

	if (fence != load_relaxed_u64(&target->fence_complete) + 1)
		return false;
	for (unsigned i = 0; i < count; i++) {
		struct shadow_smmu *smmu = &target->smmu[i];

		if (smmu_is_shut(smmu) || !cmdq_first_look(smmu_queue_of(smmu, cpu), position[i]))
			return false;
	}
	/* [P1] As in target_complete(). */
	store_release_u64(&target->fence_complete, fence);
	return true;
}

static void target_retire(struct shadow_target *target, uint64_t fence)
{
	struct pgtable *pgtable = &smmu_target_of(target)->pgtable;

	pgtable_reclaim(pgtable, fence);
	target->retires = pgtable_has_retired(pgtable);
}

const struct target_ops smmu_target_ops = {
	.reserve = target_reserve,
	.build = target_build,
	.enable = target_enable,
	.prepare = target_prepare,
	.prepared = target_prepared,
	.compact = target_compact,
	.apply = target_apply,
	.keep = target_keep,
	.agrees = target_agrees,
	.release = target_release,
	.rewind = target_rewind,
	.publish = target_publish,
	.complete = target_complete,
	.landed = target_landed,
	.retire = target_retire,
};
