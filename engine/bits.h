/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * bits.h - a bit for each page of a range, in the embedder's memory. Host lock.
 *
 * Pages outside of the range have no bit: they read as 0.
 */
#ifndef ENGINE_BITS_H
#define ENGINE_BITS_H

#include <shadow/shadow.h>

struct bits {
	uint64_t *word;		       /* NULL: the range is empty */
	uint64_t start, end;	       /* pages; both multiples of 64 */
	uint64_t set;		       /* how many bits are 1 */
};

/* Return: 0; -SHADOW_EINVAL if the range is not aligned, or ends above @top pages. */
int bits_init(struct bits *bits, const struct shadow_page_bits *config, unsigned granule_lg2, uint64_t top);

static inline bool bits_hold(const struct bits *bits, uint64_t start, uint64_t end)
{
	return start >= bits->start && start < end && end <= bits->end;
}

/* How far, up to @end, do all pages from @page on have the same bit? *@value is that bit. Return: a page above @page. */
uint64_t bits_run(const struct bits *bits, uint64_t page, uint64_t end, bool *value);

/* Is any bit of [@start, @end) 1? */
bool bits_any(const struct bits *bits, uint64_t start, uint64_t end);

/* Set or clear all that lies in the range. */
void bits_fill(struct bits *bits, uint64_t start, uint64_t end, bool value);

#endif
