/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * case_cost.c - instructions for each page that the host loses: eager, strict, and this library in batches.
 *
 * Under -icount shift=0 an instruction takes 1 ns of virtual time, and devices none: QEMU's SMMU is done when
 * its doorbell returns. So this counts the CPU's instructions, reserve, queue, flush and one look at CONS
 * included, and says nothing about the time that a SYNC takes. The counter's ticks are 16 instructions,
 * thousands of pages are counted together.
 */
#include "bench/policy/policy.h"
#include "tests/qemu/cases.h"
#include "tests/qemu/console.h"
#include "tests/qemu/libc/stdlib.h"
#include "tests/qemu/lock.h"
#include "tests/qemu/rig.h"
#include "tests/qemu/tap.h"

#define WARM  512u
#define PAGES 4096u

static unsigned char heap[1 << 18] __attribute__((aligned(64)));
static size_t heap_used;

/* For the baselines alone: given back all at once. */
void *calloc(size_t count, size_t bytes)
{
	size_t start = heap_used;

	heap_used = (heap_used + count * bytes + 63) & ~(size_t)63;
	if (!check(heap_used <= sizeof(heap)))
		return NULL;
	__builtin_memset(&heap[start], 0, heap_used - start);
	return &heap[start];
}

void free(void *memory)
{
	(void)memory;
}

/* The @i-th page of a storm: one after the other, or all over a GiB. */
static struct shadow_transition donation(uint64_t i, bool scattered)
{
	uint64_t page = scattered ? i * 40503 % 262144 : i;

	return (struct shadow_transition){ .start = { RIG_LARGE + page * rig.page_bytes },
					   .page_count = 1,
					   .new_state = SHADOW_STATE_NOPAGE };
}

static uint64_t now(void)
{
	return platform_time_ns();
}

static unsigned baseline(const struct policy_ops *ops, bool scattered)
{
	struct policy_world world = {
		.map = rig.map,
		.vmid = 1,
		.cpu_count = 1,
		.pool = { { MACHINE_POOL }, (void *)MACHINE_POOL, MACHINE_HOST - MACHINE_POOL },
		.smmu_count = 1,
		.sid = rig.edu[0].pci.sid,
		.host = rig.host.table
	};
	struct policy *policy;
	uint64_t start = 0, end;
	int error = 0;

	world.smmu[0] = (struct shadow_smmu_config){ .registers = MACHINE_SMMU,
						     .cmdq_lg2 = 8,
						     .evtq_lg2 = 8,
						     .sid_bits = 8,
						     .nested = rig_nested(),
						     .wait_ns = RIG_WAIT_NS };
	heap_used = 0;
	__builtin_memset((void *)MACHINE_POOL, 0, world.pool.bytes);
	if (!check_equal((uint64_t)-ops->open(&world, &policy), 0))
		return 0;
	for (uint64_t i = 0; i < WARM + PAGES && !error; i++) {
		struct shadow_transition transition = donation(i, scattered);

		if (i == WARM)
			start = now();
		error = ops->transition(policy, 0, i + 1, &transition);
	}
	end = now();
	check_equal((uint64_t)-error, 0);
	ops->close(policy);
	return (unsigned)((end - start) / PAGES);
}

static unsigned batched(unsigned batch, bool scattered)
{
	const struct rig_shape plain = { 0 };
	uint64_t start = 0, end;
	int error = 0;

	if (!rig_start(&plain))
		return 0;
	lock_take(&rig.lock);
	for (uint64_t i = 0; i < WARM + PAGES && !error; i++) {
		struct shadow_transition transition = donation(i, scattered);

		if (i == WARM)
			start = now();
		error = shadow_reserve(rig.engine, 0, &transition, RIG_WAIT_NS);
		rig.number += shadow_queue(rig.engine, 0, rig.number, &transition);
		if ((i + 1) % batch)
			continue;
		shadow_trip_end(rig.engine, 0);
		error = error ? error : shadow_wait(rig.engine, shadow_flush(rig.engine), RIG_WAIT_NS);
	}
	end = now();
	lock_give(&rig.lock);
	check_equal((uint64_t)-error, 0);
	check(rig_closed(donation(WARM + PAGES - 1, scattered).start.addr));
	rig_stop();
	return (unsigned)((end - start) / PAGES);
}

void case_cost(void)
{
	static const unsigned batches[] = { 1, 8, 64, 512 };

	for (unsigned scattered = 0; scattered < 2; scattered++) {
		const char *what = scattered ? "scattered" : "sequential";
		unsigned cost[4];

		for (unsigned i = 0; i < 4; i++)
			cost[i] = batched(batches[i], scattered);
		say("# instructions a page, %s: eager %u, strict %u", what,
		    baseline(&policy_eager, scattered), baseline(&policy_strict, scattered));
		for (unsigned i = 0; i < 4; i++)
			say(", batches of %u %u", batches[i], cost[i]);
		say("\n");
	}
}
