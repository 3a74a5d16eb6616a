/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * queue.h - one CPU's queue of transitions: a ring of slots, one producer, one drainer.
 *
 * A slot holds a contiguous range with one access, made by consecutive numbers of the host's order: so all
 * slots of all CPUs have disjoint intervals of numbers, and a slot moves no page in the order.
 * Owns: no drainer sees half a slot. The newest slot may change in place while it is open; who drains an open
 * slot holds the host lock, under which its owner queues. Never waits, never allocates.
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
};

struct queue {
	/* Written by the owning CPU, under the host lock; tail and slots are read by the drainer. */
	alignas(64) _Atomic uint32_t tail;
	bool open;		       /* the newest slot may still be extended */
	struct queue_slot *slot;
	uint32_t mask;		       /* slots - 1; fixed */
	uint64_t number;	       /* newest that this CPU queued */
	uint32_t revokes;	       /* slots opened that revoke, ever */
	uint64_t transitions, transitions_access; /* counted for the statistics */
	/* Written by the drainer, under the host lock; read by the owner. */
	alignas(64) _Atomic uint32_t head;
	uint32_t revokes_drained;      /* of revokes, those that are no longer queued */
};

void queue_init(struct queue *queue, struct queue_slot *slot, uint32_t slots);

/* Slots that are not in use. Host lock. */
static inline uint32_t queue_room(const struct queue *queue)
{
	return queue->mask + 1 - (load_relaxed_u32(&queue->tail) - load_acquire_u32(&queue->head));
}

/* The next number in the host's order continues the newest slot, above or below, to the same access. */
static inline bool queue_extend(struct queue_slot *slot, uint64_t number, const struct transition_piece *piece)
{
	if (number != slot->last + 1 || piece->access != slot->access)
		return false;
	if (piece->start == slot->end)
		slot->end = piece->end;
	else if (piece->end == slot->start)
		slot->start = piece->start;
	else
		return false;
	slot->last = number;
	return true;
}

/* Take in one piece of transition @number. There is room: shadow_reserve() saw to it. */
static inline void queue_push(struct queue *queue, uint64_t number, const struct transition_piece *piece)
{
	uint32_t tail = load_relaxed_u32(&queue->tail);
	/* [Q2] Pairs with queue_drop(): a slot seen as drained is neither extended nor still being read. */
	uint32_t head = load_acquire_u32(&queue->head);
	struct queue_slot *slot;

	if (queue->open && tail != head && queue_extend(&queue->slot[(tail - 1) & queue->mask], number, piece))
		return;
	shadow_require(tail - head <= queue->mask);
	slot = &queue->slot[tail & queue->mask];
	queue->revokes += piece->access == SHADOW_ACCESS_NONE;
	*slot = (struct queue_slot){ piece->start, piece->end, number, number, piece->access };
	queue->open = true;
	/* [Q1] Slot before tail. Pairs with queue_count(): who sees the tail sees the slot. Observer: CPU. */
	store_release_u32(&queue->tail, tail + 1);
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

/* All slots have been copied. [Q2] Pairs with queue_push(). Observer: CPU. */
static inline void queue_drop(struct queue *queue, uint32_t count)
{
	queue->revokes_drained = queue->revokes;
	store_release_u32(&queue->head, load_relaxed_u32(&queue->head) + count);
}

#endif
