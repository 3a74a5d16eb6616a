/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * pgtable_reserve.h - which live tables the worst case does not count.
 *
 * Internal to pgtable*.c, beside pgtable_reserve() and pgtable_built() in pgtable.h. A table is beyond the
 * worst case for what may transition if a block of what it was made for could stand in its place: MMIO or
 * memory that was declared never to transition, and that the host cut nevertheless.
 */
#ifndef SMMUV3_PGTABLE_RESERVE_H
#define SMMUV3_PGTABLE_RESERVE_H

#include "smmuv3/pgtable.h"

/* Return: 0; -SHADOW_EINVAL. */
int reserve_init(struct pgtable *pgtable, const struct shadow_smmu_target_config *config);

/* The table in @page was just made for a run of this memory type. */
void reserve_made(struct pgtable *pgtable, uint32_t page, enum shadow_memory memory);

/* It is live no more. */
static inline void reserve_gone(struct pgtable *pgtable, uint32_t page)
{
	pgtable->beyond -= pgtable->page[page].beyond;
	pgtable->page[page].beyond = false;
}

#endif
