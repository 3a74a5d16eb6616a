/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_reserve.c - what shadow_reserve() sets aside, and the grants that it finds to undo a queued revoke.
 */
#include "system_rig.h"

#define FIRST (system_memory[0].start >> 12)

static struct shadow_transition revoke_of(uint64_t page)
{
	return (struct shadow_transition){ .start = { page << 12 }, .page_count = 1,
					   .old_state = SHADOW_STATE_OWNED, .new_state = SHADOW_STATE_NOPAGE };
}

static void slots_are_set_aside_for_what_is_not_queued_yet(void **state)
{
	struct system_config config = system_config_default();
	struct shadow_transition transition;
	struct system system;

	(void)state;
	config.queue_slots = 2;
	system_open(&system, &config);

	for (uint64_t i = 0; i < 2; i++) {
		transition = revoke_of(FIRST + 10 * i);
		assert_int_equal(shadow_reserve(system.engine, 0, &transition, SYSTEM_WAIT_NS), 0);
	}
	transition = revoke_of(FIRST + 20);
	assert_int_equal(shadow_reserve(system.engine, 0, &transition, SYSTEM_WAIT_NS), -SHADOW_ENOMEM);

	for (uint64_t i = 0; i < 2; i++) {
		transition = revoke_of(FIRST + 10 * i);
		assert_true(shadow_queue(system.engine, 0, i + 1, &transition));
	}
	transition = revoke_of(FIRST + 20);
	assert_int_equal(shadow_reserve(system.engine, 0, &transition, SYSTEM_WAIT_NS), 0);
	system_close(&system);
}

static void a_flush_gives_back_slots_that_were_reserved_in_vain(void **state)
{
	struct system_config config = system_config_default();
	struct shadow_transition transition = revoke_of(FIRST);
	struct system system;

	(void)state;
	config.queue_slots = 2;
	system_open(&system, &config);
	assert_int_equal(shadow_reserve(system.engine, 0, &transition, SYSTEM_WAIT_NS), 0);
	assert_int_equal(shadow_reserve(system.engine, 0, &transition, SYSTEM_WAIT_NS), 0);

	system_flush_and_wait(&system);

	assert_int_equal(shadow_reserve(system.engine, 0, &transition, SYSTEM_WAIT_NS), 0);
	assert_int_equal(shadow_reserve(system.engine, 0, &transition, SYSTEM_WAIT_NS), 0);
	system_close(&system);
}

static uint64_t forced(const struct system *system)
{
	struct shadow_stats stats;

	shadow_engine_stats(system->engine, &stats);
	return stats.flushes_forced;
}

/* What is queued and revokes, as a list of ranges. */
struct ref_revokes {
	uint64_t start[64], end[64];
	unsigned count;
};

static bool ref_undoes(const struct ref_revokes *revokes, uint64_t start, uint64_t end)
{
	for (unsigned i = 0; i < revokes->count; i++)
		if (start < revokes->end[i] && revokes->start[i] < end)
			return true;
	return false;
}

/* Pages that are all owned, or all taken: otherwise a grant would meet pages of both kinds. */
static bool uniform(const struct system *system, uint64_t page, uint64_t count)
{
	for (uint64_t i = 1; i < count; i++)
		if (system_state(system, page + i) != system_state(system, page))
			return false;
	return true;
}

static void one_step(struct system *system, struct ref_revokes *revokes)
{
	static const uint64_t lengths[] = { 1, 1, 2, 15, 16, 17, 64, 513, 70000 };
	uint64_t count = lengths[system_random(system) % 9];
	uint64_t page = FIRST + (count == 70000 ? 0 : system_random(system) % 512);
	unsigned cpu = (unsigned)(system_random(system) % system->config.cpu_count);
	uint64_t before = forced(system);
	bool grants, undoes;

	if (!uniform(system, page, count))
		return;
	grants = system_state(system, page) == SHADOW_STATE_NOPAGE;
	undoes = grants && ref_undoes(revokes, page, page + count);
	assert_int_equal(system_transition(system, cpu, page, count,
					   grants ? SHADOW_STATE_OWNED : SHADOW_STATE_NOPAGE), 0);
	assert_int_equal(forced(system) - before, undoes);
	if (undoes)
		revokes->count = 0;
	if (!grants) {
		revokes->start[revokes->count] = page;
		revokes->end[revokes->count++] = page + count;
	}
	shadow_trip_end(system->engine, cpu);
	if (revokes->count == 64 || system_random(system) % 64 == 0) {
		system_flush_and_wait(system);
		revokes->count = 0;
	}
}

static void a_grant_is_flushed_for_if_and_only_if_it_would_undo_a_queued_revoke(void **state)
{
	struct system_config config = system_config_default();
	struct ref_revokes revokes = { .count = 0 };
	struct system system;

	(void)state;
	config.seed = system_seed(7);
	config.queue_slots = 256;
	system_open(&system, &config);

	for (unsigned i = 0; i < 20000; i++)
		one_step(&system, &revokes);

	assert_true(forced(&system) > 100);
	system_flush_and_wait(&system);
	system_check_tables(&system);
	system_close(&system);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slots_are_set_aside_for_what_is_not_queued_yet),
		cmocka_unit_test(a_flush_gives_back_slots_that_were_reserved_in_vain),
		cmocka_unit_test(a_grant_is_flushed_for_if_and_only_if_it_would_undo_a_queued_revoke),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
