/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_progress.c - when the bar is drawn, what it says, and that it leaves nothing; with a clock and a
 * terminal of our own.
 */
#include "bench/common/progress.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bench/common/message.h"

#define MS UINT64_C(1000000)

static uint64_t now;
static char *text; /* all that was written to the terminal */
static size_t length;
static struct progress_screen screen;

static uint64_t fake_now(void)
{
	return now;
}

static int set_up(void **state)
{
	(void)state;
	now = 77 * MS;
	screen = (struct progress_screen){ open_memstream(&text, &length), 80, fake_now };
	progress_set_screen(&screen);
	return screen.file ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	progress_end();
	progress_set_screen(NULL);
	fclose(screen.file);
	free(text);
	return 0;
}

static void at(uint64_t ms, uint64_t done)
{
	now = (77 + ms) * MS;
	progress_set(done);
	fflush(screen.file);
}

static void nothing_is_drawn_in_the_first_second(void **state)
{
	(void)state;
	progress_start("replay", 100);
	at(0, 0);
	at(500, 40);
	at(999, 99);
	progress_end();
	fflush(screen.file);

	assert_int_equal(length, 0);
}

static void the_bar_says_how_much_is_done_and_how_long_the_rest_takes(void **state)
{
	(void)state;
	progress_start("replay", 100);
	progress_say("pingpong");
	at(20000, 25);

	assert_string_equal(text,
			    "\rreplay pingpong [########---------------------------]  25 %, 1:00 left\033[K");
}

static void hours_are_said_as_hours(void **state)
{
	(void)state;
	progress_start("simulate", 1000000);
	at(10000, 1000);

	assert_non_null(strstr(text, "0 %, 2:46:30 left"));
}

static void without_anything_done_no_time_is_said(void **state)
{
	(void)state;
	progress_start("scale", 3);
	at(5000, 0);

	assert_non_null(strstr(text, "  0 %\033[K"));
}

static void the_bar_is_drawn_ten_times_a_second_at_most(void **state)
{
	size_t drawn;

	(void)state;
	progress_start("scale", 100);
	at(2000, 10);
	drawn = length;
	at(2001, 11);
	at(2099, 12);
	assert_int_equal(length, drawn);

	at(2100, 13);
	assert_true(length > drawn);
}

static void no_line_is_wider_than_the_terminal(void **state)
{
	static const unsigned columns[] = { 300, 80, 60, 41, 40 };

	(void)state;
	for (size_t i = 0; i < sizeof(columns) / sizeof(*columns); i++) {
		const char *line;

		screen.columns = columns[i];
		progress_set_screen(&screen);
		progress_start("replay", 100);
		progress_say("a trace of a name that is longer than any terminal is wide, and longer");
		at(4000000 * (i + 1), 99);
		line = strrchr(text, '\r') + 1;

		assert_in_range(strlen(line) - strlen("\033[K"), 20, columns[i] < 80 ? columns[i] : 80);
	}
}

static void a_terminal_too_narrow_for_a_bar_has_none(void **state)
{
	(void)state;
	screen.columns = 39;
	progress_set_screen(&screen);
	progress_start("replay", 100);
	at(5000, 50);

	assert_int_equal(length, 0);
}

static void without_a_terminal_nothing_is_written(void **state)
{
	struct progress_screen none = { NULL, 80, fake_now };

	(void)state;
	progress_set_screen(&none);
	progress_start("replay", 100);
	at(5000, 50);
	progress_end();
	fflush(screen.file);

	assert_int_equal(length, 0);
}

static void the_end_leaves_an_empty_line(void **state)
{
	(void)state;
	progress_start("replay", 100);
	at(5000, 50);
	progress_end();
	at(9000, 60);

	assert_string_equal(text + length - strlen("\r\033[K"), "\r\033[K");
}

static void a_message_takes_the_bar_away_and_the_next_step_brings_it_back(void **state)
{
	FILE *kept = stderr;

	(void)state;
	progress_start("replay", 100);
	at(5000, 50);
	stderr = screen.file;
	message("wrong");
	stderr = kept;
	fflush(screen.file);
	assert_string_equal(strstr(text, "\033[K") + 3, "\r\033[Ks2shadow: wrong\n");

	at(6000, 60);
	assert_non_null(strstr(text, "wrong\n\rreplay ["));
}

static void more_done_than_there_is_counts_as_all(void **state)
{
	(void)state;
	progress_start("replay", 100);
	at(5000, 500);

	assert_non_null(strstr(text, "100 %, 0:00 left"));
}

static void an_interrupt_is_remembered(void **state)
{
	(void)state;
	assert_false(progress_interrupted());
	progress_catch_interrupt();
	raise(SIGINT);
	assert_true(progress_interrupted());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nothing_is_drawn_in_the_first_second, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_bar_says_how_much_is_done_and_how_long_the_rest_takes,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(hours_are_said_as_hours, set_up, tear_down),
		cmocka_unit_test_setup_teardown(without_anything_done_no_time_is_said, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_bar_is_drawn_ten_times_a_second_at_most, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(no_line_is_wider_than_the_terminal, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_terminal_too_narrow_for_a_bar_has_none, set_up, tear_down),
		cmocka_unit_test_setup_teardown(without_a_terminal_nothing_is_written, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_end_leaves_an_empty_line, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_message_takes_the_bar_away_and_the_next_step_brings_it_back,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(more_done_than_there_is_counts_as_all, set_up, tear_down),
		cmocka_unit_test(an_interrupt_is_remembered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
