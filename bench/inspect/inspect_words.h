/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * inspect_words.h - sizes, rights and descriptors in words: what text, JSON and plot have in common.
 */
#ifndef BENCH_INSPECT_WORDS_H
#define BENCH_INSPECT_WORDS_H

#include "bench/inspect/inspect_survey.h"

/* "4 KiB", "1.50 GiB": whole where it is, else with two decimals. */
struct inspect_size {
	char text[16];
};
struct inspect_size inspect_size_text(uint64_t bytes);

/* "rw", "ro", "wo", or "--". */
const char *inspect_access_text(bool read, bool write);

/* "pages" or "blocks". */
static inline const char *inspect_leaf_noun(int level)
{
	return level == 3 ? "pages" : "blocks";
}

/* The memory type in MemAttr of a leaf, as DDI 0487 words it. */
const char *inspect_memory_text(const struct inspect_shape *shape, uint64_t descriptor);

const char *inspect_share_text(unsigned share);
const char *inspect_cache_text(unsigned attribute);

/* What a descriptor says, address aside: "block, read and write, ..."; @text is cut if it does not suffice.
 */
void inspect_descriptor_text(const struct inspect_shape *shape, const struct inspect_step *step, bool leaf,
			     char *text, size_t bytes);

#endif
