/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * pgtable_hint.h - the contiguous hint: given to whole groups of leaves, taken away before one is cut.
 *
 * Internal to pgtable*.c. A group is naturally aligned and as large as the format says for its height.
 */
#ifndef SMMUV3_PGTABLE_HINT_H
#define SMMUV3_PGTABLE_HINT_H

#include "smmuv3/pgtable.h"

/* Entries *@index .. *@end - 1 of the live table at @height are about to change, the first to @value: groups that
 * they cut lose the hint, and the range grows to what has to be invalidated. */
void hint_drop(struct pgtable *pgtable, unsigned height, unsigned *index, unsigned *end, uint64_t value);

/* Entries of the fresh table at the cursor's place say @value, @value + @step, ...; whole groups get the hint. */
void hint_fill(struct pgtable *pgtable, unsigned height, unsigned index, unsigned count, uint64_t value,
	       uint64_t step);

/* Give the hint to every group of the table at the cursor's place that is whole and may have it. */
void hint_give(struct pgtable *pgtable, unsigned height);

/* Does a group with the hint lie on the edge of @run, so that applying it would cut the group? */
bool hint_is_cut(const struct pgtable *pgtable, const struct run *run);

#endif
