/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_model_watch.c - the adversary that refills caches between steps.
 *
 * Proves: accessing again only what an invalidation touched leaves the TLB as accessing every watched
 * address would; a command executed before its table store is seen through; unwatched addresses are left.
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

static bool hits(uint64_t iova)
{
	return model_probe(rig.model, RIG_SID, iova, false).hit;
}

static void watched_addresses_are_cached_again_after_each_invalidation(void **state)
{
	(void)state;
	model_watch(rig.model, RIG_SID, 0x2fff);
	model_watch(rig.model, RIG_SID, 0x1000);
	model_watch(rig.model, RIG_SID, 0x40000000);
	rig_sync(&rig, RIG_NSNH_ALL, 0);
	assert_true(hits(0x1000) && hits(0x2000) && hits(0x40000000));
	rig_sync(&rig, RIG_S2_IPA, 0x1000);
	assert_true(hits(0x1000) && hits(0x2000));
	rig_sync(&rig, RIG_S2_IPA, 0x2000 | RIG_LEAF);
	assert_true(hits(0x2000));
	rig_sync(&rig, RIG_S2_IPA, 0x7ffff000 | RIG_LEAF); /* the block's other end */
	assert_true(hits(0x40000000));
}

static void invalidation_before_the_store_is_seen_through(void **state)
{
	(void)state;
	model_watch(rig.model, RIG_SID, 0x1000);
	rig_sync(&rig, RIG_S2_IPA, 0x1000 | RIG_LEAF);
	rig_store(&rig, rig_table(3) + 8, 0); /* too late */
	rig_expect_pa(&rig, 0x1000, 0x1000);
}

static void doorbell_refills_once_before_anything_is_executed(void **state)
{
	(void)state;
	model_watch(rig.model, RIG_SID, 0x1000);
	rig_queue(&rig, RIG_SYNC, 0);
	assert_false(hits(0x1000));
	assert_true(model_step(rig.model));
	assert_true(hits(0x1000));
}

static void unwatched_addresses_are_left_alone(void **state)
{
	(void)state;
	model_watch(rig.model, RIG_SID, 0x1000);
	model_unwatch_all(rig.model);
	rig_sync(&rig, RIG_NSNH_ALL, 0);
	assert_false(hits(0x1000));
	assert_int_equal(model_counters(rig.model)->refills, 0);
}

/* After each random invalidation every watched address that memory maps is a hit again. */
static void random_invalidations_leave_no_watched_address_uncached(void **state)
{
	uint64_t watched[64], random_state = seeded_start();
	unsigned round, index;

	(void)state;
	for (index = 0; index < 64; index++) {
		static const uint64_t bases[] = { 0, 0x200000, 0x40000000, UINT64_C(0x8000000000) };

		watched[index] = bases[index % 4] + (seeded_below(&random_state, 0x100) << 12);
		if (watched[index] == 0x7000)
			watched[index] = 0x6000;
		model_watch(rig.model, RIG_SID, watched[index]);
	}
	for (round = 0; round < 2000; round++) {
		uint64_t address = watched[seeded_below(&random_state, 64)] & ~UINT64_C(0xfff);
		uint64_t leaf = seeded_below(&random_state, 2);

		if (seeded_below(&random_state, 2))
			rig_sync(&rig, RIG_S2_IPA, address | leaf);
		else
			rig_sync(&rig,
				 RIG_S2_IPA | RIG_NUM(1 + seeded_below(&random_state, 31)) |
					 RIG_SCALE(seeded_below(&random_state, 20)),
				 address | leaf | RIG_TG(1));
		for (index = 0; index < 64; index++)
			assert_true(hits(watched[index]));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(watched_addresses_are_cached_again_after_each_invalidation),
		TEST(invalidation_before_the_store_is_seen_through),
		TEST(doorbell_refills_once_before_anything_is_executed),
		TEST(unwatched_addresses_are_left_alone),
		TEST(random_invalidations_leave_no_watched_address_uncached),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
