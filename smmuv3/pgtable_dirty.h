/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * pgtable_dirty.h - lines of live tables that were stored, for SMMUs that do not look into caches.
 *
 * Internal to pgtable*.c, beside pgtable_clean() in pgtable.h. Owns: between two calls of pgtable_clean(), each line that was noted is cleaned once, at the
 * second; or twice, if there are more rows of lines than the list holds. Fresh tables are not its business.
 * Spec: IHI 0070, Translation table coherency.
 */
#ifndef SMMUV3_PGTABLE_DIRTY_H
#define SMMUV3_PGTABLE_DIRTY_H

#include "smmuv3/pgtable.h"

/* @count entries of a live table from @entry on were stored. */
void dirty_note(struct pgtable *pgtable, const uint64_t *entry, unsigned count);

#endif
