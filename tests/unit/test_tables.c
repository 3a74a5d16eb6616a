/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_tables.c - what raw tables in memory say.
 */
#include "replay_rig.h"

#include <stdlib.h>
#include <string.h>

#define REVOKE_PAGE "T 1 0 100 a 40201000 1000 O N u\n"

static struct replay_rig rig;
static struct tables tables;

static int tear_down(void **state)
{
	(void)state;
	replay_rig_fini(&rig);
	return 0;
}

static void open_and_play(const char *text, const char *options)
{
	replay_rig_init(&rig, text, options);
	replay_rig_open_instant(&rig);
	assert_int_equal(replay_rig_play(&rig), 0);
	replay_rig_tables(&rig, &tables, NULL);
}

static void every_leaf_is_counted_by_its_level(void **state)
{
	struct tables_walk walk;

	(void)state;
	open_and_play(REPLAY_RIG_HEAD REVOKE_PAGE, "--policy batched");
	assert_int_equal(tables_walk(&tables, &walk, NULL, NULL), 0);

	assert_int_equal(walk.leaves[0], 0);
	assert_int_equal(walk.leaves[1], 63);
	assert_int_equal(walk.leaves[2], 510); /* one hole, and the pool */
	assert_int_equal(walk.leaves[3], 511);
	assert_true(walk.identity);
}

static void the_checksum_sees_one_page(void **state)
{
	struct tables_walk all, one_less;

	(void)state;
	open_and_play(REPLAY_RIG_HEAD REVOKE_PAGE, "--policy eager --until 0");
	assert_int_equal(tables_walk(&tables, &all, NULL, NULL), 0);
	replay_rig_fini(&rig);
	open_and_play(REPLAY_RIG_HEAD REVOKE_PAGE, "--policy eager");
	assert_int_equal(tables_walk(&tables, &one_less, NULL, NULL), 0);

	assert_true(all.checksum != one_less.checksum);
	assert_int_equal(all.leaves[3], one_less.leaves[3] + 1);
}

/* Change the entry that maps the last page of memory. */
static uint64_t *last_entry(void)
{
	struct model_leaf leaf;

	assert_int_equal(model_walk(&tables.memory, &tables.stage2, 0x43fff000, &leaf), MODEL_OK);
	return tables.memory.write(tables.memory.ctx, leaf.descriptor_pa, 8);
}

static void an_address_that_moves_is_found(void **state)
{
	struct tables_walk walk;

	(void)state;
	open_and_play(REPLAY_RIG_HEAD REVOKE_PAGE, "--policy eager");
	*last_entry() ^= UINT64_C(1) << 20;
	assert_int_equal(tables_walk(&tables, &walk, NULL, NULL), 0);

	assert_false(walk.identity);
	assert_int_equal(walk.moved_start, 0x43fff000);
	assert_int_equal(walk.moved_pa, 0x43fff000 ^ 1 << 20);
}

static void the_pages_of_a_table_are_all_found(void **state)
{
	struct tables_pages pages;
	struct policy_stats stats;

	(void)state;
	open_and_play(REPLAY_RIG_HEAD REVOKE_PAGE, "--policy batched");
	assert_int_equal(tables_pages(&tables, &pages), 0);
	rig.ops->stats(rig.policy, &stats);

	assert_int_equal(pages.count, 3);
	assert_int_equal(pages.count * 4096, stats.tables.bytes_live);
	for (size_t i = 1; i < pages.count; i++)
		assert_true(pages.pa[i - 1] < pages.pa[i]);
	tables_pages_free(&pages);
}

static void a_table_outside_memory_is_an_error(void **state)
{
	struct tables_pages pages;
	struct tables_walk walk;

	(void)state;
	open_and_play(REPLAY_RIG_HEAD REVOKE_PAGE, "--policy batched");
	*(uint64_t *)tables.memory.write(tables.memory.ctx, tables.stage2.ttb, 8) = 0x10003;

	assert_int_equal(tables_walk(&tables, &walk, NULL, NULL), -1);
	assert_int_equal(tables_pages(&tables, &pages), -1);
}

static void a_zero_ste_is_refused(void **state)
{
	const uint64_t ste[8] = { 0 };

	(void)state;
	open_and_play(REPLAY_RIG_HEAD, "--policy batched");

	assert_int_equal(tables_open(&tables, ste, &rig.world.model), -1);
}

/* ---- tables by hand, in every format ----------------------------------------------------- */

enum {
	HAND_BYTES = 0x400000
};

static uint64_t *hand; /* [0, HAND_BYTES) */

static const void *hand_read(void *ctx, uint64_t pa, size_t bytes)
{
	(void)ctx;
	return pa + bytes <= HAND_BYTES ? (const char *)hand + pa : NULL;
}

static int hand_set_up(void **state)
{
	(void)state;
	hand = calloc(1, HAND_BYTES);
	return hand ? 0 : -1;
}

static int hand_tear_down(void **state)
{
	(void)state;
	free(hand);
	return 0;
}

static const struct hand_format {
	unsigned tg, granule_lg2, ia_bits, sl0;
	uint64_t word3; /* S2DS, S2SL0_2 */
	unsigned start_tables;
	int start; /* level */
} hand_formats[] = {
	{ 0, 12, 40, 1, 0, 2, 1 },  { 0, 12, 48, 2, 0, 1, 0 }, { 0, 12, 52, 0, 0xc, 1, -1 },
	{ 2, 14, 40, 1, 0, 16, 2 }, { 2, 14, 47, 2, 0, 1, 1 }, { 2, 14, 52, 3, 0x8, 1, 0 },
	{ 1, 16, 32, 0, 0, 8, 3 },  { 1, 16, 48, 2, 0, 1, 1 }, { 1, 16, 52, 2, 0, 1, 1 },
};

/* Start tables at 0, from 0x100000 on one table of each level below: the last page of the space is mapped. */
static void hand_make(const struct hand_format *format)
{
	uint64_t top = UINT64_C(1) << format->ia_bits, ste[8] = { 1 | 6 << 1 }, table = 0;
	struct model_config config = { .ds = true, .memory = { NULL, hand_read, NULL } };
	unsigned stride = format->granule_lg2 - 3;

	model_config_default(&config);
	config.oas_bits = 52;
	ste[2] = (uint64_t)(64 - format->ia_bits) << 32 | (uint64_t)format->sl0 << 38 |
		 (uint64_t)format->tg << 46 | UINT64_C(6) << 48 | UINT64_C(1) << 51;
	ste[3] = format->word3;
	assert_int_equal(tables_open(&tables, ste, &config), 0);
	for (int level = format->start; level <= 3; level++) {
		unsigned shift = format->granule_lg2 + stride * (unsigned)(3 - level);
		uint64_t entries = level == format->start ? top >> shift : UINT64_C(1) << stride;
		uint64_t next = 0x100000 + ((uint64_t)(level + 1) << 16), pa = top - (UINT64_C(1) << shift);
		uint64_t *last = hand + table / 8 + entries - 1;

		if (level < 3)
			*last = next | 3;
		else if (format->ia_bits < 52)
			*last = pa | 0x4c3;
		else if (format->granule_lg2 == 16) /* bits 51:48 at 15:12 */
			*last = (pa & ~(UINT64_C(0xf) << 48)) | 0xf << 12 | 0x4c3;
		else /* bits 51:50 at 9:8 */
			*last = (pa & ~(UINT64_C(0x3) << 50)) | 3 << 8 | 0x4c3;
		table = next;
	}
}

static void every_granule_and_start_level_is_followed(void **state)
{
	(void)state;
	for (unsigned i = 0; i < sizeof(hand_formats) / sizeof(hand_formats[0]); i++) {
		const struct hand_format *format = &hand_formats[i];
		struct tables_walk walk;
		struct tables_pages pages;

		memset(hand, 0, HAND_BYTES);
		hand_make(format);
		assert_int_equal(tables_walk(&tables, &walk, NULL, NULL), 0);
		assert_int_equal(walk.leaves[3], 1);
		assert_true(walk.identity);
		assert_int_equal(tables_pages(&tables, &pages), 0);
		assert_int_equal(pages.count, format->start_tables + (unsigned)(3 - format->start));
		for (size_t page = 1; page < pages.count; page++)
			assert_true(pages.pa[page - 1] < pages.pa[page]);
		tables_pages_free(&pages);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(every_leaf_is_counted_by_its_level, tear_down),
		cmocka_unit_test_teardown(the_checksum_sees_one_page, tear_down),
		cmocka_unit_test_teardown(an_address_that_moves_is_found, tear_down),
		cmocka_unit_test_teardown(the_pages_of_a_table_are_all_found, tear_down),
		cmocka_unit_test_teardown(a_table_outside_memory_is_an_error, tear_down),
		cmocka_unit_test_teardown(a_zero_ste_is_refused, tear_down),
		cmocka_unit_test_setup_teardown(every_granule_and_start_level_is_followed, hand_set_up,
						hand_tear_down),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
