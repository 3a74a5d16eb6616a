/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * tlbi_plan.h - closed spans to the cheapest list of invalidation commands for one SMMU.
 *
 * Every span is covered by a command with a level hint only where it holds. With ranges, spans that are near each other
 * are cut into groups, and each group is one command that over-invalidates by less than its share, or two exact ones.
 * Without, one command for each old descriptor. The whole VMID goes where that costs less than the list.
 * Called by target.c, for one SMMU after the other. Spec: IHI 0070, CMD_TLBI_S2_IPA; CMD_TLBI_S12_VMALL.
 */
#ifndef SMMUV3_TLBI_PLAN_H
#define SMMUV3_TLBI_PLAN_H

#include <shadow/smmu.h>

#include "smmuv3/tlbi.h"

/* How to say it to one SMMU, and what that costs. */
struct tlbi_format {
	bool ril;		       /* IDR3.RIL: ranges and level hints */
	bool nested;		       /* a list is followed by TLBI_NH_ALL and a SYNC, the whole VMID is not */
	uint8_t granule_lg2;	       /* of the table: 12, 14 or 16; spans count in it */
	uint8_t ia_bits;	       /* of the table: no command names what lies above */
	uint16_t vmid;
	struct shadow_tlbi_cost cost;  /* legal and complete, see tlbi_cost() */
};

/* Neighbours that are weighed against each other at a time: the best cut of so many is found, longer chains are cut
 * piece by piece. */
#define TLBI_WINDOW 16u

/* Spans that go with the same commands. */
struct tlbi_group {
	uint64_t start, end;	       /* pages, END exclusive */
	uint64_t gaps;		       /* pages in it that need not go */
	uint64_t leaves;	       /* in it, of its spans' levels, whose table pointers need not go; gaps as pages */
	uint8_t level;		       /* as in struct tlbi_span */
	bool leaf;
};

/* Walks the commands of a list; memory of its own for one window only. */
struct tlbi_plan {
	const struct tlbi_span *span;
	unsigned count, index;	       /* spans; the next one that is in no group yet */
	struct tlbi_format format;
	bool whole_vmid, done;
	uint64_t wall;		       /* pages: gaps from here on are not worth bridging */
	uint64_t page_word[2];	       /* command for leaf 0 of level 3 */
	unsigned groups, group_index;  /* planned; the next one to be named */
	bool carried;		       /* one group more, at index groups, waits for its neighbours */
	uint64_t next;		       /* page of the group at group_index that is not named yet */
	struct tlbi_group group[TLBI_WINDOW];
};

/* Are the parameters in their range? */
bool tlbi_cost_legal(const struct shadow_tlbi_cost *cost);

/* The parameters, or the defaults for an all-zero structure. */
struct shadow_tlbi_cost tlbi_cost(const struct shadow_tlbi_cost *cost);

/* The command for page 0, a leaf of level 3; that of another page has its address beside it in word 1. */
struct smmu_cmd tlbi_page_command(const struct tlbi_format *format);

/* Is that cheaper than the whole VMID, whatever has to follow it? */
bool tlbi_page_is_cheapest(const struct tlbi_format *format);

/* What most flushes of hosts that give one page a trip have to say, without a plan. Return: true and the only command of
 * the list, if that is of a page. @spans: closed. */
bool tlbi_lone_page(const struct tlbi_spans *spans, const struct tlbi_format *format, struct smmu_cmd *cmd);

/* @spans: closed, and left alone until the last command. */
void tlbi_plan_init(struct tlbi_plan *plan, const struct tlbi_spans *spans, const struct tlbi_format *format);

/* Is anything left for tlbi_plan_next()? */
static inline bool tlbi_plan_left(const struct tlbi_plan *plan)
{
	return plan->index < plan->count || plan->group_index < plan->groups || plan->carried || plan->whole_vmid;
}

/* The next command. Return: false when all spans are covered. */
bool tlbi_plan_next(struct tlbi_plan *plan, struct smmu_cmd *cmd);

/* A short cut: as long as pages follow that are leaves of level 3 and have no larger span near them, their commands to
 * @slot, two words each, @room commands at most. Return: how many; then tlbi_plan_next(). */
unsigned tlbi_plan_pages(struct tlbi_plan *plan, uint64_t *slot, uint64_t room);

#endif
