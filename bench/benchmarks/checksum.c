/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * checksum.c - of what a device can reach through a stage-2 table.
 *
 * Leaves are joined into maximal runs; each is mixed into the sum when the next begins.
 */
#include "bench/benchmarks/checksum.h"

struct sum {
	uint64_t value;
	struct model_leaf run;
};

static void mix(struct sum *sum)
{
	const struct model_leaf *run = &sum->run;
	uint64_t word[3] = { run->start, run->end, (uint64_t)run->read | run->write << 1 | run->device << 2 };
	unsigned i;

	if (!run->valid)
		return;
	for (i = 0; i < 3; i++)
		sum->value = (sum->value ^ word[i]) * UINT64_C(0x9e3779b97f4a7c15) ^ sum->value >> 29;
}

static void sum_leaf(void *ctx, const struct model_leaf *leaf)
{
	struct sum *sum = ctx;
	struct model_leaf *run = &sum->run;

	if (leaf->valid && run->valid && run->end == leaf->start && run->read == leaf->read &&
	    run->write == leaf->write && run->device == leaf->device) {
		run->end = leaf->end;
		return;
	}
	mix(sum);
	*run = *leaf;
}

uint64_t checksum_stage2(const struct model_memory *memory, const struct model_stage2 *stage2)
{
	struct sum sum = { .value = 1 };

	if (!stage2->valid || model_walk_all(memory, stage2, &sum, sum_leaf) != MODEL_OK)
		return 0;
	mix(&sum);
	return sum.value;
}
