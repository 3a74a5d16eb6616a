/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_cost_flush.c - whatever the strategy, every page that is revoked is named to every SMMU, and commands are as many
 * as their formulae say.
 */
#include "bench/cost/cost_flush.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bench/cost/cost_effect.h"
#include "tests/unit/seeded.h"

#define SMMUS_MAX 3u
#define SPANS_MAX 300u

/* What one SMMU was told. */
struct heard {
	uint64_t kind[COST_KINDS];
	unsigned doorbells, syncs_after_stage1;
	struct cost_drops drops;
};

static struct heard heard[SMMUS_MAX];

static void hear_command(void *ctx, unsigned smmu, const uint64_t word[2])
{
	struct cost_effect effect = cost_effect(word);
	struct heard *told = &heard[smmu];

	(void)ctx;
	told->kind[effect.kind]++;
	told->syncs_after_stage1 += effect.kind == COST_KIND_SYNC && told->kind[COST_KIND_STAGE1];
	if (effect.kind != COST_KIND_STAGE1 && effect.kind != COST_KIND_SYNC) {
		/* Nothing of a list may stand behind the stage-1 step. */
		assert_int_equal(told->kind[COST_KIND_STAGE1], 0);
		assert_int_equal(word[0] >> 32 & 0xffff, COST_FLUSH_VMID);
	}
	assert_int_equal(cost_drops_add(&told->drops, &effect), 0);
}

static void hear_doorbell(void *ctx, unsigned smmu)
{
	(void)ctx;
	heard[smmu].doorbells++;
}

static const struct cost_listener listener = { .command = hear_command, .doorbell = hear_doorbell };

static struct cost_flush *open_flush(unsigned smmus, bool nested, bool ril)
{
	const struct cost_flush_config config = { .smmus = smmus, .nested = nested, .ril = ril };
	struct cost_flush *flush;

	assert_int_equal(cost_flush_open(&flush, &config), 0);
	return flush;
}

static void run(struct cost_flush *flush, enum cost_strategy strategy, const struct cost_span *span, size_t spans)
{
	for (unsigned i = 0; i < SMMUS_MAX; i++) {
		cost_drops_free(&heard[i].drops);
		memset(&heard[i], 0, sizeof(heard[i]));
	}
	cost_flush_use(flush, strategy, &(struct shadow_tlbi_cost){ 0 });
	assert_int_equal(cost_flush_load(flush, span, spans), 0);
	assert_int_equal(cost_flush_run(flush, &listener), 0);
	for (unsigned i = 0; i < SMMUS_MAX; i++)
		cost_drops_close(&heard[i].drops);
}

static uint64_t commands(const struct heard *told)
{
	return told->kind[COST_KIND_PAGE] + told->kind[COST_KIND_RANGE] + told->kind[COST_KIND_VMID];
}

/* Runs of pages, and now and then of blocks. Return: how many. */
static size_t random_spans(uint64_t *seed, struct cost_span *span)
{
	size_t count = 1 + seeded_below(seed, SPANS_MAX);
	uint64_t at = seeded_below(seed, 1 << 20);

	for (size_t i = 0; i < count; i++) {
		bool block = !seeded_below(seed, 8);
		uint64_t pages = 1 + seeded_below(seed, seeded_below(seed, 2) ? 4 : 700);

		at += 1 + seeded_below(seed, seeded_below(seed, 2) ? 3 : 5000);
		if (block)
			at = (at + 511) & ~UINT64_C(511);
		span[i] = (struct cost_span){ .start = at, .end = at + (block ? (pages % 5 + 1) << 9 : pages),
					      .level = block ? 2 : 3, .leaf = seeded_below(seed, 8) };
		at = span[i].end;
	}
	return count;
}

/* Every leaf that was, and every pointer to a table that is no more. */
static void check_covered(const struct heard *told, const struct cost_span *span, size_t spans)
{
	for (size_t i = 0; i < spans; i++) {
		uint64_t step = span[i].level == 2 ? 512 : 1;

		for (uint64_t page = span[i].start; page < span[i].end; page += step)
			assert_true(cost_drops_entry(&told->drops, page, step, span[i].level, true));
		for (unsigned level = 0; level < span[i].level && !span[i].leaf; level++)
			assert_true(cost_drops_entry(&told->drops, span[i].start, 1, level, false));
	}
}

static void every_strategy_names_each_revoked_page_to_each_smmu(void **state)
{
	uint64_t seed = seeded_start();
	struct cost_span span[SPANS_MAX];

	(void)state;
	for (unsigned round = 0; round < 60; round++) {
		unsigned smmus = 1 + round % SMMUS_MAX;
		bool nested = round & 1, ril = round & 2;
		struct cost_flush *flush = open_flush(smmus, nested, ril);
		size_t spans = random_spans(&seed, span);

		for (unsigned i = 0; i < COST_STRATEGIES; i++) {
			if (!ril && cost_strategy_needs_ranges((enum cost_strategy)i))
				continue;
			run(flush, (enum cost_strategy)i, span, spans);
			for (unsigned smmu = 0; smmu < smmus; smmu++) {
				check_covered(&heard[smmu], span, spans);
				assert_int_equal(heard[smmu].kind[COST_KIND_OTHER], 0);
				assert_true(heard[smmu].kind[COST_KIND_VMID] || !nested || heard[smmu].kind[COST_KIND_STAGE1]);
			}
		}
		cost_flush_close(flush);
	}
}

static void commands_are_as_many_as_the_formulae_say(void **state)
{
	/* 7 runs of 33 pages, far apart. */
	const unsigned runs = 7, length = 33;
	struct cost_span span[7];
	const uint64_t expected[COST_STRATEGIES] = { [COST_PAGE] = runs * length, [COST_RANGE] = runs,
						     [COST_EXACT] = 2 * runs,	  [COST_BRIDGED] = runs,
						     [COST_VMID] = 1,		  [COST_PLANNED] = runs };

	(void)state;
	for (unsigned i = 0; i < runs; i++)
		span[i] = (struct cost_span){ .start = 100000 * i, .end = 100000 * i + length, .level = 3, .leaf = true };
	for (unsigned nested = 0; nested < 2; nested++) {
		struct cost_flush *flush = open_flush(2, nested, true);

		for (unsigned i = 0; i < COST_STRATEGIES; i++) {
			bool stage1 = nested && i != COST_VMID;

			run(flush, (enum cost_strategy)i, span, runs);
			for (unsigned smmu = 0; smmu < 2; smmu++) {
				assert_int_equal(commands(&heard[smmu]), expected[i]);
				assert_int_equal(heard[smmu].kind[COST_KIND_STAGE1], stage1);
				assert_int_equal(heard[smmu].kind[COST_KIND_SYNC], 1 + stage1);
				assert_int_equal(heard[smmu].syncs_after_stage1, stage1);
				assert_int_equal(heard[smmu].doorbells, 1);
			}
			assert_int_equal(commands(&heard[2]), 0);
		}
		cost_flush_close(flush);
	}
}

static uint64_t pages_named(const struct heard *told)
{
	uint64_t pages = 0;

	for (unsigned i = 0; i < COST_GROUPS; i++)
		for (size_t j = 0; j < told->drops.group[i].count; j++)
			pages += told->drops.group[i].interval[j].end - told->drops.group[i].interval[j].start;
	return pages;
}

static void exact_names_nothing_else_and_range_less_than_a_sixteenth_more(void **state)
{
	uint64_t seed = seeded_start();
	struct cost_flush *flush = open_flush(1, false, true);

	(void)state;
	for (unsigned round = 0; round < 2000; round++) {
		uint64_t start = seeded_below(&seed, 1 << 20), pages = 1 + seeded_below(&seed, 1 << seeded_below(&seed, 17));
		const struct cost_span span = { .start = start, .end = start + pages, .level = 3, .leaf = true };

		run(flush, COST_EXACT, &span, 1);
		assert_in_range(commands(&heard[0]), 1, 2);
		assert_int_equal(pages_named(&heard[0]), pages);
		run(flush, COST_RANGE, &span, 1);
		assert_int_equal(commands(&heard[0]), 1);
		assert_true(16 * (pages_named(&heard[0]) - pages) < pages);
	}
	cost_flush_close(flush);
}

static void bridges_are_built_by_bridged_alone(void **state)
{
	/* 32 pages but one. */
	const struct cost_span span[2] = { { .start = 1000, .end = 1016, .level = 3, .leaf = true },
					   { .start = 1017, .end = 1032, .level = 3, .leaf = true } };
	struct cost_flush *flush = open_flush(1, false, true);

	(void)state;
	run(flush, COST_BRIDGED, span, 2);
	assert_true(cost_drops_entry(&heard[0].drops, 1016, 1, 3, true));
	run(flush, COST_RANGE, span, 2);
	assert_false(cost_drops_entry(&heard[0].drops, 1016, 1, 3, true));
	run(flush, COST_EXACT, span, 2);
	assert_false(cost_drops_entry(&heard[0].drops, 1016, 1, 3, true));
	cost_flush_close(flush);
}

/* More than a ring holds, and more than what a list may cost before the whole VMID is cheaper at any price. */
static void long_lists_stay_what_they_are_asked_to_be(void **state)
{
	const unsigned spans = 40000;
	struct cost_span *span = calloc(spans, sizeof(*span));
	struct cost_flush *flush = open_flush(1, true, true);

	(void)state;
	assert_non_null(span);
	for (unsigned i = 0; i < spans; i++)
		span[i] = (struct cost_span){ .start = 1000 * i, .end = 1000 * i + 1, .level = 3, .leaf = true };
	for (unsigned i = 0; i < COST_VMID; i++) {
		run(flush, (enum cost_strategy)i, span, spans);
		assert_int_equal(commands(&heard[0]), spans);
		assert_int_equal(heard[0].kind[COST_KIND_VMID], 0);
		assert_int_equal(heard[0].kind[COST_KIND_STAGE1], 1);
		assert_true(heard[0].doorbells > 1);
		check_covered(&heard[0], span, spans);
	}
	cost_flush_close(flush);
	free(span);
}

static void timing_changes_nothing_of_what_is_said(void **state)
{
	const struct cost_span span = { .start = 5, .end = 38, .level = 3, .leaf = true };
	struct cost_flush *flush = open_flush(1, false, true);
	struct heard first;
	double ns;

	(void)state;
	run(flush, COST_EXACT, &span, 1);
	first = heard[0];
	assert_int_equal(cost_flush_time(flush, 100000, &ns), 0);
	assert_true(ns > 0);
	memset(&heard[0].drops, 0, sizeof(heard[0].drops));
	run(flush, COST_EXACT, &span, 1);
	assert_memory_equal(first.kind, heard[0].kind, sizeof(first.kind));
	assert_int_equal(pages_named(&first), pages_named(&heard[0]));
	cost_drops_free(&first.drops);
	cost_flush_close(flush);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_strategy_names_each_revoked_page_to_each_smmu),
		cmocka_unit_test(commands_are_as_many_as_the_formulae_say),
		cmocka_unit_test(exact_names_nothing_else_and_range_less_than_a_sixteenth_more),
		cmocka_unit_test(bridges_are_built_by_bridged_alone),
		cmocka_unit_test(long_lists_stay_what_they_are_asked_to_be),
		cmocka_unit_test(timing_changes_nothing_of_what_is_said),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
