/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_clean.c - walks that are not coherent: each line that a batch stores is cleaned after its last store, once.
 *
 * Every descriptor store and every clean of random batches is written down by cache line.
 */
#include "smmuv3/pgtable_pages.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "bench/replay/observed.h"
#include "engine/platform/linux.h"
#include "seeded.h"

#define POOL_PAGES 256u
#define LINE_BYTES 64u
#define LINES_A_PAGE (4096u / LINE_BYTES)
#define LINES	   (POOL_PAGES * LINES_A_PAGE)
#define GIB_PAGE   (UINT64_C(1) << 18)

enum line_state {
	LINE_CLEAN,
	LINE_DIRTY,		       /* stored, not cleaned since */
	LINE_DONE,		       /* stored and cleaned in this batch */
};

static _Alignas(1 << 21) uint64_t pool[POOL_PAGES][512];
static struct pgtable_page pages[POOL_PAGES];
static struct tlbi_span span_storage[1024], dirty_storage[1024];
static struct tlbi_spans spans;
static struct pgtable pgtable;
static uint8_t lines[LINES];
static uint64_t stored_lines, cleaned_lines;

static size_t line_of(const void *where)
{
	size_t line = (size_t)((const char *)where - (const char *)pool) / LINE_BYTES;

	assert_true(line < LINES);
	return line;
}

static void stored(void *ctx, uint64_t *where, uint64_t old_value, uint64_t value)
{
	uint8_t *line = &lines[line_of(where)];

	(void)ctx;
	(void)old_value;
	(void)value;
	if (*line == LINE_DONE)
		fail_msg("line %zu is stored after it was cleaned", line_of(where));
	stored_lines += *line == LINE_CLEAN;
	*line = LINE_DIRTY;
}

static void cleaned(void *ctx, const void *start, size_t bytes)
{
	const char *end = (const char *)start + bytes;

	(void)ctx;
	for (size_t line = line_of(start); line <= line_of(end - 1); line++) {
		/* A fresh table is cleaned whole: lines that nobody stored hold what a walker would find. */
		if (lines[line] == LINE_DONE)
			fail_msg("line %zu is cleaned twice", line);
		cleaned_lines++;
		if (lines[line] == LINE_DIRTY)
			lines[line] = LINE_DONE;
	}
}

static void begin(unsigned bbml, bool contiguous, enum shadow_collapse collapse)
{
	static const struct shadow_range memory = { UINT64_C(1) << 30, UINT64_C(2) << 30 };
	struct shadow_smmu_target_config config = {
		.map = { .ia_bits = 40, .memory = &memory, .memory_count = 1 },
		.bbml = bbml,
		.pool = { { UINT64_C(1) << 41 }, pool, sizeof(pool) },
		.runs_max = 64,
		.collapse = collapse,
		.contiguous = contiguous,
	};
	struct run all[] = { { 0, GIB_PAGE, SHADOW_ACCESS_RW, SHADOW_MEMORY_DEVICE },
			     { GIB_PAGE, 2 * GIB_PAGE, SHADOW_ACCESS_RW, SHADOW_MEMORY_NORMAL } };

	memset(pool, 0, sizeof(pool));
	memset(pages, 0, sizeof(pages));
	memset(lines, LINE_CLEAN, sizeof(lines));
	spans = (struct tlbi_spans){ .span = span_storage, .capacity = 1024 };
	assert_int_equal(pgtable_init(&pgtable, &config, pages, NULL, &spans), 0);
	pgtable.coherent = false;
	pgtable.dirty = (struct tlbi_spans){ .span = dirty_storage, .capacity = 1024 };
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(pgtable_apply(&pgtable, &all[i]), 0);
	pgtable_built(&pgtable);
	observed_set(stored, NULL);
	platform_linux_set_clean(cleaned, NULL);
}

static void end(void)
{
	observed_set(NULL, NULL);
	platform_linux_set_clean(NULL, NULL);
}

/* What target.c does between the last store and the doorbell, and all that follows it. */
static void finish_batch(uint64_t *fence)
{
	pgtable_close(&pgtable);
	/* A fresh table that ended whole or empty was filled, but nothing leads to it. */
	for (size_t line = 0; line < LINES; line++)
		if (line / LINES_A_PAGE < format_start_tables(&pgtable.format) || pages[line / LINES_A_PAGE].linked)
			assert_int_not_equal(lines[line], LINE_DIRTY);
	memset(lines, LINE_CLEAN, sizeof(lines));
	spans.count = 0;
	spans.all = false;
	pgtable_retire(&pgtable, ++*fence);
	pgtable_reclaim(&pgtable, *fence);
	memset(lines, LINE_CLEAN, sizeof(lines));
}

/* Ascending runs in eight 2 MiB units; at level 0 memory would have to be in pages, so that is left out. */
static void random_batches(uint64_t *seed, unsigned bbml, bool contiguous, enum shadow_collapse collapse)
{
	uint64_t fence = 0;

	begin(bbml, contiguous, collapse);
	for (unsigned batch = 0; batch < 300; batch++) {
		uint64_t page = GIB_PAGE + seeded_below(seed, 64);
		struct run runs[64];
		unsigned count = 0;

		while (count < 64 && page < GIB_PAGE + 8 * 512) {
			uint64_t length = seeded_below(seed, 8) ? 1 + seeded_below(seed, 24) : 1 + seeded_below(seed, 700);

			runs[count++] = (struct run){ page, page + length,
						      seeded_below(seed, 2) ? SHADOW_ACCESS_NONE : SHADOW_ACCESS_RW,
						      SHADOW_MEMORY_NORMAL };
			page += length + seeded_below(seed, 200);
		}
		for (unsigned i = 0; bbml == 1 && i < count; i++)
			pgtable_mark(&pgtable, &runs[i]);
		if (bbml == 1) {
			pgtable_settle(&pgtable);
			pgtable_clean(&pgtable);
			finish_batch(&fence);
		}
		pgtable_apply_batch(&pgtable, runs, count);
		finish_batch(&fence);
	}
	end();
}

static void each_line_that_a_batch_stores_is_cleaned_once(void **state)
{
	uint64_t seed = seeded_start();

	(void)state;
	for (unsigned bbml = 1; bbml <= 2; bbml++)
		for (unsigned collapse = SHADOW_COLLAPSE_PATIENT; collapse <= SHADOW_COLLAPSE_NEVER; collapse++) {
			random_batches(&seed, bbml, false, (enum shadow_collapse)collapse);
			random_batches(&seed, bbml, true, (enum shadow_collapse)collapse);
		}
	assert_true(cleaned_lines >= stored_lines);
	assert_true(stored_lines > 100000);
}

static void walks_that_are_coherent_cost_no_clean(void **state)
{
	const struct run hole = { GIB_PAGE + 5, GIB_PAGE + 6, SHADOW_ACCESS_NONE, SHADOW_MEMORY_NORMAL };

	(void)state;
	begin(2, false, SHADOW_COLLAPSE_EAGER);
	pgtable.coherent = true;
	cleaned_lines = 0;
	assert_int_equal(pgtable_apply(&pgtable, &hole), 0);
	pgtable_close(&pgtable);
	assert_int_equal(cleaned_lines, 0);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_line_that_a_batch_stores_is_cleaned_once),
		cmocka_unit_test(walks_that_are_coherent_cost_no_clean),
	};

	return cmocka_run_group_tests_name("clean", tests, NULL, NULL);
}
