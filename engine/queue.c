/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * queue.c - set up one CPU's queue, take revokes back; the hot rest is inline in queue.h.
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

void queue_take_back(struct queue *queue, uint64_t number, const struct transition_piece *piece)
{
	(void)queue_slot_open(queue, number, piece->start, piece->end, piece->access, true);
	queue->newest = NULL;
}
