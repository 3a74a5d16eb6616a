/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * list.c - the command list of a publish for one SMMU.
 *
 * Sits between target.c and tlbi_plan.c, and writes into cmdq.c. A list is one to three runs, each of commands of one
 * kind and the SYNC that completes them; no command starts before the SYNC ahead of it is complete:
 *   stage 2 only:  S2 ..., SYNC
 *   nested:        S2 ..., SYNC, NH_ALL, SYNC    a combined entry may hold what S2 drops
 *   or, where that costs less, S12_VMALL, SYNC   which is both stages at once
 *   with ATS, behind that: ATC_INV ..., SYNC, SYNC   a device could ask again while the SMMU still has an answer; the
 *                                second SYNC is for a device that does not confirm, see cmdq.c
 * Errata cut runs shorter, and have each run written twice.
 * Owns: the last SYNC is complete only when everything in the list is.
 * Spec: IHI 0070, CMD_SYNC; CMD_TLBI_S2_IPA; CMD_TLBI_NH_ALL.
 */
#include "smmuv3/list.h"

#include "smmuv3/ats.h"
#include "smmuv3/errata.h"

/* A run that is being written. */
struct list {
	struct shadow_smmu *smmu;
	struct cmdq *cmdq;	       /* one of its queues */
	uint64_t start;		       /* position of its first command */
	uint64_t run_max;	       /* commands in a run, its SYNC not counted */
	bool twice;
};

/* Slots that a SYNC behind the run takes; its second writing waits for room itself. */
#define LIST_SYNC_SLOTS 1u

static struct list list_begin(struct shadow_smmu *smmu, struct cmdq *cmdq)
{
	uint64_t entries = UINT64_C(1) << cmdq->entries_lg2;
	struct list list = { .smmu = smmu,
			     .cmdq = cmdq,
			     .start = cmdq->written,
			     .run_max = UINT64_MAX,
			     .twice = smmu_has_erratum(smmu, SHADOW_ERRATUM_REPEAT) };

	if (smmu_has_erratum(smmu, SHADOW_ERRATUM_SYNC_OFTEN))
		list.run_max = ERRATA_RUN_MAX;
	/* The second time, a run is copied from the slots that it had the first time: both fit into the ring. */
	if (list.twice && list.run_max > entries / 2 - 1)
		list.run_max = entries / 2 - 1;
	return list;
}

/* Wait until @needed slots are free, after ringing once more for what is already written. */
static __attribute__((__noinline__)) int list_make_room(const struct list *list, uint64_t needed)
{
	struct shadow_smmu *smmu = list->smmu;
	struct cmdq *cmdq = list->cmdq;

	smmu->doorbells_extra += cmdq->written != load_relaxed_u64(&cmdq->published);
	cmdq_publish(cmdq);
	return cmdq_wait_room(cmdq, needed, smmu->config.wait_ns);
}

static inline int list_room(const struct list *list, uint64_t needed)
{
	return cmdq_room(list->cmdq) >= needed ? 0 : list_make_room(list, needed);
}

/* Write the commands of a run and their SYNC again, from what is still in the ring. */
static int list_repeat(const struct list *list, uint64_t end)
{
	struct cmdq *cmdq = list->cmdq;

	for (uint64_t at = list->start; at <= end; at++) {
		int error = list_room(list, 1);

		if (error)
			return error;
		/* Each SYNC says its own position. */
		if (at == end)
			cmdq_write_sync(cmdq);
		else
			cmdq_write(cmdq, cmdq_read(cmdq, at));
	}
	return 0;
}

/* End the run. @position: of its SYNC, the second one if there are two. */
static int list_sync(struct list *list, uint64_t *position)
{
	struct cmdq *cmdq = list->cmdq;
	int error = list_room(list, LIST_SYNC_SLOTS);

	if (error)
		return error;
	*position = cmdq_write_sync(cmdq);
	if (list->twice && *position > list->start)
		error = list_repeat(list, *position);
	*position = cmdq->written - 1;
	list->start = cmdq->written;
	return error;
}

/* How many more commands the run may have. */
static uint64_t list_run_left(const struct list *list)
{
	return list->run_max - (list->cmdq->written - list->start);
}

/* One more command of the run, which ends if it would be too long. */
static int list_add(struct list *list, struct smmu_cmd cmd)
{
	uint64_t position;
	int error = list_run_left(list) == 0 ? list_sync(list, &position) : 0;

	if (!error)
		error = list_room(list, 1 + LIST_SYNC_SLOTS);
	if (!error)
		cmdq_write(list->cmdq, cmd);
	return error;
}

/* Single pages, as far as the plan, the ring and the run let them. */
static void list_add_pages(const struct list *list, struct tlbi_plan *plan)
{
	struct cmdq *cmdq = list->cmdq;
	uint64_t room = cmdq_room(cmdq), left = list_run_left(list);

	if (room <= LIST_SYNC_SLOTS)
		return;
	room = cmdq_slots(cmdq, room - LIST_SYNC_SLOTS);
	cmdq_wrote_tlbi(cmdq, tlbi_plan_pages(plan, cmdq_slot(cmdq), room < left ? room : left));
}

static struct tlbi_format list_format(const struct smmu_target *target, const struct shadow_smmu *smmu)
{
	return (struct tlbi_format){ .ril = smmu->ril,
				     .nested = smmu->config.nested,
				     .granule_lg2 = target->pgtable.format.granule_lg2,
				     .ia_bits = target->pgtable.format.ia_bits,
				     .vmid = target->config.vmid,
				     .cost = smmu->config.cost };
}

void list_init(const struct smmu_target *target, struct shadow_smmu *smmu)
{
	const struct tlbi_format format = list_format(target, smmu);

	smmu->page = tlbi_page_command(&format);
	smmu->stage1 = smmu_cmd_tlbi_nh_all(target->config.vmid);
	smmu->lone = smmu->config.nested ? LIST_LONE_NESTED : LIST_LONE;
	/* No run that is written twice, and not the whole VMID in its place. */
	if (smmu_has_erratum(smmu, SHADOW_ERRATUM_REPEAT) || !tlbi_page_is_cheapest(&format))
		smmu->lone = 0;
}

/* Invalidate all spans, or the whole VMID. */
static int list_add_spans(struct list *list, struct smmu_target *target)
{
	const struct tlbi_format format = list_format(target, list->smmu);
	struct smmu_cmd cmd;
	int error = 0;

	target->plan.whole_vmid = false;
	if (tlbi_lone_page(&target->spans, &format, &cmd))
		return list_add(list, cmd);
	tlbi_plan_init(&target->plan, &target->spans, &format);
	do {
		list_add_pages(list, &target->plan);
		if (!tlbi_plan_left(&target->plan) || !tlbi_plan_next(&target->plan, &cmd))
			break;
		error = list_add(list, cmd);
	} while (!error);
	return error;
}

/* What the device of @sid keeps of all spans. By addresses of stage 2, where those are what it asked for. */
static int list_add_atc(struct list *list, const struct smmu_target *target, uint32_t sid)
{
	const struct tlbi_spans *spans = &target->spans;
	unsigned granule_lg2 = target->pgtable.format.granule_lg2;
	struct ats_piece piece[2];
	int error = 0;

	if (list->smmu->config.nested || spans->all || spans->count > ATS_SPANS_MAX)
		return list_add(list, smmu_cmd_atc_inv(sid, 0, SMMU_CMD_ATC_SIZE_ALL));
	for (unsigned i = 0; i < spans->count; i++) {
		unsigned count = ats_pieces(spans->span[i].start << granule_lg2, spans->span[i].end << granule_lg2,
					    piece);

		for (unsigned j = 0; j < count && !error; j++)
			error = list_add(list, smmu_cmd_atc_inv(sid, piece[j].address, piece[j].size_lg2));
	}
	return error;
}

/* What devices keep. Those that are shut out already would not confirm. */
static int list_add_ats(struct list *list, const struct smmu_target *target, uint64_t *position)
{
	struct shadow_smmu *smmu = list->smmu;
	/* [P1] Pairs with ats_lost(). Observer: CPU. */
	uint32_t first = load_acquire_u32(&smmu->ats_aborted), end = load_relaxed_u32(&smmu->ats_count);
	int error = 0;

	if (first == end)
		return 0;
	/* What is said to devices is not lost by errata of the SMMU. */
	list->twice = false;
	for (uint32_t i = first; i < end && !error; i++)
		error = list_add_atc(list, target, smmu->ats_sid[i]);
	/* Both at once: whoever sees the first fail finds the second behind it. */
	if (!error)
		error = list_room(list, 2);
	if (error)
		return error;
	cmdq_write_sync(list->cmdq);
	*position = cmdq_write_sync(list->cmdq);
	return 0;
}

static int list_add_stage1(struct list *list, const struct smmu_target *target, uint64_t *position)
{
	int error = list_add(list, smmu_cmd_tlbi_nh_all(target->config.vmid));

	return error ? error : list_sync(list, position);
}

int list_write(struct smmu_target *target, struct shadow_smmu *smmu, unsigned cpu, uint64_t *position)
{
	struct list list = list_begin(smmu, smmu_queue_of(smmu, cpu));
	int error = list_add_spans(&list, target);

	if (!error)
		error = list_sync(&list, position);
	if (!error && smmu->config.nested && !target->plan.whole_vmid)
		error = list_add_stage1(&list, target, position);
	return error ? error : list_add_ats(&list, target, position);
}
