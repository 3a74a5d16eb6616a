/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * bench_cmdq.c - what does a command cost, from its words to the SYNC behind it seen complete, by how many
 * share one?
 *
 * One queue, which threads share as CPUs do: the host lock is held while commands are written and the
 * doorbell is rung; who waits does so without it. The SMMU completes at once. eager: each command has a
 * doorbell, a SYNC with another, and a wait, under the lock; strict: one doorbell for a command and its SYNC.
 * Time is that of one command.
 */
#include <stdlib.h>

#include "bench/benchmarks/harness.h"
#include "bench/benchmarks/hostlock.h"
#include "bench/policy/instant.h"
#include "smmuv3/cmdq.h"
#include "smmuv3/regs.h"

#define RING_LG2    12u
#define RING_BYTES  (UINT64_C(16) << RING_LG2)
#define THREADS_MAX 64u
#define VMID	    5u
#define WAIT_NS	    UINT64_C(1000000000)

enum policy_kind {
	EAGER,
	STRICT,
	BATCHED
};

struct queue {
	struct instant device;
	struct cmdq cmdq;
	_Atomic uint32_t completing;
	struct hostlock lock;
	uint64_t *ring;
	_Atomic uint32_t failed;
};

static struct queue *queue_open(void)
{
	struct queue *queue = aligned_alloc(64, (sizeof(*queue) + 63) / 64 * 64);

	if (!queue)
		return NULL;
	*queue = (struct queue){ .ring = platform_linux_alloc(RING_BYTES, RING_BYTES) };
	if (!queue->ring || instant_add(&queue->device, true, false)) {
		platform_linux_free(queue->ring, RING_BYTES);
		free(queue);
		return NULL;
	}
	hostlock_init(&queue->lock);
	platform_mmio_write32(queue->device.registers + SMMU_CR0, SMMU_CR0_CMDQEN);
	cmdq_init(&queue->cmdq, queue->ring, RING_LG2, queue->device.registers, 0, true, &queue->completing);
	return queue;
}

static void queue_close(struct queue *queue)
{
	instant_remove(&queue->device);
	hostlock_fini(&queue->lock);
	platform_linux_free(queue->ring, RING_BYTES);
	free(queue);
}

static struct smmu_cmd command(uint64_t i)
{
	return smmu_cmd_tlbi_s2_ipa(VMID, i << 12, true);
}

/* Commands, one SYNC, one doorbell; the wait without the lock. */
static int send_batch(struct queue *queue, unsigned count)
{
	struct cmdq *cmdq = &queue->cmdq;
	uint64_t position;
	int error;

	hostlock_take(&queue->lock);
	error = cmdq_wait_room(cmdq, count + 1, WAIT_NS);
	for (unsigned i = 0; !error && i < count; i++)
		cmdq_write(cmdq, command(i));
	position = error ? 0 : cmdq_write_sync(cmdq);
	cmdq_publish(cmdq);
	hostlock_drop(&queue->lock);
	return error ? error : cmdq_wait_passed(cmdq, position, WAIT_NS);
}

/* One after the other, each complete before the next; all of it under the lock. */
static int send_singly(struct queue *queue, unsigned count, bool twice)
{
	struct cmdq *cmdq = &queue->cmdq;
	int error = 0;

	hostlock_take(&queue->lock);
	for (unsigned i = 0; !error && i < count; i++) {
		uint64_t position;

		error = cmdq_wait_room(cmdq, 2, WAIT_NS);
		if (error)
			break;
		cmdq_write(cmdq, command(i));
		if (twice)
			cmdq_publish(cmdq);
		position = cmdq_write_sync(cmdq);
		cmdq_publish(cmdq);
		error = cmdq_wait_passed(cmdq, position, WAIT_NS);
	}
	hostlock_drop(&queue->lock);
	return error;
}

__attribute__((noinline)) static int cmdq_timed(struct queue *queue, unsigned count, enum policy_kind kind)
{
	return kind == BATCHED ? send_batch(queue, count) : send_singly(queue, count, kind == EAGER);
}

static void finish(struct bench *bench, struct queue *queue)
{
	const struct cmdq_stats *stats = &queue->cmdq.stats;

	if (queue->failed) {
		bench_fail(bench, "the command queue failed");
	} else {
		bench_counter(bench, "syncs_per_command", (double)stats->syncs / (double)stats->tlbi);
		bench_counter(bench, "doorbells_per_command", (double)stats->doorbells / (double)stats->tlbi);
	}
	queue_close(queue);
}

static void send(struct bench *bench)
{
	const enum policy_kind *kind = bench_context(bench);
	unsigned count = (unsigned)bench_argument(bench);
	int error = 0;

	if (!bench_thread(bench)) {
		struct queue *opened = queue_open();

		if (!opened) {
			bench_skip(bench, "the queue could not be set up");
			return;
		}
		bench_share(bench, opened);
	}
	while (bench_next_batch(bench, count)) {
		struct queue *queue = bench_shared(bench);

		if (!error)
			error = cmdq_timed(queue, count, *kind);
		if (error)
			queue->failed = 1;
	}
	if (!bench_thread(bench))
		finish(bench, bench_shared(bench));
}

void bench_cmdq_register(void)
{
	static const int64_t commands[] = { 1, 2, 4, 8, 16, 32, 64 };
	static const struct {
		const char *name;
		enum policy_kind kind;
	} policies[] = {
		{ "cmdq/tlbi/eager", EAGER },
		{ "cmdq/tlbi/strict", STRICT },
		{ "cmdq/tlbi/batched", BATCHED },
	};

	for (unsigned i = 0; i < sizeof(policies) / sizeof(policies[0]); i++) {
		const struct bench_entry entry = {
			.name = policies[i].name,
			.run = send,
			.axis = { { .name = "commands", .values = commands, .count = 7 } },
			.context = &policies[i].kind,
			.threads_max = THREADS_MAX,
		};

		bench_add(&entry);
	}
}
