/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_what_ifs.c - random traces under every way of making batches: devices see nothing stale and nothing spurious,
 * no transition is refused because a page is pending, and consents come to what the trace comes to.
 *
 * A trace is written so that it does not contradict itself: trips of a few CPUs overlap, take and give back runs of pages
 * of a few blocks, share some, and change their minds within a trip.
 */
#include "replay_rig.h"

#include "tests/unit/seeded.h"

#define RUNS	 150u
#define RECORDS	 120u
#define PAGES	 64u
#define CPUS	 4u
#define FIRST	 0x40200000u
#define NOT_GONE "OSB"

struct writer {
	FILE *file;
	uint64_t seed;
	unsigned seq, time;
	char state[PAGES + 1];
	bool trip[CPUS];
};

static struct replay_rig rig;

/* A run of pages with one state, from a random page on. */
static void write_transition(struct writer *writer, unsigned cpu)
{
	unsigned first = (unsigned)seeded_below(&writer->seed, PAGES), count = 1;
	unsigned wanted = seeded_below(&writer->seed, 4) ? 1 : 1 + (unsigned)seeded_below(&writer->seed, 6);
	char old = writer->state[first], new = 'N';

	while (count < wanted && first + count < PAGES && writer->state[first + count] == old)
		count++;
	if (old == 'N')
		new = seeded_below(&writer->seed, 4) ? 'O' : 'B';
	else if (!seeded_below(&writer->seed, 6))
		new = old == 'O' ? 'S' : 'O';
	memset(&writer->state[first], new, count);
	fprintf(writer->file, "T %u %u %u a %x %x %c %c u\n", ++writer->seq, cpu, writer->time, FIRST + first * 0x1000,
		count * 0x1000, old, new);
	writer->trip[cpu] = true;
}

/* Pages follow one another now and then, so that blocks go whole. */
static void write_block(struct writer *writer, unsigned cpu)
{
	unsigned first = (unsigned)seeded_below(&writer->seed, PAGES / 4) * 4;

	if (strspn(&writer->state[first], NOT_GONE) < 4)
		return;
	for (unsigned page = first; page < first + 4; page++) {
		writer->time += (unsigned)seeded_below(&writer->seed, 700);
		fprintf(writer->file, "T %u %u %u a %x 1000 %c N u\n", ++writer->seq, cpu, writer->time,
			FIRST + page * 0x1000, writer->state[page]);
		fprintf(writer->file, "X %u %u %u hvc a 1 1 0 0\n", ++writer->seq, cpu, writer->time);
		writer->state[page] = 'N';
	}
	writer->trip[cpu] = false;
}

static char *random_trace(uint64_t seed)
{
	struct writer writer = { .seed = seed };
	char *text = NULL;
	size_t bytes;

	memset(writer.state, 'O', PAGES);
	writer.file = open_memstream(&text, &bytes);
	assert_non_null(writer.file);
	fputs(REPLAY_RIG_HEAD, writer.file);
	while (writer.seq < RECORDS) {
		unsigned cpu = (unsigned)seeded_below(&writer.seed, CPUS), what = (unsigned)seeded_below(&writer.seed, 8);

		writer.time += (unsigned)seeded_below(&writer.seed, 900);
		if (what == 0)
			write_block(&writer, cpu);
		else if (what < 5)
			write_transition(&writer, cpu);
		else if (writer.trip[cpu])
			fprintf(writer.file, "X %u %u %u hvc a 1 1 0 0\n", ++writer.seq, cpu, writer.time);
		if (what >= 5)
			writer.trip[cpu] = false;
	}
	fclose(writer.file);
	return text;
}

static void random_options(uint64_t *seed, char options[160])
{
	static const char *const modes[] = { "--group --sync-ns 300", "--group --sync-ns 5000", "--list 1",
					     "--list 3",	      "--list 40",		"",
					     "--flush transition",    "--flush 7" };
	static const char *const aheads[] = { "", "--ahead 8K", "--ahead 16K", "--ahead 32K" };
	static const char *const tables[] = { "", "--bbml 0", "--bbml 1", "--nested --smmus 2", "--collapse eager --contiguous",
					      "--no-ril --compact 4" };

	snprintf(options, 160, "--policy batched --verify %s %s %s", modes[seeded_below(seed, 8)],
		 aheads[seeded_below(seed, 4)], tables[seeded_below(seed, 6)]);
}

static void check(uint64_t seed)
{
	uint64_t blocks, choice = seed;
	struct policy_stats stats;
	struct tables tables;
	char options[160];
	char *text = random_trace(seed);
	int error;

	random_options(&choice, options);
	replay_rig_init(&rig, text, options);
	replay_rig_open_observed(&rig, NULL, NULL);
	error = replay_rig_play(&rig);
	if (error || observer_failed(&rig.observer)) {
		fputs(text, stderr);
		fail_msg("S2SHADOW_SEED=%" PRIu64 ": %s: error %d", seed, options, error);
	}
	replay_rig_tables(&rig, &tables, NULL);
	assert_int_equal(verify_tables(&rig.observer.verify, &tables), 0);
	assert_false(observer_failed(&rig.observer));
	rig.ops->stats(rig.policy, &stats);
	blocks = rig.schedule.ahead.count * rig.schedule.ahead.block_pages;
	assert_int_equal(stats.pages_ahead, blocks);
	assert_int_equal(stats.pages_inherited, blocks);
	replay_rig_fini(&rig);
	free(text);
}

static void random_traces_hold_under_every_way_of_making_batches(void **state)
{
	uint64_t seed = seeded_start();

	(void)state;
	for (unsigned run = 0; run < RUNS; run++)
		check(seed + run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_traces_hold_under_every_way_of_making_batches),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
