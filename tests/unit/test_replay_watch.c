/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_replay_watch.c - a watched schedule calls what it would unwatched, shows how far it is, and stops
 * after Ctrl-C.
 */
#include "bench/replay/replay_watch.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bench/common/progress.h"

#define OPS 10u

static struct op ops[OPS];
static const struct schedule schedule = { .ops = ops, .count = OPS };
static char called[5]; /* the first letters of what was called */

static int called_with(void *ctx, const struct op *op, char letter, int result)
{
	assert_ptr_equal(ctx, called);
	assert_ptr_equal(op, &ops[5]);
	called[strlen(called)] = letter;
	return result;
}

static int transition_before(void *ctx, const struct op *op)
{
	return called_with(ctx, op, 'b', 11);
}

static int transition_after(void *ctx, const struct op *op)
{
	return called_with(ctx, op, 'a', 12);
}

static int flush_before(void *ctx, const struct op *op)
{
	return called_with(ctx, op, 'F', 13);
}

static int flush_after(void *ctx, const struct op *op)
{
	return called_with(ctx, op, 'f', 14);
}

static const struct runner_hooks inner = { called, transition_before, transition_after, flush_before,
					   flush_after };

static uint64_t ten_seconds_later(void)
{
	static uint64_t now;

	return now += UINT64_C(10000000000);
}

static int set_up(void **state)
{
	(void)state;
	memset(called, 0, sizeof(called));
	return 0;
}

static void everything_is_handed_on(void **state)
{
	struct replay_watch watch = { &inner, &schedule, 0, 100 };
	struct runner_hooks hooks = replay_watch_hooks(&watch);

	(void)state;
	assert_int_equal(hooks.transition_before(hooks.ctx, &ops[5]), 11);
	assert_int_equal(hooks.transition_after(hooks.ctx, &ops[5]), 12);
	assert_int_equal(hooks.flush_before(hooks.ctx, &ops[5]), 13);
	assert_int_equal(hooks.flush_after(hooks.ctx, &ops[5]), 14);

	assert_string_equal(called, "baFf");
}

static void half_of_the_steps_are_half_of_the_way(void **state)
{
	struct replay_watch watch = { &inner, &schedule, 40, 60 };
	struct runner_hooks hooks = replay_watch_hooks(&watch);
	char *text;
	size_t length;
	FILE *file = open_memstream(&text, &length);
	struct progress_screen screen = { file, 80, ten_seconds_later };

	(void)state;
	progress_set_screen(&screen);
	progress_start("replay", 100);
	hooks.transition_before(hooks.ctx, &ops[5]);
	progress_set_screen(NULL);

	assert_non_null(strstr(text, " 50 %"));
	progress_end();
	fclose(file);
	free(text);
}

static void after_an_interrupt_no_transition_is_begun(void **state)
{
	struct replay_watch watch = { &inner, &schedule, 0, 100 };
	struct runner_hooks hooks = replay_watch_hooks(&watch);

	(void)state;
	progress_catch_interrupt();
	raise(SIGINT);
	assert_int_equal(hooks.transition_before(hooks.ctx, &ops[5]), REPLAY_WATCH_INTERRUPTED);

	assert_string_equal(called, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(everything_is_handed_on, set_up),
		cmocka_unit_test_setup(half_of_the_steps_are_half_of_the_way, set_up),
		cmocka_unit_test_setup(after_an_interrupt_no_transition_is_begun, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
