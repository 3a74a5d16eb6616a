/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * pgtable_tidy.h - when tables are replaced by blocks, and groups get the hint back.
 *
 * Internal to pgtable*.c, beside pgtable_compact() in pgtable.h.
 */
#ifndef SMMUV3_PGTABLE_TIDY_H
#define SMMUV3_PGTABLE_TIDY_H

#include "smmuv3/pgtable.h"

/* Could one block say the same as this table? */
bool tidy_is_whole(struct pgtable *pgtable, const struct pgtable_page *table);

/* The live table in @page is whole, or may have a whole group without the hint: look at it when policy says so. */
void tidy_note(struct pgtable *pgtable, uint32_t page);

/* A batch is over, everything is settled: do what the policy wants now. */
void tidy_batch(struct pgtable *pgtable);

#endif
