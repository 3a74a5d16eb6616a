/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_threads.c - real threads make trips over the same pages, and nothing is used after it was handed over.
 *
 * Queueing and flushing is done under the host lock, waiting outside of it, by all at once. Meanwhile devices access
 * any page, and check what the books say of it. `make check-tsan` runs it under ThreadSanitizer.
 * Which trips are made follows from the seed (S2SHADOW_SEED), when they meet does not.
 */
#include "threads_rig.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "seeded.h"

#define TRIPS	     400u /* of all threads together */
#define DMA_THREADS  2u
#define SMMUS	     2u
#define PAGES_MAX    64u
#define BLOCK_PAGES  512u
#define PATIENCE     4u /* looks at a flush that was left to others */

/* A page's books: rises through these, so that who finds the same value twice knows that nothing happened between. */
enum { OPEN = 0, REVOKING = 1, AWAY = 2, GRANTING = 3, STAGES = 4 };

struct race {
	struct threads_rig rig;
	bool busy[THREADS_PAGES]; /* host lock */
	_Atomic uint32_t stage[THREADS_PAGES];
	_Atomic uint32_t stop, failed;
	_Atomic uint32_t left; /* flushes left to others */
	unsigned trips; /* of each thread */
};

struct traveller {
	struct race *race;
	unsigned cpu;
	uint64_t random;
};

struct trip {
	uint64_t first, count; /* pages, from THREADS_PAGE_FIRST */
};

/* cmocka's assertions are for the thread that it runs on. */
static void wrong(struct race *race, const char *what, uint64_t value)
{
	if (!atomic_exchange(&race->failed, 1))
		fprintf(stderr, "%s (%llu)\n", what, (unsigned long long)value);
}

/* ---- one trip --------------------------------------------------------------------------------------------- */

/* Host lock held. Return: false if someone is at work there. */
static bool claim(struct race *race, struct trip trip)
{
	for (uint64_t i = 0; i < trip.count; i++)
		if (race->busy[trip.first + i])
			return false;
	for (uint64_t i = 0; i < trip.count; i++)
		race->busy[trip.first + i] = true;
	return true;
}

static struct trip pick(struct traveller *traveller)
{
	uint64_t count = 1 + seeded_below(&traveller->random, PAGES_MAX);

	if (seeded_below(&traveller->random, 8) == 0)
		return (struct trip){ BLOCK_PAGES * seeded_below(&traveller->random, THREADS_PAGES / BLOCK_PAGES),
				      BLOCK_PAGES };
	return (struct trip){ seeded_below(&traveller->random, THREADS_PAGES - count + 1), count };
}

static void next_stage(struct race *race, struct trip trip)
{
	for (uint64_t i = 0; i < trip.count; i++)
		race->stage[trip.first + i]++;
}

/* Host lock held. Return: a ticket for it; half of the time of a flush that is left to whoever comes next. */
static shadow_ticket_t change(struct traveller *traveller, struct trip trip, enum shadow_state old_state,
			      enum shadow_state new_state)
{
	struct race *race = traveller->race;
	const struct shadow_transition transition = { .start = { (THREADS_PAGE_FIRST + trip.first)
								 << SHADOW_PAGE_LG2 },
						      .page_count = trip.count,
						      .old_state = old_state,
						      .new_state = new_state };
	int error = shadow_reserve(race->rig.engine, traveller->cpu, &transition, THREADS_WAIT_NS);

	if (error)
		wrong(race, "a transition was refused", (uint64_t)-error);
	else if (shadow_queue(race->rig.engine, traveller->cpu, race->rig.number + 1, &transition))
		race->rig.number++;
	shadow_trip_end(race->rig.engine, traveller->cpu);
	if (seeded_below(&traveller->random, 2))
		return shadow_flush(race->rig.engine);
	race->left++;
	return shadow_ticket(race->rig.engine);
}

/* No lock held. */
static int look(struct traveller *traveller, shadow_ticket_t ticket)
{
	struct shadow_engine *engine = traveller->race->rig.engine;

	if (seeded_below(&traveller->random, 4) == 0 && shadow_complete(engine, ticket))
		return 0;
	return shadow_wait(engine, ticket, THREADS_WAIT_NS);
}

static void await(struct traveller *traveller, shadow_ticket_t ticket)
{
	struct race *race = traveller->race;
	unsigned looks = 0;
	int error;

	while ((error = look(traveller, ticket)) == -SHADOW_EAGAIN && !race->failed) {
		if (looks++ < PATIENCE) {
			sched_yield();
			continue;
		}
		threads_lock(&race->rig);
		ticket = shadow_flush(race->rig.engine);
		threads_unlock(&race->rig);
	}
	if (error)
		wrong(race, "a wait failed", (uint64_t)-error);
}

/* Both ends and a page between them, on every SMMU. */
static void check(struct traveller *traveller, struct trip trip, bool reachable)
{
	const uint64_t page[] = { 0, trip.count - 1, seeded_below(&traveller->random, trip.count) };

	for (unsigned i = 0; i < sizeof(page) / sizeof(page[0]); i++)
		for (unsigned smmu = 0; smmu < SMMUS; smmu++)
			if (threads_dma(&traveller->race->rig, smmu, THREADS_PAGE_FIRST + trip.first + page[i]) !=
			    reachable)
				wrong(traveller->race,
				     reachable ? "no device reaches a page that was granted" :
						 "a device reaches a page that was handed over",
				     trip.first + page[i]);
}

static void travel(struct traveller *traveller, struct trip trip)
{
	struct race *race = traveller->race;
	shadow_ticket_t ticket;

	threads_lock(&race->rig);
	if (!claim(race, trip)) {
		threads_unlock(&race->rig);
		sched_yield();
		return;
	}
	next_stage(race, trip);
	ticket = change(traveller, trip, SHADOW_STATE_OWNED, SHADOW_STATE_NOPAGE);
	threads_unlock(&race->rig);
	await(traveller, ticket);
	next_stage(race, trip);
	check(traveller, trip, false);

	threads_lock(&race->rig);
	next_stage(race, trip);
	ticket = change(traveller, trip, SHADOW_STATE_NOPAGE, SHADOW_STATE_OWNED);
	threads_unlock(&race->rig);
	await(traveller, ticket);
	next_stage(race, trip);
	check(traveller, trip, true);

	threads_lock(&race->rig);
	for (uint64_t i = 0; i < trip.count; i++)
		race->busy[trip.first + i] = false;
	threads_unlock(&race->rig);
}

static void compact(struct traveller *traveller)
{
	struct race *race = traveller->race;
	shadow_ticket_t ticket;

	threads_lock(&race->rig);
	(void)shadow_compact(race->rig.engine, 1, &ticket);
	threads_unlock(&race->rig);
	if (shadow_wait(race->rig.engine, ticket, THREADS_WAIT_NS))
		wrong(race, "a wait for a compaction failed", ticket.number);
}

/* ---- threads ---------------------------------------------------------------------------------------------- */

static void *trips(void *ctx)
{
	struct traveller *traveller = ctx;
	struct race *race = traveller->race;

	for (unsigned i = 0; i < race->trips && !race->failed; i++) {
		travel(traveller, pick(traveller));
		if (seeded_below(&traveller->random, 16) == 0)
			compact(traveller);
	}
	return NULL;
}

/* A device accesses what it likes. What the books say before and after counts, if it is the same. */
static void *accesses(void *ctx)
{
	struct traveller *traveller = ctx;
	struct race *race = traveller->race;

	while (!threads_look(&race->stop)) {
		uint64_t page = seeded_below(&traveller->random, THREADS_PAGES);
		unsigned smmu = (unsigned)seeded_below(&traveller->random, SMMUS);
		uint32_t stage = threads_look(&race->stage[page]);
		bool reached = threads_dma(&race->rig, smmu, THREADS_PAGE_FIRST + page);

		if (stage == threads_look(&race->stage[page])) {
			if (stage % STAGES == OPEN && !reached)
				wrong(race, "an access to an open page failed", page);
			if (stage % STAGES == AWAY && reached)
				wrong(race, "an access got to a page that was handed over", page);
		}
		sched_yield();
	}
	return NULL;
}

static void *devices(void *ctx)
{
	struct traveller *traveller = ctx;

	while (!threads_look(&traveller->race->stop))
		if (!threads_step(&traveller->race->rig,
				  (unsigned)seeded_below(&traveller->random, SMMUS)))
			sched_yield();
	return NULL;
}

/* ---- the tests -------------------------------------------------------------------------------------------- */

static void check_end(struct race *race)
{
	struct shadow_smmu_stats smmu;
	struct shadow_table_stats tables;
	shadow_ticket_t ticket;

	assert_int_equal(race->failed, 0);
	assert_int_equal(race->rig.violations, 0);
	assert_int_equal(race->rig.troubles, 0);
	threads_lock(&race->rig);
	(void)shadow_flush(race->rig.engine);
	/* Publishes what earlier flushes have unlinked in passing. */
	while (shadow_compact(race->rig.engine, 1, &ticket))
		;
	assert_int_equal(shadow_wait(race->rig.engine, ticket, THREADS_WAIT_NS), 0);
	shadow_reclaim(race->rig.engine);
	threads_unlock(&race->rig);
	shadow_smmu_table_stats(race->rig.target, &tables);
	assert_int_equal(tables.bytes_retired, 0);
	assert_true(tables.splits > 10 && tables.collapses > 10);
	assert_true(race->left > 10);
	for (unsigned i = 0; i < SMMUS; i++) {
		shadow_smmu_stats(race->rig.smmu[i].smmu, &smmu);
		assert_false(smmu.closed || smmu.isolation_lost);
		for (uint64_t page = 0; page < THREADS_PAGES; page++)
			assert_true(threads_dma(&race->rig, i, THREADS_PAGE_FIRST + page));
	}
}

static unsigned cpus(unsigned times)
{
	long online = sysconf(_SC_NPROCESSORS_ONLN);
	uint64_t wanted = (online < 1 ? 1 : (uint64_t)online) * times;

	return wanted < SHADOW_CPUS_MAX ? (unsigned)wanted : SHADOW_CPUS_MAX;
}

static void run(unsigned count, bool nested, unsigned bbml)
{
	struct race *race = test_calloc(1, sizeof(*race));
	struct traveller *traveller = test_calloc(count + DMA_THREADS + 1, sizeof(*traveller));
	pthread_t *thread = test_calloc(count + DMA_THREADS + 1, sizeof(*thread));
	uint64_t random = seeded_start();

	threads_open(&race->rig, &(struct threads_config){
					 .cpus = count, .smmus = SMMUS, .nested = nested, .bbml = bbml, .seed = random });
	race->trips = (TRIPS + count - 1) / count;
	for (unsigned i = 0; i < count + DMA_THREADS + 1; i++) {
		traveller[i] = (struct traveller){ race, i, seeded_next(&random) };
		assert_int_equal(pthread_create(&thread[i], NULL,
						i < count ? trips : i < count + DMA_THREADS ? accesses : devices,
						&traveller[i]),
				 0);
	}
	for (unsigned i = 0; i < count; i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);
	race->stop = 1;
	for (unsigned i = count; i < count + DMA_THREADS + 1; i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);
	check_end(race);
	threads_close(&race->rig);
	test_free(thread);
	test_free(traveller);
	test_free(race);
}

static void as_many_threads_as_cpus_hand_over_nothing_in_reach(void **state)
{
	(void)state;
	run(cpus(1), false, 2);
}

static void four_times_as_many_threads_as_cpus_hand_over_nothing_in_reach(void **state)
{
	(void)state;
	run(cpus(4), false, 2);
}

static void with_nested_smmus_nothing_in_reach_is_handed_over(void **state)
{
	(void)state;
	run(cpus(4), true, 2);
}

static void where_cuts_are_prepared_nothing_in_reach_is_handed_over(void **state)
{
	(void)state;
	run(cpus(4), false, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_many_threads_as_cpus_hand_over_nothing_in_reach),
		cmocka_unit_test(four_times_as_many_threads_as_cpus_hand_over_nothing_in_reach),
		cmocka_unit_test(with_nested_smmus_nothing_in_reach_is_handed_over),
		cmocka_unit_test(where_cuts_are_prepared_nothing_in_reach_is_handed_over),
	};

	return cmocka_run_group_tests_name("threads", tests, NULL, NULL);
}
