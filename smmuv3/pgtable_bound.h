/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * pgtable_bound.h - how many tables an address map may need at worst.
 *
 * A table of height h translates one aligned unit of format_pages(h + 1) pages. The worst case is a sum over
 * heights of units that may ever need a table, so it is reached by one state of the host; docs/memory.md
 * derives it.
 */
#ifndef SMMUV3_PGTABLE_BOUND_H
#define SMMUV3_PGTABLE_BOUND_H

#include "smmuv3/format.h"

/* Tables by what makes them necessary. */
struct bound {
	uint64_t start;			 /* start tables */
	uint64_t moving[FORMAT_HEIGHTS]; /* by height: what may transition, declared pages, no block of that
					    size */
	uint64_t cut[FORMAT_HEIGHTS];	 /* what does not transition, but is cut by something reserved or of
					    another type */
};

/* Return: 0, -SHADOW_EINVAL if the architecture has no such table. The map need not be legal otherwise. */
int bound_compute(struct bound *bound, const struct shadow_smmu_target_config *config, uint64_t pool_bytes);

#endif
