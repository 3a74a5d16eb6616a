/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * eager.c - the baseline: what the posted pKVM patch and its SMMUv3 driver do at each transition.
 *
 * The hypervisor's hook calls the driver at each page-state change; the driver edits the shared stage-2
 * table, and for each page that it unmapped tells each SMMU, one after the other, and waits: S2_IPA, SYNC,
 * wait; on a nested SMMU then NH_ALL, SYNC, wait. One doorbell for each command.
 *
 * Choice by choice, the original first:
 *  - Memory is mapped in 4 KiB pages, because its page-table code cannot split a live block; so here.
 *  - A range is walked once for each leaf table and its entries are cleared in one pass, then the driver is
 *    called back for each page; so here. Nothing is merged, whatever the length of the range.
 *  - With range invalidation it says one page as a range of one with TTL = 3, otherwise as TG = 0; so here.
 *  - It always follows with NH_ALL. Here only where a stream has a stage 1: on the others that command has
 *    nothing to find, and where an SMMU has no stage 1 at all it would be an error.
 *  - It looks at CONS for room before each command, and reads a clock in each wait. Here room is known from
 *    the last wait, and the clock is read only if the device is not done at the first look: faster, and no
 *    less safe.
 *  - A grant writes entries and a barrier, no command. Over a live entry the original refuses; here a page
 *    whose access widens is invalidated like a revoke, since the traces have such pages.
 *  - Empty tables are never freed. MMIO is in the largest blocks and is never unmapped.
 */
#include "bench/policy/baseline.h"

#include "engine/order.h"

static struct smmu_cmd page_command(const struct shadow_smmu *smmu, uint16_t vmid, uint64_t page)
{
	uint64_t ipa = page << SHADOW_PAGE_LG2;

	if (!smmu->ril)
		return smmu_cmd_tlbi_s2_ipa(vmid, ipa, true);
	return smmu_cmd_tlbi_s2_range(
		vmid,
		(struct smmu_tlbi_range){ .ipa = ipa, .tg = SMMU_CMD_TLBI_TG_4K, .ttl = 3, .leaf = true });
}

/* One command with its own doorbell, one SYNC with its own, one wait. */
static int send(struct policy *policy, struct shadow_smmu *smmu, struct smmu_cmd cmd)
{
	int error = baseline_write(policy, smmu, cmd);

	if (error)
		return error;
	cmdq_publish(&smmu->cmdq);
	return baseline_sync(policy, smmu);
}

static int invalidate_page(struct policy *policy, uint64_t page)
{
	unsigned number;
	int error;

	for (number = 0; number < policy->smmu_count; number++) {
		struct shadow_smmu *smmu = &policy->smmu[number];

		error = send(policy, smmu, page_command(smmu, policy->vmid, page));
		if (!error && smmu->config.nested)
			error = send(policy, smmu, smmu_cmd_tlbi_nh_all(policy->vmid));
		if (error)
			return error;
	}
	return 0;
}

static int invalidate_span(void *ctx, uint64_t start, uint64_t end)
{
	int error = 0;

	for (; start < end && !error; start++)
		error = invalidate_page(ctx, start);
	return error;
}

static int eager_transition(struct policy *policy, unsigned cpu, uint64_t number,
			    const struct shadow_transition *transition)
{
	int error = baseline_change(policy, transition, invalidate_span, policy);

	(void)cpu;
	(void)number;
	order_device_publish(true); /* [D2] grants */
	return error;
}

const struct policy_ops policy_eager = {
	.name = "eager",
	.open = baseline_open,
	.close = baseline_close,
	.transition = eager_transition,
	.flush = baseline_flush,
	.trip_end = baseline_trip_end,
	.queued = baseline_queued,
	.stats = baseline_stats,
	.ste = baseline_ste,
};
