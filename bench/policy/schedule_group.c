/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * schedule_group.c - trips of different CPUs that share a flush, the host lock dropped while they wait.
 *
 * The trace's records happen in their order, at their times or later. A flush that has to invalidate is outstanding for a
 * fixed time, and at most one is. A trip that ends meanwhile waits, and its pages are pending; when the sync is
 * there, one flush is made for all trips that wait. Time passes (.late_ns) where the trace cannot go on: a CPU makes no
 * other trip before its last one has ended, and nobody changes a pending page. Since the order is kept, such a wait
 * holds up all that follows.
 */
#include "bench/policy/schedule_maker.h"

static uint64_t now_ns(const struct schedule_maker *maker)
{
	return maker->time_ns + maker->late_ns;
}

/* Trips of these CPUs are over now, or when the sync of the flush at hand is there. */
static int let_go(struct schedule_maker *maker)
{
	for (unsigned cpu = 0; maker->waiting_cpus && cpu < maker->schedule->cpu_count; cpu++) {
		if (!maker->cpu[cpu].waits)
			continue;
		maker->cpu[cpu].waits = false;
		maker->cpu[cpu].until_ns = maker->flying_end_ns;
		maker->waiting_cpus--;
		if (!schedule_append(maker, OP_PENDING_END, cpu))
			return -1;
	}
	return 0;
}

/* For all that wait, at @time_ns. */
static int flush(struct schedule_maker *maker, uint64_t time_ns)
{
	struct spans landed = maker->flying;

	if (maker->losses) {
		maker->flying_end_ns = time_ns + maker->flush.outstanding_ns;
		maker->flying = maker->waiting;
		spans_clear(&landed);
		maker->waiting = landed;
	}
	maker->losses = 0;
	return schedule_append_flush(maker, time_ns, false) || let_go(maker) ? -1 : 0;
}

/* What happens by itself until now. */
static int pass(struct schedule_maker *maker)
{
	if (maker->flying_end_ns > now_ns(maker))
		return 0;
	spans_clear(&maker->flying);
	if (!maker->waiting_cpus)
		return 0;
	if (flush(maker, maker->flying_end_ns))
		return -1;
	if (maker->flying_end_ns <= now_ns(maker))
		spans_clear(&maker->flying);
	return 0;
}

static int wait_until(struct schedule_maker *maker, uint64_t time_ns)
{
	if (time_ns > now_ns(maker))
		maker->late_ns += time_ns - now_ns(maker);
	return pass(maker);
}

int schedule_group_before(struct schedule_maker *maker, unsigned cpu)
{
	if (pass(maker) || (maker->cpu[cpu].waits && wait_until(maker, maker->flying_end_ns)))
		return -1;
	return wait_until(maker, maker->cpu[cpu].until_ns);
}

int schedule_group_touch(struct schedule_maker *maker, uint64_t start, uint64_t end)
{
	if (spans_touch(&maker->waiting, start, end) && wait_until(maker, maker->flying_end_ns))
		return -1;
	return spans_touch(&maker->flying, start, end) ? wait_until(maker, maker->flying_end_ns) : 0;
}

/* Whose trip has not ended and took these pages, has nothing to hand over any more: somebody else changed them since. */
static int forget_revoked(struct schedule_maker *maker, uint64_t start, uint64_t end)
{
	for (unsigned cpu = 0; cpu < maker->schedule->cpu_count; cpu++)
		if (spans_remove(&maker->cpu[cpu].revoked, start, end))
			return -1;
	return 0;
}

int schedule_group_taken(struct schedule_maker *maker, const struct op *op, bool inherits)
{
	struct schedule_cpu *trip = &maker->cpu[op->cpu];
	bool revokes = op->new_state == TRACE_STATE_NOPAGE;
	uint64_t start = op->page, end = start + op->count;

	trip->inherits |= inherits;
	maker->losses += revokes && !inherits;
	if (spans_add(&trip->pages, start, end) || forget_revoked(maker, start, end))
		return -1;
	return revokes ? spans_add(&trip->revoked, start, end) : 0;
}

static int add_pages(struct spans *to, const struct spans *from)
{
	for (size_t i = 0; i < from->count; i++)
		if (spans_add(to, from->span[i].start, from->span[i].end))
			return -1;
	return 0;
}

/* The lock is dropped; a later flush takes this trip along. */
static int wait_for_next(struct schedule_maker *maker, unsigned cpu)
{
	struct schedule_cpu *trip = &maker->cpu[cpu];

	for (size_t i = 0; i < trip->revoked.count; i++)
		if (schedule_append_pending(maker, cpu, trip->revoked.span[i].start, trip->revoked.span[i].end))
			return -1;
	trip->waits = true;
	maker->waiting_cpus++;
	return add_pages(&maker->waiting, &trip->pages);
}

static int end_trip(struct schedule_maker *maker, unsigned cpu)
{
	struct schedule_cpu *trip = &maker->cpu[cpu];
	bool outstanding = maker->flying_end_ns > now_ns(maker);

	if (trip->unflushed && maker->losses && outstanding)
		return wait_for_next(maker, cpu);
	if (trip->unflushed) {
		bool loses = maker->losses;

		if (flush(maker, now_ns(maker)))
			return -1;
		if (!loses && !trip->inherits)
			return 0; /* grants alone are in force at once */
	}
	/* Its own flush, or one that took it or its consent along, may be outstanding. */
	trip->until_ns = maker->flying_end_ns;
	return trip->until_ns > now_ns(maker) ? add_pages(&maker->flying, &trip->pages) : 0;
}

int schedule_group_trip_end(struct schedule_maker *maker, unsigned cpu)
{
	struct schedule_cpu *trip = &maker->cpu[cpu];
	int result = end_trip(maker, cpu);

	trip->inherits = false;
	spans_clear(&trip->pages);
	spans_clear(&trip->revoked);
	return result;
}

int schedule_group_end(struct schedule_maker *maker)
{
	return maker->waiting_cpus ? wait_until(maker, maker->flying_end_ns) : 0;
}
