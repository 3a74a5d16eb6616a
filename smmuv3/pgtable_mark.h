/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * pgtable_mark.h - what goes before a change, with a sync in between: nT around splits and collapses, hints.
 *
 * Internal to pgtable*.c, beside pgtable_mark() in pgtable.h. A block with nT is not cached in a way that a table
 * in its place could conflict with; break-before-make level 1 asks for it.
 *   split:    nT on the block, invalidate, sync; the table takes its place; invalidate
 *   collapse: a block with nT takes the table's place, invalidate, sync; nT off; invalidate
 */
#ifndef SMMUV3_PGTABLE_MARK_H
#define SMMUV3_PGTABLE_MARK_H

#include "smmuv3/pgtable.h"

/* The table in @page is about to be unlinked for a block with nT. */
void mark_set(struct pgtable *pgtable, uint32_t page);

/* The table that was in @page is out of every cache: the block in its place no longer needs nT. */
void mark_clear(struct pgtable *pgtable, uint32_t page);

#endif
