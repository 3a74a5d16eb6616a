/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * replay_watch.c - looks on while a schedule is played: shows how far it is, and ends it on Ctrl-C.
 */
#include "bench/replay/replay_watch.h"

#include "bench/common/progress.h"

static int transition_before(void *ctx, const struct op *op)
{
	const struct replay_watch *watch = ctx;
	double part = (double)(op - watch->schedule->ops) / (double)watch->schedule->count;

	if (progress_interrupted())
		return REPLAY_WATCH_INTERRUPTED;
	progress_set(watch->first + (uint64_t)(part * (double)(watch->last - watch->first)));
	return watch->inner->transition_before(watch->inner->ctx, op);
}

static int transition_after(void *ctx, const struct op *op)
{
	const struct runner_hooks *inner = ((const struct replay_watch *)ctx)->inner;

	return inner->transition_after(inner->ctx, op);
}

static int flush_before(void *ctx, const struct op *op)
{
	const struct runner_hooks *inner = ((const struct replay_watch *)ctx)->inner;

	return inner->flush_before(inner->ctx, op);
}

static int flush_after(void *ctx, const struct op *op)
{
	const struct runner_hooks *inner = ((const struct replay_watch *)ctx)->inner;

	return inner->flush_after(inner->ctx, op);
}

struct runner_hooks replay_watch_hooks(struct replay_watch *watch)
{
	return (struct runner_hooks){ watch, transition_before, transition_after, flush_before, flush_after };
}
