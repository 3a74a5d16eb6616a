/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * case_grant.c - the host gets pages back, with all rights or some; tables become blocks again.
 */
#include "tests/qemu/cases.h"
#include "tests/qemu/rig.h"
#include "tests/qemu/spy.h"
#include "tests/qemu/tap.h"

static const struct rig_shape plain;

/* Nothing that was not mapped is in a TLB: a grant needs no command. */
void case_grant(void)
{
	unsigned doorbells;

	if (!rig_start(&plain))
		return;
	check(rig_closed(RIG_GONE));
	doorbells = spy_doorbells();
	rig_grant(0, RIG_GONE, 1, SHADOW_ACCESS_RW);
	check_equal(spy_doorbells(), doorbells);
	check(edu_writes(&rig.edu[0], RIG_GONE));
	check(edu_reads(&rig.edu[1], RIG_GONE + 8));
	rig_revoke(0, RIG_LAZY, 10);
	check(rig_closed(RIG_LAZY + 9 * rig.page_bytes));
	rig_grant(0, RIG_LAZY, 9, SHADOW_ACCESS_RW);
	check(edu_writes(&rig.edu[0], RIG_LAZY + 9 * rig.page_bytes - 8));
	check(rig_closed(RIG_LAZY + 9 * rig.page_bytes));
	rig_stop();
}

void case_grant_readable(void)
{
	uint64_t page = RIG_SMALL + UINT64_C(0x5000);

	if (!rig_start(&plain))
		return;
	check(edu_writes(&rig.edu[0], page));
	rig_revoke(0, page, 1);
	check(rig_closed(page));
	rig_grant(0, page, 1, SHADOW_ACCESS_R);
	rig_events_forget();
	check(!edu_writes(&rig.edu[0], page));
	check(rig_refused(0, page, RIG_F_PERMISSION));
	check(edu_reads(&rig.edu[0], page + 8));
	check(!edu_writes(&rig.edu[0], page));
	check(edu_writes(&rig.edu[0], page + rig.page_bytes));
	rig_revoke(0, page, 1);
	check(!edu_reads(&rig.edu[0], page));
	rig_grant(0, page, 1, SHADOW_ACCESS_RW);
	check(edu_writes(&rig.edu[0], page));
	rig_stop();
}

/* No one may grant what is the hypervisor's, whatever the host's table says. */
void case_grant_reserved(void)
{
	if (!rig_start(&plain))
		return;
	rig_grant(0, MACHINE_POOL, 16, SHADOW_ACCESS_RW);
	check_equal(rig.reports[PLATFORM_REPORT_RESERVED], 1);
	check(rig_closed(MACHINE_POOL));
	check(rig_closed(MACHINE_POOL + UINT64_C(0xf000)));
	rig_stop();
}

/* The table of one block goes, and soon serves another one, while both are in use. */
static void collapse(uint64_t area, unsigned granule_lg2)
{
	struct shadow_table_stats before, after;
	const struct rig_shape eager = { .granule_lg2 = granule_lg2, .collapse = SHADOW_COLLAPSE_EAGER };
	uint64_t entries = UINT64_C(1) << (granule_lg2 - 3);

	if (!rig_start(&eager))
		return;
	shadow_smmu_table_stats(rig.target, &before);
	for (uint64_t i = 0; i < 24; i++) {
		uint64_t block = area + (i & 1) * entries * rig.page_bytes;
		uint64_t page = block + i * 37 % entries * rig.page_bytes;

		check(edu_writes(&rig.edu[0], page));
		rig_revoke(0, page, 1);
		check(!edu_writes(&rig.edu[0], page));
		check(edu_writes(&rig.edu[1], page ^ rig.page_bytes));
		rig_grant(0, page, 1, SHADOW_ACCESS_RW);
		check(edu_writes(&rig.edu[0], page));
	}
	shadow_smmu_table_stats(rig.target, &after);
	check_equal(after.splits - before.splits, 24);
	check_equal(after.collapses - before.collapses, 24);
	check(after.bytes_peak <= before.bytes_live + 3 * rig.page_bytes);
	rig_stop();
}

/* With 16 KiB and 64 KiB blocks are larger: 32 and 512 MiB. */
void case_collapse(void)
{
	collapse(RIG_SMALL, 12);
	collapse(RIG_LARGE, 14);
	collapse(RIG_LARGE, 16);
}
