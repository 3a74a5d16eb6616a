/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * simulate_claim.h - pages that a trip has taken from the host, for somebody else.
 */
#ifndef BENCH_SIMULATE_CLAIM_H
#define BENCH_SIMULATE_CLAIM_H

#include "bench/simulate_change.h"

/* What one trip has revoked and waits for. */
struct claim {
	uint64_t start, count;	       /* pages, by index */
	uint64_t number;
};

/** simulate_claim() - flush, wait, hand over. Ends the trip: host lock held before, free after. */
void simulate_claim(struct trip *trip, const struct claim *claim);

#endif
