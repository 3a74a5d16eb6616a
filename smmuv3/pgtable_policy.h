/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * pgtable_policy.h - how large a leaf may be, by place and memory type.
 *
 * Internal to pgtable*.c. Memory that may transition stays in pages at BBM level 0, since a live block can be
 * neither split nor made there; regions that were declared are mapped as they were.
 */
#ifndef SMMUV3_PGTABLE_POLICY_H
#define SMMUV3_PGTABLE_POLICY_H

#include "smmuv3/pgtable.h"

/* Copy the declared regions. Return: 0; -SHADOW_EINVAL if they are not aligned, sorted and disjoint. */
int policy_init(struct pgtable *pgtable, const struct shadow_smmu_target_config *config, struct shadow_region *region);

/* Bit h: leaves of this memory type may be at height h, from @page up to *@end. */
uint8_t policy_heights(struct pgtable *pgtable, uint64_t page, enum shadow_memory memory, uint64_t *end);

/* Were @count pages from @page on declared to stay what it is? */
bool policy_never_transitions(struct pgtable *pgtable, uint64_t page, uint64_t count);

/* May one leaf of @height hold the whole naturally aligned range at @base? */
bool policy_allows_leaf(struct pgtable *pgtable, unsigned height, uint64_t base, enum shadow_memory memory);

#endif
