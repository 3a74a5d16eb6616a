/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * queue.c - set up one CPU's queue, open a slot; the hot rest is inline in queue.h.
 */
#include "engine/queue.h"

void queue_init(struct queue *queue, struct queue_slot *slot, uint32_t slots)
{
	queue->slot = slot;
	queue->mask = slots - 1;
	queue->newest = NULL;
	queue->tail_limit = slots;
	queue->taken = queue->promised = queue->unchanging = queue->split = 0;
	queue->indexed = 0;
	queue->revokes = queue->revokes_drained = 0;
	queue->trip = 0;
	store_relaxed_u32(&queue->tail, 0);
	store_relaxed_u32(&queue->head, 0);
}

static inline struct queue_slot *slot_open(struct queue *queue, uint64_t number, uint64_t start, uint64_t end,
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

void queue_open(struct queue *queue, uint64_t number, uint64_t start, uint64_t end, enum shadow_access access)
{
	queue->newest = slot_open(queue, number, start, end, access, false);
}

void queue_take_back(struct queue *queue, uint64_t number, const struct transition_piece *piece)
{
	(void)slot_open(queue, number, piece->start, piece->end, piece->access, true);
	queue->newest = NULL;
}
