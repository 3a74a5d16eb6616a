/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_system.c - random transitions through the whole path, against a flat oracle and a hostile device.
 *
 * In every configuration: a device touches what it can before a revoke, at random stores during a flush and a
 * compaction, and after it; the raw tables are compared with the oracle at every address. Replay:
 * S2SHADOW_SEED.
 */
#include "system_script.h"

#define BATCH_MAX   24u
#define TOUCH_EVERY 16u /* stores */
#define R	    SHADOW_ACCESS_R
#define W	    SHADOW_ACCESS_W

/* Return: whether it was refused, as it may be. */
static bool one_transition(struct script *script)
{
	struct system *system = &script->system;
	struct script_range range = script_pick(system);
	enum shadow_state states[] = { SHADOW_STATE_OWNED,	     SHADOW_STATE_SHARED_OWNED,
				       SHADOW_STATE_SHARED_BORROWED, SHADOW_STATE_NOPAGE,
				       SHADOW_STATE_NOPAGE,	     SHADOW_STATE_NOPAGE };
	enum shadow_state new_state = states[system_random(system) % 6];
	unsigned cpu = (unsigned)(system_random(system) % system->config.cpu_count);
	enum shadow_access access = system_random(system) % 16 ? SHADOW_ACCESS_NONE : range.page % 3 ? R : W;
	int error = script_transition(script, cpu, range, new_state, access);

	assert_int_equal(error, script_may_be_refused(script, range) && error ? -SHADOW_EOPNOTSUPP : 0);
	if (system_random(system) % 4 == 0)
		shadow_trip_end(system->engine, cpu);
	return error;
}

/* Return: transitions that were refused. */
static unsigned play_script(struct script *script, unsigned batches)
{
	struct system *system = &script->system;
	unsigned refused = 0;

	system_check_tables(system);
	for (unsigned batch = 0; batch < batches; batch++) {
		unsigned most = script->count + 1 + (unsigned)(system_random(system) % BATCH_MAX);

		while (script->count < most)
			refused += one_transition(script);
		if (system_random(system) % 2 && script->count + BATCH_MAX <= SCRIPT_OPEN_MAX) {
			script_flush(script);
			continue;
		}
		script_end_batch(script);
		if (system_random(system) % 8 == 0)
			script_compact(script, 1 + (unsigned)(system_random(system) % 4),
				       system_random(system) % 2);
		if (batch % 16 == 0)
			script_check_tables(script);
	}
	script_end_batch(script);
	script_check_tables(script);
	return refused;
}

static void play(struct system_config config, unsigned batches)
{
	struct script *script = test_calloc(1, sizeof(*script));
	struct shadow_table_stats tables;
	bool regions = config.region_count;
	unsigned refused;

	config.seed = system_seed(config.seed);
	if (regions)
		script_declare_regions(script, &config);
	script->touch_every = TOUCH_EVERY;
	system_open(&script->system, &config);
	refused = play_script(script, batches);
	shadow_smmu_table_stats(script->system.target, &tables);
	if (config.bbml && config.collapse == SHADOW_COLLAPSE_EAGER && batches >= 100) {
		assert_true(tables.splits > 10);
		assert_true(tables.collapses > 10);
	}
	system_compact(&script->system, 1 + (unsigned)(config.seed % 7));
	system_check_compacted(&script->system);
	assert_int_equal(script->system.violations, 0);
	assert_int_equal(!refused, config.bbml || !regions);
	system_close(&script->system);
	test_free(script);
}

/* ---- what is played
 * ------------------------------------------------------------------------------------------ */

#define EAGER	     SHADOW_COLLAPSE_EAGER
#define PATIENT	     SHADOW_COLLAPSE_PATIENT
#define NEVER	     SHADOW_COLLAPSE_NEVER
#define SINGLE	     SHADOW_START_SINGLE
#define CONCATENATED SHADOW_START_CONCATENATED

enum {
	HINT = 1,
	CACHED = 2, /* walks are not coherent */
	NO_RIL = 4,
	NESTED = 8,
	FWB = 16,
	REGIONS = 32,
	TWO = 64, /* SMMUs */
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
		{ 14, 32, 1, EAGER, HINT | NESTED, 0, 60 },
		{ 14, 32, 0, EAGER, HINT | CACHED | REGIONS, 0, 40 },
		{ 14, 36, 2, NEVER, HINT | CACHED | NO_RIL, 0, 60 },
		{ 14, 40, 0, NEVER, REGIONS | NO_RIL, CONCATENATED, 40 },
		{ 14, 40, 1, EAGER, HINT | CACHED | TWO, 0, 40 },
		{ 14, 40, 2, EAGER, HINT | NESTED | NO_RIL, SINGLE, 50 },
		{ 14, 48, 2, EAGER, HINT, 0, 4 },
		{ 14, 52, 1, EAGER, HINT | REGIONS, 0, 50 },
		{ 14, 52, 2, PATIENT, FWB | CACHED | NESTED, 0, 60 },
	};

	(void)state;
	PLAY_CHOICES(choices);
}

static void random_transitions_match_the_oracle_with_64_kib_pages(void **state)
{
	static const struct choice choices[] = {
		{ 16, 32, 2, EAGER, HINT | NO_RIL, 0, 40 },
		{ 16, 32, 1, NEVER, CACHED | REGIONS | TWO, 0, 40 },
		{ 16, 40, 1, EAGER, HINT | CACHED | NESTED, 0, 40 },
		{ 16, 40, 0, EAGER, REGIONS, 0, 30 },
		{ 16, 42, 2, PATIENT, HINT | FWB, 0, 40 },
		{ 16, 46, 2, EAGER, REGIONS | NO_RIL, CONCATENATED, 40 },
		{ 16, 48, 1, EAGER, HINT | NO_RIL, 0, 40 },
		{ 16, 48, 0, EAGER, HINT | REGIONS | NESTED, 0, 20 },
		{ 16, 52, 2, EAGER, HINT | CACHED, 0, 40 },
		{ 16, 52, 1, NEVER, FWB | TWO, 0, 40 },
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

/* Scattered and adjacent pages of two tables, in any order of CPUs: lines with several changes are cleaned
 * once. */
static void a_line_that_a_flush_changed_is_cleaned_once_and_no_other(void **state)
{
	static const uint64_t pages[] = { 3, 4, 5, 64, 65, 71, 72, 100, 508, 511, 512, 513, 600, 1023 };
	struct system_config config = system_config_default();
	const struct model_cache_counters *counters;
	struct model_cache_counters before;
	struct system system;
	uint64_t first;

	(void)state;
	config.coherent = false;
	config.no_evictions = true;
	config.collapse = NEVER;
	system_open(&system, &config);
	first = system.memory[0].start >> 12;
	assert_int_equal(system_transition(&system, 0, first, 1, SHADOW_STATE_NOPAGE), 0);
	assert_int_equal(system_transition(&system, 0, first + 1000, 1, SHADOW_STATE_NOPAGE), 0);
	system_flush_and_wait(&system);
	counters = model_cache_counters(system.cache);

	for (unsigned grant = 0; grant <= 1; grant++) {
		before = *counters;
		for (unsigned i = 0; i < sizeof(pages) / sizeof(pages[0]); i++)
			assert_int_equal(system_transition(&system, i % 4, first + pages[i], 1,
							   grant ? SHADOW_STATE_OWNED : SHADOW_STATE_NOPAGE),
					 0);
		(void)shadow_flush(system.engine);
		/* Lines of 8: 0, 8, 9, 12, 63; 0, 11, 63. A revoke's commands are cleaned too. */
		if (grant)
			assert_int_equal(counters->cleaned - before.cleaned, 8);
		else
			assert_in_range(counters->cleaned - before.cleaned, 9, 8 + 5);
		assert_int_equal(counters->redundant, before.redundant);
		system_flush_and_wait(&system);
	}
	for (unsigned i = 0; i < sizeof(pages) / sizeof(pages[0]); i++)
		system_expect(&system, first + pages[i]);
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
		cmocka_unit_test(a_line_that_a_flush_changed_is_cleaned_once_and_no_other),
		cmocka_unit_test(a_small_ring_wraps_under_random_transitions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
