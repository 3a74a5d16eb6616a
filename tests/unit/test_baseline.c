/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_baseline.c - what eager and strict share: set-up from any host table, refusals, the stream table
 * entry.
 */
#include "tests/unit/policy_rig.h"

#include <string.h>

static struct rig rig;
static const struct policy_ops *const baselines[] = { &policy_eager, &policy_strict };

static void init(unsigned smmu_count, bool nested)
{
	struct storm_config config = storm_config_default();

	config.smmu_count = smmu_count;
	config.nested = nested;
	rig_init(&rig, &config);
}

static void an_empty_host_table_gives_everything(void **state)
{
	struct policy_stats stats;

	(void)state;
	init(1, false);
	rig_open(&rig, &policy_eager);

	storm_stats(&rig.storm, &stats);
	assert_int_equal(stats.tables.leaves[1], 1023);
	assert_int_equal(stats.tables.leaves[2], 0);
	assert_int_equal(stats.tables.leaves[3], STORM_PAGES);
	assert_int_equal(stats.tlbi, 1);
	assert_int_equal(rig_access(&rig, 0), 3);
	assert_int_equal(rig_access(&rig, STORM_PAGES), 3); /* MMIO behind memory */
	rig_fini(&rig);
}

/* The host's level-1 entry of memory leads to a level-2 and a level-3 table in its second start table. */
static void plant_host_pages(void)
{
	uint64_t *level1 = rig.storm.host, *level2 = level1 + 512, host = rig.storm.world.host.root.addr;

	/* Start tables are 8 KiB at ia_bits 40, the second one is unused: it serves as level 2, and level 2's
	 * entries are 2 MiB blocks. */
	level1[1] = (host + 4096) | 3;
	level2[0] = (STORM_BASE << SHADOW_PAGE_LG2) | 0x441;	      /* read-only block */
	level2[1] = UINT64_C(5) << 60;				      /* annotated */
	level2[2] = ((STORM_BASE + 1024) << SHADOW_PAGE_LG2) | 0x4c1; /* read-write block */
}

static void the_snapshot_takes_rights_from_the_host(void **state)
{
	unsigned i;

	(void)state;
	for (i = 0; i < 2; i++) {
		init(1, false);
		rig.storm.world.map.ia_bits = 39; /* one start table */
		rig.storm.world.host.ia_bits = 39;
		plant_host_pages();
		rig_open(&rig, baselines[i]);

		assert_int_equal(rig_access(&rig, 0), 1);
		assert_int_equal(rig_access(&rig, 511), 1);
		assert_int_equal(rig_access(&rig, 512), 0);
		assert_int_equal(rig_access(&rig, 1023), 0);
		assert_int_equal(rig_access(&rig, 1024), 3);
		assert_int_equal(rig_access(&rig, 2000), 3); /* zero entry */
		rig_fini(&rig);
	}
}

static void the_entry_is_the_same_as_the_engines(void **state)
{
	uint64_t entry[3][8];
	const struct policy_ops *all[] = { &policy_eager, &policy_strict, &policy_batched };
	unsigned i, nested;

	(void)state;
	for (nested = 0; nested < 2; nested++) {
		for (i = 0; i < 3; i++) {
			init(1, nested);
			rig_open(&rig, all[i]);
			all[i]->ste(rig.storm.policy, entry[i]);
			entry[i][3] -= rig.storm.world.pool.base.addr; /* S2TTB */
			rig_fini(&rig);
		}
		assert_memory_equal(entry[0], entry[1], sizeof(entry[0]));
		assert_memory_equal(entry[0], entry[2], sizeof(entry[0]));
	}
}

static void a_pool_too_small_is_refused(void **state)
{
	struct policy *policy = NULL;
	unsigned i;

	(void)state;
	for (i = 0; i < 2; i++) {
		init(1, false);
		rig.storm.world.pool.bytes = UINT64_C(1) << 20;

		assert_int_equal(baselines[i]->open(&rig.storm.world, &policy), -SHADOW_ENOMEM);

		assert_null(policy);
		rig_fini(&rig);
	}
}

static void a_host_table_of_another_size_is_refused(void **state)
{
	struct policy *policy = NULL;

	(void)state;
	init(1, false);
	rig.storm.world.host.ia_bits = 39;

	assert_int_equal(policy_eager.open(&rig.storm.world, &policy), -SHADOW_EINVAL);

	assert_null(policy);
	rig_fini(&rig);
}

static void an_smmu_without_stage_1_cannot_be_nested(void **state)
{
	struct policy *policy = NULL;

	(void)state;
	init(1, false);
	rig.storm.world.smmu[0].nested = true;

	assert_int_equal(policy_strict.open(&rig.storm.world, &policy), -SHADOW_ENODEV);

	assert_null(policy);
	rig_fini(&rig);
}

static void nothing_is_ever_queued(void **state)
{
	(void)state;
	init(1, false);
	rig_open(&rig, &policy_strict);
	assert_int_equal(rig_revoke(&rig, 0, 1), 0);

	policy_strict.trip_end(rig.storm.policy, 0);
	assert_false(
		policy_strict.queued(rig.storm.policy, (shadow_ipa_t){ STORM_BASE << SHADOW_PAGE_LG2 }, 1));
	assert_int_equal(policy_strict.flush(rig.storm.policy), 0);
	assert_string_equal(rig.text, "0:IPA:0+1:3 0:SYNC 0:! 0:?");
	rig_fini(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_host_table_gives_everything),
		cmocka_unit_test(the_snapshot_takes_rights_from_the_host),
		cmocka_unit_test(the_entry_is_the_same_as_the_engines),
		cmocka_unit_test(a_pool_too_small_is_refused),
		cmocka_unit_test(a_host_table_of_another_size_is_refused),
		cmocka_unit_test(an_smmu_without_stage_1_cannot_be_nested),
		cmocka_unit_test(nothing_is_ever_queued),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
