/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * bench_coalesce.c - what does it cost to make runs of what was queued, a slot, by the order in which it
 * came?
 *
 * Slots of single pages, as many CPUs queue them by turns; none has been extended. In the time: a copy of the
 * slots, which the engine's drain makes, the sort, the search for a grant behind a revoke, the merge.
 *   sequential  neighbours, in order: one run
 *   strided     every second page, in order: nothing merges
 *   random      all of 16 GiB, in any order
 *   pingpong    each page is granted and revoked again, in any order: half of the slots go
 * qsort: the same with the C library's sort instead. Eager and strict know no slots: to them each page is a
 * run.
 */
#include <stdlib.h>
#include <string.h>

#include "bench/benchmarks/harness.h"
#include "bench/common/random.h"
#include "engine/coalesce.h"
#include "engine/platform/linux.h"

#define SLOTS_MAX 65536u
#define PAGES	  (1u << 22) /* of 4 KiB: 16 GiB */
#define ALIGNMENT 64u

enum order {
	SEQUENTIAL,
	STRIDED,
	RANDOM,
	PINGPONG
};

struct kind {
	enum order order;
	bool library; /* the C library's sort */
};

struct slots {
	struct coalesce_item queued[SLOTS_MAX], item[SLOTS_MAX], spare[SLOTS_MAX], merged[2 * SLOTS_MAX];
	struct coalesce_scratch scratch;
	uint32_t order[SLOTS_MAX];
};

static struct coalesce_item slot(uint64_t page, uint64_t number, enum shadow_access access)
{
	return (struct coalesce_item){ page, page + 1, coalesce_stamp(number, access) };
}

/* What the queues hold; pages twice as far apart as there may be slots, so that neighbours are chance. */
static void make(struct slots *slots, uint32_t count, enum order order)
{
	uint32_t pairs = (count + 1) / 2;
	uint64_t state = 1;

	random_order(slots->order, order == PINGPONG ? pairs : count, state);
	for (uint32_t i = 0; i < count; i++) {
		uint64_t page = i;
		enum shadow_access access = SHADOW_ACCESS_NONE;

		if (order == STRIDED)
			page = 2 * (uint64_t)i;
		else if (order == RANDOM)
			page = slots->order[i] * (uint64_t)(PAGES / SLOTS_MAX) +
			       random_next(&state) % (PAGES / SLOTS_MAX);
		else if (order == PINGPONG)
			page = 2 * (uint64_t)slots->order[i % pairs];
		if (order == PINGPONG && i < pairs && pairs < count)
			access = SHADOW_ACCESS_RW;
		slots->queued[i] = slot(page, i + 1, access);
	}
}

static int by_start(const void *left, const void *right)
{
	const struct coalesce_item *a = left, *b = right;

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	return (a->stamp > b->stamp) - (a->stamp < b->stamp);
}

/* Return: how many runs. */
__attribute__((noinline)) static uint32_t coalesce_timed(struct slots *slots, uint32_t count, bool library)
{
	struct coalesce_item *sorted = slots->item;

	memcpy(slots->item, slots->queued, count * sizeof(slots->item[0]));
	if (library)
		qsort(slots->item, count, sizeof(slots->item[0]), by_start);
	else
		sorted = coalesce_sort(slots->item, slots->spare, count, &slots->scratch);
	if (coalesce_conflict(sorted, count) != UINT64_MAX)
		return 0;
	return coalesce_merge(sorted, count, slots->merged);
}

/* Of the runs. */
static uint64_t sum(const struct slots *slots, uint32_t runs)
{
	uint64_t sum = runs;

	for (uint32_t i = 0; i < runs; i++) {
		const struct coalesce_item *run = &slots->merged[i];

		sum = (sum ^ run->start) * UINT64_C(0x9e3779b97f4a7c15);
		sum = (sum ^ run->end ^ (uint64_t)coalesce_access(run) << 56) * UINT64_C(0x9e3779b97f4a7c15);
	}
	return sum;
}

static void coalesce(struct bench *bench)
{
	const struct kind *kind = bench_context(bench);
	uint32_t count = (uint32_t)bench_argument(bench), runs = 0;
	struct slots *slots = platform_linux_alloc(sizeof(*slots), ALIGNMENT);

	if (!slots) {
		bench_skip(bench, "out of memory");
		return;
	}
	make(slots, count, kind->order);
	while (bench_next_batch(bench, count))
		runs = coalesce_timed(slots, count, kind->library);
	if (!runs) {
		bench_fail(bench, "a conflict where there is none");
	} else {
		bench_counter_rate(bench, "transitions", 1);
		bench_counter(bench, "runs_per_slot", (double)runs / count);
		bench_checksum(bench, sum(slots, runs));
	}
	platform_linux_free(slots, sizeof(*slots));
}

void bench_coalesce_register(void)
{
	static const struct {
		const char *name;
		struct kind kind;
	} orders[] = {
		{ "coalesce/sequential/qsort", { SEQUENTIAL, true } },
		{ "coalesce/sequential/batched", { SEQUENTIAL, false } },
		{ "coalesce/strided/qsort", { STRIDED, true } },
		{ "coalesce/strided/batched", { STRIDED, false } },
		{ "coalesce/random/qsort", { RANDOM, true } },
		{ "coalesce/random/batched", { RANDOM, false } },
		{ "coalesce/pingpong/qsort", { PINGPONG, true } },
		{ "coalesce/pingpong/batched", { PINGPONG, false } },
	};

	for (unsigned i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		const struct bench_entry entry = {
			.name = orders[i].name,
			.run = coalesce,
			.axis = { { .name = "transitions", .first = 1, .last = SLOTS_MAX, .factor = 16 } },
			.context = &orders[i].kind,
		};

		bench_add(&entry);
	}
}
