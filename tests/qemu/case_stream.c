/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * case_stream.c - streams and SMMUs come and go; at no moment does a device pass the SMMU by.
 */
#include "smmuv3/regs.h"
#include "tests/qemu/cases.h"
#include "tests/qemu/lock.h"
#include "tests/qemu/rig.h"
#include "tests/qemu/spy.h"
#include "tests/qemu/tap.h"

#define PAGE (RIG_SMALL + UINT64_C(0x3000))

static const struct rig_shape plain;
static unsigned leaks, tries;
static struct edu device; /* a copy: rig_start() clears the rig's */

static void try_hypervisor(void)
{
	tries++;
	leaks += edu_writes(&device, MACHINE_POOL - 64);
}

/* Once the SMMU has done what it was told, the stream aborts; QEMU's does so during the write of the first
 * doorbell. */
static void try_page(void)
{
	tries++;
	leaks += edu_writes(&rig.edu[0], PAGE);
}

/* While the SMMU's registers are written, a device tries its luck after each write. */
static void try_on_writes(void)
{
	device = rig.edu[0];
	tries = leaks = 0;
	spy_watch(try_hypervisor);
}

void case_stream_later(void)
{
	const struct rig_shape one = { .one_stream = true };

	if (!rig_start(&one))
		return;
	check(edu_writes(&rig.edu[0], PAGE));
	check(!edu_writes(&rig.edu[1], PAGE));
	lock_take(&rig.lock);
	check_equal((uint64_t)-rig_stream_add(rig.edu[1].pci.sid), 0);
	lock_give(&rig.lock);
	check(edu_load(&rig.edu[1]));
	check(edu_writes(&rig.edu[1], PAGE));
	check(!edu_writes(&rig.edu[1], RIG_GONE));
	rig_stop();
}

/* Its device goes, and comes back: what was revoked meanwhile is not there. The other device notices nothing.
 */
void case_stream_abort(void)
{
	uint32_t sid;
	int error;

	if (!rig_start(&plain))
		return;
	sid = rig.edu[0].pci.sid;
	check(edu_writes(&rig.edu[0], PAGE));
	lock_take(&rig.lock);
	error = shadow_smmu_stream_abort(rig.smmu, sid);
	lock_give(&rig.lock);
	check_equal((uint64_t)-error, 0);
	check(!edu_writes(&rig.edu[0], PAGE));
	check(!edu_reads(&rig.edu[0], PAGE + 8));
	check(edu_writes(&rig.edu[1], PAGE));
	rig_revoke(0, PAGE, 1);
	check(!edu_writes(&rig.edu[1], PAGE));
	lock_take(&rig.lock);
	error = rig_stream_add(sid);
	lock_give(&rig.lock);
	check_equal((uint64_t)-error, 0);
	check(rig_closed(PAGE));
	check(edu_writes(&rig.edu[0], PAGE + rig.page_bytes));
	rig_stop();
}

void case_abort_all(void)
{
	int error;

	if (!rig_start(&plain))
		return;
	lock_take(&rig.lock);
	error = shadow_smmu_abort(rig.target);
	lock_give(&rig.lock);
	check_equal((uint64_t)-error, 0);
	check(!edu_writes(&rig.edu[0], PAGE));
	check(!edu_writes(&rig.edu[1], PAGE));
	check(!edu_writes(&rig.edu[1], MACHINE_POOL - 64));
	rig_revoke(0, PAGE, 1);
	lock_take(&rig.lock);
	error = rig_stream_add(rig.edu[1].pci.sid);
	lock_give(&rig.lock);
	check_equal((uint64_t)-error, 0);
	check(!edu_writes(&rig.edu[1], PAGE));
	check(edu_writes(&rig.edu[1], PAGE + rig.page_bytes));
	check(!edu_writes(&rig.edu[0], PAGE + rig.page_bytes));
	rig_stop();
}

/* A table of 2^16 StreamIDs, of which two parts of 64 are there: the devices of the others are refused. */
void case_two_levels(void)
{
	const struct rig_shape shape = { .two_levels = true, .one_stream = true, .nvme = true };

	if (!rig_start(&shape))
		return;
	check(edu_writes(&rig.edu[0], PAGE));
	check(!edu_writes(&rig.edu[1], PAGE));
	rig_revoke(0, PAGE, 1);
	check(rig_closed(PAGE));
	lock_take(&rig.lock);
	check_equal((uint64_t)-rig_stream_add(rig.edu[1].pci.sid), 0);
	check_equal((uint64_t)-rig_stream_add(0xff00), 0);
	check_equal((uint64_t)-rig_stream_add(0x8000), SHADOW_ENOSPC);
	lock_give(&rig.lock);
	check(edu_load(&rig.edu[1]));
	check(!edu_writes(&rig.edu[1], PAGE));
	rig_stop();
}

void case_shutdown(void)
{
	int error;

	if (!rig_start(&plain))
		return;
	lock_take(&rig.lock);
	error = shadow_smmu_shutdown(rig.smmu);
	lock_give(&rig.lock);
	check_equal((uint64_t)-error, 0);
	check(!edu_writes(&rig.edu[0], PAGE));
	check(!edu_writes(&rig.edu[0], MACHINE_POOL - 64));
	rig_revoke(0, PAGE, 1);
	check_equal((uint64_t)-shadow_smmu_enable(rig.smmu), SHADOW_ENODEV);
	check(!edu_writes(&rig.edu[0], PAGE + rig.page_bytes));
	rig_stop();
}

/* Abort is in force when detach returns; what was revoked meanwhile is not there when the SMMU is back. */
void case_detach(void)
{
	if (!rig_start(&plain))
		return;
	check(edu_writes(&rig.edu[0], PAGE));
	check(edu_writes(&rig.edu[0], PAGE + rig.page_bytes));
	tries = leaks = 0;
	spy_watch(try_page);
	check_equal((uint64_t)-rig_detach(), 0);
	spy_watch(NULL);
	check(tries > 2);
	check_equal(leaks, 0);
	check(!edu_writes(&rig.edu[0], PAGE));
	check(!edu_writes(&rig.edu[0], MACHINE_POOL - 64));
	rig_revoke(0, PAGE, 1);
	try_on_writes();
	check_equal((uint64_t)-shadow_smmu_enable(rig.smmu), 0);
	spy_watch(NULL);
	check(tries > 5);
	check_equal(leaks, 0);
	check(rig_closed(PAGE));
	check(edu_writes(&rig.edu[0], PAGE + rig.page_bytes));
	check(edu_writes(&rig.edu[1], PAGE + 2 * rig.page_bytes));
	rig_revoke(0, PAGE + rig.page_bytes, 1);
	check(rig_closed(PAGE + rig.page_bytes));
	rig_stop();
}

/* Suspend and resume: an SMMU that lost its power is in bypass, as QEMU's is after a reset, and knows of no
 * table or queue. Its TLB is worse than that here: it has kept everything. */
static void lose_power(void)
{
	platform_mmio_write32(MACHINE_SMMU + SMMU_GBPA, (uint32_t)SMMU_GBPA_UPDATE);
	platform_mmio_write64(MACHINE_SMMU + SMMU_STRTAB_BASE, 0);
	platform_mmio_write32(MACHINE_SMMU + SMMU_STRTAB_BASE_CFG, 0);
	platform_mmio_write64(MACHINE_SMMU + SMMU_CMDQ_BASE, 0);
	platform_mmio_write32(MACHINE_SMMU + SMMU_CMDQ_PROD, 0);
	platform_mmio_write32(MACHINE_SMMU + SMMU_CMDQ_CONS, 0);
	platform_mmio_write64(MACHINE_SMMU + SMMU_EVENTQ_BASE, 0);
}

void case_power(void)
{
	if (!rig_start(&plain))
		return;
	for (uint64_t i = 0; i < 3; i++) {
		uint64_t page = PAGE + 2 * i * rig.page_bytes;

		check(edu_writes(&rig.edu[0], page));
		check(edu_writes(&rig.edu[0], page + rig.page_bytes));
		check_equal((uint64_t)-rig_detach(), 0);
		lose_power();
		check(edu_writes(&rig.edu[0], MACHINE_POOL - 64)); /* bypass indeed */
		rig_revoke(0, page, 1);
		try_on_writes();
		check_equal((uint64_t)-shadow_smmu_enable(rig.smmu), 0);
		spy_watch(NULL);
		check(tries > 10);
		check_equal(leaks, 0);
		check(!edu_writes(&rig.edu[0], page));
		check(rig_closed(page));
		check(edu_writes(&rig.edu[0], page + rig.page_bytes));
		check(edu_writes(&rig.edu[1], page + rig.page_bytes));
		rig_revoke(0, page + rig.page_bytes, 1);
		check(rig_closed(page + rig.page_bytes));
	}
	rig_stop();
}

static void found_by_a_wait(void)
{
	rig_revoke(0, PAGE, 1);
}

static void found_by_who_reads_events(void)
{
	check_equal(shadow_smmu_events(rig.smmu, 64), 0);
}

static void found_by_the_error_handler(void)
{
	check_equal((uint64_t)-shadow_smmu_gerror(rig.smmu), SHADOW_EIO);
}

static void found_by_enable(void)
{
	check_equal((uint64_t)-shadow_smmu_enable(rig.smmu), SHADOW_EAGAIN);
}

/* Power that goes without a word: whoever looks next has the SMMU abort. */
void case_reset(void)
{
	static void (*const found[])(void) = { found_by_a_wait, found_by_who_reads_events,
					       found_by_the_error_handler, found_by_enable };

	if (!rig_start(&plain))
		return;
	for (unsigned i = 0; i < sizeof(found) / sizeof(found[0]); i++) {
		check(edu_writes(&rig.edu[0], PAGE + rig.page_bytes));
		platform_mmio_write32(MACHINE_SMMU + SMMU_CR0, 0);
		lose_power();
		check(edu_writes(&rig.edu[0], MACHINE_POOL - 64)); /* bypass indeed */
		found[i]();
		check_equal(rig.reports[PLATFORM_REPORT_SMMU_RESET], i + 1);
		check_equal(rig.reports[PLATFORM_REPORT_SMMU_CLOSED], i + 1);
		check(!edu_writes(&rig.edu[0], MACHINE_POOL - 64));
		check(!edu_writes(&rig.edu[0], PAGE + rig.page_bytes));
		check_equal((uint64_t)-rig_detach(), 0);
		check_equal((uint64_t)-shadow_smmu_enable(rig.smmu), 0);
		check(rig_closed(PAGE));
		check(edu_writes(&rig.edu[0], PAGE + rig.page_bytes));
	}
	rig.reports[PLATFORM_REPORT_SMMU_CLOSED] = 0;
	rig_stop();
}

/* One that firmware, or we before, left on: it is in use when it is taken over. */
void case_take_over(void)
{
	if (!rig_start(&plain))
		return;
	check(edu_writes(&rig.edu[0], PAGE));
	check(platform_mmio_read32(MACHINE_SMMU + SMMU_CR0) & SMMU_CR0_SMMUEN);
	try_on_writes();
	if (!rig_start(&plain))
		return;
	spy_watch(NULL);
	check(tries > 10);
	check_equal(leaks, 0);
	check(rig_closed(RIG_GONE));
	rig_stop();
}
