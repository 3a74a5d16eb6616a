/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_smmu.c - probe, bring-up, close and stream table against a register file that records.
 *
 * Offsets and bits are the specification's numbers.
 */
#include "smmuv3/smmu.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "smmuv3/stream.h"
#include "tests/unit/fake_smmu.h"

#define GBPA	    0x44
#define CR0	    0x20
#define GBPA_UPDATE (1u << 31)
#define GBPA_ABORT  (1u << 20)
#define CMDQEN	    (1u << 3)
#define EVENTQEN    (1u << 2)
#define SMMUEN	    (1u << 0)
#define NUMBER	    3

static struct shadow_smmu smmu;
static _Atomic uint32_t completing;
static struct shadow_smmu_config config;
static struct smmu_needs needs;
static struct smmu_memory memory;

static void prepare(void)
{
	fake_reset();
	config = (struct shadow_smmu_config){
		.registers = fake.registers,
		.cmdq_lg2 = 4,
		.evtq_lg2 = 3,
		.sid_bits = 5,
		.wait_ns = 10000,
	};
	needs = (struct smmu_needs){ .bbml = 2, .granule_lg2 = 12 };
	memory.strtab = fake_memory(64 << 5);
	memory.cmdq = fake_memory(16 << 4);
	memory.evtq = fake_memory(32 << 3);
	memory.strtab_pa.addr = (uintptr_t)memory.strtab;
	memory.cmdq_pa.addr = (uintptr_t)memory.cmdq;
	memory.evtq_pa.addr = (uintptr_t)memory.evtq;
}

static int bring_up(void)
{
	int error = smmu_probe(&smmu, &config, &needs, NUMBER);

	return error != 0 ? error : smmu_bring_up(&smmu, &memory, &completing);
}

static void prepare_running(void)
{
	prepare();
	assert_int_equal(bring_up(), 0);
	fake.write_count = 0;
	fake.command_count = 0;
}

/* ---- probe -------------------------------------------------------------------------------------- */

static void a_probe_reads_what_the_smmu_is_and_writes_nothing(void **state)
{
	(void)state;
	prepare();

	assert_int_equal(smmu_probe(&smmu, &config, &needs, NUMBER), 0);

	assert_int_equal(fake.write_count, 0);
	assert_int_equal(smmu.number, NUMBER);
	assert_int_equal(smmu.iidr, 0x4831043b);
	assert_int_equal(smmu.bbml, 2);
	assert_int_equal(smmu_oas_bits(smmu.oas), 48);
	assert_true(smmu.ril);
	assert_true(smmu.vmid16);
	assert_true(smmu.coherent);
	assert_false(smmu.hyp);
	assert_false(smmu.ats);
}

static void range_invalidation_can_be_declined(void **state)
{
	(void)state;
	prepare();
	config.no_ril = true;

	assert_int_equal(smmu_probe(&smmu, &config, &needs, NUMBER), 0);

	assert_false(smmu.ril);
}

static void set_fields(uint32_t offset, uint32_t clear, uint32_t set)
{
	fake_set(offset, (fake_get(offset) & ~clear) | set);
}

static void an_smmu_that_lacks_something_is_refused_untouched(void **state)
{
	static const struct {
		const char *what;
		uint32_t offset, clear, set;
		enum shadow_smmu_refusal refusal;
	} cases[] = {
		{ "stage 2", 0x00, 1u << 0, 0, SHADOW_REFUSAL_STAGE_2 },
		{ "AArch64 tables", 0x00, 3u << 2, 1u << 2, SHADOW_REFUSAL_AARCH64 },
		{ "little-endian tables", 0x00, 0, 3u << 21, SHADOW_REFUSAL_ENDIAN },
		{ "faults that do not stall", 0x00, 3u << 24, 2u << 24, SHADOW_REFUSAL_STALL },
		{ "16 command entries", 0x04, 31u << 21, 3u << 21, SHADOW_REFUSAL_CMDQ_SIZE },
		{ "8 event entries", 0x04, 31u << 16, 2u << 16, SHADOW_REFUSAL_EVTQ_SIZE },
		{ "32 streams", 0x04, 63u, 4u, SHADOW_REFUSAL_SID_SIZE },
		{ "a stream table of its own", 0x04, 0, 1u << 30, SHADOW_REFUSAL_TABLE_PRESET },
		{ "queues of its own", 0x04, 0, 1u << 29, SHADOW_REFUSAL_QUEUES_PRESET },
	};

	(void)state;

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		prepare();
		set_fields(cases[i].offset, cases[i].clear, cases[i].set);

		if (smmu_probe(&smmu, &config, &needs, NUMBER) != -SHADOW_ENODEV)
			fail_msg("an SMMU without %s was not refused", cases[i].what);
		if (smmu.refusal != cases[i].refusal)
			fail_msg("an SMMU without %s was refused for %d", cases[i].what, smmu.refusal);
		assert_int_equal(fake.write_count, 0);
	}
}

#define FWB	      (1u << 8) /* IDR3 */
#define GRAN4	      (1u << 4) /* IDR5 */
#define GRAN16	      (1u << 5)
#define GRAN64	      (1u << 6)
#define DS	      (1u << 7)
#define OAS(encoding) (encoding)

/* What a target needs, one SMMU that has just that, and the SMMUs that lack one thing of it each. */
static void an_smmu_that_lacks_what_the_target_needs_is_refused_untouched(void **state)
{
	static const struct {
		const char *what;
		struct smmu_needs needs;
		uint32_t idr3, idr5;
		enum shadow_smmu_refusal refusal;
	} cases[] = {
		{ "4 KiB", { 0, 12, false, false }, 0, GRAN4 | OAS(5), SHADOW_REFUSAL_NONE },
		{ "no 4 KiB", { 0, 12, false, false }, 0, GRAN16 | GRAN64 | OAS(5), SHADOW_REFUSAL_GRANULE },
		{ "16 KiB", { 0, 14, false, false }, 0, GRAN16 | OAS(5), SHADOW_REFUSAL_NONE },
		{ "no 16 KiB", { 0, 14, false, false }, 0, GRAN4 | GRAN64 | OAS(5), SHADOW_REFUSAL_GRANULE },
		{ "64 KiB", { 0, 16, false, false }, 0, GRAN64 | OAS(5), SHADOW_REFUSAL_NONE },
		{ "no 64 KiB", { 0, 16, false, false }, 0, GRAN4 | GRAN16 | OAS(5), SHADOW_REFUSAL_GRANULE },
		{ "BBM level 1", { 1, 12, false, false }, 1u << 11, GRAN4 | OAS(5), SHADOW_REFUSAL_NONE },
		{ "BBM level 0 for 1", { 1, 12, false, false }, 0, GRAN4 | OAS(5), SHADOW_REFUSAL_BBML },
		{ "BBM level 2", { 2, 12, false, false }, 2u << 11, GRAN4 | OAS(5), SHADOW_REFUSAL_NONE },
		{ "BBM level 2 for 1", { 1, 12, false, false }, 2u << 11, GRAN4 | OAS(5), SHADOW_REFUSAL_NONE },
		{ "BBM level 1 for 2", { 2, 12, false, false }, 1u << 11, GRAN4 | OAS(5), SHADOW_REFUSAL_BBML },
		{ "BBM level 0 for 2", { 2, 12, false, false }, 0, GRAN4 | OAS(5), SHADOW_REFUSAL_BBML },
		{ "FWB", { 0, 12, true, false }, FWB, GRAN4 | OAS(5), SHADOW_REFUSAL_NONE },
		{ "no FWB", { 0, 12, true, false }, 0xffffffff & ~FWB, GRAN4 | OAS(5), SHADOW_REFUSAL_FWB },
		{ "52 bits in 4 KiB", { 0, 12, false, true }, 0, GRAN4 | DS | OAS(6), SHADOW_REFUSAL_NONE },
		{ "52 bits in 4 KiB of 56", { 0, 12, false, true }, 0, GRAN4 | DS | OAS(7), SHADOW_REFUSAL_NONE },
		{ "52 bits in 4 KiB, no DS", { 0, 12, false, true }, 0, GRAN4 | GRAN64 | OAS(6), SHADOW_REFUSAL_LARGE },
		{ "52 bits in 4 KiB, OAS 48", { 0, 12, false, true }, 0, GRAN4 | DS | OAS(5), SHADOW_REFUSAL_LARGE },
		{ "52 bits in 16 KiB", { 0, 14, false, true }, 0, GRAN16 | DS | OAS(6), SHADOW_REFUSAL_NONE },
		{ "52 bits in 16 KiB, no DS", { 0, 14, false, true }, 0, GRAN16 | GRAN64 | OAS(6), SHADOW_REFUSAL_LARGE },
		{ "52 bits in 16 KiB, OAS 48", { 0, 14, false, true }, 0, GRAN16 | DS | OAS(5), SHADOW_REFUSAL_LARGE },
		{ "52 bits in 64 KiB", { 0, 16, false, true }, 0, GRAN64 | OAS(6), SHADOW_REFUSAL_NONE },
		{ "52 bits in 64 KiB, OAS 48", { 0, 16, false, true }, 0, GRAN64 | DS | OAS(5), SHADOW_REFUSAL_LARGE },
	};

	(void)state;

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		prepare();
		fake_set(0x0c, cases[i].idr3);
		fake_set(0x14, cases[i].idr5);

		if (smmu_probe(&smmu, &config, &cases[i].needs, NUMBER) != (cases[i].refusal ? -SHADOW_ENODEV : 0) ||
		    smmu.refusal != cases[i].refusal)
			fail_msg("%s", cases[i].what);
		assert_int_equal(fake.write_count, 0);
	}
}

static void an_smmu_that_does_not_look_into_caches_serves(void **state)
{
	(void)state;
	prepare();
	fake_set_incoherent();

	assert_int_equal(smmu_probe(&smmu, &config, &needs, NUMBER), 0);

	assert_false(smmu.coherent);
}

static void stage_1_is_needed_for_nested_streams_only(void **state)
{
	(void)state;
	prepare();
	fake_set(0x00, fake_get(0x00) & ~2u);

	assert_int_equal(smmu_probe(&smmu, &config, &needs, NUMBER), 0);
	assert_int_equal(smmu.refusal, SHADOW_REFUSAL_NONE);
	config.nested = true;
	assert_int_equal(smmu_probe(&smmu, &config, &needs, NUMBER), -SHADOW_ENODEV);
	assert_int_equal(smmu.refusal, SHADOW_REFUSAL_STAGE_1);
}

static void two_levels_of_the_stream_table_are_needed_where_asked_for_only(void **state)
{
	(void)state;
	prepare();
	config.sid_bits = 12;
	config.sid_tables = 1;
	assert_int_equal(smmu_probe(&smmu, &config, &needs, NUMBER), 0);

	for (config.sid_split = 6; config.sid_split <= 10; config.sid_split += 2) {
		fake_set(0x00, fake_get(0x00) & ~(3u << 27));
		assert_int_equal(smmu_probe(&smmu, &config, &needs, NUMBER), -SHADOW_ENODEV);
		assert_int_equal(smmu.refusal, SHADOW_REFUSAL_ST_LEVEL);
		fake_set(0x00, fake_get(0x00) | 1u << 27);
		assert_int_equal(smmu_probe(&smmu, &config, &needs, NUMBER), 0);
	}
	assert_int_equal(fake.write_count, 0);
}

static void a_lower_bbm_level_serves_who_asks_for_less(void **state)
{
	(void)state;
	prepare();
	fake_set(0x0c, 0);
	needs.bbml = 0;

	assert_int_equal(smmu_probe(&smmu, &config, &needs, NUMBER), 0);

	assert_int_equal(smmu.bbml, 0);
	assert_false(smmu.ril);
}

static void both_table_formats_serve_as_well(void **state)
{
	(void)state;
	prepare();
	fake_set(0x00, fake_get(0x00) | 3u << 2);

	assert_int_equal(smmu_probe(&smmu, &config, &needs, NUMBER), 0);
}

static void a_small_output_size_is_not_an_error(void **state)
{
	(void)state;

	for (unsigned oas = 0; oas < 8; oas++) {
		prepare();
		fake_set(0x14, 1u << 4 | oas);

		assert_int_equal(smmu_probe(&smmu, &config, &needs, NUMBER), 0);
		assert_int_equal(smmu.oas, oas);
	}
}

static void a_configuration_out_of_range_is_refused_unread(void **state)
{
	(void)state;

	for (unsigned i = 0; i < 19; i++) {
		prepare();
		config.sid_tables = 1;
		switch (i) {
		case 0:
			config.cmdq_lg2 = 1;
			break;
		case 1:
			config.cmdq_lg2 = 20;
			break;
		case 2:
			config.evtq_lg2 = 1;
			break;
		case 3:
			config.evtq_lg2 = 20;
			break;
		case 4:
			config.sid_bits = 33;
			break;
		case 5:
			config.wait_ns = 0;
			break;
		case 6:
			config.wait_ns = SHADOW_WAIT_NS_MAX + 1;
			break;
		case 7:
			needs.bbml = 3;
			break;
		case 8:
			needs.granule_lg2 = 0;
			break;
		case 9:
			needs.granule_lg2 = 13;
			break;
		case 10:
			needs.granule_lg2 = 18;
			break;
		case 11:
			config.errata = SHADOW_ERRATA_ALL + 1;
			break;
		case 12:
			config.cost.vmid = 1; /* but no command */
			break;
		case 13:
			config.cost = (struct shadow_tlbi_cost){ .command = SHADOW_TLBI_COST_MAX + 1, .share = 1 };
			break;
		case 14:
			config.sid_split = 7;
			config.sid_bits = 16;
			break;
		case 15:
			config.sid_split = config.sid_bits = 8;
			break;
		case 16:
			config.sid_split = 8;
			config.sid_bits = 33;
			break;
		case 17:
			config.sid_split = 8;
			config.sid_bits = 16;
			config.sid_tables = 0;
			break;
		case 18:
			config.sid_split = 8;
			config.sid_bits = 16;
			config.sid_tables = SHADOW_STREAMS_MAX + 1;
			break;
		}

		assert_int_equal(smmu_probe(&smmu, &config, &needs, NUMBER), -SHADOW_EINVAL);
		assert_int_equal(fake.reads, 0);
	}
}

/* ---- bring-up ----------------------------------------------------------------------------------- */

static void bring_up_follows_the_order_of_the_specification(void **state)
{
	unsigned at;

	(void)state;
	prepare();
	fake_set(CR0, SMMUEN | CMDQEN);
	fake_set(0x24, SMMUEN | CMDQEN);

	assert_int_equal(bring_up(), 0);

	/* GBPA first of all, as a whole word; then everything off. */
	assert_int_equal(fake.writes[0].offset, GBPA);
	assert_int_equal(fake.writes[0].value, 0x1000 | GBPA_ABORT | GBPA_UPDATE);
	assert_int_equal(fake.writes[1].offset, CR0);
	assert_int_equal(fake.writes[1].value, 0);
	at = fake_find_write(0x28, 2, 0xffffffff, 0xd75);
	at = fake_find_write(0x2c, at, 0xffffffff, 1u << 2 | 1u << 1);
	at = fake_find_write(0x80, at, UINT64_MAX, memory.strtab_pa.addr | UINT64_C(1) << 62);
	at = fake_find_write(0x88, at, 0xffffffff, 5);
	at = fake_find_write(0x90, at, UINT64_MAX, memory.cmdq_pa.addr | UINT64_C(1) << 62 | 4);
	at = fake_find_write(0x98, at, 0xffffffff, 0);
	at = fake_find_write(0x9c, at, 0xffffffff, 0);
	at = fake_find_write(CR0, at, 0xffffffff, CMDQEN);
	at = fake_find_write(0x98, at, 0xffffffff, 2);
	at = fake_find_write(0x98, at, 0xffffffff, 4);
	at = fake_find_write(0xa0, at, UINT64_MAX, memory.evtq_pa.addr | UINT64_C(1) << 62 | 3);
	at = fake_find_write(0x100a8, at, 0xffffffff, 0);
	at = fake_find_write(0x100ac, at, 0xffffffff, 0);
	at = fake_find_write(CR0, at, 0xffffffff, CMDQEN | EVENTQEN);
	at = fake_find_write(CR0, at, 0xffffffff, CMDQEN | EVENTQEN | SMMUEN);
	assert_int_equal(at, fake.write_count - 1);

	assert_int_equal(fake_get(GBPA), 0x1000 | GBPA_ABORT);
	assert_int_equal(fake.report_count, 0);
	assert_false(smmu.closed);
}

static void smmuen_is_set_only_after_the_caches_are_known_to_be_empty(void **state)
{
	(void)state;
	prepare();

	assert_int_equal(bring_up(), 0);

	assert_int_equal(fake.command_count, 4);
	assert_int_equal(fake.commands[0].word[0], 0x04);
	assert_int_equal(fake.commands[0].word[1], 31);
	assert_int_equal(fake.commands[1].word[0], 0x46);
	assert_int_equal(fake.commands[2].word[0], 0x30);
	assert_int_equal(fake.commands[3].word[0], 0x46);
	assert_true(cmdq_passed(&smmu.cmdq, 3));
}

/* Level 1 leads nowhere at first, and all that it may lead to aborts. */
static void a_stream_table_of_two_levels_is_made_known_as_one(void **state)
{
	const unsigned levels = 12 | 8 << 6 | 1 << 16;

	(void)state;
	prepare();
	fake_set(0x00, fake_get(0x00) | 1u << 27);
	config.sid_bits = 12;
	config.sid_split = 8;
	config.sid_tables = 3;
	memory.strtab = fake_memory(8 << 4);
	memory.strtab_pa.addr = (uintptr_t)memory.strtab;
	memory.level2 = fake_memory(64 << 10);
	memory.level2_pa.addr = (uintptr_t)memory.level2;
	memset(memory.strtab, 0xff, 8 << 4);

	assert_int_equal(bring_up(), 0);

	fake_find_write(0x88, fake_find_write(0x80, 0, UINT64_MAX, memory.strtab_pa.addr | UINT64_C(1) << 62), UINT32_MAX,
			levels);
	for (unsigned i = 0; i < 16; i++)
		assert_int_equal(memory.strtab[i], 0);
	for (unsigned i = 0; i < 8 << 10; i++)
		assert_int_equal(memory.level2[i], i % 8 == 0);
	assert_int_equal(stream_reserve(&smmu, 0x512), 0);
	assert_int_equal(stream_reserve(&smmu, 0xf00), 0);
	assert_int_equal(memory.strtab[5], memory.level2_pa.addr | 9);
	assert_int_equal(memory.strtab[15], (memory.level2_pa.addr + (64 << 8)) | 9);

	memory.level2_pa.addr += 64 << 9;
	assert_int_equal(smmu_bring_up(&smmu, &memory, &completing), -SHADOW_EINVAL);
}

static void el2_entries_go_too_where_there_are_any(void **state)
{
	(void)state;
	prepare();
	fake_set(0x00, fake_get(0x00) | 1u << 9);

	assert_int_equal(bring_up(), 0);

	assert_int_equal(fake.command_count, 5);
	assert_int_equal(fake.commands[2].word[0], 0x20);
	assert_int_equal(fake.commands[3].word[0], 0x30);
}

static void translated_requests_are_checked_where_ats_exists(void **state)
{
	unsigned at;

	(void)state;
	prepare();
	fake_set(0x00, fake_get(0x00) | 1u << 10);

	assert_int_equal(bring_up(), 0);

	at = fake_find_write(CR0, 0, 0xffffffff, CMDQEN | EVENTQEN | 1u << 4);
	fake_find_write(CR0, at, 0xffffffff, CMDQEN | EVENTQEN | 1u << 4 | SMMUEN);
}

static void every_stream_aborts_after_bring_up(void **state)
{
	(void)state;
	prepare();
	memset(memory.strtab, 0xff, 64 << 5);

	assert_int_equal(bring_up(), 0);

	for (unsigned sid = 0; sid < 32; sid++) {
		struct smmu_ste ste = stream_get(&smmu, sid);

		assert_int_equal(ste.word[0], 1);
		for (unsigned i = 1; i < 8; i++)
			assert_int_equal(ste.word[i], 0);
	}
}

static void errors_left_by_a_former_user_are_acknowledged(void **state)
{
	(void)state;
	prepare();
	fake_set(0x60, 1u << 0 | 1u << 2);

	assert_int_equal(bring_up(), 0);

	assert_int_equal(fake_get(0x64), fake_get(0x60));
}

static void assert_shut(int error)
{
	assert_int_equal(bring_up(), error);

	assert_true(smmu.closed);
	assert_false(smmu.isolation_lost);
	assert_int_equal(fake_get(GBPA), 0x1000 | GBPA_ABORT);
	assert_int_equal(fake_get(0x24) & SMMUEN, 0);
	assert_int_equal(fake.report_count, 1);
	assert_int_equal(fake.reports[0].what, PLATFORM_REPORT_SMMU_CLOSED);
	assert_int_equal(fake.reports[0].a, NUMBER);
	assert_int_equal(cmdq_poll(&smmu.cmdq), -SHADOW_EIO);
}

static void service_failure_is_not_brought_up(void **state)
{
	(void)state;
	prepare();
	fake_set(0x60, 1u << 8);

	assert_shut(-SHADOW_EIO);
	assert_int_equal(fake.reports[0].b, 1u << 8 | (uint64_t)SHADOW_SMMU_SERVICE << 32);
}

static void every_enable_that_is_not_acknowledged_ends_in_abort(void **state)
{
	static const uint32_t fields[] = { CMDQEN, EVENTQEN, 1u << 4, SMMUEN };

	(void)state;

	for (unsigned i = 0; i < 4; i++) {
		uint64_t start_ns;

		prepare();
		fake_set(0x00, fake_get(0x00) | 1u << 10);
		fake.ack_blocked = fields[i];
		start_ns = fake.time_ns;

		assert_shut(-SHADOW_ETIMEDOUT);
		assert_in_range(fake.time_ns - start_ns, config.wait_ns, 2 * config.wait_ns);
		assert_true(fake_get(CR0) == 0 || !(fake_get(CR0) & SMMUEN));
	}
}

static void commands_that_never_complete_end_in_abort(void **state)
{
	(void)state;
	prepare();
	fake.stalled = true;

	assert_shut(-SHADOW_ETIMEDOUT);
}

static void every_refused_command_of_the_bring_up_is_repaired(void **state)
{
	(void)state;

	for (unsigned position = 0; position < 4; position++) {
		prepare();
		fake.refuse_position = position;
		fake.refuse_times = 1;
		fake.refuse_error = 1;

		assert_int_equal(bring_up(), 0);
		assert_int_equal(fake.command_count, 4);
		assert_int_equal(smmu.cmdq.repaired, 1);
	}
}

static void every_broken_command_of_the_bring_up_ends_in_abort(void **state)
{
	(void)state;

	for (unsigned position = 0; position < 4; position++) {
		prepare();
		fake.refuse_position = position;
		fake.refuse_times = 1;
		fake.refuse_error = 2;

		assert_shut(-SHADOW_EIO);
	}
}

static void an_smmu_that_cannot_be_made_to_abort_is_not_disabled(void **state)
{
	(void)state;

	for (unsigned i = 0; i < 3; i++) {
		prepare();
		fake_set(CR0, SMMUEN);
		fake_set(0x24, SMMUEN);
		fake.update_stuck = i != 1;
		fake.abort_ignored = i == 1;
		if (i == 2)
			fake_set(GBPA, GBPA_UPDATE);

		assert_int_equal(bring_up(), i == 1 ? -SHADOW_EIO : -SHADOW_ETIMEDOUT);
		assert_true(smmu.isolation_lost);
		assert_false(smmu.closed);
		assert_int_equal(fake_get(0x24), SMMUEN);
		assert_int_equal(fake.report_count, 1);
		assert_int_equal(fake.reports[0].what, PLATFORM_REPORT_ISOLATION_LOST);
	}
}

static void an_smmu_that_does_not_let_go_is_reported(void **state)
{
	(void)state;
	prepare();
	fake_set(CR0, SMMUEN);
	fake_set(0x24, SMMUEN);
	fake.ack_blocked = SMMUEN;

	assert_int_equal(bring_up(), -SHADOW_ETIMEDOUT);

	assert_true(smmu.isolation_lost);
	assert_int_equal(fake.reports[0].what, PLATFORM_REPORT_ISOLATION_LOST);
	/* Nothing but GBPA and CR0 was written. */
	for (unsigned i = 0; i < fake.write_count; i++)
		assert_true(fake.writes[i].offset == GBPA || fake.writes[i].offset == CR0);
}

static void misplaced_memory_is_refused_untouched(void **state)
{
	(void)state;

	for (unsigned i = 0; i < 7; i++) {
		prepare();
		assert_int_equal(smmu_probe(&smmu, &config, &needs, NUMBER), 0);
		switch (i) {
		case 0:
			memory.strtab_pa.addr += 64;
			break;
		case 1:
			memory.cmdq_pa.addr += 128;
			break;
		case 2:
			memory.evtq_pa.addr += 128;
			break;
		case 3:
			memory.strtab_pa.addr = UINT64_C(1) << 48;
			break;
		case 4:
			memory.cmdq_pa.addr = UINT64_C(1) << 48;
			break;
		case 5:
			memory.evtq_pa.addr = UINT64_C(1) << 48;
			break;
		case 6:
			memory.evtq = NULL;
			break;
		}

		assert_int_equal(smmu_bring_up(&smmu, &memory, &completing), -SHADOW_EINVAL);
		assert_int_equal(fake.write_count, 0);
	}
}

/* ---- close -------------------------------------------------------------------------------------- */

static void closing_sets_abort_before_it_disables_and_happens_once(void **state)
{
	(void)state;
	prepare_running();

	assert_int_equal(smmu_close(&smmu), 0);

	assert_int_equal(fake.write_count, 2);
	assert_int_equal(fake.writes[0].offset, GBPA);
	assert_int_equal(fake.writes[0].value, 0x1000 | GBPA_ABORT | GBPA_UPDATE);
	assert_int_equal(fake.writes[1].offset, CR0);
	assert_int_equal(fake.writes[1].value, CMDQEN | EVENTQEN);
	assert_true(smmu.closed);
	assert_int_equal(fake.reports[0].what, PLATFORM_REPORT_SMMU_CLOSED);

	assert_int_equal(smmu_close(&smmu), 0);
	assert_int_equal(fake.write_count, 2);
	assert_int_equal(fake.report_count, 1);
}

static void after_a_close_nothing_completes(void **state)
{
	(void)state;
	prepare_running();

	assert_int_equal(smmu_close(&smmu), 0);

	assert_int_equal(smmu_sync(&smmu), -SHADOW_EIO);
	assert_int_equal(stream_abort(&smmu, 1), -SHADOW_EIO);
	assert_int_equal(fake.command_count, 0);
}

static void a_close_that_is_not_confirmed_loses_isolation_for_good(void **state)
{
	(void)state;

	for (unsigned i = 0; i < 3; i++) {
		prepare_running();
		if (i == 0)
			fake.update_stuck = true;
		else if (i == 1)
			fake.abort_ignored = true;
		else
			fake.ack_blocked = SMMUEN;

		assert_int_equal(smmu_close(&smmu), -SHADOW_EIO);
		assert_false(smmu.closed);
		assert_true(smmu.isolation_lost);
		assert_int_equal(fake.report_count, 1);
		assert_int_equal(fake.reports[0].what, PLATFORM_REPORT_ISOLATION_LOST);

		fake.update_stuck = false;
		fake.abort_ignored = false;
		fake.ack_blocked = 0;
		assert_int_equal(smmu_close(&smmu), -SHADOW_EIO);
		assert_int_equal(fake.report_count, 1);
	}
}

/* ---- streams ------------------------------------------------------------------------------------ */

static const struct smmu_stage2 stage2 = {
	.ttb = 0x80000000,
	.granule_lg2 = 12,
	.ia_bits = 40,
	.start_level = 1,
	.ps = 5,
	.vmid = 5,
	.coherent = true,
};

/* The entry of stream 9 as the SMMU would fetch it after each CFGI_STE. */
static uint64_t fetched[8][8];
static unsigned fetch_count;

static void fetch_after_cfgi(const struct fake_command *command)
{
	if (command->word[0] == (UINT64_C(9) << 32 | 0x03) && fetch_count < 8)
		memcpy(fetched[fetch_count++], &memory.strtab[9 * 8], 64);
}

static void watch_stream_9(void)
{
	fetch_count = 0;
	fake.executing = fetch_after_cfgi;
}

static void a_stream_goes_live_with_one_store_after_the_rest_is_known(void **state)
{
	struct smmu_ste ste = smmu_ste_s2(stage2);

	(void)state;
	prepare_running();
	watch_stream_9();

	assert_int_equal(stream_set(&smmu, 9, &ste), 0);

	assert_int_equal(fetch_count, 2);
	assert_int_equal(fetched[0][0], 1);
	assert_memory_equal(&fetched[0][1], &ste.word[1], 56);
	assert_memory_equal(fetched[1], ste.word, 64);
	/* CFGI, SYNC, CFGI, SYNC. */
	assert_int_equal(fake.command_count, 4);
	assert_int_equal(fake.commands[1].word[0], 0x46);
	assert_int_equal(fake.commands[2].word[0], UINT64_C(9) << 32 | 3);
	assert_int_equal(fake.commands[3].word[0], 0x46);
}

static void only_the_stream_that_was_named_changes(void **state)
{
	struct smmu_ste ste = smmu_ste_s2(stage2), abort = smmu_ste_abort();

	(void)state;
	prepare_running();

	assert_int_equal(stream_set(&smmu, 9, &ste), 0);

	for (unsigned sid = 0; sid < 32; sid++) {
		struct smmu_ste found = stream_get(&smmu, sid);

		assert_memory_equal(found.word, sid == 9 ? ste.word : abort.word, 64);
	}
}

static void a_live_stream_is_changed_through_abort(void **state)
{
	struct smmu_ste first = smmu_ste_s2(stage2);
	struct smmu_ste second = smmu_ste_nested(stage2, (struct smmu_stage1){ .word = { 0x1000, 1 } });

	(void)state;
	prepare_running();
	assert_int_equal(stream_set(&smmu, 9, &first), 0);
	watch_stream_9();

	assert_int_equal(stream_set(&smmu, 9, &second), 0);

	assert_int_equal(fetch_count, 3);
	assert_int_equal(fetched[0][0], 1);
	assert_memory_equal(&fetched[0][1], &first.word[1], 56);
	assert_int_equal(fetched[1][0], 1);
	assert_memory_equal(&fetched[1][1], &second.word[1], 56);
	assert_memory_equal(fetched[2], second.word, 64);
}

static void an_aborted_stream_changes_nothing_but_word_0(void **state)
{
	struct smmu_ste ste = smmu_ste_s2(stage2);

	(void)state;
	prepare_running();
	assert_int_equal(stream_set(&smmu, 9, &ste), 0);
	watch_stream_9();

	assert_int_equal(stream_abort(&smmu, 9), 0);

	assert_int_equal(fetch_count, 1);
	assert_int_equal(fetched[0][0], 1);
	assert_memory_equal(&fetched[0][1], &ste.word[1], 56);
}

static void a_stream_outside_the_table_is_refused(void **state)
{
	struct smmu_ste ste = smmu_ste_s2(stage2);

	(void)state;
	prepare_running();

	assert_true(stream_exists(&smmu, 31));
	assert_false(stream_exists(&smmu, 32));
	assert_int_equal(stream_set(&smmu, 32, &ste), -SHADOW_EINVAL);
	assert_int_equal(stream_abort(&smmu, UINT32_MAX), -SHADOW_EINVAL);
	assert_int_equal(stream_get(&smmu, 32).word[0], 0);
	assert_int_equal(fake.write_count, 0);
}

static void a_stream_that_the_smmu_does_not_follow_stays_in_abort_in_memory(void **state)
{
	struct smmu_ste ste = smmu_ste_s2(stage2);

	(void)state;
	prepare_running();
	fake.stalled = true;

	assert_int_equal(stream_set(&smmu, 9, &ste), -SHADOW_ETIMEDOUT);

	assert_int_equal(stream_get(&smmu, 9).word[0], 1);
}

static void many_stream_changes_wrap_the_ring(void **state)
{
	struct smmu_ste ste = smmu_ste_s2(stage2);

	(void)state;
	prepare_running();

	for (unsigned i = 0; i < 100; i++) {
		assert_int_equal(stream_set(&smmu, i % 32, &ste), 0);
		assert_int_equal(stream_abort(&smmu, i % 32), 0);
	}
	assert_int_equal(fake.command_count, 600);
}

/* ---- an SMMU that reads memory behind the caches ------------------------------------------------- */

/* Its attributes; shareability has no meaning with them. */
static void an_smmu_that_is_not_coherent_is_told_to_bypass_caches(void **state)
{
	(void)state;
	prepare();
	fake_set_incoherent();

	assert_int_equal(bring_up(), 0);

	for (unsigned i = 0; i < fake.write_count; i++)
		if (fake.writes[i].offset == 0x28)
			assert_int_equal(fake.writes[i].value & ~(3u << 10 | 3u << 4), 0);
	fake_find_write(0x28, 0, 0, 0);
	assert_false(smmu.cmdq.coherent);
}

static void nothing_is_cleaned_for_a_coherent_smmu(void **state)
{
	struct smmu_ste ste = smmu_ste_s2(stage2);

	(void)state;
	prepare_running();

	assert_int_equal(stream_set(&smmu, 9, &ste), 0);
	assert_int_equal(stream_abort(&smmu, 9), 0);

	assert_int_equal(fake.clean_count, 0);
}

/* What the SMMU sees in the course of a life: all of the stream table and of the event queue when it is told
 * where they are, the entry of stream 9 each time it has to fetch it, and every command. */
struct sight {
	uint64_t strtab[32 * 8], evtq[8 * 4];
	uint64_t fetched[8][8];
	unsigned fetch_count;
	struct fake_command commands[32];
	unsigned command_count;
};

static struct sight *sight;

static void see_before_write(uint32_t offset)
{
	if (offset == 0x80)
		memcpy(sight->strtab, fake_seen(memory.strtab), sizeof(sight->strtab));
	if (offset == 0xa0)
		memcpy(sight->evtq, fake_seen(memory.evtq), sizeof(sight->evtq));
}

static void see_command(const struct fake_command *command)
{
	assert_in_range(sight->command_count, 0, 31);
	sight->commands[sight->command_count++] = *command;
	if (command->word[0] != (UINT64_C(9) << 32 | 0x03) && command->word[0] != 0x04)
		return;
	assert_in_range(sight->fetch_count, 0, 7);
	memcpy(sight->fetched[sight->fetch_count++], fake_seen(&memory.strtab[9 * 8]), 64);
}

/* Bring-up; a stream that goes live, changes and aborts. The second CFGI_STE is refused: it is the last in
 * its line, and the SYNC behind it lies in a line that the repair does not clean. Return: cleans. */
static unsigned live(bool coherent, unsigned clean_dropped, struct sight *seen)
{
	struct smmu_ste first = smmu_ste_s2(stage2);
	struct smmu_ste second = smmu_ste_nested(stage2, (struct smmu_stage1){ .word = { 0x1000, 1 } });

	prepare();
	/* No slot is used twice: rubbish is the only thing that one holds before. */
	config.cmdq_lg2 = 5;
	memory.cmdq = fake_memory(16 << 5);
	memory.cmdq_pa.addr = (uintptr_t)memory.cmdq;
	/* What is left over from a former life must not reach the SMMU either. */
	memset(memory.strtab, 0xff, 64 << 5);
	fake_set(0x00, fake_get(0x00) | 1u << 9);
	if (!coherent)
		fake_set_incoherent();
	*seen = (struct sight){ .fetch_count = 0 };
	sight = seen;
	fake.clean_dropped = clean_dropped;
	fake.executing = see_command;
	fake.writing = see_before_write;
	fake.refuse_position = 7;
	fake.refuse_times = 1;
	fake.refuse_error = 1;
	assert_int_equal(bring_up(), 0);
	assert_int_equal(stream_set(&smmu, 9, &first), 0);
	assert_int_equal(stream_set(&smmu, 9, &second), 0);
	assert_int_equal(stream_abort(&smmu, 9), 0);
	return fake.clean_count;
}

static void an_smmu_behind_the_caches_sees_what_a_coherent_one_sees(void **state)
{
	static struct sight coherent, incoherent;

	(void)state;

	assert_int_equal(live(true, UINT_MAX, &coherent), 0);
	live(false, UINT_MAX, &incoherent);

	assert_int_equal(coherent.fetch_count, 1 + 6);
	assert_int_equal(coherent.command_count, 17);
	assert_memory_equal(&coherent, &incoherent, sizeof(coherent));
}

/* Two for the tables of the bring-up, one a doorbell, one for the repair, one each time an entry is changed.
 */
static void every_clean_that_is_dropped_shows(void **state)
{
	static struct sight all, seen;
	unsigned cleans;

	(void)state;

	cleans = live(false, UINT_MAX, &all);
	assert_int_equal(cleans, 2 + 8 + 1 + 6);
	for (unsigned i = 0; i < cleans; i++) {
		assert_int_equal(live(false, i, &seen), cleans);
		if (memcmp(&all, &seen, sizeof(all)) == 0)
			fail_msg("clean %u was dropped, and the SMMU saw the same", i);
	}
}

/* An entry's line alone is cleaned, whatever the size of the table. */
static void a_changed_stream_costs_one_line_each_time(void **state)
{
	struct smmu_ste ste = smmu_ste_s2(stage2);
	unsigned entries = 0;

	(void)state;
	prepare();
	fake_set_incoherent();
	assert_int_equal(bring_up(), 0);
	fake.clean_count = fake.clean_lines = 0;

	assert_int_equal(stream_set(&smmu, 9, &ste), 0);

	for (unsigned i = 0; i < fake.clean_count; i++)
		if (fake.cleans[i].start == &memory.strtab[9 * 8]) {
			assert_int_equal(fake.cleans[i].bytes, 64);
			entries++;
		}
	assert_int_equal(entries, 2);
	assert_int_equal(fake.clean_count, 4);
	assert_int_equal(fake.clean_lines, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_probe_reads_what_the_smmu_is_and_writes_nothing),
		cmocka_unit_test(range_invalidation_can_be_declined),
		cmocka_unit_test(an_smmu_that_lacks_something_is_refused_untouched),
		cmocka_unit_test(an_smmu_that_lacks_what_the_target_needs_is_refused_untouched),
		cmocka_unit_test(an_smmu_that_does_not_look_into_caches_serves),
		cmocka_unit_test(stage_1_is_needed_for_nested_streams_only),
		cmocka_unit_test(two_levels_of_the_stream_table_are_needed_where_asked_for_only),
		cmocka_unit_test(a_lower_bbm_level_serves_who_asks_for_less),
		cmocka_unit_test(both_table_formats_serve_as_well),
		cmocka_unit_test(a_small_output_size_is_not_an_error),
		cmocka_unit_test(a_configuration_out_of_range_is_refused_unread),
		cmocka_unit_test(bring_up_follows_the_order_of_the_specification),
		cmocka_unit_test(smmuen_is_set_only_after_the_caches_are_known_to_be_empty),
		cmocka_unit_test(a_stream_table_of_two_levels_is_made_known_as_one),
		cmocka_unit_test(el2_entries_go_too_where_there_are_any),
		cmocka_unit_test(translated_requests_are_checked_where_ats_exists),
		cmocka_unit_test(every_stream_aborts_after_bring_up),
		cmocka_unit_test(errors_left_by_a_former_user_are_acknowledged),
		cmocka_unit_test(service_failure_is_not_brought_up),
		cmocka_unit_test(every_enable_that_is_not_acknowledged_ends_in_abort),
		cmocka_unit_test(commands_that_never_complete_end_in_abort),
		cmocka_unit_test(every_refused_command_of_the_bring_up_is_repaired),
		cmocka_unit_test(every_broken_command_of_the_bring_up_ends_in_abort),
		cmocka_unit_test(an_smmu_that_cannot_be_made_to_abort_is_not_disabled),
		cmocka_unit_test(an_smmu_that_does_not_let_go_is_reported),
		cmocka_unit_test(misplaced_memory_is_refused_untouched),
		cmocka_unit_test(closing_sets_abort_before_it_disables_and_happens_once),
		cmocka_unit_test(after_a_close_nothing_completes),
		cmocka_unit_test(a_close_that_is_not_confirmed_loses_isolation_for_good),
		cmocka_unit_test(a_stream_goes_live_with_one_store_after_the_rest_is_known),
		cmocka_unit_test(only_the_stream_that_was_named_changes),
		cmocka_unit_test(a_live_stream_is_changed_through_abort),
		cmocka_unit_test(an_aborted_stream_changes_nothing_but_word_0),
		cmocka_unit_test(a_stream_outside_the_table_is_refused),
		cmocka_unit_test(a_stream_that_the_smmu_does_not_follow_stays_in_abort_in_memory),
		cmocka_unit_test(many_stream_changes_wrap_the_ring),
		cmocka_unit_test(an_smmu_that_is_not_coherent_is_told_to_bypass_caches),
		cmocka_unit_test(nothing_is_cleaned_for_a_coherent_smmu),
		cmocka_unit_test(an_smmu_behind_the_caches_sees_what_a_coherent_one_sees),
		cmocka_unit_test(every_clean_that_is_dropped_shows),
		cmocka_unit_test(a_changed_stream_costs_one_line_each_time),
	};

	return cmocka_run_group_tests_name("smmu", tests, NULL, NULL);
}
