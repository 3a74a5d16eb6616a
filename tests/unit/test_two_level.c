/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_two_level.c - stream tables of two levels: who is in one, who aborts, and what an SMMU keeps of them.
 */
#include "core_rig.h"

#include "smmuv3/smmu.h"

#define PAGE	 CORE_MEMORY_PAGE
#define SID_BITS 16u
#define SIDS	 (UINT32_C(1) << SID_BITS)

static struct core core;
static unsigned split, tables;

static void two_levels(unsigned number, struct shadow_smmu_config *config)
{
	(void)number;
	config->sid_bits = SID_BITS;
	config->sid_split = split;
	config->sid_tables = tables;
}

/* CORE_SID is let in by the rig, and is in the first table. */
static void set_up_with(unsigned sid_split, unsigned sid_tables)
{
	split = sid_split;
	tables = sid_tables;
	core_init(&core);
	core.smmu_differs = two_levels;
	core_up(&core);
}

static int set_up(void **state)
{
	(void)state;
	set_up_with(8, 3);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	core_down(&core);
	return 0;
}

static struct shadow_smmu *smmu(void)
{
	return core.smmu[0].smmu;
}

static enum model_fault fault_of(uint32_t sid)
{
	return model_dma(core.smmu[0].model, sid, PAGE << 12, true).fault;
}

static bool aborts(uint32_t sid)
{
	enum model_fault fault = fault_of(sid);

	return fault == MODEL_ABORT || fault == MODEL_C_BAD_STREAMID;
}

/* Those of @let_in, in ascending order, and no others. */
static void only_these_translate(const uint32_t *let_in, unsigned count)
{
	unsigned next = 0;

	for (uint32_t sid = 0; sid < SIDS; sid++) {
		bool expected = next < count && let_in[next] == sid;

		next += expected;
		if (aborts(sid) == expected)
			fail_msg("stream %#x of split %u %s", sid, split, expected ? "aborts" : "translates");
	}
	assert_true(aborts(SIDS));
	assert_true(aborts(UINT32_MAX));
	assert_int_equal(next, count);
	assert_int_equal(core.violations, 0);
}

static void every_stream_that_was_not_let_in_aborts(void **state)
{
	static const unsigned splits[] = { 6, 8, 10 };

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		uint32_t last = (1u << splits[i]) - 1;
		const uint32_t let_in[] = { CORE_SID, last, last + 1, SIDS - 1 };

		set_up_with(splits[i], 3);
		for (unsigned j = 1; j < 4; j++)
			assert_int_equal(shadow_smmu_stream(smmu(), let_in[j]), 0);

		only_these_translate(let_in, 4);
		assert_int_equal(core.report_count, 0);
		core_down(&core);
	}
}

/* What the SMMU had read of level 1 said that there is no table; other streams of it stay out. */
static void a_table_that_comes_later_is_seen_though_its_absence_was_cached(void **state)
{
	const uint32_t let_in[] = { CORE_SID, 0x4321 };

	(void)state;
	only_these_translate(let_in, 1);

	assert_int_equal(shadow_smmu_stream(smmu(), 0x4321), 0);

	only_these_translate(let_in, 2);
	core_revoke(&core, PAGE, 1);
	core_finish(&core);
	assert_int_equal(fault_of(0x4321), MODEL_F_TRANSLATION);
}

static void tables_that_are_not_set_aside_are_refused_and_the_stream_aborts(void **state)
{
	const uint32_t let_in[] = { CORE_SID, 0x100, 0x2ff };

	(void)state;
	assert_int_equal(shadow_smmu_stream(smmu(), 0x100), 0);
	assert_int_equal(shadow_smmu_stream(smmu(), 0x2ff), 0);

	assert_int_equal(shadow_smmu_stream(smmu(), 0x300), -SHADOW_ENOSPC);
	assert_int_equal(shadow_smmu_stream(smmu(), SIDS), -SHADOW_EINVAL);
	assert_int_equal(shadow_smmu_stream(smmu(), 0x100), -SHADOW_EBUSY);

	only_these_translate(let_in, 3);
}

/* Its entry has no place in memory. */
static void an_entry_that_is_not_there_reads_as_zeros(void **state)
{
	const uint64_t zeros[8] = { 0 };
	uint64_t ste[8];

	(void)state;
	shadow_smmu_ste(smmu(), 0x300, ste);
	assert_memory_equal(ste, zeros, sizeof(ste));
	shadow_smmu_ste(smmu(), CORE_SID + 1, ste);
	assert_int_equal(ste[0], 1);
	shadow_smmu_ste(smmu(), CORE_SID, ste);
	assert_int_equal(ste[0], 0xd);
}

static void tables_are_where_they_were_when_the_smmu_comes_back(void **state)
{
	const uint32_t let_in[] = { CORE_SID, 0x4321, 0xfff0 };

	(void)state;
	assert_int_equal(shadow_smmu_stream(smmu(), 0x4321), 0);
	only_these_translate(let_in, 2);
	assert_int_equal(shadow_smmu_detach(smmu()), 0);
	only_these_translate(NULL, 0);
	assert_int_equal(shadow_smmu_stream(smmu(), 0xfff0), 0);

	assert_int_equal(shadow_smmu_enable(smmu()), 0);

	only_these_translate(let_in, 3);
}

/* The entry of a device that is shut out is in a level-2 table as well. */
static void a_device_that_does_not_answer_is_shut_out_of_its_table(void **state)
{
	(void)state;
	tear_down(state);
	split = 6;
	tables = 2;
	core_init(&core);
	core.smmu_differs = two_levels;
	core.ats = true;
	core_up(&core);
	assert_int_equal(shadow_smmu_stream_ats(smmu(), 0x777, NULL), 0);
	assert_int_equal(fault_of(0x777), MODEL_OK);
	model_atc_mute(core.smmu[0].model, 0x777);
	assert_int_equal(model_atc_request(core.smmu[0].model, 0x777, PAGE << 12, true).fault, MODEL_OK);

	core_revoke(&core, PAGE, 1);
	core_finish(&core);

	assert_int_equal(fault_of(0x777), MODEL_ABORT);
	assert_true(model_atc_dma(core.smmu[0].model, 0x777, PAGE << 12, true).fault != MODEL_OK);
	assert_int_equal(model_dma(core.smmu[0].model, CORE_SID, (PAGE + 1) << 12, true).fault, MODEL_OK);
}

/* The pool has room for all of it, and for the tables of the worst case beside it. */
static void level_2_is_counted_in_the_pool(void **state)
{
	struct shadow_smmu_target_config config = core_target_config(&core);
	struct shadow_smmu_config device = core_smmu_config(&core, 0);
	uint64_t before;

	(void)state;
	device.sid_split = 10;
	device.sid_tables = 1;
	before = shadow_smmu_pool_bytes(&config, &device, 1);
	device.sid_tables = 200; /* 256 of 64 KiB */
	assert_true(shadow_smmu_pool_bytes(&config, &device, 1) - before >= 16u << 20);
	device.sid_bits = 32;
	device.sid_split = 6; /* level 1: 512 MiB; level 2: 1 MiB */
	assert_true(shadow_smmu_pool_bytes(&config, &device, 1) - before >= 512u << 20);

	for (unsigned i = 0; i < 7; i++) {
		device = core_smmu_config(&core, 0);
		if (i < 4)
			device.sid_split = (const unsigned[]){ 5, 7, 9, 11 }[i];
		else if (i == 4)
			device.sid_bits = 8;
		else
			device.sid_tables = i == 5 ? 0 : SHADOW_STREAMS_MAX + 1;
		assert_int_equal(shadow_smmu_pool_bytes(&config, &device, 1), 0);
	}
}

static void as_many_tables_as_there_may_be_fit_into_that_pool(void **state)
{
	uint32_t let_in[64] = { CORE_SID };

	tear_down(state);
	set_up_with(10, 64);
	for (unsigned i = 1; i < 64; i++) {
		let_in[i] = i << 10 | i;
		assert_int_equal(shadow_smmu_stream(smmu(), let_in[i]), 0);
	}
	only_these_translate(let_in, 64);
}

/* Behind the caches the SMMU finds the links and the entries as another does. */
static void behind_caches(unsigned number, struct model_config *config)
{
	(void)number;
	config->cohacc = false;
}

static uint64_t cleaned_links;

static void count_cleans(void *ctx, const void *start, size_t bytes)
{
	(void)ctx;
	(void)start;
	cleaned_links += bytes == sizeof(uint64_t);
}

static void a_link_is_cleaned_for_an_smmu_that_does_not_look_into_caches(void **state)
{
	(void)state;
	tear_down(state);
	core_init(&core);
	core.smmu_differs = two_levels;
	core.model_differs = behind_caches;
	platform_linux_set_clean(count_cleans, NULL);
	core_up(&core);
	cleaned_links = 0;

	assert_int_equal(shadow_smmu_stream(smmu(), 0x4321), 0);

	platform_linux_set_clean(NULL, NULL);
	assert_int_equal(cleaned_links, 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_stream_that_was_not_let_in_aborts),
		TEST(a_table_that_comes_later_is_seen_though_its_absence_was_cached),
		TEST(tables_that_are_not_set_aside_are_refused_and_the_stream_aborts),
		TEST(an_entry_that_is_not_there_reads_as_zeros),
		TEST(tables_are_where_they_were_when_the_smmu_comes_back),
		TEST(a_device_that_does_not_answer_is_shut_out_of_its_table),
		TEST(level_2_is_counted_in_the_pool),
		TEST(as_many_tables_as_there_may_be_fit_into_that_pool),
		TEST(a_link_is_cleaned_for_an_smmu_that_does_not_look_into_caches),
	};
#undef TEST

	return cmocka_run_group_tests_name("two_level", tests, NULL, NULL);
}
