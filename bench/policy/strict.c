/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * strict.c - the baseline: the best that today's Linux does in its strict mode, once a transition.
 *
 * One call unmaps a range, gathers what must be invalidated, and completes it before it returns:
 *   range commands, SYNC, wait; on a nested SMMU then NH_ALL, SYNC, wait. One doorbell for each batch.
 *
 * Choice by choice, the original first:
 *  - Pages only, since its page-table code cannot split a live block; a walk for each leaf table; so here.
 *  - Its gather holds one range; a page that does not adjoin forces a sync of its own. Here the one range
 * grows to the last page of the transition, over pages that had no entry: fewer syncs, never more.
 *  - With range invalidation a range of n pages is cut from its start: SCALE is the number of zeros at the
 *    end of n, NUM its next 5 bits, and again for what is left: at most 4 commands up to 2^20 pages. TTL = 3.
 * So here.
 *  - Without, one command a page, and the whole VMID from 512 pages on, which spares a nested SMMU the
 * NH_ALL. A batch has 64 commands; a full one goes out with a doorbell and no SYNC. So here.
 *  - SMMUs are served one after the other, each waited for before the next is told; so here.
 *  - Completion may be an MSI to memory. Here all three policies poll CONS.
 *  - Its ring is shared by CPUs without a lock, which costs five locked instructions a batch. Here, as in
 * eager and in the engine, the host lock is held, and none is needed.
 *  - A grant writes entries and a barrier, no command; a page whose access widens is invalidated.
 */
#include "bench/policy/baseline.h"

#include "engine/order.h"

#define BATCH_COMMANDS	 64u  /* of one doorbell */
#define PAGES_WHOLE_VMID 512u /* without range invalidation */
#define RANGE_NUM_MAX	 31u  /* what the original puts into one command; NUM could say 32 */

/* The commands since the last doorbell of one SMMU. */
struct batch {
	struct policy *policy;
	struct shadow_smmu *smmu;
	unsigned count;
};

static int batch_add(struct batch *batch, struct smmu_cmd cmd)
{
	if (batch->count == BATCH_COMMANDS) {
		cmdq_publish(&batch->smmu->cmdq);
		batch->count = 0;
	}
	batch->count++;
	return baseline_write(batch->policy, batch->smmu, cmd);
}

static int add_ranges(struct batch *batch, uint64_t start, uint64_t end)
{
	uint64_t left = end - start;

	while (left) {
		unsigned scale = (unsigned)__builtin_ctzll(left);
		uint64_t num = (left >> scale) & RANGE_NUM_MAX;
		int error = batch_add(batch, smmu_cmd_tlbi_s2_range(batch->policy->vmid,
								    (struct smmu_tlbi_range){
									    .ipa = start << SHADOW_PAGE_LG2,
									    .num = (uint8_t)(num - 1),
									    .scale = (uint8_t)scale,
									    .tg = SMMU_CMD_TLBI_TG_4K,
									    .ttl = 3,
									    .leaf = true,
								    }));

		if (error)
			return error;
		start += num << scale;
		left -= num << scale;
	}
	return 0;
}

static int add_pages(struct batch *batch, uint64_t start, uint64_t end)
{
	for (; start < end; start++) {
		int error = batch_add(
			batch, smmu_cmd_tlbi_s2_ipa(batch->policy->vmid, start << SHADOW_PAGE_LG2, true));

		if (error)
			return error;
	}
	return 0;
}

static int invalidate_one(struct policy *policy, struct shadow_smmu *smmu, uint64_t start, uint64_t end)
{
	bool whole_vmid = !smmu->ril && end - start >= PAGES_WHOLE_VMID;
	struct batch batch = { .policy = policy, .smmu = smmu };
	int error;

	if (whole_vmid)
		error = batch_add(&batch, smmu_cmd_tlbi_s12_vmall(policy->vmid));
	else if (smmu->ril)
		error = add_ranges(&batch, start, end);
	else
		error = add_pages(&batch, start, end);
	if (!error)
		error = baseline_sync(policy, smmu);
	if (error || whole_vmid || !smmu->config.nested)
		return error;
	error = baseline_write(policy, smmu, smmu_cmd_tlbi_nh_all(policy->vmid));
	return error ? error : baseline_sync(policy, smmu);
}

/* One range, from the first page to the last. */
struct gather {
	uint64_t start, end;
};

static int gather_span(void *ctx, uint64_t start, uint64_t end)
{
	struct gather *gather = ctx;

	if (start < gather->start)
		gather->start = start;
	gather->end = end;
	return 0;
}

static int strict_transition(struct policy *policy, unsigned cpu, uint64_t number,
			     const struct shadow_transition *transition)
{
	struct gather gather = { .start = UINT64_MAX };
	int error = baseline_change(policy, transition, gather_span, &gather);
	unsigned smmu;

	(void)cpu;
	(void)number;
	if (!gather.end)
		order_device_publish(true); /* [D2] grants */
	for (smmu = 0; gather.end && smmu < policy->smmu_count; smmu++) {
		int failed = invalidate_one(policy, &policy->smmu[smmu], gather.start, gather.end);

		if (failed)
			return failed;
	}
	return error;
}

const struct policy_ops policy_strict = {
	.name = "strict",
	.open = baseline_open,
	.close = baseline_close,
	.transition = strict_transition,
	.flush = baseline_flush,
	.trip_end = baseline_trip_end,
	.queued = baseline_queued,
	.stats = baseline_stats,
	.ste = baseline_ste,
};
