/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_model_cmdq.c - how the model consumes and executes commands.
 *
 * Proves: the doorbell executes nothing; consumed is not complete; CONS never leads and stays on a SYNC
 * until all before it is executed; nothing behind a SYNC starts before it; the order between two SYNCs is
 * not the queue's; errors stop the queue with CONS on the command; the ring wraps at every position;
 * injected errors and stalls do what they say.
 */
#include "model_rig.h"

static struct rig rig;

static int setup(void **state)
{
	(void)state;
	rig_config(&rig);
	rig_up_mapped(&rig);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	rig_free(&rig);
	return 0;
}

static uint32_t cons(void)
{
	return model_read32(rig.model, 0x9c);
}

/* Make the page at @ipa stale: cached, and gone from memory. */
static void make_stale(uint64_t ipa)
{
	rig_expect_pa(&rig, ipa, ipa);
	rig_store(&rig, rig_table(3) + 8 * (ipa >> 12), 0);
}

static bool is_stale(uint64_t ipa)
{
	return model_probe(rig.model, RIG_SID, ipa, false).fault == MODEL_OK;
}

static void doorbell_executes_nothing(void **state)
{
	(void)state;
	make_stale(0x1000);
	rig_queue(&rig, RIG_S2_IPA, 0x1000 | RIG_LEAF);
	rig_queue(&rig, RIG_SYNC, 0);

	assert_int_equal(cons(), 0);
	assert_true(is_stale(0x1000));
}

static void consumed_command_is_not_complete_without_a_sync(void **state)
{
	(void)state;
	make_stale(0x1000);
	rig_queue(&rig, RIG_S2_IPA, 0x1000 | RIG_LEAF);
	rig_run(&rig);

	assert_int_equal(cons(), 1);
	assert_true(is_stale(0x1000));

	rig_queue(&rig, RIG_SYNC, 0);
	rig_run(&rig);
	assert_int_equal(cons(), 2);
	assert_false(is_stale(0x1000));
}

static void sync_is_not_consumed_before_everything_ahead_is_executed(void **state)
{
	unsigned page;

	(void)state;
	for (page = 1; page <= 6; page++) {
		make_stale(page << 12);
		rig_queue(&rig, RIG_S2_IPA, page << 12 | RIG_LEAF);
	}
	rig_queue(&rig, RIG_SYNC, 0);

	do {
		unsigned stale = 0;

		for (page = 1; page <= 6; page++)
			stale += is_stale(page << 12);
		assert_true(stale <= 6 && (cons() < 7 || !stale));
	} while (model_step(rig.model));
	assert_int_equal(cons(), 7);
}

static void commands_behind_a_sync_wait_for_it(void **state)
{
	(void)state;
	make_stale(0x1000);
	make_stale(0x2000);
	rig_queue(&rig, RIG_S2_IPA, 0x1000 | RIG_LEAF);
	rig_queue(&rig, RIG_SYNC, 0);
	rig_queue(&rig, RIG_S2_IPA, 0x2000 | RIG_LEAF);
	rig_queue(&rig, RIG_SYNC, 0);

	do {
		if (is_stale(0x1000))
			assert_true(is_stale(0x2000));
	} while (model_step(rig.model));
	assert_false(is_stale(0x2000));
}

static void commands_between_two_syncs_are_executed_out_of_order(void **state)
{
	unsigned seed, first_first = 0;

	(void)state;
	for (seed = 1; seed <= 64; seed++) {
		rig_free(&rig);
		rig_config(&rig);
		rig.config.seed = seed;
		rig_up_mapped(&rig);
		make_stale(0x1000);
		make_stale(0x2000);
		rig_queue(&rig, RIG_S2_IPA, 0x1000 | RIG_LEAF);
		rig_queue(&rig, RIG_S2_IPA, 0x2000 | RIG_LEAF);
		rig_queue(&rig, RIG_SYNC, 0);
		while (is_stale(0x1000) && is_stale(0x2000))
			assert_true(model_step(rig.model));
		first_first += !is_stale(0x1000);
	}

	assert_in_range(first_first, 8, 56);
}

static void without_a_sync_some_commands_are_executed_but_never_all(void **state)
{
	unsigned seed, page, executed = 0;

	(void)state;
	for (seed = 1; seed <= 64; seed++) {
		unsigned gone = 0;

		rig_free(&rig);
		rig_config(&rig);
		rig.config.seed = seed;
		rig_up_mapped(&rig);
		for (page = 1; page <= 6; page++) {
			make_stale(page << 12);
			rig_queue(&rig, RIG_S2_IPA, page << 12 | RIG_LEAF);
		}
		rig_run(&rig);
		assert_int_equal(cons(), 6);
		for (page = 1; page <= 6; page++)
			gone += !is_stale(page << 12);
		assert_true(gone < 6);
		executed += gone;
	}
	assert_in_range(executed, 32, 5 * 64);
}

static void bad_command_stops_the_queue_and_is_not_executed(void **state)
{
	(void)state;
	make_stale(0x1000);
	make_stale(0x2000);
	rig_queue(&rig, RIG_S2_IPA, 0x1000 | RIG_LEAF);
	rig_queue(&rig, RIG_S2_IPA, 0x2000 | RIG_LEAF | RIG_TG(1)); /* reserved: one granule, no TTL */
	rig_queue(&rig, RIG_SYNC, 0);
	rig_run(&rig);

	assert_int_equal(cons(), 0x1000001);
	assert_int_equal(model_counters(rig.model)->syncs, 0);
	assert_true(is_stale(0x2000));

	*rig_word(&rig, RIG_CMDQ + 16) = RIG_SYNC; /* as Linux does: and so the page stays reachable */
	*rig_word(&rig, RIG_CMDQ + 24) = 0;
	model_write32(rig.model, 0x64, 1);
	rig_run(&rig);
	assert_int_equal(cons() & 0xffff, 3);
	assert_false(is_stale(0x1000));
	assert_true(is_stale(0x2000));
}

static void prod_may_go_back_while_the_error_is_active(void **state)
{
	(void)state;
	rig_queue(&rig, 0xff, 0);
	rig_queue(&rig, RIG_SYNC, 0);
	rig_run(&rig);

	model_write32(rig.model, 0x98, 0);
	assert_int_equal(rig.violations, 0);
	model_write32(rig.model, 0x64, 1);
	rig_run(&rig);
	assert_int_equal(model_read32(rig.model, 0x60), 1);
}

static void queue_where_no_memory_answers_raises_abort(void **state)
{
	(void)state;
	rig_cr0(&rig, 0x5);
	model_write64(rig.model, 0x90, 0x90000000 | RIG_CMDQ_LG2);
	rig_cr0(&rig, 0xd);
	model_write32(rig.model, 0x98, 1);
	rig_run(&rig);

	assert_int_equal(cons(), 0x2000000);
	assert_int_equal(model_read32(rig.model, 0x60), 1);
}

/* Three commands a round on a ring of 16: every one of them meets every slot and both wrap values. */
static void ring_wraps_at_every_position(void **state)
{
	uint32_t round;

	(void)state;
	for (round = 0; round < 64; round++) {
		uint64_t page = 1 + round % 6;

		*rig_word(&rig, rig_table(3) + 8 * page) = page << 12 | RIG_PAGE;
		make_stale(page << 12);
		rig_queue(&rig, RIG_SYNC, 0);
		rig_sync(&rig, RIG_S2_IPA, page << 12 | RIG_LEAF);
		assert_false(is_stale(page << 12));
		assert_int_equal(cons(), 3 * (round + 1) % 32);
	}
	assert_int_equal(rig.violations, 0);
}

static void full_ring_is_consumed_from_every_start(void **state)
{
	unsigned start, command;

	(void)state;
	for (start = 0; start < 32; start++) {
		uint64_t syncs = model_counters(rig.model)->syncs;

		for (command = 0; command < 16; command++)
			rig_queue(&rig, command % 3 ? RIG_NSNH_ALL : RIG_SYNC, 0);
		assert_int_equal((model_read32(rig.model, 0x98) ^ cons()) & 31, 16);
		rig_run(&rig);
		rig_queue(&rig, RIG_SYNC, 0);
		rig_run(&rig);
		assert_int_equal(model_counters(rig.model)->syncs, syncs + 7);
		assert_int_equal(model_read32(rig.model, 0x98), cons());
	}
	assert_int_equal(rig.violations, 0);
}

static void disabled_queue_stands_still_and_keeps_what_is_in_flight(void **state)
{
	(void)state;
	make_stale(0x1000);
	rig_queue(&rig, RIG_S2_IPA, 0x1000 | RIG_LEAF);
	rig_run(&rig);
	rig_cr0(&rig, 0x5);
	rig_queue(&rig, RIG_SYNC, 0);
	rig_run(&rig);
	assert_int_equal(cons(), 1);

	rig_cr0(&rig, 0xd);
	rig_run(&rig);
	assert_int_equal(cons(), 2);
	assert_false(is_stale(0x1000));
}

static void stall_holds_commands_until_it_is_lifted(void **state)
{
	(void)state;
	model_stall_commands(rig.model, true);
	rig_queue(&rig, RIG_SYNC, 0);
	rig_run(&rig);
	assert_int_equal(cons(), 0);

	model_stall_commands(rig.model, false);
	rig_run(&rig);
	assert_int_equal(cons(), 1);
}

static void injected_error_is_raised_once_at_its_position(void **state)
{
	(void)state;
	model_inject_cerror(rig.model, 17, 3);
	model_inject_cerror(rig.model, 1, 1);
	rig_queue(&rig, RIG_SYNC, 0);
	rig_queue(&rig, RIG_SYNC, 0);
	rig_run(&rig);
	assert_int_equal(cons(), 0x1000001);

	model_write32(rig.model, 0x64, 1);
	rig_run(&rig);
	assert_int_equal(cons() & 0xffff, 2);
	while ((model_read32(rig.model, 0x60) ^ model_read32(rig.model, 0x64)) == 0) {
		rig_queue(&rig, RIG_SYNC, 0);
		rig_run(&rig);
	}
	assert_int_equal(cons(), 0x3000011); /* the 18th command: index 1, wrapped once */
	assert_int_equal(model_counters(rig.model)->cerrors, 2);
}

static void sync_with_msi_writes_its_word_when_it_completes(void **state)
{
	(void)state;
	rig_free(&rig);
	rig_config(&rig);
	rig.config.msi = true;
	rig_up_mapped(&rig);
	rig_queue(&rig, RIG_NSNH_ALL, 0);
	rig_queue(&rig, UINT64_C(0xabcd0000) << 32 | 0x1046, RIG_TABLES + 0xff000);
	assert_int_equal(*rig_word(&rig, RIG_TABLES + 0xff000), 0);
	rig_run(&rig);

	assert_int_equal(*rig_word(&rig, RIG_TABLES + 0xff000), 0xabcd0000);
	rig_queue(&rig, UINT64_C(1) << 32 | 0x1046, 0x90000000);
	rig_run(&rig);
	assert_int_equal(model_read32(rig.model, 0x60), 0x10);
	assert_int_equal(cons(), 3); /* an unanswered MSI does not hold the SYNC */
}

static void counters_count_commands_by_kind(void **state)
{
	(void)state;
	rig_sync(&rig, RIG_NSNH_ALL, 0);
	rig_sync(&rig, RIG_CFGI_ALL, 31);
	rig_sync(&rig, RIG_S2_IPA, 0x1001);

	assert_int_equal(model_counters(rig.model)->commands, 6);
	assert_int_equal(model_counters(rig.model)->tlbi, 2);
	assert_int_equal(model_counters(rig.model)->cfgi, 1);
	assert_int_equal(model_counters(rig.model)->syncs, 3);
	assert_int_equal(model_counters(rig.model)->doorbells, 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(doorbell_executes_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(consumed_command_is_not_complete_without_a_sync, setup,
						teardown),
		cmocka_unit_test_setup_teardown(sync_is_not_consumed_before_everything_ahead_is_executed,
						setup, teardown),
		cmocka_unit_test_setup_teardown(commands_behind_a_sync_wait_for_it, setup, teardown),
		cmocka_unit_test_setup_teardown(commands_between_two_syncs_are_executed_out_of_order, setup,
						teardown),
		cmocka_unit_test_setup_teardown(without_a_sync_some_commands_are_executed_but_never_all,
						setup, teardown),
		cmocka_unit_test_setup_teardown(bad_command_stops_the_queue_and_is_not_executed, setup,
						teardown),
		cmocka_unit_test_setup_teardown(prod_may_go_back_while_the_error_is_active, setup, teardown),
		cmocka_unit_test_setup_teardown(queue_where_no_memory_answers_raises_abort, setup, teardown),
		cmocka_unit_test_setup_teardown(ring_wraps_at_every_position, setup, teardown),
		cmocka_unit_test_setup_teardown(full_ring_is_consumed_from_every_start, setup, teardown),
		cmocka_unit_test_setup_teardown(disabled_queue_stands_still_and_keeps_what_is_in_flight,
						setup, teardown),
		cmocka_unit_test_setup_teardown(stall_holds_commands_until_it_is_lifted, setup, teardown),
		cmocka_unit_test_setup_teardown(injected_error_is_raised_once_at_its_position, setup,
						teardown),
		cmocka_unit_test_setup_teardown(sync_with_msi_writes_its_word_when_it_completes, setup,
						teardown),
		cmocka_unit_test_setup_teardown(counters_count_commands_by_kind, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
