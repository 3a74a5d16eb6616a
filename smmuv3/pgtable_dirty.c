/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * pgtable_dirty.c - see pgtable_dirty.h.
 *
 * Lines are kept as spans of line numbers, which are sorted and merged like those of pages before they are used.
 */
#include "smmuv3/pgtable_dirty.h"

#include "engine/order.h"

#define LINE_BYTES 64u		       /* or more: platform_clean() takes any range */

void dirty_note(struct pgtable *pgtable, const uint64_t *entry, unsigned count)
{
	const char *pool = (const char *)pgtable->pool.virt, *start = (const char *)entry;
	struct tlbi_spans *dirty = &pgtable->dirty;

	if (pgtable->coherent || !count)
		return;
	if (dirty->count == dirty->capacity)
		pgtable_clean(pgtable);
	if (dirty->capacity)
		tlbi_spans_add(dirty, (uint64_t)(start - pool) / LINE_BYTES,
			       (uint64_t)((const char *)(entry + count) - pool - 1) / LINE_BYTES + 1, 0, false);
	else
		order_clean(entry, count * sizeof(*entry));
}

void pgtable_clean(struct pgtable *pgtable)
{
	struct tlbi_spans *dirty = &pgtable->dirty;

	if (!dirty->count)
		return;
	tlbi_spans_close(dirty);
	for (unsigned i = 0; i < dirty->count; i++)
		order_clean((const char *)pgtable->pool.virt + dirty->span[i].start * LINE_BYTES,
			    (dirty->span[i].end - dirty->span[i].start) * LINE_BYTES);
	dirty->count = 0;
}
