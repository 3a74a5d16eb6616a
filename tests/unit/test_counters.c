/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_counters.c - hardware counters on a kernel that the test plays: missing ones, forbidden ones, ones
 * that take turns.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "bench/common/counters.h"

#define FD 100 /* of the first counter */

static struct {
	int error[COUNTERS]; /* of open; 0: it is there */
	struct {
		uint64_t value, wanted_ns, ran_ns;
	} counter[COUNTERS];
	struct perf_event_attr attr[COUNTERS];
	bool unreadable, is_open[COUNTERS];
	unsigned asked;
} kernel;

/* Counters are asked for in their order. */
static int fake_open(struct perf_event_attr *attr)
{
	unsigned counter = kernel.asked++;

	assert_in_range(counter, 0, COUNTERS - 1);
	kernel.attr[counter] = *attr;
	errno = kernel.error[counter];
	kernel.is_open[counter] = !errno;
	return errno ? -1 : FD + (int)counter;
}

static ssize_t fake_read(int fd, void *buffer, size_t bytes)
{
	assert_in_range(fd, FD, FD + COUNTERS - 1);
	assert_true(kernel.is_open[fd - FD]);
	assert_int_equal(bytes, sizeof(kernel.counter[0]));
	if (kernel.unreadable)
		return -1;
	memcpy(buffer, &kernel.counter[fd - FD], bytes);
	return (ssize_t)bytes;
}

static int fake_close(int fd)
{
	assert_in_range(fd, FD, FD + COUNTERS - 1);
	assert_true(kernel.is_open[fd - FD]);
	kernel.is_open[fd - FD] = false;
	return 0;
}

static const struct counters_kernel fake = { fake_open, fake_read, fake_close };
static struct counters counters;
static struct counters_reading from, to, sum;

static int set_up(void **state)
{
	(void)state;
	memset(&kernel, 0, sizeof(kernel));
	memset(&sum, 0, sizeof(sum));
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	counters_close(&counters);
	for (unsigned i = 0; i < COUNTERS; i++)
		assert_false(kernel.is_open[i]);
	return 0;
}

static void open_all(void)
{
	const char *why;

	assert_int_equal(counters_open(&counters, &fake, &why), 0);
}

/* Every counter was wanted for so long, ran for so long, and counted so much. */
static void pass(uint64_t wanted_ns, uint64_t ran_ns, uint64_t value)
{
	for (unsigned i = 0; i < COUNTERS; i++) {
		kernel.counter[i].wanted_ns += wanted_ns;
		kernel.counter[i].ran_ns += ran_ns;
		kernel.counter[i].value += value * (i + 1);
	}
}

static void measure(uint64_t wanted_ns, uint64_t ran_ns, uint64_t value)
{
	counters_read(&counters, &from);
	pass(wanted_ns, ran_ns, value);
	counters_read(&counters, &to);
	counters_add(&sum, &from, &to);
}

static void only_user_space_of_this_thread_is_counted_and_times_are_asked_for(void **state)
{
	(void)state;
	open_all();

	assert_int_equal(kernel.asked, COUNTERS);
	for (unsigned i = 0; i < COUNTERS; i++) {
		assert_true(kernel.attr[i].exclude_kernel && kernel.attr[i].exclude_hv &&
			    !kernel.attr[i].inherit);
		assert_int_equal(kernel.attr[i].read_format,
				 PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING);
		assert_int_equal(kernel.attr[i].size, sizeof(struct perf_event_attr));
		for (unsigned j = 0; j < i; j++) {
			assert_string_not_equal(counters_name((enum counter)i),
						counters_name((enum counter)j));
			assert_false(kernel.attr[i].type == kernel.attr[j].type &&
				     kernel.attr[i].config == kernel.attr[j].config);
		}
	}
}

static void what_lies_between_two_readings_is_added_up(void **state)
{
	double value;
	bool scaled;

	(void)state;
	open_all();
	pass(1000, 1000, 77); /* before */
	measure(10, 10, 5);
	pass(1000, 1000, 77); /* between */
	measure(20, 20, 7);

	for (unsigned i = 0; i < COUNTERS; i++) {
		assert_true(counters_value(&sum, (enum counter)i, &value, &scaled));
		assert_true(value == 12 * (i + 1));
		assert_false(scaled);
	}
}

static void a_counter_that_took_turns_is_scaled_up_and_marked(void **state)
{
	double value;
	bool scaled;

	(void)state;
	open_all();
	measure(100, 25, 3);

	assert_true(counters_value(&sum, COUNTER_CYCLES, &value, &scaled));
	assert_true(value == 12);
	assert_true(scaled);
}

static void scaling_weighs_pieces_by_their_time(void **state)
{
	double value;
	bool scaled;

	(void)state;
	open_all();
	measure(100, 0, 0); /* its turn did not come */
	measure(100, 100, 30);

	assert_true(counters_value(&sum, COUNTER_CYCLES, &value, &scaled));
	assert_true(value == 60);
	assert_true(scaled);
}

static void a_counter_that_never_ran_has_no_value(void **state)
{
	double value;
	bool scaled;

	(void)state;
	open_all();
	measure(100, 0, 0);

	assert_false(counters_value(&sum, COUNTER_CYCLES, &value, &scaled));
}

static void a_counter_that_is_missing_leaves_the_others(void **state)
{
	double value;
	bool scaled;

	(void)state;
	kernel.error[COUNTER_LLC_MISSES] = ENOENT;
	open_all();
	measure(10, 10, 5);

	for (unsigned i = 0; i < COUNTERS; i++)
		assert_int_equal(counters_value(&sum, (enum counter)i, &value, &scaled),
				 i != COUNTER_LLC_MISSES);
}

static void without_any_the_reason_is_said(void **state)
{
	static const struct {
		int error;
		const char *says;
	} reasons[] = {
		{ EACCES, "not allowed: see kernel.perf_event_paranoid" },
		{ EPERM, "not allowed: see kernel.perf_event_paranoid" },
		{ ENOSYS, "the kernel has no perf events" },
		{ ENOENT, "the processor shows none" },
		{ EOPNOTSUPP, "the processor shows none" },
	};

	for (unsigned i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		const char *why = NULL;

		set_up(state);
		for (unsigned j = 0; j < COUNTERS; j++)
			kernel.error[j] = reasons[i].error;
		assert_int_equal(counters_open(&counters, &fake, &why), -1);
		assert_string_equal(why, reasons[i].says);
		measure(0, 0, 0);
		for (unsigned j = 0; j < COUNTERS; j++)
			assert_int_equal(sum.counter[j].wanted_ns, 0);
	}
}

static void a_reading_that_fails_counts_nothing(void **state)
{
	double value;
	bool scaled;

	(void)state;
	open_all();
	measure(10, 10, 5);
	counters_read(&counters, &from);
	pass(10, 10, 5);
	kernel.unreadable = true;
	counters_read(&counters, &to);
	counters_add(&sum, &from, &to);
	kernel.unreadable = false;
	counters_read(&counters, &from);
	counters_add(&sum, &to, &from);

	assert_true(counters_value(&sum, COUNTER_CYCLES, &value, &scaled));
	assert_true(value == 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			only_user_space_of_this_thread_is_counted_and_times_are_asked_for, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_lies_between_two_readings_is_added_up, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_counter_that_took_turns_is_scaled_up_and_marked, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(scaling_weighs_pieces_by_their_time, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_counter_that_never_ran_has_no_value, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_counter_that_is_missing_leaves_the_others, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(without_any_the_reason_is_said, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_reading_that_fails_counts_nothing, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
