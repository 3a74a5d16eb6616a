/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_runner.c - the loop hands over each step once and in order, hooks or not, and stops at the first
 * error.
 *
 * The policy here only writes down what it is told.
 */
#include "bench/policy/runner.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static char told[512];
static bool is_queued;
static unsigned fails_at; /* steps until one fails; 0: none does */

static int tell(const char *format, unsigned value)
{
	size_t length = strlen(told);

	snprintf(told + length, sizeof(told) - length, format, value);
	return fails_at && !--fails_at ? -SHADOW_EIO : 0;
}

static int transition(struct policy *policy, unsigned cpu, uint64_t number,
		      const struct shadow_transition *transition)
{
	(void)policy;
	assert_int_equal(transition->start.addr, 0x5000);
	assert_int_equal(transition->page_count, 2);
	assert_int_equal(transition->old_state, SHADOW_STATE_SHARED_BORROWED);
	assert_int_equal(transition->new_state, SHADOW_STATE_NOPAGE);
	assert_null(transition->old_states);
	assert_int_equal(number, 7);
	return tell("T%u ", cpu);
}

static int flush(struct policy *policy)
{
	(void)policy;
	return tell("F ", 0);
}

static int idle(struct policy *policy)
{
	(void)policy;
	return tell("I ", 0);
}

static void trip_end(struct policy *policy, unsigned cpu)
{
	(void)policy;
	tell("E%u ", cpu);
}

static bool queued(const struct policy *policy, shadow_ipa_t start, uint64_t page_count)
{
	(void)policy;
	assert_int_equal(start.addr, 0x5000);
	assert_int_equal(page_count, 2);
	return is_queued;
}

static const struct policy_ops ops = {
	.name = "scribe",
	.transition = transition,
	.flush = flush,
	.idle = idle,
	.trip_end = trip_end,
	.queued = queued,
};

static int transition_before(void *ctx, const struct op *op)
{
	(void)ctx;
	(void)op;
	return tell("( ", 0);
}

static int transition_after(void *ctx, const struct op *op)
{
	(void)ctx;
	(void)op;
	return tell(") ", 0);
}

static int flush_before(void *ctx, const struct op *op)
{
	(void)ctx;
	(void)op;
	return tell("[ ", 0);
}

static int flush_after(void *ctx, const struct op *op)
{
	(void)ctx;
	(void)op;
	return tell("] ", 0);
}

static const struct runner_hooks hooks = {
	.transition_before = transition_before,
	.transition_after = transition_after,
	.flush_before = flush_before,
	.flush_after = flush_after,
};

#define TRANSITION                                                                         \
	{                                                                                  \
		.kind = OP_TRANSITION, .page = 5, .count = 2, .number = 7, .cpu = 3,       \
		.old_state = TRACE_STATE_SHARED_BORROWED, .new_state = TRACE_STATE_NOPAGE, \
		.changes_access = true, .asks = true                                       \
	}

static struct op steps[] = {
	TRANSITION, { .kind = OP_TRIP_END, .cpu = 4 }, { .kind = OP_FLUSH }, { .kind = OP_IDLE }
};
static const struct schedule schedule = { .ops = steps, .count = 4 };

static const struct op *play(const struct runner_hooks *with, int expected)
{
	const struct op *failed;
	uint64_t ns;

	told[0] = '\0';
	assert_int_equal(runner_observed.play(&ops, NULL, &schedule, with, &ns, &failed), expected);
	return failed;
}

static int set_up(void **state)
{
	(void)state;
	is_queued = false;
	fails_at = 0;
	return 0;
}

static void steps_are_handed_over_in_order(void **state)
{
	(void)state;
	assert_null(play(NULL, 0));

	assert_string_equal(told, "T3 E4 F I ");
}

static void hooks_are_called_around_them(void **state)
{
	(void)state;
	assert_null(play(&hooks, 0));

	assert_string_equal(told, "( T3 ) E4 [ F ] I ");
}

static void a_transition_that_asks_is_preceded_by_a_flush_if_its_pages_are_queued(void **state)
{
	(void)state;
	is_queued = true;
	play(NULL, 0);
	assert_string_equal(told, "F T3 E4 F I ");
	play(&hooks, 0);

	assert_string_equal(told, "[ F ] ( T3 ) E4 [ F ] I ");
}

static void one_that_does_not_ask_is_not(void **state)
{
	(void)state;
	is_queued = true;
	steps[0].asks = false;
	play(NULL, 0);
	steps[0].asks = true;

	assert_string_equal(told, "T3 E4 F I ");
}

static void the_first_error_ends_it_and_names_its_step(void **state)
{
	(void)state;
	fails_at = 1;
	assert_ptr_equal(play(NULL, -SHADOW_EIO), &steps[0]);
	assert_string_equal(told, "T3 ");
	fails_at = 3;
	assert_ptr_equal(play(&hooks, -SHADOW_EIO), &steps[0]);
	assert_string_equal(told, "( T3 ) ");
	fails_at = 5;
	assert_ptr_equal(play(&hooks, -SHADOW_EIO), &steps[2]);

	assert_string_equal(told, "( T3 ) E4 [ ");
	fails_at = 8;
	assert_ptr_equal(play(&hooks, -SHADOW_EIO), &steps[3]);
	fails_at = 4;
	assert_ptr_equal(play(NULL, -SHADOW_EIO), &steps[3]);
}

static void both_builds_offer_the_same_policies(void **state)
{
	static const char *const names[] = { "eager", "strict", "batched" };

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		assert_string_equal(runner_native.policies[i]->name, names[i]);
		assert_string_equal(runner_observed.policies[i]->name, names[i]);
		assert_ptr_not_equal(runner_native.policies[i], runner_observed.policies[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(steps_are_handed_over_in_order, set_up),
		cmocka_unit_test_setup(hooks_are_called_around_them, set_up),
		cmocka_unit_test_setup(a_transition_that_asks_is_preceded_by_a_flush_if_its_pages_are_queued,
				       set_up),
		cmocka_unit_test_setup(one_that_does_not_ask_is_not, set_up),
		cmocka_unit_test_setup(the_first_error_ends_it_and_names_its_step, set_up),
		cmocka_unit_test_setup(both_builds_offer_the_same_policies, set_up),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
