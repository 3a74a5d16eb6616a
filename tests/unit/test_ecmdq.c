/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_ecmdq.c - engine and target over SMMUs with enhanced command queues: which queue a flush uses, when a ticket is
 * complete, what an error or a failure of one queue does to it and to the others.
 */
#include "core_rig.h"
#include "seeded.h"

#define PAGE   CORE_MEMORY_PAGE
#define OWNED  SHADOW_STATE_OWNED
#define NOPAGE SHADOW_STATE_NOPAGE
#define EN     (1u << 31)
#define ERR    (1u << 23)

static struct core core;

static int set_up(void **state)
{
	(void)state;
	core_init(&core);
	core.cpu_count = 4;
	core.ecmdq = CORE_ECMDQS;
	core.cmdq_lg2 = 3;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	core_down(&core);
	return 0;
}

static uint32_t queue_register(unsigned smmu, unsigned queue, uint32_t offset)
{
	return model_read32(core.smmu[smmu].model, 0x20000 + queue * 0x8000 + offset);
}

static uint32_t produced(unsigned smmu, unsigned queue)
{
	return queue_register(smmu, queue, 8) & 0xfffff;
}

static shadow_ticket_t revoke_on(unsigned cpu, uint64_t page)
{
	assert_int_equal(core_change_on(&core, cpu, page, 1, OWNED, NOPAGE), 0);
	return shadow_flush(core.engine);
}

static void wait_for(shadow_ticket_t ticket)
{
	assert_int_equal(shadow_wait(core.engine, ticket, 100 * CORE_WAIT_NS), 0);
	assert_int_equal(core.violations, 0);
}

/* ---- which queue ---------------------------------------------------------------------------------------- */

static void a_flush_uses_the_queue_of_its_cpu(void **state)
{
	(void)state;
	core_up(&core);
	for (unsigned turn = 0; turn < 40; turn++) {
		unsigned cpu = turn * 7 % 4;
		uint32_t before[CORE_ECMDQS], prod = model_read32(core.smmu[0].model, 0x98);

		for (unsigned queue = 0; queue < CORE_ECMDQS; queue++)
			before[queue] = produced(0, queue);
		core_reaches(&core, 0, PAGE + turn);
		wait_for(revoke_on(cpu, PAGE + turn));
		for (unsigned queue = 0; queue < CORE_ECMDQS; queue++)
			assert_int_equal(produced(0, queue), (before[queue] + (queue == cpu ? 2 : 0)) % 16);
		assert_int_equal(model_read32(core.smmu[0].model, 0x98), prod);
		assert_false(core_reaches(&core, 0, PAGE + turn));
	}
}

static void cpus_share_queues_where_there_are_fewer(void **state)
{
	(void)state;
	core.ecmdq = 3;
	core.cpu_count = 8;
	core_up(&core);
	assert_int_equal(core_smmu_stats(&core, 0).ecmdq, 3);
	for (unsigned cpu = 0; cpu < 8; cpu++)
		wait_for(revoke_on(cpu, PAGE + cpu));
	assert_int_equal(produced(0, 0), 6);
	assert_int_equal(produced(0, 1), 6);
	assert_int_equal(produced(0, 2), 4);
	assert_int_equal(queue_register(0, 3, 12), 0);
}

static void no_more_queues_are_used_than_there_are(void **state)
{
	(void)state;
	core.ecmdq = 100;
	core_up(&core);
	assert_int_equal(core_smmu_stats(&core, 0).ecmdq, CORE_ECMDQS);
	wait_for(revoke_on(3, PAGE));
	assert_int_equal(produced(0, 3), 2);
}

static void the_main_queue_serves_where_there_are_none(void **state)
{
	(void)state;
	core.no_ecmdq = true;
	core_up(&core);
	assert_int_equal(core_smmu_stats(&core, 0).ecmdq, 0);
	wait_for(revoke_on(3, PAGE));
	assert_int_equal(core_count(&core, CORE_COMMAND, 0), 2);
}

/* What such an SMMU loses depends on the order of commands in one queue. */
static void the_main_queue_serves_where_an_erratum_wants_one_producer(void **state)
{
	static const unsigned errata[] = { SHADOW_ERRATUM_SYNC_OFTEN, SHADOW_ERRATUM_NO_MIXING,
					   SHADOW_ERRATUM_REPEAT };

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		set_up(NULL);
		core.errata = errata[i];
		core_up(&core);
		assert_int_equal(core_smmu_stats(&core, 0).ecmdq, 0);
		wait_for(revoke_on(2, PAGE));
		assert_int_equal(queue_register(0, 2, 12), 0);
		core_down(&core);
	}
}

static void more_than_there_are_cpus_is_refused(void **state)
{
	struct shadow_smmu_config config;

	(void)state;
	core.ecmdq = 0;
	core_engine_up(&core);
	core_target_up(&core);
	core_model_up(&core, 0);
	config = core_smmu_config(&core, 0);
	config.ecmdq = SHADOW_CPUS_MAX + 1;
	assert_int_equal(shadow_smmu_attach(core.target, &config, &core.smmu[0].smmu), -SHADOW_EINVAL);
}

static void an_earlier_owners_queues_are_turned_off_first(void **state)
{
	(void)state;
	core.ecmdq = 1;
	core_engine_up(&core);
	core_target_up(&core);
	core_model_up(&core, 0);
	for (unsigned queue = 0; queue < CORE_ECMDQS; queue++) {
		model_write32(core.smmu[0].model, 0x20000 + queue * 0x8000 + 8, EN);
		model_run(core.smmu[0].model);
		assert_int_equal(queue_register(0, queue, 12), EN);
	}
	{
		struct shadow_smmu_config config = core_smmu_config(&core, 0);

		assert_int_equal(shadow_smmu_attach(core.target, &config, &core.smmu[0].smmu), 0);
	}
	assert_int_equal(core.violations, 0);
	assert_int_equal(queue_register(0, 0, 12), EN);
	for (unsigned queue = 1; queue < CORE_ECMDQS; queue++)
		assert_int_equal(queue_register(0, queue, 12), 0);
}

static void configuration_stays_on_the_main_queue(void **state)
{
	(void)state;
	core_up(&core);
	assert_int_equal(shadow_smmu_stream(core.smmu[0].smmu, CORE_SID + 1), 0);
	for (unsigned queue = 0; queue < CORE_ECMDQS; queue++)
		assert_int_equal(produced(0, queue), 0);
}

static void the_pool_counts_rings_and_what_is_kept_of_them(void **state)
{
	struct shadow_smmu_target_config config;
	struct shadow_smmu_config smmu;
	uint64_t none;

	(void)state;
	config = core_target_config(&core);
	smmu = core_smmu_config(&core, 0);
	smmu.cmdq_lg2 = 14;
	smmu.ecmdq = 0;
	none = shadow_smmu_pool_bytes(&config, &smmu, 1);
	smmu.ecmdq = 64;
	assert_true(shadow_smmu_pool_bytes(&config, &smmu, 1) >= none + 64 * (16 << 14));
}

/* ---- when a ticket is complete ---------------------------------------------------------------------------- */

/* Tables are there already: a revoke is one page. */
static void cut_around(uint64_t page)
{
	wait_for(revoke_on(0, page + 1));
}

static void a_sync_of_one_queue_is_none_of_another(void **state)
{
	shadow_ticket_t first, second;

	(void)state;
	core_up(&core);
	cut_around(PAGE);
	cut_around(PAGE + 600);
	assert_true(core_reaches(&core, 0, PAGE));
	assert_true(core_reaches(&core, 0, PAGE + 600));
	model_stall_queue(core.smmu[0].model, 1, true);
	first = revoke_on(0, PAGE);
	second = revoke_on(1, PAGE + 600);
	core_run_models(&core);

	assert_false(shadow_complete(core.engine, first));
	assert_false(shadow_complete(core.engine, second));
	assert_true(core_reaches(&core, 0, PAGE));
	assert_false(core_reaches(&core, 0, PAGE + 600));

	model_stall_queue(core.smmu[0].model, 1, false);
	wait_for(second);
	assert_true(shadow_complete(core.engine, first));
	assert_false(core_reaches(&core, 0, PAGE));
}

/* The second one has its SYNC, but the first one has not dropped the block that was there before both. */
static void a_ticket_is_not_complete_before_those_before_it(void **state)
{
	shadow_ticket_t second;

	(void)state;
	core_up(&core);
	assert_true(core_reaches(&core, 0, PAGE));
	model_stall_queue(core.smmu[0].model, 1, true);
	revoke_on(0, PAGE);
	second = revoke_on(1, PAGE + 600);
	core_run_models(&core);

	assert_true(core_reaches(&core, 0, PAGE + 600));
	assert_false(shadow_complete(core.engine, second));
	model_stall_queue(core.smmu[0].model, 1, false);
	wait_for(second);
	assert_false(core_reaches(&core, 0, PAGE + 600));
}

static void a_queue_that_is_behind_holds_up_no_earlier_ticket(void **state)
{
	shadow_ticket_t first, second;

	(void)state;
	core_up(&core);
	model_stall_queue(core.smmu[0].model, 2, true);
	first = revoke_on(0, PAGE);
	second = revoke_on(1, PAGE + 600);
	core_run_models(&core);
	assert_true(shadow_complete(core.engine, first));
	assert_false(shadow_complete(core.engine, second));
	model_stall_queue(core.smmu[0].model, 2, false);
	wait_for(second);
}

/* More flushes than fences, all of different queues; the newest fence moves on and takes them along. */
static void flushes_beyond_the_fences_wait_for_every_queue_they_used(void **state)
{
	shadow_ticket_t ticket[60];

	(void)state;
	core.cmdq_lg2 = 8;
	core.wait_ns = 100 * CORE_WAIT_NS;
	for (unsigned held = 1; held <= CORE_ECMDQS; held++) {
		core_up(&core);
		for (unsigned i = 0; i < 60; i++)
			cut_around(PAGE + 600 * i);
		for (unsigned i = 0; i < 60; i++)
			assert_true(core_reaches(&core, 0, PAGE + 600 * i));
		model_stall_queue(core.smmu[0].model, held, true);
		for (unsigned i = 0; i < 60; i++)
			ticket[i] = revoke_on(i % 4, PAGE + 600 * i);
		for (unsigned turn = 0; turn < 400; turn++) {
			if (turn == 200)
				model_stall_queue(core.smmu[0].model, held, false);
			model_step(core.smmu[0].model);
			for (unsigned i = 0; i < 60; i++)
				if (shadow_complete(core.engine, ticket[i]))
					assert_false(core_reaches(&core, 0, PAGE + 600 * i));
		}
		wait_for(ticket[59]);
		for (unsigned i = 0; i < 60; i++)
			assert_false(core_reaches(&core, 0, PAGE + 600 * i));
		core_down(&core);
		set_up(NULL);
		core.cmdq_lg2 = 8;
		core.wait_ns = 100 * CORE_WAIT_NS;
	}
}

/* Its queues have done nothing yet, and nothing is to be waited for in them. */
static void an_smmu_that_comes_later_is_no_matter_of_earlier_tickets(void **state)
{
	struct shadow_smmu_config config;
	shadow_ticket_t ticket;

	(void)state;
	core.smmu_count = 2;
	core.pool_bytes = 16 << 20;
	core_engine_up(&core);
	core_target_up(&core);
	assert_int_equal(core_attach(&core, 0), 0);
	assert_int_equal(shadow_smmu_stream(core.smmu[0].smmu, CORE_SID), 0);
	assert_int_equal(shadow_engine_register(core.engine, core.target), 0);
	core_host_up(&core);
	assert_int_equal(shadow_snapshot(core.engine, &core.host), 0);
	core_model_up(&core, 1);
	config = core_smmu_config(&core, 1);
	assert_int_equal(shadow_smmu_attach(core.target, &config, &core.smmu[1].smmu), 0);

	ticket = revoke_on(3, PAGE);
	assert_int_equal(shadow_smmu_enable(core.smmu[1].smmu), 0);
	wait_for(ticket);
	wait_for(revoke_on(3, PAGE + 1));
	assert_int_equal(produced(1, 3), 2);
}

static void smmus_with_and_without_go_side_by_side(void **state)
{
	(void)state;
	core.smmu_count = 2;
	core.ecmdq = 0;
	core_engine_up(&core);
	core.pool_bytes = 16 << 20;
	core_target_up(&core);
	for (unsigned i = 0; i < 2; i++) {
		core.ecmdq = i ? CORE_ECMDQS : 0;
		assert_int_equal(core_attach(&core, i), 0);
		assert_int_equal(shadow_smmu_stream(core.smmu[i].smmu, CORE_SID), 0);
	}
	assert_int_equal(shadow_engine_register(core.engine, core.target), 0);
	core_host_up(&core);
	assert_int_equal(shadow_snapshot(core.engine, &core.host), 0);
	for (unsigned i = 0; i < 40; i++) {
		shadow_ticket_t ticket;

		for (unsigned smmu = 0; smmu < 2; smmu++)
			core_reaches(&core, smmu, PAGE + i);
		ticket = revoke_on(i % 4, PAGE + i);
		model_run(core.smmu[i & 1].model);
		assert_false(shadow_complete(core.engine, ticket));
		wait_for(ticket);
		for (unsigned smmu = 0; smmu < 2; smmu++)
			assert_false(core_reaches(&core, smmu, PAGE + i));
	}
}

static unsigned relaxes_to_go;

/* The first queue goes on only after others had time to. */
static void relax_and_go_on(void *ctx)
{
	core_relax(ctx);
	if (relaxes_to_go && !--relaxes_to_go)
		model_stall_queue(core.smmu[0].model, 1, false);
}

/* What another CPU's flush has replaced is still on its way out where this one is about to cut. */
static void a_block_is_cut_only_after_what_other_queues_are_told(void **state)
{
	(void)state;
	core.bbml = 1;
	core.cmdq_lg2 = 6;
	core.wait_ns = 100 * CORE_WAIT_NS;
	core_up(&core);
	for (unsigned turn = 0; turn < 8; turn++) {
		uint64_t page = PAGE + 512 * (uint64_t)(turn + 1);

		wait_for(revoke_on(0, page));
		assert_true(core_reaches(&core, 0, page + 1));
		assert_int_equal(core_change_on(&core, 0, page, 1, NOPAGE, OWNED), 0);
		wait_for(shadow_flush(core.engine));
		assert_true(core_reaches(&core, 0, page));
		model_stall_queue(core.smmu[0].model, 1, true);
		relaxes_to_go = 40;
		platform_linux_set_relax(relax_and_go_on, &core);
		revoke_on(0, PAGE + 512 * 60 + turn);
		revoke_on(1, page + 2);
		assert_int_equal(core.violations, 0);
		wait_for(shadow_ticket(core.engine));
		assert_false(core_reaches(&core, 0, page + 2));
		assert_true(core_reaches(&core, 0, page + 1));
		model_stall_queue(core.smmu[0].model, 1, false);
		core_forget(&core);
	}
	assert_false(core_smmu_stats(&core, 0).closed);
}

/* One command more than the ring holds, from each start: what is published in one go fits, and the rest waits. */
static void a_ring_overflows_and_wraps_at_every_position(void **state)
{
	(void)state;
	for (unsigned lg2 = 2; lg2 <= 4; lg2++) {
		unsigned pages = 1u << lg2, wrap = 2u << lg2, starts = 0;

		core.cmdq_lg2 = lg2;
		core.no_ril = true;
		core.queue_slots = 32;
		core_up(&core);
		for (unsigned turn = 0; turn < wrap; turn++) {
			uint64_t page = PAGE + 512 * (uint64_t)turn;
			uint32_t before = produced(0, 1);

			cut_around(page);
			for (unsigned i = 1; i <= pages; i++) {
				assert_true(core_reaches(&core, 0, page + 3 * i));
				assert_int_equal(core_change_on(&core, 1, page + 3 * i, 1, OWNED, NOPAGE), 0);
			}
			wait_for(shadow_flush(core.engine));
			assert_int_equal(produced(0, 1), (before + pages + 1) % wrap);
			for (unsigned i = 1; i <= pages; i++)
				assert_false(core_reaches(&core, 0, page + 3 * i));
			starts |= 1u << before;
		}
		assert_int_equal(starts, UINT32_MAX >> (32 - wrap));
		assert_int_equal(core_smmu_stats(&core, 0).doorbells_extra, wrap);
		core_down(&core);
		set_up(NULL);
	}
}

static uint64_t seed;

static void stall_at_random(unsigned one_in)
{
	for (unsigned queue = 0; queue <= CORE_ECMDQS; queue++)
		model_stall_queue(core.smmu[0].model, queue, one_in && seeded_below(&seed, one_in) == 0);
}

/* CPUs at random, queues that stand still at random between flushes, rings of 4 slots: what a complete ticket revoked
 * cannot be reached, and what is granted can. */
static void play(unsigned bbml, bool nested, bool msi)
{
	enum { PAGES = 1200 };
	static struct {
		shadow_ticket_t ticket;
		bool gone;
	} pages[PAGES];
	unsigned flights = 0;

	memset(pages, 0, sizeof(pages));
	core.bbml = bbml;
	core.nested = nested;
	core.msi = msi;
	core.cmdq_lg2 = 2;
	core.wait_ns = 1000 * CORE_WAIT_NS;
	core_up(&core);
	for (unsigned turn = 0; turn < 2000; turn++) {
		unsigned cpu = (unsigned)seeded_below(&seed, 4), page = (unsigned)seeded_below(&seed, PAGES);
		bool gone = pages[page].gone;

		if (!gone)
			assert_true(core_reaches(&core, 0, PAGE + page));
		assert_int_equal(core_change_on(&core, cpu, PAGE + page, 1, gone ? NOPAGE : OWNED, gone ? OWNED : NOPAGE),
				 0);
		pages[page].ticket = shadow_flush(core.engine);
		pages[page].gone = !gone;
		if (gone)
			assert_true(core_reaches(&core, 0, PAGE + page));

		stall_at_random(3);
		for (unsigned steps = (unsigned)seeded_below(&seed, 8); steps; steps--)
			model_step(core.smmu[0].model);
		flights += !shadow_complete(core.engine, pages[page].ticket);
		for (unsigned i = 0; i < PAGES; i += 1 + (unsigned)seeded_below(&seed, 60))
			if (pages[i].gone && shadow_complete(core.engine, pages[i].ticket))
				assert_false(core_reaches(&core, 0, PAGE + i));
		stall_at_random(0);
		assert_int_equal(core.violations, 0);
		core_forget(&core);
	}
	assert_true(flights > 100);
	assert_false(core_smmu_stats(&core, 0).closed);
	core_down(&core);
	set_up(NULL);
}

static void what_is_complete_is_gone_whatever_the_queues_do(void **state)
{
	(void)state;
	seed = seeded_start();
	for (unsigned round = 0; round < 3; round++) {
		play(2, false, false);
		play(1, false, true);
		play(2, true, false);
		play(2, true, true);
	}
}

/* ---- errors and failures ---------------------------------------------------------------------------------- */

static void an_error_is_repaired_in_its_own_queue(void **state)
{
	(void)state;
	core_up(&core);
	for (unsigned turn = 0; turn < 6; turn++) {
		uint64_t page = PAGE + 600 * turn;
		unsigned queue = turn % 2 ? 3 : 1;
		shadow_ticket_t mine, others;

		cut_around(page + 1);
		assert_true(core_reaches(&core, 0, page));
		assert_true(core_reaches(&core, 0, page + 1));
		/* The command that stands next in this queue. */
		model_inject_cerror_on(core.smmu[0].model, 1 + queue, turn / 2 * 2, 1);
		mine = revoke_on(queue, page);
		others = revoke_on(queue - 1, page + 1);
		core_run_models(&core);
		assert_int_equal(queue_register(0, queue, 12) >> 24 & 7, 1);
		assert_true(core_reaches(&core, 0, page));
		assert_false(core_reaches(&core, 0, page + 1));
		wait_for(mine);
		wait_for(others);
		assert_false(core_reaches(&core, 0, page));
		assert_int_equal((queue_register(0, queue, 8) ^ queue_register(0, queue, 12)) & ERR, 0);
		assert_int_equal(model_read32(core.smmu[0].model, 0x60), model_read32(core.smmu[0].model, 0x64));
	}
	assert_int_equal(core_smmu_stats(&core, 0).commands_repaired, 6);
	assert_int_equal(core.report_count, 6);
	assert_int_equal(core.reports[0].what, PLATFORM_REPORT_COMMAND_ERROR);
	assert_false(core_smmu_stats(&core, 0).closed);
}

/* ERRACK is in the register that is the doorbell as well. */
static void a_doorbell_does_not_take_an_acknowledgement_back(void **state)
{
	(void)state;
	core_up(&core);
	for (unsigned turn = 0; turn < 20; turn++) {
		shadow_ticket_t ticket;

		if (turn % 3 == 0)
			model_inject_cerror_on(core.smmu[0].model, 3, 2 * turn, 1);
		ticket = revoke_on(2, PAGE + turn);
		wait_for(ticket);
	}
	assert_int_equal(core_smmu_stats(&core, 0).commands_repaired, 7);
}

static void an_error_in_the_main_queue_stops_no_other(void **state)
{
	shadow_ticket_t ticket;

	(void)state;
	core_up(&core);
	model_raise_gerror(core.smmu[0].model, 1);
	assert_true(core_reaches(&core, 0, PAGE));
	ticket = revoke_on(1, PAGE);
	core_run_models(&core);
	assert_true(shadow_complete(core.engine, ticket));
	assert_false(core_reaches(&core, 0, PAGE));
}

static void refuse_command_and_cover(struct model *model)
{
	model_inject_cerror_on(model, 3, 2, 1);
	model_inject_cerror_on(model, 3, 2, 1);
}

static void abort_the_fetch(struct model *model)
{
	model_inject_cerror_on(model, 3, 2, 2);
}

static void report_an_unknown_error(struct model *model)
{
	model_inject_cerror_on(model, 3, 2, 5);
}

static void stand_still(struct model *model)
{
	model_stall_queue(model, 3, true);
}

static void stop(struct model *model)
{
	model_stop_ecmdq(model, 3);
}

static void fail_service(struct model *model)
{
	model_stall_commands(model, true);
	model_raise_gerror(model, 1u << 8);
}

static void reset(struct model *model)
{
	model_reset(model);
}

static const struct failure {
	void (*inject)(struct model *model);
	enum shadow_smmu_failure is;
	bool after; /* the doorbells, one of which would turn it on again */
} failures[] = {
	{ refuse_command_and_cover, SHADOW_SMMU_COMMAND, false },
	{ abort_the_fetch, SHADOW_SMMU_FETCH, false },
	{ report_an_unknown_error, SHADOW_SMMU_COMMAND, false },
	{ stand_still, SHADOW_SMMU_SILENT, false },
	{ stop, SHADOW_SMMU_STOPPED, true },
	{ fail_service, SHADOW_SMMU_SERVICE, false },
	{ reset, SHADOW_SMMU_RESET, false },
};

/* The queues of other CPUs go on all the while; the SMMU is shut nevertheless, and comes back with all of them. */
static void a_failure_of_one_queue_shuts_the_smmu(void **state)
{
	(void)state;
	core.smmu_count = 2;
	for (unsigned i = 0; i < sizeof(failures) / sizeof(failures[0]); i++) {
		struct shadow_smmu_stats stats;

		core_up(&core);
		wait_for(revoke_on(2, PAGE));
		if (!failures[i].after)
			failures[i].inject(core.smmu[0].model);
		for (unsigned cpu = 0; cpu < 4; cpu++) {
			assert_true(core_reaches(&core, 1, PAGE + 600 + cpu));
			revoke_on(cpu, PAGE + 600 + cpu);
		}
		if (failures[i].after)
			failures[i].inject(core.smmu[0].model);
		wait_for(shadow_ticket(core.engine));
		stats = core_smmu_stats(&core, 0);
		if (!stats.closed)
			fail_msg("failure %u was not noticed", i);
		assert_int_equal(stats.failure, failures[i].is);
		assert_false(core_smmu_stats(&core, 1).closed);
		for (unsigned cpu = 0; cpu < 4; cpu++) {
			assert_false(core_reaches(&core, 0, PAGE + 600 + cpu));
			assert_false(core_reaches(&core, 1, PAGE + 600 + cpu));
		}
		assert_false(core_reaches(&core, 0, PAGE + 1));

		model_stall_commands(core.smmu[0].model, false);
		if (failures[i].is != SHADOW_SMMU_SERVICE) {
			assert_int_equal(shadow_smmu_detach(core.smmu[0].smmu), 0);
			assert_int_equal(shadow_smmu_enable(core.smmu[0].smmu), 0);
			for (unsigned cpu = 0; cpu < 4; cpu++) {
				assert_true(core_reaches(&core, 0, PAGE + 2 + cpu));
				wait_for(revoke_on(cpu, PAGE + 2 + cpu));
				assert_false(core_reaches(&core, 0, PAGE + 2 + cpu));
			}
			assert_false(core_smmu_stats(&core, 0).closed);
		}
		assert_int_equal(core.violations, 0);
		core_down(&core);
		set_up(NULL);
		core.smmu_count = 2;
	}
}

/* The ring is still there, and the SMMU begins it anew: all of it is executed, and CONS is what it should be. */
static void a_reset_is_noticed_though_the_doorbell_turns_the_queue_on_again(void **state)
{
	(void)state;
	core_up(&core);
	wait_for(revoke_on(2, PAGE));
	model_reset(core.smmu[0].model);
	revoke_on(2, PAGE + 1);
	core_run_models(&core);
	assert_int_equal(queue_register(0, 2, 12), EN | 4);

	wait_for(shadow_ticket(core.engine));
	assert_true(core_smmu_stats(&core, 0).closed);
	assert_int_equal(core_smmu_stats(&core, 0).failure, SHADOW_SMMU_RESET);
	assert_false(core_reaches(&core, 0, PAGE + 2));
}

/* Tickets of before are complete since it is off; what the queues had not done yet is not done later. */
static void all_queues_go_off_and_on_with_the_smmu(void **state)
{
	(void)state;
	core_up(&core);
	for (unsigned turn = 0; turn < 5; turn++) {
		shadow_ticket_t ticket;

		for (unsigned cpu = 0; cpu < 4; cpu++) {
			model_stall_queue(core.smmu[0].model, 1 + cpu, true);
			ticket = revoke_on(cpu, PAGE + 600 * turn + cpu);
		}
		assert_false(shadow_complete(core.engine, ticket));
		assert_int_equal(shadow_smmu_detach(core.smmu[0].smmu), 0);
		for (unsigned queue = 0; queue < CORE_ECMDQS; queue++)
			assert_int_equal((queue_register(0, queue, 8) | queue_register(0, queue, 12)) & EN, 0);
		assert_true(shadow_complete(core.engine, ticket));
		model_stall_commands(core.smmu[0].model, false);
		revoke_on(turn % 4, PAGE + 600 * turn + 10);
		assert_int_equal(shadow_smmu_enable(core.smmu[0].smmu), 0);
		for (unsigned queue = 0; queue < CORE_ECMDQS; queue++) {
			assert_int_equal(queue_register(0, queue, 12), EN);
			assert_false(core_reaches(&core, 0, PAGE + 600 * turn + queue));
			assert_true(core_reaches(&core, 0, PAGE + 600 * turn + 20 + queue));
			wait_for(revoke_on(queue, PAGE + 600 * turn + 20 + queue));
			assert_false(core_reaches(&core, 0, PAGE + 600 * turn + 20 + queue));
		}
		assert_false(core_reaches(&core, 0, PAGE + 600 * turn + 10));
	}
}

/* ---- ATS ---------------------------------------------------------------------------------------------------- */

static void a_device_that_does_not_confirm_is_shut_out_through_any_queue(void **state)
{
	(void)state;
	core.ats = true;
	for (unsigned cpu = 0; cpu < 4; cpu++) {
		core_engine_up(&core);
		core_target_up(&core);
		assert_int_equal(core_attach(&core, 0), 0);
		assert_int_equal(shadow_smmu_stream(core.smmu[0].smmu, CORE_SID), 0);
		assert_int_equal(shadow_smmu_stream_ats(core.smmu[0].smmu, CORE_SID + 1, NULL), 0);
		assert_int_equal(shadow_engine_register(core.engine, core.target), 0);
		core_host_up(&core);
		assert_int_equal(shadow_snapshot(core.engine, &core.host), 0);
		assert_int_equal(model_atc_request(core.smmu[0].model, CORE_SID + 1, PAGE << 12, false).fault, MODEL_OK);
		model_atc_mute(core.smmu[0].model, CORE_SID + 1);
		wait_for(revoke_on(cpu, PAGE));
		assert_int_not_equal(model_atc_dma(core.smmu[0].model, CORE_SID + 1, PAGE << 12, false).fault, MODEL_OK);
		assert_true(core_reaches(&core, 0, PAGE + 1));
		assert_false(core_smmu_stats(&core, 0).closed);
		core_down(&core);
		set_up(NULL);
		core.ats = true;
	}
}

/* One is asked for the first time while another has not confirmed in a queue of a CPU: neither is taken for the other. */
static void who_is_let_in_is_not_blamed_for_what_another_queue_misses(void **state)
{
	(void)state;
	core.ats = true;
	core_engine_up(&core);
	core_target_up(&core);
	assert_int_equal(core_attach(&core, 0), 0);
	assert_int_equal(shadow_smmu_stream_ats(core.smmu[0].smmu, CORE_SID + 1, NULL), 0);
	assert_int_equal(shadow_engine_register(core.engine, core.target), 0);
	core_host_up(&core);
	assert_int_equal(shadow_snapshot(core.engine, &core.host), 0);
	assert_int_equal(model_atc_request(core.smmu[0].model, CORE_SID + 1, PAGE << 12, false).fault, MODEL_OK);
	model_atc_mute(core.smmu[0].model, CORE_SID + 1);
	revoke_on(2, PAGE);

	assert_int_equal(shadow_smmu_stream_ats(core.smmu[0].smmu, CORE_SID + 2, NULL), 0);

	wait_for(shadow_ticket(core.engine));
	assert_int_not_equal(model_atc_dma(core.smmu[0].model, CORE_SID + 1, PAGE << 12, false).fault, MODEL_OK);
	assert_int_equal(model_atc_request(core.smmu[0].model, CORE_SID + 2, (PAGE + 1) << 12, false).fault, MODEL_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		T(a_flush_uses_the_queue_of_its_cpu),
		T(cpus_share_queues_where_there_are_fewer),
		T(no_more_queues_are_used_than_there_are),
		T(the_main_queue_serves_where_there_are_none),
		T(the_main_queue_serves_where_an_erratum_wants_one_producer),
		T(more_than_there_are_cpus_is_refused),
		T(an_earlier_owners_queues_are_turned_off_first),
		T(configuration_stays_on_the_main_queue),
		T(the_pool_counts_rings_and_what_is_kept_of_them),
		T(a_sync_of_one_queue_is_none_of_another),
		T(a_ticket_is_not_complete_before_those_before_it),
		T(a_queue_that_is_behind_holds_up_no_earlier_ticket),
		T(flushes_beyond_the_fences_wait_for_every_queue_they_used),
		T(an_smmu_that_comes_later_is_no_matter_of_earlier_tickets),
		T(smmus_with_and_without_go_side_by_side),
		T(a_ring_overflows_and_wraps_at_every_position),
		T(a_block_is_cut_only_after_what_other_queues_are_told),
		T(what_is_complete_is_gone_whatever_the_queues_do),
		T(an_error_is_repaired_in_its_own_queue),
		T(a_doorbell_does_not_take_an_acknowledgement_back),
		T(an_error_in_the_main_queue_stops_no_other),
		T(a_failure_of_one_queue_shuts_the_smmu),
		T(a_reset_is_noticed_though_the_doorbell_turns_the_queue_on_again),
		T(all_queues_go_off_and_on_with_the_smmu),
		T(a_device_that_does_not_confirm_is_shut_out_through_any_queue),
		T(who_is_let_in_is_not_blamed_for_what_another_queue_misses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
