/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_overlap.c - around the host's own change: the doorbell of a revoke rings before it, a grant comes after it.
 */
#include "core_rig.h"

#define PAGE   CORE_MEMORY_PAGE
#define OWNED  SHADOW_STATE_OWNED
#define NOPAGE SHADOW_STATE_NOPAGE

static struct core core;

static int set_up(void **state)
{
	(void)state;
	core_init(&core);
	core.smmu_count = 2;
	core_up(&core);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	core_down(&core);
	return 0;
}

static void a_revoke_is_on_its_way_before_the_host_s_change_and_complete_after_it(void **state)
{
	struct shadow_transition revoke = core_transition(PAGE + 3, 2, OWNED, NOPAGE);
	uint64_t number = 1;
	shadow_ticket_t ticket;

	(void)state;
	assert_true(core_reaches(&core, 1, PAGE + 3));
	core.smmu[1].stalled = true;
	core_forget(&core);
	assert_int_equal(shadow_prepare(core.engine, 0, &number, &revoke, CORE_WAIT_NS, &ticket), 0);
	assert_int_equal(number, 2);
	assert_int_equal(core_count(&core, CORE_DOORBELL, 0), 1);
	assert_int_equal(core_count(&core, CORE_DOORBELL, 1), 1);
	assert_false(shadow_complete(core.engine, ticket));

	core.smmu[1].stalled = false; /* the host's own invalidation goes on meanwhile */
	assert_int_equal(shadow_finish(core.engine, 0, &number, &revoke, CORE_WAIT_NS, ticket), 0);
	assert_int_equal(number, 2);
	assert_int_equal(core_count(&core, CORE_DOORBELL, 0), 1);
	assert_false(core_reaches(&core, 1, PAGE + 3));
	assert_int_equal(core.violations, 0);
}

static void a_grant_comes_after_the_host_s_change(void **state)
{
	struct shadow_transition grant = core_transition(PAGE + 3, 1, NOPAGE, OWNED);
	uint64_t number = 2;
	shadow_ticket_t ticket;

	(void)state;
	core_revoke(&core, PAGE + 3, 1);
	core_finish(&core);
	assert_int_equal(shadow_prepare(core.engine, 0, &number, &grant, CORE_WAIT_NS, &ticket), 0);
	assert_int_equal(number, 2);
	assert_false(core_reaches(&core, 0, PAGE + 3));
	assert_int_equal(shadow_finish(core.engine, 0, &number, &grant, CORE_WAIT_NS, ticket), 0);
	assert_int_equal(number, 3);
	assert_true(core_reaches(&core, 0, PAGE + 3));
}

static void a_refusal_changes_nothing(void **state)
{
	struct shadow_transition bad = core_transition(UINT64_C(1) << 40, 1, OWNED, NOPAGE);
	uint64_t number = 1;
	shadow_ticket_t ticket;

	(void)state;
	core_forget(&core);
	assert_int_equal(shadow_prepare(core.engine, 0, &number, &bad, CORE_WAIT_NS, &ticket), -SHADOW_EINVAL);
	assert_int_equal(number, 1);
	assert_int_equal(core_count(&core, CORE_DOORBELL, 0), 0);
}

static void what_changes_no_access_uses_up_no_number(void **state)
{
	struct shadow_transition share = core_transition(PAGE, 1, OWNED, SHADOW_STATE_SHARED_OWNED);
	uint64_t number = 1;
	shadow_ticket_t ticket;

	(void)state;
	core_forget(&core);
	assert_int_equal(shadow_prepare(core.engine, 0, &number, &share, CORE_WAIT_NS, &ticket), 0);
	assert_int_equal(shadow_finish(core.engine, 0, &number, &share, CORE_WAIT_NS, ticket), 0);
	assert_int_equal(number, 1);
	assert_int_equal(core_count(&core, CORE_DOORBELL, 0), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_revoke_is_on_its_way_before_the_host_s_change_and_complete_after_it),
		TEST(a_grant_comes_after_the_host_s_change),
		TEST(a_refusal_changes_nothing),
		TEST(what_changes_no_access_uses_up_no_number),
	};

	return cmocka_run_group_tests_name("overlap", tests, NULL, NULL);
}
