/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * schedule_list.c - a caller that edits many pages and completes once.
 *
 * Each CPU has one list: the access changes of consecutive trips, up to N. Then it completes and all of its pages are
 * handed over. Before a T touches a page of a list, whoever's it is, that list is completed. A flush takes what every
 * CPU has queued, but the lists of the others stay open: theirs are handed over at their own ends.
 */
#include "bench/policy/schedule_maker.h"

static int complete(struct schedule_maker *maker, unsigned cpu)
{
	struct schedule_cpu *list = &maker->cpu[cpu];

	if (list->unflushed && schedule_append_flush(maker, maker->time_ns, false))
		return -1;
	list->listed = 0;
	spans_clear(&list->pages);
	return schedule_append(maker, OP_PENDING_END, cpu) ? 0 : -1;
}

int schedule_list_touch(struct schedule_maker *maker, uint64_t start, uint64_t end)
{
	for (unsigned cpu = 0; cpu < maker->schedule->cpu_count; cpu++)
		if (spans_touch(&maker->cpu[cpu].pages, start, end) && complete(maker, cpu))
			return -1;
	return 0;
}

int schedule_list_taken(struct schedule_maker *maker, const struct op *op)
{
	unsigned cpu = op->cpu;
	struct schedule_cpu *list = &maker->cpu[cpu];
	uint64_t start = op->page, end = start + op->count;

	if (spans_add(&list->pages, start, end))
		return -1;
	if (op->new_state == TRACE_STATE_NOPAGE && schedule_append_pending(maker, cpu, start, end))
		return -1;
	return ++list->listed == maker->flush.count ? complete(maker, cpu) : 0;
}
