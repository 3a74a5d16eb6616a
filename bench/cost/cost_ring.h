/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * cost_ring.h - the commands that a doorbell of an instant SMMU is about.
 */
#ifndef BENCH_COST_RING_H
#define BENCH_COST_RING_H

#include <shadow/platform.h>

#include "bench/policy/instant.h"

/* As PROD counts, wrap bit and all. */
static inline uint32_t cost_ring_mask(unsigned cmdq_lg2)
{
	return (2u << cmdq_lg2) - 1;
}

/* Each command from *@seen, which moves on, to @prod, as it was written. */
static inline void cost_ring_each(const struct instant *instant, unsigned cmdq_lg2, uint32_t *seen, uint32_t prod,
				  void (*each)(void *ctx, unsigned smmu, const uint64_t word[2]), void *ctx)
{
	const uint64_t *ring = platform_virt((shadow_pa_t){ instant_ring(instant) }, UINT64_C(16) << cmdq_lg2);
	uint32_t mask = cost_ring_mask(cmdq_lg2);

	for (; *seen != (prod & mask); *seen = (*seen + 1) & mask)
		each(ctx, instant->number, &ring[2 * (*seen & mask >> 1)]);
}

#endif
