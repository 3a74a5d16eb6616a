/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * queue.h - one CPU's queue of transitions: a ring of slots, one producer, one drainer.
 *
 * A slot holds a contiguous range with one access, made by consecutive numbers of the host's order: so all
 * slots of all CPUs have disjoint intervals of numbers, and a slot moves no page in the order.
 * Owns: no drainer sees half a slot. The newest slot may change in place while it is open; who drains an open
 * slot holds the host lock, under which its owner queues, and closes it. Never waits, never allocates.
 */
#ifndef ENGINE_QUEUE_H
#define ENGINE_QUEUE_H

#include <stdalign.h>

#include "engine/assert.h"
#include "engine/order.h"
#include "engine/transition.h"

struct queue_slot {
	uint64_t start, end;	       /* pages, END exclusive */
	uint64_t first, last;	       /* numbers, inclusive */
	enum shadow_access access;     /* that these pages have afterwards */
	bool takes_back;	       /* and had before the revokes of them that are queued: those are void; see cancel.h */
};

struct queue {
	/* Written by the owning CPU, under the host lock; tail and slots are read by the drainer. */
	alignas(64) _Atomic uint32_t tail;
	uint32_t mask;		       /* slots - 1; fixed */
	struct queue_slot *slot;
	struct queue_slot *newest;     /* may still be extended, or NULL; also cleared by who drains it */
	uint64_t taken;		       /* pieces queued, ever */
	uint64_t promised;	       /* pieces that have or had a slot set aside, ever; at least taken */
	uint64_t unchanging;	       /* transitions taken in that change nothing, for the statistics */
	uint64_t split;		       /* pieces beyond the first of their transition, likewise */
	uint32_t revokes;	       /* slots opened that revoke, ever */
	uint32_t trip;		       /* tail as the trip that goes on began */
	/* Written by the drainer, under the host lock; read by the owner. */
	alignas(64) _Atomic uint32_t head;
	uint32_t tail_limit;	       /* head + slots */
	uint32_t revokes_drained;      /* of revokes, those that are no longer queued */
	uint32_t indexed;	       /* of the queued slots, those that reserve.c has entered in its map */
};

void queue_init(struct queue *queue, struct queue_slot *slot, uint32_t slots);

/* Slots that are not in use. Host lock. */
static inline uint32_t queue_room(const struct queue *queue)
{
	return queue->tail_limit - load_relaxed_u32(&queue->tail);
}

/* Set aside @slots for transitions to come. Host lock. Return: false, and nothing is changed, without room. */
static inline bool queue_reserve(struct queue *queue, uint32_t slots)
{
	/* Two counters that only rise, one in each call, are cheaper than one that goes up and down. */
	if (queue->promised - queue->taken + slots > queue_room(queue))
		return false;
	queue->promised += slots;
	return true;
}

/* Slots set aside for what is not queued yet are free again. */
static inline void queue_unreserve(struct queue *queue)
{
	/* Looking first leaves the line with the CPU that has it. */
	if (queue->promised != queue->taken)
		queue->promised = queue->taken;
}

/* The next number in the host's order continues the newest slot, above or below, to the same access. */
static inline bool queue_extend(struct queue_slot *slot, uint64_t number, uint64_t start, uint64_t end,
				enum shadow_access access)
{
	if (number != slot->last + 1 || access != slot->access)
		return false;
	if (start == slot->end)
		slot->end = end;
	else if (end == slot->start)
		slot->start = start;
	else
		return false;
	slot->last = number;
	return true;
}

static inline struct queue_slot *queue_slot_open(struct queue *queue, uint64_t number, uint64_t start, uint64_t end,
						 enum shadow_access access, bool takes_back)
{
	uint32_t tail = load_relaxed_u32(&queue->tail);
	struct queue_slot *slot = &queue->slot[tail & queue->mask];

	/* [Q2] Pairs with queue_drop(): a slot is reused only after it was copied. Observer: CPU. */
	shadow_require(tail - load_acquire_u32(&queue->head) <= queue->mask);
	queue->revokes += access == SHADOW_ACCESS_NONE;
	*slot = (struct queue_slot){ start, end, number, number, access, takes_back };
	/* [Q1] Slot before tail. Pairs with queue_count(): who sees the tail sees the slot. Observer: CPU. */
	store_release_u32(&queue->tail, tail + 1);
	return slot;
}

/* A new slot for pages of transition @number. There is room: shadow_reserve() saw to it. */
static inline void queue_open(struct queue *queue, uint64_t number, uint64_t start, uint64_t end,
			      enum shadow_access access)
{
	queue->newest = queue_slot_open(queue, number, start, end, access, false);
}

/* Take in pages of transition @number: into the newest slot if they continue that, else a new one. */
static inline void queue_push(struct queue *queue, uint64_t number, uint64_t start, uint64_t end,
			      enum shadow_access access)
{
	if (!queue->newest || !queue_extend(queue->newest, number, start, end, access))
		queue_open(queue, number, start, end, access);
}

/* A grant that voids queued revokes of its pages. It is not extended: what follows may be an ordinary one. */
void queue_take_back(struct queue *queue, uint64_t number, const struct transition_piece *piece);

/* A trip ends. Its newest slot stays open: the next one may go on where it stopped. */
static inline void queue_trip_end(struct queue *queue)
{
	queue->trip = load_relaxed_u32(&queue->tail);
}

/* Was the slot @index after the oldest opened in the trip that goes on? */
static inline bool queue_is_of_trip(const struct queue *queue, uint32_t index)
{
	return (int32_t)(load_relaxed_u32(&queue->head) + index - queue->trip) >= 0;
}

/* Slots to drain. [Q1] Pairs with queue_push(). */
static inline uint32_t queue_count(const struct queue *queue)
{
	return load_acquire_u32(&queue->tail) - load_relaxed_u32(&queue->head);
}

/* The slot @index after the oldest, below queue_count(). */
static inline const struct queue_slot *queue_peek(const struct queue *queue, uint32_t index)
{
	return &queue->slot[(load_relaxed_u32(&queue->head) + index) & queue->mask];
}

/* Is a revoke among the queued slots? Host lock. */
static inline bool queue_revokes(const struct queue *queue)
{
	return queue->revokes != queue->revokes_drained;
}

/* The oldest @count slots have been copied. [Q2] Pairs with queue_open(). Observer: CPU. */
static inline void queue_drop(struct queue *queue, uint32_t count)
{
	uint32_t head = load_relaxed_u32(&queue->head) + count;

	if (head == load_relaxed_u32(&queue->tail)) {
		queue->newest = NULL;
		queue->revokes_drained = queue->revokes;
	}
	queue->tail_limit = head + queue->mask + 1;
	store_release_u32(&queue->head, head);
}

#endif
