/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_mapfile.c - runs are maximal, and memory and MMIO are told apart.
 */
#include "replay_rig.h"

#include "bench/replay/mapfile.h"

/* A small space full of memory but for its lowest and its highest quarter. */
#define HEAD                                                                              \
	TRACE_TEXT_MAGIC TRACE_TEXT_SNAPSHOT "# G ia_bits 32 start_level 1 pgd_pages 1\n" \
					     "# R 0 40000000 40000000 flags 0\n"          \
					     "# R 1 80000000 40000000 flags 4\n"

static char text[512];

static void write_map(const char *trace, const char *options, int expected)
{
	FILE *file = fmemopen(text, sizeof(text), "w");
	struct replay_rig rig;
	struct tables tables;

	assert_non_null(file);
	replay_rig_init(&rig, trace, options);
	replay_rig_open_instant(&rig);
	assert_int_equal(replay_rig_play(&rig), 0);
	replay_rig_tables(&rig, &tables, NULL);
	assert_int_equal(mapfile_write(file, &tables), expected);
	fclose(file);
	replay_rig_fini(&rig);
}

static void runs_join_across_leaves_and_regions(void **state)
{
	(void)state;
	write_map(HEAD, "--policy batched --pool 100000000", 0);

	assert_string_equal(text,
			    "0 40000000 rw mmio\n40000000 c0000000 rw mem\nc0000000 100000000 rw mmio\n");
}

static void the_pool_and_reserved_ranges_are_holes(void **state)
{
	(void)state;
	write_map(HEAD, "--policy batched --pool c0000000 --reserve 1000-3000 --reserve 50000000-50001000",
		  0);

	assert_string_equal(text, "0 1000 rw mmio\n3000 40000000 rw mmio\n"
				  "40000000 50000000 rw mem\n50001000 c0000000 rw mem\n"
				  "c0600000 100000000 rw mmio\n");
}

static void a_read_only_page_and_a_revoked_one_are_runs_of_their_own(void **state)
{
	static const char trace[] = HEAD "# L 40001000 1000 3 valid R\n"
					 "T 1 0 100 a 40003000 2000 O N u\n";

	(void)state;
	write_map(trace, "--policy eager --pool 100000000", 0);

	assert_string_equal(text, "0 40000000 rw mmio\n40000000 40001000 rw mem\n40001000 40002000 ro mem\n"
				  "40002000 40003000 rw mem\n40005000 c0000000 rw mem\n"
				  "c0000000 100000000 rw mmio\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(runs_join_across_leaves_and_regions),
		cmocka_unit_test(the_pool_and_reserved_ranges_are_holes),
		cmocka_unit_test(a_read_only_page_and_a_revoked_one_are_runs_of_their_own),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
