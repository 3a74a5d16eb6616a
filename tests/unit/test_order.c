/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_order.c - barriers that no test of one CPU would miss: what stands between which accesses.
 *
 * Linked with the core as it is built for the simulator: its accesses to shared memory are calls, written down here
 * with the writes of registers between them.
 */
#include "core_rig.h"

#include "engine/platform/sim.h"
#include "smmuv3/target.h"

/* Supplied with the rig. */
void order_observed_descriptor(uint64_t *where, uint64_t old_value, uint64_t value);

#define PAGE CORE_MEMORY_PAGE
#define LATE 0u			       /* the SMMU that is off at first: a flush looks at it before it writes for the other */
#define RECORDS 65536u
#define CR0 0x20u
#define SMMUEN 1u

enum kind {
	LOAD,
	STORE,
	DESCRIPTOR,
	FENCE,			       /* of stores */
	WAIT,			       /* all stores so far are visible before anything else */
	REGISTER,		       /* a write to CR0 */
};

static struct record {
	enum kind kind;
	const void *where;
	uint64_t value;
} record[RECORDS];

static unsigned records;

static void note(enum kind kind, const void *where, uint64_t value)
{
	assert_true(records < RECORDS);
	record[records++] = (struct record){ kind, where, value };
}

/* ---- what engine/order.h becomes in that build ---------------------------------------------------------- */

uint64_t sim_load(const void *where, unsigned bytes, bool acquire)
{
	uint64_t value = 0;

	(void)acquire;
	memcpy(&value, where, bytes);
	note(LOAD, where, value);
	return value;
}

void sim_store(void *where, uint64_t value, unsigned bytes, bool release)
{
	(void)release;
	memcpy(where, &value, bytes);
	note(STORE, where, value);
}

uint64_t sim_exchange(void *where, uint64_t value, unsigned bytes)
{
	uint64_t before = 0;

	memcpy(&before, where, bytes);
	memcpy(where, &value, bytes);
	return before;
}

void sim_store_descriptor(uint64_t *where, uint64_t value)
{
	uint64_t old_value = *where;

	*where = value;
	note(DESCRIPTOR, where, value);
	order_observed_descriptor(where, old_value, value);
}

void sim_order_stores(void)
{
	note(FENCE, NULL, 0);
}

void sim_order_loads(void)
{
}

void sim_wait_stores(bool cleans)
{
	note(WAIT, NULL, cleans);
}

void sim_point(void)
{
}

/* What the compiler adds to that build beside each plain access: nothing here. */
#define PLAIN(name)              \
	void name(void *where);  \
	void name(void *where)   \
	{                        \
		(void)where;     \
	}
#define PLAIN_RANGE(name)                      \
	void name(void *where, size_t bytes);  \
	void name(void *where, size_t bytes)   \
	{                                      \
		(void)where;                   \
		(void)bytes;                   \
	}

PLAIN(__tsan_read1)
PLAIN(__tsan_read2)
PLAIN(__tsan_read4)
PLAIN(__tsan_read8)
PLAIN(__tsan_read16)
PLAIN(__tsan_write1)
PLAIN(__tsan_write2)
PLAIN(__tsan_write4)
PLAIN(__tsan_write8)
PLAIN(__tsan_write16)
PLAIN(__tsan_unaligned_read2)
PLAIN(__tsan_unaligned_read4)
PLAIN(__tsan_unaligned_read8)
PLAIN(__tsan_unaligned_read16)
PLAIN(__tsan_unaligned_write2)
PLAIN(__tsan_unaligned_write4)
PLAIN(__tsan_unaligned_write8)
PLAIN(__tsan_unaligned_write16)
PLAIN(__tsan_func_entry)
PLAIN_RANGE(__tsan_read_range)
PLAIN_RANGE(__tsan_write_range)

void __tsan_func_exit(void);
void __tsan_func_exit(void)
{
}

void __tsan_init(void);
void __tsan_init(void)
{
}

/* ---- the rig ------------------------------------------------------------------------------------------- */

static struct core core;

static void write32(void *ctx, uint32_t offset, uint32_t value)
{
	if (offset == CR0)
		note(REGISTER, ctx, value);
	core_write32(ctx, offset, value);
}

/* Two SMMUs, one of which is attached and off. */
static int set_up(void **state)
{
	static const struct platform_linux_device device = { core_read32, core_read64, write32, core_write64 };

	(void)state;
	core_init(&core);
	core.smmu_count = 2;
	core_up(&core);
	platform_linux_remove_device(core.smmu[LATE].registers);
	assert_int_equal(platform_linux_add_device(&device, &core.smmu[LATE], 0x20000), core.smmu[LATE].registers);
	assert_int_equal(shadow_smmu_detach(core.smmu[LATE].smmu), 0);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	core_down(&core);
	return 0;
}

static const void *live_of(unsigned number)
{
	return &core.smmu[number].smmu->live;
}

/* Index of the last record of this kind and place before @end. */
static unsigned last(enum kind kind, const void *where, unsigned end)
{
	while (end--)
		if (record[end].kind == kind && (!where || record[end].where == where))
			return end;
	fail_msg("no record of kind %d", kind);
	return 0;
}

/* For the SMMU that is on. */
static bool is_command(const struct record *at)
{
	const struct shadow_smmu *smmu = core.smmu[!LATE].smmu;
	uintptr_t offset = (uintptr_t)at->where - (uintptr_t)smmu->memory.cmdq;

	return at->kind == STORE && offset < smmu_cmdq_bytes(&smmu->config);
}

static bool waits_between(unsigned first, unsigned end)
{
	for (unsigned i = first; i < end; i++)
		if (record[i].kind == WAIT)
			return true;
	return false;
}

/* ---- [E1] ------------------------------------------------------------------------------------------------ */

static void an_smmu_is_seen_to_be_live_before_its_walks_can_begin(void **state)
{
	unsigned enable, live;

	(void)state;
	records = 0;
	assert_int_equal(shadow_smmu_enable(core.smmu[LATE].smmu), 0);

	enable = last(REGISTER, &core.smmu[LATE], records);
	assert_true(record[enable].value & SMMUEN);
	live = last(STORE, live_of(LATE), enable);
	assert_int_equal(record[live].value, 1);
	assert_true(waits_between(live, enable));
}

static void a_flush_stores_before_it_takes_an_smmu_for_off(void **state)
{
	unsigned stored, looked, written;

	(void)state;
	records = 0;
	core_revoke(&core, PAGE, 1);
	(void)shadow_flush(core.engine);

	stored = last(DESCRIPTOR, NULL, records);
	for (written = stored; !is_command(&record[written]); written++)
		assert_true(written + 1 < records);
	looked = last(LOAD, live_of(LATE), written);
	assert_true(stored < looked);
	assert_int_equal(record[looked].value, 0);
	assert_true(waits_between(stored, looked));
}

/* Who is live gets commands whatever it sees of the stores: a lone flush has no barrier but those of its doorbells. */
static void a_flush_with_all_smmus_live_has_no_barrier_of_its_own(void **state)
{
	unsigned waits = 0, doorbells;

	(void)state;
	assert_int_equal(shadow_smmu_enable(core.smmu[LATE].smmu), 0);
	core_forget(&core);
	records = 0;
	core_revoke(&core, PAGE, 1);
	(void)shadow_flush(core.engine);

	for (unsigned i = 0; i < records; i++)
		waits += record[i].kind == WAIT;
	doorbells = core_count(&core, CORE_DOORBELL, 0) + core_count(&core, CORE_DOORBELL, 1);
	assert_int_equal(doorbells, 2);
	assert_int_equal(waits, doorbells);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(an_smmu_is_seen_to_be_live_before_its_walks_can_begin),
		TEST(a_flush_stores_before_it_takes_an_smmu_for_off),
		TEST(a_flush_with_all_smmus_live_has_no_barrier_of_its_own),
	};
#undef TEST

	return cmocka_run_group_tests_name("order", tests, NULL, NULL);
}
