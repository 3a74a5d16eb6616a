/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_model_event.c - the event queue.
 *
 * Proves: records are written oldest first and wrap; a full queue loses records and toggles the overflow
 * flag once until it is acknowledged; a disabled queue records nothing; one that cannot be written raises
 * its error and never holds up an abort or a SYNC.
 */
#include "model_rig.h"

enum {
	PROD = 0x100a8,
	CONS = 0x100ac,
	ROOM = 1 << RIG_EVTQ_LG2
};

#define OVERFLOW_FLAG 0x80000000u

static struct rig rig;

static int setup(void **state)
{
	(void)state;
	rig_config(&rig);
	rig_up(&rig);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	rig_free(&rig);
	return 0;
}

static void fault_at(uint64_t iova)
{
	rig_expect_fault(&rig, iova, MODEL_F_TRANSLATION);
}

static uint64_t recorded_address(unsigned slot)
{
	return *rig_word(&rig, RIG_EVTQ + 32 * (uint64_t)slot + 16);
}

static void records_wrap_around_the_ring(void **state)
{
	unsigned event;

	(void)state;
	for (event = 0; event < 3 * ROOM; event++) {
		fault_at(event << 12);
		assert_int_equal(recorded_address(event % ROOM), event << 12);
		assert_int_equal(model_read32(rig.model, PROD), (event + 1) % (2 * ROOM));
		model_write32(rig.model, CONS, (event + 1) % (2 * ROOM));
	}
	assert_int_equal(model_event_count(rig.model, MODEL_F_TRANSLATION), 3 * ROOM);
	assert_int_equal(model_counters(rig.model)->events_lost, 0);
}

static void overflow_toggles_once_until_it_is_acknowledged(void **state)
{
	unsigned event;

	(void)state;
	for (event = 0; event < ROOM; event++)
		fault_at(event << 12);
	assert_int_equal(model_read32(rig.model, PROD), ROOM);
	fault_at(0x9000);
	assert_int_equal(model_read32(rig.model, PROD), ROOM | OVERFLOW_FLAG);
	fault_at(0xa000);
	assert_int_equal(model_read32(rig.model, PROD), ROOM | OVERFLOW_FLAG);
	assert_int_equal(model_counters(rig.model)->events_lost, 2);
	assert_int_equal(recorded_address(0), 0);

	model_write32(rig.model, CONS, 1 | OVERFLOW_FLAG); /* one read, overflow acknowledged */
	fault_at(0xb000);
	assert_int_equal(model_read32(rig.model, PROD), (ROOM + 1) | OVERFLOW_FLAG);
	assert_int_equal(recorded_address(0), 0xb000);
	fault_at(0xc000);
	assert_int_equal(model_read32(rig.model, PROD), ROOM + 1);
}

static void disabled_queue_records_nothing(void **state)
{
	(void)state;
	rig_cr0(&rig, 0x9);
	fault_at(0x1000);
	assert_int_equal(model_read32(rig.model, PROD), 0);
	assert_int_equal(model_event_count(rig.model, MODEL_F_TRANSLATION), 0);
}

static void unwritable_queue_raises_its_error_and_blocks_nothing(void **state)
{
	(void)state;
	rig_cr0(&rig, 0x9);
	model_write64(rig.model, 0xa0, 0x90000000 | RIG_EVTQ_LG2);
	rig_cr0(&rig, 0xd);
	fault_at(0x1000);
	fault_at(0x2000);
	assert_int_equal(model_read32(rig.model, 0x60), 0x4);
	assert_int_equal(model_counters(rig.model)->events_lost, 2);
	rig_sync(&rig, RIG_SYNC, 0);
	model_write32(rig.model, 0x64, 0x4);
	fault_at(0x3000);
	assert_int_equal(model_read32(rig.model, 0x60), 0);
}

static void adversary_and_probe_record_nothing(void **state)
{
	(void)state;
	model_watch(rig.model, RIG_SID, 0x1000);
	rig_sync(&rig, RIG_NSNH_ALL, 0);
	model_probe(rig.model, RIG_SID, 0x1000, true);
	assert_true(model_counters(rig.model)->refills > 0);
	assert_int_equal(model_read32(rig.model, PROD), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(records_wrap_around_the_ring),
		TEST(overflow_toggles_once_until_it_is_acknowledged),
		TEST(disabled_queue_records_nothing),
		TEST(unwritable_queue_raises_its_error_and_blocks_nothing),
		TEST(adversary_and_probe_record_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
