/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_sync_ways.c - how a SYNC's completion is seen: CONS, an event, an MSI; what is chosen, and that whatever does not
 * come in one way is seen in another.
 */
#include "core_rig.h"

#include "smmuv3/smmu.h"
#include "tests/unit/fake_smmu.h"

#define PAGE   CORE_MEMORY_PAGE
#define OWNED  SHADOW_STATE_OWNED
#define NOPAGE SHADOW_STATE_NOPAGE
#define POLL   SHADOW_COMPLETION_POLL
#define EVENT  SHADOW_COMPLETION_EVENT
#define MSI    SHADOW_COMPLETION_MSI
#define WAIT_NS 1000000

static struct core core;

static int set_up(void **state)
{
	(void)state;
	core_init(&core);
	core.cpu_count = 4;
	core.cmdq_lg2 = 3;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	core_down(&core);
	return 0;
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

/* ---- what is chosen ----------------------------------------------------------------------------------------- */

static void the_best_way_that_is_there_and_allowed_is_used(void **state)
{
	static const struct {
		bool sev, msi, coherent;
		unsigned allowed, errata, way; /* way 0: none */
	} cases[] = {
		{ false, false, true, 0, 0, POLL },
		{ true, false, true, 0, 0, EVENT },
		{ false, true, true, 0, 0, MSI },
		{ true, true, true, 0, 0, MSI },
		{ true, true, true, POLL, 0, POLL },
		{ true, true, true, EVENT, 0, EVENT },
		{ true, true, true, EVENT | POLL, 0, EVENT },
		{ true, true, true, MSI, 0, MSI },
		{ true, true, false, 0, 0, EVENT },
		{ false, true, false, 0, 0, POLL },
		{ false, true, false, MSI, 0, 0 },
		{ false, true, false, MSI | POLL, 0, POLL },
		{ true, false, true, MSI, 0, 0 },
		{ false, true, true, EVENT, 0, 0 },
		{ true, false, true, 0, SHADOW_ERRATUM_NO_SEV, POLL },
		{ true, false, true, EVENT, SHADOW_ERRATUM_NO_SEV, 0 },
		{ true, true, true, 0, SHADOW_ERRATUM_NO_SEV, MSI },
	};
	const struct smmu_needs needs = { .granule_lg2 = 12 };

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct shadow_smmu smmu;
		struct shadow_smmu_config config = { .cmdq_lg2 = 4, .evtq_lg2 = 4, .sid_bits = 4, .wait_ns = WAIT_NS };

		fake_reset();
		fake_set(0, (fake_get(0) & ~(1u << 4 | 1u << 13 | 1u << 14)) | cases[i].coherent << 4 |
				    cases[i].msi << 13 | cases[i].sev << 14);
		config.registers = fake.registers;
		config.completion = cases[i].allowed;
		config.errata = cases[i].errata;
		assert_int_equal(smmu_probe(&smmu, &config, &needs, 0), cases[i].way ? 0 : -SHADOW_ENODEV);
		if (cases[i].way)
			assert_int_equal(smmu.completion, cases[i].way);
		assert_int_equal(fake.write_count, 0);
	}
	core_init(&core); /* the platform's hooks are the rig's again */
}

static void an_unknown_way_is_refused(void **state)
{
	struct shadow_smmu_config config;

	(void)state;
	core_engine_up(&core);
	core_target_up(&core);
	core_model_up(&core, 0);
	config = core_smmu_config(&core, 0);
	config.completion = 8;
	assert_int_equal(shadow_smmu_attach(core.target, &config, &core.smmu[0].smmu), -SHADOW_EINVAL);
}

static void the_way_is_said(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		static const unsigned ways[] = { POLL, EVENT, MSI };

		core.sev = core.msi = true;
		core.completion = ways[i];
		core_up(&core);
		assert_int_equal(core_smmu_stats(&core, 0).completion, ways[i]);
		core_down(&core);
		set_up(NULL);
	}
}

/* ---- an event ------------------------------------------------------------------------------------------------ */

static uint64_t wakeups_seen;

/* A CPU that sleeps until an SMMU sends an event, as WFE does: one sent before counts. */
static void sleep_for_an_event(void *ctx)
{
	struct model *model = core.smmu[0].model;

	(void)ctx;
	core.time_ns += 100;
	while (model_counters(model)->wakeups == wakeups_seen)
		if (!model_step(model))
			fail_msg("sleeps for ever");
	wakeups_seen = model_counters(model)->wakeups;
}

static void who_waits_may_sleep_where_syncs_send_events(void **state)
{
	(void)state;
	for (unsigned queues = 0; queues <= CORE_ECMDQS; queues += CORE_ECMDQS) {
		core.sev = true;
		core.ecmdq = queues;
		core_up(&core);
		assert_int_equal(core_smmu_stats(&core, 0).completion, EVENT);
		wakeups_seen = model_counters(core.smmu[0].model)->wakeups;
		platform_linux_set_relax(sleep_for_an_event, NULL);
		for (unsigned i = 0; i < 50; i++) {
			assert_true(core_reaches(&core, 0, PAGE + 600 * i));
			wait_for(revoke_on(i % 4, PAGE + 600 * i));
			assert_false(core_reaches(&core, 0, PAGE + 600 * i));
		}
		core_down(&core);
		set_up(NULL);
	}
}

/* ---- an MSI -------------------------------------------------------------------------------------------------- */

/* Of SMMU 0's main queue: where the newest SYNC writes, and what. */
static uint64_t msi_of(const struct core_entry *sync, uint32_t *data)
{
	assert_int_equal(sync->word[0] & 0xff, CORE_SYNC);
	assert_int_equal(sync->word[0] >> 12 & 3, 1);
	assert_int_equal(sync->word[0] >> 22 & 3, 3);
	assert_int_equal(sync->word[0] >> 24 & 15, 15);
	*data = (uint32_t)(sync->word[0] >> 32);
	return sync->word[1];
}

static void an_msi_says_how_far_the_queue_is_in_the_pool(void **state)
{
	uint64_t first = 0;
	uint32_t before = 0;

	(void)state;
	core.msi = true;
	core_up(&core);
	for (unsigned i = 0; i < 40; i++) {
		uint32_t data;
		uint64_t pa;

		core_forget(&core);
		wait_for(revoke_on(i % 4, PAGE + i));
		pa = msi_of(core_command(&core, 0, 1), &data);
		assert_true(pa >= core.pool.base.addr && pa < core.pool.base.addr + core.pool.bytes);
		if (i) {
			assert_int_equal(pa, first);
			assert_int_equal(data, before + 2);
		}
		first = pa;
		before = data;
		assert_int_equal(*(const uint32_t *)platform_virt((shadow_pa_t){ pa }, 4), data);
	}
}

static void completion_is_seen_without_a_register(void **state)
{
	static const unsigned errata[] = { 0, SHADOW_ERRATUM_REPEAT };

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		core.msi = true;
		core.errata = errata[i / 2];
		core.nested = i % 2;
		core.cmdq_lg2 = 6;
		core_up(&core);
		for (unsigned turn = 0; turn < 30; turn++) {
			shadow_ticket_t ticket;

			assert_true(core_reaches(&core, 0, PAGE + 600 * turn));
			ticket = revoke_on(0, PAGE + 600 * turn);
			core_forget(&core);
			assert_false(shadow_complete(core.engine, ticket));
			model_run(core.smmu[0].model);
			assert_true(shadow_complete(core.engine, ticket));
			assert_int_equal(core_count(&core, CORE_CONS_READ, 0), 0);
			assert_false(core_reaches(&core, 0, PAGE + 600 * turn));
		}
		core_down(&core);
		set_up(NULL);
	}
}

/* Each queue has its own word: what one says is nothing to another. */
static void msis_of_several_queues_are_told_apart(void **state)
{
	(void)state;
	core.msi = true;
	core.ecmdq = CORE_ECMDQS;
	core_up(&core);
	for (unsigned cpu = 0; cpu < 4; cpu++)
		wait_for(revoke_on(cpu, PAGE + 600 * cpu + 1));
	for (unsigned turn = 0; turn < 20; turn++) {
		unsigned held = turn % 4, other = (held + 1 + turn / 4 % 3) % 4;
		uint64_t page = PAGE + 600 * held + 2 + turn;
		shadow_ticket_t ticket;

		assert_true(core_reaches(&core, 0, page));
		model_stall_queue(core.smmu[0].model, 1 + held, true);
		ticket = revoke_on(held, page);
		revoke_on(other, PAGE + 600 * other + 30 + turn);
		model_run(core.smmu[0].model);
		assert_false(shadow_complete(core.engine, ticket));
		model_stall_queue(core.smmu[0].model, 1 + held, false);
		wait_for(shadow_ticket(core.engine));
		assert_false(core_reaches(&core, 0, page));
	}
}

/* As a bus that does not take them: the register shows it, later. */
static void an_msi_that_does_not_come_is_no_silence(void **state)
{
	(void)state;
	core.msi = true;
	core_up(&core);
	model_lose_msis(core.smmu[0].model, true);
	for (unsigned i = 0; i < 20; i++)
		wait_for(revoke_on(0, PAGE + 600 * i));
	for (unsigned i = 0; i < 20; i++) {
		shadow_ticket_t ticket = revoke_on(0, PAGE + 600 * i + 1);

		/* Looked at seldom, each time as late as if it had been silent. */
		assert_false(shadow_complete(core.engine, ticket));
		model_run(core.smmu[0].model);
		for (unsigned look = 0; look < 3; look++) {
			core.time_ns += 2 * CORE_WAIT_NS;
			(void)shadow_complete(core.engine, ticket);
		}
		assert_true(shadow_complete(core.engine, ticket));
	}
	assert_false(core_smmu_stats(&core, 0).closed);
}

static void an_error_is_seen_though_an_msi_is_waited_for(void **state)
{
	(void)state;
	for (unsigned queues = 0; queues <= CORE_ECMDQS; queues += CORE_ECMDQS) {
		core.msi = true;
		core.ecmdq = queues;
		core_up(&core);
		for (unsigned i = 0; i < 10; i++) {
			uint64_t position = queues ? 2 * i : model_counters(core.smmu[0].model)->commands;

			/* The invalidation, or its SYNC. */
			model_inject_cerror_on(core.smmu[0].model, queues ? 3 : 0, position + i % 2, 1);
			assert_true(core_reaches(&core, 0, PAGE + 600 * i));
			wait_for(revoke_on(2, PAGE + 600 * i));
			assert_false(core_reaches(&core, 0, PAGE + 600 * i));
		}
		assert_int_equal(core_smmu_stats(&core, 0).commands_repaired, 10);
		assert_false(core_smmu_stats(&core, 0).closed);
		core_down(&core);
		set_up(NULL);
	}
}

static void a_failure_is_seen_though_an_msi_is_waited_for(void **state)
{
	static const enum shadow_smmu_failure failures[] = { SHADOW_SMMU_SILENT, SHADOW_SMMU_FETCH, SHADOW_SMMU_SERVICE,
							     SHADOW_SMMU_STOPPED, SHADOW_SMMU_RESET };

	(void)state;
	for (unsigned i = 0; i < sizeof(failures) / sizeof(failures[0]); i++) {
		struct model *model;

		core.msi = true;
		core_up(&core);
		model = core.smmu[0].model;
		wait_for(revoke_on(0, PAGE));
		revoke_on(0, PAGE + 1);
		if (failures[i] == SHADOW_SMMU_SILENT || failures[i] == SHADOW_SMMU_SERVICE)
			model_stall_commands(model, true);
		if (failures[i] == SHADOW_SMMU_SERVICE)
			model_raise_gerror(model, 1u << 8);
		if (failures[i] == SHADOW_SMMU_FETCH)
			model_inject_cerror(model, model_counters(model)->commands, 2);
		if (failures[i] == SHADOW_SMMU_STOPPED)
			model_stop_queue(model);
		if (failures[i] == SHADOW_SMMU_RESET)
			model_reset(model);
		wait_for(shadow_ticket(core.engine));
		assert_true(core_smmu_stats(&core, 0).closed);
		assert_int_equal(core_smmu_stats(&core, 0).failure, failures[i]);
		core_down(&core);
		set_up(NULL);
	}
}

static void the_word_goes_on_when_the_smmu_comes_back(void **state)
{
	(void)state;
	core.msi = true;
	core_up(&core);
	for (unsigned turn = 0; turn < 10; turn++) {
		shadow_ticket_t ticket;

		for (unsigned i = 0; i <= turn; i++)
			wait_for(revoke_on(0, PAGE + 600 * turn + i));
		assert_int_equal(shadow_smmu_detach(core.smmu[0].smmu), 0);
		assert_int_equal(shadow_smmu_enable(core.smmu[0].smmu), 0);
		assert_true(core_reaches(&core, 0, PAGE + 600 * turn + 20));
		ticket = revoke_on(0, PAGE + 600 * turn + 20);
		assert_false(shadow_complete(core.engine, ticket));
		core_forget(&core);
		model_run(core.smmu[0].model);
		assert_true(shadow_complete(core.engine, ticket));
		assert_int_equal(core_count(&core, CORE_CONS_READ, 0), 0);
	}
}

/* ---- the word itself ------------------------------------------------------------------------------------------ */

static struct cmdq cmdq;
static _Atomic uint32_t completing, word;

static void start_at(unsigned lg2, uint64_t position)
{
	uint64_t *ring, base;

	fake_reset();
	ring = fake_memory((size_t)16 << lg2);
	base = (uintptr_t)ring | lg2;
	fake_set(0x90, (uint32_t)base);
	fake_set(0x94, (uint32_t)(base >> 32));
	fake_set(0x24, 8);
	fake_set(0x98, (uint32_t)position & ((2u << lg2) - 1));
	fake_set(0x9c, (uint32_t)position & ((2u << lg2) - 1));
	cmdq_init(&cmdq, ring, lg2, fake.registers, 7, true, &completing);
	cmdq_set_sync(&cmdq, smmu_cmd_sync_msi(0x1000), &word);
	cmdq.written = position;
	cmdq.published = position;
	cmdq.consumed = position;
	word = (uint32_t)position;
}

static void write_word(const struct fake_command *command)
{
	if ((command->word[0] & 0x3fff) == (CORE_SYNC | 1u << 12))
		word = (uint32_t)(command->word[0] >> 32);
}

static void the_word_counts_on_beyond_32_bits(void **state)
{
	(void)state;
	for (unsigned lg2 = 2; lg2 <= 4; lg2++) {
		for (unsigned first = 0; first < 48; first++) {
			uint64_t position = (UINT64_C(1) << 32) - 32 + first;

			start_at(lg2, position);
			fake.executing = write_word;
			for (unsigned i = 0; i < 40; i++) {
				unsigned reads = fake.reads;

				cmdq_write(&cmdq, smmu_cmd_tlbi_nsnh_all());
				assert_int_equal(cmdq_write_sync(&cmdq), position + 1);
				cmdq_publish(&cmdq);
				assert_int_equal(cmdq_glance(&cmdq), 0);
				assert_false(cmdq_passed(&cmdq, position));
				fake_step(1);
				assert_int_equal(cmdq_glance(&cmdq), 0);
				assert_false(cmdq_passed(&cmdq, position + 1));
				fake_step(1);
				assert_int_equal(cmdq_glance(&cmdq), 0);
				assert_true(cmdq_passed(&cmdq, position + 1));
				assert_int_equal(fake.reads, reads);
				position += 2;
			}
		}
	}
	core_init(&core);
}

static void a_word_that_cannot_be_is_not_believed(void **state)
{
	(void)state;
	for (int said = -20; said <= 20; said++) {
		start_at(3, (UINT64_C(1) << 32) + 16);
		for (unsigned i = 0; i < 5; i++)
			cmdq_write(&cmdq, smmu_cmd_tlbi_nsnh_all());
		cmdq_publish(&cmdq);
		word = 16 + (uint32_t)said;
		assert_int_equal(cmdq_glance(&cmdq), 0);
		assert_int_equal(cmdq_consumed(&cmdq) - ((UINT64_C(1) << 32) + 16), said >= 0 && said <= 5 ? said : 0);
	}
	core_init(&core);
}

/* CONS was read meanwhile, and is further. */
static void a_word_takes_nothing_back(void **state)
{
	(void)state;
	start_at(3, 64);
	for (unsigned i = 0; i < 4; i++)
		cmdq_write_sync(&cmdq);
	cmdq_publish(&cmdq);
	fake_step(3);
	assert_int_equal(cmdq_poll(&cmdq), 0);
	word = 65;
	assert_int_equal(cmdq_glance(&cmdq), 0);
	assert_int_equal(cmdq_consumed(&cmdq), 67);
	core_init(&core);
}

static void registers_are_read_once_in_so_many_glances(void **state)
{
	(void)state;
	start_at(3, 0);
	cmdq_write_sync(&cmdq);
	cmdq_publish(&cmdq);
	fake_step(1);
	for (unsigned i = 1; i < CMDQ_GLANCES; i++) {
		assert_int_equal(cmdq_glance(&cmdq), 0);
		assert_int_equal(fake.reads, 0);
	}
	assert_int_equal(cmdq_glance(&cmdq), 0);
	assert_true(cmdq_passed(&cmdq, 0));
	core_init(&core);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		T(the_best_way_that_is_there_and_allowed_is_used),
		T(an_unknown_way_is_refused),
		T(the_way_is_said),
		T(who_waits_may_sleep_where_syncs_send_events),
		T(an_msi_says_how_far_the_queue_is_in_the_pool),
		T(completion_is_seen_without_a_register),
		T(msis_of_several_queues_are_told_apart),
		T(an_msi_that_does_not_come_is_no_silence),
		T(an_error_is_seen_though_an_msi_is_waited_for),
		T(a_failure_is_seen_though_an_msi_is_waited_for),
		T(the_word_goes_on_when_the_smmu_comes_back),
		T(the_word_counts_on_beyond_32_bits),
		T(a_word_that_cannot_be_is_not_believed),
		T(a_word_takes_nothing_back),
		T(registers_are_read_once_in_so_many_glances),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
