/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_irq_threads.c - real threads: interrupts are handled on CPUs of their own while others queue, flush and wait.
 *
 * Commands are refused all the while, so that waits and handlers repair the same queues. `make check-tsan` runs
 * it under ThreadSanitizer.
 */
#include "threads_rig.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>

#include "seeded.h"

#define TRAVELLERS 3u
#define HANDLERS   2u
#define SMMUS	   2u
#define TRIPS	   120u /* of each traveller */
#define SPAN	   (THREADS_PAGES / TRAVELLERS)
#define REPAIRS    20u

struct race {
	struct threads_rig rig;
	_Atomic uint32_t stop, failed;
	_Atomic uint32_t handled, left; /* calls of shadow_smmu_gerror(), and those that somebody else was in the way of */
};

struct worker {
	struct race *race;
	unsigned index;
	uint64_t random;
};

/* cmocka's assertions are for the thread that it runs on. */
static void wrong(struct race *race, const char *what, uint64_t value)
{
	if (!atomic_exchange(&race->failed, 1))
		fprintf(stderr, "%s (%llu)\n", what, (unsigned long long)value);
}

static shadow_ticket_t change(struct worker *worker, uint64_t page, enum shadow_state old_state,
			      enum shadow_state new_state)
{
	struct threads_rig *rig = &worker->race->rig;
	const struct shadow_transition transition = { .start = { page << SHADOW_PAGE_LG2 },
						      .page_count = 1,
						      .old_state = old_state,
						      .new_state = new_state };
	shadow_ticket_t ticket;

	threads_lock(rig);
	if (shadow_reserve(rig->engine, worker->index, &transition, THREADS_WAIT_NS))
		wrong(worker->race, "a transition was refused", page);
	else if (shadow_queue(rig->engine, worker->index, rig->number + 1, &transition))
		rig->number++;
	shadow_trip_end(rig->engine, worker->index);
	ticket = shadow_flush(rig->engine);
	threads_unlock(rig);
	return ticket;
}

/* Half of them wait; the others leave it to the handlers, and ask. */
static void await(struct worker *worker, shadow_ticket_t ticket)
{
	struct race *race = worker->race;

	if (seeded_below(&worker->random, 2)) {
		if (shadow_wait(race->rig.engine, ticket, THREADS_WAIT_NS))
			wrong(race, "a wait failed", ticket.number);
		return;
	}
	while (!shadow_complete(race->rig.engine, ticket) && !race->failed)
		sched_yield();
}

static void *travel(void *ctx)
{
	struct worker *worker = ctx;
	struct race *race = worker->race;

	for (unsigned i = 0; i < TRIPS && !race->failed; i++) {
		uint64_t page = THREADS_PAGE_FIRST + worker->index * SPAN + seeded_below(&worker->random, SPAN);
		unsigned smmu = (unsigned)seeded_below(&worker->random, SMMUS);

		if (!threads_dma(&race->rig, smmu, page))
			wrong(race, "a page that was granted is out of reach", page);
		if (seeded_below(&worker->random, 3) == 0)
			threads_refuse(&race->rig, smmu,
				       smmu ? 0 : (unsigned)seeded_below(&worker->random, 1 + THREADS_ECMDQS));
		await(worker, change(worker, page, SHADOW_STATE_OWNED, SHADOW_STATE_NOPAGE));
		for (unsigned number = 0; number < SMMUS; number++)
			if (threads_dma(&race->rig, number, page))
				wrong(race, "a page that was handed over is in reach", page);
		(void)change(worker, page, SHADOW_STATE_NOPAGE, SHADOW_STATE_OWNED);
	}
	return NULL;
}

/* Errors on any CPU; events of one SMMU on one at a time. */
static void *handle(void *ctx)
{
	struct worker *worker = ctx;
	struct race *race = worker->race;

	while (!race->stop) {
		for (unsigned i = 0; i < SMMUS; i++) {
			int error = shadow_smmu_gerror(race->rig.smmu[i].smmu);

			race->handled++;
			race->left += error == -SHADOW_EAGAIN;
			if (error && error != -SHADOW_EAGAIN)
				wrong(race, "an SMMU was shut", i);
		}
		(void)shadow_smmu_events(race->rig.smmu[worker->index % SMMUS].smmu, 8);
		sched_yield();
	}
	return NULL;
}

static void *work(void *ctx)
{
	struct worker *worker = ctx;

	while (!worker->race->stop)
		if (!threads_step(&worker->race->rig, (unsigned)seeded_below(&worker->random, SMMUS)))
			sched_yield();
	return NULL;
}

static void run(bool nested)
{
	struct race *race = test_calloc(1, sizeof(*race));
	struct worker worker[TRAVELLERS + HANDLERS + 1];
	pthread_t thread[TRAVELLERS + HANDLERS + 1];
	uint64_t random = seeded_start(), repaired = 0;
	struct shadow_smmu_stats stats;

	threads_open(&race->rig, &(struct threads_config){ .cpus = TRAVELLERS,
							   .smmus = SMMUS,
							   .nested = nested,
							   .bbml = 2,
							   .errors = true,
							   .seed = random });
	for (unsigned i = 0; i < TRAVELLERS + HANDLERS + 1; i++) {
		worker[i] = (struct worker){ race, i < TRAVELLERS ? i : i - TRAVELLERS, seeded_next(&random) };
		assert_int_equal(pthread_create(&thread[i], NULL,
						i < TRAVELLERS		  ? travel :
						i < TRAVELLERS + HANDLERS ? handle :
									    work,
						&worker[i]),
				 0);
	}
	for (unsigned i = 0; i < TRAVELLERS; i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);
	race->stop = 1;
	for (unsigned i = TRAVELLERS; i < TRAVELLERS + HANDLERS + 1; i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);
	assert_int_equal(race->failed, 0);
	assert_int_equal(race->rig.violations, 0);
	assert_int_equal(race->rig.troubles, 0);
	for (unsigned i = 0; i < SMMUS; i++) {
		shadow_smmu_stats(race->rig.smmu[i].smmu, &stats);
		assert_false(stats.closed || stats.isolation_lost);
		repaired += stats.commands_repaired;
	}
	assert_true(repaired > REPAIRS);
	assert_true(race->handled > REPAIRS);
	threads_close(&race->rig);
	test_free(race);
}

static void waits_and_handlers_repair_the_same_queues(void **state)
{
	(void)state;
	run(false);
}

static void with_nested_smmus_waits_and_handlers_repair_the_same_queues(void **state)
{
	(void)state;
	run(true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(waits_and_handlers_repair_the_same_queues),
		cmocka_unit_test(with_nested_smmus_waits_and_handlers_repair_the_same_queues),
	};

	return cmocka_run_group_tests_name("irq_threads", tests, NULL, NULL);
}
