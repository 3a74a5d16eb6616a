/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * bits.c - a bit for each page of a range: find runs of equal bits, fill.
 *
 * Works on words of 64 pages, so that a range of whole words costs one step a word.
 */
#include "engine/bits.h"

size_t shadow_page_bits_bytes(struct shadow_range range, unsigned granule_lg2)
{
	uint64_t mask = (UINT64_C(64) << granule_lg2) - 1;

	if ((range.start | range.end) & mask || range.start > range.end)
		return 0;
	return ((range.end - range.start) >> granule_lg2) / 8;
}

int bits_init(struct bits *bits, const struct shadow_page_bits *config, unsigned granule_lg2, uint64_t top)
{
	*bits = (struct bits){ .word = config->word };
	if (!config->word)
		return 0;
	if (!shadow_page_bits_bytes(config->range, granule_lg2) || config->range.end >> granule_lg2 > top)
		return -SHADOW_EINVAL;
	bits->start = config->range.start >> granule_lg2;
	bits->end = config->range.end >> granule_lg2;
	return 0;
}

/* The bits of @page's word that lie in [@page, @end), as a mask. */
static uint64_t word_mask(uint64_t page, uint64_t end)
{
	uint64_t first = page & 63, after = (page | 63) < end ? 64 : end & 63;

	return (UINT64_MAX << first) & (UINT64_MAX >> (64 - after));
}

static uint64_t *word_of(const struct bits *bits, uint64_t page)
{
	return &bits->word[(page - bits->start) / 64];
}

uint64_t bits_run(const struct bits *bits, uint64_t page, uint64_t end, bool *value)
{
	*value = false;
	if (page >= bits->end || end <= bits->start)
		return end;
	if (page >= bits->start)
		*value = *word_of(bits, page) >> (page & 63) & 1;
	else
		page = bits->start;
	while (page < end && page < bits->end) {
		uint64_t other = (*value ? ~*word_of(bits, page) : *word_of(bits, page)) & word_mask(page, end);

		if (other)
			return (page & ~UINT64_C(63)) + (unsigned)__builtin_ctzll(other);
		page = (page | 63) + 1;
	}
	return *value && bits->end < end ? bits->end : end;
}

bool bits_any(const struct bits *bits, uint64_t start, uint64_t end)
{
	bool value;

	return bits->set && (bits_run(bits, start, end, &value) < end || value);
}

/* Spelt out: without the instruction for it, compilers call their own library. */
static unsigned count_bits(uint64_t word)
{
	word -= word >> 1 & UINT64_C(0x5555555555555555);
	word = (word & UINT64_C(0x3333333333333333)) + (word >> 2 & UINT64_C(0x3333333333333333));
	return (unsigned)(((word + (word >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f)) * UINT64_C(0x0101010101010101) >> 56);
}

void bits_fill(struct bits *bits, uint64_t start, uint64_t end, bool value)
{
	if (start < bits->start)
		start = bits->start;
	if (end > bits->end)
		end = bits->end;
	for (uint64_t page = start; page < end; page = (page | 63) + 1) {
		uint64_t *word = word_of(bits, page), mask = word_mask(page, end);

		bits->set -= count_bits(*word & mask);
		*word = value ? *word | mask : *word & ~mask;
		bits->set += count_bits(*word & mask);
	}
}
