/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * case_error.c - commands that the SMMU refuses, queues that wrap, more events than the queue holds,
 * interrupts.
 */
#include "smmuv3/regs.h"
#include "tests/qemu/cases.h"
#include "tests/qemu/lock.h"
#include "tests/qemu/rig.h"
#include "tests/qemu/spy.h"
#include "tests/qemu/tap.h"

#define PAGE (RIG_SMALL + UINT64_C(0xb000))

static const struct rig_shape plain;
static uint64_t planted;

/* The next command that the SMMU takes becomes another one. */
static void plant(void)
{
	uint64_t base = platform_mmio_read64(MACHINE_SMMU + SMMU_CMDQ_BASE);
	uint64_t mask = (UINT64_C(1) << (base & 0x1f)) - 1;
	uint64_t index = platform_mmio_read32(MACHINE_SMMU + SMMU_CMDQ_CONS) & mask;
	uint64_t *command = (uint64_t *)(base & UINT64_C(0x00ffffffffffffe0)) + 2 * index;

	command[0] = planted;
	command[1] = 0;
}

/* Of the invalidation that goes out, nothing is left but that it was one. */
void case_refused_command(void)
{
	if (!rig_start(&plain))
		return;
	for (uint64_t i = 0; i < 10; i++) {
		uint64_t page = PAGE + 2 * i * rig.page_bytes;

		check(edu_writes(&rig.edu[0], page));
		planted = 0x15; /* among the TLBI commands, and none */
		spy_before_doorbell(plant);
		rig_revoke(0, page, 1);
		check_equal(rig.reports[PLATFORM_REPORT_COMMAND_ERROR], i + 1);
		check(!edu_writes(&rig.edu[0], page));
		check(rig_closed(page));
		check(edu_writes(&rig.edu[0], page + rig.page_bytes));
	}
	rig_stop();
}

/* What nothing covers: the SMMU is shut, its devices reach nothing, and after a detach it serves again. */
void case_unknown_command(void)
{
	if (!rig_start(&plain))
		return;
	check(edu_writes(&rig.edu[0], PAGE));
	planted = 0xff;
	spy_before_doorbell(plant);
	rig_revoke(0, PAGE, 1);
	check_equal(rig.reports[PLATFORM_REPORT_SMMU_CLOSED], 1);
	check(!edu_writes(&rig.edu[0], PAGE));
	check(!edu_writes(&rig.edu[1], PAGE + rig.page_bytes));
	check(!edu_writes(&rig.edu[1], MACHINE_POOL - 64));
	check_equal((uint64_t)-rig_detach(), 0);
	check_equal((uint64_t)-shadow_smmu_enable(rig.smmu), 0);
	check(rig_closed(PAGE));
	check(edu_writes(&rig.edu[1], PAGE + rig.page_bytes));
	rig.reports[PLATFORM_REPORT_SMMU_CLOSED] = 0;
	rig_stop();
}

/* Of the command that a stream aborts from now on, nothing is left but that it was about configuration. */
void case_refused_configuration(void)
{
	uint32_t sid;

	if (!rig_start(&plain))
		return;
	sid = rig.edu[0].pci.sid;
	check(edu_writes(&rig.edu[0], PAGE));
	planted = 0x07;
	spy_before_doorbell(plant);
	lock_take(&rig.lock);
	check_equal((uint64_t)-shadow_smmu_stream_abort(rig.smmu, sid), 0);
	lock_give(&rig.lock);
	check_equal(rig.reports[PLATFORM_REPORT_COMMAND_ERROR], 1);
	check(!edu_writes(&rig.edu[0], PAGE));
	check(edu_writes(&rig.edu[1], PAGE));
	rig_stop();
}

/* Nothing is there: an SMMU that looks for its queue in it says so. */
#define NOWHERE (UINT64_C(1) << 40)

static void move_queue(void)
{
	uint64_t base = platform_mmio_read64(MACHINE_SMMU + SMMU_CMDQ_BASE);

	platform_mmio_write64(MACHINE_SMMU + SMMU_CMDQ_BASE, NOWHERE | (base & 0x1f));
}

/* Commands that cannot be read cannot be repaired. */
void case_unreadable_queue(void)
{
	struct shadow_smmu_stats stats;

	if (!rig_start(&plain))
		return;
	check(edu_writes(&rig.edu[0], PAGE));
	spy_before_doorbell(move_queue);
	rig_revoke(0, PAGE, 1);
	shadow_smmu_stats(rig.smmu, &stats);
	check_equal(stats.failure, SHADOW_SMMU_FETCH);
	check(!edu_writes(&rig.edu[0], PAGE));
	check(!edu_writes(&rig.edu[1], PAGE + rig.page_bytes));
	check_equal((uint64_t)-rig_detach(), 0);
	check_equal((uint64_t)-shadow_smmu_enable(rig.smmu), 0);
	check(rig_closed(PAGE));
	check(edu_writes(&rig.edu[1], PAGE + rig.page_bytes));
	rig.reports[PLATFORM_REPORT_SMMU_CLOSED] = 0;
	rig_stop();
}

/* A ring of eight commands, gone round some hundred times. */
void case_queue_wrap(void)
{
	const struct rig_shape small = { .cmdq_lg2 = 3, .pages = true };
	unsigned doorbells;

	if (!rig_start(&small))
		return;
	doorbells = spy_doorbells();
	for (uint64_t i = 0; i < 400; i++) {
		uint64_t page = PAGE + i % 7 * rig.page_bytes;

		if (i % 8 == 0)
			check(edu_writes(&rig.edu[0], page));
		rig_revoke(0, page, 1);
		if (i % 8 == 0)
			check(!edu_writes(&rig.edu[0], page));
		rig_grant(0, page, 1, SHADOW_ACCESS_RW);
	}
	check_equal(spy_doorbells() - doorbells, 400);
	rig_stop();
}

/* A device that is refused again and again. */
void case_event_overflow(void)
{
	struct shadow_smmu_stats stats;

	if (!rig_start(&plain))
		return;
	for (unsigned i = 0; i < 400; i++)
		check(!edu_writes(&rig.edu[0], RIG_GONE + 8));
	while (shadow_smmu_events(rig.smmu, 64))
		;
	shadow_smmu_stats(rig.smmu, &stats);
	check(stats.events >= 256);
	check(stats.events_unreported > 0);
	check(stats.events_lost > 0);
	check(rig_closed(RIG_GONE));
	rig_stop();
}

static const struct rig_shape with_irq = { .irq = SHADOW_IRQ_ALL };

void case_irq_events(void)
{
	if (!rig_start(&with_irq))
		return;
	machine_irq_listen(MACHINE_IRQ_EVENTS);
	check(edu_writes(&rig.edu[0], PAGE));
	check(!machine_irq_came(MACHINE_IRQ_EVENTS));
	for (unsigned i = 0; i < 3; i++) {
		check(!edu_writes(&rig.edu[0], RIG_GONE));
		check(machine_irq_came(MACHINE_IRQ_EVENTS));
		while (shadow_smmu_events(rig.smmu, 64))
			;
	}
	check(rig_refused(0, RIG_GONE, RIG_F_TRANSLATION));
	check(!machine_irq_came(MACHINE_IRQ_GERROR));
	rig_stop();
}

void case_irq_gerror(void)
{
	const struct shadow_transition donate = { .start = { PAGE },
						  .page_count = 1,
						  .new_state = SHADOW_STATE_NOPAGE };
	shadow_ticket_t ticket;

	if (!rig_start(&with_irq))
		return;
	machine_irq_listen(MACHINE_IRQ_GERROR);
	check(edu_writes(&rig.edu[0], PAGE));
	planted = 0x15;
	spy_before_doorbell(plant);
	ticket = rig_queue(0, &donate);
	check(machine_irq_came(MACHINE_IRQ_GERROR));
	check(edu_writes(&rig.edu[0], PAGE)); /* the invalidation was refused */
	check_equal((uint64_t)-shadow_smmu_gerror(rig.smmu), 0);
	check_equal(rig.reports[PLATFORM_REPORT_COMMAND_ERROR], 1);
	check(!edu_writes(&rig.edu[0], PAGE));
	rig_wait(ticket);
	check(rig_closed(PAGE));
	check(!machine_irq_came(MACHINE_IRQ_GERROR));
	rig_stop();
}

/* Events that nobody can write down: counted, acknowledged, and of no consequence. */
void case_unwritable_events(void)
{
	struct shadow_smmu_stats stats;
	uint64_t base;

	if (!rig_start(&with_irq))
		return;
	rig_events_forget();
	machine_irq_listen(MACHINE_IRQ_GERROR);
	base = platform_mmio_read64(MACHINE_SMMU + SMMU_EVENTQ_BASE);
	platform_mmio_write64(MACHINE_SMMU + SMMU_EVENTQ_BASE, NOWHERE | (base & 0x1f));
	check(!edu_writes(&rig.edu[0], RIG_GONE));
	check(machine_irq_came(MACHINE_IRQ_GERROR));
	check_equal((uint64_t)-shadow_smmu_gerror(rig.smmu), 0);
	platform_mmio_write64(MACHINE_SMMU + SMMU_EVENTQ_BASE, base);
	check_equal(shadow_smmu_events(rig.smmu, 64), 0);
	shadow_smmu_stats(rig.smmu, &stats);
	check_equal(stats.events_lost, 1);
	check_equal(platform_mmio_read32(MACHINE_SMMU + SMMU_GERROR),
		    platform_mmio_read32(MACHINE_SMMU + SMMU_GERRORN));
	rig_revoke(0, PAGE, 1);
	check(rig_closed(PAGE));
	rig_stop();
}
