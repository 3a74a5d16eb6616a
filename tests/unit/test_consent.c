/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_consent.c - revoke-ahead: one flush for many donations, and nothing of it survives a grant.
 */
#include "core_rig.h"
#include "seeded.h"

#define PAGE   CORE_MEMORY_PAGE
#define OWNED  SHADOW_STATE_OWNED
#define NOPAGE SHADOW_STATE_NOPAGE
#define PAGES  512u

static struct core core;
static uint64_t word[(1u << 18) / 64], pending_word[(1u << 18) / 64];

static int set_up(void **state)
{
	(void)state;
	core_init(&core);
	memset(word, 0, sizeof(word));
	memset(pending_word, 0, sizeof(pending_word));
	core.cpu_count = 2;
	core.consent = (struct shadow_page_bits){ word, { CORE_GIB, 2 * CORE_GIB } };
	core.pending = (struct shadow_page_bits){ pending_word, { CORE_GIB, 2 * CORE_GIB } };
	core_up(&core);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	core_down(&core);
	return 0;
}

/* Return: as the call; the number goes on if it was used up. */
static int consent(uint64_t page, uint64_t count, const uint8_t *states)
{
	int pages = shadow_consent(core.engine, 0, core.number + 1, (shadow_ipa_t){ page << 12 }, count, states,
				   CORE_WAIT_NS);

	core.number += pages > 0;
	return pages;
}

static int withdraw(uint64_t page, uint64_t count, const uint8_t *states)
{
	int pages = shadow_withdraw(core.engine, 0, core.number + 1, (shadow_ipa_t){ page << 12 }, count, states,
				    CORE_WAIT_NS);

	core.number += pages > 0;
	return pages;
}

static void donations_after_a_consent_cost_no_sync(void **state)
{
	(void)state;
	assert_true(core_reaches(&core, 0, PAGE + 7));
	assert_int_equal(consent(PAGE, PAGES, NULL), PAGES);
	core_finish(&core);
	core_forget(&core);
	assert_false(core_reaches(&core, 0, PAGE + 7));
	for (unsigned page = 0; page < PAGES; page++) {
		uint64_t number = core.number;

		core_revoke(&core, PAGE + page, 1);
		assert_int_equal(core.number, number);
		assert_true(shadow_complete(core.engine, shadow_consent_ticket(core.engine)));
		shadow_trip_end(core.engine, 0);
	}
	core_finish(&core);
	assert_int_equal(core_count(&core, CORE_COMMAND, 0), 0);
	assert_int_equal(core_stats(&core).pages_ahead, PAGES);
	assert_int_equal(core_stats(&core).pages_inherited, PAGES);
}

/* The donation must wait for what it inherits. */
static void the_ticket_of_a_consent_is_complete_when_devices_are_out(void **state)
{
	(void)state;
	assert_true(core_reaches(&core, 0, PAGE + 7));
	core.smmu[0].stalled = true;
	assert_int_equal(consent(PAGE, 16, NULL), 16);
	core_revoke(&core, PAGE + 7, 1);
	assert_int_equal(shadow_wait(core.engine, shadow_consent_ticket(core.engine), CORE_WAIT_NS), -SHADOW_EAGAIN);
	(void)shadow_flush(core.engine);
	assert_false(shadow_complete(core.engine, shadow_consent_ticket(core.engine)));
	core.smmu[0].stalled = false;
	assert_int_equal(shadow_wait(core.engine, shadow_consent_ticket(core.engine), CORE_WAIT_NS), 0);
	assert_false(core_reaches(&core, 0, PAGE + 7));
}

static void a_grant_takes_the_consent_back(void **state)
{
	(void)state;
	assert_int_equal(consent(PAGE, 4, NULL), 4);
	core_finish(&core);
	core_revoke(&core, PAGE + 1, 1);
	core_grant(&core, PAGE + 1, 1);
	core_finish(&core);
	assert_true(core_reaches(&core, 0, PAGE + 1));
	assert_false(core_reaches(&core, 0, PAGE + 2));

	core_revoke(&core, PAGE + 1, 1);
	core_finish(&core);
	assert_false(core_reaches(&core, 0, PAGE + 1));
	assert_int_equal(core_stats(&core).pages_inherited, 1);
}

static void pages_that_the_host_lacks_or_gave_before_are_left_out(void **state)
{
	uint8_t states[8] = { 0, 0, 3, 1, 2, 3, 0, 0 };

	(void)state;
	core_revoke(&core, PAGE + 2, 1);
	core_revoke(&core, PAGE + 5, 1);
	core_finish(&core);
	assert_int_equal(consent(PAGE, 1, NULL), 1);
	assert_int_equal(consent(PAGE, 8, states), 5);
	assert_int_equal(consent(PAGE, 8, states), 0);
	core_finish(&core);
	for (unsigned page = 0; page < 8; page++)
		assert_false(core_reaches(&core, 0, PAGE + page));
	/* A page that was the guest's when the rest consented. */
	core_grant(&core, PAGE + 2, 1);
	core_finish(&core);
	assert_true(core_reaches(&core, 0, PAGE + 2));
}

static void a_withdrawal_gives_back_what_the_host_still_has(void **state)
{
	uint8_t states[8] = { 0, 3, 0, 0, 3, 0, 1, 0 };

	(void)state;
	assert_int_equal(consent(PAGE + 1, 6, NULL), 6);
	core_finish(&core);
	core_revoke(&core, PAGE + 1, 1);
	core_revoke(&core, PAGE + 4, 1);
	assert_int_equal(withdraw(PAGE, 8, states), 4);
	core_finish(&core);
	for (unsigned page = 0; page < 8; page++)
		assert_int_equal(core_reaches(&core, 0, PAGE + page), states[page] != 3);
	assert_int_equal(withdraw(PAGE, 8, states), 0);
	assert_int_equal(core_stats(&core).pages_withdrawn, 4);
	/* Donated again, they are revoked again. */
	core_revoke(&core, PAGE + 2, 1);
	core_finish(&core);
	assert_false(core_reaches(&core, 0, PAGE + 2));
}

static void a_transition_of_pages_with_and_without_consent_is_cut(void **state)
{
	uint64_t number;

	(void)state;
	assert_int_equal(consent(PAGE + 2, 2, NULL), 2);
	assert_int_equal(consent(PAGE + 6, 1, NULL), 1);
	core_finish(&core);
	core_forget(&core);
	number = core.number;
	core_revoke(&core, PAGE, 8);
	assert_int_equal(core.number, number + 1);
	core_finish(&core);
	assert_int_equal(core_stats(&core).pages_inherited, 3);
	for (unsigned page = 0; page < 9; page++)
		assert_int_equal(core_reaches(&core, 0, PAGE + page), page == 8);
}

static void what_cannot_consent_is_refused(void **state)
{
	(void)state;
	assert_int_equal(consent(PAGE - 1, 2, NULL), -SHADOW_EINVAL);
	assert_int_equal(consent(PAGE, 0, NULL), -SHADOW_EINVAL);
	assert_int_equal(withdraw(2 * PAGE, 1, NULL), -SHADOW_EINVAL);
	assert_int_equal(shadow_pending(core.engine, (shadow_ipa_t){ PAGE << 12 }, 1), 0);
	assert_int_equal(consent(PAGE, 2, NULL), -SHADOW_EAGAIN);
	assert_int_equal(withdraw(PAGE, 2, NULL), -SHADOW_EAGAIN);
	assert_int_equal(core_stats(&core).pages_ahead, 0);
}

/* A host at its worst: consents and withdraws as it likes. A page that it gave away is never reached, one that it has and
 * did not consent for always is. */
static void a_host_that_plays_with_consent_gains_nothing(void **state)
{
	uint64_t seed = seeded_start();
	uint8_t states[64];
	bool given[64];

	(void)state;
	memset(states, OWNED, sizeof(states));
	memset(given, false, sizeof(given));
	for (unsigned i = 0; i < 20000; i++) {
		unsigned page = (unsigned)seeded_below(&seed, 64), count = 1 + (unsigned)seeded_below(&seed, 64 - page),
			 what = (unsigned)seeded_below(&seed, 8), end = page;

		if (what == 0) {
			assert_true(consent(PAGE + page, count, &states[page]) >= 0);
			for (unsigned at = page; at < page + count; at++)
				given[at] |= states[at] != NOPAGE;
		} else if (what == 1) {
			assert_true(withdraw(PAGE + page, count, &states[page]) >= 0);
			for (unsigned at = page; at < page + count; at++)
				given[at] &= states[at] == NOPAGE;
		} else {
			while (end < 64 && end < page + 5 && states[end] == states[page])
				end++;
			assert_int_equal(core_change_on(&core, what & 1, PAGE + page, end - page,
							(enum shadow_state)states[page],
							states[page] == NOPAGE ? OWNED : NOPAGE), 0);
			for (unsigned at = page; at < end; at++) {
				given[at] &= states[at] != NOPAGE;
				states[at] = states[at] == NOPAGE ? OWNED : NOPAGE;
			}
		}
		if (seeded_below(&seed, 3) == 0)
			shadow_trip_end(core.engine, what & 1);
		if (seeded_below(&seed, 10))
			continue;
		core_finish(&core);
		core_forget(&core);
		for (page = 0; page < 64; page++)
			assert_int_equal(core_reaches(&core, 0, PAGE + page), states[page] != NOPAGE && !given[page]);
	}
	assert_true(core_stats(&core).pages_inherited > 100 && core_stats(&core).pages_withdrawn > 100);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(donations_after_a_consent_cost_no_sync),
		TEST(the_ticket_of_a_consent_is_complete_when_devices_are_out),
		TEST(a_grant_takes_the_consent_back),
		TEST(pages_that_the_host_lacks_or_gave_before_are_left_out),
		TEST(a_withdrawal_gives_back_what_the_host_still_has),
		TEST(a_transition_of_pages_with_and_without_consent_is_cut),
		TEST(what_cannot_consent_is_refused),
		TEST(a_host_that_plays_with_consent_gains_nothing),
	};

	return cmocka_run_group_tests_name("consent", tests, NULL, NULL);
}
