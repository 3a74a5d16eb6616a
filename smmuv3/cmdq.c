/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * cmdq.c - command queue: doorbell, completion, repair of refused commands.
 *
 * Sits under target.c, smmu.c and stream.c; cmdq.h has the inline part that writes commands.
 * Owns: no command is published before all its words are visible; an invalidation that the SMMU refuses is
 * performed by a wider one before any SYNC behind it completes; CONS that cannot be completes nothing.
 * An SMMU that was reset, or whose queue somebody stopped, has CONS stand still or start again: while it stands
 * still CR0ACK says so, and an index of 0 counts only with CR0ACK beside it. Every other value that is too far
 * ahead, or has bits that CONS has not, is no position. An enhanced queue says in CONS itself whether it is on, and
 * that it has met an error; GERROR.CMDQP_ERR, the sum of these, is acknowledged and otherwise not needed. But its
 * switch is in the doorbell register: after a reset it may run again, from anywhere, so each advance, by CONS or by
 * an MSI, counts only with CR0ACK beside it, which nothing but a bring-up sets again.
 * Writers hold the host lock, pollers the completion lock; waiting is done outside of the latter. Does not decide
 * what to invalidate (tlbi.c), nor what a failed queue means for the SMMU (smmu_close()).
 * Spec: IHI 0070, Command queue; Circular queues; Command errors; Enhanced Command queue interfaces; SMMU_GERROR;
 * SMMU_CR0ACK.
 */
#include "smmuv3/cmdq.h"

#include <shadow/error.h>
#include <shadow/platform.h>
#include <shadow/smmu.h>

#include "engine/trace.h"
#include "smmuv3/regs.h"

void cmdq_init(struct cmdq *cmdq, uint64_t *ring, unsigned entries_lg2, uintptr_t registers, unsigned number,
	       bool coherent, _Atomic uint32_t *completing)
{
	shadow_assert(entries_lg2 <= SMMU_QUEUE_LG2_MAX);
	*cmdq = (struct cmdq){
		.ring = ring,
		.prod_reg = registers + SMMU_CMDQ_PROD,
		.cons_reg = registers + SMMU_CMDQ_CONS,
		.gerror_reg = registers + SMMU_GERROR,
		.gerrorn_reg = registers + SMMU_GERRORN,
		.cr0_reg = registers + SMMU_CR0,
		.cr0ack_reg = registers + SMMU_CR0ACK,
		.entries_lg2 = entries_lg2,
		.number = number,
		.sync = smmu_cmd_sync(),
		.cons_res0 = (uint32_t)SMMU_CMDQ_CONS_RES0,
		.cons_moved = (UINT32_C(2) << entries_lg2) - 1,
		.coherent = coherent,
		.completing = completing,
	};
}

void cmdq_enhance(struct cmdq *cmdq, uintptr_t registers)
{
	cmdq->enhanced = true;
	cmdq->prod_reg = registers + SMMU_ECMDQ_PROD;
	cmdq->cons_reg = registers + SMMU_ECMDQ_CONS;
	cmdq->cons_res0 = (uint32_t)SMMU_ECMDQ_CONS_RES0;
	cmdq->cons_moved = 0;
	cmdq->written = 1; /* the first epoch begins at the next multiple of twice the ring */
}

void cmdq_set_sync(struct cmdq *cmdq, struct smmu_cmd sync, const _Atomic uint32_t *word)
{
	shadow_assert(!word || cmdq->coherent);
	cmdq->sync = sync;
	cmdq->word = word;
	cmdq->sync_data = word ? SMMU_CMD_SYNC_W0_MSIDATA : 0;
}

/* The slots of positions start .. end, which may go round the end of the ring. */
static void cmdq_clean(const struct cmdq *cmdq, uint64_t start, uint64_t end)
{
	uint64_t entries = UINT64_C(1) << cmdq->entries_lg2;
	uint64_t first = start & (entries - 1);
	uint64_t to_end = entries - first, count = end - start;

	if (count > to_end) {
		order_clean(cmdq->ring, (count - to_end) * sizeof(struct smmu_cmd));
		count = to_end;
	}
	order_clean(&cmdq->ring[2 * first], count * sizeof(struct smmu_cmd));
}

/* PROD and CONS count slots modulo twice the ring: the upper half is the wrap bit. */
static uint32_t cmdq_index_mask(const struct cmdq *cmdq)
{
	return (UINT32_C(2) << cmdq->entries_lg2) - 1;
}

/* Two write PROD of an enhanced queue: who publishes, and who acknowledges an error. Neither may undo the other, and
 * only the first one waits for the second. */
static void cmdq_write_prod(struct cmdq *cmdq)
{
	uint32_t published = (uint32_t)load_relaxed_u64(&cmdq->published) & cmdq_index_mask(cmdq);

	platform_mmio_write32(cmdq->prod_reg, cmdq->prod_flags | published);
}

/* The same steps as below, one writer of PROD at a time. */
static __attribute__((__noinline__)) void cmdq_publish_enhanced(struct cmdq *cmdq)
{
	while (!order_try_lock(&cmdq->prod_lock))
		platform_relax();
	store_release_u64(&cmdq->published, cmdq->written);
	order_device_publish(cmdq->coherent);
	cmdq_write_prod(cmdq);
	order_unlock(&cmdq->prod_lock);
}

void cmdq_publish(struct cmdq *cmdq)
{
	uint64_t published = load_relaxed_u64(&cmdq->published);

	if (cmdq->written == published)
		return;

	/* [D1] Descriptors and commands before PROD. Pairs with the fetch that the doorbell triggers.
	 * Observer: SMMU. */
	if (!cmdq->coherent)
		cmdq_clean(cmdq, published, cmdq->written);
	cmdq->stats.doorbells++;
	platform_trace(PLATFORM_TRACE_DOORBELL, cmdq->number, cmdq->written);
	if (cmdq->enhanced) {
		cmdq_publish_enhanced(cmdq);
		return;
	}
	/* Visible before PROD is written, or who reads CONS could find it beyond what was published. */
	store_release_u64(&cmdq->published, cmdq->written);
	order_device_publish(cmdq->coherent);
	platform_mmio_write32(cmdq->prod_reg, (uint32_t)cmdq->written & cmdq_index_mask(cmdq));
}

void cmdq_begin_epoch(struct cmdq *cmdq)
{
	uint64_t wrap = UINT64_C(2) << cmdq->entries_lg2;

	cmdq->written = (cmdq->written + wrap - 1) & ~(wrap - 1);
	/* Errors so far are acknowledged, and both registers keep their parity unless they were reset. */
	cmdq->gerrorn = platform_mmio_read32(cmdq->gerrorn_reg);
	cmdq->still = false;
	cmdq->prod_flags = cmdq->enhanced ? (uint32_t)SMMU_ECMDQ_PROD_EN : 0;
	cmdq->repaired_at = cmdq->shut_out_at = 0;
	store_relaxed_u64(&cmdq->published, cmdq->written);
	store_relaxed_u64(&cmdq->consumed, cmdq->written);
	store_release_u32(&cmdq->failed, SHADOW_SMMU_SOUND);
}

static int cmdq_fail(struct cmdq *cmdq, enum shadow_smmu_failure failure)
{
	store_release_u32(&cmdq->failed, failure);
	return -SHADOW_EIO;
}

/* Is the queue on? @cons: as just read. Where CR0 itself is lost, everything is. */
static int cmdq_check_enabled(struct cmdq *cmdq, uint32_t cons)
{
	if ((!cmdq->enhanced || cons & SMMU_ECMDQ_CONS_ENACK) &&
	    platform_mmio_read32(cmdq->cr0ack_reg) & SMMU_CR0_CMDQEN)
		return 0;
	return cmdq_fail(cmdq, platform_mmio_read32(cmdq->cr0_reg) ? SHADOW_SMMU_STOPPED : SHADOW_SMMU_RESET);
}

/* Take in a value of CONS. Return: 0, or -SHADOW_EIO if it is beyond what was published, or of a queue that is off. Inlined
 * for each, since it is what a look costs. */
__attribute__((__always_inline__)) static inline int cmdq_advance(struct cmdq *cmdq, uint32_t cons)
{
	uint64_t consumed = load_relaxed_u64(&cmdq->consumed);
	uint32_t passed = (cons - (uint32_t)consumed) & cmdq_index_mask(cmdq);

	/* [C1] CONS read before what it completes, and before what had been published when it was. Pairs with the
	 * SMMU's write of CONS after the SYNC. Observer: SMMU. */
	order_device_seen();
	if (passed > load_acquire_u64(&cmdq->published) - consumed || cons & cmdq->cons_res0)
		return cmdq_check_enabled(cmdq, cons) ? -SHADOW_EIO : cmdq_fail(cmdq, SHADOW_SMMU_CONS);
	if (!passed)
		return 0;
	/* An index of 0 is what a reset leaves; and a doorbell turns an enhanced queue on again, wherever that is then.
	 * CR0ACK is read later than CONS, so it shows a reset before it. */
	if (!(cons & cmdq->cons_moved) && cmdq_check_enabled(cmdq, cons) != 0)
		return -SHADOW_EIO;
	platform_trace(PLATFORM_TRACE_SYNC_SEEN, cmdq->number, consumed + passed);
	/* [P1] The SMMU is done before anyone is told so. Pairs with cmdq_consumed(). Observer: CPU. */
	store_release_u64(&cmdq->consumed, consumed + passed);
	return 0;
}

/* Take in what the newest MSI says, which is never ahead of CONS. What cannot be was there before: then CONS decides.
 * Nothing in an epoch's beginning makes an old word new: positions only rise. Return: is it news? If not, the queue may have
 * failed. */
static bool cmdq_read_word(struct cmdq *cmdq)
{
	uint64_t consumed = load_relaxed_u64(&cmdq->consumed);
	uint32_t passed = load_acquire_u32(cmdq->word) - (uint32_t)consumed;

	if (!passed)
		return false;
	/* [C1] The word read before what it completes. Pairs with the SMMU's write of it after the SYNC. Observer: SMMU. */
	order_device_seen();
	if (passed > load_acquire_u64(&cmdq->published) - consumed)
		return false;
	/* A doorbell after a reset may have had it written as well. */
	if (cmdq->enhanced && cmdq_check_enabled(cmdq, SMMU_ECMDQ_CONS_ENACK) != 0)
		return false;
	platform_trace(PLATFORM_TRACE_SYNC_SEEN, cmdq->number, consumed + passed);
	/* [P1] As in cmdq_advance(). */
	store_release_u64(&cmdq->consumed, consumed + passed);
	return true;
}

/* What to do instead of a refused command: one that covers it and needs no feature. False: unknown. */
static bool cmdq_cover(struct smmu_cmd refused, struct smmu_cmd *cover)
{
	/* A SYNC never stands in for a TLBI: another SYNC may be behind it, and would complete. */
	if (smmu_cmd_is_tlbi(refused))
		*cover = smmu_cmd_tlbi_nsnh_all();
	else if (smmu_cmd_is_cfgi(refused))
		*cover = smmu_cmd_cfgi_all();
	else if (smmu_cmd_is_sync(refused))
		*cover = smmu_cmd_sync();
	else
		return false;
	return true;
}

/* What an error that cannot be repaired is called. */
static enum shadow_smmu_failure cmdq_failure(uint32_t error)
{
	switch (error) {
	case SMMU_CMDQ_CONS_ERR_ABT:
		return SHADOW_SMMU_FETCH;
	case SMMU_CMDQ_CONS_ERR_ATC_INV_SYNC:
		return SHADOW_SMMU_ATC;
	default:
		return SHADOW_SMMU_COMMAND;
	}
}

/* A SYNC says that devices did not confirm ATC_INVs, and will be tried again. Which ones is not known: all are shut out,
 * and its slot has the SMMU forget their entries; the SYNC behind it, with which every such list ends, completes that.
 * Return: false if that is not what stands there. */
static bool cmdq_shut_out(struct cmdq *cmdq, uint64_t stopped, struct smmu_cmd *cover)
{
	/* This is the one behind it: some device was later than the first. */
	if (stopped != 0 && cmdq->shut_out_at == stopped) {
		*cover = smmu_cmd_sync();
		return true;
	}
	if (!cmdq->atc_lost || cmdq->no_mixing || load_acquire_u64(&cmdq->published) < stopped + 2 ||
	    !smmu_cmd_is_sync(cmdq_read(cmdq, stopped)) || !smmu_cmd_is_sync(cmdq_read(cmdq, stopped + 1)))
		return false;
	cmdq->atc_lost(cmdq);
	cmdq->shut_out_at = stopped + 1;
	cmdq->repaired++;
	*cover = smmu_cmd_cfgi_all();
	return true;
}

/* Cover a refused command. Return: false if there is no cover, or if that was refused: there is nothing wider to say. */
static bool cmdq_refused(struct cmdq *cmdq, uint64_t stopped, struct smmu_cmd *cover)
{
	if (cmdq->no_mixing || cmdq->repaired_at == stopped + 1 || !cmdq_cover(cmdq_read(cmdq, stopped), cover))
		return false;
	cmdq->repaired_at = stopped + 1;
	cmdq->repaired++;
	return true;
}

/* The cover is in its slot: let the SMMU fetch that again. @active: bits in which GERROR and GERRORN differ. */
static void cmdq_acknowledge(struct cmdq *cmdq, uint32_t active)
{
	if (cmdq->enhanced) {
		cmdq->prod_flags ^= (uint32_t)SMMU_ECMDQ_PROD_ERRACK;
		cmdq_write_prod(cmdq);
	}
	active &= (uint32_t)(cmdq->enhanced ? SMMU_GERROR_CMDQP_ERR : SMMU_GERROR_CMDQ_ERR);
	if (!active)
		return;
	cmdq->gerrorn ^= active;
	platform_mmio_write32(cmdq->gerrorn_reg, cmdq->gerrorn);
}

/* Put a cover where the SMMU has stopped. Return: false if there is none. */
static bool cmdq_cover_stopped(struct cmdq *cmdq, uint32_t error, uint32_t active)
{
	uint64_t mask = (UINT64_C(1) << cmdq->entries_lg2) - 1, stopped = load_relaxed_u64(&cmdq->consumed);
	struct smmu_cmd cover;
	bool covered = false;
	uint64_t *slot;

	if (stopped != load_acquire_u64(&cmdq->published)) {
		if (error == SMMU_CMDQ_CONS_ERR_ILL)
			covered = cmdq_refused(cmdq, stopped, &cover);
		else if (error == SMMU_CMDQ_CONS_ERR_ATC_INV_SYNC)
			covered = cmdq_shut_out(cmdq, stopped, &cover);
	}
	if (!covered)
		return false;

	slot = &cmdq->ring[2 * (stopped & mask)];
	order_store_device(&slot[0], cover.word[0]);
	order_store_device(&slot[1], cover.word[1]);

	/* [D1] Cover before the acknowledgement, which lets the SMMU fetch the slot again. */
	if (!cmdq->coherent)
		cmdq_clean(cmdq, stopped, stopped + 1);
	order_device_publish(cmdq->coherent);
	cmdq_acknowledge(cmdq, active);
	return true;
}

/* The SMMU has stopped at an error: repair it, or fail. @cons: read while it was active, which is when it stands still
 * and says what the error is. @active: bits in which GERROR and GERRORN differ. */
static int cmdq_repair(struct cmdq *cmdq, uint32_t cons, uint32_t active)
{
	uint32_t error = (uint32_t)(cmdq->enhanced ? field_get(SMMU_ECMDQ_CONS_REASON, cons) :
						     field_get(SMMU_CMDQ_CONS_ERR, cons));
	bool covered;

	if (cmdq_advance(cmdq, cons) != 0)
		return -SHADOW_EIO;
	/* Who publishes may be the very one that this interrupts: it is never waited for, the next look finds the same. */
	if (cmdq->enhanced && !order_try_lock(&cmdq->prod_lock))
		return 0;
	covered = cmdq_cover_stopped(cmdq, error, active);
	if (cmdq->enhanced)
		order_unlock(&cmdq->prod_lock);
	if (!covered)
		return cmdq_fail(cmdq, cmdq_failure(error));
	trace_report(PLATFORM_REPORT_COMMAND_ERROR, cmdq->number, error);
	return 0;
}

bool cmdq_is_stopped(const struct cmdq *cmdq)
{
	return cmdq->enhanced && (platform_mmio_read32(cmdq->cons_reg) ^ cmdq->prod_flags) & SMMU_ECMDQ_CONS_ERR;
}

/* CONS stands still, as it was just read: is anything wrong? */
static int cmdq_inquire(struct cmdq *cmdq, uint32_t cons)
{
	bool failed = cmdq->enhanced && (cons ^ cmdq->prod_flags) & SMMU_ECMDQ_CONS_ERR;
	uint32_t gerror, active;

	if (cmdq_check_enabled(cmdq, cons) != 0)
		return -SHADOW_EIO;
	gerror = platform_mmio_read32(cmdq->gerror_reg);
	if (gerror == cmdq->gerrorn && !failed)
		return 0;
	cmdq->gerrorn = platform_mmio_read32(cmdq->gerrorn_reg);
	active = gerror ^ cmdq->gerrorn;
	if (active & SMMU_GERROR_SFM_ERR)
		return cmdq_fail(cmdq, SHADOW_SMMU_SERVICE);
	if (failed)
		return cmdq_repair(cmdq, cons, active);
	if (cmdq->enhanced || !(active & SMMU_GERROR_CMDQ_ERR))
		return 0;
	/* Only now, with the error seen, does CONS stand still and does its ERR field mean anything. */
	order_device_seen();
	return cmdq_repair(cmdq, platform_mmio_read32(cmdq->cons_reg), active);
}

int cmdq_poll(struct cmdq *cmdq)
{
	uint64_t consumed_before = load_relaxed_u64(&cmdq->consumed);
	uint32_t cons;

	if (load_relaxed_u32(&cmdq->failed))
		return -SHADOW_EIO;
	/* Of SMMU_CMDQ_CONS only the index counts here: ERR is stale unless an error is active. */
	cons = platform_mmio_read32(cmdq->cons_reg);
	if (cmdq_advance(cmdq, cons) != 0)
		return -SHADOW_EIO;
	if (load_relaxed_u64(&cmdq->consumed) != consumed_before)
		return 0;
	return cmdq_inquire(cmdq, cons);
}

int cmdq_glance_word(struct cmdq *cmdq)
{
	if (load_relaxed_u32(&cmdq->failed))
		return -SHADOW_EIO;
	if (cmdq_read_word(cmdq)) {
		cmdq->glances = 0;
		return 0;
	}
	if (load_relaxed_u32(&cmdq->failed))
		return -SHADOW_EIO;
	return ++cmdq->glances % CMDQ_GLANCES ? 0 : cmdq_poll(cmdq);
}

bool cmdq_first_look(struct cmdq *cmdq, uint64_t position)
{
	if (load_relaxed_u32(&cmdq->failed))
		return false;
	if (cmdq->word) {
		if (!cmdq_read_word(cmdq))
			return false;
		cmdq->glances = 0;
	} else if (cmdq_advance(cmdq, platform_mmio_read32(cmdq->cons_reg)) != 0) {
		return false;
	}
	if (!cmdq_passed(cmdq, position))
		return false;
	cmdq->still = false;
	return true;
}

/* One look, unless someone else is looking. Return: 0, or -SHADOW_EIO once the queue has failed. */
static int cmdq_look(struct cmdq *cmdq)
{
	int error;

	if (!order_try_lock(cmdq->completing))
		return load_acquire_u32(&cmdq->failed) ? -SHADOW_EIO : 0;
	error = cmdq_poll(cmdq);
	order_unlock(cmdq->completing);
	return error;
}

/* Poll until everything before @position is consumed. Slow is not silent: the time counts from when CONS moved last. The
 * clock is read before CONS, so that a caller who was held up between the two does not take a finished queue for a late
 * one. */
static int cmdq_wait_consumed(struct cmdq *cmdq, uint64_t position, uint64_t wait_ns)
{
	uint64_t start_ns, consumed;
	int error;

	if (load_acquire_u32(&cmdq->failed))
		return -SHADOW_EIO;
	consumed = cmdq_consumed(cmdq);
	if (consumed >= position)
		return 0;

	start_ns = platform_time_ns();
	for (;;) {
		uint64_t now_ns = platform_time_ns(), before = consumed;

		error = cmdq_look(cmdq);
		if (error != 0)
			return error;
		consumed = cmdq_consumed(cmdq);
		if (consumed >= position)
			return 0;
		if (consumed != before)
			start_ns = now_ns;
		else if (now_ns - start_ns >= wait_ns)
			return -SHADOW_ETIMEDOUT;
		platform_relax();
	}
}

int cmdq_wait_room(struct cmdq *cmdq, uint64_t slots, uint64_t wait_ns)
{
	uint64_t entries = UINT64_C(1) << cmdq->entries_lg2;
	uint64_t position = 0;

	shadow_assert(slots <= entries);
	if (cmdq->written + slots > entries)
		position = cmdq->written + slots - entries;
	if (position > load_relaxed_u64(&cmdq->published))
		cmdq_publish(cmdq);
	return cmdq_wait_consumed(cmdq, position, wait_ns);
}

int cmdq_wait_passed(struct cmdq *cmdq, uint64_t position, uint64_t wait_ns)
{
	shadow_assert(position < load_relaxed_u64(&cmdq->published));
	return cmdq_wait_consumed(cmdq, position + 1, wait_ns);
}

int cmdq_wait_idle(struct cmdq *cmdq, uint64_t wait_ns)
{
	return cmdq_wait_consumed(cmdq, load_relaxed_u64(&cmdq->published), wait_ns);
}
