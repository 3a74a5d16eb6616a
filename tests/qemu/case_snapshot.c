/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * case_snapshot.c - what devices reach right after the snapshot.
 */
#include "smmuv3/regs.h"
#include "tests/qemu/cases.h"
#include "tests/qemu/rig.h"
#include "tests/qemu/tap.h"

static const struct rig_shape plain;

void case_inside(void)
{
	if (!rig_start(&plain))
		return;
	check(edu_writes(&rig.edu[0], RIG_SMALL));
	check(edu_reads(&rig.edu[0], RIG_SMALL + 8));
	check(edu_writes(&rig.edu[1], RIG_LARGE + UINT64_C(0x3ffffff8)));
	check(edu_reads(&rig.edu[1], RIG_LARGE + UINT64_C(0x12345678)));
	check(edu_writes(&rig.edu[0], RIG_LAZY + UINT64_C(0x1000)));
	rig_stop();
}

void case_outside(void)
{
	if (!rig_start(&plain))
		return;
	check(rig_closed(MACHINE_ARENA));
	check(!edu_reads(&rig.edu[0], MACHINE_ARENA + UINT64_C(0x3000000)));
	rig_stop();
}

void case_not_the_hosts(void)
{
	if (!rig_start(&plain))
		return;
	check(rig_closed(RIG_GONE));
	check(!edu_reads(&rig.edu[0], RIG_GONE + 8));
	check(edu_writes(&rig.edu[0], RIG_GONE - 8));
	check(edu_writes(&rig.edu[0], RIG_GONE + rig.page_bytes));
	rig_stop();
}

void case_readable(void)
{
	if (!rig_start(&plain))
		return;
	rig_events_forget();
	check(!edu_writes(&rig.edu[0], RIG_READABLE + 16));
	check(rig_refused(0, RIG_READABLE, RIG_F_PERMISSION));
	check(edu_reads(&rig.edu[0], RIG_READABLE));
	check(!edu_writes(&rig.edu[0],
			  RIG_READABLE + 16)); /* by its TLB: QEMU does not record that with stage 2 alone */
	check(edu_writes(&rig.edu[0], RIG_READABLE + rig.page_bytes));
	rig_stop();
}

/* Where an entry of a table leads to. */
static uint64_t table_below(uint64_t table, uint64_t address, unsigned shift)
{
	uint64_t entry = ((const uint64_t *)table)[address >> shift & 511];

	return check_equal(entry & 3, 3) ? entry & UINT64_C(0x0000fffffffff000) : table;
}

/* The host asks its device to write where the SMMU is told what to do. */
void case_hypervisor(void)
{
	uint64_t queue, streams, events, level2, level3;

	if (!rig_start(&plain))
		return;
	rig_revoke(0, RIG_LARGE, 1);
	level2 = table_below(MACHINE_POOL, RIG_LARGE, 30);
	level3 = table_below(level2, RIG_LARGE, 21);
	check(level2 != level3);
	events = platform_mmio_read64(MACHINE_SMMU + SMMU_EVENTQ_BASE) & UINT64_C(0x00ffffffffffffe0);
	queue = platform_mmio_read64(MACHINE_SMMU + SMMU_CMDQ_BASE) & UINT64_C(0x00ffffffffffffe0);
	streams = platform_mmio_read64(MACHINE_SMMU + SMMU_STRTAB_BASE) & UINT64_C(0x00ffffffffffffc0);
	check(rig_closed(queue));
	check(rig_closed(streams));
	check(rig_closed(events));
	check(rig_closed(MACHINE_POOL)); /* the start table */
	check(rig_closed(level2 + 511 * 8));
	check(rig_closed(level3));
	check(rig_closed((uintptr_t)&rig));
	check(rig_closed(MACHINE_SMMU + SMMU_CMDQ_BASE));
	check(rig_closed(MACHINE_SMMU + SMMU_GBPA));
	check(edu_writes(&rig.edu[0], RIG_SMALL));
	rig_stop();
}
