/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_errata.c - SMMUs with errata: an invalidation that goes wrong is lost, unless the driver does what helps.
 *
 * Each erratum is tried twice: the driver knows of it, by SMMU_IIDR or because it is told, and every revoke holds; it
 * does not, and the device still reaches a page, so that the model is known to have the erratum.
 */
#include "core_rig.h"

#include "smmuv3/errata.h"
#include "smmuv3/smmu.h"

#define PAGE	    CORE_MEMORY_PAGE
#define MMU600(r, p) (0x483u << 20 | (r) << 16 | (p) << 12 | 0x43b)
#define MMU700(r, p) (0x487u << 20 | (r) << 16 | (p) << 12 | 0x43b)

static struct core core;

static int set_up(void **state)
{
	(void)state;
	core_init(&core);
	core.queue_slots = 256;
	core.cmdq_lg2 = 9;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	core_down(&core);
	return 0;
}

/* ---- the table ------------------------------------------------------------------------------------------ */

static void errata_are_known_by_implementation_and_revision(void **state)
{
	static const struct {
		uint32_t iidr;
		unsigned errata;
	} cases[] = {
		{ 0, 0 },
		{ MMU600(0, 0), SHADOW_ERRATUM_NO_SEV | SHADOW_ERRATUM_NO_NESTING },
		{ MMU600(0, 2), SHADOW_ERRATUM_NO_SEV | SHADOW_ERRATUM_NO_NESTING },
		{ MMU600(0, 3), SHADOW_ERRATUM_NO_NESTING },
		{ MMU600(1, 15), SHADOW_ERRATUM_NO_NESTING },
		{ MMU600(2, 0), 0 },
		{ MMU700(0, 9), SHADOW_ERRATUM_SYNC_OFTEN | SHADOW_ERRATUM_NO_MIXING | SHADOW_ERRATUM_NO_NESTING },
		{ MMU700(1, 0), SHADOW_ERRATUM_SYNC_OFTEN | SHADOW_ERRATUM_NO_MIXING | SHADOW_ERRATUM_NO_NESTING },
		{ MMU700(1, 1), 0 },
		{ MMU700(2, 0), 0 },
		{ MMU700(1, 0) ^ 1, 0 },       /* somebody else's */
	};

	(void)state;

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(errata_of(cases[i].iidr), cases[i].errata);
}

static void what_a_register_does_not_tell_is_told(void **state)
{
	(void)state;
	core.errata = SHADOW_ERRATUM_REPEAT;
	core.iidr = MMU600(1, 0);
	core_up(&core);

	assert_int_equal(core_smmu_stats(&core, 0).errata, SHADOW_ERRATUM_REPEAT | SHADOW_ERRATUM_NO_NESTING);
}

static void an_unknown_erratum_is_refused(void **state)
{
	(void)state;
	core.errata = SHADOW_ERRATA_ALL + 1;
	core_engine_up(&core);
	core_target_up(&core);

	assert_int_equal(core_attach(&core, 0), -SHADOW_EINVAL);
}

static void an_smmu_that_cannot_nest_is_not_attached_as_nested(void **state)
{
	(void)state;
	core.nested = true;
	core.iidr = MMU700(1, 0);
	core_engine_up(&core);
	core_target_up(&core);

	assert_int_equal(core_attach(&core, 0), -SHADOW_ENODEV);
}

static void no_sync_asks_for_an_event_that_may_not_come(void **state)
{
	(void)state;
	core.sev = true;
	core.iidr = MMU600(0, 2);
	core_up_to_snapshot(&core);
	assert_int_equal(shadow_snapshot(core.engine, &core.host), 0);
	core_revoke(&core, PAGE, 1);
	core_finish(&core);

	for (unsigned i = 0; i < core_count(&core, CORE_COMMAND, 0); i++)
		if (core_opcode(&core, 0, i) == CORE_SYNC)
			assert_int_equal(core_command(&core, 0, i)->word[0], CORE_SYNC);
}

/* ---- lost invalidations --------------------------------------------------------------------------------- */

/* A batch of single pages, every second one, that a device has all used. Return: how many it still reaches. */
static unsigned reached_after_revoking(unsigned count)
{
	unsigned reached = 0;

	for (unsigned i = 0; i < count; i++)
		assert_true(core_reaches(&core, 0, PAGE + 2 * i));
	for (unsigned i = 0; i < count; i++)
		core_revoke(&core, PAGE + 2 * i, 1);
	core_finish(&core);
	for (unsigned i = 0; i < count; i++)
		reached += core_reaches(&core, 0, PAGE + 2 * i);
	return reached;
}

/* Cut the block first, so that what follows are leaves of their own. */
static void cut_memory(void)
{
	core_revoke(&core, PAGE + 511, 1);
	core_finish(&core);
	core_forget(&core);
}

/* Longest row of commands without a SYNC. */
static unsigned longest_run(void)
{
	unsigned run = 0, longest = 0, count = core_count(&core, CORE_COMMAND, 0);

	for (unsigned i = 0; i < count; i++) {
		run = core_opcode(&core, 0, i) == CORE_SYNC ? 0 : run + 1;
		longest = run > longest ? run : longest;
	}
	return longest;
}

static void a_sync_after_every_63_commands_loses_nothing(void **state)
{
	(void)state;
	core.iidr = MMU700(1, 0);
	core.model_errata = MODEL_ERRATUM_LOSES_LATE;
	core_up(&core);
	cut_memory();

	assert_int_equal(reached_after_revoking(200), 0);

	assert_int_equal(longest_run(), 63);
	assert_int_equal(core_count(&core, CORE_DOORBELL, 0), 1);
	assert_int_equal(model_counters(core.smmu[0].model)->lost, 0);
}

static void many_commands_without_a_sync_are_lost_on_such_an_smmu(void **state)
{
	(void)state;
	core.model_errata = MODEL_ERRATUM_LOSES_LATE;
	core_up(&core);
	cut_memory();

	assert_int_equal(reached_after_revoking(200), 200 - 63);
}

static void a_run_of_63_needs_one_sync_only(void **state)
{
	(void)state;
	core.iidr = MMU700(1, 0);
	core_up(&core);
	cut_memory();

	assert_int_equal(reached_after_revoking(63), 0);

	assert_int_equal(core_count(&core, CORE_COMMAND, 0), 64);
}

static void one_kind_between_two_syncs_loses_nothing(void **state)
{
	(void)state;
	core.iidr = MMU700(1, 0);
	core.model_errata = MODEL_ERRATUM_LOSES_MIXED;
	core_up(&core);
	cut_memory();

	assert_int_equal(reached_after_revoking(100), 0);
	/* A stream that comes later, and one that goes. */
	assert_int_equal(shadow_smmu_stream(core.smmu[0].smmu, CORE_SID + 1), 0);
	assert_int_equal(model_dma(core.smmu[0].model, CORE_SID + 1, (PAGE + 1) << 12, true).fault, MODEL_OK);
	assert_int_equal(model_counters(core.smmu[0].model)->lost, 0);
}

static void stages_are_not_mixed_either(void **state)
{
	(void)state;
	core.nested = true;
	core.errata = SHADOW_ERRATUM_NO_MIXING;
	core.model_errata = MODEL_ERRATUM_LOSES_MIXED;
	core_up(&core);
	cut_memory();

	assert_int_equal(reached_after_revoking(100), 0);
	assert_int_equal(model_counters(core.smmu[0].model)->lost, 0);
}

static void nor_are_invalidations_before_streams_are_let_in(void **state)
{
	(void)state;
	for (unsigned told = 0; told < 2; told++) {
		core_init(&core);
		core.hyp = true;
		core.errata = told ? SHADOW_ERRATUM_NO_MIXING : 0;
		core.model_errata = MODEL_ERRATUM_LOSES_MIXED;
		core_up(&core);
		assert_int_equal(model_counters(core.smmu[0].model)->lost == 0, told);
		core_down(&core);
	}
	core_init(&core);
}

/* What would be put in its place is of another kind. */
static void a_refused_command_is_not_replaced_where_kinds_may_not_mix(void **state)
{
	(void)state;
	core.iidr = MMU700(1, 0);
	core_up(&core);
	cut_memory();
	model_inject_cerror(core.smmu[0].model, model_counters(core.smmu[0].model)->commands + 2, 1);

	assert_int_equal(reached_after_revoking(10), 0);

	assert_true(core_smmu_stats(&core, 0).closed);
	assert_int_equal(core_smmu_stats(&core, 0).commands_repaired, 0);
}

/* Nor where it would be lost, being said once. */
static void a_refused_command_is_not_replaced_where_runs_are_repeated(void **state)
{
	(void)state;
	core.errata = SHADOW_ERRATUM_REPEAT;
	core.model_errata = MODEL_ERRATUM_LOSES_FIRST;
	core_up(&core);
	cut_memory();
	/* In the second writing. */
	model_inject_cerror(core.smmu[0].model, model_counters(core.smmu[0].model)->commands + 13, 1);

	assert_int_equal(reached_after_revoking(10), 0);

	assert_true(core_smmu_stats(&core, 0).closed);
	assert_int_equal(core_smmu_stats(&core, 0).commands_repaired, 0);
}

/* The SMMU has cached that the stream aborts, and would go on so; and the other way round. */
static void streams_come_and_go_where_runs_are_repeated(void **state)
{
	(void)state;
	core.errata = SHADOW_ERRATUM_REPEAT;
	core.model_errata = MODEL_ERRATUM_LOSES_FIRST;
	core_up(&core);
	assert_int_equal(model_dma(core.smmu[0].model, CORE_SID + 1, PAGE << 12, true).fault, MODEL_ABORT);

	assert_int_equal(shadow_smmu_stream(core.smmu[0].smmu, CORE_SID + 1), 0);

	assert_int_equal(model_dma(core.smmu[0].model, CORE_SID + 1, PAGE << 12, true).fault, MODEL_OK);
	core_revoke(&core, PAGE, 1);
	core_finish(&core);
	assert_true(core_reaches(&core, 0, PAGE + 1));
	assert_int_equal(shadow_smmu_detach(core.smmu[0].smmu), 0);
	core_revoke(&core, PAGE + 1, 1);
	core_finish(&core);
	assert_int_equal(shadow_smmu_enable(core.smmu[0].smmu), 0);
	assert_int_equal(model_dma(core.smmu[0].model, CORE_SID + 1, PAGE << 12, true).fault, MODEL_F_TRANSLATION);
	assert_false(core_reaches(&core, 0, PAGE + 1));
	assert_true(core_reaches(&core, 0, PAGE + 2));
}

static void every_run_is_issued_twice(void **state)
{
	(void)state;
	core.errata = SHADOW_ERRATUM_REPEAT;
	core.model_errata = MODEL_ERRATUM_LOSES_FIRST;
	core_up(&core);
	cut_memory();

	assert_int_equal(reached_after_revoking(20), 0);

	assert_int_equal(core_count(&core, CORE_COMMAND, 0), 42);
	assert_int_equal(core_count(&core, CORE_DOORBELL, 0), 1);
	assert_int_equal(core_opcode(&core, 0, 20), CORE_SYNC);
	assert_int_equal(core_opcode(&core, 0, 41), CORE_SYNC);
	for (unsigned i = 0; i < 20; i++)
		assert_memory_equal(core_command(&core, 0, i)->word, core_command(&core, 0, 21 + i)->word, 16);
}

static void a_run_that_is_issued_once_is_lost_on_such_an_smmu(void **state)
{
	(void)state;
	core.errata = SHADOW_ERRATUM_REPEAT;
	core.model_errata = MODEL_ERRATUM_LOSES_FIRST;
	core_up(&core);
	cut_memory();
	/* Up to here it knew; the entry of the stream would have been lost as well. */
	core.smmu[0].smmu->errata = 0;

	assert_int_equal(reached_after_revoking(20), 20);
}

static void both_steps_of_a_nested_list_are_issued_twice(void **state)
{
	static const unsigned wanted[] = { CORE_TLBI_S2_IPA, CORE_SYNC, CORE_TLBI_S2_IPA, CORE_SYNC,
					   CORE_TLBI_NH_ALL, CORE_SYNC, CORE_TLBI_NH_ALL, CORE_SYNC };

	(void)state;
	core.nested = true;
	core.errata = SHADOW_ERRATUM_REPEAT;
	core.model_errata = MODEL_ERRATUM_LOSES_FIRST;
	core_up(&core);
	cut_memory();

	assert_int_equal(reached_after_revoking(1), 0);

	assert_int_equal(core_count(&core, CORE_COMMAND, 0), 8);
	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(core_opcode(&core, 0, i), wanted[i]);
}

/* The second writing is copied out of the ring, at every place in it and however small it is. */
static void a_run_is_repeated_in_rings_of_every_size(void **state)
{
	(void)state;
	for (unsigned lg2 = 2; lg2 <= 6; lg2++) {
		core_init(&core);
		core.queue_slots = 64;
		core.cmdq_lg2 = lg2;
		core.wait_ns = 100 * CORE_WAIT_NS;
		core.errata = SHADOW_ERRATUM_REPEAT | SHADOW_ERRATUM_SYNC_OFTEN;
		core.model_errata = MODEL_ERRATUM_LOSES_FIRST | MODEL_ERRATUM_LOSES_LATE;
		core_up(&core);
		cut_memory();
		for (unsigned count = 1; count <= 40; count++) {
			assert_int_equal(reached_after_revoking(count), 0);
			for (unsigned i = 0; i < count; i++)
				core_grant(&core, PAGE + 2 * i, 1);
			core_finish(&core);
			core_forget(&core);
		}
		core_down(&core);
	}
	core_init(&core);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(errata_are_known_by_implementation_and_revision),
		TEST(what_a_register_does_not_tell_is_told),
		TEST(an_unknown_erratum_is_refused),
		TEST(an_smmu_that_cannot_nest_is_not_attached_as_nested),
		TEST(no_sync_asks_for_an_event_that_may_not_come),
		TEST(a_sync_after_every_63_commands_loses_nothing),
		TEST(many_commands_without_a_sync_are_lost_on_such_an_smmu),
		TEST(a_run_of_63_needs_one_sync_only),
		TEST(one_kind_between_two_syncs_loses_nothing),
		TEST(stages_are_not_mixed_either),
		TEST(nor_are_invalidations_before_streams_are_let_in),
		TEST(a_refused_command_is_not_replaced_where_kinds_may_not_mix),
		TEST(a_refused_command_is_not_replaced_where_runs_are_repeated),
		TEST(streams_come_and_go_where_runs_are_repeated),
		TEST(every_run_is_issued_twice),
		TEST(a_run_that_is_issued_once_is_lost_on_such_an_smmu),
		TEST(both_steps_of_a_nested_list_are_issued_twice),
		TEST(a_run_is_repeated_in_rings_of_every_size),
	};

	return cmocka_run_group_tests_name("errata", tests, NULL, NULL);
}
