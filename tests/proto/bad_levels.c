/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * bad_levels.c - sequences of good_levels.c with one thing wrong, at every level of every format.
 *
 * Proves: each omission is found at its step: nT missing, cleared or followed by a table before its SYNC,
 * blocks and tables exchanged live where nT or BBML 2 does not cover it, types and outputs changed under a
 * cached leaf, reserved forms, groups of the contiguous hint made or cut wrongly; and where there is no rule
 * to break, the device is seen to reach what was not invalidated.
 */
#include "levels.h"

#define BLOCK  MODEL_RULE_BBM_BLOCK
#define OUTPUT MODEL_RULE_BBM_OUTPUT
#define TYPE   MODEL_RULE_BBM_TYPE
#define GROUP  MODEL_RULE_CONTIGUOUS
#define FORM   MODEL_RULE_DESCRIPTOR

/* ---- block and table --------------------------------------------------------------------- */

static void link_child(struct levels *levels)
{
	levels_last(levels);
	levels_store(levels, levels_table(levels, levels->child));
}

static void split_in_one_store(struct levels *levels)
{
	levels_fill(levels, 0);
	link_child(levels);
}

static void split_with_nt_in_the_same_breath(struct levels *levels)
{
	levels_fill(levels, 0);
	levels_store(levels, levels_block(levels, RIG_NT));
	link_child(levels);
}

static void split_with_nt_and_tlbi_before_the_sync(struct levels *levels)
{
	levels_fill(levels, 0);
	levels_store(levels, levels_block(levels, RIG_NT));
	levels_command(levels, RIG_LEAF);
	link_child(levels);
}

static void split_with_the_tlbi_before_nt(struct levels *levels)
{
	levels_fill(levels, 0);
	levels_tlbi(levels, RIG_LEAF);
	levels_store(levels, levels_block(levels, RIG_NT));
	levels_sync(levels);
	link_child(levels);
}

static void split_with_nt_dropped_again(struct levels *levels)
{
	levels_fill(levels, 0);
	levels_store(levels, levels_block(levels, RIG_NT));
	levels_tlbi(levels, RIG_LEAF);
	levels_store(levels, levels_block(levels, 0));
	link_child(levels);
}

static void split_through_an_invalid_entry_without_sync(struct levels *levels)
{
	levels_fill(levels, 0);
	levels->may_fault = true;
	levels_store(levels, 0);
	levels_command(levels, RIG_LEAF);
	link_child(levels);
}

static void collapse_with(struct levels *levels, uint64_t bits)
{
	levels_last(levels);
	levels_store(levels, levels_block(levels, bits));
}

static void collapse_in_one_store(struct levels *levels)
{
	levels_begin_table(levels);
	collapse_with(levels, 0);
}

static void nt_cleared_without_tlbi(struct levels *levels)
{
	levels_begin_table(levels);
	levels_store(levels, levels_block(levels, RIG_NT));
	levels_sync(levels);
	collapse_with(levels, 0);
}

static void nt_cleared_before_the_sync(struct levels *levels)
{
	levels_begin_table(levels);
	levels_store(levels, levels_block(levels, RIG_NT));
	levels_command(levels, 0);
	collapse_with(levels, 0);
}

static void nt_cleared_after_leaf_only(struct levels *levels)
{
	levels_begin_table(levels);
	levels_store(levels, levels_block(levels, RIG_NT));
	levels_tlbi(levels, RIG_LEAF);
	collapse_with(levels, 0);
}

static void nt_cleared_after_pages_of_another_level(struct levels *levels)
{
	levels_begin_table(levels);
	levels_store(levels, levels_block(levels, RIG_NT));
	levels_tlbi(levels, levels->level >= 1 ? RIG_TTL(levels->level) : RIG_TTL(levels->level + 2));
	collapse_with(levels, 0);
}

static void collapse_through_an_invalid_entry_without_sync(struct levels *levels)
{
	levels_begin_table(levels);
	levels->may_fault = true;
	levels_store(levels, 0);
	levels_command(levels, 0);
	collapse_with(levels, 0);
}

static void table_written_before_its_sync(struct levels *levels)
{
	levels_begin_table(levels);
	levels->may_fault = true;
	levels_store(levels, 0);
	levels_command(levels, 0);
	levels_last(levels);
	rig_store(&levels->rig, levels->child + 8, levels_leaf(levels, levels->level + 1, 0, 0));
}

static void nt_at_bbml_0(struct levels *levels)
{
	levels_last(levels);
	levels_store(levels, levels_block(levels, RIG_NT));
}

/* ---- output and type --------------------------------------------------------------------- */

static void type_in_place(struct levels *levels)
{
	levels_last(levels);
	levels_store(levels, levels_block(levels, LEVELS_DEVICE));
}

static void type_through_an_invalid_entry_without_sync(struct levels *levels)
{
	levels->may_fault = true;
	levels_store(levels, 0);
	levels_command(levels, RIG_LEAF);
	type_in_place(levels);
}

static void output_in_place(struct levels *levels)
{
	levels_last(levels);
	levels_store(levels, levels_leaf(levels, levels->level, levels->bytes * levels->members * 2, 0));
}

/* In a format of 52 bits: an output that differs in its highest bit alone. */
static void highest_bit_of_the_output_in_place(struct levels *levels)
{
	levels_last(levels);
	levels_store(levels,
		     levels_leaf(levels, levels->level,
				 levels->address ^ UINT64_C(1) << (levels->format->large ? 51 : 47), 0));
}

static void split_to_another_type(struct levels *levels)
{
	levels_fill(levels, LEVELS_DEVICE);
	link_child(levels);
}

static void split_with_one_other_output(struct levels *levels)
{
	levels_fill(levels, 0);
	*rig_word(&levels->rig, levels->child + 8 * 5) =
		levels_leaf(levels, levels->level + 1, levels->address, 0);
	link_child(levels);
}

/* ---- reserved forms ---------------------------------------------------------------------- */

/* With nothing cached before, and broken again after. */
static void expect_reserved(struct levels *levels, uint64_t value)
{
	unsigned before = levels->rig.violations;

	levels_store(levels, value);
	if (levels->rig.violations != before + 1)
		print_error("level %d of %s: %llx is taken\n", levels->level, levels->format->name,
			    (unsigned long long)value);
	assert_int_equal(levels->rig.violations, before + 1);
	assert_int_equal(levels->rig.last.rule, FORM);
	levels_store(levels, 0);
	levels_tlbi(levels, 0);
}

static unsigned size_lg2(const struct levels *levels)
{
	unsigned lg2 = 0;

	while (levels->bytes >> lg2 > 1)
		lg2++;
	return lg2;
}

static void reserved_leaves(struct levels *levels)
{
	uint64_t leaf = levels_block(levels, 0);
	bool in_place = levels->format->large && levels->format->granule_lg2 != 16; /* address bits 49:48 */
	unsigned low = levels->format->large && !in_place ? 17 : 12, memattr;	    /* bit 16 is nT */

	levels->may_fault = true;
	levels_store(levels, 0);
	levels_tlbi(levels, RIG_LEAF);
	levels_last(levels);
	for (memattr = 0; memattr < 16; memattr++) {
		if (levels->fwb ? memattr == 4 || memattr > 7 : memattr && memattr % 4 == 0)
			expect_reserved(levels, (leaf & ~UINT64_C(0x3c)) | memattr << 2);
	}
	expect_reserved(levels, leaf | UINT64_C(1) << 50);
	if (!in_place) {
		expect_reserved(levels, leaf | UINT64_C(1) << 49);
		expect_reserved(levels, leaf | UINT64_C(1) << 48);
		expect_reserved(levels, leaf & ~UINT64_C(0x200));
	}
	if (size_lg2(levels) > low) {
		expect_reserved(levels, leaf | UINT64_C(1) << low);
		expect_reserved(levels, leaf | UINT64_C(1) << (size_lg2(levels) - 1));
	}
	if (levels->level == 3)
		expect_reserved(levels, leaf & ~UINT64_C(2));
}

static void reserved_tables(struct levels *levels)
{
	uint64_t table = levels_table(levels, levels->child);
	bool in_place = levels->format->large && levels->format->granule_lg2 != 16;

	levels->may_fault = true;
	levels_store(levels, 0);
	levels_tlbi(levels, RIG_LEAF);
	levels_last(levels);
	expect_reserved(levels, table | UINT64_C(1) << 50);
	expect_reserved(levels, table | UINT64_C(1) << 59);
	if (!in_place)
		expect_reserved(levels, table | UINT64_C(1) << 48);
	if (levels->format->granule_lg2 > 12 && !(levels->format->large && !in_place))
		expect_reserved(levels, table | UINT64_C(1) << 12);
	expect_reserved(levels, levels_table(levels, UINT64_C(1) << (levels->format->large ? 51 : 47)));
}

/* ---- contiguous groups ------------------------------------------------------------------- */

static void hint_where_there_are_no_groups(struct levels *levels)
{
	levels_last(levels);
	levels_store(levels, levels_block(levels, RIG_CONT));
}

static void hint_set_on_one(struct levels *levels)
{
	hint_where_there_are_no_groups(levels);
}

static void begin_group(struct levels *levels)
{
	levels_clear_group(levels);
	levels_tlbi_group(levels, RIG_LEAF);
	levels_store_group(levels, RIG_CONT);
	levels->may_fault = false;
	levels_sync(levels);
	levels_last(levels);
}

static void hint_cleared_on_one(struct levels *levels)
{
	begin_group(levels);
	levels_store(levels, levels_block(levels, 0));
}

static void hint_set_before_the_sync(struct levels *levels)
{
	levels_clear_group(levels);
	levels_tlbi(levels, RIG_LEAF); /* one member alone */
	levels_last(levels);
	levels_store_group(levels, RIG_CONT);
}

static void hint_cleared_before_the_whole_group_is_invalidated(struct levels *levels)
{
	begin_group(levels);
	levels_clear_group(levels);
	levels_tlbi(levels, RIG_LEAF);
	levels_last(levels);
	levels_store(levels, levels_block(levels, 0));
}

static void member_with_another_type(struct levels *levels)
{
	begin_group(levels);
	levels->may_fault = true;
	levels_clear_group(levels);
	levels_tlbi_group(levels, RIG_LEAF);
	levels_store_member(levels, 0,
			    levels_leaf(levels, levels->level, levels->address - levels->bytes, RIG_CONT));
	levels_last(levels);
	levels_store(levels, levels_block(levels, RIG_CONT | LEVELS_DEVICE));
}

static void member_with_other_permissions(struct levels *levels)
{
	begin_group(levels);
	rig_store(&levels->rig, levels->slot, levels_block(levels, RIG_CONT) & ~RIG_WRITE);
}

static void group_to_an_address_of_another_alignment(struct levels *levels)
{
	levels_clear_group(levels);
	levels_tlbi_group(levels, RIG_LEAF);
	levels_last(levels);
	levels_store(levels, levels_leaf(levels, levels->level, levels->address + levels->bytes, RIG_CONT));
}

static void members_that_do_not_follow_each_other(struct levels *levels)
{
	levels_clear_group(levels);
	levels_tlbi_group(levels, RIG_LEAF);
	levels_store(levels, levels_block(levels, RIG_CONT));
	levels_last(levels);
	levels_store_member(levels, 2, levels_block(levels, RIG_CONT));
}

static void member_revoked_while_the_others_keep_the_hint(struct levels *levels)
{
	begin_group(levels);
	levels->may_fault = true;
	levels_store(levels, 0);
	levels_command(levels, RIG_LEAF);
	levels_last(levels);
	levels_sync(levels);
}

static void member_split_by_nt_without_its_group(struct levels *levels)
{
	begin_group(levels);
	levels_store_group(levels, 0);
	levels_store(levels, levels_block(levels, RIG_NT));
	levels_tlbi(levels, RIG_LEAF);
	levels_fill(levels, 0);
	link_child(levels);
}

static void member_split_by_nt_while_the_others_keep_the_hint(struct levels *levels)
{
	begin_group(levels);
	levels_store(levels, levels_block(levels, RIG_NT));
	levels_tlbi_group(levels, RIG_LEAF);
	levels_fill(levels, 0);
	link_child(levels);
}

static void member_moved_without_its_group(struct levels *levels)
{
	begin_group(levels);
	levels_store_group(levels, 0);
	levels->may_fault = true;
	levels_store(levels, 0);
	levels_tlbi(levels, RIG_LEAF);
	levels_last(levels);
	levels_store(levels, levels_leaf(levels, levels->level, levels->bytes * levels->members * 2, 0));
}

static const struct levels_case cases[] = {
	{ "split in one store", 0, 1, LEVELS_BLOCKS, BLOCK, split_in_one_store },
	{ "split with nT but no TLBI", 1, 1, LEVELS_BLOCKS, BLOCK, split_with_nt_in_the_same_breath },
	{ "split with nT and TLBI but no SYNC", 1, 1, LEVELS_BLOCKS, BLOCK,
	  split_with_nt_and_tlbi_before_the_sync },
	{ "split with the TLBI before nT", 1, 1, LEVELS_BLOCKS, BLOCK, split_with_the_tlbi_before_nt },
	{ "split with nT dropped again", 1, 1, LEVELS_BLOCKS, BLOCK, split_with_nt_dropped_again },
	{ "split through an invalid entry without SYNC", 0, 1, LEVELS_BLOCKS, BLOCK,
	  split_through_an_invalid_entry_without_sync },
	{ "collapse in one store", 0, 1, LEVELS_BLOCKS, BLOCK, collapse_in_one_store },
	{ "nT cleared without TLBI", 1, 1, LEVELS_BLOCKS, BLOCK, nt_cleared_without_tlbi },
	{ "nT cleared before the SYNC", 1, 1, LEVELS_BLOCKS, BLOCK, nt_cleared_before_the_sync },
	{ "nT cleared after Leaf=1", 1, 1, LEVELS_BLOCKS, BLOCK, nt_cleared_after_leaf_only },
	{ "nT cleared after a TTL that is not the leaves'", 1, 1, LEVELS_BLOCKS, BLOCK,
	  nt_cleared_after_pages_of_another_level },
	{ "collapse through an invalid entry without SYNC", 0, 1, LEVELS_BLOCKS, BLOCK,
	  collapse_through_an_invalid_entry_without_sync },
	{ "table written before its SYNC", 0, 2, LEVELS_BLOCKS, MODEL_RULE_TABLE_REUSE,
	  table_written_before_its_sync },
	{ "nT where there is none", 0, 0, LEVELS_BLOCKS, FORM, nt_at_bbml_0 },
	{ "type in place", 0, 2, LEVELS_LEAVES, TYPE, type_in_place },
	{ "type through an invalid entry without SYNC", 0, 2, LEVELS_LEAVES, TYPE,
	  type_through_an_invalid_entry_without_sync },
	{ "output in place", 0, 2, LEVELS_LEAVES, OUTPUT, output_in_place },
	{ "highest bit of the output in place", 0, 2, LEVELS_LEAVES, OUTPUT,
	  highest_bit_of_the_output_in_place },
	{ "split to another type", 2, 2, LEVELS_BLOCKS, TYPE, split_to_another_type },
	{ "split with one other output", 2, 2, LEVELS_BLOCKS, OUTPUT, split_with_one_other_output },
	{ "reserved forms of leaves", 0, 2, LEVELS_LEAVES, FORM, reserved_leaves },
	{ "reserved forms of tables", 0, 2, LEVELS_BLOCKS, FORM, reserved_tables },
	{ "hint where there are no groups", 1, 2, LEVELS_NO_GROUPS, FORM, hint_where_there_are_no_groups },
	{ "hint set on one", 0, 0, LEVELS_GROUPS, GROUP, hint_set_on_one },
	{ "hint cleared on one", 0, 0, LEVELS_GROUPS, GROUP, hint_cleared_on_one },
	{ "hint set before the group is invalidated", 0, 0, LEVELS_GROUPS, GROUP, hint_set_before_the_sync },
	{ "hint cleared before the group is invalidated", 0, 0, LEVELS_GROUPS, GROUP,
	  hint_cleared_before_the_whole_group_is_invalidated },
	{ "member with another type", 0, 2, LEVELS_GROUPS, GROUP, member_with_another_type },
	{ "member with other permissions", 0, 2, LEVELS_GROUPS, GROUP, member_with_other_permissions },
	{ "group to an address of another alignment", 0, 2, LEVELS_GROUPS, GROUP,
	  group_to_an_address_of_another_alignment },
	{ "members that do not follow each other", 0, 2, LEVELS_GROUPS, GROUP,
	  members_that_do_not_follow_each_other },
	{ "member revoked while the others keep the hint", 0, 2, LEVELS_GROUPS, GROUP,
	  member_revoked_while_the_others_keep_the_hint },
	{ "member split by nT, others still cached with the hint", 1, 1, LEVELS_BLOCK_GROUPS, BLOCK,
	  member_split_by_nt_without_its_group },
	{ "member split by nT while the others keep the hint", 1, 1, LEVELS_BLOCK_GROUPS, BLOCK,
	  member_split_by_nt_while_the_others_keep_the_hint },
	{ "member moved, others still cached with the hint", 1, 2, LEVELS_GROUPS, GROUP,
	  member_moved_without_its_group },
};

static void each_broken_rule_is_named_at_every_level(void **state)
{
	(void)state;
	levels_run(cases, sizeof(cases) / sizeof(cases[0]));
}

/* ---- no rule broken, but not in force either --------------------------------------------- */

static void revoke_one_member(struct levels *levels)
{
	levels_store_group(levels, RIG_CONT);
	levels_tlbi_group(levels, RIG_LEAF);
	levels_store_group(levels, 0);
	levels->may_fault = true;
	levels_store(levels, 0);
	levels_tlbi(levels, RIG_LEAF); /* the member, not its group */
	rig_expect_pa(&levels->rig, levels->address, levels->address);
}

static void split_without_tlbi(struct levels *levels)
{
	levels_fill(levels, 0);
	*rig_word(&levels->rig, levels->child) = 0;
	levels_store(levels, levels_table(levels, levels->child));
	levels_sync(levels);
	rig_expect_pa(&levels->rig, levels->address, levels->address);
}

static const struct levels_case stale[] = {
	{ "member revoked without its group", 1, 2, LEVELS_GROUPS, LEVELS_GOOD, revoke_one_member },
	{ "hole in a fresh table without TLBI", 2, 2, LEVELS_BLOCKS, LEVELS_GOOD, split_without_tlbi },
};

static void the_device_reaches_what_was_not_invalidated(void **state)
{
	(void)state;
	levels_run(stale, sizeof(stale) / sizeof(stale[0]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_broken_rule_is_named_at_every_level),
		cmocka_unit_test(the_device_reaches_what_was_not_invalidated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
