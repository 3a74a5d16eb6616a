/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_model_live.c - the map from pages to known tables.
 *
 * Proves: after any sequence of puts and removes the map knows exactly what an array of flags knows.
 */
#include "model_rig.h"

#include "seeded.h"
#include "smmuv3/model/live.h"

enum {
	PAGES = 3000,
	STEPS = 60000
};

static void map_agrees_with_an_array(void **state)
{
	uint64_t random_state = seeded_start();
	unsigned step, page, known = 0;
	struct live_map map = { .table = NULL };
	static uint64_t ref_base[PAGES]; /* 0: not in the map */

	(void)state;
	for (step = 0; step < STEPS; step++) {
		page = seeded_below(&random_state, PAGES);
		if (seeded_below(&random_state, step / 10000 % 2 ? 3 : 2)) {
			struct live_table table = { .page = page, .base = step + 1, .entries = 512 };

			known += !ref_base[page];
			ref_base[page] = step + 1;
			live_put(&map, &table);
		} else {
			known -= ref_base[page] != 0;
			ref_base[page] = 0;
			live_remove(&map, page);
		}
		assert_int_equal(map.count, known);
		page = seeded_below(&random_state, PAGES);
		if (ref_base[page])
			assert_int_equal(live_find(&map, page)->base, ref_base[page]);
		else
			assert_null(live_find(&map, page));
	}
	for (page = 0; page < PAGES; page++)
		assert_int_equal(live_find(&map, page) != NULL, ref_base[page] != 0);
	live_free(&map);
}

static void empty_map_knows_nothing(void **state)
{
	struct live_map map = { .table = NULL };

	(void)state;
	assert_null(live_find(&map, 0));
	live_remove(&map, 0);
	live_free(&map);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(map_agrees_with_an_array),
		cmocka_unit_test(empty_map_knows_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
