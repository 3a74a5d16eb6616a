/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_host_stage2.c - the host's table, walked here as a CPU would, says what the L lines say.
 */
#include "bench/trace/host_stage2.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "trace_text.h"

#include "bench/trace/trace_scale.h"

#define PA 0x200000000000ull

/* What a walk ends at. */
struct leaf {
	uint64_t desc;
	unsigned level;
	uint64_t start; /* of what the entry covers */
	uint64_t bytes;
};

/* log2 of the bytes of an entry. */
static unsigned entry_lg2(unsigned page_lg2, unsigned level)
{
	return page_lg2 + (page_lg2 - 3) * (3 - level);
}

/* Walk from the start tables; concatenation means that the first index is not cut. */
static struct leaf walk(const struct host_stage2 *host, uint64_t addr)
{
	uint64_t table_pa = host->pa;
	unsigned level = host->start_level;
	unsigned page_lg2 = host->granule_lg2;
	uint64_t entries = 1ull << (page_lg2 - 3), index = addr >> entry_lg2(page_lg2, level);

	assert_true(index < host->pgd_pages * entries);
	for (;;) {
		const uint64_t *entry = host_stage2_virt(host, table_pa + index * 8);
		unsigned shift = entry_lg2(page_lg2, level);

		assert_non_null(entry);
		if (level == 3 || (*entry & 3) != 3) {
			struct leaf leaf = {*entry, level, addr >> shift << shift, 1ull << shift};

			assert_true(level == 3 || level == 1 || level == 2 || !(*entry & 1));
			return leaf;
		}
		table_pa = *entry & ~3ull;
		assert_true(table_pa % (1ull << page_lg2) == 0 && table_pa >> 48 == 0);
		level++;
		index = (addr >> entry_lg2(page_lg2, level)) % entries;
	}
}

/* What the L line that covers @addr asks for, or zero. */
static uint64_t expected_desc(const struct trace *trace, uint64_t addr, unsigned *level, uint64_t *end)
{
	const struct trace_snapshot *snapshot = &trace->snapshots[0];

	*end = 1ull << trace->ia_bits;
	for (size_t i = 0; i < snapshot->leaves_count; i++) {
		const struct trace_leaf_run *run = &snapshot->leaves[i];
		unsigned shift = entry_lg2(trace_page_lg2(trace), run->level);
		uint64_t start = addr >> shift << shift;
		uint64_t desc = start | 0x701 | 0x40000000000000;

		if (addr < run->start) {
			*end = run->start;
			return 0;
		}
		if (addr >= run->end)
			continue;
		*level = run->level;
		*end = run->end;
		if (run->kind == TRACE_LEAF_OWNER_HYP)
			return 0x2000000000000002;
		if (run->kind == TRACE_LEAF_OWNER_GUEST)
			return 0x2000000000000006;
		desc |= (run->access & TRACE_ACCESS_R ? 0x40u : 0) |
			(run->access & TRACE_ACCESS_W ? 0x80u : 0);
		desc |= trace_is_memory(trace, start, start + 1) ? 0x3c : 0x4;
		if (run->level == 3)
			desc |= 2;
		return run->executable ? desc & ~0x40000000000000ull : desc;
	}
	return 0;
}

/* Every address has the entry its L line asks for; returns how many leaves are not zero. */
static uint64_t check_all(const struct trace *trace, const struct host_stage2 *host)
{
	uint64_t leaves = 0;

	for (uint64_t addr = 0; addr < 1ull << trace->ia_bits;) {
		struct leaf leaf = walk(host, addr);
		unsigned level = 0;
		uint64_t end, expected = expected_desc(trace, addr, &level, &end);

		if (leaf.desc != expected)
			fail_msg("%" PRIx64 ": found %" PRIx64 ", expected %" PRIx64, addr, leaf.desc,
				 expected);
		if (expected) {
			assert_int_equal(leaf.level, level);
			leaves++;
		}
		assert_true(leaf.start == addr);
		addr += leaf.bytes;
	}
	return leaves;
}

static void assert_scaled(const char *text, unsigned scale_lg2, size_t tables, uint64_t leaves)
{
	const size_t page_bytes = (size_t)4096 << scale_lg2;
	struct host_stage2 host;
	struct trace_error error;
	struct trace trace;

	trace_text_load(text, &trace);
	assert_int_equal(trace_scale(&trace, scale_lg2, &error), 0);
	assert_int_equal(host_stage2_bytes(&trace), tables * page_bytes);
	if (host_stage2_init(&host, &trace, PA, &error))
		fail_msg("%s", error.message);
	assert_int_equal(host.bytes, tables * page_bytes);
	assert_int_equal((uintptr_t)host.va % 4096, 0);
	assert_int_equal(check_all(&trace, &host), leaves);
	host_stage2_free(&host);
	assert_null(host.va);
	trace_free(&trace);
}

static void assert_tables(const char *text, size_t tables, uint64_t leaves)
{
	assert_scaled(text, 0, tables, leaves);
}

#define HEAD TRACE_TEXT_MAGIC TRACE_TEXT_SNAPSHOT
#define G36 "# G ia_bits 36 start_level 1 pgd_pages 1\n# R 0 40000000 40000000 flags 0\n"

static void host_stage2_without_l_lines_is_empty_start_tables(void **state)
{
	(void)state;
	assert_tables(HEAD G36, 1, 0);
	assert_tables(HEAD "# G ia_bits 40 start_level 1 pgd_pages 2\n# R 0 0 1000 flags 0\n", 2, 0);
	assert_tables(HEAD "# G ia_bits 48 start_level 0 pgd_pages 1\n# R 0 0 1000 flags 0\n", 1, 0);
}

static void host_stage2_has_the_rights_type_and_level_of_each_l_line(void **state)
{
	(void)state;
	assert_tables(HEAD G36 "# L 0 40000000 1 valid RW\n"
			       "# L 40000000 1000 3 valid R\n"
			       "# L 40001000 1000 3 valid W\n"
			       "# L 40002000 1000 3 valid X\n"
			       "# L 40003000 2000 3 valid RWX\n"
			       "# L 40005000 1000 3 owner hyp\n"
			       "# L 40006000 1000 3 owner guest\n"
			       "# L 40200000 400000 2 valid RWX\n"
			       "# L 40600000 200000 2 owner hyp\n"
			       "# L 80000000 40000000 1 owner guest\n"
			       "# L c0000000 40000000 1 valid R\n"
			       "# L fffff0000 10000 3 valid RW\n",
		      1 + 1 + 1 + 2, 1 + 7 + 2 + 1 + 1 + 1 + 16);
}

static void host_stage2_spreads_a_run_over_its_tables(void **state)
{
	(void)state;
	/* From the last page of one GiB over 2 MiB and a page of the next. */
	assert_tables(HEAD G36 "# L 3ffff000 202000 3 valid RW\n", 1 + 2 + 3, 514);
	assert_tables(HEAD G36 "# L 3fe00000 600000 2 valid RW\n", 1 + 2, 3);
	assert_tables(HEAD G36 "# L 40000000 1000 3 valid RW\n# L 401ff000 2000 3 owner hyp\n", 1 + 1 + 2, 3);
}

static void host_stage2_crosses_concatenated_start_tables(void **state)
{
	(void)state;
	assert_tables(HEAD "# G ia_bits 40 start_level 1 pgd_pages 2\n# R 0 0 1000 flags 0\n"
			   "# L 7fc0000000 80000000 1 valid RW\n",
		      2, 2);
	assert_tables(HEAD "# G ia_bits 34 start_level 2 pgd_pages 16\n# R 0 0 1000 flags 0\n"
			   "# L 3fe00000 400000 2 valid RW\n# L 3fffff000 1000 3 owner hyp\n",
		      16 + 1, 3);
	assert_tables(HEAD "# G ia_bits 43 start_level 1 pgd_pages 16\n# R 0 0 1000 flags 0\n"
			   "# L 7ffffe00000 200000 2 valid RW\n",
		      16 + 1, 1);
}

static void host_stage2_starts_at_level_0(void **state)
{
	(void)state;
	assert_tables(HEAD "# G ia_bits 44 start_level 0 pgd_pages 1\n# R 0 0 1000 flags 0\n"
			   "# L 0 8000000000 0 owner hyp\n"
			   "# L 8000000000 1000 3 valid RW\n"
			   "# L fffc0000000 40000000 1 valid RW\n",
		      1 + 2 + 1 + 1, 3);
}

static void host_stage2_of_larger_pages_has_their_tables(void **state)
{
	static const char text[] = HEAD "# G ia_bits 40 start_level 1 pgd_pages 2\n# R 0 40000000 40000000 flags 0\n"
					"# L 0 40000000 1 valid RW\n"
					"# L 40000000 1000 3 valid R\n"
					"# L 407ff000 2000 3 owner hyp\n"
					"# L 41200000 400000 2 valid RWX\n"
					"# L 80000000 40000000 1 owner guest\n"
					"# L fffffff000 1000 3 owner hyp\n";

	(void)state;
	/* Tables cover 8 MiB of the trace (32 MiB) and, from level 1, all of it. */
	assert_scaled(text, 2, 1 + 2 + 2 + 1 + 1, 128 + 1 + 2 + 1024 + 128 + 1);
	/* Four start tables at level 2; the others cover 32 MiB of the trace (512 MiB). */
	assert_scaled(text, 4, 4 + 1 + 1, 32 + 1 + 2 + 1024 + 32 + 1);
}

static void host_stage2_refuses_tables_above_1_gib(void **state)
{
	static const char text[] = HEAD "# G ia_bits 48 start_level 0 pgd_pages 1\n# R 0 0 1000 flags 0\n"
					"# L 0 1000000000000 3 valid RW\n";
	struct host_stage2 host;
	struct trace_error error;
	struct trace trace;

	(void)state;
	trace_text_load(text, &trace);
	assert_int_equal(host_stage2_bytes(&trace), 0);
	assert_int_equal(host_stage2_init(&host, &trace, 0, &error), -1);
	assert_non_null(strstr(error.message, "1 GiB"));
	host_stage2_free(&host);
	trace_free(&trace);
}

static void host_stage2_refuses_a_base_that_the_hardware_would(void **state)
{
	static const struct {
		uint64_t pa;
		int ret;
	} cases[] = {{0, 0},
		     {0x2000, 0},
		     {0x1000, -1},
		     {0x2001, -1},
		     {1ull << 48, -1},
		     {(1ull << 48) - 0x2000, 0},
		     {UINT64_MAX - 0x1fff, -1}};
	struct trace trace;

	(void)state;
	trace_text_load(HEAD "# G ia_bits 40 start_level 1 pgd_pages 2\n# R 0 0 1000 flags 0\n", &trace);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct host_stage2 host;
		struct trace_error error;

		assert_int_equal(host_stage2_init(&host, &trace, cases[i].pa, &error), cases[i].ret);
		host_stage2_free(&host);
	}
	trace_free(&trace);
}

static void host_stage2_virt_knows_its_own_addresses_alone(void **state)
{
	struct host_stage2 host;
	struct trace_error error;
	struct trace trace;

	(void)state;
	trace_text_load(HEAD G36 "# L 40000000 1000 3 valid RW\n", &trace);
	assert_int_equal(host_stage2_init(&host, &trace, PA, &error), 0);
	assert_ptr_equal(host_stage2_virt(&host, PA), host.va);
	assert_ptr_equal(host_stage2_virt(&host, PA + 0x2fff), (char *)host.va + 0x2fff);
	assert_null(host_stage2_virt(&host, PA + 0x3000));
	assert_null(host_stage2_virt(&host, PA - 1));
	host_stage2_free(&host);
	trace_free(&trace);
}

static void host_stage2_of_a_fresh_tebibyte_is_four_pages(void **state)
{
	struct trace trace;

	(void)state;
	trace_text_load_file("tests/data/good_1tib.txt", &trace);
	assert_int_equal(host_stage2_bytes(&trace), 4 * 4096);
	trace_free(&trace);
}

static void host_stage2_of_every_recorded_trace_says_what_its_l_lines_say(void **state)
{
	static const char *const names[] = {"boot",	"churn",  "np-4k",   "np-thp",
					    "pingpong", "pvm-4k", "pvm-frag"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct host_stage2 host;
		struct trace_error error;
		struct trace trace;
		char path[128];

		snprintf(path, sizeof(path), "bench/traces/%s.txt.xz", names[i]);
		trace_text_load_file(path, &trace);
		if (host_stage2_init(&host, &trace, PA, &error))
			fail_msg("%s: %s", path, error.message);
		check_all(&trace, &host);
		host_stage2_free(&host);
		trace_free(&trace);
	}
}

static void host_stage2_of_random_l_lines_says_what_they_say(void **state)
{
	uint64_t random = trace_text_seed();

	(void)state;
	for (unsigned round = 0; round < 20; round++) {
		uint64_t addr = 0, limit = 1ull << 33;
		struct host_stage2 host;
		struct trace_error error;
		struct trace trace;
		char *text = NULL;
		size_t bytes;
		FILE *file = open_memstream(&text, &bytes);

		assert_non_null(file);
		fputs(HEAD "# G ia_bits 33 start_level 2 pgd_pages 8\n# R 0 80000000 80000000 flags 0\n",
		      file);
		while (addr < limit) {
			unsigned level = 2 + (unsigned)(trace_text_random(&random) % 2);
			uint64_t unit = 1ull << (39 - 9 * level);
			uint64_t size = unit * (1 + trace_text_random(&random) % 700);
			static const char *const kinds[] = {"valid R", "valid RW", "valid WX", "owner hyp",
							    "owner guest"};

			addr = (addr + unit - 1) / unit * unit;
			if (size > limit - addr)
				break;
			if (trace_text_random(&random) % 3)
				fprintf(file, "# L %" PRIx64 " %" PRIx64 " %u %s\n", addr, size, level,
					kinds[trace_text_random(&random) % 5]);
			addr += size;
		}
		fclose(file);
		trace_text_load(text, &trace);
		if (host_stage2_init(&host, &trace, PA, &error))
			fail_msg("%s", error.message);
		check_all(&trace, &host);
		host_stage2_free(&host);
		trace_free(&trace);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(host_stage2_without_l_lines_is_empty_start_tables),
		cmocka_unit_test(host_stage2_has_the_rights_type_and_level_of_each_l_line),
		cmocka_unit_test(host_stage2_spreads_a_run_over_its_tables),
		cmocka_unit_test(host_stage2_crosses_concatenated_start_tables),
		cmocka_unit_test(host_stage2_starts_at_level_0),
		cmocka_unit_test(host_stage2_of_larger_pages_has_their_tables),
		cmocka_unit_test(host_stage2_refuses_tables_above_1_gib),
		cmocka_unit_test(host_stage2_refuses_a_base_that_the_hardware_would),
		cmocka_unit_test(host_stage2_virt_knows_its_own_addresses_alone),
		cmocka_unit_test(host_stage2_of_a_fresh_tebibyte_is_four_pages),
		cmocka_unit_test(host_stage2_of_every_recorded_trace_says_what_its_l_lines_say),
		cmocka_unit_test(host_stage2_of_random_l_lines_says_what_they_say),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
