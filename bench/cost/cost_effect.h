/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * cost_effect.h - what invalidation commands take away, read back from their words.
 *
 * A decoder of its own, which shares no definition with the code that built them.
 * Spec: IHI 0070, CMD_TLBI_S2_IPA; CMD_TLBI_S12_VMALL; CMD_TLBI_NH_ALL; CMD_SYNC.
 */
#ifndef BENCH_COST_EFFECT_H
#define BENCH_COST_EFFECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum cost_kind {
	COST_KIND_PAGE,		       /* S2_IPA of one page, any level */
	COST_KIND_RANGE,	       /* S2_IPA with TG */
	COST_KIND_VMID,		       /* S12_VMALL */
	COST_KIND_STAGE1,	       /* NH_ALL */
	COST_KIND_SYNC,
	COST_KIND_OTHER,
	COST_KINDS,
};

struct cost_effect {
	enum cost_kind kind;
	uint64_t start, end;	       /* pages of 4 KiB */
	unsigned ttl;		       /* level of the leaves that go; 0: of any */
	bool leaf;		       /* table pointers stay */
	unsigned pieces;	       /* aligned powers of two that its range consists of */
};

struct cost_effect cost_effect(const uint64_t word[2]);

struct cost_interval {
	uint64_t start, end;
};

#define COST_GROUPS 8u		       /* by TTL and LEAF */

/* All that the commands of a flush take away; the order does not matter, since nothing is fetched in between. */
struct cost_drops {
	bool all, stage1;	       /* whole VMID; all of stage 1 and what combines both */
	struct cost_group {
		struct cost_interval *interval;
		size_t count, capacity;
		bool sorted;	       /* and disjoint */
	} group[COST_GROUPS];
};

/* Return: 0; -1 if memory is short. */
int cost_drops_add(struct cost_drops *drops, const struct cost_effect *effect) __attribute__((warn_unused_result));

/* Before the questions below. */
void cost_drops_close(struct cost_drops *drops);

/* Does an entry for @count pages from @page go: a leaf of @level, or, not LEAF, a pointer to a table? */
bool cost_drops_entry(const struct cost_drops *drops, uint64_t page, uint64_t count, unsigned level, bool leaf);

/* As new, with its memory. */
void cost_drops_clear(struct cost_drops *drops);
void cost_drops_free(struct cost_drops *drops);

#endif
