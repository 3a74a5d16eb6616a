/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * bbm_group.c - checks the contiguous groups around a store.
 *
 * A new leaf is judged beside each member of its group and beside what the members' slots held before; the
 * rule for a pair is in ghost.c. A new pointer is judged beside leaves that call its slot part of their
 * group. A member taken out leaves a hole: if a SYNC completes while others still say "contiguous", the
 * driver has left the group broken.
 * Nothing is searched before the first contiguous bit is seen: without any there are no groups.
 * Callers: bbm.c for each store, bbm_sync.c for the holes.
 * Spec: DDI 0487, Contiguous bit; IHI 0070, Break-before-make.
 */
#include "bbm_internal.h"

/* The group that @index of @table belongs to. Return: the number of members in this table; 0 if none. */
static unsigned group_of(const struct root *root, const struct live_table *table, unsigned index,
			 unsigned *first)
{
	unsigned lg2 = level_contiguous_lg2(root->stage2.granule_lg2, table->level);
	unsigned members = 1u << lg2;

	*first = index & ~(members - 1);
	if (!lg2)
		return 0;
	return *first + members <= table->entries ? members : table->entries - *first;
}

static void hole_defer(const struct model *model, struct hole *hole)
{
	for (unsigned queue = 0; queue < model->queue_count; queue++)
		hole->rung[queue] = cmdq_rung(model, queue);
}

/* The driver is at work on a group: holes in it are judged by the first SYNC that it asks for afterwards. */
static void holes_defer(struct model *model, const struct live_table *table, unsigned first, unsigned members)
{
	struct bbm *bbm = model->bbm;

	for (unsigned i = 0; i < bbm->hole_count; i++) {
		struct hole *hole = &bbm->hole[i];

		if (hole->table.pa == table->pa && hole->index - first < members)
			hole_defer(model, hole);
	}
}

/* The member is back: should it go once more, that is another hole. */
static void hole_fill(struct bbm *bbm, const struct live_table *table, unsigned index)
{
	unsigned i, kept = 0;

	for (i = 0; i < bbm->hole_count; i++)
		if (bbm->hole[i].table.pa != table->pa || bbm->hole[i].index != index)
			bbm->hole[kept++] = bbm->hole[i];
	bbm->hole_count = kept;
}

void bbm_group_judge(struct store *store, const struct live_table *table, unsigned index, uint64_t value)
{
	struct bbm *bbm = store->model->bbm;
	const struct model_stage2 *stage2 = &store->root->stage2;
	unsigned bbml = store->model->config.bbml, first,
		 members = group_of(store->root, table, index, &first), i;
	struct space *space = tlb_space(bbm->ghosts, stage2->vmid, stage2->granule_lg2, false, false);
	struct member fresh = { value, index - first, false };
	const char *entries;

	bbm->contiguous_seen |= DESCRIPTOR_CONTIGUOUS(value);
	if (!members || !bbm->contiguous_seen)
		return;
	hole_fill(bbm, table, index);
	holes_defer(store->model, table, first, members);
	if (DESCRIPTOR_CONTIGUOUS(value) &&
	    members >> level_contiguous_lg2(stage2->granule_lg2, table->level) == 0)
		store_say(store, (struct verdict){ "contiguous group larger than the input space",
						   MODEL_RULE_CONTIGUOUS });
	entries = bbm_table_read(store->model, table->pa + 8 * (uint64_t)first, members);
	for (i = 0; entries && i < members; i++) {
		struct member member = { load64(entries + 8 * i), i, false };
		struct placed place = root_placed(store->root, table, first + i, member.descriptor);

		if (root_is_leaf(store->root, table->level, member.descriptor))
			store_say(store, contiguous_check(stage2, bbml, table->level, &fresh, &member));
		member.ghost = true;
		if (i != fresh.index && space &&
		    space_get(space, place.address, table->level, false, &member.descriptor))
			store_say(store, contiguous_check(stage2, bbml, table->level, &fresh, &member));
	}
}

/* A pointer is stored beside leaves that call its slot part of their group: those may be cached for it. */
void bbm_neighbours_judge(struct store *store, const struct live_table *table, unsigned index)
{
	unsigned first, members = group_of(store->root, table, index, &first), i;
	unsigned shift = level_shift(store->root->stage2.granule_lg2, table->level);
	const char *entries;

	if (!members || !store->model->bbm->contiguous_seen)
		return;
	entries = bbm_table_read(store->model, table->pa + 8 * (uint64_t)first, members);
	for (i = 0; entries && i < members; i++) {
		uint64_t value = load64(entries + 8 * i);

		if (root_is_leaf(store->root, table->level, value) && DESCRIPTOR_CONTIGUOUS(value))
			bbm_grouped_ghost_judge(store, table->base + bits_put(first + i, shift), table->level,
						false, value);
	}
}

void bbm_hole_note(struct model *model, struct root *root, const struct live_table *table, unsigned index)
{
	struct bbm *bbm = model->bbm;

	if (!bbm->contiguous_seen)
		return;
	bbm->hole = model_grow(bbm->hole, &bbm->hole_room, bbm->hole_count, sizeof(*bbm->hole));
	bbm->hole[bbm->hole_count] = (struct hole){ root, *table, index, { 0 } };
	hole_defer(model, &bbm->hole[bbm->hole_count++]);
}

/* A member was taken out: while another still says "contiguous", the group may be cached again, hole and all. A SYNC
 * that was on its way before says nothing of it: the driver may be in the middle of taking out all members.
 */
static void hole_judge(struct model *model, const struct hole *hole)
{
	unsigned first, members = group_of(hole->root, &hole->table, hole->index, &first), i;
	uint64_t pa = hole->table.pa + 8 * (uint64_t)hole->index;
	const char *entries = bbm_table_read(model, hole->table.pa + 8 * (uint64_t)first, members);

	if (!entries ||
	    root_is_leaf(hole->root, hole->table.level, load64(entries + 8 * (hole->index - first))))
		return;
	for (i = 0; i < members; i++) {
		uint64_t value = load64(entries + 8 * i);

		if (!root_is_leaf(hole->root, hole->table.level, value) || !DESCRIPTOR_CONTIGUOUS(value))
			continue;
		model_violate(model, MODEL_RULE_CONTIGUOUS, pa, value,
			      load64(entries + 8 * (hole->index - first)),
			      "member taken out of a group that others still call contiguous");
		return;
	}
}

void bbm_holes_judge(struct model *model, unsigned queue)
{
	struct bbm *bbm = model->bbm;
	unsigned index, kept = 0;

	/* Who starts the SMMU asks for SYNCs while another CPU may be half-way through a group: nothing walks it yet. */
	if (!(model->registers.cr0ack & CR0_SMMUEN))
		return;
	for (index = 0; index < bbm->hole_count; index++) {
		if (bbm->hole[index].rung[queue] < model->queue[queue].position)
			hole_judge(model, &bbm->hole[index]);
		else
			bbm->hole[kept++] = bbm->hole[index];
	}
	bbm->hole_count = kept;
}
