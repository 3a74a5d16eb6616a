/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * runner.h - one build of the core and the policies, and the loop that drives them.
 *
 * The binary holds three: the native one is timed, the observed one reports each descriptor store and has
 * hooks called around each step, the traced one is native but for what it says to bench/replay/traced.h. All execute the same
 * schedule. runner.c, the policies and the core are compiled once for each; a copy shows nothing but its struct runner.
 */
#ifndef BENCH_RUNNER_H
#define BENCH_RUNNER_H

#include "bench/policy/policy.h"
#include "bench/policy/schedule.h"

/* Called around each step; a return other than 0 ends the replay with that value. */
struct runner_hooks {
	void *ctx;
	/* Before a transition or a consent is handed over, and after. Forced flushes happen in between. */
	int (*transition_before)(void *ctx, const struct op *op);
	int (*transition_after)(void *ctx, const struct op *op);
	/* Before and after a flush. @op: the flush, or the transition that asked for it. */
	int (*flush_before)(void *ctx, const struct op *op);
	int (*flush_after)(void *ctx, const struct op *op);
};

/* What the policies in this build are driven with. */
struct runner {
	const struct policy_ops *policies[3]; /* eager, strict, batched */
	/* shadow_smmu_pool_bytes() of this world, whose pool has only a base yet. */
	uint64_t (*pool_bytes)(const struct policy_world *world);
	/**
	 * play() - execute a schedule.
	 * @hooks:  NULL: none, and only then @ns is worth reading.
	 * @ns:     CPU time of the whole loop.
	 * @failed: the step that failed.
	 * Return: 0, a negative SHADOW_E*, or what a hook returned.
	 */
	int (*play)(const struct policy_ops *ops, struct policy *policy, const struct schedule *schedule,
		    const struct runner_hooks *hooks, uint64_t *ns, const struct op **failed);
};

extern const struct runner runner_native, runner_observed, runner_traced;

#endif
