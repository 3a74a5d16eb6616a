/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * simulate_claim.h - pages that a trip takes from the host, for somebody else.
 */
#ifndef BENCH_SIMULATE_CLAIM_H
#define BENCH_SIMULATE_CLAIM_H

#include "bench/simulate/simulate_change.h"

#define SIMULATE_OVERLAP_MAX 64u

/** simulate_claim() - revoke, flush, wait, hand over. Ends the trip: host lock held before, free after. */
void simulate_claim(struct trip *trip, uint64_t start, uint64_t count);

/** simulate_overlap() - the same, or a grant, in two halves around the host's own change; at most SIMULATE_OVERLAP_MAX
 * pages. Ends the trip. */
void simulate_overlap(struct trip *trip, uint64_t start, uint64_t count, enum shadow_state state);

#endif
