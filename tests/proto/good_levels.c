/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * good_levels.c - allowed sequences at every level of every format, under a device that never stops.
 *
 * Proves: split and collapse as each BBML allows them, changes by break-before-make, and contiguous groups
 * made, dropped and cut are accepted, and the device that uses the memory sees its old or new translation at
 * each step, and a fault only where an entry is broken on purpose.
 */
#include "levels.h"

#define LEAF_RANGE RIG_LEAF

static void split_with_a_hole(struct levels *levels)
{
	levels->hole = true;
	levels_fill(levels, 0);
	levels_store(levels, levels_table(levels, levels->child));
	levels_tlbi(levels, LEAF_RANGE);
	rig_expect_fault(&levels->rig, levels->address + levels->bytes - 8, MODEL_F_TRANSLATION);
	rig_expect_pa(&levels->rig, levels->address, levels->address);
}

static void split_by_nt(struct levels *levels)
{
	levels_store(levels, levels_block(levels, RIG_NT));
	levels_tlbi(levels, LEAF_RANGE);
	split_with_a_hole(levels);
}

static void split_through_an_invalid_entry(struct levels *levels)
{
	levels->may_fault = true;
	levels_store(levels, 0);
	levels_tlbi(levels, LEAF_RANGE);
	split_with_a_hole(levels);
}

static void collapse(struct levels *levels)
{
	levels_begin_table(levels);
	levels_store(levels, levels_block(levels, 0));
	levels_tlbi(levels, 0);
	levels_fill(levels, RIG_NT); /* the table is free: anything may be in it */
}

static void collapse_by_nt(struct levels *levels)
{
	levels_begin_table(levels);
	levels_store(levels, levels_block(levels, RIG_NT));
	levels_tlbi(levels, 0);
	levels_store(levels, levels_block(levels, 0));
	levels_tlbi(levels, LEAF_RANGE);
}

static void collapse_through_an_invalid_entry(struct levels *levels)
{
	levels_begin_table(levels);
	levels->may_fault = true;
	levels_store(levels, 0);
	levels_tlbi(levels, 0);
	levels_store(levels, levels_block(levels, 0));
	levels->may_fault = false;
	levels_sync(levels);
}

static void split_and_collapse_again_by_nt(struct levels *levels)
{
	split_by_nt(levels);
	rig_store(&levels->rig, levels->child + (UINT64_C(1) << levels->format->granule_lg2) - 8,
		  levels_leaf(levels, levels->level + 1,
			      levels->address + levels->bytes - levels->child_bytes, 0));
	levels->hole = false;
	levels_store(levels, levels_block(levels, RIG_NT));
	levels_tlbi(levels, 0);
	levels_store(levels, levels_block(levels, 0));
}

static void nt_that_stays(struct levels *levels)
{
	levels_store(levels, levels_block(levels, RIG_NT));
	levels_tlbi(levels, LEAF_RANGE);
	levels_store(levels, levels_block(levels, 0));
	levels_store(levels, levels_block(levels, RIG_NT));
	levels_tlbi(levels, LEAF_RANGE);
}

static void type_by_break_before_make(struct levels *levels)
{
	levels->may_fault = true;
	levels_store(levels, 0);
	levels_tlbi(levels, LEAF_RANGE);
	levels_store(levels, levels_block(levels, LEVELS_DEVICE));
	levels->may_fault = false;
	levels_sync(levels);
	assert_true(rig_read(&levels->rig, levels->address).device);
}

static void permissions_in_place(struct levels *levels)
{
	rig_store(&levels->rig, levels->slot, levels_block(levels, 0) & ~RIG_WRITE);
	levels_command(levels, LEAF_RANGE);
	rig_queue(&levels->rig, RIG_SYNC, 0);
	rig_run(&levels->rig);
	assert_int_equal(rig_write(&levels->rig, levels->address).fault, MODEL_F_PERMISSION);
}

static void revoke_of_a_leaf(struct levels *levels)
{
	assert_false(rig_read(&levels->rig, levels->address).device);
	levels->may_fault = true;
	levels_store(levels, 0);
	levels_tlbi(levels, LEAF_RANGE);
	rig_expect_fault(&levels->rig, levels->address, MODEL_F_TRANSLATION);
}

static void hint_set_and_cleared_live(struct levels *levels)
{
	levels_store_group(levels, RIG_CONT);
	levels_tlbi_group(levels, LEAF_RANGE);
	levels_store_group(levels, 0);
	levels_store_group(levels, RIG_CONT);
}

static void hint_by_break_before_make(struct levels *levels)
{
	levels_clear_group(levels);
	levels_tlbi_group(levels, LEAF_RANGE);
	levels_store_group(levels, RIG_CONT);
	levels->may_fault = false;
	levels_sync(levels);
	levels_clear_group(levels);
	levels_tlbi_group(levels, LEAF_RANGE);
	levels_store_group(levels, 0);
}

/* The other members still reach the hole until all of the group is invalidated. */
static void member_revoked_with_its_group(struct levels *levels)
{
	levels_store_group(levels, RIG_CONT);
	levels_tlbi_group(levels, LEAF_RANGE);
	levels_store_group(levels, 0);
	levels->may_fault = true;
	levels_store(levels, 0);
	levels_tlbi_group(levels, LEAF_RANGE);
	rig_expect_fault(&levels->rig, levels->address, MODEL_F_TRANSLATION);
}

static void member_split_after_its_group_by_nt(struct levels *levels)
{
	levels_store_group(levels, RIG_CONT);
	levels_store_group(levels, 0);
	levels_store(levels, levels_block(levels, RIG_NT));
	levels_tlbi_group(levels, LEAF_RANGE);
	levels_fill(levels, 0);
	levels_store(levels, levels_table(levels, levels->child));
}

static void member_split_after_its_group(struct levels *levels)
{
	levels_store_group(levels, RIG_CONT);
	levels_store_group(levels, 0);
	levels_fill(levels, 0);
	levels_store(levels, levels_table(levels, levels->child));
	levels_tlbi_group(levels, LEAF_RANGE);
}

/* Without the hint, what a neighbour may be cached as says nothing of this leaf. */
static void split_by_nt_beside_a_ghost(struct levels *levels)
{
	hint_set_and_cleared_live(levels);
	levels_store_group(levels, 0);
	levels_tlbi_group(levels, LEAF_RANGE);
	levels_store_member(levels, 2, 0);
	split_by_nt(levels);
}

#define G LEVELS_GOOD

static const struct levels_case cases[] = {
	{ "split in one store", 2, 2, LEVELS_BLOCKS, G, split_with_a_hole },
	{ "split by nT", 1, 2, LEVELS_BLOCKS, G, split_by_nt },
	{ "split through an invalid entry", 0, 2, LEVELS_BLOCKS, G, split_through_an_invalid_entry },
	{ "collapse in one store", 2, 2, LEVELS_BLOCKS, G, collapse },
	{ "collapse by nT", 1, 2, LEVELS_BLOCKS, G, collapse_by_nt },
	{ "collapse through an invalid entry", 0, 2, LEVELS_BLOCKS, G, collapse_through_an_invalid_entry },
	{ "split and collapse again by nT", 1, 2, LEVELS_BLOCKS, G, split_and_collapse_again_by_nt },
	{ "nT set, cleared, set and left alone", 1, 2, LEVELS_BLOCKS, G, nt_that_stays },
	{ "memory type by break-before-make", 0, 2, LEVELS_LEAVES, G, type_by_break_before_make },
	{ "permissions in place", 0, 2, LEVELS_LEAVES, G, permissions_in_place },
	{ "revoke", 0, 2, LEVELS_LEAVES, G, revoke_of_a_leaf },
	{ "hint set and cleared live", 1, 2, LEVELS_GROUPS, G, hint_set_and_cleared_live },
	{ "hint by break-before-make", 0, 2, LEVELS_GROUPS, G, hint_by_break_before_make },
	{ "member revoked with its group", 1, 2, LEVELS_GROUPS, G, member_revoked_with_its_group },
	{ "split by nT beside a ghost", 1, 1, LEVELS_BLOCK_GROUPS, G, split_by_nt_beside_a_ghost },
	{ "member split after its group, by nT", 1, 2, LEVELS_BLOCK_GROUPS, G,
	  member_split_after_its_group_by_nt },
	{ "member split after its group", 2, 2, LEVELS_BLOCK_GROUPS, G, member_split_after_its_group },
};

static void correct_sequences_are_accepted_at_every_level(void **state)
{
	(void)state;
	levels_run(cases, sizeof(cases) / sizeof(cases[0]));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(correct_sequences_are_accepted_at_every_level) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
