/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_locks.c - real threads: a host with one lock, and one with a lock for each region of its pages.
 *
 * The host here does what docs/locking.md asks of either. One lock: checks, its own table, reserve, queue
 * and flush are under it; it is held through the wait, or dropped with the pages pending. A lock a region:
 * that is held over the whole trip, or dropped with the pages pending; a short lock, the engine's host
 * lock, is around reserve and queue, and around flushes, which may be bounded. Pages are donated to
 * guests, taken back by force or in the same hold, shared, given up ahead of donations; guests are torn
 * down; trips fail at their end. Meanwhile devices access any page, one SMMU is attached, goes and comes,
 * events are read, tables compacted.
 *
 * What devices may see is in books that rise with each step of a page: what they say before and after an
 * access counts, if it is the same. Which trips are made follows from the seed (S2SHADOW_SEED), when they
 * meet does not. `make check-tsan` runs it under ThreadSanitizer, which also sees whether those locks
 * suffice for the host's own data.
 */
#include "threads_rig.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "seeded.h"

#define TRIPS	     1600u /* of all threads together */
#define LONGER	     50u   /* times as many, at most, until each kind of trip has been made */
#define SMMUS	     2u	  /* all the time; */
#define GUEST_SMMU   SMMUS /* this one comes and goes */
#define DEVICES	     (SMMUS + 1)
#define DMA_THREADS  2u
#define HELPERS	     (DMA_THREADS + 3) /* threads that make no trips */
#define PAGES_MAX    64u
#define REGION_PAGES 512u
#define REGIONS	     (THREADS_PAGES / REGION_PAGES)
#define OWN_PAGES    16u /* of each region are one thread's */
#define GUESTS	     3u
#define PATIENCE     4u /* looks at a flush that was left to others */
#define EVENTS	     8u

enum kind { ONE_LOCK, REGION_LOCKS };

/* Whose a page is. */
enum { HOST, NOBODY, GUEST };

/* A page's books. */
enum { OPEN, REVOKING, AWAY, GRANTING, STAGES };

struct guest {
	bool dead;
	unsigned generation;
};

struct host {
	struct threads_rig rig; /* its lock is the engine's host lock */
	enum kind kind;
	pthread_mutex_t region_lock[REGIONS]; /* REGION_LOCKS: taken in their order, before rig.lock; */
	uint8_t owner[THREADS_PAGES];	      /* these are under it, or under rig.lock */
	bool pending[THREADS_PAGES];
	bool consented[THREADS_PAGES];
	pthread_mutex_t guest_lock; /* inside of the page's; */
	struct guest guest[GUESTS]; /* these are under it */
	_Atomic uint32_t stage[THREADS_PAGES];
	_Atomic uint32_t stop, failed;
	_Atomic uint32_t donated, forced, given_back, torn_down, left, shared, refused, visits; /* how often */
	_Atomic uint32_t consents, withdrawn, inherited, undone, overlapped;
	unsigned trips; /* of each thread */
};

struct trip {
	uint64_t first, count; /* pages, from THREADS_PAGE_FIRST */
};

struct traveller {
	struct host *host;
	unsigned cpu;
	uint64_t random;
	struct trip locked;
};

/* cmocka's assertions are for the thread that it runs on. */
static void wrong(struct host *host, const char *what, uint64_t value)
{
	if (!atomic_exchange(&host->failed, 1))
		fprintf(stderr, "%s (%llu)\n", what, (unsigned long long)value);
}

static bool coin(struct traveller *traveller, unsigned sides)
{
	return seeded_below(&traveller->random, sides) == 0;
}

/* ---- locks ------------------------------------------------------------------------------------------------ */

static void lock_pages(struct host *host, struct trip trip)
{
	if (host->kind == ONE_LOCK)
		threads_lock(&host->rig);
	else
		for (uint64_t i = trip.first / REGION_PAGES; i <= (trip.first + trip.count - 1) / REGION_PAGES; i++)
			pthread_mutex_lock(&host->region_lock[i]);
}

static void unlock_pages(struct host *host, struct trip trip)
{
	if (host->kind == ONE_LOCK)
		threads_unlock(&host->rig);
	else
		for (uint64_t i = trip.first / REGION_PAGES; i <= (trip.first + trip.count - 1) / REGION_PAGES; i++)
			pthread_mutex_unlock(&host->region_lock[i]);
}

/* Inside of the pages' lock. */
static void lock_engine(struct host *host)
{
	if (host->kind != ONE_LOCK)
		threads_lock(&host->rig);
}

static void unlock_engine(struct host *host)
{
	if (host->kind != ONE_LOCK)
		threads_unlock(&host->rig);
}

/* ---- what devices see ------------------------------------------------------------------------------------- */

static void next_stage(struct host *host, struct trip trip)
{
	for (uint64_t i = 0; i < trip.count; i++)
		host->stage[trip.first + i]++;
}

/* From REVOKING on, without a moment that the books say anything of. */
static void reopen(struct host *host, struct trip trip)
{
	for (uint64_t i = 0; i < trip.count; i++)
		host->stage[trip.first + i] += STAGES - REVOKING;
}

/* One access. @reachable: as it has to be, but for an SMMU that was not on all the time. */
static void check_access(struct host *host, unsigned device, uint64_t page, bool reachable)
{
	uint32_t turn = threads_look(&host->rig.smmu[device].turn);
	bool reached = threads_dma(&host->rig, device, THREADS_PAGE_FIRST + page);

	if (reached && !reachable)
		wrong(host, "a device reaches a page that was handed over", page);
	if (!reached && reachable && turn % 2 && turn == threads_look(&host->rig.smmu[device].turn))
		wrong(host, "no device reaches a page that is the host's", page);
}

/* Both ends and a page between them, on every SMMU. */
static void check(struct traveller *traveller, struct trip trip, bool reachable)
{
	const uint64_t page[] = { 0, trip.count - 1, seeded_below(&traveller->random, trip.count) };

	for (unsigned i = 0; i < sizeof(page) / sizeof(page[0]); i++)
		for (unsigned device = 0; device < DEVICES; device++)
			check_access(traveller->host, device, trip.first + page[i], reachable);
}

/* ---- the engine's part of a trip -------------------------------------------------------------------------- */

static shadow_ipa_t address(uint64_t page)
{
	return (shadow_ipa_t){ (THREADS_PAGE_FIRST + page) << SHADOW_PAGE_LG2 };
}

static struct shadow_transition transition(struct trip trip, enum shadow_state old_state, enum shadow_state new_state)
{
	return (struct shadow_transition){ .start = address(trip.first),
					   .page_count = trip.count,
					   .old_state = old_state,
					   .new_state = new_state };
}

/* Engine's lock held. Return: for all that was queued; half of the time, that is left to others, or in part.
 * @now: not left, as this CPU will not come back for it. */
static shadow_ticket_t flush(struct traveller *traveller, bool now)
{
	struct host *host = traveller->host;
	bool more;

	if (now || coin(traveller, 2))
		return shadow_flush(host->rig.engine);
	if (coin(traveller, 2))
		(void)shadow_flush_some(host->rig.engine, 1 + (unsigned)seeded_below(&traveller->random, 4), &more);
	host->left++;
	return shadow_ticket(host->rig.engine);
}

/* Engine's lock held. @changes: as it has to be. */
static void reserve_and_queue(struct traveller *traveller, const struct shadow_transition *change, bool changes)
{
	struct host *host = traveller->host;
	int error = shadow_reserve(host->rig.engine, traveller->cpu, change, THREADS_WAIT_NS);

	if (error)
		wrong(host, "a transition was refused", (uint64_t)-error);
	else if (shadow_queue(host->rig.engine, traveller->cpu, host->rig.number + 1, change) != changes)
		wrong(host, "a transition was taken for another", change->start.addr);
	else
		host->rig.number += changes;
}

/* Number, queue and perhaps flush: one hold of the engine's lock, since any flush ends the reservation. */
static shadow_ticket_t change(struct traveller *traveller, struct trip trip, enum shadow_state old_state,
			      enum shadow_state new_state, bool now)
{
	const struct shadow_transition made = transition(trip, old_state, new_state);
	struct host *host = traveller->host;
	bool ahead = host->consented[trip.first] && old_state == SHADOW_STATE_OWNED;
	shadow_ticket_t ticket, consents;

	lock_engine(host);
	reserve_and_queue(traveller, &made,
			  !ahead && (old_state == SHADOW_STATE_NOPAGE || new_state == SHADOW_STATE_NOPAGE));
	shadow_trip_end(host->rig.engine, traveller->cpu);
	ticket = flush(traveller, now);
	consents = shadow_consent_ticket(host->rig.engine);
	unlock_engine(host);
	return ahead && consents.number > ticket.number ? consents : ticket;
}

/* Not under the engine's lock, unless the ticket is of a flush. */
static int look(struct traveller *traveller, shadow_ticket_t ticket)
{
	struct shadow_engine *engine = traveller->host->rig.engine;

	if (coin(traveller, 4) && shadow_complete(engine, ticket)) {
		if (shadow_wait(engine, ticket, 1) || !shadow_complete(engine, ticket))
			wrong(traveller->host, "a complete ticket is not so any more", ticket.number);
		return 0;
	}
	return shadow_wait(engine, ticket, THREADS_WAIT_NS);
}

static void await(struct traveller *traveller, shadow_ticket_t ticket)
{
	struct host *host = traveller->host;
	unsigned looks = 0;
	int error;

	while ((error = look(traveller, ticket)) == -SHADOW_EAGAIN && !host->failed) {
		if (looks++ < PATIENCE) {
			sched_yield();
			continue;
		}
		threads_lock(&host->rig);
		(void)shadow_flush(host->rig.engine);
		threads_unlock(&host->rig);
	}
	if (error)
		wrong(host, "a wait failed", (uint64_t)-error);
}

/* ---- the host --------------------------------------------------------------------------------------------- */

/* Pages' lock held, as in all of this part. */
static void set_owner(struct host *host, struct trip trip, unsigned owner)
{
	memset(&host->owner[trip.first], (int)owner, trip.count);
}

/* The pages from the first on that are like it. Return: no pages if it is pending. */
static struct trip same_owner(const struct host *host, struct trip trip)
{
	uint64_t count = 0;

	while (count < trip.count && !host->pending[trip.first + count] &&
	       host->owner[trip.first + count] == host->owner[trip.first] &&
	       host->consented[trip.first + count] == host->consented[trip.first])
		count++;
	return (struct trip){ trip.first, count };
}

static bool guest_lives(struct host *host, unsigned number, unsigned generation)
{
	bool lives;

	pthread_mutex_lock(&host->guest_lock);
	lives = !host->guest[number].dead && host->guest[number].generation == generation;
	pthread_mutex_unlock(&host->guest_lock);
	return lives;
}

/* Whoever had these pages has lost them. The host has them back once a device may use them. */
static void grant(struct traveller *traveller, struct trip trip)
{
	struct host *host = traveller->host;
	shadow_ticket_t ticket;

	next_stage(host, trip);
	ticket = change(traveller, trip, SHADOW_STATE_NOPAGE, SHADOW_STATE_OWNED, host->kind == ONE_LOCK);
	set_owner(host, trip, HOST);
	memset(&host->consented[trip.first], false, trip.count);
	await(traveller, ticket);
	next_stage(host, trip);
	check(traveller, trip, true);
}

static void mark_pending(struct host *host, struct trip trip, bool pending)
{
	lock_engine(host);
	if (!pending)
		shadow_pending_end(host->rig.engine, address(trip.first), trip.count);
	else if (shadow_pending(host->rig.engine, address(trip.first), trip.count))
		wrong(host, "pages cannot be made pending", trip.first);
	unlock_engine(host);
	memset(&host->pending[trip.first], pending, trip.count);
}

/* Nobody but this trip may change them, and the lock goes while it waits. */
static void await_pending(struct traveller *traveller, struct trip trip, shadow_ticket_t ticket)
{
	struct host *host = traveller->host;

	mark_pending(host, trip, true);
	unlock_pages(host, traveller->locked);
	await(traveller, ticket);
	lock_pages(host, traveller->locked);
	mark_pending(host, trip, false);
}

/* Another trip comes upon a page that is pending. */
static void refuse(struct traveller *traveller, uint64_t page)
{
	const struct shadow_transition forced = transition((struct trip){ page, 1 }, SHADOW_STATE_NOPAGE,
							   SHADOW_STATE_OWNED);
	struct host *host = traveller->host;
	struct shadow_engine *engine = host->rig.engine;

	lock_engine(host);
	if (shadow_reserve(engine, traveller->cpu, &forced, THREADS_WAIT_NS) != -SHADOW_EAGAIN ||
	    shadow_consent(engine, traveller->cpu, host->rig.number + 1, address(page), 1, NULL, THREADS_WAIT_NS) !=
		    -SHADOW_EAGAIN ||
	    shadow_pending(engine, address(page), 1) != -SHADOW_EBUSY)
		wrong(host, "a pending page was not refused", page);
	unlock_engine(host);
	host->refused++;
}

static void donate(struct traveller *traveller, struct trip trip)
{
	struct host *host = traveller->host;
	unsigned to = (unsigned)seeded_below(&traveller->random, GUESTS), generation;
	bool holds = coin(traveller, 3);
	shadow_ticket_t ticket;

	pthread_mutex_lock(&host->guest_lock);
	generation = host->guest[to].generation;
	pthread_mutex_unlock(&host->guest_lock);
	if (host->consented[trip.first])
		host->inherited++;
	else
		next_stage(host, trip);
	ticket = change(traveller, trip, SHADOW_STATE_OWNED, SHADOW_STATE_NOPAGE, holds && host->kind == ONE_LOCK);
	set_owner(host, trip, NOBODY);
	if (holds)
		await(traveller, ticket);
	else
		await_pending(traveller, trip, ticket);
	next_stage(host, trip);
	check(traveller, trip, false);
	if (!coin(traveller, 8) && guest_lives(host, to, generation)) {
		set_owner(host, trip, GUEST + to);
		host->donated++;
	} else {
		grant(traveller, trip);
		host->given_back++;
	}
}

/* Devices may go on with it: the engine takes no note. */
static void share(struct traveller *traveller, struct trip trip)
{
	(void)change(traveller, trip, SHADOW_STATE_OWNED, SHADOW_STATE_SHARED_OWNED, false);
	check(traveller, trip, true);
	traveller->host->shared++;
}

/* No wait: who donates them later waits for it. Until then the books say nothing of what devices reach. */
static void consent(struct traveller *traveller, struct trip trip)
{
	struct host *host = traveller->host;
	int pages;

	next_stage(host, trip);
	lock_engine(host);
	pages = shadow_consent(host->rig.engine, traveller->cpu, host->rig.number + 1, address(trip.first), trip.count,
			       NULL, THREADS_WAIT_NS);
	if (pages != (int)trip.count)
		wrong(host, "pages did not give consent", trip.first);
	host->rig.number++;
	shadow_trip_end(host->rig.engine, traveller->cpu);
	(void)flush(traveller, false);
	unlock_engine(host);
	memset(&host->consented[trip.first], true, trip.count);
	host->consents++;
}

static void withdraw(struct traveller *traveller, struct trip trip)
{
	struct host *host = traveller->host;
	shadow_ticket_t ticket;
	int pages;

	lock_engine(host);
	pages = shadow_withdraw(host->rig.engine, traveller->cpu, host->rig.number + 1, address(trip.first), trip.count,
				NULL, THREADS_WAIT_NS);
	if (pages != (int)trip.count)
		wrong(host, "pages did not take their consent back", trip.first);
	host->rig.number++;
	shadow_trip_end(host->rig.engine, traveller->cpu);
	ticket = flush(traveller, host->kind == ONE_LOCK);
	unlock_engine(host);
	memset(&host->consented[trip.first], false, trip.count);
	await(traveller, ticket);
	reopen(host, trip);
	check(traveller, trip, true);
	host->withdrawn++;
}

/* Given and taken back in one hold, before anybody could know: they may cancel. */
static void undo(struct traveller *traveller, struct trip trip)
{
	const struct shadow_transition gone = transition(trip, SHADOW_STATE_OWNED, SHADOW_STATE_NOPAGE);
	const struct shadow_transition back = transition(trip, SHADOW_STATE_NOPAGE, SHADOW_STATE_OWNED);
	struct host *host = traveller->host;
	shadow_ticket_t ticket;

	next_stage(host, trip);
	lock_engine(host);
	reserve_and_queue(traveller, &gone, true);
	reserve_and_queue(traveller, &back, true);
	shadow_trip_end(host->rig.engine, traveller->cpu);
	ticket = flush(traveller, host->kind == ONE_LOCK);
	unlock_engine(host);
	await(traveller, ticket);
	reopen(host, trip);
	check(traveller, trip, true);
	host->undone++;
}

/* With one lock, which is held from before the host's own change to the hand-over. */
static void overlap(struct traveller *traveller, struct trip trip)
{
	const struct shadow_transition gone = transition(trip, SHADOW_STATE_OWNED, SHADOW_STATE_NOPAGE);
	struct host *host = traveller->host;
	uint64_t number = host->rig.number + 1;
	shadow_ticket_t ticket;
	int error;

	next_stage(host, trip);
	error = shadow_prepare(host->rig.engine, traveller->cpu, &number, &gone, THREADS_WAIT_NS, &ticket);
	set_owner(host, trip, NOBODY);
	if (!error)
		error = shadow_finish(host->rig.engine, traveller->cpu, &number, &gone, THREADS_WAIT_NS, ticket);
	if (error || number != host->rig.number + 2)
		wrong(host, "an overlapped revoke failed", (uint64_t)-error);
	host->rig.number = number - 1;
	shadow_trip_end(host->rig.engine, traveller->cpu);
	next_stage(host, trip);
	check(traveller, trip, false);
	grant(traveller, trip);
	host->overlapped++;
}

static struct trip pick(struct traveller *traveller)
{
	uint64_t count = 1 + seeded_below(&traveller->random, PAGES_MAX);
	uint64_t block = REGION_PAGES * seeded_below(&traveller->random, REGIONS);

	if (coin(traveller, 16))
		return (struct trip){ block, REGION_PAGES };
	if (coin(traveller, 2)) {
		block = traveller->cpu % REGIONS * REGION_PAGES;
		return (struct trip){ block + traveller->cpu / REGIONS * OWN_PAGES % REGION_PAGES,
				      1 + seeded_below(&traveller->random, OWN_PAGES) };
	}
	return (struct trip){ seeded_below(&traveller->random, THREADS_PAGES - count + 1), count };
}

/* Pages of the host's. */
static void use(struct traveller *traveller, struct trip trip)
{
	struct host *host = traveller->host;
	uint64_t choice = seeded_below(&traveller->random, 16);

	if (host->consented[trip.first] && choice < 6)
		withdraw(traveller, trip);
	else if (host->consented[trip.first] || choice < 10)
		donate(traveller, trip);
	else if (choice < 12)
		consent(traveller, trip);
	else if (choice < 14)
		share(traveller, trip);
	else if (choice < 15 && host->kind == ONE_LOCK)
		overlap(traveller, trip);
	else
		undo(traveller, trip);
}

static void travel(struct traveller *traveller, struct trip picked)
{
	struct host *host = traveller->host;
	struct trip trip;

	traveller->locked = picked;
	lock_pages(host, picked);
	trip = same_owner(host, picked);
	if (!trip.count) {
		refuse(traveller, picked.first);
	} else if (host->owner[trip.first] != HOST) {
		set_owner(host, trip, NOBODY);
		grant(traveller, trip);
		host->forced++;
	} else {
		use(traveller, trip);
	}
	unlock_pages(host, picked);
}

/* Return: pages of this region that were the guest's. */
static uint64_t take_back(struct traveller *traveller, struct trip region, unsigned number)
{
	struct host *host = traveller->host;
	uint64_t end = region.first + region.count, count = 0;
	struct trip trip;

	lock_pages(host, region);
	for (uint64_t page = region.first; page < end; page += trip.count ? trip.count : 1) {
		trip = same_owner(host, (struct trip){ page, end - page });
		if (!trip.count || host->owner[page] != GUEST + number)
			continue;
		grant(traveller, trip);
		count += trip.count;
	}
	unlock_pages(host, region);
	return count;
}

/* What is pending for it comes back by itself: whoever waits finds it dead, or of another generation. */
static void tear_down(struct traveller *traveller, unsigned number)
{
	struct host *host = traveller->host;
	bool dead;

	pthread_mutex_lock(&host->guest_lock);
	dead = host->guest[number].dead;
	host->guest[number].dead = true;
	pthread_mutex_unlock(&host->guest_lock);
	if (dead)
		return;
	for (uint64_t page = 0; page < THREADS_PAGES; page += REGION_PAGES)
		take_back(traveller, (struct trip){ page, REGION_PAGES }, number);
	for (uint64_t page = 0; page < THREADS_PAGES; page += REGION_PAGES)
		if (take_back(traveller, (struct trip){ page, REGION_PAGES }, number))
			wrong(host, "a guest that is gone was given a page", page);
	pthread_mutex_lock(&host->guest_lock);
	host->guest[number].generation++;
	host->guest[number].dead = false;
	pthread_mutex_unlock(&host->guest_lock);
	host->torn_down++;
}

static void compact(struct traveller *traveller)
{
	struct host *host = traveller->host;
	shadow_ticket_t ticket;

	threads_lock(&host->rig);
	(void)shadow_compact(host->rig.engine, 1, &ticket);
	threads_unlock(&host->rig);
	if (shadow_wait(host->rig.engine, ticket, THREADS_WAIT_NS))
		wrong(host, "a wait for a compaction failed", ticket.number);
}

/* ---- threads ---------------------------------------------------------------------------------------------- */

/* Each kind of trip has been made. Which are, and when an SMMU comes and goes, depends on who runs when. */
static bool all_kinds_happened(struct host *host)
{
	return host->donated && host->forced && host->given_back && host->left && host->shared && host->visits &&
	       host->consents && host->withdrawn && host->inherited && host->undone &&
	       (host->overlapped || host->kind != ONE_LOCK);
}

/* On a machine that is busy with other things some kinds come late: then for longer, but not for ever. */
static void *trips(void *ctx)
{
	struct traveller *traveller = ctx;
	struct host *host = traveller->host;

	for (unsigned i = 0; (i < host->trips || (i < host->trips * LONGER && !all_kinds_happened(host))) && !host->failed;
	     i++) {
		travel(traveller, pick(traveller));
		if (coin(traveller, 16))
			compact(traveller);
		if (coin(traveller, 64))
			tear_down(traveller, (unsigned)seeded_below(&traveller->random, GUESTS));
	}
	return NULL;
}

static void *accesses(void *ctx)
{
	struct traveller *traveller = ctx;
	struct host *host = traveller->host;

	while (!threads_look(&host->stop)) {
		uint64_t page = seeded_below(&traveller->random, THREADS_PAGES);
		unsigned device = (unsigned)seeded_below(&traveller->random, DEVICES);
		uint32_t stage = threads_look(&host->stage[page]);
		uint32_t turn = threads_look(&host->rig.smmu[device].turn);
		bool reached = threads_dma(&host->rig, device, THREADS_PAGE_FIRST + page);

		if (stage == threads_look(&host->stage[page])) {
			if (stage % STAGES == OPEN && !reached && turn % 2 &&
			    turn == threads_look(&host->rig.smmu[device].turn))
				wrong(host, "an access to a page that stayed the host's failed", page);
			if (stage % STAGES == AWAY && reached)
				wrong(host, "an access got to a page that was handed over", page);
		}
		sched_yield();
	}
	return NULL;
}

static void *devices(void *ctx)
{
	struct traveller *traveller = ctx;

	while (!threads_look(&traveller->host->stop))
		if (!threads_step(&traveller->host->rig, (unsigned)seeded_below(&traveller->random, DEVICES)))
			sched_yield();
	return NULL;
}

static void *events(void *ctx)
{
	struct traveller *traveller = ctx;
	struct host *host = traveller->host;

	while (!threads_look(&host->stop)) {
		(void)shadow_smmu_events(host->rig.smmu[seeded_below(&traveller->random, SMMUS)].smmu, EVENTS);
		sched_yield();
	}
	return NULL;
}

/* Its events are read here as well: that is not for others while it goes or comes. */
static void *visits(void *ctx)
{
	struct traveller *traveller = ctx;
	struct host *host = traveller->host;
	int error = threads_attach(&host->rig, GUEST_SMMU);

	while (!error && !threads_look(&host->stop)) {
		for (uint64_t i = seeded_below(&traveller->random, 100); i; i--)
			sched_yield();
		(void)shadow_smmu_events(host->rig.smmu[GUEST_SMMU].smmu, EVENTS);
		error = threads_detach(&host->rig, GUEST_SMMU);
		for (uint64_t i = seeded_below(&traveller->random, 100); i; i--)
			sched_yield();
		if (!error)
			error = threads_enable(&host->rig, GUEST_SMMU);
		host->visits++;
	}
	if (error)
		wrong(host, "an SMMU does not come or go", (uint64_t)-error);
	return NULL;
}

/* ---- the tests -------------------------------------------------------------------------------------------- */

static void check_end(struct host *host)
{
	struct shadow_table_stats tables;
	struct shadow_stats stats;
	shadow_ticket_t ticket;

	assert_int_equal(host->failed, 0);
	assert_int_equal(host->rig.violations, 0);
	assert_int_equal(host->rig.troubles, 0);
	threads_lock(&host->rig);
	(void)shadow_flush(host->rig.engine);
	/* Publishes what earlier flushes have unlinked in passing. */
	while (shadow_compact(host->rig.engine, 1, &ticket))
		;
	assert_int_equal(shadow_wait(host->rig.engine, ticket, THREADS_WAIT_NS), 0);
	shadow_reclaim(host->rig.engine);
	shadow_smmu_table_stats(host->rig.target, &tables);
	shadow_engine_stats(host->rig.engine, &stats);
	threads_unlock(&host->rig);
	assert_int_equal(tables.bytes_retired, 0);
	assert_true(all_kinds_happened(host));
	assert_true(stats.pages_cancelled);
	for (unsigned i = 0; i < DEVICES; i++) {
		struct shadow_smmu_stats smmu;

		shadow_smmu_stats(host->rig.smmu[i].smmu, &smmu);
		assert_false(smmu.closed || smmu.isolation_lost);
		assert_int_equal(smmu.ecmdq != 0, i == 0);
		assert_int_equal(smmu.completion, i == 0 ? SHADOW_COMPLETION_POLL :
						  i == 1 ? SHADOW_COMPLETION_MSI :
							   SHADOW_COMPLETION_EVENT);
		for (uint64_t page = 0; page < THREADS_PAGES; page++)
			assert_int_equal(threads_dma(&host->rig, i, THREADS_PAGE_FIRST + page),
					 host->owner[page] == HOST && !host->consented[page]);
	}
}

static unsigned cpus(unsigned times)
{
	long online = sysconf(_SC_NPROCESSORS_ONLN);
	uint64_t wanted = (online < 1 ? 1 : (uint64_t)online) * times;

	return wanted < SHADOW_CPUS_MAX ? (unsigned)wanted : SHADOW_CPUS_MAX;
}

static void start(struct host *host, enum kind kind, const struct threads_config *config)
{
	threads_open(&host->rig, config);
	host->kind = kind;
	host->trips = (TRIPS + config->cpus - 1) / config->cpus;
	assert_int_equal(pthread_mutex_init(&host->guest_lock, NULL), 0);
	for (unsigned i = 0; i < REGIONS; i++)
		assert_int_equal(pthread_mutex_init(&host->region_lock[i], NULL), 0);
}

static void finish(struct host *host)
{
	threads_close(&host->rig);
	pthread_mutex_destroy(&host->guest_lock);
	for (unsigned i = 0; i < REGIONS; i++)
		pthread_mutex_destroy(&host->region_lock[i]);
	test_free(host);
}

static void run(enum kind kind, unsigned count, bool nested, unsigned bbml)
{
	static void *(*const helper[HELPERS])(void *) = { accesses, accesses, devices, events, visits };
	struct host *host = test_calloc(1, sizeof(*host));
	struct traveller *traveller = test_calloc(count + HELPERS, sizeof(*traveller));
	pthread_t *thread = test_calloc(count + HELPERS, sizeof(*thread));
	uint64_t random = seeded_start();

	start(host, kind, &(struct threads_config){ .cpus = count, .smmus = SMMUS, .later = 1, .nested = nested, .marks = true,
						    .bbml = bbml, .seed = random });
	for (unsigned i = 0; i < count + HELPERS; i++) {
		traveller[i] = (struct traveller){ .host = host, .cpu = i, .random = seeded_next(&random) };
		assert_int_equal(
			pthread_create(&thread[i], NULL, i < count ? trips : helper[i - count], &traveller[i]), 0);
	}
	for (unsigned i = 0; i < count; i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);
	host->stop = 1;
	for (unsigned i = count; i < count + HELPERS; i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);
	check_end(host);
	finish(host);
	test_free(thread);
	test_free(traveller);
}

static void a_host_with_one_lock_keeps_its_promises(void **state)
{
	(void)state;
	run(ONE_LOCK, cpus(1), false, 2);
}

static void a_host_with_one_lock_and_many_threads_keeps_its_promises(void **state)
{
	(void)state;
	run(ONE_LOCK, cpus(4), false, 2);
}

static void a_host_with_a_lock_a_region_keeps_its_promises(void **state)
{
	(void)state;
	run(REGION_LOCKS, cpus(1), false, 2);
}

static void a_host_with_a_lock_a_region_and_many_threads_keeps_its_promises(void **state)
{
	(void)state;
	run(REGION_LOCKS, cpus(4), false, 2);
}

static void so_it_does_with_nested_smmus_and_marks_before_cuts(void **state)
{
	(void)state;
	run(REGION_LOCKS, cpus(4), true, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_host_with_one_lock_keeps_its_promises),
		cmocka_unit_test(a_host_with_one_lock_and_many_threads_keeps_its_promises),
		cmocka_unit_test(a_host_with_a_lock_a_region_keeps_its_promises),
		cmocka_unit_test(a_host_with_a_lock_a_region_and_many_threads_keeps_its_promises),
		cmocka_unit_test(so_it_does_with_nested_smmus_and_marks_before_cuts),
	};

	return cmocka_run_group_tests_name("locks", tests, NULL, NULL);
}
