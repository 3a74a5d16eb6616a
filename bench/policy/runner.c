/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * runner.c - the loop that drives a policy through a schedule, once plain and once with hooks.
 *
 * Compiled with RUNNER=runner_native, RUNNER=runner_observed and RUNNER=runner_traced, each linked with its own core.
 */
#include "bench/policy/runner.h"

#include <stdlib.h>
#include <time.h>

#include <valgrind/callgrind.h>

#include <shadow/error.h>

#include "bench/policy/batched.h"

/* Time that this thread has run: what others take from the CPU meanwhile is not in it. */
static uint64_t cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static inline shadow_ipa_t start_of(const struct schedule *schedule, const struct op *op)
{
	return (shadow_ipa_t){ op->page << (SHADOW_PAGE_LG2 + schedule->scale_lg2) };
}

static inline struct shadow_transition transition_of(const struct schedule *schedule, const struct op *op)
{
	return (struct shadow_transition){
		.start = start_of(schedule, op),
		.page_count = op->count,
		.new_state = (enum shadow_state)op->new_state,
		.old_state = (enum shadow_state)op->old_state,
	};
}

/* What only batched's schedules have. */
static int play_what_if(const struct policy_ops *ops, struct policy *policy, const struct schedule *schedule,
			const struct op *op)
{
	if (op->kind == OP_CONSENT)
		return ops->consent(policy, op->cpu, start_of(schedule, op), op->count);
	if (op->kind == OP_PENDING)
		return ops->pending(policy, op->cpu, start_of(schedule, op), op->count);
	ops->pending_end(policy, op->cpu);
	return 0;
}

static inline bool must_flush_first(const struct policy_ops *ops, struct policy *policy,
				    const struct schedule *schedule, const struct op *op)
{
	return op->asks && ops->queued(policy, start_of(schedule, op), op->count);
}

/* What the hypervisor hands over, made before the clock runs: one for each step, used by transitions. */
static struct shadow_transition *transitions_of(const struct schedule *schedule)
{
	struct shadow_transition *transitions = malloc((schedule->count + 1) * sizeof(*transitions));

	for (size_t i = 0; transitions && i < schedule->count; i++)
		transitions[i] = transition_of(schedule, &schedule->ops[i]);
	return transitions;
}

static int play_plain(const struct policy_ops *ops, struct policy *policy, const struct schedule *schedule,
		      const struct shadow_transition *transition, const struct op **failed)
{
	const struct op *end = schedule->ops + schedule->count;

	for (const struct op *op = schedule->ops; op < end; op++, transition++) {
		int error = 0;

		if (op->kind == OP_TRANSITION) {
			if (must_flush_first(ops, policy, schedule, op))
				error = ops->flush(policy);
			if (!error)
				error = ops->transition(policy, op->cpu, op->number, transition);
		} else if (op->kind == OP_TRIP_END) {
			ops->trip_end(policy, op->cpu);
		} else if (op->kind == OP_FLUSH) {
			error = ops->flush(policy);
		} else if (op->kind == OP_IDLE) {
			error = ops->idle(policy);
		} else {
			error = play_what_if(ops, policy, schedule, op);
		}
		if (error) {
			*failed = op;
			return error;
		}
	}
	return 0;
}

static int flush_hooked(const struct policy_ops *ops, struct policy *policy, const struct runner_hooks *hooks,
			const struct op *op)
{
	int error = hooks->flush_before(hooks->ctx, op);

	if (!error)
		error = ops->flush(policy);
	if (!error)
		error = hooks->flush_after(hooks->ctx, op);
	return error;
}

static int transition_hooked(const struct policy_ops *ops, struct policy *policy, const struct schedule *schedule,
			     const struct runner_hooks *hooks, const struct op *op)
{
	struct shadow_transition transition = transition_of(schedule, op);
	int error = 0;

	if (must_flush_first(ops, policy, schedule, op))
		error = flush_hooked(ops, policy, hooks, op);
	if (!error)
		error = hooks->transition_before(hooks->ctx, op);
	if (!error)
		error = op->kind == OP_CONSENT ?
				play_what_if(ops, policy, schedule, op) :
				ops->transition(policy, op->cpu, op->number, &transition);
	if (!error)
		error = hooks->transition_after(hooks->ctx, op);
	return error;
}

static int play_hooked(const struct policy_ops *ops, struct policy *policy, const struct schedule *schedule,
		       const struct runner_hooks *hooks, const struct op **failed)
{
	for (size_t i = 0; i < schedule->count; i++) {
		const struct op *op = &schedule->ops[i];
		int error = 0;

		if (op->kind == OP_TRANSITION || op->kind == OP_CONSENT)
			error = transition_hooked(ops, policy, schedule, hooks, op);
		else if (op->kind == OP_TRIP_END)
			ops->trip_end(policy, op->cpu);
		else if (op->kind == OP_FLUSH)
			error = flush_hooked(ops, policy, hooks, op);
		else if (op->kind == OP_IDLE)
			error = ops->idle(policy);
		else
			error = play_what_if(ops, policy, schedule, op);
		if (error) {
			*failed = op;
			return error;
		}
	}
	return 0;
}

/* Only where scripts/count-flush-stages wants it: others say by function what callgrind is to collect. */
static void toggle_collect(void)
{
	if (getenv("S2SHADOW_COUNT_LOOP"))
		CALLGRIND_TOGGLE_COLLECT;
}

static int play(const struct policy_ops *ops, struct policy *policy, const struct schedule *schedule,
		const struct runner_hooks *hooks, uint64_t *ns, const struct op **failed)
{
	struct shadow_transition *transitions;
	uint64_t start;
	int error;

	*failed = NULL;
	*ns = 0;
	if (hooks)
		return play_hooked(ops, policy, schedule, hooks, failed);
	transitions = transitions_of(schedule);
	if (!transitions)
		return -SHADOW_ENOMEM;
	toggle_collect();
	start = cpu_ns();
	error = play_plain(ops, policy, schedule, transitions, failed);
	*ns = cpu_ns() - start;
	toggle_collect();
	free(transitions);
	return error;
}

static uint64_t pool_bytes(const struct policy_world *world)
{
	struct shadow_smmu_target_config config = batched_target_config(world);

	return shadow_smmu_pool_bytes(&config, world->smmu, world->smmu_count);
}

const struct runner RUNNER = {
	.policies = { &policy_eager, &policy_strict, &policy_batched },
	.pool_bytes = pool_bytes,
	.play = play,
};
