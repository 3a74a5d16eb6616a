/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_bbm.c - splits, collapses and contiguous groups through the whole engine, store by store.
 *
 * For every granule, every height that has blocks and both levels that change blocks live: which values the
 * one live entry takes, how many syncs were complete at each, and what a flush costs in commands, syncs and
 * doorbells. The model is the referee: it raises nothing here, and something as soon as a step is left out by
 * hand. Spec: IHI 0070, Break-before-make level 1 and 2; DDI 0487, The Contiguous bit.
 */
#include "system_rig.h"

#include <string.h>

#include "smmuv3/pgtable_pages.h"
#include "smmuv3/target.h"

#define OWNED	   SHADOW_STATE_OWNED
#define NOPAGE	   SHADOW_STATE_NOPAGE
#define NT	   (UINT64_C(1) << 16)
#define HINT	   (UINT64_C(1) << 52)
#define STORES_MAX 65536u

/* Where blocks of a height are. Memory has the small ones; the largest are MMIO, which transitions as well.
 */
struct where {
	unsigned granule_lg2, ia_bits, height;
	uint64_t page; /* first of a block */
};

static const struct where places[] = {
	{ 12, 40, 1, (1u << 18) + 3 * 512 },
	{ 12, 40, 2, 2u << 18 },
	{ 12, 40, 2, 64u << 18 },
	{ 12, 52, 3, UINT64_C(5) << 27 },
	{ 14, 40, 1, (1u << 18) + 5 * 2048 },
	{ 14, 52, 2, UINT64_C(3) << 22 },
	{ 16, 42, 1, (1u << 18) + 7 * 8192 },
	{ 16, 52, 2, UINT64_C(9) << 26 },
};

#define PLACES (sizeof(places) / sizeof(places[0]))

/* ---- what is written down
 * ----------------------------------------------------------------------------------- */

struct record {
	uint64_t pa, value, syncs; /* completed when it was stored */
};

static struct record records[STORES_MAX];
static unsigned record_count;
static struct system rig;
static uint64_t commands_before[3]; /* tlbi, syncs, doorbells */

static void record(struct system *system, uint64_t pa)
{
	const uint64_t *where =
		(const uint64_t *)((const char *)system->pool.virt + (pa - system->pool.base.addr));

	assert_true(record_count < STORES_MAX);
	records[record_count++] = (struct record){ pa, *where, model_counters(system->smmu[0].model)->syncs };
}

static const struct pgtable *table_of(struct system *system)
{
	return &smmu_target_of(system->target)->pgtable;
}

/* The raw entry that translates @page at @height, and where it lies. NULL if it is in a larger leaf. */
static uint64_t *entry_at(struct system *system, uint64_t page, unsigned height)
{
	const struct pgtable *pgtable = table_of(system);
	unsigned at = pgtable->format.start, index_lg2 = system->config.granule_lg2 - 3;
	uint64_t *entry = (uint64_t *)system->pool.virt + (page >> index_lg2 * at);

	for (; at > height; at--) {
		if ((*entry & 3) != 3)
			return NULL;
		entry = (uint64_t *)system->pool.virt +
			((format_page(&pgtable->format, *entry) -
			  (system->pool.base.addr >> system->config.granule_lg2))
			 << index_lg2) +
			(page >> index_lg2 * (at - 1) & ((UINT64_C(1) << index_lg2) - 1));
	}
	return entry;
}

static uint64_t pa_of(const struct system *system, const uint64_t *entry)
{
	return system->pool.base.addr + (uint64_t)((const char *)entry - (const char *)system->pool.virt);
}

/* The stores to one entry, in order. */
static unsigned stores_to(uint64_t pa, struct record *found, unsigned most)
{
	unsigned count = 0;

	for (unsigned i = 0; i < record_count; i++) {
		if (records[i].pa != pa)
			continue;
		assert_true(count < most);
		found[count++] = records[i];
	}
	return count;
}

static void watch(struct system *system)
{
	struct shadow_smmu_stats stats;

	shadow_smmu_stats(system->smmu[0].smmu, &stats);
	commands_before[0] = stats.tlbi;
	commands_before[1] = stats.syncs;
	commands_before[2] = stats.doorbells;
	record_count = 0;
	system->stored = record;
}

static void expect_commands(struct system *system, unsigned tlbi, unsigned syncs, unsigned doorbells)
{
	struct shadow_smmu_stats stats;

	shadow_smmu_stats(system->smmu[0].smmu, &stats);
	assert_int_equal(stats.tlbi - commands_before[0], tlbi);
	assert_int_equal(stats.syncs - commands_before[1], syncs);
	assert_int_equal(stats.doorbells - commands_before[2], doorbells);
}

/* ---- steps
 * -------------------------------------------------------------------------------------------------- */

static void open_at(const struct where *where, unsigned bbml, bool contiguous, bool coherent)
{
	struct system_config config = system_config_default();

	config.granule_lg2 = where->granule_lg2;
	config.ia_bits = where->ia_bits;
	config.bbml = bbml;
	config.contiguous = contiguous;
	config.coherent = coherent;
	system_open(&rig, &config);
}

static void close_rig(bool violated)
{
	assert_int_equal(rig.violations != 0, violated);
	system_close(&rig);
}

/* Beside the oracle, which knows memory only. */
static void transition(uint64_t page, uint64_t count, bool revoke)
{
	struct shadow_transition change = { .start = { page << rig.config.granule_lg2 },
					    .page_count = count,
					    .old_state = revoke ? OWNED : NOPAGE,
					    .new_state = revoke ? NOPAGE : OWNED };

	assert_int_equal(shadow_reserve(rig.engine, 0, &change, SYSTEM_WAIT_NS), 0);
	assert_true(shadow_queue(rig.engine, 0, ++rig.number, &change));
}

static void revoke(uint64_t page, uint64_t count)
{
	transition(page, count, true);
}

/* A host that says NOPAGE of what it has read-only: the entry is valid and changes what it allows. */
static void grant_as(uint64_t page, uint64_t count, enum shadow_access access)
{
	struct shadow_transition change = { .start = { page << rig.config.granule_lg2 },
					    .page_count = count,
					    .old_state = NOPAGE,
					    .new_state = OWNED,
					    .access = access };

	assert_int_equal(shadow_reserve(rig.engine, 0, &change, SYSTEM_WAIT_NS), 0);
	assert_true(shadow_queue(rig.engine, 0, ++rig.number, &change));
}

static void grant(uint64_t page, uint64_t count)
{
	transition(page, count, false);
}

/* Publish whatever waits for an invalidation, and complete it. */
static void compact(void)
{
	shadow_ticket_t ticket;

	(void)shadow_compact(rig.engine, 64, &ticket);
	assert_int_equal(shadow_wait(rig.engine, ticket, SYSTEM_WAIT_NS), 0);
}

static void expect(uint64_t page, bool reached)
{
	assert_int_equal(system_try(&rig, 0, page, false), reached);
}

/* A device has the block in its TLB, and asks for both of these at every step. */
static void touch(const struct where *where, uint64_t page)
{
	expect(where->page, true);
	expect(page, true);
	model_watch(rig.smmu[0].model, SYSTEM_SID, where->page << where->granule_lg2);
	model_watch(rig.smmu[0].model, SYSTEM_SID, page << where->granule_lg2);
}

static uint64_t size_at(const struct where *where)
{
	return UINT64_C(1) << (where->granule_lg2 - 3) * where->height;
}

/* Make @where a block of its own height and not in a group: cut what is larger. */
static void isolate(const struct where *where)
{
	uint64_t size = size_at(where), neighbour = where->page ^ size;

	if (!entry_at(&rig, where->page, where->height) ||
	    *entry_at(&rig, where->page, where->height) & HINT) {
		revoke(neighbour, 1);
		system_flush_and_wait(&rig);
	}
	compact();
	assert_int_equal(*entry_at(&rig, where->page, where->height) & 3, 1);
}

/* At every place and both levels: plain, with hints, and seen by devices that are not coherent. */
static void everywhere(void (*one)(const struct where *where, unsigned bbml, bool contiguous, bool coherent))
{
	for (unsigned i = 0; i < PLACES; i++) {
		for (unsigned bbml = 1; bbml <= 2; bbml++) {
			one(&places[i], bbml, false, true);
			one(&places[i], bbml, true, true);
			one(&places[i], bbml, false, false);
		}
	}
}

/* ---- splits
 * ------------------------------------------------------------------------------------------------- */

static void split_one(const struct where *where, unsigned bbml, bool contiguous, bool coherent)
{
	uint64_t hole = where->page + size_at(where) / 2 + 1, block, *entry;
	struct record stores[3];

	open_at(where, bbml, contiguous, coherent);
	isolate(where);
	entry = entry_at(&rig, where->page, where->height);
	block = *entry;
	touch(where, hole);

	watch(&rig);
	revoke(hole, 1);
	(void)shadow_flush(rig.engine);
	rig.stored = NULL;

	if (bbml == 2) {
		assert_int_equal(stores_to(pa_of(&rig, entry), stores, 3), 1);
		expect_commands(&rig, 1, 1, 1);
	} else {
		assert_int_equal(stores_to(pa_of(&rig, entry), stores, 3), 2);
		assert_int_equal(stores[0].value, block | NT);
		/* One sync more, complete between the two. */
		assert_int_equal(stores[1].syncs, stores[0].syncs + 1);
		stores[0] = stores[1];
		expect_commands(&rig, 2, 2, 2);
	}
	assert_int_equal(stores[0].value & 3, 3);
	expect(where->page, true);
	system_flush_and_wait(&rig);
	expect(hole, false);
	expect(hole - 1, true);
	expect(hole + 1, true);
	expect(where->page, true);
	close_rig(false);
}

static void a_split_is_one_store_at_level_2_and_two_around_a_sync_at_level_1(void **state)
{
	(void)state;
	everywhere(split_one);
}

static void a_page_of_a_split_block_costs_the_same_at_both_levels(void **state)
{
	(void)state;
	for (unsigned bbml = 1; bbml <= 2; bbml++) {
		open_at(&places[0], bbml, false, true);
		revoke(places[0].page, 1);
		system_flush_and_wait(&rig);

		watch(&rig);
		revoke(places[0].page + 9, 1);
		system_flush_and_wait(&rig);

		expect_commands(&rig, 1, 1, 1);
		assert_int_equal(record_count, 1);
		close_rig(false);
	}
}

static void all_blocks_that_a_flush_cuts_share_one_extra_sync(void **state)
{
	(void)state;
	for (unsigned bbml = 1; bbml <= 2; bbml++) {
		open_at(&places[0], bbml, false, true);
		revoke(places[0].page ^ 512, 1);
		system_flush_and_wait(&rig);

		watch(&rig);
		for (unsigned i = 0; i < 5; i++)
			revoke(places[0].page + 1024 * i + 3, 1);
		system_flush_and_wait(&rig);

		expect_commands(&rig, bbml == 1 ? 10 : 5, bbml == 1 ? 2 : 1, bbml == 1 ? 2 : 1);
		close_rig(false);
	}
}

static void a_nested_split_at_level_1_waits_for_both_stages_in_between(void **state)
{
	struct system_config config = system_config_default();

	(void)state;
	config.bbml = 1;
	config.nested = true;
	system_open(&rig, &config);
	touch(&places[0], places[0].page + 7);

	watch(&rig);
	revoke(places[0].page + 7, 1);
	system_flush_and_wait(&rig);

	expect_commands(&rig, 4, 4, 2);
	expect(places[0].page + 7, false);
	expect(places[0].page, true);
	close_rig(false);
}

static void a_whole_block_goes_in_one_store_without_a_mark(void **state)
{
	(void)state;
	for (unsigned i = 0; i < PLACES; i++) {
		uint64_t *entry;
		struct record stores[2];

		open_at(&places[i], 1, false, true);
		isolate(&places[i]);
		entry = entry_at(&rig, places[i].page, places[i].height);

		watch(&rig);
		revoke(places[i].page, size_at(&places[i]));
		system_flush_and_wait(&rig);

		assert_int_equal(stores_to(pa_of(&rig, entry), stores, 2), 1);
		assert_int_equal(stores[0].value, 0);
		expect_commands(&rig, 1, 1, 1);
		expect(places[i].page + 1, false);
		close_rig(false);
	}
}

/* ---- collapses
 * ---------------------------------------------------------------------------------------------- */

static void collapse_one(const struct where *where, unsigned bbml, bool contiguous, bool coherent)
{
	uint64_t hole = where->page + size_at(where) / 2 + 1, block, *entry;
	struct record stores[4];
	unsigned count;

	open_at(where, bbml, contiguous, coherent);
	isolate(where);
	entry = entry_at(&rig, where->page, where->height);
	block = *entry;
	revoke(hole, 1);
	system_flush_and_wait(&rig);
	touch(where, hole - 1);

	watch(&rig);
	grant(hole, 1);
	(void)shadow_flush(rig.engine);
	/* A grant asks nothing of a device. */
	expect_commands(&rig, 0, 0, 0);
	expect(hole, true);
	compact();
	compact();
	rig.stored = NULL;

	count = stores_to(pa_of(&rig, entry), stores, 4);
	if (bbml == 2) {
		assert_int_equal(count, 1);
	} else {
		assert_int_equal(count, 2);
		assert_int_equal(stores[0].value, block | NT);
		/* Not before every device has left the table. */
		assert_true(stores[1].syncs > stores[0].syncs);
	}
	assert_int_equal(stores[count - 1].value & ~HINT, block);
	assert_int_equal(*entry & ~HINT, block);
	expect(hole, true);
	expect(hole - 1, true);
	close_rig(false);
}

static void a_collapse_is_one_store_at_level_2_and_two_around_a_sync_at_level_1(void **state)
{
	(void)state;
	everywhere(collapse_one);
}

/* The block is cut again while its table may still be cached: what was granted stays in reach all along. */
static void split_again(const struct where *where, unsigned bbml, bool stall)
{
	uint64_t hole = where->page + size_at(where) / 2 + 1;

	open_at(where, bbml, true, true);
	isolate(where);
	revoke(hole, 1);
	system_flush_and_wait(&rig);
	touch(where, hole - 1);
	grant(hole, 1);
	(void)shadow_flush(rig.engine);
	if (!stall)
		(void)shadow_compact(rig.engine, 64, NULL);
	expect(hole, true);

	revoke(where->page + 1, 1);
	(void)shadow_flush(rig.engine);
	expect(hole, true);
	expect(where->page, true);
	revoke(hole, 1);
	system_flush_and_wait(&rig);

	expect(where->page + 1, false);
	expect(hole, false);
	expect(hole - 1, true);
	grant(where->page + 1, 1);
	grant(hole, 1);
	system_flush_and_wait(&rig);
	compact();
	compact();
	expect(hole, true);
	expect(where->page + 1, true);
	assert_int_equal(*entry_at(&rig, where->page, where->height) & (NT | 3), 1);
	close_rig(false);
}

static void a_block_is_cut_again_before_the_sync_of_its_collapse(void **state)
{
	(void)state;
	for (unsigned i = 0; i < PLACES; i++) {
		for (unsigned bbml = 1; bbml <= 2; bbml++) {
			split_again(&places[i], bbml, false);
			split_again(&places[i], bbml, true);
		}
	}
}

/* Revoked as a whole and granted in part or as a whole, with no wait of the host in between. */
static void grant_behind_a_revoke(const struct where *where, unsigned bbml, bool split, bool whole)
{
	uint64_t size = size_at(where);

	open_at(where, bbml, false, true);
	isolate(where);
	touch(where, where->page + 3);
	if (split) {
		revoke(where->page + 3, 1);
		system_flush_and_wait(&rig);
	}
	revoke(where->page, size);
	(void)shadow_flush(rig.engine);

	grant(where->page, whole ? size : 2);
	(void)shadow_flush(rig.engine);

	expect(where->page + 1, true);
	system_flush_and_wait(&rig);
	expect(where->page + 1, true);
	expect(where->page + 2, whole);
	close_rig(false);
}

static void what_takes_the_place_of_a_block_or_table_waits_until_that_is_out_of_every_cache(void **state)
{
	(void)state;
	for (unsigned i = 0; i < PLACES; i++)
		for (unsigned variant = 0; variant < 8; variant++)
			grant_behind_a_revoke(&places[i], 1 + (variant & 1), variant & 2, variant & 4);
}

/* ---- contiguous groups
 * -------------------------------------------------------------------------------------- */

/* Pages, and blocks where a height has groups. */
static const struct {
	struct where where;
	unsigned members;
} groups[] = {
	{ { 12, 40, 0, (1u << 18) + 3 * 512 + 32 }, 16 },
	{ { 12, 40, 1, (1u << 18) + 64 * 512 }, 16 },
	{ { 12, 40, 2, 64u << 18 }, 16 },
	{ { 14, 40, 0, (1u << 18) + 3 * 2048 + 256 }, 128 },
	{ { 14, 40, 1, (1u << 18) + 32 * 2048 }, 32 },
	{ { 16, 42, 0, (1u << 18) + 3 * 8192 + 64 }, 32 },
	{ { 16, 42, 1, UINT64_C(2) << 18 }, 32 },
};

static unsigned hinted(const struct where *where, unsigned members)
{
	unsigned count = 0;

	for (unsigned i = 0; i < members; i++) {
		const uint64_t *entry = entry_at(&rig, where->page + i * size_at(where), where->height);

		assert_non_null(entry);
		count += (*entry & (HINT | 1)) == (HINT | 1);
	}
	return count;
}

static void cut_group(const struct where *where, unsigned members, unsigned bbml, bool coherent)
{
	uint64_t size = size_at(where), member = where->page + 5 * size;

	open_at(where, bbml, true, coherent);
	/* What is larger is cut elsewhere, so that the group is one of this height. */
	if (!entry_at(&rig, where->page, where->height)) {
		revoke(where->page + members * size, 1);
		system_flush_and_wait(&rig);
	}
	compact();
	assert_int_equal(hinted(where, members), members);
	touch(where, member);

	watch(&rig);
	revoke(member, size);
	system_flush_and_wait(&rig);
	/* The others lose the hint, the one goes; the whole group is invalidated at once. */
	assert_int_equal(record_count, members);
	expect_commands(&rig, 1, 1, 1);
	assert_int_equal(hinted(where, members), 0);
	expect(member, false);
	expect(where->page, true);
	expect(where->page + (members - 1) * size, true);

	watch(&rig);
	grant(member, size);
	(void)shadow_flush(rig.engine);
	if (!coherent) {
		/* The member is in memory before the hint of any. */
		assert_int_equal(hinted(where, members), 0);
		assert_int_equal(record_count, 1);
		compact();
	}
	assert_int_equal(hinted(where, members), members);
	assert_int_equal(record_count, 1 + members);
	expect_commands(&rig, 0, 0, 0);
	expect(member, true);
	compact();

	/* As a whole it goes without a word to the members. */
	watch(&rig);
	revoke(where->page, members * size);
	system_flush_and_wait(&rig);
	assert_int_equal(record_count, members);
	expect(member, false);
	close_rig(false);
}

static void a_group_that_is_cut_loses_the_hint_and_has_it_back_when_it_is_whole(void **state)
{
	(void)state;
	for (unsigned i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		for (unsigned bbml = 1; bbml <= 2; bbml++)
			for (unsigned coherent = 0; coherent <= 1; coherent++)
				cut_group(&groups[i].where, groups[i].members, bbml, coherent);
}

/* While the hint may be cached, an entry for the group would say one thing and one for a member another. */
static void a_group_that_is_given_another_access_loses_the_hint_a_sync_before(void **state)
{
	const struct where where = { 12, 40, 0, (1u << 18) + 3 * 512 };

	(void)state;
	for (unsigned bbml = 1; bbml <= 2; bbml++) {
		open_at(&where, bbml, true, true);
		revoke(where.page, 64);
		system_flush_and_wait(&rig);
		grant_as(where.page, 64, SHADOW_ACCESS_R);
		system_flush_and_wait(&rig);
		compact();
		compact();
		assert_true(*entry_at(&rig, where.page + 20, 0) & HINT);
		touch(&where, where.page + 20);

		watch(&rig);
		grant_as(where.page + 3, 2, SHADOW_ACCESS_RW);
		system_flush_and_wait(&rig);

		expect_commands(&rig, 2, 2, 2);
		assert_false(*entry_at(&rig, where.page, 0) & HINT);
		assert_true(*entry_at(&rig, where.page + 20, 0) & HINT);
		assert_true(system_try(&rig, 0, where.page + 3, true));
		assert_false(system_try(&rig, 0, where.page + 5, true));
		close_rig(false);
	}
}

/* ---- steps left out, by hand
 * -------------------------------------------------------------------------------- */

static void store_by_hand(uint64_t *entry, uint64_t value)
{
	uint64_t old_value = *entry;

	rig.quiet = true;
	*entry = value;
	model_observe_store(rig.smmu[0].model, pa_of(&rig, entry), old_value, value);
}

/* A table that says the same as the leaf in @entry, in a page of the pool that nothing else uses. */
static uint64_t table_by_hand(const struct where *where, uint64_t leaf)
{
	const struct pgtable *pgtable = table_of(&rig);
	uint32_t page = pgtable->limit - 1;
	uint64_t *entry = pages_entries(pgtable, page);

	for (uint64_t i = 0; i < UINT64_C(1) << (where->granule_lg2 - 3); i++)
		entry[i] = format_split(leaf, where->height) +
			   i * format_step(&pgtable->format, where->height - 1);
	return pages_table(pgtable, page);
}

static void invalidate_everything(void)
{
	/* A whole table goes, so that its range is named without the leaf flag: far from what is looked at.
	 */
	revoke(1u << 18, 1);
	system_flush_and_wait(&rig);
}

static void a_block_cut_without_nt_is_a_violation_below_level_2(void **state)
{
	(void)state;
	for (unsigned i = 0; i < PLACES; i++) {
		for (unsigned bbml = 1; bbml <= 2; bbml++) {
			uint64_t *entry;

			open_at(&places[i], bbml, false, true);
			isolate(&places[i]);
			entry = entry_at(&rig, places[i].page, places[i].height);
			touch(&places[i], places[i].page + 1);

			store_by_hand(entry, table_by_hand(&places[i], *entry));

			close_rig(bbml == 1);
		}
	}
}

static void nt_without_an_invalidation_of_the_block_is_a_violation(void **state)
{
	(void)state;
	for (unsigned i = 0; i < PLACES; i++) {
		uint64_t *entry;

		open_at(&places[i], 1, false, true);
		isolate(&places[i]);
		entry = entry_at(&rig, places[i].page, places[i].height);
		touch(&places[i], places[i].page + 1);

		store_by_hand(entry, *entry | NT);
		assert_int_equal(rig.violations, 0);
		invalidate_everything();
		assert_int_equal(rig.violations, 0);
		store_by_hand(entry, table_by_hand(&places[i], *entry));

		close_rig(true);
	}
}

static void a_table_collapsed_without_nt_is_a_violation_below_level_2(void **state)
{
	(void)state;
	for (unsigned i = 0; i < PLACES; i++) {
		for (unsigned bbml = 1; bbml <= 2; bbml++) {
			uint64_t *entry, block;

			open_at(&places[i], bbml, false, true);
			isolate(&places[i]);
			entry = entry_at(&rig, places[i].page, places[i].height);
			block = *entry;
			revoke(places[i].page + 1, 1);
			system_flush_and_wait(&rig);
			touch(&places[i], places[i].page + 2);

			store_by_hand(entry, block);

			close_rig(bbml == 1);
		}
	}
}

static void nt_cleared_before_the_table_is_out_of_every_cache_is_a_violation(void **state)
{
	(void)state;
	for (unsigned i = 0; i < PLACES; i++) {
		uint64_t *entry, block;

		open_at(&places[i], 1, false, true);
		isolate(&places[i]);
		entry = entry_at(&rig, places[i].page, places[i].height);
		block = *entry;
		revoke(places[i].page + 1, 1);
		system_flush_and_wait(&rig);
		touch(&places[i], places[i].page + 2);

		store_by_hand(entry, block | NT);
		assert_int_equal(rig.violations, 0);
		store_by_hand(entry, block);

		close_rig(true);
	}
}

static void a_member_taken_out_of_a_group_that_keeps_the_hint_is_a_violation(void **state)
{
	(void)state;
	for (unsigned i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		const struct where *where = &groups[i].where;
		uint64_t size = size_at(where);

		open_at(where, 2, true, true);
		if (!entry_at(&rig, where->page, where->height)) {
			revoke(where->page + groups[i].members * size, 1);
			system_flush_and_wait(&rig);
		}
		compact();
		assert_int_equal(hinted(where, groups[i].members), groups[i].members);
		touch(where, where->page + size);

		store_by_hand(entry_at(&rig, where->page + size, where->height), 0);
		invalidate_everything();

		close_rig(true);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_split_is_one_store_at_level_2_and_two_around_a_sync_at_level_1),
		cmocka_unit_test(a_page_of_a_split_block_costs_the_same_at_both_levels),
		cmocka_unit_test(all_blocks_that_a_flush_cuts_share_one_extra_sync),
		cmocka_unit_test(a_nested_split_at_level_1_waits_for_both_stages_in_between),
		cmocka_unit_test(a_whole_block_goes_in_one_store_without_a_mark),
		cmocka_unit_test(a_collapse_is_one_store_at_level_2_and_two_around_a_sync_at_level_1),
		cmocka_unit_test(a_block_is_cut_again_before_the_sync_of_its_collapse),
		cmocka_unit_test(
			what_takes_the_place_of_a_block_or_table_waits_until_that_is_out_of_every_cache),
		cmocka_unit_test(a_group_that_is_cut_loses_the_hint_and_has_it_back_when_it_is_whole),
		cmocka_unit_test(a_group_that_is_given_another_access_loses_the_hint_a_sync_before),
		cmocka_unit_test(a_block_cut_without_nt_is_a_violation_below_level_2),
		cmocka_unit_test(nt_without_an_invalidation_of_the_block_is_a_violation),
		cmocka_unit_test(a_table_collapsed_without_nt_is_a_violation_below_level_2),
		cmocka_unit_test(nt_cleared_before_the_table_is_out_of_every_cache_is_a_violation),
		cmocka_unit_test(a_member_taken_out_of_a_group_that_keeps_the_hint_is_a_violation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
