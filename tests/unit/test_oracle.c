/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_oracle.c - the oracle of a replay against the rules, a flat array and the recorded traces.
 */
#include "bench/replay/oracle.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "trace_text.h"

#define HEAD                                                                              \
	TRACE_TEXT_MAGIC TRACE_TEXT_SNAPSHOT "# G ia_bits 36 start_level 1 pgd_pages 1\n" \
					     "# R 0 40000000 4000000 flags 0\n"

#define NONE TRACE_ACCESS_NONE
#define R TRACE_ACCESS_R
#define W TRACE_ACCESS_W
#define RW TRACE_ACCESS_RW

/* A trace and its oracle, all its records applied or none. */
struct replay {
	struct trace trace;
	struct oracle oracle;
	struct oracle_change change; /* of the last record */
	uint64_t granted;
	uint64_t revoked;
};

static void replay_init(struct replay *replay, const char *text, const struct oracle_range *reserved,
			size_t reserved_count)
{
	memset(replay, 0, sizeof(*replay));
	trace_text_load(text, &replay->trace);
	assert_int_equal(oracle_init(&replay->oracle, &replay->trace, reserved, reserved_count), 0);
}

static void replay_all(struct replay *replay)
{
	for (size_t i = 0; i < replay->trace.records_count; i++) {
		assert_int_equal(oracle_apply(&replay->oracle, &replay->trace.records[i], &replay->change),
				 0);
		replay->granted += replay->change.pages_granted;
		replay->revoked += replay->change.pages_revoked;
	}
}

static void replay_fini(struct replay *replay)
{
	oracle_free(&replay->oracle);
	trace_free(&replay->trace);
}

static void assert_map(const struct oracle *oracle, const char *expected)
{
	char *text = NULL;
	size_t bytes;
	FILE *file = open_memstream(&text, &bytes);

	assert_non_null(file);
	assert_int_equal(oracle_map_write(oracle, file), 0);
	fclose(file);
	assert_string_equal(text, expected);
	free(text);
}

/* ---- rules ---- */

static void oracle_takes_initial_access_from_l_lines_alone(void **state)
{
	struct replay replay;

	(void)state;
	replay_init(&replay,
		    HEAD "# S 40000000 1000 N\n"
			 "# S 40001000 1000 N\n"
			 "# S 40009000 1000 B\n"
			 "# L 40001000 1000 3 owner hyp\n"
			 "# L 40002000 1000 3 owner guest\n"
			 "# L 40003000 1000 3 valid R\n"
			 "# L 40004000 1000 3 valid W\n"
			 "# L 40005000 1000 3 valid X\n"
			 "# L 40006000 1000 3 valid RX\n"
			 "# L 40007000 1000 3 valid RWX\n"
			 "# L 40200000 200000 2 valid R\n"
			 "# L 80000000 40000000 1 valid R\n"
			 "# L 100000000 1000 3 owner hyp\n",
		    NULL, 0);
	assert_int_equal(oracle_access(&replay.oracle, 0x40000000), RW);
	assert_int_equal(oracle_access(&replay.oracle, 0x40001fff), NONE);
	assert_int_equal(oracle_access(&replay.oracle, 0x40002000), NONE);
	assert_int_equal(oracle_access(&replay.oracle, 0x40003000), R);
	assert_int_equal(oracle_access(&replay.oracle, 0x40004000), W);
	assert_int_equal(oracle_access(&replay.oracle, 0x40005000), NONE);
	assert_int_equal(oracle_access(&replay.oracle, 0x40006000), R);
	assert_int_equal(oracle_access(&replay.oracle, 0x40007000), RW);
	assert_int_equal(oracle_access(&replay.oracle, 0x40008000), RW);
	assert_int_equal(oracle_access(&replay.oracle, 0x403ff000), R);
	assert_int_equal(oracle_access(&replay.oracle, 0xbffff000), R);
	assert_int_equal(oracle_access(&replay.oracle, 0x100000000), NONE);
	assert_int_equal(oracle_access(&replay.oracle, 0), RW);
	assert_int_equal(oracle_access(&replay.oracle, 0xffffff000), RW);
	assert_int_equal(oracle_access(&replay.oracle, 0x1000000000), NONE);
	assert_int_equal(oracle_state(&replay.oracle, 0x40000000), TRACE_STATE_NOPAGE);
	assert_int_equal(oracle_state(&replay.oracle, 0x40002000), TRACE_STATE_OWNED);
	assert_int_equal(oracle_state(&replay.oracle, 0x40009000), TRACE_STATE_SHARED_BORROWED);
	assert_int_equal(oracle_state(&replay.oracle, 0x100000000), TRACE_STATE_OWNED);
	assert_int_equal(oracle_state(&replay.oracle, 0x1000000000), TRACE_STATE_OWNED);
	assert_int_equal(replay.oracle.pages_nopage, 2);
	assert_int_equal(replay.oracle.pages_unreachable, 3);
	replay_fini(&replay);
}

static void oracle_calls_everything_outside_the_regions_mmio(void **state)
{
	struct replay replay;

	(void)state;
	replay_init(&replay,
		    HEAD "# R 1 44000000 1000 flags 4\n"
			 "# R 2 44001000 1000 flags 0\n"
			 "# R 3 80000000 1000 flags 0\n"
			 "# L 44000000 1000 3 valid R\n"
			 "# L 80001000 1000 3 valid R\n",
		    NULL, 0);
	assert_false(oracle_is_memory(&replay.oracle, 0x3fffffff));
	assert_true(oracle_is_memory(&replay.oracle, 0x40000000));
	assert_true(oracle_is_memory(&replay.oracle, 0x44000000));
	assert_true(oracle_is_memory(&replay.oracle, 0x44001fff));
	assert_false(oracle_is_memory(&replay.oracle, 0x44002000));
	assert_map(&replay.oracle, "0 40000000 rw mmio\n"
				   "40000000 44000000 rw mem\n"
				   "44000000 44001000 ro mem\n"
				   "44001000 44002000 rw mem\n"
				   "44002000 80000000 rw mmio\n"
				   "80000000 80001000 rw mem\n"
				   "80001000 80002000 ro mmio\n"
				   "80002000 1000000000 rw mmio\n");
	replay_fini(&replay);
}

static void oracle_changes_access_only_from_and_to_nopage(void **state)
{
	static const char letters[] = "OSBN";
	static const struct {
		const char *rights;
		unsigned access;
	} starts[] = {
		{"valid X", NONE}, {"valid R", R}, {"valid W", W}, {"valid RWX", RW}, {"owner hyp", NONE}};

	(void)state;
	for (unsigned i = 0; i < 5 * 16; i++) {
		unsigned access = starts[i / 16].access;
		char old = letters[i / 4 % 4], new = letters[i % 4];
		unsigned expected = access;
		struct replay replay;
		char text[512];

		if (old != 'N' && new == 'N')
			expected = NONE;
		if (old == 'N' && new != 'N')
			expected = RW;
		snprintf(text, sizeof(text),
			 HEAD "# S 40000000 2000 %c\n# L 40000000 2000 3 %s\n"
			      "T 1 0 1 init 40000000 2000 %c %c d\n",
			 old, starts[i / 16].rights, old, new);
		replay_init(&replay, text, NULL, 0);
		replay_all(&replay);
		assert_int_equal(oracle_access(&replay.oracle, 0x40000000), expected);
		assert_int_equal(oracle_access(&replay.oracle, 0x40001000), expected);
		assert_int_equal(oracle_access(&replay.oracle, 0x40002000), RW);
		assert_int_equal(replay.change.revokes, old != 'N' && new == 'N');
		assert_int_equal(replay.change.grants, old == 'N' && new != 'N');
		assert_int_equal(replay.granted, expected & ~access ? 2 : 0);
		assert_int_equal(replay.revoked, access && !expected ? 2 : 0);
		assert_int_equal(replay.change.pages_contradicting, 0);
		assert_int_equal(replay.oracle.pages_unreachable, expected ? 0 : 2);
		assert_int_equal(replay.oracle.pages_nopage, new == 'N' ? 2 : 0);
		replay_fini(&replay);
	}
}

static void oracle_leaves_all_to_t_records(void **state)
{
	struct replay replay;

	(void)state;
	replay_init(&replay,
		    HEAD "# L 40000000 1000 3 owner hyp\n"
			 "M 1 0 1 40000000 1000 mem\nM 2 0 1 0 40000000 mmio\nF 3 0 1 40000000\nU 4 0 1\n"
			 "X 5 0 1 hvc a 1 1 1 1\nK 6 0 1 b0b\n",
		    NULL, 0);
	replay_all(&replay);
	assert_int_equal(oracle_access(&replay.oracle, 0x40000000), NONE);
	assert_int_equal(oracle_access(&replay.oracle, 0), RW);
	assert_int_equal(replay.granted + replay.revoked, 0);
	replay_fini(&replay);
}

static void oracle_reports_a_wrong_old_state_and_applies_the_record(void **state)
{
	struct replay replay;

	(void)state;
	replay_init(&replay,
		    HEAD "# S 40002000 2000 N\n# L 40002000 2000 3 owner guest\n"
			 "T 1 0 1 init 40000000 5000 O N u\n"
			 "T 2 0 1 init 40000000 1000 N O u\n"
			 "T 3 0 1 init 40000000 1000 S B u\n",
		    NULL, 0);
	assert_int_equal(oracle_apply(&replay.oracle, &replay.trace.records[0], &replay.change), 0);
	assert_int_equal(replay.change.pages_contradicting, 2);
	assert_int_equal(replay.change.contradiction_addr, 0x40002000);
	assert_int_equal(replay.change.contradiction_state, TRACE_STATE_NOPAGE);
	assert_int_equal(replay.change.pages_revoked, 3);
	assert_int_equal(oracle_state(&replay.oracle, 0x40004000), TRACE_STATE_NOPAGE);
	assert_int_equal(replay.oracle.pages_nopage, 5);
	assert_int_equal(replay.oracle.contradictions, 1);
	assert_int_equal(oracle_apply(&replay.oracle, &replay.trace.records[1], &replay.change), 0);
	assert_int_equal(replay.change.pages_contradicting, 0);
	assert_int_equal(oracle_apply(&replay.oracle, &replay.trace.records[2], &replay.change), 0);
	assert_int_equal(replay.change.pages_contradicting, 1);
	assert_int_equal(replay.change.contradiction_state, TRACE_STATE_OWNED);
	assert_int_equal(oracle_state(&replay.oracle, 0x40000000), TRACE_STATE_SHARED_BORROWED);
	assert_int_equal(oracle_access(&replay.oracle, 0x40000000), RW);
	assert_int_equal(replay.oracle.contradictions, 2);
	replay_fini(&replay);
}

static void oracle_never_reaches_nor_counts_a_reserved_range(void **state)
{
	static const struct oracle_range reserved[] = {
		{0x40001000, 0x40003000},	   {0x9000000, 0x9001000},
		{0x40002000, 0x40004000},	   {0xfffff0000, 1ull << 40},
		{1ull << 44, (1ull << 44) + 4096},
	};
	struct replay replay;

	(void)state;
	replay_init(&replay,
		    HEAD "T 1 0 1 init 40000000 5000 O N u\n"
			 "T 2 0 1 init 40000000 5000 N O u\n",
		    reserved, sizeof(reserved) / sizeof(reserved[0]));
	assert_int_equal(replay.oracle.pages_unreachable, 0);
	assert_true(oracle_is_reserved(&replay.oracle, 0x9000fff));
	assert_false(oracle_is_reserved(&replay.oracle, 0x9001000));
	assert_false(oracle_is_reserved(&replay.oracle, 1ull << 44));
	assert_int_equal(oracle_apply(&replay.oracle, &replay.trace.records[0], &replay.change), 0);
	assert_int_equal(replay.change.pages_revoked, 2);
	assert_int_equal(replay.oracle.pages_unreachable, 2);
	assert_int_equal(replay.oracle.pages_nopage, 5);
	assert_int_equal(oracle_apply(&replay.oracle, &replay.trace.records[1], &replay.change), 0);
	assert_int_equal(replay.change.pages_granted, 2);
	assert_int_equal(oracle_access(&replay.oracle, 0x40000000), RW);
	assert_int_equal(oracle_access(&replay.oracle, 0x40001000), NONE);
	assert_int_equal(oracle_access(&replay.oracle, 0x40003000), NONE);
	assert_int_equal(oracle_access(&replay.oracle, 0x40004000), RW);
	assert_map(&replay.oracle, "0 9000000 rw mmio\n"
				   "9001000 40000000 rw mmio\n"
				   "40000000 40001000 rw mem\n"
				   "40004000 44000000 rw mem\n"
				   "44000000 fffff0000 rw mmio\n");
	replay_fini(&replay);
}

static bool stop_at_second_run(void *context, const struct oracle_run *run)
{
	unsigned *visits = context;

	assert_true(run->access != NONE);
	return ++*visits < 2;
}

static void oracle_closes_what_gave_consent_until_it_is_granted(void **state)
{
	struct oracle_range reserved = {0x40005000, 0x40006000};
	struct replay replay;

	(void)state;
	replay_init(&replay,
		    HEAD "# S 40000000 1000 N\n"
			 "# S 40001000 1000 S\n"
			 "T 1 0 0 a 40000000 1000 N O u\n"
			 "T 2 0 0 a 40002000 1000 O N u\n"
			 "T 3 0 0 a 40002000 1000 N O u\n"
			 "T 4 0 0 a 40003000 1000 O S u\n",
		    &reserved, 1);
	assert_int_equal(oracle_consent(&replay.oracle, 0x40000000, 0x40006000, &replay.change), 0);
	assert_int_equal(replay.change.pages_revoked, 4);
	assert_int_equal(replay.change.pages_contradicting, 0);
	assert_false(oracle_has_consent(&replay.oracle, 0x40000000));
	assert_true(oracle_has_consent(&replay.oracle, 0x40001000));
	assert_int_equal(oracle_access(&replay.oracle, 0x40001000), NONE);
	assert_int_equal(oracle_state(&replay.oracle, 0x40001000), TRACE_STATE_SHARED_OWNED);
	assert_false(oracle_has_consent(&replay.oracle, 0x40006000));
	assert_int_equal(oracle_access(&replay.oracle, 0x40006000), RW);

	replay_all(&replay);

	assert_int_equal(oracle_access(&replay.oracle, 0x40000000), RW);
	assert_int_equal(replay.revoked, 0);
	assert_int_equal(oracle_access(&replay.oracle, 0x40002000), RW);
	assert_false(oracle_has_consent(&replay.oracle, 0x40002000));
	assert_int_equal(oracle_access(&replay.oracle, 0x40003000), NONE);
	assert_int_equal(oracle_access(&replay.oracle, 0x40005000), NONE);
	assert_int_equal(replay.oracle.pages_unreachable, 3);
	replay_fini(&replay);
}

static void oracle_map_stops_when_its_visitor_says_so(void **state)
{
	struct replay replay;
	unsigned visits = 0;

	(void)state;
	replay_init(&replay, HEAD, NULL, 0);
	oracle_map(&replay.oracle, stop_at_second_run, &visits);
	assert_int_equal(visits, 2);
	replay_fini(&replay);
}

static void oracle_map_reports_a_full_disk(void **state)
{
	FILE *file = fopen("/dev/full", "w");
	struct replay replay;

	(void)state;
	if (!file)
		skip();
	replay_init(&replay, HEAD, NULL, 0);
	assert_int_equal(oracle_map_write(&replay.oracle, file), -1);
	fclose(file);
	replay_fini(&replay);
}

/* ---- snapshots ---- */

static void oracle_finds_where_a_snapshot_differs(void **state)
{
	static const struct {
		const char *lines;
		uint64_t addr; /* 0: agrees */
		char replayed, recorded;
	} cases[] = {
		{"# S 40001000 2000 N\n", 0, 0, 0},
		{"# S 40001000 1000 N\n# S 40002000 1000 N\n", 0, 0, 0},
		{"# S 40000000 1000 O\n# S 40001000 2000 N\n# S 43fff000 1000 O\n", 0, 0, 0},
		{"", 0x40001000, 'N', 'O'},
		{"# S 40001000 1000 N\n", 0x40002000, 'N', 'O'},
		{"# S 40001000 3000 N\n", 0x40003000, 'O', 'N'},
		{"# S 40000000 3000 N\n", 0x40000000, 'O', 'N'},
		{"# S 40001000 2000 S\n", 0x40001000, 'N', 'S'},
		{"# S 40001000 2000 N\n# S 43fff000 1000 B\n", 0x43fff000, 'O', 'B'},
		{"# S 40001000 2000 N\n# S 80000000 1000 B\n", 0x80000000, 'O', 'B'},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct oracle_mismatch mismatch;
		struct replay replay;
		char text[1024];
		bool agrees;

		snprintf(text, sizeof(text),
			 HEAD "# R 1 80000000 1000 flags 0\nT 1 0 1 init 40001000 2000 O N u\n"
			      "# snapshot end seq 2\n%s",
			 cases[i].lines);
		replay_init(&replay, text, NULL, 0);
		assert_true(oracle_check_snapshot(&replay.oracle, &replay.trace.snapshots[0], &mismatch));
		replay_all(&replay);
		agrees = oracle_check_snapshot(&replay.oracle, &replay.trace.snapshots[1], &mismatch);
		assert_int_equal(agrees, cases[i].addr == 0);
		if (!agrees) {
			assert_int_equal(mismatch.addr, cases[i].addr);
			assert_int_equal(trace_state_letter(mismatch.replayed), cases[i].replayed);
			assert_int_equal(trace_state_letter(mismatch.recorded), cases[i].recorded);
		}
		replay_fini(&replay);
	}
}

/* ---- hand-made traces ---- */

static void oracle_maps_the_small_trace(void **state)
{
	struct oracle_mismatch mismatch;
	struct replay replay = {.granted = 0};

	(void)state;
	trace_text_load_file("tests/data/good_small.txt", &replay.trace);
	assert_int_equal(oracle_init(&replay.oracle, &replay.trace, NULL, 0), 0);
	assert_map(&replay.oracle, "0 40000000 rw mmio\n"
				   "40000000 40400000 rw mem\n"
				   "40400000 40408000 ro mem\n"
				   "40408000 43c00000 rw mem\n"
				   "44000000 10000000000 rw mmio\n");
	for (size_t i = 0; replay.trace.records[i].seq < 21; i++)
		assert_int_equal(oracle_apply(&replay.oracle, &replay.trace.records[i], &replay.change), 0);
	assert_true(oracle_check_snapshot(&replay.oracle, &replay.trace.snapshots[1], &mismatch));
	assert_map(&replay.oracle, "0 40000000 rw mmio\n"
				   "40000000 40001000 rw mem\n"
				   "40003000 40203000 rw mem\n"
				   "40204000 40400000 rw mem\n"
				   "40400000 40408000 ro mem\n"
				   "40408000 40800000 rw mem\n"
				   "40a00000 43c00000 rw mem\n"
				   "44000000 10000000000 rw mmio\n");
	replay_fini(&replay);
}

static void oracle_maps_the_trace_with_adjoining_regions(void **state)
{
	struct oracle_mismatch mismatch;
	struct replay replay = {.granted = 0};

	(void)state;
	trace_text_load_file("tests/data/good_regions.txt", &replay.trace);
	assert_int_equal(oracle_init(&replay.oracle, &replay.trace, NULL, 0), 0);
	replay_all(&replay);
	assert_true(oracle_check_snapshot(&replay.oracle, &replay.trace.snapshots[1], &mismatch));
	assert_int_equal(replay.oracle.contradictions, 0);
	assert_map(&replay.oracle, "0 8000000 rw mmio\n"
				   "8000000 8001000 ro mmio\n"
				   "8001000 40000000 rw mmio\n"
				   "40000000 401ff000 rw mem\n"
				   "40201000 40280000 rw mem\n"
				   "40281000 40282000 rw mem\n"
				   "40282000 40283000 ro mem\n"
				   "40283000 40400000 rw mem\n"
				   "40600000 40800000 rw mem\n"
				   "40800000 200000000 rw mmio\n"
				   "200002000 240000000 rw mem\n"
				   "240000000 1000000000 rw mmio\n");
	/* 2 + 1 + 1 pages, and a block that was write-only; ro to rw counts as granted, and the block. */
	assert_int_equal(replay.revoked, 4 + 512);
	assert_int_equal(replay.granted, 1 + 512);
	replay_fini(&replay);
}

static void oracle_of_a_fresh_tebibyte_keeps_two_nodes(void **state)
{
	struct replay replay = {.granted = 0};
	unsigned nodes = 0;

	(void)state;
	trace_text_load_file("tests/data/good_1tib.txt", &replay.trace);
	assert_int_equal(oracle_init(&replay.oracle, &replay.trace, NULL, 0), 0);
	replay_all(&replay);
	assert_map(&replay.oracle, "0 10000000000 rw mmio\n10000000000 20000000000 rw mem\n");
	for (const void *node = replay.oracle.nodes; node; node = *(void *const *)node)
		nodes++;
	assert_int_equal(nodes, 2);
	replay_fini(&replay);
}

static void oracle_applies_a_record_of_the_whole_of_48_bits(void **state)
{
	struct replay replay;

	(void)state;
	replay_init(&replay,
		    TRACE_TEXT_MAGIC TRACE_TEXT_SNAPSHOT "# G ia_bits 48 start_level 0 pgd_pages 1\n"
							 "# R 0 0 1000000000000 flags 0\n"
							 "T 1 0 1 init 0 1000000000000 O N u\n"
							 "T 2 0 1 init 7ffffffff000 2000 N O u\n",
		    NULL, 0);
	replay_all(&replay);
	assert_true(replay.revoked == 1ull << 36);
	assert_int_equal(replay.granted, 2);
	assert_true(replay.oracle.pages_unreachable == (1ull << 36) - 2);
	assert_map(&replay.oracle, "7ffffffff000 800000001000 rw mem\n");
	replay_fini(&replay);
}

/* ---- points ---- */

static void oracle_points_name_first_spread_peak_and_last(void **state)
{
	struct oracle_points points;
	struct trace trace;

	(void)state;
	trace_text_load(HEAD "# S 40100000 9000 N\n"
			     "K 1 0 1 1\n"
			     "T 2 0 1 init 40000000 1000 O N u\n"
			     "T 3 0 1 init 40001000 1000 O N u\n"
			     "T 4 0 1 init 40002000 1000 O S u\n"
			     "T 5 0 1 init 40000000 1000 N O u\n"
			     "T 6 0 1 init 40000000 1000 O N u\n"
			     "T 7 0 1 init 40000000 1000 N O u\n"
			     "K 9 0 1 2\n",
			&trace);
	assert_int_equal(oracle_points(&trace, 2, &points), 0);
	assert_true(points.any);
	assert_int_equal(points.first_seq, 2);
	assert_int_equal(points.peak_seq, 3);
	assert_int_equal(points.peak_unreachable, 2);
	assert_int_equal(points.peak_nopage, 11);
	assert_int_equal(points.last_seq, 9);
	assert_int_equal(points.spread_count, 2);
	assert_int_equal(points.spread_seq[0], 4);
	assert_int_equal(points.spread_seq[1], 6);
	trace_free(&trace);
}

static void oracle_points_of_short_traces_are_fewer(void **state)
{
	struct oracle_points points;
	struct trace trace;

	(void)state;
	trace_text_load(HEAD, &trace);
	assert_int_equal(oracle_points(&trace, 5, &points), 0);
	assert_false(points.any);
	assert_int_equal(points.spread_count, 0);
	trace_free(&trace);
	trace_text_load(HEAD "T 2 0 1 init 40000000 1000 N O u\nT 3 0 1 init 40000000 1000 O S u\n", &trace);
	assert_int_equal(oracle_points(&trace, 1000, &points), 0);
	assert_int_equal(points.spread_count, 1);
	assert_int_equal(points.spread_seq[0], 3);
	assert_int_equal(points.peak_seq, 2);
	trace_free(&trace);
}

/* ---- random runs against a flat array ---- */

#define FLAT_IA_BITS 31
#define FLAT_PAGES (1u << (FLAT_IA_BITS - TRACE_PAGE_LG2))

struct flat {
	uint8_t state[FLAT_PAGES];
	uint8_t access[FLAT_PAGES];
	bool memory[FLAT_PAGES];
	bool reserved[FLAT_PAGES];
	uint64_t random;
	uint64_t page; /* of the map, while it is compared */
};

static uint64_t below(struct flat *flat, uint64_t limit)
{
	return trace_text_random(&flat->random) % limit;
}

/* A range that is one page, a few, or many, often at the edge of a block or a GiB. */
static void random_range(struct flat *flat, uint32_t *first, uint32_t *end)
{
	uint32_t anchor = (uint32_t)below(flat, FLAT_PAGES);
	uint32_t length;

	switch (below(flat, 4)) {
	case 0:
		anchor &= ~511u;
		break;
	case 1:
		anchor = (anchor & ~511u) - (uint32_t)below(flat, 4);
		break;
	case 2:
		anchor = FLAT_PAGES / 2 - (uint32_t)below(flat, 2000);
		break;
	default:
		break;
	}
	switch (below(flat, 4)) {
	case 0:
		length = 1;
		break;
	case 1:
		length = 1 + (uint32_t)below(flat, 20);
		break;
	case 2:
		length = 512u << below(flat, 3);
		break;
	default:
		length = 1 + (uint32_t)below(flat, 3000);
		break;
	}
	if (anchor >= FLAT_PAGES)
		anchor = 0;
	*first = anchor;
	*end = length > FLAT_PAGES - anchor ? FLAT_PAGES : anchor + length;
}

/* Memory: all but some holes, one of them across the GiB. */
static void write_regions(struct flat *flat, FILE *file)
{
	uint32_t cuts[4][2] = {
		{0, 64}, {100000, 100000}, {FLAT_PAGES / 2 - 700, FLAT_PAGES / 2 - 650}, {400000, 400100}};
	uint32_t first = 0;

	for (unsigned i = 0; i < 4; i++) {
		uint32_t start = cuts[i][0], end = cuts[i][1];

		/* The second is no hole, only a seam between two lines. */
		if (start > first)
			fprintf(file, "# R %u %x000 %x000 flags %u\n", i, first, start - first, i % 2 * 4);
		memset(flat->memory + first, true, start - first);
		first = end;
	}
	fprintf(file, "# R 9 %x000 %x000 flags 0\n", first, FLAT_PAGES - first - 5000);
	memset(flat->memory + first, true, FLAT_PAGES - first - 5000);
}

static bool range_is_memory(const struct flat *flat, uint32_t first, uint32_t end)
{
	return !memchr(flat->memory + first, false, end - first);
}

static void write_states(struct flat *flat, FILE *file)
{
	for (unsigned i = 0; i < 30; i++) {
		uint32_t first, end;
		uint8_t state = (uint8_t)below(flat, 4);

		random_range(flat, &first, &end);
		if (!range_is_memory(flat, first, end))
			continue;
		for (uint32_t page = first; page < end; page++) {
			if (flat->state[page])
				goto next;
		}
		if (state == TRACE_STATE_OWNED)
			continue;
		memset(flat->state + first, state, end - first);
		fprintf(file, "# S %x000 %x000 %c\n", first, end - first, "OSBN"[state]);
	next:;
	}
}

static void write_leaves(struct flat *flat, FILE *file, bool *leaf)
{
	static const struct {
		const char *text;
		uint8_t access;
	} kinds[] = {{"valid R", R},	{"valid W", W},	     {"valid RW", RW},	   {"valid RWX", RW},
		     {"valid X", NONE}, {"owner hyp", NONE}, {"owner guest", NONE}};

	for (unsigned i = 0; i < 40; i++) {
		unsigned kind = (unsigned)below(flat, 7), level = 3;
		uint32_t first, end;

		random_range(flat, &first, &end);
		if (!(first % 512) && end - first >= 512) {
			level = 2;
			end = first + (end - first) / 512 * 512;
		}
		if (memchr(leaf + first, true, end - first))
			continue;
		memset(leaf + first, true, end - first);
		memset(flat->access + first, kinds[kind].access, end - first);
		fprintf(file, "# L %x000 %x000 %u %s\n", first, end - first, level, kinds[kind].text);
	}
}

static void write_records(struct flat *flat, FILE *file, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		uint32_t first, end;

		do {
			random_range(flat, &first, &end);
		} while (!range_is_memory(flat, first, end));
		fprintf(file, "T %u %u 1 init %x000 %x000 %c %c u\n", i + 1, (unsigned)below(flat, 256),
			first, end - first, "OSBN"[below(flat, 4)], "OSBN"[below(flat, 4)]);
	}
}

static unsigned flat_access(const struct flat *flat, uint64_t page)
{
	return flat->reserved[page] ? NONE : flat->access[page];
}

static void flat_apply(struct flat *flat, const struct trace_record *record, struct oracle_change *change)
{
	uint64_t first = record->start >> TRACE_PAGE_LG2;
	uint64_t end = first + (record->bytes >> TRACE_PAGE_LG2);

	memset(change, 0, sizeof(*change));
	change->revokes = record->new_state == 3 && record->old_state != 3;
	change->grants = record->old_state == 3 && record->new_state != 3;
	for (uint64_t page = first; page < end; page++) {
		unsigned before = flat_access(flat, page), after;

		if (flat->state[page] != record->old_state && change->pages_contradicting++ == 0) {
			change->contradiction_addr = page << TRACE_PAGE_LG2;
			change->contradiction_state = (enum trace_state)flat->state[page];
		}
		flat->state[page] = record->new_state;
		if (change->revokes)
			flat->access[page] = NONE;
		if (change->grants)
			flat->access[page] = RW;
		after = flat_access(flat, page);
		change->pages_revoked += before && !after;
		change->pages_granted += before < after;
	}
}

static bool compare_run(void *context, const struct oracle_run *run)
{
	struct flat *flat = context;
	uint64_t first = run->start >> TRACE_PAGE_LG2, end = run->end >> TRACE_PAGE_LG2;

	while (flat->page < first)
		assert_int_equal(flat_access(flat, flat->page++), NONE);
	/* It is maximal: the page before it differs. */
	if (first > 0)
		assert_true(flat_access(flat, first - 1) != run->access ||
			    flat->memory[first - 1] != run->memory);
	assert_true(end > first);
	while (flat->page < end) {
		assert_int_equal(flat_access(flat, flat->page), run->access);
		assert_int_equal(flat->memory[flat->page], run->memory);
		flat->page++;
	}
	return true;
}

static void compare_all(struct flat *flat, const struct oracle *oracle)
{
	uint64_t nopage = 0, unreachable = 0;

	for (uint64_t page = 0; page < FLAT_PAGES; page++) {
		uint64_t addr = page << TRACE_PAGE_LG2;

		if (oracle_access(oracle, addr) != flat_access(flat, page) ||
		    oracle_state(oracle, addr) != flat->state[page] ||
		    oracle_is_memory(oracle, addr) != flat->memory[page] ||
		    oracle_is_reserved(oracle, addr) != flat->reserved[page])
			fail_msg("page %" PRIx64 " differs", page);
		nopage += flat->state[page] == 3;
		unreachable += flat->memory[page] && !flat->reserved[page] && !flat->access[page];
	}
	assert_int_equal(oracle->pages_nopage, nopage);
	assert_int_equal(oracle->pages_unreachable, unreachable);
	flat->page = 0;
	oracle_map(oracle, compare_run, flat);
	while (flat->page < FLAT_PAGES)
		assert_int_equal(flat_access(flat, flat->page++), NONE);
}

static void oracle_equals_a_flat_array_in_random_runs(void **state)
{
	uint64_t seed = trace_text_seed();

	(void)state;
	for (unsigned round = 0; round < 4; round++) {
		struct flat *flat = calloc(1, sizeof(*flat));
		bool *leaf = calloc(FLAT_PAGES, sizeof(*leaf));
		struct oracle_range reserved[5];
		struct replay replay;
		char *text = NULL;
		size_t bytes;
		FILE *file = open_memstream(&text, &bytes);

		assert_true(flat && leaf && file);
		flat->random = seed + round;
		memset(flat->access, RW, sizeof(flat->access));
		fputs(TRACE_TEXT_MAGIC TRACE_TEXT_SNAPSHOT "# G ia_bits 31 start_level 1 pgd_pages 1\n",
		      file);
		write_regions(flat, file);
		write_states(flat, file);
		write_leaves(flat, file, leaf);
		write_records(flat, file, 400);
		fclose(file);
		for (unsigned i = 0; i < 5; i++) {
			uint32_t first, end;

			random_range(flat, &first, &end);
			memset(flat->reserved + first, true, end - first);
			reserved[i].start = (uint64_t)first << TRACE_PAGE_LG2;
			reserved[i].end = (uint64_t)end << TRACE_PAGE_LG2;
		}
		replay_init(&replay, text, reserved, 5);
		compare_all(flat, &replay.oracle);
		for (size_t i = 0; i < replay.trace.records_count; i++) {
			struct oracle_change expected;

			flat_apply(flat, &replay.trace.records[i], &expected);
			assert_int_equal(
				oracle_apply(&replay.oracle, &replay.trace.records[i], &replay.change), 0);
			assert_int_equal(replay.change.revokes, expected.revokes);
			assert_int_equal(replay.change.grants, expected.grants);
			assert_int_equal(replay.change.pages_revoked, expected.pages_revoked);
			assert_int_equal(replay.change.pages_granted, expected.pages_granted);
			assert_int_equal(replay.change.pages_contradicting, expected.pages_contradicting);
			assert_int_equal(replay.change.contradiction_addr, expected.contradiction_addr);
			assert_int_equal(replay.change.contradiction_state, expected.contradiction_state);
			if (i % 100 == 99)
				compare_all(flat, &replay.oracle);
		}
		replay_fini(&replay);
		free(text);
		free(leaf);
		free(flat);
	}
}

/* ---- the recorded traces ---- */

static void oracle_agrees_with_what_is_known_of_the_recorded_traces(void **state)
{
	static const struct {
		const char *name;
		uint64_t transitions_access, pages_revoked, pages_granted, peak_nopage;
	} known[] = {
		{"boot", 7747, 7747, 0, 7747},
		{"churn", 110484, 55662, 55662, 13463},
		{"np-4k", 436, 232, 232, 7979},
		{"np-thp", 104, 80, 80, 7787},
		{"pingpong", 118775, 59398, 59398, 24715},
		{"pvm-4k", 195985, 97996, 97996, 105743},
		{"pvm-frag", 97513, 48766, 48766, 56513},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		struct replay replay = {.granted = 0};
		uint64_t transitions_access = 0;
		struct oracle_points points;
		size_t next = 0;
		char path[128];

		snprintf(path, sizeof(path), "bench/traces/%s.txt.xz", known[i].name);
		trace_text_load_file(path, &replay.trace);
		assert_int_equal(oracle_init(&replay.oracle, &replay.trace, NULL, 0), 0);
		for (size_t r = 0; r <= replay.trace.records_count; r++) {
			while (next < replay.trace.snapshots_count &&
			       replay.trace.snapshots[next].position == r) {
				struct oracle_mismatch mismatch;

				if (!oracle_check_snapshot(&replay.oracle, &replay.trace.snapshots[next++],
							   &mismatch))
					fail_msg("%s: page %" PRIx64, path, mismatch.addr);
			}
			if (r == replay.trace.records_count)
				break;
			assert_int_equal(
				oracle_apply(&replay.oracle, &replay.trace.records[r], &replay.change), 0);
			replay.granted += replay.change.pages_granted;
			replay.revoked += replay.change.pages_revoked;
			transitions_access += replay.change.grants || replay.change.revokes;
		}
		assert_int_equal(next, replay.trace.snapshots_count);
		assert_int_equal(replay.oracle.contradictions, 0);
		assert_int_equal(transitions_access, known[i].transitions_access);
		assert_int_equal(replay.revoked, known[i].pages_revoked);
		assert_int_equal(replay.granted, known[i].pages_granted);
		assert_int_equal(oracle_points(&replay.trace, 5, &points), 0);
		assert_int_equal(points.peak_nopage, known[i].peak_nopage);
		assert_int_equal(points.spread_count, 5);
		for (unsigned s = 0; s < 5; s++)
			assert_true(points.spread_seq[s] > (s ? points.spread_seq[s - 1] : points.first_seq));
		assert_true(points.spread_seq[4] < points.last_seq);
		/* The hypervisor's text is N, yet readable where the host has mapped it so. */
		assert_int_equal(points.peak_nopage - points.peak_unreachable,
				 replay.trace.snapshots[0].leaves_count ? 26 : 0);
		assert_int_equal(oracle_access(&replay.oracle, 0x40595000),
				 replay.trace.snapshots[0].leaves_count ? R : NONE);
		replay_fini(&replay);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(oracle_takes_initial_access_from_l_lines_alone),
		cmocka_unit_test(oracle_calls_everything_outside_the_regions_mmio),
		cmocka_unit_test(oracle_changes_access_only_from_and_to_nopage),
		cmocka_unit_test(oracle_leaves_all_to_t_records),
		cmocka_unit_test(oracle_reports_a_wrong_old_state_and_applies_the_record),
		cmocka_unit_test(oracle_never_reaches_nor_counts_a_reserved_range),
		cmocka_unit_test(oracle_closes_what_gave_consent_until_it_is_granted),
		cmocka_unit_test(oracle_map_stops_when_its_visitor_says_so),
		cmocka_unit_test(oracle_map_reports_a_full_disk),
		cmocka_unit_test(oracle_finds_where_a_snapshot_differs),
		cmocka_unit_test(oracle_maps_the_small_trace),
		cmocka_unit_test(oracle_maps_the_trace_with_adjoining_regions),
		cmocka_unit_test(oracle_of_a_fresh_tebibyte_keeps_two_nodes),
		cmocka_unit_test(oracle_applies_a_record_of_the_whole_of_48_bits),
		cmocka_unit_test(oracle_points_name_first_spread_peak_and_last),
		cmocka_unit_test(oracle_points_of_short_traces_are_fewer),
		cmocka_unit_test(oracle_equals_a_flat_array_in_random_runs),
		cmocka_unit_test(oracle_agrees_with_what_is_known_of_the_recorded_traces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
