/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_bound.c - the worst case in tables: against a count page by page, and against real tables.
 *
 * Three references, each with its own arithmetic:
 *   - an array with a byte a page of a small space, from which every unit is judged alone;
 *   - real tables of random maps in spaces of any size, in the one state of the host that takes most;
 *   - real tables of small maps in every state that a handful of page groups can be in.
 */
#include "smmuv3/pgtable_bound.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "seeded.h"
#include "smmuv3/pgtable.h"

#define RANGES_MAX     8u
#define POOL_PAGES_MAX 8192u
#define SPANS_MAX      4096u
#define PIECES_MAX     64u
#define HOLES_MAX      4096u

#define KIB UINT64_C(0x400)
#define MIB UINT64_C(0x100000)
#define GIB UINT64_C(0x40000000)
#define TIB UINT64_C(0x10000000000)

/* ---- the map under test ------------------------------------------------------------------------------- */

static struct shadow_range memory[RANGES_MAX], reserved[RANGES_MAX];
static struct shadow_region regions[RANGES_MAX];
static struct shadow_smmu_target_config config;

static void map_init(unsigned granule_lg2, unsigned ia_bits, unsigned bbml)
{
	memset(&config, 0, sizeof(config));
	config.map.ia_bits = ia_bits;
	config.map.granule_lg2 = granule_lg2;
	config.map.memory = memory;
	config.map.reserved = reserved;
	config.regions = regions;
	config.bbml = bbml;
	config.vmid = 1;
	config.runs_max = 16;
	config.collapse = SHADOW_COLLAPSE_EAGER;
	/* Beyond every space but those of 52 bits. */
	config.pool.base.addr = 15 * 256 * TIB;
}

static void add_memory(uint64_t start, uint64_t end)
{
	assert_true(config.map.memory_count < RANGES_MAX);
	memory[config.map.memory_count++] = (struct shadow_range){ start, end };
}

static void add_reserved(uint64_t start, uint64_t end)
{
	assert_true(config.map.reserved_count < RANGES_MAX);
	reserved[config.map.reserved_count++] = (struct shadow_range){ start, end };
}

static void add_region(uint64_t start, uint64_t end, enum shadow_mapping mapping)
{
	assert_true(config.region_count < RANGES_MAX);
	regions[config.region_count++] = (struct shadow_region){ { start, end }, mapping };
}

static bool inside(const struct shadow_range *range, unsigned count, uint64_t address)
{
	for (unsigned i = 0; i < count; i++)
		if (address >= range[i].start && address < range[i].end)
			return true;
	return false;
}

static const struct shadow_region *region_of(uint64_t address)
{
	for (unsigned i = 0; i < config.region_count; i++)
		if (inside(&regions[i].range, 1, address))
			return &regions[i];
	return NULL;
}

static bool is_reserved(uint64_t address)
{
	uint64_t page = UINT64_C(1) << config.map.granule_lg2;
	struct shadow_range pool = { config.pool.base.addr, config.pool.base.addr + config.pool.bytes };

	/* Any 4 KiB of the page. */
	for (uint64_t at = address & ~(page - 1); at < (address | (page - 1)); at += 4 * KIB)
		if (inside(reserved, config.map.reserved_count, at) || inside(&pool, 1, at))
			return true;
	return false;
}

static bool is_memory(uint64_t address)
{
	return inside(memory, config.map.memory_count, address);
}

/* May this page be revoked or granted alone, or is it one of many pages anyway? */
static bool moves(uint64_t address)
{
	const struct shadow_region *region = region_of(address);

	if (region && region->mapping == SHADOW_MAPPING_PAGES)
		return true;
	return is_memory(address) && !(region && config.bbml == 0);
}

/* Every place where something starts or ends, sorted. Return: how many. */
static unsigned pieces(uint64_t *piece)
{
	uint64_t top = UINT64_C(1) << config.map.ia_bits, mask = (UINT64_C(1) << config.map.granule_lg2) - 1;
	unsigned count = 0, kept = 0;

	piece[count++] = 0;
	piece[count++] = top;
	for (unsigned i = 0; i < config.map.memory_count; i++) {
		piece[count++] = memory[i].start;
		piece[count++] = memory[i].end;
	}
	for (unsigned i = 0; i < config.map.reserved_count; i++) {
		piece[count++] = reserved[i].start & ~mask;
		piece[count++] = (reserved[i].end + mask) & ~mask;
	}
	for (unsigned i = 0; i < config.region_count; i++) {
		piece[count++] = regions[i].range.start;
		piece[count++] = regions[i].range.end;
	}
	piece[count++] = config.pool.base.addr;
	piece[count++] = config.pool.base.addr + ((config.pool.bytes + mask) & ~mask);
	assert_true(count <= PIECES_MAX);
	for (unsigned i = 1; i < count; i++)
		for (unsigned j = i; j > 0 && piece[j] < piece[j - 1]; j--) {
			uint64_t swap = piece[j];

			piece[j] = piece[j - 1];
			piece[j - 1] = swap;
		}
	for (unsigned i = 0; i < count; i++)
		if (piece[i] <= top && (!kept || piece[i] != piece[kept - 1]))
			piece[kept++] = piece[i];
	return kept;
}

static uint64_t formula(void)
{
	return pgtable_tables_max(&config, config.pool.bytes);
}

/* ---- page by page ------------------------------------------------------------------------------------- */

/* The format, from the architecture's tables. */
static unsigned index_lg2(void)
{
	return config.map.granule_lg2 - 3;
}

static bool has_block(unsigned height)
{
	static const unsigned highest[3][2] = { { 2, 3 }, { 1, 2 }, { 1, 2 } };

	return height <= highest[config.map.granule_lg2 == 12 ? 0 : config.map.granule_lg2 == 14 ? 1 : 2]
				[config.map.ia_bits > 48];
}

enum {
	SEEN_MOVES = 1,
	SEEN_MEMORY = 2,
	SEEN_DEVICE = 4,
	SEEN_RESERVED = 8,
	SEEN_EDGE = 16 /* a region starts here */
};

static uint8_t page_class(uint64_t address)
{
	uint8_t seen = 0;

	if (is_reserved(address))
		seen = SEEN_RESERVED;
	else
		seen = (uint8_t)((is_memory(address) ? SEEN_MEMORY : SEEN_DEVICE) |
				 (moves(address) ? SEEN_MOVES : 0));
	if (address && region_of(address) != region_of(address - 1))
		seen |= SEEN_EDGE;
	return seen;
}

static uint64_t count_by_pages(unsigned start_height, uint64_t start_tables)
{
	uint64_t page_count = UINT64_C(1) << (config.map.ia_bits - config.map.granule_lg2), piece[PIECES_MAX];
	uint8_t *seen = malloc(page_count);
	uint64_t tables = start_tables;
	unsigned count = pieces(piece);

	assert_non_null(seen);
	for (unsigned i = 0; i + 1 < count; i++) {
		uint64_t first = piece[i] >> config.map.granule_lg2, end = piece[i + 1] >> config.map.granule_lg2;

		if (first == end)
			continue;
		memset(seen + first, page_class(piece[i]) & ~SEEN_EDGE, end - first);
		seen[first] = page_class(piece[i]);
	}
	for (unsigned height = 0; height < start_height; height++) {
		uint64_t unit = UINT64_C(1) << index_lg2() * (height + 1);

		for (uint64_t first = 0; first < page_count; first += unit) {
			unsigned any = seen[first] & ~SEEN_EDGE;

			for (uint64_t page = first + 1; page < first + unit; page++)
				any |= seen[page];
			if (!(any & (SEEN_MEMORY | SEEN_DEVICE)))
				continue;
			tables += any & (SEEN_MOVES | SEEN_RESERVED | SEEN_EDGE) || !has_block(height + 1) ||
				  (any & SEEN_MEMORY && any & SEEN_DEVICE);
		}
	}
	free(seen);
	return tables;
}

static uint64_t random_state;

static uint64_t below(uint64_t limit)
{
	return seeded_below(&random_state, limit);
}

/* Near an edge of some unit, or anywhere. */
static uint64_t random_address(uint64_t from, uint64_t to, unsigned align_lg2)
{
	unsigned lg2 = config.map.granule_lg2 + index_lg2() * (unsigned)below(3) + (unsigned)below(3);
	uint64_t address = from + below(to - from);

	if (lg2 < config.map.ia_bits - 1 && below(3))
		address = (address >> lg2 << lg2) + (below(2) ? 0 : (below(4) << config.map.granule_lg2));
	address = address >> align_lg2 << align_lg2;
	return address < from ? from : address > to ? to : address;
}

/* Random ranges inside [from, to). */
static void random_map(uint64_t from, uint64_t to)
{
	unsigned granule_lg2 = config.map.granule_lg2;
	uint64_t at = from, edge[2 * RANGES_MAX];
	unsigned count;

	config.map.memory_count = config.map.reserved_count = config.region_count = 0;
	for (unsigned which = 0; which < 2; which++) {
		count = 2 * (unsigned)below(which ? 4 : RANGES_MAX / 2);
		for (unsigned i = 0; i < count; i++)
			edge[i] = random_address(from, to, granule_lg2);
		for (unsigned i = 1; i < count; i++)
			for (unsigned j = i; j > 0 && edge[j] < edge[j - 1]; j--) {
				at = edge[j];
				edge[j] = edge[j - 1];
				edge[j - 1] = at;
			}
		for (unsigned i = 0; i + 1 < count; i += 1 + (unsigned)below(2)) {
			if (edge[i] == edge[i + 1])
				continue;
			if (which)
				add_region(edge[i], edge[i + 1],
					   below(2) ? SHADOW_MAPPING_BLOCKS : SHADOW_MAPPING_PAGES);
			else
				add_memory(edge[i], edge[i + 1]);
		}
	}
	count = (unsigned)below(RANGES_MAX);
	for (unsigned i = 0; i < count; i++) {
		uint64_t start = random_address(from, to, 12), end = random_address(from, to, 12);

		if (below(2))
			end = start + (1 + below(6)) * 4 * KIB;
		if (start < end)
			add_reserved(start, end);
	}
	config.pool.base.addr = random_address(from, to, 21);
	config.pool.bytes = (1 + below(40)) << granule_lg2;
}

static void the_formula_is_what_a_count_page_by_page_gives(void **state)
{
	static const struct {
		unsigned granule_lg2, ia_bits;
		enum shadow_start start;
		unsigned start_height;
		uint64_t start_tables;
	} spaces[] = {
		{ 12, 32, SHADOW_START_SINGLE, 2, 1 },	     { 12, 32, SHADOW_START_CONCATENATED, 1, 4 },
		{ 12, 34, SHADOW_START_CONCATENATED, 1, 16 }, { 12, 33, SHADOW_START_DEFAULT, 2, 1 },
		{ 14, 32, SHADOW_START_DEFAULT, 1, 1 },	     { 14, 36, SHADOW_START_DEFAULT, 1, 1 },
		{ 14, 37, SHADOW_START_DEFAULT, 1, 2 },	     { 14, 38, SHADOW_START_SINGLE, 2, 1 },
		{ 16, 32, SHADOW_START_SINGLE, 1, 1 },	     { 16, 33, SHADOW_START_CONCATENATED, 0, 16 },
		{ 16, 40, SHADOW_START_DEFAULT, 1, 1 },
	};

	(void)state;
	random_state = seeded_start();
	for (unsigned round = 0; round < 220; round++) {
		unsigned which = round % (sizeof(spaces) / sizeof(spaces[0]));
		uint64_t top = UINT64_C(1) << spaces[which].ia_bits;

		map_init(spaces[which].granule_lg2, spaces[which].ia_bits, (unsigned)below(3));
		config.start = spaces[which].start;
		if (below(2))
			random_map(0, top);
		else
			random_map(top / 2 - (UINT64_C(1) << 30), top / 2 + (UINT64_C(1) << 30));
		assert_int_equal(formula(),
				 count_by_pages(spaces[which].start_height, spaces[which].start_tables));
	}
}

/* ---- real tables -------------------------------------------------------------------------------------- */

static struct pgtable pgtable;
static struct pgtable_page pages[POOL_PAGES_MAX];
static struct tlbi_span span_storage[SPANS_MAX];
static struct tlbi_spans spans;
static struct shadow_region region_storage[RANGES_MAX];
static uint64_t fence;

static void tables_up(unsigned page_count)
{
	size_t bytes = (size_t)page_count << config.map.granule_lg2;
	struct shadow_smmu_target_config pooled = config;

	assert_true(page_count <= POOL_PAGES_MAX);
	memset(pages, 0, sizeof(pages));
	spans = (struct tlbi_spans){ .span = span_storage, .capacity = SPANS_MAX };
	pooled.pool.virt = aligned_alloc(1 << 16, (bytes + 0xffff) & ~(size_t)0xffff);
	pooled.pool.bytes = bytes;
	assert_non_null(pooled.pool.virt);
	memset(pooled.pool.virt, 0, bytes);
	assert_int_equal(pgtable_init(&pgtable, &pooled, pages, region_storage, &spans), 0);
	fence = 0;
}

static void tables_down(void)
{
	free(pgtable.pool.virt);
}

/* One batch of runs, and all that follows until its fence is complete. */
static void batch_end(void)
{
	pgtable_close(&pgtable);
	pgtable_retire(&pgtable, ++fence);
	pgtable_reclaim(&pgtable, fence);
	spans.count = 0;
	spans.all = false;
}

static struct run run_of(uint64_t start, uint64_t end, enum shadow_access access)
{
	return (struct run){ start >> config.map.granule_lg2, end >> config.map.granule_lg2, access,
			     is_memory(start) ? SHADOW_MEMORY_NORMAL : SHADOW_MEMORY_DEVICE };
}

/* All that is not reserved, in runs of one memory type each. */
static void map_everything(void)
{
	uint64_t piece[PIECES_MAX];
	unsigned count = pieces(piece);

	for (unsigned i = 0; i + 1 < count;) {
		unsigned end = i + 1;
		struct run run;

		while (end + 1 < count && is_reserved(piece[end]) == is_reserved(piece[i]) &&
		       is_memory(piece[end]) == is_memory(piece[i]))
			end++;
		run = run_of(piece[i], piece[end], SHADOW_ACCESS_RW);
		if (!is_reserved(piece[i]) && run.start < run.end)
			assert_int_equal(pgtable_apply(&pgtable, &run), 0);
		i = end;
	}
}

/* A batch of one run. */
static void change(const struct run *run)
{
	if (pgtable.bbml == 1) {
		pgtable_mark(&pgtable, run);
		spans.count = 0;
	}
	assert_int_equal(pgtable_apply(&pgtable, run), 0);
	batch_end();
}

static bool one_piece_moves(uint64_t first, uint64_t end)
{
	uint64_t piece[PIECES_MAX];
	unsigned count = pieces(piece);

	for (unsigned i = 0; i + 1 < count; i++)
		if (piece[i] < end && piece[i + 1] > first && (is_reserved(piece[i]) || !moves(piece[i])))
			return false;
	return true;
}

/* One page of every smallest unit that moves as a whole. What is cut anyway needs no help. */
static void revoke_one_page_in_each_unit(void)
{
	uint64_t unit = UINT64_C(1) << (config.map.granule_lg2 + index_lg2()), piece[PIECES_MAX];
	unsigned count = pieces(piece);

	for (unsigned i = 0; i + 1 < count; i++) {
		if (is_reserved(piece[i]) || !moves(piece[i]))
			continue;
		for (uint64_t at = piece[i] & ~(unit - 1); at < piece[i + 1]; at += unit) {
			struct run hole = run_of(at + unit / 2, at + unit / 2 + (UINT64_C(1) << config.map.granule_lg2),
						 SHADOW_ACCESS_NONE);

			if (at >= piece[i] && one_piece_moves(at, at + unit))
				change(&hole);
		}
	}
}

static void the_worst_state_of_the_host_takes_exactly_what_the_formula_says(void **state)
{
	static const struct {
		unsigned granule_lg2, ia_bits;
		enum shadow_start start;
	} spaces[] = {
		{ 12, 32, SHADOW_START_SINGLE },  { 12, 40, SHADOW_START_DEFAULT }, { 12, 41, SHADOW_START_SINGLE },
		{ 12, 44, SHADOW_START_DEFAULT }, { 12, 48, SHADOW_START_DEFAULT }, { 12, 52, SHADOW_START_DEFAULT },
		{ 12, 52, SHADOW_START_SINGLE },  { 14, 36, SHADOW_START_DEFAULT }, { 14, 40, SHADOW_START_SINGLE },
		{ 14, 48, SHADOW_START_DEFAULT }, { 14, 52, SHADOW_START_DEFAULT }, { 16, 40, SHADOW_START_DEFAULT },
		{ 16, 46, SHADOW_START_SINGLE },  { 16, 48, SHADOW_START_DEFAULT }, { 16, 52, SHADOW_START_DEFAULT },
	};

	(void)state;
	random_state = seeded_start();
	for (unsigned round = 0; round < 300; round++) {
		unsigned which = round % (sizeof(spaces) / sizeof(spaces[0]));
		unsigned granule_lg2 = spaces[which].granule_lg2, most;
		uint64_t window, from;

		map_init(granule_lg2, spaces[which].ia_bits, (unsigned)below(3));
		config.start = spaces[which].start;
		/* Some forty of the smallest units, around a border of larger ones. */
		window = UINT64_C(40) << (granule_lg2 + index_lg2());
		from = ((UINT64_C(1) << config.map.ia_bits) - window) / 2 >> granule_lg2 << granule_lg2;
		random_map(from, from + window);
		/* The pool that is really used. */
		config.pool.bytes = UINT64_C(64) << granule_lg2;
		most = (unsigned)formula();
		assert_in_range(most, 1, POOL_PAGES_MAX);
		tables_up(most + 8);
		config.pool.bytes = (uint64_t)(most + 8) << granule_lg2;
		most = (unsigned)formula();
		tables_down();
		tables_up((unsigned)(config.pool.bytes >> granule_lg2));

		map_everything();
		pgtable_built(&pgtable);
		batch_end();
		assert_true(pgtable.live <= most);
		revoke_one_page_in_each_unit();

		assert_int_equal(pgtable.live, most);
		tables_down();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_formula_is_what_a_count_page_by_page_gives),
		cmocka_unit_test(the_worst_state_of_the_host_takes_exactly_what_the_formula_says),
	};

	return cmocka_run_group_tests_name("bound", tests, NULL, NULL);
}
