/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_model_tlb.c - what stays cached, and what each TLBI removes, seen by a device.
 *
 * Proves: leaves, table pointers and combined entries go stale and stay until a command whose reach the
 * architecture guarantees; a range one page short, a TTL too narrow, a wrong granule, the wrong VMID,
 * Leaf=1 for a table pointer or S2_IPA for a combined entry leave them; the oldest entry wins; faults are
 * never cached; a contiguous group is gone only when all its members were invalidated; and the adversary
 * refills combined entries from stale stage-2 ones when NH_ALL goes before the stage-2 SYNC.
 */
#include "model_rig.h"

static struct rig rig;

static int setup(void **state)
{
	(void)state;
	rig_config(&rig);
	rig_up_mapped(&rig);
	return 0;
}

static int setup_nested(void **state)
{
	(void)state;
	rig_config(&rig);
	rig.config.s1p = true;
	rig_up_mapped(&rig);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	rig_free(&rig);
	return 0;
}

static uint64_t page_pa(uint64_t ipa)
{
	return rig_table(3) + 8 * (ipa >> 12);
}

/* Pages first .. last: cached, then gone from memory. */
static void make_stale(unsigned first, unsigned last)
{
	unsigned page;

	for (page = first; page <= last; page++) {
		rig_expect_pa(&rig, page << 12, page << 12);
		rig_store(&rig, page_pa(page << 12), 0);
	}
}

static void expect_stale(unsigned first, unsigned last)
{
	unsigned page;

	for (page = first; page <= last; page++) {
		struct model_access access = model_probe(rig.model, RIG_SID, page << 12, false);

		if (access.fault)
			print_error("page %u is gone\n", page);
		assert_int_equal(access.fault, MODEL_OK);
		assert_true(access.hit);
	}
}

static void expect_gone(unsigned first, unsigned last)
{
	unsigned page;

	for (page = first; page <= last; page++) {
		if (!model_probe(rig.model, RIG_SID, page << 12, false).fault)
			print_error("page %u is still there\n", page);
		assert_int_equal(model_probe(rig.model, RIG_SID, page << 12, false).fault,
				 MODEL_F_TRANSLATION);
	}
}

static void stale_page_survives_until_tlbi_and_sync(void **state)
{
	(void)state;
	make_stale(1, 1);
	rig_sync(&rig, RIG_SYNC, 0);
	expect_stale(1, 1);
	rig_sync(&rig, RIG_S2_IPA, 0x1000 | RIG_LEAF);
	expect_gone(1, 1);
}

static void faults_are_never_cached(void **state)
{
	(void)state;
	rig_expect_fault(&rig, 0x7000, MODEL_F_TRANSLATION);
	rig_store(&rig, page_pa(0x7000), 0x7000 | RIG_PAGE);
	rig_expect_pa(&rig, 0x7000, 0x7000);
}

static void one_address_removes_the_whole_entry_that_covers_it(void **state)
{
	(void)state;
	rig_expect_pa(&rig, 0x40000000, 0x40000000);
	rig_store(&rig, rig_table(0) + 8, 0);
	rig_expect_pa(&rig, 0x7fffffff, 0x7fffffff);
	rig_sync(&rig, RIG_S2_IPA, 0x51234000 | RIG_LEAF);
	rig_expect_fault(&rig, 0x40000000, MODEL_F_TRANSLATION);
}

static void range_reaches_exactly_its_pages(void **state)
{
	(void)state;
	make_stale(20, 60);
	/* 33 pages from 25: (NUM+1)=17 at SCALE 1 would be 34; 16 twice and 1 more, as two commands */
	rig_sync(&rig, RIG_S2_IPA | RIG_NUM(15) | RIG_SCALE(1), 25 << 12 | RIG_LEAF | RIG_TTL(3) | RIG_TG(1));
	expect_stale(20, 24);
	expect_gone(25, 56);
	expect_stale(57, 60);
	rig_sync(&rig, RIG_S2_IPA | RIG_NUM(0) | RIG_SCALE(1), 56 << 12 | RIG_LEAF | RIG_TTL(3) | RIG_TG(1));
	expect_gone(56, 57);
	expect_stale(58, 60);
}

static void range_one_page_short_leaves_one(void **state)
{
	(void)state;
	make_stale(16, 31);
	rig_sync(&rig, RIG_S2_IPA | RIG_NUM(14), 16 << 12 | RIG_LEAF | RIG_TTL(3) | RIG_TG(1));
	expect_gone(16, 30);
	expect_stale(31, 31);
}

static void narrow_ttl_leaves_leaves_of_other_levels(void **state)
{
	(void)state;
	make_stale(1, 3);
	rig_expect_pa(&rig, 0x200000, 0x200000);
	rig_store(&rig, rig_table(2) + 8, 0);

	/* 4 MiB from 0 by 2 MiB blocks: the pages stay */
	rig_sync(&rig, RIG_S2_IPA | RIG_NUM(1) | RIG_SCALE(9), RIG_LEAF | RIG_TTL(2) | RIG_TG(1));
	expect_stale(1, 3);
	rig_expect_fault(&rig, 0x200000, MODEL_F_TRANSLATION);
	/* by pages: a block stays */
	rig_store(&rig, rig_table(2) + 8, 0x200000 | RIG_BLOCK);
	rig_expect_pa(&rig, 0x200000, 0x200000);
	rig_store(&rig, rig_table(2) + 8, 0);
	rig_sync(&rig, RIG_S2_IPA | RIG_NUM(31) | RIG_SCALE(5), RIG_LEAF | RIG_TTL(3) | RIG_TG(1));
	expect_gone(1, 3);
	rig_expect_pa(&rig, 0x200000, 0x200000);
	/* without TTL everything goes */
	rig_sync(&rig, RIG_S2_IPA | RIG_NUM(31) | RIG_SCALE(5), RIG_LEAF | RIG_TG(1));
	rig_expect_fault(&rig, 0x200000, MODEL_F_TRANSLATION);
}

static void other_granule_removes_nothing(void **state)
{
	(void)state;
	make_stale(16, 31);
	rig_sync(&rig, RIG_S2_IPA | RIG_NUM(3), 16 << 12 | RIG_LEAF | RIG_TTL(3) | RIG_TG(2));
	rig_sync(&rig, RIG_S2_IPA | RIG_NUM(0), 16 << 12 | RIG_LEAF | RIG_TTL(3) | RIG_TG(3));
	expect_stale(16, 31);
}

static void other_vmid_is_left_alone(void **state)
{
	uint64_t other = UINT64_C(1) << 32; /* VMID + 1 */

	(void)state;
	make_stale(1, 1);
	rig_sync(&rig, RIG_S2_IPA + other, 0x1000 | RIG_LEAF);
	rig_sync(&rig, RIG_S12_VMALL + other, 0);
	expect_stale(1, 1);
	rig_sync(&rig, RIG_S12_VMALL, 0);
	expect_gone(1, 1);
}

static void changing_the_vmid_of_a_stream_leaves_the_old_entries(void **state)
{
	(void)state;
	make_stale(1, 1);
	rig_ste(&rig, RIG_SID, 6, RIG_VMID + 1, rig_table(0));
	rig_sync(&rig, RIG_CFGI_STE(RIG_SID), 1);
	expect_gone(1, 1);
	rig_ste(&rig, RIG_SID, 6, RIG_VMID, rig_table(0));
	rig_sync(&rig, RIG_CFGI_STE(RIG_SID), 1);
	expect_stale(1, 1);
	rig_sync(&rig, RIG_NSNH_ALL, 0);
	expect_gone(1, 1);
}

/* Replace the table of 0 .. 2 MiB by a block, as a collapse does, and let the old table be reused. */
static void collapse_and_reuse(void)
{
	unsigned page;

	rig_expect_pa(&rig, 0x1000, 0x1000);
	rig_store(&rig, rig_table(2), RIG_BLOCK);
	for (page = 0; page < 512; page++)
		*rig_word(&rig, rig_table(3) + 8 * page) = 0;
}

static void leaf_invalidation_leaves_the_walk_cache(void **state)
{
	(void)state;
	collapse_and_reuse();
	rig_sync(&rig, RIG_S2_IPA | RIG_NUM(15) | RIG_SCALE(5), RIG_LEAF | RIG_TG(1));
	rig_expect_fault(&rig, 0x9000, MODEL_F_TRANSLATION); /* still walks the old table */
	rig_sync(&rig, RIG_S2_IPA | RIG_NUM(15) | RIG_SCALE(5), RIG_TG(1));
	rig_expect_pa(&rig, 0x9000, 0x9000);
}

static void level_hint_limits_which_table_pointers_go(void **state)
{
	(void)state;
	collapse_and_reuse();
	/* TTL=2 without Leaf: blocks, and pointers of levels 0 and 1; the level-2 pointer stays */
	rig_sync(&rig, RIG_S2_IPA | RIG_NUM(0) | RIG_SCALE(9), RIG_TTL(2) | RIG_TG(1));
	rig_expect_fault(&rig, 0x9000, MODEL_F_TRANSLATION);
	/* TTL=3 without Leaf: that one too */
	rig_sync(&rig, RIG_S2_IPA | RIG_NUM(0) | RIG_SCALE(9), RIG_TTL(3) | RIG_TG(1));
	rig_expect_pa(&rig, 0x9000, 0x9000);
}

static void single_address_without_leaf_takes_the_pointers_above_it(void **state)
{
	(void)state;
	collapse_and_reuse();
	rig_sync(&rig, RIG_S2_IPA, 0x9000);
	rig_expect_pa(&rig, 0x9000, 0x9000);
	rig_expect_pa(&rig, 0x1000, 0x1000); /* its own leaf is still the old one, and the same */
}

static void single_address_with_leaf_leaves_the_pointers_above_it(void **state)
{
	(void)state;
	collapse_and_reuse();
	rig_sync(&rig, RIG_S2_IPA, 0x9000 | RIG_LEAF);
	rig_expect_fault(&rig, 0x9000, MODEL_F_TRANSLATION);
}

static void deepest_cached_pointer_is_used_even_if_those_above_are_gone(void **state)
{
	(void)state;
	rig_expect_pa(&rig, 0x1000, 0x1000);
	rig_store(&rig, rig_table(0), 0); /* 0 .. 1 GiB unmapped at level 1 */
	rig_sync(&rig, RIG_S2_IPA | RIG_NUM(0) | RIG_SCALE(18),
		 RIG_TTL(2) | RIG_TG(1)); /* level-1 pointer gone */
	rig_expect_pa(&rig, 0x9000, 0x9000);
	rig_sync(&rig, RIG_S2_IPA | RIG_NUM(0) | RIG_SCALE(18), RIG_TG(1));
	rig_expect_fault(&rig, 0x9000, MODEL_F_TRANSLATION);
}

static void oldest_entry_wins_over_a_newer_one(void **state)
{
	(void)state;
	rig_expect_pa(&rig, 0x1000, 0x1000);
	rig_store(&rig, rig_table(2),
		  0x1000000 | RIG_BLOCK); /* elsewhere: a violation, so that we can tell */
	rig_sync(&rig, RIG_S2_IPA, 0x9000);
	rig_expect_pa(&rig, 0x9000, 0x1009000); /* the block is cached now */
	rig_expect_pa(&rig, 0x1000, 0x1000);
	rig_sync(&rig, RIG_S2_IPA, 0x1000 | RIG_LEAF);
	rig_expect_pa(&rig, 0x1000, 0x1001000);
}

static void restricted_permission_is_used_until_it_is_invalidated(void **state)
{
	(void)state;
	assert_int_equal(rig_write(&rig, 0x1000).fault, MODEL_OK);
	rig_store(&rig, page_pa(0x1000), 0x1000 | (RIG_PAGE & ~RIG_WRITE));
	assert_int_equal(rig_write(&rig, 0x1000).fault, MODEL_OK);
	rig_sync(&rig, RIG_S2_IPA, 0x1000 | RIG_LEAF);
	assert_int_equal(rig_write(&rig, 0x1000).fault, MODEL_F_PERMISSION);
	/* widening a live entry faults spuriously until it is invalidated */
	rig_store(&rig, page_pa(0x1000), 0x1000 | RIG_PAGE);
	assert_int_equal(rig_write(&rig, 0x1000).fault, MODEL_F_PERMISSION);
	rig_sync(&rig, RIG_S2_IPA, 0x1000 | RIG_LEAF);
	assert_int_equal(rig_write(&rig, 0x1000).fault, MODEL_OK);
}

static void probe_leaves_no_trace(void **state)
{
	(void)state;
	assert_int_equal(model_probe(rig.model, RIG_SID, 0x1000, false).fault, MODEL_OK);
	rig_store(&rig, page_pa(0x1000), 0);
	assert_int_equal(model_probe(rig.model, RIG_SID, 0x1000, false).fault, MODEL_F_TRANSLATION);
	assert_int_equal(model_event_count(rig.model, MODEL_F_TRANSLATION), 0);
}

static void contiguous_group_stays_while_one_member_is_cached(void **state)
{
	unsigned page;

	(void)state;
	for (page = 32; page < 48; page++)
		*rig_word(&rig, page_pa(page << 12)) = page << 12 | RIG_PAGE | RIG_CONT;
	rig_expect_pa(&rig, 33 << 12, 33 << 12);
	for (page = 32; page < 48; page++)
		rig_store(&rig, page_pa(page << 12), 0);

	expect_stale(32, 47); /* one access has cached them all */
	rig_sync(&rig, RIG_S2_IPA, 40 << 12 | RIG_LEAF);
	expect_stale(32, 47); /* invalidating another member's address need not remove it */
	rig_sync(&rig, RIG_S2_IPA | RIG_NUM(15), 32 << 12 | RIG_LEAF | RIG_TTL(3) | RIG_TG(1));
	expect_gone(32, 47);
}

static void two_sizes_for_one_address_conflict_below_bbml_2(void **state)
{
	static const struct {
		unsigned bbml;
		uint64_t nt;
		enum model_fault fault;
	} cases[] = {
		{ 0, 0, MODEL_F_TLB_CONFLICT },
		{ 1, 0, MODEL_F_TLB_CONFLICT },
		{ 1, RIG_NT, MODEL_OK },
		{ 2, 0, MODEL_OK },
	};
	unsigned index;

	(void)state;
	for (index = 0; index < sizeof(cases) / sizeof(cases[0]); index++) {
		rig_free(&rig);
		rig_config(&rig);
		rig.config.bbml = cases[index].bbml;
		rig_up_mapped(&rig);
		rig_expect_pa(&rig, 0x1000, 0x1000);
		rig_store(&rig, rig_table(2), RIG_BLOCK | cases[index].nt);
		rig_sync(&rig, RIG_S2_IPA, 0x9000);
		rig_expect_pa(&rig, 0x9000, 0x9000);
		rig_expect_fault(&rig, 0x1000, cases[index].fault);
	}
}

/* ---- nested ------------------------------------------------------------------------------ */

static void s2_ipa_leaves_combined_entries(void **state)
{
	(void)state;
	make_stale(1, 4);
	rig_sync(&rig, RIG_S2_IPA | RIG_NUM(3), 0x1000 | RIG_LEAF | RIG_TTL(3) | RIG_TG(1));
	expect_stale(1, 4);
	rig_sync(&rig, RIG_NH_ALL, 0);
	expect_gone(1, 4);
}

static void nh_all_leaves_stage_2_entries(void **state)
{
	(void)state;
	make_stale(1, 1);
	rig_sync(&rig, RIG_NH_ALL, 0);
	expect_stale(1, 1);
}

static void nh_vaa_removes_combined_entries_in_its_range_only(void **state)
{
	(void)state;
	make_stale(1, 4);
	rig_sync(&rig, RIG_S2_IPA | RIG_NUM(3), 0x1000 | RIG_LEAF | RIG_TTL(3) | RIG_TG(1));
	rig_sync(&rig, RIG_NH_VAA | RIG_NUM(1), 0x1000 | RIG_LEAF | RIG_TG(1));
	expect_gone(1, 2);
	expect_stale(3, 4);
	rig_sync(&rig, RIG_NH_VAA, 0x3000 | RIG_LEAF);
	expect_gone(3, 3);
	expect_stale(4, 4);
}

static void one_command_removes_both_stages(void **state)
{
	static const uint64_t commands[] = { RIG_S12_VMALL, RIG_NSNH_ALL };
	unsigned index;

	(void)state;
	for (index = 0; index < 2; index++) {
		rig_store(&rig, page_pa(0x1000), 0x1000 | RIG_PAGE);
		make_stale(1, 1);
		rig_sync(&rig, commands[index], 0);
		expect_gone(1, 1);
	}
}

static void both_stages_with_a_sync_between_remove_everything(void **state)
{
	unsigned seed;

	(void)state;
	for (seed = 1; seed <= 32; seed++) {
		rig_free(&rig);
		rig_config(&rig);
		rig.config.s1p = true;
		rig.config.seed = seed;
		rig_up_mapped(&rig);
		model_watch(rig.model, RIG_SID, 0x1000);
		make_stale(1, 1);
		rig_queue(&rig, RIG_S2_IPA, 0x1000 | RIG_LEAF);
		rig_queue(&rig, RIG_SYNC, 0);
		rig_queue(&rig, RIG_NH_ALL, 0);
		rig_queue(&rig, RIG_SYNC, 0);
		rig_run(&rig);
		expect_gone(1, 1);
	}
}

static void nh_all_before_the_stage_2_sync_is_refilled_from_a_stale_entry(void **state)
{
	unsigned seed, refilled = 0;

	(void)state;
	for (seed = 1; seed <= 32; seed++) {
		rig_free(&rig);
		rig_config(&rig);
		rig.config.s1p = true;
		rig.config.seed = seed;
		rig_up_mapped(&rig);
		model_watch(rig.model, RIG_SID, 0x1000);
		make_stale(1, 1);
		rig_queue(&rig, RIG_S2_IPA, 0x1000 | RIG_LEAF);
		rig_queue(&rig, RIG_NH_ALL, 0);
		rig_queue(&rig, RIG_SYNC, 0);
		rig_run(&rig);
		refilled += model_probe(rig.model, RIG_SID, 0x1000, false).fault == MODEL_OK;
	}
	assert_in_range(refilled, 8, 31);
}

static void s2_only_streams_of_the_vmid_have_no_combined_entries(void **state)
{
	(void)state;
	rig_ste(&rig, 9, 6, RIG_VMID, rig_table(0));
	assert_int_equal(model_dma(rig.model, 9, 0x1000, false).fault, MODEL_OK);
	rig_store(&rig, page_pa(0x1000), 0);
	rig_sync(&rig, RIG_S2_IPA, 0x1000 | RIG_LEAF);
	assert_int_equal(model_dma(rig.model, 9, 0x1000, false).fault, MODEL_F_TRANSLATION);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name)	  cmocka_unit_test_setup_teardown(name, setup, teardown)
#define TEST_NESTED(name) cmocka_unit_test_setup_teardown(name, setup_nested, teardown)
		TEST(stale_page_survives_until_tlbi_and_sync),
		TEST(faults_are_never_cached),
		TEST(one_address_removes_the_whole_entry_that_covers_it),
		TEST(range_reaches_exactly_its_pages),
		TEST(range_one_page_short_leaves_one),
		TEST(narrow_ttl_leaves_leaves_of_other_levels),
		TEST(other_granule_removes_nothing),
		TEST(other_vmid_is_left_alone),
		TEST(changing_the_vmid_of_a_stream_leaves_the_old_entries),
		TEST(leaf_invalidation_leaves_the_walk_cache),
		TEST(level_hint_limits_which_table_pointers_go),
		TEST(single_address_without_leaf_takes_the_pointers_above_it),
		TEST(single_address_with_leaf_leaves_the_pointers_above_it),
		TEST(deepest_cached_pointer_is_used_even_if_those_above_are_gone),
		TEST(oldest_entry_wins_over_a_newer_one),
		TEST(restricted_permission_is_used_until_it_is_invalidated),
		TEST(probe_leaves_no_trace),
		TEST(contiguous_group_stays_while_one_member_is_cached),
		TEST(two_sizes_for_one_address_conflict_below_bbml_2),
		TEST_NESTED(s2_ipa_leaves_combined_entries),
		TEST_NESTED(nh_all_leaves_stage_2_entries),
		TEST_NESTED(nh_vaa_removes_combined_entries_in_its_range_only),
		TEST_NESTED(one_command_removes_both_stages),
		TEST_NESTED(both_stages_with_a_sync_between_remove_everything),
		TEST_NESTED(nh_all_before_the_stage_2_sync_is_refilled_from_a_stale_entry),
		TEST_NESTED(s2_only_streams_of_the_vmid_have_no_combined_entries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
