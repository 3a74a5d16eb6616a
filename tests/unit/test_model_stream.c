/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_model_stream.c - the stream table and the configuration cache.
 *
 * Proves: linear and two-level tables are found, and their edges refused; an entry once read stays until a
 * CFGI reaches it, an invalid one too; level-1 descriptors survive a CFGI with Leaf=1; each Config does
 * what it says; the events are those of the specification.
 */
#include "model_rig.h"

#define LEVEL2 UINT64_C(0x40040000)

static struct rig rig;

static int setup(void **state)
{
	(void)state;
	rig_config(&rig);
	rig_up_mapped(&rig);
	return 0;
}

/* Two levels, SPLIT 6: StreamIDs 0..63 have a table of 32 entries, the others none. */
static int setup_two_level(void **state)
{
	(void)state;
	rig_config(&rig);
	rig_up_mapped(&rig);
	rig_cr0(&rig, 0xc);
	model_write32(rig.model, 0x88, RIG_SID_BITS | 6 << 6 | 1 << 16);
	for (unsigned word = 0; word < 8; word++)
		*rig_word(&rig, LEVEL2 + 64 * RIG_SID + 8 * word) =
			*rig_word(&rig, RIG_STRTAB + 64 * RIG_SID + 8 * word);
	for (unsigned word = 0; word < 8 * 32; word++)
		*rig_word(&rig, RIG_STRTAB + 8 * word) = 0;
	*rig_word(&rig, RIG_STRTAB) = LEVEL2 | 6;
	rig_cr0(&rig, 0xd);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	rig_free(&rig);
	return 0;
}

static enum model_fault fault_of(uint32_t sid)
{
	return model_dma(rig.model, sid, 0x1000, false).fault;
}

static uint64_t *ste(uint32_t sid)
{
	return rig_word(&rig, RIG_STRTAB + 64 * (uint64_t)sid);
}

static void entry_stays_cached_until_its_cfgi_and_sync(void **state)
{
	(void)state;
	assert_int_equal(fault_of(RIG_SID), MODEL_OK);
	ste(RIG_SID)[0] = 1; /* Config = abort */

	assert_int_equal(fault_of(RIG_SID), MODEL_OK);
	rig_sync(&rig, RIG_CFGI_STE(RIG_SID + 1), 1);
	assert_int_equal(fault_of(RIG_SID), MODEL_OK);
	rig_queue(&rig, RIG_CFGI_STE(RIG_SID), 1);
	rig_run(&rig);
	assert_int_equal(fault_of(RIG_SID), MODEL_OK);
	rig_sync(&rig, RIG_SYNC, 0);
	assert_int_equal(fault_of(RIG_SID), MODEL_ABORT);
}

static void invalid_entry_is_cached_as_well(void **state)
{
	(void)state;
	assert_int_equal(fault_of(3), MODEL_C_BAD_STE);
	rig_ste(&rig, 3, 6, RIG_VMID, rig_table(0));

	assert_int_equal(fault_of(3), MODEL_C_BAD_STE);
	rig_sync(&rig, RIG_CFGI_STE(3), 1);
	assert_int_equal(fault_of(3), MODEL_OK);
}

static void cfgi_refetches_at_once_what_is_still_invalid(void **state)
{
	(void)state;
	rig_sync(&rig, RIG_CFGI_STE(3), 1);
	rig_ste(&rig, 3, 6, RIG_VMID, rig_table(0));

	assert_int_equal(fault_of(3), MODEL_C_BAD_STE); /* so V=1 needs a CFGI of its own */
}

static void tlbi_never_touches_configuration(void **state)
{
	(void)state;
	assert_int_equal(fault_of(RIG_SID), MODEL_OK);
	ste(RIG_SID)[0] = 1;
	rig_sync(&rig, RIG_NSNH_ALL, 0);

	assert_int_equal(fault_of(RIG_SID), MODEL_OK);
}

static void cfgi_never_touches_the_tlb(void **state)
{
	(void)state;
	rig_expect_pa(&rig, 0x1000, 0x1000);
	rig_store(&rig, rig_table(3) + 8, 0);
	rig_sync(&rig, RIG_CFGI_ALL, 31);

	rig_expect_pa(&rig, 0x1000, 0x1000);
}

static void cfgi_range_covers_its_aligned_block_only(void **state)
{
	uint32_t sid;

	(void)state;
	for (sid = 0; sid < 64; sid++)
		assert_int_equal(fault_of(sid), sid == RIG_SID ? MODEL_OK : MODEL_C_BAD_STE);
	for (sid = 0; sid < 64; sid++)
		ste(sid)[0] = 1;
	rig_sync(&rig, UINT64_C(4) | UINT64_C(0x13) << 32, 2); /* 8 streams: 0x10 .. 0x17 */

	for (sid = 0; sid < 64; sid++) {
		if (sid != RIG_SID)
			assert_int_equal(fault_of(sid), sid >> 3 == 2 ? MODEL_ABORT : MODEL_C_BAD_STE);
	}
	assert_int_equal(fault_of(RIG_SID), MODEL_ABORT);
	rig_sync(&rig, RIG_CFGI_ALL, 31);
	assert_int_equal(fault_of(63), MODEL_ABORT);
}

static void every_configuration_does_what_it_says(void **state)
{
	static const struct {
		unsigned config;
		bool stage1;
		enum model_fault fault;
		bool bypass;
	} cases[] = {
		{ 0, false, MODEL_ABORT, false }, { 1, false, MODEL_ABORT, false },
		{ 2, false, MODEL_ABORT, false }, { 3, false, MODEL_ABORT, false },
		{ 4, false, MODEL_OK, true },	  { 5, false, MODEL_C_BAD_STE, false },
		{ 6, false, MODEL_OK, false },	  { 7, false, MODEL_C_BAD_STE, false },
		{ 5, true, MODEL_OK, true },	  { 7, true, MODEL_OK, false },
	};
	unsigned index;

	(void)state;
	for (index = 0; index < sizeof(cases) / sizeof(cases[0]); index++) {
		struct model_access access;

		rig_free(&rig);
		rig_config(&rig);
		rig.config.s1p = cases[index].stage1;
		rig_up_mapped(&rig);
		rig_ste(&rig, 9, cases[index].config, RIG_VMID, rig_table(0));
		access = model_dma(rig.model, 9, 0x1000, false);
		assert_int_equal(access.fault, cases[index].fault);
		assert_int_equal(access.bypass, cases[index].bypass);
	}
}

static void stream_beyond_the_table_is_refused_and_recorded_on_request(void **state)
{
	(void)state;
	assert_int_equal(fault_of(1u << RIG_SID_BITS), MODEL_C_BAD_STREAMID);
	assert_int_equal(fault_of(UINT32_MAX), MODEL_C_BAD_STREAMID);
	assert_int_equal(model_event_count(rig.model, MODEL_C_BAD_STREAMID), 0);

	rig_cr0(&rig, 0xc);
	model_write32(rig.model, 0x2c, 0x2); /* RECINVSID */
	model_write32(rig.model, 0x88, 4);
	rig_cr0(&rig, 0xd);
	assert_int_equal(fault_of(0x11), MODEL_C_BAD_STREAMID);
	assert_int_equal(model_event_count(rig.model, MODEL_C_BAD_STREAMID), 1);
}

static void unreadable_entry_is_a_fetch_fault_with_its_address(void **state)
{
	uint64_t *event = rig_word(&rig, RIG_EVTQ);

	(void)state;
	rig_cr0(&rig, 0xc);
	model_write64(rig.model, 0x80, 0x90000000);
	rig_cr0(&rig, 0xd);

	assert_int_equal(fault_of(2), MODEL_F_STE_FETCH);
	assert_int_equal(event[0], UINT64_C(0x200000003));
	assert_int_equal(event[3], 0x90000080);
}

static void two_level_table_is_followed(void **state)
{
	(void)state;
	assert_int_equal(fault_of(RIG_SID), MODEL_OK);
	assert_int_equal(fault_of(31), MODEL_C_BAD_STE);
	assert_int_equal(fault_of(32), MODEL_C_BAD_STREAMID); /* beyond Span */
	assert_int_equal(fault_of(64), MODEL_C_BAD_STREAMID); /* Span 0 */
}

static void level1_descriptor_with_too_large_a_span_is_refused_and_reported(void **state)
{
	(void)state;
	*rig_word(&rig, RIG_STRTAB + 8) = LEVEL2 | 8; /* SPLIT is 6, so 7 is a full table */
	assert_int_equal(fault_of(64 + RIG_SID), MODEL_C_BAD_STREAMID);

	assert_int_equal(rig.last.rule, MODEL_RULE_STREAM_TABLE);
	assert_int_equal(rig.last.pa, RIG_STRTAB + 8);
}

static void reserved_bits_of_a_level1_descriptor_are_reported(void **state)
{
	(void)state;
	*rig_word(&rig, RIG_STRTAB + 8) = LEVEL2 | 7 | UINT64_C(1) << 56;
	assert_int_equal(fault_of(64 + RIG_SID), MODEL_OK);
	assert_int_equal(rig.violations, 1);
	*rig_word(&rig, RIG_STRTAB + 16) = LEVEL2 | 7 | 1 << 5;
	assert_int_equal(fault_of(128 + RIG_SID), MODEL_OK);

	assert_int_equal(rig.violations, 2);
	assert_int_equal(rig.last.rule, MODEL_RULE_STREAM_TABLE);
}

/* Others that it had read stay. */
static void cfgi_takes_the_level1_descriptor_of_its_streams_only(void **state)
{
	(void)state;
	assert_int_equal(fault_of(64), MODEL_C_BAD_STREAMID);
	assert_int_equal(fault_of(128), MODEL_C_BAD_STREAMID);
	*rig_word(&rig, RIG_STRTAB + 8) = LEVEL2 | 7;
	*rig_word(&rig, RIG_STRTAB + 16) = LEVEL2 | 7;

	rig_sync(&rig, RIG_CFGI_STE(64), 0);

	assert_int_equal(fault_of(64 + RIG_SID), MODEL_OK);
	assert_int_equal(fault_of(128 + RIG_SID), MODEL_C_BAD_STREAMID);
	rig_sync(&rig, UINT64_C(4) | UINT64_C(128) << 32, 5);
	assert_int_equal(fault_of(128 + RIG_SID), MODEL_OK);
}

static void cfgi_range_reaches_beyond_what_was_never_used(void **state)
{
	uint32_t sid;

	(void)state;
	rig_free(&rig);
	rig_config(&rig);
	rig.config.sid_bits = 10;
	rig_new(&rig);
	rig_enable(&rig);
	rig_cr0(&rig, 0xc);
	model_write32(rig.model, 0x88, 10);
	rig_cr0(&rig, 0xd);
	for (sid = 300; sid < 1024; sid += 300)
		assert_int_equal(fault_of(sid), MODEL_C_BAD_STE);
	for (sid = 300; sid < 1024; sid += 300)
		ste(sid)[0] = 1;

	rig_sync(&rig, UINT64_C(4), 9); /* 1024 streams, not ALL; the first 256 were never used */
	for (sid = 300; sid < 1024; sid += 300)
		assert_int_equal(fault_of(sid), MODEL_ABORT);
}

static void level1_descriptor_is_cached_until_a_cfgi_that_is_not_leaf(void **state)
{
	(void)state;
	assert_int_equal(fault_of(64), MODEL_C_BAD_STREAMID);
	*rig_word(&rig, RIG_STRTAB + 8) = LEVEL2 | 7;

	assert_int_equal(fault_of(64), MODEL_C_BAD_STREAMID);
	rig_sync(&rig, RIG_CFGI_STE(64), 1);
	assert_int_equal(fault_of(64), MODEL_C_BAD_STREAMID);
	rig_sync(&rig, RIG_CFGI_STE(64), 0);
	assert_int_equal(fault_of(64 + RIG_SID), MODEL_OK);
}

static void misaligned_level2_table_is_reported(void **state)
{
	(void)state;
	*rig_word(&rig, RIG_STRTAB + 16) = (LEVEL2 + 0x40) | 6;
	fault_of(130);

	assert_int_equal(rig.violations, 1);
	assert_int_equal(rig.last.rule, MODEL_RULE_ALIGNMENT);
}

static void misaligned_start_table_is_reported(void **state)
{
	(void)state;
	rig_ste(&rig, 9, 6, RIG_VMID, rig_table(1)); /* two concatenated tables need 8 KiB */
	fault_of(9);

	assert_true(rig.violations >= 1);
	assert_int_equal(model_counters(rig.model)->violations[MODEL_RULE_ALIGNMENT], 1);
}

static void probe_caches_nothing(void **state)
{
	(void)state;
	assert_int_equal(model_probe(rig.model, 3, 0x1000, false).fault, MODEL_C_BAD_STE);
	rig_ste(&rig, 3, 6, RIG_VMID, rig_table(0));

	assert_int_equal(model_probe(rig.model, 3, 0x1000, false).fault, MODEL_OK);
	assert_int_equal(model_event_count(rig.model, MODEL_C_BAD_STE), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(entry_stays_cached_until_its_cfgi_and_sync, setup, teardown),
		cmocka_unit_test_setup_teardown(invalid_entry_is_cached_as_well, setup, teardown),
		cmocka_unit_test_setup_teardown(cfgi_refetches_at_once_what_is_still_invalid, setup,
						teardown),
		cmocka_unit_test_setup_teardown(tlbi_never_touches_configuration, setup, teardown),
		cmocka_unit_test_setup_teardown(cfgi_never_touches_the_tlb, setup, teardown),
		cmocka_unit_test_setup_teardown(cfgi_range_covers_its_aligned_block_only, setup, teardown),
		cmocka_unit_test_setup_teardown(every_configuration_does_what_it_says, setup, teardown),
		cmocka_unit_test_setup_teardown(stream_beyond_the_table_is_refused_and_recorded_on_request,
						setup, teardown),
		cmocka_unit_test_setup_teardown(unreadable_entry_is_a_fetch_fault_with_its_address, setup,
						teardown),
		cmocka_unit_test_setup_teardown(two_level_table_is_followed, setup_two_level, teardown),
		cmocka_unit_test_setup_teardown(level1_descriptor_with_too_large_a_span_is_refused_and_reported,
						setup_two_level, teardown),
		cmocka_unit_test_setup_teardown(reserved_bits_of_a_level1_descriptor_are_reported,
						setup_two_level, teardown),
		cmocka_unit_test_setup_teardown(cfgi_takes_the_level1_descriptor_of_its_streams_only,
						setup_two_level, teardown),
		cmocka_unit_test_setup_teardown(cfgi_range_reaches_beyond_what_was_never_used, setup,
						teardown),
		cmocka_unit_test_setup_teardown(level1_descriptor_is_cached_until_a_cfgi_that_is_not_leaf,
						setup_two_level, teardown),
		cmocka_unit_test_setup_teardown(misaligned_level2_table_is_reported, setup_two_level,
						teardown),
		cmocka_unit_test_setup_teardown(misaligned_start_table_is_reported, setup, teardown),
		cmocka_unit_test_setup_teardown(probe_caches_nothing, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
