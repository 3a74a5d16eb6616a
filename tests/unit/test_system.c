/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_system.c - random transitions through the whole path, against a flat oracle and a hostile device.
 *
 * In every configuration: a device touches what it can before a revoke, at random stores during a flush and a
 * compaction, and after it; the raw tables are compared with the oracle at every address. Replay: S2SHADOW_SEED.
 */
#include "system_rig.h"

#include <string.h>

#define PICKS_MAX 256u
#define BATCH_MAX 24u
#define TOUCH_EVERY 16u		       /* stores */
#define R SHADOW_ACCESS_R
#define W SHADOW_ACCESS_W

struct picked {
	uint64_t page, count;
	bool limited;		       /* some pages were read-only or write-only before */
};

struct script {
	struct system system;
	struct shadow_region region[2];
	struct picked picked[PICKS_MAX]; /* ranges of the open batch */
	unsigned count;
	shadow_ticket_t compaction;    /* of the newest */
	uint64_t stores, refused;
};

static uint64_t first_page(const struct system *system, unsigned region)
{
	return system->memory[region].start >> system->config.granule_lg2;
}

static uint64_t end_page(const struct system *system, unsigned region)
{
	return system->memory[region].end >> system->config.granule_lg2;
}

/* Ranges that meet in a few blocks, so that splits and collapses are common. */
static struct picked pick(struct system *system)
{
	uint64_t entries = UINT64_C(1) << (system->config.granule_lg2 - 3);
	const uint64_t lengths[] = { 1, 1, 1, 2, 3, 8, 31, 64, entries - 1, entries, entries + 1, 2 * entries,
				     system->page_first };
	uint64_t random = system_random(system);
	uint64_t length = lengths[random % (sizeof(lengths) / sizeof(lengths[0]))];
	bool small_region = (random >> 8 & 7) == 0;
	uint64_t first = first_page(system, small_region), end = end_page(system, small_region);
	uint64_t page = first + (random >> 16 & 3) * entries + (random >> 20 & (entries - 1));

	if (length >= entries && random >> 40 & 1)
		page &= ~(length - 1);
	if ((random >> 44 & 15) == 0)
		page += system->page_first - entries;
	if ((random >> 48 & 7) == 0)   /* at the edge of a table or a group */
		page = (page & ~UINT64_C(31)) - (random >> 52 & 1);
	if (page < first)
		page = first;
	if (page >= end)
		page = end - 1;
	return (struct picked){ page, page + length > end ? end - page : length, false };
}

static bool is_open(const struct script *script, uint64_t page)
{
	for (unsigned i = 0; i < script->count; i++)
		if (page >= script->picked[i].page && page < script->picked[i].page + script->picked[i].count)
			return true;
	return false;
}

/* In the middle of a flush: a page that no open range touches keeps its access at every store. One in an open range
 * may go either way, and is cached as it is. */
static void touch_between_stores(struct system *system, uint64_t pa)
{
	struct script *script = (struct script *)system;
	uint64_t page;

	(void)pa;
	if (++script->stores % TOUCH_EVERY)
		return;
	page = pick(system).page;
	if (!is_open(script, page))
		system_expect(system, page);
	else
		(void)system_try(system, (unsigned)(page % system->config.smmu_count), page, page % 2);
}

static void touch_edges(struct system *system, struct picked range, bool expect)
{
	uint64_t pages[] = { range.page - 1, range.page, range.page + range.count / 2, range.page + range.count - 1,
			     range.page + range.count };

	for (unsigned i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		if (expect)
			system_expect(system, pages[i]);
		else
			for (unsigned smmu = 0; smmu < system->config.smmu_count; smmu++)
				(void)system_touch(system, smmu, pages[i]);
	}
}

/* A device may hold an entry for @page that allows less than it was granted since, until the next wait. */
static bool is_limited(const struct script *script, uint64_t page)
{
	bool limited = false;

	for (unsigned i = 0; i < script->count; i++)
		limited |= script->picked[i].limited && page >= script->picked[i].page &&
			   page < script->picked[i].page + script->picked[i].count;
	return limited;
}

/* What the host may reach, a device may as soon as the flush returns: its sync is for what was revoked. */
static void touch_what_is_granted(struct script *script)
{
	struct system *system = &script->system;

	for (unsigned i = 0; i < script->count; i++) {
		struct picked range = script->picked[i];
		uint64_t pages[] = { range.page, range.page + range.count / 2, range.page + range.count - 1 };

		for (unsigned j = 0; j < 3; j++)
			for (unsigned smmu = 0; smmu < system->config.smmu_count; smmu++)
				if (system_reachable(system, pages[j]) && !is_limited(script, pages[j]))
					assert_true(system_touch(system, smmu, pages[j]));
	}
}

/* The next batch may be written while the syncs of this one are outstanding. */
static void flush_only(struct script *script)
{
	script->system.stored = touch_between_stores;
	(void)shadow_flush(script->system.engine);
	script->system.stored = NULL;
	touch_what_is_granted(script);
}

/* Idle time between two trips: nothing is queued, but syncs may be outstanding. */
static void compact_some(struct script *script)
{
	struct system *system = &script->system;

	system->stored = touch_between_stores;
	(void)shadow_compact(system->engine, 1 + (unsigned)(system_random(system) % 4), &script->compaction);
	system->stored = NULL;
	touch_what_is_granted(script);
	if (system_random(system) % 2)
		assert_int_equal(shadow_wait(system->engine, script->compaction, SYSTEM_WAIT_NS), 0);
}

static void end_batch(struct script *script)
{
	struct system *system = &script->system;

	flush_only(script);
	if (system_random(system) % 8 == 0)
		compact_some(script);
	system_flush_and_wait(system);
	for (unsigned i = 0; i < script->count; i++)
		touch_edges(system, script->picked[i], true);
	script->count = 0;
	assert_int_equal(system->violations, 0);
	if (system_random(system) % 8 == 0)
		compact_some(script);
}

/* At BBM level 0, what was declared never to transition is refused if blocks would have to be cut. */
static bool may_be_refused(const struct script *script, struct picked range)
{
	const struct system_config *config = &script->system.config;

	for (unsigned i = 0; i < config->region_count && !config->bbml; i++)
		if (config->regions[i].mapping == SHADOW_MAPPING_BLOCKS &&
		    range.page < config->regions[i].range.end >> config->granule_lg2 &&
		    range.page + range.count > config->regions[i].range.start >> config->granule_lg2)
			return true;
	return false;
}

/* Other CPUs' ranges of this batch may be half in force: only a device that tries, nothing expected yet. */
static void one_transition(struct script *script)
{
	struct system *system = &script->system;
	struct picked range = pick(system);
	enum shadow_state states[] = { SHADOW_STATE_OWNED, SHADOW_STATE_SHARED_OWNED, SHADOW_STATE_SHARED_BORROWED,
				       SHADOW_STATE_NOPAGE, SHADOW_STATE_NOPAGE, SHADOW_STATE_NOPAGE };
	enum shadow_state new_state = states[system_random(system) % 6];
	unsigned cpu = (unsigned)(system_random(system) % system->config.cpu_count);
	enum shadow_access access = system_random(system) % 16 ? SHADOW_ACCESS_NONE : range.page % 3 ? R : W;
	int error;

	touch_edges(system, range, false);
	for (unsigned i = 0; i < system->config.smmu_count; i++) {
		model_unwatch_all(system->smmu[i].model);
		model_watch(system->smmu[i].model, SYSTEM_SID, range.page << system->config.granule_lg2);
	}
	range.limited = memchr(&system->access[range.page - system->page_first], R, range.count) ||
			memchr(&system->access[range.page - system->page_first], W, range.count);
	script->picked[script->count++] = range;
	error = system_transition_access(system, cpu, range.page, range.count, new_state, access);
	if (error == -SHADOW_EOPNOTSUPP && may_be_refused(script, range)) {
		script->refused++;
		script->count--;
	} else {
		assert_int_equal(error, 0);
	}
	if (system_random(system) % 4 == 0)
		shadow_queue_close(system->engine, cpu);
}

/* Something odd of both kinds in the middle of memory. */
static void declare_regions(struct script *script, struct system_config *config)
{
	unsigned granule_lg2 = config->granule_lg2, unit = config->ia_bits - granule_lg2 - 2;
	uint64_t entries = UINT64_C(1) << (granule_lg2 - 3), first = UINT64_C(1) << (unit > 18 ? 18 : unit);

	script->region[0] = (struct shadow_region){ { (first + entries / 2 + 7) << granule_lg2,
						      (first + entries + entries / 4 - 3) << granule_lg2 },
						    SHADOW_MAPPING_PAGES };
	script->region[1] = (struct shadow_region){ { (2 * first - entries / 4) << granule_lg2,
						      (3 * first - 5) << granule_lg2 },
						    SHADOW_MAPPING_BLOCKS };
	config->regions = script->region;
	config->region_count = 2;
}

static void check_tables(struct script *script)
{
	assert_int_equal(shadow_wait(script->system.engine, script->compaction, SYSTEM_WAIT_NS), 0);
	system_check_tables(&script->system);
}

static void play_script(struct script *script, unsigned batches)
{
	struct system *system = &script->system;

	system_check_tables(system);
	for (unsigned batch = 0; batch < batches; batch++) {
		unsigned most = script->count + 1 + (unsigned)(system_random(system) % BATCH_MAX);

		while (script->count < most)
			one_transition(script);
		if (system_random(system) % 2 && script->count + BATCH_MAX <= PICKS_MAX) {
			flush_only(script);
			continue;
		}
		end_batch(script);
		if (batch % 16 == 0)
			check_tables(script);
	}
	end_batch(script);
	check_tables(script);
}

static void play(struct system_config config, unsigned batches)
{
	struct script *script = test_calloc(1, sizeof(*script));
	struct shadow_table_stats tables;
	bool regions = config.region_count;

	config.seed = system_seed(config.seed);
	if (regions)
		declare_regions(script, &config);
	system_open(&script->system, &config);
	play_script(script, batches);
	shadow_smmu_table_stats(script->system.target, &tables);
	if (config.bbml && config.collapse == SHADOW_COLLAPSE_EAGER && batches >= 100) {
		assert_true(tables.splits > 10);
		assert_true(tables.collapses > 10);
	}
	system_compact(&script->system, 1 + (unsigned)(config.seed % 7));
	system_check_compacted(&script->system);
	assert_int_equal(script->system.violations, 0);
	assert_int_equal(!script->refused, config.bbml || !regions);
	system_close(&script->system);
	test_free(script);
}

/* ---- what is played ------------------------------------------------------------------------------------------ */

#define EAGER SHADOW_COLLAPSE_EAGER
#define PATIENT SHADOW_COLLAPSE_PATIENT
#define NEVER SHADOW_COLLAPSE_NEVER
#define SINGLE SHADOW_START_SINGLE
#define CONCATENATED SHADOW_START_CONCATENATED

enum {
	HINT = 1,
	CACHED = 2,		       /* walks are not coherent */
	NO_RIL = 4,
	NESTED = 8,
	FWB = 16,
	REGIONS = 32,
	TWO = 64,		       /* SMMUs */
};

struct choice {
	unsigned granule_lg2, ia_bits, bbml;
	enum shadow_collapse collapse;
	unsigned flags;
	enum shadow_start start;
	unsigned batches;
};

static void play_choices(const struct choice *choices, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		const struct choice *choice = &choices[i];
		struct system_config config = system_config_default();

		config.granule_lg2 = choice->granule_lg2;
		config.ia_bits = choice->ia_bits;
		config.bbml = choice->bbml;
		config.collapse = choice->collapse;
		config.start = choice->start;
		config.contiguous = choice->flags & HINT;
		config.coherent = !(choice->flags & CACHED);
		config.ril = !(choice->flags & NO_RIL);
		config.nested = choice->flags & NESTED;
		config.fwb = choice->flags & FWB;
		config.region_count = choice->flags & REGIONS ? 2 : 0;
		config.smmu_count = choice->flags & TWO ? 2 : 1;
		config.cmdq_lg2 = choice->flags & NO_RIL ? 11 : 8;
		config.seed = 1 + i;
		print_message("%u: granule %u, %u bits, BBML %u, collapse %d, flags %x, start %d\n", i,
			      1u << choice->granule_lg2, choice->ia_bits, choice->bbml, (int)choice->collapse,
			      choice->flags, (int)choice->start);
		play(config, choice->batches);
	}
}

#define PLAY_CHOICES(choices) play_choices(choices, sizeof(choices) / sizeof((choices)[0]))

/* Each pair of settings meets somewhere in these three lists. */
static void random_transitions_match_the_oracle_with_4_kib_pages(void **state)
{
	static const struct choice choices[] = {
		{ 12, 40, 1, EAGER, 0, 0, 120 },
		{ 12, 40, 1, PATIENT, HINT | CACHED, 0, 400 },
		{ 12, 40, 1, NEVER, NO_RIL | NESTED, CONCATENATED, 100 },
		{ 12, 48, 1, EAGER, HINT | FWB | TWO, 0, 60 },
		{ 12, 52, 2, EAGER, HINT, 0, 100 },
		{ 12, 52, 1, EAGER, CACHED | NO_RIL, SINGLE, 100 },
		{ 12, 52, 0, NEVER, HINT | REGIONS | NESTED, 0, 60 },
		{ 12, 40, 2, EAGER, HINT, SINGLE, 120 },
		{ 12, 40, 2, PATIENT, HINT | NO_RIL, 0, 400 },
		{ 12, 48, 2, NEVER, CACHED | REGIONS, 0, 100 },
		{ 12, 40, 0, EAGER, HINT | REGIONS | CACHED | TWO, 0, 60 },
		{ 12, 32, 2, EAGER, HINT | CACHED | NESTED, 0, 100 },
		{ 12, 32, 1, EAGER, HINT | REGIONS | FWB, CONCATENATED, 100 },
		{ 12, 32, 0, PATIENT, NO_RIL, 0, 60 },
	};

	(void)state;
	PLAY_CHOICES(choices);
}

static void random_transitions_match_the_oracle_with_16_kib_pages(void **state)
{
	static const struct choice choices[] = {
		{ 14, 32, 1, EAGER, HINT | NESTED, 0, 100 },
		{ 14, 32, 0, EAGER, HINT | CACHED | REGIONS, 0, 40 },
		{ 14, 36, 2, NEVER, HINT | CACHED | NO_RIL, 0, 100 },
		{ 14, 40, 0, NEVER, REGIONS | NO_RIL, CONCATENATED, 40 },
		{ 14, 40, 1, EAGER, HINT | CACHED | TWO, 0, 80 },
		{ 14, 40, 2, EAGER, HINT | NESTED | NO_RIL, SINGLE, 100 },
		{ 14, 48, 2, EAGER, HINT, 0, 12 },
		{ 14, 52, 1, EAGER, HINT | REGIONS, 0, 80 },
		{ 14, 52, 2, PATIENT, FWB | CACHED | NESTED, 0, 60 },
	};

	(void)state;
	PLAY_CHOICES(choices);
}

static void random_transitions_match_the_oracle_with_64_kib_pages(void **state)
{
	static const struct choice choices[] = {
		{ 16, 32, 2, EAGER, HINT | NO_RIL, 0, 60 },
		{ 16, 32, 1, NEVER, CACHED | REGIONS | TWO, 0, 60 },
		{ 16, 40, 1, EAGER, HINT | CACHED | NESTED, 0, 60 },
		{ 16, 40, 0, EAGER, REGIONS, 0, 30 },
		{ 16, 42, 2, PATIENT, HINT | FWB, 0, 60 },
		{ 16, 46, 2, EAGER, REGIONS | NO_RIL, CONCATENATED, 60 },
		{ 16, 48, 1, EAGER, HINT | NO_RIL, 0, 60 },
		{ 16, 48, 0, EAGER, HINT | REGIONS | NESTED, 0, 20 },
		{ 16, 52, 2, EAGER, HINT | CACHED, 0, 60 },
		{ 16, 52, 1, NEVER, FWB | TWO, 0, 60 },
	};

	(void)state;
	PLAY_CHOICES(choices);
}

static void random_transitions_match_the_oracle_at_bbml_2(void **state)
{
	(void)state;
	play(system_config_default(), 200);
}

static void random_transitions_match_the_oracle_at_bbml_0(void **state)
{
	struct system_config config = system_config_default();

	(void)state;
	config.bbml = 0;
	play(config, 100);
}

static void random_transitions_match_the_oracle_without_range_invalidation(void **state)
{
	struct system_config config = system_config_default();

	(void)state;
	config.ril = false;
	config.cmdq_lg2 = 11;
	play(config, 200);
	config.bbml = 0;
	play(config, 60);
}

static void random_transitions_match_the_oracle_when_nested(void **state)
{
	struct system_config config = system_config_default();

	(void)state;
	config.nested = true;
	play(config, 200);
	config.ril = false;
	play(config, 100);
	config.bbml = 0;
	play(config, 60);
}

static void random_transitions_match_the_oracle_on_several_smmus(void **state)
{
	struct system_config config = system_config_default();

	(void)state;
	config.smmu_count = 4;
	play(config, 100);
	config.nested = true;
	play(config, 100);
}

static void random_transitions_match_the_oracle_at_other_input_sizes(void **state)
{
	static const unsigned sizes[] = { 32, 33, 39, 41, 43, 44, 48 };
	struct system_config config = system_config_default();

	(void)state;
	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		config.ia_bits = sizes[i];
		config.seed = i;
		play(config, 40);
	}
}

static void random_transitions_match_the_oracle_with_reserved_ranges(void **state)
{
	static const struct shadow_range reserved[] = {
		{ UINT64_C(0x40003000), UINT64_C(0x40007000) },
		{ UINT64_C(0x40200000), UINT64_C(0x40400000) },
		{ UINT64_C(0x9000000), UINT64_C(0x9020000) },
		{ UINT64_C(0xbffff000), UINT64_C(0xc0009000) },
	};
	struct system_config config = system_config_default();

	(void)state;
	config.reserved = reserved;
	config.reserved_count = sizeof(reserved) / sizeof(reserved[0]);
	play(config, 100);
}

/* CPU 0 revokes @page - 1, CPU 1 grants @page, CPU 0 revokes it: the newest slot of CPU 0 would fit. */
static void a_revoke_after_another_cpus_grant_wins(void **state)
{
	struct system_config config = system_config_default();
	uint64_t page = (system_memory[0].start >> 12) + 100;
	struct system system;

	(void)state;
	system_open(&system, &config);
	assert_int_equal(system_transition(&system, 2, page, 1, SHADOW_STATE_NOPAGE), 0);
	system_flush_and_wait(&system);

	assert_int_equal(system_transition(&system, 0, page - 1, 1, SHADOW_STATE_NOPAGE), 0);
	assert_int_equal(system_transition(&system, 1, page, 1, SHADOW_STATE_OWNED), 0);
	assert_int_equal(system_transition(&system, 0, page, 1, SHADOW_STATE_NOPAGE), 0);
	system_flush_and_wait(&system);

	system_expect(&system, page);
	system_check_tables(&system);
	system_close(&system);
}

/* CPU 0 grants @page, CPU 1 revokes it, CPU 0 grants the page behind it: that must not grant @page again. */
static void a_grant_of_the_next_page_does_not_undo_another_cpus_revoke(void **state)
{
	struct system_config config = system_config_default();
	uint64_t page = (system_memory[0].start >> 12) + 100;
	struct system system;

	(void)state;
	system_open(&system, &config);
	assert_int_equal(system_transition(&system, 2, page, 2, SHADOW_STATE_NOPAGE), 0);
	system_flush_and_wait(&system);

	assert_int_equal(system_transition(&system, 0, page, 1, SHADOW_STATE_OWNED), 0);
	assert_int_equal(system_transition(&system, 1, page, 1, SHADOW_STATE_NOPAGE), 0);
	assert_int_equal(system_transition(&system, 0, page + 1, 1, SHADOW_STATE_OWNED), 0);
	system_flush_and_wait(&system);

	system_expect(&system, page);
	system_expect(&system, page + 1);
	system_check_tables(&system);
	system_close(&system);
}

static void a_small_ring_wraps_under_random_transitions(void **state)
{
	struct system_config config = system_config_default();

	(void)state;
	config.cmdq_lg2 = 3;
	play(config, 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_transitions_match_the_oracle_at_bbml_2),
		cmocka_unit_test(random_transitions_match_the_oracle_at_bbml_0),
		cmocka_unit_test(random_transitions_match_the_oracle_without_range_invalidation),
		cmocka_unit_test(random_transitions_match_the_oracle_when_nested),
		cmocka_unit_test(random_transitions_match_the_oracle_on_several_smmus),
		cmocka_unit_test(random_transitions_match_the_oracle_at_other_input_sizes),
		cmocka_unit_test(random_transitions_match_the_oracle_with_reserved_ranges),
		cmocka_unit_test(random_transitions_match_the_oracle_with_4_kib_pages),
		cmocka_unit_test(random_transitions_match_the_oracle_with_16_kib_pages),
		cmocka_unit_test(random_transitions_match_the_oracle_with_64_kib_pages),
		cmocka_unit_test(a_revoke_after_another_cpus_grant_wins),
		cmocka_unit_test(a_grant_of_the_next_page_does_not_undo_another_cpus_revoke),
		cmocka_unit_test(a_small_ring_wraps_under_random_transitions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
