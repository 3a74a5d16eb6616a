/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * engine.h - the engine's state, and which part of it whom belongs to.
 *
 * Internal to engine/. Everything but the flights is under the host lock; shadow_complete() and shadow_wait() alone do
 * without it. docs/locking.md has the calls.
 */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include <shadow/shadow.h>

#include "engine/bits.h"
#include "engine/coalesce.h"
#include "engine/pieces.h"
#include "engine/plan.h"
#include "engine/queue.h"
#include "engine/target.h"

#define ENGINE_FLIGHTS 16u	       /* flushes whose tickets may be outstanding one by one */

#define ENGINE_REVOKED_WORDS 64u       /* of the map of revokes that are queued */
#define ENGINE_RUNS 64u		       /* runs that a target is given at once */

/* What a flush or a compaction published: numbers up to here are in force once the fence is complete. */
struct engine_flight {
	uint64_t number, fence;
};

/* A ticket of shadow_compact() holds a fence below this bit; numbers end before it. */
#define ENGINE_TICKET_FENCE (UINT64_C(1) << 63)

struct shadow_engine {
	struct shadow_engine_config config;
	struct shadow_target *target;  /* NULL: every call succeeds and does nothing */
	bool built;		       /* snapshot begun, perhaps in vain: there is no other */
	bool open;		       /* snapshot done: transitions pass */
	unsigned granule_lg2;	       /* of the page that everything is counted in */
	uint64_t page_top;	       /* pages in the address space */
	struct plan_zones zones;
	struct run promised;	       /* a zone: ranges in here need not be reserved again, */
	bool promise_holds;	       /* until the next flush; then the zone is asked for once more, or the target keeps it */
	bool counted;		       /* since the last flush, tables were set aside outside of a promise */
	uint64_t retired_fence;	       /* tables of fences up to here are back */
	struct bits pending;	       /* pages that no transition may touch */
	struct bits consent;	       /* pages that devices lost ahead of their donation */
	uint64_t consent_number;       /* of the newest consent */
	uint64_t ticket_given;	       /* highest number that someone may ask about */
	struct shadow_stats stats;
	/* A flush, under the host lock, fills a flight and moves the tail; who holds the target's completion lock sees it
	 * complete and moves the head. While there is none the complete number is the flush's. Anyone reads the four
	 * positions below. */
	struct engine_flight flight[ENGINE_FLIGHTS];
	_Atomic uint32_t flight_tail;
	_Atomic uint64_t flushed_number, fence; /* newest in a flight */
	alignas(64) _Atomic uint32_t flight_head;
	_Atomic uint64_t complete_number, complete_fence;
	struct coalesce_scratch scratch;
	struct run run[ENGINE_RUNS];
	uint64_t revoked[ENGINE_REVOKED_WORDS]; /* a bit for each group of pages that a closed slot revokes, */
	bool revoked_any;	       /* if any; see reserve.c */
	struct coalesce_item *item, *spare, *merged; /* slots_total, slots_total, 2 * slots_total */
	struct queue queue[];	       /* by CPU */
};

/* Apply all that is queued; with @all, publish also what unlinked tables wait for. */
void engine_flush(struct shadow_engine *engine, bool all);

/* Slots were drained: the map of queued revokes begins anew. */
void engine_forget_revoked(struct shadow_engine *engine);

/* The pieces of a transition, from its first page. */
static inline struct pieces engine_pieces(const struct shadow_engine *engine,
					  const struct shadow_transition *transition)
{
	return (struct pieces){ .transition = transition,
				.consent = &engine->consent,
				.granule_lg2 = engine->granule_lg2 };
}

/* Set aside slots and tables for all pieces, on @cpu. Return: as shadow_reserve(). */
int engine_reserve(struct shadow_engine *engine, unsigned cpu, const struct pieces *pieces, uint64_t wait_ns);

/* Take in one piece of transition @number, which is reserved. */
void engine_queue_piece(struct shadow_engine *engine, unsigned cpu, uint64_t number,
			const struct shadow_transition *transition, const struct transition_piece *piece);

/* The number of the last transition queued so far. */
uint64_t engine_newest(const struct shadow_engine *engine);

/* From now on someone may ask whether @number is complete. */
static inline shadow_ticket_t engine_give_ticket(struct shadow_engine *engine, uint64_t number)
{
	if (number > engine->ticket_given)
		engine->ticket_given = number;
	return (shadow_ticket_t){ number };
}

static inline void engine_flight_append(struct shadow_engine *engine, uint32_t tail, struct engine_flight flight)
{
	engine->flight[tail % ENGINE_FLIGHTS] = flight;
	/* [Q1] Flight before tail. Pairs with flights_look(). Observer: CPU. */
	store_release_u32(&engine->flight_tail, tail + 1);
}

/* The same where every place was taken: the newest two become one, unless one is free by now. */
void engine_flight_crowd(struct shadow_engine *engine, uint32_t tail, struct engine_flight flight);

/* A flush published @fence: numbers up to @number are in force once that is complete. Host lock. */
static inline void engine_flight_add(struct shadow_engine *engine, uint64_t number, uint64_t fence)
{
	uint32_t tail = load_relaxed_u32(&engine->flight_tail);
	const struct engine_flight flight = { number, fence };

	/* [Q2] A place was read before it is filled again. Pairs with flight_pass(). Observer: CPU. */
	if (tail - load_acquire_u32(&engine->flight_head) == ENGINE_FLIGHTS)
		engine_flight_crowd(engine, tail, flight);
	else
		engine_flight_append(engine, tail, flight);
	store_release_u64(&engine->fence, fence);
	store_release_u64(&engine->flushed_number, number);
}

/* A flush up to @number gave no fence that is not in a flight: if none is outstanding it is in force, and needs none.
 * Return: is it? Host lock. */
bool engine_land(struct shadow_engine *engine, uint64_t number);

/* Tables that completed fences hold go back to the pool. Host lock, between batches. */
void engine_retire(struct shadow_engine *engine);

/* Is a flight outstanding? Host lock. */
static inline bool engine_is_flying(const struct shadow_engine *engine)
{
	return load_relaxed_u32(&engine->flight_tail) != load_acquire_u32(&engine->flight_head);
}

/* Wait until every flush is complete and its tables are back. Host lock. Return: as shadow_wait(). */
int engine_wait_all(struct shadow_engine *engine, uint64_t wait_ns);

#endif
