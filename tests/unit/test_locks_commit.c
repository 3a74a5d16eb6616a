/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_locks_commit.c - group commit: CPUs that share flushes and syncs, and what a waiter may count on.
 *
 * One thread plays all CPUs, since every call returns before the next is made; where it matters that the
 * one who flushed is gone, or waits elsewhere, there are two. Which CPU a call is made on is its argument.
 */
#include "core_rig.h"

#include <pthread.h>
#include <stdatomic.h>

#include "engine/order.h"
#include "engine/target.h"
#include "seeded.h"

#define CPUS  8u
#define PAGE  CORE_MEMORY_PAGE
#define STEP  3u /* pages from one CPU's to the next one's: no two are one run */
#define OWNED SHADOW_STATE_OWNED
#define NOPAGE SHADOW_STATE_NOPAGE

static struct core core;

static void up(unsigned smmus, bool nested)
{
	core_init(&core);
	core.smmu_count = smmus;
	core.cpu_count = CPUS;
	core.nested = nested;
	core_up(&core);
}

static int tear_down(void **state)
{
	(void)state;
	core_down(&core);
	return 0;
}

static uint64_t syncs(unsigned smmu)
{
	return core_smmu_stats(&core, smmu).syncs;
}

static void change_on(unsigned cpu, uint64_t page, enum shadow_state old_state, enum shadow_state new_state)
{
	assert_int_equal(core_change_on(&core, cpu, page, 1, old_state, new_state), 0);
	shadow_trip_end(core.engine, cpu);
}

/* A page of its own. Return: what it waits for. */
static shadow_ticket_t revoke_on(unsigned cpu)
{
	change_on(cpu, PAGE + STEP * cpu, OWNED, NOPAGE);
	return shadow_ticket(core.engine);
}

/* ---- one flush for all ------------------------------------------------------------------------------------ */

static void check_one_flush_for_all(bool nested)
{
	shadow_ticket_t ticket[CPUS];
	uint64_t before[2];

	up(2, nested);
	before[0] = syncs(0);
	before[1] = syncs(1);
	for (unsigned cpu = 0; cpu < CPUS; cpu++)
		ticket[cpu] = revoke_on(cpu);

	for (unsigned cpu = 0; cpu < CPUS; cpu++)
		(void)shadow_flush(core.engine); /* all but the first find nothing */
	for (unsigned cpu = 0; cpu < CPUS; cpu++)
		assert_int_equal(shadow_wait(core.engine, ticket[cpu], CORE_WAIT_NS), 0);

	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(syncs(i), before[i] + (nested ? 2 : 1));
		assert_int_equal(core_count(&core, CORE_DOORBELL, i), 1);
		for (unsigned cpu = 0; cpu < CPUS; cpu++)
			assert_false(core_reaches(&core, i, PAGE + STEP * cpu));
	}
	assert_int_equal(core_stats(&core).flushes, 1);
}

static void one_flush_serves_every_cpu_that_waits(void **state)
{
	(void)state;
	check_one_flush_for_all(false);
}

static void so_it_does_on_nested_smmus(void **state)
{
	(void)state;
	check_one_flush_for_all(true);
}

static void who_comes_during_a_sync_shares_the_next_one(void **state)
{
	shadow_ticket_t first, ticket[CPUS];

	(void)state;
	up(1, false);
	core_stall(&core, true);
	first = revoke_on(0);
	(void)shadow_flush(core.engine);
	for (unsigned cpu = 1; cpu < CPUS; cpu++)
		ticket[cpu] = revoke_on(cpu);

	assert_int_equal(shadow_wait(core.engine, ticket[1], 1), -SHADOW_EAGAIN);
	(void)shadow_flush(core.engine);
	core_stall(&core, false);
	for (unsigned cpu = 1; cpu < CPUS; cpu++)
		assert_int_equal(shadow_wait(core.engine, ticket[cpu], CORE_WAIT_NS), 0);

	assert_true(shadow_complete(core.engine, first));
	assert_int_equal(core_count(&core, CORE_DOORBELL, 0), 2);
	assert_int_equal(core_stats(&core).flushes, 2);
}

/* ---- two batches in flight -------------------------------------------------------------------------------- */

static void the_next_batch_is_published_while_a_sync_is_outstanding(void **state)
{
	shadow_ticket_t first, second;

	(void)state;
	up(2, false);
	core_stall(&core, true);
	(void)revoke_on(0);
	first = shadow_flush(core.engine);
	(void)revoke_on(1);
	second = shadow_flush(core.engine);

	assert_int_equal(core_count(&core, CORE_DOORBELL, 0), 2);
	assert_int_equal(core_count(&core, CORE_DOORBELL, 1), 2);
	assert_false(shadow_complete(core.engine, first));
	/* One SMMU is past both, the other past neither: nothing is complete. */
	model_run(core.smmu[0].model);
	assert_false(shadow_complete(core.engine, first));
	assert_false(core_reaches(&core, 0, PAGE));
	model_run(core.smmu[1].model);
	assert_true(shadow_complete(core.engine, second));
	assert_true(shadow_complete(core.engine, first));
}

static void the_first_of_two_batches_completes_before_the_second(void **state)
{
	shadow_ticket_t first, second;
	bool alone = false;

	(void)state;
	up(1, false);
	core_stall(&core, true);
	(void)revoke_on(0);
	first = shadow_flush(core.engine);
	(void)revoke_on(1);
	second = shadow_flush(core.engine);

	do {
		bool later = shadow_complete(core.engine, second);

		assert_false(later && !shadow_complete(core.engine, first));
		alone |= !later && shadow_complete(core.engine, first);
	} while (model_step(core.smmu[0].model));
	assert_true(alone);
	assert_true(shadow_complete(core.engine, second));
}

/* ---- who waits -------------------------------------------------------------------------------------------- */

static void *flush_and_go(void *ctx)
{
	platform_linux_set_host_lock(true);
	*(shadow_ticket_t *)ctx = shadow_flush(core.engine);
	platform_linux_set_host_lock(false);
	return NULL;
}

/* Whoever flushed is gone for good: nobody is told, nobody tells. */
static void a_waiter_needs_nothing_from_who_flushed(void **state)
{
	shadow_ticket_t mine, theirs;
	pthread_t flusher;

	(void)state;
	up(1, false);
	core_stall(&core, true);
	mine = revoke_on(3);
	assert_int_equal(pthread_create(&flusher, NULL, flush_and_go, &theirs), 0);
	assert_int_equal(pthread_join(flusher, NULL), 0);
	core_stall(&core, false);
	platform_linux_set_host_lock(false);

	assert_int_equal(shadow_wait(core.engine, mine, CORE_WAIT_NS), 0);
	assert_int_equal(theirs.number, mine.number);
	assert_false(core_reaches(&core, 0, PAGE + STEP * 3));
}

static struct {
	unsigned relaxes, most_reads, held;
} watched;

static void watch(void *ctx)
{
	unsigned reads = core_count(&core, CORE_CONS_READ, 0) + core_count(&core, CORE_CONS_READ, 1);

	/* The first time, two looks lie behind it. */
	if (watched.relaxes && reads > watched.most_reads)
		watched.most_reads = reads;
	if (order_try_lock(&core.target->completing))
		order_unlock(&core.target->completing);
	else
		watched.held++;
	core.log_count = 0;
	watched.relaxes++;
	core_relax(ctx);
}

static void a_waiter_holds_the_completion_lock_for_one_look_at_each_smmu(void **state)
{
	shadow_ticket_t ticket;

	(void)state;
	memset(&watched, 0, sizeof(watched));
	up(2, false);
	core_stall(&core, true);
	for (unsigned cpu = 0; cpu < CPUS; cpu++) {
		(void)revoke_on(cpu);
		ticket = shadow_flush(core.engine);
	}
	core_forget(&core);
	platform_linux_set_relax(watch, &core);

	assert_int_equal(shadow_wait(core.engine, ticket, CORE_WAIT_NS / 2), -SHADOW_ETIMEDOUT);

	assert_true(watched.relaxes > 10);
	assert_int_equal(watched.held, 0);
	assert_int_equal(watched.most_reads, 2);
}

static void who_asks_while_another_looks_is_answered_at_once(void **state)
{
	shadow_ticket_t first, second;

	(void)state;
	up(1, false);
	(void)revoke_on(0);
	first = shadow_flush(core.engine);
	assert_int_equal(shadow_wait(core.engine, first, CORE_WAIT_NS), 0);
	(void)revoke_on(1);
	second = shadow_flush(core.engine);
	core_run_models(&core);
	core_forget(&core);
	assert_true(order_try_lock(&core.target->completing)); /* another CPU, in the midst of its look */

	assert_true(shadow_complete(core.engine, first));
	assert_int_equal(shadow_wait(core.engine, first, 1), 0);
	assert_false(shadow_complete(core.engine, second));
	assert_int_equal(shadow_wait(core.engine, second, 1), -SHADOW_ETIMEDOUT);
	assert_int_equal(core_count(&core, CORE_CONS_READ, 0), 0);
	(void)revoke_on(2);
	(void)shadow_flush(core.engine); /* nor does a flush wait for it */

	order_unlock(&core.target->completing);
	assert_true(shadow_complete(core.engine, second));
}

/* Nothing is written for it, but it has its place in the order. */
static void a_ticket_of_what_its_own_trip_took_back_completes(void **state)
{
	shadow_ticket_t ticket;

	(void)state;
	up(1, false);
	assert_int_equal(core_change_on(&core, 0, PAGE, 1, OWNED, NOPAGE), 0);
	assert_int_equal(core_change_on(&core, 0, PAGE, 1, NOPAGE, OWNED), 0);
	shadow_trip_end(core.engine, 0);
	ticket = shadow_ticket(core.engine);
	assert_int_equal(core_stats(&core).pages_cancelled, 0);

	assert_int_equal(shadow_flush(core.engine).number, ticket.number);

	assert_int_equal(shadow_wait(core.engine, ticket, CORE_WAIT_NS), 0);
	assert_int_equal(core_stats(&core).pages_cancelled, 1);
	assert_int_equal(core_count(&core, CORE_DOORBELL, 0), 0);
	assert_true(core_reaches(&core, 0, PAGE));
}

/* ---- order ------------------------------------------------------------------------------------------------ */

/* Numbers say which was last, not which queue is drained last. */
static void the_last_number_of_a_page_wins_whichever_cpu_has_it(void **state)
{
	(void)state;
	for (unsigned cpu = 0; cpu < 2; cpu++) {
		up(1, false);
		change_on(cpu, PAGE, OWNED, NOPAGE);
		core_finish(&core);
		change_on(cpu, PAGE, NOPAGE, OWNED);
		change_on(!cpu, PAGE, OWNED, NOPAGE);
		core_finish(&core);
		assert_false(core_reaches(&core, 0, PAGE));
		change_on(!cpu, PAGE, NOPAGE, OWNED);
		core_finish(&core);
		assert_true(core_reaches(&core, 0, PAGE));
		if (cpu == 0)
			core_down(&core);
	}
}

/* Why a reservation and its queueing belong into one hold of the lock. */
static void any_cpu_s_flush_ends_a_reservation(void **state)
{
	const struct shadow_transition revoke = core_transition(PAGE, 1, OWNED, NOPAGE);

	(void)state;
	core_init(&core);
	core.cpu_count = CPUS;
	core.bbml = 2;
	core.pool_bytes = 0;
	core_up(&core);
	assert_int_equal(shadow_reserve(core.engine, 0, &revoke, CORE_WAIT_NS), 0);
	for (unsigned i = 0; i < core.queue_slots - 1; i++)
		assert_int_equal(shadow_reserve(core.engine, 0, &revoke, CORE_WAIT_NS), 0);

	(void)revoke_on(1);
	(void)shadow_flush(core.engine);

	/* All of its slots are free again: none is set aside. */
	for (unsigned i = 0; i < core.queue_slots; i++)
		assert_int_equal(shadow_reserve(core.engine, 0, &revoke, CORE_WAIT_NS), 0);
	assert_int_equal(core_stats(&core).flushes_forced, 0);
}

/* ---- once complete ---------------------------------------------------------------------------------------- */

#define TICKETS 600u

static struct {
	shadow_ticket_t ticket[TICKETS];
	bool complete[TICKETS];
	unsigned count;
	bool off[2]; /* SMMUs */
} book;

static void check_book(void)
{
	for (unsigned i = 0; i < book.count; i++) {
		bool complete = shadow_complete(core.engine, book.ticket[i]);

		if (book.complete[i]) {
			assert_true(complete);
			assert_int_equal(shadow_wait(core.engine, book.ticket[i], 1), 0);
		}
		book.complete[i] = complete;
	}
	core.log_count = core.report_count = 0;
}

static void another_ticket(uint64_t *random)
{
	const struct shadow_transition revoke = core_transition(PAGE + STEP * book.count, 1, OWNED, NOPAGE);
	unsigned cpu = (unsigned)seeded_below(random, CPUS);

	assert_int_equal(shadow_reserve(core.engine, cpu, &revoke, CORE_WAIT_NS), 0);
	core.number += shadow_queue(core.engine, cpu, core.number + 1, &revoke);
	shadow_trip_end(core.engine, cpu);
	book.ticket[book.count++] = shadow_flush(core.engine);
}

static void take_away(unsigned smmu)
{
	assert_int_equal(shadow_smmu_detach(core.smmu[smmu].smmu), 0);
	book.off[smmu] = true;
}

static void bring_back(unsigned smmu)
{
	if (core_smmu_stats(&core, smmu).closed)
		take_away(smmu);
	if (book.off[smmu])
		assert_int_equal(shadow_smmu_enable(core.smmu[smmu].smmu), 0);
	book.off[smmu] = false;
}

/* A failure, or off, or back on. */
static void disturb(unsigned smmu, uint64_t *random)
{
	struct model *model = core.smmu[smmu].model;

	switch (seeded_below(random, 7)) {
	case 0:
		model_reset(model);
		break;
	case 1:
		model_stop_queue(model);
		break;
	case 2:
		model_forge_cons(model, true, UINT32_MAX);
		check_book();
		model_forge_cons(model, false, 0);
		break;
	case 3:
		take_away(smmu);
		break;
	default:
		bring_back(smmu);
		break;
	}
}

static void a_ticket_that_was_complete_stays_so_whatever_happens(void **state)
{
	uint64_t random = seeded_start();
	unsigned complete = 0;

	(void)state;
	memset(&book, 0, sizeof(book));
	up(2, false);
	for (unsigned i = 0; i + 1 < TICKETS; i++) {
		unsigned smmu = (unsigned)seeded_below(&random, 2);

		if (seeded_below(&random, 8) == 0)
			disturb(smmu, &random);
		else if (seeded_below(&random, 2))
			another_ticket(&random);
		else
			model_step(core.smmu[smmu].model);
		check_book();
	}
	for (unsigned i = 0; i < book.count; i++)
		complete += book.complete[i];
	assert_true(complete > 10);

	/* And no more than what was, once isolation is lost. */
	bring_back(0);
	model_stall_registers(core.smmu[0].model, true);
	assert_int_equal(shadow_smmu_detach(core.smmu[0].smmu), -SHADOW_EIO);
	assert_true(book.count < TICKETS);
	another_ticket(&random);
	check_book();
	core_run_models(&core);
	check_book();
	assert_false(book.complete[book.count - 1]);
	assert_int_equal(shadow_wait(core.engine, book.ticket[book.count - 1], CORE_WAIT_NS), -SHADOW_EIO);
}

#define TEST(name) cmocka_unit_test_teardown(name, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_flush_serves_every_cpu_that_waits),
		TEST(so_it_does_on_nested_smmus),
		TEST(who_comes_during_a_sync_shares_the_next_one),
		TEST(the_next_batch_is_published_while_a_sync_is_outstanding),
		TEST(the_first_of_two_batches_completes_before_the_second),
		TEST(a_waiter_needs_nothing_from_who_flushed),
		TEST(a_waiter_holds_the_completion_lock_for_one_look_at_each_smmu),
		TEST(who_asks_while_another_looks_is_answered_at_once),
		TEST(a_ticket_of_what_its_own_trip_took_back_completes),
		TEST(the_last_number_of_a_page_wins_whichever_cpu_has_it),
		TEST(any_cpu_s_flush_ends_a_reservation),
		TEST(a_ticket_that_was_complete_stays_so_whatever_happens),
	};

	return cmocka_run_group_tests_name("locks_commit", tests, NULL, NULL);
}
