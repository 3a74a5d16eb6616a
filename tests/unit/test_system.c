/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_system.c - random transitions through the whole path, against a flat oracle and a hostile device.
 *
 * In every configuration: a device touches what it can before a revoke, at random stores during a flush, and
 * after it; the raw tables are compared with the oracle at every address. Replay: S2SHADOW_SEED.
 */
#include "system_rig.h"

#define PICKS_MAX 256u
#define BATCH_MAX 24u

struct picked {
	uint64_t page, count;
};

struct script {
	struct system system;
	struct picked picked[PICKS_MAX]; /* ranges of the open batch */
	unsigned count;
	uint64_t stores;
};

/* Ranges that meet in a few blocks, so that splits and collapses are common. */
static struct picked pick(struct system *system)
{
	static const uint64_t lengths[] = { 1, 1, 1, 2, 3, 8, 31, 64, 511, 512, 513, 1024, 1 << 18 };
	uint64_t random = system_random(system);
	uint64_t length = lengths[random % (sizeof(lengths) / sizeof(lengths[0]))];
	bool small_region = (random >> 8 & 7) == 0;
	uint64_t first = system_memory[small_region].start >> 12, end = system_memory[small_region].end >> 12;
	uint64_t page = first + (random >> 16 & 3) * 512 + (random >> 20 & 0x1ff);

	if (length >= 512 && random >> 40 & 1)
		page &= ~(length - 1);
	if ((random >> 44 & 15) == 0)
		page += (UINT64_C(1) << 18) - 512;
	if (page < first)
		page = first;
	if (page >= end)
		page = end - 1;
	return (struct picked){ page, page + length > end ? end - page : length };
}

/* In the middle of a flush: a page that no open range touches keeps its access at every store. */
static void touch_between_stores(struct system *system, uint64_t pa)
{
	struct script *script = (struct script *)system;
	uint64_t page;

	(void)pa;
	if (++script->stores % 16)
		return;
	page = pick(system).page;
	for (unsigned i = 0; i < script->count; i++)
		if (page >= script->picked[i].page && page < script->picked[i].page + script->picked[i].count)
			return;
	system_expect(system, page);
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

/* What the host may reach, a device may as soon as the flush returns: its sync is for what was revoked. */
static void touch_what_is_granted(struct script *script)
{
	struct system *system = &script->system;

	for (unsigned i = 0; i < script->count; i++) {
		struct picked range = script->picked[i];
		uint64_t pages[] = { range.page, range.page + range.count / 2, range.page + range.count - 1 };

		for (unsigned j = 0; j < 3; j++)
			for (unsigned smmu = 0; smmu < system->config.smmu_count; smmu++)
				if (system_reachable(system, pages[j]))
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

static void end_batch(struct script *script)
{
	struct system *system = &script->system;

	flush_only(script);
	system_flush_and_wait(system);
	for (unsigned i = 0; i < script->count; i++)
		touch_edges(system, script->picked[i], true);
	script->count = 0;
	assert_int_equal(system->violations, 0);
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

	touch_edges(system, range, false);
	for (unsigned i = 0; i < system->config.smmu_count; i++) {
		model_unwatch_all(system->smmu[i].model);
		model_watch(system->smmu[i].model, SYSTEM_SID, range.page << 12);
	}
	script->picked[script->count++] = range;
	assert_int_equal(system_transition(system, cpu, range.page, range.count, new_state), 0);
	if (system_random(system) % 4 == 0)
		shadow_queue_close(system->engine, cpu);
}

static void play(struct system_config config, unsigned batches)
{
	struct script *script = test_calloc(1, sizeof(*script));
	struct shadow_table_stats tables;

	config.seed = system_seed(config.seed);
	system_open(&script->system, &config);
	system_check_tables(&script->system);
	for (unsigned batch = 0; batch < batches; batch++) {
		unsigned most = script->count + 1 + (unsigned)(system_random(&script->system) % BATCH_MAX);

		while (script->count < most)
			one_transition(script);
		if (system_random(&script->system) % 2 && script->count + BATCH_MAX <= PICKS_MAX) {
			flush_only(script);
			continue;
		}
		end_batch(script);
		if (batch % 16 == 0)
			system_check_tables(&script->system);
	}
	end_batch(script);
	system_check_tables(&script->system);
	shadow_smmu_table_stats(script->system.target, &tables);
	if (config.bbml) {
		assert_true(tables.splits > 10);
		assert_true(tables.collapses > 10);
	}
	system_close(&script->system);
	test_free(script);
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
		cmocka_unit_test(a_revoke_after_another_cpus_grant_wins),
		cmocka_unit_test(a_grant_of_the_next_page_does_not_undo_another_cpus_revoke),
		cmocka_unit_test(a_small_ring_wraps_under_random_transitions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
