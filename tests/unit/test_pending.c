/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_pending.c - pages of a trip that waits without the host lock: nobody else may change them.
 */
#include "core_rig.h"

#define PAGE   CORE_MEMORY_PAGE
#define OWNED  SHADOW_STATE_OWNED
#define NOPAGE SHADOW_STATE_NOPAGE

static struct core core;
static uint64_t word[(1u << 18) / 64];

static int set_up(void **state)
{
	(void)state;
	core_init(&core);
	memset(word, 0, sizeof(word));
	core.cpu_count = 2;
	core.pending = (struct shadow_page_bits){ word, { CORE_GIB, 2 * CORE_GIB } };
	core_up(&core);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	core_down(&core);
	return 0;
}

static int pend(uint64_t page, uint64_t count)
{
	return shadow_pending(core.engine, (shadow_ipa_t){ page << 12 }, count);
}

static void pend_end(uint64_t page, uint64_t count)
{
	shadow_pending_end(core.engine, (shadow_ipa_t){ page << 12 }, count);
}

static void every_transition_of_a_pending_page_is_refused_until_it_is_handed_over(void **state)
{
	static const struct {
		unsigned start, count;
	} meets[] = { { 5, 1 }, { 4, 2 }, { 6, 3 }, { 0, 64 }, { 0, 1000 } };
	shadow_ticket_t ticket;

	(void)state;
	core_revoke(&core, PAGE + 5, 2);
	ticket = shadow_flush(core.engine);
	assert_int_equal(pend(PAGE + 5, 2), 0);
	for (unsigned i = 0; i < sizeof(meets) / sizeof(meets[0]); i++) {
		uint64_t start = PAGE + meets[i].start;

		/* Another revoke first: then there is a promise, and the way through the check is short. */
		assert_int_equal(core_change_on(&core, 1, PAGE + 2000 + i, 1, OWNED, NOPAGE), 0);
		assert_int_equal(core_change_on(&core, 1, start, meets[i].count, NOPAGE, OWNED), -SHADOW_EAGAIN);
		assert_int_equal(core_change_on(&core, 1, start, meets[i].count, OWNED, NOPAGE), -SHADOW_EAGAIN);
		assert_int_equal(core_change_on(&core, 1, start, meets[i].count, OWNED, SHADOW_STATE_SHARED_OWNED),
				 -SHADOW_EAGAIN);
	}
	assert_int_equal(core_stats(&core).flushes_forced, 0);
	assert_int_equal(core_change_on(&core, 1, PAGE + 4, 1, OWNED, NOPAGE), 0);
	assert_int_equal(core_change_on(&core, 1, PAGE + 7, 1, OWNED, NOPAGE), 0);
	assert_int_equal(shadow_wait(core.engine, ticket, CORE_WAIT_NS), 0);
	pend_end(PAGE + 5, 2);
	assert_int_equal(core_change_on(&core, 1, PAGE + 5, 2, NOPAGE, OWNED), 0);
	core_finish(&core);
	assert_true(core_reaches(&core, 0, PAGE + 5));
	assert_false(core_reaches(&core, 0, PAGE + 7));
}

static void a_hand_over_that_is_off_grants_back_what_nobody_touched_meanwhile(void **state)
{
	(void)state;
	core_revoke(&core, PAGE + 5, 1);
	assert_int_equal(pend(PAGE + 5, 1), 0);
	assert_int_equal(core_change_on(&core, 0, PAGE + 5, 1, NOPAGE, OWNED), -SHADOW_EAGAIN);
	core_finish(&core);
	pend_end(PAGE + 5, 1);
	core_grant(&core, PAGE + 5, 1);
	core_finish(&core);
	assert_true(core_reaches(&core, 0, PAGE + 5));
}

static void a_page_is_pending_once(void **state)
{
	(void)state;
	assert_int_equal(pend(PAGE + 5, 4), 0);
	assert_int_equal(pend(PAGE + 8, 2), -SHADOW_EBUSY);
	assert_int_equal(core_change_on(&core, 0, PAGE + 9, 1, OWNED, NOPAGE), 0);
	pend_end(PAGE + 5, 4);
	pend_end(PAGE + 5, 4);
	assert_int_equal(pend(PAGE + 8, 2), 0);
}

static void what_has_no_bit_cannot_be_pending(void **state)
{
	(void)state;
	assert_int_equal(pend(PAGE - 1, 2), -SHADOW_EINVAL);
	assert_int_equal(pend(2 * PAGE - 1, 2), -SHADOW_EINVAL);
	assert_int_equal(pend(PAGE, 0), -SHADOW_EINVAL);
	assert_int_equal(pend(PAGE, UINT64_MAX), -SHADOW_EINVAL);
	assert_int_equal(shadow_pending(core.engine, (shadow_ipa_t){ (PAGE << 12) + 8 }, 1), -SHADOW_EINVAL);
	assert_int_equal(pend(2 * PAGE - 1, 1), 0);
}

static void bits_of_an_odd_range_make_no_engine(void **state)
{
	struct shadow_engine_config config = core_engine_config(&core);
	struct shadow_engine *engine;

	(void)state;
	config.pending.range.end -= 4096;
	assert_int_equal(shadow_engine_init(core.engine_memory, core.engine_bytes, &config, &engine), -SHADOW_EINVAL);
	config = core_engine_config(&core);
	config.consent = (struct shadow_page_bits){ word, { 0, UINT64_C(1) << 37 } };
	assert_int_equal(shadow_engine_init(core.engine_memory, core.engine_bytes, &config, &engine), -SHADOW_EINVAL);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(every_transition_of_a_pending_page_is_refused_until_it_is_handed_over),
		TEST(a_hand_over_that_is_off_grants_back_what_nobody_touched_meanwhile),
		TEST(a_page_is_pending_once),
		TEST(what_has_no_bit_cannot_be_pending),
		TEST(bits_of_an_odd_range_make_no_engine),
	};

	return cmocka_run_group_tests_name("pending", tests, NULL, NULL);
}
