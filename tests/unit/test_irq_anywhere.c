/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_irq_anywhere.c - an interrupt may come before and after every access to a register, and in every pause
 * of a wait.
 *
 * Its handler runs on the CPU that it has interrupted, which goes on only when the handler is done: what the
 * handler waited for would never come. Commands are refused at random meanwhile.
 */
#include "core_rig.h"

#include "tests/unit/seeded.h"

#define PAGE   CORE_MEMORY_PAGE
#define PAGES  64u
#define ROUNDS 400u
#define CPUS   3u

static struct core core;
static uint64_t seed;
static bool enabled, inside;   /* interrupts may come; a handler runs */
static bool pending;	       /* its handler is to be called */
static uint64_t seen;	       /* interrupts so far */
static uint64_t refused[1 + CPUS]; /* the last position of each queue, counted from its beginning */
static unsigned handled, left; /* times; of them, left to whoever was interrupted */

static unsigned below(unsigned limit)
{
	return (unsigned)seeded_below(&seed, limit);
}

/* An embedder's: called once for an interrupt, and again if it is told to. */
static void handler(void)
{
	int error;

	pending = false;
	error = shadow_smmu_gerror(core.smmu[0].smmu);
	assert_true(error == 0 || error == -SHADOW_EAGAIN);
	pending |= error != 0;
	left += error != 0;
	handled++;
}

static void look_for_one(void)
{
	uint64_t raised = model_counters(core.smmu[0].model)->interrupts_gerror;

	pending |= raised != seen;
	seen = raised;
}

/* The SMMU goes on for a while; what it raises comes at once. */
static void interrupt(void)
{
	if (!enabled || inside)
		return;
	inside = true;
	for (unsigned steps = below(4); steps; steps--)
		model_step(core.smmu[0].model);
	look_for_one();
	if (pending)
		handler();
	(void)shadow_smmu_events(core.smmu[0].smmu, 4);
	inside = false;
}

/* ---- where it may come ------------------------------------------------------------------------------------ */

static uint32_t interrupted_read32(void *ctx, uint32_t offset)
{
	uint32_t value;

	interrupt();
	value = core_read32(ctx, offset);
	interrupt();
	return value;
}

static void interrupted_write32(void *ctx, uint32_t offset, uint32_t value)
{
	interrupt();
	core_write32(ctx, offset, value);
	interrupt();
}

static void interrupted_relax(void *ctx)
{
	if (inside)
		fail_msg("a handler waits for what it has interrupted");
	core_relax(ctx);
	interrupt();
}

static void nothing_but_repairs(void *ctx, enum platform_report what, uint64_t a, uint64_t b)
{
	(void)ctx;
	if (what != PLATFORM_REPORT_COMMAND_ERROR && what != PLATFORM_REPORT_EVENT &&
	    what != PLATFORM_REPORT_EVENTS_LOST)
		fail_msg("report %d: %llx %llx", (int)what, (unsigned long long)a, (unsigned long long)b);
}

static void differs(unsigned number, struct shadow_smmu_config *config)
{
	static const struct platform_linux_device device = { interrupted_read32, core_read64, interrupted_write32,
							     core_write64 };

	if (!core.smmu[number].model)
		return;
	platform_linux_remove_device(core.smmu[number].registers);
	core.smmu[number].registers = platform_linux_add_device(&device, &core.smmu[number], 0x40000);
	config->registers = core.smmu[number].registers;
	config->irq = SHADOW_IRQ_ALL;
}

static void up(unsigned ecmdq)
{
	core_init(&core);
	core.smmu_differs = differs;
	core.cpu_count = CPUS;
	core.ecmdq = ecmdq;
	core.cmdq_lg2 = 4;
	core_up(&core);
	platform_linux_set_relax(interrupted_relax, &core);
	platform_linux_set_report(nothing_but_repairs, NULL);
	enabled = true;
	pending = false;
	seen = 0;
}

static void down(void)
{
	enabled = false;
	core_down(&core);
}

/* ---- the test --------------------------------------------------------------------------------------------- */

/* One of the commands that come next is refused, in any of the queues that @queues CPUs have; each once,
 * since a cover that is refused as well shuts the SMMU. */
static void refuse(unsigned queues)
{
	unsigned queue = queues ? 1 + below(queues) : 0;
	uint64_t position = model_queue_position(core.smmu[0].model, queue) + below(4);

	if (position <= refused[queue])
		return;
	refused[queue] = position;
	model_inject_cerror_on(core.smmu[0].model, queue, position, 1);
}

static void change(uint64_t page, enum shadow_state old_state, enum shadow_state new_state, bool wait)
{
	shadow_ticket_t ticket;

	assert_int_equal(core_change_on(&core, below(CPUS), page, 1, old_state, new_state), 0);
	ticket = shadow_flush(core.engine);
	if (wait)
		assert_int_equal(shadow_wait(core.engine, ticket, 10 * CORE_WAIT_NS), 0);
}

/* Nobody waits: the handler alone has all of it repaired. */
static void handle(void)
{
	do {
		model_run(core.smmu[0].model);
		look_for_one();
		if (pending)
			handler();
	} while (pending || model_run(core.smmu[0].model));
}

static void run(unsigned queues)
{
	bool owned[PAGES];

	up(queues);
	memset(owned, 1, sizeof(owned));
	memset(refused, 0, sizeof(refused));
	for (unsigned round = 0; round < ROUNDS; round++) {
		unsigned page = below(PAGES);
		bool wait = below(4) != 0;

		core_forget(&core);
		assert_int_equal(core_reaches(&core, 0, PAGE + page), owned[page]);
		refuse(queues);
		change(PAGE + page, owned[page] ? SHADOW_STATE_OWNED : SHADOW_STATE_NOPAGE,
		       owned[page] ? SHADOW_STATE_NOPAGE : SHADOW_STATE_OWNED, wait);
		owned[page] = !owned[page];
		if (!wait)
			handle();
		assert_int_equal(core_reaches(&core, 0, PAGE + page), owned[page]);
		core_finish(&core);
	}
	assert_int_equal(core.violations, 0);
	assert_true(core_smmu_stats(&core, 0).commands_repaired > ROUNDS / 8);
	assert_false(core_smmu_stats(&core, 0).closed);
	down();
}

static void a_handler_waits_for_nobody_whatever_it_interrupts(void **state)
{
	static const unsigned queues[] = { 0, 1, CPUS };

	(void)state;
	seed = seeded_start();
	for (unsigned i = 0; i < 3; i++) {
		handled = left = 0;
		run(queues[i]);
		assert_true(handled > ROUNDS / 8);
		assert_true(left > 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_handler_waits_for_nobody_whatever_it_interrupts),
	};

	return cmocka_run_group_tests_name("irq_anywhere", tests, NULL, NULL);
}
