/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_several.c - SMMUs that differ in everything share one table, and each gets its own list of commands.
 *
 *   0  ranges, nested, BBML 2, a ring of 64
 *   1  no ranges, stage 2 only, BBML 1, a ring of 4
 *   2  ranges that it is not to use, nested, does not look into caches, an EL2 of its own
 *   3  loses what is issued once, or behind 63 commands; a ring of 8
 *   4  loses what is mixed, as its IIDR says; BBML 2
 */
#include "core_rig.h"

#include "seeded.h"
#include "smmuv3/target.h"

#define PAGE  CORE_MEMORY_PAGE
#define SMMUS 5u
#define PAGES 2048u		       /* that random transitions are about */
#define MMU700 (0x487u << 20 | 1u << 16 | 0x43b)

static struct core core;

static void model_differs(unsigned smmu, struct model_config *config)
{
	config->s1p = smmu == 0 || smmu == 2;
	config->ril = smmu != 1;
	config->bbml = smmu == 1 || smmu == 3 ? 1 : 2;
	config->cohacc = smmu != 2;
	config->hyp = smmu == 2;
	config->iidr = smmu == 4 ? MMU700 : 0;
	config->errata = smmu == 3 ? MODEL_ERRATUM_LOSES_FIRST | MODEL_ERRATUM_LOSES_LATE :
			 smmu == 4 ? MODEL_ERRATUM_LOSES_MIXED | MODEL_ERRATUM_LOSES_LATE :
				     0;
}

static void smmu_differs(unsigned smmu, struct shadow_smmu_config *config)
{
	static const unsigned cmdq_lg2[SMMUS] = { 6, 2, 5, 3, 6 };

	config->cmdq_lg2 = cmdq_lg2[smmu];
	config->nested = smmu == 0 || smmu == 2;
	config->no_ril = smmu == 2;
	config->errata = smmu == 3 ? SHADOW_ERRATUM_REPEAT | SHADOW_ERRATUM_SYNC_OFTEN : 0;
}

static int set_up(void **state)
{
	(void)state;
	core_init(&core);
	core.smmu_count = SMMUS;
	core.bbml = 1;
	core.queue_slots = 256;
	core.wait_ns = 100 * CORE_WAIT_NS;
	core.model_differs = model_differs;
	core.smmu_differs = smmu_differs;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	core_down(&core);
	return 0;
}

static void finish(void)
{
	assert_int_equal(shadow_wait(core.engine, shadow_flush(core.engine), SHADOW_WAIT_NS_MAX), 0);
	shadow_reclaim(core.engine);
	assert_int_equal(core.violations, 0);
}

static unsigned count_of(unsigned smmu, unsigned opcode)
{
	unsigned count = 0;

	for (unsigned i = 0; i < core_count(&core, CORE_COMMAND, smmu); i++)
		count += core_opcode(&core, smmu, i) == opcode;
	return count;
}

static void assert_counts(unsigned smmu, unsigned ipa, unsigned nh_all, unsigned syncs)
{
	assert_int_equal(count_of(smmu, CORE_TLBI_S2_IPA), ipa);
	assert_int_equal(count_of(smmu, CORE_TLBI_NH_ALL), nh_all);
	assert_int_equal(count_of(smmu, CORE_SYNC), syncs);
	assert_int_equal(core_count(&core, CORE_COMMAND, smmu), ipa + nh_all + syncs);
}

static void each_gets_what_it_can_be_told(void **state)
{
	(void)state;
	core_up(&core);
	core_revoke(&core, PAGE, 1);   /* cuts the blocks */
	finish();
	core_forget(&core);

	core_revoke(&core, PAGE + 64, 100);
	finish();

	assert_counts(0, 1, 1, 2);
	assert_counts(1, 100, 0, 1);
	assert_counts(2, 100, 1, 2);
	assert_counts(3, 2, 0, 2);
	assert_counts(4, 1, 0, 1);
	for (unsigned i = 0; i < SMMUS; i++) {
		assert_int_equal(core_smmu_stats(&core, i).tlbi > 0, 1);
		assert_int_equal(core_command(&core, i, 0)->word[1] >> 10 & 3, i != 1 && i != 2);
		if (i == 0 || i == 4)
			assert_int_equal(core_count(&core, CORE_DOORBELL, i), 1);
	}
	assert_true(core_count(&core, CORE_DOORBELL, 1) > 25);
}

/* What one SMMU cannot do the table does not ask of any. */
static void the_table_is_for_the_weakest_of_them(void **state)
{
	struct shadow_smmu_config config;
	struct shadow_smmu *smmu;

	(void)state;
	core_engine_up(&core);
	core_target_up(&core);
	assert_int_equal(core_attach(&core, 0), 0);
	assert_true(smmu_target_of(core.target)->pgtable.coherent);
	assert_int_equal(core_attach(&core, 2), 0);
	assert_false(smmu_target_of(core.target)->pgtable.coherent);
	assert_int_equal(core_attach(&core, 1), 0);
	assert_false(smmu_target_of(core.target)->pgtable.coherent);
	core_down(&core);

	/* Level 2 is too much for the second and the fourth, whoever came before. */
	set_up(state);
	core.bbml = 2;
	core_engine_up(&core);
	core_target_up(&core);
	for (unsigned i = 0; i < SMMUS; i++) {
		core_model_up(&core, i);
		config = core_smmu_config(&core, i);
		assert_int_equal(shadow_smmu_attach(core.target, &config, &smmu), i == 1 || i == 3 ? -SHADOW_ENODEV : 0);
	}
}

static bool open[PAGES];

/* Every page from @first on that is not so yet, run by run. */
static void change(uint64_t first, uint64_t count, bool to)
{
	uint64_t end = first + count < PAGES ? first + count : PAGES, next;

	for (; first < end; first = next) {
		for (next = first; next < end && open[next] == open[first]; next++)
			;
		if (open[first] == to)
			continue;
		if (to)
			core_grant(&core, PAGE + first, next - first);
		else
			core_revoke(&core, PAGE + first, next - first);
		memset(&open[first], to, next - first);
	}
}

/* Blocks lose some pages, all of them, or get them back. */
static void change_something(uint64_t *random)
{
	uint64_t page = seeded_below(random, PAGES);

	switch (seeded_below(random, 4)) {
	case 0:
		change(page & ~UINT64_C(511), 512, true);
		break;
	case 1:
		change(page & ~UINT64_C(511), 512, false);
		break;
	default:
		change(page, 1 + seeded_below(random, 20), false);
		break;
	}
}

/* Devices behind every SMMU use what they can before and after each flush. */
static void random_transitions_hold_on_all_of_them(void **state)
{
	uint64_t random = seeded_start();

	(void)state;
	core_up(&core);
	memset(open, 1, sizeof(open));
	for (unsigned round = 0; round < 250; round++) {
		for (uint64_t changes = 1 + seeded_below(&random, 4); changes; changes--)
			change_something(&random);
		for (unsigned i = 0; i < 40; i++)
			(void)core_reaches(&core, i % SMMUS, PAGE + seeded_below(&random, PAGES));
		finish();
		core_forget(&core);
		for (unsigned i = 0; i < 200; i++) {
			uint64_t page = seeded_below(&random, PAGES);

			assert_int_equal(core_reaches(&core, i % SMMUS, PAGE + page), open[page]);
		}
	}
	assert_true(core_table_stats(&core).splits > 4);
	assert_true(core_table_stats(&core).collapses > 4);
	for (unsigned i = 0; i < SMMUS; i++)
		assert_false(core_smmu_stats(&core, i).closed);
	/* Lost was what is said again only. */
	assert_true(model_counters(core.smmu[3].model)->lost > 0);
	assert_int_equal(model_counters(core.smmu[4].model)->lost, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(each_gets_what_it_can_be_told),
		TEST(the_table_is_for_the_weakest_of_them),
		TEST(random_transitions_hold_on_all_of_them),
	};
#undef TEST

	return cmocka_run_group_tests_name("several", tests, NULL, NULL);
}
