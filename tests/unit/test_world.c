/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_world.c - where the pool and the host's table lie, and how large the pool is.
 */
#include "replay_rig.h"

#include "engine/platform/linux.h"

#define MIB (UINT64_C(1) << 20)

static struct replay_rig rig;

static int tear_down(void **state)
{
	(void)state;
	replay_rig_fini(&rig);
	return 0;
}

static uint64_t pool_base(void)
{
	return rig.world.policy.pool.base.addr;
}

static void the_pool_follows_the_last_region(void **state)
{
	(void)state;
	replay_rig_init(&rig, REPLAY_RIG_HEAD, "");

	assert_true(pool_base() == 0x44000000);
	assert_true(rig.world.pool_bytes % (2 * MIB) == 0);
	assert_true(rig.world.policy.pool.bytes == rig.world.pool_bytes);
}

static void the_pool_starts_at_a_2_mib_boundary(void **state)
{
	(void)state;
	replay_rig_init(&rig,
			TRACE_TEXT_MAGIC TRACE_TEXT_SNAPSHOT "# G ia_bits 36 start_level 1 pgd_pages 1\n"
							     "# R 0 40000000 4001000 flags 0\n",
			"");

	assert_true(pool_base() == 0x44200000);
}

static void a_pool_that_does_not_fit_lies_above_the_space(void **state)
{
	(void)state;
	replay_rig_init(&rig,
			TRACE_TEXT_MAGIC TRACE_TEXT_SNAPSHOT "# G ia_bits 36 start_level 1 pgd_pages 1\n"
							     "# R 0 fc0000000 40000000 flags 0\n",
			"");

	assert_true(pool_base() == UINT64_C(1) << 36);
	assert_true(world_pool_pa(&rig.world, rig.world.policy.pool.virt) == pool_base());
}

static void a_pool_may_be_put_below_the_memory_or_above_the_space(void **state)
{
	(void)state;
	replay_rig_init(&rig, REPLAY_RIG_HEAD, "--pool 0");
	assert_true(pool_base() == 0);
	replay_rig_fini(&rig);
	replay_rig_init(&rig, REPLAY_RIG_HEAD, "--pool 1000000000");

	assert_true(pool_base() == UINT64_C(1) << 36);
}

/* One table for the GiB, 32 for its 2 MiB blocks, the start table, two for the cut; ring, events, streams. */
static void the_pool_holds_the_worst_case(void **state)
{
	uint64_t tables = (1 + 1 + 32 + 2) * 4096, queues = (16 << 15) + (32 << 8) + 64 * 256;

	(void)state;
	replay_rig_init(&rig, REPLAY_RIG_HEAD, "");

	assert_true(rig.world.pool_bytes >= tables + queues);
	assert_true(rig.world.pool_bytes <= tables + queues + 4 * MIB);
}

static void more_smmus_need_more_pool(void **state)
{
	uint64_t one;

	(void)state;
	replay_rig_init(&rig, REPLAY_RIG_HEAD, "");
	one = rig.world.pool_bytes;
	replay_rig_fini(&rig);
	replay_rig_init(&rig, REPLAY_RIG_HEAD, "--smmus 64");

	assert_true(rig.world.pool_bytes >= one + 31 * MIB);
	assert_int_equal(rig.world.policy.smmu_count, 64);
}

static void the_pool_and_reserved_ranges_are_closed(void **state)
{
	(void)state;
	replay_rig_init(&rig, REPLAY_RIG_HEAD, "--reserve 9000000-9001000");

	assert_int_equal(rig.world.closed_count, 2);
	assert_true(rig.world.closed[0].start == 0x9000000 && rig.world.closed[0].end == 0x9001000);
	assert_true(rig.world.closed[1].start == pool_base());
	assert_true(rig.world.closed[1].end == pool_base() + rig.world.pool_bytes);
}

static void the_hosts_table_is_no_memory_of_the_devices(void **state)
{
	shadow_pa_t host;
	void *context;

	(void)state;
	replay_rig_init(&rig, REPLAY_RIG_HEAD, "");
	host = rig.world.policy.host.root;
	context = rig.world.model.memory.ctx;

	assert_non_null(platform_virt(host, 4096));
	assert_null(rig.world.model.memory.read(context, host.addr, 8));
	assert_non_null(rig.world.model.memory.read(context, pool_base(), 8));
	assert_null(rig.world.model.memory.read(context, pool_base() + rig.world.pool_bytes - 4, 8));
}

static void the_hosts_table_gives_way_to_a_pool_at_the_top(void **state)
{
	(void)state;
	replay_rig_init(&rig, REPLAY_RIG_HEAD, "--pool ffffffe00000");

	assert_true(rig.world.host.pa + rig.world.host.bytes <= pool_base());
}

static void batched_fits_where_pages_do_not(void **state)
{
	uint64_t needed, available;

	(void)state;
	replay_rig_init(&rig, REPLAY_RIG_HEAD, "");
	assert_true(world_fits(&rig.world, OPTIONS_EAGER, &needed, &available));
	rig.world.pool_bytes = UINT64_C(1) << 50;
	assert_false(world_fits(&rig.world, OPTIONS_EAGER, &needed, &available));
	assert_false(world_fits(&rig.world, OPTIONS_STRICT, &needed, &available));
	assert_true(needed > available);

	assert_true(world_fits(&rig.world, OPTIONS_BATCHED, &needed, &available));
	rig.world.policy.bbml = 0;
	assert_false(world_fits(&rig.world, OPTIONS_BATCHED, &needed, &available));
	rig.world.pool_bytes = rig.world.policy.pool.bytes;
}

static void queues_hold_a_batch(void **state)
{
	(void)state;
	replay_rig_init(&rig, REPLAY_RIG_HEAD, "--flush 65536");
	assert_int_equal(rig.world.policy.queue_slots, 65536);
	replay_rig_fini(&rig);
	replay_rig_init(&rig, REPLAY_RIG_HEAD, "--flush 2000");
	assert_int_equal(rig.world.policy.queue_slots, 2048);
	replay_rig_fini(&rig);
	replay_rig_init(&rig, REPLAY_RIG_HEAD, "--flush 1");
	assert_int_equal(rig.world.policy.queue_slots, 1024);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(the_pool_follows_the_last_region, tear_down),
		cmocka_unit_test_teardown(the_pool_starts_at_a_2_mib_boundary, tear_down),
		cmocka_unit_test_teardown(a_pool_that_does_not_fit_lies_above_the_space, tear_down),
		cmocka_unit_test_teardown(a_pool_may_be_put_below_the_memory_or_above_the_space, tear_down),
		cmocka_unit_test_teardown(the_pool_holds_the_worst_case, tear_down),
		cmocka_unit_test_teardown(more_smmus_need_more_pool, tear_down),
		cmocka_unit_test_teardown(the_pool_and_reserved_ranges_are_closed, tear_down),
		cmocka_unit_test_teardown(the_hosts_table_is_no_memory_of_the_devices, tear_down),
		cmocka_unit_test_teardown(the_hosts_table_gives_way_to_a_pool_at_the_top, tear_down),
		cmocka_unit_test_teardown(batched_fits_where_pages_do_not, tear_down),
		cmocka_unit_test_teardown(queues_hold_a_batch, tear_down),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
