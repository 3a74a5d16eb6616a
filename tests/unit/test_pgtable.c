/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_pgtable.c - stage-2 tables against a flat array of pages, looked at after every single store.
 *
 * The hook behind each descriptor store keeps its own account of which pool pages are tables that a walker
 * can reach; a walker of its own reads them, with the architecture's numbers. What it holds against each
 * store:
 *   - every sampled page has its access from before or from after the batch, and its memory type;
 *   - a table is complete when it is linked, and untouched from its unlinking until its fence is complete;
 *   - a valid descriptor that is replaced is in the spans of that batch.
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

#define NONE   SHADOW_ACCESS_NONE
#define R      SHADOW_ACCESS_R
#define W      SHADOW_ACCESS_W
#define RW     SHADOW_ACCESS_RW
#define NORMAL SHADOW_MEMORY_NORMAL
#define DEVICE SHADOW_MEMORY_DEVICE

#define POOL_PA	       UINT64_C(0x7f0000000000)
#define POOL_PAGES_MAX 1024u
#define SPANS_MAX      8192u
#define SAMPLES	       24u
#define CHANGES_MAX    65536u

#define GIB  UINT64_C(0x40000000)
#define MIB2 UINT64_C(0x200000)

/* ---- the account that the hook keeps ------------------------------------------------------------------ */

enum page_state {
	PAGE_FREE,
	PAGE_LINKED,
	PAGE_UNLINKED
};

struct account_page {
	enum page_state state;
	unsigned level;
	uint64_t base;	  /* first page that it translates */
	uint64_t fence;	  /* unlinked: of the invalidation that covers it; 0: none yet */
	uint64_t content; /* unlinked: checksum at that moment */
};

/* A valid descriptor of a reachable table was replaced. */
struct change {
	uint64_t start, end;
	unsigned level;
	bool table;
};

static struct shadow_smmu_target_config config;
static struct pgtable pgtable;
static struct pgtable_page pages[POOL_PAGES_MAX];
static struct shadow_region regions[1];
static struct tlbi_span span_storage[SPANS_MAX];
static struct tlbi_spans spans;
static _Alignas(4096) uint64_t pool[POOL_PAGES_MAX][512];

static struct account_page account[POOL_PAGES_MAX];
static struct change changes[CHANGES_MAX];
static unsigned change_count;
static uint64_t store_count, live_store_count;
static bool watching;
static bool promised; /* to this batch, the worst case of memory */

static uint64_t level_pages(unsigned level)
{
	static const uint64_t size[] = { UINT64_C(1) << 27, UINT64_C(1) << 18, UINT64_C(1) << 9, 1 };

	return size[level];
}

static unsigned start_level(void)
{
	return (unsigned)format_level(pgtable.format.start);
}

static unsigned start_tables(void)
{
	return format_start_tables(&pgtable.format);
}

static unsigned pool_index(uint64_t pa)
{
	assert_in_range(pa, POOL_PA, POOL_PA + config.pool.bytes - 1);
	return (unsigned)((pa - POOL_PA) >> 12);
}

static bool is_table(uint64_t pte, unsigned level)
{
	return level < 3 && (pte & 3) == 3;
}

static uint64_t address_of(uint64_t pte)
{
	return pte & UINT64_C(0x0000fffffffff000);
}

static uint64_t checksum(unsigned page)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < 512; i++)
		sum = (sum ^ pool[page][i]) * UINT64_C(0x100000001b3);
	return sum;
}

/* What a walker finds for a page. */
struct found {
	enum shadow_access access;
	enum shadow_memory memory;
	unsigned level;
};

static struct found walk(uint64_t page)
{
	unsigned level = config.map.ia_bits > 43 ? 0 : 1;
	const uint64_t *entry = (const uint64_t *)pool + page / level_pages(level);
	struct found found = { NONE, NORMAL, 0 };

	for (; is_table(*entry, level); level++) {
		unsigned table = pool_index(address_of(*entry));

		assert_int_equal(account[table].state, PAGE_LINKED);
		entry = &pool[table][page / level_pages(level + 1) % 512];
	}
	found.level = level;
	if (!(*entry & 1)) {
		assert_int_equal(*entry, 0);
		return found;
	}
	/* Identity, access flag, execute and the rest clear; the second bit tells a page from a block. */
	assert_true(level > 0);
	assert_int_equal(address_of(*entry), (page & ~(level_pages(level) - 1)) << 12);
	assert_int_equal(*entry >> 48, 0);
	assert_int_equal(*entry >> 10 & 3, 1);
	assert_int_equal(*entry >> 1 & 1, level == 3);
	found.access = (enum shadow_access)(*entry >> 6 & 3);
	assert_int_not_equal(found.access, NONE);
	if ((*entry >> 2 & 15) == 15) {
		found.memory = NORMAL;
		assert_int_equal(*entry >> 8 & 3, 3);
	} else {
		found.memory = DEVICE;
		assert_int_equal(*entry >> 2 & 15, 1);
		assert_int_equal(*entry >> 8 & 3, 0);
	}
	return found;
}

/* A table and all below it can be reached from now on: each entry must stand for itself already. */
static void account_link(unsigned page, unsigned level, uint64_t base)
{
	assert_int_equal(account[page].state, PAGE_FREE);
	account[page] = (struct account_page){ .state = PAGE_LINKED, .level = level, .base = base };
	for (unsigned i = 0; i < 512; i++)
		if (is_table(pool[page][i], level))
			account_link(pool_index(address_of(pool[page][i])), level + 1,
				     base + i * level_pages(level));
}

static void account_unlink(unsigned page)
{
	unsigned level = account[page].level;

	assert_int_equal(account[page].state, PAGE_LINKED);
	account[page].state = PAGE_UNLINKED;
	account[page].content = checksum(page);
	for (unsigned i = 0; i < 512; i++)
		if (is_table(pool[page][i], level))
			account_unlink(pool_index(address_of(pool[page][i])));
}

static void change_note(uint64_t start, unsigned level, bool table)
{
	assert_true(change_count < CHANGES_MAX);
	changes[change_count++] = (struct change){ start, start + level_pages(level), level, table };
}

static void samples_check(void);

/* After each store of a descriptor. */
static void stored(void *ctx, uint64_t *where, uint64_t old_value, uint64_t value)
{
	size_t slot = (size_t)(where - (uint64_t *)pool);
	unsigned page = (unsigned)(slot / 512);
	struct account_page *table = &account[page];

	(void)ctx;
	assert_true(slot < (size_t)POOL_PAGES_MAX * 512);
	store_count++;
	assert_int_not_equal(table->state, PAGE_UNLINKED);
	if (table->state == PAGE_LINKED) {
		uint64_t start = table->base + (slot % 512) * level_pages(table->level);

		/* Concatenated start tables count as one. */
		live_store_count++;
		assert_int_not_equal(old_value, value);
		if (old_value & 1)
			change_note(start, table->level, is_table(old_value, table->level));
		if (config.bbml == 0 && old_value & value & 1)
			assert_int_equal(is_table(old_value, table->level), is_table(value, table->level));
		if (is_table(value, table->level))
			account_link(pool_index(address_of(value)), table->level + 1, start);
		if (is_table(old_value, table->level))
			account_unlink(pool_index(address_of(old_value)));
	}
	if (watching)
		samples_check();
}

/* ---- fixture ------------------------------------------------------------------------------------------ */

#define WINDOW	     3072u /* pages: six 2 MiB units, with a GiB boundary in their middle */
#define WINDOW_START (GIB - 2 * MIB2)

static uint64_t window; /* first page */
static uint8_t before[WINDOW], after[WINDOW];
static uint64_t samples[SAMPLES];
static struct shadow_range memory[2], reserved[1];
static uint64_t fence;

static bool is_reserved(uint64_t page)
{
	for (unsigned i = 0; i < config.map.reserved_count; i++)
		if (page >= reserved[i].start >> 12 && page < reserved[i].end >> 12)
			return true;
	return false;
}

static enum shadow_memory memory_of(uint64_t page)
{
	for (unsigned i = 0; i < config.map.memory_count; i++)
		if (page >= memory[i].start >> 12 && page < memory[i].end >> 12)
			return NORMAL;
	return DEVICE;
}

static void samples_check(void)
{
	for (unsigned i = 0; i < SAMPLES; i++) {
		struct found found = walk(window + samples[i]);

		if (found.access != before[samples[i]])
			assert_int_equal(found.access, after[samples[i]]);
		if (found.access)
			assert_int_equal(found.memory, memory_of(window + samples[i]));
	}
}

static void panicked(void *ctx, const char *where)
{
	(void)ctx;
	mock_assert(0, where, __FILE__, __LINE__);
}

/* A table over this map. @pool_pages: 0: as many as the map may need at worst. */
static void pgtable_new(unsigned ia_bits, unsigned bbml, uint32_t pool_pages)
{
	memset(pool, 0, sizeof(pool));
	memset(pages, 0, sizeof(pages));
	memset(account, 0, sizeof(account));
	config.map.ia_bits = ia_bits;
	config.map.memory = memory;
	config.map.reserved = reserved;
	config.bbml = bbml;
	config.collapse = SHADOW_COLLAPSE_EAGER;
	config.runs_max = 16;
	config.pool = (struct shadow_pool){ { POOL_PA }, pool, 0 };
	if (!pool_pages)
		pool_pages = (uint32_t)pgtable_tables_max(&config, 0);
	assert_true(pool_pages <= POOL_PAGES_MAX);
	config.pool.bytes = (uint64_t)pool_pages << 12;
	spans = (struct tlbi_spans){ .span = span_storage, .capacity = SPANS_MAX };
	assert_int_equal(pgtable_init(&pgtable, &config, pages, regions, &spans), 0);
	for (unsigned i = 0; i < start_tables(); i++)
		account[i] = (struct account_page){ .state = PAGE_LINKED,
						    .level = start_level(),
						    .base = i * 512 * level_pages(start_level()) };
	change_count = 0;
	store_count = live_store_count = 0;
	watching = promised = false;
	fence = 0;
	window = WINDOW_START >> 12;
	platform_linux_set_panic(panicked, NULL);
	observed_set(stored, NULL);
}

static void map_clear(void)
{
	config.map.memory_count = config.map.reserved_count = 0;
}

static void map_add_memory(uint64_t start, uint64_t end)
{
	memory[config.map.memory_count++] = (struct shadow_range){ start, end };
}

static void apply(uint64_t start, uint64_t end, enum shadow_access access)
{
	struct run run = { start, end, access, memory_of(start) };

	assert_int_equal(pgtable_apply(&pgtable, &run), 0);
}

/* Return: 0 or an error. What was promised for all memory is not asked for again, as in the engine. */
static int reserve(uint64_t start, uint64_t end, enum shadow_access access)
{
	struct run run = { start, end, access, memory_of(start) };
	int granted;

	if (promised && run.memory == NORMAL)
		return 0;
	granted = pgtable_reserve(&pgtable, &run);
	promised |= granted == 1;
	return granted < 0 ? granted : 0;
}

static void close_batch(void)
{
	pgtable_close(&pgtable);
	promised = false;
}

/* Everything from 0 to the top, read-write, cut where the type changes. */
static void build_everything(void)
{
	uint64_t at = 0;

	for (unsigned i = 0; i < config.map.memory_count; i++) {
		if (memory[i].start >> 12 > at)
			apply(at, memory[i].start >> 12, RW);
		apply(memory[i].start >> 12, memory[i].end >> 12, RW);
		at = memory[i].end >> 12;
	}
	if (at < UINT64_C(1) << (config.map.ia_bits - 12))
		apply(at, UINT64_C(1) << (config.map.ia_bits - 12), RW);
	pgtable_built(&pgtable);
	spans.count = 0;
	change_count = 0;
	live_store_count = 0;
}

static bool span_covers(const struct tlbi_span *span, const struct change *change)
{
	if (span->start > change->start || span->end < change->end)
		return false;
	if (change->table)
		return !span->leaf && span->level == 0;
	return span->level == 0 || span->level == change->level;
}

static bool spans_cover(const struct change *change)
{
	for (unsigned i = 0; i < spans.count; i++)
		if (span_covers(&spans.span[i], change))
			return true;
	return spans.all;
}

/* Every leaf replaced so far is in the spans; tables may still wait for the next publish. */
static void assert_leaves_covered(void)
{
	for (unsigned i = 0; i < change_count; i++)
		if (!changes[i].table && !spans_cover(&changes[i]))
			fail_msg("level %u leaf at page %#llx is in no span", changes[i].level,
				 (unsigned long long)changes[i].start);
}

/* As target_publish() does it: pending tables go with what is published. */
static void publish(void)
{
	pgtable_pending_spans(&pgtable, &spans);
	tlbi_spans_close(&spans);
	for (unsigned i = 0; i < change_count; i++)
		if (!spans_cover(&changes[i]))
			fail_msg("level %u %s at page %#llx is in no span", changes[i].level,
				 changes[i].table ? "table" : "leaf", (unsigned long long)changes[i].start);
	pgtable_retire(&pgtable, ++fence);
	for (unsigned i = 0; i < POOL_PAGES_MAX; i++)
		if (account[i].state == PAGE_UNLINKED && !account[i].fence)
			account[i].fence = fence;
	spans.count = 0;
	change_count = 0;
	assert_false(pgtable_is_pending(&pgtable));
}

static void reclaim(uint64_t up_to)
{
	for (unsigned i = 0; i < POOL_PAGES_MAX; i++) {
		if (account[i].state != PAGE_UNLINKED || !account[i].fence || account[i].fence > up_to)
			continue;
		assert_int_equal(checksum(i), account[i].content);
		account[i].state = PAGE_FREE;
	}
	pgtable_reclaim(&pgtable, up_to);
}

/* ---- the raw tables counted anew ---------------------------------------------------------------------- */

struct recount {
	uint32_t tables;
	uint64_t leaves[4];
};

static void recount_entries(struct recount *recount, const uint64_t *entry, unsigned count, unsigned page,
			    unsigned level, uint64_t base)
{
	unsigned valid = 0, leaves = 0, whole = 0;

	for (unsigned i = 0; i < count; i++) {
		uint64_t start = base + i * level_pages(level);

		if (!(entry[i] & 1))
			continue;
		valid++;
		if (is_table(entry[i], level)) {
			unsigned child = pool_index(address_of(entry[i]));

			recount->tables++;
			assert_int_equal(pages_base(&pgtable, &pages[child]), start);
			recount_entries(recount, pool[child], 512, child, level + 1, start);
		} else {
			leaves++;
			whole += (entry[i] >> 6 & 3) == RW;
		}
	}
	recount->leaves[level] += leaves;
	assert_int_equal(format_level(pages[page].height), level);
	assert_int_equal(pages[page].valid, valid);
	assert_int_equal(pages[page].leaves, leaves);
	assert_int_equal(pages[page].whole, whole);
	/* What is empty is not kept. */
	if (level > start_level())
		assert_true(valid > 0);
}

static void assert_counts(void)
{
	struct recount recount = { .tables = start_tables() };
	uint32_t unlinked = 0;

	recount_entries(&recount, (const uint64_t *)pool, start_tables() * 512, 0, start_level(),
			0);
	for (unsigned i = 0; i < POOL_PAGES_MAX; i++)
		unlinked += account[i].state == PAGE_UNLINKED;
	assert_int_equal(pgtable.live, recount.tables);
	assert_int_equal(pgtable.unlinked, unlinked);
	assert_true(pgtable.peak >= pgtable.live + pgtable.unlinked);
	for (unsigned level = 0; level < 4; level++)
		assert_int_equal(pgtable.stats.leaves[level], recount.leaves[level]);
	assert_int_equal(pgtable.stats.writes, store_count);
}

/* ---- single steps ------------------------------------------------------------------------------------- */

static int setup_gib(void **state)
{
	(void)state;
	map_clear();
	map_add_memory(GIB, 2 * GIB);
	pgtable_new(40, 2, 0);
	return 0;
}

#define IN_GIB(page) ((GIB >> 12) + (page))

static void memory_and_mmio_are_the_largest_blocks(void **state)
{
	(void)state;
	build_everything();

	assert_int_equal(walk(0).level, 1);
	assert_int_equal(walk(0).memory, DEVICE);
	assert_int_equal(walk(IN_GIB(5)).level, 1);
	assert_int_equal(walk(IN_GIB(5)).memory, NORMAL);
	assert_int_equal(walk((UINT64_C(1) << 28) - 1).level, 1);
	assert_int_equal(pgtable.live, 2);
	assert_int_equal(pgtable.stats.leaves[1], 1024);
	assert_counts();
}

static void a_split_is_one_store_with_the_hole_already_in_place(void **state)
{
	(void)state;
	build_everything();

	apply(IN_GIB(1000), IN_GIB(1001), NONE);
	assert_int_equal(live_store_count, 0); /* nobody sees the tables yet */
	close_batch();

	assert_int_equal(live_store_count, 1);
	assert_int_equal(walk(IN_GIB(999)).access, RW);
	assert_int_equal(walk(IN_GIB(999)).level, 3);
	assert_int_equal(walk(IN_GIB(1000)).access, NONE);
	assert_int_equal(walk(IN_GIB(1001)).access, RW);
	assert_int_equal(walk(IN_GIB(0)).level, 2);
	assert_int_equal(pgtable.stats.splits, 2);
	/* The old block is named as a whole, and nothing else. */
	assert_int_equal(spans.count, 1);
	assert_int_equal(spans.span[0].start, IN_GIB(0));
	assert_int_equal(spans.span[0].end, IN_GIB(1 << 18));
	assert_int_equal(spans.span[0].level, 1);
	assert_true(spans.span[0].leaf);
	assert_counts();
}

static void several_holes_of_a_batch_are_one_split(void **state)
{
	(void)state;
	build_everything();

	apply(IN_GIB(1), IN_GIB(2), NONE);
	apply(IN_GIB(7), IN_GIB(9), NONE);
	apply(IN_GIB(20), IN_GIB(21), R);
	apply(IN_GIB(511), IN_GIB(512), NONE);
	apply(IN_GIB(900), IN_GIB(901), NONE);
	close_batch();

	assert_int_equal(live_store_count, 1);
	assert_int_equal(pgtable.live, 2 + 3);
	assert_int_equal(walk(IN_GIB(7)).access, NONE);
	assert_int_equal(walk(IN_GIB(8)).access, NONE);
	assert_int_equal(walk(IN_GIB(20)).access, R);
	assert_int_equal(walk(IN_GIB(511)).access, NONE);
	assert_int_equal(walk(IN_GIB(512)).access, RW);
	assert_int_equal(walk(IN_GIB(900)).access, NONE);
	assert_leaves_covered();
	assert_counts();
}

static void a_long_run_behind_a_short_one_is_in_the_same_split(void **state)
{
	(void)state;
	build_everything();
	apply(IN_GIB(3), IN_GIB(4), NONE);
	close_batch();
	publish();
	live_store_count = 0;

	/* The first run makes the table whole, for a moment only: the second one starts in it. */
	apply(IN_GIB(3), IN_GIB(4), RW);
	apply(IN_GIB(500), IN_GIB(1100), NONE);
	close_batch();

	assert_int_equal(pgtable.stats.collapses, 0);
	assert_int_equal(pgtable.unlinked, 0);
	assert_int_equal(pgtable.live, 2 + 1 + 2);
	/* 1 page, 12 pages, a block, a new table. */
	assert_int_equal(live_store_count, 1 + 12 + 1 + 1);
	assert_leaves_covered();
	assert_counts();
}

static void a_run_over_a_table_that_the_last_batch_was_in_unlinks_it(void **state)
{
	(void)state;
	build_everything();
	apply(IN_GIB(3), IN_GIB(4), NONE);
	close_batch();
	publish();
	reclaim(fence);

	apply(IN_GIB(0), IN_GIB(512), NONE);
	close_batch();
	publish();
	reclaim(fence);
	apply(IN_GIB(7), IN_GIB(8), RW);
	close_batch();

	assert_int_equal(walk(IN_GIB(3)).access, NONE);
	assert_int_equal(walk(IN_GIB(7)).access, RW);
	assert_int_equal(pgtable.live, 4);
	assert_counts();
}

static void a_second_hole_in_a_live_table_is_one_store_and_one_page(void **state)
{
	(void)state;
	build_everything();
	apply(IN_GIB(3), IN_GIB(4), NONE);
	close_batch();
	publish();
	live_store_count = 0;

	apply(IN_GIB(5), IN_GIB(6), NONE);
	close_batch();

	assert_int_equal(live_store_count, 1);
	assert_int_equal(spans.count, 1);
	assert_int_equal(spans.span[0].start, IN_GIB(5));
	assert_int_equal(spans.span[0].end, IN_GIB(6));
	assert_int_equal(spans.span[0].level, 3);
}

static void granting_the_last_hole_collapses_and_needs_no_span(void **state)
{
	(void)state;
	build_everything();
	apply(IN_GIB(3), IN_GIB(4), NONE);
	close_batch();
	publish();
	reclaim(fence);
	live_store_count = 0;

	apply(IN_GIB(3), IN_GIB(4), RW);
	close_batch();

	/* The page, then the two blocks that it makes whole; but the 2 MiB one is in a table that goes too.
	 */
	assert_int_equal(live_store_count, 3);
	assert_int_equal(walk(IN_GIB(3)).level, 1);
	assert_int_equal(spans.count, 0);
	assert_int_equal(pgtable.stats.collapses, 2);
	assert_true(pgtable_is_pending(&pgtable));
	assert_int_equal(pgtable.unlinked, 2);
	assert_int_equal(pgtable.live, 2);
	assert_counts();
	/* What goes out later names both tables, not only leaves. */
	publish();
}

static void pending_tables_are_named_whole_and_at_every_level(void **state)
{
	(void)state;
	build_everything();
	apply(IN_GIB(3), IN_GIB(4), NONE);
	close_batch();
	publish();
	apply(IN_GIB(3), IN_GIB(4), RW);
	close_batch();

	pgtable_pending_spans(&pgtable, &spans);
	tlbi_spans_close(&spans);

	assert_int_equal(spans.count, 1);
	assert_int_equal(spans.span[0].start, IN_GIB(0));
	assert_int_equal(spans.span[0].end, IN_GIB(1 << 18));
	assert_int_equal(spans.span[0].level, 0);
	assert_false(spans.span[0].leaf);
}

static void a_split_beside_a_pending_table_leaves_that_table_as_it_is(void **state)
{
	(void)state;
	build_everything();
	apply(IN_GIB(3), IN_GIB(4), NONE);
	close_batch();
	publish();
	apply(IN_GIB(3), IN_GIB(4), RW);
	close_batch();

	/* The hook fails if the old table, which walkers may still use, is written. */
	apply(IN_GIB(9), IN_GIB(10), NONE);
	close_batch();

	assert_int_equal(walk(IN_GIB(9)).access, NONE);
	assert_int_equal(walk(IN_GIB(3)).access, RW);
	assert_int_equal(pgtable.unlinked, 2);
	publish();
	reclaim(fence);
	assert_counts();
}

static void a_table_without_entries_is_unlinked(void **state)
{
	(void)state;
	build_everything();
	apply(IN_GIB(0), IN_GIB(511), NONE);
	close_batch();
	publish();
	reclaim(fence);
	assert_int_equal(pgtable.live, 4);

	apply(IN_GIB(511), IN_GIB(512), NONE);
	close_batch();

	assert_int_equal(pgtable.live, 3);
	assert_int_equal(pgtable.unlinked, 1);
	assert_int_equal(walk(IN_GIB(511)).access, NONE);
	assert_int_equal(walk(IN_GIB(511)).level, 2);
	assert_counts();
	publish();
}

static void revoking_a_whole_block_is_one_store_and_no_table(void **state)
{
	(void)state;
	build_everything();

	apply(IN_GIB(0), IN_GIB(1 << 18), NONE);
	close_batch();

	assert_int_equal(live_store_count, 1);
	assert_int_equal(pgtable.live, 2);
	assert_int_equal(walk(IN_GIB(77)).level, 1);
	assert_leaves_covered();
	assert_counts();
}

static void revoking_a_whole_unit_drops_its_tables_without_touching_them(void **state)
{
	(void)state;
	build_everything();
	for (unsigned i = 0; i < 8; i++)
		apply(IN_GIB(600 * i), IN_GIB(600 * i + 1), NONE);
	close_batch();
	publish();
	reclaim(fence);
	live_store_count = 0;

	apply(IN_GIB(0), IN_GIB(1 << 18), NONE);
	close_batch();

	assert_int_equal(live_store_count, 1);
	assert_int_equal(pgtable.live, 2);
	assert_int_equal(pgtable.unlinked, 9);
	assert_int_equal(pgtable.stats.leaves[2] + pgtable.stats.leaves[3], 0);
	assert_counts();
	publish();
}

static void a_fresh_table_that_ends_whole_or_empty_is_never_linked(void **state)
{
	(void)state;
	build_everything();
	apply(IN_GIB(0), IN_GIB(1 << 18), NONE);
	close_batch();
	publish();
	reclaim(fence);
	live_store_count = 0;

	/* Piece by piece, but whole in the end. */
	apply(IN_GIB(0), IN_GIB(5), RW);
	apply(IN_GIB(5), IN_GIB(512), RW);
	close_batch();
	assert_int_equal(walk(IN_GIB(0)).level, 2);
	assert_int_equal(pgtable.live, 3);
	assert_counts();

	/* Empty in the end. */
	apply(IN_GIB(0), IN_GIB(5), NONE);
	apply(IN_GIB(5), IN_GIB(512), NONE);
	close_batch();
	assert_int_equal(walk(IN_GIB(0)).access, NONE);
	assert_int_equal(pgtable.live, 2);
	assert_int_equal(pgtable.unlinked, 1); /* the level-2 table, which was live */
	assert_leaves_covered();
	assert_counts();
}

static void widening_and_narrowing_a_live_entry_are_in_the_spans(void **state)
{
	(void)state;
	build_everything();
	apply(IN_GIB(0), IN_GIB(2), NONE);
	apply(IN_GIB(2), IN_GIB(4), R);
	close_batch();
	publish();

	apply(IN_GIB(0), IN_GIB(2), W); /* replaces what is invalid: no span */
	close_batch();
	assert_int_equal(spans.count, 0);
	apply(IN_GIB(2), IN_GIB(3), RW);
	apply(IN_GIB(8), IN_GIB(9), R);
	close_batch();

	assert_int_equal(spans.count, 2);
	assert_int_equal(spans.span[0].start, IN_GIB(2));
	assert_int_equal(spans.span[0].end, IN_GIB(3));
	assert_int_equal(spans.span[1].start, IN_GIB(8));
	assert_leaves_covered();
	assert_counts();
}

static void a_run_that_agrees_changes_nothing(void **state)
{
	(void)state;
	build_everything();
	apply(IN_GIB(3), IN_GIB(4), NONE);
	close_batch();
	publish();
	live_store_count = 0;

	apply(IN_GIB(0), IN_GIB(3), RW);
	apply(IN_GIB(3), IN_GIB(4), NONE);
	apply(IN_GIB(4), IN_GIB(1 << 18), RW);
	close_batch();

	assert_int_equal(live_store_count, 0);
	assert_int_equal(spans.count, 0);
	assert_false(pgtable_is_pending(&pgtable));
	assert_counts();
}

static void read_only_pages_stop_a_collapse(void **state)
{
	(void)state;
	build_everything();
	apply(IN_GIB(3), IN_GIB(4), NONE);
	close_batch();
	publish();

	apply(IN_GIB(3), IN_GIB(4), R);
	close_batch();
	assert_int_equal(walk(IN_GIB(3)).level, 3);
	apply(IN_GIB(3), IN_GIB(4), RW);
	close_batch();

	assert_int_equal(walk(IN_GIB(3)).level, 1);
	assert_counts();
}

static void a_table_with_both_memory_types_is_never_a_block(void **state)
{
	(void)state;
	map_clear();
	map_add_memory(GIB + 0x1000, 2 * GIB);
	pgtable_new(40, 2, 0);
	build_everything();
	assert_int_equal(walk(IN_GIB(0)).level, 3);
	assert_int_equal(walk(IN_GIB(0)).memory, DEVICE);
	assert_int_equal(walk(IN_GIB(1)).memory, NORMAL);
	assert_int_equal(pages[start_tables()].whole + pages[start_tables() + 1].whole, 512 + 511);

	apply(IN_GIB(0), IN_GIB(1), NONE);
	apply(IN_GIB(1), IN_GIB(512), NONE);
	close_batch();
	publish();
	apply(IN_GIB(0), IN_GIB(1), RW);
	apply(IN_GIB(1), IN_GIB(512), RW);
	close_batch();

	assert_int_equal(walk(IN_GIB(0)).level, 3);
	assert_int_equal(walk(IN_GIB(0)).memory, DEVICE);
	assert_int_equal(walk(IN_GIB(1)).memory, NORMAL);
	assert_counts();
}

static void at_bbml_0_memory_stays_in_pages_and_mmio_in_blocks(void **state)
{
	(void)state;
	map_clear();
	map_add_memory(GIB, GIB + 4 * MIB2);
	pgtable_new(40, 0, 0);
	build_everything();
	assert_int_equal(walk(IN_GIB(0)).level, 3);
	assert_int_equal(walk(0).level, 1);
	assert_int_equal(walk(IN_GIB(4 * 512)).level, 2);

	/* Never a block again, and no table is replaced by one. */
	apply(IN_GIB(3), IN_GIB(1024), NONE);
	close_batch();
	publish();
	reclaim(fence);
	apply(IN_GIB(3), IN_GIB(1024), RW);
	close_batch();

	assert_int_equal(walk(IN_GIB(3)).level, 3);
	assert_int_equal(walk(IN_GIB(600)).level, 3);
	assert_int_equal(pgtable.stats.collapses, 0);
	assert_counts();
}

/* ---- reservations ------------------------------------------------------------------------------------- */

static void at_bbml_0_a_block_that_would_be_cut_is_refused(void **state)
{
	(void)state;
	map_clear();
	map_add_memory(GIB, GIB + MIB2);
	pgtable_new(40, 0, 0);
	build_everything();

	assert_int_equal(reserve(5, 6, NONE), -SHADOW_EOPNOTSUPP);
	assert_int_equal(reserve(IN_GIB(512), IN_GIB(513), NONE), -SHADOW_EOPNOTSUPP);
	assert_int_equal(reserve(0, 1 << 18, NONE), 0); /* a whole block */
	assert_int_equal(reserve(IN_GIB(3), IN_GIB(4), NONE), 0);
	assert_int_equal(reserve(IN_GIB(0), IN_GIB(512), NONE), 0);
}

static void a_reservation_that_does_not_fit_is_refused_and_changes_nothing(void **state)
{
	(void)state;
	pgtable_new(40, 2, 2 + 2);
	build_everything();

	assert_int_equal(reserve(IN_GIB(0), IN_GIB(1), NONE), 0); /* two tables */
	assert_int_equal(reserve(IN_GIB(600), IN_GIB(601), NONE), -SHADOW_ENOMEM); /* one more */
	assert_int_equal(store_count, pgtable.stats.writes);
	assert_int_equal(live_store_count, 0);
	assert_int_equal(pgtable.live, 2);

	apply(IN_GIB(0), IN_GIB(1), NONE);
	close_batch();
	assert_counts();
}

static void a_batch_that_is_over_gives_its_promises_back(void **state)
{
	(void)state;
	pgtable_new(40, 2, 2 + 2);
	build_everything();
	for (unsigned i = 0; i < 10; i++) {
		assert_int_equal(reserve(IN_GIB(0), IN_GIB(1), NONE), 0);
		assert_int_equal(reserve(2 << 18, (2 << 18) + 1, NONE), -SHADOW_ENOMEM);
		close_batch(); /* the host went back on it */
	}
	assert_int_equal(pgtable.live, 2);
}

static void tables_that_wait_for_a_fence_do_not_count_as_free(void **state)
{
	(void)state;
	pgtable_new(40, 2, 2 + 2);
	build_everything();
	assert_int_equal(reserve(IN_GIB(0), IN_GIB(1), NONE), 0);
	apply(IN_GIB(0), IN_GIB(1), NONE);
	close_batch();
	publish();
	assert_int_equal(reserve(IN_GIB(0), IN_GIB(1), RW), 0);
	apply(IN_GIB(0), IN_GIB(1), RW);
	close_batch();

	assert_int_equal(reserve(IN_GIB(0), IN_GIB(1), NONE), -SHADOW_ENOMEM);
	publish();
	assert_int_equal(reserve(IN_GIB(0), IN_GIB(1), NONE), -SHADOW_ENOMEM);
	reclaim(fence - 1);
	assert_int_equal(reserve(IN_GIB(0), IN_GIB(1), NONE), -SHADOW_ENOMEM);
	reclaim(fence);
	assert_int_equal(reserve(IN_GIB(0), IN_GIB(1), NONE), 0);
	apply(IN_GIB(0), IN_GIB(1), NONE);
	close_batch();
	assert_counts();
}

/* A grant of a whole block needs no table; a revoke inside it, before the flush, cuts it. */
static void a_revoke_inside_a_grant_that_is_still_queued_is_provided_for(void **state)
{
	(void)state;
	pgtable_new(40, 2, 2 + 2);
	build_everything();
	assert_int_equal(reserve(IN_GIB(0), IN_GIB(1 << 18), NONE), 0);
	apply(IN_GIB(0), IN_GIB(1 << 18), NONE);
	close_batch();
	publish();
	/* Another GiB block takes both tables. */
	assert_int_equal(reserve(2 << 18, (2 << 18) + 1, NONE), 0);
	apply(2 << 18, (2 << 18) + 1, NONE);
	close_batch();
	publish();

	assert_int_equal(reserve(IN_GIB(0), IN_GIB(1 << 18), RW), 0);
	assert_int_equal(reserve(IN_GIB(7), IN_GIB(8), NONE), -SHADOW_ENOMEM);
}

static void a_revoke_of_what_is_invalid_promises_nothing_to_its_neighbours(void **state)
{
	(void)state;
	pgtable_new(40, 2, 2 + 2);
	build_everything();
	apply(IN_GIB(0), IN_GIB(1 << 18), NONE);
	close_batch();
	publish();
	apply(2 << 18, (2 << 18) + 1, NONE);
	close_batch();
	publish();

	/* No table is left: whoever needs one is told so, whatever was asked before. */
	(void)reserve(IN_GIB(0), IN_GIB(512), NONE);
	(void)reserve(IN_GIB(0), IN_GIB(1), NONE);
	assert_int_equal(reserve(IN_GIB(1), IN_GIB(2), RW), -SHADOW_ENOMEM);
}

/* MMIO that the host's own table cuts costs tables that are in no bound; memory's are free or not without
 * them. */
static void tables_of_mmio_are_not_taken_for_those_of_memory(void **state)
{
	unsigned granted = 0;

	(void)state;
	map_clear();
	map_add_memory(GIB, GIB + 8 * MIB2);
	pgtable_new(40, 2, 2 + 1 + 8);
	/* Four pages of MMIO in four 2 MiB units of a GiB are annotated: five tables. */
	for (unsigned i = 0; i < 4; i++)
		apply(512 * i + 1, 512 * i + 512, RW);
	apply(2048, IN_GIB(0), RW);
	apply(IN_GIB(0), IN_GIB(8 * 512), RW);
	apply(IN_GIB(8 * 512), UINT64_C(1) << 28, RW);
	pgtable_built(&pgtable);
	assert_int_equal(pgtable.live, 2 + 1 + 5);

	/* Three tables are left: five units of memory cannot all be cut. */
	while (granted < 8 && !reserve(IN_GIB(512 * granted), IN_GIB(512 * granted + 1), NONE))
		granted++;
	assert_int_equal(granted, 3);
	for (unsigned i = 0; i < granted; i++)
		apply(IN_GIB(512 * i), IN_GIB(512 * i + 1), NONE);
	close_batch();

	assert_int_equal(pgtable.live, 2 + 1 + 5 + 3);
	assert_counts();
}

static void a_promise_to_all_memory_is_kept_when_mmio_asks_as_well(void **state)
{
	(void)state;
	map_clear();
	map_add_memory(GIB, GIB + 8 * MIB2);
	pgtable_new(40, 2, 2 + 1 + 8 + 1);
	build_everything();

	assert_int_equal(reserve(IN_GIB(0), IN_GIB(1), NONE), 0); /* eight more, as it stands for all of it */
	assert_true(promised);
	assert_int_equal(reserve(5, 6, NONE), -SHADOW_ENOMEM); /* two, but one is left */
	for (unsigned i = 0; i < 8; i++) {
		assert_int_equal(reserve(IN_GIB(512 * i), IN_GIB(512 * i + 1), NONE), 0);
		apply(IN_GIB(512 * i), IN_GIB(512 * i + 1), NONE);
	}
	close_batch();

	assert_int_equal(pgtable.live, pgtable.tables_max);
	assert_counts();
}

static void a_fully_fragmented_map_reaches_the_bound_and_does_not_exceed_it(void **state)
{
	(void)state;
	for (unsigned bbml = 0; bbml <= 2; bbml += 2) {
		map_clear();
		map_add_memory(GIB - 3 * MIB2, GIB + 5 * MIB2);
		map_add_memory(GIB + 7 * MIB2 + 0x5000, GIB + 8 * MIB2 + 0x7000);
		pgtable_new(41, bbml, 0);
		build_everything();

		for (unsigned i = 0; i < 2; i++) {
			for (uint64_t page = memory[i].start >> 12; page < memory[i].end >> 12; page += 2) {
				assert_int_equal(reserve(page, page + 1, NONE), 0);
				apply(page, page + 1, NONE);
			}
		}
		close_batch();

		assert_int_equal(pgtable.live, 4 + 2 + 8 + 2);
		assert_int_equal(pgtable.live, pgtable.tables_max);
		assert_counts();
		publish();
		reclaim(fence);
		change_count = 0;
	}
}

static void start_tables_follow_the_size_of_the_space(void **state)
{
	static const struct {
		unsigned ia_bits, level, tables;
	} shapes[] = { { 32, 1, 1 }, { 39, 1, 1 },  { 40, 1, 2 }, { 41, 1, 4 },
		       { 42, 1, 8 }, { 43, 1, 16 }, { 44, 0, 1 }, { 48, 0, 1 } };

	(void)state;
	for (unsigned i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		map_clear();
		pgtable_new(shapes[i].ia_bits, 2, POOL_PAGES_MAX);
		assert_int_equal(start_level(), shapes[i].level);
		assert_int_equal(start_tables(), shapes[i].tables);
	}
}

static void a_pool_too_small_for_the_start_tables_is_refused(void **state)
{
	(void)state;
	map_clear();
	pgtable_new(43, 2, 16);
	config.pool.bytes = 15 << 12;
	assert_int_equal(pgtable_init(&pgtable, &config, pages, regions, &spans), -SHADOW_ENOMEM);
}

static void running_out_without_a_reservation_is_an_error_and_not_a_crash(void **state)
{
	struct run run = { IN_GIB(0), IN_GIB(1), NONE, NORMAL };

	(void)state;
	pgtable_new(40, 2, 2 + 1);
	build_everything();

	assert_int_equal(pgtable_apply(&pgtable, &run), -SHADOW_ENOMEM);
	assert_int_equal(live_store_count, 0);
	assert_int_equal(walk(IN_GIB(0)).access, RW);
}

static void carved_memory_is_aligned_to_its_size_and_no_table(void **state)
{
	shadow_pa_t first, second, third;
	uint32_t limit;
	char *virt;

	(void)state;
	map_clear();
	map_add_memory(GIB, 2 * GIB);
	pgtable_new(40, 2, 256);

	virt = pgtable_carve(&pgtable, 0x8000, &first);
	assert_ptr_equal(virt, (char *)pool + (first.addr - POOL_PA));
	assert_non_null(pgtable_carve(&pgtable, 64, &second));
	assert_non_null(pgtable_carve(&pgtable, 0x10000, &third));

	assert_int_equal(first.addr % 0x8000, 0);
	assert_int_equal(third.addr % 0x10000, 0);
	assert_true(third.addr + 0x10000 <= second.addr && second.addr + 0x1000 <= first.addr);
	assert_true(first.addr + 0x8000 <= POOL_PA + config.pool.bytes);
	limit = pgtable.limit;
	assert_int_equal(limit, (third.addr - POOL_PA) >> 12);
	assert_null(pgtable_carve(&pgtable, UINT64_C(1) << 30, &first));
	assert_null(pgtable_carve(&pgtable, (uint64_t)256 << 12, &first));
	assert_int_equal(pgtable.limit, limit);
}

static void a_pointer_that_leaves_the_pool_ends_in_a_panic(void **state)
{
	struct run run = { IN_GIB(0), IN_GIB(1), NONE, NORMAL };

	(void)state;
	build_everything();
	pool[0][1] = (POOL_PA + config.pool.bytes) | 3;

	expect_assert_failure((void)pgtable_apply(&pgtable, &run));
}

/* ---- random batches ----------------------------------------------------------------------------------- */

static void assert_window(void)
{
	for (unsigned i = 0; i < WINDOW; i++) {
		struct found found = walk(window + i);

		assert_int_equal(found.access, after[i]);
		if (found.access)
			assert_int_equal(found.memory, memory_of(window + i));
	}
}

/* Whole units of one type that are read-write are blocks wherever policy allows. */
static void assert_largest_blocks(void)
{
	for (unsigned unit = 0; unit < WINDOW / 512; unit++) {
		enum shadow_memory type = memory_of(window + unit * 512);
		bool whole = true;

		for (unsigned i = unit * 512; i < (unit + 1) * 512; i++)
			whole = whole && after[i] == RW && memory_of(window + i) == type;
		if (whole && config.bbml == 2)
			assert_true(walk(window + unit * 512).level <= 2);
		if (type == NORMAL && config.bbml == 0 && after[unit * 512])
			assert_int_equal(walk(window + unit * 512).level, 3);
	}
}

/* Apply maximal runs of pages that are touched. @touched is cleared. */
static void apply_touched(bool touched[WINDOW], bool watch)
{
	watching = watch;
	for (unsigned i = 0; i < WINDOW;) {
		unsigned end = i + 1;

		if (!touched[i]) {
			i++;
			continue;
		}
		while (end < WINDOW && touched[end] && after[end] == after[i] &&
		       memory_of(window + end) == memory_of(window + i))
			end++;
		apply(window + i, window + end, (enum shadow_access)after[i]);
		i = end;
	}
	close_batch();
	watching = false;
	memset(touched, 0, WINDOW * sizeof(touched[0]));
}

/* A part of the window of one memory type, without what is reserved. Return: its end, or @start: none. */
static unsigned random_range(uint64_t *seed, unsigned *start)
{
	static const unsigned longest[] = { 1, 3, 40, 700, 1536 };
	unsigned first = (unsigned)seeded_below(seed, WINDOW), end;
	unsigned length = 1 + (unsigned)seeded_below(seed, longest[seeded_below(seed, 5)]);

	if (seeded_below(seed, 6) == 0) {
		first &= ~511u;
		length = 512 * (1 + (unsigned)seeded_below(seed, 3));
	}
	*start = first;
	for (end = first; end < WINDOW && end < first + length; end++)
		if (is_reserved(window + end) || memory_of(window + end) != memory_of(window + first))
			break;
	return end;
}

static void build_random(uint64_t *seed, bool mmio)
{
	bool touched[WINDOW];
	uint64_t top = UINT64_C(1) << (config.map.ia_bits - 12);

	for (unsigned i = 0; i < WINDOW; i++)
		after[i] = is_reserved(window + i) ? NONE : RW;
	for (unsigned i = 0; i < 4; i++) {
		unsigned start, end = random_range(seed, &start);

		if (end > start && (mmio || memory_of(window + start) == NORMAL))
			memset(&after[start], (int)seeded_below(seed, 4), end - start);
	}
	for (unsigned i = 0; i < WINDOW; i++)
		touched[i] = after[i] != NONE;
	apply(0, window, RW);
	apply_touched(touched, false);
	apply(window + WINDOW, top, RW);
	pgtable_built(&pgtable);
	spans.count = 0;
	change_count = 0;
	assert_false(pgtable_is_pending(&pgtable));
	assert_window();
}

/* The batch is over, as shadow_flush() or shadow_reserve() ends it. */
static void finish_batch(uint64_t *seed, bool touched[WINDOW], bool force)
{
	for (unsigned i = 0; i < SAMPLES; i++)
		samples[i] = seeded_below(seed, WINDOW);
	apply_touched(touched, true);
	memcpy(before, after, sizeof(before));
	assert_leaves_covered();
	if (spans.count || spans.all || (force && pgtable_is_pending(&pgtable)))
		publish();
	if (force)
		reclaim(fence);
	else if (fence > 3 && seeded_below(seed, 2))
		reclaim(fence - seeded_below(seed, 3));
}

static void random_batch(uint64_t *seed, bool mmio)
{
	bool touched[WINDOW] = { false };
	unsigned count = 1 + (unsigned)seeded_below(seed, 12);

	memcpy(before, after, sizeof(before));
	for (unsigned i = 0; i < count; i++) {
		unsigned start, end = random_range(seed, &start);
		enum shadow_access access = seeded_below(seed, 2) ? NONE :
					    seeded_below(seed, 4) ? RW :
								    (enum shadow_access)seeded_below(seed, 4);
		int error;

		if (start == end || (!mmio && memory_of(window + start) == DEVICE))
			continue;
		/* A grant of what is queued as revoked ends the batch, as shadow_reserve() does it. */
		for (unsigned at = start; access && at < end; at++)
			if (touched[at]) {
				finish_batch(seed, touched, true);
				break;
			}
		error = reserve(window + start, window + end, access);
		if (error == -SHADOW_ENOMEM) {
			finish_batch(seed, touched, true);
			error = reserve(window + start, window + end, access);
			if (!mmio)
				assert_int_equal(error, 0);
		}
		if (error == -SHADOW_EOPNOTSUPP)
			assert_int_equal(config.bbml, 0);
		if (error)
			continue;
		memset(&after[start], (int)access, end - start);
		memset(&touched[start], true, end - start);
	}
	finish_batch(seed, touched, seeded_below(seed, 10) == 0);
}

static void random_run(uint64_t *seed, unsigned ia_bits, unsigned bbml, uint64_t place, bool mmio)
{
	uint64_t base = place - 2 * MIB2;

	map_clear();
	map_add_memory(base + MIB2 + MIB2 / 2 + 0x1000, base + 5 * MIB2);
	map_add_memory(base + 5 * MIB2 + 0x80000, base + 5 * MIB2 + 0x81000);
	if (seeded_below(seed, 2))
		reserved[config.map.reserved_count++] =
			(struct shadow_range){ base + 3 * MIB2 + 0x3000, base + 3 * MIB2 + 0x6000 };
	pgtable_new(ia_bits, bbml, 0);
	/* Tables that MMIO needs are in no bound. */
	if (mmio)
		pgtable_new(ia_bits, bbml, pgtable.limit + 4 + (uint32_t)seeded_below(seed, 8));
	window = base >> 12;
	build_random(seed, mmio);
	for (unsigned i = 0; i < 60; i++) {
		random_batch(seed, mmio);
		assert_window();
		assert_largest_blocks();
		assert_counts();
	}
}

static void random_batches_agree_with_a_flat_array_at_every_store(void **state)
{
	static const struct {
		unsigned ia_bits;
		uint64_t place;
	} shapes[] = { { 32, GIB }, { 39, 100 * GIB }, { 40, 512 * GIB }, { 41, GIB }, { 44, 512 * GIB } };
	uint64_t seed = seeded_start();

	(void)state;
	for (unsigned round = 0; round < 30; round++) {
		unsigned shape = round % (sizeof(shapes) / sizeof(shapes[0]));

		random_run(&seed, shapes[shape].ia_bits, round & 1 ? 2 : 0, shapes[shape].place, round & 2);
	}
	map_clear();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(memory_and_mmio_are_the_largest_blocks, setup_gib),
		cmocka_unit_test_setup(a_split_is_one_store_with_the_hole_already_in_place, setup_gib),
		cmocka_unit_test_setup(several_holes_of_a_batch_are_one_split, setup_gib),
		cmocka_unit_test_setup(a_long_run_behind_a_short_one_is_in_the_same_split, setup_gib),
		cmocka_unit_test_setup(a_run_over_a_table_that_the_last_batch_was_in_unlinks_it, setup_gib),
		cmocka_unit_test_setup(a_second_hole_in_a_live_table_is_one_store_and_one_page, setup_gib),
		cmocka_unit_test_setup(granting_the_last_hole_collapses_and_needs_no_span, setup_gib),
		cmocka_unit_test_setup(pending_tables_are_named_whole_and_at_every_level, setup_gib),
		cmocka_unit_test_setup(a_split_beside_a_pending_table_leaves_that_table_as_it_is, setup_gib),
		cmocka_unit_test_setup(a_table_without_entries_is_unlinked, setup_gib),
		cmocka_unit_test_setup(revoking_a_whole_block_is_one_store_and_no_table, setup_gib),
		cmocka_unit_test_setup(revoking_a_whole_unit_drops_its_tables_without_touching_them,
				       setup_gib),
		cmocka_unit_test_setup(a_fresh_table_that_ends_whole_or_empty_is_never_linked, setup_gib),
		cmocka_unit_test_setup(widening_and_narrowing_a_live_entry_are_in_the_spans, setup_gib),
		cmocka_unit_test_setup(a_run_that_agrees_changes_nothing, setup_gib),
		cmocka_unit_test_setup(read_only_pages_stop_a_collapse, setup_gib),
		cmocka_unit_test(a_table_with_both_memory_types_is_never_a_block),
		cmocka_unit_test(at_bbml_0_memory_stays_in_pages_and_mmio_in_blocks),
		cmocka_unit_test(at_bbml_0_a_block_that_would_be_cut_is_refused),
		cmocka_unit_test_setup(a_reservation_that_does_not_fit_is_refused_and_changes_nothing,
				       setup_gib),
		cmocka_unit_test_setup(a_batch_that_is_over_gives_its_promises_back, setup_gib),
		cmocka_unit_test_setup(tables_that_wait_for_a_fence_do_not_count_as_free, setup_gib),
		cmocka_unit_test_setup(a_revoke_inside_a_grant_that_is_still_queued_is_provided_for,
				       setup_gib),
		cmocka_unit_test_setup(a_revoke_of_what_is_invalid_promises_nothing_to_its_neighbours,
				       setup_gib),
		cmocka_unit_test(tables_of_mmio_are_not_taken_for_those_of_memory),
		cmocka_unit_test(a_promise_to_all_memory_is_kept_when_mmio_asks_as_well),
		cmocka_unit_test(a_fully_fragmented_map_reaches_the_bound_and_does_not_exceed_it),
		cmocka_unit_test(start_tables_follow_the_size_of_the_space),
		cmocka_unit_test(a_pool_too_small_for_the_start_tables_is_refused),
		cmocka_unit_test_setup(running_out_without_a_reservation_is_an_error_and_not_a_crash,
				       setup_gib),
		cmocka_unit_test(carved_memory_is_aligned_to_its_size_and_no_table),
		cmocka_unit_test_setup(a_pointer_that_leaves_the_pool_ends_in_a_panic, setup_gib),
		cmocka_unit_test(random_batches_agree_with_a_flat_array_at_every_store),
	};

	return cmocka_run_group_tests_name("pgtable", tests, NULL, NULL);
}
