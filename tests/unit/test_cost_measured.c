/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_cost_measured.c - figures of real hardware: what is in them is read, crossings lie on straight lines between them,
 * and what is wrong is refused with its line.
 */
#include "bench/cost/cost_measured.h"

#include <math.h>

#include "tests/unit/said.h"
#include "tests/unit/seeded.h"

/* A miss of the main TLB takes 10 ns, a read 3. */
static struct cost_device device(void)
{
	struct cost_device device = { .ranges = true };

	device.ns[COST_NS_WALK] = 10;
	device.ns[COST_NS_READ] = 3;
	return device;
}

static int read_file(void *into, FILE *file)
{
	const struct cost_device described = device();

	return cost_measured_read(into, file, SAID_PATH, &described);
}

/* Return: what it says on standard error. */
static const char *read_text(struct cost_measured *measured, const char *text, int expected)
{
	int result;
	const char *said = said_of(read_file, measured, text, &result);

	assert_int_equal(result, expected);
	return said;
}

static void lines_become_rows_in_the_order_of_points(void **state)
{
	struct cost_measured measured;

	(void)state;
	read_text(&measured,
		  "# what was read\n"
		  "vmid runs=8 length=2 gap=5 commands=1 flush_ns=100 after_ns=50 nested=yes syncs=1\n"
		  "\n"
		  "range runs=8 length=2 gap=5 commands=9 flush_ns=80.5 misses=4 reads=6 nested=yes syncs=2 cpu_ns=70 # x\n"
		  "exact runs=1 commands=1 flush_ns=30 after_ns=0 misses=7\n",
		  0);
	assert_int_equal(measured.rows, 3);
	assert_true(measured.derived);
	assert_int_equal(measured.row[0].strategy, COST_EXACT);
	assert_int_equal(measured.row[0].point.length, 1);
	assert_true(measured.row[0].after_ns == 0 && measured.row[0].extra.main == 7);
	assert_int_equal(measured.row[1].strategy, COST_RANGE);
	assert_int_equal(cost_commands(&measured.row[1].counts), 9);
	assert_int_equal(measured.row[1].counts.kind[COST_KIND_SYNC], 2);
	assert_true(measured.row[1].point.nested);
	assert_true(measured.row[1].device_ns == 80.5 && measured.row[1].cpu_ns.median == 70);
	/* Not measured, so 4 * 10 + 6 * 3. */
	assert_true(measured.row[1].after_ns == 58);
	assert_int_equal(measured.row[2].strategy, COST_VMID);
	cost_measured_free(&measured);
}

static void what_is_wrong_is_refused_with_its_line(void **state)
{
	static const struct said_wrong wrong[] = {
		{ "lazy runs=1\n", "x.txt:1: none of page" },
		{ "page runs\n", "x.txt:1: not NAME=VALUE" },
		{ "page runs=1 colour=2\n", "x.txt:1: unknown name 'colour'" },
		{ "page runs=1 runs=2\n", "x.txt:1: a second 'runs'" },
		{ "page runs=0\n", "x.txt:1: not a whole number" },
		{ "page runs=1.5\n", "x.txt:1: not a whole number" },
		{ "page runs=-1\n", "x.txt:1: not a number" },
		{ "page runs=1 flush_ns=1e3\n", "x.txt:1: not a number" },
		{ "page runs=1 nested=maybe\n", "x.txt:1: neither no nor yes" },
		{ "\n\npage runs=1 flush_ns=2 misses=1\n", "x.txt:3: there is no 'commands'" },
		{ "page runs=1 commands=1 misses=1\n", "x.txt:1: there is no 'flush_ns'" },
		{ "page runs=1 commands=1 flush_ns=1\n", "x.txt:1: there is neither after_ns" },
		{ "page runs=1 commands=1 flush_ns=1 misses=1\npage runs=1 commands=2 flush_ns=1 misses=1\n", "is there twice" },
		{ "# nothing\n", "x.txt: nothing is in it" },
	};
	struct cost_measured measured;

	(void)state;
	said_refuses(read_file, &measured, wrong, sizeof(wrong) / sizeof(wrong[0]));
}

/* Lists take @base and @slope a command, the whole VMID @whole; measured at powers of two up to @most. */
static void measure(struct cost_measured *measured, double base, double slope, double whole, unsigned most)
{
	char text[4000] = "";

	for (unsigned runs = 1; runs <= most; runs *= 2) {
		size_t at = strlen(text);

		snprintf(text + at, sizeof(text) - at,
			 "range runs=%u commands=%u flush_ns=%.6f after_ns=0\nvmid runs=%u commands=1 flush_ns=%.6f after_ns=0\n",
			 runs, runs, base + slope * runs, runs, whole);
	}
	assert_string_equal(read_text(measured, text, 0), "");
}

static void crossings_lie_where_straight_lines_meet(void **state)
{
	uint64_t seed = seeded_start();

	(void)state;
	for (unsigned round = 0; round < 300; round++) {
		double base = (double)seeded_below(&seed, 1000), slope = 1 + (double)seeded_below(&seed, 20);
		double whole = base + (double)seeded_below(&seed, 8000);
		const struct cost_worth worth[2] = { { 0 } };
		struct cost_measured measured;
		struct cost_summary summary;
		unsigned expected = 1;

		while (base + slope * expected < whole)
			expected++;
		measure(&measured, base, slope, whole, 1024);
		assert_int_equal(cost_measured_summary(&measured, worth, &summary), 0);
		assert_int_equal(summary.crossings, 1);
		assert_int_equal(summary.crossing[0].most, summary.crossing[0].runs ? summary.crossing[0].most : 1024);
		assert_int_equal(summary.crossing[0].runs, expected <= 1024 ? expected : 0);
		/* And the planner would cross there. */
		assert_true(summary.advice[0].given);
		assert_true(fabs(summary.advice[0].worth.command - slope) < 0.01 * slope);
		assert_true(fabs(summary.advice[0].worth.vmid - (whole - base - slope)) < 0.01 * whole + 1);
		assert_false(summary.advice[1].given);
		cost_summary_free(&summary);
		cost_measured_free(&measured);
	}
}

static void rows_of_other_smmus_or_of_several_flushes_are_not_mixed_in(void **state)
{
	struct cost_row row[6];
	struct cost_crossing crossing[6];

	(void)state;
	for (unsigned i = 0; i < 6; i++)
		row[i] = (struct cost_row){ .strategy = i & 1 ? COST_VMID : COST_PAGE,
					    .point = { .runs = i < 4 ? 10 + 10 * (i / 2) : 20, .length = 1, .gap = 1,
						       .batch = 100, .smmus = 1 + i / 4 },
					    .cpu_ns = { .median = i & 1 ? 150 : i < 4 ? 100 + 100 * (i / 2) : 10 } };
	/* With one SMMU 100 and 200 against 150; with two 10. */
	assert_int_equal(cost_lines_all(row, 6, cost_lines_cpu, crossing), 2);
	assert_int_equal(crossing[0].runs, 15);
	assert_int_equal(crossing[1].runs, 0);
	assert_int_equal(crossing[1].most, 20);
	row[2].point.batch = row[3].point.batch = 5;
	assert_int_equal(cost_lines_all(row, 6, cost_lines_cpu, crossing), 2);
	assert_int_equal(crossing[0].runs, 0);
	assert_int_equal(crossing[0].most, 10);
}

static void without_the_whole_vmid_nothing_crosses(void **state)
{
	const struct cost_worth worth[2] = { { 0 } };
	struct cost_measured measured;
	struct cost_summary summary;

	(void)state;
	read_text(&measured, "range runs=1 commands=1 flush_ns=5 misses=1\nrange runs=9 commands=9 flush_ns=50 misses=1\n", 0);
	assert_int_equal(cost_measured_summary(&measured, worth, &summary), 0);
	assert_int_equal(summary.crossings, 0);
	assert_false(summary.advice[0].given);
	cost_summary_free(&summary);
	cost_measured_free(&measured);
}

static void a_fit_goes_through_points_on_a_line_and_refuses_one(void **state)
{
	const double x[4] = { 1, 5, 2, 8 }, y[4] = { 13, 25, 16, 34 }, same[3] = { 2, 2, 2 };
	double base, slope;

	(void)state;
	assert_true(cost_fit(x, y, 4, &base, &slope));
	assert_true(fabs(base - 10) < 1e-9 && fabs(slope - 3) < 1e-9);
	assert_false(cost_fit(same, y, 3, &base, &slope));
	assert_false(cost_fit(x, y, 0, &base, &slope));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_become_rows_in_the_order_of_points),
		cmocka_unit_test(what_is_wrong_is_refused_with_its_line),
		cmocka_unit_test(crossings_lie_where_straight_lines_meet),
		cmocka_unit_test(rows_of_other_smmus_or_of_several_flushes_are_not_mixed_in),
		cmocka_unit_test(without_the_whole_vmid_nothing_crosses),
		cmocka_unit_test(a_fit_goes_through_points_on_a_line_and_refuses_one),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
