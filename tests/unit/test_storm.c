/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_storm.c - storms: every page once, the same order for all, and all policies in the same state.
 */
#include "bench/benchmarks/storm.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define ROUNDS 4u

static const struct policy_ops *const policies[] = { &policy_eager, &policy_strict, &policy_batched };

static void an_order_has_every_page_once(void **state)
{
	struct storm_config config = storm_config_default();
	uint8_t *seen = calloc(1, STORM_PAGES);
	struct storm storm;
	uint64_t i, fixed = 0;

	(void)state;
	assert_non_null(seen);
	config.random = true;
	assert_int_equal(storm_init(&storm, &config), 0);

	for (i = 0; i < STORM_PAGES; i++) {
		assert_int_equal(seen[storm.order[i]]++, 0);
		fixed += storm.order[i] == i;
	}

	assert_in_range(fixed, 0, 100);
	storm_fini(&storm);
	free(seen);
}

static void a_seed_gives_the_same_order_again(void **state)
{
	struct storm_config config = storm_config_default();
	struct storm first, second;

	(void)state;
	config.random = true;
	assert_int_equal(storm_init(&first, &config), 0);
	assert_int_equal(storm_init(&second, &config), 0); /* several may be open */

	assert_memory_equal(first.order, second.order, STORM_PAGES * sizeof(*first.order));
	storm_fini(&second);
	config.seed++;
	assert_int_equal(storm_init(&second, &config), 0);
	assert_memory_not_equal(first.order, second.order, STORM_PAGES * sizeof(*first.order));

	storm_fini(&second);
	storm_fini(&first);
}

static void policies_agree_after_every_batch(void **state)
{
	unsigned i, random, bbml, round;

	(void)state;
	for (random = 0; random < 2; random++) {
		for (bbml = 0; bbml <= 2; bbml += 2) {
			uint64_t checksum[ROUNDS + 1] = { 0 };

			for (i = 0; i < 3; i++) {
				struct storm_config config = storm_config_default();
				struct storm storm;

				config.random = random;
				config.bbml = bbml;
				assert_int_equal(storm_init(&storm, &config), 0);
				assert_int_equal(storm_open(&storm, policies[i]), 0);
				for (round = 0; round <= ROUNDS; round++) {
					uint64_t sum = storm_checksum(&storm);

					assert_int_not_equal(sum, 0);
					if (i == 0)
						checksum[round] = sum;
					assert_int_equal(sum, checksum[round]);
					assert_int_equal(storm_revoke(&storm, 300 * (round + 1)), 0);
				}
				storm_fini(&storm);
			}
			for (round = 0; round < ROUNDS; round++)
				assert_int_not_equal(checksum[round], checksum[round + 1]);
		}
	}
}

static void nested_streams_have_a_checksum_too(void **state)
{
	struct storm_config config = storm_config_default();
	uint64_t plain;
	struct storm storm;

	(void)state;
	assert_int_equal(storm_init(&storm, &config), 0);
	assert_int_equal(storm_open(&storm, &policy_strict), 0);
	plain = storm_checksum(&storm);
	storm_fini(&storm);
	config.nested = true;
	config.smmu_count = 4;
	assert_int_equal(storm_init(&storm, &config), 0);
	assert_int_equal(storm_open(&storm, &policy_batched), 0);

	assert_int_equal(storm_checksum(&storm), plain);

	storm_fini(&storm);
}

static void restoring_gives_everything_back(void **state)
{
	unsigned i;

	(void)state;
	for (i = 0; i < 3; i++) {
		struct storm_config config = storm_config_default();
		struct storm storm;
		uint64_t before;

		assert_int_equal(storm_init(&storm, &config), 0);
		assert_int_equal(storm_open(&storm, policies[i]), 0);
		before = storm_checksum(&storm);
		assert_int_equal(storm_restore(&storm), -SHADOW_EINVAL);
		while (storm_left(&storm))
			assert_int_equal(storm_revoke(&storm, STORM_BATCH), 0);
		assert_int_not_equal(storm_checksum(&storm), before);

		assert_int_equal(storm_restore(&storm), 0);

		assert_int_equal(storm_checksum(&storm), before);
		assert_int_equal(storm_left(&storm), STORM_PAGES);
		storm_fini(&storm);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_order_has_every_page_once),
		cmocka_unit_test(a_seed_gives_the_same_order_again),
		cmocka_unit_test(policies_agree_after_every_batch),
		cmocka_unit_test(nested_streams_have_a_checksum_too),
		cmocka_unit_test(restoring_gives_everything_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
