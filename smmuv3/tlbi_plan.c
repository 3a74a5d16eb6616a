/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * tlbi_plan.c - closed spans to the cheapest list of invalidation commands for one SMMU.
 *
 * Sits between tlbi.c, which sorts and merges, and target.c, which writes commands into the SMMU's queue.
 *   1. init: may the list cost more than the whole VMID? Then it is planned once without writing anything;
 *   2. window: up to TLBI_WINDOW spans with small gaps between them, and the cut into groups that costs least;
 *   3. next: one group after the other as ranges, or descriptor by descriptor.
 * Linear in the spans: a gap that no bridge can pay for ends a window, and a window has a fixed size. A chain that is
 * longer hands its last group on as the first of the next window.
 * Owns: every span is covered by the commands made for it, with a level hint only where it holds; a range
 * over-invalidates by less than its share of what has to go. Does not wait and does not order stage 1 after stage 2.
 * Spec: IHI 0070, CMD_TLBI_S2_IPA; Range-based invalidation and level hint.
 */
#include "smmuv3/tlbi_plan.h"

#include "engine/order.h"

#define TLBI_NUM_LG2	5u	       /* NUM + 1 is 1 .. 32 */
#define TLBI_SMALL_BITS 48u	       /* addresses above need the 52-bit formats */
#define TLBI_NEVER	UINT64_MAX     /* what a group costs that may not be */

/* Pages that one leaf of a level maps; for an unknown level the smallest. */
static unsigned tlbi_level_lg2(const struct tlbi_format *format, unsigned level)
{
	return level == 0 ? 0 : (format->granule_lg2 - 3u) * (3 - level);
}

static uint64_t tlbi_level_pages(const struct tlbi_format *format, unsigned level)
{
	return UINT64_C(1) << tlbi_level_lg2(format, level);
}

/* TTL limits what has to go to leaves of that level, so it must hold for all of them, and it makes the
 * SMMU expect an address aligned to that level. A freed table is named by Leaf = 0, TTL = 0 alone. Level 1 of
 * 16 KiB has leaves, and a hint, with 52-bit addresses only. */
static unsigned tlbi_level_hint(const struct tlbi_group *group, const struct tlbi_format *format)
{
	uint64_t pages = tlbi_level_pages(format, group->level);

	if (!group->leaf || ((group->start | group->end) & (pages - 1)) != 0)
		return 0;
	if (format->granule_lg2 == 14 && group->level == 1 && format->ia_bits <= TLBI_SMALL_BITS)
		return 0;
	return group->level;
}

/* ---- cost --------------------------------------------------------------------------------------- */

bool tlbi_cost_legal(const struct shadow_tlbi_cost *cost)
{
	const struct shadow_tlbi_cost zero = { 0 };

	if (cost->command == 0)
		return cost->sync == zero.sync && cost->entry == zero.entry && cost->table == zero.table &&
		       cost->vmid == zero.vmid && cost->share == zero.share;
	return cost->command <= SHADOW_TLBI_COST_MAX && cost->sync <= SHADOW_TLBI_COST_MAX &&
	       cost->entry <= SHADOW_TLBI_COST_MAX && cost->table <= SHADOW_TLBI_COST_MAX &&
	       cost->vmid <= SHADOW_TLBI_COST_MAX && cost->share >= 1 && cost->share <= SHADOW_TLBI_COST_MAX;
}

struct shadow_tlbi_cost tlbi_cost(const struct shadow_tlbi_cost *cost)
{
	if (cost->command != 0)
		return *cost;
	return (struct shadow_tlbi_cost){ .command = SHADOW_TLBI_COST_COMMAND,
					  .sync = SHADOW_TLBI_COST_SYNC,
					  .entry = SHADOW_TLBI_COST_ENTRY,
					  .table = SHADOW_TLBI_COST_TABLE,
					  .vmid = SHADOW_TLBI_COST_VMID,
					  .share = SHADOW_TLBI_COST_SHARE };
}

static uint64_t tlbi_units(uint64_t pages, unsigned lg2)
{
	return (pages + (UINT64_C(1) << lg2) - 1) >> lg2;
}

/* Leaves that go though they need not: as large as the hint says, else pages. */
static uint64_t tlbi_entries_cost(const struct tlbi_format *format, unsigned level, uint64_t pages)
{
	return format->cost.entry * tlbi_units(pages, tlbi_level_lg2(format, level));
}

/* Table pointers that go though they need not: one for as many leaves as a table has. */
static uint64_t tlbi_tables_cost(const struct tlbi_format *format, const struct tlbi_group *group, uint64_t excess)
{
	return group->leaf ? 0 : format->cost.table * tlbi_units(group->leaves + excess, format->granule_lg2 - 3u);
}

/* Units of 2^scale pages, the smallest of which 32 suffice: 17 .. 32 of them, so rounding up to whole ones adds less
 * than 1/16. With a hint, everything stays a multiple of the block: where units are smaller than the block the group
 * is a whole number of them, where they are larger they are a whole number of blocks.
 * Scales above 31 are for more than 2^36 pages, which only tables that need IDR5.DS have. */
static unsigned tlbi_scale(uint64_t count)
{
	unsigned lg2 = count <= 1 ? 0 : 64 - (unsigned)__builtin_clzll(count - 1);

	return lg2 > TLBI_NUM_LG2 ? lg2 - TLBI_NUM_LG2 : 0;
}

/* Pages beyond the group that its one range would name; 0 if two exact ranges are better, or the only way.
 * @cost: of the group, without these. */
static uint64_t tlbi_excess(const struct tlbi_group *group, const struct tlbi_format *format, uint64_t *cost)
{
	uint64_t top = UINT64_C(1) << (format->ia_bits - format->granule_lg2);
	uint64_t count = group->end - group->start, needed = count - group->gaps, more;
	unsigned level = tlbi_level_hint(group, format), scale = tlbi_scale(count);
	uint64_t excess = (0 - count) & ((UINT64_C(1) << scale) - 1);
	uint64_t over = tlbi_entries_cost(format, level, group->gaps) + tlbi_tables_cost(format, group, 0);

	shadow_assert(group->end <= top);
	if (group->gaps != 0 && group->gaps * format->cost.share >= needed)
		*cost = TLBI_NEVER;
	else
		*cost = format->cost.command + over;
	if (excess == 0 || *cost == TLBI_NEVER)
		return 0;
	more = tlbi_entries_cost(format, level, group->gaps + excess) + tlbi_tables_cost(format, group, excess) - over;
	if (more > format->cost.command || (group->gaps + excess) * format->cost.share >= needed ||
	    group->end + excess > top) {
		*cost += format->cost.command;
		return 0;
	}
	*cost += more;
	return excess;
}

static uint64_t tlbi_group_cost(const struct tlbi_group *group, const struct tlbi_format *format)
{
	uint64_t cost;

	if (!format->ril)
		return format->cost.command *
		       tlbi_units(group->end - group->start, tlbi_level_lg2(format, group->level));
	(void)tlbi_excess(group, format, &cost);
	return cost;
}

/* ---- window ------------------------------------------------------------------------------------- */

static struct tlbi_group tlbi_group_of(const struct tlbi_span *span, const struct tlbi_format *format)
{
	unsigned lg2 = tlbi_level_lg2(format, span->level);

	return (struct tlbi_group){ .start = span->start,
				    .end = span->end,
				    .leaves = span->leaf ? tlbi_units(span->end - span->start, lg2) : 0,
				    .level = span->level,
				    .leaf = span->leaf };
}

/* Extend a group by the next one, which does not start before it but may overlap. */
static void tlbi_group_add(struct tlbi_group *group, const struct tlbi_group *next)
{
	uint64_t gap = next->start > group->end ? next->start - group->end : 0;

	group->gaps += gap + next->gaps;
	group->leaves += gap + next->leaves;
	if (next->end > group->end)
		group->end = next->end;
	if (next->level != group->level)
		group->level = 0;
	group->leaf = group->leaf && next->leaf;
}

/* Could a bridge from here to the next span pay? Blocks are fewer entries than pages. */
static bool tlbi_is_near(const struct tlbi_plan *plan, const struct tlbi_group *group, const struct tlbi_span *next)
{
	uint64_t wall = plan->wall;

	if (group->level == next->level)
		wall <<= tlbi_level_lg2(&plan->format, group->level);
	return next->start < group->end + wall;
}

/* Cut the items in group[0 .. count - 1] into the groups that cost least, in their place: the cheapest cut of the first
 * n is one of the first m and a group of the rest. Return: how many. */
static unsigned tlbi_cut(struct tlbi_plan *plan, unsigned count)
{
	uint64_t best[TLBI_WINDOW + 1] = { 0 };
	uint8_t from[TLBI_WINDOW + 1], first[TLBI_WINDOW];
	struct tlbi_group *item = plan->group;
	unsigned i, end, made = 0;

	for (end = 1; end <= count; end++)
		best[end] = TLBI_NEVER;
	for (i = 0; i < count; i++) {
		struct tlbi_group group = item[i];

		for (end = i + 1;; end++) {
			uint64_t cost = tlbi_group_cost(&group, &plan->format);

			if (cost != TLBI_NEVER && best[i] + cost < best[end]) {
				best[end] = best[i] + cost;
				from[end] = (uint8_t)i;
			}
			if (end == count)
				break;
			tlbi_group_add(&group, &item[end]);
		}
	}
	for (end = count; end > 0; end = from[end])
		first[made++] = from[end];
	/* Last group first: turn the list round while joining. */
	for (i = 0; i < made; i++) {
		struct tlbi_group group = item[first[made - 1 - i]];
		unsigned next = i + 1 < made ? first[made - 2 - i] : count;

		for (unsigned j = first[made - 1 - i] + 1u; j < next; j++)
			tlbi_group_add(&group, &item[j]);
		item[i] = group;
	}
	return made;
}

/* The next window. Return: false if no span is left. */
static bool tlbi_window(struct tlbi_plan *plan)
{
	unsigned count = 0;

	do {
		if (plan->carried)
			plan->group[count++] = plan->group[plan->groups];
		while (count < TLBI_WINDOW && plan->index < plan->count &&
		       (count == 0 || tlbi_is_near(plan, &plan->group[count - 1], &plan->span[plan->index])))
			plan->group[count++] = tlbi_group_of(&plan->span[plan->index++], &plan->format);
		plan->groups = count > 1 ? tlbi_cut(plan, count) : count;
		plan->carried = plan->groups > 0 && plan->index < plan->count &&
				tlbi_is_near(plan, &plan->group[plan->groups - 1], &plan->span[plan->index]);
		plan->groups -= plan->carried;
		count = 0;
	} while (plan->carried && plan->groups == 0);
	plan->group_index = 0;
	plan->next = plan->group[0].start;
	return plan->groups > 0;
}

/* ---- commands ----------------------------------------------------------------------------------- */

/* Is this span too far from the one behind it for a bridge? */
static bool tlbi_is_far(const struct tlbi_span *span, const struct tlbi_span *end, uint64_t wall)
{
	return span + 1 == end || span[1].start >= span->end + wall;
}

/* A chain of pages is @span and what is near it, and so on. Without a larger span in it no bridge stays within its share,
 * unless that is the whole. Rare, and kept out of the loop that asks.
 * Return: up to where spans are pages that no window with a larger span begins with. */
__attribute__((__noinline__)) static const struct tlbi_span *tlbi_chain(const struct tlbi_span *span,
								    const struct tlbi_span *end, uint64_t wall)
{
	const struct tlbi_span *at = span;

	for (; at < end && at < span + 2 * TLBI_WINDOW; at++) {
		if (!tlbi_is_page(at))
			return at > span + TLBI_WINDOW ? at - TLBI_WINDOW : span;
		if (tlbi_is_far(at, end, wall))
			return at + 1;
	}
	return at < end ? span + TLBI_WINDOW : end;
}

/* The first span from @span on, but before @stop, that a window is needed for. @write: those before it go to @slot. Inlined
 * for each, since this is what scattered pages cost. */
__attribute__((always_inline)) static inline const struct tlbi_span *
tlbi_pages_end(const struct tlbi_plan *plan, const struct tlbi_span *span, const struct tlbi_span *stop, bool write,
	       uint64_t *slot)
{
	const struct tlbi_span *end = plan->span + plan->count, *clear = span;
	const struct tlbi_span *last = plan->count ? end - 1 : end;
	const uint64_t word0 = plan->page_word[0], word1 = plan->page_word[1], wall = plan->wall;
	const unsigned granule_lg2 = plan->format.granule_lg2;
	const bool small_share = plan->format.cost.share > 1;

	for (; span < stop && tlbi_is_page(span); span++) {
		if (span < last && span[1].start < span->end + wall && span >= clear) {
			clear = small_share ? tlbi_chain(span, end, wall) : span;
			if (span >= clear)
				break;
		}
		if (!write)
			continue;
		order_store_device(&slot[0], word0);
		order_store_device(&slot[1], word1 | span->start << granule_lg2);
		slot += 2;
	}
	return span;
}

/* May pages come next, or is a group half done? */
static bool tlbi_is_between_groups(const struct tlbi_plan *plan)
{
	return !plan->whole_vmid && !plan->carried && plan->group_index == plan->groups;
}

static void tlbi_plan_rewind(struct tlbi_plan *plan)
{
	plan->index = plan->groups = plan->group_index = 0;
	plan->carried = false;
}

/* Does the list cost more than @limit? Plans it, up to there, and begins anew. */
__attribute__((__noinline__)) static bool tlbi_list_exceeds(struct tlbi_plan *plan, uint64_t limit)
{
	const struct tlbi_format *format = &plan->format;
	uint64_t cost = 0;

	do {
		const struct tlbi_span *next = plan->span + plan->index;

		if (tlbi_is_between_groups(plan))
			next = tlbi_pages_end(plan, next, plan->span + plan->count, false, NULL);
		cost += format->cost.command * (uint64_t)(next - (plan->span + plan->index));
		plan->index = (unsigned)(next - plan->span);
		if (!tlbi_window(plan))
			break;
		for (; plan->group_index < plan->groups; plan->group_index++)
			cost += tlbi_group_cost(&plan->group[plan->group_index], format);
	} while (cost <= limit);
	tlbi_plan_rewind(plan);
	return cost > limit;
}

static bool tlbi_whole_is_cheaper(struct tlbi_plan *plan)
{
	const struct shadow_tlbi_cost *cost = &plan->format.cost;
	uint64_t whole = (uint64_t)cost->vmid + cost->command;
	uint64_t tail = plan->format.nested ? (uint64_t)cost->command + cost->sync : 0;

	if (plan->count == 0 || whole < tail)
		return plan->count != 0;
	/* A span with ranges takes two commands at most, and no group costs more than its spans. */
	if (plan->format.ril && UINT64_C(2) * cost->command * plan->count <= whole - tail)
		return false;
	return tlbi_list_exceeds(plan, whole - tail);
}

struct smmu_cmd tlbi_page_command(const struct tlbi_format *format)
{
	if (!format->ril)
		return smmu_cmd_tlbi_s2_ipa(format->vmid, 0, true);
	return smmu_cmd_tlbi_s2_range(format->vmid,
				      (struct smmu_tlbi_range){
					      .tg = smmu_cmd_tlbi_tg(format->granule_lg2), .ttl = 3, .leaf = true });
}

bool tlbi_page_is_cheapest(const struct tlbi_format *format)
{
	const struct shadow_tlbi_cost *cost = &format->cost;

	/* The whole VMID costs less only if it costs less than what it makes unnecessary. */
	return !format->nested || (uint64_t)cost->command + cost->sync <= cost->vmid;
}

bool tlbi_lone_page(const struct tlbi_spans *spans, const struct tlbi_format *format, struct smmu_cmd *cmd)
{
	if (!tlbi_is_lone(spans) || !tlbi_page_is_cheapest(format))
		return false;
	*cmd = tlbi_page_command(format);
	cmd->word[1] |= spans->span->start << format->granule_lg2;
	return true;
}

void tlbi_plan_init(struct tlbi_plan *plan, const struct tlbi_spans *spans, const struct tlbi_format *format)
{
	const struct shadow_tlbi_cost *cost = &format->cost;
	struct smmu_cmd page = tlbi_page_command(format);

	shadow_assert(format->granule_lg2 == 12 || format->granule_lg2 == 14 || format->granule_lg2 == 16);
	shadow_assert(format->ia_bits >= SHADOW_IA_BITS_MIN && format->ia_bits <= SHADOW_IA_BITS_MAX);
	shadow_assert(tlbi_cost_legal(cost) && cost->command != 0);
	/* Member by member: the window is large, and need not be cleared. */
	plan->span = spans->span;
	plan->count = spans->count;
	plan->format = *format;
	plan->page_word[0] = page.word[0];
	plan->page_word[1] = page.word[1];
	plan->done = false;
	tlbi_plan_rewind(plan);
	/* A bridge saves a command, and may spare both neighbours the second of their two. A lone span has none. */
	plan->wall = !format->ril || plan->count <= 1 ? 0 :
		     cost->entry		      ? 1 + 3 * (uint64_t)cost->command / cost->entry :
							SHADOW_TLBI_COST_MAX;
	plan->whole_vmid = false;      /* read while a list is planned */
	plan->whole_vmid = spans->all || tlbi_whole_is_cheaper(plan);
}

static struct smmu_cmd tlbi_single(const struct tlbi_format *format, uint64_t page, bool leaf)
{
	return smmu_cmd_tlbi_s2_ipa(format->vmid, page << format->granule_lg2, leaf);
}

static struct smmu_cmd tlbi_range(const struct tlbi_format *format, const struct tlbi_group *group, uint64_t start,
				  uint64_t count, unsigned scale)
{
	struct smmu_tlbi_range range = {
		.ipa = start << format->granule_lg2,
		.num = (uint8_t)((count >> scale) - 1),
		.scale = (uint8_t)scale,
		.tg = smmu_cmd_tlbi_tg(format->granule_lg2),
		.ttl = (uint8_t)tlbi_level_hint(group, format),
		.leaf = group->leaf,
	};

	return smmu_cmd_tlbi_s2_range(format->vmid, range);
}

/* The next command of a group as ranges, which may start at any page (any block, with a hint). If rounding is not
 * worth it, whole units from the start and one unit that ends with the group; these overlap. */
static struct smmu_cmd tlbi_next_range(const struct tlbi_group *group, const struct tlbi_format *format, uint64_t *next)
{
	uint64_t count = group->end - group->start, start = *next, cost, excess, rest;
	unsigned scale = tlbi_scale(count);

	*next = group->end;
	/* NUM = SCALE = TTL = 0 is reserved with a granule given. */
	if (count == 1 && tlbi_level_hint(group, format) == 0)
		return tlbi_single(format, start, group->leaf);
	excess = tlbi_excess(group, format, &cost);
	rest = (count + excess) & ((UINT64_C(1) << scale) - 1);
	if (rest == 0)
		return tlbi_range(format, group, start, count + excess, scale);
	if (start == group->start) {
		*next = group->end - rest;
		return tlbi_range(format, group, start, count - rest, scale);
	}
	return tlbi_range(format, group, group->end - (UINT64_C(1) << scale), UINT64_C(1) << scale, scale);
}

static struct smmu_cmd tlbi_next_single(const struct tlbi_group *group, const struct tlbi_format *format,
					uint64_t *next)
{
	uint64_t page = *next;

	*next = page + tlbi_level_pages(format, group->level);
	return tlbi_single(format, page, group->leaf);
}

bool tlbi_plan_next(struct tlbi_plan *plan, struct smmu_cmd *cmd)
{
	const struct tlbi_group *group;

	if (plan->done)
		return false;
	if (plan->whole_vmid) {
		plan->done = true;
		*cmd = smmu_cmd_tlbi_s12_vmall(plan->format.vmid);
		return true;
	}
	if (plan->group_index == plan->groups && !tlbi_window(plan)) {
		plan->done = true;
		return false;
	}
	group = &plan->group[plan->group_index];
	*cmd = plan->format.ril ? tlbi_next_range(group, &plan->format, &plan->next) :
				  tlbi_next_single(group, &plan->format, &plan->next);
	if (plan->next >= group->end && ++plan->group_index < plan->groups)
		plan->next = plan->group[plan->group_index].start;
	return true;
}

unsigned tlbi_plan_pages(struct tlbi_plan *plan, uint64_t *slot, uint64_t room)
{
	const struct tlbi_span *first = plan->span + plan->index;
	unsigned left = plan->count - plan->index, count;
	const struct tlbi_span *stop = first + (left < room ? left : room);

	if (!tlbi_is_between_groups(plan))
		return 0;
	count = (unsigned)(tlbi_pages_end(plan, first, stop, true, slot) - first);
	plan->index += count;
	return count;
}
