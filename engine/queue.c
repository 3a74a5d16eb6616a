/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * queue.c - set up one CPU's queue; the rest is inline in queue.h.
 */
#include "engine/queue.h"

void queue_init(struct queue *queue, struct queue_slot *slot, uint32_t slots)
{
	queue->slot = slot;
	queue->mask = slots - 1;
	queue->open = false;
	queue->number = queue->transitions = queue->transitions_access = 0;
	queue->revokes = queue->revokes_drained = 0;
	store_relaxed_u32(&queue->tail, 0);
	store_relaxed_u32(&queue->head, 0);
}
