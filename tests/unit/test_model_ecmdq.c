/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_model_ecmdq.c - the model's enhanced command queues.
 *
 * Proves: what the identification registers say of them; EN and ENACK, and what may be written when; a SYNC covers its
 * own queue alone, for the TLB and for break-before-make; queues are served in no order; an error stops its own queue
 * alone, shows in ERR, ERR_REASON and GERROR.CMDQP_ERR, and goes with ERRACK; a reset turns all of them off, and
 * who does not know of it yet makes no mistake; SYNCs send events and MSIs.
 */
#include "model_rig.h"

enum {
	QUEUES = 8, /* in two pages */
	LG2 = 3,
	EN = 1u << 31,
	ERR = 1u << 23,
};

static struct rig rig;
static uint64_t ring_pa[QUEUES];
static uint32_t prod[QUEUES];

static uint32_t at(unsigned queue)
{
	return 0x20000 + (queue / 4 << 16) + queue % 4 * 0x4000;
}

static uint32_t cons(unsigned queue)
{
	return model_read32(rig.model, at(queue) + 12);
}

static void queue_on(unsigned queue)
{
	ring_pa[queue] = RIG_TABLES + 0x100000 + 0x1000 * queue;
	prod[queue] = 0;
	model_write64(rig.model, at(queue), ring_pa[queue] | LG2);
	model_write32(rig.model, at(queue) + 8, 0);
	model_write32(rig.model, at(queue) + 12, 0);
	model_write32(rig.model, at(queue) + 8, EN);
	assert_int_equal(cons(queue) & EN, 0);
	model_run(rig.model);
	assert_int_equal(cons(queue), EN);
}

static int setup(void **state)
{
	(void)state;
	rig_config(&rig);
	rig.config.ecmdq = true;
	rig.config.ecmdq_lg2nump = 1;
	rig.config.ecmdq_lg2numq = 2;
	rig.config.sev = rig.config.msi = true;
	rig_up_mapped(&rig);
	for (unsigned queue = 0; queue < QUEUES; queue++)
		queue_on(queue);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	assert_int_equal(rig.violations, 0);
	rig_free(&rig);
	return 0;
}

static void put(unsigned queue, uint64_t word0, uint64_t word1)
{
	uint64_t *slot = rig_word(&rig, ring_pa[queue] + 16 * (prod[queue] % (1u << LG2)));

	slot[0] = word0;
	slot[1] = word1;
	prod[queue] = (prod[queue] + 1) % (2u << LG2);
	model_write32(rig.model, at(queue) + 8,
		      EN | (model_read32(rig.model, at(queue) + 8) & ERR) | prod[queue]);
}

static void acknowledge(unsigned queue)
{
	model_write32(rig.model, at(queue) + 8, model_read32(rig.model, at(queue) + 8) ^ ERR);
}

static void make_stale(uint64_t ipa)
{
	rig_expect_pa(&rig, ipa, ipa);
	rig_store(&rig, rig_table(3) + 8 * (ipa >> 12), 0);
}

static bool is_stale(uint64_t ipa)
{
	return model_probe(rig.model, RIG_SID, ipa, false).fault == MODEL_OK;
}

static void one_violation(void)
{
	assert_int_equal(rig.violations, 1);
	assert_int_equal(rig.last.rule, MODEL_RULE_REGISTER);
	rig.violations = 0;
}

static void the_identification_registers_say_how_many_and_where(void **state)
{
	(void)state;
	assert_int_equal(model_read32(rig.model, 4) >> 31, 1);
	assert_int_equal(model_read32(rig.model, 0x190), 2u << 16 | 1u << 24);
	for (unsigned page = 0; page < 2; page++) {
		uint32_t from = 0x4000 + 32 * page;

		assert_int_equal(model_read64(rig.model, from), (0x20000 + 0x10000 * page) | 1u << 1 | 1);
		assert_int_equal(model_read32(rig.model, from + 8), 1);
		assert_int_equal(model_read32(rig.model, from + 12), 1);
	}
	for (unsigned queue = 0; queue < QUEUES; queue++)
		assert_int_equal(model_read64(rig.model, at(queue)), ring_pa[queue] | LG2);
}

static void a_sync_completes_what_its_own_queue_was_told(void **state)
{
	(void)state;
	for (unsigned queue = 0; queue < QUEUES; queue++) {
		uint64_t ipa = (uint64_t)(queue + 10) << 12;

		make_stale(ipa);
		put(queue, RIG_S2_IPA, ipa | RIG_LEAF);
		put(queue, RIG_SYNC, 0);
		rig_run(&rig);
		assert_false(is_stale(ipa));
		assert_int_equal(cons(queue), EN | 2);
	}
}

static void a_sync_says_nothing_of_other_queues(void **state)
{
	(void)state;
	make_stale(0x1000);
	put(0, RIG_S2_IPA, 0x1000 | RIG_LEAF);
	rig_run(&rig);
	put(1, RIG_SYNC, 0);
	rig_queue(&rig, RIG_SYNC, 0);
	rig_run(&rig);

	assert_int_equal(cons(0), EN | 1);
	assert_int_equal(cons(1), EN | 1);
	assert_true(is_stale(0x1000));
	put(0, RIG_SYNC, 0);
	rig_run(&rig);
	assert_false(is_stale(0x1000));
}

/* A block that is gone may still be cached until the SYNC of the queue that was told. */
static void break_before_make_waits_for_the_sync_of_the_same_queue(void **state)
{
	uint64_t entry = rig_table(2) + 8, block = *rig_word(&rig, entry);

	(void)state;
	rig_expect_pa(&rig, 0x1000, 0x1000);
	for (unsigned own = 0; own < 2; own++) {
		rig.violations = 0;
		rig_store(&rig, entry, 0);
		put(0, RIG_S12_VMALL, 0);
		rig_run(&rig);
		put(1 - own, RIG_SYNC, 0);
		rig_run(&rig);
		/* Elsewhere: legal only once nothing of the old one is cached. */
		rig_store(&rig, entry, block + (UINT64_C(1) << 21));
		assert_int_equal(rig.violations, own ? 0 : 1);
		rig_store(&rig, entry, 0);
		put(0, RIG_S12_VMALL, 0);
		put(0, RIG_SYNC, 0);
		rig_run(&rig);
		rig_store(&rig, entry, block);
	}
	rig.violations = 0;
}

static void queues_are_served_in_no_order(void **state)
{
	unsigned first[QUEUES] = { 0 };

	(void)state;
	for (unsigned turn = 0; turn < 64; turn++) {
		uint32_t before[QUEUES];

		for (unsigned queue = 0; queue < QUEUES; queue++) {
			before[queue] = cons(queue);
			put(queue, RIG_NSNH_ALL, 0);
		}
		model_step(rig.model);
		for (unsigned queue = 0; queue < QUEUES; queue++)
			first[queue] += cons(queue) != before[queue];
		rig_run(&rig);
		for (unsigned queue = 0; queue < QUEUES; queue++)
			put(queue, RIG_SYNC, 0);
		rig_run(&rig);
	}
	for (unsigned queue = 0; queue < QUEUES; queue++)
		assert_true(first[queue] > 0);
}

static void an_error_stops_its_own_queue_alone(void **state)
{
	(void)state;
	make_stale(0x1000);
	make_stale(0x2000);
	put(2, 0xff, 0);
	put(2, RIG_S2_IPA, 0x1000 | RIG_LEAF);
	put(2, RIG_SYNC, 0);
	put(3, RIG_S2_IPA, 0x2000 | RIG_LEAF);
	put(3, RIG_SYNC, 0);
	rig_run(&rig);

	assert_int_equal(cons(2), EN | ERR | 1u << 24);
	assert_int_equal(cons(3), EN | 2);
	assert_true(is_stale(0x1000));
	assert_false(is_stale(0x2000));
	assert_int_equal(model_read32(rig.model, 0x60), 1u << 9);
	rig_queue(&rig, RIG_SYNC, 0);
	rig_run(&rig);
	assert_int_equal(model_read32(rig.model, 0x9c) & 0xff, model_read32(rig.model, 0x98));

	/* The summary alone changes nothing. */
	model_write32(rig.model, 0x64, 1u << 9);
	rig_run(&rig);
	assert_int_equal(cons(2), EN | ERR | 1u << 24);
	*rig_word(&rig, ring_pa[2]) = RIG_NSNH_ALL;
	acknowledge(2);
	rig_run(&rig);
	assert_int_equal(cons(2), EN | ERR | 1u << 24 | 3);
	assert_false(is_stale(0x1000));
}

static void every_error_toggles_and_is_summed_up_once(void **state)
{
	(void)state;
	for (unsigned turn = 0; turn < 4; turn++) {
		model_inject_cerror_on(rig.model, 1 + 4, turn, 2);
		model_inject_cerror_on(rig.model, 1 + 5, turn, 1);
		put(4, RIG_SYNC, 0);
		put(5, RIG_SYNC, 0);
		rig_run(&rig);
		assert_int_equal(cons(4), EN | (turn % 2 ? 0 : ERR) | 2u << 24 | turn);
		assert_int_equal(cons(5), EN | (turn % 2 ? 0 : ERR) | 1u << 24 | turn);
		assert_int_equal(model_read32(rig.model, 0x60) ^ model_read32(rig.model, 0x64), 1u << 9);
		acknowledge(4);
		acknowledge(5);
		model_write32(rig.model, 0x64, model_read32(rig.model, 0x60));
		rig_run(&rig);
		assert_int_equal(cons(4) & 0xff, turn + 1);
	}
}

static void registers_are_guarded_by_en_and_enack(void **state)
{
	(void)state;
	model_write64(rig.model, at(0), ring_pa[1] | LG2);
	assert_int_equal(rig.violations, 2);
	rig.violations = 0;
	model_write32(rig.model, at(0) + 12, 1);
	one_violation();
	assert_int_equal(model_read64(rig.model, at(0)), ring_pa[0] | LG2);
	acknowledge(0); /* of nothing */
	one_violation();
	acknowledge(0); /* and back */
	model_write32(rig.model, 0x28, 0x3f);
	assert_true(rig.violations >= 1);
	rig.violations = 0;

	model_write32(rig.model, at(0) + 8, 0);
	model_write32(rig.model, at(0) + 8, EN);
	one_violation();
	model_run(rig.model);
	assert_int_equal(cons(0) & EN, 0);
	put(1, RIG_SYNC, 0);
	rig_run(&rig);
	assert_int_equal(cons(1), EN | 1);
}

static void what_is_off_consumes_nothing(void **state)
{
	(void)state;
	model_write32(rig.model, at(6) + 8, 0);
	model_run(rig.model);
	model_write32(rig.model, at(6) + 8, 3);
	rig_run(&rig);
	assert_int_equal(cons(6), 0);
}

static void a_queue_that_stops_or_stalls_is_alone(void **state)
{
	(void)state;
	model_stop_ecmdq(rig.model, 1);
	model_stall_queue(rig.model, 2, true);
	put(1, RIG_SYNC, 0);
	put(2, RIG_SYNC, 0);
	rig_run(&rig);
	assert_int_equal(cons(0), 0);
	assert_int_equal(cons(1), EN);
	assert_int_equal(cons(2), EN | 1);
	model_stall_queue(rig.model, 2, false);
	rig_run(&rig);
	assert_int_equal(cons(1), EN | 1);
}

static void a_reset_turns_all_of_them_off(void **state)
{
	(void)state;
	put(3, RIG_SYNC, 0);
	model_reset(rig.model);
	rig_run(&rig);
	for (unsigned queue = 0; queue < QUEUES; queue++) {
		assert_int_equal(model_read32(rig.model, at(queue) + 8), 0);
		assert_int_equal(cons(queue), 0);
	}
}

static void doorbells_of_who_does_not_know_of_a_reset_are_no_mistake(void **state)
{
	(void)state;
	put(3, RIG_SYNC, 0);
	rig_run(&rig);
	model_reset(rig.model);
	put(3, RIG_NSNH_ALL, 0);
	put(3, RIG_SYNC, 0); /* while EN is not answered */
	rig_run(&rig);
	prod[3] = (1u << LG2) + 4;
	put(3, RIG_SYNC, 0); /* more than the ring has, if counted from its new start */
	rig_run(&rig);
	acknowledge(3);
	model_write32(rig.model, at(3) + 8, EN | 1u << 22);
	assert_int_equal(rig.violations, 0);
}

static void who_turned_a_queue_off_knows_of_the_reset(void **state)
{
	(void)state;
	model_reset(rig.model);
	model_write32(rig.model, at(3) + 8, 0);
	model_write32(rig.model, at(3) + 8, EN);
	model_write32(rig.model, at(3) + 8, EN);
	one_violation();
}

static void a_queue_that_was_off_at_a_reset_is_nobodys(void **state)
{
	(void)state;
	model_write32(rig.model, at(3) + 8, 0);
	model_run(rig.model);
	model_reset(rig.model);
	model_write32(rig.model, at(3) + 8, EN);
	model_write32(rig.model, at(3) + 8, EN);
	one_violation();
}

/* It is asked for again at every reset: nobody may have looked in between. */
static void two_resets_are_as_one(void **state)
{
	(void)state;
	model_reset(rig.model);
	model_reset(rig.model);
	put(3, RIG_SYNC, 0);
	put(3, RIG_SYNC, 0);
	assert_int_equal(rig.violations, 0);
}

static void a_sync_sends_what_it_is_asked_to(void **state)
{
	uint64_t word = RIG_TABLES + 0x200000 - 0x1000;

	(void)state;
	put(0, RIG_SYNC, 0);
	rig_run(&rig);
	assert_int_equal(model_counters(rig.model)->wakeups, 0);
	put(0, RIG_SYNC | UINT64_C(2) << 12, 0);
	rig_run(&rig);
	assert_int_equal(model_counters(rig.model)->wakeups, 1);
	put(0, RIG_SYNC | UINT64_C(1) << 12 | UINT64_C(77) << 32, word);
	rig_run(&rig);
	assert_int_equal(*rig_word(&rig, word), 77);

	model_lose_msis(rig.model, true);
	put(0, RIG_SYNC | UINT64_C(1) << 12 | UINT64_C(78) << 32, word);
	rig_run(&rig);
	assert_int_equal(*rig_word(&rig, word), 77);
	assert_int_equal(cons(0), EN | 4);
	assert_int_equal(model_read32(rig.model, 0x60), 1u << 4);
}

static void a_queue_that_is_no_longer_full_sends_an_event(void **state)
{
	uint64_t before;

	(void)state;
	model_stall_queue(rig.model, 1, true);
	for (unsigned i = 0; i < 1u << LG2; i++)
		put(0, RIG_NSNH_ALL, 0);
	before = model_counters(rig.model)->wakeups;
	model_stall_queue(rig.model, 1, false);
	rig_run(&rig);
	assert_int_equal(model_counters(rig.model)->wakeups, before + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(the_identification_registers_say_how_many_and_where),
		T(a_sync_completes_what_its_own_queue_was_told),
		T(a_sync_says_nothing_of_other_queues),
		T(break_before_make_waits_for_the_sync_of_the_same_queue),
		T(queues_are_served_in_no_order),
		T(an_error_stops_its_own_queue_alone),
		T(every_error_toggles_and_is_summed_up_once),
		T(registers_are_guarded_by_en_and_enack),
		T(what_is_off_consumes_nothing),
		T(a_queue_that_stops_or_stalls_is_alone),
		T(a_reset_turns_all_of_them_off),
		T(doorbells_of_who_does_not_know_of_a_reset_are_no_mistake),
		T(who_turned_a_queue_off_knows_of_the_reset),
		T(a_queue_that_was_off_at_a_reset_is_nobodys),
		T(two_resets_are_as_one),
		T(a_sync_sends_what_it_is_asked_to),
		T(a_queue_that_is_no_longer_full_sends_an_event),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
