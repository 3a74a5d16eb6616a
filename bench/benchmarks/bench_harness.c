/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * bench_harness.c - what does the measuring loop itself cost, a repetition, at each batch size?
 *
 * To be subtracted in mind from everything that takes only nanoseconds.
 */
#include "bench/benchmarks/harness.h"

static void empty(struct bench *bench)
{
	int64_t batch = bench_argument(bench);

	while (bench_next_batch(bench, batch)) {
		for (int64_t i = 0; i < batch; i++)
			bench_keep(&i);
	}
}

void bench_harness_register(void)
{
	static const int64_t batches[] = { 1, 16, 256 };

	bench_register("harness/empty/loop", "batch", empty, batches, 3);
}
