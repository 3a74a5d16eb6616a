/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_model_bbm.c - which tables are followed, and when nothing is judged.
 *
 * The rules themselves are in tests/proto. Proves: tables are judged from a stream's first use until no
 * stream uses them; nothing is judged while SMMUEN=0, and what is taken away then, after all was invalidated, is
 * gone; several streams and VMIDs are told apart; larger granules are followed; a long random run of a correct
 * driver is never blamed, and never blames itself with a stale translation, at any BBML; holes of groups are judged
 * by the right SYNC.
 */
#include "model_rig.h"

#include "seeded.h"

static struct rig rig;

static int setup(void **state)
{
	(void)state;
	rig_config(&rig);
	rig_up_mapped(&rig);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	rig_free(&rig);
	return 0;
}

static uint64_t page_slot(unsigned page)
{
	return rig_table(3) + 8 * (uint64_t)page;
}

/* What nobody may do to a live page. */
static void wrong_store(void)
{
	rig_store(&rig, page_slot(1), *rig_word(&rig, page_slot(1)) ^ 0x8000);
}

static void tables_are_judged_from_the_first_use_on(void **state)
{
	(void)state;
	wrong_store();
	assert_int_equal(rig.violations, 0);
	rig_read(&rig, 0x7000);
	wrong_store();
	assert_int_equal(rig.violations, 1);
}

static void cfgi_of_a_stream_counts_as_use(void **state)
{
	(void)state;
	rig_sync(&rig, RIG_CFGI_STE(RIG_SID), 1);
	wrong_store();
	assert_int_equal(rig.violations, 1);
}

static void probe_does_not_count_as_use(void **state)
{
	(void)state;
	model_probe(rig.model, RIG_SID, 0x1000, false);
	wrong_store();
	assert_int_equal(rig.violations, 0);
}

static void nothing_is_judged_while_translation_is_off(void **state)
{
	(void)state;
	rig_read(&rig, 0x7000);
	rig_cr0(&rig, 0xc);
	wrong_store();
	rig_sync(&rig, RIG_NSNH_ALL, 0);
	rig_cr0(&rig, 0xd);
	assert_int_equal(rig.violations, 0);
	wrong_store();
	assert_int_equal(rig.violations, 1);
}

/* Is the table of the first 2 MiB used again too early? */
static void take_table_away(void)
{
	rig_store(&rig, rig_table(2), 0);
}

static bool reuse_is_judged(void)
{
	unsigned before = rig.violations;

	rig_store(&rig, page_slot(7), 0x400000 | RIG_PAGE);
	return rig.violations != before && rig.last.rule == MODEL_RULE_TABLE_REUSE;
}

static void what_is_taken_from_an_smmu_that_is_off_and_empty_is_free(void **state)
{
	(void)state;
	rig_read(&rig, 0x1000);
	rig_cr0(&rig, 0xc);
	rig_sync(&rig, RIG_NSNH_ALL, 0);
	take_table_away();
	rig_cr0(&rig, 0xd);
	assert_false(reuse_is_judged());
	assert_int_equal(rig.violations, 0);
}

static void what_is_taken_away_before_the_sync_of_that_invalidation_is_free(void **state)
{
	(void)state;
	rig_read(&rig, 0x1000);
	rig_cr0(&rig, 0xc);
	rig_queue(&rig, RIG_NSNH_ALL, 0);
	rig_queue(&rig, RIG_SYNC, 0);
	model_step(rig.model); /* consumed */
	model_step(rig.model); /* executed */
	take_table_away();
	assert_int_equal(model_counters(rig.model)->syncs, 0);
	rig_run(&rig);
	rig_cr0(&rig, 0xd);
	assert_false(reuse_is_judged());
	assert_int_equal(rig.violations, 0);
}

static void an_smmu_that_is_off_is_not_empty_for_that(void **state)
{
	(void)state;
	rig_read(&rig, 0x1000);
	rig_sync(&rig, RIG_NSNH_ALL, 0); /* it walks on */
	rig_cr0(&rig, 0xc);
	take_table_away();
	rig_cr0(&rig, 0xd);
	assert_true(reuse_is_judged());
}

static void one_vmid_invalidated_leaves_what_is_not_of_it(void **state)
{
	(void)state;
	rig_read(&rig, 0x1000);
	rig_cr0(&rig, 0xc);
	rig_sync(&rig, RIG_S12_VMALL, 0);
	take_table_away();
	rig_cr0(&rig, 0xd);
	assert_true(reuse_is_judged());
}

static void an_smmu_that_is_on_again_is_no_longer_empty(void **state)
{
	(void)state;
	rig_read(&rig, 0x1000);
	rig_cr0(&rig, 0xc);
	rig_sync(&rig, RIG_NSNH_ALL, 0);
	rig_cr0(&rig, 0xd);
	take_table_away();
	assert_true(reuse_is_judged());
}

static void tables_that_no_stream_uses_any_more_are_forgotten(void **state)
{
	(void)state;
	rig_read(&rig, 0x7000);
	*rig_word(&rig, RIG_STRTAB + 64 * RIG_SID) = 1;
	rig_queue(&rig, RIG_CFGI_STE(RIG_SID), 1);
	rig_run(&rig);
	wrong_store();
	assert_int_equal(rig.violations, 1); /* consumed is not complete */
	rig_sync(&rig, RIG_SYNC, 0);
	wrong_store();
	assert_int_equal(rig.violations, 1);
}

static void tables_stay_judged_while_another_stream_uses_them(void **state)
{
	(void)state;
	rig_ste(&rig, 9, 6, RIG_VMID, rig_table(0));
	model_dma(rig.model, 9, 0x7000, false);
	rig_read(&rig, 0x7000);
	*rig_word(&rig, RIG_STRTAB + 64 * RIG_SID) = 1;
	rig_sync(&rig, RIG_CFGI_STE(RIG_SID), 1);
	wrong_store();
	assert_int_equal(rig.violations, 1);
}

static void one_store_is_judged_for_every_vmid_that_sees_it(void **state)
{
	(void)state;
	rig_ste(&rig, 9, 6, RIG_VMID + 1, rig_table(0));
	model_dma(rig.model, 9, 0x7000, false);
	rig_read(&rig, 0x7000);
	wrong_store();
	assert_int_equal(rig.violations, 2);

	rig_store(&rig, page_slot(2), 0);
	rig_sync(&rig, RIG_S12_VMALL, 0);
	rig_store(&rig, page_slot(2), 0x9000 | RIG_PAGE);
	assert_int_equal(rig.violations, 3); /* the other VMID was not invalidated */
}

static void tables_that_a_stream_reads_in_another_way_are_judged_anew(void **state)
{
	(void)state;
	rig_free(&rig);
	rig_config(&rig);
	rig.config.fwb = true;
	rig_up_mapped(&rig);
	rig_read(&rig, 0x7000);
	assert_int_equal(rig.violations, 0);
	rig_ste(&rig, RIG_SID + 1, 6, RIG_VMID, rig_table(0));
	rig_word(&rig, RIG_STRTAB + 64 * (RIG_SID + 1))[1] = UINT64_C(1)
							     << 25; /* S2FWB: MemAttr 1111 is reserved */
	model_dma(rig.model, RIG_SID + 1, 0x7000, false);
	assert_true(rig.violations > 0);
	assert_int_equal(rig.last.rule, MODEL_RULE_DESCRIPTOR);
}

/* 33 bits at level 1: eight entries, half of a group. */
static void a_group_larger_than_the_input_space_is_misprogrammed(void **state)
{
	uint64_t *ste = rig_word(&rig, RIG_STRTAB + 64 * RIG_SID);

	(void)state;
	ste[2] = (ste[2] & ~(UINT64_C(0x3f) << 32)) | UINT64_C(31) << 32;
	rig_read(&rig, 0x7000);
	rig_store(&rig, rig_table(0) + 16, UINT64_C(0x80000000) | RIG_BLOCK);
	assert_int_equal(rig.violations, 0);
	rig_store(&rig, rig_table(0) + 16, UINT64_C(0x80000000) | RIG_BLOCK | RIG_CONT);
	assert_int_equal(rig.violations, 1);
	assert_int_equal(rig.last.rule, MODEL_RULE_CONTIGUOUS);
}

static void larger_granules_are_followed(void **state)
{
	uint64_t *ste = rig_word(&rig, RIG_STRTAB + 64 * 9), table = RIG_TABLES + 0x80000;

	(void)state;
	rig_ste(&rig, 9, 6, 77, table); /* 64K, 34 bits, level 2: 32 entries */
	ste[2] = (ste[2] & ~(UINT64_C(0xc0ff) << 32)) | UINT64_C(30) << 32 | UINT64_C(1) << 38 |
		 UINT64_C(1) << 46;
	*rig_word(&rig, table) = (table + 0x10000) | RIG_TABLE;
	*rig_word(&rig, table + 0x10000) = 0x40000 | RIG_PAGE;
	assert_int_equal(model_dma(rig.model, 9, 0, false).pa, 0x40000);

	rig_store(&rig, table + 0x10000, 0x50000 | RIG_PAGE);
	assert_int_equal(rig.violations, 1);
	assert_int_equal(rig.last.rule, MODEL_RULE_BBM_OUTPUT);
	rig_store(&rig, table + 0x10008, 0x64000 | RIG_PAGE);
	assert_int_equal(rig.violations, 2);
	assert_int_equal(rig.last.rule, MODEL_RULE_DESCRIPTOR);
	rig_store(&rig, table + 8 * 40, 0x3); /* beyond the 32 entries of the start table */
	assert_int_equal(rig.violations, 2);
}

/* ---- holes of contiguous groups, and flights ---------------------------------------------- */

enum {
	MEMBERS = 16,
	GROUP = 32, /* its first page; the next group is left whole */
};

static void group_store(unsigned first, uint64_t bits)
{
	for (unsigned page = first; page < first + MEMBERS; page++)
		rig_store(&rig, page_slot(page), page << 12 | RIG_PAGE | bits);
}

/* Two groups that devices may have cached. */
static void two_groups(void)
{
	rig_read(&rig, 0x7000);
	group_store(GROUP, RIG_CONT);
	group_store(GROUP + MEMBERS, RIG_CONT);
	rig_read(&rig, GROUP << 12);
	rig_read(&rig, (GROUP + MEMBERS) << 12);
	assert_int_equal(rig.violations, 0);
}

/* The bit goes from all members but the one that is a hole. */
static void group_follows(unsigned hole)
{
	for (unsigned page = GROUP; page < GROUP + MEMBERS; page++)
		if (page != hole)
			rig_store(&rig, page_slot(page), page << 12 | RIG_PAGE);
}

static void a_hole_that_its_group_does_not_follow_is_judged_by_the_next_sync(void **state)
{
	(void)state;
	two_groups();
	rig_store(&rig, page_slot(GROUP + 3), 0);
	assert_int_equal(rig.violations, 0);

	rig_sync(&rig, RIG_S12_VMALL, 0);

	assert_int_equal(rig.violations, 1);
	assert_int_equal(rig.last.rule, MODEL_RULE_CONTIGUOUS);
}

/* Two flights: the doorbell of the SYNC was rung before the hole, so its completion says nothing of it. */
static void a_sync_that_is_on_its_way_does_not_judge_a_hole(void **state)
{
	(void)state;
	two_groups();
	rig_queue(&rig, RIG_S12_VMALL, 0);
	rig_queue(&rig, RIG_SYNC, 0);
	rig_store(&rig, page_slot(GROUP + 3), 0);
	rig_run(&rig);
	assert_int_equal(rig.violations, 0);

	group_follows(GROUP + 3);
	rig_sync(&rig, RIG_S12_VMALL, 0);

	assert_int_equal(rig.violations, 0);
}

static void a_hole_that_was_passed_over_is_judged_by_the_sync_after(void **state)
{
	(void)state;
	two_groups();
	rig_queue(&rig, RIG_SYNC, 0);
	rig_store(&rig, page_slot(GROUP + 3), 0);
	rig_queue(&rig, RIG_SYNC, 0);
	model_step(rig.model);
	assert_int_equal(rig.violations, 0);

	rig_run(&rig);

	assert_int_equal(rig.violations, 1);
}

/* The driver is still at work on the group when the SYNC completes that it asked for in between. */
static void a_store_to_the_group_puts_its_holes_off(void **state)
{
	(void)state;
	two_groups();
	rig_store(&rig, page_slot(GROUP + 3), 0);
	rig_queue(&rig, RIG_SYNC, 0);
	rig_store(&rig, page_slot(GROUP), GROUP << 12 | RIG_PAGE);
	rig_run(&rig);
	assert_int_equal(rig.violations, 0);

	rig_sync(&rig, RIG_S12_VMALL, 0);

	assert_int_equal(rig.violations, 1);
}

static void a_store_to_another_group_does_not(void **state)
{
	(void)state;
	two_groups();
	rig_store(&rig, page_slot(GROUP + 3), 0);
	rig_queue(&rig, RIG_SYNC, 0);
	rig_store(&rig, page_slot(GROUP + MEMBERS), (GROUP + MEMBERS) << 12 | RIG_PAGE);

	rig_run(&rig);

	assert_int_equal(rig.violations, 1);
}

static void a_hole_that_is_filled_again_is_none(void **state)
{
	(void)state;
	two_groups();
	rig_queue(&rig, RIG_SYNC, 0);
	group_follows(GROUP + 3);
	rig_store(&rig, page_slot(GROUP + 3), 0);
	rig_sync(&rig, RIG_S12_VMALL, 0);
	rig_store(&rig, page_slot(GROUP + 3), (GROUP + 3) << 12 | RIG_PAGE);
	group_store(GROUP, RIG_CONT);
	rig_sync(&rig, RIG_SYNC, 0);

	assert_int_equal(rig.violations, 0);
}

/* A SYNC stands between the two: it was on its way before the second, and the first is none any more. */
static void a_hole_that_is_made_again_is_another_hole(void **state)
{
	(void)state;
	two_groups();
	rig_store(&rig, page_slot(GROUP + 3), 0);
	rig_store(&rig, page_slot(GROUP + 3), (GROUP + 3) << 12 | RIG_PAGE | RIG_CONT);
	rig_queue(&rig, RIG_SYNC, 0);
	rig_store(&rig, page_slot(GROUP + 3), 0);
	rig_run(&rig);
	assert_int_equal(rig.violations, 0);

	rig_sync(&rig, RIG_S12_VMALL, 0);

	assert_int_equal(rig.violations, 1);
}

/* ---- a correct driver at random ---------------------------------------------------------- */

enum {
	PAGES = 512,
	TABLE_FIRST = 8,
	TABLE_COUNT = 4,
	ROUNDS = 1500
};

/* The flat truth: may page n of 2 .. 4 MiB be reached? It is a block while all are and @block says so. */
struct truth {
	bool open[PAGES];
	bool block;
	unsigned table; /* in use while not a block */
};

static const uint64_t region = 0x200000;
static uint64_t random_state;

static uint64_t slot(void)
{
	return rig_table(2) + 8;
}

static void region_sync(bool nested)
{
	rig_sync(&rig, RIG_S2_IPA | RIG_NUM(15) | RIG_SCALE(5), region | RIG_TG(1));
	if (nested)
		rig_sync(&rig, RIG_NH_ALL, 0);
}

/* Change the live slot as this BBML demands: at 2 in one store, at 1 by way of nT, at 0 by way of nothing. */
static void split(struct truth *truth, unsigned hole, bool nested)
{
	unsigned page;

	truth->table = (truth->table + 1) % TABLE_COUNT;
	for (page = 0; page < PAGES; page++)
		rig_store(&rig, rig_table(TABLE_FIRST + truth->table) + 8 * (uint64_t)page,
			  page == hole ? 0 : (region + (page << 12)) | RIG_PAGE);
	if (rig.config.bbml < 2) {
		rig_store(&rig, slot(), rig.config.bbml ? region | RIG_BLOCK | RIG_NT : 0);
		region_sync(nested);
	}
	rig_store(&rig, slot(), rig_table(TABLE_FIRST + truth->table) | RIG_TABLE);
	truth->open[hole] = false;
	truth->block = false;
	region_sync(nested);
}

static void collapse(struct truth *truth, bool nested)
{
	if (rig.config.bbml == 0) {
		rig_store(&rig, slot(), 0);
		region_sync(nested);
	}
	rig_store(&rig, slot(), region | RIG_BLOCK | (rig.config.bbml == 1 ? RIG_NT : 0));
	region_sync(nested);
	if (rig.config.bbml == 1) {
		rig_store(&rig, slot(), region | RIG_BLOCK);
		region_sync(nested);
	}
	truth->block = true;
}

static void grant(struct truth *truth, unsigned page)
{
	truth->open[page] = true;
	rig_store(&rig, rig_table(TABLE_FIRST + truth->table) + 8 * (uint64_t)page,
		  (region + (page << 12)) | RIG_PAGE);
}

static void revoke(struct truth *truth, unsigned page, bool nested)
{
	truth->open[page] = false;
	rig_store(&rig, rig_table(TABLE_FIRST + truth->table) + 8 * (uint64_t)page, 0);
	rig_sync(&rig, RIG_S2_IPA, (region + (page << 12)) | RIG_LEAF);
	if (nested)
		rig_sync(&rig, RIG_NH_ALL, 0);
}

static void driver_run(unsigned bbml, bool nested, uint64_t seed)
{
	struct truth truth = { .block = true };
	unsigned round, page;

	rig_config(&rig);
	rig.config.bbml = bbml;
	rig.config.s1p = nested;
	rig.config.seed = seed;
	rig_up_mapped(&rig);
	for (page = 0; page < PAGES; page++)
		truth.open[page] = true;
	for (round = 0; round < ROUNDS; round++) {
		unsigned holes = 0;

		page = seeded_below(&random_state, 8) * 61;
		model_watch(rig.model, RIG_SID, region + (seeded_below(&random_state, PAGES) << 12));
		if (truth.block)
			split(&truth, page, nested);
		else if (truth.open[page])
			revoke(&truth, page, nested);
		else
			grant(&truth, page);
		for (page = 0; page < PAGES; page++)
			holes += !truth.open[page];
		if (!truth.block && !holes)
			collapse(&truth, nested);
		for (page = seeded_below(&random_state, 8); page < PAGES;
		     page += 1 + seeded_below(&random_state, 16)) {
			enum model_fault fault = rig_read(&rig, region + (page << 12)).fault;

			assert_int_equal(fault, truth.open[page] ? MODEL_OK : MODEL_F_TRANSLATION);
		}
		if (seeded_below(&random_state, 16) == 0)
			model_unwatch_all(rig.model);
	}
	if (rig.violations)
		print_error("BBML %u: %s\n", bbml, rig.last.what);
	assert_int_equal(rig.violations, 0);
	rig_free(&rig);
}

static void correct_driver_is_never_blamed(void **state)
{
	uint64_t seed = seeded_start();
	unsigned run;

	(void)state;
	random_state = seed;
	for (run = 0; run < 6; run++)
		driver_run(run % 3, run >= 3, seed + run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(tables_are_judged_from_the_first_use_on),
		TEST(cfgi_of_a_stream_counts_as_use),
		TEST(probe_does_not_count_as_use),
		TEST(nothing_is_judged_while_translation_is_off),
		TEST(what_is_taken_from_an_smmu_that_is_off_and_empty_is_free),
		TEST(what_is_taken_away_before_the_sync_of_that_invalidation_is_free),
		TEST(an_smmu_that_is_off_is_not_empty_for_that),
		TEST(one_vmid_invalidated_leaves_what_is_not_of_it),
		TEST(an_smmu_that_is_on_again_is_no_longer_empty),
		TEST(tables_that_no_stream_uses_any_more_are_forgotten),
		TEST(tables_stay_judged_while_another_stream_uses_them),
		TEST(one_store_is_judged_for_every_vmid_that_sees_it),
		TEST(tables_that_a_stream_reads_in_another_way_are_judged_anew),
		TEST(a_group_larger_than_the_input_space_is_misprogrammed),
		TEST(larger_granules_are_followed),
		TEST(a_hole_that_its_group_does_not_follow_is_judged_by_the_next_sync),
		TEST(a_sync_that_is_on_its_way_does_not_judge_a_hole),
		TEST(a_hole_that_was_passed_over_is_judged_by_the_sync_after),
		TEST(a_store_to_the_group_puts_its_holes_off),
		TEST(a_store_to_another_group_does_not),
		TEST(a_hole_that_is_filled_again_is_none),
		TEST(a_hole_that_is_made_again_is_another_hole),
		cmocka_unit_test(correct_driver_is_never_blamed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
